"""Time that passes only where somebody waits, for each task and thread by itself."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Final

import anyio.lowlevel

EPOCH: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class TaskTime:
    """
    Time that passes only where somebody waits, for each task and thread by itself.

    Ten tasks that wait an hour each wait one hour, as in life, not ten.
    """

    def __init__(self, start: datetime = EPOCH) -> None:
        self._start = start
        self._passed_s: ContextVar[float] = ContextVar("portraitkit_passed_s", default=0.0)

    def now(self) -> datetime:
        """The time of day."""
        return self._start + timedelta(seconds=self._passed_s.get())

    def monotonic(self) -> float:
        """Seconds since the beginning."""
        return self._passed_s.get()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        _ = self._passed_s.set(self._passed_s.get() + seconds)

    async def sleep_async(self, seconds: float) -> None:
        """Let time pass, and let others have a turn."""
        self.sleep(seconds)
        await anyio.lowlevel.checkpoint()
