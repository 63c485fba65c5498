"""
Volcengine's request signature, HMAC-SHA256: pure functions of a request, a key pair and a time.

`sign` is what an adapter does at each attempt, `verify` what the vendor does on the other side.
What `sign` writes is what the vendor's own client writes for the same request, byte for byte.

Source: docs/vendors/volcengine.md, request signature; the vendor's Python client, 5.0.54.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote, urlsplit

from ...values.assembling import replaced
from ...values.body import sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ...values.secret import Secret
    from ...wire.steps import Request

ALGORITHM: Final = "HMAC-SHA256"
_STANDARD_HEADERS: Final = frozenset({"content-type", "content-md5", "host"})
_OURS: Final = frozenset({"x-date", "x-content-sha256", "x-security-token", "authorization"})


def sign(
    request: Request,
    *,
    access_key: Secret,
    secret_key: Secret,
    session_token: Secret | None,
    region: str,
    service: str,
    now: datetime,
) -> Request:
    """
    Return *request* with a signature that is good from *now* on, replacing an older one.

    Signed are the host, as httpx sends it, `Content-Type` and every header that begins with a
    capital `X-`.

    Raises:
        ValueError: There is a body without `Content-Type`; the vendor's client calls that a form.
    """
    headers = {k: v for k, v in request.headers.items() if k.lower() not in _OURS}
    now = now.astimezone(UTC)
    day = _day(now.date())
    time = f"{day}T{now.hour:02}{now.minute:02}{now.second:02}Z"
    digest = sha256_of(request.body)
    headers["X-Date"] = time
    headers["X-Content-Sha256"] = digest
    if session_token:
        headers["X-Security-Token"] = session_token.reveal()
    signed = _signed(tuple(headers))
    if request.body and "content-type" not in signed:
        raise ValueError("a signed request with a body needs its Content-Type first")
    # A header that cannot be sent is refused where it is sent.
    canonical = _canonical(request, signed, headers, digest).encode(errors="surrogatepass")
    scope = f"{day}/{region}/{service}/request"
    text = f"{ALGORITHM}\n{time}\n{scope}\n{hashlib.sha256(canonical).hexdigest()}"
    keyed = _signing_key(secret_key, day, region, service).copy()
    keyed.update(text.encode())
    headers["Authorization"] = (
        f"{ALGORITHM} Credential={access_key.reveal()}/{scope}, "
        f"SignedHeaders={';'.join(signed)}, Signature={keyed.hexdigest()}"
    )
    return replaced(request, headers=headers)


def canonical_request(request: Request, names: Iterable[str]) -> str:
    """
    Write *request* the one way that both sides sign.

    Args:
        request: With every header in *names*, save `host`, which may come from the URL.
        names: Signed header names in lower case, sorted.
    """
    digest = sha256_of(request.body)
    written = _written(request.headers)
    signed = {name: written.get(name, name) for name in names}
    return _canonical(request, signed, request.headers, digest)


def _canonical(
    request: Request, signed: Mapping[str, str], headers: Mapping[str, str], digest: str
) -> str:
    host, path, query = _address(request.url, request.query)
    lines = [
        f"{name}:{headers.get(written, '')}\n"
        if name != "host"
        else f"host:{_without_standard_port(headers.get(written) or host)}\n"
        for name, written in signed.items()
    ]
    return f"{request.method}\n{path}\n{query}\n{''.join(lines)}\n{';'.join(signed)}\n{digest}"


@lru_cache(maxsize=64)  # few sorts of requests are signed, and each has its headers in one order
def _signed(headers: tuple[str, ...]) -> Mapping[str, str]:
    """What is signed: names in lower case, sorted, and how each is written in *headers*."""
    written = _written(headers)
    names = {"host", *(name.lower() for name in headers if _is_signed(name))}
    return {name: written.get(name, name) for name in sorted(names)}


@lru_cache(maxsize=64)  # an account has one address, and an Action one query
def _address(url: str, query: tuple[tuple[str, str], ...]) -> tuple[str, str, str]:
    """The host, the path and the query that are signed."""
    parts = urlsplit(url)
    # The vendor's client holds the query in a mapping, so of a repeated key only the last counts.
    pairs = dict([*parse_qsl(parts.query, keep_blank_values=True), *query])
    encoded = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in pairs.items())
    return _host_of(url), parts.path or "/", "&".join(f"{key}={value}" for key, value in encoded)


def _written(headers: Iterable[str]) -> dict[str, str]:
    """How headers are written, by their names in lower case; of two alike then, the first."""
    return {name.lower(): name for name in reversed([*headers])}


@lru_cache(maxsize=4)
def _day(of: date) -> str:
    return f"{of:%Y%m%d}"


@lru_cache(maxsize=16)
def _signing_key(secret_key: Secret, day: str, region: str, service: str) -> hmac.HMAC:
    """An HMAC that is begun with the key of one day: to copy it takes half the time."""
    # The secret is used as UTF-8 text; decoding it from base64 gives SignatureDoesNotMatch.
    key = secret_key.reveal().encode()
    for part in (day, region, service, "request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, digestmod="sha256")


def _without_standard_port(host: str) -> str:
    # Whatever the scheme, and cut at the first colons: so does the vendor's client.
    parts = host.split(":")
    return parts[0] if len(parts) > 1 and parts[1] in {"80", "443"} else host


def _host_of(url: str) -> str:
    """The `Host` that httpx sends for *url*."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    standard = {"http": 80, "https": 443}.get(parts.scheme)
    return host if parts.port in (None, standard) else f"{host}:{parts.port}"


def _is_signed(name: str) -> bool:
    return name.startswith("X-") or name.lower() in _STANDARD_HEADERS
