"""
False values in place of real ones: of the same shape, and always the same for the same real one.

A pseudonym is a keyed hash (HMAC-SHA256) of the real value. The key is 32 random bytes in
`.pseudonyms.salt` beside the cassettes, which git ignores: whoever has the cassettes alone cannot
try out names or phone numbers against it. No real value is stored. A lost salt costs only that the
next recording gives other pseudonyms.

The last characters of a pseudonym are a check sum of the rest, without a key. So anyone can tell a
pseudonym from a real value: cleaning leaves it alone, and the linter needs no salt. A real value of
ten characters passes for a pseudonym once in some hundred thousand; longer ones less often.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ...values.errors import ConfigError
from ...values.name_tokens import untagged
from .standins import stand_in

SALT_FILE: Final = ".pseudonyms.salt"
_SALT_BYTES: Final = 32

_DIGITS: Final = "0123456789"
_HEX: Final = "0123456789abcdef"
_LOWER: Final = "abcdefghijklmnopqrstuvwxyz"
_STAMP: Final = _LOWER + _DIGITS
_STAMP_LENGTH: Final = 8
_LONGEST: Final = 96
"""Longer tokens are cut: nothing needs the length of a wall of letters."""
_ODDS: Final = 10**6
"""How rarely a real value shall pass for a pseudonym, where it is long enough."""
_PREFIX: Final = re.compile(
    r"(?:asset|group|cgt|cvt|ta|ua|task|video|vid|gen|job|token|sk|ak|ep|req|upload|file|user|acc)[-_]"
)
_HEX_TOKEN: Final = re.compile(r"(?=.*[0-9])[0-9a-f]{12,}")
_KEPT: Final = "-_.~+/=:"
"""Signs that a token may have, and keeps."""
_SHORTEST: Final = 8
_SHORTEST_NUMBER: Final = 6


class Pseudonyms:
    """False values for real ones, by one salt."""

    def __init__(self, salt: bytes) -> None:
        self._salt = salt

    @classmethod
    def of(cls, folder: str | os.PathLike[str]) -> Pseudonyms:
        """
        Take the folder's salt, made on first use and readable by its owner only.

        Raises:
            ConfigError: The salt is damaged.
        """
        path = Path(folder) / SALT_FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        salt = secrets.token_bytes(_SALT_BYTES)
        part = path.with_name(f"{SALT_FILE}.{secrets.token_hex(4)}.part")
        try:
            with os.fdopen(
                os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            ) as file:
                _ = file.write(salt)
            os.link(part, path)  # fails where another process was first, whose salt then counts
        except FileExistsError:
            salt = path.read_bytes()
        finally:
            part.unlink(missing_ok=True)
        if len(salt) != _SALT_BYTES:
            raise ConfigError(
                f"{path} is damaged: it has {len(salt)} bytes, not {_SALT_BYTES}",
                field=SALT_FILE,
                next_step="delete it; the next recording makes another",
            )
        return cls(salt)

    def token(self, real: str, kind: str = "token") -> str:
        """
        Replace a key, id or token: same prefix, length and classes of characters.

        What is too short to be marked as false becomes longer; a short number becomes ones. The
        kind, `token` or `secret`, is for whoever veils.
        """
        del kind
        if is_false(real):
            return real
        found = _PREFIX.match(real)
        prefix, rest = (found[0], real[found.end() :]) if found else ("", real)
        if rest.isascii() and rest.isdigit() and len(rest) < _SHORTEST_NUMBER:
            return prefix + "1" * len(rest)
        kept = (each if _varies(each) or each in _KEPT else "-" for each in rest[:_LONGEST])
        rest = "".join(kept)
        if sum(map(_varies, rest)) < (_SHORTEST_NUMBER if rest.isdigit() else _SHORTEST):
            return self.stamp(prefix, real, "token")
        return prefix + self._marked(rest, f"token\0{real}")

    def stamp(self, prefix: str, real: str, kind: str) -> str:
        """Make a short false value behind a prefix of ours."""
        if is_stamp(real, prefix):
            return real
        stream = self._stream(f"{kind}\0{real}")
        body = "".join(_STAMP[byte % len(_STAMP)] for byte in stream[:_STAMP_LENGTH])
        return prefix + _with_mark(body, [_STAMP] * _STAMP_LENGTH)

    def number(self, real: int) -> int:
        """Replace a number by one of as many digits."""
        sign = -1 if real < 0 else 1
        return sign * int(self.token(str(abs(real)), "number"))

    def name(self, real: str) -> str:
        """
        Replace a person's, group's or file's name, or a text by or about a person.

        The random mark at its end, by which a lost create is found again, stays.
        """
        bare, _ = untagged(real)
        return (self.stamp("Name-", bare, "name") if bare else "") + real[len(bare) :]

    def email(self, real: str) -> str:
        """Replace an e-mail address by one at a reserved domain."""
        return self.stamp("mail-", real.partition("@")[0], "mail") + "@mail.example"

    def host(self, real: str) -> str:
        """Replace a host by one at a reserved domain."""
        name = real.lower().removesuffix(".example")
        return self.stamp("host-", name, "host") + ".example"

    def link(self, cleaned: str) -> str:
        """Hand on an address in a body, whose parts are clean."""
        return cleaned

    def medium(self, real: bytes) -> bytes | None:
        """Replace a picture, film or sound by an empty one; None if it is none of them."""
        return stand_in(real)

    def phone(self, real: str) -> str:
        """Replace a phone number by one of +999, which no country has."""
        digits = re.sub(r"\D", "", real)
        if digits.startswith("999"):
            return real
        stream = iter(self._stream(f"phone\0{digits}"))
        tail = "".join(str(next(stream) % 10) for _ in digits[3:])
        return ("+" if real.startswith("+") else "") + "999" + tail

    def address(self, real: str) -> str:
        """Replace an IP address by one that is reserved for documents."""
        if ":" in real:
            return f"2001:db8::{self._stream(real).hex()[:4]}"
        return f"203.0.113.{self._stream(real)[0]}"

    def _marked(self, rest: str, real: str) -> str:
        stream = self._stream(real)
        alphabets = _alphabets(rest)
        body = "".join(
            alphabet[stream[place] % len(alphabet)] if alphabet else each
            for place, (each, alphabet) in enumerate(zip(rest, alphabets, strict=True))
        )
        return _with_mark(body, alphabets)

    def _stream(self, text: str) -> bytes:
        key = hmac.digest(self._salt, text.encode(errors="surrogatepass"), "sha256")
        return hashlib.shake_256(key).digest(_LONGEST)


class Veil(Pseudonyms):
    """One fixed word for all values of a kind; ids stay, as they tell requests apart."""

    def __init__(self) -> None:
        super().__init__(b"")

    def token(self, real: str, kind: str = "token") -> str:
        """Keep ids and what looks like one."""
        return real if kind == "token" else "veiled"

    def stamp(self, prefix: str, real: str, kind: str) -> str:
        """Say no more than the kind."""
        del real, kind
        return f"{prefix}veiled"

    def name(self, real: str) -> str:
        """Say no more than that it is one. Its token is a new one each time, so it goes."""
        return self.stamp("Name-", real, "name")

    def number(self, real: int) -> int:
        """Keep ids."""
        return real

    def link(self, cleaned: str) -> str:
        """Say no more than that it is one: whoever asks chose it. An asset's address is an id."""
        return "https://veiled.example" if cleaned.startswith(("http:", "https:")) else cleaned

    def phone(self, real: str) -> str:
        """Say no more than that it is one."""
        del real
        return "+999"

    def address(self, real: str) -> str:
        """Say no more than that it is one."""
        del real
        return "203.0.113.0"


