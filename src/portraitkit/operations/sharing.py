"""
One list for all who wait: what the waits of a client know together.

1. A wait joins: `AccountWaits` knows which assets are waited for, in which groups, and since when.
2. Whoever is due first lists for all that are due (`_list_due`): groups go into batches
   (`_batches`), as many in a request as the vendor's filter takes, and a batch is walked newest
   first, no further than its pages tell something (`_Walk`).
3. The others take what it found (`seen`). Nobody waits for it beyond the own deadline, and what no
   page named is read by itself (`operations/waiting.py`).
4. The next list comes after a rest that grows with the requests for each asset found
   (`_rest_s`). A group whose list told nothing is left out of more and more lists (`skip`).
"""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from attrs import define, field

from ..limits.locking import LOCK
from ..values.errors import (
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    UnexpectedResponseError,
)
from ..values.models import Asset, Group
from ..values.statuses import GroupKind
from ..vendor.pacing import Pacing, Subject
from ..wire.steps import Flow, pause
from .guarding import guarded
from .learning import LearnedPace, WatchedWait
from .paging import PageWalk
from .patience import AskShared
from .polling import TICK_S

if TYPE_CHECKING:
    from .provider import PortraitProvider

_SHORTEST_STEP_S: Final = 0.7
"""Between lists, however many wait for what they tell; and between those of many groups."""
_SEVERAL_STEP_S: Final = 2.0
_PAUSE_AFTER_S: Final = 0.7
"""After a list of many pages, for others who use the account's rate."""
_ROWS: Final = 100
"""As many assets as one page holds at the vendors whose filter takes several groups."""
_FEW_GROUPS: Final = 10
_DUE_SOON_S: Final = 0.5
"""Who is due as soon as this is listed for, too."""
_SOONEST: Final = 0.3
_RETRY_S: Final = 0.1
_LONGEST_SKIP: Final = 8
_LAST_S: Final = 0.2
"""What is left before a deadline to read a thing by itself."""
_UNRESTED_S: Final = 1.0
"""In so many last seconds before a deadline nobody rests for a list."""


def first_list_s(pacing: Pacing, count: int) -> float:
    """Seconds to the first list for so many: sooner than for one, as it tells of all of them."""
    return pacing.first_s * max(_SOONEST, 1 / math.sqrt(count))


def shared_waits(provider: PortraitProvider) -> Flow[AccountWaits]:
    """Ask the driver for what waits at this account share."""
    answer = yield AskShared()
    shared = cast("dict[Any, AccountWaits]", answer) if isinstance(answer, dict) else {}
    with LOCK:
        return shared.setdefault((provider.name, provider.account), AccountWaits())


@define(eq=False)
class _Skip:
    """A group whose list has told nothing: how many lists leave it out now, and next time."""

    left: int = 1
    next: int = 2


@define(eq=False)
class _Waiter:
    """Something that is waited for: since when it is due, and by how many."""

    due_s: float
    users: int = 0


