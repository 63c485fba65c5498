"""
Token360's groups and assets: REST paths, one envelope, and lists of two documented forms.

Source: docs/vendors/token360.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from attrs import evolve, frozen

from ...operations.repeating import removed, renamed
from ...values.errors import NotFoundError, ProviderError, UnexpectedResponseError
from ...values.media import Upload
from ...values.models import Asset, AssetRef, Failure, Group, GroupRef, Page
from ...values.remarks import Adaptation
from ...values.statuses import AssetStatus, GroupKind
from ...values.video import OnUnsupported
from ...vendor.answers import Answer, under_review
from ...vendor.dialect import unsupported
from ...wire.codec import first
from ...wire.steps import Flow, segment
from .bearer import BearerProvider
from .paging import AssetsByGroup, may_be
from .token360_tables import GROUP_ID, SECRET_MEMBERS, Cursor, inner, is_active

_GROUPS: Final = "/v1/asset-groups"
_ASSETS: Final = "/v1/assets"
_KINDS: Final = {GroupKind.VIRTUAL: "VIRTUAL_PORTRAIT", GroupKind.REAL_PERSON: "REAL_FACE"}


@frozen(kw_only=True, slots=False)
class Token360Library(AssetsByGroup, BearerProvider):
    """Groups and assets."""

    secret_fields: ClassVar[frozenset[str]] = SECRET_MEMBERS

    # -- groups ----------------------------------------------------------------------------------

    def make_group(
        self, name: str, *, kind: GroupKind, description: str, on_unsupported: OnUnsupported
    ) -> Flow[Group]:
        """Create a virtual figure's group, which is active at once. Source: portrait guide."""
        left_out = self._without(description or None, on_unsupported)
        answer = yield from self.new_group(name, kind)
        group = self.group_of(answer, inner(answer.data), name=name, kind=kind)
        return evolve(group, adaptations=(*left_out, *group.adaptations))

    def get_group(self, group: GroupRef) -> Flow[Group]:
        """Read a group; found in the list where it cannot be read by its id."""
        group_id = self.id_of("group", group)
        answer, row = yield from self.find_group(group_id)
        return self.group_of(answer, row, id=group_id)

    def list_groups(
        self, cursor: str | None, *, kind: GroupKind | None = None
    ) -> Flow[Page[Group]]:
        """List portrait groups: of one kind, or of both. Groups of ordinary files are left out."""
        return (yield from self._groups(cursor, kind))

    def search_groups(self, cursor: str | None, text: str, *, kind: GroupKind) -> Flow[Page[Group]]:
        """Let the vendor look: its keyword is documented to match names and ids."""
        return self._groups(cursor, kind, {"keyword": text})

    def _groups(
        self, cursor: str | None, kind: GroupKind | None, filters: Mapping[str, str] | None = None
    ) -> Flow[Page[Group]]:
        page = Cursor.parse(cursor)
        wanted = {"groupKind": _KINDS[kind]} if kind in _KINDS else {}
        query = {**(filters or {}), **page.query, **wanted}
        answer = yield from self.ask(self.request("GET", _GROUPS, query=query))
        given = {"kind": kind} if kind else {}
        return page.page(
            answer.data,
            lambda row: self.group_of(answer, row, **given),
            lambda each: may_be(each, kind) and each.kind_word != "GENERIC",
        )

    def rename_group(
        self,
        group: GroupRef,
        name: str,
        *,
        description: str | None = None,
        on_unsupported: OnUnsupported = "raise",
    ) -> Flow[Group]:
        """
        Rename a group, then read it.

        Unverified: one client saw PATCH succeed; what it takes is documented nowhere.
        """
        left_out = self._without(description, on_unsupported)
        group_id = self.id_of("group", group)
        sent = self.ask(self.request("PATCH", f"{_GROUPS}/{segment(group_id)}", {"name": name}))
        found = yield from renamed(self, name, sent, self.get_group(group_id))
        return evolve(found, adaptations=(*left_out, *found.adaptations))

    def _without(self, description: str | None, policy: OnUnsupported) -> tuple[Adaptation, ...]:
        if description is None:
            return ()
        why = "a group has no description here"
        return (unsupported(self.name, "description", description, why, policy),)

    def delete_group(self, group: GroupRef) -> Flow[None]:
        """Delete a group and its assets."""
        path = f"{_GROUPS}/{segment(self.id_of('group', group))}"
        yield from removed(self.ask(self.request("DELETE", path)))

    def new_group(self, name: str, kind: GroupKind) -> Flow[Answer]:
        """Create a group of either kind."""
        body = {"name": name, "groupKind": _KINDS[kind]}
        return (yield from self.ask(self.request("POST", _GROUPS, body)))

    def find_group(self, group_id: str) -> Flow[tuple[Answer, Any]]:
        """
        Read one group's members, from the list where it cannot be read by its id.

        Unverified: no page shows how one group is read. The list's keyword finds ids.
        """
        try:
            answer = yield from self.ask(self.request("GET", f"{_GROUPS}/{segment(group_id)}"))
        except ProviderError as error:
            if error.status not in (404, 405):
                raise
            query = {"keyword": group_id, **Cursor().query}
            answer = yield from self.ask(self.request("GET", _GROUPS, query=query))
            page: Page[Any] = Cursor().page(answer.data, lambda row: row, bool)
            for row in page.items:
                if first(row, GROUP_ID) == group_id:
                    return answer, row
            if page.next or page.to_come or page.lost:
                raise UnexpectedResponseError(
                    f"whether there is a group {group_id} cannot be known: the list is incomplete",
                    provider=self.name,
                    request_id=error.request_id,
                ) from None
            raise NotFoundError(
                f"there is no group {group_id}",
                provider=self.name,
                status=error.status,
                code=error.code,
                request_id=error.request_id,
                received_at=error.received_at,
            ) from error
        return answer, inner(answer.data)

    def group_of(self, answer: Answer, data: Any, **given: Any) -> Group:
        """Read a group from its members."""
        group = self.read(Group, answer, data, **given)
        return evolve(group, active=is_active(group, first(data, "status")))

    # -- assets ----------------------------------------------------------------------------------

    def add_upload(self, group: GroupRef, upload: Upload, *, name: str) -> Flow[Asset]:
        """Upload a picture into an active group. Source: portrait guide, upload reference."""
        group_id = self.id_of("group", group)
        fields = {"groupId": group_id, **({"name": name} if name else {})}
        answer = yield from self.ask(self.form(_ASSETS, fields, upload))
        given = {"group_id": group_id, "name": name, "media": upload.media}
        return under_review(self._asset(answer, inner(answer.data), **given))

    def get_asset(self, asset: AssetRef) -> Flow[Asset]:
        """Read an asset."""
        path = f"{_ASSETS}/{segment(self.id_of('asset', asset))}"
        answer = yield from self.ask(self.request("GET", path))
        return self._asset(answer, inner(answer.data))

    def assets_page(
        self, asked: Sequence[AssetStatus], cursor: str | None, group_id: str
    ) -> Flow[Page[Asset]]:
        """List a page of a group. Only `groupId` is documented, so the first asks no more."""
        page = Cursor.parse(cursor)
        query = {"groupId": group_id, **(page.query if cursor else {})}
        answer = yield from self.ask(self.request("GET", _ASSETS, query=query))
        return page.page(
            answer.data,
            lambda row: self._asset(answer, row, group_id=group_id),
            lambda each: each.status in asked,
            sized=cursor is not None,
        )

    def delete_asset(self, asset: AssetRef) -> Flow[None]:
        """Delete an asset. Unverified: by analogy with groups."""
        path = f"{_ASSETS}/{segment(self.id_of('asset', asset))}"
        yield from removed(self.ask(self.request("DELETE", path)))

    def _asset(self, answer: Answer, data: Any, **given: Any) -> Asset:
        asset = self.read(Asset, answer, data, **given)
        if (asset.id or "").startswith("ua_"):
            # The guide: an upload into a group of ordinary files is never a portrait.
            why = Failure(message="this is a generic upload: upload it into a portrait group")
            return evolve(asset, status=AssetStatus.FAILED, failure=why)
        return asset
