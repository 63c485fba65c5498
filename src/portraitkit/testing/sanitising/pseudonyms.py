"""
False values in place of real ones, that are the same in each recording of the same flow.

What a vendor gives is counted, by its order of appearance: `asset-0001`, `group-0002`. What the
application sends is told by a digest of 20 bits: enough to see that it has changed, too little to
prove a guess. The digest is of a slow hash (scrypt) with the cassette's salt, which stands in the
cassette; no real value is stored.

The last characters of a pseudonym that is not counted are a check sum of the rest, without a salt.
So anyone can tell a pseudonym from a real value: cleaning leaves it alone, and the linter needs no
salt. A real value of ten characters passes for a pseudonym once in some hundred thousand; longer
ones less often.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Final

from ...values.name_tokens import numbered_token, tagged, untagged
from .standins import stand_in

_COST: Final = 2**9
"""Of a digest: about a millisecond. A guess costs as much."""
_DIGEST_BITS: Final = 20

_DIGITS: Final = "0123456789"
_HEX: Final = "0123456789abcdef"
_LOWER: Final = "abcdefghijklmnopqrstuvwxyz"
_STAMP: Final = _LOWER + _DIGITS
_STAMP_LENGTH: Final = 8
_COUNTED: Final = re.compile(r"\d{4}", re.ASCII)
_LONGEST: Final = 96
"""Longer tokens are cut: nothing needs the length of a wall of letters."""
_ODDS: Final = 10**6
"""How rarely a real value shall pass for a pseudonym, where it is long enough."""
_PREFIX: Final = re.compile(
    r"(?:asset|group|assetgroup|vgen|cgt|cvt|ta|ua|task|video|vid|gen|job|token|sk|ak|ep|req|upload|file|user|acc)[-_]"
)
_HEX_TOKEN: Final = re.compile(r"(?=.*[0-9])[0-9a-f]{12,}")
_PLAIN_PREFIX: Final = "token-"
_KEPT: Final = "-_.~+/=:"
"""Signs that a token may have, and keeps."""
_SHORTEST: Final = 8
_SHORTEST_NUMBER: Final = 6
_SHORTEST_DIGEST: Final = 12
"""A number has to be so long to hold a digest and its check sum."""
_REFERENCE: Final = re.compile(r"\b(?:Image|Video|Audio) [1-9]\d?\b", re.ASCII)
_REFERRING: Final = re.compile(rf"(Name-\w+)((?: {_REFERENCE.pattern})*)", re.ASCII)
_MARK: Final = b"portraitkit-"
_MARK_LENGTH: Final = 8 + len(_MARK) + _STAMP_LENGTH


class Pseudonyms:
    """
    False values for the real ones of one cassette.

    Args:
        salt: The cassette's. Without one, whatever an application sends looks alike to `veil`.
        avoid: A text none of whose values is given to another one: all that was recorded.

    Attributes:
        is_asking: Whether what is replaced was sent by the application.
    """

    def __init__(self, salt: bytes = b"", avoid: str = "") -> None:
        self.is_asking = False
        self._salt = salt
        self._avoid = avoid
        self._given: dict[tuple[str, str], str] = {}
        self._counts: Counter[str] = Counter()

    @classmethod
    def named(cls, name: str, avoid: str = "") -> Pseudonyms:
        """Derive the salt from a cassette's name, so that a recording elsewhere has the same."""
        salt = hashlib.sha256(f"portraitkit cassette\0{name}".encode()).digest()
        return cls(salt[:8], avoid)

    @property
    def salt(self) -> str:
        """The salt, as a cassette holds it."""
        return self._salt.hex()

    def veil(self) -> Pseudonyms:
        """Make what both sides of a comparison are veiled with."""
        return DigestVeil(self._salt) if self._salt else Veil()

    @contextmanager
    def asking(self) -> Generator[None]:
        """Take what is replaced meanwhile for what the application sends."""
        before, self.is_asking = self.is_asking, True
        try:
            yield
        finally:
            self.is_asking = before

    def token(self, real: str, kind: str = "token") -> str:
        """
        Replace a key, id or token: one with a known prefix is counted, others keep their shape.

        What is too short to be marked as false becomes longer. The kind, `token` or `secret`, is
        for whoever veils.
        """
        del kind
        return real if is_false(real) else self._once("token", real, self._token)

    def _token(self, real: str) -> str:
        if found := _PREFIX.match(real):
            return self._stamped(found[0], real, "token", is_digest=self.is_asking)
        kept = (each if _varies(each) or each in _KEPT else "-" for each in real[:_LONGEST])
        shape = "".join(kept)
        if shape.isdigit():
            least = _SHORTEST_DIGEST if self.is_asking else _SHORTEST_NUMBER
            return self._of_shape(shape.rjust(least, "1"), real)
        if self.is_asking:
            is_short = sum(map(_varies, shape)) < _SHORTEST
            return self._of_shape("x" * _SHORTEST if is_short else shape, real)
        if _HEX_TOKEN.fullmatch(shape.replace("-", "")):
            return self._of_shape(shape, real)
        # Of other tokens chance draws the kinds of characters, too.
        return self._stamped(_PLAIN_PREFIX, real, "token", is_digest=False)

    def _of_shape(self, shape: str, real: str) -> str:
        if self.is_asking:
            return _marked(shape, f"digest {self._digest(real)}")
        return self._unused("shape", lambda number: _marked(shape, f"counted {number}"))

    def stamp(self, prefix: str, real: str, kind: str) -> str:
        """Make a short false value behind a prefix of ours."""
        if is_stamp(real, prefix):
            return real
        is_digest = self.is_asking or kind in _CHOSEN
        return self._once(
            prefix, real, lambda text: self._stamped(prefix, text, kind, is_digest=is_digest)
        )

    def _stamped(self, prefix: str, real: str, kind: str, *, is_digest: bool) -> str:
        if not is_digest:
            return self._unused(prefix, lambda number: f"{prefix}{number:04}")
        kind = "name" if kind == "text" else kind  # the same wherever it stands
        stream = iter(_stream(f"{kind} {self._digest(real)}"))
        body = "".join(_STAMP[next(stream) % len(_STAMP)] for _ in range(_STAMP_LENGTH))
        return prefix + _with_mark(body, [_STAMP] * _STAMP_LENGTH)

    def number(self, real: int) -> int:
        """Replace a number by one of as many digits, or more if it is short."""
        sign = -1 if real < 0 else 1
        return sign * int(self.token(str(abs(real)), "number"))

    def name(self, real: str, member: str = "") -> str:
        """
        Replace a person's, group's or file's name, or a text by or about a person.

        Of a prompt it stays which references it names, in their order. The random mark at the end
        of a name, by which a lost create is found again, is counted. What a vendor tells is told by
        its digest where the *member* says that a person has chosen it.
        """
        bare, token = untagged(real)
        if bare and not _is_referring(bare):
            kind = "name" if _CHOSEN_MEMBER.search(member) else "text"
            bare = " ".join((self.stamp("Name-", bare, kind), *_REFERENCE.findall(bare)))
        return tagged(bare, self.name_token(token))

    def name_token(self, real: str) -> str:
        """Replace the random mark at the end of a name by one that is counted."""
        if not real or real.startswith(_NUMBERED):
            return real
        return self._once("pk", real, lambda _: self._unused("pk", numbered_token))

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
        """
        Replace a picture, film or sound by an empty one; None if it is none of them.

        Behind one that the application sends stands a mark with its digest.
        """
        new = stand_in(real)
        if new is None or real[:-_MARK_LENGTH] == new:
            return None if new is None else real
        if not self.is_asking:
            return new
        content = hashlib.sha256(real).hexdigest()
        stamp = self._stamped("", content, "medium", is_digest=True).encode()
        # Of the form of an MP4's empty box; no other type looks behind its end.
        return new + struct.pack(">I4s", _MARK_LENGTH, b"free") + _MARK + stamp

    def phone(self, real: str) -> str:
        """Replace a phone number by one of +999, which no country has."""
        digits = re.sub(r"\D", "", real)
        if digits.startswith("999"):
            return real
        return ("+" if real.startswith("+") else "") + self._once("phone", digits, self._number_of)

    def _number_of(self, digits: str) -> str:
        if not self.is_asking:
            return self._unused("phone", lambda number: f"999{number:0{len(digits) - 3}}")
        stream = iter(_stream(f"phone {self._digest(digits)}"))
        return "999" + "".join(str(next(stream) % 10) for _ in digits[3:])

    def address(self, real: str) -> str:
        """Replace an IP address by one that is reserved for documents."""
        stream = _stream(f"address {self._digest(real)}")
        return f"2001:db8::{stream.hex()[:4]}" if ":" in real else f"203.0.113.{stream[0]}"

    def _once(self, kind: str, real: str, make: Callable[[str], str]) -> str:
        """Give the same real value the same false one, wherever it appears."""
        if (kind, real) not in self._given:
            self._given[kind, real] = make(real)
        return self._given[kind, real]

    def _unused(self, kind: str, make: Callable[[int], str]) -> str:
        """Count on to a false value that is nobody's real one."""
        while True:
            self._counts[kind] += 1
            made = make(self._counts[kind])
            if made not in self._avoid and made not in self._given.values():
                return made

    def _digest(self, real: str) -> int:
        return _digest(self._salt, real)


