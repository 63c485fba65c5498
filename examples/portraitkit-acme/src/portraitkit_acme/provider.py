"""
Acme Studio: XML answers, form and XML bodies, HMAC signatures, URNs, statuses as numbers.

Source: contract.yaml beside this package. Acme is invented; a real adapter names pages and dates.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from attrs import frozen

import portraitkit as pk
from portraitkit.adapter import (
    Answer,
    Asset,
    AssetRef,
    AssetStatus,
    Auth,
    Codec,
    Difference,
    Flow,
    Group,
    GroupKind,
    GroupRef,
    InvalidInputError,
    Link,
    MediaType,
    OnUnsupported,
    Page,
    ProviderError,
    Request,
    Response,
    Upload,
    VendorError,
    Verification,
    VerificationRef,
    VerificationStatus,
    VideoDialect,
    VideoModel,
    VideoRef,
    VideoTask,
    first,
    origin_of,
    removed,
    rows,
)

from . import tables


@frozen(kw_only=True, slots=False)
class Acme(pk.PortraitProvider):
    """
    Acme Studio.

    Attributes:
        key_id: Names the signing key.
        key_secret: Signs every request.
        base_url: An origin, without `/x`.
    """

    name: ClassVar[str] = "acme"
    wire_form: ClassVar[str] = "XML"
    codec: ClassVar[Codec] = tables.CODEC
    dialect: ClassVar[VideoDialect] = tables.DIALECT
    video_models: ClassVar[tuple[VideoModel, ...]] = tables.MODELS
    error_codes: ClassVar[Mapping[str, type[ProviderError]]] = tables.ERRORS
    differences: ClassVar[Mapping[str, Difference]] = tables.DIFFERENCES
    secret_fields: ClassVar[frozenset[str]] = tables.SECRET_FIELDS
    asset_prefix: ClassVar[str] = "urn:acme:face:"
    name_limit: ClassVar[tuple[int | None, str]] = (40, "contract.yaml")

    key_id: pk.Secret
    key_secret: pk.Secret
    base_url: str = "https://studio.acme.example"

    # -- the account and the wire ----------------------------------------------------------------

    @property
    def identity(self) -> str:
        """The key's id names the account."""
        return self.key_id.reveal()

    @property
    def origins(self) -> frozenset[str]:
        """One origin for everything."""
        return frozenset({origin_of(self.base_url)})

    def authorize(self, request: Request, *, now: datetime) -> Request:
        """Sign method, target and body, with the time and a nonce of this very attempt."""
        stamp, nonce = str(int(now.timestamp())), secrets.token_hex(8)
        digest = hashlib.sha256(request.content).hexdigest()
        target = request.target.removeprefix(self.base_url)
        text = f"{request.method}\n{target}\n{stamp}\n{nonce}\n{digest}"
        mac = hmac.new(self.key_secret.reveal().encode(), text.encode(), "sha256").hexdigest()
        signed = f"id={self.key_id.reveal()},ts={stamp},nonce={nonce},mac={mac}"
        return request.with_headers({"X-Acme-Auth": signed})

    def decode(self, response: Response) -> Any:
        """Acme speaks XML."""
        return tables.document(response)

    def fault(self, data: Any, response: Response) -> VendorError | None:
        """A refusal is a document of its own."""
        del response
        if first(data, "tag") != "fault":
            return None
        message = str(first(data, "text") or "")
        return VendorError(code=str(first(data, "code") or ""), message=message)

    def _get(self, path: str, **query: str | None) -> Flow[Answer]:
        pairs = {name: text for name, text in query.items() if text}
        url = f"{self.base_url}/x/{path}"
        return self.ask(
            Request(method="GET", url=url, query=pairs, auth=Auth.SIGNATURE, repeatable=True)
        )

    def _post(
        self, path: str, *hidden: pk.Secret, repeatable: bool = False, **form: str
    ) -> Flow[Answer]:
        content = urlencode(form, errors="surrogatepass").encode()
        return self.ask(
            Request(
                method="POST",
                url=f"{self.base_url}/x/{path}",
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                content=content,
                auth=Auth.SIGNATURE,
                repeatable=repeatable,
                secrets=hidden,
            )
        )

    # -- groups ----------------------------------------------------------------------------------

    def make_group(
        self, name: str, *, kind: GroupKind, description: str, on_unsupported: OnUnsupported
    ) -> Flow[Group]:
        """Make a cast."""
        del kind, on_unsupported
        return self.read(Group, (yield from self._post("casts", title=name, note=description)))

    def get_group(self, group: GroupRef) -> Flow[Group]:
        """Read a cast."""
        return self.read(Group, (yield from self._get("cast", urn=self.id_of("group", group))))

    def list_groups(
        self, cursor: str | None, *, kind: GroupKind | None = None
    ) -> Flow[Page[Group]]:
        """List casts."""
        wanted = tables.number(GroupKind, kind)
        answer = yield from self._get("casts", kind=wanted, after=cursor)
        items = tuple(self.read(Group, answer, row) for row in rows(answer.data, "cast"))
        return Page(items=items, next=tables.after(answer))

    def delete_group(self, group: GroupRef) -> Flow[None]:
        """Drop a cast with its faces."""
        urn = self.id_of("group", group)
        yield from removed(self._post("cast/drop", repeatable=True, urn=urn))

    # -- assets ----------------------------------------------------------------------------------

    def add_upload(self, group: GroupRef, upload: Upload, *, name: str) -> Flow[Asset]:
        """Send the bytes in the form."""
        cast = self.id_of("group", group)
        data = base64.b64encode(upload.content).decode()
        form = {"type": upload.content_type, "data": data}
        return self.read(Asset, (yield from self._post("faces", cast=cast, label=name, **form)))

    def add_link(self, group: GroupRef, link: Link, *, name: str) -> Flow[Asset]:
        """Let Acme fetch a URL."""
        cast, media = self.id_of("group", group), tables.number(MediaType, link.media) or "1"
        form = {"source": link.url.reveal(), "media": media}
        answer = yield from self._post("faces", link.url, cast=cast, label=name, **form)
        return self.read(Asset, answer)

    def get_asset(self, asset: AssetRef) -> Flow[Asset]:
        """Read a face."""
        return self.read(Asset, (yield from self._get("face", urn=self.id_of("asset", asset))))

    def list_assets(
        self, cursor: str | None, group: GroupRef, *, status: AssetStatus | None = None
    ) -> Flow[Page[Asset]]:
        """List a cast's faces."""
        cast, wanted = self.id_of("group", group), tables.number(AssetStatus, status)
        answer = yield from self._get("faces", cast=cast, state=wanted, after=cursor)
        items = tuple(self.read(Asset, answer, row) for row in rows(answer.data, "face"))
        kept = tuple(each for each in items if status in (None, each.status))
        return Page(items=kept, next=tables.after(answer))

    def rename_asset(self, asset: AssetRef, name: str) -> Flow[Asset]:
        """Label a face."""
        urn = self.id_of("asset", asset)
        findings = self.check_name(name)
        answer = yield from self._post("face/label", repeatable=True, urn=urn, label=name)
        return self.read(Asset, answer, findings=findings)

    def delete_asset(self, asset: AssetRef) -> Flow[None]:
        """Drop a face."""
        urn = self.id_of("asset", asset)
        yield from removed(self._post("face/drop", repeatable=True, urn=urn))

    # -- real people -----------------------------------------------------------------------------

    def start_verification(
        self, name: str, *, callback_url: str | None = None
    ) -> Flow[Verification]:
        """Get a code, which the person types on Acme's page. Nobody is called back."""
        findings = self.check_name(name)
        lost: tuple[pk.Adaptation, ...] = ()
        if callback_url:
            why = "Acme calls nobody back: check_verification asks it"
            lost = (pk.Adaptation(field="callback_url", asked=callback_url, sent=None, why=why),)
        answer = yield from self._post("checks", who=name)
        given = {"name": name, "findings": findings, "adaptations": lost}
        return self.read(Verification, answer, **given)

    def check_verification(self, verification: VerificationRef) -> Flow[Verification]:
        """Ask how the check stands; once passed, it names the person's cast."""
        answer = yield from self._get("check", urn=self.id_of("verification", verification))
        check = self.read(Verification, answer)
        cast = first(answer.data, "cast")
        if check.status is not VerificationStatus.VERIFIED or not cast:
            return check
        group = Group(provider=self.name, account=self.account, id=cast, kind=GroupKind.REAL_PERSON)
        return self.read(Verification, answer, group=group)

    # -- videos ----------------------------------------------------------------------------------

    def video_request(self, body: Mapping[str, Any]) -> Request:
        """Write the job document."""
        job = ET.Element("job")
        for key, value in body.items():
            if key == "media":
                for item in value:
                    address = str(item["from"]).removeprefix("asset://")
                    _ = ET.SubElement(job, "media", {**item, "from": address})
                continue
            text = str(int(value)) if isinstance(value, bool) else str(value)
            if tables.NO_XML.search(text):
                problem = f"{key} holds a character that XML has no form for"
                field = "prompt" if key == "script" else key
                raise InvalidInputError(problem, provider=self.name, field=field)
            ET.SubElement(job, "engine" if key == "model" else key).text = text
        return Request(
            method="POST",
            url=f"{self.base_url}/x/jobs",
            headers={"Content-Type": "application/xml"},
            content=ET.tostring(job, encoding="utf-8"),
            auth=Auth.SIGNATURE,
        )

    def get_video(self, task: VideoRef) -> Flow[VideoTask]:
        """Read a job."""
        return self.read(VideoTask, (yield from self._get("job", urn=self.id_of("video", task))))

    def list_videos(self, cursor: str | None) -> Flow[Page[VideoTask]]:
        """List jobs."""
        answer = yield from self._get("jobs", after=cursor)
        items = tuple(self.read(VideoTask, answer, row) for row in rows(answer.data, "job"))
        return Page(items=items, next=tables.after(answer))

    def cancel_video(self, task: VideoRef) -> Flow[VideoTask]:
        """Stop a job that waits."""
        urn = self.id_of("video", task)
        return self.read(VideoTask, (yield from self._post("job/stop", repeatable=True, urn=urn)))
