"""
Kestrel: a queue of models. A request is submitted, its status read, its response fetched.

It keeps no assets: files go into its storage, and a video's request holds their links.

Source: contract.yaml beside this package. Kestrel is invented; a real adapter names its pages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

from attrs import evolve, frozen

import portraitkit.adapter as pk

MOST_FILES: Final = 12
_FRAMES: Final = {pk.Role.FIRST_FRAME: "start_image_url", pk.Role.LAST_FRAME: "end_image_url"}
_MOST: Final = {pk.MediaType.IMAGE: 9, pk.MediaType.VIDEO: 3, pk.MediaType.AUDIO: 3}


def _write(prompt: str, slots: tuple[pk.Slot, ...]) -> dict[str, Any]:
    body: dict[str, Any] = {"prompt": prompt}
    for slot in slots:
        if slot.role in _FRAMES:
            body[_FRAMES[slot.role]] = slot.url
        else:
            body.setdefault(f"{slot.media.value}_urls", []).append(slot.url)
    return body


def _slots(body: Mapping[str, Any]) -> Iterator[pk.Slot]:
    for role, key in _FRAMES.items():
        if isinstance(url := body.get(key), str):
            yield pk.Slot(pk.MediaType.IMAGE, role, url)
    for media in _MOST:
        for url in body.get(f"{media.value}_urls") or ():
            yield pk.Slot(media, pk.Role.REFERENCE, str(url))


def _read(body: Mapping[str, Any]) -> pk.MediaRead:
    used = frozenset({"prompt", *_FRAMES.values(), *(f"{each.value}_urls" for each in _MOST)})
    return pk.MediaRead(prompt=str(body.get("prompt") or ""), slots=tuple(_slots(body)), used=used)


@frozen(kw_only=True, slots=False)
class Kestrel(pk.LinkLibrary):
    """Kestrel: one key for the queue at `base_url` and the storage at `assets_url`."""

    name: ClassVar[str] = "kestrel"
    slashes_in_ids: ClassVar[bool] = True
    secret_fields: ClassVar[frozenset[str]] = frozenset({"upload_url", "file_url", "file_name"})
    codec: ClassVar[pk.Codec] = pk.Codec(
        fields={
            pk.VideoTask: {
                "id": "request_id",
                "status": "status",
                "video_link": "video.url",
                "seed": "seed",
                "failure": "failure",
            },
            pk.Failure: {"code": "error_type", "message": "error"},
        },
        words={
            pk.VideoStatus: {
                "IN_QUEUE": pk.VideoStatus.QUEUED,
                "IN_PROGRESS": pk.VideoStatus.RUNNING,
                "COMPLETED": pk.VideoStatus.SUCCEEDED,  # unless an error stands beside it
            }
        },
    )
    dialect: ClassVar[pk.VideoDialect] = pk.VideoDialect(
        fields={
            "duration_s": pk.Member(
                "duration",
                write=lambda seconds: "auto" if seconds == -1 else str(seconds),
                read=lambda text: -1 if text == "auto" else int(text),
            ),
            "ratio": "aspect_ratio",
            "resolution": "resolution",
            "generate_audio": "generate_audio",
            "seed": "seed",
            "callback_url": "webhook",
        },
        write=_write,
        read=_read,
        label="@Image1",
    )
    video_models: ClassVar[tuple[pk.VideoModel, ...]] = tuple(
        pk.VideoModel(
            name=name,
            id=f"films/{name}",
            duration_s=(4, 15),
            resolutions=("480p", "720p"),
            most=_MOST,
            audio_alone=False,
            source="contract.yaml",
        )
        for name in ("seedance-2.0", "seedance-2.0-fast")
    )
    error_codes: ClassVar[Mapping[str, type[pk.ProviderError]]] = {
        "unauthorized": pk.AuthenticationError,
        "balance_exhausted": pk.InsufficientBalanceError,
        "not_found": pk.NotFoundError,
        "invalid_input": pk.InvalidRequestError,
        "file_gone": pk.InvalidRequestError,
        "content_policy": pk.ContentRejectedError,
        "already_completed": pk.ConflictError,
    }

    api_key: pk.Secret
    base_url: str = "https://queue.kestrel.example"
    assets_url: str = "https://rest.kestrel.example"

    # -- the wire --------------------------------------------------------------------------------

    @property
    def identity(self) -> str:
        """The account is the key's."""
        return self.api_key.reveal()

    @property
    def origins(self) -> frozenset[str]:
        """Queue and storage. What else an answer names gets no key."""
        return frozenset({pk.origin_of(self.base_url), pk.origin_of(self.assets_url)})

    def authorize(self, request: pk.Request, *, now: datetime) -> pk.Request:
        """Add the key."""
        del now
        return request.with_headers({"Authorization": f"Key {self.api_key.reveal()}"})

    def fault(self, data: Any, response: pk.Response) -> pk.VendorError | None:
        """Only a status refuses: an error in a request that has ended is that request's."""
        return None if response.ok else pk.VendorError(code=str(pk.first(data, "error_type") or ""))

    def _request(self, method: str, task: pk.VideoRef, what: str = "") -> pk.Request:
        # Answers name addresses for this, which may lead anywhere; the id leads to the queue.
        path = f"/requests/{pk.segment(self.id_of('video', task))}{what}"
        return pk.Request.json(method, self.base_url + path, auth=pk.Auth.BEARER, repeatable=True)

    # -- files -----------------------------------------------------------------------------------

    def store(self, upload: pk.Upload) -> pk.Flow[pk.Link]:
        """Ask where the file may be put, and put it there: nothing is made, so it is repeatable."""
        body = {"file_name": upload.filename, "content_type": upload.content_type}
        url = f"{self.assets_url}/storage/upload/initiate"
        asked = pk.Request.json("POST", url, body, auth=pk.Auth.BEARER, repeatable=True)
        answer = yield from self.ask(asked)
        place, link, until = map(answer.data.get, ("upload_url", "file_url", "expires_at"))
        yield from pk.put_file(self, pk.link_in(answer, place, upload), upload)
        return pk.link_in(answer, link, upload, expires_at=until)

    # -- videos ----------------------------------------------------------------------------------

    def video_findings(
        self, request: pk.VideoRequest, slots: tuple[pk.Slot, ...]
    ) -> tuple[pk.Finding, ...]:
        """Count the files together."""
        del request
        count = sum(slot.role is pk.Role.REFERENCE for slot in slots)
        if count <= MOST_FILES:
            return ()
        said = {"field": "media", "found": count, "limit": MOST_FILES, "source": "contract.yaml"}
        return (pk.Finding(message=f"{count} files are more than {MOST_FILES} together", **said),)

    def video_request(self, body: Mapping[str, Any]) -> pk.Request:
        """Submit: the model is the path, and the callback stands in the query."""
        rest = {key: value for key, value in body.items() if key not in ("model", "webhook")}
        query = {"webhook": body["webhook"]} if "webhook" in body else {}
        path = "/".join(pk.segment(part) for part in str(body["model"]).split("/"))
        url = f"{self.base_url}/{path}"
        return pk.Request.json("POST", url, rest, auth=pk.Auth.BEARER, query=query)

    def get_video(self, task: pk.VideoRef) -> pk.Flow[pk.VideoTask]:
        """Read the status; of a request that has ended well, its response, too."""
        answer = yield from self.ask(self._request("GET", task, "/status"))
        told = answer.data
        if told.get("error"):  # it has ended, and not well
            found = self.read(pk.VideoTask, answer, {**told, "failure": told})
            is_cancelled = told.get("error_type") == "client_cancelled"
            ended = pk.VideoStatus.CANCELLED if is_cancelled else pk.VideoStatus.FAILED
            return evolve(found, status=ended)
        if told.get("status") == "COMPLETED":
            answer = yield from self.ask(self._request("GET", task))
        return self.read(pk.VideoTask, answer, {**told, **answer.data})

    def cancel_video(self, task: pk.VideoRef) -> pk.Flow[pk.VideoTask]:
        """Ask for a cancel, and read what came of it."""
        return (yield from pk.cancelled(self._cancel(task), lambda: self.get_video(task)))

    def _cancel(self, task: pk.VideoRef) -> pk.Flow[pk.VideoTask]:
        _ = yield from self.ask(self._request("PUT", task, "/cancel"))
        return (yield from self.get_video(task))

    def read_video_callback(self, received: str | bytes | Mapping[str, Any]) -> pk.VideoTask:
        """Read which request a notice is about. It is not signed: get_video tells the truth."""
        return pk.read_notice(self, received, keys=("request_id",))
