"""
Drift: how a vendor's answers differ in form from those recorded before.

Every request and answer is reduced to its form: members, types, formats of texts, status words,
error codes, headers, and how long it took. Forms of old and new cassettes are compared endpoint by
endpoint; values never are.
"""

from __future__ import annotations

import enum
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from attrs import asdict, define, evolve, field, frozen

from ...simulators.simulator import FormPart, parts_of
from ...wire.codec import is_array, is_object
from ..cassettes import cassettefile
from ..cassettes.answers import STATUS_MEMBERS, body_of, meant, member_of
from ..conformance.bodies import json_value
from ..sanitising.plainwords import is_word, path_words
from ..sanitising.pseudonyms import is_false
from .linting import cassettes_in, vendor_of

_CODE_MEMBERS: Final = ("code", "Code", "type", "CodeN", "fail_code", "error_code")
_ERROR_MEMBERS: Final = ("error", "Error", "errors")
_SUCCESS: Final = range(200, 300)
_IDLE_HEADERS: Final = frozenset({"content-length", "content-encoding", "user-agent", "host"})
_EPOCHS: Final = {"epoch in s": 1, "epoch in ms": 1_000, "epoch in µs": 1_000_000}
_FIRST, _LAST = 1_400_000_000, 2_060_000_000
_TIME: Final = re.compile(
    r"(?:19|20)\d\d-?[01]\d-?[0-3]\d(?P<time>[T ][0-2]\d:?\d\d(?::?\d\d(?:\.\d+)?)?)?"
    r"(?P<zone>Z|[+-]\d\d:?\d\d)?"
)
_ZONES: Final = {"": "", "Z": ", UTC"}
_LINK: Final = re.compile(r"([A-Za-z][A-Za-z0-9+-]*)://")
_LONG_QUERY: Final = 40
"""A link with so long a query is signed."""
_ID: Final = re.compile(r"[\w.~-]{4,128}", re.ASCII)
_ID_PREFIX: Final = re.compile(r"[a-z]+[-_]")
_HEX_DIGITS: Final = frozenset("0123456789abcdef-")
_SHORTEST_HEX: Final = 12
_MUCH: Final = 3
_LEAST_S: Final = 1
"""Answers quicker than this are as quick as any."""


class Kind(enum.Enum):
    """How forms differ."""

    ADDED = "added field"
    REMOVED = "removed field"
    OPTIONAL = "field became optional"
    TYPE = "type change"
    FORMAT = "format change"
    HEADER = "header change"
    SLOWER = "slower answer"
    QUICKER = "quicker answer"
    WORD = "new status word"
    CODE = "new error code"
    STATUS = "new HTTP status"
    ASKED = "changed request"
    FRESH = "new endpoint"
    GONE = "endpoint no longer recorded"


COVERAGE: Final = frozenset({Kind.FRESH, Kind.GONE, Kind.SLOWER, Kind.QUICKER})
"""What tells of the recordings, or of one day, rather than of the vendor's interface."""


@define
class Form:
    """
    The form of one endpoint's requests and answers.

    Attributes:
        types: For each member, by its path, the JSON types it was seen with.
        formats: For each member with texts or times, how they are written.
        seen: How often each member was there.
        parents: How often the objects were that could have it.
        elapsed: Seconds that answers took, where the recorder noted them.
        asked: The form of the requests.
    """

    types: dict[str, set[str]] = field(factory=lambda: defaultdict(set))
    formats: dict[str, set[str]] = field(factory=lambda: defaultdict(set))
    words: dict[str, set[str]] = field(factory=lambda: defaultdict(set))
    codes: set[str] = field(factory=set[str])
    statuses: set[int] = field(factory=set[int])
    seen: dict[str, int] = field(factory=lambda: defaultdict(int))
    parents: dict[str, int] = field(factory=lambda: defaultdict(int))
    headers: dict[str, set[str]] = field(factory=lambda: defaultdict(set))
    elapsed: list[float] = field(factory=list[float])
    asked: Form | None = None

    def digest(self) -> str:
        """A short word for the form: equal where nothing drifted."""
        told = {
            **{
                name: _sorted(getattr(self, name))
                for name in ("types", "formats", "words", "headers")
            },
            "codes": sorted(self.codes),
            "statuses": sorted(self.statuses),
            "asked": self.asked.digest() if self.asked else "",
        }
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]

    def share(self, path: str) -> float:
        """Tell in which part of the objects that could have it a member stood."""
        return self.seen[path] / (self.parents[_parent(path)] or 1)


