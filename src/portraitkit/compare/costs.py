"""What runs cost, in three numbers, each in the vendor's own currency and unit."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal

from attrs import frozen

from .runs import Run

Number = Literal["estimated", "reported", "reconciled"]
NUMBERS: Final[tuple[Number, ...]] = ("estimated", "reported", "reconciled")


@frozen
class Cost:
    """An amount, with the currency and the unit that it was told in; nothing is converted."""

    amount: Decimal
    currency: str
    unit: str

    def to_dict(self) -> dict[str, str]:
        """Write it for the report: the amount as text, since it is a decimal."""
        return {"amount": _plain(self.amount), "currency": self.currency, "unit": self.unit}


@frozen
class Sum:
    """
    The sum of several runs.

    Attributes:
        known: What is known of it, one for each currency and unit.
        unpriced: How many runs it does not know the price of. The sum is unknown unless it is 0.
    """

    known: tuple[Cost, ...]
    unpriced: int

    def per(self, seconds: float) -> Cost | None:
        """Divide it; None where it is unknown, or in several currencies, or nothing was usable."""
        if self.unpriced or len(self.known) != 1 or seconds <= 0:
            return None
        (money,) = self.known
        amount = (money.amount / Decimal(str(seconds))).quantize(Decimal("0.000001"))
        return Cost(amount, money.currency, money.unit)

    def to_dict(self) -> dict[str, Any]:
        """Write it for the report."""
        return {"known": [each.to_dict() for each in self.known], "unpriced": self.unpriced}


def price(run: Run, which: Number) -> Cost | None:
    """
    Tell what a run cost. None where it is unpriced.

    `reconciled` is the money that the vendor reported, or its tokens at the user's price, or else
    the estimate.
    """
    finished = run.event("finished")
    estimated, reported = _money(run.asked.get("estimated")), _money(finished.get("reported"))
    in_money = reported if reported and reported.currency else None
    reconciled = in_money or _money(finished.get("reconciled")) or estimated
    return {"estimated": estimated, "reported": reported, "reconciled": reconciled}[which]


def total(runs: Iterable[Run], which: Number) -> Sum:
    """Add up what vendors took; a run that none of them took costs nothing."""
    prices = [price(run, which) for run in runs if run.was_created]
    sums: dict[tuple[str, str], Decimal] = {}
    for each in prices:
        if each is not None:
            key = (each.currency, each.unit)
            sums[key] = sums.get(key, Decimal(0)) + each.amount
    known = tuple(Cost(amount, *key) for key, amount in sorted(sums.items()))
    return Sum(known, prices.count(None))


def _money(told: Any) -> Cost | None:
    try:
        amount = Decimal(str(told["amount"]))
        return (
            Cost(amount, told["currency"] or "", told["unit"] or "") if amount.is_finite() else None
        )
    except (InvalidOperation, KeyError, TypeError):
        return None


def _plain(amount: Decimal) -> str:
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
