"""
One thread for all: each call of a program is a greenlet, which pauses where it would wait.

So the clients are the real ones, blocking or awaited, with their drivers: whatever waits, for an
answer, for time or for the disk, lets the others go on. Time passes where all of them wait.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import define, field
from greenlet import getcurrent, greenlet

from portraitkit.simulators.state import VirtualClock
from worlds.choices import Choices

MOST_STEPS = 4000
_TICK_S = 1e-6
"""What a clock can tell apart."""


class Killed(BaseException):
    """What ends a call whose process has ended."""


@define(eq=False)
class Task:
    """Something that goes on; *owner* is the process that it is in."""

    owner: Any
    inner: Any
    wake_s: float
    call: Any = None
    thrown: BaseException | None = None


@define(eq=False)
class Scheduler:
    """
    Lets tasks go on, one step each, in the order that the choices say.

    Attributes:
        after: Called after each step.
        steps: How many there were.
    """

    choices: Choices
    clock: VirtualClock
    after: Callable[[], None] = lambda: None
    steps: int = 0
    tasks: list[Task] = field(factory=list)
    current: Task | None = None
    _now_s: float = 0.0
    _hub: Any = None

    def now_s(self) -> float:
        """Seconds since the world began."""
        return self._now_s

    def advance(self, seconds: float) -> None:
        """Let time pass for everybody."""
        self._now_s += seconds
        self.clock.advance(seconds)

    def spawn(self, owner: Any, run: Callable[[], None]) -> Task:
        """Begin something."""
        task = Task(owner, greenlet(run), self.now_s())
        self.tasks.append(task)
        return task

    def pause(self, seconds: float = 0.0) -> None:
        """Let others go on, and this one again after *seconds*."""
        task = self.current
        if task is None:
            self.advance(seconds)
            return
        task.wake_s = self.now_s() + seconds
        self._hub.switch()
        if task.thrown:
            thrown, task.thrown = task.thrown, None
            raise thrown

    def interrupt(self, task: Task, error: BaseException) -> None:
        """Let a task go on with an error, when its turn comes: now."""
        task.thrown, task.wake_s = error, self.now_s()

    def end(self, task: Task) -> None:
        """End a task where it stands."""
        self.tasks.remove(task)
        if task.inner and not task.inner.dead:
            before, self.current = self.current, None
            try:
                task.inner.throw(Killed())
            except Killed:
                pass
            finally:
                self.current = before

    def run(self) -> None:
        """Go on until nothing is left to do."""
        self._hub = getcurrent()
        while self.tasks:
            self.steps += 1
            if self.steps > MOST_STEPS:
                raise AssertionError(f"the world does not end: {self.steps} steps")
            now_s = self.now_s()
            ready = [each for each in self.tasks if each.wake_s <= now_s + 1e-9]
            if not ready:
                rest_s = min(each.wake_s for each in self.tasks) - now_s
                self.advance(max(rest_s, _TICK_S))
                continue
            task = self.current = self.choices.pick(ready)
            try:
                task.inner.switch()
            finally:
                self.current = None
            if task.inner.dead and task in self.tasks:
                self.tasks.remove(task)
            self.after()
