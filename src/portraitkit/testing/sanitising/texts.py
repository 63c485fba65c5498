"""
Take secrets out of texts, addresses and JSON. Every rule has a name, and a test that misses it.

A value is replaced because no contract marks its member as open (`fields`, `ids`, `closed`), or for
what it looks like (`links`, `emails`, `tokens` …), or because it was found secret elsewhere in the
same cassette (`echoes`) or given (`known`).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from attrs import define, field

from ...values.name_tokens import tagged, untagged
from ...wire.codec import is_array, is_object
from ..cassettes.cassettefile import json_in
from .plainwords import (
    documented_numbers,
    is_amount,
    is_model,
    is_open,
    is_open_host,
    is_open_number,
    is_word,
    lexicon,
    open_members,
    path_words,
    vocabulary,
)
from .pseudonyms import Pseudonyms, is_false, is_stamp
from .secretmembers import FOUND, ID_MEMBER, UNSPACED

_SHORTEST_ECHO: Final = 3  # bytes: two letters may be any word, two Chinese signs are a name
_FEWEST_DIGITS: Final = 7
"""So many digits in a row, or in groups, are a phone's or a card's."""
_SHORT: Final = 8
_SHORTEST_MEDIUM: Final = 40
_WHOLE: Final = ("link", "data")
_STAMPED: Final = re.compile(r"((?:Name|mail|host)-(?:[a-z0-9]{8}|\d{4})(?![a-z0-9]))")
_UNSPACED: Final = re.compile(f"[{UNSPACED}]")
_PERCENT: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_TYPED: Final = re.compile(r"(.*[^.])(\.[A-Za-z0-9]{2,4})", re.DOTALL)
"""A file's name, and the ending that tells its type."""
_SENTENCE: Final = re.compile(r"(?:^|[.:!?\n(\[-]\W*)$")
"""What stands before the first word of a sentence."""
_AROUND: Final = ".:!?*#&"
_WIDE: Final = {code: code - 0xFEE0 for code in range(0xFF0E, 0xFF5B) if chr(code).isalnum()} | {
    code: code - 0xFEE0 for code in map(ord, "＠．＿－／")
}
"""Letters and digits as wide as Chinese signs, and what they are."""
_SAID: Final = re.compile(
    r"^((?:bearer|basic)\s+|[^:=]*?[:=]\s*[\"']?(?:(?:bearer|basic)\s+)?)", re.IGNORECASE
)
_DEEPEST: Final = 40
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)


class UnreadableError(Exception):
    """A text cannot be parsed as what it has to be. Says what, never the text."""


