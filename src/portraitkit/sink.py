"""
Where an answer's bytes go: into memory or a file, never more than the request allows.

A body that comes compressed is unpacked within the same bound; one that is only labelled so is
taken as it is, since a gateway is known to mislabel. A file has its name only once it is complete.
"""

from __future__ import annotations

import os
import secrets
import time
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from .errors import InvalidInputError, Outcome
from .wire import Request, Response


class TransportError(Exception):
    """No complete answer came. Becomes one of the public errors in the driver."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason


class _Unpacker(Protocol):
    @property
    def eof(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int = 0, /) -> bytes: ...


class Sink:
    """
    Takes one answer.

    Args:
        request: What is answered; says how much is taken, and where to.
        total_s: Seconds after which an answer held in memory has to be complete.
    """

    def __init__(self, request: Request, total_s: float) -> None:
        self._request = request
        self._started = time.monotonic()
        self._total_s = total_s
        self._status = 0
        self._headers: dict[str, str] = {}
        self._size = self._raw_size = 0
        self._start: bytes | None = None
        self._kept = bytearray()
        self._unpacker: _Unpacker | None = None
        self._file: BinaryIO | None = None
        self._part: Path | None = None

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Take status and headers."""
        self._status = status
        self._headers = {name.lower(): text for name, text in headers.items()}
        if self._headers.get("content-encoding", "").strip().lower() in _GZIP:
            self._start = b""
        target = self._request.save_to
        if target and 200 <= status < 300:  # noqa: PLR2004  (the range of success)
            self._part = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")
            try:
                self._file = self._part.open("xb")
            except OSError as error:
                raise _cannot_write(target.parent, error) from None

    def take(self, chunk: bytes) -> None:
        """Take the next piece of the body."""
        self._raw_size += len(chunk)
        if self._start is not None:
            chunk = self._start = self._start + chunk
            if len(chunk) < len(_GZIP_MAGIC):
                return
            self._begin_body(chunk)
        self._keep(chunk)

    def response(self) -> Response:
        """Make sure that all is there, and make it an answer."""
        length = self._headers.get("content-length", "")
        whole = self._request.method != "HEAD" and length.isdecimal()
        if whole and int(length) != self._raw_size:
            raise TransportError(
                Outcome.UNKNOWN, f"answer cut at {self._raw_size} of {length} bytes"
            )
        if self._start is not None:
            self._keep(self._start)
        if self._unpacker and not self._unpacker.eof:
            raise TransportError(Outcome.UNKNOWN, _DAMAGED)
        self._finish_file()
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

    def _begin_body(self, start: bytes) -> None:
        """Unpack gzip that is gzip; what is only labelled so is plain already."""
        self._start = None
        if start.startswith(_GZIP_MAGIC):
            self._unpacker = zlib.decompressobj(wbits=31)

    def _keep(self, chunk: bytes) -> None:
        limit = self._request.limit_bytes
        plain = self._unpacked(chunk, limit - self._size + 1)
        self._size += len(plain)
        if self._size > limit:
            raise TransportError(Outcome.UNKNOWN, f"answer larger than {limit} bytes")
        if self._file:
            try:
                _ = self._file.write(plain)
            except OSError as error:
                raise self._unwritten(error) from None
            return
        self._kept += plain
        if time.monotonic() - self._started > self._total_s:
            raise TransportError(Outcome.UNKNOWN, f"answer not complete in {self._total_s:g} s")

    def _unpacked(self, chunk: bytes, most: int) -> bytes:
        if self._unpacker is None:
            return chunk
        try:
            return self._unpacker.decompress(chunk, most)
        except zlib.error:
            raise TransportError(Outcome.UNKNOWN, _DAMAGED) from None

    def _finish_file(self) -> None:
        target = self._request.save_to
        if self._file and self._part and target:
            try:
                self._file.flush()
                os.fsync(self._file.fileno())
                self._file.close()
                _ = self._part.replace(target)
            except OSError as error:
                raise _cannot_write(target, error) from None
            self._file = self._part = None
