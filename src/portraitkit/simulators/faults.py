"""What goes wrong with a request on its way to a simulated vendor and back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from attrs import define, field, frozen

from ..wire.steps import Request, Response
from .simulator import Simulator

When = Callable[[Request], bool]


def always(request: Request) -> bool:
    """Accept every request."""
    del request
    return True


@frozen(kw_only=True)
class Answered:
    """
    What became of a request.

    Attributes:
        response: The answer; None if the connection broke before it came.
        delay_s: How long the answer takes.
    """

    response: Response | None
    delay_s: float = 0.0


@define(kw_only=True)
class Fault:
    """
    What befalls the next requests that it accepts.

    Attributes:
        acts: Whether the vendor carries the request out.
        respond: Makes the answer that takes the place of the vendor's own.
        lost: Whether no answer arrives.
        delay_s: How much longer the answer takes.
        times: So many requests are left to befall.
        passed: So many requests are let through first.
    """

    name: str
    when: When
    acts: bool = False
    respond: Callable[[Simulator], Response] | None = None
    lost: bool = False
    delay_s: float = 0.0
    times: int = 1
    passed: int = 0

    def befall(self, simulator: Simulator, request: Request) -> Answered:
        """Let it happen."""
        own = simulator.handle(request) if self.acts else None
        answer = self.respond(simulator) if self.respond else own
        return Answered(response=None if self.lost else answer, delay_s=self.delay_s)


@define
class Faults:
    """
    The faults that wait, and how long every answer takes.

    Each of `fail_next`, `refuse_next` and `slow_next` is for the next *times* requests that *when*
    accepts; *at* is the first of them that is hit, counted from 1.
    """

    latency_s: float = 0.0
    waiting: list[Fault] = field(factory=list[Fault])
    _lock: threading.Lock = field(factory=threading.Lock, init=False)

    def fail_next(self, *, acted: bool, times: int = 1, at: int = 1, when: When = always) -> None:
        """
        Let the connection break: the client cannot know what became of its request.

        Args:
            acted: Whether the vendor had carried it out, and charges for it.
            times: So many calls.
            at: The first call that is hit.
            when: Only for requests that it accepts, such as `lambda r: r.method == "POST"`.
        """
        self._add(Fault(name="fail_next", acts=acted, lost=True, when=when), times, at)

    def refuse_next(
        self,
        status: int,
        *,
        times: int = 1,
        at: int = 1,
        retry_after_s: int | None = None,
        body: str | None = None,
        acted: bool = False,
        when: When = always,
    ) -> None:
        """
        Let a call be answered with an HTTP status, such as 401, 429 or 503.

        Args:
            status: The HTTP status.
            times: So many calls.
            at: The first call that is hit.
            retry_after_s: What a `Retry-After` says.
            body: The answer's text as it is, such as a gateway's page; else an error in JSON.
            acted: Whether the vendor carried it out all the same, as behind a gateway that failed.
            when: Only for requests that it accepts.
        """
        headers = {} if retry_after_s is None else {"retry-after": str(retry_after_s)}

        def respond(simulator: Simulator) -> Response:
            if body is not None:
                return simulator.text(body, "html", status, **headers)
            return _refusal(simulator, status, headers)

        self._add(Fault(name="refuse_next", acts=acted, respond=respond, when=when), times, at)

    def slow_next(
        self, seconds: float, *, times: int = 1, at: int = 1, when: When = always
    ) -> None:
        """Let the vendor act at once, and its answer take so many seconds."""
        self._add(Fault(name="slow_next", acts=True, delay_s=seconds, when=when), times, at)

    def answer(self, simulator: Simulator, request: Request) -> Answered:
        """Answer in the vendor's place, or let it go wrong as was asked for."""
        fault = self._take(request)
        if fault is None:
            return Answered(response=simulator.handle(request), delay_s=self.latency_s)
        if not fault.acts:
            simulator.seen.append(request)
        found = fault.befall(simulator, request)
        return Answered(response=found.response, delay_s=found.delay_s + self.latency_s)

    def clear(self) -> None:
        """Forget the faults that wait."""
        self.waiting.clear()

    def _add(self, fault: Fault, times: int, at: int) -> None:
        fault.times, fault.passed = times, at - 1
        self.waiting.append(fault)

    def _take(self, request: Request) -> Fault | None:
        """Count a request at each fault that accepts it; give the first that it is hit by."""
        with self._lock:
            for fault in [each for each in self.waiting if each.when(request)]:
                if fault.passed:
                    fault.passed -= 1
                    continue
                fault.times -= 1
                if fault.times < 1:
                    self.waiting.remove(fault)
                return fault
        return None


def _refusal(simulator: Simulator, status: int, headers: Mapping[str, str]) -> Response:
    error = {"code": "Simulated", "message": f"HTTP {status} was asked for"}
    return simulator.json({"error": error}, status, headers)
