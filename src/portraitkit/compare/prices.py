"""What runs may cost: a budget that all of them together are kept within."""

from __future__ import annotations

import threading
from decimal import Decimal

from ..values.errors import PortraitError
from ..values.prices import Money


class BudgetError(PortraitError):
    """A run would cost more than is left, or nobody knows what it costs. It was not sent."""


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
