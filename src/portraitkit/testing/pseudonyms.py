"""
False values in place of real ones: of the same shape, and always the same for the same real one.

A pseudonym is a keyed hash (HMAC-SHA256) of the real value. The key is 32 random bytes in
`.pseudonyms.salt` beside the cassettes, which git ignores: whoever has the cassettes alone cannot
try out names or phone numbers against it. No real value is stored. A lost salt costs only that the
next recording gives other pseudonyms.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

SALT_FILE: Final = ".pseudonyms.salt"
_SALT_BYTES: Final = 32


class Pseudonyms:
    """False values for real ones, by one salt."""

    def __init__(self, salt: bytes) -> None:
        self._salt = salt

    @classmethod
    def of(cls, folder: str | os.PathLike[str]) -> Pseudonyms:
        """Take the folder's salt, made on first use and readable by its owner only."""
        path = Path(folder) / SALT_FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return cls(path.read_bytes())
        with os.fdopen(number, "wb") as file:
            salt = secrets.token_bytes(_SALT_BYTES)
            _ = file.write(salt)
        return cls(salt)
