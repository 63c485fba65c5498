"""The configuration file: where it is looked for, and what it may hold."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

from attrs import evolve, field, frozen

from ..values.errors import ConfigError
from ..values.media import read_regular

Environ: TypeAlias = Mapping[str, str]

FILE_NAME: Final = "portraitkit.toml"

_PYPROJECT: Final = "pyproject.toml"
_KEYS: Final = ("profile", "profiles", "vendors")
_OTHERS_MAY_WRITE: Final = 0o022
_LIMIT_BYTES: Final = 1024**2
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
    vendors: Mapping[str, Mapping[str, object]] = field(factory=dict[str, Any], repr=False)
    """Vendors that it describes itself, each by a table."""
    come_upon: bool = False
    """Whether it was found on the way upwards, and the user neither named nor trusts it."""


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
        path = path_of(named, field="config")
        document = _read(path)
        if document is None:
            by = "by the caller" if config else "by PORTRAITKIT_CONFIG"
            lack = "holds no [tool.portraitkit]" if path.is_file() else "does not exist"
            raise ConfigError(f"{path}, named {by}, {lack}")
        return _checked(path, document), []
    looked = ["PORTRAITKIT_CONFIG, which is not set"]
    own = _own_place(environ)
    for path in (*_upwards(environ, cwd), *((own,) if own else ())):
        place = f"{path} [tool.portraitkit]" if path.name == _PYPROJECT else str(path)
        if problem := _ours_by_name(path) and _distrusted(path):
            place += f", which is passed over: {problem}"
            warnings.warn(
                f"the configuration {path} is passed over: {problem}. If it is yours, mend that, "
                "or name it in PORTRAITKIT_CONFIG",
                UserWarning,
                stacklevel=5,
            )
        elif (document := _read(path)) is not None:
            file = _checked(path, document)
            return evolve(file, come_upon=path != own and not _trusts(own, path)), looked
        looked.append(place)
    return None, looked


def path_of(value: object, *, field: str) -> Path:
    """
    Read a path.

    Raises:
        ConfigError: It is no path, or none that a system can hold.
    """
    if isinstance(value, str | Path) and "\0" not in str(value):
        with contextlib.suppress(UnicodeEncodeError):
            _ = os.fsencode(value)
            return Path(value)
    raise ConfigError(
        f"{field} is no path" if not isinstance(value, str | Path) else "no such path is possible",
        field=field,
        next_step=f"pass {field} as a string or a pathlib.Path",
    )


def nearest(word: str, known: Iterable[str]) -> str:
    """Suggest the known word that is most like *word*; empty if none is."""
    plain = {each.casefold().replace("-", "_"): each for each in known}
    import difflib  # noqa: PLC0415  (only for who mistypes)

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


def _upwards(environ: Environ, cwd: Path | str | None) -> Iterator[Path]:
    """Every place from the working directory to the home folder, on one file system."""
    try:
        start = Path.cwd() if cwd is None else path_of(cwd, field="cwd").absolute()
        home = Path(environ.get("HOME") or "/").resolve()
    except (OSError, ValueError, RuntimeError):  # the working directory is gone
        return
    device = _device(start)
    for folder in (start, *start.parents):
        if _device(folder) != device:
            return
        yield folder / FILE_NAME
        yield folder / _PYPROJECT
        if folder.resolve() == home:
            return


def _device(folder: Path) -> int | None:
    try:
        return folder.stat().st_dev
    except (OSError, ValueError):
        return None


def _own_place(environ: Environ) -> Path | None:
    """The file in the user's own configuration folder."""
    own = environ.get("APPDATA" if sys.platform == "win32" else "XDG_CONFIG_HOME", "")
    if not Path(own).is_absolute():  # as the XDG specification asks
        home = environ.get("HOME", "")
        own = str(Path(home) / ".config") if home else ""
    return Path(own) / "portraitkit" / FILE_NAME if own else None


def _ours_by_name(path: Path) -> bool:
    """Tell whether a file is, or seems to be, a configuration of ours; it is not parsed."""
    if path.name != _PYPROJECT:
        return True
    try:
        return b"portraitkit" in read_regular(path, _LIMIT_BYTES)
    except (OSError, ValueError):
        return False


def _distrusted(path: Path) -> str:
    """Say why a file that was only found may be somebody else's; empty if it is not."""
    uid = getattr(os, "geteuid", lambda: None)()
    if uid is None:
        return ""  # Windows has other rights, and no owner to compare
    try:
        link, file, folder = path.lstat(), path.stat(), path.parent.stat()
    except (OSError, ValueError):
        return ""  # it is not there, or reading it says what is wrong
    if {link.st_uid, file.st_uid} - {uid, 0}:
        return "it belongs to another user"
    if _others_may_write(file, uid):
        return "others may write it"
    sticky = folder.st_mode & stat.S_ISVTX
    return "others may write its folder" if not sticky and _others_may_write(folder, uid) else ""


def _others_may_write(status: os.stat_result, uid: int) -> bool:
    open_to = status.st_mode & _OTHERS_MAY_WRITE
    # Some systems give each user a group alone, and let it write what the user makes.
    return bool(open_to) and (open_to != stat.S_IWGRP or not _is_private(status.st_gid, uid))


def _is_private(gid: int, uid: int) -> bool:
    """Tell whether a group is one user's, by the rule that pam_umask has; never root's."""
    import grp  # noqa: PLC0415  (POSIX alone has these)
    import pwd  # noqa: PLC0415  (as above)

    try:
        group, user = grp.getgrgid(gid), pwd.getpwuid(uid)
    except KeyError:
        return False
    name = user.pw_name
    return uid != 0 and (group.gr_name, gid) == (name, user.pw_gid) and not {*group.gr_mem} - {name}


def _trusts(own: Path | None, path: Path) -> bool:
    """Tell whether the user's own configuration names a file's folder in `trust`."""
    document = None if own is None or _distrusted(own) else _read(own)
    names = (document or {}).get("trust", ())
    if not _is_list_of_names(names) and names != ():
        raise ConfigError(f"{own}: trust must be a list of folders", field="trust")
    try:
        return path.resolve().parent in {Path(each).expanduser().resolve() for each in names}
    except (OSError, ValueError, RuntimeError):
        return False


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
    import tomllib  # noqa: PLC0415  (many clients have no file)

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
    vendors = _table(document.get("vendors", {}), path, "vendors")
    for name, described in vendors.items():  # what is in it, the table's own reader checks
        _ = _table(described, path, f"vendors.{name}")
    return ConfigFile(path, active, profiles, vendors)


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
