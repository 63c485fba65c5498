"""
The only module that knows httpx: one request out, one answer in, or what became of it.

Answers are bounded in size and time. Bodies are asked for plain (`Accept-Encoding: identity`). No
cookie is kept, and what httpx logs of our requests has its queries masked: links are signed there.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final, Protocol, TypeVar, TypeVarTuple

import anyio
import anyio.to_thread
import httpx
from attrs import frozen

from . import __version__
from .errors import Outcome, masker
from .sink import Sink, TransportError
from .wire import Request, Response

__all__ = [
    "AsyncHttpxTransport",
    "AsyncTransport",
    "HttpxTransport",
    "Timeouts",
    "Transport",
    "TransportError",
    "is_sending",
    "tls_context",
]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


@frozen(kw_only=True)
class Timeouts:
    """Limits for one request, in seconds. A wait's deadline is another thing."""

    connect_s: float = 10.0
    read_s: float = 60.0
    write_s: float = 60.0
    pool_s: float = 30.0
    total_s: float = 600.0
    """From the first byte sent to the last one received, for requests held in memory."""


class Transport(Protocol):
    """Sends one request, once."""

    def send(self, request: Request) -> Response:
        """Send and receive, or raise TransportError."""
        ...

    def close(self) -> None:
        """Free what it opened itself."""
        ...


class AsyncTransport(Protocol):
    """Sends one request, once, without blocking the event loop."""

    async def send(self, request: Request) -> Response:
        """Send and receive, or raise TransportError."""
        ...

    async def close(self) -> None:
        """Free what it opened itself."""
        ...


@cache
def tls_context() -> Any:
    """One TLS context for all clients: loading the CA bundle takes longer than a request."""
    return httpx.create_ssl_context()


class HttpxTransport:
    """
    The blocking transport. A client that was handed in is used and not closed.

    A fork of the process gets connections of its own: two processes on one would mix their answers.
    """

    def __init__(
        self, client: httpx.Client | None = None, timeouts: Timeouts | None = None
    ) -> None:
        self._owns = client is None
        self._client = client or httpx.Client(**_settings())
        self._process = os.getpid()
        self._timeouts = timeouts or Timeouts()
        self._library = _library_of(self._client)

    def send(self, request: Request) -> Response:
        """Send one request, once."""
        if self._owns and self._process != os.getpid():
            self._client, self._process = httpx.Client(**_settings()), os.getpid()
        with _exchange(request, self._timeouts, self._library) as sink:
            request = request.with_headers(sink.asks())
            with self._client.stream(**_arguments(request, self._timeouts)) as answer:
                sink.begin(answer.status_code, answer.headers)
                for chunk in _read_already(answer) or answer.iter_raw():
                    sink.take(chunk)
            return sink.response()

    def close(self) -> None:
        """Close the client, unless it was handed in."""
        if self._owns:
            self._client.close()


class AsyncHttpxTransport:
    """The asynchronous transport, for asyncio and trio."""

    def __init__(
        self, client: httpx.AsyncClient | None = None, timeouts: Timeouts | None = None
    ) -> None:
        self._owns = client is None
        self._client = client or httpx.AsyncClient(**_settings())
        self._timeouts = timeouts or Timeouts()
        self._library = _library_of(self._client)

    async def send(self, request: Request) -> Response:
        """Send one request, once."""
        with _exchange(request, self._timeouts, self._library) as sink:
            request = request.with_headers(await _off(request, sink.asks))
            async with self._client.stream(**_arguments(request, self._timeouts)) as answer:
                await _off(request, sink.begin, answer.status_code, answer.headers)
                if read := _read_already(answer):
                    await _off(request, sink.take, read[0])
                else:
                    async for chunk in answer.aiter_raw():
                        await _off(request, sink.take, chunk)
            return await _off(request, sink.response)

    async def close(self) -> None:
        """Close the client, unless it was handed in."""
        if self._owns:
            await self._client.aclose()


async def _off(request: Request, call: Callable[[*Ts], T], *args: *Ts) -> T:
    """Call it; off the event loop where a file is written, as a disk may be slow."""
    if request.save_to:
        return await anyio.to_thread.run_sync(call, *args)
    return call(*args)


def is_sending() -> bool:
    """Tell whether this task or thread is just sending a request of ours."""
    return _OURS.get() is not None


def _read_already(answer: Any) -> list[bytes]:
    """What stand-ins for the network, such as `httpx.MockTransport`, hand out in one piece."""
    return [answer.content] if answer.is_stream_consumed else []


