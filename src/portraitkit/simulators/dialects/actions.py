"""
The twelve portrait Actions, as AllToken and Volcengine share them, on one `World`.

A vendor's simulator checks credentials, calls `AssetActions.run` and wraps what comes back in its
envelope. Where the vendors differ (codes, limits, status members) it overrides a hook.

Documented: the Actions, their members, page numbers, ids, states and the steps of the face check.
Assumed: 10 to a page where no size is given, names need not differ, a group's deletion takes its
assets along, a person who fails the check leaves it pending.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from attrs import define

from ..state import World
from .action_calls import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..state import SimAccount, SimAsset, SimCheck, SimGroup

Body: TypeAlias = dict[str, Any]


class ActionError(Exception):
    """A refusal, with what the envelope's `Error` needs."""

    def __init__(
        self, status: int, code: str, message: str, *, data: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.data = data


@define(kw_only=True)
class AssetActions(ABC):
    """
    The Actions of one vendor.

    Attributes:
        world: What is remembered.
        base_url: Start of the links it hands out.
    """

    name_limit: ClassVar[int]
    group_type_required: ClassVar[bool]
    filter_required: ClassVar[bool]
    callback_required: ClassVar[bool]
    pages_by_token: ClassVar[bool]
    scoped_by_project: ClassVar[bool]

    world: World
    base_url: str

    @abstractmethod
    def missing(self, member: str) -> ActionError:
        """Refuse a body without *member*."""

    @abstractmethod
    def invalid(self, member: str, why: str) -> ActionError:
        """Refuse the value of *member*."""

    @abstractmethod
    def not_found(self, kind: str, id: str) -> ActionError:
        """Refuse the id of an unknown, deleted or foreign `group` or `asset`."""

    @abstractmethod
    def quota_exceeded(self, what: str) -> ActionError:
        """Refuse one more of *what*."""

    @abstractmethod
    def check_result(self, token: str, check: SimCheck | None) -> str:
        """Return the id of the group that a face check made, or refuse in the vendor's words."""

    @property
    @abstractmethod
    def unseen_s(self) -> float:
        """Seconds in which GetAsset does not find a new asset."""

    def check_new_group(self, account: SimAccount) -> None:  # noqa: B027  (a hook; most admit all)
        """Refuse a virtual group, where the account has not been admitted."""

    def status_members(self, asset: SimAsset) -> Body:
        """Say where an asset's review stands."""
        return {"Status": asset.status(self.world.now())}

    def created(self, id: str) -> Body:
        """Answer with a new asset's id."""
        return {"Id": id}

    def run(self, account: SimAccount, action: str, body: Body) -> Body:
        """
        Carry out one Action.

        Returns:
            The `Result`.

        Raises:
            ActionError: The vendor refuses; nothing was changed.
        """
        work = ACTIONS.get(action)
        if work is None:
            raise ActionError(404, "InvalidActionOrVersion", f"Could not find operation {action}")
        for check in list(self.world.checks.values()):
            _ = self.world.settle_check(check, lambda: self.world.new_id("group"))
        return work(self, account, body)

    def register(self, group: SimGroup, *, name: str, media: str, url: str) -> SimAsset:
        """Take a file into a group's review."""
        held = [a for a in self.world.assets.values() if a.group_id == group.id]
        if len(held) >= self.world.asset_quota:
            raise self.quota_exceeded("assets in the group")
        return self.world.add_asset(
            group, self.world.new_id("asset"), name=name, media=media, url=url
        )

    def group_of(self, account: SimAccount, body: Body, member: str = "Id") -> SimGroup:
        """Find the group that *body* names."""
        named = self.text(body, member, required=True)
        group = self.world.groups.get(named)
        if group is None or group.account != account.name or not self.sees(group, body):
            raise self.not_found("group", named)
        return group

    def asset_of(self, account: SimAccount, body: Body) -> SimAsset:
        """Find the asset that *body* names."""
        named = self.text(body, "Id", required=True)
        asset = self.world.assets.get(named)
        if asset is None or asset.account != account.name or not self.sees(asset, body):
            raise self.not_found("asset", named)
        return asset

    def project(self, body: Body) -> str:
        """Read the project that *body* names; projects are case-sensitive."""
        return self.text(body, "ProjectName") or "default"

    def sees(self, thing: SimGroup | SimAsset | SimCheck, body: Body) -> bool:
        """Tell whether a request for the project in *body* meets *thing*."""
        return not self.scoped_by_project or thing.project_name == self.project(body)

    def text(self, body: Body, member: str, *, required: bool = False, limit: int = 0) -> str:
        """Read a text; empty if it is absent."""
        value = body.get(member)
        if value is None or value == "":
            if required:
                raise self.missing(member)
            return ""
        if not isinstance(value, str):
            raise self.invalid(member, "is not a string")
        if limit and len(value) > limit:
            raise self.invalid(member, f"is longer than {limit} characters")
        return value

    def number(self, body: Body, member: str, default: int, limit: int) -> int:
        """Read a whole number from 1 to *limit*."""
        value = body.get(member)
        value = default if value is None else value
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= limit:
            raise self.invalid(member, f"is not a number from 1 to {limit}")
        return value

    def one_of(self, member: str, value: str, allowed: tuple[str, ...]) -> str:
        """Insist on one of the *allowed* words."""
        if value not in allowed:
            raise self.invalid(member, f"is not one of {', '.join(allowed)}")
        return value

    def group_view(self, group: SimGroup) -> Body:
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

    def asset_view(self, asset: SimAsset) -> Body:
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


def group_type(group: SimGroup) -> str:
    """`AIGC` or `LivenessFace`."""
    return "LivenessFace" if group.real_person else "AIGC"


def iso_time(time: datetime) -> str:
    """A time in the form that the vendors print."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
