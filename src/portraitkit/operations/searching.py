"""Looking for what a lost create may have made."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar

from attrs import frozen

from ..values.errors import PortraitError
from ..values.models import Asset, Group, GroupRef, Page, Quota, VideoTask
from ..values.name_tokens import begins_like
from ..values.statuses import GroupKind
from ..wire.steps import Flow, pause, within
from .paging import every

if TYPE_CHECKING:
    from ..vendor.calls import VendorCalls


F = TypeVar("F", bound=Group | Asset)
R = TypeVar("R", bound=Group | Asset | VideoTask)
RECENT: Final = timedelta(minutes=5)
"""What was made longer ago than this is not what was lost: more than a request's time and the
difference of two clocks."""
GRACE_S: Final = 60.0
"""Seconds that the last look may take: all of a long list."""
_SHORTEST_STEP_S: Final = 1.0
_CLOCKS: Final = timedelta(seconds=5)
"""What two clocks may round, and a look may take."""
MOST_CANDIDATES: Final = 5
_PAGES_OF_TASKS: Final = 3
"""As far as a new task can be down a list of many."""


@frozen(kw_only=True)
class Listing(Generic[F]):
    """
    Where what a create makes is listed.

    Attributes:
        what: `group` or `asset`.
        listing: The operation that lists it, as a caller writes it.
        is_listed: Whether the vendor offers that.
        is_named: Whether the create's request has a place for a name.
        whole: Lists everything, page by page.
        quick: Lists what the vendor finds by a text.
    """

    what: str
    how_to_look: str
    is_listed: bool
    is_named: bool = True
    whole: Callable[[str | None], Flow[Page[F]]]
    quick: Callable[[str, str | None], Flow[Page[F]]]


@frozen(kw_only=True)
class Search(Generic[R]):
    """
    What looking came to: what is ours for certain, what may be it, what stood in the way.

    Of what may be it, the likeliest and newest is the last.
    """

    ours: tuple[R, ...] = ()
    maybe: tuple[R, ...] = ()
    trouble: str = ""
    rest_s: float = 0.0
    """For how long the vendor then wants to be left alone."""

    @property
    def is_absent(self) -> bool:
        """Whether it is certainly not there."""
        return not (self.ours or self.maybe or self.trouble)


class ListRead(NamedTuple, Generic[R]):
    """What reading a list came to."""

    items: list[R]
    """Each thing once, oldest first."""
    trouble: str
    """What stood in the way: then nothing is proved absent."""
    rest_s: float
    """For how many seconds the vendor then wants to be left alone."""


def assets_of(provider: VendorCalls, group: GroupRef, operation: str) -> Listing[Asset]:
    """Say where a group's assets are listed, and whether *operation* gives them names."""

    def whole(cursor: str | None) -> Flow[Page[Asset]]:
        return provider.list_assets(cursor, group)

    return Listing(
        what="asset",
        how_to_look="list_assets(group)",
        is_listed=provider.supports("list_assets"),
        is_named=operation not in provider.nameless,
        whole=whole,
        quick=lambda _, cursor: whole(cursor),
    )


def groups_of(provider: VendorCalls, kind: GroupKind) -> Listing[Group]:
    """Say where groups of a kind are listed."""
    return Listing(
        what="group",
        how_to_look="list_groups()",
        is_listed=provider.supports("list_groups"),
        whole=lambda cursor: provider.list_groups(cursor, kind=kind),
        quick=lambda text, cursor: provider.search_groups(cursor, text, kind=kind),
    )


def quota(provider: VendorCalls) -> Flow[Quota]:
    """Count an account's groups."""
    if not provider.supports("list_groups"):
        provider.refuse("list_groups")
    found: list[Group] = []
    _ = yield from every(provider.list_groups, found)
    return Quota(groups=len(found), most_groups=provider.most_groups)


