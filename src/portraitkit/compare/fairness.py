"""Whether what was sent to several profiles meant the same."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

from attrs import asdict, evolve, frozen

from .runs import Facts, Log, Run, facts, objects, text

Kind = Literal["adapted", "dropped", "finding", "model", "resolution", "picture"]
Signature = frozenset[tuple[str, str, str]]

_WHY: Final[dict[Kind, str]] = {
    "model": "another model than the scene asks for",
    "resolution": "another resolution than the scene asks for",
    "picture": "another picture than at other profiles",
}


@frozen(kw_only=True)
class Mark:
    """
    One way in which a profile was not given, or did not run, what the scene asks for.

    Attributes:
        asked, sent: Text as in JSON; empty where it does not apply.
        runs: In how many of the profile's runs of the scene.
    """

    kind: Kind
    field: str
    asked: str
    sent: str
    why: str
    runs: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Write it for the report."""
        return asdict(self)


def marks_of(runs: Sequence[Run], scene: Facts, pictures: Iterable[Mark]) -> list[Mark]:
    """Mark what one profile's runs of a scene differ in from what the scene asks for."""
    counted: dict[Mark, int] = {}
    for run in runs:
        for mark in _marks_of_run(run, facts(scene.get("parameters"))):
            counted[mark] = counted.get(mark, 0) + 1
    found = [evolve(mark, runs=n) for mark, n in counted.items()]
    return [*found, *pictures] if runs else []


def pictures_of(log: Log, profile: str, portraits: Mapping[str, Any]) -> list[Mark]:
    """Mark a scene's portraits whose picture was not the same, byte for byte, at all profiles."""
    marks: list[Mark] = []
    for portrait in portraits:
        sent = {
            text(each.get("profile")): text(each.get("sha256"))
            for each in log.registered
            if each.get("portrait") == portrait and each.get("sha256")
        }
        if profile in sent and len(set(sent.values())) > 1:
            marks.append(_mark("picture", portrait, None, sent[profile][:12]))
    return marks


def signature(marks: Iterable[Mark]) -> Signature:
    """Reduce marks to what decides whether two profiles may be compared."""
    return frozenset((mark.kind, mark.field, mark.sent) for mark in marks)


def _marks_of_run(run: Run, parameters: Facts) -> Iterable[Mark]:
    told = [
        Mark(
            kind="dropped" if each.get("sent") is None else "adapted",
            field=text(each.get("field")),
            asked=_json(each.get("asked")),
            sent=_json(each.get("sent")),
            why=text(each.get("why")),
        )
        for each in objects(run.asked.get("adaptations"))
    ]
    for each in objects(run.asked.get("findings")):
        why = text(each.get("message"))
        told.append(Mark(kind="finding", field=text(each.get("field")), asked="", sent="", why=why))
    ran = {
        "model": run.asked.get("model"),
        "resolution": run.event("finished").get("resolution"),
    }
    fields: tuple[Kind, ...] = ("model", "resolution")
    for field in fields:
        wanted, own = parameters.get(field), ran[field]
        is_told = any(mark.field == field for mark in told)  # with the reason
        if wanted and own and own != wanted and not is_told:
            told.append(_mark(field, field, wanted, own))
    return dict.fromkeys(told)


def _mark(kind: Kind, field: str, asked: object, sent: object) -> Mark:
    return Mark(kind=kind, field=field, asked=_json(asked), sent=_json(sent), why=_WHY[kind])


def _json(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
