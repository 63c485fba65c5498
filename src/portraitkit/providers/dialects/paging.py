"""Pages of a list: what can be read of one, where it is by number, what is still to come."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final, Generic, TypeVar

from attrs import frozen

from ...operations.paging import in_turn, one_or_more
from ...values.errors import UnexpectedResponseError
from ...values.models import Asset, Group, GroupRef, Page
from ...values.statuses import AssetStatus, GroupKind
from ...vendor.calls import VendorCalls
from ...wire.codec import is_object
from ...wire.steps import Flow

T = TypeVar("T")

PAGE_SIZE: Final = 100
"""The most that Ark's lists and icover's give at once."""


@frozen(kw_only=True)
class Rows(Generic[T]):
    """
    The rows of one page: those that can be read, and how many came.

    Attributes:
        items: What could be read, in its order.
        here: How many rows there are, unreadable ones among them.
    """

    items: tuple[T, ...]
    here: int

    def page(
        self,
        *,
        next: str | None = None,
        seen: int = 0,
        total: int | None = None,
        keep: Callable[[T], bool] = bool,
    ) -> Page[T]:
        """
        Make a page of them.

        Args:
            next: What asks for the page after it.
            seen: How many rows the pages before it held.
            total: How many rows all pages hold, if the vendor says so.
            keep: Which of the items the caller asked for.
        """
        return Page(
            items=tuple(filter(keep, self.items)),
            next=next,
            to_come=max(0, (total or 0) - seen - self.here),
            lost=self.here - len(self.items),
        )


def largest(*totals: int | None) -> int | None:
    """The largest total that was told, if any was."""
    return max((each for each in totals if each is not None), default=None)


def read_rows(found: Iterable[Any], read: Callable[[Any], T]) -> Rows[T]:
    """Read each row by itself: one that cannot be read does not hide the others."""
    items: list[T] = []
    rows = list(found)
    for row in rows:
        try:
            if is_object(row):
                items.append(read(row))
        except UnexpectedResponseError:
            continue
    return Rows(items=tuple(items), here=len(rows))


def may_be(group: Group, kind: GroupKind | None) -> bool:
    """Tell whether a listed group is of a kind that is asked for, or may be, as no word tells."""
    return kind is None or group.kind in (kind, GroupKind.UNKNOWN)


@frozen
class Position:
    """
    Where a list by number is.

    Attributes:
        number: The page, from 1.
        seen: How many rows came before it.
        total: How many there are, as the page said that told of most: one that forgets it takes
            nothing back, and where rows were deleted meanwhile the pages moved over some.
    """

    number: int = 1
    seen: int = 0
    total: int | None = None

    @classmethod
    def parse(cls, text: str | None) -> Position:
        """Read what `str` wrote."""
        return cls(*(int(each) for each in (text or "1").split(":")))

    def __str__(self) -> str:
        told = (self.number, self.seen, self.total)
        return ":".join(str(each) for each in told if each is not None)

    def page(
        self, found: Rows[T], *, total: int | None, keep: Callable[[T], bool] = bool
    ) -> Page[T]:
        """Make this page; it is the last where it is empty, or where the vendor's *total* came."""
        seen = self.seen + found.here
        total = largest(self.total, total)
        more = found.here > 0 and (total is None or seen < total)
        following = str(Position(self.number + 1, seen, total)) if more else None
        return found.page(next=following, seen=self.seen, total=total, keep=keep)


class AssetsByGroup(VendorCalls):
    """Assets of a vendor whose list takes one group and no status: both are chosen here."""

    def list_assets(
        self,
        cursor: str | None,
        group: GroupRef | Sequence[GroupRef],
        *,
        status: AssetStatus | Sequence[AssetStatus] | None = None,
    ) -> Flow[Page[Asset]]:
        """List groups' assets, one group after the other."""
        asked = list(AssetStatus) if status is None else one_or_more(status, "status")
        groups: list[GroupRef] = one_or_more(group, "group")
        ids = dict.fromkeys(self.id_of("group", each) for each in groups)
        return in_turn(cursor, [*ids], partial(self.assets_page, asked))

    @abstractmethod
    def assets_page(
        self, asked: Sequence[AssetStatus], cursor: str | None, group_id: str
    ) -> Flow[Page[Asset]]:
        """List one page of a group's assets, of those in the *asked* statuses."""
