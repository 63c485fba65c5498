"""
From vendor JSON to models, by tables.

An adapter says under which keys each attribute is found and what each vendor word means. Reading is
tolerant where vendors differ (several keys, absent or odd optional members, unknown words) and
strict where a wrong guess would hurt: an id is never made up, nothing is forced into a string.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache, cached_property, partial
from typing import Any, Final, TypeAlias, TypeGuard, TypeVar, cast

import attrs
from attrs import frozen

from ..values.errors import UnexpectedResponseError
from ..values.masking import mask_links
from ..values.models import VideoTask
from ..values.secret import MASK, Secret
from .plans import Member, Odd, Plan, moment_of
from .steps import Response, request_id_of
from .synonyms import meant_by

T = TypeVar("T")
E = TypeVar("E", bound=enum.Enum)

Keys: TypeAlias = str | tuple[str, ...]
"""A dotted path into the JSON (`result.videos.0.url`), or several to try in order."""

Fields: TypeAlias = Mapping[type, Mapping[str, Keys]]
Words: TypeAlias = Mapping[type[enum.Enum], Mapping[str, enum.Enum]]


@frozen
class Codec:
    """
    One vendor's tables.

    Attributes:
        fields: For each model, the keys under which its attributes are found.
        words: For each enum, the vendor's words; compared without case.
    """

    fields: Fields
    words: Words

    def read(
        self, cls: type[T], data: object, *, response: Response | None = None, **given: Any
    ) -> T:
        """
        Build a *cls* from vendor JSON; *given* values stand for what the JSON leaves out.

        Raises:
            UnexpectedResponseError: A required attribute is absent, or not of its type.
        """
        return self.reader(cls, given, response)(data)

    def reader(
        self, cls: type[T], given: Mapping[str, Any], response: Response | None
    ) -> Callable[[object], T]:
        """Make what `read` does for each of several objects, such as the rows of a list."""
        plan = self._plans[cls]
        known = {**plan.defaults, **given}

        def read(data: object) -> T:
            if not is_object(data):
                raise _unreadable(f"expected an object with {cls.__name__}'s members", response)
            values = known.copy()
            odd = plan.fill(data, values)
            if plan.required <= values.keys():
                made: T = plan.make(values)
                return made
            inner = data if "id" in values else _inside(data, self.fields[cls].get("id", ()))
            if inner is not data:
                return self.reader(cls, given, response)(inner)
            raise _unreadable(self._lack(cls, values, odd), response)

        return read

    def _lack(self, cls: type, values: Mapping[str, Any], odd: Odd) -> str:
        """Say which attribute is absent, or not readable."""
        name = next(each for each in self._plans[cls].required if each not in values)
        keys = self.fields[cls].get(name, name)
        shown = keys if isinstance(keys, str) else " or ".join(keys)
        if name in odd:
            return f"{cls.__name__}.{name} ({shown}) is not readable: {odd[name]}"
        return f"the answer lacks {shown} ({cls.__name__}.{name})"

    def word(self, enum_type: type[E], text: object) -> E:
        """Translate a vendor's word, or a synonym; what nobody knows becomes UNKNOWN."""
        table = self._folded.get(enum_type, {})
        found = table.get(text if type(text) is str else "") or table.get(str(text).casefold())
        if isinstance(found, enum_type):
            return found
        return meant_by(enum_type, text) or enum_type["UNKNOWN"]

    @cached_property
    def _folded(self) -> Mapping[type[enum.Enum], Mapping[str, enum.Enum]]:
        """The tables of words, each also without case; of two that are alike then, the first."""
        return {
            enum_type: {**{word.casefold(): table[word] for word in reversed([*table])}, **table}
            for enum_type, table in self.words.items()
        }

    @cached_property
    def _plans(self) -> Mapping[type, Plan]:
        """For each model, how it is read."""
        return {cls: Plan.of(cls, tuple(self._members(cls))) for cls in self.fields}

    def _members(self, cls: type) -> Iterator[Member]:
        attributes: dict[str, attrs.Attribute[Any]] = attrs.fields_dict(attrs.resolve_types(cls))
        for name, keys in self.fields[cls].items():
            kind = _plain(attributes[name].type)
            paths = _paths(keys)
            is_deep = any(len(path) > 1 for path in paths)
            yield Member(
                name=name,
                keys=() if is_deep else tuple(path[0] for path in paths),
                find=partial(_at, paths=paths, empty=False) if is_deep else None,
                kind=kind,
                words=self._folded.get(kind, {}),
                read=self._reader(cls, name, kind),
                word=f"{name}_word" if f"{name}_word" in attributes else "",
            )

    def _reader(self, cls: type, name: str, kind: Any) -> Callable[[Any], Any]:
        """What reads a value of this kind, or raises."""
        if isinstance(kind, type) and issubclass(kind, enum.Enum):
            return partial(self.word, kind)
        if kind in self.fields:
            return partial(self._told, kind)
        return _number_or_text if cls in _NUMBERED and name == "id" else _READERS[kind]

    def _told(self, cls: type[T], data: object) -> T | None:
        """Read a model; some vendors write an absent error as one whose members are empty."""
        read = self.read(cls, data)
        told = (getattr(read, each.name) for each in attrs.fields(cast("Any", cls)))
        return read if any(each not in (None, "") for each in told) else None


