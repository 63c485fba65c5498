"""A comparison's report, from its log alone: as data, as text and as a page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, Final, cast

from attrs import asdict, frozen

from . import costs, statistics
from .fairness import Mark, Signature, marks_of, pictures_of, signature
from .markdown import as_markdown
from .pages import as_page
from .runs import (
    MEASURES,
    Facts,
    Log,
    Measure,
    Run,
    facts,
    hour_of,
    items,
    number,
    objects,
    read,
    text,
)

RANKED: Final = ("downloaded", "likeness_median")
"""The measures of which a ranking is asked for."""
_COMPARED: Final = {*RANKED, "queued", "generating", "likeness_worst", "first_frame_ssim"}
"""The measures of which profiles are compared in pairs."""
_BEFORE_THE_END: Final = {"accepted", "requests"}
"""What runs tell that delivered nothing, too."""
_OUTCOMES: Final = ("delivered", "refused", "timed_out", "failed", "unfinished")
_ERROR: Final = ("class", "code", "status", "message", "vendor_message", "next_step")
_LONGEST: Final = 300
"""So many characters of what a file says of its origin are shown."""


def build(folder: str | Path) -> dict[str, Any]:
    """
    Make the report of a comparison from its `events.jsonl` and nothing else.

    The same log gives the same report: nothing in it depends on the time or on chance.

    Raises:
        InvalidInputError: There is no log, or it does not begin with a plan.
        ConfigError: The extra `compare` is not installed.
    """
    return _Report(read(folder)).to_dict()


def write(folder: str | Path) -> dict[str, Any]:
    """
    Write `report.json`, `report.md` and `index.html` into a comparison's folder.

    Raises:
        InvalidInputError: There is no log, or it does not begin with a plan.
        ConfigError: The extra `compare` is not installed.
    """
    folder, report = Path(folder), build(folder)
    data = json.dumps(report, ensure_ascii=False, indent=1)
    for name, content in (
        ("report.json", data + "\n"),
        ("report.md", as_markdown(report)),
        ("index.html", as_page(report)),
    ):
        _ = (folder / name).write_bytes(content.encode("utf-8", "replace"))
    return report


@frozen
class _Row:
    """One profile's runs of one scene."""

    profile: str
    runs: list[Run]
    marks: list[Mark]

    @property
    def counted(self) -> list[Run]:
        return [run for run in self.runs if not run.warm_up]


