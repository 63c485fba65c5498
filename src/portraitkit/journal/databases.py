"""
A database that several machines share, through SQLAlchemy: one connection for each process.

Each statement that only reads is one round trip, in no transaction. What a process takes for itself
is an advisory lock of its connection: PostgreSQL lets go of it when the process ends, however it
ends. A connection that was lost is opened anew when it is next used, and takes again what nobody
took meanwhile. Beside SQLite a lock is a byte of a file, as beside a journal's file.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, TypeVar

import sqlalchemy as sql
from attrs import define, field
from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)

from ..values.errors import ConfigError, PortraitError
from ..values.masking import masker
from . import liveness

T = TypeVar("T")

_BUSY_S: Final = 15
_tables = sql.MetaData()
_VERSIONS: Final = sql.Table(
    "portraitkit_versions",
    _tables,
    sql.Column("part", sql.String(20), primary_key=True),
    sql.Column("version", sql.Integer, nullable=False),
)
# Of a machine that lost its power or its network, the locks are free within a minute.
_SETTINGS: Final = {
    "lock_timeout": f"{_BUSY_S}s",
    "tcp_keepalives_idle": "20",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
_KEY: Final = sql.bindparam("key", type_=sql.BigInteger)
_TAKE: Final = sql.select(sql.func.pg_try_advisory_lock(_KEY))
_LEAVE: Final = sql.select(sql.func.pg_advisory_unlock(_KEY))
_LOCK: Final = sql.func.pg_advisory_xact_lock(liveness.byte_of("portraitkit"))
_ALONE: Final = {
    is_flushed: sql.select(
        _LOCK, sql.func.set_config("synchronous_commit", "on" if is_flushed else "off", True)
    )
    for is_flushed in (True, False)
}
"""The first statement of who writes alone: on which commits it waits for the disk."""


@define
class _Session:
    """What one process has of a database."""

    lock: threading.Lock = field(factory=threading.Lock)
    connection: sql.Connection | None = None
    held: set[int] = field(factory=set[int])
    left: list[int] = field(factory=list[int])


class Database:
    """
    The tables that one part, such as the journal, has in the database that a URL names.

    Raises:
        ConfigError: The part cannot be in such a database, or its driver is not installed.
    """

    def __init__(
        self, url: str, part: str, tables: sql.MetaData, version: int, error: type[PortraitError]
    ) -> None:
        self._sessions: Final[dict[int, _Session]] = {}
        self._part: Final = part
        self._tables: Final = tables
        self._version: Final = version
        self._error: Final = error
        self._engine: Final = _engine(url, part)
        named = self._engine.url
        self._clean: Final = masker([str(named.password or "")], in_paths=True)
        self._text: Final = named.set(query={}).render_as_string(hide_password=True)
        is_file = named.get_backend_name() == "sqlite"
        self._alive: Final = Path(f"{named.database}-alive").absolute() if is_file else None

    def __repr__(self) -> str:
        return repr(self._text)

    def __del__(self) -> None:
        session = self._sessions.get(os.getpid())
        if session is not None and session.connection is not None:
            with suppress(SQLAlchemyError):
                session.connection.close()

    def look(self, do: Callable[[sql.Connection], T]) -> T:
        """Look something up, each statement by itself. Done anew where the connection was lost."""
        session = self._session()
        try:
            with session.lock, self._explaining("read"):
                return self._connected(session, do)
        finally:
            self._unlock(session)

    @contextmanager
    def transaction(
        self, *, alone: bool = False, flushed: bool = True
    ) -> Generator[sql.Connection]:
        """
        Write something in one transaction.

        Args:
            alone: When nobody else writes so.
            flushed: Whether what is written alone survives a power cut.
        """
        session = self._session()
        try:
            with session.lock, self._explaining("written"):
                begin = partial(self._begin, alone=alone, flushed=flushed)
                connection = self._connected(session, begin)
                try:
                    yield connection
                    _ = connection.exec_driver_sql("COMMIT")
                except BaseException:
                    _roll_back(connection)
                    raise
        finally:
            self._unlock(session)

    def acquire(self, key: int) -> bool:
        """Take a number for as long as this process lives. False if somebody has it."""
        if self._alive is not None:
            with self._explaining("written"):
                return liveness.acquire(self._alive, key)
        session = self._session()

        def take(connection: sql.Connection) -> bool:
            # The database lets one session take it twice.
            taken = key not in session.held and _take(connection, key)
            if taken:
                session.held.add(key)
            return taken

        try:
            with session.lock, self._explaining("written"):
                return self._connected(session, take)
        finally:
            self._unlock(session)

    def holds(self, key: int) -> bool:
        """Tell whether this process has a number, as far as it knows."""
        return key in self._session().held

    def release(self, key: int) -> None:
        """Leave a number to others. Never waits: the garbage collector may call it at any time."""
        if self._alive is not None:
            liveness.release(self._alive, key)
            return
        session = self._session()
        session.left.append(key)
        self._unlock(session)

    def close(self) -> None:
        """Close this process's connection, unless something is held by it."""
        session = self._session()
        with session.lock:
            if session.connection is not None and not session.held:
                session.connection.close()
                session.connection = None

    def _session(self) -> _Session:
        """This process's own, lock and all: nothing of it must be shared with a forked one."""
        return self._sessions.setdefault(os.getpid(), _Session())

    def _unlock(self, session: _Session) -> None:
        while session.left and session.lock.acquire(blocking=False):  # else its owner does it
            key, known = session.left.pop(), session.connection
            try:
                if key in session.held and known is not None and not known.invalidated:
                    _ = known.scalar(_LEAVE, {"key": key})
            except SQLAlchemyError:
                session.connection = None  # a lost connection has released it
            finally:
                session.held.discard(key)
                session.lock.release()

    def _connected(self, session: _Session, do: Callable[[sql.Connection], T]) -> T:
        """Do something by the open connection; once more by a new one, where that was lost."""
        known = session.connection
        if known is not None and not known.invalidated:
            try:
                return do(known)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
        session.connection = None
        session.connection = opened = self._open(session)
        return do(opened)

    def _begin(self, connection: sql.Connection, *, alone: bool, flushed: bool) -> sql.Connection:
        if self._alive is not None:
            _ = connection.exec_driver_sql("BEGIN IMMEDIATE" if alone else "BEGIN")
            return connection
        # A snapshot that is older than a lock would not show what was done before it.
        _ = connection.exec_driver_sql("BEGIN ISOLATION LEVEL READ COMMITTED")
        if alone:
            try:
                _ = connection.execute(_ALONE[flushed])
            except BaseException:
                _roll_back(connection)
                raise
        return connection

    def _open(self, session: _Session) -> sql.Connection:
        connection = self._engine.connect()
        try:
            connection.detach()  # from what would end it when it is collected in a forked process
            if self._alive is None:
                settings = (sql.func.set_config(*each, False) for each in _SETTINGS.items())
                _ = connection.execute(sql.select(*settings))
            if self._version_in(connection) is None:
                self._prepare(connection)
            session.held = {key for key in session.held if _take(connection, key)}
        except BaseException:
            connection.close()
            raise
        return connection

    def _version_in(self, connection: sql.Connection) -> int | None:
        """The version of its tables, written as they were made; None where there are none."""
        mine = sql.select(_VERSIONS.c.version).where(_VERSIONS.c.part == self._part)
        try:
            version: int | None = connection.scalar(mine)
        except (OperationalError, ProgrammingError) as error:
            if error.connection_invalidated:
                raise
            return None
        if version is not None and version > self._version:
            raise self._error(
                f"the {self._part} {self!r} has version {version}, not {self._version}",
                field=self._part,
                next_step="upgrade portraitkit",
            )
        return version

    def _prepare(self, connection: sql.Connection) -> None:
        # Another process may make them just now.
        connection = self._begin(connection, alone=True, flushed=True)
        for each in (_tables, self._tables):
            each.create_all(connection)
        if self._version_in(connection) is None:
            named = {"part": self._part, "version": self._version}
            _ = connection.execute(_VERSIONS.insert().values(named))
        _ = connection.exec_driver_sql("COMMIT")

    @contextmanager
    def _explaining(self, what: str) -> Generator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except (SQLAlchemyError, OSError, ValueError) as error:
            why = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            raise self._error(
                f"the {self._part} {self!r} cannot be {what}: {self._clean(why)}",
                field=self._part,
                next_step="see to the database and its address, then call again",
            ) from None


