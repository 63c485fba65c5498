"""
The only module that knows httpx: one request out, one answer in, or what became of it.

Answers are bounded in size and time. Bodies are asked for plain (`Accept-Encoding: identity`); one
that comes compressed all the same is unpacked within the same bound, and one that is only labelled
so is taken as it is, since a gateway is known to mislabel.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

import httpx
from attrs import frozen

from .errors import InvalidInputError, Outcome
from .wire import Request, Response


@frozen(kw_only=True)
class Timeouts:
    """Limits for one request, in seconds. A wait's deadline is another thing."""

    connect_s: float = 10.0
    read_s: float = 60.0
    write_s: float = 60.0
    pool_s: float = 30.0
    total_s: float = 600.0
    """From the first byte sent to the last one received, for requests held in memory."""


class TransportError(Exception):
    """No complete answer came. Becomes one of the public errors in the driver."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason


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
    """The blocking transport. A client that was handed in is used and not closed."""

    def __init__(
        self, client: httpx.Client | None = None, timeouts: Timeouts | None = None
    ) -> None:
        self._owns = client is None
        self._client = client or httpx.Client(verify=tls_context(), follow_redirects=False)
        self._timeouts = timeouts or Timeouts()
        self._errors = _errors_of(self._client)

    def send(self, request: Request) -> Response:
        """Send one request, once."""
        sink = _Sink(request, self._timeouts)
        try:
            with self._client.stream(**_arguments(request, self._timeouts)) as answer:
                sink.begin(answer.status_code, answer.headers)
                for chunk in answer.iter_raw():
                    sink.take(chunk)
            return sink.response()
        except self._errors.HTTPError as error:
            raise _fault(error, self._errors) from None
        finally:
            sink.discard()

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
        self._client = client or httpx.AsyncClient(verify=tls_context(), follow_redirects=False)
        self._timeouts = timeouts or Timeouts()
        self._errors = _errors_of(self._client)

    async def send(self, request: Request) -> Response:
        """Send one request, once."""
        sink = _Sink(request, self._timeouts)
        try:
            async with self._client.stream(**_arguments(request, self._timeouts)) as answer:
                sink.begin(answer.status_code, answer.headers)
                async for chunk in answer.aiter_raw():
                    sink.take(chunk)
            return sink.response()
        except self._errors.HTTPError as error:
            raise _fault(error, self._errors) from None
        finally:
            sink.discard()

    async def close(self) -> None:
        """Close the client, unless it was handed in."""
        if self._owns:
            await self._client.aclose()


class _Sink:
    """Takes an answer's bytes: into memory or a file, never more than the request allows."""

    def __init__(self, request: Request, timeouts: Timeouts) -> None:
        self._request = request
        self._started = time.monotonic()
        self._total_s = min(request.timeout_s or timeouts.total_s, timeouts.total_s)
        self._status = 0
        self._headers: dict[str, str] = {}
        self._size = self._raw_size = 0
        self._kept = bytearray()
        self._unpack: Callable[[bytes, int], bytes] | None = None
        self._first = True
        self._file: BinaryIO | None = None
        self._part: Path | None = None

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        self._status = status
        self._headers = {name.lower(): text for name, text in headers.items()}
        if self._request.save_to and 200 <= status < 300:  # noqa: PLR2004  (the range of success)
            self._file, self._part = _open_beside(self._request.save_to)

    def take(self, chunk: bytes) -> None:
        self._raw_size += len(chunk)
        if self._first:
            self._first = False
            self._unpack = _unpacker(self._headers.get("content-encoding", ""), chunk)
        room = self._request.limit_bytes - self._size
        plain = self._unpack(chunk, room + 1) if self._unpack else chunk
        self._size += len(plain)
        if self._size > self._request.limit_bytes:
            limit = self._request.limit_bytes
            raise TransportError(Outcome.UNKNOWN, f"answer larger than {limit} bytes")
        if self._file:
            _ = self._file.write(plain)
        else:
            self._kept += plain
            if time.monotonic() - self._started > self._total_s:
                raise TransportError(Outcome.UNKNOWN, f"answer not complete in {self._total_s:g} s")

    def response(self) -> Response:
        length = self._headers.get("content-length", "")
        whole = self._request.method != "HEAD" and length.isdigit()
        if whole and int(length) != self._raw_size:
            raise TransportError(
                Outcome.UNKNOWN, f"answer cut at {self._raw_size} of {length} bytes"
            )
        if self._file and self._part and self._request.save_to:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            _ = self._part.replace(self._request.save_to)
            self._file = self._part = None
        return Response(
            status=self._status,
            headers=self._headers,
            content=bytes(self._kept),
            received_at=datetime.now(UTC),
        )

    def discard(self) -> None:
        """Leave nothing half done."""
        if self._file:
            self._file.close()
        if self._part:
            self._part.unlink(missing_ok=True)


