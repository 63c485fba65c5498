"""Waiting for what each kind of thing waits for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from attrs import evolve

from ..values.errors import (
    AssetFailedError,
    NotFoundError,
    PermissionDeniedError,
    PortraitError,
    UnexpectedResponseError,
    VerificationFailedError,
)
from ..values.handles import is_handle
from ..values.models import (
    Asset,
    AssetRef,
    Failure,
    Group,
    Verification,
    VerificationRef,
    VideoRef,
    VideoTask,
)
from ..values.statuses import AssetStatus, VerificationStatus, VideoStatus
from ..vendor.answers import advice_for
from ..vendor.pacing import OnEvent, Pacing
from ..wire.steps import Flow, pause
from .downloading import video_failed
from .guarding import guarded
from .learning import WatchedWait
from .paging import every
from .polling import wait
from .publishing import reviewed
from .remarks import with_remarks
from .sharing import AccountWaits, first_list_s, shared_waits

if TYPE_CHECKING:
    from .provider import PortraitProvider

T = TypeVar("T")
S = TypeVar("S", Asset, VideoTask)


def wait_until_active(
    provider: PortraitProvider,
    asset: AssetRef,
    deadline_s: float | None,
    on_event: OnEvent | None,
) -> Flow[Asset]:
    """Wait for one asset's review; one that is known to be active is looked at once."""
    before = asset if isinstance(asset, Asset) else _known_asset(provider, asset)
    known = isinstance(asset, Asset) and asset.status is AssetStatus.ACTIVE
    if not (isinstance(asset, Asset) and asset.status is AssetStatus.FAILED):
        batch = yield from _started(provider, [before], deadline_s)
        with batch.joined():
            before = yield from wait(
                batch.look_at_one,
                _itself,
                before=before,
                subject="asset",
                pacing=batch.pacing,
                deadline_s=deadline_s,
                on_event=on_event,
                is_new=not known,
                elsewhere=partial(_listed, provider),
                rest=batch.rest_s,
            )
        batch.learn(before)
    before = yield from reviewed(provider, before)
    if before.status is AssetStatus.FAILED:
        failure = before.failure or Failure()
        raise AssetFailedError(
            f"the review refused the asset: {failure.message or failure.code or 'no reason given'}",
            provider=provider.name,
            code=failure.code,
            handle=before.handle,
            result=before,
            next_step=advice_for(provider, failure.code) or _ANOTHER_FILE,
        )
    return before


def wait_until_all_active(
    provider: PortraitProvider,
    assets: Sequence[AssetRef],
    deadline_s: float | None,
    on_event: OnEvent | None,
) -> Flow[list[Asset]]:
    """Wait for several assets' reviews; ask by list where that takes fewer requests."""
    known = [each if isinstance(each, Asset) else _known_asset(provider, each) for each in assets]
    if all(each.status is AssetStatus.FAILED for each in known):
        return known
    batch = yield from _started(provider, known, deadline_s)
    with batch.joined():
        return (
            yield from wait(
                batch.look,
                _first_open,
                before=known,
                subject="asset",
                pacing=batch.pacing,
                deadline_s=deadline_s,
                on_event=on_event,
                rest=batch.rest_s,
            )
        )


def _started(
    provider: PortraitProvider, known: list[Asset], deadline_s: float | None
) -> Flow[_Batch]:
    shared = yield from shared_waits(provider)
    now_s = yield from pause()
    watched = shared.watched(provider, "asset", now_s)
    pacing = watched.pacing
    limit_s = pacing.deadline_s if deadline_s is None else deadline_s
    if all(each.status.is_settled for each in known):
        pacing = evolve(pacing, first_s=0.0)
    elif len(known) == 1:
        pacing = watched.paced
    elif provider.supports("list_assets"):
        listed = Counter(each.group_id for each in known if each.group_id)
        here = max(listed.values(), default=1)
        together = listed.total() if provider.most_groups_listed > 1 else here
        pacing = evolve(pacing, first_s=first_list_s(pacing, max(1, together)))
    return _Batch(provider, shared, known, pacing, watched, until_s=now_s + max(0.0, limit_s))


