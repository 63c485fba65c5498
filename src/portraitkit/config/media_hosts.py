"""The media hosts that a profile names: a folder that is served, or an object store."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from attrs import field, frozen

from ..values.errors import ConfigError, MediaError
from ..values.masking import masker
from ..values.media import FolderMediaHost, MediaHost, suffix_of
from ..values.origins import check_origin, is_loopback
from ..values.secret import Secret
from .profiles import Profile, resolve_secret
from .references import is_reference
from .settings import typed

T = TypeVar("T")

FOLDER_KEYS: Final = ("media_folder", "media_url")
MEDIA_KEYS: Final = (*FOLDER_KEYS, "media_host", "media_options", "media_link_life_s")
LINK_LIFE_S: Final = 86_400.0
"""A review takes minutes, but a queue or a person may hold it up for hours; a day outlasts both."""
_LONGEST_S: Final = 7 * 86_400.0
"""What S3 and Google Cloud Storage sign a link for at most."""
_EXAMPLE: Final = 'write it like media_host = "s3://bucket/prefix", "gs://…" or "az://…"'
_RETRIES: Final = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}
_SECRET_OPTION: Final = re.compile(r"key|secret|token|password")


@frozen
class ObjectStoreHost:
    """
    Keep files as private objects under random names until their reviews have ended.

    Attributes:
        url: Bucket and prefix.
        link_life: How long the presigned link to a file can be used.
    """

    url: str
    link_life: timedelta
    _store: Any = field(repr=False, eq=False)

    def publish(self, content: bytes, *, filename: str, content_type: str) -> str:
        """
        Store a file and return its presigned link.

        Raises:
            MediaError: The store cannot be reached, refuses, or cannot sign. Says what to change.
        """
        import obstore  # noqa: PLC0415  (an extra)

        name = secrets.token_hex(24) + suffix_of(filename)
        kind = {"Content-Type": content_type}
        # A store that cannot sign is to get no face.
        sign = partial(obstore.sign, self._store, "GET", name, self.link_life)
        link = self._try("presign a link", sign)
        self._try("store a file", partial(self._store.put, name, content, attributes=kind))
        return link

    def withdraw(self, url: str) -> None:
        """Delete the file that *url*, from `publish`, led to; it may have run out."""
        self._store.delete(urlsplit(url).path.rpartition("/")[2])

    def _try(self, what: str, call: Callable[[], T]) -> T:
        try:
            return call()
        except Exception as error:  # noqa: BLE001  (stores raise many kinds)
            told = f"{type(error).__name__}: {error}"
        # The store's own text is not shown, as it may quote a signed request.
        key, why, then = next(row for pattern, *row in _REFUSALS if re.search(pattern, told))
        if status := re.search(r"status code: (\d{3})", told):
            why += f" (HTTP {status[1]})"
        raise MediaError(
            f"the media host {self.url} could not {what}: {why}", field=key, next_step=then
        )


_REFUSALS: Final = (
    (
        "^FileNotFoundError",
        "media_host",
        "there is no such bucket",
        "create the bucket, or mend its name in media_host",
    ),
    (
        r"169\.254\.|metadata\.google|/latest/api/token",  # where a cloud's machine has its own
        "media_options",
        "no credentials are configured",
        "name them in media_options, or set the environment variables of that kind of store",
    ),
    (
        "^(PermissionDenied|Unauthenticated)Error",
        "media_options",
        "the credentials were refused",
        "check the credentials in media_options, and that they may write and delete there",
    ),
    (
        "error sending request|builder error|timed out",
        "media_options",
        "its endpoint cannot be reached",
        "check endpoint in media_options, and the network",
    ),
    (
        "SAS|[Ss]ign",
        "media_options",
        "these credentials cannot sign",
        "use an access key (S3), a service account (Google) or an account key (Azure)",
    ),
    ("", "media_options", "it refused", "check endpoint and region in media_options"),
)
"""What a refusal's text has in it, the key at fault, what to say, and what to do; first fits."""


