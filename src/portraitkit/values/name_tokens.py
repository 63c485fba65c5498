"""
The short token at the end of a name, by which a create is found again when its answer is lost.

    Mia pk-4kq7hm2xc5

Eight random characters and two that check them, so that a name is told from one that only looks
like it. What a caller reads is the name alone.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Final

TOKEN_LENGTH: Final = 13
"""Characters of a token; between it and a name stands a space."""
SAFE_LIMIT: Final = 50
"""Stands for a limit that a vendor does not document: the lowest that any of them does."""


def new_token() -> str:
    """Make a token: 40 random bits."""
    drawn = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return f"{_MARK}{drawn}{_check(drawn)}"


def numbered_token(number: int) -> str:
    """Make the token of a number, which is always the same: for recordings."""
    bits = len(_ALPHABET).bit_length() - 1
    places = range(bits * (_RANDOM - 1), -1, -bits)
    drawn = "".join(_ALPHABET[(number >> place) % len(_ALPHABET)] for place in places)
    return f"{_MARK}{drawn}{_check(drawn)}"


def tagged(name: str, token: str) -> str:
    """Put a token at the end of a name; alone if the name is empty."""
    return f"{name} {token}" if name and token else name or token


def untagged(name: str) -> tuple[str, str]:
    """Part a name from its token, which is empty if there is no valid one."""
    if not name[-TOKEN_LENGTH:].lower().startswith(_MARK):  # as most names end
        return name, ""
    found = _TAGGED.fullmatch(name)
    if not found or _check(found["drawn"].lower()) != found["check"].lower():
        return name, ""
    return found["name"] or "", found["token"].lower()


def has_room(name: str, limit: int | None) -> bool:
    """Tell whether a token fits behind a name."""
    return len(tagged(name, "-" * TOKEN_LENGTH)) <= (limit or SAFE_LIMIT)


def begins_like(sent: str, listed: str) -> bool:
    """Tell whether a listed name may be what is left of the one that was sent: cut or changed."""
    return _letters(sent).startswith(_letters(listed))


def _letters(name: str) -> str:
    return "".join(each for each in name.casefold() if each.isalnum())


def _check(drawn: str) -> str:
    digest = hashlib.sha256(drawn.encode()).digest()
    return "".join(_ALPHABET[each % len(_ALPHABET)] for each in digest[:2])


_MARK: Final = "pk-"
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz234567"
_RANDOM: Final = 8
_TAGGED: Final = re.compile(
    r"(?:(?P<name>.*) )?(?P<token>pk-(?P<drawn>[a-z2-7]{8})(?P<check>[a-z2-7]{2}))",
    re.ASCII | re.DOTALL | re.IGNORECASE,
)