def _first_open(seen: list[S]) -> S:
    return next((each for each in seen if not each.status.is_settled), seen[0])


class _Batch:
    """Assets that are waited for together, each as it is known now."""

    def __init__(
        self,
        provider: PortraitProvider,
        shared: AccountWaits,
        known: list[Asset],
        pacing: Pacing,
        watched: WatchedWait,
        *,
        until_s: float,
    ) -> None:
        self.pacing = pacing
        self._provider = provider
        self._shared = shared
        self._known = known
        self._handles = [each.handle for each in known]
        self._watched = watched
        self._due_s = min(watched.began_s + pacing.first_s, until_s - 1.0)  # the last look at least
        self._until_s = until_s
        self._new_until_s = watched.began_s + pacing.unseen_s
        self._since_s = shared.since_s(self._due_s)
        # What somebody else found to be active is looked at once.
        self._open = {each.handle for each in known if each.status is not AssetStatus.FAILED}
        self._known_before = {each.handle for each in known if each.status is AssetStatus.ACTIVE}
        self._joined: dict[str, str] = {}
        self._was_new = known[0].status is AssetStatus.PROCESSING

    @contextmanager
    def joined(self) -> Generator[None]:
        """Have those that are open listed for by whoever lists, until this ends."""
        self._join()
        try:
            yield
        finally:
            self._shared.leave(self._joined)

    def _join(self) -> None:
        """Join those whose group is known, as it is of a bare id once that was read."""
        new = {
            each.handle: each.group_id
            for each in self._waiting()
            if each.group_id and each.handle not in self._joined
        }
        kinds = {each.group_id: each.group_kind for each in self._known if each.group_id}
        self._shared.join(new, kinds, self._due_s)
        self._joined.update(new)

    def rest_s(self, elapsed_s: float) -> float:
        """Seconds to the look after this: to the next list, where one tells of what is open."""
        self._watched.looked(elapsed_s)
        shared, now_s = self._shared, self._watched.began_s + elapsed_s
        if any(shared.is_listed(self._provider, each) for each in self._waiting()):
            return max(0.0, shared.next_s - now_s)
        if len(self._handles) == 1:
            return self._watched.rest_s(elapsed_s)
        return self.pacing.step_s

    def learn(self, ended: Asset) -> None:
        """Learn how long it took, if it was new and did end."""
        if self._was_new and ended.status.is_settled:
            self._watched.ended()

    def look_at_one(self) -> Flow[Asset]:
        """Look at the only one: by the list that somebody makes for several, or by itself."""
        [before] = self._known
        told = yield from self._looked_at([before])
        seen = told.get(before.handle)
        if seen is None:
            seen = yield from self._provider.get_asset(before)
        self._known = [_still(before, seen)]
        self._join()
        return self._known[0]

    def look(self) -> Flow[list[Asset]]:
        """Look at those that are open: by a list where that takes fewer requests."""
        may_be_new = (yield from pause()) <= self._new_until_s
        since_s = self._since_s
        waiting = self._waiting()
        fresh = yield from self._looked_at(waiting)
        whole: dict[str, tuple[dict[str, Asset], bool]] = {}
        for each in waiting:
            handle = each.handle
            if handle not in fresh:
                is_new = may_be_new and handle not in self._known_before
                fresh[handle] = yield from self._read(each, since_s, whole, is_new=is_new)
        self._known = yield from self._updated(fresh)
        settled = [each for each in self._known if each.status.is_settled]
        self._open.difference_update(each.handle for each in settled)
        self._shared.settled(each.handle for each in settled)
        self._join()
        return self._known

    def _waiting(self) -> list[Asset]:
        """Each that is open, once."""
        pairs = dict(zip(self._handles, self._known, strict=True))
        return [each for handle, each in pairs.items() if handle in self._open]

    def _updated(self, fresh: dict[str, Asset]) -> Flow[list[Asset]]:
        known: list[Asset] = []
        for handle, each in zip(self._handles, self._known, strict=True):
            seen = _still(each, fresh[handle]) if handle in fresh else each
            known.append((yield from reviewed(self._provider, seen)))
        return known

    def _looked_at(self, waiting: list[Asset]) -> Flow[dict[str, Asset]]:
        told = self._shared.listed(self._provider, waiting, self._since_s, self._until_s)
        found = yield from told
        self._since_s = yield from pause()
        # Why a review refused it may stand only where the asset is read by itself.
        return {handle: each for handle, each in found.items() if not _lacks_reason(each)}

    def _read(
        self,
        asset: Asset,
        since_s: float,
        whole: dict[str, tuple[dict[str, Asset], bool]],
        *,
        is_new: bool,
    ) -> Flow[Asset]:
        """Read an asset among others, which do not suffer if it is gone."""
        look = self._provider.get_asset(asset)
        try:
            return (yield from guarded(look, self._provider, "wait_until_active"))
        except (NotFoundError, PermissionDeniedError) as error:
            missing = error
        if is_new and isinstance(missing, NotFoundError):
            return asset
        was_whole = self._shared.was_walked(asset, since_s)
        if was_whole is None:
            listed = yield from _listed(self._provider, asset, whole)
        else:
            listed = None if was_whole else asset
        return listed or evolve(asset, status=AssetStatus.FAILED, failure=_failure_of(missing))