class StandInHost:
    """Takes an object store's place while a test rehearses: nothing is stored."""

    def publish(self, content: bytes, *, filename: str, content_type: str) -> str:
        """Return a link that leads nowhere."""
        del content_type
        return (
            f"https://media.invalid/{hashlib.sha256(content).hexdigest()[:40]}{suffix_of(filename)}"
        )


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
    if "media_folder" in profile.settings and "media_host" not in given:
        raise _wrong(profile, "media_host", "stands beside media_folder", "keep one of them")
    bare = re.fullmatch(r"(s3|gs|az)://[\w.-]+(/[\w./-]*)?", url, re.ASCII)
    if not bare:
        problem = "is no address of a store that presigns links"
        raise _wrong(profile, "media_host", problem, _EXAMPLE)
    life_s = typed(
        (float,),
        "media_link_life_s",
        profile.settings.get("media_link_life_s", LINK_LIFE_S),
        profile,
    )
    if not 1 <= life_s <= _LONGEST_S:
        problem = f"has to be 1 to {_LONGEST_S:.0f} seconds"
        raise _wrong(profile, "media_link_life_s", problem, "86400 is a day")
    if rehearsed:
        return StandInHost()
    store = _opened(url, _options(profile, given), profile)
    return ObjectStoreHost(url, timedelta(seconds=life_s), store)


def _opened(url: str, options: Mapping[str, str | bool], profile: Profile) -> Any:
    """Prepare a store; nothing is sent yet."""
    try:
        from obstore.store import from_url  # noqa: PLC0415  (an extra)
    except ImportError:
        problem = "needs a package that is not installed"
        raise _wrong(profile, "media_host", problem, "pip install 'portraitkit[media]'") from None
    here = any("endpoint" in name and is_loopback(str(options[name])) for name in options)
    try:
        return from_url(
            url,
            config=options,
            client_options={"allow_http": True} if here else {},
            retry_config=_RETRIES,
        )
    except Exception as error:  # noqa: BLE001  (it has many kinds)
        clean = masker(str(each) for each in options.values())
        why = clean(str(error).partition("\n")[0])
    then = "see the options of obstore's store of that kind"
    raise _wrong(profile, "media_options", f"is not taken: {why}", then)


def _options(profile: Profile, given: Collection[str]) -> dict[str, str | bool]:
    """Read the store's options; what is secret by reference, as an `api_key` is."""
    table = typed((Mapping,), "media_options", profile.settings.get("media_options", {}), profile)
    options: dict[str, str | bool] = {}
    for name, value in table.items():
        key = f"media_options.{name}"
        found = value.reveal() if isinstance(value, Secret) else value
        found = found if isinstance(found, bool) else typed((str,), key, found, profile)
        is_secret = isinstance(found, str) and (is_reference(found) or _SECRET_OPTION.search(name))
        if is_secret and "media_options" not in given:
            found = resolve_secret(found, field=key, profile=profile).reveal()
        options[name] = check_origin(found, field=key) if "endpoint" in name else found
    return options


def _folder_host(profile: Profile) -> MediaHost | None:
    folder, url = (profile.settings.get(key) for key in FOLDER_KEYS)
    if folder is None and url is None:
        return None
    if not isinstance(folder, str) or not isinstance(url, str):
        raise ConfigError(
            f"profile {profile.name!r}: media_folder and media_url belong together, as strings",
            provider=profile.provider,
            field="media_folder" if isinstance(url, str) else "media_url",
            next_step="set the folder that files are written to, and the URL it is served under",
        )
    return FolderMediaHost((profile.folder or Path()) / folder, url)


def _wrong(profile: Profile, key: str, problem: str, next_step: str) -> ConfigError:
    return ConfigError(
        f"profile {profile.name!r}: {key} {problem}",
        provider=profile.provider,
        field=key,
        next_step=next_step,
    )
