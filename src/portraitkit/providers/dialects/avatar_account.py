"""
The avatar dialect: two endpoints for portraits, one for videos, and everything is a task.

APIMart's own; xcompute resells it.

Source: docs/vendors/apimart.md, docs/vendors/xcompute.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

from attrs import evolve, frozen

from ...limits.rates import Rate, unknown
from ...operations.guarding import advised
from ...values.errors import (
    InvalidRequestError,
    OutcomeUnknownError,
    PortraitError,
    ProviderError,
    UnexpectedResponseError,
)
from ...values.media import MediaRules
from ...values.models import Failure, Group, Verification, VerificationRef, VideoRef, VideoTask
from ...values.prompts import Slot
from ...values.remarks import Finding
from ...values.secret import Secret
from ...values.statuses import GroupKind, MediaType, VerificationStatus
from ...values.video import VideoRequest
from ...vendor.answers import Answer
from ...vendor.dialect import VideoDialect
from ...vendor.pacing import Pacing, Subject
from ...vendor.preflight import Difference, VideoModel
from ...wire.codec import Codec, first
from ...wire.error_mapping import VendorError, unknown_after
from ...wire.steps import Flow, Request, Response
from . import avatar_tables as _avatars
from . import roles as _roles
from .avatar_library import AvatarLibrary
from .bearer import with_body_status
from .codes import advice, classes
from .face_checks import (
    OPEN_ANOTHER,
    callback_for,
    check_link,
    ends_at,
    has_expired,
    open_check,
    read_return,
    seal_check,
)

_VIDEO_PATH: Final = "/v1/videos/generations"


@frozen(kw_only=True, slots=False)
class AvatarAccount(AvatarLibrary):
    """
    Real people and videos, beside groups and assets.

    Attributes:
        verification_life_s: Seconds that link and token live. It decides when a check that is still
            pending has expired. Unverified: the upstream's.
    """

    codec: ClassVar[Codec] = _avatars.CODEC
    dialect: ClassVar[VideoDialect] = VideoDialect(
        name="avatar", fields=_roles.FIELDS, write=_roles.write, read=_roles.read
    )
    error_codes: ClassVar[Mapping[str, type[ProviderError]]] = classes(_avatars.CODES)
    error_advice: ClassVar[Mapping[str, str]] = advice(_avatars.CODES)
    media_rules: ClassVar[Mapping[MediaType, MediaRules]] = _avatars.MEDIA
    differences: ClassVar[Mapping[str, Difference]] = _avatars.DIFFERENCES
    default_pacing: ClassVar[Mapping[Subject, Pacing]] = {
        # The upstream's guide saw reviews of about 13 s.
        "asset": Pacing(first_s=5, step_s=3, deadline_s=300),
        "verification": Pacing(first_s=3, step_s=3, deadline_s=150),
        # APIMart: first after 10 to 20 s, then every 3 to 5 s.
        "video": Pacing(first_s=10, step_s=5, deadline_s=1800),
    }
    default_rates: ClassVar[Mapping[str, Rate]] = unknown(
        "the guide's rate_limit_error with 429, no number",
        f"POST {_avatars.REAL_PATH}",
        f"POST {_avatars.PRIVATE_PATH}",
        f"POST {_VIDEO_PATH}",
        "GET /v1/tasks/*",
    )

    verification_life_s: int = 120

    def fault(self, data: Any, response: Response) -> VendorError | None:
        """Read `error`, unless it is a task's own."""
        return _avatars.fault_of(data, response)

    def refusal(self, response: Response) -> PortraitError | None:
        """Read an answer as a refusal, by the body's code where HTTP says 200."""
        return super().refusal(with_body_status(response))

    # -- real people -----------------------------------------------------------------------------

    def start_verification(
        self, name: str, *, callback_url: str | None = None
    ) -> Flow[Verification]:
        """Open a session, and read link and token out of its task."""
        callback = callback_for(self, callback_url)
        return (yield from advised(self._open(name, callback), self, OPEN_ANOTHER))

    def _open(self, name: str, callback: str) -> Flow[Verification]:
        body = {"callback_url": callback, "project_name": self.project_name}
        opened = yield from self.post(_avatars.REAL_PATH, body, (Secret(callback),))
        expires_at = ends_at(opened.response.received_at, self.verification_life_s)
        task_id = self.task_id(opened)
        try:
            answer = yield from self.task(task_id)
            check = self.read(Verification, answer, id=None, name=name, expires_at=expires_at)
            check_link(self, check)
        except PortraitError as error:
            raise _unread(task_id, error) from None
        if check.link is None or check.token is None:
            raise _unread(task_id, UnexpectedResponseError("its task holds no link or no token"))
        return seal_check(self, check)

    def read_callback(self, received: str | Mapping[str, Any]) -> Verification:
        """
        Read the page's return.

        Unverified: no page shows what arrives. The upstream's members are read, of query or body.
        """
        return read_return(self, received)

    def check_verification(self, verification: VerificationRef) -> Flow[Verification]:
        """
        Ask for the result, and read the task if the answer names nothing else.

        Unverified: neither the answer nor a refusal before the person is done is printed anywhere.
        Whatever brings no group counts as waiting until the token's life ends.
        """
        check = open_check(self, verification)
        token = check.token or Secret("")
        body = {"byted_token": token.reveal(), "project_name": self.project_name}
        try:
            answer = yield from self.post(_avatars.REAL_PATH, body, (token,), repeatable=True)
        except InvalidRequestError as error:
            return self.cleaned(_unfinished(check, error.received_at, error), (token,))
        found = first(answer.data, _avatars.GROUP_ID)
        if found is None and isinstance(first(answer.data, "id"), str):
            answer = yield from self.task(self.task_id(answer))
            found = first(answer.data, _avatars.GROUP_ID)
        if not isinstance(found, str) or not found:
            return _unfinished(check, answer.response.received_at, None)
        group = Group(
            provider=self.name,
            account=self.account,
            id=found,
            ref=_avatars.real_ref(found),
            name=check.name,
            kind=GroupKind.REAL_PERSON,
            raw=answer.raw,
        )
        return evolve(check, status=VerificationStatus.VERIFIED, group=group, raw=answer.raw)

    # -- videos ----------------------------------------------------------------------------------

    def video_request(self, body: Mapping[str, Any]) -> Request:
        """Create a task."""
        return self.request("POST", _VIDEO_PATH, body)

    def created_video(self, answer: Answer) -> VideoTask:
        """Read `data`, a list of one. Unverified: an object in its place is read as well."""
        return self.read(VideoTask, answer, _avatars.inner(answer.data))

    @classmethod
    def model_id(cls, model: VideoModel, *, with_assets: bool) -> str:
        """Use a `-face` model for portraits, as the guide advises."""
        return _avatars.face_model(model.id) if with_assets else model.id

    def video_findings(self, request: VideoRequest, slots: tuple[Slot, ...]) -> tuple[Finding, ...]:
        """Find what a model's numbers do not say."""
        wanted = self.models.get(request.model, request.model)
        known = next((model for model in self.video_models if model.name == wanted), None)
        portraits = any(slot.url.startswith("asset://") for slot in slots)
        model_id = self.model_id(known, with_assets=portraits) if known else wanted
        return tuple(_avatars.findings_of(request, model_id, slots))

    def get_video(self, task: VideoRef) -> Flow[VideoTask]:
        """Read a task."""
        return self.read(VideoTask, (yield from self.task(self.id_of("video", task))))


def _unread(task_id: str, error: PortraitError) -> OutcomeUnknownError:
    return unknown_after(
        error,
        f"the session was opened as {task_id}, and its link is not known: {error.message}",
        OPEN_ANOTHER,
    )


def _unfinished(
    check: Verification, at: datetime | None, error: ProviderError | None
) -> Verification:
    # The wire does not tell pending from expired; the clock does.
    if not has_expired(check, at):
        return evolve(check, status=VerificationStatus.WAITING)
    failure = Failure(code=error.code, message=error.vendor_message) if error else None
    return evolve(check, status=VerificationStatus.EXPIRED, failure=failure)
