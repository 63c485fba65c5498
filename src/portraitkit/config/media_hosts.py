"""The media hosts that a profile names: a folder that is served, or an object store."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
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
        sign = partial(obstore.sign, self._store, "GET", name, self.link_life)
        kind = {"Content-Type": content_type}
        link = self._try("presign a link", sign)  # one that cannot is to get no face
        self._try("store a file", partial(self._store.put, name, content, attributes=kind))
        return link

    def withdraw(self, url: str) -> None:
        """Delete the file that *url*, from `publish`, led to; it may have run out."""
        with suppress(FileNotFoundError):  # it was taken back before
            self._store.delete(urlsplit(url).path.rpartition("/")[2])

    def _try(self, what: str, call: Callable[[], T]) -> T:
        try:
            return call()
        except Exception as error:  # noqa: BLE001  (stores raise many kinds)
            told = f"{what}: {type(error).__name__}: {error}"
        # The store's own text is not shown, as it may quote a signed request.
        why, key, then = next(row for pattern, *row in _REFUSALS if re.search(pattern, told))
        status = re.search(r"status code: (\d{3})", told)
        why += f" (HTTP {status[1]})" if status else ""
        message = f"the media host {self.url} could not {what}: {why}"
        raise MediaError(message, field=key, next_step=then)


_ENDPOINT: Final = "check endpoint and region in media_options, and the network"
_REFUSALS: Final = (
    (
        "^presign",
        "it has no credentials that can sign",
        "media_options",
        "name an access key (S3), service account (Google) or account key (Azure) in media_options",
    ),
    (
        "FileNotFoundError",
        "there is no such bucket",
        "media_host",
        "create the bucket, or mend its name in media_host",
    ),
    (
        "(PermissionDenied|Unauthenticated)Error",
        "it refused the credentials",
        "media_options",
        "check the credentials in media_options, and that they may write and delete there",
    ),
    ("status code", "it refused", "media_options", _ENDPOINT),
    ("", "it cannot be reached", "media_options", _ENDPOINT),
)
"""What a failure's text has in it, what it means, the key at fault and what to do; first fits."""


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
    settings: dict[str, Any] = {
        "media_link_life_s": LINK_LIFE_S,
        "media_options": {},
        **profile.settings,
    }
    if settings.get("media_host") is None:
        return _folder_host(profile)
    url = typed((str,), "media_host", settings["media_host"], profile)
    life_s = typed((float,), "media_link_life_s", settings["media_link_life_s"], profile)
    options = typed((Mapping,), "media_options", settings["media_options"], profile)
    if "media_folder" in settings and "media_host" not in given:
        raise _wrong(profile, "media_host", "stands beside media_folder", "keep one of them")
    if not re.fullmatch(r"(s3|gs|az)://[\w.-]+(/[\w./-]*)?", url, re.ASCII):
        problem = "is no address of a store that presigns links"
        then = 'write it like media_host = "s3://bucket/prefix", "gs://…" or "az://…"'
        raise _wrong(profile, "media_host", problem, then)
    if not 1 <= life_s <= _LONGEST_S:
        problem = f"has to be 1 to {_LONGEST_S:.0f} seconds"
        raise _wrong(profile, "media_link_life_s", problem, "86400 is a day")
    if rehearsed:
        return StandInHost()
    plain = "media_options" in given
    read = {name: _option(name, each, profile, given=plain) for name, each in options.items()}
    return ObjectStoreHost(url, timedelta(seconds=life_s), _opened(url, read, profile))


def _opened(url: str, options: Mapping[str, str | bool], profile: Profile) -> Any:
    """Prepare a store; nothing is sent yet."""
    try:
        from obstore import store  # noqa: PLC0415  (an extra)
    except ImportError:
        problem = "needs a package that is not installed"
        raise _wrong(profile, "media_host", problem, "pip install 'portraitkit[media]'") from None
    here = any("endpoint" in name and is_loopback(str(each)) for name, each in options.items())
    client = {"allow_http": True} if here else {}
    from_url: Any = store.from_url  # typed for each kind of store by itself
    try:
        return from_url(url, config=options, client_options=client, retry_config=_RETRIES)
    except Exception as error:  # noqa: BLE001  (it has many kinds)
        clean = masker(map(str, options.values()))
        problem = f"is not taken: {clean(str(error).partition(chr(10))[0])}"
    then = "see the options of obstore's store of that kind"
    raise _wrong(profile, "media_options", problem, then)


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
