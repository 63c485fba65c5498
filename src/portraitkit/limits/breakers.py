"""
Circuit breakers: which accounts had no capacity lately, and when one is worth another try.

A circuit opens after several failures in a row. When it has rested, one call is let through to
probe the account; success closes the circuit, and another failure lets it rest again. The time is
an argument, so that nothing here reads a clock.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

from attrs import define, frozen

from .locking import LOCK


@frozen(kw_only=True)
class BreakerLimits:
    """
    When a circuit opens, and for how long.

    Attributes:
        failures: Failures in a row that open it.
        rest_s: Seconds until the account is probed again.
    """

    failures: int = 3
    rest_s: float = 30.0


@define
class _Circuit:
    failures: int = 0
    open_until_s: float = 0.0

    def left_s(self, now_s: float, limits: BreakerLimits) -> float:
        is_open = self.failures >= limits.failures
        return max(0.0, self.open_until_s - now_s) if is_open else 0.0


class Breakers:
    """The circuits of all accounts that fail, at most *most* of them. Safe to share."""

    def __init__(self, most: int = 256) -> None:
        self._most: Final = most
        self._circuits: Final[OrderedDict[Hashable, _Circuit]] = OrderedDict()

    def left_s(self, account: Hashable, now_s: float, limits: BreakerLimits) -> float:
        """Seconds until the account may be asked; 0 if it may be now."""
        with LOCK:
            return self._circuits.get(account, _Circuit()).left_s(now_s, limits)

    def enter(self, account: Hashable, now_s: float, limits: BreakerLimits) -> float:
        """Do the same for a call that is made if it may be; only one may be the probe."""
        with LOCK:
            circuit = self._circuits.get(account, _Circuit())
            left_s = circuit.left_s(now_s, limits)
            if not left_s and circuit.failures >= limits.failures:
                # A probe that never tells how it went must not keep the circuit open for good.
                circuit.open_until_s = now_s + limits.rest_s
            return left_s

    def passed(self, account: Hashable) -> None:
        """The account has capacity: close its circuit."""
        with LOCK:
            _ = self._circuits.pop(account, None)

    def failed(self, account: Hashable, now_s: float, limits: BreakerLimits) -> None:
        """The account had no capacity, or did not answer."""
        with LOCK:
            circuit = self._circuits.setdefault(account, _Circuit())
            self._circuits.move_to_end(account)
            circuit.failures += 1
            circuit.open_until_s = now_s + limits.rest_s
            if len(self._circuits) > self._most:
                _ = self._circuits.popitem(last=False)

    def unasked(self, account: Hashable, now_s: float) -> None:
        """The call was not sent after all: another one may be the probe."""
        with LOCK:
            if circuit := self._circuits.get(account):
                circuit.open_until_s = min(circuit.open_until_s, now_s)


SHARED: Final = Breakers()
"""The circuits of this process, on its monotonic clock."""
