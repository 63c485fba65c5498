"""What runs are estimated to cost, by the user's own prices: decimal, in their own units."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import Any, Final, Literal, Self, get_args

from attrs import frozen

from ..values.errors import PortraitError
from ..values.video import VideoRequest
from ..wire.codec import is_object

Unit = Literal["second", "token", "video"]
_FRAME_RATE: Final = 24
_PIXELS: Final = {
    ("480p", "16:9"): 864 * 496,
    ("720p", "16:9"): 1280 * 720,
    ("1080p", "16:9"): 1920 * 1080,
    ("480p", "9:16"): 864 * 496,
    ("720p", "9:16"): 1280 * 720,
    ("1080p", "9:16"): 1920 * 1080,
}
"""Documented at Volcengine. Other ratios are not estimated."""


class BudgetError(PortraitError):
    """A run would cost more than is left, or nobody knows what it costs. It was not sent."""


@frozen
class Money:
    """An amount in a currency, which is never converted."""

    amount: Decimal
    currency: str

    @classmethod
    def read(cls, given: Any) -> Self:
        """
        Read `"20 USD"`, or what `to_dict` gave.

        Raises:
            ValueError: It is neither.
        """
        if is_object(given):
            return cls(Decimal(str(given["amount"])), str(given["currency"]))
        amount, _, currency = str(given).partition(" ")
        if not currency.isalpha():
            raise ValueError(f'{given!r} is no amount: write it as "20 USD"')
        return cls(Decimal(amount), currency)


@frozen(kw_only=True)
class Price:
    """
    What a profile takes for one unit.

    Attributes:
        profile: Whose price it is.
        cost: For one unit; of tokens, for a thousand.
        unit: What is counted.
        source: Where that stands, and when it was read.
        model: For this model only; for every model, if empty.
    """

    profile: str
    cost: Money
    unit: Unit
    source: str
    model: str = ""

    @classmethod
    def read(cls, given: Any) -> Price:
        """
        Read a table of the plan.

        Raises:
            ValueError: A member is missing or not understood.
        """
        table = dict(given)
        cost = Money.read(table.pop("amount", None) or table.pop("cost", None))
        price = cls(cost=cost, **table)
        if price.unit not in get_args(Unit):
            raise ValueError(f"a price's unit is one of {', '.join(get_args(Unit))}")
        return price


def estimate(price: Price | None, request: VideoRequest) -> Money | None:
    """What a request is likely to cost; None where nobody knows."""
    seconds, units = request.duration_s, None
    if price is None:
        return None
    if price.unit == "video":
        units = Decimal(1)
    elif seconds is not None and seconds > 0:
        pixels = _PIXELS.get((request.resolution or "", request.ratio or ""))
        if price.unit == "second":
            units = Decimal(seconds)
        elif pixels:  # tokens: width x height x (24 x seconds + 1) / 1024, in thousands
            units = Decimal(pixels * (_FRAME_RATE * seconds + 1)) / 1024 / 1000
    return None if units is None else Money(price.cost.amount * units, price.cost.currency)


def by_tokens(price: Price | None, tokens: int) -> Money | None:
    """What a finished video took by its own tokens; None where they are not what is paid for."""
    if price is None or price.unit != "token":
        return None
    return Money(price.cost.amount * tokens / 1000, price.cost.currency)


class Purse:
    """Keeps all runs together within a budget: reserved before a create, settled after."""

    def __init__(self, budget: Money | None, *, allow_unpriced: bool) -> None:
        self._budget = budget
        self._allow_unpriced = allow_unpriced
        self._spent = Decimal(0)
        self._lock = threading.Lock()

    def reserve(self, cost: Money | None) -> None:
        """
        Set money aside for a run that is about to be sent.

        Raises:
            BudgetError: It is not enough, or nobody knows what the run costs.
        """
        if self._budget is None:
            return
        if cost is None or cost.currency != self._budget.currency:
            if self._allow_unpriced:
                return
            raise BudgetError(
                "this run has no price in the budget's currency",
                field="budget",
                next_step="add [[prices]] for its profile, or allow what is unpriced",
            )
        with self._lock:
            if self._spent + cost.amount > self._budget.amount:
                raise BudgetError(
                    f"{cost.amount} {cost.currency} would go over the budget: {self._spent} of "
                    f"{self._budget.amount} is spent",
                    field="budget",
                    next_step="raise the budget in the plan, and run the same command again",
                )
            self._spent += cost.amount

    def settle(self, reserved: Money | None, took: Money) -> None:
        """Put what a run took in the place of what was set aside for it."""
        self.release(reserved)
        if self._budget is not None and took.currency == self._budget.currency:
            with self._lock:
                self._spent += took.amount

    def release(self, cost: Money | None) -> None:
        """Give back what was set aside for a run that was certainly not made."""
        if self._budget is not None and cost is not None and cost.currency == self._budget.currency:
            with self._lock:
                self._spent -= cost.amount
