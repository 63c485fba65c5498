"""Reading a vendor's table: its dialects', with what it says itself over them, and checked."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Final, cast

import cattrs
from cattrs.gen import make_dict_structure_fn

from ...values.errors import ConfigError
from ...wire.codec import is_object
from . import DIALECTS
from .checking import problems
from .table import ErrorRow, FieldRow, Json, VendorTable


def read_table(name: str, document: Json) -> VendorTable:
    """
    Read a vendor's table: its dialects', with what it says itself over them.

    Raises:
        ConfigError: Names the field that cannot be used, and what may stand there.
    """
    whole: Json = {}
    for each in _dialects_of(name, document):
        whole = _laid_over(whole, _dialect(each))
    if "name" in document:
        raise _bad(name, "name", "a profile's `provider` names the vendor, and the table does not")
    offered, own = _mapping(name, whole, "calls"), _mapping(name, document, "calls")
    if "action" not in document:  # the dialect's Actions go nowhere
        offered = {key: call for key, call in offered.items() if "action" not in call}
    calls = _calls(offered, own)
    whole = {**_laid_over(whole, document), "calls": calls}
    try:
        table = _CONVERTER.structure({"name": name, **whole}, VendorTable)
    except (cattrs.ClassValidationError, cattrs.BaseValidationError) as error:
        where, problem = _first_problem(error)
        raise _bad(name, where, problem) from None
    for where, problem in problems(table):
        raise _bad(name, where, problem)
    return table


def _dialects_of(name: str, document: Json) -> Sequence[str]:
    found = document.get("dialect", ())
    names: Sequence[Any] = [found] if isinstance(found, str) else found
    for each in names if isinstance(names, list | tuple) else [names]:
        if each not in DIALECTS:
            raise _bad(name, "dialect", f"{each!r} is none of {', '.join(DIALECTS)}")
    return names


@cache
def _dialect(name: str) -> Json:
    text = (
        files("portraitkit.providers.tables")
        .joinpath("dialects", f"{name}.toml")
        .read_text("utf-8")
    )
    document = tomllib.loads(text)
    base = document.pop("dialect", None)
    return _laid_over(_dialect(base), document) if base else document


def _laid_over(below: Json, above: Json) -> Json:
    """Lay one table over another: tables by key, all else whole."""
    merged = dict(below)
    for key, value in above.items():
        known = merged.get(key)
        both = isinstance(known, Mapping) and isinstance(value, Mapping)
        merged[key] = _laid_over(cast("Json", known), cast("Json", value)) if both else value
    return merged


def _calls(below: Json, above: Json) -> Json:
    """Lay calls over a dialect's: one that says where it goes begins anew; `false` takes it out."""
    anew = {
        key for key, call in above.items() if is_object(call) and {"call", "action"} & call.keys()
    }
    kept = {key: call for key, call in below.items() if key not in anew}
    return {key: call for key, call in _laid_over(kept, above).items() if call is not False}


def _mapping(name: str, document: Json, key: str) -> Json:
    found = document.get(key, {})
    if not isinstance(found, Mapping):
        raise _bad(name, key, "a table is expected")
    return cast("Json", found)


def _bad(name: str, where: str, problem: str) -> ConfigError:
    return ConfigError(
        f"the vendor {name!r}: {where}: {problem}",
        provider=name,
        field=f"vendors.{name}.{where}",
        next_step="mend it in the vendor's table; docs/vendor-tables.md lists what may stand there",
    )


def _first_problem(error: BaseException) -> tuple[str, str]:
    """Where the first problem is, as a dotted name, and what it is."""
    places = (cattrs.AttributeValidationNote, cattrs.IterableValidationNote)
    where: list[str] = []
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseException", error.exceptions[0])
        notes = [each for each in getattr(error, "__notes__", ()) if isinstance(each, places)]
        where += [str(getattr(each, "name", None) or each.index) for each in notes]
    if isinstance(error, cattrs.ForbiddenExtraKeysError):
        return ".".join([*where, min(error.extra_fields)]), "there is no such key"
    if isinstance(error, KeyError):
        return ".".join(where) or str(error.args[0]), "is missing"
    return ".".join(where), str(error) or type(error).__name__


def _exact(kind: type | tuple[type, ...], wanted: str) -> Any:
    def structure(value: object, _: object) -> object:
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise TypeError(f"{wanted} is expected, and {value!r} stands there")
        return value

    return structure


def _texts(value: object, kind: Any) -> tuple[Any, ...]:
    """One value stands for a list of one."""
    items = cast("Sequence[object]", value if isinstance(value, list | tuple) else [value])
    inner = kind.__args__[0]
    allowed = getattr(inner, "__args__", (inner,))
    for each in items:
        if type(each) not in allowed:
            names = " or ".join(_NAMES[each] for each in allowed)
            raise TypeError(f"{names} is expected, and {each!r} stands there")
    return tuple(items)


def _row(cls: type, key: str) -> Any:
    """A text alone stands for a row whose first member it is."""
    make: Any = make_dict_structure_fn  # its hook's type is partly unknown
    structure = make(cls, _CONVERTER, _cattrs_forbid_extra_keys=True)

    def read(value: object, kind: Any) -> Any:
        return structure({key: value} if isinstance(value, str) else cast("Any", value), kind)

    return read


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_structure_hook(str, _exact(str, "a text"))
    converter.register_structure_hook(bool, _exact(bool, "true or false"))
    converter.register_structure_hook(int, _exact(int, "a whole number"))
    converter.register_structure_hook(float, _exact((int, float), "a number"))
    converter.register_structure_hook(date, _exact(date, "a date"))
    converter.register_structure_hook_func(
        lambda kind: kind in (tuple[str, ...], tuple[str | int, ...], tuple[str | int | bool, ...]),
        _texts,
    )
    return converter


_NAMES: Final = {str: "a text", int: "a whole number", bool: "true or false"}
_CONVERTER: Final = _converter()
for _cls, _key in ((ErrorRow, "means"), (FieldRow, "member")):
    _CONVERTER.register_structure_hook(_cls, _row(_cls, _key))
