"""
The face check by Actions: a session gives link and token, and the token is exchanged for a group.

Source: docs/vendors/volcengine.md, docs/vendors/alltoken.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from attrs import evolve, frozen

from ..codec import Keys
from ..errors import (
    InvalidInputError,
    NotFoundError,
    ProviderError,
    VerificationExpiredError,
    VerificationPendingError,
)
from ..handles import is_handle
from ..models import Group, GroupKind, Verification, VerificationRef, VerificationStatus
from ..secret import Secret
from ..wire import Flow
from ._actions import ActionLibrary

SESSION_FIELDS: Final[Mapping[str, Keys]] = {"link": "H5Link", "token": "BytedToken"}


@frozen(kw_only=True, slots=False)
class ActionVerification(ActionLibrary):
    """
    The face check by Actions: a session gives link and token, the token is exchanged for a group.

    Attributes:
        verification_life_s: Seconds that link and token live. The guides say about 120; newer
            pages of Volcengine say 1800. It decides when a check that is still pending has expired.
    """

    verification_life_s: int = 120

    def start_verification(
        self, name: str, *, callback_url: str | None = None
    ) -> Flow[Verification]:
        """Open a session."""
        callback = callback_url or self.callback_url
        if not callback:
            raise InvalidInputError(
                "this vendor wants a page to return to after the face check",
                provider=self.name,
                field="callback_url",
                next_step="pass callback_url=, or set callback_url in the profile",
            )
        answer = yield from self.act("CreateVisualValidateSession", {"CallbackURL": callback})
        expires_at = answer.response.received_at + timedelta(seconds=self.verification_life_s)
        check = self.read(Verification, answer, id=None, name=name, expires_at=expires_at)
        return self._sealed(check)

    def check_verification(self, verification: VerificationRef) -> Flow[Verification]:
        """Exchange the token; pending is told from expired by the clock where the wire cannot."""
        check = self._opened(verification)
        token = check.token or Secret("")
        try:
            answer = yield from self.act(
                "GetVisualValidateResult", {"BytedToken": token.reveal()}, secrets=(token,)
            )
        except (NotFoundError, VerificationPendingError, VerificationExpiredError) as error:
            return self._unfinished(check, error, token)
        given = {"kind": GroupKind.REAL_PERSON, "kind_word": "LivenessFace", "name": check.name}
        group = self.read(Group, answer, **given)
        return evolve(check, status=VerificationStatus.VERIFIED, group=group, raw=answer.raw)

    def _unfinished(self, check: Verification, error: ProviderError, token: Secret) -> Verification:
        # Upstream answers `NotFound.<token>` both before the scan and after the token has run out.
        about_token = isinstance(error, VerificationPendingError) or token.reveal() in error.code
        if isinstance(error, NotFoundError) and not about_token:
            raise error
        status = VerificationStatus.WAITING
        if isinstance(error, VerificationExpiredError) or self._has_expired(check, error):
            status = VerificationStatus.EXPIRED
        return evolve(check, status=status)

    def _has_expired(self, check: Verification, error: ProviderError) -> bool:
        return bool(
            check.expires_at and error.received_at and error.received_at >= check.expires_at
        )

    def _sealed(self, check: Verification) -> Verification:
        token = check.token.reveal() if check.token else ""
        until = int(check.expires_at.timestamp()) if check.expires_at else 0
        return evolve(check, ref=self.seal(json.dumps([token, until, check.name])))

    def _opened(self, ref: VerificationRef) -> Verification:
        """Get token and expiry out of an object, a handle, or a bare token."""
        if isinstance(ref, Verification) and ref.token:
            _ = self.id_of("verification", ref)
            return ref
        found = self.id_of("verification", ref)
        check = Verification(provider=self.name, account=self.account, id=None, ref=found)
        if not (isinstance(ref, Verification) or is_handle(ref)):
            return self._sealed(evolve(check, token=Secret(found)))
        token, until, name = json.loads(self.unseal(found))
        expires_at = datetime.fromtimestamp(until, UTC) if until else None
        return evolve(check, token=Secret(token), expires_at=expires_at, name=name)
