"""A video that was refused because of an asset: what the asset's vendor says of it now."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypeVar

from ..values.errors import (
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    PortraitError,
    ProviderError,
)
from ..values.statuses import AssetStatus
from ..wire.steps import Flow

if TYPE_CHECKING:
    from ..vendor.calls import VendorCalls

T = TypeVar("T")

MOST_LOOKS: Final = 3


def explained(flow: Flow[T], provider: VendorCalls, body: Mapping[str, object]) -> Flow[T]:
    """
    Run a create; where it is refused with words about an asset, look the assets up.

    Looking is free, and tells what the refusal does not: not active yet, gone, or of another
    account. The refusal stays what it is; its next step says more.
    """
    try:
        return (yield from flow)
    except (InvalidRequestError, NotFoundError) as error:
        refused = error
    refused.next_step = (yield from _next_step(refused, provider, body)) or refused.next_step
    raise refused


def _next_step(
    refused: ProviderError, provider: VendorCalls, body: Mapping[str, object]
) -> Flow[str]:
    ids = list(dict.fromkeys(_ASSET.findall(json.dumps(body))))
    named = [each for each in ids if each in refused.vendor_message]
    if not ids or not (named or _ABOUT_ONE.search(refused.vendor_message)):
        return ""
    text = ""
    for asset_id in (named or ids)[:MOST_LOOKS]:
        text += f"{'; ' if text else ''}{asset_id} {(yield from _verdict(provider, asset_id))}"
    return text


def _verdict(provider: VendorCalls, asset_id: str) -> Flow[str]:
    try:
        asset = yield from provider.get_asset(asset_id)
    except (NotFoundError, PermissionDeniedError):
        return (
            "is not in this account and project: it was deleted, or another account or project "
            "made it; register it here, or connect with the profile that did"
        )
    except PortraitError:
        return (
            "could not be looked up: see whether it is active, and of this account and project, "
            "with get_asset or in the vendor's console"
        )
    return _VERDICTS.get(asset.status, f"stands at {asset.status_word or asset.status.value!r}")


_ASSET: Final = re.compile(r"asset://([\w.~-]+)", re.ASCII)
_ABOUT_ONE: Final = re.compile(r"(?i)\bassets?\b")
_VERDICTS: Final = {
    AssetStatus.PROCESSING: "is not active yet: wait_until_active(asset), then create the video",
    AssetStatus.FAILED: "was refused by its review: add another file in its place",
    AssetStatus.ACTIVE: (
        "is active here, so the key that makes videos is likely of another account or project"
    ),
}