@define(eq=False)
class Scrubber:
    """
    Cleans the texts of one cassette.

    Attributes:
        secret_fields: Members that the vendor's adapter calls secret, in lower case.
        hosts: Hosts that may stay beside the vendors' own.
        plain: Members whose texts stay, unless they look like a secret.
        secrets: Values that were found secret, and their pseudonyms: replaced wherever they appear.
    """

    pseudonyms: Pseudonyms
    secret_fields: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    plain: frozenset[str] = frozenset()
    secrets: dict[str, str] = field(factory=dict[str, str], repr=False)
    _echo: re.Pattern[str] | None = field(default=None, repr=False)

    # -- JSON ------------------------------------------------------------------------------------

    def value(self, found: Any, member: str = "", depth: int = 0) -> Any:
        """Clean a JSON value that stands in *member*."""
        if depth > _DEEPEST:
            raise UnreadableError("it is nested too deeply")
        if is_object(found):
            return {
                self.member(str(key)): self.value(each, str(key), depth + 1)
                for key, each in found.items()
            }
        if is_array(found):
            return [self.value(each, member, depth + 1) for each in found]
        if isinstance(found, bool) or found is None:
            return found
        if isinstance(found, int | float):
            return self._number(found, member)
        return self.text(str(found), member, depth)

    def member(self, name: str) -> str:
        """Clean a member's own name."""
        named = _IDENTIFIER.fullmatch(name) and is_word(name)
        return name if named and name not in self.secrets else self._scan(name)

    def _rule_of(self, member: str) -> str:
        if re.sub(r"[_-]", "", member).lower() in self.secret_fields:
            return "fields"
        if ID_MEMBER.search(member):
            return "ids"
        return "" if member in open_members() else "closed"

    def _number(self, found: float, member: str) -> float:
        rule = self._rule_of(member)
        if rule in ("fields", "ids") and isinstance(found, int):
            return self.pseudonyms.number(found)
        if not rule or member in documented_numbers():
            return found
        if not is_open_number(found):
            return self.pseudonyms.number(int(found))
        return round(found, 1) if isinstance(found, float) else found  # where somebody is, roughly

    def text(self, found: str, member: str = "", depth: int = 0) -> str:
        """Clean a text that stands in *member*."""
        if not found or found in vocabulary() or found in self.secrets:
            return self.secrets.get(found, found)
        if (inner := self._nested(found, member, depth)) is not None:
            return inner
        rule = self._rule_of(member)
        if member in self.plain:
            bare, token = untagged(found)
            return tagged(self.free(bare), self.pseudonyms.name_token(token))
        if not rule or (member in documented_numbers() and is_amount(found)):
            return self.free(found)
        if rule == "ids":
            return self.remember(found, self._id(found))
        return self.remember(found, self._closed(found, member, whole=rule == "fields"))

    def _nested(self, found: str, member: str, depth: int) -> str | None:
        inner = json_in(found)
        if inner is None:
            return None
        new = self.value(inner, member, depth + 1)
        return found if new == inner else json.dumps(new, ensure_ascii=False)

    def _id(self, found: str) -> str:
        if "://" in found or " " in found:
            return self.free(found)
        return found if is_model(found) else self.pseudonyms.token(found)

    def _closed(self, found: str, member: str, *, whole: bool) -> str:
        """Replace a text of which nothing is known to be open; of a link, all if it is secret."""
        read = FOUND.fullmatch(found)
        if read and read.lastgroup == "link" and whole:
            return self.pseudonyms.link(self.link(found, whole=True))
        if medium := self._medium(found):
            return medium
        if read and read.lastgroup in ("email", "number", "ip", "link", "data", "date"):
            return self._replace(read)
        if typed := _TYPED.fullmatch(found):
            return self.pseudonyms.name(typed[1], member) + typed[2]
        bare, token = untagged(found)
        if token and bare:  # the caller reads the name alone, and so may a message say it
            _ = self.remember(bare, self.pseudonyms.name(bare, member))
        return self.pseudonyms.name(found, member)

    def remember(self, real: str, false: str) -> str:
        """Remember a value that was found secret, so that its echoes are replaced too."""
        if (
            real != false
            and len(real.encode(errors="surrogatepass")) >= _SHORTEST_ECHO
            and real not in vocabulary()
        ):
            if real not in self.secrets:
                self._echo = None
            _ = self.secrets.setdefault(real, false)
        return false

    # -- free text -------------------------------------------------------------------------------

    def free(self, found: str) -> str:
        """Clean a text that may hold anything."""
        found = found.translate(_WIDE)
        pieces: list[str] = []
        place = 0
        for first, last, value in _objects_in(found):
            new = self.value(value)
            told = found[first:last] if new == value else json.dumps(new, ensure_ascii=False)
            pieces += (self._scan(found[place:first]), told)
            place = last
        return "".join((*pieces, self._scan(found[place:])))

    def _scan(self, found: str) -> str:
        """Replace echoes, and in between them what is not known to be open."""
        echo = self._echoes()
        if echo is None:
            return self._scrubbed(found)
        # An address is read as one, and its pieces come back here.
        spans = [each.span() for each in FOUND.finditer(found) if each.lastgroup in _WHOLE]
        pieces: list[str] = []
        place = 0
        for each in echo.finditer(found):
            first, last = each.span()
            if any(a <= first and last <= b and (a, b) != (first, last) for a, b in spans):
                continue
            pieces += (self._scrubbed(found[place:first]), self._echoed(each[0]))
            place = last
        return "".join((*pieces, self._scrubbed(found[place:])))

    def _scrubbed(self, found: str) -> str:
        return FOUND.sub(self._replace, found)

    def _echoes(self) -> re.Pattern[str] | None:
        if self.secrets and self._echo is None:
            values = sorted(self.secrets, key=len, reverse=True)
            self._echo = re.compile("|".join(map(_as_pattern, values)), re.IGNORECASE)
        return self._echo

    def _echoed(self, text: str) -> str:
        if text in self.secrets:
            return self.secrets[text]
        folded = text.casefold()
        return next(v for k, v in self.secrets.items() if k.casefold() == folded)

    def _replace(self, found: re.Match[str]) -> str:
        if found[0] in self.secrets:
            return self.secrets[found[0]]
        kind = found.lastgroup or "token"
        if kind == "token":
            return self._token(found[0], strict=self._is_value(found))
        clean: Mapping[str, Callable[[str], str]] = {
            "code": self._token,
            "data": self._data,
            "link": self._link,
            "assigned": self._assigned,
            "resource": self._resource,
            "email": self._email,
            "quoted": self._quoted,
            "date": str,
            "file": self._veiled,
            "ip": self._ip,
            "place": self._veiled,
            "number": self._phone,
        }
        return clean[kind](found[0])

    def _is_value(self, found: re.Match[str]) -> bool:
        """Tell whether a word stands where a value does, or is written as a name is."""
        before = found.string[max(0, found.start() - 4) : found.start()]
        if before.endswith("="):
            return True
        return found[0][:2].istitle() and found[0][1:2].isalpha() and not _SENTENCE.search(before)

    def _assigned(self, text: str) -> str:
        """`password=…`: however harmless the value looks."""
        said, value = _SAID.split(text, maxsplit=1)[1:]
        if value in vocabulary():
            return f"{said}{self._scan(value)}"
        return f"{said}{self.remember(value, self.pseudonyms.token(value, 'secret'))}"

    def _data(self, text: str) -> str:
        head, _, body = text.partition(",")
        if not head.endswith(";base64"):
            return f"{head},{quote(self.free(unquote(body)))}"
        content = _decoded(body)
        new = None if content is None else self.pseudonyms.medium(content)
        if new is None:
            raise UnreadableError("a data: address holds a file of an unknown type")
        return f"{head},{base64.b64encode(new).decode()}"

    def _resource(self, text: str) -> str:
        kind, _, rest = text.partition(":")
        return (
            text
            if is_stamp(text, f"{kind}:")
            else self.pseudonyms.stamp(f"{kind}:", rest, "resource")
        )

    def _email(self, text: str) -> str:
        if text.endswith("@mail.example"):
            return text
        return self.remember(text, self.pseudonyms.email(text))

    def _quoted(self, text: str) -> str:
        """What a message quotes is a value: it stays if all of its words are known ones."""
        first, inner, last = text[0], text[1:-1], text[-1]
        if is_false(inner) or inner in self.secrets:
            return f"{first}{self.secrets.get(inner, inner)}{last}"
        new = self._scan(inner)
        if _UNSPACED.search(new) or not all(map(_is_known, new.split())):
            new = self.remember(inner, self._closed(inner, "", whole=False))
        return f"{first}{new}{last}"

    def _ip(self, text: str) -> str:
        try:
            found = ip_address(text.partition("%")[0])
        except ValueError:  # a time of the day, a hardware address
            return self._token(text)
        if found.is_loopback or text.startswith(("203.0.113.", "2001:db8:")):
            return text
        return self.pseudonyms.address(text)

    def _phone(self, text: str) -> str:
        if sum(map(str.isdigit, text)) < _FEWEST_DIGITS:
            return text
        if text.startswith("+999") or text in vocabulary() or is_amount(text):
            return text
        digits = re.sub(r"\D", "", text)
        return self.pseudonyms.phone("+" + digits.replace("999", "0999", digits.startswith("999")))

    def _veiled(self, text: str) -> str:
        """Replace it, but for the ending that tells a file's type."""
        typed = _TYPED.fullmatch(text)
        name, ending = (typed[1], typed[2]) if typed else (text, "")
        return self.remember(name, self.pseudonyms.token(name)) + ending

    def _medium(self, text: str) -> str:
        """Replace a picture, film or sound in base64; empty if it is none."""
        content = _decoded(text) if len(text) >= _SHORTEST_MEDIUM else None
        new = None if content is None else self.pseudonyms.medium(content)
        return "" if new is None else base64.b64encode(new).decode()

    def _token(self, text: str, *, strict: bool = False) -> str:
        bare = text.strip(_AROUND)
        if not bare or is_false(bare) or is_open(bare, strict=strict):
            return text
        before, _, after = text.partition(bare)
        return f"{before}{self._closed_token(bare, strict=strict)}{after}"

    def _closed_token(self, text: str, *, strict: bool) -> str:
        if text in self.secrets:
            return self.secrets[text]
        if _PERCENT.search(text) and (plain := unquote(text)) != text:
            new = self.free(plain)
            return text if new == plain else new
        pieces = _STAMPED.split(text)
        if len(pieces) > 1:
            return "".join(each if is_false(each) else self._scan(each) for each in pieces)
        if medium := self._medium(text):
            return medium
        if strict and text.isalpha():
            return self.remember(text, self.pseudonyms.name(text))
        return self._veiled(text)

    def _link(self, text: str) -> str:
        return self.pseudonyms.link(self.link(text))

    # -- addresses and forms ---------------------------------------------------------------------

    def link(self, text: str, *, whole: bool = False) -> str:
        """
        Clean an address, piece by piece, so that an echo of a part of it stays equal.

        Args:
            text: It.
            whole: Whether all of its path is secret, as an H5 link's.
        """
        if "\\/" in text:
            return self.link(text.replace("\\/", "/"), whole=whole).replace("/", "\\/")
        bare = text.rstrip(".,;:!?)")
        after = text[len(bare) :]
        try:
            parts = urlsplit(bare)
            host = parts.netloc.rpartition("@")[2]
        except ValueError:
            raise UnreadableError("an address in it cannot be parsed") from None
        if parts.scheme and parts.scheme not in ("http", "https", "ws", "wss"):
            rest = bare.partition("://")[2]
            return f"{parts.scheme}://{self._path(rest)}{after}"
        opened = not host or is_open_host(host) or host in self.hosts
        closed = whole or not opened
        if not opened:
            host = self.pseudonyms.host(host)
        origin = f"{parts.scheme}://{host}" if parts.scheme else f"//{host}" if host else ""
        pieces = [origin + self._path(parts.path)]
        if parts.query:
            pieces.append(f"?{self.query(parts.query, closed=closed)}")
        if parts.fragment:
            pieces.append(f"#{self._fragment(parts.fragment)}")
        return "".join(pieces) + after

    def _fragment(self, text: str) -> str:
        return self.pseudonyms.token(text)

    def _path(self, path: str) -> str:
        return "/".join(map(self._segment, path.split("/")))

    def _segment(self, text: str) -> str:
        """Replace a part of a path, unless the contracts have it in theirs."""
        plain = unquote(text)
        if not plain or plain in path_words() or plain in vocabulary():
            return text
        typed = None if plain in self.secrets else _TYPED.fullmatch(plain)
        name, ending = (typed[1], typed[2]) if typed else (plain, "")
        new = self.secrets.get(name) or self._token_in_path(name)
        if name.lower() not in lexicon():
            new = self.remember(name, new)
        return text if new == name else quote(new + ending, safe="-_.~:@!$&'()*+,;=")

    def _token_in_path(self, name: str) -> str:
        if name.lower() not in lexicon():
            return self.pseudonyms.token(name)
        # An adapter writes such a word into a path itself, whichever answer it stands in, too.
        with self.pseudonyms.asking():
            return self.pseudonyms.token(name)

    def query(self, query: str, *, closed: bool = False) -> str:
        """Clean a query or form, pair by pair, in the order given."""
        return "&".join(self._pair(each, closed=closed) for each in query.split("&"))

    def _pair(self, pair: str, *, closed: bool) -> str:
        key, sign, text = pair.partition("=")
        plain = unquote(text.replace("+", " "))
        if closed and plain:
            new = self.remember(plain, self.pseudonyms.token(plain))
        else:
            new = str(self.value(plain, unquote(key)))
        name = unquote(key)
        told = self.member(name)
        key = key if told == name else quote(told, safe="-_.~[]")
        return f"{key}{sign}{text if new == plain else quote(new, safe='-_.~')}"


def _as_pattern(value: str) -> str:
    """A short value is found between other characters than letters, where words are parted."""
    parted = value.isascii() and len(value) < _SHORT
    return rf"(?<![^\W_]){re.escape(value)}(?![^\W_])" if parted else re.escape(value)


def _is_known(token: str) -> bool:
    return is_false(token) or is_open(token.strip(f"{_AROUND},;"), strict=True)


def _objects_in(text: str) -> Iterator[tuple[int, int, Any]]:
    """JSON objects within a text: where each begins and ends, and what it is."""
    place = text.find("{") if '"' in text else -1
    while place >= 0:
        try:
            found, end = _DECODER.raw_decode(text, place)
        except ValueError:
            end = place + 1
        else:
            yield place, end, found
        place = text.find("{", end)


_DECODER: Final = json.JSONDecoder()


def _decoded(text: str) -> bytes | None:
    try:
        padded = text.rstrip("=").replace("-", "+").replace("_", "/")
        return base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
