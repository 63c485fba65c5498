"""
Profiles: which vendor, with which account, read from `portraitkit.toml` or `pyproject.toml`.

    profile = "alltoken"                      # PORTRAITKIT_PROFILE overrides

    [profiles.alltoken]
    api_key = "env:ALLTOKEN_API_KEY"          # or file:PATH, or keyring:SERVICE/USER

There is never a default vendor, and no text from here shows a secret.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from attrs import field, frozen

from ..values.errors import ConfigError
from ..values.masking import mask_links
from ..values.origins import check_origin
from ..values.secret import Secret
from .file import FILE_NAME, ConfigFile, Environ, find_file, kind_of, nearest
from .references import read_reference

__all__ = [
    "Profile",
    "check_keys",
    "check_origin",
    "find_profile",
    "find_profile_of",
    "load_profile",
    "profile_names",
    "resolve_secret",
]

_EXAMPLE: Final = '[profiles.alltoken] with api_key = "env:ALLTOKEN_API_KEY"'

hide_in_urls = mask_links


@frozen(kw_only=True)
class Profile:
    """
    One provider with one account's settings.

    Attributes:
        name: As in `[profiles.<name>]`.
        provider: The adapter's name; the profile's own name where the file gives no other.
        settings: The profile's keys without `provider`. References to secrets are still unread.
        origins: Where each key, `provider` and the choice of `profile` came from.
        table: The vendor, where the file describes it itself in `[vendors.<name>]`.
        folder: What relative paths in the settings are relative to.
        come_upon: The file, where it was found on the way upwards, and the user neither named nor
            trusts it.
    """

    name: str
    provider: str
    settings: Mapping[str, object] = field(factory=dict[str, object], repr=False)
    origins: Mapping[str, str] = field(factory=dict[str, str], repr=False)
    table: Mapping[str, object] | None = field(default=None, repr=False)
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


def profile_names(*, config: Path | str | None = None, environ: Environ | None = None) -> list[str]:
    """
    Name every profile of the configuration; none where there is no configuration.

    Raises:
        ConfigError: A configuration is there and cannot be used.
    """
    file, _ = find_file(config, os.environ if environ is None else environ, None)
    return [] if file is None else list(file.profiles)


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
        table=file.vendors.get(provider),
        folder=file.path.absolute().parent,
        come_upon=file.path if file.come_upon else None,
    )
