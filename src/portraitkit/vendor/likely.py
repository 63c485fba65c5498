"""
What an answer that could not be read tells all the same: the body as it came, and the likely ids.

A create may have been carried out though its answer has another form than the vendor documents. Its
id is never guessed into a result; it is named, for a person or the vendor's support to look at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from ..values.origins import origin_of
from ..values.secret import MASK
from ..wire.codec import is_array, is_object

if TYPE_CHECKING:
    from ..values.remarks import Raw
    from ..wire.steps import Request, Response


def likely_ids(request: Request, response: Response, data: Any) -> tuple[str, ...]:
    """
    Find what an answer to a create names that may have been made, likeliest first.

    What the request itself named, such as an asset's group, is left out. *data* is the
    decoded body,
    None if it cannot be decoded.
    """
    sent = f"{request.target}\n{request.content.decode('utf-8', errors='replace')}"
    found = [*_located(request, response), *ids_in(data)]
    if data is None:
        found += _ids_in_text(text_of(response))
    new = [each for each in found if each.isdecimal() or each not in sent]
    return tuple(dict.fromkeys(new))[:_MOST]


def text_of(response: Response) -> str:
    """The beginning of an answer's text."""
    return response.content[:_LONGEST_TEXT].decode("utf-8", errors="replace")


def without_secrets(raw: Raw, secret_fields: frozenset[str]) -> dict[str, Any]:
    """What of an answer may be written down: its form, its ids and its status, nothing else."""
    body = raw.body
    shown = _ids_in_text(body) if isinstance(body, str) else _shape(body, secret_fields, depth=0)
    return {"status": raw.status, "request_id": raw.request_id, "body": shown}


def _shape(data: Any, secret_fields: frozenset[str], *, depth: int) -> Any:
    if depth > _DEEPEST:
        return MASK
    if is_array(data):
        return [_shape(each, secret_fields, depth=depth + 1) for each in data[:_MOST_ROWS]]
    if not is_object(data):
        return data if data is None or isinstance(data, bool) else MASK
    shown: dict[str, Any] = {}
    for key, value in list(data.items())[:_MOST_ROWS]:
        kept = list(_texts(value)) if _folded(key) in _KEPT and key not in secret_fields else []
        name = key if re.fullmatch(_NAME, key) else MASK
        shown[name] = kept[0] if kept else _shape(value, secret_fields, depth=depth + 1)
    return shown


def ids_in(data: Any) -> list[str]:
    """Find the values of members that are called an id, in decoded JSON of any shape."""
    if isinstance(data, str):
        return [data] if _is_telling(data) else []
    by_rank = sorted(_members(data, depth=0, plain=True), key=lambda each: each[0])
    return [text for _, text in by_rank]


def _members(data: Any, *, depth: int, plain: bool) -> Iterator[tuple[int, str]]:
    """Walk; *plain* where a member that is called nothing but `id` means what was made."""
    if depth > _DEEPEST:
        return
    if is_array(data):
        for each in data[:_MOST_ROWS]:
            yield from _members(each, depth=depth + 1, plain=plain)
        return
    for key, value in data.items() if is_object(data) else ():
        name = _folded(key)
        if name in _OWN or (plain and name in _PLAIN):
            rank = (*_OWN, *_PLAIN).index(name)
            yield from ((rank, text) for text in _texts(value))
        elif plain and name in _WRAPPERS and isinstance(value, str) and _is_telling(value):
            yield len(_OWN), value
        else:
            yield from _members(value, depth=depth + 1, plain=plain and name not in _OTHERS)


def _folded(key: str) -> str:
    return re.sub(r"[_-]", "", key).lower()


def _texts(value: Any) -> Iterator[str]:
    for each in value if is_array(value) else [value]:
        if isinstance(each, int) and not isinstance(each, bool) and each > 0:
            yield str(each)
        elif isinstance(each, str) and re.fullmatch(_ID, each):
            yield each


def _ids_in_text(text: str) -> list[str]:
    """Find ids in JSON that is cut or damaged. A page is none."""
    if text.lstrip("\ufeff \t\r\n").startswith("<"):
        return []
    return [each for each in re.findall(_IN_TEXT, text) if _is_telling(each)]


def _located(request: Request, response: Response) -> list[str]:
    """Find the last part of the path that `Location` names, at the vendor's own origin."""
    location = response.headers.get("location", "")
    if ("://" in location and origin_of(location) != request.origin) or location.startswith("//"):
        return []
    try:
        path = urlsplit(location).path
    except ValueError:
        return []
    last = path.rstrip("/").rpartition("/")[2]
    return [last] if _is_telling(last) else []


def _is_telling(text: str) -> bool:
    """Tell an id from a word: it has a digit."""
    return bool(re.fullmatch(_ID, text)) and any(each.isdigit() for each in text)


_OWN: Final = (
    "taskid",
    "videoid",
    "generationid",
    "jobid",
    "assetid",
    "token360assetid",
    "assetgroupid",
    "groupid",
)
_PLAIN: Final = ("id", "ids", "uuid")
_WRAPPERS: Final = ("data", "result", "task", "video", "asset", "group")
_OTHERS: Final = (
    "error",
    "errors",
    "responsemetadata",
    "metadata",
    "usage",
    "user",
    "account",
    "project",
    "model",
    "request",
)
"""Members whose own `id` is not that of what was made."""
_ID: Final = r"(?a)[\w.:@~+-]{1,128}"
_IN_TEXT: Final = (
    r"(?ai)(?<![\w-])(?:task_?|video_?|asset_?|group_?)?id\"?\s*[:=]\s*\"?([\w.-]{1,128})"
)
_KEPT: Final = frozenset({*_OWN, *_PLAIN, "status", "state"})
_NAME: Final = r"(?a)(?!(?:.*\d){3})[A-Za-z][\w-]{0,39}"
"""A member's name; one of many digits may be a value."""
_LONGEST_TEXT: Final = 64 * 1024
_DEEPEST: Final = 8
_MOST_ROWS: Final = 20
_MOST: Final = 3
