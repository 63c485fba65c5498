"""
BytePlus ModelArk: Volcengine's dialect, signed for another region, at other origins.

Source: docs/vendors/byteplus.md (the vendor's own client, its notes of live calls, and the pages
that mirror Volcengine's). Never tried with a key.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar, Final

from attrs import evolve, field, frozen

from ..values.prices import Money, Price
from ..vendor.dialect import VideoDialect
from ..vendor.preflight import VideoModel
from .dialects.ark_account import ARK_DIALECT, check_region
from .dialects.ark_direct import DirectArk
from .dialects.ark_models import first_generation, second_generation

ASSETS_ORIGIN: Final = "https://ark.ap-southeast-1.byteplusapi.com"
VIDEO_ORIGIN: Final = "https://ark.ap-southeast.bytepluses.com"


@frozen(kw_only=True, slots=False)
class BytePlus(DirectArk):
    """
    BytePlus ModelArk.

    Attributes:
        assets_url: `https://open.ap-southeast-1.byteplusapi.com` answers as well.
    """

    name: ClassVar[str] = "byteplus"
    variables: ClassVar[Mapping[str, str]] = {
        "access_key": "BYTEPLUS_ACCESSKEY",
        "secret_key": "BYTEPLUS_SECRETKEY",
        "api_key": "BYTEPLUS_ARK_API_KEY",  # its client's ARK_API_KEY is Volcengine's, too
    }
    dialect: ClassVar[VideoDialect] = evolve(
        ARK_DIALECT,
        fields={key: each for key, each in ARK_DIALECT.fields.items() if key != "web_search"},
        unsupported={"web_search": "its client's body has no tools"},
    )
    # Unverified: an article that quotes the vendor's price page.
    prices: ClassVar[tuple[Price, ...]] = tuple(
        Price(
            cost=Money(Decimal(amount), "USD"),
            unit="token",
            source="dev.to/develmilk/seedance-25-api-cost, quoting BytePlus, read 2026-11-27",
            model="seedance-2.5",
            with_video=with_video,
        )
        for amount, with_video in (("0.0107", False), ("0.0064", True))
    )
    video_models: ClassVar[tuple[VideoModel, ...]] = (
        *second_generation("dreamina-", also="doubao-"),
        first_generation("", also="doubao-"),
    )

    assets_url: str = ASSETS_ORIGIN
    video_url: str = VIDEO_ORIGIN
    region: str = field(default="ap-southeast-1", validator=check_region)
