"""The configuration file: where it is looked for, and what it may hold."""

from __future__ import annotations

import difflib
import os
import re
import sys
import tomllib
import warnings
from collections.abc import Iterable, Iterator, Mapping
from os.path import samestat
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeGuard, cast

from attrs import field, frozen

from .errors import ConfigError
from .media import read_regular
from .ownership import others_at

Environ: TypeAlias = Mapping[str, str]

FILE_NAME: Final = "portraitkit.toml"

_PYPROJECT: Final = "pyproject.toml"
_LIMIT_BYTES: Final = 1024 * 1024
_KEYS: Final = ("profile", "profiles")
_INTEGER_BITS: Final = 63
_DEEPEST: Final = 4
"""Tables within tables in a profile."""


@frozen
class ConfigFile:
    """
    One configuration file that was read.

    Attributes:
        active: What it calls `profile`.
        trust: The folders whose configurations it trusts; only the user's own may say so.
        own: Where the user's own configuration is or would be.
        named: Whether somebody named this file, so that it need not be trusted.
    """

    path: Path
    active: str | None
    profiles: Mapping[str, Mapping[str, object]] = field(repr=False)
    trust: tuple[Path, ...] = ()
    own: Path | None = None
    named: bool = False


def find_file(
    config: Path | str | None, environ: Environ, cwd: Path | str | None
) -> tuple[ConfigFile | None, list[str]]:
    """
    Find and read the configuration.

    A file that is not named counts only if nobody but its user and root can write it; another is
    skipped with a warning, unless the user's own configuration trusts its folder.

    Returns:
        The file, None if there is none, and the places that were looked in without success.

    Raises:
        ConfigError: The file that was named is missing, or one that was found cannot be used.
    """
    check_kind("config", config, (str, Path), "a path")
    check_kind("cwd", cwd, (str, Path), "a path")
    check_kind("environ", environ, (Mapping,), "a mapping of variables")
    own = _own(environ)
    named = environ.get("PORTRAITKIT_CONFIG") if config is None else config
    if named or config is not None:
        path = Path(named or "")
        document = _read(path)
        if document is None:
            by = "by PORTRAITKIT_CONFIG" if config is None else "by the caller"
            lack = "holds no [tool.portraitkit]" if path.is_file() else "does not exist"
            raise ConfigError(f"{path}, named {by}, {lack}")
        return _checked(path, document, own, named=True), []
    looked = ["PORTRAITKIT_CONFIG, which is not set"]
    for path in (*_places(environ, cwd), *([own] if own else [])):
        place = f"{path} [tool.portraitkit]" if path.name == _PYPROJECT else str(path)
        if reason := _reason_to_skip(path, own):
            looked.append(f"{place}, which {reason}")
            continue
        document = _read(path)
        if document is not None:
            return _checked(path, document, own), looked
        looked.append(place)
    return None, looked


def is_trusted(file: ConfigFile) -> bool:
    """
    Tell whether the user stands for a file: it was named, or is his own, or his own trusts it.

    Raises:
        ConfigError: His own configuration cannot be read.
    """
    return file.named or file.path == file.own or _is_folder_trusted(file.path, file.own)


def check_kind(name: str, value: object, kinds: tuple[type, ...], wanted: str) -> None:
    """
    Refuse an argument of another kind; None is no argument.

    Raises:
        ConfigError: It is of another kind.
    """
    if value is not None and not isinstance(value, kinds):
        raise ConfigError(
            f"{name} has to be {wanted}", field=name, next_step=f"pass {wanted}, or leave it out"
        )


def _reason_to_skip(path: Path, own: Path | None) -> str:
    """Say why a file that was found does not count; empty if it does, or is not there."""
    reason = others_at(path)
    if not reason or (path.name == _PYPROJECT and not _mentions_us(path)):
        return ""
    if path != own and _is_folder_trusted(path, own):
        return ""
    trust = f", or trust its folder in {own}" if own and path != own else ""
    then = f"take their right away, or name it in PORTRAITKIT_CONFIG{trust}"
    warnings.warn(
        f"{path} is skipped: it {reason}. To use it, {then}",
        UserWarning,
        stacklevel=5,
    )
    return f"is skipped: it {reason}"


def _mentions_us(path: Path) -> bool:
    try:
        return b"portraitkit" in read_regular(path, _LIMIT_BYTES)
    except (OSError, ValueError):
        return False


def _is_folder_trusted(path: Path, own: Path | None) -> bool:
    if own is None or others_at(own) or (document := _read(own)) is None:
        return False
    return path.absolute().parent.resolve() in _checked(own, document, own).trust


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
    """Go upwards, to the home folder or the border of a file system."""
    try:
        start = Path.cwd() if cwd is None else Path(cwd).absolute()
    except OSError:  # the working directory is gone
        return
    home = _status(Path(environ.get("USERPROFILE" if sys.platform == "win32" else "HOME") or "~"))
    device = None
    for folder in (start, *start.parents):
        status = _status(folder)
        if status and device not in (None, status.st_dev):
            return
        device = status.st_dev if status else device
        yield folder / FILE_NAME
        yield folder / _PYPROJECT
        if status and home and samestat(status, home):
            return


def _status(folder: Path) -> os.stat_result | None:
    try:
        return folder.stat()
    except (OSError, ValueError):
        return None


def _own(environ: Environ) -> Path | None:
    own = environ.get("APPDATA" if sys.platform == "win32" else "XDG_CONFIG_HOME", "")
    if not Path(own).is_absolute():  # as the XDG specification asks
        home = environ.get("HOME", "")
        own = str(Path(home) / ".config") if home else ""
    return Path(own) / "portraitkit" / FILE_NAME if own else None


def _read(path: Path) -> Mapping[str, Any] | None:
    """Read one file; None if it is not there, or a pyproject.toml that says nothing of us."""
    try:
        text = read_regular(path, _LIMIT_BYTES).decode("utf-8-sig")
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


def _checked(
    path: Path, document: Mapping[str, Any], own: Path | None, *, named: bool = False
) -> ConfigFile:
    for key, value in document.items():
        if key == "trust" and path != own:
            raise ConfigError(
                f"{path}: trust is for your own configuration alone",
                field=key,
                next_step=f"write it in {own}" if own else "take it out",
            )
        if key not in (*_KEYS, "trust"):
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
    trust = _trusted(path, document.get("trust", []))
    return ConfigFile(path, active, profiles, trust=trust, own=own, named=named)


def _trusted(path: Path, folders: object) -> tuple[Path, ...]:
    named = [Path(each) for each in folders] if _is_list_of_names(folders) else [Path()]
    if not all(each.is_absolute() for each in named):
        raise ConfigError(
            f"{path}: trust must be a list of folders, as absolute paths",
            field="trust",
            next_step='write trust = ["/home/me/project"]',
        )
    return tuple(each.resolve() for each in named)


def _table(value: object, path: Path, where: str) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return cast("Mapping[str, Any]", value)
    raise ConfigError(
        f"{path}: {where} must be a table, not {kind_of(value)}",
        field=where,
        next_step=f"write [{where}] and its keys below",
    )


def _is_list_of_names(value: object) -> TypeGuard[list[str]]:
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
