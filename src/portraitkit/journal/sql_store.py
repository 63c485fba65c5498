"""
A journal in PostgreSQL, for programs on several machines; see `Store`.

Who writes is alone, so that numbers are in the order of commits, and two who claim at once see each
other's claims. A lease is a number that nobody else has, and an advisory lock of it.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar

import sqlalchemy as sql
from attrs import frozen

from ..values.errors import JournalError
from .databases import Database
from .records import ENDINGS
from .store import Rows, StoredRow
from .writing import GroupedWrites, Write

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
_ENDS: Final = _ENTRIES.alias("ends")
# A NOT IN looks through its whole list for each row, once that is too long to be hashed.
_HAS_ENDED: Final = sql.exists().where(_ENDS.c.job == _ENTRIES.c.job, _ENDS.c.kind.in_(ENDINGS))
_MEMBERS: Final = _ENTRIES.columns.keys()[1:]
_ROWS: Final = sql.select(_ENTRIES).order_by(_ENTRIES.c.id)
_SELECT: Final = {
    "": _ROWS,
    **{name: _ROWS.where(_ENTRIES.c[name] == sql.bindparam("value")) for name in ("job", "handle")},
    "unfinished": _ROWS.where(~_HAS_ENDED),
}
_INSERT: Final = _ENTRIES.insert().inline()  # its number is nobody's concern


class _RefusedError(Exception):
    """Nothing of a transaction must stay."""


class SqlStore(Database):
    """One journal in a database."""

    def __init__(self, url: str) -> None:
        super().__init__(url, "journal", _tables, VERSION, JournalError)
        self._writes = GroupedWrites[Rows](threading.Lock(), self._write_all)

    def write(self, do: Callable[[Rows], T], *, flushed: bool) -> T:
        """Do something alone. What comes at once is one transaction."""
        return self._writes.write(do, flushed=flushed)

    def _write_all(self, writes: Sequence[Write[Rows]]) -> None:
        flushed = any(each.flushed for each in writes)
        with suppress(_RefusedError), self.transaction(alone=True, flushed=flushed) as connection:
            rows = _SqlRows(connection)
            if len(writes) == 1:
                if not writes[0].done(rows):
                    raise _RefusedError
                return
            for each in writes:
                _ = connection.exec_driver_sql("SAVEPOINT one")
                if not each.done(rows):
                    _ = connection.exec_driver_sql("ROLLBACK TO SAVEPOINT one")
                _ = connection.exec_driver_sql("RELEASE SAVEPOINT one")

    def read(self, do: Callable[[Rows], T]) -> T:
        """Look something up."""
        return self.look(lambda connection: do(_SqlRows(connection)))

    def new_lease(self) -> int:
        """Name a lease."""
        return secrets.randbits(62) + 1


@frozen
class _SqlRows:
    connection: sql.Connection

    def insert(self, rows: Sequence[StoredRow]) -> None:
        named = [dict(zip(_MEMBERS, each, strict=True)) for each in rows]
        if named:
            _ = self.connection.execute(_INSERT, named if len(named) > 1 else named[0])

    def select(self, *, job: str = "", handle: str = "") -> Iterable[Sequence[Any]]:
        by = "job" if job else "handle" if handle else ""
        return self.connection.execute(_SELECT[by], {"value": job or handle} if by else {})

    def unfinished(self) -> Iterable[Sequence[Any]]:
        return self.connection.execute(_SELECT["unfinished"])

    def prune(self, before: str) -> int:
        first = sql.select(sql.func.min(_ENTRIES.c.at)).where(~_HAS_ENDED)
        before = min(before, self.connection.scalar(first) or before)
        old = sql.select(_ENTRIES.c.job).group_by(_ENTRIES.c.job)
        old = old.having(sql.func.max(_ENTRIES.c.at) < before)
        gone = _ENTRIES.delete().where(_ENTRIES.c.job.in_(old), _HAS_ENDED)
        return self.connection.execute(gone).rowcount
