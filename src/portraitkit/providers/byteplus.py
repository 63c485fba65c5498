"""
BytePlus ModelArk: Volcengine's dialect, signed for another region, at other origins.

Source: docs/vendors/byteplus.md (the vendor's own client, its notes of live calls, and the pages
that mirror Volcengine's). Never tried with a key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from attrs import field, frozen

from ..vendor.preflight import VideoModel
from .dialects.ark_account import check_region
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
    video_models: ClassVar[tuple[VideoModel, ...]] = (
        *second_generation("dreamina-", also="doubao-"),
        first_generation("", also="doubao-"),
    )

    assets_url: str = ASSETS_ORIGIN
    video_url: str = VIDEO_ORIGIN
    region: str = field(default="ap-southeast-1", validator=check_region)
