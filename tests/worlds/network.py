"""
What lies between a program and its vendors: a stand-in for httpx's client, and all that goes wrong.

The library's own transport runs on it: what is raised here is httpx's, and an answer comes in
pieces. Faults are composed: of how far a request gets, of who answers, of how the answer's bytes
travel, and of how its structure is changed (`worlds.restructuring`).
"""

from __future__ import annotations

import gzip
import json
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import format_datetime
from functools import cache, partial
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl

import httpx
from attrs import define, evolve, frozen

import contract_judge
from portraitkit.engine.response_body import UNDER_WAY
from portraitkit.engine.transport import Timeouts
from portraitkit.simulators.simulator import query_of
from portraitkit.wire.steps import Request, Response
from worlds.broken import Broken
from worlds.restructuring import restructured
from worlds.sites import SOURCE_MARK

TIMEOUTS: Final = Timeouts(connect_s=4, read_s=8, write_s=8, pool_s=4, total_s=30)
PIECE: Final = 512
_ENDS: Final = 300
"""Where successes end."""


@frozen(eq=False)
class Fault:
    """
    One way for an exchange to go wrong.

    Attributes:
        name: For stories and the page.
        stage: `replica`, `reach`, `say`, `structure` or `bytes`: they are met in this order.
        act: What it does; what it is given depends on the stage.
        acts: Whether the vendor acts: never, always, or as it is drawn.
    """

    name: str
    stage: str
    act: Any
    acts: bool | None = True


@define(eq=False)
class Exchange:
    """One request on its way, and back."""

    world: Any
    request: Request
    timeouts: tuple[float, float, float, float]
    faults: tuple[Fault, ...]
    acted: bool = False

    def pause(self, seconds: float) -> None:
        """Take time, but no more than is left of the whole."""
        self.world.pause(max(0.0, min(seconds, UNDER_WAY.get().left_s + 0.001)))


# -- how far a request gets ------------------------------------------------------------------------


def _echo(request: Request) -> str:
    """What a careless gateway or library tells of a request."""
    sent = request.content[:1000].decode("latin-1")
    return f"{request.method} {request.target} with {dict(request.headers)} and {sent}"


def _raises(error: type[Exception], *, waits: int | None = None) -> Any:
    """Raise one of httpx's errors, after the timeout of that place if it *waits* for one."""

    def act(exchange: Exchange) -> None:
        if waits is not None:
            exchange.pause(exchange.timeouts[waits])
        raise error(_echo(exchange.request))

    return act


REACH: Final = (
    Fault("connection refused", "reach", _raises(httpx.ConnectError), acts=False),
    Fault("stall while connecting", "reach", _raises(httpx.ConnectTimeout, waits=0), acts=False),
    Fault("no free connection", "reach", _raises(httpx.PoolTimeout, waits=3), acts=False),
    Fault("refused by the proxy", "reach", _raises(httpx.ProxyError), acts=False),
    Fault("reset while sending", "reach", _raises(httpx.WriteError), acts=False),
    Fault("stall while sending", "reach", _raises(httpx.WriteTimeout, waits=2), acts=False),
    Fault("reset before the answer", "reach", _raises(httpx.ReadError), acts=None),
    Fault("closed before the answer", "reach", _raises(httpx.RemoteProtocolError), acts=None),
    Fault("stall before the answer", "reach", _raises(httpx.ReadTimeout, waits=1), acts=None),
)


# -- who answers -----------------------------------------------------------------------------------


def _page(status: int, **headers: str) -> Any:
    def act(exchange: Exchange) -> Response:
        text = f"<html><h1>Bad day</h1><p>{_echo(exchange.request)}</p></html>"
        return _response(exchange, status, text.encode(), "text/html", **headers)

    return act


def _own_form(status: int, codes: dict[str, str], **headers: str) -> Any:
    """The vendor's own refusal, which tells what it was sent."""

    def act(exchange: Exchange) -> Response:
        is_action = "Action" in query_of(exchange.request)
        return _refusal(
            exchange, status, codes["action" if is_action else _vendor(exchange)], **headers
        )

    return act


def _vendor(exchange: Exchange) -> str:
    return exchange.world.site_of(exchange.request).simulator.name


def _refusal(exchange: Exchange, status: int, code: str, **headers: str) -> Response:
    text = f"cannot serve {_echo(exchange.request)}"
    body: dict[str, Any] = {"error": {"type": code, "message": text, "code": code}}
    if "Action" in query_of(exchange.request):
        error = {"Code": code, "Message": text}
        body = {"ResponseMetadata": {"RequestId": "req-1", "Error": error}}
    return _response(exchange, status, json.dumps(body).encode(), "application/json", **headers)


def _documented(exchange: Exchange) -> Response:
    """One of the refusals that the vendor's contract tells of."""
    status, code = exchange.world.choices.pick(_refusals(_vendor(exchange)))
    return _refusal(exchange, status, code)


