"""
How a model is read from JSON by a table: found out once, and then written as a function.

As attrs writes an `__init__`: to loop over a model's attributes takes twice as long, and a page has
a hundred rows.
"""

from __future__ import annotations

from collections.abc import Callable, KeysView, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast

import attrs

from ..values.assembling import assembled
from ..values.errors import UnexpectedResponseError
from ..values.models import Result
from ..values.secret import Secret

T = TypeVar("T")
Odd: TypeAlias = Mapping[str, Exception]
"""For each attribute whose value is of another type, what reading it raised."""
Filler: TypeAlias = Callable[[Mapping[str, Any], dict[str, Any]], Odd]
"""Puts what an object tells into values."""


class Member(NamedTuple):
    """
    How one attribute of a model is found and read.

    Attributes:
        keys: Under which it may stand, to be tried in order.
        find: Finds it where no such key is enough; None if it is not there.
        kind: The type of what is found, as a rule: a text, a number or a flag is kept as it is.
        words: What is meant by each word, where it is a word, as a rule.
        read: Makes the value of whatever is found, or raises; None if that says nothing.
        word: The attribute that keeps the vendor's own word, if there is one.
    """

    name: str
    keys: tuple[str, ...]
    find: Callable[[Any], Any] | None
    kind: Any
    words: Mapping[str, Any]
    read: Callable[[Any], Any]
    word: str


class Plan(NamedTuple):
    """
    How a model is read.

    Attributes:
        required: The attributes without a default, in their order.
        defaults: What *make* needs beside what is read.
        fill: Puts what an object tells into values.
        make: Makes the model of its values.
    """

    required: KeysView[str]
    defaults: Mapping[str, Any]
    fill: Filler
    make: Callable[[dict[str, Any]], Any]

    @classmethod
    def of(cls, model: type, members: tuple[Member, ...]) -> Plan:
        """Find out how *model* is read."""
        fields = attrs.fields(cast("Any", model))
        required = {each.name: None for each in fields if each.default is attrs.NOTHING}
        is_plain = issubclass(model, Result) and all(map(_is_kept, fields))
        return cls(
            required=required.keys(),
            defaults={each.name: each.default for each in fields if each.name not in required}
            if is_plain
            else {},
            fill=_filler(members),
            make=partial(assembled if is_plain else _built, model),
        )


def _is_kept(attribute: Any) -> bool:
    """Tell whether a model's `__init__` does nothing but keep an attribute, or its default."""
    is_made = isinstance(attribute.default, cast("type[Any]", attrs.Factory))
    return not (is_made or attribute.converter or attribute.validator)


def _built(cls: type[T], values: dict[str, Any]) -> T:
    return cls(**values)


def _filler(members: tuple[Member, ...]) -> Filler:
    """
    Write the function that puts what an object tells into values.

    For a status, which has the number 3 among the members, it holds:

        found = get('Status')
        if type(found) is str and found in words_3:
            values['status'] = words_3[found]
            values['status_word'] = found
        elif found is not None and found != '':
            odd = _kept(members[3], found, values, odd)
    """
    names: dict[str, Any] = {"members": members, "_kept": _kept}
    names |= {"Secret": Secret, "moment_of": moment_of}
    lines = ["def fill(data, values):", " get, odd = data.get, {}"]
    for number, member in enumerate(members):
        first, *others = [f"get({key!r})" for key in member.keys] or [f"find_{number}(data)"]
        lines.append(f" found = {first}")
        lines += [f" if found is None or found == '': found = {other}" for other in others]
        test, value = "type(found) is str and found", "found"
        if member.words:
            test, value = f"{test} in words_{number}", f"words_{number}[found]"
        elif member.kind is Secret:
            value = "Secret(found)"
        elif member.kind is datetime:
            test, value = f"{test} and (time := moment_of(found))", "time"
        elif member.kind is not str:
            test = f"type(found) is {member.kind.__name__}" if member.kind in (int, bool) else "0"
        lines += [f" if {test}:", f"  values[{member.name!r}] = {value}"]
        lines += [f"  values[{member.word!r}] = found"] if member.word else []
        # Some vendors write an absent text as an empty one.
        lines += [" elif found is not None and found != '':"]
        lines += [f"  odd = _kept(members[{number}], found, values, odd)"]
        names |= {f"find_{number}": member.find, f"words_{number}": member.words}
    exec("\n".join([*lines, " return odd"]), names)  # noqa: S102  (keys are quoted: no table is code)
    return cast("Filler", names["fill"])


def moment_of(text: str) -> datetime | None:
    """Read ISO 8601; None if it is none. Without a zone it is in UTC."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is UTC:
            return moment
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _kept(member: Member, found: object, values: dict[str, Any], odd: Odd) -> Odd:
    """Read what is found into *values*; what is of another type is left out, and told in *odd*."""
    try:
        value = member.read(found)
    except UNREADABLE as error:
        return {**odd, member.name: error}
    if value is not None:
        values[member.name] = value
        if member.word:
            values[member.word] = str(found)
    return odd


UNREADABLE = (UnexpectedResponseError, ValueError, TypeError, OverflowError, OSError)
"""What reading a value raises: of another type, or a number or time beyond Python's."""
