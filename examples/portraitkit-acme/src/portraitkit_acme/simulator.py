"""Acme Studio, simulated: what contract.yaml says, pure, stateful, on virtual time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET

from attrs import define, field

from portraitkit.adapter import Request, Response
from portraitkit.testing import SimAccount, SimCheck, Simulator

PAGE = 2
SKEW_S = 300
LONGEST_TITLE = 40
_STATES = {"Processing": "10", "Active": "20", "Failed": "30"}
_JOBS = {"queued": "50", "running": "51", "succeeded": "52", "failed": "53", "cancelled": "54"}
_MEDIA = {"1": "Image", "2": "Video", "3": "Audio"}


class RefusedError(Exception):
    """Acme says no."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status, self.code, self.text = status, code, text


@define(kw_only=True)
class AcmeSimulator(Simulator):
    """The vendor behind https://studio.acme.example; its lists have pages of two."""

    name: ClassVar[str] = "acme"

    _nonces: set[str] = field(factory=set)

    def admit(self, provider: Any) -> None:
        """Give an adapter's key an account: Acme's credentials have names of their own."""
        key, secret = provider.key_id.reveal(), provider.key_secret.reveal()
        if self.world.account_of_access_key(key) is None:
            account = SimAccount(provider.account, "", access_key=key, secret_key=secret)
            _ = self.add_account(account)

    def answer(self, request: Request) -> Response:
        """Check the signature, then do what the path says."""
        path = re.sub(r"^https?://[^/]+", "", request.url).removeprefix("/x/")
        try:
            account = self._account(request)
            asked = dict(request.query)
            if request.method == "POST" and path != "jobs":
                asked = dict(parse_qsl(request.content.decode(), keep_blank_values=True))
            elif request.method == "POST":
                return self._document(self._new_job(account, request.content), 201)
            action = self._actions().get(f"{request.method} {path}", self._nowhere)
            found = action(account, asked)
            if isinstance(found, ET.Element):
                return self._document(found)
            return self._listed(request, asked, found)
        except RefusedError as refusal:
            fault = ET.Element("fault", {"code": refusal.code})
            fault.text = refusal.text
            return self._document(fault, refusal.status)

    def _account(self, request: Request) -> str:
        signed = dict(part.split("=", 1) for part in _header(request).split(",") if "=" in part)
        account = self.world.account_of_access_key(signed.get("id", ""))
        target = re.sub(r"^https?://[^/]+", "", request.target)
        digest = hashlib.sha256(request.content).hexdigest()
        stamp, nonce = signed.get("ts", ""), signed.get("nonce", "")
        text = f"{request.method}\n{target}\n{stamp}\n{nonce}\n{digest}".encode()
        key = account.secret_key.encode() if account else b""
        mac = hmac.new(key, text, "sha256").hexdigest()
        if account is None or not hmac.compare_digest(mac, signed.get("mac", "")):
            raise RefusedError(401, "1401", "The signature does not fit.")
        if abs(int(stamp) - self.world.now().timestamp()) > SKEW_S:
            raise RefusedError(401, "1401", "The clock is off.")
        if nonce in self._nonces:
            raise RefusedError(401, "1401", "The nonce was used before.")
        self._nonces.add(nonce)
        return account.name

    def _actions(self) -> dict[str, Callable[[str, dict[str, str]], Any]]:
        return {
            "POST casts": self._new_cast,
            "GET casts": self._casts,
            "GET cast": lambda who, asked: self._cast(self._one(self.world.groups, who, asked)),
            "POST cast/drop": self._drop_cast,
            "POST faces": self._new_face,
            "GET faces": self._faces,
            "GET face": lambda who, asked: self._face(self._one(self.world.assets, who, asked)),
            "POST face/label": self._label_face,
            "POST face/drop": self._drop_face,
            "POST checks": self._new_check,
            "GET check": lambda who, asked: self._check(self._one(self.world.checks, who, asked)),
            "GET jobs": self._jobs,
            "GET job": lambda who, asked: self._job(self._one(self.world.videos, who, asked)),
            "POST job/stop": self._stop_job,
        }

    def _nowhere(self, account: str, asked: dict[str, str]) -> ET.Element:
        del account, asked
        raise RefusedError(404, "1404", "There is no such place.")

    # -- casts and faces -------------------------------------------------------------------------

    def _new_cast(self, account: str, asked: dict[str, str]) -> ET.Element:
        if not 1 <= len(asked.get("title", "")) <= LONGEST_TITLE:
            raise RefusedError(422, "1422", "A title has 1 to 40 characters.")
        if len(self._own(self.world.groups, account)) >= self.world.group_quota:
            raise RefusedError(429, "1429", "There are too many casts.")
        owner = self.world.accounts[account]
        cast = self.world.add_group(owner, self._urn("cast"), asked["title"])
        cast.description = asked.get("note", "")
        return self._cast(cast)

    def _casts(self, account: str, asked: dict[str, str]) -> list[ET.Element]:
        found = [self._cast(each) for each in self._own(self.world.groups, account)]
        return [each for each in found if asked.get("kind", each.get("kind")) == each.get("kind")]

    def _drop_cast(self, account: str, asked: dict[str, str]) -> ET.Element:
        self.world.delete_group(self._one(self.world.groups, account, asked).id)
        return ET.Element("done")

    def _new_face(self, account: str, asked: dict[str, str]) -> ET.Element:
        cast = self._one(self.world.groups, account, {"urn": asked.get("cast", "")})
        url, media = asked.get("source", ""), _MEDIA.get(asked.get("media", "1"), "")
        if "data" in asked:
            media = asked.get("type", "").partition("/")[0].capitalize()
            try:
                url = self.media_url("frame.png") if base64.b64decode(asked["data"]) else ""
            except binascii.Error:
                url = ""
        if not url.startswith(("https://", self.base_url)) or media not in _MEDIA.values():
            raise RefusedError(422, "1422", "A face needs a source, or type and data.")
        name = asked.get("label", "")
        urn = self._urn("face")
        return self._face(self.world.add_asset(cast, urn, name=name, media=media, url=url))

    def _faces(self, account: str, asked: dict[str, str]) -> list[ET.Element]:
        cast = self._one(self.world.groups, account, {"urn": asked.get("cast", "")})
        mine = [each for each in self.world.assets.values() if each.group_id == cast.id]
        found = [self._face(each) for each in mine]
        return [e for e in found if asked.get("state", e.get("state")) == e.get("state")]

    def _label_face(self, account: str, asked: dict[str, str]) -> ET.Element:
        face = self._one(self.world.assets, account, asked)
        face.name = asked.get("label", "")
        return self._face(face)

    def _drop_face(self, account: str, asked: dict[str, str]) -> ET.Element:
        del self.world.assets[self._one(self.world.assets, account, asked).id]
        return ET.Element("done")

    # -- checks and jobs -------------------------------------------------------------------------

    def _new_check(self, account: str, asked: dict[str, str]) -> ET.Element:
        if not asked.get("who"):
            raise RefusedError(422, "1422", "A check needs a name.")
        now = self.world.now()
        ends = now + timedelta(seconds=self.world.token_life_s)
        urn = self._urn("check")
        check = SimCheck(token=urn, account=account, created_at=now, expires_at=ends)
        self.world.checks[urn] = check
        return self._check(check, show_code=True)

    def _new_job(self, account: str, content: bytes) -> ET.Element:
        try:
            job = ET.fromstring(content)  # noqa: S314  (a simulator reads its own adapter)
        except ET.ParseError:
            raise RefusedError(422, "1422", "This is no job document.") from None
        if not job.findtext("script") or job.findtext("engine") is None:
            raise RefusedError(422, "1422", "A job needs engine and script.")
        for media in job.iter("media"):
            source = media.get("from", "")
            face = self.world.assets.get(source)
            if source.startswith("urn:") and (face is None or face.account != account):
                raise RefusedError(404, "1404", "There is no such face.")
            if face is not None and face.status(self.world.now()) != "Active":
                raise RefusedError(409, "1409", "The face is not ready.")
        body = {child.tag: child.text or "" for child in job}
        owner = self.world.accounts[account]
        return self._job(self.world.add_video(owner, self._urn("job"), dict(body)))

    def _jobs(self, account: str, asked: dict[str, str]) -> list[ET.Element]:
        del asked
        return [self._job(each) for each in self._own(self.world.videos, account)]

    def _stop_job(self, account: str, asked: dict[str, str]) -> ET.Element:
        job = self._one(self.world.videos, account, asked)
        if job.state(self.world.now()) != "queued":
            raise RefusedError(409, "1409", "The job runs, or has ended.")
        job.cancelled_at = self.world.now()
        return self._job(job)

    # -- documents -------------------------------------------------------------------------------

    def _cast(self, cast: Any) -> ET.Element:
        kind = "2" if cast.real_person else "1"
        named = {"urn": cast.id, "title": cast.name, "note": cast.description, "kind": kind}
        return ET.Element("cast", {**named, "made": _time(cast.created_at)})

    def _face(self, face: Any) -> ET.Element:
        state = _STATES[face.status(self.world.now())]
        media = next(word for word, name in _MEDIA.items() if name == face.media)
        named = {"urn": face.id, "cast": face.group_id, "label": face.name, "media": media}
        found = ET.Element("face", {**named, "state": state, "made": _time(face.created_at)})
        return _because(found, face.failure if state == "30" else None)

    def _check(self, check: Any, *, show_code: bool = False) -> ET.Element:
        check = self.world.settle_check(check, lambda: self._urn("cast"))
        state = "41" if check.group_id else "43" if check.result_code else "40"
        if state == "40" and self.world.now() > check.expires_at:
            state = "42"
        found = {"urn": check.token, "state": state, "until": _time(check.expires_at)}
        found |= {"cast": check.group_id} if check.group_id else {}
        if show_code:
            digest = hashlib.sha256(check.token.encode()).hexdigest().upper()
            code = f"{digest[:4]}-{digest[4:8]}"
            found |= {"code": code, "page": f"{self.base_url}/h5/type"}
        return ET.Element("check", found)

    def _job(self, job: Any) -> ET.Element:
        state = _JOBS[job.state(self.world.now())]
        named = {"urn": job.id, "state": state, "engine": str(job.body["engine"])}
        if state == "52":
            named["film"] = self.media_url("clip.mp4")
        found = ET.Element("job", {**named, "made": _time(job.created_at)})
        return _because(found, job.failure if state == "53" else None)

    def _listed(
        self, request: Request, asked: dict[str, str], found: Sequence[ET.Element]
    ) -> Response:
        after = asked.get("after", "0")
        start = int(after) if after.isdecimal() else 0
        root = ET.Element(request.url.rpartition("/")[2])
        root.extend(found[start : start + PAGE])
        response = self._document(root)
        if start + PAGE >= len(found):
            return response
        link = f'<{request.url}?after={start + PAGE}>; rel="next"'
        headers = {**response.headers, "link": link}
        return Response(
            status=200, headers=headers, content=response.content, received_at=self.world.now()
        )

    def _document(self, root: ET.Element, status: int = 200) -> Response:
        return Response(
            status=status,
            headers={"content-type": "application/xml"},
            content=ET.tostring(root, encoding="utf-8", xml_declaration=True),
            received_at=self.world.now(),
        )

    def _urn(self, kind: str) -> str:
        return f"urn:acme:{self.world.new_id(kind).replace('-', ':', 1)}"

    def _own(self, things: dict[str, Any], account: str) -> list[Any]:
        return [each for each in things.values() if each.account == account]

    def _one(self, things: dict[str, Any], account: str, asked: dict[str, str]) -> Any:
        found = things.get(asked.get("urn", ""))
        if found is None or found.account != account:
            raise RefusedError(404, "1404", "There is no such thing.")
        return found


def _because(element: ET.Element, failure: tuple[str, str] | None) -> ET.Element:
    if failure:
        ET.SubElement(element, "why", {"code": failure[0]}).text = failure[1]
    return element


def _header(request: Request) -> str:
    return next((v for k, v in request.headers.items() if k.lower() == "x-acme-auth"), "")


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S+00:00")
