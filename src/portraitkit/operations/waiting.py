"""Waiting for what each kind of thing waits for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
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
from ..vendor.pacing import OnEvent
from ..wire.steps import Flow, pause
from .downloading import video_failed
from .guarding import guarded
from .paging import every
from .polling import wait
from .publishing import reviewed
from .remarks import with_remarks

if TYPE_CHECKING:
    from ..vendor.calls import VendorCalls

T = TypeVar("T")


def wait_until_active(
    provider: VendorCalls,
    asset: AssetRef,
    deadline_s: float | None,
    on_event: OnEvent | None,
) -> Flow[Asset]:
    """Wait for one asset's review; one that is known to be active is looked at once."""
    before = asset if isinstance(asset, Asset) else _known_asset(provider, asset)
    known = isinstance(asset, Asset) and asset.status is AssetStatus.ACTIVE
    pacing = provider.pace("asset")
    if not (isinstance(asset, Asset) and asset.status is AssetStatus.FAILED):
        before = yield from wait(
            partial(_look, provider, before),
            _itself,
            before=before,
            subject="asset",
            pacing=evolve(pacing, first_s=0.0) if known else pacing,
            deadline_s=deadline_s,
            on_event=on_event,
            is_new=not known,
            elsewhere=partial(_listed, provider),
        )
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
    provider: VendorCalls,
    assets: Sequence[AssetRef],
    deadline_s: float | None,
    on_event: OnEvent | None,
) -> Flow[list[Asset]]:
    """Wait for several assets' reviews; ask by list where that takes fewer requests."""
    known = [each if isinstance(each, Asset) else _known_asset(provider, each) for each in assets]
    if all(each.status is AssetStatus.FAILED for each in known):
        return known

    def first_open(seen: list[Asset]) -> Asset:
        return next((each for each in seen if not each.status.is_settled), seen[0])

    batch = _Batch(known, new_until_s=(yield from pause()) + provider.pace("asset").unseen_s)
    pacing = provider.pace("asset")
    if all(each.status.is_settled for each in known):
        pacing = evolve(pacing, first_s=0.0)
    return (
        yield from wait(
            partial(batch.look, provider),
            first_open,
            before=known,
            subject="asset",
            pacing=pacing,
            deadline_s=deadline_s,
            on_event=on_event,
        )
    )


class _Batch:
    """Assets that are waited for together: each as it is known now, and which were ever found."""

    def __init__(self, known: list[Asset], *, new_until_s: float) -> None:
        self.known = known
        self.new_until_s = new_until_s
        # What somebody else found to be active is looked at once.
        self.open = {each.handle for each in known if each.status is not AssetStatus.FAILED}
        self.found = {each.handle for each in known if each.status is AssetStatus.ACTIVE}

    def look(self, provider: VendorCalls) -> Flow[list[Asset]]:
        """Look at those that are open: by a list where that takes fewer requests."""
        may_be_new = (yield from pause()) <= self.new_until_s
        fresh: dict[str, Asset] = {}
        waiting = [each for each in self.known if each.handle in self.open]
        groups = Counter(each.group_id for each in waiting if each.group_id)
        several = [each for each in groups if groups[each] > 1 and provider.supports("list_assets")]
        unsure: set[str | None] = set()
        for group_id in sorted(several):
            listed, is_whole = yield from _listing(provider, group_id)
            fresh.update(listed)
            unsure.update(() if is_whole else (group_id,))
        self.found.update(fresh)
        for each in waiting:
            if each.handle in fresh:
                continue
            is_new = may_be_new and each.handle not in self.found
            is_new = is_new or each.group_id in unsure
            may_be_listed = each.group_id not in several
            flow = _look_at_one(provider, each, is_new=is_new, may_be_listed=may_be_listed)
            seen = yield from flow
            fresh[each.handle] = seen
            if seen is not each:
                self.found.add(each.handle)
        known: list[Asset] = []
        for each in self.known:
            seen = _still(each, fresh[each.handle]) if each.handle in self.open else each
            known.append((yield from reviewed(provider, seen)))
        self.known = known
        self.open = {each.handle for each in self.known if not each.status.is_settled}
        return self.known


