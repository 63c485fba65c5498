"""
Take secrets out of texts, addresses and JSON. Every rule has a name, and a test that misses it.

A value is replaced because no contract marks its member as open (`fields`, `ids`, `closed`), or for
what it looks like (`links`, `emails`, `tokens` …), or because it was found secret elsewhere in the
same cassette (`echoes`) or given (`known`).
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from attrs import define, field

from ...values.name_tokens import tagged, untagged
from ...wire.codec import is_array, is_object
from ..cassettes.cassettefile import json_in
from .plainwords import is_open_host, is_open_number, is_word, open_members, path_words, vocabulary
from .pseudonyms import Pseudonyms, is_false, is_stamp
from .secretmembers import FOUND, ID_MEMBER

_ENCODED: Final = re.compile(r"%[0-9A-Fa-f]{2}|&(?:#\w+|[a-z]+);")
_SHORTEST_ECHO: Final = 3  # bytes: two letters may be any word, two Chinese signs are a name
_SHORT_NUMBER: Final = 9
_SHORT: Final = 8
_WHOLE: Final = ("link", "data")
_STAMPED: Final = re.compile(r"((?:Name|mail|host)-(?:[a-z0-9]{8}|\d{4})(?![a-z0-9]))")
_SAID: Final = re.compile(r"^([^:=]*?[:=]\s*[\"']?(?:bearer\s+)?|bearer\s+)", re.IGNORECASE)
_DEEPEST: Final = 40


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
        return self.secrets.get(name) or FOUND.sub(self._replace, name)

    def _rule_of(self, member: str) -> str:
        if re.sub(r"[_-]", "", member).lower() in self.secret_fields:
            return "fields"
        if ID_MEMBER.search(member):
            return "ids"
        return "" if member in open_members() else "closed"

    def _number(self, found: float, member: str) -> float:
        if self._rule_of(member) in ("fields", "ids") and isinstance(found, int):
            return self.pseudonyms.number(found)
        return found if is_open_number(found) else self.pseudonyms.number(int(found))

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
        if not rule:
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
        if read and read.lastgroup == "base64" and (medium := self._medium(found)):
            return medium
        if read and read.lastgroup in ("email", "phone", "ip", "link", "data", "date"):
            return self._replace(read)
        stem, dot, ending = found.rpartition(".")
        if dot and re.fullmatch(r"[a-z0-9]{2,4}", ending):  # a file's name keeps its type
            return f"{self.pseudonyms.name(stem, member)}.{ending}"
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
        if _ENCODED.search(found) and "://" not in found:
            plain = html.unescape(unquote(found))
            new = plain if _ENCODED.search(plain) else self.free(plain)
            return found if new == plain else html.escape(new)
        return self._scan(found)

    def _scan(self, found: str) -> str:
        """Replace echoes, and in between them what looks like a secret."""
        echo = self._echoes()
        if echo is None:
            return FOUND.sub(self._replace, found)
        # An address is read as one, and its pieces come back here.
        spans = [each.span() for each in FOUND.finditer(found) if each.lastgroup in _WHOLE]
        pieces: list[str] = []
        place = 0
        for each in echo.finditer(found):
            first, last = each.span()
            if any(a <= first and last <= b and (a, b) != (first, last) for a, b in spans):
                continue
            pieces += (FOUND.sub(self._replace, found[place:first]), self._echoed(each[0]))
            place = last
        return "".join((*pieces, FOUND.sub(self._replace, found[place:])))

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
        clean: Mapping[str, Callable[[str], str]] = {
            "data": self._data,
            "link": self._link,
            "assigned": self._assigned,
            "resource": self._resource,
            "email": self._email,
            "date": str,
            "ip": self._ip,
            "phone": self._phone,
            "base64": self._base64,
            "token": self._token,
        }
        return clean[found.lastgroup or "token"](found[0])

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
        return text if is_stamp(rest, "") else self.pseudonyms.stamp(f"{kind}:", rest, "resource")

    def _email(self, text: str) -> str:
        if text.endswith("@mail.example"):
            return text
        return self.remember(text, self.pseudonyms.email(text))

    def _ip(self, text: str) -> str:
        reserved = text.startswith(("203.0.113.", "127.", "2001:db8:")) or text == "::1"
        return text if reserved else self.pseudonyms.address(text)

    def _phone(self, text: str) -> str:
        return self.pseudonyms.phone(text)

    def _base64(self, text: str) -> str:
        return self._medium(text) or self._token(text)

    def _medium(self, text: str) -> str:
        """Replace a picture, film or sound in base64; empty if it is none."""
        content = _decoded(text)
        new = None if content is None else self.pseudonyms.medium(content)
        return "" if new is None else base64.b64encode(new).decode()

    def _token(self, text: str) -> str:
        timed = text.isdigit() and len(text) > _SHORT_NUMBER and is_open_number(int(text))
        if timed or is_false(text) or is_word(text):
            return text
        pieces = _STAMPED.split(text)
        if len(pieces) > 1:
            return "".join(each if is_false(each) else self._scan(each) for each in pieces)
        found = re.fullmatch(r"([A-Za-z][A-Za-z0-9_-]*)=([^=].*)", text)
        if found and is_word(found[1]):  # `signature=…` and the like
            return f"{found[1]}={self.remember(found[2], self.pseudonyms.token(found[2]))}"
        return self.remember(text, self.pseudonyms.token(text))

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
        if parts.scheme not in ("http", "https", "ws", "wss"):
            rest = bare.partition("://")[2]
            return f"{parts.scheme}://{self._other(rest)}{after}"
        opened = not host or is_open_host(host) or host in self.hosts
        closed = whole or not opened
        if not opened:
            host = self.pseudonyms.host(host)
        pieces = [f"{parts.scheme}://{host}{self._path(parts.path, closed=closed)}"]
        if parts.query:
            pieces.append(f"?{self.query(parts.query, closed=closed)}")
        if parts.fragment:
            pieces.append(f"#{self._fragment(parts.fragment)}")
        return "".join(pieces) + after

    def _other(self, rest: str) -> str:
        """What comes after `asset://` and its like."""
        return rest if is_word(rest) else self.pseudonyms.token(rest)

    def _fragment(self, text: str) -> str:
        return self.pseudonyms.token(text)

    def _path(self, path: str, *, closed: bool) -> str:
        segments = path.split("/")
        before = ("", *segments)
        return "/".join(
            self._segment(each, closed=closed or self._is_secret(left))
            for left, each in zip(before, segments, strict=False)
        )

    def _is_secret(self, segment: str) -> bool:
        """Tell whether what stands behind a segment is as secret as a member of that name."""
        return segment in self.secret_fields

    def _segment(self, text: str, *, closed: bool) -> str:
        if not text:
            return text
        plain = unquote(text)
        if plain in path_words():
            new = plain
        elif not closed:
            new = self.free(plain)
        else:
            stem, dot, ending = plain.rpartition(".")
            typed = bool(dot) and re.fullmatch(r"[a-z0-9]{2,4}", ending) is not None
            name = stem if typed else plain
            new = self.secrets.get(name) or self.pseudonyms.token(name)
            new = f"{new}.{ending}" if typed else new
        return text if new == plain else quote(new, safe="-_.~:@!$&'()*+,;=")

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
        return f"{self.member(key)}{sign}{text if new == plain else quote(new, safe='-_.~')}"


def _as_pattern(value: str) -> str:
    """A short value is found between other characters than letters, where words are parted."""
    parted = value.isascii() and len(value) < _SHORT
    return rf"(?<![^\W_]){re.escape(value)}(?![^\W_])" if parted else re.escape(value)


def is_model(text: str) -> bool:
    """Tell whether an id names a model, which is the same for everybody."""
    return "see" in text.lower() and is_word(text)


def _decoded(text: str) -> bytes | None:
    try:
        padded = text.rstrip("=").replace("-", "+").replace("_", "/")
        return base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
