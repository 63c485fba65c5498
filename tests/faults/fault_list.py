"""Every fault of the matrix: what happens at the vendor, what comes back, what has to follow."""

from __future__ import annotations

import enum
import gzip
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from email.utils import format_datetime
from typing import Any, Final

from attrs import evolve, frozen
from fault_front import Act, End, Front, Visit, bytes_of, healthy, path_of

from portraitkit.simulators.simulator import query_of
from portraitkit.transport import Timeouts
from portraitkit.wire import JSON_LIMIT_BYTES, Request, Response


class Means(enum.Enum):
    """What a fault tells about the request that met it."""

    NOT_SENT = "not sent"
    BUSY = "refused for load: come back"
    BUSY_LONG = "refused for load, for longer than anybody waits"
    DOWN = "refused in the vendor's own form: not now"
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
RETRY_AFTER_S: Final = 3
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
        route: Where the request is led: through the front, or somewhere else.
        timeouts: Short where the fault is a stall, so that it costs milliseconds.
        skew_s: How far the caller's clock is off.
        lasting_only: It does not pass by itself.
        rests_s: At least so much (virtual) time passes before another attempt.
    """

    name: str
    means: Means
    play: Act = healthy
    route: str = "front"
    timeouts: Timeouts = CALM
    skew_s: float = 0.0
    lasting_only: bool = False
    rests_s: float = 0.0


# -- acts ------------------------------------------------------------------------------------------


def unread(end: End) -> Act:
    """End the connection, with the request unread."""
    return lambda _front, _visit: end


def half_read(end: End) -> Act:
    """End it inside the request."""

    def act(_front: Front, visit: Visit) -> End:
        _ = visit.take(300)
        return end

    return act


def unanswered(end: End, *, acted: bool) -> Act:
    """End it after the request, or after what it asked for was done."""

    def act(front: Front, visit: Visit) -> End:
        request = visit.read()
        if acted:
            _ = front.answer(request)
        return end

    return act


def half_answered(end: End) -> Act:
    """Act, and send the first half of the answer."""

    def act(front: Front, visit: Visit) -> End:
        whole = bytes_of(front.answer(visit.read()))
        visit.write(whole[: len(whole) - len(whole.partition(b"\r\n\r\n")[2]) // 2 - 1])
        return end

    return act


def cut_in_chunks(front: Front, visit: Visit) -> End:
    """Act, and leave out the end of a chunked answer."""
    answer = front.answer(visit.read())
    chunk = b"%x\r\n%s\r\n" % (len(answer.content) or 1, answer.content or b" ")
    visit.write(bytes_of(evolve(answer, content=chunk), transfer_encoding="chunked"))
    return End.CLOSE


def says(
    status: int, body: Callable[[Front, Request], Response], *, acted: bool = False, **extra: str
) -> Act:
    """Answer in the vendor's place; *acted* or not."""

    def act(front: Front, visit: Visit) -> End:
        request = visit.read()
        if acted:
            _ = front.answer(request)
        else:
            front.seen.append(request)
        answer = evolve(body(front, request), status=status)
        visit.write(bytes_of(evolve(answer, headers={**answer.headers, **extra})))
        return End.KEEP

    return act


def changed(change: Callable[[bytes], bytes], *, media: bool = False) -> Act:
    """Act, and change a success's body on its way; of JSON only, or of *media*, too."""

    def act(front: Front, visit: Visit) -> End:
        request = visit.read()
        answer = front.answer(request)
        if answer.ok and (media or not path_of(request).startswith("/media/")):
            answer = evolve(answer, content=change(answer.content))
        visit.write(bytes_of(answer))
        return End.KEEP

    return act


# -- bodies ----------------------------------------------------------------------------------------


def _echo(request: Request) -> str:
    """What a careless gateway prints of a request."""
    return (
        f"{request.method} {request.target} with {request.headers.get('authorization', 'no key')}"
    )


