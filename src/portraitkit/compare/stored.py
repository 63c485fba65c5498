"""Whether the picture that a vendor keeps is the one that it was given."""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import Any

from ..client.client import Client
from ..operations.adding import fetch
from ..values.errors import PortraitError


def stored_copy(client: Client, asset: str) -> dict[str, Any] | None:
    """
    Fetch a vendor's copy of a picture and describe it: digest, bytes, and size in pixels.

    Returns:
        None where the vendor gives none back. Its signed link goes nowhere.
    """
    try:
        link = client.get_asset(asset).link
        if link is None:
            return None
        content = client.run(fetch(link, public_only=client.provider.public_only), "get_asset")
    except PortraitError:
        return None
    width, height = _size(content)
    digest = hashlib.sha256(content).hexdigest()
    return {"sha256": digest, "bytes": len(content), "width": width, "height": height}


def _size(content: bytes) -> tuple[int, int] | tuple[None, None]:
    from PIL import Image  # noqa: PLC0415  (an extra)

    try:
        with Image.open(BytesIO(content)) as picture:
            return picture.size
    except Exception:  # noqa: BLE001  (Pillow raises many kinds; whatever it is, it is no picture)
        return None, None
