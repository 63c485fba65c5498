"""The journal: what a client writes down of its calls, and what can be read of it."""

from __future__ import annotations

import json
import logging
import secrets
import warnings
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

from attrs import evolve

from ..values.errors import ConfigError, JournalError
from ..values.secret import Secret
from .arguments import CREATES
from .file import JournalFile
from .records import DAMAGED, Entry, Record, read_entry, records_of
from .store import Rows, Store, is_url, place_of, without_sql

_log: Final = logging.getLogger("portraitkit")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Lease:
    """
    Somebody who has jobs in hand: a client, or whoever resumed. Lives as long as it is held.

    In a forked process it is somebody else.
    """

    def __init__(self, journal: Journal) -> None:
        self._store = journal.store
        self._id = 0
        self._numbers: dict[int, int] = {}
        self._end: Callable[[], object] | None = None

    @property
    def id(self) -> int:
        """The number that entries bear."""
        if not self._store.holds(known := self._id):
            number = self._store.new_lease()
            while not self._store.acquire(number):
                # It can be held already where the journal was deleted while in use.
                number = self._store.new_lease()
            # Of threads that come here at once all get the number of the first.
            if (first := self._numbers.setdefault(known, number)) == number:
                self._end = weakref.finalize(self, self._store.release, number)
            else:
                self._store.release(number)
            self._id = first
        return self._id

    def release(self) -> None:
        """Leave what is in hand to others."""
        if self._end is not None:
            _ = self._end()
        self._id = 0
        self._numbers.clear()


Row: TypeAlias = tuple[str, str, str, Mapping[str, Any]]
"""Job, kind, handle, facts."""


class Journal:
    """
    Read a journal, or make one where there is none. It sends nothing and needs no key.

    Safe to share between threads, and between processes by its path or URL; also after a fork.

    Args:
        path: A file's path; or the URL of a database for several machines, such as
            `postgresql+psycopg://host/name` (extra `sql`).

    Raises:
        ConfigError: Its folder is not there, or the file is no journal, or a later version's.
        JournalError: The database cannot be used, or has a later version's journal.
    """

    def __init__(self, path: Path | str | Secret) -> None:
        self.now: Callable[[], datetime] = _utc_now
        self.store: Final = _open(path)
        self.store.read(lambda _: None)

    def __repr__(self) -> str:
        return f"<Journal {self.store!r}>"

    def entries(self) -> list[Entry]:
        """Every entry, oldest first; of the kind `damaged` where its row cannot be read."""
        return self.store.read(_read)

    def jobs(self) -> list[Record]:
        """What is known of every job, oldest first, finished or not. Claims none."""
        return list(records_of(self.entries()).values())

    def record(self, job: str) -> Record:
        """What is known of one job."""
        return self.store.read(lambda rows: _record(rows, job))

    def has_made(self, handle: str) -> bool:
        """Whether a create is known to have made this. What was only waited for may be anyone's."""
        return self.store.read(lambda rows: _has_made(rows, handle))

    def unfinished(self) -> list[Record]:
        """What is known of every job that has not ended, oldest first. Claims none."""
        return list(records_of(self.store.read(_read_unfinished)).values())

    def prune(self, age: timedelta) -> int:
        """
        Delete the entries of jobs that ended so long ago.

        What is newer than the oldest unfinished job is kept: what that may have made is told from
        what others have. Run it now and then, such as once a day.

        Returns:
            How many entries were deleted.
        """
        before = (self.now() - age).isoformat()
        return self.store.write(lambda rows: rows.prune(before), flushed=False)

    def close(self) -> None:
        """Close the file or the connection; it opens again when it is used."""
        self.store.close()

    # -- what the library writes -----------------------------------------------------------------

    def add(self, lease: int, rows: Sequence[Row], *, flushed: bool) -> None:
        """
        Add entries, all or none.

        Raises:
            JournalError: They cannot be written, or one notes a create of somebody else's job.
        """
        at = self.now()

        def add(into: Rows) -> None:
            for job in (job for job, kind, _, _ in rows if kind == "sending"):
                _check_in_hand(_record(into, job), lease)
            _insert(into, lease, at, rows)

        self.store.write(add, flushed=flushed)

    def add_to_all(
        self, lease: int, rows: Sequence[Row], things: Iterable[str], *, flushed: bool
    ) -> None:
        """Add entries, and the first one's news to every open job about one of *things*."""
        at = self.now()
        known = tuple(dict.fromkeys(each for each in things if each))

        def add(into: Rows) -> None:
            mine = {row[0] for row in rows}
            _, kind, handle, facts = rows[0]
            others = [job for job in _open_about(into, known) if job not in mine]
            _insert(into, lease, at, [*rows, *((job, kind, handle, facts) for job in others)])

        self.store.write(add, flushed=flushed)

    def settle(self, lease: Lease, things: Iterable[str], handle: str, status: str) -> None:
        """End every open job about one of *things*, as somebody saw how it came out."""
        known = tuple(dict.fromkeys(each for each in things if each))
        if jobs := self.store.read(lambda rows: _open_about(rows, known)):
            rows = [(job, "ended", handle, {"status": status}) for job in jobs]
            self.add(lease.id, rows, flushed=False)

    def claim(self, lease: Lease, job: str = "") -> list[Record]:
        """
        Take over every unfinished job that nobody alive has in hand, or one of them.

        Damaged rows are told in a warning. A job may have been sent if one that follows its
        beginning is; one whose beginning is damaged is left.
        """
        read = partial(_read_unfinished, job=job)
        entries = self.store.read(read)
        known = [each for each in records_of(entries).values() if not each.finished]
        self._report(entries, [each for each in known if each.is_lost])
        if all(each.is_lost for each in known):
            return []
        mine = lease.id
        free = {each for each in {each.lease for each in known} if self._is_free(each)}

        def take(rows: Rows) -> list[Record]:
            # Within one transaction, so that two who claim at once see each other's claims: a
            # lease that is new since the look has a living holder.
            every = records_of(read(rows)).values()
            opened = [each for each in every if not (each.finished or each.is_lost)]
            taken = [each for each in opened if each.lease is None or each.lease in free]
            _insert(rows, mine, self.now(), [(each.id, "claimed", "", {}) for each in taken])
            return [evolve(each, lease=mine) for each in taken]

        return self.store.write(take, flushed=False)

    def orphans(self, profile: str, quiet: timedelta) -> list[str]:
        """
        Name the jobs of a profile that nobody advances, and note that they were named.

        They were begun to be done in steps; nobody alive has them in hand, and nothing was noted of
        them for so long. What waits for somebody's decision is not among them.
        """
        before = self.now() - quiet

        def is_quiet(each: Record) -> bool:
            is_open = each.stepped_by == profile and not (each.finished or each.state == "unsure")
            return is_open and each.noted_at is not None and each.noted_at <= before

        def note(some: Sequence[Record], rows: Rows) -> list[str]:
            # Looked at once more within the transaction: somebody may have come first.
            named = [each.id for each in some if is_quiet(_record(rows, each.id))]
            _insert(rows, 0, self.now(), [(each, "interrupted", "", {}) for each in named])
            return named

        found = [each for each in self.unfinished() if is_quiet(each) and self._is_free(each.lease)]
        # A few at a time, as nobody else can write meanwhile.
        parts = (found[begin : begin + 100] for begin in range(0, len(found), 100))
        named = (self.store.write(partial(note, each), flushed=False) for each in parts)
        return [job for jobs in named for job in jobs]

    def _is_free(self, lease: int | None) -> bool:
        if lease is None or not self.store.acquire(lease):
            return lease is None
        self.store.release(lease)
        return True

    def _report(self, entries: Iterable[Entry], left: Iterable[Record]) -> None:
        rows = ", ".join(str(each.id) for each in entries if each.kind == DAMAGED)
        jobs = ", ".join(f"{each.id} {each.operation} {each.handle}".strip() for each in left)
        if jobs or rows:
            _ = report(
                f"the journal {self.store!r} has damaged entries (rows {rows or 'missing'}), "
                f"and these jobs cannot be resumed: {jobs or 'none'}. Look for what they made in "
                "the vendor's console"
            )


