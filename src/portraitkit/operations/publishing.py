"""Files at the caller's media host: put there for a vendor to fetch, and taken back afterwards."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from attrs import evolve

from ..values.body import FileBody
from ..values.errors import MediaError, OutcomeUnknownError, PortraitError
from ..values.media import Link, MediaHost, Upload, as_link
from ..values.models import Asset
from ..values.secret import Secret
from ..wire.steps import Flow, work
from .guarding import guarded

if TYPE_CHECKING:
    from ..vendor.calls import VendorCalls

T = TypeVar("T")
_log: Final = logging.getLogger("portraitkit")


def publish(provider: VendorCalls, upload: Upload) -> Flow[Link]:
    """Make a file reachable for a vendor that takes only URLs."""
    host: MediaHost | None = provider.media_host
    if host is None:
        raise MediaError(
            f"{provider.name} takes {upload.content_type} by public URL only",
            provider=provider.name,
            field="source",
            next_step="pass an https URL, or configure a media host: media_host for an object "
            "store, or media_folder and media_url (docs/media-hosts.md)",
        )
    url = Secret((yield from work(partial(_published, host, upload))))
    try:
        if isinstance(upload.body, FileBody):  # of one that changed, nobody knows what was read
            yield from work(upload.body.check)
        return evolve(as_link(url.reveal(), media=upload.media), published=url)
    except MediaError:  # no vendor could fetch it, or should
        yield from _withdraw(provider, url)
        raise


def _published(host: MediaHost, upload: Upload) -> str:
    """Call the caller's own code, which raises what it likes."""
    kind = {"filename": upload.filename, "content_type": upload.content_type}
    publish_file: Any = getattr(host, "publish_file", None)
    try:
        if publish_file is None:
            return str(host.publish(upload.content, **kind))  # one that forgets to return, too
        with upload.open() as file:
            return str(publish_file(file, **kind))
    except PortraitError:
        raise
    except Exception as error:
        raise MediaError(
            f"the media host failed: {type(error).__name__}: {error}",
            field="source",
            next_step="see to the media host, or pass an https URL",
        ) from error


def kept_if_made(create: Flow[T], provider: VendorCalls, links: Iterable[Link]) -> Flow[T]:
    """Run a create; take back what was published for it if it certainly made nothing."""
    try:
        return (yield from guarded(create, provider, ""))
    except PortraitError as error:
        if not isinstance(error, OutcomeUnknownError):
            for link in links:
                yield from _withdraw(provider, link.published)
        raise


def reviewed(provider: VendorCalls, asset: Asset) -> Flow[Asset]:
    """Take back what was published for an asset, if its review has ended."""
    if asset.published is None or not asset.status.is_settled:
        return asset
    yield from _withdraw(provider, asset.published)
    return evolve(asset, published=None)


def _withdraw(provider: VendorCalls, url: Secret | None) -> Flow[None]:
    withdraw: Any = getattr(provider.media_host, "withdraw", None)
    if url and withdraw:
        yield from work(partial(_withdrawn, withdraw, url))


def _withdrawn(withdraw: Any, url: Secret) -> None:
    try:
        withdraw(url.reveal())
    except Exception as error:  # noqa: BLE001  (the caller's own code; the asset does not suffer)
        _log.warning("the media host could not take a file back: %s", type(error).__name__)
