"""
Creates whose answer was lost: look for what they made, then decide.

    found              it is returned, as its create would have
    certainly absent   it is created once more
    neither            OutcomeUnknownError, with what may be it and the next step

A group or an asset is known by the token behind its name (`portraitkit.values.name_tokens`). It is
absent if the vendor's delay has passed, every look came to the last page, and each new item could
be read. Assumed: groups are listed as soon as assets are, and no vendor carries a request out after
that delay. A video has no name, and no vendor documents a place for a caller's own id that a list
brings back (`safety_identifier` comes back from Ark, but names the person who asks), so that it is
shown and never created again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from attrs import evolve

from ..values.errors import OutcomeUnknownError
from ..values.models import Asset, Group, Result, VideoTask
from ..values.name_tokens import has_room, new_token, tagged
from ..values.remarks import Adaptation, Attempt, Outcome
from ..values.statuses import GroupKind
from ..values.video import OnUnsupported
from ..vendor.answers import with_findings
from ..wire.steps import Flow, Request, Step, pause, through, work
from .guarding import advised, guarded
from .searching import (
    GRACE_S,
    MOST_CANDIDATES,
    Listing,
    Search,
    groups_of,
    look,
    look_for_video,
)

if TYPE_CHECKING:
    from ..vendor.calls import VendorCalls

T = TypeVar("T")
R = TypeVar("R", bound=Result)
F = TypeVar("F", bound=Group | Asset)


def create_group(
    provider: VendorCalls,
    name: str,
    *,
    kind: GroupKind,
    description: str,
    on_unsupported: OnUnsupported,
) -> Flow[Group]:
    """Create a group once, whatever becomes of the answer."""
    findings = provider.check_group(name, kind)
    create = partial(
        provider.make_group, kind=kind, description=description, on_unsupported=on_unsupported
    )
    made = reconciled(provider, groups_of(provider, kind), name, create, lambda found: found)
    return (yield from with_findings(made, findings, provider))


def reconciled(
    provider: VendorCalls,
    listing: Listing[F],
    name: str,
    create: Callable[[str], Flow[R]],
    adopt: Callable[[F], R],
) -> Flow[R]:
    """
    Create something under a name of its own; if the answer is lost, look for it and decide.

    Args:
        provider: Whose it is.
        listing: Where it is listed.
        name: What the caller calls it.
        create: Sends the create with the name that it is given.
        adopt: Makes the result out of what was found.
    """
    if not (provider.name_tokens and listing.is_listed):
        return (yield from create(name))
    token = ""
    if listing.is_named and has_room(name, provider.name_limit[0]):
        token = yield from work(new_token)
    sent = tagged(name, token)
    past: tuple[Attempt, ...] = ()
    may_repeat = bool(token)
    while True:
        since_s = yield from pause()
        try:
            made = yield from guarded(_marked(create(sent), token), provider, "")
        except OutcomeUnknownError as error:
            lost = error
        else:
            return _with_past(made, past)
        past += tries_of(lost)
        if lost.handle:
            raise lost
        seen = yield from look(provider, listing, sent, token, since_s)
        if seen.ours:
            return _with_past(_only_one(adopt(seen.ours[0]), seen.ours, listing), past)
        if not (may_repeat and seen.is_absent) or lost.likely_ids:
            raise _explained(lost, listing, token, seen, past)
        may_repeat = False


def _only_one(result: R, ours: Sequence[Group | Asset], listing: Listing[Any]) -> R:
    """Say so if the vendor has made several of one create."""
    if len(ours) == 1:
        return result
    more = tuple(each.id for each in ours[1:])
    why = f"the vendor made {len(ours)} {listing.what}s of one request: delete the others"
    lost = Adaptation(field=listing.what, asked="one", sent=more, why=why)
    return evolve(result, adaptations=(*result.adaptations, lost))


def _marked(flow: Flow[T], token: str) -> Flow[T]:
    """Note the token on the requests that create."""

    def do(step: Step) -> Flow[Any]:
        if isinstance(step, Request) and not step.repeatable:
            step = evolve(step, token=token)
        return (yield step)

    return through(flow, do)


def tries_of(lost: OutcomeUnknownError) -> tuple[Attempt, ...]:
    """The attempts of a lost create, with the one whose answer came and said nothing."""
    tries = lost.attempts
    if tries and tries[-1].outcome is Outcome.UNKNOWN:
        return tries
    refused = lost.status is not None and lost.status >= 300  # noqa: PLR2004  (the end of success)
    reason = f"HTTP {lost.status}" if refused else "answer not readable"
    return (*tries, Attempt(number=len(tries) + 1, outcome=Outcome.UNKNOWN, reason=reason))


def _with_past(result: R, past: tuple[Attempt, ...]) -> R:
    """Put the lost attempts before those that succeeded."""
    if not past or result.raw is None:
        return result
    raw = evolve(result.raw, attempts=(*past, *result.raw.attempts))
    return evolve(result, raw=raw)


def _explained(
    lost: OutcomeUnknownError,
    listing: Listing[Any],
    token: str,
    seen: Search[Any],
    past: tuple[Attempt, ...],
) -> OutcomeUnknownError:
    """Complete the error: what was looked for, what was found, what to do."""
    some = f"{len(seen.maybe)} new {listing.what}(s) may be it" if seen.maybe else ""
    if token:
        found = [f"none is listed whose name ends in {token}", some, seen.trouble]
        later = f"look again with {listing.how_to_look} for the name_token {token!r}"
    else:
        found = ["nothing in its name tells it from others", some, seen.trouble]
        later = f"look again with {listing.how_to_look} and compare with what you sent"
    then = f"{later}; create it again only if it stays absent"
    if seen.maybe:
        then = f"go on with the one of error.candidates that is yours; if none is, {then}"
    lost.retry_after_s = seen.rest_s or lost.retry_after_s
    lost.candidates_are_all = not seen.trouble and len(seen.maybe) <= MOST_CANDIDATES
    return completed(lost, found, then, seen.maybe[-MOST_CANDIDATES:], past)


def completed(
    lost: OutcomeUnknownError,
    found: Sequence[str],
    next_step: str,
    candidates: tuple[Any, ...],
    past: tuple[Attempt, ...],
) -> OutcomeUnknownError:
    """Put on an error what was found, what may be it, and what to do."""
    lost.message = "; ".join([lost.message, *filter(None, found)])
    lost.args = (lost.message,)
    lost.attempts, lost.candidates, lost.next_step = past, candidates, next_step
    return lost


def create_video(provider: VendorCalls, create: Flow[VideoTask], model: str) -> Flow[VideoTask]:
    """Run a create of a video, once; if its answer is lost, show the tasks that may come of it."""
    if provider.name_tokens and not provider.supports("list_videos"):
        create = advised(create, provider, _NO_TASKS_LISTED.format(provider.name))
    try:
        return (yield from guarded(create, provider, ""))
    except OutcomeUnknownError as error:
        lost = error
    if not (provider.name_tokens and provider.supports("list_videos")):
        raise lost
    unseen_s = provider.pace("video").unseen_s
    until_s = (yield from pause()) + unseen_s + GRACE_S
    seen = yield from look_for_video(provider, model, until_s)
    if not seen.maybe:
        _ = yield from pause(unseen_s)
        seen = yield from look_for_video(provider, model, until_s)
    none = "" if seen.trouble else "no new task is listed"
    some = f"{len(seen.maybe)} new task(s) may be it" if seen.maybe else none
    then = _OF_THESE_TASKS if seen.maybe else _LATER
    raise completed(lost, [some, seen.trouble], then, seen.maybe, tries_of(lost))


_LATER: Final = "look again with list_videos() before you create another: it may be listed later"
_OF_THESE_TASKS: Final = (
    "read each of error.candidates with get_video(task.handle) and compare created_at, model and "
    "length with your request: go on with the one that is yours, though nothing in it proves it. "
    f"If none is, {_LATER}"
)
_NO_TASKS_LISTED: Final = (
    "{} lists no tasks: look in the vendor's console, or at the account's balance, before you "
    "create another"
)
