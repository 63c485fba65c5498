"""
The Action protocol: twelve calls on one path, told apart by `?Action=…&Version=2024-01-01`.

Volcengine's own; AllToken and APIYI's customers speak it too. Here are groups and assets; the face
check by Actions is in `_sessions`.

Source: docs/vendors/volcengine.md, docs/vendors/alltoken.md.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Final, TypeVar

from attrs import evolve, frozen

from ...operations.paging import in_place, one_or_more
from ...operations.provider import PortraitProvider
from ...operations.repeating import removed, renamed
from ...values.assembling import replaced
from ...values.media import Link
from ...values.models import Asset, AssetRef, Group, GroupRef, Page
from ...values.secret import Secret
from ...values.statuses import AssetStatus, GroupKind, MediaType
from ...values.video import OnUnsupported
from ...vendor.answers import Answer, under_review
from ...wire.codec import count, first, is_object, listed
from ...wire.error_mapping import VendorError
from ...wire.steps import Auth, Flow, Request, Response
from .action_tables import SECRET_MEMBERS, TYPE_OF_KIND, TYPE_OF_MEDIA, WORDS
from .paging import PAGE_SIZE, Position, read_rows

T = TypeVar("T")

VERSION: Final = "2024-01-01"


@frozen(kw_only=True, slots=False, eq=False, repr=False)
class ActionLibrary(PortraitProvider):
    """
    Groups and assets by Actions.

    Attributes:
        project_name: The project that groups, assets and the video key belong to. Without the
            right one a vendor's lists are empty and its deletes find nothing.
    """

    action_auth: ClassVar[Auth]
    secret_fields: ClassVar[frozenset[str]] = SECRET_MEMBERS

    project_name: str = "default"
    most_groups_listed: ClassVar[int] = 100
    token_paging: bool = False
    """Page by `NextToken`, as upstream wants it past 10,000 groups or 20,000 assets."""

    @property
    @abstractmethod
    def action_url(self) -> str:
        """Where Actions are posted to."""

    def act(
        self, action: str, body: Mapping[str, Any], *, secrets: tuple[Secret, ...] = ()
    ) -> Flow[Answer]:
        """Call an Action; the answer's data is its `Result`."""
        request = Request.json(
            "POST",
            self.action_url,
            {**body, "ProjectName": self.project_name},
            query={"Action": action, "Version": VERSION},
            auth=self.action_auth,
            repeatable=not action.startswith("Create"),
            silent=action.startswith(("Delete", "Update")),
            secrets=secrets,
            family=action,
        )
        answer = yield from self.ask(request)
        result = first(answer.data, "Result")
        return answer if result is None else replaced(answer, data=result)

    def action_fault(self, data: Any, response: Response) -> VendorError | None:
        """Read `ResponseMetadata.Error`, which may come with HTTP 200."""
        return envelope_fault(data)

    def request_id(self, data: Any, response: Response) -> str:
        """The id in the envelope, else in the headers."""
        return envelope_request_id(data) or super().request_id(data, response)

    # -- groups ----------------------------------------------------------------------------------

    def make_group(
        self, name: str, *, kind: GroupKind, description: str, on_unsupported: OnUnsupported
    ) -> Flow[Group]:
        """Create a virtual figure's group. Source: the vendors' CreateAssetGroup."""
        body = {"Name": name, "GroupType": "AIGC"}
        if description:
            body["Description"] = description
        answer = yield from self.act("CreateAssetGroup", body)
        given = {"name": name, "description": description, "kind": kind, "kind_word": "AIGC"}
        return self.read(Group, answer, **given)

    def get_group(self, group: GroupRef) -> Flow[Group]:
        """Read a group."""
        group_id = self.id_of("group", group)
        return self.read(Group, (yield from self.act("GetAssetGroup", {"Id": group_id})))

    def list_groups(
        self, cursor: str | None, *, kind: GroupKind | None = None
    ) -> Flow[Page[Group]]:
        """List groups: of one kind, or of each in turn, as the filter takes one type at a time."""
        kinds = (kind,) if kind else (GroupKind.VIRTUAL, GroupKind.REAL_PERSON)
        place, _, inner = (cursor or "0:").partition(":")
        page = yield from self.groups_page(inner, kinds[int(place)])
        return in_place(page, int(place), more=int(place) + 1 < len(kinds))

    def groups_page(self, cursor: str, kind: GroupKind, *, name: str = "") -> Flow[Page[Group]]:
        """List one page of a kind; of those whose name is like *name*, if given."""
        wanted = {"GroupType": TYPE_OF_KIND[kind], **({"Name": name} if name else {})}
        return self.page("ListAssetGroups", cursor, wanted, partial(self.reader, Group))

    def rename_group(
        self,
        group: GroupRef,
        name: str,
        *,
        description: str | None = None,
        on_unsupported: OnUnsupported = "raise",
    ) -> Flow[Group]:
        """Rename a group, then read it: the Action answers with nothing but the id."""
        group_id = self.id_of("group", group)
        told = {} if description is None else {"Description": description}
        sent = self.act("UpdateAssetGroup", {"Id": group_id, "Name": name, **told})
        return renamed(self, name, sent, self.get_group(group_id))

    def delete_group(self, group: GroupRef) -> Flow[None]:
        """Delete a group and its assets."""
        yield from removed(self.act("DeleteAssetGroup", {"Id": self.id_of("group", group)}))

    # -- assets ----------------------------------------------------------------------------------

    def add_link(self, group: GroupRef, link: Link, *, name: str) -> Flow[Asset]:
        """Register a public URL."""
        group_id = self.id_of("group", group)
        body = {
            "GroupId": group_id,
            "URL": link.url.reveal(),
            "AssetType": TYPE_OF_MEDIA[link.media],
        }
        if name:
            body["Name"] = name
        answer = yield from self.act("CreateAsset", body, secrets=(link.url,))
        return self.new_asset(answer, group_id, name=name, media=link.media)

    def new_asset(self, answer: Answer, group_id: str, *, name: str, media: MediaType) -> Asset:
        """Read the answer to a create, which tells an id and no status: it is under review."""
        return under_review(self.read(Asset, answer, group_id=group_id, name=name, media=media))

    def get_asset(self, asset: AssetRef) -> Flow[Asset]:
        """Read an asset."""
        asset_id = self.id_of("asset", asset)
        return self.read(Asset, (yield from self.act("GetAsset", {"Id": asset_id})))

    def list_assets(
        self,
        cursor: str | None,
        group: GroupRef | Sequence[GroupRef],
        *,
        status: AssetStatus | Sequence[AssetStatus] | None = None,
    ) -> Flow[Page[Asset]]:
        """List groups' assets. The filter wants the groups' type: unknown, both are tried."""
        return self._assets(cursor, one_or_more(group, "group"), status, _SORTED)

    def latest_assets(self, cursor: str | None, groups: Sequence[Group]) -> Flow[Page[Asset]]:
        """
        List groups' assets, newest first.

        Unverified: the filter is an array, and no page says how long it may be.
        """
        page = yield from self._assets(cursor, [*groups], None, _NEWEST)
        kinds = kinds_of(groups)
        kind = kinds[int((cursor or "0").partition(":")[0])]
        return evolve(page, items=tuple(evolve(each, group_kind=kind) for each in page.items))

    def _assets(
        self,
        cursor: str | None,
        groups: list[GroupRef],
        status: AssetStatus | Sequence[AssetStatus] | None,
        order: Mapping[str, str],
    ) -> Flow[Page[Asset]]:
        kinds = kinds_of(groups)
        place, _, inner = (cursor or "0:").partition(":")
        wanted: dict[str, Any] = {
            "GroupType": TYPE_OF_KIND[kinds[int(place)]],
            "GroupIds": list(dict.fromkeys(self.id_of("group", each) for each in groups)),
        }
        words = {member: word for word, member in WORDS[AssetStatus].items()}
        asked = None if status is None else one_or_more(status, "status")
        if asked is not None and all(each in words for each in asked):
            wanted["Statuses"] = [words[each] for each in asked]
        page = yield from self.page("ListAssets", inner, wanted, partial(self.reader, Asset), order)
        more = int(place) + 1 < len(kinds) and (len(groups) > 1 or not page.items)
        if asked is not None:
            page = evolve(page, items=tuple(each for each in page.items if each.status in asked))
        return in_place(page, int(place), more=more)

    def rename_asset(self, asset: AssetRef, name: str) -> Flow[Asset]:
        """Rename an asset, then read it."""
        asset_id = self.id_of("asset", asset)
        sent = self.act("UpdateAsset", {"Id": asset_id, "Name": name})
        return renamed(self, name, sent, self.get_asset(asset_id))

    def delete_asset(self, asset: AssetRef) -> Flow[None]:
        """Delete an asset."""
        yield from removed(self.act("DeleteAsset", {"Id": self.id_of("asset", asset)}))

    # -- paging ----------------------------------------------------------------------------------

    def page(
        self,
        action: str,
        cursor: str,
        wanted: Mapping[str, Any],
        reader: Callable[[Answer], Callable[[Any], T]],
        order: Mapping[str, str] | None = None,
    ) -> Flow[Page[T]]:
        """Ask for one page, by number or by the vendor's token; *reader* reads its rows."""
        place = Position() if self.token_paging else Position.parse(cursor)
        token = {"NextToken": cursor} if cursor else {}
        paging: Mapping[str, Any] = (
            {"MaxResults": PAGE_SIZE, **token}
            if self.token_paging
            else {"PageNumber": place.number, "PageSize": PAGE_SIZE}
        )
        answer = yield from self.act(action, {"Filter": wanted, **paging, **(order or _SORTED)})
        rows = listed(answer.data, "Items", "TotalCount")
        found = read_rows(rows, reader(answer))
        if self.token_paging:
            after = first(answer.data, "NextToken")
            return found.page(next=after if isinstance(after, str) and after else None)
        return place.page(found, total=count(answer.data, "TotalCount"))


def kinds_of(groups: Sequence[GroupRef]) -> list[GroupKind]:
    """Of what kinds groups may be, in the order in which they are listed."""
    told = {each.kind if isinstance(each, Group) else GroupKind.UNKNOWN for each in groups}
    return [each for each in TYPE_OF_KIND if each in told or GroupKind.UNKNOWN in told]


def envelope_fault(data: Any) -> VendorError | None:
    """Find a refusal in the Actions' envelope."""
    error = first(data, "ResponseMetadata.Error")
    if not is_object(error):
        return None
    return VendorError(
        code=error.get("Code"),
        message=error.get("Message"),
        request_id=first(data, "ResponseMetadata.RequestId"),
    )


def envelope_request_id(data: Any) -> str:
    """Find the id that stands in the Actions' envelope, or nothing."""
    found = first(data, "ResponseMetadata.RequestId")
    return found if isinstance(found, str) else ""


_SORTED: Final = {"SortBy": "CreateTime", "SortOrder": "Asc"}
_NEWEST: Final = {**_SORTED, "SortOrder": "Desc"}
