"""Where a list ends, for all who walk over pages."""

from __future__ import annotations

from typing import Final, Generic, TypeVar

from ..errors import UnexpectedResponseError
from ..models import Page

T = TypeVar("T")

MOST_EMPTY: Final = 1000
"""Empty pages in a row: a filter may leave many so, and a vendor's fault any number."""


class Walk(Generic[T]):
    """One walk over pages, which ends even where a vendor repeats itself."""

    def __init__(self) -> None:
        self._cursors: set[str | None] = {None}
        self._last: tuple[T, ...] = ()
        self._empty = 0

    def at_end(self, page: Page[T]) -> bool:
        """
        Tell whether this was the last page: there is no next one, or it has been here before.

        Raises:
            UnexpectedResponseError: Nothing but empty pages comes, each with another cursor.
        """
        again = bool(page.items) and page.items == self._last
        if again or page.next in self._cursors:
            return True
        self._cursors.add(page.next)
        self._last = page.items
        self._empty = 0 if page.items else self._empty + 1
        if self._empty >= MOST_EMPTY:
            raise UnexpectedResponseError(
                f"the list has no end: {MOST_EMPTY} empty pages came in a row",
                next_step="report it to the vendor",
            )
        return False
