"""
Handles: short strings that say provider, account, kind and id.

    pk1:alltoken:5f0c2a91d3:asset:asset-20260318035710-abcde:q7zm

A handle can be stored, logged and read back in another process. It holds no secret: the account is
a fingerprint of the credentials, and a part that is secret is sealed with them. The last part is a
checksum, so that a damaged handle is refused instead of meaning something else.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Final, Literal, TypeAlias, get_args
from urllib.parse import quote, unquote

from attrs import frozen

from .errors import HandleError

HandleKind: TypeAlias = Literal["group", "asset", "verification", "video"]
_KINDS: Final[tuple[HandleKind, ...]] = get_args(HandleKind)

_VERSION: Final = "pk1"
_PARTS: Final = 6
_SAFE: Final = "-_.~#@"
_PLAIN: Final = re.compile(rf"[\w{re.escape(_SAFE)}]*", re.ASCII)
_BASE32: Final = "abcdefghijklmnopqrstuvwxyz234567"
ANY_TEXT: Final = "surrogatepass"
"""JSON can hold half a character, and an id is kept as it came."""


@frozen
class Handle:
    """One handle, taken apart. `str` puts it together."""

    provider: str
    account: str
    kind: HandleKind
    ref: str

    def __str__(self) -> str:
        account, ref = _escaped(self.account), _escaped(self.ref)
        body = f"{_VERSION}:{self.provider}:{account}:{self.kind}:{ref}"
        return f"{body}:{_checksum(body)}"

    @classmethod
    def parse(cls, text: str) -> Handle:
        """
        Read a handle.

        Raises:
            HandleError: The text is cut, altered, or of a later version.
        """
        parts = text.strip().split(":")
        if parts[0] != _VERSION or len(parts) != _PARTS:
            raise HandleError(
                "this is not a portraitkit handle, or a part of it is missing",
                next_step="pass the handle exactly as it was stored, or the vendor's own id",
            )
        body, _, checksum = text.strip().rpartition(":")
        kind = parts[3]
        try:
            account, ref = (unquote(part, errors=ANY_TEXT) for part in (parts[2], parts[4]))
        except UnicodeDecodeError:
            account = ref = checksum = ""
        if checksum != _checksum(body):
            raise HandleError(
                "this handle was altered: its checksum does not fit",
                next_step="pass the handle exactly as it was stored",
            )
        for known in _KINDS:
            if kind == known:
                return cls(parts[1], account, known, ref)
        raise HandleError(
            f"this handle names a {kind!r}, which this version does not know",
            next_step="upgrade portraitkit, or pass the vendor's own id",
        )


def is_handle(text: str) -> bool:
    """Tell whether *text* means to be a handle, whole or damaged."""
    return text.strip().startswith("pk1:")


def fingerprint(*parts: str) -> str:
    """Name an account without telling its credentials: 10 hexadecimal digits."""
    text = "\0".join(("portraitkit account", *parts))
    return hashlib.sha256(text.encode(errors=ANY_TEXT)).hexdigest()[:10]


def _escaped(part: str) -> str:
    return part if _PLAIN.fullmatch(part) else quote(part, safe=_SAFE, errors=ANY_TEXT)


@lru_cache(256)
def _checksum(body: str) -> str:
    """The digest's first 24 bits in base32."""
    digest = hashlib.sha256(body.encode(errors=ANY_TEXT)).digest()
    bits = int.from_bytes(digest[:3]) << 1
    return "".join([_BASE32[bits >> shift & 31] for shift in (20, 15, 10, 5, 0)])