def _lacks_reason(asset: Asset) -> bool:
    return asset.status is AssetStatus.FAILED and asset.failure is None


def _still(before: Asset, seen: Asset) -> Asset:
    """Keep what vendors may not tell of an asset that is read: group, whose face, its file."""
    known = {name: getattr(before, name) for name in ("group_kind", "published")}
    seen = evolve(seen, group_id=seen.group_id or before.group_id, **known)
    return with_remarks(seen, before)


def _failure_of(missing: PortraitError) -> Failure:
    code = missing.code or type(missing).__name__
    return Failure(code=code, message=missing.message, error=missing.with_traceback(None))


def _listed(
    provider: PortraitProvider,
    asset: Asset,
    known: dict[str, tuple[dict[str, Asset], bool]] | None = None,
) -> Flow[Asset | None]:
    """
    Look an asset up in its group's list, as it may stand there all the same.

    Unverified: a reseller's customers report so of real people's assets.
    """
    if not provider.supports("list_assets"):
        # There only its review tells of it, and vendors forget reviews.
        return asset if asset.status is AssetStatus.ACTIVE else None
    if not asset.group_id:
        return None
    known = {} if known is None else known
    if asset.group_id not in known:
        known[asset.group_id] = yield from _listing(provider, asset.group_id)
    listed, is_whole = known[asset.group_id]
    found = listed.get(asset.handle)
    if found is None and not is_whole:
        return asset  # whether it stands in what did not come cannot be known
    return _still(asset, found) if found else None


def _listing(provider: PortraitProvider, group_id: str) -> Flow[tuple[dict[str, Asset], bool]]:
    """A group's assets by handle, and whether they are all; none where the group is gone."""
    is_whole = True
    listed: list[Asset] = []
    pages = every(lambda cursor: provider.list_assets(cursor, group_id), listed)
    try:
        _ = yield from guarded(pages, provider, "wait_until_active")
    except (NotFoundError, PermissionDeniedError):
        return {}, True
    except UnexpectedResponseError:
        is_whole = False  # what an incomplete list lacks is read by itself
    return {each.handle: each for each in listed}, is_whole