def _open_beside(target: Path) -> tuple[BinaryIO, Path]:
    try:
        handle, name = tempfile.mkstemp(
            prefix=f".{target.name}.", suffix=".part", dir=target.parent
        )
    except OSError as error:
        raise InvalidInputError(
            f"cannot write into {str(target.parent)!r}: {error.strerror}",
            field="path",
            next_step="choose an existing folder that can be written to",
        ) from None
    return os.fdopen(handle, "wb"), Path(name)


def _unpacker(encoding: str, start: bytes) -> Callable[[bytes, int], bytes] | None:
    """Unpack gzip that is gzip; what is only labelled so is plain already."""
    if encoding.strip().lower() not in ("gzip", "x-gzip") or start[:2] != b"\x1f\x8b":
        return None
    machine = zlib.decompressobj(wbits=31)

    def unpack(chunk: bytes, most: int) -> bytes:
        try:
            return machine.decompress(chunk, most)
        except zlib.error:
            raise TransportError(Outcome.UNKNOWN, "answer is damaged gzip") from None

    return unpack


def _arguments(request: Request, timeouts: Timeouts) -> dict[str, Any]:
    most_s = request.timeout_s or timeouts.total_s
    return {
        "method": request.method,
        "url": request.target,
        "headers": {"Accept-Encoding": "identity", **request.headers},
        "content": request.content or None,
        "follow_redirects": False,
        "timeout": (  # connect, read, write, pool: a tuple, as httpx and its forks all take one
            min(timeouts.connect_s, most_s),
            min(timeouts.read_s, most_s),
            min(timeouts.write_s, most_s),
            min(timeouts.pool_s, most_s),
        ),
    }


def _errors_of(client: object) -> Any:
    """The exceptions of the library that the client comes from: httpx, or a fork of it."""
    for cls in type(client).__mro__:
        module = sys.modules.get(cls.__module__.partition(".")[0])
        if hasattr(module, "HTTPError") and hasattr(module, "ConnectError"):
            return module
    return httpx


def _fault(error: Exception, library: Any) -> TransportError:
    """Say what became of a request whose answer did not come."""
    not_sent = (
        library.ConnectError,
        library.ConnectTimeout,
        library.PoolTimeout,
        library.UnsupportedProtocol,
        library.ProxyError,
    )
    outcome = Outcome.NOT_SENT if isinstance(error, not_sent) else Outcome.UNKNOWN
    return TransportError(outcome, _REASONS.get(type(error).__name__, "connection failed"))


_REASONS: Final = {
    "ConnectError": "cannot connect",
    "ConnectTimeout": "timeout while connecting",
    "PoolTimeout": "timeout while waiting for a free connection",
    "WriteError": "connection lost while sending",
    "WriteTimeout": "timeout while sending",
    "ReadError": "connection lost while receiving",
    "ReadTimeout": "timeout while receiving",
    "RemoteProtocolError": "connection ended without a whole answer",
    "ProxyError": "the proxy refused",
    "UnsupportedProtocol": "not an http address",
}
