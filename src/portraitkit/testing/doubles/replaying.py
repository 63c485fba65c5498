"""Drive a flow by hand: canned answers in, steps and result out. No client, no clock, no mock."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Generic, TypeVar

from attrs import frozen

from ...values.errors import PortraitError
from ...wire.steps import AskTime, At, Flow, Pause, Request, Response, Step, Work

T = TypeVar("T")

NOW: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@frozen(kw_only=True)
class Replay(Generic[T]):
    """
    What a flow did.

    Attributes:
        steps: Everything it yielded, in order.
        result: What it returned.
    """

    steps: tuple[Step, ...]
    result: T

    @property
    def requests(self) -> list[Request]:
        """The requests among the steps."""
        return [step for step in self.steps if isinstance(step, Request)]

    @property
    def bodies(self) -> list[Any]:
        """The requests' JSON bodies; None for one without."""
        return [json.loads(step.content) if step.content else None for step in self.requests]


def answer(
    body: object = None,
    status: int = 200,
    *,
    headers: Mapping[str, str] | None = None,
    received_at: datetime = NOW,
) -> Response:
    """Make an answer: JSON from an object, or the very bytes or text given."""
    kind = "application/json"
    if isinstance(body, bytes | str):
        content = body if isinstance(body, bytes) else body.encode()
        kind = "text/html"
    else:
        content = b"" if body is None else json.dumps(body).encode()
    return Response(
        status=status,
        headers={"content-type": kind, **(headers or {})},
        content=content,
        received_at=received_at,
    )


def replay(flow: Flow[T], answers: Iterable[Response | PortraitError]) -> Replay[T]:
    """
    Run a flow on canned answers.

    Pauses pass at once on a clock that moves by what they ask for; blocking work is called. An
    error in place of an answer is raised inside the flow, as a driver does.

    Raises:
        AssertionError: The flow asks more than there are answers, or leaves some unused.
    """
    queue = list(answers)
    steps: list[Step] = []

    def answer_next(request: Request) -> Response | PortraitError:
        if not queue:
            raise AssertionError(f"no answer is left for {request!r}")
        return queue.pop(0)

    result = drive(flow, answer_next, steps)
    if queue:
        raise AssertionError(f"{len(queue)} answers were never asked for")
    return Replay(steps=tuple(steps), result=result)


def drive(
    flow: Flow[T],
    answer: Callable[[Request], Response | PortraitError],
    steps: list[Step],
    most: float = math.inf,
) -> T:
    """
    Run a flow to its end, and note its *steps*; what *answer* raises ends it.

    Raises:
        AssertionError: It takes more steps than *most*.
    """
    clock_s = 0.0
    reply: object = None
    error: PortraitError | None = None
    while len(steps) <= most:
        try:
            step = flow.send(reply) if error is None else flow.throw(error)
        except StopIteration as stop:
            result: T = stop.value
            return result
        steps.append(step)
        reply, error = None, None
        if isinstance(step, Pause):
            clock_s += step.seconds
            now = NOW + timedelta(seconds=clock_s)
            reply = now if isinstance(step, AskTime) else clock_s
        elif isinstance(step, Work):
            try:
                reply = step.call()
            except PortraitError as raised:
                error = raised
        else:
            given = answer(step.request if isinstance(step, At) else step)
            reply, error = (None, given) if isinstance(given, PortraitError) else (given, None)
    raise AssertionError(f"it does not end within {most} steps")
