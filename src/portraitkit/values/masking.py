"""What text never shows: keys, tokens, and the private parts of URLs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote

from .secret import MASK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


_SHORTEST_MASKED: Final = 4
"""Shorter values would blank out ordinary words."""
_URL_QUERY: Final = re.compile(rf"(?i)(https?://[^\s\"'<>?#]+)[?#](?!{MASK})[^\s\"'<>]*")
_URL_USER: Final = re.compile(r"(?i)(https?://)[^\s\"'<>?#/@]*@")
_URL_PATH: Final = re.compile(r"(?i)https?://[^\s\"'<>?#/]+/[^\s\"'<>?#]+")
_TOKEN: Final = re.compile(r"(?=[^/]*\d)(?=[^/]*[A-Za-z])[\w~-]{20,}", re.ASCII)
_BEARER: Final = re.compile(r"(?i)(bearer|signature=|credential=)\s*[\w./+=-]{6,}")
_SHORTEST_SIGNATURE: Final = 8


def masker(secrets: Iterable[str], *, in_paths: bool = False) -> Callable[[str], str]:
    """
    Return a function that hides the given values, URL queries and bearer tokens in a text.

    Vendors echo keys, tokens (`NotFound.<token>`) and signed URLs in their messages.

    Args:
        secrets: What is known to be secret. Of a URL, each longer value in its query is, too.
        in_paths: Also hide what looks like a token in a URL's path, as H5 links have one.
    """
    forms = {form for value in secrets for form in _forms(value) if len(form) >= _SHORTEST_MASKED}
    values = sorted(forms, key=len, reverse=True)

    def clean(text: str) -> str:
        for value in values:
            text = text.replace(value, MASK)
        if "://" in text:
            text = _URL_USER.sub(rf"\1{MASK}@", _URL_QUERY.sub(rf"\1?{MASK}", text))
            if in_paths:
                text = _URL_PATH.sub(lambda url: _TOKEN.sub(MASK, url[0]), text)
        return _BEARER.sub(rf"\1 {MASK}", text)

    return clean


def _forms(value: str) -> Iterator[str]:
    """The ways in which a text may hold a value: plain, percent-encoded, in JSON; or its parts."""
    yield value
    yield quote(value, safe="", errors="surrogatepass")
    yield value.replace("/", "\\/")
    if "://" in value:
        pairs = parse_qsl(value.partition("?")[2])
        yield from (text for _, text in pairs if len(text) >= _SHORTEST_SIGNATURE)


_links: Final = masker((), in_paths=True)


def mask_links(text: str) -> str:
    """Hide what signs the addresses in a text."""
    return _links(text)


def masked_repr(value: object) -> str:
    """Show a value without what signs the addresses in it."""
    return mask_links(repr(value))
