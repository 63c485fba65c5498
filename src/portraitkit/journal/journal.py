"""The journal: what a client writes down of its calls, and what can be read of it."""

from __future__ import annotations

import json
import logging
import os
import secrets
import sqlite3
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

from attrs import evolve

from ..values.errors import ConfigError, JournalError
from . import liveness
from .file import JournalFile
from .records import DAMAGED, ENDINGS, Entry, Record, read_entry, records_of

_log: Final = logging.getLogger("portraitkit")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Lease:
    """
    Somebody who has jobs in hand: a client, or whoever resumed. Lives as long as it is held.

    In a forked process it is somebody else.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._id = 0
        self._process = 0
        self._end: Callable[[], object] | None = None

    @property
    def id(self) -> int:
        """The number that entries bear."""
        if not self._id or self._process != os.getpid():
            self._id, self._process = self._journal.new_lease(), os.getpid()
            self._end = weakref.finalize(self, liveness.release, self._journal.alive, self._id)
        return self._id

    def release(self) -> None:
        """Leave what is in hand to others."""
        if self._end is not None:
            _ = self._end()
        self._id = 0


Row: TypeAlias = tuple[str, str, str, Mapping[str, Any]]
"""Job, kind, handle, facts."""


class Journal:
    """
    Read a journal, or make one where there is none. It sends nothing and needs no key.

    Safe to share between threads, and between processes by its path; also after a fork.

    Raises:
        ConfigError: Its folder is not there, or the file is no journal, or a later version's.
    """

    def __init__(self, path: Path | str) -> None:
        self.path: Final = _absolute(path)
        self.alive: Final = self.path.with_name(f"{self.path.name}-alive")
        self.now: Callable[[], datetime] = _utc_now
        self._file = JournalFile(self.path)
        _ = self.handles()

    def __repr__(self) -> str:
        return f"<Journal {str(self.path)!r}>"

    def entries(self) -> list[Entry]:
        """Every entry, oldest first; of the kind `damaged` where its row cannot be read."""
        return self._file.read(lambda connection: list(_select(connection)))

    def jobs(self) -> list[Record]:
        """What is known of every job, oldest first, finished or not. Claims none."""
        return list(records_of(self.entries()).values())

    def record(self, job: str) -> Record:
        """What is known of one job."""
        found = self._file.read(lambda connection: list(_select(connection, "job = ?", job)))
        return records_of(found).get(job, Record(id=job))

    def handles(self) -> set[str]:
        """Every handle that an entry bears."""
        sql = "SELECT DISTINCT handle FROM entries WHERE handle != ''"
        found = self._file.read(lambda it: it.execute(sql).fetchall())
        return {row[0] for row in found if isinstance(row[0], str)}

    def close(self) -> None:
        """Close the file; it opens again when it is used."""
        self._file.close()

    # -- what the library writes -----------------------------------------------------------------

    def add(self, lease: int, rows: Sequence[Row], *, flushed: bool) -> None:
        """Add entries, all or none."""
        at = self.now()
        self._file.write(lambda connection: _insert(connection, lease, at, rows), flushed=flushed)

    def add_to_all(
        self, lease: int, rows: Sequence[Row], things: Iterable[str], *, flushed: bool
    ) -> None:
        """Add entries, and the first one's news to every open job about one of *things*."""
        at = self.now()
        known = tuple(dict.fromkeys(each for each in things if each))

        def add(connection: sqlite3.Connection) -> None:
            mine = {row[0] for row in rows}
            _, kind, handle, facts = rows[0]
            others = [job for job in _open_about(connection, known) if job not in mine]
            _insert(connection, lease, at, [*rows, *((job, kind, handle, facts) for job in others)])

        self._file.write(add, flushed=flushed)

    def settle(self, lease: Lease, things: Iterable[str], handle: str, status: str) -> None:
        """End every open job about one of *things*, as somebody saw how it came out."""
        known = tuple(dict.fromkeys(each for each in things if each))
        if jobs := self._file.read(lambda connection: _open_about(connection, known)):
            rows = [(job, "ended", handle, {"status": status}) for job in jobs]
            self.add(lease.id, rows, flushed=False)

    def new_lease(self) -> int:
        """Take out a lease: a number of one's own, held as long as this process lives."""
        sql = "INSERT INTO leases (process, at) VALUES (?, ?)"
        facts = (os.getpid(), self.now().isoformat())
        while True:
            number = self._file.write(lambda it: it.execute(sql, facts).lastrowid, flushed=False)
            # A number can be held already where the journal was deleted while in use.
            if number is not None and self._alive(liveness.acquire, number):
                return number

    def _alive(self, ask: Callable[[Path, int], bool], number: int) -> bool:
        try:
            return ask(self.alive, number)
        except OSError as error:
            raise JournalError(
                f"the journal's {self.alive.name!r} cannot be used: {error.strerror}",
                field="journal",
                next_step="see to the file, its folder and the disk, then call again",
            ) from None

    def claim(self, lease: Lease, job: str = "") -> list[Record]:
        """
        Take over every unfinished job that nobody alive has in hand, or one of them.

        Damaged rows are told in a warning. A job may have been sent if one that follows its
        beginning is; one whose beginning is damaged is left.
        """
        entries = self.entries()
        known = [each for each in records_of(entries).values() if not each.finished]
        self._report(entries, [each for each in known if each.is_lost])
        if all(each.is_lost for each in known):
            return []
        mine = lease.id

        def take(connection: sqlite3.Connection) -> list[Record]:
            # Within one transaction, so that two who claim at once see each other's claims.
            every = records_of(_select(connection)).values()
            opened = [each for each in every if not (each.finished or each.is_lost)]
            held = {
                number: self._alive(liveness.is_held, number)
                for number in {each.lease for each in opened}
                if number is not None
            }
            free = [
                each for each in opened if not held.get(each.lease or 0) and job in ("", each.id)
            ]
            rows: list[Row] = [(each.id, "claimed", "", {}) for each in free]
            _insert(connection, mine, self.now(), rows)
            return [evolve(each, lease=mine) for each in free]

        return self._file.write(take, flushed=False)

    def _report(self, entries: Iterable[Entry], left: Iterable[Record]) -> None:
        rows = ", ".join(str(each.id) for each in entries if each.kind == DAMAGED)
        jobs = ", ".join(f"{each.id} {each.operation} {each.handle}".strip() for each in left)
        if jobs or rows:
            _ = report(
                f"the journal {str(self.path)!r} has damaged entries (rows {rows or 'missing'}), "
                f"and these jobs cannot be resumed: {jobs or 'none'}. Look for what they made in "
                "the vendor's console"
            )


