"""
xcompute: the avatar dialect, resold.

Source: docs/vendors/xcompute.md (the vendor's real-avatar guide, and pages of APIMart, whose
interface it resells).
"""

from __future__ import annotations

from typing import ClassVar, Final

from attrs import frozen

from ..vendor.preflight import VideoModel
from .dialects import avatar_tables as _avatars
from .dialects.avatar_account import AvatarAccount

ORIGIN: Final = "https://xcompute.us"


@frozen(kw_only=True, slots=False)
class XCompute(AvatarAccount):
    """xcompute."""

    name: ClassVar[str] = "xcompute"
    # Unverified: copies of APIMart's page disagree on where 1080p is made.
    video_models: ClassVar[tuple[VideoModel, ...]] = _avatars.models_to("480p", "720p", "1080p")

    base_url: str = ORIGIN
