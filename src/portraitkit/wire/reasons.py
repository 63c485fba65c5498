"""
What went wrong, out of any form in which vendors and the relays before them write it.

Known are objects in `error`, `detail` or `data`, plain texts, lists of complaints, reasons beside a
status, and JSON written as a text into any of these: what is innermost is the upstream's own word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeGuard

from attrs import frozen


@frozen
class Reason:
    """
    What an answer says of a failure.

    Attributes:
        codes: Every code in it, innermost first.
        message: The innermost text, cut to a bearable length; empty if there is none.
    """

    codes: tuple[str, ...] = ()
    message: str = ""

    def __bool__(self) -> bool:
        return bool(self.codes or self.message)


def reason_in(value: object) -> Reason:
    """Find out what a refusal, an error or a reason says, whatever its form."""
    found = _read(value, 0, is_error=True)
    return Reason(found.codes, bounded(found.message))


def reason_of(thing: object) -> Reason:
    """Find out why a thing failed whose members tell of more than that, such as a task's."""
    found = _read(thing, 0, is_error=False)
    return Reason(found.codes, bounded(found.message))


def error_in(thing: object) -> Reason:
    """Find out what a thing says of an error alone: not what any text beside its status says."""
    if not _is_object(thing):
        return Reason()
    kept = {key: each for key, each in thing.items() if _plain(key) in _ERRORS}
    return reason_of(kept) if kept else Reason()


def bounded(text: str, most: int = 1000) -> str:
    """Cut a long text, never within a link or a key: half of one would be masked by nobody."""
    if len(text) <= most:
        return text
    ends = [match.end() for match in _ENDS.finditer(text[:most])]
    return f"{text[: ends[-1] if ends else 0]}…"


def _read(value: object, depth: int, *, is_error: bool) -> Reason:
    if depth > _DEEPEST:
        return Reason()
    if isinstance(value, str):
        return _read_text(value.strip(), depth)
    if _is_array(value):
        return _joined([_read(each, depth + 1, is_error=True) for each in value[:_MOST]])
    if _is_object(value):
        return _read_object(value, depth, is_error=is_error)
    return Reason()


def _read_text(text: str, depth: int) -> Reason:
    for inner in _objects_in(text):
        if found := _read(inner, depth + 1, is_error=True):
            return Reason(found.codes, found.message or text)
    return Reason((), "" if _ADDRESS.fullmatch(text) or text.casefold() in _FINE else text)


def _read_object(members: Mapping[Any, Any], depth: int, *, is_error: bool) -> Reason:
    plain = {_plain(key): each for key, each in members.items()}
    names = (*_CODES, *_KINDS) if is_error else _CODES[1:]
    own = [str(plain[name]) for name in names if isinstance(plain.get(name), str | int)]
    parts = [_read(plain[name], depth + 1, is_error=True) for name in _INNER if name in plain]
    parts += [_read(plain[name], depth + 1, is_error=True) for name in _TEXTS if name in plain]
    codes = [code for part in parts for code in part.codes] + own
    said = next((part.message for part in parts if part.message), "")
    if where := plain.get("loc"):
        place = ".".join(str(each) for each in where) if _is_array(where) else str(where)
        said = f"{place}: {said}"
    return Reason(tuple(dict.fromkeys(each for each in codes if _is_code(each))), said)


def _joined(parts: list[Reason]) -> Reason:
    codes = tuple(dict.fromkeys(code for part in parts for code in part.codes))
    return Reason(codes, "; ".join(part.message for part in parts if part.message))


def _objects_in(text: str) -> Iterator[object]:
    """The JSON that a text is, or that stands in it behind other words."""
    start = -1
    for _ in range(_MOST):
        start = min((at for mark in '{["' if (at := text.find(mark, start + 1)) >= 0), default=-1)
        if start < 0:
            return
        try:
            found, _ = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        if _may_tell(found):
            yield found
            return


def _may_tell(found: object) -> bool:
    """Tell an error within a text from what any text may quote, such as a list of sizes."""
    if _is_array(found):
        return any(_is_object(each) for each in found)
    return _is_object(found) or (isinstance(found, str) and "{" in found)


def _is_object(value: object) -> TypeGuard[Mapping[Any, Any]]:
    return isinstance(value, Mapping)


def _is_array(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _plain(key: object) -> str:
    return str(key).replace("_", "").replace("-", "").casefold()


def _is_code(text: str) -> bool:
    return text.casefold() not in _FINE and len(text) <= _LONGEST_CODE


# Names of members, without case, `_` and `-`; likeliest first.
_CODES: Final = ("code", "errorcode", "errcode", "servicecode", "failcode", "failurecode")
_KINDS: Final = ("errortype", "type")
_REASONS: Final = (
    "failreason",
    "failedreason",
    "failurereason",
    "errormessage",
    "errormsg",
    "errmsg",
    "errordescription",
)
_ERRORS: Final = frozenset({"error", "errors", *_REASONS, *_CODES[1:]})
_INNER: Final = ("responsemetadata", "error", "errors", "detail", "details", "data")
_TEXTS: Final = ("message", "msg", *_REASONS, "reason")
_FINE: Final = frozenset({"", "0", "200", "ok", "success", "none", "null", "true", "false"})
"""What stands where nothing went wrong."""
_DEEPEST: Final = 8
_MOST: Final = 5
"""Complaints that are read of a list, and places in a text at which JSON is looked for."""
_LONGEST_CODE: Final = 200
_ADDRESS: Final = re.compile(r"https?://\S+")
"""One relay writes a finished file's link where a reason would stand."""
_ENDS: Final = re.compile(r"[\s\"'<>]|[^\x00-\x7f]")
_DECODER: Final = json.JSONDecoder()
