"""Which profile a call belongs to, and where it may move to."""

from typing import TYPE_CHECKING

from ..values.loading import lazily

if TYPE_CHECKING:
    from ..limits.breakers import BreakerLimits
    from . import router, routes
    from .router import FailoverRules
else:
    __getattr__ = lazily(__name__, BreakerLimits="router", FailoverRules="router")

__all__ = ["BreakerLimits", "FailoverRules", "router", "routes"]
