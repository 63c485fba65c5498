"""
A journal in PostgreSQL, for programs on several machines.

Who writes is alone, so that numbers are in the order of commits, and two who claim at once see each
other's claims. A lease is a number that nobody else has, and an advisory lock of it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

import sqlalchemy as sql
from attrs import frozen

from ..values.errors import JournalError
from .databases import Database
from .records import ENDINGS
from .store import Row, Rows

T = TypeVar("T")

VERSION: Final = 1
_tables = sql.MetaData()
_ENTRIES: Final = sql.Table(
    "portraitkit_entries",
    _tables,
    sql.Column("id", sql.BigInteger, sql.Identity(), primary_key=True),
    sql.Column("job", sql.Text, nullable=False, index=True),
    sql.Column("at", sql.Text, nullable=False),
    sql.Column("lease", sql.BigInteger, nullable=False),
    sql.Column("kind", sql.Text, nullable=False),
    sql.Column("handle", sql.Text, nullable=False, index=True),
    sql.Column("facts", sql.Text, nullable=False),
)
_MEMBERS: Final = ("job", "at", "lease", "kind", "handle", "facts")


class SqlStore:
    """One journal in a database; see `Store`."""

    def __init__(self, url: str) -> None:
        self._database: Final = Database(
            url, part="journal", tables=_tables, version=VERSION, error=JournalError
        )

    def __repr__(self) -> str:
        return repr(self._database)

    def write(self, do: Callable[[Rows], T], *, flushed: bool) -> T:
        """Do something in one transaction; see `Store`."""
        commit = ("synchronous_commit", "on" if flushed else "off", True)
        with self._database.transaction("written", alone=True) as connection:
            _ = connection.execute(sql.select(sql.func.set_config(*commit)))
            return do(_SqlRows(connection, self._database))

    def read(self, do: Callable[[Rows], T]) -> T:
        """Look something up; see `Store`."""
        with self._database.transaction("read") as connection:
            return do(_SqlRows(connection, self._database))

    def take_lease(self) -> int:
        """Take a number; see `Store`."""
        while True:
            lease = secrets.randbits(62) + 1
            if self._database.acquire(lease):
                return lease

    def holds(self, lease: int) -> bool:
        """Tell whether this process has it; see `Store`."""
        return self._database.holds(lease)

    def release(self, lease: int) -> None:
        """Leave it; see `Store`."""
        self._database.release(lease)

    def close(self) -> None:
        """Close the connection, unless a lease is held; see `Store`."""
        self._database.close()


@frozen
class _SqlRows:
    """The entries in one transaction; see `Rows`."""

    connection: sql.Connection
    database: Database

    def insert(self, rows: Sequence[Row]) -> None:
        if rows:
            named = [dict(zip(_MEMBERS, each, strict=True)) for each in rows]
            _ = self.connection.execute(_ENTRIES.insert(), named)

    def select(self, job: str | None = None) -> Iterable[Sequence[Any]]:
        query = sql.select(_ENTRIES).order_by(_ENTRIES.c.id)
        return self.connection.execute(query if job is None else query.where(_ENTRIES.c.job == job))

    def handles(self) -> Iterable[Any]:
        query = sql.select(_ENTRIES.c.handle).distinct().where(_ENTRIES.c.handle != "")
        return self.connection.scalars(query)

    def open_about(self, things: Sequence[str]) -> Iterable[Any]:
        other = _ENTRIES.alias()
        ended = sql.exists().where(other.c.job == _ENTRIES.c.job, other.c.kind.in_(ENDINGS))
        query = sql.select(_ENTRIES.c.job).distinct().order_by(_ENTRIES.c.job)
        return self.connection.scalars(query.where(_ENTRIES.c.handle.in_(things), ~ended))

    def is_held(self, lease: int) -> bool:
        if self.database.holds(lease):
            return True  # one session may take it twice
        taken = sql.select(sql.func.pg_try_advisory_xact_lock(lease))
        return not self.connection.scalar(taken)
