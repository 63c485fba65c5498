"""One request's turns among those of its account: when it may go, how long it had to wait."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from ..limits.limiter import LONGEST_HOLD_S
from ..values.errors import RateLimitedError

if TYPE_CHECKING:
    from ..limits.limiter import Limiter, Reservation
    from ..vendor.account import Vendor

_log: Final = logging.getLogger("portraitkit")
_TICK_S: Final = 1e-6
"""Clocks round: a sleep may end a little early."""


class Permit:
    """Takes a place for each attempt at one request. Without a family it is always its turn."""

    def __init__(self, limiter: Limiter, vendor: Vendor, family: str) -> None:
        self.blocks: Final = bool(family) and limiter.blocks
        self.limited_s = 0.0
        self._limiter = limiter
        self._vendor = vendor
        self._family = family
        self._reservation: Reservation | None = None
        self._is_due = True

    def wait_s(self, *, now_s: float, within_s: float) -> float:
        """
        Ask before an attempt, and again after each wait, until the answer is 0.

        Raises:
            QueueFullError: It would have to wait longer than *within_s*.
        """
        if not self._family:
            return 0.0
        reservation = self._reservation
        if reservation is None or self._is_due:
            key = (self._vendor.name, self._vendor.rate_account, self._family)
            rate = self._vendor.rate(self._family)
            # Whether or not a place is got, the last one is used up.
            self._reservation, self._is_due = None, False
            reservation = self._limiter.reserve(key, rate, now_s=now_s, within_s=within_s)
        wait_s = self._limiter.wait_s(reservation, now_s=now_s, within_s=within_s)
        if wait_s > 0 and reservation is not self._reservation:
            _log.info(
                "%s: waiting %.2f s, as the account may send no more of %s now",
                self._vendor.name,
                wait_s,
                self._family,
            )
        self._reservation, self._is_due = reservation, wait_s <= 0
        self.limited_s += wait_s
        return wait_s + _TICK_S if wait_s > 0 else 0.0

    def refused(self, *, now_s: float, hold_s: float) -> None:
        """Tell the limiter that the vendor refused the last attempt for the account's rate."""
        if self._reservation is not None:
            held_s = hold_s if hold_s <= LONGEST_HOLD_S else 0.0
            self._limiter.refused(self._reservation, now_s=now_s, hold_s=held_s)

    def too_late(self, wait_s: float) -> RateLimitedError:
        """Say that a request was not sent, as its turn would come too late."""
        return RateLimitedError(
            f"the account's own rate of {self._family} is used up: nothing was sent, and it would "
            f"have to wait {wait_s:.1f} s",
            provider=self._vendor.name,
            next_step=f"call again in {wait_s:.1f} s, send less often, or set the profile's rates "
            "to what the account really has",
            retry_after_s=wait_s,
        )
