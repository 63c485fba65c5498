"""What each of the twelve Actions does; `actions.py` has the frame and the vendors' hooks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import urlsplit

from ..state import SimCheck
from .action_pages import page
from .values import object_of, texts_of

if TYPE_CHECKING:
    from ..state import SimAccount, SimAsset, SimGroup
    from .actions import AssetActions

Body: TypeAlias = dict[str, Any]
Call: TypeAlias = "Callable[[AssetActions, SimAccount, Body], Body]"

_MEDIA: Final = ("Image", "Video", "Audio")
_STATUSES: Final = ("Processing", "Active", "Failed")
_GROUP_TYPES: Final = ("AIGC", "LivenessFace")
_DESCRIPTION_LIMIT: Final = 300


def _create_group(on: AssetActions, account: SimAccount, body: Body) -> Body:
    kind = on.text(body, "GroupType", required=on.group_type_required) or "AIGC"
    _ = on.one_of("GroupType", kind, ("AIGC",))
    name = on.text(body, "Name", required=True, limit=on.name_limit)
    description = on.text(body, "Description", limit=_DESCRIPTION_LIMIT)
    project = on.project(body)
    on.check_new_group(account)
    if len(on.world.groups_of(account)) >= on.world.group_quota:
        raise on.quota_exceeded("groups")
    group = on.world.add_group(account, on.world.new_id("group"), name)
    group.description, group.project_name = description, project
    return {"Id": group.id}


def _get_group(on: AssetActions, account: SimAccount, body: Body) -> Body:
    return on.group_view(on.group_of(account, body))


def _list_groups(on: AssetActions, account: SimAccount, body: Body) -> Body:
    wanted = _filter(on, body)

    def fits(group: SimGroup) -> bool:
        return (
            on.sees(group, body)
            and _is_in(group.id, wanted["GroupIds"])
            and wanted["GroupType"] in ("", "LivenessFace" if group.real_person else "AIGC")
            and wanted["Name"] in group.name
        )

    listed = on.world.listed(on.world.groups_of(account))
    found = [group for group in listed if fits(group)]
    return page(on, body, found, on.group_view, sorts=("CreateTime", "UpdateTime"), reach=10_000)


def _update_group(on: AssetActions, account: SimAccount, body: Body) -> Body:
    group = on.group_of(account, body)
    name = on.text(body, "Name", limit=on.name_limit)
    description = on.text(body, "Description", limit=_DESCRIPTION_LIMIT)
    group.name = name or group.name
    group.description = description if "Description" in body else group.description
    group.updated_at = on.world.now()
    return {"Id": group.id}


def _delete_group(on: AssetActions, account: SimAccount, body: Body) -> Body:
    on.world.delete_group(on.group_of(account, body).id)
    return {}


def _create_asset(on: AssetActions, account: SimAccount, body: Body) -> Body:
    url = on.text(body, "URL", required=True)
    media = on.one_of("AssetType", on.text(body, "AssetType", required=True), _MEDIA)
    name = on.text(body, "Name", limit=on.name_limit)
    if not _is_web_address(url):
        raise on.invalid("URL", "is not a public http or https address")
    group = on.group_of(account, body, "GroupId")
    return on.created(on.register(group, name=name, media=media, url=url).id)


def _get_asset(on: AssetActions, account: SimAccount, body: Body) -> Body:
    asset = on.asset_of(account, body)
    if on.world.now() < asset.created_at + timedelta(seconds=on.unseen_s):
        raise on.not_found("asset", asset.id)
    return on.asset_view(asset)


def _list_assets(on: AssetActions, account: SimAccount, body: Body) -> Body:
    wanted = _filter(on, body)
    now = on.world.now()

    def fits(asset: SimAsset) -> bool:
        group = on.world.groups[asset.group_id]
        return (
            on.sees(asset, body)
            and _is_in(asset.group_id, wanted["GroupIds"])
            and _is_in(asset.status(now), wanted["Statuses"])
            and wanted["GroupType"] in ("", "LivenessFace" if group.real_person else "AIGC")
            and wanted["Name"] in asset.name
        )

    listed = on.world.listed(on.world.assets_of(account))
    found = [asset for asset in listed if fits(asset)]
    sorts = ("CreateTime", "UpdateTime", "GroupId")
    return page(on, body, found, on.asset_view, sorts=sorts, reach=20_000)


def _update_asset(on: AssetActions, account: SimAccount, body: Body) -> Body:
    asset = on.asset_of(account, body)
    asset.name = on.text(body, "Name", required=True, limit=on.name_limit)
    asset.updated_at = now = on.world.now()
    if now < asset.ready_at:  # an upload is named only now, and its review is still to come
        asset.failure = on.world.reject_assets.get(asset.name, asset.failure)
    return {"Id": asset.id}


def _delete_asset(on: AssetActions, account: SimAccount, body: Body) -> Body:
    del on.world.assets[on.asset_of(account, body).id]
    return {}


def _create_check(on: AssetActions, account: SimAccount, body: Body) -> Body:
    callback = on.text(body, "CallbackURL", required=on.callback_required)
    if callback and not _is_web_address(callback):
        raise on.invalid("CallbackURL", "is not an http or https address")
    now, world = on.world.now(), on.world
    # 34 characters: 14 digits of time and something like upper-case hex.
    rest = hashlib.sha256(world.new_id("check").encode()).hexdigest()[:20].upper()
    check = SimCheck(
        token=f"{now:%Y%m%d%H%M%S}{rest}",
        account=account.name,
        created_at=now,
        expires_at=now + timedelta(seconds=world.token_life_s),
        callback_url=callback,
        project_name=on.project(body),
    )
    world.checks[check.token] = check
    return {
        "BytedToken": check.token,
        "H5Link": f"{on.base_url}/h5/{check.token}",
        "CallbackURL": callback,
    }


def _get_check(on: AssetActions, account: SimAccount, body: Body) -> Body:
    token = on.text(body, "BytedToken", required=True)
    check = on.world.checks.get(token)
    if check and (check.account != account.name or not on.sees(check, body)):
        check = None
    return {"GroupId": on.check_result(token, check)}


def _filter(on: AssetActions, body: Body) -> Body:
    sent = body.get("Filter")
    if sent is None and on.filter_required:
        raise on.missing("Filter")
    given = {} if sent is None else object_of(sent)
    if given is None:
        raise on.invalid("Filter", "is not an object")
    if not given.get("GroupType") and on.filter_required:
        raise on.missing("Filter.GroupType")
    kind = on.text(given, "GroupType")
    statuses = _words(on, given, "Statuses")
    return {
        "GroupType": kind and on.one_of("Filter.GroupType", kind, _GROUP_TYPES),
        "Name": on.text(given, "Name"),
        "GroupIds": _words(on, given, "GroupIds"),
        "Statuses": [on.one_of("Filter.Statuses", word, _STATUSES) for word in statuses],
    }


def _words(on: AssetActions, given: Body, member: str) -> list[str]:
    value = given.get(member)
    words = [] if value is None else texts_of(value)
    if words is None:
        raise on.invalid(f"Filter.{member}", "is not a list of strings")
    return words


def _is_in(word: str, words: list[str]) -> bool:
    return not words or word in words


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


ACTIONS: Final[dict[str, Call]] = {
    "CreateAssetGroup": _create_group,
    "GetAssetGroup": _get_group,
    "ListAssetGroups": _list_groups,
    "UpdateAssetGroup": _update_group,
    "DeleteAssetGroup": _delete_group,
    "CreateAsset": _create_asset,
    "GetAsset": _get_asset,
    "ListAssets": _list_assets,
    "UpdateAsset": _update_asset,
    "DeleteAsset": _delete_asset,
    "CreateVisualValidateSession": _create_check,
    "GetVisualValidateResult": _get_check,
}
