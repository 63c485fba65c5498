"""
What a video costs, by a page's or a user's own prices: decimal, in the currency they are told in.

No price is a promise: pages change, and accounts have their own. Each says where it was read, and
when.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, Literal, Self, cast, get_args

from attrs import frozen

from .video import References, VideoRequest

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
        if isinstance(given, Mapping):
            told = cast("Mapping[str, object]", given)
            return cls(Decimal(str(told["amount"])), str(told["currency"]))
        amount, _, currency = str(given).partition(" ")
        if not currency.isalpha():
            raise ValueError(f'{given!r} is no amount: write it as "20 USD"')
        return cls(Decimal(amount), currency)


@frozen(kw_only=True)
class Price:
    """
    What is taken for one unit.

    Attributes:
        cost: For one unit; of tokens, for a thousand.
        unit: What is counted.
        source: Where that stands, and when it was read.
        profile: Whose price it is; empty for a vendor's own, which its page lists.
        model: For this model only; for every model, if empty.
        resolution: For this resolution only, likewise.
        with_video: For requests with a video among their references, or for those without one; None
            for both.
    """

    cost: Money
    unit: Unit
    source: str
    profile: str = ""
    model: str = ""
    resolution: str = ""
    with_video: bool | None = None

    def fits(self, request: VideoRequest) -> bool:
        """Tell whether it is for such a request; one for a resolution wants that to be told."""
        return (
            self.model in ("", request.model)
            and self.resolution in ("", request.resolution)
            and self.with_video in (None, _has_video(request))
        )

    def __str__(self) -> str:
        unit = "1000 tokens" if self.unit == "token" else self.unit
        only = {True: "with a video", False: "without a video", None: ""}[self.with_video]
        of = ", ".join(filter(None, (self.model, self.resolution, only)))
        return f"{self.cost.amount:f} {self.cost.currency} a {unit}{of and f' ({of})'}"

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
    elif price.unit == "token" and _has_video(request):
        return None  # the seconds of the input count, too
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


def listed_price(prices: Iterable[Price], request: VideoRequest) -> Price | None:
    """Find the price of a request on a vendor's list: the most exact one."""
    fitting = [each for each in prices if each.fits(request)]
    return max(fitting, key=lambda each: (bool(each.model), bool(each.resolution)), default=None)


def _has_video(request: VideoRequest) -> bool:
    return isinstance(request.media, References) and bool(request.media.videos)