@contextmanager
def _exchange(request: Request, timeouts: Timeouts, library: Any) -> Generator[Sink]:
    """Give an answer a place; what the library raises comes out as a TransportError."""
    sink = Sink(request, min(request.timeout_s or timeouts.total_s, timeouts.total_s))
    # A token may be a part of a path, where it looks like any id.
    hide = masker(each.reveal() for each in request.secrets) if request.secrets else _hidden
    ours = _OURS.set(hide)
    unusable = getattr(library, "InvalidURL", library.HTTPError)
    known: tuple[type[Exception], ...] = (library.HTTPError, unusable, UnicodeEncodeError)
    try:
        yield sink
    except known as error:
        raise _fault(error) from None
    finally:
        _OURS.reset(ours)
        sink.leave()


def _hide_queries(record: logging.LogRecord) -> bool:
    """Mask the queries of addresses in what is logged of our own requests."""
    if (hide := _OURS.get()) and isinstance(record.args, tuple):
        record.args = tuple(
            each if isinstance(each, int | float) else hide(str(each)) for each in record.args
        )
    return True


def _hide_headers(record: logging.LogRecord) -> bool:
    """Leave event and status of what the layers below log: headers hold links, faults answers."""
    if hide := _OURS.get():
        told = record.getMessage().partition(", [")[0]
        record.msg, record.args = _EXCEPTION.sub(r"\1(...)", hide(told)), ()
    return True


def _hide_all(record: logging.LogRecord) -> bool:
    """Leave nothing of our own requests where whole headers are logged, keys and all."""
    del record
    return _OURS.get() is None


_EXCEPTION: Final = re.compile(r"(exception=\w+)\(.*\)", re.DOTALL)
_CORE_LOGGERS: Final = ("connection", "http11", "http2", "proxy", "socks")
_OURS: Final[ContextVar[Callable[[str], str] | None]] = ContextVar(
    "portraitkit_request", default=None
)
"""What hides the secrets of the request under way, in whatever a library logs of it."""
_hidden: Final = masker(())


def _settings() -> dict[str, Any]:
    """
    What a client of our own is made with.

    Its pool has no limits: to keep one, httpcore 1.0.9 closes idle connections, and may hit one
    that another thread was just given. A create would be lost that way.
    """
    return {
        "verify": tls_context(),
        "cookies": CookieJar(DefaultCookiePolicy(allowed_domains=())),
        "limits": httpx.Limits(max_connections=None, max_keepalive_connections=None),
    }


def _arguments(request: Request, timeouts: Timeouts) -> dict[str, Any]:
    most_s = request.timeout_s or timeouts.total_s
    return {
        "method": request.method,
        "url": request.target,
        "headers": {
            "Accept-Encoding": "identity",
            "User-Agent": f"portraitkit/{__version__}",
            **request.headers,
        },
        "content": request.content or None,
        "follow_redirects": False,
        "timeout": (  # connect, read, write, pool: a tuple, as httpx and its forks all take one
            min(timeouts.connect_s, most_s),
            min(timeouts.read_s, most_s),
            min(timeouts.write_s, most_s),
            min(timeouts.pool_s, most_s),
        ),
    }


def _library_of(client: object) -> Any:
    """The library that the client comes from: httpx, or a fork of it. What it logs is masked."""
    library: Any = httpx
    for cls in type(client).__mro__:
        module = sys.modules.get(cls.__module__.partition(".")[0])
        if hasattr(module, "HTTPError") and hasattr(module, "ConnectError"):
            library = module
            break
    logging.getLogger(library.__name__).addFilter(_hide_queries)
    core = library.__name__.replace("httpx", "httpcore")
    for name in _CORE_LOGGERS:
        logging.getLogger(f"{core}.{name}").addFilter(_hide_headers)
    for name in ("hpack.hpack", "hpack.table"):
        logging.getLogger(name).addFilter(_hide_all)
    return library


def _fault(error: Exception) -> TransportError:
    """Say what became of a request whose answer did not come."""
    for cls in type(error).__mro__:
        if reason := _NOT_SENT.get(cls.__name__):
            return TransportError(Outcome.NOT_SENT, reason)
    reason = _UNKNOWN.get(type(error).__name__, "connection failed")
    return TransportError(Outcome.UNKNOWN, reason)


_NOT_SENT: Final = {
    "ConnectError": "cannot connect",
    "ConnectTimeout": "timeout while connecting",
    "PoolTimeout": "timeout while waiting for a free connection",
    "ProxyError": "the proxy refused",
    "UnsupportedProtocol": "not an http address",
    "InvalidURL": "not an http address",
    "UnicodeEncodeError": "the request cannot be put on the wire",
}
"""Names that httpx and its forks share, for what happens before the first byte is sent."""
_UNKNOWN: Final = {
    "WriteError": "connection lost while sending",
    "WriteTimeout": "timeout while sending",
    "ReadError": "connection lost while receiving",
    "ReadTimeout": "timeout while receiving",
    "RemoteProtocolError": "connection ended without a whole answer",
    "LocalProtocolError": "the request cannot be put on the wire",
}