class DigestVeil(Pseudonyms):
    """What is sent, each value by its digest; what a cassette gave stays as it is."""

    def token(self, real: str, kind: str = "token") -> str:
        """Keep what comes from the cassette; say no more of a credential than that it is one."""
        return "veiled" if kind == "secret" else super().token(real, kind)


class Veil(Pseudonyms):
    """One fixed word for all values of a kind; ids stay, as they tell requests apart."""

    def token(self, real: str, kind: str = "token") -> str:
        """Keep ids and what looks like one."""
        return real if kind == "token" else "veiled"

    def stamp(self, prefix: str, real: str, kind: str) -> str:
        """Say no more than the kind."""
        del real, kind
        return f"{prefix}veiled"

    def name(self, real: str, member: str = "") -> str:
        """Say no more than that it is one. Its token is a new one each time, so it goes."""
        del member
        return self.stamp("Name-", real, "name")

    def number(self, real: int) -> int:
        """Keep ids."""
        return real

    def link(self, cleaned: str) -> str:
        """Say no more than that it is one: whoever asks chose it. An asset's address is an id."""
        return "https://veiled.example" if cleaned.startswith(("http:", "https:")) else cleaned

    def medium(self, real: bytes) -> bytes | None:
        """Say no more than its type and size."""
        return stand_in(real)

    def phone(self, real: str) -> str:
        """Say no more than that it is one."""
        del real
        return "+999"

    def address(self, real: str) -> str:
        """Say no more than that it is one."""
        del real
        return "203.0.113.0"


