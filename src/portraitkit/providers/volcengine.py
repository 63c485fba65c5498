"""
Volcengine Ark: portraits by signed Actions, real people by H5 sessions, videos by Ark's tasks.

Source: docs/vendors/volcengine.md (public documentation, the vendor's own clients). Never tried
with a key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from attrs import frozen

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
    video_models: ClassVar[tuple[VideoModel, ...]] = (
        *second_generation("doubao-", also="dreamina-"),
        first_generation("doubao-", also=""),
    )

    video_url: str = VIDEO_ORIGIN
