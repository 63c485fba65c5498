"""How often and how long to look at what takes time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from attrs import frozen

from ..values.models import Event

Subject: TypeAlias = Literal["asset", "verification", "video"]
OnEvent: TypeAlias = Callable[[Event], object]


@frozen(kw_only=True)
class Pacing:
    """
    How a thing is waited for.

    Attributes:
        first_s: Seconds before the first look: most things take at least that long.
        step_s: Seconds between looks.
        deadline_s: Seconds after which waiting ends, where the caller names no deadline.
        unseen_s: Seconds during which a new thing may not be found yet.
        unknown_s: Seconds for which a status that nobody listed is waited through.
    """

    first_s: float = 3.0
    step_s: float = 3.0
    deadline_s: float = 300.0
    unseen_s: float = 10.0
    unknown_s: float = 300.0
