"""Groups and assets, by a table's calls."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import product
from typing import Any, Final

from attrs import evolve, frozen

from ...operations.paging import in_turn, one_or_more
from ...operations.repeating import removed, renamed
from ...values.media import Link, Upload
from ...values.models import Asset, AssetRef, Group, GroupRef, Page
from ...values.remarks import Adaptation
from ...values.statuses import AssetStatus, GroupKind, MediaType
from ...values.video import OnUnsupported
from ...vendor.answers import Answer, under_review
from ...vendor.dialect import unsupported
from ...wire.steps import Flow
from ..dialects.paging import may_be
from .calls import TableCalls


@frozen(kw_only=True, slots=False)
class TableLibrary(TableCalls):
    """Groups and assets."""

    def make_group(
        self, name: str, *, kind: GroupKind, description: str, on_unsupported: OnUnsupported
    ) -> Flow[Group]:
        """Create a virtual figure's group."""
        left_out: tuple[Adaptation, ...] = ()
        if description and not self._takes("create_group", "description"):
            why = "a group has no description here"
            left_out = (unsupported(self.name, "description", description, why, on_unsupported),)
        word = self.table.written("kind", "virtual")
        answer = yield from self.call(
            "create_group", name=name, description=description or None, kind=word
        )
        given = {
            "name": name,
            "description": description,
            "kind": kind,
            "kind_word": str(word or ""),
        }
        group = self.read(Group, answer, self.inside(answer.data), **given)
        return evolve(group, adaptations=(*left_out, *group.adaptations))

    def get_group(self, group: GroupRef) -> Flow[Group]:
        """Read a group, or find it in the list."""
        group_id = self.id_of("group", group)
        if "get_group" not in self.table.calls:
            return (yield from self._in_list("group", group_id, self.list_groups))
        answer = yield from self.call("get_group", group=group_id)
        return self.read(Group, answer, self.inside(answer.data), id=group_id)

    def list_groups(
        self, cursor: str | None, *, kind: GroupKind | None = None
    ) -> Flow[Page[Group]]:
        """List groups: of one kind, or of each in turn where the vendor takes one at a time."""
        kinds = [kind] if kind or not self._takes("list_groups", "kind") else self._kinds()
        return in_turn(cursor, kinds, self._groups)

    def _kinds(self) -> list[GroupKind]:
        words = self.table.words.get("kind", {})
        return [each for each in _KINDS if _KINDS[each] in words]

    def _groups(self, cursor: str | None, kind: GroupKind | None) -> Flow[Page[Group]]:
        word = self.table.written("kind", _KINDS[kind]) if kind in _KINDS else None
        given: dict[str, Any] = (
            {"kind": kind} if kind and self._takes("list_groups", "kind") else {}
        )
        return self._page(
            "list_groups",
            cursor,
            partial(self.reader, Group, **given),
            lambda each: may_be(each, kind),
            kind=word,
        )

    def rename_group(
        self,
        group: GroupRef,
        name: str,
        *,
        description: str | None = None,
        on_unsupported: OnUnsupported = "raise",
    ) -> Flow[Group]:
        """Rename a group, then read it."""
        left_out: tuple[Adaptation, ...] = ()
        if description is not None and not self._takes("rename_group", "description"):
            why = "a group's description is not changed here"
            left_out = (unsupported(self.name, "description", description, why, on_unsupported),)
        group_id = self.id_of("group", group)
        sent = self.call("rename_group", group=group_id, name=name, description=description)
        found = yield from renamed(self, name, sent, self.get_group(group_id))
        return evolve(found, adaptations=(*left_out, *found.adaptations))

    def delete_group(self, group: GroupRef) -> Flow[None]:
        """Delete a group and its assets."""
        yield from removed(self.call("delete_group", group=self.id_of("group", group)))

    # -- assets ----------------------------------------------------------------------------------

    def add_link(self, group: GroupRef, link: Link, *, name: str) -> Flow[Asset]:
        """Register a public URL."""
        group_id = self.id_of("group", group)
        values = self._file_values(link.media, group_id, name)
        answer = yield from self.call(
            "add_link", secrets=(link.url,), url=link.url.reveal(), **values
        )
        return self._added(answer, group_id, name, link.media)

    def add_upload(self, group: GroupRef, upload: Upload, *, name: str) -> Flow[Asset]:
        """Upload a file."""
        group_id = self.id_of("group", group)
        values = self._file_values(upload.media, group_id, name)
        answer = yield from self.call("add_upload", file=upload, **values)
        return self._added(answer, group_id, name, upload.media)

    def _file_values(self, media: MediaType, group_id: str, name: str) -> dict[str, Any]:
        more = {key: row.get(media.value) for key, row in self.table.by_media.items()}
        word = self.table.written("media", media.value)
        return {"group": group_id, "name": name or None, "media": word, **more}

    def _added(self, answer: Answer, group_id: str, name: str, media: MediaType) -> Asset:
        given = {"group_id": group_id, "name": name, "media": media}
        return under_review(self.read(Asset, answer, self.inside(answer.data), **given))

    def get_asset(self, asset: AssetRef) -> Flow[Asset]:
        """Read an asset, or find it in the list."""
        asset_id = self.id_of("asset", asset)
        if "get_asset" not in self.table.calls:
            everything = partial(self._assets, list(AssetStatus), None)
            kinds = self._kinds() if self._takes("list_assets", "kind") else [None]
            return (
                yield from self._in_list(
                    "asset",
                    asset_id,
                    lambda cursor: in_turn(cursor, kinds, lambda at, kind: everything(kind, at)),
                )
            )
        answer = yield from self.call("get_asset", asset=asset_id)
        return self.read(Asset, answer, self.inside(answer.data), id=asset_id)

    def list_assets(
        self,
        cursor: str | None,
        group: GroupRef | Sequence[GroupRef],
        *,
        status: AssetStatus | Sequence[AssetStatus] | None = None,
    ) -> Flow[Page[Asset]]:
        """List groups' assets: together where the vendor takes several, else each in turn."""
        asked = list(AssetStatus) if status is None else one_or_more(status, "status")
        groups: list[GroupRef] = one_or_more(group, "group")
        ids = list(dict.fromkeys(self.id_of("group", each) for each in groups))
        wanted = [ids] if self._takes("list_assets", "groups") else [[each] for each in ids]
        kinds: list[GroupKind | None] = [None]
        if self._takes("list_assets", "kind"):
            told = {each.kind if isinstance(each, Group) else GroupKind.UNKNOWN for each in groups}
            kinds = [each for each in self._kinds() if GroupKind.UNKNOWN in told or each in told]
        return in_turn(
            cursor,
            list(product(wanted, kinds)),
            lambda at, which: self._assets(asked, which[0], which[1], at),
        )

    def _assets(
        self,
        asked: Sequence[AssetStatus],
        groups: Sequence[str] | None,
        kind: GroupKind | None,
        cursor: str | None,
    ) -> Flow[Page[Asset]]:
        given: dict[str, Any] = {"group_id": groups[0]} if groups and len(groups) == 1 else {}
        return self._page(
            "list_assets",
            cursor,
            partial(self.reader, Asset, **given),
            lambda each: each.status in asked,
            group=groups[0] if groups else None,
            groups=list(groups) if groups else None,
            kind=self.table.written("kind", _KINDS[kind]) if kind in _KINDS else None,
        )

    def rename_asset(self, asset: AssetRef, name: str) -> Flow[Asset]:
        """Rename an asset, then read it."""
        asset_id = self.id_of("asset", asset)
        sent = self.call("rename_asset", asset=asset_id, name=name)
        return renamed(self, name, sent, self.get_asset(asset_id))

    def delete_asset(self, asset: AssetRef) -> Flow[None]:
        """Delete an asset."""
        yield from removed(self.call("delete_asset", asset=self.id_of("asset", asset)))


_KINDS: Final = {GroupKind.VIRTUAL: "virtual", GroupKind.REAL_PERSON: "real_person"}
