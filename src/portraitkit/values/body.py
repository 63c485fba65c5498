"""Bodies that are not held in memory: of a known length, read in pieces anew at each attempt."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import threading
from abc import ABC, abstractmethod
from collections.abc import Generator
from errno import EINVAL
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, Final

from attrs import field, frozen

from .errors import MediaError

PIECE_BYTES: Final = 256 * 1024
"""Two or three are held while one is sent; larger ones were no faster."""
WHOLE_BYTES: Final = 1024**2
"""What is no larger is read at once, and is bytes from then on."""
START_BYTES: Final = 64
"""Enough to tell what a file is."""


class Body(ABC):
    """
    What is sent without being held in memory.

    `len(body)` is its length in bytes, `bytes(body)` reads the whole of it, and its `repr` shows
    nothing of what is in it.
    """

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def pieces(self) -> Generator[bytes]:
        """
        Read it from the start, in pieces of at most 256 KiB. May block.

        Raises:
            MediaError: A file in it cannot be read, or is not what it was. No receiver can take
                what it got by then for the whole: the last piece is kept back.
        """

    @cached_property
    def token(self) -> bytes:
        """Random bytes, which nothing in it can have foreseen."""
        return os.urandom(16)

    @cached_property
    def sha256(self) -> str:
        """The digest in hexadecimal digits; the whole is read for it, once. May block."""
        digest = hashlib.sha256()
        for piece in self.pieces():
            digest.update(piece)
        return digest.hexdigest()

    def __bytes__(self) -> bytes:
        return b"".join(self.pieces())

    def __repr__(self) -> str:
        return f"<{type(self).__name__}, {len(self)} bytes>"


@frozen(kw_only=True, repr=False)
class FileBody(Body):
    """
    A file, read where it lies.

    Attributes:
        label: How errors name it.
        size: Its length in bytes.
        start: Its first bytes, which tell what it is.
    """

    label: str
    size: int
    start: bytes

    @abstractmethod
    def open(self) -> BinaryIO:
        """
        Open it at its first byte.

        Raises:
            OSError: It cannot be opened.
            MediaError: It is not what it was.
        """

    @abstractmethod
    def check(self) -> None:
        """
        Make sure that it is what it was when it was taken.

        Raises:
            MediaError: It is not.
        """

    def __len__(self) -> int:
        return self.size

    def pieces(self) -> Generator[bytes]:
        """Read it; the last piece only if it is still what it was."""
        left = self.size
        try:
            with self.open() as file:
                while left and (piece := file.read(min(left, PIECE_BYTES))):
                    left -= len(piece)
                    if not left:
                        self.check()
                    yield piece
                    del piece  # so that one is held at a time
        except MediaError:
            raise
        except Exception as error:  # noqa: BLE001  (what is open may be the caller's own code)
            raise self._unsent(f"cannot be read: {why_not(error)}") from None
        if left:
            raise self.changed()

    def changed(self) -> MediaError:
        """Make the error for a file that is not what it was."""
        return self._unsent("has changed since it was looked at")

    def _unsent(self, what: str) -> MediaError:
        return MediaError(
            f"{self.label} {what}; nothing was registered",
            field="source",
            next_step="call again with a file that stays as it is until the call has ended",
        )


@frozen(kw_only=True, repr=False)
class PathBody(FileBody):
    """A file at a path: the same one for as long as its size and time of change are."""

    path: Path
    modified_ns: int

    def open(self) -> BinaryIO:
        """Open it anew."""
        self.check()
        return open_regular(self.path)

    def check(self) -> None:
        """Compare its size and time of change."""
        try:
            found = self.path.stat()
        except OSError as error:
            raise self._unsent(f"cannot be read: {why_not(error)}") from None
        if (found.st_size, found.st_mtime_ns) != (self.size, self.modified_ns):
            raise self.changed()


@frozen(kw_only=True, repr=False)
class OpenBody(FileBody):
    """What is left to read of a file that is open already, and is not closed here."""

    file: Any
    offset: int
    _lock: threading.Lock = field(factory=threading.Lock, eq=False, init=False)

    def read_at(self, at: int, most: int) -> bytes:
        """Read at most so many bytes from a place in it."""
        with self._lock:
            _ = self.file.seek(self.offset + at)
            found: bytes = self.file.read(max(0, min(most, self.size - at)))
            return found

    def open(self) -> BinaryIO:
        """Begin where it stood; several may read it at a time."""
        return io.BufferedReader(_View(self), PIECE_BYTES)

    def check(self) -> None:
        """Nothing is known of it but its length, which is looked at as it is read."""


class _View(io.RawIOBase):
    """Reads an open file from a place of its own."""

    def __init__(self, body: OpenBody) -> None:
        self._body = body
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._body.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        piece = self._body.read_at(self._at, len(buffer))
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def open_regular(path: Path) -> BinaryIO:
    """
    Open a file that has an end; nothing is waited for.

    Raises:
        OSError: It cannot be opened, or is no regular file.
    """
    # A pipe that nobody writes to would hold up the opening; Windows has no such flag.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        file = os.fdopen(handle, "rb")
    except OSError:  # a folder
        os.close(handle)
        raise
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return file
    file.close()
    raise OSError(EINVAL, "a folder, device, pipe or socket is no file")


def why_not(error: Exception) -> str:
    """Why a file cannot be read, in the system's words where they are its."""
    return getattr(error, "strerror", None) or str(error)


def pieces_of(body: bytes | Body) -> Generator[bytes]:
    """Bytes or a body, piece by piece."""
    if isinstance(body, Body):
        yield from body.pieces()
        return
    for at in range(0, len(body), PIECE_BYTES):
        yield body[at : at + PIECE_BYTES]


def sha256_of(body: bytes | Body) -> str:
    """The digest in hexadecimal digits."""
    return body.sha256 if isinstance(body, Body) else hashlib.sha256(body).hexdigest()
