"""
What APIMart has and xcompute may not: a library of groups and assets, and uploads.

There if `Variants.library` or `Variants.uploads` is on. The library is known from client code
alone; uploads are on a public page of APIMart.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from attrs import define

from ...wire.steps import Request
from ..simulator import form_of
from ..state import SimAccount, SimAsset, SimGroup, own
from .avatar_answers import Answers
from .avatar_rules import refused, require
from .reading import Json

Thing = TypeVar("Thing", SimGroup, SimAsset)

_AT: Final = "/v1/seedance2/private-avatar"
_PICTURES: Final = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
_UPLOAD_BYTES: Final = 20 * 1024 * 1024


@define(kw_only=True)
class Library(Answers):
    """Groups and assets, each seen only by the account that made it."""

    def _library(self) -> dict[str, Callable[..., Json]]:
        return {
            f"GET {_AT}/groups": self._list_groups,
            f"POST {_AT}/groups": self._create_group,
            f"GET {_AT}/groups/{{id}}": self._get_group,
            f"PATCH {_AT}/groups/{{id}}": self._rename_group,
            f"DELETE {_AT}/groups/{{id}}": self._delete_group,
            f"GET {_AT}/assets": self._list_assets,
            f"GET {_AT}/assets/{{id}}": self._get_asset,
            f"PATCH {_AT}/assets/{{id}}": self._rename_asset,
            f"DELETE {_AT}/assets/{{id}}": self._delete_asset,
        }

    def _upload(self, request: Request) -> Json:
        part = form_of(request).get("file")
        if part is None or part.content_type not in _PICTURES:
            raise refused("file is missing or not a jpeg, png, webp or gif")
        require(len(part.content) <= _UPLOAD_BYTES, "file is larger than 20 MB", 413)
        return {
            "url": self.media_url("frame.png"),
            "filename": part.filename,
            "content_type": part.content_type,
            "bytes": len(part.content),
            "created_at": int(self.world.now().timestamp()),
        }

    def _list_groups(self, account: SimAccount, query: Json) -> Json:
        mine = self.world.groups_of(account)
        return {"items": [_group(each) for each in mine if query.get("name", "") in each.name]}

    def _create_group(self, account: SimAccount, body: Json) -> Json:
        require(body.get("name"), "name is required")
        return {"group_id": self._new_group(account, body).id}

    def _get_group(self, account: SimAccount, _query: Json, group_id: str) -> Json:
        return _group(_own(self.world.groups, account, group_id))

    def _rename_group(self, account: SimAccount, body: Json, group_id: str) -> Json:
        return _group(self._renamed(_own(self.world.groups, account, group_id), body))

    def _delete_group(self, account: SimAccount, _body: Json, group_id: str) -> Json:
        self.world.delete_group(_own(self.world.groups, account, group_id).id)
        return {}

    def _list_assets(self, account: SimAccount, query: Json) -> Json:
        mine = self.world.assets_of(account, query.get("group") or None)
        return {"items": [self._asset(asset) for asset in mine]}

    def _get_asset(self, account: SimAccount, _query: Json, asset_id: str) -> Json:
        return self._asset(_own(self.world.assets, account, asset_id))

    def _rename_asset(self, account: SimAccount, body: Json, asset_id: str) -> Json:
        return self._asset(self._renamed(_own(self.world.assets, account, asset_id), body))

    def _delete_asset(self, account: SimAccount, _body: Json, asset_id: str) -> Json:
        del self.world.assets[_own(self.world.assets, account, asset_id).id]
        return {}

    def _new_group(self, account: SimAccount, wanted: Json, project: str = "default") -> SimGroup:
        require(len(self.world.groups_of(account)) < self.world.group_quota, "group quota is full")
        return self.world.add_group(
            account,
            self.world.new_id("group"),
            str(wanted["name"]),
            description=str(wanted.get("description", "")),
            project_name=project,
        )

    def _renamed(self, thing: Thing, body: Json) -> Thing:
        require(body.get("name"), "name is required")
        thing.name, thing.updated_at = str(body["name"]), self.world.now()
        return thing

    def _asset(self, asset: SimAsset) -> Json:
        return {
            "asset_id": asset.id,
            "asset_url": f"asset://{asset.id}",
            "group_id": asset.group_id,
            "name": asset.name,
            "status": asset.status(self.world.now()),
        }


def _group(group: SimGroup) -> Json:
    return {"group_id": group.id, "name": group.name, "description": group.description}


def _own(things: dict[str, Thing], account: SimAccount, thing_id: str) -> Thing:
    thing = own(things, account, thing_id)
    if thing is None:
        raise refused(f"{thing_id} not found", 404)
    return thing
