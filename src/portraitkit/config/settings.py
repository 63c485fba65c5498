"""A profile's settings: what each may be, read from a file or from the environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin

import attrs
from attrs import evolve

from ..limits.rates import Rate, per_second
from ..operations.provider import PortraitProvider
from ..values.errors import ConfigError
from ..values.origins import ORIGIN_KEYS, check_origin
from ..values.secret import Secret
from ..vendor.pacing import Pacing, Subject
from ..wire.codec import is_object
from .profiles import Profile, resolve_secret
from .references import check_secret


def texts_of(key: str, value: Any, profile: Profile) -> tuple[str, ...]:
    """Read a list of texts."""
    texts: list[Any] = list(typed((Sequence,), key, value, profile))
    if isinstance(value, str) or not all(isinstance(each, str) for each in texts):
        raise _wrong(key, _KINDS[Sequence], profile)
    return tuple(texts)


def kinds_of(cls: type[PortraitProvider]) -> dict[str, Any]:
    """Tell the type of each of an adapter's settings."""
    resolved: Any = attrs.resolve_types(cls)
    return {each.name: each.type for each in attrs.fields(resolved)}


def value_of(
    cls: type[PortraitProvider], kind: Any, key: str, value: Any, *, profile: Profile, given: bool
) -> Any:
    """
    Read one setting as the type that its adapter has for it.

    Raises:
        ConfigError: It is no such value; names the profile, the key and what is expected.
    """
    if key in ("pacing", "rates"):
        read = _pacing if key == "pacing" else _rate
        rows = typed((Mapping,), key, value, profile)
        return {name: read(cls, name, row, profile) for name, row in rows.items()}
    if get_origin(kind) is Mapping:
        table = dict(typed((Mapping,), key, value, profile))
        if get_args(kind) == (str, str) and not all(
            isinstance(each, str) for each in table.values()
        ):
            raise _wrong(key, "a table of strings", profile)
        return table
    plain = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    if Secret in plain:
        return _credential(key, value, profile=profile, given=given)
    known = tuple(each for each in _KINDS if each in plain)
    checked = typed(known, key, value, profile) if known else value
    return check_origin(checked, field=key) if key in ORIGIN_KEYS else checked


def _credential(key: str, value: Any, *, profile: Profile, given: bool) -> Secret:
    if isinstance(value, Secret):
        return check_secret(value, field=key)
    text = typed((str,), key, value, profile)
    if given:
        return check_secret(Secret(text), field=key)
    return resolve_secret(text, field=key, profile=profile)


def typed(kinds: tuple[Any, ...], key: str, value: Any, profile: Profile) -> Any:
    """Read a value of one of these types."""
    for kind in kinds:
        mixed_up = isinstance(value, bool) and kind is not bool  # a bool is an int in Python
        if isinstance(value, int | float if kind is float else kind) and not mixed_up:
            names: Any = value if kind is Mapping else ()
            if all(isinstance(each, str) for each in names):
                return value
    raise _wrong(key, " or ".join(_KINDS[kind] for kind in kinds), profile)


def one_of(key: str, value: Any, names: tuple[str, ...], profile: Profile) -> Any:
    """Read one of these words."""
    if value not in names:
        raise _wrong(key, " or ".join(map(repr, names)), profile)
    return value


def _wrong(key: str, wanted: str, profile: Profile) -> ConfigError:
    return ConfigError(
        f"profile {profile.name!r}: {key} has to be {wanted}",
        provider=profile.provider,
        field=key,
        next_step=f"mend {key} in the profile",
    )


def _pacing(cls: type[PortraitProvider], name: str, table: Any, profile: Profile) -> Pacing:
    subjects: tuple[Subject, ...] = get_args(Subject)
    known = {each.name for each in attrs.fields(Pacing)}
    subject: Subject | None = next((each for each in subjects if each == name), None)
    keys_known = is_object(table) and set(table) <= known
    if subject and keys_known and all(_is_seconds(value) for value in table.values()):
        return evolve(cls.default_pacing.get(subject) or Pacing(), **table)
    raise ConfigError(
        f"profile {profile.name!r}: pacing.{name} is not understood",
        provider=profile.provider,
        field=f"pacing.{name}",
        next_step=f"use tables for {', '.join(subjects)} with {', '.join(sorted(known))}",
    )


def _rate(cls: type[PortraitProvider], name: str, value: Any, profile: Profile) -> Rate:
    known = cls.default_rates
    problem = then = ""
    if known and name not in known:
        import difflib  # noqa: PLC0415  (only for who mistypes)

        near = difflib.get_close_matches(name, known, n=1)
        problem = f"rates.{name} is no family of requests that {cls.name} counts"
        then = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(sorted(known))}"
    elif isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        problem = f"rates.{name} has to be a number greater than 0"
        then = "write requests per second, such as 5, 0.05 (3 a minute) or inf (no limit)"
    if not problem:
        return per_second(value, f"profile {profile.name}")
    raise ConfigError(
        f"profile {profile.name!r}: {problem}",
        provider=profile.provider,
        field=f"rates.{name}",
        next_step=then,
    )


def _is_seconds(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 0 <= value < float("inf")


_KINDS: Final[Mapping[Any, str]] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a string",
    Mapping: "a table",
    Sequence: "a list of strings",
}