def _look(provider: VendorCalls, before: Asset) -> Flow[Asset]:
    return _still(before, (yield from provider.get_asset(before)))


def _still(before: Asset, seen: Asset) -> Asset:
    """Keep what vendors may not tell of an asset that is read: group, whose face, its file."""
    known = {name: getattr(before, name) for name in ("group_kind", "published")}
    seen = evolve(seen, group_id=seen.group_id or before.group_id, **known)
    return with_remarks(seen, before)


def _look_at_one(
    provider: VendorCalls, asset: Asset, *, is_new: bool, may_be_listed: bool
) -> Flow[Asset]:
    """Read an asset among others, which do not suffer if it is gone."""
    look = provider.get_asset(asset)
    try:
        return (yield from guarded(look, provider, "wait_until_active"))
    except (NotFoundError, PermissionDeniedError) as error:
        missing = error
    if is_new and isinstance(missing, NotFoundError):
        return asset
    if may_be_listed and (listed := (yield from _listed(provider, asset))):
        return listed
    return evolve(asset, status=AssetStatus.FAILED, failure=_failure_of(missing))


def _failure_of(missing: PortraitError) -> Failure:
    code = missing.code or type(missing).__name__
    return Failure(code=code, message=missing.message, error=missing.with_traceback(None))


def _listed(provider: VendorCalls, asset: Asset) -> Flow[Asset | None]:
    """
    Look an asset up in its group's list, as it may stand there all the same.

    Unverified: a reseller's customers report so of real people's assets.
    """
    if not provider.supports("list_assets"):
        # There only its review tells of it, and vendors forget reviews.
        return asset if asset.status is AssetStatus.ACTIVE else None
    if not asset.group_id:
        return None
    listed, is_whole = yield from _listing(provider, asset.group_id)
    found = listed.get(asset.handle)
    if found is None and not is_whole:
        return asset  # whether it stands in what did not come cannot be known
    return _still(asset, found) if found else None


def _listing(provider: VendorCalls, group_id: str) -> Flow[tuple[dict[str, Asset], bool]]:
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
    provider: VendorCalls,
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
    provider: VendorCalls,
    task: VideoRef,
    deadline_s: float | None,
    on_event: OnEvent | None,
) -> Flow[VideoTask]:
    """Wait until a video task has ended."""
    before = task if isinstance(task, VideoTask) else _known_video(provider, task)
    created = before
    if not before.status.is_settled:
        handle = before.handle
        before = yield from wait(
            lambda: provider.get_video(handle),
            _itself,
            before=before,
            subject="video",
            pacing=provider.pace("video"),
            deadline_s=deadline_s,
            on_event=on_event,
        )
    before = with_remarks(before, created)
    if before.status is not VideoStatus.SUCCEEDED:
        raise video_failed(provider, before)
    return before


def wait_for_videos(
    provider: VendorCalls,
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
                seen = yield from guarded(provider.get_video(each.handle), provider, "")
                known[index] = with_remarks(seen, each)
            except (NotFoundError, PermissionDeniedError) as missing:
                if not (may_be_new and isinstance(missing, NotFoundError)):
                    why = _failure_of(missing)
                    known[index] = evolve(each, status=VideoStatus.FAILED, failure=why)
        return known

    def first_open(seen: list[VideoTask]) -> VideoTask:
        return next((each for each in seen if not each.status.is_settled), seen[0])

    return (
        yield from wait(
            look,
            first_open,
            before=known,
            subject="video",
            pacing=pacing,
            deadline_s=deadline_s,
            on_event=on_event,
        )
    )


def _known_video(provider: VendorCalls, ref: str) -> VideoTask:
    found = provider.id_of("video", ref)
    return VideoTask(provider=provider.name, account=provider.account, id=found)


def _itself(seen: T) -> T:
    return seen


def _known_asset(provider: VendorCalls, ref: AssetRef) -> Asset:
    found = provider.id_of("asset", ref)
    return Asset(provider=provider.name, account=provider.account, id=None, ref=found)


_ANOTHER_FILE: Final = "use another file that meets the vendor's rules"
