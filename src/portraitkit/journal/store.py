"""Where a journal's entries are kept: a file, or a database that several machines share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar

from ..values.errors import ConfigError
from ..values.secret import Secret

T = TypeVar("T")
StoredRow: TypeAlias = tuple[str, str, int, str, str, str]
"""An entry without its number: job, time, lease, kind, handle, facts as JSON."""


class Rows(Protocol):
    """A journal's entries, within one transaction."""

    def insert(self, rows: Sequence[StoredRow]) -> None:
        """Add entries."""
        ...

    def select(self, *, job: str = "", handle: str = "") -> Iterable[Sequence[Any]]:
        """Read all, or those with that job or handle, oldest first: number and `StoredRow`."""
        ...

    def unfinished(self) -> Iterable[Sequence[Any]]:
        """Read those of jobs that have not ended, and those that name no job, oldest first."""
        ...

    def prune(self, before: str) -> int:
        """
        Delete the jobs that ended before a time, and before the first unfinished one began.

        Returns:
            How many entries they had.
        """
        ...


class Store(Protocol):
    """Entries and leases. What it cannot do is a `JournalError`, and nothing of it was done."""

    def write(self, do: Callable[[Rows], T], *, flushed: bool) -> T:
        """Do something alone, in one transaction; *flushed*, it survives a power cut."""
        ...

    def read(self, do: Callable[[Rows], T]) -> T:
        """Look something up; once more, where the connection was lost meanwhile."""
        ...

    def new_lease(self) -> int:
        """Name a lease that nobody had."""
        ...

    def acquire(self, lease: int, /) -> bool:
        """Hold a lease until `release` or this process's end. False if anybody holds it."""
        ...

    def holds(self, lease: int, /) -> bool:
        """Tell whether this process holds a lease."""
        ...

    def release(self, lease: int, /) -> None:
        """Leave a lease. Neither waits nor fails, as the garbage collector calls it."""
        ...

    def close(self) -> None:
        """Close what is open; it opens again when it is used."""
        ...


def place_of(given: Path | str | Secret) -> Path | str:
    """Reveal a place that may hold a password."""
    return given.reveal() if isinstance(given, Secret) else given


def is_url(place: Path | str) -> bool:
    """Tell a database's URL from a file's path."""
    return isinstance(place, str) and "://" in place


def without_sql(field: str) -> ConfigError:
    """Make the error of a URL where SQLAlchemy is not installed."""
    return ConfigError(
        f"a {field} in a database needs a package that is not installed",
        field=field,
        next_step="pip install 'portraitkit[sql]'",
    )
