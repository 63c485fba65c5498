"""Sealed text in handles: kept from readers of logs, not from who holds the key."""

from __future__ import annotations

import base64
import hmac
import secrets

from .errors import HandleError
from .handles import ANY_TEXT


def seal(text: str, *, key: str) -> str:
    """
    Make *text* unreadable without *key*, for a handle that must carry a vendor's token.

    The key is an account's credential, so a stored handle is worth nothing to anyone else. The
    cipher is HMAC-SHA256 in counter mode, authenticated by HMAC-SHA256 over nonce and ciphertext.
    """
    nonce = secrets.token_bytes(12)
    cipher = _keystream(text.encode(errors=ANY_TEXT), nonce, key)
    return base64.urlsafe_b64encode(nonce + _tag(nonce + cipher, key) + cipher).decode().rstrip("=")


def unseal(sealed: str, *, key: str) -> str:
    """
    Read what `seal` made.

    Raises:
        HandleError: It was sealed with another key, or altered.
    """
    try:
        data = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
    except ValueError:
        data = b""
    nonce, tag, cipher = data[:12], data[12:28], data[28:]
    # Base64 has several spellings of the same bytes: only ours is unaltered.
    ours = base64.urlsafe_b64encode(data).decode().rstrip("=") == sealed
    if not (hmac.compare_digest(tag, _tag(nonce + cipher, key)) and ours):
        raise HandleError(
            "this handle's sealed part does not open with this account's credentials",
            next_step="use the profile that made it",
        )
    return _keystream(cipher, nonce, key).decode(errors=ANY_TEXT)


def _derive(key: str, purpose: bytes) -> bytes:
    return hmac.digest(key.encode(errors=ANY_TEXT), b"portraitkit " + purpose, "sha256")


def _tag(data: bytes, key: str) -> bytes:
    return hmac.digest(_derive(key, b"tag"), data, "sha256")[:16]


def _keystream(data: bytes, nonce: bytes, key: str) -> bytes:
    stream_key = _derive(key, b"stream")
    blocks = (
        hmac.digest(stream_key, nonce + count.to_bytes(4, "big"), "sha256")
        for count in range(-(-len(data) // 32))
    )
    return bytes(a ^ b for a, b in zip(data, b"".join(blocks), strict=False))
