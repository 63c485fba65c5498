"""
A media host in an object store: S3 and what speaks its interface, Google Cloud Storage, Azure.

The only module that knows obstore, which is an extra.
"""

from __future__ import annotations

import io
import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, BinaryIO, Final, Self, TypeVar
from urllib.parse import urlsplit

import obstore
from attrs import field, frozen
from obstore import store

from ..values.errors import MediaError
from ..values.masking import masker
from ..values.media import suffix_of
from ..values.origins import is_loopback

T = TypeVar("T")
_RETRIES: Final = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}
"""An object under a name of its own may be sent again; a store that is away is to be told soon."""
_TIMEOUT: Final = timedelta(minutes=1)
"""For one request: obstore sends what is large in parts of 5 MB."""


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

    @classmethod
    def opened(cls, url: str, options: Mapping[str, str | bool], link_life: timedelta) -> Self:
        """
        Prepare a store, by options of obstore's; nothing is sent yet.

        Raises:
            ValueError: They are not options of such a store. Shows none of their values.
        """
        here = any("endpoint" in name and is_loopback(str(options[name])) for name in options)
        client = {"timeout": _TIMEOUT, **({"allow_http": True} if here else {})}
        from_url: Any = store.from_url  # typed for each kind of store by itself
        try:
            made = from_url(url, config=options, client_options=client, retry_config=_RETRIES)
        except Exception as error:  # noqa: BLE001  (it has many kinds)
            problem = masker(map(str, options.values()))(str(error).partition("\n")[0])
        else:
            return cls(url, link_life, made)
        raise ValueError(problem)

    def publish(self, content: bytes, *, filename: str, content_type: str) -> str:
        """Store a file and return its presigned link, as `publish_file` does."""
        return self.publish_file(io.BytesIO(content), filename=filename, content_type=content_type)

    def publish_file(self, file: BinaryIO, *, filename: str, content_type: str) -> str:
        """
        Store a file and return its presigned link; a few parts of 5 MB are in memory at a time.

        Raises:
            MediaError: The store cannot be reached, refuses, or cannot sign. Says what to change.
        """
        name = secrets.token_hex(24) + suffix_of(filename)
        sign = partial(obstore.sign, self._store, "GET", name, self.link_life)
        kind = {"Content-Type": content_type}
        link = self._try("presign a link", sign)  # one that cannot is to get no face
        put = partial(self._store.put, name, file, attributes=kind, max_concurrency=1)
        self._try("store a file", put)
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
