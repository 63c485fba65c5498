"""
What may stay in a text: words of vendors' tables, plain words, dates, amounts, known hosts.

All else is replaced. So a new kind of id is safe before anybody has heard of it. What a plain word
is say the contracts, and the frequency lists of `zxcvbn`, which part English words from names and
from known passwords.
"""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Iterator, Mapping
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from unicodedata import category

import attrs

from ...operations.provider import PortraitProvider
from ...providers.registry import provider_classes, provider_names
from ...values.name_tokens import untagged
from ...values.origins import is_loopback, origin_of

SIMULATED_PATHS: Final = frozenset({"media", "h5", "files", "bucket"})
"""Where a simulator serves what a vendor keeps at other hosts."""
_MODEL: Final = re.compile(
    r"(?:doubao-|dreamina-|byteplus-|bytedance[/-])?see(?:dance|dream)[\w.-]*?"
    r"(?:-(?:pro|lite|fast|face|mini|i2v|t2v))*(?:-\d{6})?",
    re.IGNORECASE,
)
_VERSIONED: Final = re.compile(r"(?:[A-Za-z]+|\d{1,3}(?:\.\d{1,2})?|[A-Za-z]\d|\d{6})")
_OPEN: Final = re.compile(
    r"(?:19|20)\d\d-?[01]\d-?[0-3]\d"
    r"(?:[T ][0-2]\d:?[0-5]\d(?::?[0-5]\d(?:\.\d{1,9})?)?"
    r"(?:Z|[+-]\d\d:?\d\d)?)?"
)
"""Dates."""
_PARTS: Final = re.compile(r"[^\W_]+")
_CAMEL: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_LONGEST_WORD: Final = 18
_READABLE: Final = re.compile(
    r"(?!.*[bcdfghjklmnpqrstvwxz]{5})(?=.*[aeiouyAEIOUY])(?:[A-Z][a-z]{2,}|[a-z]{3,})"
    r"|I[dsn]s?|By|Of|To|On|No"
)
_LONG_WORD: Final = 16
_LONG_LETTERS: Final = 12
_FEWEST_PARTS: Final = 4
"""A long word of so many parts, and any short one, may have one that is odd, as `URL` is."""
_PLAIN_PART: Final = re.compile(
    r"\d{1,4}|[A-Za-z]{1,3}\d{1,2}|\d{1,4}[A-Za-z]{1,3}|\d{1,2}[xX]\d{1,2}"
)
_SHORTEST: Final = 8
_RESERVED: Final = (".example", ".invalid", ".test", ".localhost")
_RESERVED_HOSTS: Final = frozenset({"example.com", "example.org", "example.net", "localhost"})
_LARGEST_COUNT: Final = 9_999
"""A larger number may be an account's or a person's, where no contract documents it."""
_UNIT: Final = r"(?:[A-Za-z]{1,3}|%)?"
_AMOUNT: Final = re.compile(
    rf"[-+~<>≥≤]*(?:\d{{1,6}}(?:\.\d{{1,3}})?{_UNIT}|\d{{1,3}}(?:,\d{{3}})+"
    rf"|\d{{1,5}}[x×*]\d{{1,5}}{_UNIT}|\d{{1,3}}{_UNIT}[:/-]\d{{1,3}}{_UNIT}"
    r"|v?\d{1,3}(?:\.\d{1,3}){1,2}|\d{1,2}:\d\d(?::\d\d(?:\.\d{1,6})?)?)"
)
"""Amounts, sizes, ratios, ranges, versions and times of the day."""
_NUMBERED: Final = re.compile(r"[A-Za-z]{1,2}\d{1,3}|\d{1,4}")
_COUNTED: Final = re.compile(r"([A-Za-z]+?)\d{1,2}")
_SHORT_UPPER: Final = 5
_FEW_PARTS: Final = 3
"""Of more parts, one at least has to be a word: six pairs are a hardware address."""
_FEWEST_DIGITS: Final = 7


@cache
def vocabulary() -> frozenset[str]:
    """Words of the contracts' schemas and the adapters' tables: statuses, models, kinds."""
    return _contracts()["words"] | frozenset(_table_words()) | frozenset(_defaults())


@cache
def lexicon() -> frozenset[str]:
    """English words, and those that the contracts and HTTP use; no names and no passwords."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415  (large; loaded where used)

    english = (*FREQUENCY_LISTS["english_wikipedia"], *FREQUENCY_LISTS["us_tv_and_film"])
    phrases = " ".join(each.phrase.lower() for each in HTTPStatus)
    types = {each for kind in mimetypes.types_map.values() for each in _PARTS.findall(kind)}
    known = (each.lower() for word in vocabulary() for each in _CAMEL.findall(word))
    return frozenset({*english, *_contracts()["lexicon"], *phrases.split(), *types, *known})


def documented_numbers() -> frozenset[str]:
    """Members that a contract documents as numbers."""
    return _contracts()["numbers"]


def _classes() -> Iterator[type[PortraitProvider]]:
    for name in provider_names():
        yield from provider_classes(name)


def _table_words() -> Iterator[str]:
    for cls in _classes():
        yield cls.name
        for words in cls.codec.words.values():
            yield from words
        for members in cls.codec.fields.values():
            for keys in members.values():
                for key in (keys,) if isinstance(keys, str) else keys:
                    yield from key.split(".")
        yield from cls.error_codes
        for model in cls.video_models:
            yield from (model.name, model.id)
        for rules in cls.media_rules.values():
            yield from rules.types


@cache
def _contracts() -> Mapping[str, frozenset[str]]:
    text = Path(__file__).with_name("contracts.json").read_text(encoding="utf-8")
    return {key: frozenset(words) for key, words in json.loads(text).items()}


def open_members() -> frozenset[str]:
    """Members whose texts stay, unless they look like a secret: those that a contract marks."""
    return _contracts()["members"]


def path_words() -> frozenset[str]:
    """Parts of vendors' paths, which stay even where somebody gives such a name to a group."""
    return _contracts()["paths"] | SIMULATED_PATHS