def _take(connection: sql.Connection, key: int) -> bool:
    return bool(connection.scalar(_TAKE, {"key": key}))


def _roll_back(connection: sql.Connection) -> None:
    try:
        _ = connection.exec_driver_sql("ROLLBACK")
    except SQLAlchemyError:
        connection.invalidate()  # what it was in the middle of ends with it


def _without_pool(url: sql.URL, **options: Any) -> sql.Engine:
    # Transactions are begun by name, so that what reads has none.
    return sql.create_engine(url, poolclass=sql.NullPool, isolation_level="AUTOCOMMIT", **options)


@cache
def _engine(text: str, part: str) -> sql.Engine:
    """What opens connections, and keeps none."""
    try:
        url = sql.make_url(text)
        kind = url.get_backend_name()
        if kind == "sqlite" and part != "journal" and url.database not in (None, "", ":memory:"):
            wait = {"timeout": _BUSY_S, "check_same_thread": False}
            return _without_pool(url, connect_args=wait)
        if kind == "postgresql":
            if url.get_driver_name().startswith("psycopg"):
                url = url.set(query={"connect_timeout": str(_BUSY_S), **url.query})
            return _without_pool(url)
    except ImportError as error:
        raise ConfigError(
            f"the {part}'s database needs a driver that is not installed: {error.name}",
            field=part,
            next_step="pip install 'psycopg[binary]', and write postgresql+psycopg://HOST/NAME",
        ) from None
    except SQLAlchemyError:
        pass  # its text may hold a password
    raise ConfigError(
        f"a {part} cannot be kept in such a database",
        field=part,
        next_step="write a file's path, or postgresql+psycopg://HOST/NAME",
    )
