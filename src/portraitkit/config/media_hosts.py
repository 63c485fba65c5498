"""The media hosts that a profile names: a folder that is served, or an object store."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

from ..values.errors import ConfigError
from ..values.media import FolderMediaHost, MediaHost, suffix_of
from ..values.origins import check_origin
from ..values.secret import Secret
from .profiles import Profile, resolve_secret
from .references import is_reference
from .settings import typed

FOLDER_KEYS: Final = ("media_folder", "media_url")
MEDIA_KEYS: Final = (*FOLDER_KEYS, "media_host", "media_options", "media_link_life_s")
LINK_LIFE_S: Final = 86_400.0
"""A review takes minutes, but a queue or a person may hold it up for hours; a day outlasts both."""
_LONGEST_S: Final = 7 * 86_400.0
"""What S3 and Google Cloud Storage sign a link for at most."""
_SECRET_OPTION: Final = re.compile(r"key|secret|token|password")


class StandInHost:
    """Takes an object store's place while a test rehearses: nothing is stored."""

    def publish(self, content: bytes, *, filename: str, content_type: str) -> str:
        """Return a link that leads nowhere."""
        del content_type
        name = hashlib.sha256(content).hexdigest()[:40] + suffix_of(filename)
        return f"https://media.invalid/{name}"


def media_host_of(profile: Profile, given: Collection[str], *, rehearsed: bool) -> MediaHost | None:
    """
    Make the media host that a profile names; None where it names none.

    Args:
        profile: With all of its settings.
        given: The keys that the caller gave in place of the file's.
        rehearsed: Whether no credential may be read and nothing may leave.

    Raises:
        ConfigError: It cannot be used. Says which key to change.
    """
    if profile.settings.get("media_host") is None:
        return _folder_host(profile)
    url = typed((str,), "media_host", profile.settings["media_host"], profile)
    life_s = profile.settings.get("media_link_life_s", LINK_LIFE_S)
    life_s = typed((float,), "media_link_life_s", life_s, profile)
    if "media_folder" in profile.settings and "media_host" not in given:
        raise _wrong(profile, "media_host", "stands beside media_folder", "keep one of them")
    if not re.fullmatch(r"(s3|gs|az)://[\w.-]+(/[\w.-]+)*/?", url, re.ASCII):
        problem = "is no address of a store that presigns links"
        then = 'write it like media_host = "s3://bucket/prefix", "gs://…" or "az://…"'
        raise _wrong(profile, "media_host", problem, then)
    if not 1 <= life_s <= _LONGEST_S:
        problem = f"has to be 1 to {_LONGEST_S:.0f} seconds"
        raise _wrong(profile, "media_link_life_s", problem, "86400 is a day")
    life = timedelta(seconds=life_s)
    return StandInHost() if rehearsed else _object_store(profile, given, url, life)


def _object_store(
    profile: Profile, given: Collection[str], url: str, link_life: timedelta
) -> MediaHost:
    options = typed((Mapping,), "media_options", profile.settings.get("media_options", {}), profile)
    plain = "media_options" in given
    read = {name: _option(name, each, profile, given=plain) for name, each in options.items()}
    try:
        from ..engine.object_store import ObjectStoreHost  # noqa: PLC0415  (an extra)

        return ObjectStoreHost.opened(url, read, link_life)
    except ImportError:
        key, problem = "media_host", "needs a package that is not installed"
        then = "pip install 'portraitkit[media]'"
    except ValueError as error:
        key, problem = "media_options", f"is not taken: {error}"
        then = "see the options of obstore's store of that kind"
    raise _wrong(profile, key, problem, then)


def _option(name: str, value: object, profile: Profile, *, given: bool) -> str | bool:
    """Read one of the store's options; what is secret by reference, as an `api_key` is."""
    key = f"media_options.{name}"
    value = value.reveal() if isinstance(value, Secret) else value
    if isinstance(value, bool):
        return value
    text: str = typed((str,), key, value, profile)
    if not given and (is_reference(text) or _SECRET_OPTION.search(name)):
        text = resolve_secret(text, field=key, profile=profile).reveal()
    return check_origin(text, field=key) if "endpoint" in name else text


def _folder_host(profile: Profile) -> MediaHost | None:
    folder, url = (profile.settings.get(key) for key in FOLDER_KEYS)
    if folder is None and url is None:
        return None
    if not isinstance(folder, str) or not isinstance(url, str):
        key, other = FOLDER_KEYS if isinstance(url, str) else FOLDER_KEYS[::-1]
        then = "set the folder that files are written to, and the URL it is served under"
        raise _wrong(profile, key, f"and {other} belong together, as strings", then)
    return FolderMediaHost((profile.folder or Path()) / folder, url)


def _wrong(profile: Profile, key: str, problem: str, next_step: str) -> ConfigError:
    return ConfigError(
        f"profile {profile.name!r}: {key} {problem}",
        provider=profile.provider,
        field=key,
        next_step=next_step,
    )