@cache
def vendor_hosts() -> frozenset[str]:
    """The hosts that the installed adapters call unless told otherwise."""
    origins = filter(None, map(origin_of, _defaults()))
    return frozenset(each.partition("://")[2] for each in origins)


def _defaults() -> Iterator[str]:
    """What an adapter's settings are where nobody sets them: addresses, regions."""
    defaults: Iterator[Any] = (each.default for cls in _classes() for each in attrs.fields(cls))
    yield from (each for each in defaults if isinstance(each, str))


def is_open_host(host: str) -> bool:
    """Tell whether a host names no account: a vendor's own, a reserved one, or this machine."""
    bare = host.lower()
    name = bare.partition(":")[0]
    return bare in vendor_hosts() or is_loopback(f"http://{bare}") or is_reserved(name)


def is_reserved(name: str) -> bool:
    """Tell whether a domain is one that never belongs to anybody."""
    return name.lower() in _RESERVED_HOSTS or name.lower().endswith(_RESERVED)


def is_word(token: str) -> bool:
    """Tell whether a token without blanks is a word, a date or a model: nothing to hide."""
    if len(token) < _SHORTEST or token in vocabulary() or _OPEN.fullmatch(token):
        return True
    if untagged(token) == ("", token):  # by which a lost create is found again
        return True
    if found := _MODEL.fullmatch(token):
        parts = re.split(r"[-_/]", found[0])
        return all(_VERSIONED.fullmatch(part) for part in parts)
    return all(_is_word_part(part) for part in _PARTS.findall(token))


def _is_word_part(part: str) -> bool:
    if _PLAIN_PART.fullmatch(part):
        return True
    if not _are(part, "LM"):
        return False
    if part.islower() or part.isupper():
        short = len(part) < _LONG_LETTERS or not part.isascii()
        return len(part) <= _LONGEST_WORD and (short or is_readable(part.lower()))
    if not part.isascii():
        return len(part) <= _LONGEST_WORD
    pieces = _CAMEL.findall(part)
    if max(map(len, pieces)) > _LONGEST_WORD:
        return False
    odd = sum(1 for each in pieces if not is_readable(each))
    return odd <= (len(part) < _LONG_WORD or len(pieces) >= _FEWEST_PARTS)


def is_readable(piece: str) -> bool:
    """Tell whether letters without a blank may be a word, rather than drawn at random."""
    return len(piece) <= _LONGEST_WORD and _READABLE.fullmatch(piece) is not None


def is_open_number(number: float) -> bool:
    """Tell whether a number is small enough to be nobody's."""
    return abs(number) <= _LARGEST_COUNT


def is_amount(text: str) -> bool:
    """Tell whether a text is an amount, a size, a ratio, a version or a time of the day."""
    return _AMOUNT.fullmatch(text) is not None


def is_open(text: str, *, strict: bool = False) -> bool:
    """
    Tell whether what stands between blanks may stay.

    Args:
        text: It, without the signs around it.
        strict: Whether it stands where values do: a word must then be a known one.
    """
    if text in vocabulary() or _OPEN.fullmatch(text) or is_amount(text):
        return True
    if untagged(text) == ("", text) or is_model(text):
        return True
    if _are(text, "LM"):  # letters, and marks above and below them
        guessed = not strict and not _is_shouted(text) and _is_word_part(text)
        return guessed or _is_known(text)
    parts = _PARTS.findall(text)
    if not parts:
        return _are(text, "PSZ")
    told = len(parts) <= _FEW_PARTS or any(map(_is_known, parts))
    few = sum(map(str.isdigit, text)) < _FEWEST_DIGITS
    return told and few and all(map(_is_known_part, parts))


def is_model(text: str) -> bool:
    """Tell whether an id names a model, which is the same for everybody."""
    found = _MODEL.fullmatch(text)
    return found is not None and all(map(_VERSIONED.fullmatch, re.split(r"[-_/]", text)))


def _are(text: str, categories: str) -> bool:
    return all(category(each)[0] in categories for each in text)


def _is_shouted(text: str) -> bool:
    return text.isupper() and text.isascii() and len(text) > _SHORT_UPPER


def _is_known_part(part: str) -> bool:
    if _NUMBERED.fullmatch(part) or is_amount(part):
        return True
    counted = _COUNTED.fullmatch(part)
    return _is_known(counted[1] if counted else part)


def _is_known(word: str) -> bool:
    """Tell whether a word, or each of those that capitals part, is English or a contract's."""
    if word.lower() in lexicon():
        return True
    pieces = _CAMEL.findall(word) if word.isalpha() and word.isascii() else []
    return len(pieces) > 1 and all(each.lower() in lexicon() for each in pieces)
