"""
A journal's file: SQLite, one connection for each process, entries that are only ever added.

It is in WAL mode, so that reading never waits for writing, and one write is one flush to the disk
at most. An entry that has to be there after a power cut is flushed (`synchronous=FULL`); the others
survive the end of the process all the same, and the next flush takes them along. WAL wants a local
disk: where SQLite cannot have it, the file stays in its older mode, which is slower and as safe.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from attrs import frozen

from ..values.errors import ConfigError, JournalError
from . import liveness
from .records import ENDINGS
from .store import StoredRow
from .writing import GroupedWrites, Write

T = TypeVar("T")

VERSION: Final = 1
_OURS: Final = 0x706B6A6C
"""SQLite's `application_id` of a journal: "pkjl"."""
_BUSY_S: Final = 15.0
_SCHEMA: Final = (
    """CREATE TABLE entries (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        job TEXT NOT NULL,
        at TEXT NOT NULL,
        lease INTEGER NOT NULL,
        kind TEXT NOT NULL,
        handle TEXT NOT NULL,
        facts TEXT NOT NULL
    )""",
    "CREATE INDEX entries_of_a_job ON entries (job)",
    "CREATE INDEX entries_of_a_thing ON entries (handle) WHERE handle != ''",
    "CREATE TABLE leases (id INTEGER PRIMARY KEY AUTOINCREMENT, process INTEGER, at TEXT)",
    f"PRAGMA application_id = {_OURS}",
    f"PRAGMA user_version = {VERSION}",
)
_ENDS: Final = ", ".join(f"'{each}'" for each in ENDINGS)
_NAMELESS: Final = "typeof(job) != 'text' OR job = ''"
# By triggers, so that an older version that writes into the file keeps it, too.
_UNFINISHED: Final = (
    "CREATE TABLE unfinished (job TEXT PRIMARY KEY) WITHOUT ROWID",
    f"CREATE INDEX entries_of_the_end ON entries (job) WHERE kind IN ({_ENDS})",
    f"CREATE INDEX entries_without_a_job ON entries (id) WHERE {_NAMELESS}",
    f"""CREATE TRIGGER job_begins AFTER INSERT ON entries WHEN NEW.kind NOT IN ({_ENDS})
        AND NOT EXISTS (SELECT 1 FROM entries WHERE job = NEW.job AND kind IN ({_ENDS}))
        BEGIN INSERT OR IGNORE INTO unfinished VALUES (NEW.job); END""",  # noqa: S608  (our words)
    f"""CREATE TRIGGER job_ends AFTER INSERT ON entries WHEN NEW.kind IN ({_ENDS})
        BEGIN DELETE FROM unfinished WHERE job = NEW.job; END""",  # noqa: S608
    f"""INSERT OR IGNORE INTO unfinished SELECT job FROM entries WHERE NOT ({_NAMELESS})
        AND job NOT IN (SELECT job FROM entries WHERE kind IN ({_ENDS}))""",  # noqa: S608
)
_ROWS: Final = "SELECT id, job, at, lease, kind, handle, facts FROM entries"
_SELECT: Final = {
    "": f"{_ROWS} ORDER BY id",
    "job": f"{_ROWS} WHERE job = ? ORDER BY id",
    "handle": f"{_ROWS} WHERE handle = ? AND handle != '' ORDER BY id",
    "unfinished": f"""{_ROWS} WHERE job IN (SELECT job FROM unfinished)
        UNION ALL {_ROWS} WHERE {_NAMELESS} ORDER BY id""",  # noqa: S608
}
_FIRST_UNFINISHED: Final = "SELECT min(at) FROM entries WHERE job IN (SELECT job FROM unfinished)"
_PRUNE: Final = """DELETE FROM entries WHERE job IN (SELECT job FROM entries GROUP BY job
    HAVING max(at) < ?) AND job NOT IN (SELECT job FROM unfinished) AND typeof(job) = 'text'"""
_PARTS: Final = ("", "-wal", "-alive")
"""What has to stay where it is while the journal is in use."""
_TROUBLES: Final = (sqlite3.Error, ValueError, OverflowError)
_NO_JOURNAL: Final = "name another file: a journal is made where there is none"


