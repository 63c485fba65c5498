"""
A ledger in a database, through SQLAlchemy: SQLite, or PostgreSQL for several machines.

A change is compared and set: it is written only if the entry is still the one that it was made
from. What is taken for oneself is an advisory lock of PostgreSQL, which ends with its connection;
beside SQLite it is a locked byte, as beside a file.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import sqlalchemy as sql
from sqlalchemy.exc import IntegrityError, ProgrammingError, SQLAlchemyError

from ..journal import liveness
from ..values.errors import ConfigError, LedgerError
from ..values.masking import mask_links
from .bindings import Binding, Key, read_binding
from .ledger import VERSION, Change, byte_of

_tables = sql.MetaData()
_VERSIONS: Final = sql.Table("portraitkit_versions", _tables, sql.Column("ledger", sql.Integer))
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
        try:
            self._url: Final = sql.make_url(url)
            kind, file = self._url.get_backend_name(), self._url.database
            known = kind == "postgresql" or (
                kind == "sqlite" and file not in (None, "", ":memory:")
            )
        except SQLAlchemyError:
            known = False
        if not known:
            raise ConfigError(
                "the ledger's database is neither SQLite nor PostgreSQL",
                field="ledger",
                next_step="write sqlite:///FILE, postgresql+psycopg://HOST/NAME, or a file's path",
            )
        file = self._url.database if self._url.get_backend_name() == "sqlite" else None
        self._alive: Final = Path(f"{file}-alive").absolute() if file else None
        self._lock = threading.RLock()
        self._held: set[str] = set()
        self._engines: dict[int, sql.Engine] = {}
        self._holders: dict[int, sql.Connection] = {}

    def __repr__(self) -> str:
        return f"<SqlLedger {self._url.render_as_string(hide_password=True)!r}>"

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
        with self._connected("read") as connection:
            rows = connection.execute(query).all()
        found = [read_binding(json.loads(row.entry)) for row in rows]
        return sorted(found, key=lambda each: each.key)  # databases sort texts otherwise

    def change(self, key: Key, change: Change) -> Binding | None:
        """Change one entry; see `Ledger`."""
        while True:
            with self._connected("read") as connection:
                before = connection.execute(sql.select(_ENTRIES.c.entry).where(*_is(_ENTRIES, key)))
                text = before.scalar_one_or_none()
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
            with self._connected("written") as connection, connection.begin():
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
        if self._alive is not None:
            with self._told("written"):
                return liveness.acquire(self._alive, byte_of(name))
        with self._lock, self._told("written"):
            if name in self._held:  # the database lets one session take it twice
                return False
            taken = self._holder().scalar(sql.select(sql.func.pg_try_advisory_lock(byte_of(name))))
            if taken:
                self._held.add(name)
            return bool(taken)

    def release(self, name: str) -> None:
        """Leave a name to others; see `Ledger`."""
        if self._alive is not None:
            liveness.release(self._alive, byte_of(name))
            return
        with self._lock, suppress(SQLAlchemyError):  # a lost connection has released it
            if name in self._held:
                self._held.remove(name)
                _ = self._holder().scalar(sql.select(sql.func.pg_advisory_unlock(byte_of(name))))

    def close(self) -> None:
        """Close the connections; see `Ledger`."""
        with self._lock:
            if (holder := self._holders.pop(os.getpid(), None)) is not None:
                holder.close()
            self._held.clear()
            if (engine := self._engines.pop(os.getpid(), None)) is not None:
                engine.dispose()

    @contextmanager
    def _told(self, what: str) -> Generator[None]:
        """Make an error of the database's the ledger's; it may name the host, and no password."""
        try:
            yield
        except IntegrityError:
            raise
        except (SQLAlchemyError, OSError) as error:
            why = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            raise LedgerError(
                f"the ledger {self!r} cannot be {what}: {mask_links(why)}",
                field="ledger",
                next_step="see to the database and its address, then call again",
            ) from None

    @contextmanager
    def _connected(self, what: str) -> Generator[sql.Connection]:
        with self._told(what), self._engine().connect() as connection:
            yield connection

    def _engine(self) -> sql.Engine:
        """This process's own: a connection must not be shared with a forked one."""
        with self._lock:
            if (engine := self._engines.get(os.getpid())) is None:
                wait = {"timeout": _BUSY_S} if self._alive else {}
                engine = sql.create_engine(self._url, connect_args=wait, pool_pre_ping=True)
                self._prepare(engine)
                self._engines[os.getpid()] = engine
            return engine

    def _holder(self) -> sql.Connection:
        """The connection whose life the locks have."""
        holder = self._holders.get(os.getpid())
        if holder is None or holder.closed or holder.invalidated:
            self._held.clear()
            holder = self._engine().connect().execution_options(isolation_level="AUTOCOMMIT")
            self._holders[os.getpid()] = holder
        return holder

    def _prepare(self, engine: sql.Engine) -> None:
        try:
            _tables.create_all(engine)
        except (IntegrityError, ProgrammingError):  # another process makes them just now
            _tables.create_all(engine)
        with engine.begin() as connection:
            versions = connection.scalars(sql.select(_VERSIONS.c.ledger)).all()
            if not versions:
                _ = connection.execute(_VERSIONS.insert().values(ledger=VERSION))
        if versions and max(versions) > VERSION:
            raise LedgerError(
                f"the ledger {self!r} has version {max(versions)}, not {VERSION}",
                field="ledger",
                next_step="upgrade portraitkit",
            )


def _is(table: sql.Table, key: Key) -> tuple[sql.ColumnElement[bool], ...]:
    named = zip(_NAMED, key, strict=True)
    return tuple(getattr(table.c, name) == value for name, value in named)


_BUSY_S: Final = 15.0
