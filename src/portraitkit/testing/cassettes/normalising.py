"""
What differs between two recordings of one flow, and says nothing of the vendor, taken out.

Times are relative to the start of a recording; the ports of this machine are counted; headers that
only say who answered when are left out; a list is thinned to the size of a body that a person
reads. What identifies anybody is the sanitiser's to replace.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from ...vendor.likely import ids_in
from ...wire.codec import is_array, is_object
from .answers import TaskState, body_of, standing_of
from .cassettefile import answer_body
from .matching import SIGNED
from .tasktime import EPOCH

BODY_BYTES: Final = 16 * 1024
"""The largest body that belongs into a cassette."""
_GRID_S: Final = 10
"""A vendor is not equally fast twice; what it promises is a multiple of this."""
_RECENT: Final = timedelta(hours=25)
_FORESEEN: Final = timedelta(days=366)
_LONG_AGO: Final = EPOCH - timedelta(days=30)
_MILLISECONDS: Final = 13
_KEPT_HEADERS: Final = frozenset(
    {
        "accept-encoding", "accept-ranges", "content-encoding", "content-range", "content-type",
        "location", "range", "retry-after", "x-ratelimit-limit",
    }
)  # fmt: skip
_TIME: Final = re.compile(
    r'(?P<seed>"seed"\s*:\s*\d+)'
    r"|(?P<date>20\d\d-[01]\d-[0-3]\d)(?P<between>[T ])(?P<clock>[0-2]\d:[0-5]\d:[0-5]\d)"
    r"(?P<fraction>\.\d+)?(?P<zone>Z|[+-]\d\d:?\d\d)?"
    r"|(?<!\w)(?P<compact>20\d{6}T\d{6}Z)(?!\w)"
    r"|(?<![\w.])(?P<epoch>1[4-9]\d{8}(?:\d{3})?)(?P<rest>\.\d+)?(?![\w])",
    re.ASCII,
)
_REQUEST_ID: Final = re.compile(
    r'("(?:request_?id|trace_?id|log_?id)"\s*:\s*)(?:"([^"\\]*)"|\d+)', re.IGNORECASE
)
_NO_ID: Final = "req-0000"
_PORT: Final = re.compile(r"(?<=//)(127\.0\.0\.1|localhost|\[::1\]):(\d+)")
_TOTALS: Final = ("total", "totalcount", "count")


def normalised(
    interactions: Sequence[Mapping[str, Any]], started: datetime, vendor: str, ports: Ports
) -> list[dict[str, Any]]:
    """Take out what is only of this recording, which began at *started*."""
    asked = "\n".join(unquote(str(each["request"]["uri"])) for each in interactions)
    start = started.replace(microsecond=0)
    told = [_normal(each, start, ports, asked) for each in interactions]
    return _thin_lists(_thin_waits(told, vendor))


class Ports:
    """Counts the servers of this machine, whose ports are others each time."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def counted(self, text: str) -> str:
        """Put numbers in place of ports."""
        return _PORT.sub(self._replace, text)

    def _replace(self, found: re.Match[str]) -> str:
        return f"{found[1]}:{self._seen.setdefault(found[0], len(self._seen) + 1)}"


def _normal(
    given: Mapping[str, Any], started: datetime, ports: Ports, asked: str
) -> dict[str, Any]:
    def without_id(found: re.Match[str]) -> str:
        # Where things are read by it, as in a queue, it is no mere mark of one request.
        is_known = found[2] and f"/{found[2]}" in asked
        return found[0] if is_known else f'{found[1]}"{_NO_ID}"'

    def told(text: Any) -> Any:
        if isinstance(text, bytes):
            try:
                return told(text.decode())
            except UnicodeDecodeError:
                return text
        if not isinstance(text, str):
            return text
        text = _REQUEST_ID.sub(without_id, SIGNED.sub(r"\1signed", text))
        return ports.counted(relative(text, started))

    request, response = given["request"], given["response"]
    body = request.get("body")
    return {
        **given,
        "request": {
            **request,
            "uri": told(request["uri"]),
            "headers": _headers(request),
            "body": ports.counted(body) if isinstance(body, str) else body,
        },
        "response": {
            **response,
            "headers": {k: [told(each) for each in v] for k, v in _headers(response).items()},
            "body": {"string": told(answer_body(response))},
        },
    }


def _headers(part: Mapping[str, Any]) -> dict[str, list[str]]:
    found: Mapping[str, Any] = part.get("headers") or {}
    return {
        name: values if is_array(values) else [values]
        for name, values in found.items()
        if name.lower() in _KEPT_HEADERS
    }


