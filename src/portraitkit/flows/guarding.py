"""Errors on their way out: complete, without secrets, and honest about what may have been made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import OutcomeUnknownError, PortraitError, UnexpectedResponseError, emptied, masker
from ..refusals import LOOK_FIRST
from ..wire import Flow, Request, Response, Step, through

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..provider import PortraitProvider
    from ..secret import Secret

T = TypeVar("T")


def guarded(flow: Flow[T], provider: PortraitProvider, operation: str) -> Flow[T]:
    """
    Run *flow*, and make what it raises fit to leave: complete, without frames and secrets.

    A create that was answered with success, and then could not be read, is an unknown outcome.
    """
    created: Response | None = None
    secrets: list[Secret] = list(provider.secrets)

    def do(step: Step) -> Flow[Any]:
        nonlocal created
        created = None
        if isinstance(step, Request):
            secrets.extend(step.secrets)
        reply = yield step
        if isinstance(step, Request) and isinstance(reply, Response) and not step.repeatable:
            created = reply if reply.ok else None
        return reply

    try:
        return (yield from through(flow, do))
    except PortraitError as raised:
        error = raised
    if isinstance(error, UnexpectedResponseError) and created is not None:
        error = _lost(error, created)
    raise fit_to_leave(error, provider, operation, secrets)


def fit_to_leave(
    error: PortraitError, provider: PortraitProvider, operation: str, secrets: Iterable[Secret]
) -> PortraitError:
    """Complete an error, and take secrets out of it, its causes and its frames."""
    clean = masker(reveal(secrets), in_paths=True)
    error = error.fill(provider=provider.name, operation=operation)
    return emptied(error, clean).scrub(clean)


def _lost(error: UnexpectedResponseError, created: Response) -> OutcomeUnknownError:
    return OutcomeUnknownError(
        f"the vendor took the request, but its answer is lost: {error.message}",
        status=created.status,
        request_id=error.request_id,
        attempts=created.attempts,
        handle=error.handle,
        next_step=error.next_step if error.handle else LOOK_FIRST,
    )


def reveal(secrets: Iterable[Secret]) -> list[str]:
    """The values of secrets, save for those that went through a pickle."""
    values: list[str] = []
    for secret in secrets:
        try:
            values.append(secret.reveal())
        except LookupError:
            continue
    return values
