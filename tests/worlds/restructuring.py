"""
Answers of another structure: what a vendor's contract says of an answer, changed in one place.

Every member that the contract describes can be left out, renamed, nulled, nested, of another type,
of an unknown word, number or time zone; every list can lack rows, be capped, repeat or turn itself.
So a new vendor brings new faults by its contract. No change makes up an id that looks like one: a
vendor that tells of another thing than it made cannot be found out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Any, Final

from attrs import evolve

import contract_judge
from portraitkit.wire.steps import Request, Response
from worlds.sites import ECHO

Change = Callable[[Any, Any], None]
"""Changes what a container holds at a key."""


def restructured(world: Any, request: Request, answer: Response) -> Any:
    """
    Change a JSON answer in one place.

    Returns:
        The answer, what was changed, and whether rows may be missing that nobody can miss. None if
        there is nothing to change.
    """
    vendor = world.site_of(request).simulator.name
    try:
        body = json.loads(answer.content)
        operation = contract_judge.load(vendor).judge_request(request)
    except (ValueError, AssertionError):
        return None
    whole = {"all of it": body}
    places = [(whole, "all of it", "all of it", ()), *_places(vendor, operation, answer, body)]
    lists = [each for each in places if isinstance(each[0][each[1]], list)]
    chosen = lists if lists and world.choices.draw(2) else places
    container, key, where, schemas = world.choices.pick(chosen)
    name, change = world.choices.pick(
        _changes(container[key], schemas, is_member=container is not whole and isinstance(key, str))
    )
    is_list = isinstance(container[key], list)
    hides = not is_list or (b"otal" not in answer.content and (name, change) in _MISSING)
    change(container, key)
    if is_list and name in _GONE and world.choices.draw(2):
        for each in [each for each in container if "otal" in each]:  # nor does a count tell
            del container[each]
    content = json.dumps(whole.get("all of it")).encode()
    headers = {**answer.headers, "content-length": str(len(content))}
    return evolve(answer, content=content, headers=headers), f"{name}: {where}", hides


# -- where something can be changed ----------------------------------------------------------------


def _places(vendor: str, operation: str, answer: Response, body: Any) -> Iterator[Any]:
    document = contract_judge.load(vendor).document
    answers = document["operations"][operation]["answers"]
    schemas = [each["schema"] for each in answers if "schema" in each]
    yield from _inside(vendor, body, schemas, ())


def _inside(vendor: str, value: Any, schemas: list[Any], path: tuple[str, ...]) -> Iterator[Any]:
    """Every member that the contract describes, and the first and the last row of each list."""
    if isinstance(value, dict):
        known = _members(vendor, schemas)
        for key, inner in list(value.items()):
            if key in known:
                there = (*path, key)
                yield value, key, ".".join(there), known[key]
                yield from _inside(vendor, inner, known[key], there)
    elif isinstance(value, list):
        rows = [each["items"] for each in _parts(vendor, schemas) if "items" in each]
        for number in sorted({0, len(value) - 1} & {*range(len(value))}):
            there = (*path, "[]")
            yield value, number, ".".join(there), rows
            yield from _inside(vendor, value[number], rows, there)


def _members(vendor: str, schemas: list[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for part in _parts(vendor, schemas):
        for key, schema in part.get("properties", {}).items():
            found.setdefault(key, []).append(schema)
    return found


def _parts(vendor: str, schemas: list[Any]) -> Iterator[Mapping[str, Any]]:
    """The schemas, and all that they refer to and are put together from."""
    for schema in schemas:
        if not isinstance(schema, dict):
            continue
        yield schema
        inner = [schema[key] for key in ("then", "else") if key in schema]
        for key in ("allOf", "anyOf", "oneOf"):
            inner += schema.get(key, [])
        if "$ref" in schema:
            inner.append(_named(vendor, schema["$ref"]))
        yield from _parts(vendor, inner)


@cache
def _named(vendor: str, reference: str) -> Any:
    found: Any = contract_judge.load(vendor).document
    for key in reference.removeprefix("#/").split("/"):
        found = found[key]
    return found


# -- what can be changed there ---------------------------------------------------------------------


def _to(value: Any) -> Change:
    def change(container: Any, key: Any) -> None:
        container[key] = value

    return change


def _by(make: Callable[[Any], Any]) -> Change:
    def change(container: Any, key: Any) -> None:
        container[key] = make(container[key])

    return change


def _left_out(container: Any, key: Any) -> None:
    del container[key]


def _renamed(container: Any, key: Any) -> None:
    container[f"{key}_v2"] = container.pop(key)


_ANYWHERE: Final = (
    ("nulled", _to(None)),
    ("nested", _by(lambda it: {"value": it})),
    ("in a list", _by(lambda it: [it])),
    ("true", _to(True)),
    ("an empty object", _to({})),
    ("an empty list", _to([])),
)
_OF_A_LIST: Final = (
    ("a row missing", _by(lambda it: it[:-1])),
    ("the first row missing", _by(lambda it: it[1:])),
    ("capped", _by(lambda it: it[:1])),
    ("rows repeated", _by(lambda it: it + it)),
    ("turned round", _by(lambda it: it[::-1])),
    ("null rows", _by(lambda it: [*it, None])),
)
_MISSING: Final = (_ANYWHERE[-1], *_OF_A_LIST)
_GONE: Final = ("nulled", "nested", "true", "an empty object", "left out", "renamed")
"""What leaves no list."""
_OF_A_NUMBER: Final = (
    ("huge", _to(10**400)),
    ("negative", _to(-1)),
    ("as a text", _by(str)),
    ("as a float", _by(lambda it: it + 0.5)),
)
_OF_A_WORD: Final = (
    ("an unknown word", _to("Pondering")),
    ("empty", _to("")),
    ("an echo", _to(ECHO)),
)


def _changes(value: Any, schemas: list[Any], *, is_member: bool) -> list[tuple[str, Change]]:
    found = list(_ANYWHERE)
    if is_member:
        found += [("left out", _left_out), ("renamed", _renamed)]
    if isinstance(value, list):
        found += _OF_A_LIST
    elif isinstance(value, bool) or value is None:
        pass
    elif isinstance(value, int | float):
        found += _OF_A_NUMBER
    elif isinstance(value, str):
        if any({"enum", "x-open"} & each.keys() for each in schemas if isinstance(each, dict)):
            found += _OF_A_WORD
        if times := _of_a_time(value):
            found += times
    return found


def _of_a_time(value: str) -> list[tuple[str, Change]]:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return []
    if at.tzinfo is None or len(value) < len("2026-01-01T00:00"):
        return []
    china = at.astimezone(timezone(timedelta(hours=8)))
    return [
        ("in another zone", _to(china.isoformat())),
        ("as seconds", _to(int(at.timestamp()))),
        ("as a text of milliseconds", _to(str(int(at.timestamp() * 1000)))),
        ("in the last century", _to(at.replace(year=1926).astimezone(UTC).isoformat())),
    ]


CHANGES: Final = tuple(
    dict.fromkeys(
        name
        for name, _ in (
            *_ANYWHERE,
            ("left out", _left_out),
            ("renamed", _renamed),
            *_OF_A_LIST,
            *_OF_A_NUMBER,
            *_OF_A_WORD,
            *_of_a_time("2026-01-01T00:00:00+00:00"),
        )
    )
)
"""What every change is called."""
