"""
Who is still there: one locked byte of a file for each holder.

The system lets go of a lock when its process ends, however it ends, and gives it to no child. So a
locked byte means a living holder; a process id would mean nothing once it is used again.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

from attrs import define, field

if sys.platform == "win32":  # pragma: no cover  (the suite runs where there is fcntl)
    import msvcrt

    def _lock(file: int, byte: int) -> None:
        _ = os.lseek(file, byte, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

    def _unlock(file: int, byte: int) -> None:
        _ = os.lseek(file, byte, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(file: int, byte: int) -> None:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)

    def _unlock(file: int, byte: int) -> None:
        fcntl.lockf(file, fcntl.LOCK_UN, 1, byte)


@define
class _File:
    """An open file. Closing it would let go of every lock that this process has in it."""

    file: int
    process: int
    held: set[int] = field(factory=set[int])


_files: Final[dict[Path, _File]] = {}
_left: Final[deque[tuple[Path, int]]] = deque()
"""What is to be unlocked."""
_one_at_a_time: Final = threading.Lock()
if hasattr(os, "register_at_fork"):  # pragma: no branch  (everywhere but on Windows)
    os.register_at_fork(
        before=_one_at_a_time.acquire,
        after_in_parent=_one_at_a_time.release,
        after_in_child=_one_at_a_time.release,
    )


def byte_of(name: str) -> int:
    """The byte whose lock stands for a name; the first is the file's own."""
    return int.from_bytes(sha256(name.encode()).digest()[:7]) + 1


def acquire(path: Path, byte: int) -> bool:
    """Lock a byte for as long as this process lives. False if somebody has it."""
    with _opened(path) as opened:
        if byte in opened.held or not _locked(opened, byte):
            return False
        opened.held.add(byte)
        return True


def release(path: Path, byte: int) -> None:
    """
    Unlock a byte; nothing happens if this process does not hold it. Never waits.

    The garbage collector may call it in the middle of anything, of this module's own work too:
    then whoever is at work unlocks it afterwards.
    """
    _left.append((path, byte))
    _unlock_left()


def _unlock_left() -> None:
    while _left and _one_at_a_time.acquire(blocking=False):
        try:
            while _left:
                path, byte = _left.popleft()
                known = _files.get(path)
                if known is not None and holds(path, byte):
                    known.held.remove(byte)
                    _unlock(known.file, byte)
                    _close_unused(path, known)
        finally:
            _one_at_a_time.release()


def holds(path: Path, byte: int) -> bool:
    """Tell whether this process holds a byte."""
    known = _files.get(path)
    return known is not None and known.process == os.getpid() and byte in known.held


@contextmanager
def _opened(path: Path) -> Generator[_File, None, None]:
    _unlock_left()
    try:
        with _one_at_a_time:
            known = _files.get(path)
            if known is not None and known.process != os.getpid():
                os.close(known.file)  # a parent's: its locks stay with the parent
                known = None
            if known is None:
                file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
                known = _files[path] = _File(file, os.getpid())
            try:
                yield known
            finally:
                _close_unused(path, known)
    finally:
        _unlock_left()


def _close_unused(path: Path, known: _File) -> None:
    if not known.held:
        os.close(known.file)
        del _files[path]


def _locked(opened: _File, byte: int) -> bool:
    try:
        _lock(opened.file, byte)
    except OSError:
        return False
    return True
