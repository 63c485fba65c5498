"""Simulated vendors for one test: whoever the application connects to is a simulator."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from ...engine.response_body import TransportError
from ...operations.provider import PortraitProvider
from ...providers.registry import provider_names
from ...rehearsal import Rehearsal
from ...simulators.faults import Faults, always
from ...simulators.finding import load
from ...simulators.simulator import Simulator
from ...simulators.state import VirtualClock, World
from ...values.errors import InvalidInputError
from ...values.remarks import Outcome
from ...wire.steps import Request, Response
from .simulating import VirtualTime


class PortraitSimulator:
    """
    The vendors of one test, each a simulator, all on one clock that moves where somebody waits.

    What `connect` inside the application leads to is answered here, whatever the profile's
    credentials are: each gets an account. By default a face check is passed after 5 s, a picture
    is accepted after 13 s, a video is done after 45 s.

    Attributes:
        seen: Every request of the application, in order.
    """

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.seen: list[Request] = []
        self._simulators: dict[str, Simulator] = {}
        self._faults = Faults()
        self._changes: list[Callable[[World], None]] = []
        self._lock = threading.RLock()

    # -- what happens ----------------------------------------------------------------------------

    def approve_scan(self, after_s: float = 0.0) -> None:
        """Let the person pass each face check so long after it was opened."""
        self._change(lambda world: world.approve_scan(after_s))

    def refuse_scan(self, result_code: int = 10001, after_s: float = 0.0) -> None:
        """Let each face check end with a code that is not 10000."""
        self._change(lambda world: world.refuse_scan(result_code, after_s))

    def ignore_scan(self) -> None:
        """Let nobody open the page of a face check."""
        self._change(lambda world: world.ignore_scan())

    def reject_asset(
        self, name: str, code: str = "FaceMismatch", message: str = "not the same face"
    ) -> None:
        """Let the review refuse assets of that name."""
        self._change(lambda world: world.reject_asset(name, code, message))

    def fail_video(
        self, word: str, code: str = "OutputVideoSensitiveContentDetected", message: str = "refused"
    ) -> None:
        """Let videos fail whose request has that word in it."""
        self._change(lambda world: world.fail_video(word, code, message))

    def fill_quota(self, *, groups: bool = True, assets: bool = True) -> None:
        """Let no further group or asset be created."""
        self._change(lambda world: world.fill_quota(groups=groups, assets=assets))

    def slow_down(self, times: float = 10.0) -> None:
        """Let reviews and videos take so many times as long."""
        self._change(lambda world: world.slow_down(times))

    def fail_next(
        self, *, acted: bool, times: int = 1, at: int = 1, when: Callable[[Request], bool] = always
    ) -> None:
        """
        Let the connection break during the next call: the client cannot know what became of it.

        Args:
            acted: Whether the vendor had carried it out, and charges for it.
            times: So many calls.
            at: The first call that is hit, counted from 1.
            when: Only for requests that it accepts, such as `lambda r: r.method == "POST"`.
        """
        self._faults.fail_next(acted=acted, times=times, at=at, when=when)

    def refuse_next(
        self,
        status: int,
        *,
        times: int = 1,
        at: int = 1,
        retry_after_s: int | None = None,
        when: Callable[[Request], bool] = always,
    ) -> None:
        """Let the next call be refused with an HTTP status, such as 401, 429 or 503."""
        self._faults.refuse_next(status, times=times, at=at, retry_after_s=retry_after_s, when=when)

    # -- what happened ---------------------------------------------------------------------------

    @property
    def billed(self) -> Counter[str]:
        """What was charged at all vendors: how many `asset` and `video`."""
        total: Counter[str] = Counter()
        for simulator in self._simulators.values():
            for (_, kind), count in simulator.world.billed.items():
                total[kind] += count
        return total

    def vendor(self, name: str) -> Simulator:
        """
        One vendor's simulator, with its world: memory, knobs, accounts.

        Raises:
            InvalidInputError: There is no simulator of that name.
        """
        with self._lock:
            if name not in self._simulators:
                try:
                    cls = load(name)
                except LookupError:
                    raise InvalidInputError(
                        f"there is no simulator of {name!r}",
                        field="vendor",
                        next_step=f"one of {', '.join(provider_names())}",
                    ) from None
                world = World(clock=self.clock)
                for change in self._changes:
                    change(world)
                base_url = f"https://media.{name}.invalid"
                self._simulators[name] = cls(world=world, base_url=base_url)
            return self._simulators[name]

    # -- how it is reached -----------------------------------------------------------------------

    def answer(self, provider: PortraitProvider, request: Request) -> Response:
        """Answer a request in the vendor's place, or let it go wrong as was asked for."""
        with self._lock:
            simulator = self.vendor(provider.name)
            simulator.admit(provider)
            self.seen.append(request)
            found = self._faults.answer(simulator, request)
            if found.response is None:
                raise TransportError(Outcome.UNKNOWN, "connection lost while receiving")
            if request.save_to and found.response.ok:
                request.save_to.save(found.response.content)
            return found.response

    def rehearsal(self, vendor: str = "", scratch: Path | None = None) -> Rehearsal:
        """What leads the application here."""
        time = VirtualTime(self.clock)
        return Rehearsal(
            time=time,
            answer=self.answer,
            vendor=vendor,
            fallback_vendor="alltoken",
            journal_folder=scratch,
        )

    def _change(self, change: Callable[[World], None]) -> None:
        """Change the world of every vendor, also of those that are met later."""
        with self._lock:
            self._changes.append(change)
            for simulator in self._simulators.values():
                change(simulator.world)
