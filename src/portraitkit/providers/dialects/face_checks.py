"""
A face check that is known by the vendor's token: sealed in the handle, read from the return.

The handle opens with the same account's credentials only, and needs no request to be read.

Source: docs/vendors/volcengine.md, the browser's return.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from attrs import evolve

from ...values.errors import InvalidInputError, UnexpectedResponseError
from ...values.handles import is_handle
from ...values.models import Verification, VerificationRef
from ...values.origins import is_loopback, origin_of
from ...values.secret import Secret

if TYPE_CHECKING:
    from ...vendor.answers import VendorAnswers

OPEN_ANOTHER: Final = (
    "start another verification: a session is listed nowhere, nobody has the lost one's link, and "
    "it runs out by itself"
)
_PASSED: Final = "10000"
_LONGEST_LIFE_S: Final = 10**9


def callback_for(vendor: VendorAnswers, callback_url: str | None) -> str:
    """
    Choose where the person's browser returns to: the call's word, else the profile's.

    Raises:
        InvalidInputError: Neither says.
    """
    if callback := callback_url or vendor.callback_url:
        return callback
    raise InvalidInputError(
        "this vendor wants a page to return to after the face check",
        provider=vendor.name,
        field="callback_url",
        next_step="pass callback_url=, or set callback_url in the profile",
    )


def check_link(vendor: VendorAnswers, check: Verification) -> None:
    """
    Make sure that a person's browser may be sent to the vendor's link.

    Raises:
        UnexpectedResponseError: It is no https address. A simulator's may be on this machine.
    """
    link = check.link.reveal() if check.link else ""
    if link and not (origin_of(link).startswith("https://") or is_local_pair(link, vendor.origins)):
        raise UnexpectedResponseError(
            "the vendor's link to the face check is no https address",
            provider=vendor.name,
            handle=check.handle,
            next_step="do not open it; report it to the vendor",
        )


def is_local_pair(link: str, origins: frozenset[str]) -> bool:
    """Tell whether a plain link stays on this machine, as the vendor's stand-in does."""
    return link.startswith("http://") and is_loopback(link) and any(is_loopback(o) for o in origins)


def read_return(vendor: VendorAnswers, received: str | Mapping[str, Any]) -> Verification:
    """
    Read what the page brings back: `bytedToken`, and `resultCode` 10000 for passed. Unsigned.

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
            provider=vendor.name,
            field="received",
            next_step="pass the whole URL, its query string, or the body's fields",
        )
    claimed = None if code is None else str(code) == _PASSED
    check = Verification(
        provider=vendor.name, account=vendor.account, id=None, token=Secret(token), claimed=claimed
    )
    return seal_check(vendor, check)


def seal_check(vendor: VendorAnswers, check: Verification) -> Verification:
    """Put token, expiry and name into the handle."""
    token = check.token.reveal() if check.token else ""
    until = int(check.expires_at.timestamp()) if check.expires_at else 0
    return evolve(check, ref=vendor.seal(json.dumps([token, until, check.name])))


def open_check(vendor: VendorAnswers, ref: VerificationRef) -> Verification:
    """Get token and expiry out of an object, a handle, or a bare token."""
    found = vendor.id_of("verification", ref)
    if isinstance(ref, Verification) and ref.token:
        return ref
    check = Verification(provider=vendor.name, account=vendor.account, id=None, ref=found)
    if not (isinstance(ref, Verification) or is_handle(ref)):
        return seal_check(vendor, evolve(check, token=Secret(found)))
    token, until, name = json.loads(vendor.unseal(found))
    expires_at = datetime.fromtimestamp(until, UTC) if until else None
    return evolve(check, token=Secret(token), expires_at=expires_at, name=name)


def ends_at(opened_at: datetime, life_s: int) -> datetime:
    """When a check runs out. A configured life may be any number, and a calendar ends."""
    return opened_at + timedelta(seconds=min(max(life_s, 0), _LONGEST_LIFE_S))


def has_expired(check: Verification, at: datetime | None) -> bool:
    """Tell by the clock whether a check that is still pending can be finished no more."""
    return bool(at and check.expires_at and at >= check.expires_at)
