"""
Values that somebody made up, told from those that a machine drew.

A cassette written by hand from a vendor's pages has ids such as `asset-20260318035710-xxxxx`. They
are no pseudonyms, and no secrets. What is left of a value without its dates, its counted or
repeated characters and its readable words is what chance may have made; too much of it is a secret.
"""

from __future__ import annotations

import re
from typing import Final

from .plainwords import is_readable, vocabulary
from .pseudonyms import Pseudonyms

_LEAST_DRAWN: Final = 8
"""So many characters of chance make a value a secret."""
_LEAST_COUNTED: Final = 3
_LARGEST_EMPTY: Final = 64
"""Bytes in which no face finds room."""
_LONGEST_MIXED: Final = 12
"""Of so many letters and digits in a row, none makes a word."""
_DATE: Final = re.compile(r"20\d\d[01]\d[0-3]\d(?:[0-2]\d[0-5]\d[0-5]\d)?")
_PART: Final = re.compile(r"[^\W_]+")
_PIECE: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_a-zA-Z]+")
_ORDER: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


class Placeholders(Pseudonyms):
    """Leaves made-up values of a hand-written cassette as they are, and replaces all others."""

    def __init__(self) -> None:
        super().__init__(b"")

    def token(self, real: str, kind: str = "token") -> str:
        """Keep what is made up; in a secret's place, what holds nothing of chance at all."""
        most = 0 if kind == "secret" else _LEAST_DRAWN - 1
        return real if drawn(real) <= most else super().token(real, kind)

    def number(self, real: int) -> int:
        """Keep a number that is too short to be an account's or a person's."""
        return real if len(str(abs(real))) < _LEAST_DRAWN else super().number(real)

    def name(self, real: str, member: str = "") -> str:
        """Keep a text unless it holds a value that was drawn: no machine knows a real name."""
        made_up = all(drawn(each) < _LEAST_DRAWN for each in real.split())
        return real if made_up else super().name(real, member)

    def host(self, real: str) -> str:
        """Keep a host whose labels can be read, as of a vendor's storage."""
        return real if drawn(real) < _LEAST_DRAWN else super().host(real)

    def medium(self, real: bytes) -> bytes | None:
        """Keep a file of a few bytes, which begins like a picture and shows nothing."""
        new = super().medium(real)
        empty = len(real) <= _LARGEST_EMPTY and drawn(real.decode("latin-1")) < _LEAST_DRAWN
        return real if new is not None and empty else new


def drawn(text: str) -> int:
    """Count the characters that chance may have made."""
    if text in vocabulary():
        return 0
    return sum(map(_drawn_of, _PART.findall(_without_counted(_DATE.sub(" ", text)))))


def _drawn_of(part: str) -> int:
    if len(part) >= _LONGEST_MIXED and part.isascii() and not part.isalpha():
        return len(part)
    return sum(
        len(each)
        for each in _PIECE.findall(part)
        if each.isascii() and not is_readable(each.lower())
    )


def _without_counted(text: str) -> str:
    """Leave out runs such as `0123456789abcdef`, `AABBCC` and `xxxx`."""
    runs: list[str] = []
    for each in text:
        if runs and _follows(runs[-1][-1], each):
            runs[-1] += each
        else:
            runs.append(each)
    return "".join(" " if len(run) >= _LEAST_COUNTED else run for run in runs)


def _follows(first: str, second: str) -> bool:
    one, other = _ORDER.find(first.lower()), _ORDER.find(second.lower())
    return first == second or (one >= 0 and other == one + 1)