class JournalFile:
    """
    One journal's file, opened when it is first used, and anew in a forked process; see `Store`.

    Attributes:
        path: The file.
        alive: The file beside it that holds the locks of leases.
    """

    def __init__(self, path: Path) -> None:
        self.path: Final = path
        self.alive: Final = path.with_name(f"{path.name}-alive")
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._process = 0
        self._seen: dict[str, tuple[int, int]] = {}
        self._writes = GroupedWrites[_FileRows](self._lock, self._write_all)
        _files.add(self)

    def __del__(self) -> None:
        self.close_now()

    def __repr__(self) -> str:
        return repr(str(self.path))

    def write(self, do: Callable[[_FileRows], T], *, flushed: bool) -> T:
        """Do something alone; see `Store`. What comes at once is one transaction, and one flush."""
        return self._writes.write(do, flushed=flushed)

    def _write_all(self, writes: Sequence[Write[_FileRows]]) -> None:
        connection = self._opened()
        is_flushed = any(each.flushed for each in writes)
        try:
            _ = connection.execute(f"PRAGMA synchronous = {'FULL' if is_flushed else 'NORMAL'}")
            _ = connection.execute("BEGIN IMMEDIATE")
            for each in writes:
                _ = connection.execute("SAVEPOINT one")
                if not each.done(_FileRows(connection)):
                    _ = connection.execute("ROLLBACK TO one")
                _ = connection.execute("RELEASE one")
            _ = connection.execute("COMMIT")
        except _TROUBLES as error:
            raise self._failed("written", error) from None
        finally:
            if connection.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    connection.rollback()

    def read(self, do: Callable[[_FileRows], T]) -> T:
        """Look something up; see `Store`."""
        with self._lock:
            connection = self._opened()
            try:
                return do(_FileRows(connection))
            except _TROUBLES as error:
                raise self._failed("read", error) from None

    def new_lease(self) -> int:
        """Name a lease; see `Store`."""
        sql = "INSERT INTO leases (process, at) VALUES (?, ?)"
        facts = (os.getpid(), datetime.now(UTC).isoformat())
        number = self.write(lambda it: it.connection.execute(sql, facts).lastrowid, flushed=False)
        return number or 0

    def acquire(self, lease: int) -> bool:
        """Hold a lease; see `Store`."""
        try:
            return liveness.acquire(self.alive, lease)
        except OSError as error:
            raise JournalError(
                f"the journal's {self.alive.name!r} cannot be used: {error.strerror}",
                field="journal",
                next_step="see to the file, its folder and the disk, then call again",
            ) from None

    def holds(self, lease: int) -> bool:
        """Tell whether this process holds it; see `Store`."""
        return liveness.holds(self.alive, lease)

    def release(self, lease: int) -> None:
        """Leave it; see `Store`."""
        liveness.release(self.alive, lease)

    def close(self) -> None:
        """Close the connection; the next use opens another."""
        with self._lock:
            self.close_now()
            self._seen.clear()

    def before_fork(self) -> None:
        """Before a fork: close, and let nobody open. SQLite must not be taken into a child."""
        _ = self._lock.acquire()
        self.close_now()

    def after_fork(self) -> None:
        """After a fork, on both sides."""
        self._lock.release()

    def close_now(self) -> None:
        """Close without waiting for others."""
        if self._connection is not None and self._process == os.getpid():
            self._connection.close()
            self._connection = None
            _ = self._seen.pop("-wal", None)  # the last to close removes it

    def _opened(self) -> sqlite3.Connection:
        self._check_same()
        known = self._connection
        if known is not None and self._process == os.getpid():
            return known
        if known is not None:
            # A fork that Python was not told of. To close it here would spoil the parent's locks.
            _inherited.append(known)
        self._connection = None
        connection = self._open()
        self._connection, self._process = connection, os.getpid()
        self._check_same()
        return connection

    def _check_same(self) -> None:
        """Refuse to write into a file that has lost its name: nobody would find it again."""
        for part in _PARTS:
            try:
                status = self.path.with_name(self.path.name + part).stat()
            except (OSError, ValueError):
                now = None
            else:
                now = (status.st_dev, status.st_ino)
            known = self._seen.get(part)
            if known is None and now is not None:
                self._seen[part] = now
            elif now != known:
                raise JournalError(
                    f"the journal {str(self.path)!r} is in use, and its file "
                    f"{self.path.name + part!r} was deleted or replaced",
                    field="journal",
                    next_step="put it back; or close what uses it and begin a new one, after a "
                    "look in the vendor's console for what was unfinished",
                )

    def _open(self) -> sqlite3.Connection:
        self._check_path()
        try:
            with _creating, contextlib.suppress(FileExistsError):
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            connection = sqlite3.connect(
                self.path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
            )
        except (OSError, *_TROUBLES) as error:
            raise self._unusable(error) from None
        connection.text_factory = _text
        try:
            # In one transaction: another process may be making the file just now.
            _ = connection.execute("BEGIN")
            version = _version(connection, self.path)
            _ = connection.execute("COMMIT")
            if version == 0:
                _create(connection, self.path)
            _keep_unfinished(connection)
            _switch_to_wal(connection)
        except sqlite3.Error as error:
            connection.close()
            raise self._unusable(error) from None
        except ConfigError:
            connection.close()
            raise
        return connection

    def _check_path(self) -> None:
        folder = self.path.parent
        problem = ""
        try:
            if self.path.is_dir():
                problem = "is a folder"
            elif not folder.is_dir():
                problem = "has no folder to be in"
            elif self.path.exists() and not self.path.is_file():
                problem = "is a device, pipe or socket"  # to open one may wait for ever
        except (OSError, ValueError) as error:
            raise self._unusable(error) from None
        if problem:
            raise ConfigError(
                f"the journal {str(self.path)!r} {problem}",
                field="journal",
                next_step=f"create {str(folder)!r}, or name a file in an existing folder",
            )

    def _unusable(self, error: Exception) -> ConfigError:
        no_journal = "not a database" in str(error)
        why = getattr(error, "strerror", None) or str(error)
        return ConfigError(
            f"the file {str(self.path)!r} is no journal"
            if no_journal
            else f"the journal {str(self.path)!r} cannot be opened: {why}",
            field="journal",
            next_step=_NO_JOURNAL if no_journal else "see to the file, its folder and the disk",
        )

    def _failed(self, what: str, error: Exception) -> JournalError:
        return JournalError(
            f"the journal {str(self.path)!r} cannot be {what}: {error}",
            field="journal",
            next_step="see to the file, its folder and the disk, then call again",
        )


