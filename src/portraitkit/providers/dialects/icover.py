"""
icover's asset library: a bearer key, files by presigned upload, face checks without a callback.

Behind it is Volcengine's library: a single thing comes in the Actions' envelope, unchanged, and so
does its refusal. Lists and changes of icover's own come as `{code, message, data}`, and its own
refusals as a plain text that begins with `[client] `.

Source: docs/vendors/apiyi.md, the library at icover.ai.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, ClassVar, Final

from attrs import evolve, frozen

from ...limits.rates import Rate
from ...operations.repeating import removed, renamed
from ...values.errors import PortraitError
from ...values.media import Link, MediaRules, Upload
from ...values.models import Asset, AssetRef, Group, GroupRef, Page, Verification
from ...values.remarks import Adaptation
from ...values.secret import Secret
from ...values.statuses import AssetStatus, GroupKind, MediaType
from ...values.video import OnUnsupported
from ...vendor.answers import Answer, under_review
from ...wire.codec import count, first, listed
from ...wire.error_mapping import VendorError
from ...wire.steps import Auth, Flow, Response, segment
from .action_tables import SECRET_MEMBERS as UPSTREAM_SECRETS
from .action_tables import TYPE_OF_MEDIA, UPSTREAM_MEDIA
from .actions import envelope_fault, envelope_request_id
from .bearer import json_call, with_body_status
from .paging import PAGE_SIZE, AssetsByGroup, Position, may_be, read_rows
from .sessions import SessionVerification
from .storage import StoredFiles, link_in, put_file

ORIGIN: Final = "https://icover.ai"
_API: Final = "/api"
_LIBRARY: Final = f"{_API}/asset-library"
_GUIDE: Final = "icover's asset library page: status calls 100 a second, others about 10"
LIBRARY_RATES: Final[Mapping[str, Rate]] = {
    f"GET {_LIBRARY}/assets/*": Rate(most=100, source=_GUIDE),
    **dict.fromkeys(
        (
            f"POST {_API}/storage/presign",
            f"POST {_LIBRARY}/groups",
            f"GET {_LIBRARY}/groups",
            f"POST {_LIBRARY}/assets",
            f"GET {_LIBRARY}/assets",
            f"PATCH {_LIBRARY}/assets/*",
            f"DELETE {_LIBRARY}/assets/*",
            f"POST {_LIBRARY}/real-person/sessions",
            f"POST {_LIBRARY}/real-person/sessions/*",
        ),
        Rate(most=10, source=_GUIDE),
    ),
}
# Source: docs/vendors/apiyi.md: icover's own members, beside those of the envelope it hands on.
SECRET_MEMBERS: Final = UPSTREAM_SECRETS | {
    "label",  # what an asset is called
    "imageUrl",
    "uploadUrl",  # whoever has it may write there
    "publicUrl",
    "sessions",  # what stands behind it in a path opens a person's face check
}
_OWN_TEXT: Final = b"[client] "
_LONGEST_TEXT: Final = 500
_FINE: Final = (0, 200)
"""Source: presign answers 0. Unverified: that a 200 would mean the same."""

# Unverified: how a list is laid out is shown nowhere; these are the likely places.
_ROWS: Final = (
    "Result.Items",
    "Items",
    "data.Result.Items",
    "data.Items",
    "data.items",
    "data.list",
    "data",
    "Result",
    "items",
)
_TOTAL: Final = (
    "Result.TotalCount",
    "TotalCount",
    "data.Result.TotalCount",
    "data.TotalCount",
    "data.total",
    "total",
)

_REAL_PERSON: Final = "docs.apiyi.com on icover, files of real people"
ICOVER_MEDIA: Final[Mapping[MediaType, MediaRules]] = {
    MediaType.IMAGE: UPSTREAM_MEDIA[MediaType.IMAGE],
    MediaType.VIDEO: evolve(
        UPSTREAM_MEDIA[MediaType.VIDEO], max_bytes=50_000_000, source=_REAL_PERSON
    ),
    MediaType.AUDIO: evolve(UPSTREAM_MEDIA[MediaType.AUDIO], source=_REAL_PERSON),
}


@frozen(kw_only=True, slots=False)
class IcoverLibrary(AssetsByGroup, StoredFiles, SessionVerification):
    """
    Groups, assets and real people at icover.

    Attributes:
        library_key: icover's Asset Library KEY. It is sent to `assets_url` and nowhere else.
        assets_url: An origin, without `/api`.
    """

    asset_cost: ClassVar[str] = "nothing"  # APIYI's asset page
    media_rules: ClassVar[Mapping[MediaType, MediaRules]] = ICOVER_MEDIA
    storage_rules: ClassVar[Mapping[MediaType, MediaRules]] = ICOVER_MEDIA
    secret_fields: ClassVar[frozenset[str]] = SECRET_MEMBERS

    library_key: Secret
    assets_url: str = ORIGIN

    # -- the wire --------------------------------------------------------------------------------

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        repeatable: bool | None = None,
        secrets: tuple[Secret, ...] = (),
    ) -> Flow[Answer]:
        """Call the library; the answer's data is the `Result` in its envelope, if there is one."""
        request = json_call(
            method,
            self.assets_url + path,
            body,
            query=query,
            repeatable=repeatable,
            auth=Auth.LIBRARY,
        )
        answer = yield from self.ask(evolve(request, secrets=secrets))
        result = first(answer.data, "Result")
        return answer if result is None else evolve(answer, data=result)

    def library_fault(self, data: Any, response: Response) -> VendorError | None:
        """Read all three kinds of bodies: the envelope, `{code, message, data}`, and plain text."""
        if response.content.startswith(_OWN_TEXT):
            text = response.content.removeprefix(_OWN_TEXT)[:_LONGEST_TEXT]
            return VendorError(message=text.decode(errors="replace").strip())
        if found := envelope_fault(data):
            return found
        code = first(data, "code")
        if type(code) is not int or code in _FINE:
            return None
        return VendorError(code=str(code), message=first(data, "message"))

    def refusal(self, response: Response) -> PortraitError | None:
        """Read an answer as a refusal, by the body's code where HTTP says 200."""
        return super().refusal(with_body_status(response))

    def request_id(self, data: Any, response: Response) -> str:
        """The id in the envelope, else in the headers."""
        return envelope_request_id(data) or super().request_id(data, response)

    # -- groups ----------------------------------------------------------------------------------

    def make_group(
        self, name: str, *, kind: GroupKind, description: str, on_unsupported: OnUnsupported
    ) -> Flow[Group]:
        """Create a virtual figure's group."""
        body = {"name": name, **({"description": description} if description else {})}
        answer = yield from self.call("POST", f"{_LIBRARY}/groups", body)
        given = {"name": name, "description": description, "kind": kind, "kind_word": "AIGC"}
        return self.read(Group, answer, **given)

    def list_groups(
        self, cursor: str | None, *, kind: GroupKind | None = None
    ) -> Flow[Page[Group]]:
        """
        List groups: one page, as no paging is documented.

        Unverified: the layout, and that a row names its kind. One that does not may be of any: it
        is given, of unknown kind, whichever is asked for.
        """
        answer = yield from self.listed("groups")
        rows = listed(answer.data, _ROWS, _TOTAL)
        found = read_rows(rows, self.reader(Group, answer))
        total = count(answer.data, _TOTAL)
        return found.page(total=total, keep=lambda each: may_be(each, kind))

    def listed(self, what: str, query: Mapping[str, str] | None = None) -> Flow[Answer]:
        """Read a list as it comes."""
        url = f"{self.assets_url}{_LIBRARY}/{what}"
        return self.ask(json_call("GET", url, query=query, auth=Auth.LIBRARY))

    # -- assets ----------------------------------------------------------------------------------

    def store(self, upload: Upload) -> Flow[Link]:
        """Ask where the file may be put, and put it there: bare, to whatever host that is."""
        suffix = PurePath(upload.filename).suffix.lower().removeprefix(".")
        ext = {"ext": suffix} if re.fullmatch("[a-z0-9]{1,8}", suffix) else {}
        body = {**ext, "contentType": upload.content_type}
        answer = yield from self.call("POST", f"{_API}/storage/presign", body, repeatable=True)
        place = link_in(answer, first(answer.data, "data.uploadUrl"), upload)
        link = link_in(answer, first(answer.data, "data.publicUrl"), upload)
        yield from put_file(self, place, upload)
        return link

    def add_link(self, group: GroupRef, link: Link, *, name: str) -> Flow[Asset]:
        """Register a public URL. Source: `imageUrl` carries videos and audios, too."""
        group_id = self.id_of("group", group)
        body = {
            "groupId": group_id,
            "imageUrl": link.url.reveal(),
            **({"label": name} if name else {}),
            "assetType": TYPE_OF_MEDIA[link.media],
        }
        answer = yield from self.call("POST", f"{_LIBRARY}/assets", body, secrets=(link.url,))
        given = {"group_id": group_id, "name": name, "media": link.media}
        return under_review(self.read(Asset, answer, **given))

    def get_asset(self, asset: AssetRef) -> Flow[Asset]:
        """Read an asset."""
        asset_id = self.id_of("asset", asset)
        return self.read(
            Asset, (yield from self.call("GET", f"{_LIBRARY}/assets/{segment(asset_id)}"))
        )

    def assets_page(
        self, asked: Sequence[AssetStatus], cursor: str | None, group_id: str
    ) -> Flow[Page[Asset]]:
        """List a page of a group. Unverified: the layout."""
        place = Position.parse(cursor)
        query = {"groupId": group_id, "pageNumber": str(place.number), "pageSize": str(PAGE_SIZE)}
        answer = yield from self.listed("assets", query)
        rows = listed(answer.data, _ROWS, _TOTAL)
        found = read_rows(rows, self.reader(Asset, answer, group_id=group_id))
        total = count(answer.data, _TOTAL)
        return place.page(found, total=total, keep=lambda each: each.status in asked)

    def rename_asset(self, asset: AssetRef, name: str) -> Flow[Asset]:
        """Change an asset's label, then read it."""
        asset_id = self.id_of("asset", asset)
        sent = self.call("PATCH", f"{_LIBRARY}/assets/{segment(asset_id)}", {"label": name})
        return renamed(self, name, sent, self.get_asset(asset_id))

    def delete_asset(self, asset: AssetRef) -> Flow[None]:
        """Delete an asset."""
        path = f"{_LIBRARY}/assets/{segment(self.id_of('asset', asset))}"
        yield from removed(self.call("DELETE", path))

    # -- real people -----------------------------------------------------------------------------

    def start_verification(
        self, name: str, *, callback_url: str | None = None
    ) -> Flow[Verification]:
        """Open a session. There is no callback: the page it returns to is icover's own."""
        check = yield from super().start_verification(name)
        if callback_url:
            why = "icover calls nobody back: check_verification asks it"
            lost = Adaptation(field="callback_url", asked=callback_url, sent=None, why=why)
            return evolve(check, adaptations=(lost,))
        return check

    def open_session(self, name: str, callback_url: str | None) -> Flow[Answer]:
        """Open a session under the person's name."""
        body = {"name": name} if name else {}
        return self.call("POST", f"{_LIBRARY}/real-person/sessions", body)

    def read_session(self, token: Secret) -> Flow[Answer]:
        """Exchange the token, which is a part of the path."""
        path = f"{_LIBRARY}/real-person/sessions/{segment(token.reveal())}"
        return self.call("POST", path, repeatable=True, secrets=(token,))
