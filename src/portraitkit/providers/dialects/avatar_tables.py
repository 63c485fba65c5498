"""
The avatar dialect's tables: where members are found, what words mean, what models take.

APIMart's own; xcompute resells it under another host. What no page of either says is marked. What
only APIMart's pages say is a guess at xcompute, as its page there and its contract tell.

Source: docs/vendors/apimart.md, docs/vendors/xcompute.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from attrs import evolve, frozen

from ...values.errors import (
    AuthenticationError,
    ContentRejectedError,
    HandleError,
    InsufficientBalanceError,
    InvalidRequestError,
    PermissionDeniedError,
    RateLimitedError,
    ServiceUnavailableError,
)
from ...values.media import MediaRules
from ...values.models import Asset, Failure, Group, Verification, VideoTask
from ...values.prices import Money, Price
from ...values.prompts import Slot
from ...values.remarks import Finding
from ...values.statuses import AssetStatus, GroupKind, MediaType, VideoStatus
from ...values.video import VideoRequest
from ...vendor.preflight import Difference, VideoModel
from ...wire.codec import Codec, first, is_blank
from ...wire.error_mapping import VendorError
from ...wire.steps import Response
from ...wire.synonyms import spelled
from .action_tables import UPSTREAM_MEDIA
from .codes import RELAYED_CODES, Codes
from .tables import alike

# Source: docs/vendors/xcompute.md: the endpoints' bodies, a session's task.
SECRET_MEMBERS: Final = frozenset(
    {"byted_token", "h5_link", "callback_url", "project_name", "name", "description", "prompt"}
)

CODEC: Final = Codec(
    fields={
        Asset: {  # of what `Review.members` gathers
            "id": "asset_id",
            **alike("name status group_id"),
            "failure": "error",
        },
        Failure: alike("code message"),
        Verification: {"link": "result.h5_link", "token": "result.byted_token"},
        VideoTask: {
            "id": ("id", "task_id", "video_id"),
            **alike("status progress"),
            # One string, or a list of one. Unverified: the second, from clients' code.
            "video_link": ("result.videos.0.url", "result.videos.0"),
            "last_frame_link": "result.last_frame_url",
            "link_expires_at": ("result.videos.0.expires_at", "result.expires_at"),
            "failure": "error",
            "created_at": "created",
            "updated_at": "completed",
        },
    },
    words={
        # Assets' own words, and tasks'. Unverified: `queued` and `in_progress`, of clients' code.
        AssetStatus: spelled(
            {
                AssetStatus.PROCESSING: "processing pending submitted queued in_progress",
                AssetStatus.ACTIVE: "Active",
                AssetStatus.FAILED: "Failed cancelled",
            }
        ),
        VideoStatus: spelled(
            {
                VideoStatus.QUEUED: "pending submitted queued",
                VideoStatus.RUNNING: "processing in_progress",
                VideoStatus.SUCCEEDED: "completed",
                VideoStatus.FAILED: "failed",
                VideoStatus.CANCELLED: "cancelled",
            }
        ),
    },
)

# The status decides for `invalid_request_error`.
CODES: Final[Codes] = {
    **RELAYED_CODES,
    # Unverified: seen at a sister gateway.
    "20003": (
        InvalidRequestError,
        "frames and references exclude each other: give image_urls or image_with_roles",
    ),
    "authentication_error": (AuthenticationError, ""),
    "payment_required": (InsufficientBalanceError, ""),
    "permission_error": (PermissionDeniedError, ""),
    "rate_limit_error": (RateLimitedError, ""),
    "server_error": (ServiceUnavailableError, ""),
    "bad_gateway": (ServiceUnavailableError, ""),
    "nsfw_content_detected": (ContentRejectedError, ""),
}

# Unverified: no answer of step 2 is printed anywhere; these are the likely places, likeliest first.
GROUP_ID: Final = (
    "group_id",
    "GroupId",
    "result.group_id",
    "result.GroupId",
    "result.raw_response.Result.GroupId",
    "raw_response.Result.GroupId",
)

_FACE: Final = "-face"
_LISTING: Final = "github.com/apimart-api-ai-Aggregator, 2026-09-17"
_LIMITS: Final[dict[str, Any]] = {
    "duration_s": (4, 15),
    "chooses_duration": False,
    "ratios": ("16:9", "9:16", "1:1", "4:3", "3:4", "21:9", "adaptive"),
    "most": {MediaType.IMAGE: 9, MediaType.VIDEO: 3, MediaType.AUDIO: 3},
    "audio_alone": False,
    "prompt_length": 4000,
    "source": "APIMart's generation page",
}
MEDIA: Final[Mapping[MediaType, MediaRules]] = {
    # Unverified: no page states limits; what is submitted is reviewed by the same upstream.
    MediaType.IMAGE: evolve(
        UPSTREAM_MEDIA[MediaType.IMAGE], source="the upstream's image rules; no page states any"
    )
}


def models_to(*standard: str) -> tuple[VideoModel, ...]:
    """List the models; copies of the page disagree on the *standard* one's resolutions."""
    rows = (("seedance-2.0", standard), ("seedance-2.0-fast", ("480p", "720p")))
    return tuple(
        VideoModel(
            name=name,
            id=f"doubao-{name}",
            other_ids=(f"doubao-{name}{_FACE}",),
            resolutions=resolutions,
            **_LIMITS,
        )
        for name, resolutions in rows
    )