def wait_until_verified(
    provider: PortraitProvider,
    verification: VerificationRef,
    deadline_s: float | None,
    on_event: OnEvent | None,
) -> Flow[Group]:
    """Wait for a face check and return the person's group; one by our clock too late, too."""
    before = (
        verification
        if isinstance(verification, Verification)
        else Verification(
            provider=provider.name,
            account=provider.account,
            id=None,
            # A bare id is the vendor's token, which no handle may show.
            ref=provider.id_of("verification", verification) if is_handle(verification) else "",
        )
    )
    opened = before
    if before.status is not VerificationStatus.VERIFIED or before.group is None:
        first: VerificationRef = before if before.handle else verification
        before = yield from wait(
            lambda: provider.check_verification(first),
            _itself,
            before=before,
            subject="verification",
            pacing=provider.pace("verification"),
            deadline_s=deadline_s,
            on_event=on_event,
        )
    before = with_remarks(before, opened)
    if before.group is None or before.status is not VerificationStatus.VERIFIED:
        failure = before.failure or Failure()
        raise VerificationFailedError(
            f"the face check is {before.status.value}",
            provider=provider.name,
            code=failure.code,
            vendor_message=failure.message,
            handle=before.handle,
            result=before,
            next_step="start a new verification and ask the person to finish it in time",
        )
    return with_remarks(before.group, opened)


def wait_for_video(
    provider: PortraitProvider,
    task: VideoRef,
    deadline_s: float | None,
    on_event: OnEvent | None,
) -> Flow[VideoTask]:
    """Wait until a video task has ended."""
    before = task if isinstance(task, VideoTask) else _known_video(provider, task)
    created = before
    if not before.status.is_settled:
        shared = yield from shared_waits(provider)
        watched = shared.watched(provider, "video", (yield from pause()), of=before.model)
        before = yield from wait(
            partial(provider.get_video, created),
            _itself,
            before=before,
            subject="video",
            pacing=watched.paced,
            deadline_s=deadline_s,
            on_event=on_event,
            rest=watched.rest_after_s,
        )
        if created.status is not VideoStatus.UNKNOWN:
            watched.ended()
    before = with_remarks(before, created)
    if before.status is not VideoStatus.SUCCEEDED:
        raise video_failed(provider, before)
    return before


def wait_for_videos(
    provider: PortraitProvider,
    tasks: Sequence[VideoRef],
    deadline_s: float | None,
    on_event: OnEvent | None,
) -> Flow[list[VideoTask]]:
    """Wait until several video tasks have ended; each look asks for those that have not."""
    known = [
        each if isinstance(each, VideoTask) else _known_video(provider, each) for each in tasks
    ]
    if all(each.status.is_settled for each in known):
        return known
    pacing = provider.pace("video")
    new_until_s = (yield from pause()) + pacing.unseen_s

    def look() -> Flow[list[VideoTask]]:
        may_be_new = (yield from pause()) <= new_until_s
        for index, each in enumerate(known):
            if each.status.is_settled:
                continue
            try:
                seen = yield from guarded(provider.get_video(each), provider, "")
                known[index] = with_remarks(seen, each)
            except (NotFoundError, PermissionDeniedError) as missing:
                if not (may_be_new and isinstance(missing, NotFoundError)):
                    why = _failure_of(missing)
                    known[index] = evolve(each, status=VideoStatus.FAILED, failure=why)
        return known

    return (
        yield from wait(
            look,
            _first_open,
            before=known,
            subject="video",
            pacing=pacing,
            deadline_s=deadline_s,
            on_event=on_event,
        )
    )


def _known_video(provider: PortraitProvider, ref: str) -> VideoTask:
    found = provider.id_of("video", ref)
    return VideoTask(provider=provider.name, account=provider.account, id=found)


def _itself(seen: T) -> T:
    return seen


def _known_asset(provider: PortraitProvider, ref: AssetRef) -> Asset:
    found = provider.id_of("asset", ref)
    return Asset(provider=provider.name, account=provider.account, id=None, ref=found)


_ANOTHER_FILE: Final = "use another file that meets the vendor's rules"