@cache
def _refusals(vendor: str) -> list[tuple[int, str]]:
    """Status and code; without those that say of what is there that it is not."""
    document = contract_judge.load(vendor).document
    rows = [*document["errors"]]
    for each in document["operations"].values():
        rows += each.get("errors", [])
    known = {(row["status"], (row.get("code") or "").replace("*", "Other")) for row in rows}
    return sorted(
        (status, code)
        for status, code in known
        if status >= _ENDS and status != HTTPStatus.NOT_FOUND
        if "NotFound" not in code and code != "InvalidToken"  # of a face check
    )


def _response(
    exchange: Exchange, status: int, content: bytes, kind: str, **headers: str
) -> Response:
    given = {name.replace("_", "-"): text for name, text in headers.items()}
    return Response(
        status=status,
        headers={"content-type": kind, **given},
        content=content,
        received_at=exchange.world.clock(),
    )


def _as_a_date(exchange: Exchange) -> Response:
    moment = exchange.world.clock() + timedelta(seconds=3)
    return _page(429, retry_after=format_datetime(moment, usegmt=True))(exchange)


def _elsewhere(status: int) -> Any:
    """A redirect to a host that must be shown no credential."""

    def act(exchange: Exchange) -> Response:
        path = exchange.request.target.partition("://")[2].partition("/")[2]
        return _response(
            exchange, status, b"", "", location=f"{ELSEWHERE}/{path}?Signature={SOURCE_MARK}"
        )

    return act


ELSEWHERE: Final = "https://elsewhere.example"
_BY_VENDOR: Final = ("alltoken", "token360", "volcengine", "byteplus", "apimart", "apiyi")


def _codes(action: str, *words: str) -> dict[str, str]:
    return {"action": action, **dict(zip((*_BY_VENDOR, "xcompute"), words, strict=True))}


_BUSY: Final = _codes(
    "FlowLimitExceeded", "rate_limited", "rate_limit_error", "RateLimitExceeded",
    "RateLimitExceeded", "rate_limit_error", "RateLimitExceeded", "rate_limit_error",
)  # fmt: skip
_DOWN: Final = _codes(
    "ServiceUnavailableTemp", "service_unavailable", "api_error", "InternalServiceError",
    "InternalServiceError", "server_error", "InternalServiceError", "server_error",
)  # fmt: skip
SAY: Final = (
    *(Fault(f"{n} with a page", "say", _page(n), acts=None) for n in (500, 501, 502, 503, 504)),
    Fault("503 with a page and Retry-After", "say", _page(503, retry_after="3"), acts=None),
    Fault("503 in the vendor's form", "say", _own_form(503, _DOWN), acts=None),
    Fault("a documented refusal", "say", _documented, acts=False),
    Fault("429, seconds", "say", _own_form(429, _BUSY, retry_after="3"), acts=False),
    Fault("429, a date", "say", _as_a_date, acts=False),
    Fault("429, bare", "say", lambda it: _response(it, 429, b"", ""), acts=False),
    Fault("429, a day", "say", _own_form(429, _BUSY, retry_after="86400"), acts=False),
    Fault("200 with a page", "say", _page(200), acts=None),
    Fault("307 to another host", "say", _elsewhere(307), acts=False),
    Fault("303 to another host", "say", _elsewhere(303), acts=None),
)


# -- what becomes of the bytes ---------------------------------------------------------------------


