"""What is left to do of a job, as flows: look for what may have been made, make it, wait for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from attrs import frozen

from ..operations.provider import PortraitProvider
from ..operations.searching import (
    Listing,
    ListRead,
    assets_of,
    groups_of,
    is_recent,
    look,
    read_list,
)
from ..values.errors import InvalidInputError, OutcomeUnknownError, PortraitError
from ..values.handles import Handle
from ..values.models import Asset, Group, Result, Verification, VideoTask
from ..values.name_tokens import tagged
from ..values.statuses import GroupKind
from ..values.video import VideoRequest
from ..vendor.pacing import OnEvent
from ..wire.steps import Flow, now, parts, pause, work
from .arguments import call_of
from .records import Record

_SLACK: Final = timedelta(hours=1)
"""How far the vendor's clock may be off, and ours have been set back since."""
_DECIDE: Final = (
    "look at .candidates and in the vendor's console: job.adopt(it) if it is there, "
    "job.send_again() if it is certainly not, job.drop() to leave it"
)


@frozen(kw_only=True)
class ResumeOptions:
    """What a caller gives with a job: what the journal did not keep, and how to wait."""

    source: Any = None
    request: VideoRequest | None = None
    callback_url: str | None = None
    deadline_s: float | None = None
    on_event: OnEvent | None = None


def finish(
    provider: PortraitProvider,
    record: Record,
    given: ResumeOptions,
    has_made: Callable[[str], bool],
) -> Flow[Any]:
    """
    Do what is left of a job.

    Raises:
        OutcomeUnknownError: It may have been made, and nothing certain was found.
    """
    if record.operation == "download_video":
        call = {**call_of(record, provider), **_given(record, given)}
        task = yield from provider.wait_for_video(
            call["task"], deadline_s=given.deadline_s, on_event=given.on_event
        )
        # A process may have ended between the file's name and the journal's note of it.
        return (yield from provider.download_video(task, call["path"], overwrite=True))
    if record.handle:
        return (yield from _wait(provider, record, given))
    found = None
    if record.state != "begun":
        found = yield from _found_again(provider, record, has_made)
    if found is None:
        made = yield from _make(provider, record, given)
    else:
        made = found
    yield from parts(0, made=[made])
    if record.operation in ("create_group", "start_verification"):
        return made  # a face check's link has to be shown before there is anything to wait for
    return (yield from _wait_for(provider, made, given, None))


def _make(provider: PortraitProvider, record: Record, given: ResumeOptions) -> Flow[Any]:
    call = {**call_of(record, provider), **_given(record, given)}
    make: Flow[Any] = getattr(provider, record.operation)(**call)
    return make


def _wait(provider: PortraitProvider, record: Record, given: ResumeOptions) -> Flow[Any]:
    deadline_s = record.arguments.get("deadline_s")
    handle = Handle.parse(record.handle)
    if handle.kind == "group" and not provider.supports("get_group"):
        return _as_noted(record, handle)
    thing: Result | str = record.handle
    if record.findings and (cls := _RESULTS.get(handle.kind)):
        thing = cls(
            provider=handle.provider,
            account=handle.account,
            id=None,
            ref=handle.ref,
            findings=record.findings,
        )
    return _wait_for(provider, thing, given, deadline_s)


def _as_noted(record: Record, group: Handle) -> Flow[Group]:
    """A group that was adopted where the vendor reads none: what the journal knows of it."""
    yield from ()
    name = str(record.arguments.get("name", ""))
    return Group(provider=group.provider, account=group.account, id=group.ref, name=name)


def _wait_for(
    provider: PortraitProvider, thing: Any, given: ResumeOptions, deadline_s: float | None
) -> Flow[Any]:
    handle = thing if isinstance(thing, str) else thing.handle
    kind = Handle.parse(handle).kind
    if kind == "group":
        return _read_group(provider, handle)
    wait: Any = {
        "asset": provider.wait_until_active,
        "verification": provider.wait_until_verified,
        "video": provider.wait_for_video,
    }[kind]
    chosen_s = deadline_s if given.deadline_s is None else given.deadline_s
    flow: Flow[Any] = wait(thing, deadline_s=chosen_s, on_event=given.on_event)
    return flow


def _read_group(provider: PortraitProvider, handle: str) -> Flow[Group]:
    """Read a group; an error names it, so that a job whose group is gone has ended."""
    try:
        return (yield from provider.get_group(handle))
    except PortraitError as error:
        raise error.fill(handle=handle) from None


def _given(record: Record, given: ResumeOptions) -> dict[str, Any]:
    """What has to be given again, or is given otherwise."""
    found = {
        name: value
        for name in ("source", "request", "callback_url")
        if (value := getattr(given, name)) is not None
    }
    missing = [name for name in record.missing if name not in found]
    if missing:
        named = ", ".join(f"{name}=…" for name in missing)
        raise InvalidInputError(
            f"the journal keeps no secrets, and so not the {missing[0]} of this call",
            operation=record.operation,
            field=missing[0],
            next_step=f"give it again: client.resume(job, {named}); or job.drop()",
        )
    return found


