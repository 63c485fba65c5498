"""Where a journal's entries are kept: a file, or a database that several machines share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar

from ..values.errors import ConfigError
from ..values.secret import Secret

T = TypeVar("T")
Row: TypeAlias = tuple[str, str, int, str, str, str]
"""An entry without its number: job, time, lease, kind, handle, facts as JSON."""


class Rows(Protocol):
    """A journal's entries, within one transaction."""

    def insert(self, rows: Sequence[Row]) -> None:
        """Add entries."""
        ...

    def select(self, job: str | None = None) -> Iterable[Sequence[Any]]:
        """Read every entry, or one job's, oldest first: its number and a `Row`."""
        ...

    def handles(self) -> Iterable[Any]:
        """Read every handle that an entry bears, once."""
        ...

    def open_about(self, things: Sequence[str]) -> Iterable[Any]:
        """Read the unfinished jobs that went by one of these handles."""
        ...

    def is_held(self, lease: int) -> bool:
        """Tell whether a living process has a lease, this one included."""
        ...


class Store(Protocol):
    """Keeps entries and leases. Shared by threads, by processes and, with SQL, by machines."""

    def write(self, do: Callable[[Rows], T], *, flushed: bool) -> T:
        """
        Do something in one transaction; who writes at the same time waits.

        Args:
            do: What to do.
            flushed: Whether it has to survive a power cut when this returns.

        Raises:
            JournalError: It cannot be written; nothing of it was.
        """
        ...

    def read(self, do: Callable[[Rows], T]) -> T:
        """
        Look something up.

        Raises:
            JournalError: It cannot be read.
        """
        ...

    def take_lease(self) -> int:
        """Take a number that nobody had, until `release` or this process's end."""
        ...

    def holds(self, lease: int) -> bool:
        """Tell whether this process has a lease."""
        ...

    def release(self, lease: int) -> None:
        """Leave a lease. Never fails."""
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
    """Make the error of a place in a database where SQLAlchemy is not installed."""
    return ConfigError(
        f"a {field} in a database needs a package that is not installed",
        field=field,
        next_step="pip install 'portraitkit[sql]'",
    )