def _cut(content: bytes, ends: Callable[[Exchange], None]) -> Any:
    def pieces(exchange: Exchange) -> Iterator[bytes]:
        yield content[: len(content) // 2]
        ends(exchange)

    return pieces


def _halved(ends: Callable[[Exchange], None]) -> Any:
    return lambda answer: (answer, _cut(answer.content, ends))


def _changed(change: Callable[[bytes], bytes], **headers: str) -> Any:
    """Change the body on its way, with a length that fits."""
    given = {name.replace("_", "-"): text for name, text in headers.items()}

    def act(answer: Response) -> tuple[Response, None]:
        kept = {**answer.headers, **given}
        kept.pop("content-length", None)
        return evolve(answer, content=change(answer.content), headers=kept), None

    return act


def _slowly(seconds: float) -> Any:
    """Send it in pieces, with a pause before each."""

    def act(answer: Response) -> tuple[Response, Any]:
        size = max(1, len(answer.content) // 5)

        def pieces(exchange: Exchange) -> Iterator[bytes]:
            for start in range(0, len(answer.content), size):
                exchange.pause(seconds)
                yield answer.content[start : start + size]

        return answer, pieces

    return act


_HUGE: Final = b'"' + b"x" * (8 * 1024 * 1024 + 1)
BYTES: Final = (
    Fault("answer cut short", "bytes", _halved(lambda _: None)),
    Fault("reset inside the answer", "bytes", _halved(_raises(httpx.ReadError))),
    Fault("closed inside the answer", "bytes", _halved(_raises(httpx.RemoteProtocolError))),
    Fault("stall inside the answer", "bytes", _halved(_raises(httpx.ReadTimeout, waits=1))),
    Fault("a piece twice", "bytes", lambda it: (it, lambda _: iter([it.content, it.content]))),
    Fault("a slow answer", "bytes", _slowly(1.5)),
    Fault("an answer without end", "bytes", _slowly(7)),
    Fault("malformed JSON", "bytes", _changed(lambda content: content.replace(b'":', b'"='))),
    Fault("half of the JSON", "bytes", _changed(lambda content: content[: len(content) // 2])),
    Fault("an empty body", "bytes", _changed(lambda _: b"")),
    Fault("JSON nested 10,000 deep", "bytes", _changed(lambda _: b"[" * 10_000)),
    Fault("an answer too large", "bytes", _changed(lambda _: _HUGE)),
    Fault("packed", "bytes", _changed(gzip.compress, content_encoding="gzip")),
    Fault("labelled as packed", "bytes", _changed(bytes, content_encoding="gzip")),
    Fault(
        "packed and damaged",
        "bytes",
        _changed(lambda it: gzip.compress(it + bytes(99))[:-9], content_encoding="gzip"),
    ),
)
REPLICA: Final = (Fault("a replica that lags behind", "replica", None),)
STRUCTURE: Final = (Fault("another structure", "structure", restructured),)
FAULTS: Final = (*REPLICA, *REACH, *SAY, *STRUCTURE, *BYTES)
_STAGES: Final = ("replica", "reach", "say", "structure", "bytes")


def drawn(choices: Any) -> tuple[Fault, ...]:
    """Draw what goes wrong with one exchange: mostly one thing, sometimes two or three."""
    kinds = (REACH, SAY, BYTES, STRUCTURE, STRUCTURE)
    found = {}
    for _ in range(1 + choices.draw(4) // 2):
        fault = choices.pick(choices.pick(kinds))
        found[fault.stage] = fault
    return tuple(found[stage] for stage in _STAGES if stage in found)


# -- the client of the HTTP library ----------------------------------------------------------------


@frozen(eq=False)
class Answer:
    """What httpx hands out: a status, headers, and the body in pieces."""

    status_code: int
    headers: httpx.Headers
    iter_raw: Any
    is_stream_consumed: bool = False


@frozen(eq=False)
class Wire:
    """Stands for an `httpx.Client` in one process."""

    process: Any

    @contextmanager
    def stream(
        self, *, method: str, url: str, headers: Any, content: Any, timeout: Any, **_: Any
    ) -> Iterator[Answer]:
        """Send, let the vendor act, and hand out the answer's head."""
        place, _, query = url.partition("?")
        request = Request(
            method=method,
            url=place,
            query=tuple(parse_qsl(query, keep_blank_values=True)),
            headers=headers,
            content=content or b"",
        )
        try:
            answer = self._exchanged(request, timeout)
        except httpx.HTTPError:
            raise
        except Exception as error:
            raise Broken(f"world: it is at fault itself: {traceback.format_exc()}") from error
        yield answer

    def _exchanged(self, request: Request, timeouts: Any) -> Answer:
        world = self.process.world
        exchange = Exchange(world, request, timeouts, world.faults_of(request))
        faults = {each.stage: each for each in exchange.faults}
        exchange.pause(world.latency_s)
        reach, say = faults.get("reach"), faults.get("say")
        answer = None
        if world.acts(reach or say):
            exchange.acted = True
            answer = world.answered(self.process, exchange)
            world.pause()
        if reach:
            world.met(exchange, reach.name)
            reach.act(exchange)
        if say:
            world.met(exchange, say.name)
            answer = say.act(exchange)
        elif (
            (change := faults.get("structure"))
            and answer.status < _ENDS
            and (changed := change.act(world, request, answer))
        ):
            answer, name, hides_rows = changed
            world.met(exchange, name, hides_rows=hides_rows)
        pieces = None
        if (spoil := faults.get("bytes")) and (answer.status < _ENDS or say):
            world.met(exchange, spoil.name)
            answer, pieces = spoil.act(answer)
        exchange.pause(world.latency_s)
        if not spoil:
            world.told(self.process, exchange, answer)
        date = format_datetime(world.clock(), usegmt=True)
        length = {"content-length": str(len(answer.content))}
        headers = httpx.Headers({**length, "date": date, **answer.headers})
        return Answer(answer.status, headers, partial(pieces or _whole(answer.content), exchange))

    def close(self) -> None:
        """Nothing is open."""


def _whole(content: bytes) -> Any:
    return lambda _: iter(
        [content] if len(content) <= PIECE else [content[:PIECE], content[PIECE:]]
    )
