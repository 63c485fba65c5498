"""
Token360: asset groups and assets in one envelope, videos as bare objects, all behind a bearer key.

Source: docs/vendors/token360.md (the vendor's portrait guide and reference pages, clients' code).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar, Final

from attrs import evolve, frozen

from ..limits.rates import Rate, unknown
from ..operations.reconciling import reconciled
from ..operations.searching import groups_of
from ..values.errors import HandleError, OutcomeUnknownError, ProviderError, UnexpectedResponseError
from ..values.media import MediaRules
from ..values.models import Failure, Group, Page, Verification, VerificationRef, VideoRef, VideoTask
from ..values.remarks import Adaptation
from ..values.secret import Secret
from ..values.statuses import GroupKind, MediaType, VerificationStatus
from ..vendor.answers import with_findings
from ..vendor.dialect import VideoDialect
from ..vendor.pacing import Pacing, Subject
from ..vendor.preflight import VideoModel
from ..wire.codec import Codec, first, listed
from ..wire.error_mapping import VendorError
from ..wire.reasons import Reason, reason_of
from ..wire.steps import Flow, Request, Response, segment
from .dialects import frames as _frames
from .dialects import token360_tables as _token360
from .dialects.codes import advice, classes
from .dialects.face_checks import check_link, ends_at, has_expired
from .dialects.notices import read_notice
from .dialects.paging import read_rows
from .dialects.token360_library import Token360Library

ORIGIN: Final = "https://api.token360.ai"
_VIDEOS: Final = "/v1/videos"
_ON_ITS_PAGE: Final = "open the group on the vendor's Assets page, which shows the link"
_LONGEST_TIME: Final = 12
"""Digits of a time in seconds; more of them belong to an id."""


@frozen(kw_only=True, slots=False)
class Token360(Token360Library):
    """
    Token360.

    Attributes:
        verification_life_s: Seconds that a face check's link lives. It decides when a check that is
            still pending has expired.
    """

    name: ClassVar[str] = "token360"
    codec: ClassVar[Codec] = _token360.CODEC
    dialect: ClassVar[VideoDialect] = VideoDialect(
        fields=_frames.FIELDS, write=_frames.write, read=_frames.read
    )
    error_codes: ClassVar[Mapping[str, type[ProviderError]]] = classes(_token360.CODES)
    error_advice: ClassVar[Mapping[str, str]] = advice(_token360.CODES)
    video_models: ClassVar[tuple[VideoModel, ...]] = _token360.MODELS
    media_rules: ClassVar[Mapping[MediaType, MediaRules]] = _token360.MEDIA
    asset_prefix: ClassVar[str] = "ta_"
    default_pacing: ClassVar[Mapping[Subject, Pacing]] = {
        # A client saw virtual portraits become active after about 10 s.
        "asset": Pacing(first_s=6, step_s=3, deadline_s=300),
        "verification": Pacing(first_s=3, step_s=3, deadline_s=150),
        "video": Pacing(first_s=10, step_s=5, deadline_s=1800),
    }
    default_rates: ClassVar[Mapping[str, Rate]] = unknown(
        "Token360's error page: rate_limit_error with 429, no number",
        *(f"{verb} /v1/asset-groups" for verb in ("POST", "GET")),
        *(f"{verb} /v1/asset-groups/*" for verb in ("GET", "PATCH", "DELETE")),
        *(f"{verb} /v1/assets" for verb in ("POST", "GET")),
        *(f"{verb} /v1/assets/*" for verb in ("GET", "DELETE")),
        *(f"{verb} /v1/videos" for verb in ("POST", "GET")),
        *("GET /v1/videos/*", "GET /v1/videos/*/content"),
    )

    base_url: str = ORIGIN
    verification_life_s: int = 120

    def fault(self, data: Any, response: Response) -> VendorError | None:
        """Read the gateway's error, the envelope's, or a bare message."""
        return _token360.fault_of(data, response)

    # -- real people -----------------------------------------------------------------------------

    def start_verification(
        self, name: str, *, callback_url: str | None = None
    ) -> Flow[Verification]:
        """
        Create a real person's group, whose answer carries the link. There is no callback.

        Unverified: REAL_FACE stands in an example, `h5Link` is known from one client.
        """
        findings = self.check_name(name)
        place = groups_of(self, GroupKind.REAL_PERSON)
        opened, found = partial(self._open, name), partial(self._unlinked, name)
        made = reconciled(self, place, name, opened, found)
        check = yield from with_findings(made, findings, self)
        if callback_url:
            why = "this vendor calls nobody back: check_verification asks it"
            lost = Adaptation(field="callback_url", asked=callback_url, sent=None, why=why)
            check = evolve(check, adaptations=(*check.adaptations, lost))
        return check

    def _open(self, name: str, sent: str) -> Flow[Verification]:
        answer = yield from self.new_group(sent, GroupKind.REAL_PERSON)
        expires_at = ends_at(answer.response.received_at, self.verification_life_s)
        data = _token360.inner(answer.data)
        check = self.read(Verification, answer, data, name=name, expires_at=expires_at)
        check = evolve(check, ref=f"{check.id}@{int(expires_at.timestamp())}")
        if check.link is None:
            raise UnexpectedResponseError(
                "the group was created, but the answer holds no link for the person",
                handle=check.handle,
                next_step=_ON_ITS_PAGE,
            )
        check_link(self, check)
        return check

    def _unlinked(self, name: str, group: Group) -> Verification:
        """Tell of a group that was found again: no list is documented to hold the link."""
        check = Verification(provider=self.name, account=self.account, id=group.id, name=name)
        error = OutcomeUnknownError(
            "the answer was lost; the group was found again, but the person's link was in that "
            "answer only",
            handle=check.handle,
            next_step=f"{_ON_ITS_PAGE}; or delete_group(error.candidates[0]) and start another",
        )
        error.candidates = (group,)
        raise error

    def check_verification(self, verification: VerificationRef) -> Flow[Verification]:
        """Read the group's status; pending is told from expired by the clock."""
        check = self._opened(verification)
        group_id = check.id or ""
        answer, row = yield from self.find_group(group_id)
        given = {"id": group_id, "name": check.name, "kind": GroupKind.REAL_PERSON}
        group = self.group_of(answer, row, **given)
        if group.kind is not GroupKind.REAL_PERSON:
            raise HandleError(
                f"{group_id!r} is not a real person's group",
                provider=self.name,
                field="verification",
                next_step="pass what start_verification returned, or its handle",
            )
        word = first(row, ("status", "state"))
        status = self.codec.word(VerificationStatus, word)
        if not status.is_settled:
            late = has_expired(check, answer.response.received_at)
            status = VerificationStatus.EXPIRED if late else status
            word = None if late else word  # the clock says it, not the vendor
        verified = group if status is VerificationStatus.VERIFIED else None
        why = reason_of(row) if status is VerificationStatus.FAILED else Reason()
        failure = Failure(code=next(iter(why.codes), ""), message=why.message) if why else None
        check = evolve(check, status=status, group=verified, failure=failure, raw=answer.raw)
        return self.cleaned(evolve(check, status_word=str(word or "")))

    def _opened(self, ref: VerificationRef) -> Verification:
        """Get group id and expiry out of an object, a handle, or a bare group id."""
        found = self.id_of("verification", ref)
        if isinstance(ref, Verification) and ref.id:
            return ref
        group_id, _, until = found.rpartition("@")
        if not (group_id and until.isdecimal() and len(until) < _LONGEST_TIME):
            group_id, until = found, ""
        expires_at = datetime.fromtimestamp(int(until), UTC) if until else None
        return Verification(
            provider=self.name,
            account=self.account,
            id=group_id,
            ref=found,
            expires_at=expires_at,
        )

    # -- videos ----------------------------------------------------------------------------------

    def video_request(self, body: Mapping[str, Any]) -> Request:
        """Create a task."""
        return self.request("POST", _VIDEOS, body)

    def read_video_callback(self, received: str | bytes | Mapping[str, Any]) -> VideoTask:
        """
        Read a notice.

        Source: the video webhook page: one POST when a video has ended, with an envelope around it.
        Unverified: the members' names.
        """
        return read_notice(self, received)

    def get_video(self, task: VideoRef) -> Flow[VideoTask]:
        """Read a task."""
        path = f"{_VIDEOS}/{segment(self.id_of('video', task))}"
        return self.read(VideoTask, (yield from self.ask(self.request("GET", path))))

    def list_videos(self, cursor: str | None) -> Flow[Page[VideoTask]]:
        """List tasks, newest first."""
        query = {"limit": "100", **({"after": cursor} if cursor else {})}
        answer = yield from self.ask(self.request("GET", _VIDEOS, query=query))
        rows = listed(answer.data, "data")
        found = read_rows(rows, self.reader(VideoTask, answer))
        more, last = first(answer.data, "has_more") is True, first(answer.data, "last_id")
        if more and isinstance(last, str):
            return found.page(next=last)
        # More is said to be there, and nothing says how to ask for it.
        return found.page(total=found.here + more)

    def video_link(self, task: VideoTask) -> Flow[Secret | None]:
        """Ask for the link where the task does not carry it. Source: download reference."""
        path = f"{_VIDEOS}/{segment(self.id_of('video', task))}/content"
        answer = yield from self.ask(self.request("GET", path, query={"format": "url"}))
        link = first(answer.data, "url")
        return Secret(link) if isinstance(link, str) and link else None
