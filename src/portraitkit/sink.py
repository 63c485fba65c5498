"""
Where an answer's bytes go: into memory or a file, never more than the request allows.

A body that comes compressed is unpacked within the same bound; one that is only labelled so is
taken as it is, since a gateway is known to mislabel. A file gets its name when it is complete.
"""

from __future__ import annotations

import os
import secrets
import time
import zlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from errno import EISDIR
from pathlib import Path
from typing import Any, BinaryIO, Final

from .errors import InvalidInputError, Outcome
from .wire import Request, Response


class TransportError(Exception):
    """
    No complete answer came. Becomes one of the public errors in the driver.

    Attributes:
        outcome: What is known of the request.
        reason: What happened, without a URL or a body.
        passing: Whether another try may fare better.
    """

    def __init__(self, outcome: Outcome, reason: str, *, passing: bool = True) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason
        self.passing = passing


class Sink:
    """Takes one answer: `begin`, `take` for each piece, `response`; and `discard` in any case."""

    def __init__(self, request: Request, total_s: float) -> None:
        self._request = request
        self._started = time.monotonic()
        self._total_s = total_s
        self._status = 0
        self._headers: dict[str, str] = {}
        self._size = self._raw_size = 0
        self._kept = bytearray()
        self._start: bytes | None = None
        """What came so far of a body that is labelled gzip, while that is not yet certain."""
        self._unpacker: Any = None
        self._file: BinaryIO | None = None
        self._part: Path | None = None

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Take status and headers."""
        self._status = status
        self._headers = {name.lower(): text for name, text in headers.items()}
        if self._headers.get("content-encoding", "").strip().lower() in ("gzip", "x-gzip"):
            self._start = b""
        target = self._request.save_to
        if target and 200 <= status < 300:  # noqa: PLR2004  (the range of success)
            if self._headers.get("content-type", "").strip().lower().startswith("text/html"):
                raise TransportError(Outcome.UNKNOWN, "a page came in place of the file")
            part = target.parent / f".{target.name[:100]}.{secrets.token_hex(4)}.part"
            try:
                if target.is_dir():
                    raise IsADirectoryError(EISDIR, "a folder has that name")
                self._file = part.open("xb")
            except OSError as error:
                raise _unwritable(target, error) from None
            self._part = part

    def take(self, chunk: bytes) -> None:
        """Take the next piece of the body."""
        self._raw_size += len(chunk)
        if self._start is not None:
            self._start += chunk
            if len(self._start) < len(_GZIP):
                return
            chunk, self._start = self._start, None
            if chunk.startswith(_GZIP):
                self._unpacker = zlib.decompressobj(wbits=31)
        self._keep(chunk)

    def response(self) -> Response:
        """Make sure that everything came, and end."""
        length = self._headers.get("content-length", "")
        whole = self._request.method != "HEAD" and length.isascii() and length.isdecimal()
        # Compared as text: Python refuses to read a number of thousands of digits.
        if whole and (length.lstrip("0") or "0") != str(self._raw_size):
            cut = f"answer cut at {self._raw_size} of {length[:20]} bytes"
            raise TransportError(Outcome.UNKNOWN, cut)
        if self._start:
            self._keep(self._start)
        if self._unpacker and not self._unpacker.eof:
            raise TransportError(Outcome.UNKNOWN, _DAMAGED)
        if self._file and not self._size:
            raise TransportError(Outcome.UNKNOWN, "the file came empty")
        self._name_file()
        return Response(
            status=self._status,
            headers=self._headers,
            content=bytes(self._kept),
            received_at=datetime.now(UTC),
        )

    def discard(self) -> None:
        """Leave nothing half done."""
        with suppress(OSError):
            if self._file:
                self._file.close()
        with suppress(OSError):
            if self._part:
                self._part.unlink(missing_ok=True)

    def _keep(self, chunk: bytes) -> None:
        limit = self._request.limit_bytes
        plain = self._unpacked(chunk, limit - self._size + 1) if self._unpacker else chunk
        self._size += len(plain)
        if self._size > limit:
            large = f"answer larger than {limit} bytes"
            raise TransportError(Outcome.UNKNOWN, large, passing=False)
        if self._file:
            try:
                _ = self._file.write(plain)
            except OSError as error:
                raise _unwritable(self._request.save_to, error) from None
            return
        self._kept += plain
        if time.monotonic() - self._started > self._total_s:
            raise TransportError(Outcome.UNKNOWN, f"answer not complete in {self._total_s:g} s")

    def _unpacked(self, chunk: bytes, most: int) -> bytes:
        try:
            plain: bytes = self._unpacker.decompress(chunk, most)
        except zlib.error:
            raise TransportError(Outcome.UNKNOWN, _DAMAGED) from None
        return plain

    def _name_file(self) -> None:
        target = self._request.save_to
        if not (self._file and self._part and target):
            return
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            _ = self._part.replace(target)
        except OSError as error:
            raise _unwritable(target, error) from None
        self._file = self._part = None


def _unwritable(path: Path | None, error: OSError) -> InvalidInputError:
    return InvalidInputError(
        f"cannot write to {str(path)!r}: {error.strerror or type(error).__name__}",
        field="path",
        next_step="choose a file in an existing folder that can be written to and has room",
    )


_GZIP: Final = b"\x1f\x8b"
_DAMAGED: Final = "answer is damaged gzip"
