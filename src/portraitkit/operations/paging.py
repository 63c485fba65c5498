"""Where a list ends, for all who walk over pages."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from itertools import count
from typing import Final, Generic, TypeVar, cast

from attrs import evolve

from ..values.errors import InvalidInputError, UnexpectedResponseError
from ..values.models import Page
from ..wire.steps import Flow

T = TypeVar("T")
S = TypeVar("S")
_log: Final = logging.getLogger("portraitkit")

MOST_EMPTY: Final = 1000
"""Empty pages in a row: a filter may leave many so, and a vendor's fault any number."""


class PageWalk(Generic[T]):
    """
    One walk over pages: it ends even where a vendor repeats itself, and says what is missing.

    Args:
        every_row: Whether a row that cannot be read makes the list incomplete, as for whoever looks
            for what may be absent. Others are warned of it in the log, and get the rest.
    """

    def __init__(self, *, every_row: bool = True) -> None:
        self._every_row = every_row
        self._cursors: set[str | None] = {None}
        self._last: tuple[T, ...] = ()
        self._empty = 0
        self._lost = self._missing = 0

    def at_end(self, page: Page[T]) -> bool:
        """
        Tell whether this was the last page: there is no next one, or it has been here before.

        Raises:
            UnexpectedResponseError: Nothing but empty pages comes, each with another cursor; or the
                list has ended, and rows of it did not come or could not be read.
        """
        self._missing += page.missing
        if page.items:
            self._lost += page.lost
        else:  # of a page of which nothing can be read, nothing is known
            self._missing += page.lost
        again = bool(page.items) and page.items == self._last
        if again or page.next in self._cursors:
            # One that repeats itself, and says that more follows, may hide the rest.
            self._missing += self._every_row and page.next is not None and not page.to_come
            self._check_whole(page.to_come)
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

    def _check_whole(self, to_come: int) -> None:
        if self._lost and not self._every_row:
            _log.warning("%d rows of a list cannot be read and are left out", self._lost)
        if missing := self._missing + to_come + (self._lost if self._every_row else 0):
            raise UnexpectedResponseError(
                f"the list is incomplete: {missing} of its rows did not come or cannot be read",
                next_step="go on with what was listed, but take nothing for absent; list again",
            )


def every(
    page_of: Callable[[str | None], Flow[Page[T]]],
    items: list[T] | None = None,
    *,
    most: int | None = None,
) -> Flow[list[T]]:
    """
    Collect all pages; stops where a vendor repeats a cursor, or the page before, which shows.

    Args:
        page_of: Asks for the page at a cursor.
        items: Where to put them: what came before an error is there, too.
        most: How many pages to ask for.

    Raises:
        UnexpectedResponseError: It is not known to be the whole list.
    """
    items = [] if items is None else items
    walk = PageWalk[T]()
    cursor: str | None = None
    for number in count(1):
        page = yield from page_of(cursor)
        items.extend(page.items)
        if walk.at_end(page):
            break
        if number == most:
            raise UnexpectedResponseError(f"the list goes on after the {most} pages that were read")
        cursor = page.next
    return items


def one_or_more(given: T | Sequence[T], field: str) -> list[T]:
    """
    Read an argument that is one thing or several.

    Raises:
        InvalidInputError: It is an empty list, which some vendors would take for no filter.
    """
    several = isinstance(given, Sequence) and not isinstance(given, str)
    found = list(cast("Sequence[T]", given)) if several else [cast("T", given)]
    if not found:
        raise InvalidInputError(f"no {field} is named", field=field, next_step="name at least one")
    return found


def in_turn(
    cursor: str | None, asked: Sequence[S], page_of: Callable[[str | None, S], Flow[Page[T]]]
) -> Flow[Page[T]]:
    """Ask for a page of the first list, and once that has ended of the next."""
    if len(asked) == 1:
        return (yield from page_of(cursor, asked[0]))
    place, _, inner = (cursor or "0:").partition(":")
    page = yield from page_of(inner or None, asked[int(place)])
    return in_place(page, int(place), more=int(place) + 1 < len(asked))


def in_place(page: Page[T], place: int, *, more: bool) -> Page[T]:
    """Number a page of one list among those of several; *more* if another list follows."""
    if page.next:
        return evolve(page, next=f"{place}:{page.next}")
    if not more:
        return page
    return evolve(page, next=f"{place + 1}:", missing=page.missing + page.to_come, to_come=0)
