"""
What a configuration may say that was only found, and not named.

A file that lies on the way up from the working directory may have come with somebody else's work.
It may say which of the user's secrets a vendor is sent, but not another address to send them to,
nor a place outside its own folder to write into: that takes the user's word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, cast

from .configfile import ConfigFile, is_trusted
from .errors import ConfigError
from .references import is_reference
from .wire import is_loopback, origin_of

_ADDRESS: Final = re.compile(r"(.*_)?(url|uri|host|endpoint|origin|server|proxy|domain|limiter)")
_PATHS: Final = ("journal", "media_folder")
_NO_SECRET_GOES_THERE: Final = ("callback_url",)
"""A browser goes there after a face check; what it brings is worth nothing without a key."""


def strange(
    settings: Mapping[str, object], usual: Iterable[object], folder: Path
) -> Iterator[tuple[str, str]]:
    """
    Say which keys lead elsewhere: the key, and where to, without what a URL may hide.

    Args:
        settings: A profile's.
        usual: The adapter's own addresses.
        folder: The configuration's. What is written stays in it.
    """
    known = {origin_of(each) for each in usual if isinstance(each, str)} - {""}
    for key, value in settings.items():
        for text in _texts(value):
            if key in _PATHS:
                if not _is_within(text, folder):
                    yield key, text
            elif key not in _NO_SECRET_GOES_THERE and _is_strange(key, text, known):
                yield key, origin_of(text) or "an address"


def check_found(
    file: ConfigFile,
    profile: str,
    secrets: Mapping[str, str],
    strangers: Iterable[tuple[str, str]],
) -> None:
    """
    Refuse a file that was found and leads secrets elsewhere.

    Args:
        file: The configuration.
        profile: The profile's name.
        secrets: The credentials: by key, where each is from.
        strangers: As `strange` says.

    Raises:
        ConfigError: Names the file, the place, the kinds of references, and how to trust it.
    """
    found = next(iter(strangers), None)
    if found is None or is_trusted(file):
        return
    key, place = found
    kinds = [f"{name} ({kind})" for name, kind in secrets.items()]
    joined = f", and would be used with {', '.join(kinds)}" if kinds else ""
    own = f"in {file.own} write trust = [{str(file.path.absolute().parent)!r}]" if file.own else ""
    raise ConfigError(
        f"{file.path}, which was found and not named, leads elsewhere: profile {profile!r} has "
        f"{key} = {place!r}{joined}",
        field=key,
        next_step="if you trust this file, name it (config=, or PORTRAITKIT_CONFIG)"
        + (f", or {own}" if own else ""),
    )


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in cast("Mapping[str, object]", value).values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in cast("list[object]", value):
            yield from _texts(each)


def _is_strange(key: str, text: str, known: set[str]) -> bool:
    if is_reference(text) or not ("://" in text or _ADDRESS.fullmatch(key.lower())):
        return False
    return not (is_loopback(text) or origin_of(text) in known)


def _is_within(text: str, folder: Path) -> bool:
    try:
        return (folder / text).resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):
        return True  # no such path is possible: to use it will say so
