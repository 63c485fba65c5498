"""Tables of the Actions interface: members, status words, errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ...values.media import MediaRules
from ...values.statuses import AssetStatus, GroupKind, MediaType
from ...wire.codec import Keys

GROUP_FIELDS: Final[Mapping[str, Keys]] = {
    "id": ("Id", "GroupId"),
    "name": ("Name", "Title"),
    "description": "Description",
    "kind": "GroupType",
    "created_at": "CreateTime",
    "updated_at": "UpdateTime",
}
ASSET_FIELDS: Final[Mapping[str, Keys]] = {
    "id": ("Id", "AssetId"),
    "name": "Name",
    "media": "AssetType",
    # AllToken's guides name `UpstreamStatus`, its references and Volcengine `Status`.
    "status": ("UpstreamStatus", "Status"),
    "group_id": "GroupId",
    "link": "URL",
    "failure": "Error",
    "created_at": "CreateTime",
    "updated_at": "UpdateTime",
}
FAILURE_FIELDS: Final[Mapping[str, Keys]] = {"code": "Code", "message": "Message"}
WORDS: Final[Mapping[type, Mapping[str, Any]]] = {
    AssetStatus: {
        each.value.title(): each for each in AssetStatus if each is not AssetStatus.UNKNOWN
    },
    GroupKind: {"AIGC": GroupKind.VIRTUAL, "LivenessFace": GroupKind.REAL_PERSON},
    MediaType: {each.value.title(): each for each in MediaType if each is not MediaType.UNKNOWN},
}
UPSTREAM_MEDIA: Final[Mapping[MediaType, MediaRules]] = {
    MediaType.IMAGE: MediaRules(
        source="APIYI asset guide, image requirements",
        types=frozenset(
            f"image/{kind}" for kind in ("jpeg", "png", "webp", "bmp", "tiff", "gif", "heic")
        ),
        max_bytes=30_000_000,
        side_px=(300, 6000),
        ratio=(0.4, 2.5),
    ),
    MediaType.VIDEO: MediaRules(
        source="Volcengine docs 82379/2318271, newer text",
        types=frozenset({"video/mp4", "video/quicktime"}),
        max_bytes=200_000_000,
    ),
    MediaType.AUDIO: MediaRules(
        source="Volcengine docs 82379/2318271",
        types=frozenset({"audio/wav", "audio/mpeg"}),
        max_bytes=15_000_000,
    ),
}


# Source: docs/vendors/volcengine.md: members of the Actions and of the envelope's errors.
SECRET_MEMBERS: Final = frozenset(
    {
        "BytedToken",  # opens a person's face check
        "H5Link",
        "CallbackURL",
        "NextToken",
        "ProjectName",
        "AccountId",
        "Name",
        "Title",
        "Description",
        "__Message.resourceContent",  # echoes what was asked for
    }
)
TYPE_OF_MEDIA: Final = {media: word for word, media in WORDS[MediaType].items()}
TYPE_OF_KIND: Final = {kind: word for word, kind in WORDS[GroupKind].items()}