def html(front: Front, request: Request) -> Response:
    """A gateway's page, which shows the request's credentials to whoever reads it."""
    return _response(front, f"<html><h1>Bad day</h1><p>{_echo(request)}</p></html>", "text/html")


def nothing(front: Front, request: Request) -> Response:
    """An empty body."""
    return _response(front, "", "")


def own_form(code_of: Mapping[str, str]) -> Callable[[Front, Request], Response]:
    """The vendor's own refusal, which quotes the request's credentials."""

    def body(front: Front, request: Request) -> Response:
        name = front.simulator.name
        text = f"cannot serve {_echo(request)}"
        if "Action" in query_of(request):
            error = {"Code": code_of["action"], "Message": text}
            whole: dict[str, Any] = {"ResponseMetadata": {"RequestId": "req-1", "Error": error}}
        else:
            code = code_of[name]
            whole = {"error": {"type": code, "message": text, "code": code}}
        return _response(front, json.dumps(whole), "application/json")

    return body


_BUSY: Final = own_form(
    {
        "action": "FlowLimitExceeded",
        "alltoken": "rate_limited",
        "token360": "rate_limit_error",
        "volcengine": "RateLimitExceeded",
        "apiyi": "RateLimitExceeded",
        "xcompute": "rate_limit_error",
    }
)
_DOWN: Final = own_form(
    {
        "action": "ServiceUnavailableTemp",
        "alltoken": "service_unavailable",
        "token360": "api_error",
        "volcengine": "InternalServiceError",
        "apiyi": "InternalServiceError",
        "xcompute": "server_error",
    }
)


def _response(front: Front, text: str, kind: str) -> Response:
    headers = {"content-type": kind} if kind else {}
    now = front.simulator.world.now()
    return Response(status=200, headers=headers, content=text.encode(), received_at=now)


def _come_back_at(front: Front, visit: Visit) -> End:
    moment = front.simulator.world.now() + timedelta(seconds=RETRY_AFTER_S)
    return says(429, html, **{"retry-after": format_datetime(moment, usegmt=True)})(front, visit)


_IDS: Final = frozenset(
    {
        "id",
        "Id",
        "assetId",
        "assetGroupId",
        "groupId",
        "GroupId",
        "AssetId",
        "task_id",
        "group_id",
        "asset_id",
        "token360AssetId",
        "h5Link",
        "H5Link",
        "BytedToken",
        "h5_link",
        "byted_token",
    }
)
_STATUSES: Final = frozenset(["status", "Status", "UpstreamStatus"])


def _members(content: bytes, keys: frozenset[str], value: object) -> bytes:
    """Replace members of these names, however deep they are."""

    def visit(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: value if key in keys else visit(inner) for key, inner in part.items()}
        return [visit(each) for each in part] if isinstance(part, list) else part

    return json.dumps(visit(json.loads(content or b"{}"))).encode()


def _page_instead(front: Front, visit: Visit) -> End:
    request = visit.read()
    answer = front.answer(request)
    visit.write(bytes_of(html(front, request) if answer.ok else answer))
    return End.KEEP


def _false_gzip(front: Front, visit: Visit) -> End:
    answer = front.answer(visit.read())
    visit.write(bytes_of(answer, content_encoding="gzip"))
    return End.KEEP


def _damaged_gzip(front: Front, visit: Visit) -> End:
    answer = front.answer(visit.read())
    damaged = gzip.compress(answer.content + bytes(100))[:-12]
    visit.write(bytes_of(evolve(answer, content=damaged), content_encoding="gzip"))
    return End.KEEP


