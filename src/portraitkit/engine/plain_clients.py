"""
Clients of our own over httpx's transports, without the layers that `httpx.Client` puts around them.

Redirects, cookies, authentication and hooks are none of ours. What is left is the part of
`httpx.Client.stream` that a request needs, with the same line in the log. They carry what goes
through a proxy or a recorder; everything else goes the short way, see `direct_clients`.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import lru_cache
from types import FunctionType
from typing import Any, Final

import httpcore
import httpx

_log: Final = logging.getLogger("httpx")


class PlainClient:
    """Sends over one transport. Knows of `httpx.Client` what the engine uses."""

    at_once: Final = 8

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport

    @contextmanager
    def stream(self, **asked: Any) -> Generator[httpx.Response]:
        """Send a request and hand out its answer, whose body is still to come."""
        request = _request(**asked)
        answer = self._transport.handle_request(request)
        try:
            tell(request.method, request.url, answer.status_code, answer.reason_phrase)
            yield answer
        finally:
            answer.close()

    def close(self) -> None:
        """Close its connections."""
        self._transport.close()


class AsyncPlainClient:
    """The same in an event loop, in place of `httpx.AsyncClient`."""

    at_once: Final = 8

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    @asynccontextmanager
    async def stream(self, **asked: Any) -> AsyncGenerator[httpx.Response]:
        """Send a request and hand out its answer, whose body is still to come."""
        request = _request(**asked)
        answer = await self._transport.handle_async_request(request)
        try:
            tell(request.method, request.url, answer.status_code, answer.reason_phrase)
            yield answer
        finally:
            await answer.aclose()

    async def aclose(self) -> None:
        """Close its connections."""
        await self._transport.aclose()


def _request(
    *, method: str, url: str, headers: Any, content: Any, timeout: tuple[float, ...], **_: object
) -> httpx.Request:
    address = address_of(url)
    lines = lines_of(method, address, headers, content)
    limits = limits_of(timeout)
    if isinstance(content, bytes | None):
        stream = httpx.ByteStream(content or b"")
        return httpx.Request(method, address, headers=lines, stream=stream, extensions=limits)
    return httpx.Request(method, address, headers=lines, content=content, extensions=limits)


def lines_of(
    method: str, address: httpx.URL, headers: Mapping[str, str], content: Any
) -> list[tuple[bytes, bytes]]:
    """Put the lines of a request together, with what httpx adds."""
    lines = [(b"Host", address.netloc)]
    if isinstance(content, bytes | None) and (content or method in _WITH_BODY):
        lines.append((b"Content-Length", b"%d" % len(content or b"")))
    lines.extend((name.encode("ascii"), text.encode("ascii")) for name, text in headers.items())
    return lines


def limits_of(timeout: tuple[float, ...]) -> dict[str, Any]:
    """Give a request's limits as httpx and httpcore hand them on."""
    return {"timeout": dict(zip(("connect", "read", "write", "pool"), timeout, strict=True))}


@lru_cache(maxsize=64)  # what is waited for is asked for again and again
def address_of(url: str) -> httpx.URL:
    """Read an address."""
    return httpx.URL(url)


def tell(method: str, url: object, status: int, reason: str) -> None:
    """Log a request as `httpx.Client` does. What is secret in the address is masked there."""
    if _log.isEnabledFor(logging.INFO):
        line = 'HTTP Request: %s %s "HTTP/1.1 %d %s"'
        _log.info(line, method, url, status, reason)


def is_replaced() -> bool:
    """
    Tell whether anything has taken the place of httpx's own way to the network.

    Recorders, stand-ins and tracers do, and have to see what is sent.
    """
    ways = [(getattr(cls, name), cls) for cls, name in _WAYS]
    return any(
        type(way) is not FunctionType or way.__globals__ is not cls.__init__.__globals__
        for way, cls in ways
    )


_WAYS: Final[tuple[tuple[Any, str], ...]] = (
    (httpx.HTTPTransport, "handle_request"),
    (httpx.AsyncHTTPTransport, "handle_async_request"),
    (httpcore.ConnectionPool, "handle_request"),
    (httpcore.AsyncConnectionPool, "handle_async_request"),
)
_WITH_BODY: Final = ("POST", "PUT", "PATCH")
"""Methods whose body is told to be empty, if it is."""