@frozen(kw_only=True)
class Drift:
    """
    One difference.

    Attributes:
        vendor: The adapter's name.
        endpoint: Such as `POST /?Action=GetAsset`.
        where: The member, by its path; empty where it is about the whole endpoint.
        meaning: What portraitkit reads there, such as `asset status`; empty if it reads nothing.
    """

    vendor: str
    endpoint: str
    kind: Kind
    where: str = ""
    meaning: str = ""
    before: str = ""
    after: str = ""
    note: str = ""

    def __str__(self) -> str:
        return f"{self.vendor} {self.endpoint}: {self.told}"

    @property
    def told(self) -> str:
        """What differs, without where."""
        what = f"{self.kind.value} {self.where}".rstrip()
        if self.meaning:
            what += f" ({self.meaning})"
        if self.before or self.after:
            what += f": {self.before or 'nothing'} → {self.after or 'nothing'}"
        return what + (f"; {self.note}" if self.note else "")

    def as_json(self) -> dict[str, str]:
        """The same, for machines."""
        return {**asdict(self), "kind": self.kind.value}


Forms = dict[tuple[str, str], Form]


def forms_in(paths: Iterable[Path]) -> Forms:
    """Reduce all cassettes of some folders to forms, by vendor and endpoint."""
    forms: Forms = defaultdict(Form)
    for path in cassettes_in(list(paths)):
        cassette = cassettefile.load(path)
        vendor = vendor_of(path, cassette)
        for each in cassette["interactions"]:
            if name := endpoint_of(each["request"], body_of(each)):
                _take(forms[vendor, name], each)
    return dict(forms)


def compare(old: Forms, new: Forms) -> list[Drift]:
    """Say how new forms differ from old ones."""
    found: list[Drift] = []
    for vendor, name in sorted({*old, *new}):
        before, after = old.get((vendor, name)), new.get((vendor, name))
        if before is None or after is None:
            kind = Kind.FRESH if before is None else Kind.GONE
            found.append(Drift(vendor=vendor, endpoint=name, kind=kind))
        else:
            found += _differences(vendor, name, before, after)
    return found


def endpoint_of(request: Mapping[str, Any], body: Any = None) -> str:
    """Name an endpoint: method, path without ids, and the Action; empty for a file."""
    parts = urlsplit(str(request["uri"]))
    if body is None and "." in parts.path.rpartition("/")[2]:
        return ""
    steps = ["{id}" if _is_id(unquote(each)) else each for each in parts.path.split("/")]
    query = dict(parse_qsl(parts.query))
    action = f"?Action={query['Action']}" if "Action" in query else ""
    return f"{request['method']} {'/'.join(steps)}{action}"


def _is_id(step: str) -> bool:
    versioned = step[:1] == "v" and step[1:].isdigit()
    if not step or versioned or step in path_words():
        return False
    told = any(each.isdigit() for each in step) and any(each in "-_" for each in step)
    return told or step.isdigit() or not is_word(step) or is_false(step)


def _take(form: Form, interaction: Mapping[str, Any]) -> None:
    status = int(interaction["response"]["status"]["code"])
    body = body_of(interaction)
    form.statuses.add(status)
    part = "" if status in _SUCCESS and not _error_in(body) else "refusal"
    _walk(form, body, part)
    for code in _codes(body, inside=bool(part)):
        form.codes.add(f"{status} {code}")
    _take_headers(form, interaction["response"])
    if isinstance(took := interaction.get("elapsed_s"), int | float):
        form.elapsed.append(took)
    form.asked = form.asked or Form()
    _walk(form.asked, asked_in(interaction["request"]), "")
    _take_headers(form.asked, interaction["request"])