# Unverified: the names, which a public listing of APIMart's models has, beside `seedance-2.0`; and
# that portraits work with them, of which nothing says otherwise.
LATER_MODELS: Final = (
    evolve(
        models_to()[1],
        name="seedance-2.0-mini",
        id="seedance-2.0-mini",
        other_ids=(),
        source=_LISTING,
    ),
    VideoModel(
        name="seedance-2.5",
        id="seedance-2.5",
        duration_s=(4, 30),
        resolutions=("480p", "720p", "1080p"),
        ratios=_LIMITS["ratios"],
        most={MediaType.IMAGE: 30, MediaType.VIDEO: 10, MediaType.AUDIO: 10},
        source=_LISTING,
    ),
)


# Unverified: list prices of the same listing, in USD a second, without and with a video. Those
# of 2.0 are left out: a portrait takes its `-face` model, which costs more.
PRICES: Final = tuple(
    Price(
        cost=Money(Decimal(amount), "USD"),
        unit="second",
        source=_LISTING,
        model="seedance-2.5",
        resolution=resolution,
        with_video=with_video,
    )
    for resolution, *amounts in (
        ("480p", "0.1201", "0.072"),
        ("720p", "0.27", "0.162"),
        ("1080p", "0.4811", "0.2874"),
    )
    for amount, with_video in zip(amounts, (False, True), strict=True)
)


def face_model(model_id: str) -> str:
    """Name the model that is advised for portraits. Source: real-avatar guide."""
    has_none = model_id.endswith(_FACE) or model_id in [each.id for each in LATER_MODELS]
    return model_id if has_none else f"{model_id}{_FACE}"


def findings_of(request: VideoRequest, model_id: str, slots: tuple[Slot, ...]) -> Iterator[Finding]:
    """Find what a model's numbers do not say."""
    portraits = any(slot.url.startswith("asset://") for slot in slots)
    if portraits and face_model(model_id) != model_id:
        advice = "the guide advises a -face model for portraits"
        yield _finding("model", model_id, face_model(model_id), advice)
    if request.resolution == "4k" and model_id.endswith(_FACE):
        advice = "no copy of the page lets a -face model make 4k"
        yield _finding("resolution", "4k", "1080p", advice)


def _finding(name: str, found: object, limit: object, message: str) -> Finding:
    source = "APIMart's generation page"
    return Finding(field=name, found=found, limit=limit, message=message, source=source)


def inner(data: Any) -> Any:
    """Unwrap `{code, data}`, and a list of one in it. Source: tasks come wrapped and flat."""
    found = first(data, ("data.0", "data"))
    return data if found is None or isinstance(found, str) else found


def fault_of(data: Any, response: Response) -> VendorError | None:
    """
    Read `error: {code, message, type}`.

    A task that failed has an `error` too, and is no refusal.
    """
    if response.ok and (is_blank(first(data, "error")) or first(data, "status") is not None):
        return None
    keys = (("error.type", "type"), ("error.code", "code"))
    words = [str(word) for key in keys if (word := first(data, key))]
    code = next((word for word in words if word in CODES), words[0] if words else "")
    message = first(data, ("error.message", "message", "error"))
    return VendorError(code=code, message=message if isinstance(message, str) else "")


@frozen
class SubmitPath:
    """Where a group's assets are submitted: real people and virtual figures have a path each."""

    path: str
    members: Mapping[str, Any]
    kind: GroupKind

    @property
    def group_id(self) -> str | None:
        """The group's id; None while the first submission has yet to make the group."""
        return self.members.get("group_id")


REAL_PATH: Final = "/v1/seedance2/real-avatar"
PRIVATE_PATH: Final = "/v1/seedance2/private-avatar"
_DRAFT: Final = "draft:"
_REAL: Final = "real:"


def draft_ref(name: str, description: str) -> str:
    """Name a group that does not exist yet, so that its handle carries what makes it."""
    return _DRAFT + json.dumps([name, description], ensure_ascii=False)


def real_ref(group_id: str) -> str:
    """Name a real person's group: its id alone does not say that it is one."""
    return _REAL + group_id


def _read_draft(ref: str) -> tuple[str, str]:
    try:
        match json.loads(ref.removeprefix(_DRAFT)):
            case [str() as name, str() as description]:
                return name, description
            case _:
                pass
    except (ValueError, RecursionError):
        pass
    raise HandleError(
        "this is no group's id, and no draft of a group that create_group made",
        field="group",
        next_step="pass what create_group returned, its handle, or a group's id",
    )


def submit_path(ref: str, group: Group | str) -> SubmitPath:
    """Find out where a group's assets are submitted. A bare id is a virtual figure's."""
    if ref.startswith(_DRAFT):
        name, description = _read_draft(ref)
        wanted = {"name": name, **({"description": description} if description else {})}
        return SubmitPath(PRIVATE_PATH, {"group": wanted}, GroupKind.VIRTUAL)
    known = isinstance(group, Group) and group.kind is GroupKind.REAL_PERSON
    members = {"group_id": ref.removeprefix(_REAL)}
    if known or ref.startswith(_REAL):
        return SubmitPath(REAL_PATH, members, GroupKind.REAL_PERSON)
    return SubmitPath(PRIVATE_PATH, members, GroupKind.VIRTUAL)


DIFFERENCES: Final[Mapping[str, Difference]] = {
    "group made": Difference(
        trace="VIRTUAL, without an id",
        why="a virtual figure's group is made by its first submission, and nothing is sent before",
        source="private-avatar page",
    ),
    "asset added": Difference(
        trace="IMAGE, PROCESSING, without an id",
        why="a submission is a task, and the asset's id is known when its review ends",
        source="private-avatar page; real-avatar guide",
    ),
}
