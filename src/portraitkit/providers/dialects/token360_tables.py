"""
Token360's tables: where members are found, what words and error types mean, what models take.

Source: docs/vendors/token360.md. Rows that only clients' code or a guess stand behind are marked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from attrs import evolve, frozen

from ...values.errors import (
    AuthenticationError,
    ConflictError,
    InsufficientBalanceError,
    NotFoundError,
    PermissionDeniedError,
    QuotaExceededError,
    RateLimitedError,
)
from ...values.media import MediaRules
from ...values.models import Asset, Failure, Group, Page, Verification, VideoTask
from ...values.statuses import AssetStatus, GroupKind, MediaType, VerificationStatus, VideoStatus
from ...vendor.preflight import VideoModel
from ...wire.codec import Codec, count, first, listed
from ...wire.error_mapping import VendorError
from ...wire.steps import Response
from ...wire.synonyms import spelled
from .action_tables import UPSTREAM_MEDIA
from .codes import GONE, NAME_OF_MODEL, RELAYED_CODES, Codes
from .paging import largest, read_rows
from .tables import alike

T = TypeVar("T")

# The guide has assetGroupId, an example of the reference groupId. Unverified: id.
GROUP_ID: Final = ("assetGroupId", "groupId", "id")

# Unverified: all but `id` stand in one client's code.
VIDEO_ID: Final = ("id", "task_id", "video_id")
# Unverified: all but `status` stand in one client's code.
ASSET_WORD: Final = ("status", "Status", "assetStatus", "state")

# One page names the rows twice: `list` in its table, `records` in its example. A client reads the
# others too.
ROWS: Final = ("data.list", "data.records", "data.items", "data.groups")
TOTAL: Final = ("data.pagination.total", "data.total")

# Source: docs/vendors/token360.md: members of groups, of the upload's record, of videos.
SECRET_MEMBERS: Final = frozenset(
    {"h5Link", "userId", "groupName", "name", "filename", "prompt", "safety_identifier"}
)

CODEC: Final = Codec(
    fields={
        Group: {"id": GROUP_ID, "name": "name", "kind": "groupKind"},
        Asset: {
            "id": ("assetId", "token360AssetId"),  # never `id`, which is the record's number
            "name": "name",
            "media": "mediaType",
            "status": ASSET_WORD,
            "group_id": ("assetGroupId", "groupId"),
        },
        Verification: {"id": GROUP_ID, "link": "h5Link"},
        VideoTask: {
            "id": VIDEO_ID,
            "status": ("status", "state"),
            **alike("model created_at updated_at"),
            "video_link": ("url", "video_url", "content.video_url", "content.url"),
            "last_frame_link": "content.last_frame_url",
            "duration_s": ("duration", "parameters.duration"),
            "ratio": "parameters.aspect_ratio",
            "resolution": "parameters.resolution",
            "seed": "parameters.seed",
            "failure": "error",
        },
        Failure: alike("code message"),
    },
    words={
        GroupKind: {
            "VIRTUAL_PORTRAIT": GroupKind.VIRTUAL,
            "AIGC": GroupKind.VIRTUAL,  # the guide's table of group types
            "REAL_FACE": GroupKind.REAL_PERSON,
            "REAL_PERSON": GroupKind.REAL_PERSON,  # the same table
        },
        MediaType: {kind.value: kind for kind in MediaType if kind is not MediaType.UNKNOWN},
        # Unverified: all but `processing` and `active` are what clients' code knows.
        AssetStatus: spelled(
            {
                AssetStatus.PROCESSING: "processing pending queued in_progress",
                AssetStatus.ACTIVE: "active ready success completed",
                AssetStatus.FAILED: "failed failure error rejected expired inactive disabled",
            }
        ),
        # Unverified: all but `active`; the last two are guesses.
        VerificationStatus: spelled(
            {
                VerificationStatus.VERIFIED: "active",
                VerificationStatus.WAITING: "pending_validation",
                VerificationStatus.EXPIRED: "expired",
                VerificationStatus.FAILED: "failed",
            }
        ),
        # Unverified: `cancelled` and `expired` are guesses.
        VideoStatus: spelled(
            {
                VideoStatus.QUEUED: "queued",
                VideoStatus.RUNNING: "in_progress",
                VideoStatus.SUCCEEDED: "completed",
                VideoStatus.FAILED: "failed",
                VideoStatus.CANCELLED: "cancelled",
                VideoStatus.EXPIRED: "expired",
            }
        ),
    },
)

# `invalid_request_error` and `api_error` say less than the HTTP status, which decides for them.
CODES: Final[Codes] = {
    **RELAYED_CODES,
    "invalid_api_key": (AuthenticationError, ""),
    "api_key_frozen": (
        PermissionDeniedError,
        "have the account's owner unfreeze the key, or use another one",
    ),
    "model_access_denied": (
        PermissionDeniedError,
        "have the account's owner allow the model to the key",
    ),
    "insufficient_balance": (InsufficientBalanceError, ""),
    "not_found_error": (NotFoundError, ""),
    "model_not_found": (NotFoundError, NAME_OF_MODEL),
    "rate_limit_error": (RateLimitedError, ""),
    # Unverified: these are guesses, save that a group that is not active was seen to be refused.
    "QUOTA_EXCEEDED": (QuotaExceededError, ""),
    "ASSET_GROUP_NOT_FOUND": (NotFoundError, GONE),
    "GROUP_NOT_FOUND": (NotFoundError, GONE),
    "ASSET_NOT_FOUND": (NotFoundError, GONE),
    "ASSET_GROUP_NOT_ACTIVE": (
        ConflictError,
        "the group waits for its person: wait_until_verified(check), then add the asset",
    ),
}

_TAKES_PORTRAITS: Final[dict[str, Any]] = {
    # Unverified: the numbers are those a client's schema gives for the vendor-native body.
    "duration_s": (4, 15),
    "most": {MediaType.IMAGE: 9, MediaType.VIDEO: 3, MediaType.AUDIO: 3},
    # Of the whole gateway; no page says which of them Seedance 2.0 takes.
    "resolutions": ("360p", "480p", "540p", "720p", "1080p", "1K", "2K", "4K"),
    "ratios": ("adaptive", "16:9", "9:16", "1:1", "4:3", "3:4", "21:9", "9:21"),
    "source": "Token360 video reference; seconds and counts from clients' code",
}
MODELS: Final = (
    VideoModel(name="seedance-2.0", id="seedance-2.0", **_TAKES_PORTRAITS),
    VideoModel(name="seedance-2.0-fast", id="seedance-2.0-fast", **_TAKES_PORTRAITS),
    VideoModel(
        name="seedance-1.5-pro",
        id="seedance-1.5-pro",
        takes_assets=False,
        source="Token360 virtual portrait guide",
    ),
)

MEDIA: Final[Mapping[MediaType, MediaRules]] = {
    # Unverified: Token360 states no limits; its guide says that it stores with the same upstream.
    MediaType.IMAGE: evolve(
        UPSTREAM_MEDIA[MediaType.IMAGE], source="the upstream's image rules; Token360 states none"
    )
}


def fault_of(data: Any, response: Response) -> VendorError | None:
    """
    Find a refusal.

    The gateway's is `{error: {message, type, param, code}}`, where `type` says more than `code`; it
    is not to be taken for the `error` of a video that failed. The envelope's is any code but 0 and
    200, as a number or as text, or a `success` that is false; a client's code says so.
    Unverified: the form of the envelope's refusals, and that a bare message is one.
    """
    if response.ok and first(data, VIDEO_ID):
        return None
    word, message = first(data, ("error.type", "error.code")), first(data, "error.message")
    if word or message:
        return VendorError(code=word, message=message)
    code = first(data, "code")
    failed = first(data, "success") is False or _is_failure(code)
    if response.ok and not failed:
        return None
    word, message = first(data, ("serviceCode", "code")), first(data, ("msg", "message", "error"))
    return VendorError(code=word, message=message) if word or message else None


def _is_failure(code: Any) -> bool:
    number = type(code) is int or (isinstance(code, str) and code.isascii() and code.isdecimal())
    return number and str(code) not in ("0", "200")


def inner(data: Any) -> Any:
    """Take an answer out of its envelope, if it is in one."""
    found = first(data, "data")
    return data if found is None else found


def is_active(group: Group, word: Any) -> bool:
    """Tell whether a group can be used. One without a word can, unless a person must pass first."""
    if word is None:
        return group.kind is not GroupKind.REAL_PERSON
    return str(word).casefold() == "active"


@frozen
class Cursor:
    """
    Where a list is: the page's number, rows per page, rows before it, the first of the page before.

    The last is there because some paging is a guess: a vendor that ignores it would answer with the
    same page for ever.
    """

    number: int = 1
    size: int = 100
    seen: int = 0
    total: int | None = None
    before: str = ""

    @classmethod
    def parse(cls, text: str | None) -> Cursor:
        """Read what `str` wrote."""
        if text is None:
            return cls()
        number, size, seen, total, before = text.split(":", 4)
        return cls(int(number), int(size), int(seen), int(total) if total else None, before)

    def __str__(self) -> str:
        total = "" if self.total is None else self.total
        return f"{self.number}:{self.size}:{self.seen}:{total}:{self.before}"

    @property
    def query(self) -> dict[str, str]:
        """What asks for this page."""
        return {"current": str(self.number), "size": str(self.size)}

    def page(
        self, data: Any, read: Callable[[Any], T], keep: Callable[[T], bool], *, sized: bool = True
    ) -> Page[T]:
        """Read this page out of *data*. *sized* if a size was asked for."""
        found = listed(data, ROWS, TOTAL)
        total = largest(self.total, count(data, TOTAL))
        here = str(first(found[0], ("assetId", *GROUP_ID))) if found else ""
        seen = self.seen + len(found)
        following = None
        if found and here != self.before and (total is None or seen < total):
            size = count(data, ("data.pagination.size", "data.size"))
            size = size or (self.size if sized else len(found))
            following = str(Cursor(self.number + 1, size, seen, total, here))
        rows = read_rows(found, read)
        return rows.page(next=following, seen=self.seen, total=total, keep=keep)
