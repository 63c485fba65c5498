"""Take secrets out of addresses and forms, piece by piece, so that echoes of a part stay equal."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from attrs import define, field

from .plainwords import is_open_host, is_word, path_words
from .pseudonyms import Pseudonyms
from .secretmembers import TEXT_RULES


class UnreadableError(Exception):
    """A text cannot be parsed as what it has to be. Says what, never the text."""


@define(eq=False)
class LinkScrubber(ABC):
    """
    Cleans addresses.

    Attributes:
        secret_fields: Members that the vendor's adapter calls secret, in lower case.
        hosts: Hosts that may stay beside the vendors' own.
        told: Values that were found secret, and their pseudonyms: replaced wherever they appear.
    """

    pseudonyms: Pseudonyms
    secret_fields: frozenset[str] = frozenset()
    rules: frozenset[str] = TEXT_RULES
    hosts: frozenset[str] = frozenset()
    told: dict[str, str] = field(factory=dict[str, str], repr=False)

    @abstractmethod
    def free(self, found: str) -> str:
        """Clean a text that may hold anything."""

    @abstractmethod
    def value(self, found: Any, member: str = "", depth: int = 0) -> Any:
        """Clean a value that stands in *member*."""

    @abstractmethod
    def member(self, name: str) -> str:
        """Clean a member's own name."""

    @abstractmethod
    def tell(self, real: str, false: str) -> str:
        """Remember a value that was found secret, so that its echoes are replaced too."""

    def link(self, text: str, *, whole: bool = False) -> str:
        """
        Clean an address, piece by piece, so that an echo of a part of it stays equal.

        Args:
            text: It.
            whole: Whether all of its path is secret, as an H5 link's.
        """
        if "links" not in self.rules:
            return text
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
        if not opened and "hosts" in self.rules:
            host = self.pseudonyms.host(host)
        user = parts.netloc.rpartition("@")[0]
        if user and "users" not in self.rules:
            host = f"{user}@{host}"
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
        return self.pseudonyms.token(text) if "fragments" in self.rules else text

    def _path(self, path: str, *, closed: bool) -> str:
        if "paths" not in self.rules:
            return path
        segments = path.split("/")
        before = ("", *segments)
        return "/".join(
            self._segment(each, closed=closed or self._is_secret(left))
            for left, each in zip(before, segments, strict=False)
        )

    def _is_secret(self, segment: str) -> bool:
        """Tell whether what stands behind a segment is as secret as a member of that name."""
        return "fields" in self.rules and segment in self.secret_fields

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
            new = self.told.get(name) or self.pseudonyms.token(name)
            new = f"{new}.{ending}" if typed else new
        return text if new == plain else quote(new, safe="-_.~:@!$&'()*+,;=")

    def query(self, query: str, *, closed: bool = False) -> str:
        """Clean a query or form, pair by pair, in the order given."""
        if "queries" not in self.rules:
            return query
        return "&".join(self._pair(each, closed=closed) for each in query.split("&"))

    def _pair(self, pair: str, *, closed: bool) -> str:
        key, sign, text = pair.partition("=")
        plain = unquote(text.replace("+", " "))
        if closed and plain:
            new = self.tell(plain, self.pseudonyms.token(plain))
        else:
            new = str(self.value(plain, unquote(key)))
        return f"{self.member(key)}{sign}{text if new == plain else quote(new, safe='-_.~')}"