def asked_in(request: Mapping[str, Any]) -> dict[str, Any]:
    """What a request says: members of its query, and its body or the parts of its form."""
    query = dict(parse_qsl(urlsplit(str(request["uri"])).query, keep_blank_values=True))
    body, kind = request.get("body") or "", _type_in(request)
    if kind.startswith("multipart/"):
        content = body if isinstance(body, bytes) else str(body).encode()
        sent: Any = {
            each.name: "file" if each.filename else each.text for each in _parts(content, kind)
        }
    elif kind.startswith("application/x-www-form-urlencoded"):
        sent = dict(parse_qsl(body if isinstance(body, str) else body.decode()))
    else:
        sent = json_value(body)
    return {"query": query, "body": sent}


def _parts(content: bytes, kind: str) -> list[FormPart]:
    try:
        return parts_of(content, kind)
    except ValueError:
        return []


def _type_in(part: Mapping[str, Any]) -> str:
    found = next(
        (v for k, v in cassettefile.headers_of(part).items() if k.lower() == "content-type"), ""
    )
    return str(found[0] if is_array(found) and found else found)


def _take_headers(form: Form, part: Mapping[str, Any]) -> None:
    """By name; of a type also what it is. A length tells nothing."""
    for name in {str(each).lower() for each in cassettefile.headers_of(part)} - _IDLE_HEADERS:
        is_type = name == "content-type"
        form.headers[name].add(_type_in(part).partition(";")[0].strip() if is_type else "there")


def _error_in(body: Any) -> bool:
    """Tell whether an answer with a success's status is a refusal."""
    if not is_object(body):
        return False
    metadata = body.get("ResponseMetadata")
    return is_object(metadata) and bool(metadata.get("Error"))


def _walk(form: Form, value: Any, path: str) -> None:
    if is_object(value):
        form.parents[path] += 1
        for key, each in value.items():
            below = f"{path}.{key}" if path else str(key)
            form.types[below].add(_type_of(each))
            form.formats[below] |= _format_of(each)
            form.seen[below] += 1
            if key in STATUS_MEMBERS and isinstance(each, str):
                form.words[below].add(each)
            _walk(form, each, below)
    elif is_array(value):
        for each in value:
            form.types[f"{path}[]"].add(_type_of(each))
            form.formats[f"{path}[]"] |= _format_of(each)
            _walk(form, each, f"{path}[]")


def _codes(body: Any, *, inside: bool) -> Iterator[str]:
    if is_object(body):
        for key, each in body.items():
            if inside and key in _CODE_MEMBERS and isinstance(each, str | int):
                # `NotFound.<token>` is one code.
                yield ".".join(part for part in str(each).split(".") if is_word(part))
            yield from _codes(each, inside=inside or key in _ERROR_MEMBERS)
    elif is_array(body):
        for each in body:
            yield from _codes(each, inside=inside)


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    names = {"str": "text", "int": "whole number", "float": "number"}
    names |= {"dict": "object", "list": "list"}
    return names.get(value.__class__.__name__, "null")


