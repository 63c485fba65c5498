"""Marked secrets, and the search for them: whole or in part, plain, percent-encoded or encoded."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from attrs import field, frozen

_PLAIN_PART = 8
"""Parts of this length are searched for, at every fourth place: eleven letters never escape."""
_ENCODED_PART = 12


def _letters(name: str, alphabet: str, length: int) -> str:
    """Make letters that occur nowhere else, the same ones in every run."""
    number = int.from_bytes(hashlib.sha512(f"canary {name}".encode()).digest(), "big")
    text = ""
    for _ in range(length):
        number, place = divmod(number, len(alphabet))
        text += alphabet[place]
    return text


_MIXED = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
_UPPER = "0123456789ABCDEF"


@frozen
class Mark:
    """One marked secret: how it is written, and the letters in it that are searched for."""

    name: str
    form: str = "{}"
    alphabet: str = field(default=_MIXED, repr=False)
    length: int = 40

    @property
    def core(self) -> str:
        return _letters(self.name, self.alphabet, self.length)

    @property
    def value(self) -> str:
        return self.form.format(self.core)


API_KEY = Mark("api key", "sk-{}")
ACCESS_KEY = Mark("access key", "AKLT{}")
SECRET_KEY = Mark("secret key", "{}==")
SESSION_TOKEN = Mark("session token", "STS2{}")
LIBRARY_KEY = Mark("library key", "sk-{}")
BYTED_TOKEN = Mark("BytedToken", "20260102030405{}", _UPPER, 20)
"""The form that the guides show: 14 digits of time, 20 letters."""
LINK_PATH = Mark("H5 link's path", "{}", "0123456789abcdef", 32)
LINK_QUERY = Mark("H5 link's query")
VIDEO_LINK = Mark("video's signed URL")
PREVIEW_LINK = Mark("stored asset's signed URL")
SOURCE = Mark("caller's signed URL")
PUBLISHED = Mark("media host's signed URL")
UPLOAD_LINK = Mark("storage's signed URL")
REDIRECT = Mark("redirect's signed URL")
CALLBACK = Mark("profile's callback URL")
CALL_CALLBACK = Mark("call's callback URL")
VIDEO_CALLBACK = Mark("video's callback URL")

MARKS = (
    API_KEY,
    ACCESS_KEY,
    SECRET_KEY,
    SESSION_TOKEN,
    LIBRARY_KEY,
    BYTED_TOKEN,
    LINK_PATH,
    LINK_QUERY,
    VIDEO_LINK,
    PREVIEW_LINK,
    SOURCE,
    PUBLISHED,
    UPLOAD_LINK,
    REDIRECT,
    CALLBACK,
    CALL_CALLBACK,
    VIDEO_CALLBACK,
)

H5_LINK = f"https://h5.example/face/{LINK_PATH.value}?ticket={LINK_QUERY.value}"
SOURCE_URL = f"https://cdn.example/faces/mia.jpg?X-Amz-Signature={SOURCE.value}&X-Amz-Date=2026"
PUBLISHED_URL = f"https://media.example/p/mia.jpg?Expires=86400&Signature={PUBLISHED.value}"
REDIRECT_QUERY = f"X-Amz-Security-Token={REDIRECT.value}"
CALLBACK_URL = f"https://app.example/verified?state={CALLBACK.value}"
CALL_CALLBACK_URL = f"https://app.example/ann?state={CALL_CALLBACK.value}"
VIDEO_CALLBACK_URL = f"https://app.example/done?state={VIDEO_CALLBACK.value}"


def _parts(text: str, length: int, step: int) -> Iterator[str]:
    for start in range(0, len(text) - length + 1, step):
        yield text[start : start + length]


def _base64_of(text: str) -> Iterator[str]:
    """What base64 makes of a text inside a longer one: it depends on what stands before."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + text.encode() + b"\0\0\0").decode()
        yield encoded[4:-8]  # the ends depend on the neighbours


def _needles() -> tuple[dict[str, str], dict[str, str]]:
    folded: dict[str, str] = {}
    exact: dict[str, str] = {}
    for mark in MARKS:
        folded.update(dict.fromkeys(_parts(mark.core.lower(), _PLAIN_PART, 4), mark.name))
        in_hex = _parts(mark.core.encode().hex(), 2 * _PLAIN_PART, 2 * _PLAIN_PART)
        folded.update(dict.fromkeys(in_hex, f"{mark.name} in hex"))
        for encoded in _base64_of(mark.core):
            for part in _parts(encoded, _ENCODED_PART, 6):
                exact[part] = f"{mark.name} in base64"
                exact[part.replace("+", "-").replace("/", "_")] = f"{mark.name} in base64"
    return folded, exact


_FOLDED, _EXACT = _needles()


def marks_in(text: str) -> set[str]:
    """Name the secrets that are in *text*, in whole or in part, in any of the encodings."""
    once = unquote(text)
    found: set[str] = set()
    for form in {text, once, unquote(once)}:
        folded = form.lower()
        found.update(name for part, name in _FOLDED.items() if part in folded)
        found.update(name for part, name in _EXACT.items() if part in form)
    return found


def leaks(texts: Iterable[tuple[str, str]]) -> list[str]:
    """
    Search captured texts.

    Args:
        texts: Where each was captured, and the text.

    Returns:
        One line for each kind of leak, with what stands around its first occurrence.
    """
    places = {text: place for place, text in texts}
    if not marks_in("\n".join(places)):
        return []
    lines: dict[tuple[str, ...], str] = {}
    for text, place in places.items():
        if found := sorted(marks_in(text)):
            _ = lines.setdefault((place, *found), _around(text))
    return [f"{', '.join(found)} in {place}: {text}" for (place, *found), text in lines.items()]


def _around(text: str) -> str:
    for part in (*_FOLDED, *_EXACT):
        for form in (text, unquote(text)):
            place = max(form.lower().find(part), form.find(part))
            if place >= 0:
                return f"…{form[max(place - 300, 0) : place + 100]}…"
    return text[:400]
