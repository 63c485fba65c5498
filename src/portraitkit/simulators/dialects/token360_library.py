"""A simulated Token360's asset groups, face checks and assets."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from attrs import define, field, frozen

from ...wire.steps import Request, Response
from ..simulator import form_of, query_of
from ..state import SimAccount, SimAsset, SimGroup, own
from .reading import Json, Refusal, need
from .token360_answers import Answers, matching

_PICTURES: Final = tuple(
    f"image/{kind}" for kind in ("jpeg", "png", "webp", "bmp", "tiff", "gif", "heic")
)
_PICTURE_BYTES: Final = 30_000_000
_NAME_LENGTH: Final = 64
_PASSED: Final = 10000


@frozen
class _Upload:
    """What a record tells of its file."""

    record_id: int
    filename: str
    mime_type: str
    size_bytes: int


@define(kw_only=True)
class Library(Answers):
    """Groups and assets, each seen only by the account that made it."""

    _uploads: dict[str, _Upload] = field(factory=dict[str, _Upload], init=False)

    # --- groups ---

    def _create_group(self, account: SimAccount, request: Request) -> Response:
        body = self._body(request)
        name, kind = _name(body.get("name")), body.get("groupKind")
        real = kind == self.variants.real_person_kind
        if not real and kind not in ("VIRTUAL_PORTRAIT", "GENERIC"):
            raise Refusal(400, "INVALID_GROUP_KIND", f"unsupported groupKind {kind}")
        if len(self.world.groups_of(account)) >= self.world.group_quota:
            raise Refusal(403, "QUOTA_EXCEEDED", "the quota of asset groups is used up")
        prefix = "generic" if kind == "GENERIC" else "group"
        group = self.world.add_group(account, self.world.new_id(prefix), name, real_person=real)
        group.pending = real
        link = {"h5Link": f"{self.base_url}/h5/{self._open_check(group)}"} if real else {}
        return self._yes({**self._group(group), **link}, "Asset group created")

    def _list_groups(self, account: SimAccount, request: Request) -> Response:
        query = query_of(request)
        groups = self.world.listed(self.world.groups_of(account))
        rows = [self._group(group) for group in groups]
        rows = matching(rows, query, ("groupKind", "status"), self.variants.group_id_key)
        return self._rows(rows, query, self.variants.list_key)

    def _get_group(self, account: SimAccount, _request: Request, group_id: str) -> Response:
        return self._yes(self._group(self._own_group(account, group_id)))

    def _rename_group(self, account: SimAccount, request: Request, group_id: str) -> Response:
        group = self._own_group(account, group_id)
        group.name = _name(self._body(request).get("name"))
        group.updated_at = self.world.now()
        return self._yes(self._group(group))

    def _delete_group(self, account: SimAccount, _request: Request, group_id: str) -> Response:
        self.world.delete_group(self._own_group(account, group_id).id)
        return self._yes("Deleted successfully", "Asset group deleted")

    def _group(self, group: SimGroup) -> Json:
        kind = self.variants.real_person_kind if group.real_person else "VIRTUAL_PORTRAIT"
        return {
            self.variants.group_id_key: group.id,
            "name": group.name,
            "groupKind": "GENERIC" if group.id.startswith("generic") else kind,
            "status": self._word(self._group_status(group)),
        }

    def _group_status(self, group: SimGroup) -> str:
        if not group.pending:
            return "active"
        check = next(c for c in self.world.checks.values() if c.group_id == group.id)
        code = self.world.settle_check(check).result_code
        if code == _PASSED and self.variants.activates:
            group.pending = False
            return "active"
        if self.variants.names_outcome and code not in (None, _PASSED):
            return "failed"
        lapsed = code is None and self.world.now() >= check.expires_at
        return "expired" if lapsed and self.variants.names_outcome else "pending_validation"

    def _own_group(self, account: SimAccount, group_id: str) -> SimGroup:
        group = own(self.world.groups, account, group_id)
        return need(group, Refusal(404, "ASSET_GROUP_NOT_FOUND", "Asset group not found"))

    # --- face checks ---

    def _open_check(self, group: SimGroup) -> str:
        token = _digest(f"h5 {group.id}")
        return self.world.add_check(group.account, token, group_id=group.id).token

    def _page(self, request: Request, token: str) -> Response:
        check = self.world.checks.get(token)
        if check is None or self.world.now() >= check.expires_at:
            return self._html("This link has lapsed", 404 if check is None else 410)
        if request.method == "POST" and check.result_code is None:
            code = re.search(rb"result=(\d+)", request.content)
            check.result_code = int(code[1]) if code else _PASSED
        passed = "Verified" if check.result_code == _PASSED else "Hold the phone before your face"
        return self._html(passed, 200)

    # --- assets ---

    def seed_asset(self, group: SimGroup, name: str) -> SimAsset:
        number = _digest(self.world.new_id("asset"))
        asset = self.world.seed_asset(group, f"ta_{number}", name, "")
        self._uploads[asset.id] = _Upload(int(number[:7], 16), f"{name}.jpg", "image/jpeg", 1)
        return asset

    def _upload(self, account: SimAccount, request: Request) -> Response:
        form = form_of(request)
        file = form.get("file")
        if file is None or file.filename is None or not file.content:
            raise Refusal(400, "FILE_REQUIRED", "file is required")
        if "groupId" not in form:
            raise Refusal(400, "GROUP_REQUIRED", "groupId is required")
        group = self._own_group(account, form["groupId"].text)
        portrait = not group.id.startswith("generic")
        if self._group_status(group) != "active":
            raise Refusal(409, "ASSET_GROUP_NOT_ACTIVE", "Asset group is not active")
        if portrait and file.content_type not in _PICTURES:
            raise Refusal(400, "UNSUPPORTED_FILE", f"{file.content_type} is not accepted")
        if len(file.content) >= _PICTURE_BYTES:
            raise Refusal(400, "FILE_TOO_LARGE", "the file must be smaller than 30 MB")
        if len(self.world.assets_of(account, group.id)) >= self.world.asset_quota:
            raise Refusal(403, "QUOTA_EXCEEDED", "the group's quota of assets is used up")
        number = _digest(self.world.new_id("asset"))
        asset = self.world.add_asset(
            group,
            f"{'ta' if portrait else 'ua'}_{number}",
            name=_name(form["name"].text if "name" in form else file.filename),
            media=file.content_type.partition("/")[0].capitalize(),
            url="",
        )
        self._uploads[asset.id] = _Upload(
            int(number[:7], 16), file.filename, file.content_type, len(file.content)
        )
        return self._yes(self._asset(asset), "Asset uploaded", self.variants.upload_status)

    def _list_assets(self, account: SimAccount, request: Request) -> Response:
        query = query_of(request)
        group_id = query.get("groupId")
        if group_id is not None:
            _ = self._own_group(account, group_id)
        assets = self.world.listed(self.world.assets_of(account, group_id))
        rows = [self._asset(asset) for asset in assets]
        key = "items" if self.variants.list_key == "groups" else self.variants.list_key
        return self._rows(matching(rows, query, ("status",), "assetId"), query, key)

    def _get_asset(self, account: SimAccount, _request: Request, asset_id: str) -> Response:
        return self._yes(self._asset(self._own_asset(account, asset_id)))

    def _delete_asset(self, account: SimAccount, _request: Request, asset_id: str) -> Response:
        del self.world.assets[self._own_asset(account, asset_id).id]
        return self._yes("Deleted successfully", "Asset deleted")

    def _asset(self, asset: SimAsset) -> Json:
        file = self._uploads[asset.id]
        word = asset.status(self.world.now()).lower()
        reason = {"errorMessage": asset.failure[1]} if word == "failed" and asset.failure else {}
        return {
            "id": file.record_id,
            "assetId": asset.id,
            "token360AssetId": asset.id,
            "shared": False,
            "assetGroupId": asset.group_id,
            "groupName": self.world.groups[asset.group_id].name,
            "mediaType": asset.media.lower(),
            "status": self._word(word),
            "name": asset.name,
            "filename": file.filename,
            "mimeType": file.mime_type,
            "sizeBytes": file.size_bytes,
            **reason,
        }

    def _own_asset(self, account: SimAccount, asset_id: str) -> SimAsset:
        asset = own(self.world.assets, account, asset_id)
        return need(asset, Refusal(404, "ASSET_NOT_FOUND", "Asset not found"))


def _name(name: object) -> str:
    if not isinstance(name, str) or not 1 <= len(name) <= _NAME_LENGTH:
        raise Refusal(400, "INVALID_NAME", f"name must have 1 to {_NAME_LENGTH} characters")
    return name


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
