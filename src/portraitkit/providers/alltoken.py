"""
AllToken: portraits by Actions behind a bearer key, videos under /v1/videos/generations.

Source: docs/vendors/alltoken.md (portrait guide and reference, the vendor's own OpenAPI types).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from attrs import evolve, frozen

from ..limits.rates import Rate, unknown
from ..operations.repeating import cancelled
from ..values.errors import (
    ContentRejectedError,
    InsufficientBalanceError,
    InvalidRequestError,
    NotFoundError,
    PortraitError,
    ProviderError,
    ServiceUnavailableError,
)
from ..values.media import MediaRules, Upload
from ..values.models import (
    Asset,
    Failure,
    Group,
    GroupRef,
    Page,
    Usage,
    Verification,
    VideoRef,
    VideoTask,
)
from ..values.remarks import Adaptation
from ..values.statuses import MediaType, VideoStatus
from ..vendor.answers import with_findings
from ..vendor.dialect import VideoDialect
from ..vendor.pacing import Pacing, Subject
from ..vendor.preflight import Difference, VideoModel
from ..wire.codec import Codec, count, first, is_object, listed
from ..wire.error_mapping import VendorError
from ..wire.reasons import reason_in
from ..wire.steps import Auth, Flow, Request, Response, segment
from ..wire.synonyms import spelled
from .dialects import content as _content
from .dialects.action_tables import (
    ASSET_FIELDS,
    GROUP_FIELDS,
    SECRET_MEMBERS,
    UPSTREAM_MEDIA,
    WORDS,
)
from .dialects.bearer import BearerProvider
from .dialects.codes import NAME_OF_MODEL, RELAYED_CODES, Codes, advice, classes
from .dialects.known_rates import ACTION_RATES, upstream
from .dialects.notices import read_notice
from .dialects.paging import read_rows
from .dialects.sessions import SESSION_FIELDS, ActionVerification
from .dialects.tables import alike

ORIGIN: Final = "https://api.alltoken.ai"
_PORTRAIT_PATH: Final = "/v1/portrait/"
_UPLOAD_PATH: Final = "/v1/portrait/upload"
_VIDEO_PATH: Final = "/v1/videos/generations"
_GUIDE: Final = "AllToken portrait guide"
_LIST_LIMIT: Final = 100

_MODEL_RULES: Final[dict[str, Any]] = {
    "ratios": ("16:9", "9:16", "4:3", "3:4", "21:9", "1:1", "adaptive"),
    "source": "AllToken OpenAPI types, video create",
}
_BEHIND: Final = "call again later; if it lasts, report it to the vendor's support"
_CODES: Final[Codes] = {
    **RELAYED_CODES,
    # `invalid_request` says less than the HTTP status, which decides for it.
    "upstream_invalid_parameter": (InvalidRequestError, ""),
    "upstream_content_violation": (ContentRejectedError, ""),
    "insufficient_balance": (InsufficientBalanceError, ""),
    "model_not_found": (NotFoundError, NAME_OF_MODEL),
    "upstream_model_not_found": (NotFoundError, NAME_OF_MODEL),
    "upstream_error": (ServiceUnavailableError, _BEHIND),
    "upstream_auth_failed": (ServiceUnavailableError, _BEHIND),
    "unknown_api_format": (ServiceUnavailableError, _BEHIND),
}


@frozen(kw_only=True, slots=False)
class AllToken(BearerProvider, ActionVerification):
    """AllToken."""

    name: ClassVar[str] = "alltoken"
    action_auth: ClassVar[Auth] = Auth.BEARER
    codec: ClassVar[Codec] = Codec(
        fields={
            Group: GROUP_FIELDS,
            Asset: ASSET_FIELDS,
            Failure: {"code": ("Code", "code"), "message": ("Message", "message")},
            Verification: SESSION_FIELDS,
            VideoTask: {
                "id": ("id", "task_id", "video_id"),
                **alike("status model ratio resolution seed usage created_at updated_at"),
                # Unverified: all but the first are what the gateway's neighbours write.
                "video_link": ("video_url", "url", "content.video_url"),
                "last_frame_link": "last_frame_url",
                "link_expires_at": "video_url_expires_at",
                "duration_s": "duration",
                "failure": "error",
            },
            Usage: alike("total_tokens completion_tokens"),
        },
        words={
            **WORDS,
            # `succeeded` stands in a comment of the vendor's own types.
            VideoStatus: spelled(
                {
                    VideoStatus.QUEUED: "queued",
                    VideoStatus.RUNNING: "processing",
                    VideoStatus.SUCCEEDED: "completed succeeded",
                    VideoStatus.FAILED: "failed",
                    VideoStatus.CANCELLED: "cancelled",
                    VideoStatus.EXPIRED: "expired",
                }
            ),
        },
    )
    dialect: ClassVar[VideoDialect] = VideoDialect(
        fields=_content.FIELDS, write=_content.write_beside_text, read=_content.read
    )
    error_codes: ClassVar[Mapping[str, type[ProviderError]]] = classes(_CODES)
    error_advice: ClassVar[Mapping[str, str]] = advice(_CODES)
    # A failure behind the gateway: the task may exist there.
    uncertain_codes: ClassVar[frozenset[str]] = frozenset({"upstream_error"})
    video_models: ClassVar[tuple[VideoModel, ...]] = (
        VideoModel(
            name="seedance-2.0",
            id="seedance-2.0",
            duration_s=(4, 15),
            resolutions=("480p", "720p", "1080p"),
            **_MODEL_RULES,
        ),
        VideoModel(
            name="seedance-2.0-fast",
            id="seedance-2.0-fast",
            duration_s=(4, 15),
            resolutions=("480p", "720p"),
            **_MODEL_RULES,
        ),
        VideoModel(
            name="seedance-1.5-pro",
            id="seedance-1.5-pro",
            takes_assets=False,  # the guide: asset:// is refused upstream
            duration_s=(4, 12),
            **_MODEL_RULES,
        ),
    )
    media_rules: ClassVar[Mapping[MediaType, MediaRules]] = UPSTREAM_MEDIA
    # Source: docs/vendors/alltoken.md, the video's body.
    secret_fields: ClassVar[frozenset[str]] = SECRET_MEMBERS | {
        "callback_url",
        "prompt",
        "safety_identifier",
    }
    name_limit: ClassVar[tuple[int | None, str]] = (50, _GUIDE)
    most_groups: ClassVar[int | None] = 50  # the guide, as the next
    most_assets: ClassVar[int | None] = 50
    asset_cost: ClassVar[str] = "places in the quota of 50 groups, 50 assets in each"
    nameless: ClassVar[frozenset[str]] = frozenset({"add_upload"})
    default_pacing: ClassVar[Mapping[Subject, Pacing]] = {
        # The guide: about every 3 s, up to about 60 s.
        "asset": Pacing(first_s=3, step_s=3, deadline_s=300),
        "verification": Pacing(first_s=3, step_s=3, deadline_s=150),
        "video": Pacing(first_s=10, step_s=5, deadline_s=1800),
    }
    default_rates: ClassVar[Mapping[str, Rate]] = {
        **upstream(ACTION_RATES),
        **unknown(
            "AllToken's rate limits page: by plan, no number",
            "CreateAsset",
            f"POST {_UPLOAD_PATH}",
            f"POST {_VIDEO_PATH}",
            f"GET {_VIDEO_PATH}",
            f"GET {_VIDEO_PATH}/*",
            f"POST {_VIDEO_PATH}/*/cancel",
        ),
    }
    differences: ClassVar[Mapping[str, Difference]] = {
        "video listed": Difference(
            why="the list of tasks has one page of 100 at most",
            source="AllToken OpenAPI types: the list's query knows a limit and no offset",
        )
    }

    base_url: str = ORIGIN

    @property
    def action_url(self) -> str:
        """The guide shows the trailing slash everywhere."""
        return self.base_url + _PORTRAIT_PATH

    def fault(self, data: Any, response: Response) -> VendorError | None:
        """Read the portrait envelope's error, whatever the status, or the video side's `error`."""
        if found := self.action_fault(data, response):
            return found
        error = first(data, "error")
        own = first(data, ("id", "task_id")) is not None  # a task's, which failed
        if not is_object(error) or (response.ok and (own or not reason_in(error))):
            return None
        return VendorError(
            code=error.get("code") or error.get("type"),
            message=error.get("message"),
            request_id=error.get("request_id") or first(data, "request_id"),
        )

    # -- upload ----------------------------------------------------------------------------------

    def takes_upload(self, upload: Upload) -> bool:
        """Take jpeg, png and webp by upload; the rest goes by URL. Source: portrait guide."""
        return upload.content_type in _UPLOAD_RULES.types

    def add_upload(self, group: GroupRef, upload: Upload, *, name: str) -> Flow[Asset]:
        """
        Upload a picture; the gateway stores and registers it.

        The form has no place for a name, so a name costs a second call.
        """
        group_id = self.id_of("group", group)
        findings = self.limits(tuple(_UPLOAD_RULES.check(upload)), None)
        added = self._uploaded(group_id, upload, name)
        return (yield from with_findings(added, findings, self))

    def _uploaded(self, group_id: str, upload: Upload, name: str) -> Flow[Asset]:
        request = self.form(_UPLOAD_PATH, {"GroupId": group_id}, upload)
        answer = yield from self.ask(request)
        # Unverified: the answer's shape is documented nowhere; the envelope or the bare id is read.
        answer = evolve(answer, data=first(answer.data, "Result") or answer.data)
        asset = self.new_asset(answer, group_id, name=name, media=MediaType.IMAGE)
        return (yield from self._named(asset, name)) if name else asset

    def _named(self, asset: Asset, name: str) -> Flow[Asset]:
        try:
            yield from self.act("UpdateAsset", {"Id": asset.id, "Name": name})
        except PortraitError as error:
            # The asset exists: a name that did not stick must not cost it.
            why = f"the vendor did not take the name: {self.clean(error.message)}"
            lost = Adaptation(field="name", asked=name, sent=None, why=why)
            return evolve(asset, adaptations=(*asset.adaptations, lost))
        return asset

    # -- videos ----------------------------------------------------------------------------------

    def video_request(self, body: Mapping[str, Any]) -> Request:
        """Create a task; answered with HTTP 202 and the task."""
        return self.request("POST", _VIDEO_PATH, body)

    def read_video_callback(self, received: str | bytes | Mapping[str, Any]) -> VideoTask:
        """
        Read a notice.

        Unverified: the SDK sends `callback_url`, and no page shows what arrives: the task, perhaps.
        """
        return read_notice(self, received)

    def get_video(self, task: VideoRef) -> Flow[VideoTask]:
        """Read a task."""
        video_id = self.id_of("video", task)
        request = self.request("GET", f"{_VIDEO_PATH}/{segment(video_id)}")
        return self.read(VideoTask, (yield from self.ask(request)))

    def list_videos(self, cursor: str | None) -> Flow[Page[VideoTask]]:
        """List tasks: one page, as the documented query knows no offset."""
        request = self.request("GET", _VIDEO_PATH, query={"limit": str(_LIST_LIMIT)})
        answer = yield from self.ask(request)
        rows = listed(answer.data, ("items", "data"), "total")
        found = read_rows(rows, self.reader(VideoTask, answer))
        total = count(answer.data, "total")
        full = found.here >= _LIST_LIMIT  # then the page's end need not be the list's
        return found.page(total=found.here + full if total is None else total)

    def cancel_video(self, task: VideoRef) -> Flow[VideoTask]:
        """Cancel a task; one that has ended is a ConflictError."""
        video_id = self.id_of("video", task)
        flow = self._cancel(f"{_VIDEO_PATH}/{segment(video_id)}/cancel")
        return (yield from cancelled(flow, lambda: self.get_video(video_id)))

    def _cancel(self, path: str) -> Flow[VideoTask]:
        answer = yield from self.ask(self.request("POST", path, repeatable=True))
        return self.read(VideoTask, answer)


_UPLOAD_RULES: Final = MediaRules(
    source=f"{_GUIDE}, multipart limits",
    types=frozenset({"image/jpeg", "image/png", "image/webp"}),
    max_bytes=10_000_000,
)
