"""What a configuration means, in words that a person can check."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import attrs

from ..values.errors import ConfigError, without_frames
from ..values.secret import MASK
from .file import Environ
from .profiles import Profile, hide_in_urls, load_profile
from .references import is_reference, show_reference

if TYPE_CHECKING:
    from ..operations.provider import PortraitProvider

_SECRET_KEY: Final = re.compile(r"(?i)key|secret|token|passw|credential|signature|cookie|auth")


_OPEN_KEY: Final = re.compile(
    r"provider|region|account|failover|media_host|.*endpoint|.*_(url|name|folder|model)"
)


_LIKE_A_SECRET: Final = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])\S{16,}")


_USER: Final = re.compile(r"//[^/?#\s]*@")


@without_frames
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
    adapter = _adapter(found)
    for key, value in _defaults(adapter):
        if key not in found.settings:
            rows.append((key, _shown(key, value, found, environ), "default"))
    refused = _refused(adapter, found)
    if refused is not None:
        rows = [(key, at, f"{c}; REFUSED" if key == refused.field else c) for key, at, c in rows]
    table = [("key", "value", "from"), *rows]
    widths = [max(len(row[column]) for row in table) for column in (0, 1)]
    lines = [f"{a:{widths[0]}}  {b:{widths[1]}}  {c}".rstrip() for a, b, c in table]
    return "\n".join([*lines, f"\nconnect refuses it: {refused}"] if refused else lines)


def _adapter(profile: Profile) -> Any:
    """The adapter of a profile; None if there is none, as `connect` will say."""
    from ..providers.registry import provider_class  # noqa: PLC0415  (it loads all adapters need)

    try:
        adapter = provider_class(profile.provider, profile.table)
        return adapter.chosen_by(profile.settings)
    except ConfigError:
        return None


def _refused(adapter: Any, profile: Profile) -> ConfigError | None:
    """What of a file that was only found is not done without the user's word."""
    from .trusting import check_trust  # noqa: PLC0415  (it loads all that adapters need)

    cls: type[PortraitProvider] | None = adapter
    try:
        if cls is not None and not profile.settings.get("simulated"):
            check_trust(cls, profile, ())
    except ConfigError as error:
        return error
    return None


def _defaults(adapter: Any) -> Iterator[tuple[str, object]]:
    """The plain defaults of an adapter's settings."""
    for each in attrs.fields(adapter) if adapter else ():
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
    return json.dumps(_USER.sub(f"//{MASK}@", hide_in_urls(value)), ensure_ascii=False)


def _shown_parts(
    key: str, value: Mapping[str, object] | list[object], profile: Profile, environ: Environ
) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_shown(key, each, profile, environ) for each in value)}]"
    show = _shown if key == "media_options" else _in_table
    inner = (f"{k} = {show(k, v, profile, environ)}" for k, v in value.items())
    return f"{{{', '.join(inner)}}}"


def _in_table(key: str, value: object, profile: Profile, environ: Environ) -> str:
    # A table maps names to a vendor's own ids, which are long, have digits and are no secret.
    plain = isinstance(value, str) and not _SECRET_KEY.search(key)
    return _shown("vendor_name" if plain else key, value, profile, environ)
