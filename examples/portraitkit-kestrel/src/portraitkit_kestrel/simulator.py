"""Kestrel, simulated: what contract.yaml says, pure, stateful, on virtual time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from attrs import define, field

from portraitkit.adapter import Request, Response, segment
from portraitkit.simulators.simulator import (
    ENDED,
    NoticeRules,
    Simulator,
    header,
    json_of,
    query_of,
    route_of,
)
from portraitkit.testing import SimAccount

MODELS = ("films/seedance-2.0", "films/seedance-2.0-fast")
MOST = {"image_urls": 9, "video_urls": 3, "audio_urls": 3}
MOST_FILES = 12
LINK_LIFE_S = 3600
_WORDS = {"queued": "IN_QUEUE", "running": "IN_PROGRESS"}


class RefusedError(Exception):
    """Kestrel says no."""

    def __init__(self, status: int, error_type: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.error_type, self.detail = status, error_type, detail


@define(kw_only=True)
class StoredFile:
    """A file in the storage; empty until it was put there."""

    content_type: str
    expires_at: datetime
    content: bytes = b""


@define(kw_only=True)
class KestrelSimulator(Simulator):
    """The queue and the storage, at one origin."""

    name: ClassVar[str] = "kestrel"
    notice_rules: ClassVar[NoticeRules | None] = NoticeRules(states=ENDED)

    files: dict[str, StoredFile] = field(factory=dict[str, StoredFile])

    def answer(self, request: Request) -> Response:
        """Do what method and path say."""
        files = {"PUT /storage/put/{name}": self._put, "GET /storage/files/{name}": self._file}
        calls = {
            "POST /storage/upload/initiate": self._initiate,
            "POST /{owner}/{model}": self._submit,
            "GET /requests/{id}/status": self._status,
            "GET /requests/{id}": self._response,
            "PUT /requests/{id}/cancel": self._cancel,
        }
        try:
            if put := route_of(request, files):  # a signed address needs no key
                return put(request)
            call = route_of(request, calls) or self._nowhere
            return call(request, self._account(request))
        except RefusedError as no:
            return self.json({"detail": no.detail, "error_type": no.error_type}, no.status)

    def _nowhere(self, request: Request, account: SimAccount) -> Response:
        del request, account
        raise RefusedError(404, "not_found", "There is no such place.")

    def _account(self, request: Request) -> SimAccount:
        scheme, _, key = header(request, "authorization").partition(" ")
        account = self.world.account_of_key(key)
        if scheme != "Key" or account is None:
            raise RefusedError(401, "unauthorized", "The key is not valid.")
        return account

    # -- the storage -----------------------------------------------------------------------------

    def _initiate(self, request: Request, account: SimAccount) -> Response:
        del account
        asked = json_of(request) or {}
        kind, file_name = asked.get("content_type"), asked.get("file_name")
        if not isinstance(kind, str) or not isinstance(file_name, str):
            raise RefusedError(422, "invalid_input", "A file has a name and a type.")
        suffix = file_name.rpartition(".")[2]
        name = f"{self.world.new_id('file')}.{suffix}"
        until = self.world.now() + timedelta(seconds=LINK_LIFE_S)
        self.files[name] = StoredFile(content_type=kind, expires_at=until)
        place = f"{self.base_url}/storage/put/{name}?signature=0f1e2d3c4b5a6978"
        link = f"{self.base_url}/storage/files/{name}?signature=8796a5b4c3d2e1f0"
        return self.json({"upload_url": place, "file_url": link, "expires_at": until.isoformat()})

    def _put(self, request: Request, name: str) -> Response:
        file = self.files.get(name)
        if file is None or header(request, "content-type") != file.content_type:
            raise RefusedError(403, "forbidden", "The address is not for this file.")
        file.content = request.content
        return self.send(b"", "text/plain")

    def _file(self, request: Request, name: str) -> Response:
        del request
        file = self.files.get(name)
        if file is None or not file.content or file.expires_at <= self.world.now():
            raise RefusedError(404, "not_found", "There is no such file.")
        return self.send(file.content, file.content_type)

    # -- the queue -------------------------------------------------------------------------------

    def _submit(self, request: Request, account: SimAccount, owner: str, model: str) -> Response:
        body = json_of(request)
        if f"{owner}/{model}" not in MODELS:
            raise RefusedError(404, "not_found", "There is no such model.")
        if not body or not isinstance(body.get("prompt"), str):
            raise RefusedError(422, "invalid_input", "A film needs a prompt.")
        self._check_files(body)
        webhook = query_of(request).get("webhook", "")
        film_id = f"{owner}/{model}|{self.world.new_id('film')}"
        _ = self.world.add_video(account, film_id, {**body, "callback_url": webhook})
        at = f"https://elsewhere.kestrel.example/requests/{segment(film_id)}"  # a trap for keys
        addresses = {"status_url": f"{at}/status", "response_url": at, "cancel_url": f"{at}/cancel"}
        return self.json({"request_id": film_id, "status": "IN_QUEUE", **addresses})

    def _check_files(self, body: dict[str, Any]) -> None:
        lists = {key: body.get(key, []) for key in MOST}
        count = sum(map(len, lists.values()))
        if count > MOST_FILES or any(len(lists[key]) > most for key, most in MOST.items()):
            raise RefusedError(422, "invalid_input", "These are too many files.")
        links = [url for urls in lists.values() for url in urls]
        links += [body[key] for key in ("start_image_url", "end_image_url") if key in body]
        for url in links:
            name = urlsplit(url).path.rpartition("/storage/files/")[2]
            if str(url).startswith(self.base_url) and not self._is_there(name):
                raise RefusedError(422, "file_gone", "A file cannot be fetched.")

    def _is_there(self, name: str) -> bool:
        file = self.files.get(name)
        return bool(file and file.content) and file.expires_at > self.world.now()

    def _status(self, request: Request, account: SimAccount, id: str) -> Response:
        del request
        film = self._film(account, id)
        state = film.state(self.world.now())
        told = {"request_id": film.id, "status": _WORDS.get(state, "COMPLETED")}
        return self.json({**told, **self._error(film)})

    def _response(self, request: Request, account: SimAccount, id: str) -> Response:
        del request
        film = self._film(account, id)
        if film.state(self.world.now()) != "succeeded":
            raise RefusedError(400, "not_completed", "There is no response.")
        return self.json({"request_id": film.id, **self._made(film)})

    def _cancel(self, request: Request, account: SimAccount, id: str) -> Response:
        del request
        film = self._film(account, id)
        if film.state(self.world.now()) not in ("queued", "running"):
            raise RefusedError(400, "already_completed", "The request has ended.")
        film.cancelled_at = self.world.now()
        return self.json({"status": "CANCELLATION_REQUESTED"}, 202)

    def video_notice(self, video: Any) -> object:
        """Tell the webhook that a request has ended, once."""
        error = self._error(video)
        payload = {} if error else self._made(video)
        status = "ERROR" if error else "OK"
        return {"request_id": video.id, "status": status, "payload": payload, **error}

    def _made(self, film: Any) -> dict[str, Any]:
        made = {"video": {"url": self.media_url("clip.mp4"), "content_type": "video/mp4"}}
        return {**made, "seed": film.body.get("seed", 1234)}

    def _error(self, film: Any) -> dict[str, str]:
        state = film.state(self.world.now())
        if state == "cancelled":
            return {"error": "The request was cancelled.", "error_type": "client_cancelled"}
        if state != "failed":
            return {}
        code, message = film.failure
        return {"error": message, "error_type": code}

    def _film(self, account: SimAccount, id: str) -> Any:
        film = self.world.videos.get(id)
        if film is None or film.account != account.name:
            raise RefusedError(404, "not_found", "There is no such request.")
        return film
