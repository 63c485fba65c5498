"""Time, as the engine asks for it: now, monotonic, and how to wait."""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import anyio
from attrs import field, frozen

from .. import rehearsal


def _now() -> datetime:
    rehearsed = rehearsal.current_time()
    return rehearsed.now() if rehearsed else datetime.now(UTC)


def _monotonic() -> float:
    rehearsed = rehearsal.current_time()
    return rehearsed.monotonic() if rehearsed else time.monotonic()


def _sleep(seconds: float) -> None:
    rehearsed = rehearsal.current_time()
    (rehearsed.sleep if rehearsed else time.sleep)(seconds)


async def _sleep_async(seconds: float) -> None:
    rehearsed = rehearsal.current_time()
    await (rehearsed.sleep_async if rehearsed else anyio.sleep)(seconds)


def _jitter() -> float:
    return 0.5 if rehearsal.current_time() else random.random()  # noqa: S311  (spreads, hides nothing)


@frozen(kw_only=True)
class Clock:
    """
    Where drivers get the time from, and how they let it pass. Tests put a virtual one here.

    The default is the real time; while a test rehearses, that rehearsal's.
    """

    now: Callable[[], datetime] = _now
    monotonic: Callable[[], float] = _monotonic
    sleep: Callable[[float], None] = _sleep
    sleep_async: Callable[[float], Awaitable[None]] = _sleep_async
    jitter: Callable[[], float] = field(default=_jitter)

    @classmethod
    def fast(cls, speed: float) -> Clock:
        """Make one that runs by itself, *speed* times as fast: whoever waits by it waits less."""
        start, start_s = datetime.now(UTC), time.monotonic()

        def monotonic() -> float:
            return (time.monotonic() - start_s) * speed

        return cls(
            now=lambda: start + timedelta(seconds=monotonic()),
            monotonic=monotonic,
            sleep=lambda seconds: time.sleep(seconds / speed),
            sleep_async=lambda seconds: anyio.sleep(seconds / speed),
        )
