"""Results as plain data, such as a web page, a queue or a file takes: no secret, no raw answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_args

import attrs

from .errors import InvalidInputError, PortraitError
from .remarks import Raw
from .secret import Secret

if TYPE_CHECKING:
    import cattrs

R = TypeVar("R")
_LEFT_OUT: Final = (Secret, Raw, PortraitError)


def to_dict(result: Any) -> dict[str, Any]:
    """What JSON can hold of a result: its type, its handle, and its values."""
    found: dict[str, Any] = _converter().unstructure(result)
    return {"type": type(result).__name__, "handle": result.handle, **found}


def from_dict(cls: type[R], data: Mapping[str, Any]) -> R:
    """
    Read what `to_dict` wrote.

    Raises:
        InvalidInputError: It is no such data.
    """
    given = {name: value for name, value in data.items() if name != "handle"}
    kind = given.pop("type", cls.__name__)
    if kind != cls.__name__:
        given = {"type": kind}
    try:
        result: R = _converter().structure(given, cls)
    except Exception as error:  # noqa: BLE001  (whatever is wrong with it, it is this data)
        raise InvalidInputError(
            f"this is no {cls.__name__} as to_dict writes it: {type(error).__name__}",
            field="data",
            next_step=f"pass what to_dict() of a {cls.__name__} gave",
        ) from None
    return result


@cache
def _converter() -> cattrs.Converter:
    import cattrs  # noqa: PLC0415  (most programs write no result down)
    from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override  # noqa: PLC0415  (as above)

    converter = cattrs.Converter(forbid_extra_keys=True)

    def kept(cls: Any) -> dict[str, Any]:
        return {
            each.name: override(omit=True)
            for each in attrs.fields(attrs.resolve_types(cls))
            if set(_LEFT_OUT) & {each.type, *get_args(each.type)} or each.name == "name_token"
        }

    def is_attrs(cls: Any) -> bool:
        return isinstance(cls, type) and attrs.has(cls)

    @converter.register_unstructure_hook_factory(is_attrs)
    def write(cls: Any) -> Any:
        return make_dict_unstructure_fn(cls, converter, **kept(cls))

    @converter.register_structure_hook_factory(is_attrs)
    def read(cls: Any) -> Any:
        return make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True, **kept(cls))

    converter.register_unstructure_hook(datetime, datetime.isoformat)
    converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
    converter.register_structure_hook_func(
        lambda kind: kind in (object, Any), lambda it, _: _rows(it)
    )
    return converter


def _rows(value: Any) -> Any:
    """Lists of JSON as the tuples that they were."""
    rows: Any = value
    return tuple(map(_rows, rows)) if isinstance(value, list) else value
