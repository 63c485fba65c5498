"""Repeated changes: what an earlier attempt may have done is no error of the next one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ..values.errors import ConflictError, NotFoundError, PermissionDeniedError, PortraitError
from ..values.models import Result, VideoTask
from ..values.remarks import Outcome
from ..values.statuses import VideoStatus
from ..vendor.answers import with_findings
from ..wire.error_mapping import unknown_after
from ..wire.steps import Flow

if TYPE_CHECKING:
    from ..vendor.answers import Answer
    from ..vendor.calls import VendorCalls

R = TypeVar("R", bound=Result)


def renamed(provider: VendorCalls, name: str, send: Flow[Answer], read: Flow[R]) -> Flow[R]:
    """Check a name, send it, and read the thing anew: vendors answer with nothing but its id."""
    findings = provider.check_name(name)

    def both() -> Flow[R]:
        _ = yield from send
        return (yield from read)

    return with_findings(both(), findings, provider)


def removed(flow: Flow[Answer]) -> Flow[None]:
    """
    Remove something; that it is gone is success where an earlier attempt may have removed it.

    Raises:
        OutcomeUnknownError: After such an attempt the vendor denies access, as some do to what is
            not there.
    """
    try:
        _ = yield from flow
    except (NotFoundError, PermissionDeniedError) as error:
        if not _may_have_acted(error):
            raise
        if isinstance(error, NotFoundError):
            return
        raise unknown_after(
            error,
            f"an earlier attempt may have removed it, and now the vendor says: {error.message}",
            "look for it with the list operation: what is not there is removed",
        ) from None


def cancelled(flow: Flow[VideoTask], look: Callable[[], Flow[VideoTask]]) -> Flow[VideoTask]:
    """Cancel a video; a conflict may come of an earlier attempt that did, so that it is read."""
    try:
        return (yield from flow)
    except ConflictError as error:
        if not _may_have_acted(error):
            raise
        found = yield from look()
        if found.status is not VideoStatus.CANCELLED:
            raise
        return found


def _may_have_acted(error: PortraitError) -> bool:
    return any(each.outcome is Outcome.UNKNOWN for each in error.attempts)
