"""
A ledger in a database, through SQLAlchemy: SQLite, or PostgreSQL for several machines.

A change is compared and set: it is written only if the entry is still the one that it was made
from. What is taken for oneself is an advisory lock of PostgreSQL, which ends with its connection;
beside SQLite it is a locked byte, as beside a file.
"""

from __future__ import annotations

import json
from typing import Final

import sqlalchemy as sql
from sqlalchemy.exc import IntegrityError

from ..journal.databases import Database
from ..journal.liveness import byte_of
from ..values.errors import LedgerError
from .bindings import Binding, Key, read_binding
from .ledger import VERSION, Change

_tables = sql.MetaData()
_NAMED: Final = ("portrait", "provider", "account")
_ENTRIES: Final = sql.Table(
    "portraitkit_portraits",
    _tables,
    *(sql.Column(name, sql.String(200), primary_key=True) for name in _NAMED),
    sql.Column("entry", sql.Text, nullable=False),
)
_CONTENTS: Final = sql.Table(
    "portraitkit_contents",
    _tables,
    *(sql.Column(name, sql.String(200), primary_key=True) for name in _NAMED),
    sql.Column("content", sql.String(64), primary_key=True, index=True),
)


class SqlLedger:
    """A ledger in a database that SQLAlchemy names, such as `postgresql+psycopg://host/name`."""

    def __init__(self, url: str) -> None:
        self._database: Final = Database(url, "ledger", _tables, VERSION, LedgerError)

    def __repr__(self) -> str:
        return f"<SqlLedger {self._database!r}>"

    def bindings(
        self,
        portrait: str | None = None,
        *,
        owner: tuple[str, str] | None = None,
        content: str = "",
    ) -> list[Binding]:
        """Read entries; see `Ledger`."""
        table = _ENTRIES.c
        query = sql.select(table.entry).order_by(table.portrait, table.provider, table.account)
        if portrait is not None:
            query = query.where(table.portrait == portrait)
        if owner is not None:
            query = query.where(table.provider == owner[0], table.account == owner[1])
        if content:
            same = (getattr(_CONTENTS.c, name) == getattr(table, name) for name in _NAMED)
            query = query.where(sql.exists().where(*same, _CONTENTS.c.content == content))
        rows = self._database.look(lambda connection: connection.execute(query).all())
        found = [read_binding(json.loads(row.entry)) for row in rows]
        return sorted(found, key=lambda each: each.key)  # databases sort texts otherwise

    def change(self, key: Key, change: Change) -> Binding | None:
        """Change one entry; see `Ledger`."""
        before = sql.select(_ENTRIES.c.entry).where(*_is(_ENTRIES, key))
        while True:
            text = self._database.look(lambda connection: connection.scalar(before))
            now = change(None if text is None else read_binding(json.loads(text)))
            if self._set(key, text, now):
                return now

    def _set(self, key: Key, before: str | None, now: Binding | None) -> bool:
        """Write an entry, if it is still what it was; tell whether it was."""
        named = dict(zip(_NAMED, key, strict=True))
        text = None if now is None else json.dumps(now.to_dict(), sort_keys=True)
        if before == text:
            return True
        same = (*_is(_ENTRIES, key), _ENTRIES.c.entry == before)
        looks = now.looks.values() if now else ()
        contents = {look.content for look in looks if look.content}
        try:
            with self._database.transaction() as connection:
                if before is None:
                    _ = connection.execute(_ENTRIES.insert().values(**named, entry=text))
                else:
                    done = (
                        _ENTRIES.delete() if text is None else _ENTRIES.update().values(entry=text)
                    )
                    if connection.execute(done.where(*same)).rowcount == 0:
                        return False
                _ = connection.execute(_CONTENTS.delete().where(*_is(_CONTENTS, key)))
                for content in sorted(contents):
                    _ = connection.execute(_CONTENTS.insert().values(**named, content=content))
        except IntegrityError:  # somebody else was faster
            return False
        return True

    def acquire(self, name: str) -> bool:
        """Take a name; see `Ledger`."""
        return self._database.acquire(byte_of(name))

    def release(self, name: str) -> None:
        """Leave a name to others; see `Ledger`."""
        self._database.release(byte_of(name))

    def close(self) -> None:
        """Close the connection; see `Ledger`."""
        self._database.close()


def _is(table: sql.Table, key: Key) -> tuple[sql.ColumnElement[bool], ...]:
    named = zip(_NAMED, key, strict=True)
    return tuple(getattr(table.c, name) == value for name, value in named)