def _format_of(value: Any) -> set[str]:
    """How a time, link or id is written; nothing for other values, and for empty ones."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        units = _EPOCHS.items()
        return {name for name, unit in units if _FIRST <= value / unit < _LAST}
    if not isinstance(value, str) or not value:
        return set()
    if found := _TIME.fullmatch(value):
        zone = found["zone"] or ""
        return {f"date{' and time' if found['time'] else ''}{_ZONES.get(zone, ', offset')}"}
    if found := _LINK.match(value):
        signed = ", signed" if len(urlsplit(value).query) > _LONG_QUERY else ""
        return {f"link {found[1].lower()}://…{signed}"}
    if _ID.fullmatch(value) and any(map(str.isdigit, value)):
        return {f"id {_shape(value)}"}
    return set()


def _shape(text: str) -> str:
    """What an id begins with, and what the rest is made of."""
    found = _ID_PREFIX.match(text)
    prefix, rest = (found[0], text[found.end() :]) if found else ("", text)
    is_hex = len(rest) >= _SHORTEST_HEX and not set(rest) - _HEX_DIGITS
    kind = "digits" if rest.isdigit() else "hex" if is_hex else "letters"
    return f"{prefix}…{kind}" if prefix else f"of {kind}"


def _parent(path: str) -> str:
    return path.rpartition(".")[0]


def _differences(vendor: str, name: str, old: Form, new: Form) -> Iterator[Drift]:
    def drift(kind: Kind, where: str = "", **told: str) -> Drift:
        meaning = member_of(where.replace("[]", ""), vendor) if where else ""
        return Drift(vendor=vendor, endpoint=name, kind=kind, where=where, meaning=meaning, **told)

    yield from _fields(drift, old, new)
    for path in sorted(new.words):
        for word in sorted(new.words[path] - old.words.get(path, set())):
            if old.parents.get(_parent(path)):
                yield drift(Kind.WORD, path, after=word, note=_reading(word, vendor))
    for code in sorted(new.codes - old.codes):
        yield drift(Kind.CODE, after=code)
    for status in sorted(new.statuses - old.statuses):
        yield drift(Kind.STATUS, after=str(status))
    yield from _headers(drift, old, new)
    yield from _times(drift, old, new)
    if old.asked and new.asked:
        for each in (*_fields(drift, old.asked, new.asked), *_headers(drift, old.asked, new.asked)):
            yield evolve(each, kind=Kind.ASKED, note=f"{each.kind.value}; {each.note}".rstrip("; "))


def _fields(drift: Any, old: Form, new: Form) -> Iterator[Drift]:
    for path in sorted({*old.types, *new.types}):
        before, after = old.types.get(path, set()), new.types.get(path, set())
        both = old.parents.get(_parent(path)) and new.parents.get(_parent(path))
        if not before and old.parents.get(_parent(path)):
            yield drift(Kind.ADDED, path, after=_listed(after))
        elif not after and new.parents.get(_parent(path)):
            rare = "" if old.share(path) == 1 else "it was not always there before"
            yield drift(Kind.REMOVED, path, before=_listed(before), note=rare)
        elif _changed(before, after):
            yield drift(Kind.TYPE, path, before=_listed(before), after=_listed(after))
        elif both and old.share(path) == 1 > new.share(path):
            yield drift(Kind.OPTIONAL, path, before="100 %", after=f"{100 * new.share(path):.0f} %")
        else:
            known, seen = (each.formats.get(path, set()) for each in (old, new))
            if known and seen - known:
                yield drift(Kind.FORMAT, path, before=_listed(known), after=_listed(seen))


def _changed(before: set[str], after: set[str]) -> set[str]:
    """Types that are new; a whole number is a number, too."""
    fresh = after - before
    return fresh - {"whole number"} if "number" in before else fresh


def _headers(drift: Any, old: Form, new: Form) -> Iterator[Drift]:
    for name in sorted({*old.headers, *new.headers}):
        before, after = old.headers.get(name, set()), new.headers.get(name, set())
        if (not before) != (not after) or after - before:
            yield drift(Kind.HEADER, f"header {name}", before=_listed(before), after=_listed(after))


def _times(drift: Any, old: Form, new: Form) -> Iterator[Drift]:
    """Medians, in seconds; a few times as long may be chance."""
    if old.elapsed and new.elapsed:
        before, after = median(old.elapsed), median(new.elapsed)
        if max(before, after) > _MUCH * max(min(before, after), _LEAST_S):
            kind = Kind.SLOWER if after > before else Kind.QUICKER
            yield drift(kind, before=f"{before:g} s", after=f"{after:g} s")


def _sorted(table: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    return {key: sorted(each) for key, each in sorted(table.items()) if each}


def _reading(word: str, vendor: str) -> str:
    known = meant(word, vendor)
    if known:
        return f"portraitkit reads it as {' or '.join(sorted({each.name for each in known}))}"
    return "portraitkit reads it as UNKNOWN: add it to the adapter's words"


def _listed(types: Iterable[str]) -> str:
    return " or ".join(sorted(types))