# -- what may have been made -----------------------------------------------------------------------


def _found_again(
    provider: PortraitProvider, record: Record, has_made: Callable[[str], bool]
) -> Flow[Group | Asset | None]:
    """
    Find what a lost create made, by the token behind its name; None if it is certainly absent.

    Raises:
        OutcomeUnknownError: Neither is certain, or it has no token.
    """
    call = call_of(record, provider)
    if record.operation == "create_group":
        listing: Listing[Any] = groups_of(provider, call.get("kind", GroupKind.VIRTUAL))
    elif record.operation == "add_asset" and "group" in call:
        listing = assets_of(provider, call["group"], record.operation)
    else:
        raise (yield from _unsure(provider, record, has_made))
    if not (record.token and listing.is_listed):
        raise (yield from _unsure(provider, record, has_made))
    ago = yield from _sent_ago(record)
    since_s = None if ago is None else (yield from pause()) - ago.total_seconds()
    sent = tagged(call.get("name", ""), record.token)
    seen = yield from look(provider, listing, sent, record.token, since_s, slack=_SLACK)
    if seen.ours:
        ours: Group | Asset = seen.ours[0]
        return ours
    if ago is None:  # then nothing tells what may be it from what was there before
        raise (yield from _unsure(provider, record, has_made))
    if seen.is_absent and not record.likely_ids:
        return None
    raise (yield from _unsure(provider, record, has_made, (*seen.maybe,), seen.trouble))


def _sent_ago(record: Record) -> Flow[timedelta | None]:
    """How long ago it was sent; None if that is not known, as where our clock was set back."""
    ago = (yield from now()) - record.sent_at if record.sent_at else None
    return None if ago is None or ago < timedelta() else ago


def _unsure(
    provider: PortraitProvider,
    record: Record,
    has_made: Callable[[str], bool],
    maybe: tuple[Any, ...] | None = None,
    trouble: str = "",
) -> Flow[OutcomeUnknownError]:
    """Look for what a lost create may have made, once a new thing is sure to be listed."""
    if record.operation == "start_verification":
        return OutcomeUnknownError(
            "a face check may have been opened, and nobody has its link",
            next_step="job.send_again(), then resume it to open another; this one runs out",
        )
    found: list[Any] | None = [] if maybe is None else [*maybe]
    if maybe is None:
        ago = yield from _sent_ago(record)
        if ago is None or ago < _SLACK:  # it may have been sent again since that was noted
            pacing = provider.pace("video" if record.operation == "create_video" else "asset")
            _ = yield from pause(pacing.unseen_s)
        found, trouble = yield from _look(provider, record, ago)
    candidates: tuple[Any, ...] = ()
    seen = f"{provider.name} has no list to look in"
    if found is not None:
        candidates = yield from work(
            lambda: tuple(each for each in found if not has_made(each.handle))
        )
        seen = f"{len(candidates)} candidates were found"
    why = "; ".join(filter(None, (seen, trouble)))
    error = OutcomeUnknownError(
        f"the {record.operation} was sent, and what came of it is not known: {why}",
        next_step=_DECIDE,
    )
    error.likely_ids, error.candidates = record.likely_ids, candidates
    error.candidates_are_all = found is not None and not trouble
    return error


def _look(
    provider: PortraitProvider, record: Record, ago: timedelta | None
) -> Flow[tuple[list[Any] | None, str]]:
    """List what may be it, likeliest last; None where there is no list; and what is amiss."""
    call, name = call_of(record, provider), _LISTS[record.operation]
    own = [call.get("group")] if name == "list_assets" else []
    if not provider.supports(name) or None in own:
        return None, ""
    pages: Any = getattr(provider, name)
    read: ListRead[Any] = yield from read_list(lambda at: pages(at, *own), most=_MOST_PAGES)
    group = call.get("name") if record.operation == "create_group" else None

    def may_be(each: Any) -> bool:
        if each.created_at is None:
            return group is None or each.name in ("", group)
        return ago is None or is_recent(each, ago + _SLACK)

    # A group's name may be lost at the vendor, or changed since; videos have none.
    found = [each for each in read.items if may_be(each)]
    trouble = read.trouble
    if any(each.created_at is None and not may_be(each) for each in read.items):
        trouble = trouble or f"{provider.name} does not say when groups were made"
    return sorted(found, key=lambda each: group is not None and each.name == group), trouble


_LISTS: Final = {
    "create_video": "list_videos",
    "create_group": "list_groups",
    "add_asset": "list_assets",
}
_RESULTS: Final[Mapping[str, type[Result]]] = {
    "asset": Asset,
    "verification": Verification,
    "video": VideoTask,
}
_MOST_PAGES: Final = 100
"""No vendor promises an order, so that nothing is left out for its place before this."""
