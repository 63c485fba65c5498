"""
APIMart: the avatar dialect at its origin, with a storage for pictures.

Source: docs/vendors/apimart.md (the vendor's own pages). Never tried with a key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from attrs import frozen

from ..values.media import Link, MediaRules, Upload
from ..values.prices import Price
from ..values.statuses import MediaType
from ..vendor.preflight import VideoModel
from ..wire.codec import first
from ..wire.steps import Flow
from .dialects import avatar_tables as _avatars
from .dialects.avatar_account import AvatarAccount
from .dialects.storage import StoredFiles, link_in

ORIGIN: Final = "https://api.apimart.ai"
_STORAGE_PATH: Final = "/v1/uploads/images"


@frozen(kw_only=True, slots=False)
class APIMart(StoredFiles, AvatarAccount):
    """APIMart."""

    name: ClassVar[str] = "apimart"
    # The newer copy of the page; an older one keeps 1080p for the -face models, and has no 4k.
    video_models: ClassVar[tuple[VideoModel, ...]] = (
        *_avatars.models_to("480p", "720p", "1080p", "4k"),
        *_avatars.LATER_MODELS,
    )
    prices: ClassVar[tuple[Price, ...]] = _avatars.PRICES
    storage_rules: ClassVar[Mapping[MediaType, MediaRules]] = {
        MediaType.IMAGE: MediaRules(
            source="APIMart's page on image uploads",
            types=frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"}),
            max_bytes=20_000_000,
        )
    }

    base_url: str = ORIGIN

    def store(self, upload: Upload) -> Flow[Link]:
        """Upload a picture; the link lives for 72 hours."""
        answer = yield from self.ask(self.form(_STORAGE_PATH, {}, upload, repeatable=True))
        return link_in(answer, first(answer.data, "url"), upload)
