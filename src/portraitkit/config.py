"""
Profiles: which vendor, with which account, read from `portraitkit.toml` or `pyproject.toml`.

    profile = "alltoken"                      # PORTRAITKIT_PROFILE overrides

    [profiles.alltoken]
    api_key = "env:ALLTOKEN_API_KEY"          # or file:PATH, or keyring:SERVICE/USER

There is never a default vendor, and no text from here shows a secret.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final, cast

import attrs
from attrs import field, frozen

from .configfile import FILE_NAME, ConfigFile, Environ, find_file, kind_of, nearest
from .errors import ConfigError, frameless, mask_links
from .origins import check_origin
from .references import is_reference, read_reference, show_reference
from .secret import MASK, Secret

__all__ = [
    "Profile",
    "check_keys",
    "check_origin",
    "explain_config",
    "find_profile",
    "find_profile_of",
    "load_profile",
    "resolve_secret",
]

_EXAMPLE: Final = '[profiles.alltoken] with api_key = "env:ALLTOKEN_API_KEY"'
_SECRET_KEY: Final = re.compile(r"(?i)key|secret|token|passw|credential|signature|cookie|auth")
_OPEN_KEY: Final = re.compile(r"provider|region|account|failover|.*_(url|name|folder|model)")
_LIKE_A_SECRET: Final = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])\S{16,}")
_USER: Final = re.compile(r"//[^/?#\s]*@")

_hide_in_urls = mask_links


@frozen(kw_only=True)
class Profile:
    """
    One provider with one account's settings.

    Attributes:
        name: As in `[profiles.<name>]`.
        provider: The adapter's name; the profile's own name where the file gives no other.
        settings: The profile's keys without `provider`. References to secrets are still unread.
        origins: Where each key, `provider` and the choice of `profile` came from.
        folder: What relative paths in the settings are relative to.
        come_upon: The file, where it was found on the way upwards, and the user neither named nor
            trusts it.
    """

    name: str
    provider: str
    settings: Mapping[str, object] = field(factory=dict[str, object], repr=False)
    origins: Mapping[str, str] = field(factory=dict[str, str], repr=False)
    folder: Path | None = None
    come_upon: Path | None = None


def load_profile(
    name: str | None = None,
    *,
    config: Path | str | None = None,
    environ: Environ | None = None,
    cwd: Path | str | None = None,
) -> Profile:
    """
    Find the configuration and read one profile.

    Args:
        name: Else PORTRAITKIT_PROFILE, else what the file calls `profile`.
        config: The file; else PORTRAITKIT_CONFIG, else the nearest upwards from *cwd*, else the one
            in the user's configuration folder.
        environ: Replaces the environment variables.
        cwd: Replaces the working directory.

    Raises:
        ConfigError: There is no configuration, no profile is chosen, or it cannot be used.
    """
    environ = os.environ if environ is None else environ
    file, looked = find_file(config, environ, cwd)
    chosen, chosen_by = _choice(name, file, environ)
    if file is None:
        lost = f"profile {chosen!r} cannot be found: " if chosen else ""
        places = "".join(f"  {place}\n" for place in looked)
        raise ConfigError(
            f"{lost}there is no configuration. Looked for\n{places}and found none",
            next_step=f"write {FILE_NAME}, for the vendor of your choice, such as {_EXAMPLE}",
        )
    known = ", ".join(file.profiles) or "none"
    if chosen is None:
        raise ConfigError(
            f"{file.path} chooses no profile",
            next_step=f"name one, set PORTRAITKIT_PROFILE, or write profile at its top: {known}",
        )
    if chosen not in file.profiles:
        raise ConfigError(
            f"{file.path} has no profile {chosen!r}, which is chosen by {chosen_by}",
            next_step=f"{nearest(chosen, file.profiles)}its profiles: {known}",
        )
    return _profile(file, chosen, chosen_by)


def find_profile(
    name: str,
    *,
    config: Path | str | None = None,
    environ: Environ | None = None,
    cwd: Path | str | None = None,
) -> Profile | None:
    """
    Read the profile of that name; None if there is none, or no configuration at all.

    Raises:
        ConfigError: A configuration is there and cannot be used.
    """
    name = _checked_name(name)
    file, _ = find_file(config, os.environ if environ is None else environ, cwd)
    if file is None or name not in file.profiles:
        return None
    return _profile(file, name, "the caller")


def find_profile_of(
    vendor: str | None,
    *,
    config: Path | str | None = None,
    environ: Environ | None = None,
    cwd: Path | str | None = None,
) -> str | None:
    """
    Name the profile of a vendor, or of any: the chosen one if it is, else the first in the file.

    Raises:
        ConfigError: A configuration is there and cannot be used.
    """
    environ = os.environ if environ is None else environ
    file, _ = find_file(config, environ, cwd)
    chosen, _ = _choice(None, file, environ)
    if vendor is None or file is None:
        return chosen if vendor is None else None
    names = [name for name, keys in file.profiles.items() if keys.get("provider", name) == vendor]
    return chosen if chosen in names else next(iter(names), None)


def check_keys(profile: Profile, known: Collection[str]) -> None:
    """
    Refuse a key that nobody reads.

    Raises:
        ConfigError: Names the key and the nearest known one.
    """
    for key in profile.settings:
        if key not in known:
            raise ConfigError(
                f"profile {profile.name!r}: unknown key {key!r}",
                field=key,
                next_step=f"{nearest(key, known)}known keys: {', '.join(sorted(known))}",
            )


def resolve_secret(
    reference: str, *, field: str, profile: Profile, environ: Environ | None = None
) -> Secret:
    """
    Read the secret that a profile's key names: `env:NAME`, `file:PATH`, `keyring:SERVICE/USER`.

    Raises:
        ConfigError: It leads nowhere. Names profile, key and place, never the value.
    """
    return read_reference(
        reference,
        field=field,
        where=f"profile {profile.name!r}, key {field}",
        folder=profile.folder,
        environ=os.environ if environ is None else environ,
    )


@frameless
def explain_config(
    profile: str | None = None,
    *,
    config: Path | str | None = None,
    environ: Environ | None = None,
    cwd: Path | str | None = None,
) -> str:
    """
    Say what a profile's settings are and where each came from. Nothing secret is read or shown.

    Args:
        profile: As for `connect`; None is the active one.
        config: The file, where it is not to be looked for.
        environ: Replaces the environment variables.
        cwd: Replaces the working directory.

    Raises:
        ConfigError: As `connect` would: no configuration, no such profile, or one that is broken.
    """
    environ = os.environ if environ is None else environ
    found = load_profile(profile, config=config, environ=environ, cwd=cwd)
    rows = [
        ("profile", found.name, f"chosen by {found.origins['profile']}"),
        ("provider", found.provider, found.origins["provider"]),
    ]
    for key, value in found.settings.items():
        rows.append((key, _shown(key, value, found, environ), found.origins[key]))
    for key, value in _defaults(found):
        if key not in found.settings:
            rows.append((key, _shown(key, value, found, environ), "default"))
    table = [("key", "value", "from"), *rows]
    widths = [max(len(row[column]) for row in table) for column in (0, 1)]
    return "\n".join(f"{a:{widths[0]}}  {b:{widths[1]}}  {c}".rstrip() for a, b, c in table)


def _choice(name: str | None, file: ConfigFile | None, environ: Environ) -> tuple[str | None, str]:
    """Which profile is meant, and who says so."""
    if name is not None:
        return _checked_name(name), "the caller"
    if chosen := environ.get("PORTRAITKIT_PROFILE"):
        return chosen, "PORTRAITKIT_PROFILE"
    return (file.active, str(file.path)) if file else (None, "")


def _checked_name(name: object) -> str:
    if isinstance(name, str):
        return name
    raise ConfigError(
        "the profile's name has to be a string",
        field="profile",
        next_step="pass a profile's or an adapter's name, or none for the configured one",
    )


def _profile(file: ConfigFile, name: str, chosen_by: str) -> Profile:
    settings = dict(file.profiles[name])
    provider = settings.pop("provider", name)
    if not isinstance(provider, str):
        raise ConfigError(
            f"profile {name!r}: provider must be a string, not {kind_of(provider)}",
            field="provider",
        )
    origins = dict.fromkeys(file.profiles[name], str(file.path))
    if "provider" not in origins:
        origins["provider"] = "default: the profile's name"
    return Profile(
        name=name,
        provider=provider,
        settings=settings,
        origins={**origins, "profile": chosen_by},
        folder=file.path.absolute().parent,
        come_upon=file.path if file.come_upon else None,
    )


def _defaults(profile: Profile) -> Iterator[tuple[str, object]]:
    """The plain defaults of an installed adapter's settings."""
    for entry in list(entry_points(group="portraitkit.providers", name=profile.provider))[:1]:
        try:
            adapter: Any = entry.load()
        except (ImportError, AttributeError):
            return  # `connect` will say so; what the file holds can be told all the same
        if choose := getattr(adapter, "chosen_by", None):
            adapter = choose(profile.settings)
        for each in attrs.fields(adapter) if attrs.has(adapter) else ():
            if isinstance(each.default, str | bool | int | float) and each.default != "":
                yield each.name, each.default