@define(eq=False)
class AccountWaits:
    """
    Who waits for which assets of one account, and what lists have told of them.

    Attributes:
        next_s: When the next list is due, on the client's clock.
        most_groups: How many groups a list may name, where the vendor has refused more.
    """

    next_s: float = -math.inf
    most_groups: int = sys.maxsize
    _paces: dict[str, LearnedPace] = field(factory=dict[str, LearnedPace])
    _waiting: dict[str, dict[str, _Waiter]] = field(factory=dict[str, dict[str, _Waiter]])
    _group_of: dict[str, str] = field(factory=dict[str, str])
    _seen: dict[str, tuple[float, Asset]] = field(factory=dict[str, tuple[float, Asset]])
    _kinds: dict[str, GroupKind] = field(factory=dict[str, GroupKind])
    _skips: dict[str, _Skip] = field(factory=dict[str, _Skip])
    _walked: dict[str, tuple[float, bool]] = field(factory=dict[str, tuple[float, bool]])
    _started_s: float = -math.inf
    _busy_until_s: float = -math.inf
    _took_s: float = 0.0

    def watched(
        self, provider: PortraitProvider, subject: Subject, now_s: float, *, of: str = ""
    ) -> WatchedWait:
        """
        Begin a wait that learns from those before it, for what is *of* the same kind.

        Where the profile names a pacing, that holds, and nothing is learned.
        """
        is_told = subject in provider.pacing
        known = LearnedPace() if is_told else self._paces.setdefault(subject + of, LearnedPace())
        return WatchedWait(known, provider.pace(subject), now_s)

    # -- who waits -------------------------------------------------------------------------------

    def join(self, groups: Mapping[str, str], kinds: Mapping[str, GroupKind], due_s: float) -> None:
        """Have assets listed for, from when they are due: the group of each handle, and kinds."""
        with LOCK:
            for handle, group in groups.items():
                waiter = self._waiting.setdefault(group, {}).setdefault(handle, _Waiter(due_s))
                waiter.users += 1
                waiter.due_s = min(waiter.due_s, due_s)
                self._group_of[handle] = group
                if kinds[group] is not GroupKind.UNKNOWN:
                    self._kinds[group] = kinds[group]

    def leave(self, handles: Iterable[str]) -> None:
        """Have these listed for no longer, unless others wait for them."""
        with LOCK:
            for handle in handles:
                waiter = self._waiting.get(self._group_of.get(handle, ""), {}).get(handle)
                if waiter:
                    waiter.users -= 1
                    if not waiter.users:
                        self._forget(handle)

    def settled(self, handles: Iterable[str]) -> None:
        """Have these listed for no longer, as nobody has to wait for them any more."""
        with LOCK:
            for handle in handles:
                self._forget(handle)

    def _forget(self, handle: str) -> None:
        group = self._group_of.pop(handle, "")
        waiters = self._waiting.get(group, {})
        _ = waiters.pop(handle, None), self._seen.pop(handle, None)
        if group in self._waiting and not waiters:
            for each in (self._waiting, self._kinds, self._skips, self._walked):
                _ = each.pop(group, None)

    def is_listed(self, provider: PortraitProvider, asset: Asset) -> bool:
        """Tell whether a list may tell of this and of something else that is waited for."""
        here = len(self._waiting.get(asset.group_id or "", ()))
        several = len(self._group_of) if self.most(provider) > 1 else here
        return here > 0 and several > 1 and provider.supports("list_assets")

    def most(self, provider: PortraitProvider) -> int:
        """How many groups are asked for in one list."""
        return min(provider.most_groups_listed, self.most_groups)

    def was_walked(self, asset: Asset, since_s: float) -> bool | None:
        """
        Tell whether an asset's group was listed to its end since.

        Returns:
            Whether the list was complete; None if it was not walked to its end.
        """
        at_s, is_whole = self._walked.get(asset.group_id or "", (-math.inf, False))
        return is_whole if at_s >= since_s else None

    # -- what lists tell -------------------------------------------------------------------------

    def since_s(self, due_s: float) -> float:
        """From when on a list has told of what is due then."""
        return due_s - _DUE_SOON_S

    def seen(self, assets: Iterable[Asset], since_s: float) -> dict[str, Asset]:
        """What was listed of these since."""
        found = ((each.handle, self._seen.get(each.handle)) for each in assets)
        return {handle: seen[1] for handle, seen in found if seen and seen[0] >= since_s}

    def listed(
        self, provider: PortraitProvider, assets: Sequence[Asset], since_s: float, until_s: float
    ) -> Flow[dict[str, Asset]]:
        """
        What lists tell of these: of a list that somebody makes now, or of one of our own.

        Args:
            provider: Whose assets they are.
            assets: What is waited for, all of it joined.
            since_s: When they were looked at last.
            until_s: When their wait ends.
        """
        while True:
            now_s = yield from pause()
            found = self.seen(assets, since_s)
            lacking = [each for each in assets if each.handle not in found]
            if not any(self.is_listed(provider, each) for each in lacking):
                return found
            is_busy, left_s = now_s < self._busy_until_s, until_s - now_s
            was_listed = self._started_s >= since_s and not is_busy  # and they were not in it
            has_no_time = left_s < _LAST_S and (is_busy or len(lacking) == 1)
            if was_listed or has_no_time:
                return found
            rest_s = max(_RETRY_S, self._took_s / 4) if is_busy else self.next_s - now_s
            if not is_busy and (rest_s <= TICK_S or left_s <= _UNRESTED_S):
                yield from self._list_due(provider, now_s, until_s)
                return self.seen(assets, since_s)
            _ = yield from pause(min(rest_s, max(_RETRY_S, left_s - _UNRESTED_S)))

    def _list_due(self, provider: PortraitProvider, started_s: float, until_s: float) -> Flow[None]:
        """List for everybody who is due."""
        step_s = provider.pace("asset").step_s
        now_s, rest_s = started_s, step_s
        walks: list[_Walk] = []
        self._busy_until_s = started_s + step_s
        try:
            for batch in list(self._batches(provider, started_s)):
                walks.append(walk := _Walk(self, provider, batch))
                yield from walk.run(until_s)
                now_s = yield from pause()
                if now_s >= until_s:
                    return
            self._started_s = started_s
            rest_s = _rest_s(walks, step_s)
        finally:
            self._busy_until_s = -math.inf
            self._took_s = now_s - started_s
            self.next_s = max(started_s + rest_s, now_s + min(self._took_s, _PAUSE_AFTER_S))

    def _batches(self, provider: PortraitProvider, now_s: float) -> Iterator[_Batch]:
        """Groups that are listed together: of one kind, and with no more assets than a page has."""
        due: dict[GroupKind, dict[str, set[str]]] = defaultdict(dict)
        with LOCK:
            for group, waiters in self._waiting.items():
                ready = {key for key, each in waiters.items() if each.due_s <= now_s + _DUE_SOON_S}
                if ready and not self._is_skipped(group):
                    due[self._kinds.get(group, GroupKind.UNKNOWN)][group] = ready
        most = self.most(provider)
        for groups in due.values():
            batch = _Batch()
            for group, ready in groups.items():
                is_full = len(batch.groups) >= most or batch.size + len(ready) > _ROWS
                if is_full and batch.groups:
                    yield batch
                    batch = _Batch()
                batch.groups[group] = ready
                batch.size += len(ready)
            yield batch

    def _is_skipped(self, group: str) -> bool:
        skip = self._skips.get(group)
        if skip is None or not skip.left:
            return False
        skip.left -= 1
        return True

    def group(self, provider: PortraitProvider, group: str) -> Group:
        """A group as it is known, for a list."""
        kind = self._kinds.get(group, GroupKind.UNKNOWN)
        return Group(provider=provider.name, account=provider.account, id=group, kind=kind)

    def note(self, asset: Asset, at_s: float) -> str:
        """Keep what a page tells for whoever waits for it; the group that it was waited for in."""
        group = self._group_of.get(asset.handle, "")
        if group:
            self._seen[asset.handle] = (at_s, asset)
            if asset.group_kind is not GroupKind.UNKNOWN:
                self._kinds[group] = asset.group_kind
            _ = self._skips.pop(group, None)
        return group

    def walked(self, groups: Iterable[str], at_s: float, *, is_whole: bool) -> None:
        """Note that there is nothing more in these groups' lists."""
        self._walked.update({each: (at_s, is_whole) for each in groups if each in self._waiting})

    def skip(self, groups: Iterable[str]) -> None:
        """Leave groups out of the next lists, more of them each time: theirs tells nothing."""
        for each in groups:
            if each in self._waiting:
                known = self._skips.get(each)
                skip = _Skip(known.next, min(known.next * 2, _LONGEST_SKIP)) if known else _Skip()
                self._skips[each] = skip

    def refused(self, groups: Sequence[str]) -> None:
        """Ask for fewer groups at once, as the vendor takes no list of so many."""
        if len(groups) > 1:
            self.most_groups = _FEW_GROUPS if len(groups) > _FEW_GROUPS else 1
        else:
            self.skip(groups)

    def busy(self, until_s: float) -> None:
        """Say that a list is still being made."""
        self._busy_until_s = until_s


