"""
icover's asset library, simulated: a thin translation over Volcengine's Actions.

Documented: the calls and their members, presigned uploads, that single things and their refusals
come in the Actions' envelope, that changes and lists of icover's own come as `{code, message,
data}`, that its own refusals are plain texts, that a file may be put only under the announced
content type. Assumed: the layout of lists (`Layout`), ids and names of stored files, which of
icover's refusals is which status, that a link into the storage is refused before its file is there.

Not simulated: the list of sessions and their changes, records.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from attrs import Factory, define, field

from ...wire.steps import Request, Response
from ..simulator import bearer_of, header, json_of, query_of, route_of
from ..state import SimAccount, SimAsset, SimGroup
from .reading import Json, Refusal, need
from .signed_actions import SignedSimulator

Layout: TypeAlias = Literal["envelope", "data", "items"]
"""How a list comes: as the Actions' own, below `data`, or with its items at the top."""

BUCKET: Final = "/bucket/"
_SIGNED: Final = "X-Amz-Signature=simulated"
_LIBRARY: Final = "/api/asset-library"
_CALLBACK: Final = "https://icover.ai/real-person/return"
_PAGE_SIZE: Final = 100


@define(kw_only=True)
class IcoverPlane:
    """
    The library, for the accounts that have a `library_key`.

    Attributes:
        simulator: Whose Actions it passes on.
        files: What was put into the storage, by name: announced type, and content once it is there.
    """

    simulator: SignedSimulator[Any] = field(repr=False, eq=False)
    layout: Layout = "envelope"
    files: dict[str, tuple[str, bytes | None]] = Factory(dict[str, tuple[str, bytes | None]])

    def owns(self, request: Request) -> bool:
        """Tell whether *request* is for the library or its storage."""
        return urlsplit(request.url).path.startswith(("/api/", BUCKET))

    def answer(self, request: Request) -> Response:
        """Answer one request."""
        path = urlsplit(request.url).path
        try:
            if path.startswith(BUCKET):
                return self._bucket(request, path.removeprefix(BUCKET))
            return self._library(request)
        except Refusal as no:
            return self.simulator.text(f"[client] {no.message}", status=no.status)

    # Files

    def _bucket(self, request: Request, name: str) -> Response:
        kind, content = self.files.get(name, ("", None))
        if header(request, "authorization"):
            return self.simulator.text("<Error><Code>InvalidArgument</Code></Error>", status=400)
        if request.method == "PUT":
            signed = query_of(request).get("X-Amz-Signature")
            if not kind or not signed or header(request, "content-type") != kind:
                return self.simulator.text(
                    "<Error><Code>SignatureDoesNotMatch</Code></Error>", status=403
                )
            self.files[name] = (kind, request.content)
            return self.simulator.text("")
        if content is None or request.method != "GET":
            return self.simulator.text("<Error><Code>NoSuchKey</Code></Error>", status=404)
        return self.simulator.send(content, kind)

    def _presign(self, account: SimAccount, body: Json) -> Response:
        kind, ext = body.get("contentType", "application/octet-stream"), body.get("ext", "bin")
        if not isinstance(kind, str) or not isinstance(ext, str) or not ext.isalnum():
            raise Refusal(400, "", "ext or contentType is not valid")
        name = f"{self.simulator.world.new_id('file')}.{ext}"
        self.files[name] = (kind, None)
        url = f"{self.simulator.base_url}{BUCKET}{name}"
        return self._own({"uploadUrl": f"{url}?{_SIGNED}", "publicUrl": url})

    # The library

    def _library(self, request: Request) -> Response:
        accounts = self.simulator.world.accounts.values()
        key = bearer_of(request)
        account = need(
            next((a for a in accounts if key and a.library_key == key), None),
            Refusal(401, "", "the Asset Library KEY is missing or not valid"),
        )
        sent = query_of(request) if request.method == "GET" else json_of(request)
        body = need(sent, Refusal(400, "", "the body is not a JSON object"))
        routes: dict[str, Callable[..., Response]] = {
            "POST /api/storage/presign": self._presign,
            f"POST {_LIBRARY}/groups": self._create_group,
            f"GET {_LIBRARY}/groups": self._list_groups,
            f"POST {_LIBRARY}/assets": self._create_asset,
            f"GET {_LIBRARY}/assets": self._list_assets,
            f"GET {_LIBRARY}/assets/{{id}}": partial(self._pass_on, "GetAsset", "Id"),
            f"DELETE {_LIBRARY}/assets/{{id}}": partial(self._pass_on, "DeleteAsset", "Id"),
            f"PATCH {_LIBRARY}/assets/{{id}}": self._rename,
            f"POST {_LIBRARY}/real-person/sessions": self._open_session,
            f"POST {_LIBRARY}/real-person/sessions/{{token}}": partial(
                self._pass_on, "GetVisualValidateResult", "BytedToken"
            ),
        }
        return need(route_of(request, routes), Refusal(404, "", "no such call"))(account, body)

    def _create_group(self, account: SimAccount, body: Json) -> Response:
        if not body.get("name"):
            raise Refusal(400, "", "name is required")
        described = {"Description": body["description"]} if body.get("description") else {}
        named = {"Name": body["name"], "GroupType": "AIGC", **described}
        return self._act(account, "CreateAssetGroup", named)

    def _list_groups(self, account: SimAccount, query: Json) -> Response:
        groups = self.simulator.world.groups_of(account)
        return self._list(query, groups, self.simulator.actions().group_view)

    def _create_asset(self, account: SimAccount, body: Json) -> Response:
        url = str(body.get("imageUrl") or "")
        if not url:
            raise Refusal(400, "", "imageUrl is required")
        stored = urlsplit(url).path.removeprefix(BUCKET)
        if self.files.get(stored, ("", b""))[1] is None:
            raise Refusal(400, "", "the file was not uploaded")
        labelled = {"Name": body["label"]} if body.get("label") else {}
        kind = body.get("assetType", "Image")
        wanted = {"GroupId": body.get("groupId"), "URL": url, "AssetType": kind, **labelled}
        return self._act(account, "CreateAsset", wanted)

    def _list_assets(self, account: SimAccount, query: Json) -> Response:
        assets = self.simulator.world.assets_of(account, query.get("groupId") or None)
        return self._list(query, assets, self.simulator.actions().asset_view)

    def _pass_on(
        self, action: str, member: str, account: SimAccount, _body: Json, named: str
    ) -> Response:
        return self._act(account, action, {member: named})

    def _open_session(self, account: SimAccount, _body: Json) -> Response:
        return self._act(account, "CreateVisualValidateSession", {"CallbackURL": _CALLBACK})

    def _rename(self, account: SimAccount, body: Json, named: str) -> Response:
        if not body.get("label"):
            raise Refusal(400, "", "label is required")
        renamed = self._act(account, "UpdateAsset", {"Id": named, "Name": body["label"]})
        return self._own({"id": named}) if renamed.ok else renamed

    def _act(self, account: SimAccount, action: str, body: Json) -> Response:
        return self.simulator.perform(
            account, action, {**body, "ProjectName": account.project_name}
        )

    def _list(
        self, query: Json, found: list[SimGroup] | list[SimAsset], view: Callable[[Any], Json]
    ) -> Response:
        number, size = query.get("pageNumber", "1"), query.get("pageSize", str(_PAGE_SIZE))
        if not (number.isdecimal() and size.isdecimal() and 1 <= int(size) <= _PAGE_SIZE):
            raise Refusal(400, "", "pageNumber or pageSize is not valid")
        start = (int(number) - 1) * int(size) if "pageNumber" in query else 0
        part = found[start : start + int(size)] if "pageSize" in query else found
        items = [{**view(each), "_source": "icover"} for each in part]
        page = {"Items": items, "TotalCount": len(found)}
        if self.layout == "data":
            return self._own(page)
        if self.layout == "items":
            return self.simulator.json({**page, "_cached": False})
        metadata = self.simulator.metadata("List")
        return self.simulator.json({"ResponseMetadata": metadata, "Result": page, "_cached": False})

    def _own(self, data: Json) -> Response:
        return self.simulator.json({"code": 0, "message": "ok", "data": data})
