"""
What APIMart has and xcompute may not: a library of groups and assets, and uploads.

There if `Variants.library` or `Variants.uploads` is on. The library is known from client code
alone; uploads are on a public page of APIMart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..simulator import form_of
from ..state import SimAccount, SimAsset, SimGroup, World
from .avatar_rules import Refused, require

if TYPE_CHECKING:
    from ...wire.steps import Request
    from ..simulator import Simulator

Thing = TypeVar("Thing", SimGroup, SimAsset)

_PICTURES: Final = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
_UPLOAD_BYTES: Final = 20 * 1024 * 1024


def answer_library(
    world: World, account: SimAccount, method: str, parts: list[str], body: dict[str, Any]
) -> dict[str, Any]:
    """
    Answer `/v1/seedance2/private-avatar/<parts>`.

    Args:
        world: The vendor's memory.
        account: Who asks.
        method: The HTTP method.
        parts: The path below `private-avatar`: `groups` or `assets`, and perhaps an id.
        body: The JSON body, or the query of a read.
    """
    collection = {"groups": _groups, "assets": _assets}.get(parts[0])
    if collection is None or len(parts) > 2:
        raise Refused(404, "no such endpoint")
    if len(parts) == 1:
        return collection(world, account, method, body)
    if parts[0] == "groups":
        group = _own(world.groups, account, parts[1])
        if method == "DELETE":
            world.delete_group(group.id)
            return {}
        return _group(_renamed(group, method, body, world))
    asset = _own(world.assets, account, parts[1])
    if method == "DELETE":
        del world.assets[asset.id]
        return {}
    return _asset(_renamed(asset, method, body, world), world)


def take_upload(request: Request, simulator: Simulator) -> dict[str, Any]:
    """Answer `POST /v1/uploads/images`."""
    part = form_of(request).get("file")
    if part is None or part.content_type not in _PICTURES:
        raise Refused(400, "file is missing or not a jpeg, png, webp or gif")
    require(len(part.content) <= _UPLOAD_BYTES, "file is larger than 20 MB", 413)
    return {
        "url": simulator.media_url("frame.png"),
        "filename": part.filename,
        "content_type": part.content_type,
        "bytes": len(part.content),
        "created_at": int(simulator.world.now().timestamp()),
    }


def _groups(world: World, account: SimAccount, method: str, body: dict[str, Any]) -> dict[str, Any]:
    if method == "GET":
        name = str(body.get("name", ""))
        return {
            "items": [_group(group) for group in world.groups_of(account) if name in group.name]
        }
    require(method == "POST", "no such endpoint", 404)
    require(body.get("name"), "name is required")
    require(len(world.groups_of(account)) < world.group_quota, "group quota is full")
    group = world.add_group(account, world.new_id("group"), str(body["name"]))
    group.description = str(body.get("description", ""))
    return {"group_id": group.id}


def _assets(world: World, account: SimAccount, method: str, body: dict[str, Any]) -> dict[str, Any]:
    require(method == "GET", "no such endpoint", 404)
    mine = world.assets_of(account, body.get("group") or None)
    return {"items": [_asset(asset, world) for asset in mine]}


def _own(things: dict[str, Thing], account: SimAccount, thing_id: str) -> Thing:
    thing = things.get(thing_id)
    if thing is None or thing.account != account.name:
        raise Refused(404, f"{thing_id} not found")
    return thing


def _renamed(thing: Thing, method: str, body: dict[str, Any], world: World) -> Thing:
    require(method in ("GET", "PATCH"), "no such endpoint", 404)
    if method == "PATCH":
        require(body.get("name"), "name is required")
        thing.name, thing.updated_at = str(body["name"]), world.now()
    return thing


def _group(group: SimGroup) -> dict[str, Any]:
    return {"group_id": group.id, "name": group.name, "description": group.description}


def _asset(asset: SimAsset, world: World) -> dict[str, Any]:
    return {
        "asset_id": asset.id,
        "asset_url": f"asset://{asset.id}",
        "group_id": asset.group_id,
        "name": asset.name,
        "status": asset.status(world.now()),
    }
