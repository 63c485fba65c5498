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
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias
from urllib.parse import unquote, urlsplit

from attrs import Factory, define, field

from ...wire.steps import Response
from ..simulator import bearer_of, header, json_of, query_of

if TYPE_CHECKING:
    from ...wire.steps import Request
    from ..simulator import Simulator
    from ..state import SimAccount, SimAsset, SimGroup
    from .signed_actions import SignedPlane

Body: TypeAlias = dict[str, Any]
Layout: TypeAlias = Literal["envelope", "data", "items"]
"""How a list comes: as the Actions' own, below `data`, or with its items at the top."""

BUCKET: Final = "/bucket/"
_SIGNED: Final = "X-Amz-Signature=simulated"
_LIBRARY: Final = ["api", "asset-library"]
_CALLBACK: Final = "https://icover.ai/real-person/return"
_PAGE_SIZE: Final = 100


class _Refused(Exception):  # noqa: N818  (a way out of a handler, not an error of the library)
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@define(kw_only=True)
class IcoverPlane:
    """
    The library, for the accounts that have a `library_key`.

    Attributes:
        plane: Whose Actions it passes on.
        files: What was put into the storage, by name: announced type, and content once it is there.
    """

    simulator: Simulator = field(repr=False, eq=False)
    plane: SignedPlane
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
            return self._library(request, [unquote(part) for part in path.split("/")[1:]])
        except _Refused as refused:
            return self._text(refused.status, f"[client] {refused.message}")

    # Files

    def _bucket(self, request: Request, name: str) -> Response:
        kind, content = self.files.get(name, ("", None))
        if header(request, "authorization"):
            return self._text(400, "<Error><Code>InvalidArgument</Code></Error>")
        if request.method == "PUT":
            signed = query_of(request).get("X-Amz-Signature")
            if not kind or not signed or header(request, "content-type") != kind:
                return self._text(403, "<Error><Code>SignatureDoesNotMatch</Code></Error>")
            self.files[name] = (kind, request.content)
            return self._text(200, "")
        if content is None or request.method != "GET":
            return self._text(404, "<Error><Code>NoSuchKey</Code></Error>")
        now = self.simulator.world.now()
        headers = {"content-type": kind}
        return Response(status=200, headers=headers, content=content, received_at=now)

    def _presign(self, body: Body) -> Response:
        kind, ext = body.get("contentType", "application/octet-stream"), body.get("ext", "bin")
        if not isinstance(kind, str) or not isinstance(ext, str) or not ext.isalnum():
            raise _Refused(400, "ext or contentType is not valid")
        name = f"{self.simulator.world.new_id('file')}.{ext}"
        self.files[name] = (kind, None)
        url = f"{self.simulator.base_url}{BUCKET}{name}"
        return self._own({"uploadUrl": f"{url}?{_SIGNED}", "publicUrl": url})

    # The library

    def _library(self, request: Request, parts: list[str]) -> Response:
        accounts = self.simulator.world.accounts.values()
        key = bearer_of(request)
        account = next((a for a in accounts if key and a.library_key == key), None)
        if account is None:
            raise _Refused(401, "the Asset Library KEY is missing or not valid")
        body = json_of(request)
        if body is None:
            raise _Refused(400, "the body is not a JSON object")
        if (request.method, parts) == ("POST", ["api", "storage", "presign"]):
            return self._presign(body)
        if parts[:2] != _LIBRARY:
            raise _Refused(404, "no such call")
        kinds = {"groups": self._groups, "assets": self._assets, "real-person": self._sessions}
        kind = kinds.get(parts[2] if len(parts) > 2 else "")
        found = kind(request, account, parts[3:], body) if kind else None
        if found is None:
            raise _Refused(404, "no such call")
        return found

    def _groups(
        self, request: Request, account: SimAccount, parts: list[str], body: Body
    ) -> Response | None:
        match (request.method, *parts):
            case ("POST",):
                return self._create_group(account, body)
            case ("GET",):
                groups = self.simulator.world.groups_of(account)
                return self._list(request, groups, self.plane.actions().group_view)
            case _:
                return None

    def _assets(
        self, request: Request, account: SimAccount, parts: list[str], body: Body
    ) -> Response | None:
        match (request.method, *parts):
            case ("POST",):
                return self._create_asset(account, body)
            case ("GET",):
                wanted = query_of(request).get("groupId") or None
                assets = self.simulator.world.assets_of(account, wanted)
                return self._list(request, assets, self.plane.actions().asset_view)
            case ("GET" | "DELETE" as method, named):
                action = "GetAsset" if method == "GET" else "DeleteAsset"
                return self._act(account, action, {"Id": named})
            case ("PATCH", named):
                return self._rename(account, named, body)
            case _:
                return None

    def _sessions(
        self, request: Request, account: SimAccount, parts: list[str], body: Body
    ) -> Response | None:
        match (request.method, *parts):
            case ("POST", "sessions"):
                opening = {"CallbackURL": _CALLBACK}
                return self._act(account, "CreateVisualValidateSession", opening)
            case ("POST", "sessions", token):
                return self._act(account, "GetVisualValidateResult", {"BytedToken": token})
            case _:
                return None

    def _create_group(self, account: SimAccount, body: Body) -> Response:
        if not body.get("name"):
            raise _Refused(400, "name is required")
        described = {"Description": body["description"]} if body.get("description") else {}
        named = {"Name": body["name"], "GroupType": "AIGC", **described}
        return self._act(account, "CreateAssetGroup", named)

    def _create_asset(self, account: SimAccount, body: Body) -> Response:
        url = str(body.get("imageUrl") or "")
        if not url:
            raise _Refused(400, "imageUrl is required")
        stored = urlsplit(url).path.removeprefix(BUCKET)
        if self.files.get(stored, ("", b""))[1] is None:
            raise _Refused(400, "the file was not uploaded")
        labelled = {"Name": body["label"]} if body.get("label") else {}
        kind = body.get("assetType", "Image")
        wanted = {"GroupId": body.get("groupId"), "URL": url, "AssetType": kind, **labelled}
        return self._act(account, "CreateAsset", wanted)

    def _rename(self, account: SimAccount, named: str, body: Body) -> Response:
        if not body.get("label"):
            raise _Refused(400, "label is required")
        renamed = self._act(account, "UpdateAsset", {"Id": named, "Name": body["label"]})
        return self._own({"id": named}) if renamed.ok else renamed

    def _act(self, account: SimAccount, action: str, body: Body) -> Response:
        return self.plane.perform(account, action, {**body, "ProjectName": account.project_name})

    def _list(
        self,
        request: Request,
        found: list[SimGroup] | list[SimAsset],
        view: Callable[[Any], Body],
    ) -> Response:
        query = query_of(request)
        number, size = query.get("pageNumber", "1"), query.get("pageSize", str(_PAGE_SIZE))
        if not (number.isdecimal() and size.isdecimal() and 1 <= int(size) <= _PAGE_SIZE):
            raise _Refused(400, "pageNumber or pageSize is not valid")
        start = (int(number) - 1) * int(size) if "pageNumber" in query else 0
        part = found[start : start + int(size)] if "pageSize" in query else found
        items = [{**view(each), "_source": "icover"} for each in part]
        page = {"Items": items, "TotalCount": len(found)}
        if self.layout == "data":
            return self._own(page)
        if self.layout == "items":
            return self.simulator.json({**page, "_cached": False})
        metadata = self.plane.metadata("List")
        return self.simulator.json({"ResponseMetadata": metadata, "Result": page, "_cached": False})

    def _own(self, data: Body) -> Response:
        return self.simulator.json({"code": 0, "message": "ok", "data": data})

    def _text(self, status: int, text: str) -> Response:
        return Response(
            status=status,
            headers={"content-type": "text/plain; charset=utf-8"},
            content=text.encode(),
            received_at=self.simulator.world.now(),
        )