def relative(text: str, started: datetime) -> str:
    """Shift the times in a text as if *started* were the time that replays begin at."""

    def shifted(found: re.Match[str]) -> str:
        if found["seed"]:
            return found[0]
        if epoch := found["epoch"]:
            unit = 1000 if len(epoch) == _MILLISECONDS else 1
            moment = datetime.fromtimestamp(int(epoch) // unit, UTC)
            rest = re.sub(r"\d", "0", found["rest"] or "")
            return f"{int(_moved(moment, started).timestamp()) * unit}{rest}"
        if compact := found["compact"]:
            moment = datetime.strptime(compact, "%Y%m%dT%H%M%S%z")
            return _moved(moment, started).strftime("%Y%m%dT%H%M%SZ")
        return _calendar(found, started)

    return _TIME.sub(shifted, text)


def _calendar(found: re.Match[str], started: datetime) -> str:
    zone = found["zone"] or ""
    try:
        moment = datetime.fromisoformat(f"{found['date']}T{found['clock']}{zone or 'Z'}")
    except ValueError:
        return found[0]
    moved = _moved(moment, started).astimezone(moment.tzinfo)
    fraction = re.sub(r"\d", "0", found["fraction"] or "")
    return f"{moved:%Y-%m-%d}{found['between']}{moved:%H:%M:%S}{fraction}{zone}"


def _moved(moment: datetime, started: datetime) -> datetime:
    """
    A time that is the same in each recording.

    What was before the recording began is long ago, whenever it was; what nobody sees coming, as
    the end of a contract, stays.
    """
    after = moment - started
    if abs(after) > _FORESEEN and after > timedelta(0):
        return moment
    if after < -_RECENT:
        return _LONG_AGO
    steps = round(after.total_seconds() / _GRID_S)
    return EPOCH + timedelta(seconds=steps * _GRID_S)


# -- what is seen again and again ------------------------------------------------------------------


def _thin_waits(interactions: Sequence[dict[str, Any]], vendor: str) -> list[dict[str, Any]]:
    """Leave out what a wait saw for the third time in a row: two looks replay it as well."""
    kept: list[dict[str, Any]] = []
    for each in interactions:
        again = len(kept) > 1 and _timeless(each) == _timeless(kept[-1]) == _timeless(kept[-2])
        if not (again and standing_of(each, vendor) is TaskState.WAITING):
            kept.append(each)
    return kept


def _timeless(interaction: Mapping[str, Any]) -> str:
    return _TIME.sub("", repr((interaction["request"], interaction["response"])))


def _thin_lists(interactions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Shorten the pages of each list that are too long, by rows that nothing else speaks of."""
    for pages in _listings(interactions):
        long = [each for each in pages if len(str(answer_body(each["response"]))) > BODY_BYTES]
        others = [each for each in interactions if each not in long]
        said = str([each["request"] for each in interactions])
        said += str([each["response"] for each in others])
        dropped = {id(each): _shortened(each, said) for each in long}
        missing = sum(count for _, count in dropped.values())
        for each in pages if missing else ():
            body, _ = dropped.get(id(each), (body_of(each), 0))
            _count_down(body, missing)
            each["response"]["body"] = {"string": json.dumps(body, ensure_ascii=False)}
    return interactions


def _listings(interactions: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Find runs of requests to one place, none of them twice: the pages of one list."""
    run: list[dict[str, Any]] = []
    for each in interactions:
        asked = [other["request"] for other in run]
        if run and (each["request"] in asked or _place(each) != _place(run[0])):
            yield run
            run = []
        run.append(each)
    yield run


def _place(interaction: Mapping[str, Any]) -> tuple[str, str]:
    address = urlsplit(str(interaction["request"]["uri"]))
    return address.path, dict(parse_qsl(address.query)).get("Action", "")


def _shortened(page: Mapping[str, Any], said: str) -> tuple[Any, int]:
    """Shorten the longest list of an answer; returns the answer and how many rows are gone."""
    body = body_of(page)
    rows = max(_lists_in(body), key=len, default=list[Any]())
    before = len(rows)
    size = len(json.dumps(body, ensure_ascii=False, indent=2))
    for row in reversed(rows[1:]):
        if size <= BODY_BYTES:
            break
        if not any(each in said for each in ids_in(row)):
            size -= len(json.dumps(row, ensure_ascii=False, indent=2))
            rows.remove(row)
    return body, before - len(rows)


def _lists_in(found: Any) -> Iterator[list[Any]]:
    if is_array(found):
        yield found
    for each in found.values() if is_object(found) else found if is_array(found) else ():
        yield from _lists_in(each)


def _count_down(found: Any, missing: int) -> None:
    """Let a total count only what is left, or the list would seem incomplete."""
    if not is_object(found):
        return
    for key, each in found.items():
        folded = key.replace("_", "").lower()
        if folded in _TOTALS and isinstance(each, int) and each >= missing:
            cast("dict[str, Any]", found)[key] = each - missing
        _count_down(each, missing)
