"""
A journal in PostgreSQL, for programs on several machines; see `Store`.

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
from .store import Rows, StoredRow

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
_MEMBERS: Final = _ENTRIES.columns.keys()[1:]


class SqlStore(Database):
    """One journal in a database."""

    def __init__(self, url: str) -> None:
        super().__init__(url, "journal", _tables, VERSION, JournalError)

    def write(self, do: Callable[[Rows], T], *, flushed: bool) -> T:
        """Do something alone, in one transaction."""
        commit = ("synchronous_commit", "on" if flushed else "off", True)
        with self.transaction("written", alone=True) as connection:
            _ = connection.execute(sql.select(sql.func.set_config(*commit)))
            return do(_SqlRows(connection))

    def read(self, do: Callable[[Rows], T]) -> T:
        """Look something up."""
        with self.transaction("read") as connection:
            return do(_SqlRows(connection))

    def new_lease(self) -> int:
        """Name a lease."""
        return secrets.randbits(62) + 1


@frozen
class _SqlRows:
    connection: sql.Connection

    def insert(self, rows: Sequence[StoredRow]) -> None:
        if named := [dict(zip(_MEMBERS, each, strict=True)) for each in rows]:
            _ = self.connection.execute(_ENTRIES.insert(), named)

    def select(self, *, job: str = "", handle: str = "") -> Iterable[Sequence[Any]]:
        query = sql.select(_ENTRIES).order_by(_ENTRIES.c.id)
        if job or handle:
            query = query.where(_ENTRIES.c.job == job if job else _ENTRIES.c.handle == handle)
        return self.connection.execute(query)