def is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Tell whether *value* is a JSON object."""
    return isinstance(value, _OBJECT)


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Tell whether *value* is a JSON array."""
    return isinstance(value, list)


def texts_in(value: object) -> Iterator[str]:
    """Iterate over every text in decoded JSON, however deep; not over members' names."""
    if isinstance(value, str):
        yield value
    elif is_object(value):
        for each in value.values():
            yield from texts_in(each)
    elif is_array(value):
        for each in value:
            yield from texts_in(each)


def first(data: object, keys: Keys, *, empty: bool = True) -> Any:
    """Find the first of *keys* that is there and not null; nor, if not *empty*, an empty text."""
    return _at(data, _paths(keys), empty=empty)


def _at(data: object, paths: tuple[tuple[str, ...], ...], *, empty: bool = True) -> Any:
    for path in paths:
        found: Any = data
        for key in path:
            kind = found.__class__  # to ask whether it is a Mapping takes long, unless it is a dict
            if kind is dict or (kind not in _NO_OBJECTS and is_object(found)):
                found = found.get(key)
            elif kind is list and key.isdigit() and int(key) < len(found):
                found = found[int(key)]
            else:
                found = None
                break
        if found is not None and (empty or found != ""):
            return found
    return None


@cache
def _paths(keys: Keys) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(key.split(".")) for key in ((keys,) if isinstance(keys, str) else keys))


def rows(data: object, keys: Keys) -> Iterator[Mapping[str, Any]]:
    """Iterate over the objects of a list found under *keys*; an absent list is empty."""
    found = first(data, keys)
    for item in found if is_array(found) else []:
        if is_object(item):
            yield item


def count(data: object, keys: Keys) -> int | None:
    """Find a count under *keys*, also one written as a text; None if nobody tells it."""
    found = first(data, keys)
    if isinstance(found, str) and found.isdecimal() and len(found) < _LONGEST_COUNT:
        return int(found)
    return found if type(found) is int and found >= 0 else None


def listed(data: object, keys: Keys, total: Keys = ()) -> list[Any]:
    """
    Get the rows of a list as they are. They may be absent only where a *total* beside them says 0.

    Raises:
        UnexpectedResponseError: Nothing says what is listed.
    """
    names = (keys,) if isinstance(keys, str) else keys
    found = next(filter(is_array, (first(data, name) for name in names)), None)
    if found is None and count(data, total) == 0:
        return []
    if found is None:
        name = " or ".join(names)
        raise UnexpectedResponseError(
            f"the answer holds no readable list under {name}: what is there cannot be known",
            next_step="ask again; if it stays so, report it to the vendor",
        )
    return found


_LONGEST_COUNT: Final = 12


