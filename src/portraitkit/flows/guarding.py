"""Errors on their way out: complete, without secrets, and honest about what may have been made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import OutcomeUnknownError, PortraitError, UnexpectedResponseError, masker
from ..refusals import LOOK_FIRST
from ..wire import Flow, Request, Response, Step

if TYPE_CHECKING:
    from ..provider import PortraitProvider
    from ..secret import Secret

T = TypeVar("T")


class Watch:
    """Sees the steps of one flow go out and come back, to make an error of it fit to leave."""

    def __init__(self, provider: PortraitProvider, operation: str) -> None:
        self._provider = provider
        self._operation = operation
        self._created: Response | None = None
        self._secrets: list[Secret] = list(provider.secrets)

    def step(self, step: Step) -> None:
        """See a step go out."""
        self._created = None
        if isinstance(step, Request):
            self._secrets += step.secrets

    def reply(self, step: Step, reply: object) -> None:
        """See its result come back."""
        if isinstance(step, Request) and isinstance(reply, Response) and not step.repeatable:
            self._created = reply if reply.ok else None

    def error(self, error: PortraitError) -> PortraitError:
        """Complete an error, and take out frames and secrets."""
        if isinstance(error, UnexpectedResponseError) and self._created is not None:
            error = OutcomeUnknownError(
                f"the vendor took the request, but its answer is lost: {error.message}",
                status=self._created.status,
                request_id=error.request_id,
                attempts=self._created.attempts,
                next_step=LOOK_FIRST,
            )
        error = error.fill(provider=self._provider.name, operation=self._operation)
        # The frames inside hold decoded answers; a traceback that prints locals would show them.
        error.__cause__ = error.__context__ = None
        return error.with_traceback(None).scrub(masker(_reveal(self._secrets)))


def guarded(flow: Flow[T], provider: PortraitProvider, operation: str) -> Flow[T]:
    """Run a part of a flow whose error is kept: what it raises is as fit to leave as a driver's."""
    watch = Watch(provider, operation)
    reply: Any = None
    error: Exception | None = None
    while True:
        try:
            step = flow.send(reply) if error is None else flow.throw(error)
        except StopIteration as stop:
            result: T = stop.value
            return result
        except PortraitError as raised:
            failure = raised
            break
        reply, error = None, None
        watch.step(step)
        try:
            reply = yield step
        except PortraitError as caught:
            error = caught
        watch.reply(step, reply)
    raise watch.error(failure)


def _reveal(secrets: list[Secret]) -> list[str]:
    values: list[str] = []
    for secret in secrets:
        try:
            values.append(secret.reveal())
        except LookupError:
            continue
    return values
