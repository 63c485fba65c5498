"""
Volcengine Ark: portraits by signed Actions, real people by H5 sessions, videos by Ark's tasks.

Source: docs/vendors/volcengine.md (public documentation, the vendor's own clients). Never tried
with a key.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar, Final

from attrs import frozen

from ..values.prices import Money, Price
from ..vendor.preflight import VideoModel
from .dialects.ark_direct import DirectArk
from .dialects.ark_models import first_generation, second_generation

VIDEO_ORIGIN: Final = "https://ark.cn-beijing.volces.com"


@frozen(kw_only=True, slots=False)
class Volcengine(DirectArk):
    """Volcengine Ark. BytePlus speaks the same elsewhere."""

    name: ClassVar[str] = "volcengine"
    variables: ClassVar[Mapping[str, str]] = {
        "access_key": "VOLC_ACCESSKEY",
        "secret_key": "VOLC_SECRETKEY",
        "api_key": "ARK_API_KEY",
    }
    # Unverified: the list that a reseller's page multiplies by 0.1714. CNY for 1,000,000 tokens.
    prices: ClassVar[tuple[Price, ...]] = tuple(
        Price(
            cost=Money(Decimal(amount) / 1000, "CNY"),
            unit="token",
            source="docs.laozhang.ai/en/announcements/seedance-pricing-2026-10, 2026-10-14",
            model=model,
            resolution=resolution,
            with_video=with_video,
        )
        for model, resolution, *amounts in (
            ("seedance-2.5", "480p", 70, 42),
            ("seedance-2.5", "720p", 70, 42),
            ("seedance-2.5", "1080p", 77, 46),
            ("seedance-2.0", "480p", 46, 28),
            ("seedance-2.0", "720p", 46, 28),
            ("seedance-2.0", "1080p", 51, 31),
            ("seedance-2.0-fast", "", 37, 22),
            ("seedance-2.0-mini", "", 23, 14),
        )
        for amount, with_video in zip(amounts, (False, True), strict=True)
    )
    video_models: ClassVar[tuple[VideoModel, ...]] = (
        *second_generation("doubao-", also="dreamina-"),
        first_generation("doubao-", also=""),
    )

    video_url: str = VIDEO_ORIGIN