def report(text: str) -> bool:
    """Tell of a trouble that must not stop anything. False, for one that was told."""
    _log.warning("%s", text)
    with suppress(Warning):  # made an error by the application: what goes on is worth more
        warnings.warn(text, stacklevel=3)
    return False


def _absolute(path: object) -> Path:
    try:
        if isinstance(path, str | Path) and "\0" not in str(path):
            return Path(path).absolute()
    except OSError:
        pass  # a relative path, and the working directory is gone
    raise ConfigError(
        "the journal's path is none", field="journal", next_step="name a file, such as 'jobs.db'"
    )


def new_job() -> str:
    """Name a job."""
    return secrets.token_hex(8)


def _insert(connection: sqlite3.Connection, lease: int, at: datetime, rows: Iterable[Row]) -> None:
    _ = connection.executemany(
        "INSERT INTO entries (job, at, lease, kind, handle, facts) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (job, at.isoformat(), lease, kind, handle, json.dumps(facts))
            for job, kind, handle, facts in rows
        ],
    )


def _select(connection: sqlite3.Connection, where: str = "", *values: str) -> Iterator[Entry]:
    sql = "SELECT id, job, at, lease, kind, handle, facts FROM entries"
    sql += f" WHERE {where} ORDER BY id" if where else " ORDER BY id"
    for row in connection.execute(sql, values):
        yield read_entry(row)


def _open_about(connection: sqlite3.Connection, things: Sequence[str]) -> list[str]:
    """The unfinished jobs that went by one of these handles."""
    sql = (
        "SELECT DISTINCT job FROM entries AS e WHERE handle = ? AND NOT EXISTS"
        " (SELECT 1 FROM entries WHERE job = e.job AND kind IN (?, ?, ?))"
    )
    found = [row[0] for thing in things for row in connection.execute(sql, (thing, *ENDINGS))]
    return list(dict.fromkeys(each for each in found if isinstance(each, str)))
