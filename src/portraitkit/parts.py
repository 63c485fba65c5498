"""
Files that are still on their way: under a name of their own until every byte is there.

A download that breaks off is gone on with where the server can: the part stays beside its target,
with a note of what the server called that version of the file. One writer at a time has a part; the
lock goes with its process, however that ends.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import sys
from collections.abc import Mapping
from contextlib import suppress
from errno import EISDIR
from pathlib import Path
from typing import BinaryIO, Final

from attrs import frozen

if sys.platform == "win32":  # pragma: no cover  (there a broken download starts over)

    def _lock(file: BinaryIO) -> bool:
        del file
        return False
else:
    import fcntl

    def _lock(file: BinaryIO) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


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


class Part:
    """A file that is not complete. Use `continuing`, then `begin` or `go_on`, `write`, `finish`."""

    def __init__(self, target: Path, key: str = "") -> None:
        """
        Open a part beside *target*.

        Args:
            target: The name it gets in the end.
            key: Names the content, so that an earlier part of it can be gone on with.

        Raises:
            OSError: Nothing can be written there.
        """
        if target.is_dir():
            raise IsADirectoryError(EISDIR, "a folder has that name")
        self._target = target
        shared = _shared(target, key) if key else None
        self._file, self._path = shared or _own(target)
        self._keeps = shared is not None
        self._note = self._path.with_name(f"{self._path.name}.note")
        self._version = self._noted()
        self.size_bytes = os.fstat(self._file.fileno()).st_size

    def continuing(self) -> Mapping[str, str]:
        """Tell the headers that ask for the rest; empty if the whole is needed."""
        if not (self._version and 0 < self.size_bytes < self._version.total_bytes):
            return {}
        return {"Range": f"bytes={self.size_bytes}-", "If-Range": self._version.validator}

    def begin(self, headers: Mapping[str, str]) -> None:
        """Start at the first byte of a version that the server has just told of."""
        self._note.unlink(missing_ok=True)
        _ = self._file.truncate(0)
        _ = self._file.seek(0)
        self.size_bytes = 0
        # What has a name that nobody looks for cannot be gone on with.
        self._version = Version.of(headers) if self._keeps else None
        if self._version:
            noted = {"validator": self._version.validator, "total_bytes": self._version.total_bytes}
            _ = self._note.write_text(json.dumps(noted), encoding="utf-8")

    def go_on(self, headers: Mapping[str, str]) -> bool:
        """Take the rest, if this is the rest of the same version; else forget the part."""
        found = _RANGE.fullmatch(headers.get("content-range", "").strip())
        asked, version = self.continuing(), self._version
        tag = headers.get("etag", "").strip()
        if asked and version and found and tag in ("", version.validator):
            first, last, total = (int(each) for each in found.groups())
            whole = (self.size_bytes, version.total_bytes - 1, version.total_bytes)
            if (first, last, total) == whole:
                _ = self._file.seek(0, os.SEEK_END)
                return True
        self.forget()
        return False

    def write(self, chunk: bytes) -> None:
        """Append a piece."""
        _ = self._file.write(chunk)
        self.size_bytes += len(chunk)

    def finish(self) -> None:
        """Give the file its name. What is on the disk then is whole."""
        self._file.flush()
        os.fsync(self._file.fileno())
        _ = self._path.replace(self._target)
        self._file.close()
        self._note.unlink(missing_ok=True)

    def forget(self) -> None:
        """Take back what is there: the next try starts at the first byte."""
        self.begin({})

    def leave(self) -> None:
        """Keep what can be gone on with, and nothing else."""
        if self._file.closed:
            return
        with suppress(OSError):
            self._file.flush()
        if not self.continuing():
            for each in (self._path, self._note):
                with suppress(OSError):
                    each.unlink(missing_ok=True)
        with suppress(OSError):
            self._file.close()

    def _noted(self) -> Version | None:
        try:
            noted = json.loads(self._note.read_text(encoding="utf-8"))
            return Version(validator=str(noted["validator"]), total_bytes=int(noted["total_bytes"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None


def _shared(target: Path, key: str) -> tuple[BinaryIO, Path] | None:
    """Open the part of that content, unless somebody else writes it now."""
    path = target.parent / f".{target.name[:100]}.{key}.part"
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b")
    if _is_ours(file, path):
        return file, path
    file.close()
    return None


def _own(target: Path) -> tuple[BinaryIO, Path]:
    path = target.parent / f".{target.name[:100]}.{secrets.token_hex(4)}.part"
    return path.open("xb"), path


def _is_ours(file: BinaryIO, path: Path) -> bool:
    """Tell whether nobody else writes it, or has just given it its name."""
    with suppress(OSError):
        return _lock(file) and os.path.samestat(os.fstat(file.fileno()), path.stat())
    return False


_LENGTH: Final = re.compile(r"[0-9]{1,18}")
_RANGE: Final = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")
