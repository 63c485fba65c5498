"""Whether what an operation is called with has the types that its annotations promise."""

from __future__ import annotations

import functools
import math
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Union

from .errors import InvalidInputError


def check_arguments(operation: Callable[..., Any], given: Mapping[str, object]) -> None:
    """
    Refuse arguments of a wrong type, and numbers that no deadline can be. Quotes no value.

    Raises:
        InvalidInputError: Names the first such argument.
    """
    check_values(given, _hints(operation))
    deadline_s = given.get("deadline_s")
    if isinstance(deadline_s, int | float) and not _is_wait(deadline_s):
        raise InvalidInputError(
            f"deadline_s is {deadline_s}, and has to be a number of seconds from 0 on",
            field="deadline_s",
            next_step="pass seconds, or None for the default",
        )


def check_values(given: Mapping[str, object], hints: Mapping[str, Any]) -> None:
    """
    Refuse a value that is not what its hint says; what has no hint is left alone.

    Raises:
        InvalidInputError: Names the field and the types it takes.
    """
    for name, value in given.items():
        hint = hints.get(name, Any)
        if type(value) not in _exact_types(hint) and not _fits(value, hint):
            raise InvalidInputError(
                f"{name} cannot be of type {type(value).__name__}",
                field=name,
                next_step=f"pass {_type_names(hint)}",
            )


@functools.cache
def _exact_types(hint: Any) -> frozenset[type]:
    """The plain types that *hint* names: most values are of one, and need no further look."""
    members = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    return frozenset(each for each in members if isinstance(each, type))


def _is_wait(seconds: float) -> bool:
    return not math.isnan(seconds) and seconds >= 0


def _fits(value: object, hint: Any) -> bool:  # noqa: PLR0911  (one line for each form of hint)
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any or isinstance(hint, typing.TypeVar):
        return True
    if origin in (Union, types.UnionType):
        return any(_fits(value, each) for each in inner)
    if origin is Literal:
        return value in inner
    if hint in (int, float):
        return isinstance(value, int | hint) and not isinstance(value, bool)
    if origin is None:
        return value is None if hint is type(None) else isinstance(value, hint)
    if not isinstance(value, origin) or (
        issubclass(origin, Sequence) and isinstance(value, str | bytes | bytearray)
    ):
        return False
    if issubclass(origin, Mapping):
        key, item = inner
        return all(_fits(k, key) and _fits(v, item) for k, v in typing.cast("Any", value).items())
    if issubclass(origin, Sequence):
        return all(_fits(each, inner[0]) for each in typing.cast("Any", value))
    return True


def _type_names(hint: Any) -> str:
    if typing.get_origin(hint) in (Union, types.UnionType):
        return " or ".join(_type_names(each) for each in typing.get_args(hint))
    if typing.get_origin(hint) is Literal:
        return " or ".join(repr(each) for each in typing.get_args(hint))
    name = getattr(typing.get_origin(hint) or hint, "__name__", str(hint))
    return "None" if hint is type(None) else str(name)


@functools.cache
def _hints(operation: Callable[..., Any]) -> dict[str, Any]:
    return typing.get_type_hints(operation)