_CHOSEN_MEMBER: Final = re.compile(r"(?i)name|title|desc|prompt|label|project|remark")
_CHOSEN: Final = frozenset({"name", "mail"})
"""What a person has chosen, also where a vendor tells it: told by its digest, and never counted."""
_NUMBERED: Final = numbered_token(0)[:8]
"""What a counted mark of a name begins with."""


def _is_referring(text: str) -> bool:
    """Tell whether a text is a false name, with the references that a prompt names."""
    found = _REFERRING.fullmatch(text)
    return found is not None and is_stamp(found[1], "Name-")


@lru_cache(maxsize=4096)
def _digest(salt: bytes, real: str) -> int:
    """About 20 bits of a slow hash."""
    content = real.encode(errors="surrogatepass")
    found = hashlib.scrypt(content, salt=salt, n=_COST, r=8, p=1, dklen=4)
    return int.from_bytes(found, "big") >> 32 - _DIGEST_BITS


def _stream(source: str) -> bytes:
    return hashlib.shake_256(source.encode(errors="surrogatepass")).digest(_LONGEST)


def _marked(shape: str, source: str) -> str:
    stream = _stream(source)
    alphabets = _alphabets(shape)
    body = "".join(
        alphabet[stream[place] % len(alphabet)] if alphabet else each
        for place, (each, alphabet) in enumerate(zip(shape, alphabets, strict=True))
    )
    return _with_mark(body, alphabets)


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
    if not text.startswith(prefix) or set(body) - set(_STAMP):
        return False
    if len(body) != _STAMP_LENGTH:
        return bool(prefix and _COUNTED.fullmatch(body))
    return _with_mark(body, [_STAMP] * _STAMP_LENGTH) == body


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