@frozen
class _FileRows:
    connection: sqlite3.Connection

    def insert(self, rows: Sequence[StoredRow]) -> None:
        _ = self.connection.executemany(
            "INSERT INTO entries (job, at, lease, kind, handle, facts) VALUES (?, ?, ?, ?, ?, ?)",
            rows,
        )

    def select(self, *, job: str = "", handle: str = "") -> Iterable[Sequence[Any]]:
        by = "job" if job else "handle" if handle else ""
        return self.connection.execute(_SELECT[by], (job or handle,) if by else ())

    def unfinished(self) -> Iterable[Sequence[Any]]:
        return self.connection.execute(_SELECT["unfinished"])

    def prune(self, before: str) -> int:
        [(first,)] = self.connection.execute(_FIRST_UNFINISHED)
        before = min(before, first or before)
        return self.connection.execute(_PRUNE, (before,)).rowcount


def _text(raw: bytes) -> str | bytes:
    """Read a text; what is none stays as it is, so that one damaged row does not hide others."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """Read the version of the schema; 0 for an empty file."""
    ((ours,),) = connection.execute("PRAGMA application_id").fetchall()
    ((version,),) = connection.execute("PRAGMA user_version").fetchall()
    ((tables,),) = connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
    if (ours, version, tables) == (0, 0, 0):
        return 0
    if ours != _OURS:
        raise ConfigError(
            f"the file {str(path)!r} is no journal, but somebody's database",
            field="journal",
            next_step=_NO_JOURNAL,
        )
    if version > VERSION:
        raise ConfigError(
            f"the journal {str(path)!r} has version {version}, and this portraitkit reads"
            f" {VERSION}",
            field="journal",
            next_step="upgrade portraitkit, or name another file",
        )
    return int(version)


def _create(connection: sqlite3.Connection, path: Path) -> None:
    _ = connection.execute("BEGIN IMMEDIATE")
    if _version(connection, path) == 0:  # another process may have been faster
        for statement in _SCHEMA:
            _ = connection.execute(statement)
    _ = connection.execute("COMMIT")


def _keep_unfinished(connection: sqlite3.Connection) -> None:
    """Add the table of unfinished jobs to a file that was made without one."""
    is_there = "SELECT 1 FROM sqlite_master WHERE name = 'unfinished'"
    if connection.execute(is_there).fetchone():
        return
    _ = connection.execute("BEGIN IMMEDIATE")
    if not connection.execute(is_there).fetchone():
        for statement in _UNFINISHED:
            _ = connection.execute(statement)
    _ = connection.execute("COMMIT")


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    # SQLite does not wait here by itself while another process opens the file.
    give_up_s = time.monotonic() + _BUSY_S
    while True:
        try:
            _ = connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > give_up_s:
                raise
            time.sleep(0.01)
        else:
            return


_creating: Final = threading.Lock()
_files: Final[weakref.WeakSet[JournalFile]] = weakref.WeakSet()
_inherited: Final[list[sqlite3.Connection]] = []
_held: Final[list[JournalFile]] = []


def _before_fork() -> None:
    for each in sorted(_files, key=id):
        each.before_fork()
        _held.append(each)


def _after_fork() -> None:
    while _held:
        _held.pop().after_fork()


if hasattr(os, "register_at_fork"):  # pragma: no branch  (everywhere but on Windows)
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork
    )