def is_false(text: str) -> bool:
    """Tell whether a token is a pseudonym, by its check sum."""
    found = _PREFIX.match(text)
    rest = text[found.end() :] if found else text
    if is_stamp(text, found[0] if found else "") or any(is_stamp(text, each) for each in _STAMPS):
        return True
    if not rest.isascii():
        return False
    if rest.isdigit() and len(rest) < _SHORTEST_NUMBER:
        return bool(rest) and not rest.strip("1")
    if sum(map(_varies, rest)) < (_SHORTEST_NUMBER if rest.isdigit() else _SHORTEST):
        return False
    return _with_mark(rest, _alphabets(rest)) == rest


def is_stamp(text: str, prefix: str) -> bool:
    """Tell whether a text is a short false value behind *prefix*."""
    body = text.removeprefix(prefix)
    fits = text.startswith(prefix) and len(body) == _STAMP_LENGTH and not set(body) - set(_STAMP)
    return fits and _with_mark(body, [_STAMP] * _STAMP_LENGTH) == body


_STAMPS: Final = ("Name-", "mail-", "host-")


def _varies(character: str) -> bool:
    return character.isalnum()


def _alphabets(text: str) -> list[str]:
    """What may stand at each place; empty where the character stays."""
    if _HEX_TOKEN.fullmatch(text.replace("-", "")) and not text.isdigit():
        # A letter and a digit first, so that what comes out is hexadecimal again.
        order = iter((_HEX[10:], _DIGITS))
        return [next(order, _HEX) if _varies(each) else "" for each in text]
    found = [_class_of(each) for each in text]
    if text.isdigit():
        found[0] = _DIGITS[1:]  # a JSON number has no leading zero
    return found


def _class_of(character: str) -> str:
    if not _varies(character):
        return ""
    if character.isdigit():
        return _DIGITS
    return _LOWER.upper() if character.isupper() else _LOWER


def _with_mark(body: str, alphabets: Sequence[str]) -> str:
    """Make the last characters a check sum of the rest: three in five of them at most."""
    places = [place for place, alphabet in enumerate(alphabets) if alphabet]
    marked: list[int] = []
    odds = 1
    for place in reversed(places[-(len(places) * 3 // 5) :]):
        if odds >= _ODDS:
            break
        marked.append(place)
        odds *= len(alphabets[place])
    letters = list(body)
    for place in marked:
        letters[place] = "*"
    digest = hashlib.sha256(f"portraitkit pseudonym\0{''.join(letters)}".encode()).digest()
    for byte, place in zip(digest, marked, strict=False):
        letters[place] = alphabets[place][byte % len(alphabets[place])]
    return "".join(letters)