def decode(response: Response) -> Any:
    """
    Read a JSON body.

    Raises:
        UnexpectedResponseError: It is HTML, cut off, or otherwise no JSON.
    """
    body = try_decode(response)
    if body is None:
        raise unreadable(response)
    return body


def unreadable(response: Response, form: str = "JSON") -> UnexpectedResponseError:
    """Say of an answer that it is not of the *form* it should have, without showing a secret."""
    kind = response.headers.get("content-type", "without a content type").partition(";")[0]
    start = response.content[:600].decode("utf-8", errors="replace")
    # What is cut at a place within a key is recognised as one by nobody after this.
    shown = _LIKE_A_SECRET.sub(MASK, mask_links(start))[:60]
    what = f"begins {shown!r}" if start else "is empty"
    if start.lstrip("\ufeff \t\r\n").startswith(("{", "[", '"', "<?xml")):
        # The beginning of an object may hold a token or a link.
        what = f"is cut off or damaged after {len(response.content)} bytes"
    return _unreadable(f"the answer is not readable {form}: it is {kind} and {what}", response)


def try_decode(response: Response) -> Any:
    """Read a JSON body; None if it is not one."""
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        return None


def _unreadable(message: str, response: Response | None) -> UnexpectedResponseError:
    return UnexpectedResponseError(
        message,
        status=response.status if response else None,
        request_id=request_id_of(response.headers) if response else "",
        attempts=response.attempts if response else (),
        next_step="report it with the request id if it lasts: the vendor's answer has changed",
    )


def _inside(data: object, keys: Keys) -> object:
    """Take what has one of *keys* out of a relay's `data`, or a list of one in it."""
    if keys and first(data, keys) is None:
        for wrapper in ("data", "data.0"):
            inner = first(data, wrapper)
            if first(inner, keys) is not None:
                return inner
    return data


def is_blank(value: object) -> bool:
    """Tell whether a value says nothing: it is empty, or each of its members is."""
    return all(not each for each in value.values()) if is_object(value) else not value


def _plain(kind: Any) -> Any:
    """`X | None` becomes X."""
    members = [member for member in getattr(kind, "__args__", ()) if member is not type(None)]
    return members[0] if len(members) == 1 and not hasattr(kind, "__origin__") else kind


def _exactly(kind: type) -> Callable[[Any], Any]:
    """Read a value of one type; nothing is turned into it: None is no text, and 7 is none."""

    def read(value: object) -> object:
        if type(value) is not kind:
            raise TypeError(f"expected {kind.__name__}, found {type(value).__name__}")
        return value

    return read


def _number_or_text(value: object) -> object:
    """A text, or a relay's own number of a task, which it asks for as text."""
    return str(value) if type(value) is int and value > 0 else _READERS[str](value)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"expected a number, found {type(value).__name__}")
    return float(value)


def moment(value: object) -> datetime | None:
    """Read a time as vendors write it: Unix seconds or ISO 8601; None if it is none."""
    try:
        return _moment(value)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _moment(value: object) -> datetime:
    """Unix seconds or ISO 8601, as vendors use both."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC)
    if isinstance(value, str) and (moment := moment_of(value)):
        return moment
    raise TypeError(f"expected a time, found {type(value).__name__}")


def _secret(value: object) -> Secret:
    """Some vendors give a link as a string, some as an array of strings."""
    if is_array(value) and value:
        value = value[0]
    if not isinstance(value, str) or not value:
        raise TypeError(f"expected a string, found {type(value).__name__}")
    return Secret(value)


_READERS: Final[Mapping[Any, Callable[[Any], Any]]] = {
    **{kind: _exactly(kind) for kind in (str, int, bool)},
    float: _number,
    datetime: _moment,
    Secret: _secret,
}
_OBJECT: Final = (dict, Mapping)
"""What an object is. A dict is told at once, an abstract class by and by."""
_NO_OBJECTS: Final = frozenset({type(None), str, list})
_NUMBERED: Final[frozenset[type]] = frozenset({VideoTask})
"""What a relay may know by a whole number."""
_LIKE_A_SECRET: Final = re.compile(r"(?=\D{0,600}\d)[^\s\"'<>]{16,}")
