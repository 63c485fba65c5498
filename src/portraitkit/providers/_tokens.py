"""
A face check whose handle carries the vendor's token, sealed.

The handle opens with the same account's credentials only, and needs no request to be read.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from attrs import evolve

from ..handles import is_handle
from ..models import Verification, VerificationRef
from ..secret import Secret

if TYPE_CHECKING:
    from ..vendor import Vendor


def seal_check(vendor: Vendor, check: Verification) -> Verification:
    """Put token, expiry and name into the handle."""
    token = check.token.reveal() if check.token else ""
    until = int(check.expires_at.timestamp()) if check.expires_at else 0
    return evolve(check, ref=vendor.seal(json.dumps([token, until, check.name])))


def open_check(vendor: Vendor, ref: VerificationRef) -> Verification:
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
