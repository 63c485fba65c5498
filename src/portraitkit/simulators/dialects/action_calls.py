"""What each of the twelve Actions does; `actions` has the frame and the vendors' hooks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final, TypeAlias

from ..state import SimAccount, SimAsset, SimGroup, own
from .action_pages import Thing, page
from .actions import AssetActions, group_type
from .reading import MISSING, Json, Refusal, is_web_address, need, object_of, texts_of

Call: TypeAlias = "Callable[[AssetActions, SimAccount, Json], Json]"

_MEDIA: Final = ("Image", "Video", "Audio")
_STATUSES: Final = ("Processing", "Active", "Failed")
_GROUP_TYPES: Final = ("AIGC", "LivenessFace")
_DESCRIPTION_LIMIT: Final = 300


def perform(on: AssetActions, account: SimAccount, action: str, body: Json) -> Json:
    """
    Carry out one Action.

    Returns:
        The `Result`.

    Raises:
        Refusal: The vendor refuses; nothing was changed.
    """
    unknown = Refusal(404, "InvalidActionOrVersion", f"Could not find operation {action}")
    work = need(_ACTIONS.get(action), unknown)
    for check in list(on.world.checks.values()):
        _ = on.world.settle_check(check)
    return work(on, account, body)


def _create_group(on: AssetActions, account: SimAccount, body: Json) -> Json:
    kind = on.text_in(body, "GroupType", required=on.group_type_required) or "AIGC"
    _ = on.one_of("GroupType", kind, ("AIGC",))
    name = on.text_in(body, "Name", required=True, limit=on.name_limit)
    description = on.text_in(body, "Description", limit=_DESCRIPTION_LIMIT)
    project = on.project(body)
    on.check_new_group(account)
    if len(on.world.groups_of(account)) >= on.world.group_quota:
        raise on.quota_exceeded("groups")
    new_id = on.world.new_id("group")
    _ = on.world.add_group(account, new_id, name, description=description, project_name=project)
    return {"Id": new_id}


def _list_groups(on: AssetActions, account: SimAccount, body: Json) -> Json:
    found = _found(on, body, on.world.groups_of(account))
    return page(on, body, found, on.group_view, sorts=("CreateTime", "UpdateTime"), reach=10_000)


def _list_assets(on: AssetActions, account: SimAccount, body: Json) -> Json:
    found = _found(on, body, on.world.assets_of(account))
    sorts = ("CreateTime", "UpdateTime", "GroupId")
    return page(on, body, found, on.asset_view, sorts=sorts, reach=20_000)


def _found(on: AssetActions, body: Json, things: Sequence[Thing]) -> list[Thing]:
    wanted = _filter(on, body)
    now = on.world.now()

    def fits(thing: SimGroup | SimAsset) -> bool:
        group = thing if isinstance(thing, SimGroup) else on.world.groups[thing.group_id]
        status = "" if isinstance(thing, SimGroup) else thing.status(now)
        return (
            on.sees(thing, body)
            and _is_in(group.id, wanted["GroupIds"])
            and (not status or _is_in(status, wanted["Statuses"]))
            and wanted["GroupType"] in ("", group_type(group))
            and wanted["Name"] in thing.name
        )

    return [thing for thing in on.world.listed(things) if fits(thing)]


def _update_group(on: AssetActions, account: SimAccount, body: Json) -> Json:
    group = on.group_of(account, body)
    name = on.text_in(body, "Name", limit=on.name_limit)
    description = on.text_in(body, "Description", limit=_DESCRIPTION_LIMIT)
    group.name = name or group.name
    group.description = description if "Description" in body else group.description
    group.updated_at = on.world.now()
    return {"Id": group.id}


def _delete_group(on: AssetActions, account: SimAccount, body: Json) -> Json:
    on.world.delete_group(on.group_of(account, body).id)
    return {}


def _create_asset(on: AssetActions, account: SimAccount, body: Json) -> Json:
    url = on.text_in(body, "URL", required=True)
    media = on.one_of("AssetType", on.text_in(body, "AssetType", required=True), _MEDIA)
    name = on.text_in(body, "Name", limit=on.name_limit)
    if not is_web_address(url):
        raise on.invalid("URL", "is not a public http or https address")
    group = on.group_of(account, body, "GroupId")
    return on.created(on.register(group, name=name, media=media, url=url).id)


def _get_asset(on: AssetActions, account: SimAccount, body: Json) -> Json:
    asset = on.asset_of(account, body)
    if on.world.now() < asset.created_at + timedelta(seconds=on.unseen_s):
        raise on.not_found("asset", asset.id)
    return on.asset_view(asset)


def _update_asset(on: AssetActions, account: SimAccount, body: Json) -> Json:
    asset = on.asset_of(account, body)
    asset.name = on.text_in(body, "Name", required=True, limit=on.name_limit)
    asset.updated_at = now = on.world.now()
    if now < asset.ready_at:  # an upload is named only now, and its review is still to come
        asset.failure = on.world.reject_assets.get(asset.name, asset.failure)
    return {"Id": asset.id}


def _delete_asset(on: AssetActions, account: SimAccount, body: Json) -> Json:
    del on.world.assets[on.asset_of(account, body).id]
    return {}


def _create_check(on: AssetActions, account: SimAccount, body: Json) -> Json:
    callback = on.text_in(body, "CallbackURL", required=on.callback_required)
    if callback and not is_web_address(callback):
        raise on.invalid("CallbackURL", "is not an http or https address")
    # 34 characters: 14 digits of time and something like upper-case hex.
    rest = hashlib.sha256(on.world.new_id("check").encode()).hexdigest()[:20].upper()
    token = f"{on.world.now():%Y%m%d%H%M%S}{rest}"
    _ = on.world.add_check(account.name, token, callback, project_name=on.project(body))
    return {"BytedToken": token, "H5Link": f"{on.base_url}/h5/{token}", "CallbackURL": callback}


def _get_check(on: AssetActions, account: SimAccount, body: Json) -> Json:
    token = on.text_in(body, "BytedToken", required=True)
    check = own(on.world.checks, account, token)
    return {"GroupId": on.check_result(token, check if check and on.sees(check, body) else None)}


def _filter(on: AssetActions, body: Json) -> Json:
    sent = body.get("Filter")
    if sent is None and on.filter_required:
        raise on.invalid("Filter", MISSING)
    asked = {} if sent is None else object_of(sent)
    given = need(asked, on.invalid("Filter", "is not an object"))
    if not given.get("GroupType") and on.filter_required:
        raise on.invalid("Filter.GroupType", MISSING)
    kind = on.text_in(given, "GroupType")
    statuses = _words(on, given, "Statuses")
    return {
        "GroupType": kind and on.one_of("Filter.GroupType", kind, _GROUP_TYPES),
        "Name": on.text_in(given, "Name"),
        "GroupIds": _words(on, given, "GroupIds"),
        "Statuses": [on.one_of("Filter.Statuses", word, _STATUSES) for word in statuses],
    }


def _words(on: AssetActions, given: Json, member: str) -> list[str]:
    value = given.get(member)
    words = [] if value is None else texts_of(value)
    return need(words, on.invalid(f"Filter.{member}", "is not a list of strings"))


def _is_in(word: str, words: list[str]) -> bool:
    return not words or word in words


_ACTIONS: Final[dict[str, Call]] = {
    "CreateAssetGroup": _create_group,
    "GetAssetGroup": lambda on, account, body: on.group_view(on.group_of(account, body)),
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
