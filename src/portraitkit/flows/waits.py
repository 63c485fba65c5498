"""Waiting for what each kind of thing waits for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from attrs import evolve

from ..errors import (
    AssetFailedError,
    NotFoundError,
    PermissionDeniedError,
    UnexpectedResponseError,
    VerificationFailedError,
)
from ..models import (
    Asset,
    AssetRef,
    AssetStatus,
    Failure,
    Group,
    Page,
    Verification,
    VerificationRef,
    VerificationStatus,
    VideoRef,
    VideoStatus,
    VideoTask,
)
from ..waiting import OnEvent, Sight, wait
from ..wire import Flow, pause
from .downloading import video_failed
from .guarding import guarded
from .paging import Walk

if TYPE_CHECKING:
    from ..provider import PortraitProvider

T = TypeVar("T")


def wait_until_active(
    provider: PortraitProvider,
    asset: AssetRef,
    deadline_s: float | None,
    on_event: OnEvent | None,
) -> Flow[Asset]:
    """Wait for one asset's review."""
    before = asset if isinstance(asset, Asset) else _known_asset(provider, asset)
    if not (isinstance(asset, Asset) and _is_settled(asset)):
        before = yield from wait(
            partial(_look, provider, before),
            lambda seen: Sight(
                handle=seen.handle,
                status=seen.status,
                status_word=seen.status_word,
                settled=_is_settled(seen),
            ),
            before=before,
            subject="asset",
            pacing=provider.pace("asset"),
            deadline_s=deadline_s,
            on_event=on_event,
        )
    if before.status is AssetStatus.FAILED:
        failure = before.failure or Failure()
        raise AssetFailedError(
            f"the review refused the asset: {failure.message or failure.code or 'no reason given'}",
            provider=provider.name,
            code=failure.code,
            handle=before.handle,
            result=before,
            next_step="use another file that meets the vendor's rules",
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
    if all(_is_settled(each) for each in known):
        return known

    def sight(seen: list[Asset]) -> Sight:
        waiting = [each for each in seen if not _is_settled(each)]
        one = (waiting or seen)[0]
        return Sight(
            handle=one.handle, status=one.status, status_word=one.status_word, settled=not waiting
        )

    looked: list[list[Asset]] = [known]
    new_until_s = (yield from pause()) + provider.pace("asset").unseen_s

    def look() -> Flow[list[Asset]]:
        is_new = (yield from pause()) <= new_until_s
        looked[0] = yield from _look_at_all(provider, looked[0], is_new=is_new)
        return looked[0]

    return (
        yield from wait(
            look,
            sight,
            before=known,
            subject="asset",
            pacing=provider.pace("asset"),
            deadline_s=deadline_s,
            on_event=on_event,
        )
    )


def _look_at_all(
    provider: PortraitProvider, known: list[Asset], *, is_new: bool
) -> Flow[list[Asset]]:
    fresh: dict[str, Asset] = {}
    waiting = [each for each in known if not _is_settled(each)]
    groups = {each.group_id for each in waiting if each.group_id}
    if provider.supports("list_assets"):
        for group_id in sorted(groups):
            wanted = [each for each in waiting if each.group_id == group_id]
            if len(wanted) > 1:
                listed: list[Asset] = []
                with suppress(UnexpectedResponseError):  # what is not listed is read by itself
                    _ = yield from every(partial(_listing, provider, group_id), listed)
                fresh.update({each.handle: each for each in listed})
    for each in waiting:
        if each.handle not in fresh:
            fresh[each.handle] = yield from _look_at_one(provider, each, is_new=is_new)
    return [each if _is_settled(each) else _still(each, fresh[each.handle]) for each in known]


def _look(provider: PortraitProvider, before: Asset) -> Flow[Asset]:
    return _still(before, (yield from provider.get_asset(before)))


def _still(before: Asset, seen: Asset) -> Asset:
    """Keep what no vendor tells of an asset when it is read: whose face its group holds."""
    return evolve(seen, group_kind=before.group_kind)


def _look_at_one(provider: PortraitProvider, asset: Asset, *, is_new: bool) -> Flow[Asset]:
    """Read an asset among others, which do not suffer if it is gone."""
    look = provider.get_asset(asset)
    try:
        return (yield from guarded(look, provider, "wait_until_active"))
    except (NotFoundError, PermissionDeniedError) as error:
        if is_new and isinstance(error, NotFoundError):
            return asset
        code = error.code or type(error).__name__
        failure = Failure(code=code, message=error.message, error=error.with_traceback(None))
        return evolve(asset, status=AssetStatus.FAILED, failure=failure)


def _listing(provider: PortraitProvider, group_id: str, cursor: str | None) -> Flow[Page[Asset]]:
    return provider.list_assets(cursor, group_id)


def every(
    page_of: Callable[[str | None], Flow[Page[T]]], items: list[T] | None = None
) -> Flow[list[T]]:
    """
    Collect all pages; stops where a vendor repeats a cursor, or the page before, which shows.

    Args:
        page_of: Asks for the page at a cursor.
        items: Where to put them: what came before an error is there, too.
    """
    items = [] if items is None else items
    walk = Walk[T]()
    cursor: str | None = None
    while True:
        page = yield from page_of(cursor)
        items.extend(page.items)
        if walk.at_end(page):
            return items
        cursor = page.next


def wait_until_verified(
    provider: PortraitProvider,
    verification: VerificationRef,
    deadline_s: float | None,
    on_event: OnEvent | None,
) -> Flow[Group]:
    """Wait for a face check and return the person's group."""
    if isinstance(verification, Verification):
        before = verification
    else:
        before = yield from provider.check_verification(verification)
    if before.status is not VerificationStatus.VERIFIED or before.group is None:
        first = before
        before = yield from wait(
            lambda: provider.check_verification(first),
            lambda seen: Sight(
                handle=seen.handle,
                status=seen.status,
                status_word=seen.status_word,
                settled=seen.status in _CHECK_SETTLED,
            ),
            before=first,
            subject="verification",
            pacing=provider.pace("verification"),
            deadline_s=deadline_s,
            on_event=on_event,
        )
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
    return before.group


def wait_for_video(
    provider: PortraitProvider,
    task: VideoRef,
    deadline_s: float | None,
    on_event: OnEvent | None,
) -> Flow[VideoTask]:
    """Wait until a video task has ended."""
    if isinstance(task, VideoTask):
        before = task
    else:
        video_id = provider.id_of("video", task)
        before = VideoTask(provider=provider.name, account=provider.account, id=video_id)
    if before.status not in _VIDEO_SETTLED:
        handle = before.handle
        before = yield from wait(
            lambda: provider.get_video(handle),
            lambda seen: Sight(
                handle=seen.handle,
                status=seen.status,
                status_word=seen.status_word,
                settled=seen.status in _VIDEO_SETTLED,
            ),
            before=before,
            subject="video",
            pacing=provider.pace("video"),
            deadline_s=deadline_s,
            on_event=on_event,
        )
    if before.status is not VideoStatus.SUCCEEDED:
        raise video_failed(provider, before)
    return before


def _known_asset(provider: PortraitProvider, ref: AssetRef) -> Asset:
    found = provider.id_of("asset", ref)
    return Asset(provider=provider.name, account=provider.account, id=None, ref=found)


def _is_settled(asset: Asset) -> bool:
    return asset.status in (AssetStatus.ACTIVE, AssetStatus.FAILED)


_CHECK_SETTLED: Final = frozenset(
    {VerificationStatus.VERIFIED, VerificationStatus.EXPIRED, VerificationStatus.FAILED}
)
_VIDEO_SETTLED: Final = frozenset(
    {VideoStatus.SUCCEEDED, VideoStatus.FAILED, VideoStatus.CANCELLED, VideoStatus.EXPIRED}
)
