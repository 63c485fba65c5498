"""
How a simulated vendor verifies a signed request, with code of its own.

Nothing is taken from the adapter's signing, so that the two can disagree. Source: Volcengine's
page on signatures, HMAC-SHA256; both sides are held to vectors of the vendor's own client.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlsplit

from attrs import frozen

from ...values.secret import Secret
from ...wire.steps import Request
from ..simulator import header, query_of
from .reading import Refusal

_FORM: Final = re.compile(
    r"HMAC-SHA256\s+Credential=(?P<key>[^/,\s]+)/(?P<date>\d{8})/(?P<region>[^/,\s]+)/"
    r"(?P<service>[^/,\s]+)/request,\s*SignedHeaders=(?P<names>[^,\s]+),\s*"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)
_LIFE_S: Final = 900
"""Unverified: 900 s is the documented life of a signature; the same into the future is a guess."""


class SignatureRefusedError(Refusal):
    """A signature that the vendor would refuse, with the vendor's own code for it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(401, code, message)


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
    given = _FORM.fullmatch(header(request, "authorization").strip())
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
    signature = _signature(request, names, [date[:8], region, service, "request"], keys.secret_key)
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
    given = header(request, "x-content-sha256")
    if given and given != hashlib.sha256(request.content).hexdigest():
        raise SignatureRefusedError(
            "SignatureDoesNotMatch", "the body's digest is not the X-Content-Sha256 given"
        )


def _date_of(request: Request, now: datetime) -> str:
    date = header(request, "x-date")
    try:
        signed_at = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise SignatureRefusedError("InvalidTimestamp", "X-Date cannot be read") from None
    if abs((now - signed_at).total_seconds()) > _LIFE_S:
        raise SignatureRefusedError("InvalidTimestamp", "X-Date is too far from the present")
    return date


def _check_token(request: Request, keys: KeyPair) -> None:
    given = header(request, "x-security-token")
    expected = keys.session_token.reveal() if keys.session_token else ""
    signed = header(request, "authorization").partition("SignedHeaders=")[2].partition(",")[0]
    if given != expected or (given and "x-security-token" not in signed.split(";")):
        raise SignatureRefusedError("InvalidSecretToken", "the security token is not this key's")


def _signature(request: Request, names: list[str], scope: list[str], secret_key: Secret) -> str:
    url = urlsplit(request.url)
    pairs = query_of(request).items()
    query = sorted(tuple(quote(each, safe="-_.~") for each in pair) for pair in pairs)
    headers = {name: header(request, name) for name in names}
    if "host" in headers:
        headers["host"] = re.sub(r":(80|443)(:.*)?$", "", headers["host"] or _host(request))
    canonical = (
        f"{request.method}\n{url.path or '/'}\n"
        f"{'&'.join(map('='.join, query))}\n"
        + "".join(f"{name}:{text}\n" for name, text in headers.items())
        + f"\n{';'.join(names)}\n{hashlib.sha256(request.content).hexdigest()}"
    )
    hashed = hashlib.sha256(canonical.encode(errors="surrogatepass")).hexdigest()
    text = "\n".join(("HMAC-SHA256", header(request, "x-date"), "/".join(scope), hashed))
    key = secret_key.reveal().encode()
    for part in (*scope, text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()


def _host(request: Request) -> str:
    url = urlsplit(request.url)
    return url.netloc.rpartition("@")[2].removesuffix(":443" if url.scheme == "https" else ":80")