def _shown(key: str, value: object, profile: Profile, environ: Environ) -> str:
    if isinstance(value, Mapping | list) and not _SECRET_KEY.search(key):
        parts = cast("Mapping[str, object] | list[object]", value)
        return _shown_parts(key, parts, profile, environ)
    if isinstance(value, str) and is_reference(value):
        return show_reference(value, folder=profile.folder, environ=environ)
    if _SECRET_KEY.search(key) and not isinstance(value, bool):
        return f"{MASK[:-1]} in the file itself>"
    if not isinstance(value, str):
        return json.dumps(value)
    if not _OPEN_KEY.fullmatch(key) and _LIKE_A_SECRET.fullmatch(value):
        return f"{MASK[:-1]}, perhaps: it looks like one>"
    return json.dumps(_USER.sub(f"//{MASK}@", _hide_in_urls(value)), ensure_ascii=False)


def _shown_parts(
    key: str, value: Mapping[str, object] | list[object], profile: Profile, environ: Environ
) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_shown(key, each, profile, environ) for each in value)}]"
    inner = (f"{k} = {_in_table(k, v, profile, environ)}" for k, v in value.items())
    return f"{{{', '.join(inner)}}}"


def _in_table(key: str, value: object, profile: Profile, environ: Environ) -> str:
    # A table maps names to a vendor's own ids, which are long, have digits and are no secret.
    plain = isinstance(value, str) and not _SECRET_KEY.search(key)
    return _shown("vendor_name" if plain else key, value, profile, environ)
