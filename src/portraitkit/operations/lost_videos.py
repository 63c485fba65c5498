"""
Videos whose create was lost: shown, never created again.

A task holds nothing that its create could be told by for certain: no vendor documents a place for a
caller's own id that a list brings back. (`safety_identifier` comes back from Ark, but names the
person who asks.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..values.errors import OutcomeUnknownError, PortraitError, UnexpectedResponseError
from ..values.models import VideoTask
from ..wire.steps import Flow, pause, within
from .guarding import guarded
from .reconciling import completed, tries_of
from .searching import GRACE_S, MOST_CANDIDATES, Search, is_recent
from .waiting import every

if TYPE_CHECKING:
    from ..vendor.calls import VendorCalls

_PAGES: Final = 3
"""As far as a new task can be down a list of many."""


def created(provider: VendorCalls, flow: Flow[VideoTask], model: str) -> Flow[VideoTask]:
    """Run a create; if its answer is lost, show the tasks that may have come of it."""
    try:
        return (yield from guarded(flow, provider, ""))
    except OutcomeUnknownError as error:
        lost = error
    if not provider.name_tokens:
        raise lost
    if not provider.supports("list_videos"):
        lost.next_step = _IN_THE_CONSOLE.format(provider.name)
        raise lost
    unseen_s = provider.pace("video").unseen_s
    until_s = (yield from pause()) + unseen_s + GRACE_S
    seen = yield from _look(provider, model, until_s)
    if not seen.maybe:
        _ = yield from pause(unseen_s)
        seen = yield from _look(provider, model, until_s)
    none = "" if seen.trouble else "no new task is listed"
    some = f"{len(seen.maybe)} new task(s) may be it" if seen.maybe else none
    then = _OF_THESE if seen.maybe else _LATER
    raise completed(lost, [some, seen.trouble], then, seen.maybe, tries_of(lost))


def _look(provider: VendorCalls, model: str, until_s: float) -> Flow[Search[VideoTask]]:
    """Find new tasks, of this model if any is."""
    items: list[VideoTask] = []
    trouble = ""
    try:
        _ = yield from within(every(provider.list_videos, items, most=_PAGES), until_s)
    except UnexpectedResponseError as error:
        trouble = f"whether it is listed cannot be known: {error.message}"
    except PortraitError as error:
        trouble = f"looking for it failed: {error.message}"
    new = [each for each in items if is_recent(each)]
    alike = [each for each in new if each.model == model] or new
    newest_first = sorted(alike, key=lambda each: str(each.created_at or ""), reverse=True)
    return Search(maybe=tuple(newest_first[:MOST_CANDIDATES]), trouble=trouble)


_LATER: Final = "look again with list_videos() before you create another: it may be listed later"
_OF_THESE: Final = (
    "read each of error.candidates with get_video(task.handle) and compare created_at, model and "
    "length with your request: go on with the one that is yours, though nothing in it proves it. "
    f"If none is, {_LATER}"
)
_IN_THE_CONSOLE: Final = (
    "{} lists no tasks: look in the vendor's console, or at the account's balance, before you "
    "create another"
)
