"""
The face check by Actions: a session gives link and token, and the token is exchanged for a group.

Source: docs/vendors/volcengine.md, docs/vendors/alltoken.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

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


def read_return(received: str | Mapping[str, Any], *, provider: str) -> tuple[Secret, bool | None]:
    """
    Read what the face check's page brings back: `bytedToken`, and `resultCode` 10000 for passed.

    Source: docs/vendors/volcengine.md, the browser's return. The return carries no signature.

    Raises:
        InvalidInputError: No token is in it.
    """
    if isinstance(received, str):
        query = received.partition("?")[2] if "?" in received else received
        received = dict(parse_qsl(query.partition("#")[0], keep_blank_values=True))
    folded = {str(key).replace("_", "").lower(): value for key, value in received.items()}
    token, code = folded.get("bytedtoken"), folded.get("resultcode")
    if not isinstance(token, str) or not token:
        raise InvalidInputError(
            "the callback carries no token",
            provider=provider,
            field="received",
            next_step="pass the whole URL, its query string, or the body's fields",
        )
    return Secret(token), None if code is None else str(code) == _PASSED


_PASSED: Final = "10000"


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

    def read_callback(self, received: str | Mapping[str, Any]) -> Verification:
        """Read the page's return: token and result code in the query."""
        token, claimed = read_return(received, provider=self.name)
        blank = Verification(provider=self.name, account=self.account, id=None, claimed=claimed)
        return self._sealed(evolve(blank, token=token))

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

    def is_open(self, error: ProviderError, token: Secret) -> bool:
        """Tell a check that is not done from one that the vendor does not know."""
        return isinstance(error, VerificationPendingError) or token.reveal() in error.code

    def _unfinished(self, check: Verification, error: ProviderError, token: Secret) -> Verification:
        # Upstream answers `NotFound.<token>` both before the scan and after the token has run out.
        if isinstance(error, NotFoundError) and not self.is_open(error, token):
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
