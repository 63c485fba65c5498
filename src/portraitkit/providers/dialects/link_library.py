"""
A library for vendors that have none: groups are names, and an asset is a link.

Such a vendor takes references by URL. Adding an asset puts a file where the vendor can fetch it,
and nothing more; so it is active at once, and nobody lists, renames or deletes it.

A link may be signed, and whoever has it has the picture. So it is sealed in the asset's handle, as
is all that is known of the asset: a handle that is logged, stored or kept by a journal opens with
the same account's credentials alone (`portraitkit.values.sealing`).
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import NoReturn

from attrs import evolve, frozen

from ...operations.making import with_media
from ...operations.publishing import publish
from ...values.errors import AssetNotReadyError, HandleError, UnsupportedError
from ...values.handles import HandleKind, is_handle
from ...values.media import Link, Upload
from ...values.models import Asset, AssetRef, Group, GroupRef, Result
from ...values.portraits import MediaRef
from ...values.remarks import Adaptation, Finding
from ...values.secret import Secret
from ...values.statuses import AssetStatus, GroupKind, MediaType
from ...values.video import OnUnsupported, VideoRequest
from ...vendor.dialect import unsupported
from ...wire.steps import Flow, now
from .storage import StoredFiles


@frozen(kw_only=True, slots=False)
class LinkLibrary(StoredFiles):
    """
    Groups and assets for a vendor that takes references by URL, and keeps none itself.

    An adapter overrides `store`, if the vendor has a storage. The profile's credential seals what
    handles hold: after a change of keys, files are added again.
    """

    def store(self, upload: Upload) -> Flow[Link]:
        """Put a file where the vendor can fetch it; at the media host, unless overridden."""
        link = yield from publish(self, upload)
        return evolve(link, published=None)  # it stays there, as there is nothing but the link

    def takes_upload(self, upload: Upload) -> bool:
        """Take every file: each becomes a link."""
        return True

    def id_of(self, kind: HandleKind, ref: Result | str) -> str:
        """Get the id; a group's is its name, which no request holds."""
        if kind == "group" and isinstance(ref, str) and ref.strip() and not is_handle(ref):
            return ref
        return super().id_of(kind, ref)

    def refuse(self, operation: str) -> NoReturn:
        """Say that there is nothing to list, rename or delete."""
        if operation.endswith(("group", "groups", "asset", "assets")):
            raise UnsupportedError(
                f"{self.name} keeps no groups and assets, so that it offers no {operation}",
                provider=self.name,
                operation=operation,
                next_step="keep the handles, or let client.ensure_portrait(name, file) keep them",
            )
        super().refuse(operation)

    # -- groups ----------------------------------------------------------------------------------

    def check_group(self, name: str, kind: GroupKind) -> tuple[Finding, ...]:
        """
        Check what every create_group checks.

        Raises:
            UnsupportedError: It is to be a real person's, whom nobody asks for consent here.
        """
        if kind is not GroupKind.VIRTUAL:
            raise UnsupportedError(
                f"{self.name} makes no face check, so that it has no group of kind {kind.name}",
                provider=self.name,
                field="kind",
                next_step="register the person at a vendor with a face check",
            )
        return super().check_group(name, kind)

    def make_group(
        self, name: str, *, kind: GroupKind, description: str, on_unsupported: OnUnsupported
    ) -> Flow[Group]:
        """Name a group. Sends nothing, and the handle is all there is of it."""
        why = "groups are local, and a handle holds nothing but the name"
        lost: tuple[Adaptation, ...] = ()
        if description:
            lost = (unsupported(self.name, "description", description, why, on_unsupported),)
        return evolve((yield from self.get_group(name)), adaptations=lost)

    def get_group(self, group: GroupRef) -> Flow[Group]:
        """Tell what the handle says: the name. Sends nothing."""
        yield from ()
        name = self.id_of("group", group)
        return Group(
            provider=self.name, account=self.account, id=name, name=name, kind=GroupKind.VIRTUAL
        )

    # -- assets ----------------------------------------------------------------------------------

    def add_link(self, group: GroupRef, link: Link, *, name: str) -> Flow[Asset]:
        """Take a link for an asset. Sends nothing."""
        yield from ()
        until = link.expires_at and link.expires_at.isoformat()
        known = [link.url.reveal(), link.media.value, self.id_of("group", group), name, until]
        return self._unsealed(self.seal(json.dumps(known)))

    def get_asset(self, asset: AssetRef) -> Flow[Asset]:
        """Tell what the handle says. Sends nothing."""
        yield from ()
        return self._opened(asset)

    def _opened(self, asset: AssetRef) -> Asset:
        ref = self.id_of("asset", asset)
        if isinstance(asset, str) and not is_handle(asset):
            raise HandleError(
                f"{self.name} keeps no assets, so that a bare id leads nowhere",
                provider=self.name,
                field="asset",
                next_step="pass the asset, its handle, or an https URL",
            )
        return self._unsealed(ref)

    def _unsealed(self, ref: str) -> Asset:
        url, media, group, name, until = json.loads(self.unseal(ref))
        return Asset(
            provider=self.name,
            account=self.account,
            id=None,
            ref=ref,
            name=name,
            media=MediaType(media),
            status=AssetStatus.ACTIVE,
            group_id=group,
            group_kind=GroupKind.VIRTUAL,
            link=Secret(url),
            link_expires_at=until and datetime.fromisoformat(until),
        )

    # -- videos ----------------------------------------------------------------------------------

    def asset_address(self, asset: AssetRef) -> str:
        """Say what a video's body carries of an asset: its link."""
        link = self._opened(asset).link
        return link.reveal() if link else ""

    def settle_media(self, request: VideoRequest) -> Flow[VideoRequest]:
        """
        Look at the clock, so that no video is paid for whose pictures cannot be fetched.

        Raises:
            AssetNotReadyError: An asset's link has run out.
        """
        assets: list[Asset] = []

        def note(source: MediaRef) -> MediaRef:
            if isinstance(source, Asset) or (isinstance(source, str) and is_handle(source)):
                assets.append(self._opened(source))
            return source

        _ = with_media(request, note)
        at = yield from now()
        for each in assets:
            if each.link_expires_at and each.link_expires_at <= at:
                raise AssetNotReadyError(
                    f"the link of the asset {each.name!r} ran out at {each.link_expires_at}",
                    provider=self.name,
                    field="media",
                    handle=each.handle,
                    next_step="add the file again with add_asset, and use what it returns",
                )
        return request
