"""How often a vendor may be asked, as data: one row for each family of requests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from attrs import frozen


@frozen(kw_only=True)
class Rate:
    """
    How often an account may send the requests of one family.

    Attributes:
        most: Requests in any window; None where no number is known, and none waits without a hold.
        window_s: The window, in seconds.
        source: Where the number is from, or who says that there is none.
        assumed: Whether the number is another's, and this vendor's own is not known.
    """

    most: int | None = None
    window_s: float = 1.0
    source: str = ""
    assumed: bool = False

    @property
    def burst(self) -> int:
        """Requests that may go at once, after a rest: a fifth."""
        return max(1, (self.most or 0) // 5)

    @property
    def interval_s(self) -> float:
        """Seconds between those that follow, so that no window holds more; 0 without a number."""
        return self.window_s / (self.most - self.burst + 1) if self.most else 0.0


UNLIMITED: Final = Rate(source="no number is known")


def per_second(value: float, source: str) -> Rate:
    """Make a rate of one request at a time, *value* of them each second; infinity is no limit."""
    return (
        Rate(source=source)
        if value == float("inf")
        else Rate(most=1, window_s=1 / value, source=source)
    )


def unknown(source: str, *families: str) -> Mapping[str, Rate]:
    """Rows for families whose vendor publishes no number: a profile may name one."""
    return dict.fromkeys(families, Rate(source=source))


@lru_cache(maxsize=64)  # what is waited for is asked for again and again
def family_of(method: str, path: str) -> str:
    """
    Name the family of a call to a REST interface: method and path, each id a star.

    What is no plain word is an id: `GET /v1/assets/ta_0123` is of the family `GET /v1/assets/*`.
    """
    parts = (part if _WORD.fullmatch(part) else "*" for part in path.split("/"))
    return f"{method} {'/'.join(parts)}"


_WORD: Final = re.compile(r"|v\d+|[a-z][a-z-]*2?")
