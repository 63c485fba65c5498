"""
What a vendor's table may not say, though each value has the right type.

Whatever would fail later, at the first call or in the middle of a wait, is told where it stands.
"""

from __future__ import annotations

import keyword
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, get_args

import attrs

from ...values import errors
from ...values.errors import ConfigError, ProviderError
from ...values.origins import check_origin
from ...values.prices import Unit
from ...values.statuses import MediaType
from ...values.video import SCALARS
from ...vendor.pacing import Pacing
from ...wire.codec import is_object
from .provider import TableProvider
from .table import CALLS, FORMS, MEDIA, MODELS, NONE_AT_ALL, WORDS, VendorTable
from .template import CallTemplate, placeholders_in

Problem = tuple[str, str]
"""Where in the table, and what is wrong there."""

_ASKS_FOR: Final[Mapping[str, str]] = {
    "get_group": "group",
    "rename_group": "group",
    "delete_group": "group",
    "add_link": "url",
    "get_asset": "asset",
    "rename_asset": "asset",
    "delete_asset": "asset",
    "check_verification": "token",
    "get_video": "video",
    "cancel_video": "video",
    "video_link": "video",
}
"""What a call is about: one that is not filled with it would ask for something else."""

_CALL: Final = re.compile(r"(GET|POST|PUT|PATCH|DELETE) /(?![/\\])[^#\\\s]*", re.ASCII)
_RATIO: Final = re.compile(r"\d+:\d+|adaptive", re.ASCII)
_HEADER: Final = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)
_OF_THE_MESSAGE: Final = frozenset(
    {"host", "connection", "content-length", "content-type", "transfer-encoding", "accept"}
)
_MADE_BY_THE_CALL: Final = frozenset({"action", "file", "name", "table", "api_key", "base_url"})


