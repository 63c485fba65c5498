"""
Rates shared by all processes through a Redis. The only module that knows it, and an extra.

throttled-py's GCRA runs inside the server, on the server's time. It is asked with the whole queue
as its burst, so that one call tells how long to wait and keeps the order over all processes. A hold
is a key beside it that runs out by itself. The client is redis-py's blocking one; event loops call
it in a thread, which works under asyncio and trio and for several loops at once.
"""

from __future__ import annotations

import contextlib
import functools
import logging
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
from .limiter import PROCESS, Key, Limiter, QueueFullError, Reservation
from .locking import LOCK
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
        """Reserve the next turn, or raise QueueFullError if it is not due *within_s* seconds."""
        if time.monotonic() >= self._away_until_s:
            try:
                wait_s = self._reserve(key, rate, within_s)
            except _FAULTS as fault:
                self._lost(fault)
            else:
                self._found()
                return Reservation(key=key, rate=rate, due_s=now_s + wait_s, shared=True)
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

    def hold(self, reservation: Reservation, *, now_s: float, hold_s: float) -> None:
        """Let nobody in the reservation's queue go for *hold_s* seconds, as the vendor asked."""
        if reservation.shared:
            try:
                self._hold(reservation, hold_s)
            except _FAULTS as fault:
                self._lost(fault)
            else:
                return
        self._spare.hold(reservation, now_s=now_s, hold_s=hold_s)

    def _reserve(self, key: Key, rate: Rate, within_s: float) -> float:
        held_s = self._held_s(key)
        wait_s = held_s + _ROUNDING_S if held_s else 0.0
        if wait_s > within_s:
            raise QueueFullError(wait_s)
        if rate.interval_s:
            interval_s = _PERIOD_S / _count(rate.interval_s)
            room = rate.burst + int(within_s / interval_s)
            result = self._queue(interval_s, room).limit(":".join(key))
            if result.limited:
                raise QueueFullError(result.state.retry_after + (room - rate.burst) * interval_s)
            behind_s = result.state.reset_after - rate.burst * interval_s
            wait_s = max(wait_s, behind_s if behind_s > _NOISE_S else 0.0)
        return wait_s

    def _look_again(self, reservation: Reservation, now_s: float, within_s: float) -> None:
        """After a wait: a hold may have come up, and then there is a later turn to reserve."""
        key, rate = reservation.key, reservation.rate
        try:
            if self._held_s(key):
                reservation.due_s = now_s + self._reserve(key, rate, within_s)
        except _FAULTS as fault:
            self._lost(fault)

    def _hold(self, reservation: Reservation, hold_s: float) -> None:
        held_s, interval_s = self._held_s(reservation.key), reservation.rate.interval_s
        more_s, lasts_ms = hold_s - held_s, max(1, int(1000 * hold_s))
        if more_s <= 0:
            return
        is_ours = self._redis.set(_held(reservation.key), "1", px=lasts_ms, nx=not held_s)
        if is_ours and interval_s:
            # Whoever holds the queue moves its next turn behind the hold, once for all processes;
            # refusals that came together lengthen it by no turn.
            turns = int(more_s / interval_s + (0.5 if held_s else 1))
            if turns:
                _ = self._queue(interval_s, _WHOLE_QUEUE).limit(":".join(reservation.key), turns)

    def _held_s(self, key: Key) -> float:
        left_ms: int = self._redis.pttl(_held(key))  # below 0 where there is none
        return max(0, left_ms) / 1000

    def _make_queue(self, interval_s: float, room: int) -> BaseRateLimiter:
        quota = per_duration(timedelta(seconds=_PERIOD_S), _count(interval_s), room)
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


def _count(interval_s: float) -> int:
    return max(1, int(_PERIOD_S / interval_s))


def _held(key: Key) -> str:
    return f"{_PREFIX}:held:{':'.join(key)}"


_made: Final[dict[Secret, RedisLimiter]] = {}


def shared(url: Secret) -> RedisLimiter:
    """
    Get the process's limiter for a Redis. It is reached for at the first request.

    Raises:
        ConfigError: The text is no address of a Redis.
    """
    with LOCK, contextlib.suppress(ValueError):
        if url not in _made:
            _made[url] = RedisLimiter(url)
        return _made[url]
    raise ConfigError(
        "rate_limiter is no address of a Redis",
        field="rate_limiter",
        next_step="write redis://, rediss:// or unix://, best by reference: "
        'rate_limiter = "env:REDIS_URL"',
    )
