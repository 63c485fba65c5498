"""
Where an answer's bytes go: into memory or a file, never more than the request allows.

A body that comes packed as gzip or deflate is unpacked within the same bound; one that is only
labelled so is taken as it is, since a gateway is known to mislabel. Files are written as `parts`
are.
"""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, TypeVar

from ..values.remarks import Outcome
from ..wire.partial_file import PartialFile, unwritable
from ..wire.steps import Request, Response

T = TypeVar("T")


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


class ResponseBody:
    """Takes one answer: `asks`, `begin`, `take` for each piece, `response`; `leave` at the end."""

    def __init__(self, request: Request, total_s: float) -> None:
        self._request = request
        self._started = time.monotonic()
        self._most_s = total_s
        self._status = 0
        self._headers: Mapping[str, str] = {}
        self._size = self._raw_size = 0
        self._content = bytearray()
        self._packing = ""
        self._start: bytes | None = None
        """What came so far of a body that is labelled as packed, while that is not yet certain."""
        self._unpacker: Any = None
        self._file: PartialFile | None = None
        self._writes = False

    def asks(self) -> Mapping[str, str]:
        """Tell the headers that ask for the rest of a file that is here in part."""
        self._file = self._request.save_to
        return self._file.continuing() if self._file else {}

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Take status and headers, by name in lower case."""
        self._status = status
        self._headers = headers
        self._packing = self._headers.get("content-encoding", "").strip().lower()
        if self._packing not in ("", "identity"):
            self._start = b""
        if self._file and 200 <= status < 300:  # noqa: PLR2004  (the range of success)
            self._on_disk(partial(self._begin_file, self._file))
        elif self._file and status == _NO_SUCH_RANGE and self._file.continuing():
            self._on_disk(self._file.forget)
            raise TransportError(Outcome.UNKNOWN, "the file has no such rest")

    def _begin_file(self, part: PartialFile) -> None:
        self._writes = True
        most_s = self._request.timeout_s  # the client's limit is for answers in memory
        self._most_s = math.inf if most_s is None else most_s
        if self._status != _PARTIAL:
            part.begin(self._headers)
        elif not part.go_on(self._headers):
            raise TransportError(Outcome.UNKNOWN, "it is not the rest of the file that came")
        self._size = part.size_bytes

    def take(self, chunk: bytes) -> None:
        """Take the next piece of the body."""
        self._raw_size += len(chunk)
        if self._raw_size > self._request.limit_bytes + _PACKING_BYTES:
            raise self._too_large()
        self._check_time()
        if self._start is not None:
            self._start += chunk
            if len(self._start) < len(_GZIP):
                return
            chunk, self._start = self._start, None
            self._unpacker = _unpacker(self._packing, chunk)
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
        if self._unpacker and (not self._unpacker.eof or self._unpacker.unused_data):
            raise self._damaged()
        if self._file and self._writes:
            if not self._size:
                raise TransportError(Outcome.UNKNOWN, "the file came empty")
            if not self._file.is_wanted or self._packing not in _PLAIN:
                raise TransportError(Outcome.UNKNOWN, "what came in place of the file is none")
            self._on_disk(self._file.finish)
        return Response(
            status=self._status,
            headers=self._headers,
            content=bytes(self._content),
            received_at=datetime.now(UTC),
        )

    def leave(self) -> None:
        """Leave nothing half done, but what the next attempt can go on with."""
        if self._file:
            self._file.rest()

    def _keep(self, chunk: bytes) -> None:
        limit = self._request.limit_bytes
        plain = self._unpacked(chunk, limit - self._size + 1) if self._unpacker else chunk
        self._size += len(plain)
        if self._size > limit:
            raise self._too_large()
        if self._file and self._writes:
            self._on_disk(partial(self._file.write, plain))
            return
        self._content += plain

    @property
    def request(self) -> Request:
        """What is answered."""
        return self._request

    @property
    def left_s(self) -> float:
        """Seconds until the whole has to be there."""
        return self._started + self._most_s - time.monotonic()

    def too_late(self, outcome: Outcome = Outcome.UNKNOWN) -> TransportError:
        """Make the error for an exchange that goes on and on."""
        return TransportError(outcome, f"answer not complete in {self._most_s:g} s")

    def _check_time(self) -> None:
        """An answer has a limit, and a file a least rate."""
        if self.left_s <= 0:
            raise self.too_late()
        spent_s = time.monotonic() - self._started
        if self._file and spent_s > _SLOW_S and self._raw_size < spent_s * _LEAST_BYTES_PER_S:
            slow = f"the file comes at less than {_LEAST_BYTES_PER_S} bytes a second"
            raise TransportError(Outcome.UNKNOWN, slow)

    def _too_large(self) -> TransportError:
        if self._file:
            self._file.leave()
        large = f"answer larger than {self._request.limit_bytes} bytes"
        return TransportError(Outcome.UNKNOWN, large, passing=False)

    def _unpacked(self, chunk: bytes, most: int) -> bytes:
        try:
            plain: bytes = self._unpacker.decompress(chunk, most)
        except zlib.error:
            raise self._damaged() from None
        return plain

    def _damaged(self) -> TransportError:
        return TransportError(Outcome.UNKNOWN, f"answer is damaged {self._packing[:20]}")

    def _on_disk(self, do: Callable[[], T]) -> T:
        try:
            return do()
        except OSError as error:
            raise unwritable(self._file, error) from None


UNDER_WAY: Final[ContextVar[ResponseBody | None]] = ContextVar("portraitkit_exchange", default=None)
"""What this task or thread exchanges just now."""


def _unpacker(label: str, start: bytes) -> Any:
    """What unpacks a body, as its first bytes say; None for one that is not packed at all."""
    if start.startswith(_GZIP):
        return zlib.decompressobj(wbits=31)
    is_zlib = start[0] & 15 == zlib.DEFLATED and int.from_bytes(start[:2]) % 31 == 0
    if label == "deflate" and is_zlib:
        return zlib.decompressobj()
    if label in ("gzip", "x-gzip") or start[:1] in b'{[<"':
        return None
    if label == "deflate":
        return zlib.decompressobj(wbits=-15)
    packed = f"answer is packed as {label[:20]!r}, which was not asked for"
    raise TransportError(Outcome.UNKNOWN, packed, passing=False)


_GZIP: Final = b"\x1f\x8b"
_PLAIN: Final = ("", "identity", "gzip", "x-gzip")
_PACKING_BYTES: Final = 2 * 1024**2
"""By how much a packed body may be larger than what is in it."""
_SLOW_S: Final = 60.0
_LEAST_BYTES_PER_S: Final = 1024
_PARTIAL: Final = 206
_NO_SUCH_RANGE: Final = 416
