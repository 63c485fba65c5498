"""
Clients of our own over httpx's transports, without the layers that `httpx.Client` puts around them.

Redirects, cookies, authentication and hooks are none of ours. What is left is the part of
`httpx.Client.stream` that a request needs, with the same line in the log.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from functools import lru_cache
from typing import Any, Final

import httpx

_log: Final = logging.getLogger("httpx")


class PlainClient:
    """Sends over one transport. Knows of `httpx.Client` what the engine uses."""

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
    """Put a request together, with what httpx adds: it would look through the headers for each."""
    limits = {"timeout": dict(zip(("connect", "read", "write", "pool"), timeout, strict=True))}
    address = _read(url)
    if not isinstance(content, bytes | None):
        return httpx.Request(method, address, headers=headers, content=content, extensions=limits)
    lines = [(b"Host", address.netloc)]
    if content or method in _WITH_BODY:
        lines.append((b"Content-Length", b"%d" % len(content or b"")))
    lines.extend((name.encode("ascii"), text.encode("ascii")) for name, text in headers.items())
    stream = httpx.ByteStream(content or b"")
    return httpx.Request(method, address, headers=lines, stream=stream, extensions=limits)


@lru_cache(maxsize=64)  # what is waited for is asked for again and again
def _read(url: str) -> httpx.URL:
    return httpx.URL(url)


def tell(method: str, url: object, status: int, reason: str) -> None:
    """Log a request as `httpx.Client` does. What is secret in the address is masked there."""
    if _log.isEnabledFor(logging.INFO):
        line = 'HTTP Request: %s %s "HTTP/1.1 %d %s"'
        _log.info(line, method, url, status, reason)


_WITH_BODY: Final = ("POST", "PUT", "PATCH")
"""Methods whose body is told to be empty, if it is."""