def look(
    provider: VendorCalls,
    listing: Listing[F],
    sent: str,
    token: str,
    since_s: float | None = None,
    *,
    slack: timedelta = _CLOCKS,
) -> Flow[Search[F]]:
    """
    Look until it is found or the vendor's delay has passed: then once more, at everything.

    Args:
        provider: Whose it is.
        listing: Where it is listed.
        sent: The name that was sent.
        token: What stands behind it; empty if nothing does.
        since_s: When it was sent, if that is known. What was made then may be it under any name,
            as somebody may have renamed it.
        slack: By how much that may be wrong.
    """
    pacing = provider.pace("asset")
    step_s = max(pacing.step_s, _SHORTEST_STEP_S)
    now_s = yield from pause()
    until_s = now_s + pacing.unseen_s
    trouble = ""
    while True:
        is_last = now_s >= until_s
        pages = listing.whole if is_last or not token else partial(listing.quick, token)
        read = yield from read_list(pages, until_s=until_s + GRACE_S)
        trouble = read.trouble or trouble
        ours = tuple(each for each in read.items if token and each.name_token == token)
        if ours or is_last or now_s + read.rest_s > until_s + GRACE_S:
            age = None
            if since_s is not None:  # to read a list takes its time, and more where it is hard
                most = timedelta(seconds=(yield from pause()) - since_s)
                least = timedelta(seconds=now_s - since_s - GRACE_S)
                age = (least - slack, most + slack)
            maybe = [each for each in read.items if _may_be(each, listing, sent, age)]
            maybe.sort(key=lambda each: _is_alike(each, listing, sent))
            return Search(ours=ours, maybe=tuple(maybe), trouble=trouble, rest_s=read.rest_s)
        now_s = yield from pause(max(read.rest_s, min(step_s, until_s - now_s)))


def look_for_video(provider: VendorCalls, model: str, until_s: float) -> Flow[Search[VideoTask]]:
    """Look once for new tasks, of this model if any is; newest first."""
    pages = provider.list_videos
    read = yield from read_list(pages, until_s=until_s, most=_PAGES_OF_TASKS)
    new = [each for each in read.items if is_recent(each)]
    alike = [each for each in new if each.model == model] or new
    newest_first = sorted(alike, key=_age, reverse=True)  # without a time, in the vendor's order
    return Search(maybe=tuple(newest_first[:MOST_CANDIDATES]), trouble=read.trouble)


def read_list(
    pages: Callable[[str | None], Flow[Page[R]]],
    *,
    until_s: float | None = None,
    most: int | None = None,
) -> Flow[ListRead[R]]:
    """
    Read a list for what it may lack.

    One that came in part, or repeats itself, proves of nothing that it is absent.
    """
    items: list[R] = []
    trouble, rest_s = "", 0.0
    flow = every(pages, items, most=most)
    try:
        _ = yield from (flow if until_s is None else within(flow, until_s))
    except PortraitError as error:
        trouble, rest_s = f"looking for it failed: {error.message}", error.retry_after_s or 0.0
    known = {each.handle: each for each in items}
    if len(known) < len(items):
        trouble = trouble or "the vendor's list repeats itself"
    return ListRead(sorted(known.values(), key=_age), trouble, rest_s)


def _age(item: Group | Asset | VideoTask) -> str:
    return str(item.created_at or "")


def _may_be(
    item: Group | Asset, listing: Listing[Any], sent: str, age: tuple[timedelta, timedelta] | None
) -> bool:
    """Tell whether an item of that age may be it, its name left out, cut, or changed since."""
    if item.name_token:
        return False
    if _is_alike(item, listing, sent):
        return is_recent(item, RECENT if age is None else max(age[1], RECENT))
    if age is None or item.created_at is None:
        return False
    least, most = age
    return is_recent(item, most) and not is_recent(item, least)


def _is_alike(item: Group | Asset, listing: Listing[Any], sent: str) -> bool:
    return not (sent and listing.is_named) or begins_like(sent, item.name)


def is_recent(item: Group | Asset | VideoTask, since: timedelta = RECENT) -> bool:
    """Tell whether a listed item may have been made just now, by the vendor's clock if it tells."""
    if item.created_at is None or item.raw is None or item.raw.received_at is None:
        return True
    now = item.raw.received_at
    with suppress(ValueError, TypeError):  # ours may be ahead, and what was made look old
        now = min(now, parsedate_to_datetime(item.raw.headers.get("date", "")))
    return item.created_at >= now - since
