"""Every fault of the matrix: what happens at the vendor, what comes back, what has to follow."""

from __future__ import annotations

import enum
from itertools import count
from typing import Any, Final

from attrs import evolve, frozen
from fault_acts import (
    BUSY,
    DOWN,
    IDS,
    LUMP,
    NO_PROOF,
    RETRY_AFTER_S,
    STATUSES,
    changed,
    come_back_at,
    cut_in_chunks,
    damaged_gzip,
    false_gzip,
    half_answered,
    half_read,
    html,
    huge,
    members,
    nothing,
    page_instead,
    provisional,
    redirect,
    says,
    see_other,
    shorter,
    unanswered,
    unread,
)
from fault_front import Act, End, healthy

from portraitkit.engine.transport import Timeouts
from portraitkit.wire.steps import JSON_LIMIT_BYTES


class Means(enum.Enum):
    """What a fault tells about the request that met it."""

    NOT_SENT = "not sent"
    BUSY = "refused for load: come back"
    BUSY_LONG = "refused for load, for longer than anybody waits"
    DOWN = "a failure that the vendor's own form tells of"
    LOST = "sent, and no whole answer"
    GATEWAY = "an answer that proves nothing"
    UNREADABLE = "success, and no JSON that can be read"
    TOO_LARGE = "an answer that nobody reads to its end, and no other is better"
    ODD = "success, and JSON of another shape"
    NEW_WORD = "success, and a status nobody knows"
    HARMLESS = "an answer that is as good as any"
    MOVED = "a redirect to another host"
    STALE = "the signature's time is refused"


CALM: Final = Timeouts(connect_s=10, read_s=10, write_s=10, pool_s=10)
_SOON: Final = 0.002
A_DAY_S: Final = 86_400
SKEW_S: Final = 20 * 60


@frozen(kw_only=True)
class Fault:
    """
    One way in which a request, or its answer, goes wrong.

    Attributes:
        name: For the ids of tests and the rows of the page.
        means: What has to follow.
        play: What the front does with a visit.
        route: Where the request is led: to the front by sockets (`front`), in memory (`memory`) or
            inside the HTTP library (`seam`); or elsewhere.
        timeouts: Short where a stall takes real time, so that it costs milliseconds.
        skew_s: How far the caller's clock is off.
        limit_bytes: Stands for the 8 MiB that are allowed, so that more of it costs less.
        lasting_only: It does not pass by itself.
        rests_s: At least so much (virtual) time passes before another attempt.
        vendors: Those that have it; all, if none is named.
    """

    name: str
    means: Means
    play: Act = healthy
    route: str = "seam"
    timeouts: Timeouts = CALM
    skew_s: float = 0.0
    limit_bytes: int = JSON_LIMIT_BYTES
    lasting_only: bool = False
    rests_s: float = 0.0
    vendors: tuple[str, ...] = ()


# -- the list --------------------------------------------------------------------------------------


def _gateway(status: int) -> tuple[Fault, Fault]:
    play = {acted: says(status, html, acted=acted) for acted in (False, True)}
    return (
        Fault(name=f"{status} with HTML, not acted", means=Means.GATEWAY, play=play[False]),
        Fault(name=f"{status} with HTML, acted", means=Means.GATEWAY, play=play[True]),
    )


def _no_proof(*vendors: str) -> tuple[Fault, Fault]:
    play = {acted: says(400, NO_PROOF, acted=acted) for acted in (False, True)}
    name, gateway = "400 with a code that proves nothing", Means.GATEWAY
    return (
        Fault(name=f"{name}, not acted", means=gateway, play=play[False], vendors=vendors),
        Fault(name=f"{name}, acted", means=gateway, play=play[True], vendors=vendors),
    )


def _lost(name: str, play: Act, **more: Any) -> Fault:
    """Cuts and resets are the sockets' own; what a stall takes of real time is nobody's."""
    return Fault(name=name, means=Means.LOST, play=play, **{"route": "front", **more})