def _rest_s(walks: Sequence[_Walk], step_s: float) -> float:
    """Seconds to the next list: the more requests an asset took, the nearer to the usual step."""
    requests, found = sum(each.requests for each in walks), sum(each.found for each in walks)
    several = any(len(each.batch.groups) > 1 for each in walks)
    least_s = _SEVERAL_STEP_S if several else _SHORTEST_STEP_S
    return min(max(least_s, step_s * (math.cbrt(requests / found) if found else 1.0)), step_s)


@define(eq=False)
class _Batch:
    """Groups, and the assets that are wanted of each."""

    groups: dict[str, set[str]] = field(factory=dict[str, set[str]])
    size: int = 0


@define(eq=False)
class _Walk:
    """One list of a batch of groups, as far as it pays."""

    waits: AccountWaits
    provider: PortraitProvider
    batch: _Batch
    requests: int = 0
    found: int = 0

    def run(self, until_s: float) -> Flow[None]:
        """List; where one of several groups is gone, in halves."""
        left = [[*self.batch.groups]] if self.batch.size > 1 else []
        while left:
            groups = left.pop()
            if len(groups) > self.waits.most(self.provider):
                return  # so many were refused meanwhile
            try:
                yield from guarded(self._list(groups, until_s), self.provider, "wait_until_active")
            except NotFoundError:
                if half := len(groups) // 2:
                    left += [groups[half:], groups[:half]]
                else:
                    self.waits.walked(groups, (yield from pause()), is_whole=True)
            except PermissionDeniedError:
                self.waits.walked(groups, (yield from pause()), is_whole=True)
                self.waits.skip(groups)
            except InvalidRequestError:
                self.waits.refused(groups)
            except UnexpectedResponseError:  # what an incomplete list lacks is read by itself
                self.waits.walked(groups, (yield from pause()), is_whole=False)

    def _list(self, groups: Sequence[str], until_s: float) -> Flow[None]:
        walk, cursor = PageWalk[Asset](), None
        named = [self.waits.group(self.provider, each) for each in groups]
        wanted = set[str]().union(*(self.batch.groups[each] for each in groups))
        seen: set[str] = set()
        step_s = self.provider.pace("asset").step_s
        is_first = True
        while True:
            at_s = yield from pause()
            self.waits.busy(at_s + step_s)
            self.requests += 1
            page = yield from self.provider.latest_assets(cursor, named)
            found = [each for each in page.items if each.handle in wanted]
            seen |= {self.waits.note(each, at_s) for each in found}
            wanted.difference_update(each.handle for each in found)
            self.found += len(found)
            if not wanted or at_s >= until_s:
                return
            if walk.at_end(page):
                self.waits.walked(groups, at_s, is_whole=True)
                break
            if not found and (page.items or not is_first):
                break  # where there are two kinds of groups, the first list may be the other's
            cursor, is_first = page.next, False
        self.waits.skip(each for each in groups if each not in seen)
