"""Errors on their way out: complete, without secrets, and honest about what may have been made."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..values.errors import OutcomeUnknownError, PortraitError, UnexpectedResponseError, emptied
from ..values.masking import masker
from ..values.models import Result
from ..vendor.likely import likely_ids, text_of
from ..wire.codec import is_array
from ..wire.error_mapping import LOOK_FIRST, unknown_after
from ..wire.steps import At, Flow, Request, Response, Step, through

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..values.secret import Secret
    from ..vendor.calls import VendorCalls

T = TypeVar("T")
_log: Final = logging.getLogger("portraitkit")
_CREATES: Final = frozenset(
    {"create_group", "add_asset", "add_assets", "start_verification", "create_video"}
)


def guarded(flow: Flow[T], provider: VendorCalls, operation: str) -> Flow[T]:
    """
    Run *flow*, and make what it raises fit to leave: complete, without frames and secrets.

    A create that was answered with success, and then could not be read, is an unknown outcome; so
    is one after which anything else was raised, but for what ends the program or the task.
    """
    last: tuple[Request, Response] | None = None
    may_be_made = False
    secrets: tuple[Secret, ...] = ()
    reply: object = None
    fault: Exception | None = None
    try:
        while True:
            step = flow.send(reply) if fault is None else flow.throw(fault)
            last = reply = fault = None
            if isinstance(step, Request):
                secrets += step.secrets
                may_be_made = may_be_made or not step.repeatable
            try:
                reply = yield step
            except Exception as caught:  # noqa: BLE001  (the flow inside may want to catch it)
                fault = caught
            if isinstance(step, Request) and isinstance(reply, Response):
                last = step, reply
    except StopIteration as stop:
        result: T = stop.value
        return result
    except PortraitError as raised:
        error = raised
    except Exception as raised:
        if not may_be_made:
            raise
        why = f"{type(raised).__name__} was raised after the vendor may have acted"
        error = OutcomeUnknownError(why, next_step=LOOK_FIRST)
        error.__cause__ = raised
    finally:
        flow.close()
    if last is not None:
        error = _with_answer(error, provider, *last)
    _name_likely(error)
    raise redacted(error, provider, operation, (*provider.secrets, *secrets))


def logged(flow: Flow[T], operation: str) -> Flow[T]:
    """Run a flow, and log what it created; or found again, where it sent no create."""
    return _logged(flow, operation) if operation in _CREATES else flow


def _logged(flow: Flow[T], operation: str) -> Flow[T]:
    was_sent = False

    def do(step: Step) -> Flow[Any]:
        nonlocal was_sent
        request = step.request if isinstance(step, At) else step
        was_sent = was_sent or (isinstance(request, Request) and not request.repeatable)
        return (yield step)

    result = yield from through(flow, do)
    for each in result if is_array(result) else [result]:
        if isinstance(each, Result) and each.handle:
            request_id = (each.raw.request_id if each.raw else "") or "-"
            found = each.raw is not None and not was_sent  # what no answer told of is local
            done = "found again" if found else "created"
            _log.info("%s %s (%s, request %s)", done, each.handle, operation, request_id)
    return result


def _with_answer(
    error: PortraitError, provider: VendorCalls, request: Request, answer: Response
) -> PortraitError:
    """Keep the answer that an error is about, and what it may be an answer to."""
    creates = not request.repeatable
    if isinstance(error, UnexpectedResponseError) and creates and answer.ok:
        error = unknown_after(
            error.fill(status=answer.status, attempts=answer.attempts),
            f"the vendor took the request, but its answer is lost: {error.message}",
            error.next_step if error.handle else "",
        )
    if isinstance(error, OutcomeUnknownError | UnexpectedResponseError) and error.raw is None:
        data = answer.once("body", provider.decode)
        body = text_of(answer) if data is None else data
        error.raw = answer.raw(body, provider.request_id(data, answer))
        if isinstance(error, OutcomeUnknownError) and creates:
            error.likely_ids = likely_ids(request, answer, data)
    return error


def _name_likely(error: PortraitError) -> None:
    """Say in the next step what a lost answer names, where nothing better is known."""
    if not isinstance(error, OutcomeUnknownError):
        return
    ids = [f"{each!r}" for each in error.likely_ids if f"{each!r}" not in error.next_step]
    if ids and not error.handle:
        error.next_step = (
            f"the answer names {', '.join(ids)}, likely what was made: read that first; if it is "
            f"not, {error.next_step}"
        )


def redacted(
    error: PortraitError, provider: VendorCalls, operation: str, secrets: Iterable[Secret]
) -> PortraitError:
    """Complete an error, and take secrets out of it, its causes and its frames."""
    clean = masker(reveal(secrets), in_paths=True)
    error = error.fill(provider=provider.name, operation=operation)
    return emptied(error, clean).scrub(clean)


def reveal(secrets: Iterable[Secret]) -> list[str]:
    """The values of secrets, save for those that went through a pickle."""
    values: list[str] = []
    for secret in secrets:
        try:
            values.append(secret.reveal())
        except LookupError:
            continue
    return values


def advised(flow: Flow[T], provider: VendorCalls, next_step: str) -> Flow[T]:
    """Run a create that cannot be found again; say what to do when its answer is lost."""
    try:
        return (yield from guarded(flow, provider, ""))
    except OutcomeUnknownError as error:
        if not error.handle:
            error.next_step = next_step
        raise
