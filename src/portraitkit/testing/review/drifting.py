"""
Drift: how a vendor's answers differ in form from those recorded before.

Every answer is reduced to its form: members, types, status words, error codes. Forms of
old and new cassettes are compared endpoint by endpoint; values never are.
"""

from __future__ import annotations

import enum
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from attrs import asdict, define, field, frozen

from ...wire.codec import is_array, is_object
from ..cassettes import cassettefile
from ..cassettes.answers import STATUS_MEMBERS, body_of, meant, member_of
from ..sanitising.plainwords import is_word, path_words
from ..sanitising.pseudonyms import is_false
from .linting import cassettes_in, vendor_of

_CODE_MEMBERS: Final = ("code", "Code", "type", "CodeN", "fail_code", "error_code")
_ERROR_MEMBERS: Final = ("error", "Error", "errors")
_SUCCESS: Final = range(200, 300)


class Kind(enum.Enum):
    """How forms differ."""

    ADDED = "added field"
    REMOVED = "removed field"
    TYPE = "type change"
    WORD = "new status word"
    CODE = "new error code"
    STATUS = "new HTTP status"
    FRESH = "new endpoint"
    GONE = "endpoint no longer recorded"


COVERAGE: Final = frozenset({Kind.FRESH, Kind.GONE})
"""What tells of the recordings rather than of the vendor."""


@define
class Form:
    """
    The form of one endpoint's answers.

    Attributes:
        types: For each member, by its path, the JSON types it was seen with.
        always: Members that no answer with the same parent lacks.
        parents: Objects that were seen.
    """

    types: dict[str, set[str]] = field(factory=lambda: defaultdict(set))
    words: dict[str, set[str]] = field(factory=lambda: defaultdict(set))
    codes: set[str] = field(factory=set[str])
    statuses: set[int] = field(factory=set[int])
    seen: dict[str, int] = field(factory=lambda: defaultdict(int))
    parents: dict[str, int] = field(factory=lambda: defaultdict(int))

    def digest(self) -> str:
        """A short word for the form: equal where nothing drifted."""
        told = {
            "types": {key: sorted(each) for key, each in sorted(self.types.items())},
            "words": {key: sorted(each) for key, each in sorted(self.words.items())},
            "codes": sorted(self.codes),
            "statuses": sorted(self.statuses),
        }
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]

    def always(self, path: str) -> bool:
        """Tell whether a member stood in all objects that could have it."""
        return self.seen[path] == self.parents[_parent(path)]


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
        what = f"{self.kind.value} {self.where}".rstrip()
        if self.meaning:
            what += f" ({self.meaning})"
        if self.before or self.after:
            what += f": {self.before or 'nothing'} → {self.after or 'nothing'}"
        return f"{self.vendor} {self.endpoint}: {what}" + (f"; {self.note}" if self.note else "")

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
    return told or not is_word(step) or (is_false(step) and any(map(str.isdigit, step)))


def _take(form: Form, interaction: Mapping[str, Any]) -> None:
    status = int(interaction["response"]["status"]["code"])
    body = body_of(interaction)
    form.statuses.add(status)
    part = "" if status in _SUCCESS and not _error_in(body) else "refusal"
    _walk(form, body, part)
    for code in _codes(body, inside=bool(part)):
        form.codes.add(f"{status} {code}")


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
            form.seen[below] += 1
            if key in STATUS_MEMBERS and isinstance(each, str):
                form.words[below].add(each)
            _walk(form, each, below)
    elif is_array(value):
        for each in value:
            form.types[f"{path}[]"].add(_type_of(each))
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
    names = {"str": "text", "int": "number", "float": "number", "dict": "object", "list": "list"}
    return names.get(value.__class__.__name__, "null")


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


def _fields(drift: Any, old: Form, new: Form) -> Iterator[Drift]:
    for path in sorted({*old.types, *new.types}):
        before, after = old.types.get(path, set()), new.types.get(path, set())
        if not before and old.parents.get(_parent(path)):
            yield drift(Kind.ADDED, path, after=_listed(after))
        elif not after and new.parents.get(_parent(path)):
            rare = "" if old.always(path) else "it was not always there before"
            yield drift(Kind.REMOVED, path, before=_listed(before), note=rare)
        elif before and after and after - before:
            yield drift(Kind.TYPE, path, before=_listed(before), after=_listed(after))


def _reading(word: str, vendor: str) -> str:
    known = meant(word, vendor)
    if known:
        return f"portraitkit reads it as {' or '.join(sorted({each.name for each in known}))}"
    return "portraitkit reads it as UNKNOWN: add it to the adapter's words"


def _listed(types: Iterable[str]) -> str:
    return " or ".join(sorted(types))
