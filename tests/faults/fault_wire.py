"""
Ways to a front without sockets, threads and a clock.

A wire in memory carries the same bytes between the HTTP library and a front. A seam inside the
library hands whole answers over, where an answer is all that a fault is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import httpcore
import httpx
from fault_front import End, Front, Visit

from portraitkit.wire.steps import Request

_ERRORS: Final = {End.STALL: httpcore.ReadTimeout, End.RESET: httpcore.ReadError}


class _Connection:
    """What a front takes for a socket: what the client wrote, and what travels back."""

    def __init__(self) -> None:
        self.written = self.answered = b""

    def recv(self, size: int, _flags: int = 0) -> bytes:
        taken, self.written = self.written[:size], self.written[size:]
        return taken

    def sendall(self, content: bytes) -> None:
        self.answered += content


class _Stream(httpcore.NetworkStream):
    """One connection. A request is handled when its answer is first read."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._connection = _Connection()
        self._end = End.KEEP

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        del timeout
        self._connection.written += buffer

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        del timeout
        if not self._connection.answered and self._end is End.KEEP:
            self._end = self._front.visit(Visit(self._connection, self._front.url))
        answered = self._connection.answered
        if not answered and (error := _ERRORS.get(self._end)):
            raise error
        self._connection.answered = answered[max_bytes:]
        return answered[:max_bytes]

    def close(self) -> None:
        self._end = End.CLOSE

    def get_extra_info(self, info: str) -> Any:
        return (self._end is not End.KEEP) if info == "is_readable" else None


class _AsyncStream(httpcore.AsyncNetworkStream):
    """The same, awaited."""

    def __init__(self, front: Front) -> None:
        self._stream = _Stream(front)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  (its shape)
        self._stream.write(buffer, timeout)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        return self._stream.read(max_bytes, timeout)

    async def aclose(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, fronts: Iterable[Front]) -> None:
        self._fronts = {int(front.url.rpartition(":")[2]): front for front in fronts}

    def connect_tcp(self, host: str, port: int, **_options: Any) -> httpcore.NetworkStream:
        del host
        return _Stream(self._fronts[port])


class _AsyncBackend(httpcore.AsyncNetworkBackend):
    def __init__(self, fronts: Iterable[Front]) -> None:
        self._fronts = {int(front.url.rpartition(":")[2]): front for front in fronts}

    async def connect_tcp(
        self, host: str, port: int, **_options: Any
    ) -> httpcore.AsyncNetworkStream:
        del host
        return _AsyncStream(self._fronts[port])


class _Handed(Visit):
    """A request that the library hands over as a whole."""

    def __init__(self, request: httpx.Request, origin: str) -> None:
        super().__init__(_Connection(), origin)
        self._request = request

    def read(self) -> Request:
        asked = self._request
        parts = urlsplit(str(asked.url))
        return Request(
            method=asked.method,
            url=self._origin + parts.path,
            query=tuple(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): text for name, text in asked.headers.items()},
            content=asked.content,
        )

    def answer(self, how: End) -> httpx.Response:
        assert how is End.KEEP, "what is no answer cannot be played here"
        head, _, body = self._connection.answered.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = [(name, text) for name, _, text in (line.partition(": ") for line in lines)]
        stream = httpx.ByteStream(body)
        return httpx.Response(int(first.split(" ")[1]), headers=headers, stream=stream)


class _Seam(httpx.BaseTransport, httpx.AsyncBaseTransport):
    def __init__(self, fronts: Iterable[Front]) -> None:
        self._fronts = {httpx.URL(front.url).port: front for front in fronts}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        front = self._fronts[request.url.port]
        handed = _Handed(request, front.url)
        return handed.answer(front.visit(handed))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.handle_request(request)


def at_the_seam(fronts: Iterable[Front]) -> httpx.Client:
    """An HTTP client whose requests are answered by fronts, inside the library."""
    return httpx.Client(transport=_Seam(fronts))


def at_the_seam_async(fronts: Iterable[Front]) -> httpx.AsyncClient:
    """The same, awaited."""
    return httpx.AsyncClient(transport=_Seam(fronts))


def in_memory(fronts: Iterable[Front]) -> httpx.Client:
    """An HTTP client whose connections lead to fronts, without a socket."""
    transport = httpx.HTTPTransport(verify=False)
    transport._pool = httpcore.ConnectionPool(network_backend=_Backend(fronts))
    return httpx.Client(transport=transport)


def in_memory_async(fronts: Iterable[Front]) -> httpx.AsyncClient:
    """The same, awaited."""
    transport = httpx.AsyncHTTPTransport(verify=False)
    transport._pool = httpcore.AsyncConnectionPool(network_backend=_AsyncBackend(fronts))
    return httpx.AsyncClient(transport=transport)
