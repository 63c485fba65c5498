"""How a simulated vendor verifies a signed request."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from attrs import frozen

from ...providers.dialects.signing import (
    AUTHORIZATION,
    CLOCK_SKEW_S,
    DATE_FORMAT,
    header_of,
    signature_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...values.secret import Secret
    from ...wire.steps import Request


class SignatureRefusedError(Exception):
    """A signature that the vendor would refuse, with the vendor's own code for it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@frozen(kw_only=True)
class KeyPair:
    """What belongs to an access key. Temporary keys carry a session token."""

    secret_key: Secret
    session_token: Secret | None = None


def verify(
    request: Request,
    *,
    keys_of: Callable[[str], KeyPair | None],
    region: str,
    service: str,
    now: datetime,
) -> str:
    """
    Check a signature over whatever headers its maker chose to sign.

    Args:
        request: As it arrived, with the host in its `Host` header or in its URL.
        keys_of: Finds what belongs to an access key.
        region, service: What the scope has to name.
        now: The verifier's time.

    Returns:
        The access key.

    Raises:
        SignatureRefusedError: With the vendor's code, such as `SignatureDoesNotMatch`.
    """
    given = AUTHORIZATION.fullmatch(header_of(request, "authorization").strip())
    if given is None:
        raise SignatureRefusedError("InvalidAuthorization", "no signature of the expected form")
    names = given["names"].split(";")
    _check_names(request, names)
    date = _date_of(request, now)
    if given["date"] != date[:8] or (given["region"], given["service"]) != (region, service):
        raise SignatureRefusedError("InvalidCredential", "the scope is not this service's")
    keys = keys_of(given["key"])
    if keys is None:
        raise SignatureRefusedError("InvalidAccessKey", "the access key does not exist")
    _check_token(request, keys)
    scope = f"{given['date']}/{region}/{service}/request"
    signature = signature_of(request, names, date, scope, keys.secret_key)
    if not hmac.compare_digest(signature, given["signature"]):
        raise SignatureRefusedError("SignatureDoesNotMatch", "the calculated signature differs")
    return given["key"]


def _check_names(request: Request, names: list[str]) -> None:
    # Unverified: that the vendor insists on these.
    needed = {"host", "x-date"} | ({"x-content-sha256"} if request.content else set[str]())
    if missing := sorted(needed.difference(names)):
        raise SignatureRefusedError("InvalidAuthorization", f"unsigned header: {missing[0]}")
    if names != sorted(set(names)):
        raise SignatureRefusedError("InvalidAuthorization", "signed header names are not sorted")
    told = header_of(request, "x-content-sha256")
    if told and told != hashlib.sha256(request.content).hexdigest():
        raise SignatureRefusedError(
            "SignatureDoesNotMatch", "the body's digest is not the X-Content-Sha256 given"
        )


def _date_of(request: Request, now: datetime) -> str:
    date = header_of(request, "x-date")
    try:
        signed_at = datetime.strptime(date, DATE_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise SignatureRefusedError("InvalidTimestamp", "X-Date cannot be read") from None
    if abs((now - signed_at).total_seconds()) > CLOCK_SKEW_S:
        raise SignatureRefusedError("InvalidTimestamp", "X-Date is too far from the present")
    return date


def _check_token(request: Request, keys: KeyPair) -> None:
    given = header_of(request, "x-security-token")
    expected = keys.session_token.reveal() if keys.session_token else ""
    signed = header_of(request, "authorization").partition("SignedHeaders=")[2].partition(",")[0]
    if given != expected or (given and "x-security-token" not in signed.split(";")):
        raise SignatureRefusedError("InvalidSecretToken", "the security token is not this key's")
