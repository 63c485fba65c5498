"""
What a configuration may say that was only found, and not named.

A file on the way upwards may have come with somebody else's work. It may say which secrets of the
user a vendor is sent, but not name another place to send them to, nor one outside its folder to
write into, nor take a safeguard away: that takes the user's word.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_args

import attrs

from ..operations.provider import PortraitProvider
from ..values.errors import ConfigError
from ..values.masking import mask_links
from ..values.origins import ORIGIN_KEYS, check_origin, is_loopback, origin_of
from ..values.secret import Secret
from ..wire.codec import texts_in
from .profiles import Profile
from .references import is_reference

_PLACES: Final = ("journal", "ledger", "media_folder")
"""Configuration keys that say where something is written."""
_ONLY_TRUSTED: Final = {
    "allow_private_addresses": "take a safeguard away",
    "media_host": "choose where faces are stored",
    "media_options": "choose where faces are stored",
}
"""Keys that take the user's word, whatever the secrets are, and what they would do."""
_ADDRESSES: Final = ("url", "host", "endpoint", "origin")
"""How an adapter's keys end that say where something is sent."""


def check_trust(cls: type[PortraitProvider], profile: Profile, replaced: Collection[str]) -> None:
    """
    Refuse to use the user's secrets where a file says that the user never vouched for.

    Args:
        cls: The adapter.
        profile: With what its file says.
        replaced: The keys that the caller gave in place of the file's.

    Raises:
        ConfigError: Names the file, a secret's key, the place, and how to trust the file.
    """
    if profile.come_upon is None:
        return
    resolved: Any = attrs.resolve_types(cls)
    fields = attrs.fields(resolved)
    credentials = [each.name for each in fields if Secret in (each.type, *get_args(each.type))]
    found = profile.settings
    for key in ORIGIN_KEYS & found.keys():
        if isinstance(url := found[key], str):
            _ = check_origin(url, field=key)
    # What stands in the file itself is the file's writer's own.
    users = [k for k in credentials if k in replaced or is_reference(str(found.get(k, "")))]
    own = {key: value for key, value in found.items() if key not in (*replaced, *credentials)}
    if users and profile.table is not None:
        brings = f"would bring {users[0]} together with a vendor that the file describes itself"
        raise _untrusted(cls, profile, "provider", brings)
    for key, would in _ONLY_TRUSTED.items():
        if own.get(key):
            raise _untrusted(cls, profile, key, f"would {would} by {key}")
    for key, text in _away(cls, own, profile.folder or Path()) if users else ():
        where = "" if is_reference(text) else f" {mask_links(text)}"
        brings = f"would bring {users[0]} together with the foreign {key}{where}"
        raise _untrusted(cls, profile, key, brings)


def _untrusted(cls: type[PortraitProvider], profile: Profile, key: str, what: str) -> ConfigError:
    return ConfigError(
        f"{profile.come_upon} was found and not named: its profile {profile.name!r} {what}",
        provider=cls.name,
        field=key,
        next_step=f"if the file is yours, write trust = [{json.dumps(str(profile.folder))}] at the "
        "top of portraitkit.toml in your own configuration folder, or name the file in "
        "PORTRAITKIT_CONFIG",
    )


def _away(
    cls: type[PortraitProvider], settings: Mapping[str, Any], folder: Path
) -> Iterator[tuple[str, str]]:
    """The settings that lead out of the vendor's own places, this machine and the folder."""
    known = {origin_of(str(each.default)) for each in attrs.fields(cls)} - {""}
    for key, value in settings.items():
        for text in texts_in(value):
            if key in _PLACES and "://" not in text:
                leads = not _is_within(text, folder)
            elif key == "rate_limiter":  # a reference to a file is the file's writer's own
                leads = not text.startswith(("env:", "keyring:"))
            else:
                leads = key != "callback_url" and ("://" in text or key.endswith(_ADDRESSES))
            if leads and not is_loopback(text) and origin_of(text) not in known:
                yield key, text


def _is_within(text: str, folder: Path) -> bool:
    try:
        return (folder / text).resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):
        return True  # there is no such path, as its use will say