def report(text: str) -> bool:
    """Tell of a trouble that must not stop anything. False, for one that was told."""
    _log.warning("%s", text)
    with suppress(Warning):  # made an error by the application: what goes on is worth more
        warnings.warn(text, stacklevel=3)
    return False


def _open(path: Path | str | Secret) -> Store:
    place = place_of(path)
    if not is_url(place):
        return JournalFile(_absolute(place))
    try:
        from .sql_store import SqlStore  # noqa: PLC0415  (an extra)
    except ImportError:
        raise without_sql("journal") from None
    return SqlStore(str(place))


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


def _insert(into: Rows, lease: int, at: datetime, rows: Iterable[Row]) -> None:
    into.insert(
        [
            (job, at.isoformat(), lease, kind, handle, json.dumps(facts))
            for job, kind, handle, facts in rows
        ]
    )


def _read(rows: Rows) -> list[Entry]:
    return [read_entry(each) for each in rows.select()]


def _read_unfinished(rows: Rows, job: str = "") -> list[Entry]:
    found = rows.select(job=job) if job else rows.unfinished()
    return [read_entry(each) for each in found]


def _record(rows: Rows, job: str) -> Record:
    entries = [read_entry(each) for each in rows.select(job=job)]
    return records_of(entries).get(job, Record(id=job))


def _open_about(rows: Rows, things: Sequence[str]) -> list[str]:
    """The unfinished jobs that went by one of these handles."""
    found = (job for each in things for job in _about(rows, each))
    return [job for job in dict.fromkeys(found) if not _record(rows, job).finished]


def _has_made(rows: Rows, handle: str) -> bool:
    return any(_record(rows, job).operation in CREATES for job in _about(rows, handle))


def _about(rows: Rows, handle: str) -> list[str]:
    """The jobs that went by a handle."""
    found = (read_entry(row).job for row in rows.select(handle=handle))
    return [job for job in dict.fromkeys(found) if job]


def _check_in_hand(record: Record, lease: int) -> None:
    """Refuse to send what somebody else may send: after a lost connection, or in a fork."""
    if record.lease not in (None, lease):
        raise JournalError(
            "this job is in other hands, so that its create was not sent",
            operation=record.operation,
            field="journal",
            next_step="call again if it is not resumed elsewhere",
        )
