"""
Over httpx and the httpcore below it: one request out, one answer in, or what became of it.

Answers are bounded in size and time. Bodies are asked for plain (`Accept-Encoding: identity`). No
cookie is kept, and what httpx logs of our requests has its queries masked: links are signed there.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Literal, Protocol, TypeVar, TypeVarTuple
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import httpcore
import httpx
from anyio.lowlevel import current_token
from attrs import frozen

from ..values.body import Body, pieces_of
from ..values.errors import ConfigError
from ..wire.steps import Request, Response
from .bounds import Bounded, Directed, unasked_in
from .connections import Clients, ConnectionKey, is_taped
from .direct_clients import AsyncDirectClient, DirectClient
from .logmasks import is_sending, mask_logs
from .plain_clients import AsyncPlainClient, PlainClient
from .request_body import is_streamed, pieces_of_async
from .response_body import UNDER_WAY, ResponseBody, TransportError
from .transport_errors import fault_of, root_of, why

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


def tls_context() -> Any:
    """
    One TLS context for all clients: loading the CA bundle takes longer than a request.

    Raises:
        ConfigError: The environment names certificates that cannot be read.
    """
    return _tls_context(*map(os.environ.get, _CA_VARIABLES))


@cache
def _tls_context(*named: str | None) -> Any:
    variable = next((name for name, path in zip(_CA_VARIABLES, named, strict=True) if path), "")
    try:
        if variable == "SSL_CERT_DIR":
            _ = [*Path(os.environ[variable]).iterdir()]  # OpenSSL does not miss a folder
        return httpx.create_ssl_context()
    except OSError as error:  # ssl's own are of this kind
        raise ConfigError(
            f"the CA certificates of {variable or 'certifi'} cannot be read: {why(error)}",
            field=variable,
            next_step=f"correct or unset {variable}" if variable else "reinstall certifi",
        ) from None


class HttpxTransport:
    """
    The blocking transport. A client that was handed in is used and not closed.

    A fork of the process gets connections of its own: two processes on one would mix their answers.
    """

    def __init__(
        self, client: httpx.Client | None = None, timeouts: Timeouts | None = None
    ) -> None:
        self._clients = Clients(_made, client)
        self._library = _library_of(client)
        self._timeouts = timeouts or Timeouts()

    def send(self, request: Request) -> Response:
        """Send one request, once."""
        several = self._clients.several(request.url, self, repeatable=request.repeatable)
        for idle in self._clients.idle(self):
            with suppress(Exception):  # it is no part of what is sent
                idle.close()
        with (
            several.lend() as client,
            _exchange(request, self._timeouts, self._library) as body,
        ):
            request = _continuing(request, body.asks())
            for each in unasked_in(client):
                each.close()
            with client.stream(**_arguments(request, self._timeouts, pieces_of)) as answer:
                body.begin(answer.status_code, _headers_of(answer))
                for chunk in _read_already(answer) or answer.iter_raw():
                    body.take(chunk)
            return body.response()

    def close(self) -> None:
        """Close its own clients. Nothing can be sent any more."""
        for client in self._clients.give_up(self):
            client.close()


class AsyncHttpxTransport:
    """
    The asynchronous transport, for asyncio and trio. Each event loop gets its connections.

    Args:
        client: One that is used and not closed.
        timeouts: Limits for one request.
        over: What carries API calls that are direct and small, if no client was handed in: `httpx`
            or `aiohttp`, which is an extra. All others, such as files, links, what goes through a
            proxy and whatever runs under trio, go over httpx.

    Raises:
        ConfigError: aiohttp is not installed.
    """

    def __init__(
        self,
        client: httpx.AsyncClient | None = None,
        timeouts: Timeouts | None = None,
        *,
        over: Literal["aiohttp", "httpx"] = "httpx",
    ) -> None:
        self._clients = Clients(_made_async, client)
        is_wanted = over == "aiohttp" and client is None
        self._fast = Clients(_maker_over_aiohttp(), None) if is_wanted else None
        self._library = _library_of(client)
        self._timeouts = timeouts or Timeouts()

    async def send(self, request: Request) -> Response:
        """Send one request, once."""
        loop = current_token().native_token
        clients = self._clients
        if self._fast and isinstance(loop, asyncio.AbstractEventLoop) and _is_small(request):
            clients = self._fast
        several = clients.several(request.url, loop, repeatable=request.repeatable)
        for idle in clients.idle(loop):
            with suppress(Exception):  # it is no part of what is sent
                await idle.aclose()
        with (
            several.lend() as client,
            _exchange(request, self._timeouts, self._library) as body,
        ):
            with anyio.move_on_after(body.left_s + _GRACE_S) as limit:
                request = _continuing(request, await _off(request, body.asks))
                for each in unasked_in(client):
                    await each.aclose()
                async with client.stream(
                    **_arguments(request, self._timeouts, pieces_of_async)
                ) as answer:
                    await _off(request, body.begin, answer.status_code, _headers_of(answer))
                    limit.deadline = anyio.current_time() + body.left_s
                    if read := _read_already(answer):
                        await _off(request, body.take, read[0])
                    elif request.save_to:
                        await _saved(answer, body)
                    else:
                        async for chunk in answer.aiter_raw():
                            body.take(chunk)
                return await _off(request, body.response)
            raise body.too_late()

    async def close(self) -> None:
        """Close its own clients of this event loop. Nothing can be sent any more."""
        for clients in filter(None, (self._clients, self._fast)):
            for client in clients.give_up(current_token().native_token):
                await client.aclose()


def _made(route: ConnectionKey) -> PlainClient | DirectClient:
    """
    Make a client of our own.

    Raises:
        ConfigError: The environment names a proxy or certificates that cannot be used.
    """
    if not route.place:
        return PlainClient(_over(route, httpx.HTTPTransport))
    backend: Any = Bounded(httpcore.SyncBackend())
    return DirectClient(_connecting(route, httpcore.HTTPConnection, backend))


def _made_async(route: ConnectionKey) -> AsyncPlainClient | AsyncDirectClient:
    """Make one for an event loop. Raises what `_made` does."""
    if not route.place:
        return AsyncPlainClient(_over(route, httpx.AsyncHTTPTransport))
    is_asyncio = isinstance(current_token().native_token, asyncio.AbstractEventLoop)
    backend: Any = Directed(httpcore.AnyIOBackend() if is_asyncio else httpcore.TrioBackend())
    return AsyncDirectClient(_connecting(route, httpcore.AsyncHTTPConnection, backend))


def _connecting(
    route: ConnectionKey, kind: Callable[..., T], backend: Any
) -> Callable[[httpcore.Origin], T]:
    return partial(
        kind,
        ssl_context=_trust(route) or None,
        keepalive_expiry=route.idle_s,
        network_backend=backend,
    )


def _maker_over_aiohttp() -> Callable[[ConnectionKey], Any]:
    try:
        from .aiohttp_client import AiohttpClient  # noqa: PLC0415  (an extra)
    except ImportError:
        raise ConfigError(
            "transport needs a package that is not installed",
            field="transport",
            next_step="pip install 'portraitkit[aiohttp]'",
        ) from None

    def make(route: ConnectionKey) -> Any:
        if route.proxy:
            return _made_async(route)
        return AiohttpClient(verify=_trust(route), idle_s=route.idle_s)

    return make


def _is_small(request: Request) -> bool:
    """Whether it is an API call, whose body and answer are held in memory."""
    is_file = request.save_to or request.public_only or len(request.body) > _SMALL_BYTES
    return not (is_file or is_taped())


def _over(route: ConnectionKey, kind: Callable[..., T]) -> T:
    """
    Make one of httpx's transports.

    Its pool has no limits: to keep one, httpcore 1.0.9 closes idle connections, and may hit one
    that another thread was just given. A create would be lost that way.
    """
    proxy = route.proxy
    try:
        # httpx takes half an address for a name; urlsplit, asked for the port, does not.
        _ = proxy and urlsplit(proxy.url).port
        return kind(
            proxy=proxy and proxy.url,
            trust_env=False,  # httpx would use a proxy for this machine, and trips over IPv6
            verify=_trust(route),
            limits=httpx.Limits(
                max_connections=None,
                max_keepalive_connections=None,
                keepalive_expiry=route.idle_s,
            ),
        )
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        if proxy is None:
            raise
        missing = isinstance(error, ImportError)
    write = "pip install 'httpx[socks]'" if missing else "write it as http://host:port"
    raise ConfigError(
        f"the proxy of {proxy.variable} cannot be used: it is "
        f"{'a socks proxy, and socksio is not installed' if missing else 'no address of one'}",
        field=proxy.variable,
        next_step=f"{write}, or unset {proxy.variable}",
    )


def _trust(route: ConnectionKey) -> Any:
    if route.is_offline:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody, and is quickly made
    return tls_context() if route.with_tls or route.proxy else False


async def _off(request: Request, call: Callable[[*Ts], T], *args: *Ts) -> T:
    """Call it; off the event loop where a file is written, as a disk may be slow."""
    if request.save_to:
        return await anyio.to_thread.run_sync(call, *args)
    return call(*args)


def _continuing(request: Request, headers: Mapping[str, str]) -> Request:
    return request.with_headers(headers) if headers else request


async def _saved(answer: Any, body: ResponseBody) -> None:
    """Write a file piece by piece: each is a way to a thread and back."""
    waiting: list[bytes] = []
    waiting_bytes, since_s = 0, anyio.current_time()
    try:
        async for chunk in answer.aiter_raw():
            waiting.append(chunk)
            waiting_bytes += len(chunk)
            now_s = anyio.current_time()
            if waiting_bytes >= _PIECE_BYTES or now_s - since_s > _PIECE_S:
                piece, waiting, waiting_bytes, since_s = b"".join(waiting), [], 0, now_s
                await anyio.to_thread.run_sync(body.take, piece)
    except Exception:
        body.take(b"".join(waiting))  # what came before it broke off is gone on with
        raise
    await anyio.to_thread.run_sync(body.take, b"".join(waiting))


def _headers_of(answer: Any) -> dict[str, str]:
    """By name in lower case. httpx itself tries an encoding on all of them for each."""
    found: dict[str, str] = {}
    for raw_name, raw_text in answer.headers.raw:
        name, text = _text(raw_name).lower(), _text(raw_text)
        found[name] = f"{found[name]}, {text}" if name in found else text
    return found


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _read_already(answer: Any) -> list[bytes]:
    """What stand-ins for the network, such as `httpx.MockTransport`, hand out in one piece."""
    return [answer.content] if answer.is_stream_consumed else []


@contextmanager
def _exchange(request: Request, timeouts: Timeouts, library: Any) -> Generator[ResponseBody]:
    """Give an answer a place; what the library raises comes out as a TransportError."""
    body = ResponseBody(request, min(request.timeout_s or timeouts.total_s, timeouts.total_s))
    unusable = getattr(library, "InvalidURL", library.HTTPError)
    known: tuple[type[Exception], ...] = (library.HTTPError, unusable, *_BELOW)
    before = UNDER_WAY.set(body)
    try:
        yield body
    except known as error:
        raise fault_of(error) from root_of(error)
    finally:
        UNDER_WAY.reset(before)
        body.leave()


def _arguments(
    request: Request, timeouts: Timeouts, pieces: Callable[[bytes | Body], Any]
) -> dict[str, Any]:
    body = request.body
    streamed = is_streamed(body)
    most_s = request.timeout_s or timeouts.total_s
    return {
        "method": request.method,
        "url": request.target,
        "headers": {
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "User-Agent": _user_agent(),
            **({"Content-Length": str(len(body))} if streamed else {}),
            **request.headers,
        },
        "content": (pieces(body) if streamed else body) or None,
        "follow_redirects": False,
        "timeout": (  # connect, read, write, pool: a tuple, as httpx and its forks all take one
            min(timeouts.connect_s, most_s),
            min(timeouts.read_s, most_s),
            min(timeouts.write_s, most_s),
            min(timeouts.pool_s, most_s),
        ),
    }


@cache
def _user_agent() -> str:
    return f"portraitkit/{version('portraitkit')}"


def _library_of(client: object) -> Any:
    """The library that the client comes from: httpx, or a fork of it. What it logs is masked."""
    library: Any = httpx
    for cls in type(client).__mro__:
        module = sys.modules.get(cls.__module__.partition(".")[0])
        if hasattr(module, "HTTPError") and hasattr(module, "ConnectError"):
            library = module
            break
    mask_logs(library.__name__)
    return library


_BELOW: Final = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    UnicodeEncodeError,
)
"""What comes from below the library, where a connection is our own."""
_CA_VARIABLES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_SMALL_BYTES: Final = 65536
"""What a socket takes in at once: aiohttp has no limit of its own on how long a write may last."""
_PIECE_BYTES: Final = 1024**2
_PIECE_S: Final = 1.0
"""So long at most is what came of a file not looked at: it may come too slowly."""
_GRACE_S: Final = 0.05
"""What the library limits itself, such as connecting, ends a little before the whole does."""
