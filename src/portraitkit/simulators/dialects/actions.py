"""
The frame of the portrait Actions, as AllToken and Volcengine share them, on one `World`.

What each Action does is in `action_calls`. A vendor's simulator checks credentials and wraps what
comes back in the envelope. Where the vendors differ (codes, limits, status members) it overrides a
hook.

Documented: the Actions, their members, page numbers, ids, states and the steps of the face check.
Assumed: 10 to a page where no size is given, names need not differ, a group's deletion takes its
assets along, a person who fails the check leaves it pending.
"""

from __future__ import annotations

from abc import abstractmethod
from datetime import UTC, datetime
from typing import ClassVar, Final

from attrs import define

from ..simulator import Simulator
from ..state import SimAccount, SimAsset, SimCheck, SimGroup, World, own
from .reading import Json, Reader, Refusal

VERSION: Final = "2024-01-01"
SERVICE: Final = "ark"


@define(kw_only=True)
class AssetActions(Reader):
    """
    The Actions of one vendor.

    Attributes:
        world: What is remembered.
        base_url: Start of the links it hands out.
        unseen_s: Seconds in which GetAsset does not find a new asset.
    """

    name_limit: ClassVar[int]
    group_type_required: ClassVar[bool] = False
    filter_required: ClassVar[bool] = False
    callback_required: ClassVar[bool] = False
    pages_by_token: ClassVar[bool] = False
    scoped_by_project: ClassVar[bool] = False

    world: World
    base_url: str
    unseen_s: float

    @abstractmethod
    def not_found(self, kind: str, id: str) -> Refusal:
        """Refuse the id of an unknown, deleted or foreign `group` or `asset`."""

    @abstractmethod
    def quota_exceeded(self, what: str) -> Refusal:
        """Refuse one more of *what*."""

    @abstractmethod
    def check_result(self, token: str, check: SimCheck | None) -> str:
        """Return the id of the group that a face check made, or refuse in the vendor's words."""

    def check_new_group(self, account: SimAccount) -> None:
        """Refuse a virtual group, where the account has not been admitted."""

    def status_members(self, asset: SimAsset) -> Json:
        """Say where an asset's review stands."""
        return {"Status": asset.status(self.world.now())}

    def created(self, id: str) -> Json:
        """Answer with a new asset's id."""
        return {"Id": id}

    def register(self, group: SimGroup, *, name: str, media: str, url: str) -> SimAsset:
        """Take a file into a group's review."""
        held = [a for a in self.world.assets.values() if a.group_id == group.id]
        if len(held) >= self.world.asset_quota:
            raise self.quota_exceeded("assets in the group")
        return self.world.add_asset(
            group, self.world.new_id("asset"), name=name, media=media, url=url
        )

    def group_of(self, account: SimAccount, body: Json, member: str = "Id") -> SimGroup:
        """Find the group that *body* names."""
        named = self.text_in(body, member, required=True)
        group = own(self.world.groups, account, named)
        if group is None or not self.sees(group, body):
            raise self.not_found("group", named)
        return group

    def asset_of(self, account: SimAccount, body: Json) -> SimAsset:
        """Find the asset that *body* names."""
        named = self.text_in(body, "Id", required=True)
        asset = own(self.world.assets, account, named)
        if asset is None or not self.sees(asset, body):
            raise self.not_found("asset", named)
        return asset

    def project(self, body: Json) -> str:
        """Read the project that *body* names; projects are case-sensitive."""
        return self.text_in(body, "ProjectName") or "default"

    def sees(self, thing: SimGroup | SimAsset | SimCheck, body: Json) -> bool:
        """Tell whether a request for the project in *body* meets *thing*."""
        return not self.scoped_by_project or thing.project_name == self.project(body)

    def group_view(self, group: SimGroup) -> Json:
        """Show a group."""
        return {
            "Id": group.id,
            "Name": group.name,
            "Title": group.name,
            "Description": group.description,
            "GroupType": group_type(group),
            "ProjectName": group.project_name,
            "CreateTime": iso_time(group.created_at),
            "UpdateTime": iso_time(group.updated_at),
        }

    def asset_view(self, asset: SimAsset) -> Json:
        """Show an asset, with a signed link that is good for 12 hours."""
        file = "frame.png" if asset.media == "Image" else "clip.mp4"
        view = {
            "Id": asset.id,
            "Name": asset.name,
            "URL": f"{self.base_url}/media/{file}?X-Tos-Expires=43200&X-Tos-Signature=simulated",
            "AssetType": asset.media,
            "GroupId": asset.group_id,
            "ProjectName": asset.project_name,
            "CreateTime": iso_time(asset.created_at),
            "UpdateTime": iso_time(asset.updated_at),
            **self.status_members(asset),
        }
        if asset.failure and asset.status(self.world.now()) == "Failed":
            view["Error"] = {"Code": asset.failure[0], "Message": asset.failure[1]}
        return view


def metadata(simulator: Simulator, action: str, region: str = "cn-beijing") -> Json:
    """What every envelope begins with."""
    return {
        "RequestId": f"{simulator.world.now():%Y%m%d%H%M%S}{len(simulator.seen):018X}",
        "Action": action,
        "Version": VERSION,
        "Service": SERVICE,
        "Region": region,
    }


def group_type(group: SimGroup) -> str:
    """`AIGC` or `LivenessFace`."""
    return "LivenessFace" if group.real_person else "AIGC"


def iso_time(time: datetime) -> str:
    """A time in the form that the vendors print."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
