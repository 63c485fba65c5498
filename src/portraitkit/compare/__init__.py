"""Comparing vendors: the same scenes at several profiles, measured and reported."""

from __future__ import annotations

from ..values.prices import Money, Price
from .comparison import Comparison, compare
from .plan import Plan, Scene, read_plan
from .prices import BudgetError
from .videofile import MeasureError
from .votes import Preference

__all__ = [
    "BudgetError",
    "Comparison",
    "MeasureError",
    "Money",
    "Plan",
    "Preference",
    "Price",
    "Scene",
    "compare",
    "read_plan",
]
