"""Which profile a call belongs to, and where it may move to."""

from ..limits.breakers import BreakerLimits
from .router import FailoverRules

__all__ = ["BreakerLimits", "FailoverRules"]
