"""What can happen to one visit: how a request is read, and what travels back."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from email.utils import format_datetime
from typing import Any, Final

from attrs import evolve
from fault_front import Act, End, Front, Visit, bytes_of, path_of

from portraitkit.simulators.simulator import query_of
from portraitkit.wire.steps import Request, Response

RETRY_AFTER_S: Final = 3


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


BUSY: Final = own_form(
    {
        "action": "FlowLimitExceeded",
        "alltoken": "rate_limited",
        "token360": "rate_limit_error",
        "volcengine": "RateLimitExceeded",
        "byteplus": "RateLimitExceeded",
        "apimart": "rate_limit_error",
        "apiyi": "RateLimitExceeded",
        "xcompute": "rate_limit_error",
    }
)
NO_PROOF: Final = own_form({"action": "InternalServiceError", "alltoken": "upstream_error"})
DOWN: Final = own_form(
    {
        "action": "ServiceUnavailableTemp",
        "alltoken": "service_unavailable",
        "token360": "api_error",
        "volcengine": "InternalServiceError",
        "byteplus": "InternalServiceError",
        "apimart": "server_error",
        "apiyi": "InternalServiceError",
        "xcompute": "server_error",
    }
)


def _response(front: Front, text: str, kind: str) -> Response:
    headers = {"content-type": kind} if kind else {}
    now = front.simulator.world.now()
    return Response(status=200, headers=headers, content=text.encode(), received_at=now)


def come_back_at(front: Front, visit: Visit) -> End:
    moment = front.simulator.world.now() + timedelta(seconds=RETRY_AFTER_S)
    return says(429, html, **{"retry-after": format_datetime(moment, usegmt=True)})(front, visit)


IDS: Final = frozenset(
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
STATUSES: Final = frozenset(["status", "Status", "UpstreamStatus"])


def members(content: bytes, keys: frozenset[str], value: Callable[[], object]) -> bytes:
    """Replace members of these names, however deep they are."""

    def visit(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: value() if key in keys else visit(inner) for key, inner in part.items()}
        return [visit(each) for each in part] if isinstance(part, list) else part

    return json.dumps(visit(json.loads(content or b"{}"))).encode()


def page_instead(front: Front, visit: Visit) -> End:
    request = visit.read()
    answer = front.answer(request)
    visit.write(bytes_of(html(front, request) if answer.ok else answer))
    return End.KEEP


def false_gzip(front: Front, visit: Visit) -> End:
    answer = front.answer(visit.read())
    visit.write(bytes_of(answer, content_encoding="gzip"))
    return End.KEEP


def damaged_gzip(front: Front, visit: Visit) -> End:
    answer = front.answer(visit.read())
    damaged = gzip.compress(answer.content + bytes(100))[:-12]
    visit.write(bytes_of(evolve(answer, content=damaged), content_encoding="gzip"))
    return End.KEEP


def huge(size: int) -> Act:
    def act(front: Front, visit: Visit) -> End:
        request = visit.read()
        answer = front.answer(request)
        if path_of(request).startswith("/media/"):
            visit.write(bytes_of(answer))
            return End.KEEP
        visit.write(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n"\r\n')
        for _ in range(size // len(LUMP)):
            visit.write(b"%x\r\n%s\r\n" % (len(LUMP), LUMP))
        return End.CLOSE

    return act


LUMP: Final = b"x" * (64 * 1024)


def provisional(end: End) -> Act:
    """Act, tell twice of what is to come, and then answer, or *end* it without."""

    def act(front: Front, visit: Visit) -> End:
        answer = front.answer(visit.read())
        visit.write(b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n")
        if end is End.KEEP:
            visit.write(bytes_of(answer))
        return end

    return act


def shorter(content: bytes) -> bytes:
    """Leave the last row out of each list that a total stands beside."""

    def visit(part: Any) -> Any:
        if isinstance(part, list):
            return [visit(each) for each in part]
        if not isinstance(part, dict):
            return part
        cut = -1 if _TOTALS & part.keys() else None
        whole = {key: visit(inner) for key, inner in part.items()}
        return {k: each[:cut] if isinstance(each, list) else each for k, each in whole.items()}

    return json.dumps(visit(json.loads(content or b"{}"))).encode()


_TOTALS: Final = frozenset({"total", "Total", "TotalCount", "totalCount"})


def redirect(front: Front, visit: Visit) -> End:
    target = front.elsewhere + visit.read().target.removeprefix(front.url)
    answer = evolve(_response(front, "", ""), status=307, headers={"location": target})
    visit.write(bytes_of(answer))
    return End.KEEP


def see_other(front: Front, visit: Visit) -> End:
    """Act, and send the caller on; a media host answers as ever."""
    request = visit.read()
    answer = front.answer(request)
    if not path_of(request).startswith("/media/"):
        answer = evolve(nothing(front, request), status=303, headers={"location": "/elsewhere"})
    visit.write(bytes_of(answer))
    return End.KEEP
