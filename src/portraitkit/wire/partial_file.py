"""
Files that are still on their way: under a name of their own until every byte is there.

A download that breaks off is gone on with where the server can, within the same call. Each call has
a file of its own, made afresh beside its target: nothing that was there before is trusted.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from errno import EEXIST, EISDIR, EPERM
from pathlib import Path
from typing import BinaryIO, Final

from attrs import frozen

from ..values.errors import InvalidInputError


@frozen(kw_only=True)
class Version:
    """What a server calls one version of a file, and how long that is in bytes."""

    validator: str
    total_bytes: int

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Version | None:
        """Read an answer's headers; None if a later request could not go on with the file."""
        tag = headers.get("etag", "").strip()
        validator = tag if tag.startswith('"') else headers.get("last-modified", "").strip()
        length = headers.get("content-length", "")
        ranges = headers.get("accept-ranges", "").strip().lower() == "bytes"
        if (
            not (ranges and validator and _LENGTH.fullmatch(length))
            or "content-encoding" in headers
        ):
            return None
        return cls(validator=validator, total_bytes=int(length))


def _anything(start: bytes) -> bool:
    del start
    return True


class PartialFile:
    """
    A file that is not complete, for one call. Made without touching the disk.

    For each attempt: `continuing`, then `begin` or `go_on`, `write`, and `finish` or `rest`. When
    the call ends, `leave`.
    """

    def __init__(
        self,
        target: Path,
        *,
        overwrite: bool = True,
        accepts: Callable[[bytes], bool] = _anything,
    ) -> None:
        """
        Name what a part is for.

        Args:
            target: The name it gets in the end.
            overwrite: Whether it may take the place of a file.
            accepts: Tells from the first bytes whether this is what is wanted.
        """
        self.target: Final = target
        self._overwrite = overwrite
        self._accepts = accepts
        self._path = target
        self._file: BinaryIO | None = None
        self._version: Version | None = None
        self._mode = 0
        self._start = b""
        self.size_bytes = 0

    def check(self) -> None:
        """
        Make sure that the target can get its name.

        Raises:
            FileExistsError: A file is there, and may not be replaced.
            OSError: It is a folder, a device or the like, or cannot be looked at.
        """
        try:
            mode = self.target.lstat().st_mode
        except FileNotFoundError:
            return
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(EISDIR, "a folder has that name")
        if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
            raise OSError(EPERM, "a device, pipe or socket has that name")
        if not self._overwrite:
            raise FileExistsError(EEXIST, "a file has that name")

    def continuing(self) -> Mapping[str, str]:
        """Tell the headers that ask for the rest; empty if the whole is needed."""
        if not (self._version and 0 < self.size_bytes < self._version.total_bytes):
            return {}
        return {"Range": f"bytes={self.size_bytes}-", "If-Range": self._version.validator}

    def begin(self, headers: Mapping[str, str]) -> None:
        """Start at the first byte of a version that the server has just told of."""
        file = self._opened()
        _ = file.truncate(0)
        _ = file.seek(0)
        self.size_bytes, self._start = 0, b""
        self._version = Version.of(headers)

    def go_on(self, headers: Mapping[str, str]) -> bool:
        """Take the rest, if this is the rest of the same version; else forget the part."""
        found = _RANGE.fullmatch(headers.get("content-range", "").strip())
        asked, version = self.continuing(), self._version
        tag = headers.get("etag", "").strip()
        if asked and version and found and tag in ("", version.validator):
            first, last, total = (int(each) for each in found.groups())
            whole = (self.size_bytes, version.total_bytes - 1, version.total_bytes)
            if (first, last, total) == whole:
                return True
        self.forget()
        return False

    def write(self, chunk: bytes) -> None:
        """Append a piece."""
        if len(self._start) < _START_BYTES:
            self._start += chunk[:_START_BYTES]
        _ = self._opened().write(chunk)
        self.size_bytes += len(chunk)

    @property
    def is_wanted(self) -> bool:
        """Whether its first bytes are of what was asked for."""
        return self._accepts(self._start)

    def finish(self) -> None:
        """Give the file its name. What is on the disk then is whole."""
        file = self._opened()
        file.flush()
        os.fsync(file.fileno())
        self.check()
        file.close()
        self._path.chmod(self._mode)
        _ = self._path.replace(self.target)
        self._file = None

    def save(self, content: bytes) -> None:
        """Write the whole at once."""
        self.begin({})
        self.write(content)
        self.finish()

    def forget(self) -> None:
        """Take back what is there: the next try starts at the first byte."""
        self.begin({})

    def rest(self) -> None:
        """End an attempt: keep what can be gone on with, and nothing else."""
        if not self.continuing():
            self.leave()

    def leave(self) -> None:
        """Leave nothing half done."""
        file, self._file, self._version = self._file, None, None
        if file is None:
            return
        with suppress(OSError):
            file.close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _opened(self) -> BinaryIO:
        """Open a new file, which nobody else may read while it is not whole."""
        if self._file is None:
            self._path = self.target.with_name(
                f".{self.target.name[:100]}.{secrets.token_hex(8)}.part"
            )
            self._file = self._path.open("xb")
            self._mode = stat.S_IMODE(os.fstat(self._file.fileno()).st_mode)
            self._path.chmod(0o600)
        return self._file


_START_BYTES: Final = 64
_LENGTH: Final = re.compile(r"[0-9]{1,18}")
_RANGE: Final = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")


def unwritable(part: PartialFile | None, error: Exception) -> InvalidInputError:
    """Say why a file cannot be written, and what to do."""
    taken = isinstance(error, FileExistsError)
    reason = getattr(error, "strerror", None) or "no file can have such a name"
    return InvalidInputError(
        f"cannot write to {str(part.target) if part else ''!r}: {reason}",
        field="overwrite" if taken else "path",
        next_step="pass overwrite=True to replace it, or another path"
        if taken
        else "choose a file in an existing folder that can be written to and has room",
    )