def problems(table: VendorTable) -> Iterator[Problem]:
    """Find what cannot work."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", table.name):
        yield "name", "small letters, digits, - and _ are expected, 64 at most"
    yield from _names(table)
    for key in ("models", "prices", "files", "limits", "rates", "pacing", "verification_life_s"):
        yield from _numbers(key, getattr(table, key))
    yield from _origin(table)
    yield from _header(table)
    yield from _settings(table)
    for name, template in table.calls.items():
        yield from _call(table, name, template)
    yield from _words(table)
    yield from _errors(table)
    yield from _models(table)
    yield from _prices(table)
    yield from _empty(table)
    for each in table.assumed:
        if not _is_there(table, each):
            yield "assumed", f"nothing in the table is called {each!r}"


def _names(table: VendorTable) -> Iterator[Problem]:
    media = [each.value for each in MediaType]
    for where, found, known in (
        ("calls", table.calls, CALLS),
        ("members", table.members, MODELS),
        ("words", table.words, WORDS),
        ("files", table.files, media),
        ("fields", table.fields, SCALARS),
        ("rates", table.rates, CALLS),
        ("pacing", table.pacing, ("asset", "verification", "video")),
        ("media", (table.media,), MEDIA),
        *((f"pacing.{key}", row, attrs.fields_dict(Pacing)) for key, row in table.pacing.items()),
        *((f"by_media.{key}", row, media) for key, row in table.by_media.items()),
        *((f"fields.{key}.form", (row.form,), FORMS) for key, row in table.fields.items()),
    ):
        yield from _unknown(where, found, known)
    for model, members in table.members.items():
        yield from _unknown(f"members.{model}", members, attrs.fields_dict(MODELS[model]))
    for kind, words in table.words.items():
        yield from _unknown(f"words.{kind}", words, [_word(each) for each in WORDS[kind]])


def _word(meaning: Any) -> str:
    return str(meaning.value).replace(" ", "_")


def _unknown(where: str, found: Iterable[str], known: Iterable[str]) -> Iterator[Problem]:
    names = sorted(known)
    for each in found:
        if each not in names:
            yield f"{where}.{each}", f"{each!r} is none of {', '.join(names)}"


def _origin(table: VendorTable) -> Iterator[Problem]:
    try:
        _ = check_origin(table.base_url, field="base_url")
    except ConfigError as error:
        yield "base_url", error.message


def _header(table: VendorTable) -> Iterator[Problem]:
    name = table.header.name
    if not _HEADER.fullmatch(name) or name.lower() in _OF_THE_MESSAGE:
        yield "header.name", f"{name!r} is no header that can carry a key"
    if not re.fullmatch(r"[!-~]*", table.header.scheme):
        yield "header.scheme", "one word of plain characters is expected"


def _settings(table: VendorTable) -> Iterator[Problem]:
    filled = _MADE_BY_THE_CALL.union(*CALLS.values())
    for key in table.settings:
        if not key.isidentifier() or keyword.iskeyword(key):
            yield f"settings.{key}", "a name of letters, digits and _ is expected"
        elif key in filled or hasattr(TableProvider, key):
            yield f"settings.{key}", "something else has that name already"


def _call(table: VendorTable, name: str, template: CallTemplate) -> Iterator[Problem]:
    where = f"calls.{name}"
    if template.action:
        if template.call:
            yield where, "either `call` or `action` says where it goes, not both"
        if table.action is None:
            yield where, "an action is named, and `action` says no path"
        else:
            yield from _path("action.call", table.action)
    else:
        yield from _path(f"{where}.call", template)
    if template.method == "GET" and (template.body or template.form):
        yield where, "a GET sends no body"
    places = placeholders_in(template)
    yield from _unknown(where, places, CALLS[name] | table.settings.keys() | table.by_media.keys())
    subject = _ASKS_FOR.get(name)
    if subject and subject not in places:
        yield where, f"{{{subject}}} is missing: it would ask for something else"


def _path(where: str, template: CallTemplate) -> Iterator[Problem]:
    if not _CALL.fullmatch(template.call):
        yield where, "a method and a path are expected"
    elif {".", ".."} & set(template.path.split("/")):
        yield where, "a path has no `.` or `..` on its way"


def _words(table: VendorTable) -> Iterator[Problem]:
    for kind, rows in table.words.items():
        means: dict[str, str] = {}
        for meaning, words in rows.items():
            for word in words:
                other = means.setdefault(str(word), meaning)
                if other != meaning:
                    yield f"words.{kind}.{meaning}", f"{word!r} means {other} already"


def _errors(table: VendorTable) -> Iterator[Problem]:
    for code, row in table.errors.items():
        kind: object = getattr(errors, row.means, None)
        if not (isinstance(kind, type) and issubclass(kind, ProviderError)):
            yield f"errors.{code}", f"{row.means!r} is no error of a vendor's"


def _models(table: VendorTable) -> Iterator[Problem]:
    names = [each.name for each in table.models]
    ids = [each for row in table.models for each in (row.id, *row.other_ids)]
    for name, times in [*Counter(names).items(), *Counter(ids).items()]:
        if times > 1:
            yield "models", f"{name!r} stands there twice"
    for number, row in enumerate(table.models):
        yield from _unknown(f"models.{number}.most", row.most or {}, map(str, MediaType))
        yield from _unknown(f"models.{number}.lacks", row.lacks, SCALARS)
        for ratio in row.ratios:
            if not _RATIO.fullmatch(ratio):
                yield f"models.{number}.ratios", f"{ratio!r} is no ratio such as 16:9"


def _prices(table: VendorTable) -> Iterator[Problem]:
    models = [each.name for each in table.models]
    for number, price in enumerate(table.prices):
        where = f"prices.{number}"
        yield from _unknown(f"{where}.unit", [price.unit], get_args(Unit))
        yield from _unknown(f"{where}.model", {price.model} - {""}, models)
        if not re.fullmatch("[A-Z]{3}", price.currency):
            yield f"{where}.currency", "three capital letters are expected"
        if not (price.read or table.read):
            yield f"{where}.read", "the day is missing on which it was read"


def _empty(table: VendorTable) -> Iterator[Problem]:
    texts = {f"fields.{name}": row.member for name, row in table.fields.items()}
    for number, row in enumerate(table.models):
        texts |= {f"models.{number}.name": row.name, f"models.{number}.id": row.id}
    for where, text in texts.items():
        if not text.strip():
            yield where, "it is empty"
    if table.answers.success and not table.answers.success.values:
        yield "answers.success.values", "no value would be a success"


def _numbers(where: str, found: Any, *, none_at_all: bool = False) -> Iterator[Problem]:
    """Refuse what counts or measures nothing, and ranges from high to low."""
    if (kind := found.__class__) in (int, float):
        if not 0 < found < math.inf and not (none_at_all and found == 0):
            yield where, f"a number above 0 is expected, and {found!r} stands there"
        return
    inner: Any
    if attrs.has(kind):
        for each in attrs.fields(kind):
            inner, zero = getattr(found, each.name), NONE_AT_ALL.items() <= each.metadata.items()
            yield from _numbers(f"{where}.{each.name}", inner, none_at_all=zero)
        return
    inner = found
    if kind is tuple:
        items: tuple[Any, ...] = found
        inner = dict(enumerate(items))
        numbers = [each for each in items if isinstance(each, int | float)]
        if numbers != sorted(numbers):
            yield where, "the smaller number comes first"
    if is_object(inner):
        for key, each in inner.items():
            yield from _numbers(f"{where}.{key}", each, none_at_all=none_at_all)


def _is_there(table: VendorTable, path: str) -> bool:
    found: Any = table
    for key in path.split("."):
        found = found.get(key) if is_object(found) else getattr(found, key, None)
    return found is not None
