"""
A machine's disk, with a journal on it: SQLite in memory, so that its own rows and errors are met.

What a process wrote is there for others at once, and after its end; what was not flushed is gone
after a power cut, together with all that was written later. A full disk refuses to grow.
"""

from __future__ import annotations

import sqlite3
from functools import cache
from pathlib import Path
from typing import Any

from portraitkit.journal.file import (
    _SCHEMA,
    _UNFINISHED,
    JournalFile,
    _FileRows,
    _keep_unfinished,
)
from portraitkit.journal.journal import Journal
from portraitkit.journal.records import Entry, read_entry


class Disk:
    """What several processes share."""

    def __init__(self) -> None:
        self.connection = _emptied()
        self.last = self.flushed = 0
        """The last row, and the last that a power cut leaves."""
        self.is_full = False
        self.holders: dict[int, Any] = {}
        self.writers: dict[int, Any] = {}
        """The call that wrote a row."""

    def entries(self) -> list[Entry]:
        """Every entry of the journal."""
        return [read_entry(row) for row in _FileRows(self.connection).select()]

    def unfinished(self) -> list[Any]:
        """The entries of what is left to do."""
        return list(_FileRows(self.connection).unfinished())

    def cut_power(self) -> None:
        """Lose what was not flushed; the processes have ended."""
        self.connection.execute("DELETE FROM entries WHERE id > ?", (self.flushed,))
        self.connection.execute("DELETE FROM unfinished")  # it is what the entries that stay say
        self.connection.execute(_UNFINISHED[-1])
        self.last = self.flushed
        self.holders.clear()


def _emptied() -> sqlite3.Connection:
    """A journal without entries; one at a time, as to make another takes longer than to use it."""
    connection = _made()
    for table in ("entries", "unfinished", "leases", "sqlite_sequence"):
        connection.execute(f"DELETE FROM {table}")
    return connection


@cache
def _made() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for statement in _SCHEMA:
        connection.execute(statement)
    _keep_unfinished(connection)
    return connection


class File(JournalFile):
    """The journal's file as one process has it: the library's own reading and writing."""

    def __init__(self, disk: Disk, process: Any) -> None:
        super().__init__(Path("jobs.db"))
        self._disk = disk
        self._owner = process

    def _opened(self) -> sqlite3.Connection:
        return self._disk.connection

    def close_now(self) -> None:
        """The connection is the disk's."""

    def write(self, do: Any, *, flushed: bool) -> Any:
        """Write, with a pause before and after, where the process can be killed."""
        self._owner.pause()
        disk = self._disk
        result = super().write(_no_room if disk.is_full else do, flushed=flushed)
        ((last,),) = disk.connection.execute("SELECT coalesce(max(id), 0) FROM entries")
        for number in range(disk.last + 1, last + 1):
            disk.writers[number] = self._owner.calling
        disk.last = last
        if flushed:
            disk.flushed = last
        self._owner.pause()
        return result

    def acquire(self, lease: int) -> bool:
        if lease in self._disk.holders:
            return False
        self._disk.holders[lease] = self._owner
        return True

    def holds(self, lease: int) -> bool:
        return self._disk.holders.get(lease) is self._owner

    def release(self, lease: int) -> None:
        if self.holds(lease):
            del self._disk.holders[lease]


def _no_room(rows: Any) -> None:
    raise sqlite3.OperationalError("database or disk is full")


def journal_on(disk: Disk, process: Any) -> Journal:
    """The journal on a disk, in the hands of one process."""
    made = Journal.__new__(Journal)
    made.store = File(disk, process)
    return made
