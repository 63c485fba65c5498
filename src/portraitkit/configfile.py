"""The configuration file: where it is looked for, and what it may hold."""

from __future__ import annotations

import difflib
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

from attrs import field, frozen

from .errors import ConfigError

Environ: TypeAlias = Mapping[str, str]

FILE_NAME: Final = "portraitkit.toml"

_PYPROJECT: Final = "pyproject.toml"
_KEYS: Final = ("profile", "profiles")
_INTEGER_BITS: Final = 63
_DEEPEST: Final = 4
"""Tables within tables in a profile."""


@frozen
class ConfigFile:
    """One configuration file that was read."""

    path: Path
    active: str | None
    """What it calls `profile`."""
    profiles: Mapping[str, Mapping[str, object]] = field(repr=False)


def find_file(
    config: Path | str | None, environ: Environ, cwd: Path | str | None
) -> tuple[ConfigFile | None, list[str]]:
    """
    Find and read the configuration.

    Returns:
        The file, None if there is none, and the places that were looked in without success.

    Raises:
        ConfigError: The file that was named is missing, or one that was found cannot be used.
    """
    if named := config or environ.get("PORTRAITKIT_CONFIG"):
        path = Path(named)
        document = _read(path)
        if document is None:
            by = "by the caller" if config else "by PORTRAITKIT_CONFIG"
            lack = "holds no [tool.portraitkit]" if path.is_file() else "does not exist"
            raise ConfigError(f"{path}, named {by}, {lack}")
        return _checked(path, document), []
    looked = ["PORTRAITKIT_CONFIG, which is not set"]
    for path in _places(environ, cwd):
        document = _read(path)
        if document is not None:
            return _checked(path, document), looked
        looked.append(f"{path} [tool.portraitkit]" if path.name == _PYPROJECT else str(path))
    return None, looked


def nearest(word: str, known: Iterable[str]) -> str:
    """Suggest the known word that is most like *word*; empty if none is."""
    plain = {each.casefold().replace("-", "_"): each for each in known}
    found = difflib.get_close_matches(word.casefold().replace("-", "_"), plain, n=1)
    return f"did you mean {plain[found[0]]!r}? " if found else ""


def kind_of(value: object) -> str:
    """Name the kind of a TOML value."""
    for kind, name in _KINDS.items():
        if isinstance(value, kind):
            return name
    return "a date or time"


_KINDS: Final[Mapping[type | tuple[type, ...], str]] = {
    bool: "true or false",  # before int, of which it is a kind
    (int, float): "a number",
    str: "a string",
    dict: "a table",
    list: "a list",
}


def _places(environ: Environ, cwd: Path | str | None) -> Iterator[Path]:
    try:
        start = Path.cwd() if cwd is None else Path(cwd).absolute()
    except OSError:  # the working directory is gone
        start = None
    for folder in (start, *start.parents) if start else ():
        yield folder / FILE_NAME
        yield folder / _PYPROJECT
    own = environ.get("APPDATA" if sys.platform == "win32" else "XDG_CONFIG_HOME", "")
    if not Path(own).is_absolute():  # as the XDG specification asks
        home = environ.get("HOME", "")
        own = str(Path(home) / ".config") if home else ""
    if own:
        yield Path(own) / "portraitkit" / FILE_NAME


def _read(path: Path) -> Mapping[str, Any] | None:
    """Read one file; None if it is not there, or a pyproject.toml that says nothing of us."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such path is possible"
        raise ConfigError(f"{path} cannot be read: {reason}") from None
    if path.name == _PYPROJECT and "portraitkit" not in text:
        return None  # not ours, whatever state it is in
    try:
        document: Mapping[str, Any] = tomllib.loads(text)
    except RecursionError:
        raise ConfigError(f"{path} is nested too deeply to be read") from None
    except ValueError as error:
        raise ConfigError(f"{path}:{_place_and_reason(text, str(error))}") from None
    if path.name != _PYPROJECT:
        return document
    tool = document.get("tool")
    ours = cast("Mapping[str, Any]", tool).get("portraitkit") if isinstance(tool, dict) else None
    return None if ours is None else _table(ours, path, "tool.portraitkit")


def _place_and_reason(text: str, message: str) -> str:
    """Put the place that tomllib names at its message's end in front: `line:column: reason`."""
    reason = message.rpartition(" (at ")[0] or "this is not TOML"
    if place := re.search(r"\(at line (\d+), column (\d+)\)$", message):
        return f"{place[1]}:{place[2]}: {reason}"
    lines = text.split("\n")
    return f"{len(lines)}:{len(lines[-1]) + 1}: {reason}"


def _checked(path: Path, document: Mapping[str, Any]) -> ConfigFile:
    for key, value in document.items():
        if key not in _KEYS:
            hint = nearest(key, _KEYS)
            if isinstance(value, dict):
                hint = f"write [profiles.{key}] for a profile. "
            raise ConfigError(
                f"{path}: unknown key {key!r}",
                field=key,
                next_step=f"{hint}known keys at the top: {', '.join(_KEYS)}",
            )
    active = document.get("profile")
    if active is not None and not isinstance(active, str):
        raise ConfigError(
            f"{path}: profile must be a string, not {kind_of(active)}",
            field="profile",
            next_step='write profile = "NAME" to choose one, [profiles.NAME] to describe one',
        )
    profiles = _table(document.get("profiles", {}), path, "profiles")
    for name, settings in profiles.items():
        _check_values(_table(settings, path, f"profiles.{name}"), path, f"profiles.{name}", 1)
    return ConfigFile(path, active, profiles)


def _table(value: object, path: Path, where: str) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return cast("Mapping[str, Any]", value)
    raise ConfigError(
        f"{path}: {where} must be a table, not {kind_of(value)}",
        field=where,
        next_step=f"write [{where}] and its keys below",
    )


def _is_list_of_names(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(each, str) for each in cast("list[object]", value)
    )


def _check_values(table: Mapping[str, object], path: Path, where: str, depth: int) -> None:
    for key, value in table.items():
        inner = f"{where}.{key}"
        if isinstance(value, dict):
            if depth > _DEEPEST:
                raise ConfigError(f"{path}: {where} is nested too deeply", field=where)
            _check_values(cast("Mapping[str, object]", value), path, inner, depth + 1)
        elif not (isinstance(value, str | bool | int | float) or _is_list_of_names(value)):
            raise ConfigError(
                f"{path}: {inner} must be a string, a number, true, false, a list of strings "
                f"or a table, not {kind_of(value)}",
                field=inner,
            )
        elif isinstance(value, int) and value.bit_length() > _INTEGER_BITS:
            raise ConfigError(f"{path}: {inner} is too large a number", field=inner)
