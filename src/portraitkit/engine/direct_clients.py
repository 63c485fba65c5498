"""
Clients of our own over one connection of httpcore each, for one request at a time.

What a pool does, finding a connection that is free, is done by who lends these out. They go to one
place, straight; whatever stands between, a proxy or a recorder, is httpx's: see `plain_clients`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import lru_cache
from typing import Any, Final, NamedTuple

import httpcore

from .bounds import holds_unasked
from .plain_clients import address_of, limits_of, lines_of, tell


class Headers(NamedTuple):
    """The lines of an answer, by the name that `httpx.Headers` has for them."""

    raw: Any


class DirectAnswer:
    """What the engine reads of an `httpx.Response`."""

    is_stream_consumed: Final = False

    def __init__(self, answer: Any) -> None:
        self.status_code: Final = answer.status
        self.headers: Final = Headers(answer.headers)
        self.body: Final = answer.stream
        self._told: Final = answer.extensions

    def tell(self, *, method: str, url: str, **_: object) -> None:
        """Log that it came."""
        reason = self._told.get("reason_phrase", b"").decode("ascii", "ignore")
        tell(method, url, self.status_code, reason)

    def iter_raw(self) -> Iterator[bytes]:
        """Give the body as it comes."""
        return iter(self.body)

    def aiter_raw(self) -> AsyncIterator[bytes]:
        """Give it in an event loop."""
        return aiter(self.body)


class DirectClient:
    """Sends to one place. A connection that has ended, or was idle for too long, is made anew."""

    def __init__(self, connect: Callable[[httpcore.Origin], httpcore.HTTPConnection]) -> None:
        self._connect = connect
        self._connection: httpcore.HTTPConnection | None = None

    @contextmanager
    def stream(self, **asked: Any) -> Generator[DirectAnswer]:
        """Send a request and hand out its answer, whose body is still to come."""
        request = _request(**asked)
        connection = self._connection
        if connection is None or not _is_fit(connection, request.url.origin):
            self.close()
            connection = self._connection = self._connect(request.url.origin)
        answer = DirectAnswer(connection.handle_request(request))
        try:
            answer.tell(**asked)
            yield answer
        finally:
            answer.body.close()

    def close(self) -> None:
        """Close its connection."""
        if self._connection:
            self._connection.close()


class AsyncDirectClient:
    """The same in an event loop."""

    def __init__(self, connect: Callable[[httpcore.Origin], httpcore.AsyncHTTPConnection]) -> None:
        self._connect = connect
        self._connection: httpcore.AsyncHTTPConnection | None = None

    @asynccontextmanager
    async def stream(self, **asked: Any) -> AsyncGenerator[DirectAnswer]:
        """Send a request and hand out its answer, whose body is still to come."""
        request = _request(**asked)
        connection = self._connection
        if connection is None or not _is_fit(connection, request.url.origin):
            await self.aclose()
            connection = self._connection = self._connect(request.url.origin)
        answer = DirectAnswer(await connection.handle_async_request(request))
        try:
            answer.tell(**asked)
            yield answer
        finally:
            await answer.body.aclose()

    async def aclose(self) -> None:
        """Close its connection."""
        if self._connection:
            await self._connection.aclose()


def _is_fit(connection: Any, origin: httpcore.Origin) -> bool:
    """Whether another request may go over a connection."""
    is_over = connection.is_closed() or connection.has_expired() or holds_unasked(connection)
    return not is_over and connection.can_handle_request(origin)


def _request(
    *, method: str, url: str, headers: Any, content: Any, timeout: tuple[float, ...], **_: object
) -> httpcore.Request:
    return httpcore.Request(
        method,
        _as_sent(url),
        headers=lines_of(method, address_of(url), headers, content),
        content=content,
        extensions=limits_of(timeout),
    )


@lru_cache(maxsize=64)
def _as_sent(url: str) -> httpcore.URL:
    address = address_of(url)
    return httpcore.URL(
        scheme=address.raw_scheme,
        host=address.raw_host,
        port=address.port,
        target=address.raw_path,
    )