_M: Final = Means
FAULTS: Final = (
    Fault(name="connection refused", means=_M.NOT_SENT, route="dead"),
    Fault(
        name="stall while connecting",
        means=_M.NOT_SENT,
        route="deaf",
        timeouts=evolve(CALM, connect_s=_SOON),
    ),
    Fault(
        name="no free connection in the pool",
        means=_M.NOT_SENT,
        route="pool",
        timeouts=evolve(CALM, pool_s=_SOON),
    ),
    Fault(name="TLS certificate of another name", means=_M.NOT_SENT, route="masked"),
    _lost("reset before the request body", unread(End.RESET)),
    _lost("reset during the request body", half_read(End.RESET), route="narrow"),
    _lost(
        "stall during the request body",
        half_read(End.STALL),
        route="narrow",
        timeouts=evolve(CALM, read_s=_SOON, write_s=_SOON),
    ),
    _lost("reset after the request body", unanswered(End.RESET, acted=False)),
    _lost("closed after the request body", unanswered(End.CLOSE, acted=False)),
    _lost("reset after the vendor acted", unanswered(End.RESET, acted=True)),
    _lost("closed after the vendor acted", unanswered(End.CLOSE, acted=True)),
    _lost("reset inside the answer", half_answered(End.RESET)),
    _lost("answer shorter than its length", half_answered(End.CLOSE)),
    _lost("chunked answer without its end", cut_in_chunks),
    _lost("stall before the answer, not acted", unanswered(End.STALL, acted=False), route="memory"),
    _lost("stall before the answer, acted", unanswered(End.STALL, acted=True), route="memory"),
    _lost("stall inside the answer", half_answered(End.STALL), route="memory"),
    Fault(
        name="102 and 103, then the answer",
        means=_M.HARMLESS,
        play=provisional(End.KEEP),
        route="memory",
    ),
    _lost("102 and 103, then closed, acted", provisional(End.CLOSE)),
    _lost("102 and 103, then a stall, acted", provisional(End.STALL), route="memory"),
    Fault(
        name="429, Retry-After in seconds",
        means=_M.BUSY,
        play=says(429, BUSY, **{"retry-after": str(RETRY_AFTER_S)}),
        rests_s=RETRY_AFTER_S,
    ),
    Fault(
        name="429, Retry-After as a date",
        means=_M.BUSY,
        play=come_back_at,
        rests_s=RETRY_AFTER_S - 1,
    ),
    Fault(name="429, bare", means=_M.BUSY, play=says(429, nothing)),
    Fault(
        name="429, Retry-After a day",
        means=_M.BUSY_LONG,
        play=says(429, BUSY, **{"retry-after": str(A_DAY_S)}),
    ),
    *_gateway(500),
    *_gateway(501),
    *_gateway(502),
    *_gateway(503),
    *_gateway(504),
    Fault(
        name="503 with HTML and Retry-After, acted",
        means=_M.GATEWAY,
        play=says(503, html, acted=True, **{"retry-after": str(RETRY_AFTER_S)}),
    ),
    Fault(name="503 in the vendor's own form", means=_M.DOWN, play=says(503, DOWN)),
    Fault(name="503 in that form, acted", means=_M.DOWN, play=says(503, DOWN, acted=True)),
    *_no_proof("alltoken"),
    Fault(name="HTML with status 200", means=_M.UNREADABLE, play=page_instead),
    Fault(
        name="malformed JSON",
        means=_M.UNREADABLE,
        play=changed(lambda content: content.replace(b'":', b'"=')),
    ),
    Fault(
        name="truncated JSON, of the length it says",
        means=_M.UNREADABLE,
        play=changed(lambda content: content[: len(content) // 2]),
    ),
    Fault(name="empty body", means=_M.UNREADABLE, play=changed(lambda _content: b"", media=True)),
    Fault(
        name="JSON nested 10,000 deep",
        means=_M.UNREADABLE,
        play=changed(lambda _content: b"[" * 10_000),
    ),
    Fault(
        name="answer larger than allowed",
        means=_M.TOO_LARGE,
        play=huge(3 * len(LUMP)),
        route="front",
        limit_bytes=2 * len(LUMP),
    ),
    Fault(name="a list in place of the object", means=_M.ODD, play=changed(lambda _: b"[]")),
    Fault(name="a list shorter than its total", means=_M.ODD, play=changed(shorter)),
    Fault(
        name="a success that tells nothing",
        means=_M.ODD,
        play=changed(lambda _: b'{"code": 0, "msg": "ok"}'),
    ),
    Fault(name="an empty object", means=_M.ODD, play=changed(lambda _: b"{}")),
    Fault(name="data that is null", means=_M.ODD, play=changed(lambda _: b'{"data": null}')),
    Fault(
        name="ids as numbers",
        means=_M.ODD,
        play=changed(lambda content: members(content, IDS, count(7).__next__)),
    ),
    Fault(
        name="statuses as lists",
        means=_M.ODD,
        play=changed(lambda content: members(content, STATUSES, lambda: ["x"])),
    ),
    Fault(
        name="unknown status word",
        means=_M.NEW_WORD,
        play=changed(lambda content: members(content, STATUSES, lambda: "Pondering")),
    ),
    Fault(name="plain body labelled gzip", means=_M.HARMLESS, play=false_gzip),
    _lost("damaged gzip", damaged_gzip),
    Fault(name="redirect to another host", means=_M.MOVED, play=redirect),
    Fault(name="303 to another path, acted", means=_M.MOVED, play=see_other),
    Fault(name="clock 20 minutes off", means=_M.STALE, skew_s=SKEW_S, lasting_only=True),
)

OF_FULL_SIZE: Final = Fault(
    name="answer of more than 8 MiB",
    means=Means.TOO_LARGE,
    play=huge(JSON_LIMIT_BYTES + len(LUMP)),
    route="front",
)
"""What stands in the list with a smaller limit."""