class _Report:
    def __init__(self, log: Log) -> None:
        self._log = log
        self._seed = int(number(log.plan.get("seed")) or 0)
        self._scenes: dict[str, Facts] = {
            **{name: facts(scene) for name, scene in facts(log.plan.get("scenes")).items()},
            **{run.scene: {} for run in log.runs if run.scene not in facts(log.plan.get("scenes"))},
        }
        planned = _texts(log.plan.get("profiles"))
        self._profiles = list(dict.fromkeys([*planned, *(run.profile for run in log.runs)]))
        self._many_sessions = len(set(log.sessions)) > 1

    def to_dict(self) -> dict[str, Any]:
        log = self._log
        return {
            "format": "portraitkit comparison",
            "version": 1,
            "name": text(log.plan.get("name")),
            "simulated": log.opened.get("simulated") is True,
            "replayed": log.opened.get("replayed") is True,
            "opened_at": text(log.opened.get("at")),
            "last_at": log.last_at,
            "sessions": len(set(log.sessions)),
            "least_runs": statistics.LEAST,
            "confidence": statistics.CONFIDENCE,
            "unread_lines": log.unread_lines,
            "measures": [
                {"name": each.name, "unit": each.unit, "better": each.better} for each in MEASURES
            ],
            "profiles": [self._profile(profile) for profile in self._profiles],
            "scenes": [self._scene(name, scene) for name, scene in self._scenes.items()],
            "runs": [self._run(run) for run in log.runs],
            "registrations": [_registration(each) for each in log.registered],
            "hours": self._hours(),
            "plan": log.plan,
            "environment": facts(log.opened.get("environment")),
        }

    def _profile(self, profile: str) -> dict[str, Any]:
        runs = [run for run in self._log.runs if run.profile == profile]
        counted = [run for run in runs if not run.warm_up]
        registered = [each for each in self._log.registered if each.get("profile") == profile]
        seconds = [number(each.get("seconds")) for each in registered if not each.get("error")]
        return {
            "profile": profile,
            "vendor": next((v for run in runs if (v := text(run.asked.get("vendor")))), ""),
            **self._summary(counted),
            "warm_up": self._summary([run for run in runs if run.warm_up]),
            "cost": _cost(runs),
            "registered": self._sample([each for each in seconds if each is not None]),
            "not_registered": sum(bool(each.get("error")) for each in registered),
            "origin": self._origin(profile),
        }

    def _summary(self, runs: Sequence[Run]) -> dict[str, Any]:
        samples = {each.name: self._sample(_values(each, runs)) for each in MEASURES}
        return {
            "counts": _counts(runs),
            "measures": {name: found for name, found in samples.items() if found},
        }

    def _scene(self, name: str, scene: Facts) -> dict[str, Any]:
        rows = [self._row(name, scene, profile) for profile in self._profiles]
        return {
            "name": name,
            "prompt": text(scene.get("prompt")),
            "parameters": facts(scene.get("parameters")),
            "portraits": facts(scene.get("portraits")),
            "rows": [self._row_dict(row) for row in rows],
            "differences": self._differences(rows),
            "rankings": [self._ranking(each, rows) for each in MEASURES if each.name in RANKED],
            "failures": [failure for row in rows for failure in _failures(row)],
        }

    def _row(self, name: str, scene: Facts, profile: str) -> _Row:
        runs = [each for each in self._log.runs if (each.scene, each.profile) == (name, profile)]
        pictures = pictures_of(self._log, profile, facts(scene.get("portraits")))
        return _Row(profile, runs, marks_of(runs, scene, pictures))

    def _row_dict(self, row: _Row) -> dict[str, Any]:
        return {
            "profile": row.profile,
            **self._summary(row.counted),
            "cost": _cost(row.runs),
            "marks": [mark.to_dict() for mark in row.marks],
            "sent": _sent(row.runs),
            "problems": _problems(row.runs),
        }

    def _differences(self, rows: Sequence[_Row]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for measure in MEASURES:
            for a, b in combinations(rows, 2):
                if measure.name in _COMPARED and (told := self._difference(measure, a, b)):
                    found.append(told)
        return found

    def _difference(self, measure: Measure, a: _Row, b: _Row) -> dict[str, Any] | None:
        names = {"measure": measure.name, "a": a.profile, "b": b.profile}
        samples = _values(measure, a.counted), _values(measure, b.counted)
        if not all(samples):
            return None
        unshared = signature(a.marks) ^ signature(b.marks)
        if unshared:
            fields = sorted({field for _, field, _ in unshared})
            return {**names, "verdict": "not_comparable", "fields": fields}
        found = statistics.difference(*samples, self._seed)
        return {**names, **asdict(found)} if found else None

    def _ranking(self, measure: Measure, rows: Sequence[_Row]) -> dict[str, Any]:
        """Rank those that were sent the same, and often enough; the others stand apart."""
        measured = [row for row in rows if _values(measure, row.counted)]
        enough = [row for row in measured if len(_values(measure, row.counted)) >= statistics.LEAST]
        alike: dict[Signature, list[_Row]] = {}
        for row in enough:
            alike.setdefault(signature(row.marks), []).append(row)
        ranked = max(alike.values(), key=len) if alike else []
        refused = self._why_not_ranked(measured, enough, ranked)
        medians = {row.profile: self._median(measure, row) for row in ranked}
        return {
            "measure": measure.name,
            "refused": refused,
            "order": [] if refused else sorted(medians, key=lambda profile: medians[profile]),
            "leaders": [] if refused else self._leaders(measure, ranked, medians),
            "too_few": [row.profile for row in measured if row not in enough],
            "apart": [row.profile for row in enough if row not in ranked],
        }

    def _why_not_ranked(
        self, measured: Sequence[_Row], enough: Sequence[_Row], ranked: Sequence[_Row]
    ) -> str | None:
        for rows, why in (
            (measured, "nothing_to_compare"),
            (enough, "too_few"),
            (ranked, "not_comparable"),
        ):
            if len(rows) < 2:  # noqa: PLR2004
                return why
        return None if self._many_sessions else "one_session"

    def _leaders(
        self, measure: Measure, rows: Sequence[_Row], medians: dict[str, float]
    ) -> list[str]:
        """Name the best, and who cannot be told from it."""
        best = min(rows, key=lambda row: medians[row.profile])
        verdicts = {row.profile: self._difference(measure, best, row) for row in rows}
        return [
            profile
            for profile, told in verdicts.items()
            if profile == best.profile or (told and told["verdict"] == "inside_the_noise")
        ]

    def _median(self, measure: Measure, row: _Row) -> float:
        found = statistics.sample(_values(measure, row.counted), self._seed)
        return found.median if found else 0

    def _run(self, run: Run) -> dict[str, Any]:
        prices = {which: costs.price(run, which) for which in costs.NUMBERS}
        return {
            "run": run.id,
            "session": run.asked.get("session"),
            "scene": run.scene,
            "profile": run.profile,
            "number": run.asked.get("number"),
            "warm_up": run.warm_up,
            "at": text(run.asked.get("at")),
            "order": run.asked.get("order"),
            "outcome": run.outcome,
            "stage": text(run.event("failed").get("stage")) if run.end == "failed" else "",
            "error": run.error if run.end == "failed" else {},
            "failed_s": number(run.event("failed").get("seconds")),
            "file": run.file,
            "measures": {
                each.name: value for each in MEASURES if (value := each.of(run)) is not None
            },
            "seed": run.event("finished").get("seed"),
            "delivered": run.delivered,
            "problems": _texts(run.event("measured").get("problems")),
            "scale": text(run.event("likeness").get("scale")),
            "likeness": [
                [number(each.get("at_s")), number(each.get("distance"))]
                for each in objects(run.event("likeness").get("scores"))
            ],
            "cost": {which: price and price.to_dict() for which, price in prices.items()},
        }

    def _origin(self, profile: str) -> list[dict[str, Any]]:
        """What the profile's files say of their origin, and what only others' files say."""
        files = [run for run in self._log.runs if run.outcome == "delivered"]
        said = {run.id: _origin_of(run) for run in files}
        told: list[dict[str, Any]] = []
        for key in dict.fromkeys(key for each in said.values() for key in each):
            own = [said[run.id].get(key) for run in files if run.profile == profile]
            values = sorted({_short(each) for each in own if each is not None})
            others = any(said[run.id].get(key) is not None for run in files)
            told.append(
                {
                    "key": key,
                    "values": values,
                    "files": sum(each is not None for each in own),
                    "of": len(own),
                    "lacks": bool(own) and not values and others,
                }
            )
        return told

    def _hours(self) -> list[dict[str, Any]]:
        """The time to a video by hour of the day, in UTC."""
        by_hour: dict[tuple[int, str], list[float]] = {}
        for run in self._log.runs:
            hour, seconds = hour_of(run), _values(MEASURES[0], [run])
            if hour is not None and seconds and not run.warm_up:
                by_hour.setdefault((hour, run.profile), []).extend(seconds)
        return [
            {"hour": hour, "profile": profile, "downloaded": self._sample(values)}
            for (hour, profile), values in sorted(by_hour.items())
        ]

    def _sample(self, values: Sequence[float]) -> dict[str, Any] | None:
        found = statistics.sample(values, self._seed)
        return asdict(found) if found else None


def _values(measure: Measure, runs: Sequence[Run]) -> list[float]:
    of_all = measure.name in _BEFORE_THE_END
    found = (measure.of(run) for run in runs if of_all or run.outcome == "delivered")
    return [each for each in found if each is not None]


def _counts(runs: Sequence[Run]) -> dict[str, Any]:
    outcomes = [run.outcome for run in runs]
    ended = len(runs) - outcomes.count("unfinished")
    return {
        "asked": len(runs),
        **{each: outcomes.count(each) for each in _OUTCOMES},
        "with_problems": sum(bool(run.event("measured").get("problems")) for run in runs),
        "share": asdict(statistics.share(outcomes.count("delivered"), ended)),
    }


def _cost(runs: Sequence[Run]) -> dict[str, Any]:
    """Warm-ups, refusals and failures are paid for, too, so that they are in it."""
    usable = [run for run in runs if run.outcome == "delivered"]
    seconds = sum(number(run.delivered.get("duration_s")) or 0 for run in usable)
    sums = {which: costs.total(runs, which) for which in costs.NUMBERS}
    per = {which: each.per(seconds) for which, each in sums.items()}
    return {
        "usable_s": round(seconds, 3),
        "sums": {which: each.to_dict() for which, each in sums.items()},
        "per_usable_s": {which: each and each.to_dict() for which, each in per.items()},
    }


def _sent(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """The bodies that were sent, each once, with the runs that sent it."""
    bodies: dict[str, dict[str, Any]] = {}
    for run in runs:
        body = run.asked.get("body")
        if body is not None:
            key = json.dumps(body, sort_keys=True)
            known = bodies.setdefault(
                key, {"body": body, "model": run.asked.get("model"), "runs": []}
            )
            known["runs"].append(run.id)
    return list(bodies.values())


def _problems(runs: Sequence[Run]) -> list[dict[str, Any]]:
    counted: dict[str, int] = {}
    for run in runs:
        for problem in _texts(run.event("measured").get("problems")):
            counted[problem] = counted.get(problem, 0) + 1
    return [{"problem": problem, "runs": n} for problem, n in counted.items()]


def _failures(row: _Row) -> list[dict[str, Any]]:
    """What a profile refused or failed in, each error once, in the vendor's words."""
    counted: dict[tuple[str, ...], list[str]] = {}
    for run in row.runs:
        if run.outcome in {"refused", "timed_out", "failed"}:
            error = run.error
            told = [str(error.get(name) or "") for name in _ERROR]
            stage = text(run.event("failed").get("stage"))
            counted.setdefault((run.outcome, stage, *told), []).append(run.id)
    names = ("outcome", "stage", *_ERROR)
    return [
        {"profile": row.profile, **dict(zip(names, told, strict=True)), "runs": ids}
        for told, ids in counted.items()
    ]


def _registration(told: Facts) -> dict[str, Any]:
    words = ("profile", "vendor", "portrait", "look", "status", "sha256")
    return {
        "session": told.get("session"),
        **{name: text(told.get(name)) for name in words},
        "seconds": number(told.get("seconds")),
        "error": facts(told.get("error")) or None,
        "stored": _stored(told),
    }


def _stored(told: Facts) -> dict[str, Any] | None:
    """What the vendor keeps of a picture, and whether that is the same file, byte for byte."""
    copy = facts(told.get("stored"))
    if not copy:
        return None
    sizes = {name: number(copy.get(name)) for name in ("bytes", "width", "height")}
    digest = text(copy.get("sha256"))
    return {"sha256": digest, **sizes, "same": digest == text(told.get("sha256"))}


def _origin_of(run: Run) -> Facts:
    width, height, rate = (
        number(run.delivered.get(name)) for name in ("width", "height", "frame_rate")
    )
    frame = f"{width:g}x{height:g}, {rate:g}/s" if width and height and rate else None
    seed = run.event("finished").get("seed")
    told = {**facts(run.delivered.get("origin")), "frame": frame, "seed": seed}
    # The encoder is one of the tags; what else they tell, such as a time, is each file's own.
    _ = told.pop("tags", None)
    return {name: None if value in ("", [], {}) else value for name, value in told.items()}


def _short(value: object) -> str:
    parts = [f"{name}: {_short(each)}" for name, each in facts(value).items()]
    if isinstance(value, list):
        parts = [_short(each) for each in cast("list[object]", value)]
    shown = "; ".join(parts) or (value if isinstance(value, str) else json.dumps(value))
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"


def _texts(value: object) -> list[str]:
    return [str(each) for each in items(value)]
