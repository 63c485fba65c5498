"""
The face check by sessions: one gives link and token, and the token is exchanged for a group.

Source: docs/vendors/volcengine.md, docs/vendors/alltoken.md, docs/vendors/apiyi.md.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Final

from attrs import evolve, frozen

from ...operations.guarding import advised
from ...operations.provider import PortraitProvider
from ...values.errors import (
    NotFoundError,
    ProviderError,
    UnexpectedResponseError,
    VerificationExpiredError,
    VerificationPendingError,
)
from ...values.models import Group, Verification, VerificationRef
from ...values.secret import Secret
from ...values.statuses import GroupKind, VerificationStatus
from ...vendor.answers import Answer
from ...wire.codec import Keys
from ...wire.steps import Flow
from .actions import ActionLibrary
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

SESSION_FIELDS: Final[Mapping[str, Keys]] = {"link": "H5Link", "token": "BytedToken"}


@frozen(kw_only=True, slots=False, eq=False, repr=False)
class SessionVerification(PortraitProvider):
    """
    The face check by a session: it gives link and token, and the token is exchanged for a group.

    Attributes:
        verification_life_s: Seconds that link and token live, which each vendor says of itself. It
            decides when a check that is still pending counts as expired; who waits asks on.
    """

    verification_life_s: int = 120

    @abstractmethod
    def open_session(self, name: str, callback_url: str | None) -> Flow[Answer]:
        """Open a session; the answer's data holds link and token."""

    @abstractmethod
    def read_session(self, token: Secret) -> Flow[Answer]:
        """Exchange the token; the answer's data holds the group's id."""

    def start_verification(
        self, name: str, *, callback_url: str | None = None
    ) -> Flow[Verification]:
        """Open a session. A lost one is found nowhere, and nobody has its link."""
        return (yield from advised(self._open(name, callback_url), self, OPEN_ANOTHER))

    def _open(self, name: str, callback_url: str | None) -> Flow[Verification]:
        answer = yield from self.open_session(name, callback_url)
        expires_at = ends_at(answer.response.received_at, self.verification_life_s)
        check = self.read(Verification, answer, id=None, name=name, expires_at=expires_at)
        if check.link is None or check.token is None:
            raise UnexpectedResponseError(
                "the session was opened, but the answer holds no link or no token",
                status=answer.response.status,
                request_id=answer.request_id,
                next_step="start another verification",
            )
        check_link(self, check)
        return seal_check(self, check)

    def check_verification(self, verification: VerificationRef) -> Flow[Verification]:
        """Exchange the token; pending is told from expired by the clock where the wire cannot."""
        check = open_check(self, verification)
        token = check.token or Secret("")
        try:
            answer = yield from self.read_session(token)
        except (NotFoundError, VerificationPendingError, VerificationExpiredError) as error:
            return self._unfinished(check, error, token)
        given = {"kind": GroupKind.REAL_PERSON, "kind_word": "LivenessFace", "name": check.name}
        group = self.read(Group, answer, **given)
        return evolve(check, status=VerificationStatus.VERIFIED, group=group, raw=answer.raw)

    def is_open(self, error: ProviderError, token: Secret) -> bool:
        """Tell a check that is not done from one that the vendor does not know."""
        return isinstance(error, VerificationPendingError) or token.reveal() in error.code

    def _unfinished(self, check: Verification, error: ProviderError, token: Secret) -> Verification:
        # Upstream answers `NotFound.<token>` both before the scan and after the token has run out.
        if isinstance(error, NotFoundError) and not self.is_open(error, token):
            raise error
        if isinstance(error, VerificationExpiredError):
            word = self.clean(error.code, (token,)) or "expired"
            return evolve(check, status=VerificationStatus.EXPIRED, status_word=word)
        late = has_expired(check, error.received_at)
        status = VerificationStatus.EXPIRED if late else VerificationStatus.WAITING
        return evolve(check, status=status)


class ActionVerification(SessionVerification, ActionLibrary):
    """The session by Actions. The person's browser brings the token back to a page of yours."""

    def open_session(self, name: str, callback_url: str | None) -> Flow[Answer]:
        """Open a session. The Action has no place for a name."""
        callback = callback_for(self, callback_url)
        secrets = (Secret(callback),)
        return self.act("CreateVisualValidateSession", {"CallbackURL": callback}, secrets=secrets)

    def read_session(self, token: Secret) -> Flow[Answer]:
        """Exchange the token."""
        body = {"BytedToken": token.reveal()}
        return self.act("GetVisualValidateResult", body, secrets=(token,))

    def read_callback(self, received: str | Mapping[str, Any]) -> Verification:
        """Read the page's return: token and result code in the query."""
        return read_return(self, received)