def _huge(front: Front, visit: Visit) -> End:
    request = visit.read()
    answer = front.answer(request)
    if path_of(request).startswith("/media/"):
        visit.write(bytes_of(answer))
        return End.KEEP
    visit.write(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n"\r\n')
    for _ in range(JSON_LIMIT_BYTES // len(_LUMP) + 1):
        visit.write(b"%x\r\n%s\r\n" % (len(_LUMP), _LUMP))
    return End.CLOSE


_LUMP: Final = b"x" * (1024 * 1024)


def _redirect(front: Front, visit: Visit) -> End:
    target = front.elsewhere + visit.read().target.removeprefix(front.url)
    answer = evolve(_response(front, "", ""), status=307, headers={"location": target})
    visit.write(bytes_of(answer))
    return End.KEEP


# -- the list --------------------------------------------------------------------------------------


def _gateway(status: int) -> tuple[Fault, Fault]:
    play = {acted: says(status, html, acted=acted) for acted in (False, True)}
    return (
        Fault(name=f"{status} with HTML, not acted", means=Means.GATEWAY, play=play[False]),
        Fault(name=f"{status} with HTML, acted", means=Means.GATEWAY, play=play[True]),
    )


def _lost(name: str, play: Act, **more: Any) -> Fault:
    return Fault(name=name, means=Means.LOST, play=play, **more)


def _stall(name: str, play: Act, **more: Any) -> Fault:
    return _lost(name, play, timeouts=evolve(CALM, read_s=_SOON, write_s=_SOON), **more)


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
    _stall("stall during the request body", half_read(End.STALL), route="narrow"),
    _lost("reset after the request body", unanswered(End.RESET, acted=False)),
    _lost("closed after the request body", unanswered(End.CLOSE, acted=False)),
    _lost("reset after the vendor acted", unanswered(End.RESET, acted=True)),
    _lost("closed after the vendor acted", unanswered(End.CLOSE, acted=True)),
    _lost("reset inside the answer", half_answered(End.RESET)),
    _lost("answer shorter than its length", half_answered(End.CLOSE)),
    _lost("chunked answer without its end", cut_in_chunks),
    _stall("stall before the answer, not acted", unanswered(End.STALL, acted=False)),
    _stall("stall before the answer, acted", unanswered(End.STALL, acted=True)),
    _stall("stall inside the answer", half_answered(End.STALL)),
    Fault(
        name="429, Retry-After in seconds",
        means=_M.BUSY,
        play=says(429, _BUSY, **{"retry-after": str(RETRY_AFTER_S)}),
        rests_s=RETRY_AFTER_S,
    ),
    Fault(
        name="429, Retry-After as a date",
        means=_M.BUSY,
        play=_come_back_at,
        rests_s=RETRY_AFTER_S - 1,
    ),
    Fault(name="429, bare", means=_M.BUSY, play=says(429, nothing)),
    Fault(
        name="429, Retry-After a day",
        means=_M.BUSY_LONG,
        play=says(429, _BUSY, **{"retry-after": str(A_DAY_S)}),
    ),
    *_gateway(500),
    *_gateway(502),
    *_gateway(503),
    *_gateway(504),
    Fault(name="503 in the vendor's own form", means=_M.DOWN, play=says(503, _DOWN)),
    Fault(name="HTML with status 200", means=_M.UNREADABLE, play=_page_instead),
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
    Fault(name="answer of more than 8 MiB", means=_M.TOO_LARGE, play=_huge),
    Fault(name="a list in place of the object", means=_M.ODD, play=changed(lambda _: b"[]")),
    Fault(
        name="ids as numbers",
        means=_M.ODD,
        play=changed(lambda content: _members(content, _IDS, 7)),
    ),
    Fault(
        name="statuses as lists",
        means=_M.ODD,
        play=changed(lambda content: _members(content, _STATUSES, ["x"])),
    ),
    Fault(
        name="unknown status word",
        means=_M.NEW_WORD,
        play=changed(lambda content: _members(content, _STATUSES, "Pondering")),
    ),
    Fault(name="plain body labelled gzip", means=_M.HARMLESS, play=_false_gzip),
    _lost("damaged gzip", _damaged_gzip),
    Fault(name="redirect to another host", means=_M.MOVED, play=_redirect),
    Fault(name="clock 20 minutes off", means=_M.STALE, skew_s=SKEW_S, lasting_only=True),
)
