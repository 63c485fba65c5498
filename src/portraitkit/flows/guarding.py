"""Errors on their way out: complete, without secrets, and honest about what may have been made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import OutcomeUnknownError, PortraitError, UnexpectedResponseError, masker
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
    """Complete an error, and take frames and secrets out of it."""
    error = error.fill(provider=provider.name, operation=operation)
    # The frames inside hold decoded answers; a traceback that prints locals would show them.
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None).scrub(masker(_reveal(secrets), in_paths=True))


def _lost(error: UnexpectedResponseError, created: Response) -> OutcomeUnknownError:
    return OutcomeUnknownError(
        f"the vendor took the request, but its answer is lost: {error.message}",
        status=created.status,
        request_id=error.request_id,
        attempts=created.attempts,
        handle=error.handle,
        next_step=error.next_step if error.handle else LOOK_FIRST,
    )


def _reveal(secrets: Iterable[Secret]) -> list[str]:
    values: list[str] = []
    for secret in secrets:
        try:
            values.append(secret.reveal())
        except LookupError:
            continue
    return values
