"""
Rates shared by all processes through a Redis. The only module that knows it, and an extra.

throttled-py's GCRA runs inside the server, on the server's time. It is asked for a place with the
whole queue as its burst, so that one call tells how long to wait and keeps the order over all
processes. What 429s teach is kept beside it: a hold and a learned spacing, which run out by
themselves. The client is redis-py's blocking one; event loops call it in a thread, which works
under asyncio and trio and for several loops at once.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import threading
import time
from datetime import timedelta
from typing import Any, ClassVar, Final, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from throttled import BaseRateLimiter, RateLimiterRegistry, RedisStore, per_duration
from throttled.exceptions import StoreUnavailableError

from ..values.errors import ConfigError
from ..values.secret import Secret
from .limiter import (
    LESSON_S,
    PROCESS,
    Key,
    Limiter,
    QueueFullError,
    Reservation,
    eased,
    life_s,
    pace,
    wider,
)
from .rates import Rate

TIMEOUT_S: Final = 1.0
AWAY_S: Final = 30.0
"""How long a Redis that could not be reached is left alone."""

_log: Final = logging.getLogger("portraitkit")
_PREFIX: Final = "portraitkit"
_PERIOD_S: Final = 1_000_000
"""throttled-py takes whole requests in whole seconds: over a long period that is exact enough."""
_WHOLE_QUEUE: Final = 1_000_000_000
_ROUNDING_S: Final = 0.002
"""Redis tells what is left of a hold in whole milliseconds."""
_NOISE_S: Final = 1e-6
_FAULTS: Final = (redis.RedisError, StoreUnavailableError, OSError)


class RedisLimiter:
    """A limiter whose queues are in a Redis. Where that fails, the process's own goes on."""

    blocks: ClassVar[bool] = True

    def __init__(self, url: Secret, *, spare: Limiter = PROCESS) -> None:
        settings: dict[str, Any] = {
            "socket_timeout": TIMEOUT_S,
            "socket_connect_timeout": TIMEOUT_S,
            "retry": Retry(NoBackoff(), 1),  # a connection may have been closed while idle
        }
        # redis-py's own annotations are partly unknown.
        self._redis: Final[Any] = cast("Any", redis.Redis).from_url(url.reveal(), **settings)
        self._store: Final = RedisStore(
            server=url.reveal(), options={"CONNECTION_POOL_KWARGS": settings}
        )
        self._queue: Final = functools.lru_cache(maxsize=256)(self._make_queue)
        self._spare: Final = spare
        self._away_until_s = float("-inf")

    def reserve(self, key: Key, rate: Rate, *, now_s: float, within_s: float) -> Reservation:
        """Take the next place, or raise QueueFullError if it is not due *within_s* seconds."""
        if time.monotonic() >= self._away_until_s:
            try:
                reservation = self._reserve(key, rate, now_s, within_s)
            except _FAULTS as fault:
                self._lost(fault)
            else:
                self._found()
                return reservation
        return self._spare.reserve(key, rate, now_s=now_s, within_s=within_s)

    def wait_s(self, reservation: Reservation, *, now_s: float, within_s: float) -> float:
        """Seconds until the request may go; 0 means that it goes now. QueueFullError as above."""
        if not reservation.shared:
            return self._spare.wait_s(reservation, now_s=now_s, within_s=within_s)
        if reservation.waited and reservation.due_s <= now_s:
            self._look_again(reservation, now_s, within_s)
        wait_s = max(0.0, reservation.due_s - now_s)
        if wait_s > within_s:
            raise QueueFullError(wait_s)
        reservation.waited = wait_s > 0
        return wait_s

    def refused(self, reservation: Reservation, *, now_s: float, hold_s: float) -> None:
        """Learn from a 429: nothing goes for *hold_s*, and what follows goes slower for a while."""
        if not reservation.shared:
            self._spare.refused(reservation, now_s=now_s, hold_s=hold_s)
            return
        try:
            self._teach(reservation, hold_s)
        except _FAULTS as fault:
            self._lost(fault)

    def _reserve(self, key: Key, rate: Rate, now_s: float, within_s: float) -> Reservation:
        name = ":".join(key)
        held_s, learned_s, _, seen = self._state(name)
        spacing_s, burst = pace(rate, learned_s)
        wait_s = held_s + _ROUNDING_S if held_s else 0.0
        if wait_s > within_s:
            raise QueueFullError(wait_s)
        if spacing_s:
            spacing_s = _PERIOD_S / _count(spacing_s)
            room = burst + int(within_s / spacing_s)
            told = self._queue(spacing_s, room).limit(name)
            if told.limited:
                raise QueueFullError(told.state.retry_after + (room - burst) * spacing_s)
            behind_s = told.state.reset_after - burst * spacing_s
            wait_s = max(wait_s, behind_s if behind_s > _NOISE_S else 0.0)
        return Reservation(key=key, rate=rate, due_s=now_s + wait_s, shared=True, seen=seen)

    def _look_again(self, reservation: Reservation, now_s: float, within_s: float) -> None:
        """After a wait: a hold may have come up, and then there is a later place to take."""
        try:
            held_s, _, _, reservation.seen = self._state(":".join(reservation.key))
            if held_s:
                later = self._reserve(reservation.key, reservation.rate, now_s, within_s)
                reservation.due_s, reservation.seen = later.due_s, later.seen
        except _FAULTS as fault:
            self._lost(fault)

    def _teach(self, reservation: Reservation, hold_s: float) -> None:
        name = ":".join(reservation.key)
        held_s, spacing_s, calm_s, known = self._state(name)
        if known is None or (known == reservation.seen and calm_s > LESSON_S):
            spacing_s = wider(reservation.rate, spacing_s)
            lasts_ms = int(1000 * (hold_s + life_s(spacing_s)))
            _ = self._redis.set(f"{_PREFIX}:slow:{name}", f"{spacing_s:.6f}", px=lasts_ms)
        more_s = hold_s - held_s
        if more_s > 0 and self._redis.set(
            f"{_PREFIX}:held:{name}", "1", px=max(1, int(1000 * hold_s)), nx=not held_s
        ):
            # Whoever holds the queue moves its next place behind the hold, once for all processes.
            spacing_s = max(spacing_s, reservation.rate.interval_s)
            cost = int(more_s / spacing_s) + 1
            _ = self._queue(spacing_s, _WHOLE_QUEUE).limit(name, cost)

    def _state(self, name: str) -> tuple[float, float, float, bytes | None]:
        """How long a queue is held, the spacing it learned, since when; that as it is stored."""
        held, slow = f"{_PREFIX}:held:{name}", f"{_PREFIX}:slow:{name}"
        asked = self._redis.pipeline(transaction=False)
        held_ms, known, lasts_ms = asked.pttl(held).get(slow).pttl(slow).execute()
        learned_s = float(known) if known else 0.0
        calm_s = life_s(learned_s) - lasts_ms / 1000 if learned_s else 0.0
        return max(0, held_ms) / 1000, eased(learned_s, calm_s), calm_s, known

    def _make_queue(self, spacing_s: float, room: int) -> BaseRateLimiter:
        quota = per_duration(timedelta(seconds=_PERIOD_S), _count(spacing_s), room)
        return RateLimiterRegistry.get("gcra")(quota, self._store, key_prefix=_PREFIX)

    def _lost(self, fault: Exception) -> None:
        if self._away_until_s == float("-inf"):
            _log.warning(
                "the rate limiter's Redis fails (%s): this process goes on with a limiter of its "
                "own, and tries the Redis again every %.0f s",
                type(fault.__cause__ or fault).__name__,
                AWAY_S,
            )
        self._away_until_s = time.monotonic() + AWAY_S

    def _found(self) -> None:
        if self._away_until_s > float("-inf"):
            self._away_until_s = float("-inf")
            _log.info("the rate limiter's Redis is back: rates are shared again")


def _count(spacing_s: float) -> int:
    return max(1, int(_PERIOD_S / spacing_s))


_made: Final[dict[Secret, RedisLimiter]] = {}
_lock: Final = threading.Lock()


def shared(url: Secret) -> RedisLimiter:
    """
    Get the process's limiter for a Redis. It is reached for at the first request.

    Raises:
        ConfigError: The text is no address of a Redis.
    """
    with _lock, contextlib.suppress(ValueError):
        if url not in _made:
            _made[url] = RedisLimiter(url)
        return _made[url]
    raise ConfigError(
        "rate_limiter is no address of a Redis",
        field="rate_limiter",
        next_step="write redis://, rediss:// or unix://, best by reference: "
        'rate_limiter = "env:REDIS_URL"',
    )
