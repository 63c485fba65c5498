"""Media on its way in: read, check, publish or fetch, then register."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from attrs import evolve

from ..values.errors import MediaError, PortraitError
from ..values.media import Link, Upload, as_upload
from ..values.models import Asset, Failure, Group, GroupRef
from ..values.secret import Secret
from ..values.sources import MediaSource, MediaSources, Source, as_source, as_sources, read_source
from ..values.statuses import AssetStatus, MediaType
from ..vendor.answers import with_findings
from ..wire.steps import Flow, Request, parts, pause, work
from .downloading import follow
from .guarding import guarded
from .publishing import kept_if_made, publish, reviewed
from .reconciling import reconciled
from .searching import GRACE_S, assets_of

if TYPE_CHECKING:
    from ..vendor.calls import VendorCalls

FETCH_LIMIT_BYTES: Final = 64 * 1024 * 1024


def add_asset(
    provider: VendorCalls,
    group: GroupRef,
    source: MediaSource,
    *,
    name: str,
    media: MediaType | None,
    strict_limits: bool | None,
) -> Flow[Asset]:
    """Bring a source into the form that the vendor takes, then register it."""
    if not provider.supports("add_asset"):
        provider.refuse("add_asset")
    if strict_limits is not None:  # adapters compare more, by the provider's own setting
        provider = evolve(provider, strict_limits=strict_limits)
    source = as_source(source, name, media)
    name = source.name or source.stem
    findings = provider.check_name(name, strict_limits=strict_limits) if name else ()
    item = yield from take_in(provider, source)
    if isinstance(item, Upload):
        if rules := provider.media_rules.get(item.media):
            findings += provider.limits(tuple(rules.check(item)), strict_limits)
        if not provider.takes_upload(item):
            item = yield from publish(provider, item)
        elif "add_upload" in provider.nameless:  # a name of its own would cost another call
            name = source.name
    listing = assets_of(provider, group, "add_upload" if isinstance(item, Upload) else "add_link")
    create = partial(_registered, provider, group, item)
    added = reconciled(provider, listing, name, create, lambda found: found)
    if isinstance(item, Link) and item.published:
        added = _from_host(added, provider, item)
    asset = yield from with_findings(added, findings, provider)
    # Whose face its group holds is kept, where that is known.
    return evolve(asset, group_kind=group.kind) if isinstance(group, Group) else asset


def _registered(
    provider: VendorCalls, group: GroupRef, item: Upload | Link, name: str
) -> Flow[Asset]:
    if isinstance(item, Upload):
        return provider.add_upload(group, item, name=name)
    return provider.add_link(group, item, name=name)


def _from_host(added: Flow[Asset], provider: VendorCalls, link: Link) -> Flow[Asset]:
    asset = yield from kept_if_made(added, provider, [link])
    return (yield from reviewed(provider, evolve(asset, published=link.published)))


def add_assets(provider: VendorCalls, group: GroupRef, sources: MediaSources) -> Flow[list[Asset]]:
    """
    Register one after another; a part that fails becomes a failed asset.

    The next one waits for as long as the vendor then wants to be left alone, a minute at most.
    """
    if not provider.supports("add_assets"):
        provider.refuse("add_assets")
    added: list[Asset] = []
    rest_s = 0.0
    for index, source in enumerate(as_sources(sources)):
        if rest_s:
            _ = yield from pause(min(rest_s, GRACE_S))
        rest_s = 0.0
        yield from parts(index)
        try:
            part = add_asset(provider, group, source, name="", media=None, strict_limits=None)
            added.append((yield from guarded(part, provider, "add_assets")))
        except PortraitError as error:
            added.append(failed_asset(provider, error))
            rest_s = error.retry_after_s or 0.0
        yield from parts(index, made=added[-1:])
    return added


def failed_asset(provider: VendorCalls, error: PortraitError) -> Asset:
    """Stand for a part that could not be added."""
    code = error.code or type(error).__name__
    failure = Failure(code=code, message=error.message, error=error.with_traceback(None))
    return Asset(
        provider=provider.name,
        account=provider.account,
        id=None,
        status=AssetStatus.FAILED,
        failure=failure,
        findings=error.findings,
    )


def take_in(provider: VendorCalls, source: Source) -> Flow[Upload | Link]:
    """Read a source, or keep its URL; fetch the URL where the vendor takes only bytes."""
    item = yield from work(partial(read_source, source))
    if isinstance(item, Upload) or provider.supports("add_link"):
        return item
    content = yield from fetch(item.url, public_only=provider.public_only)
    filename = Path(urlsplit(item.url.reveal()).path).name
    return as_upload(content, filename=filename, media=source.media)


def fetch(url: Secret, *, public_only: bool) -> Flow[bytes]:
    """Fetch a caller's own URL: without credentials, with a size cap."""
    request = Request(
        method="GET",
        url=url.reveal(),
        repeatable=True,
        public_only=public_only,
        limit_bytes=FETCH_LIMIT_BYTES,
    )
    response = yield from follow(request)
    if not response.ok:
        raise MediaError(
            f"the source URL answered HTTP {response.status}",
            field="source",
            status=response.status,
            next_step="check that it is reachable from here, or pass the file itself",
        )
    return response.content
