"""
Kestrel: a queue of models. A request is submitted, its status read, its response fetched.

It keeps no assets: files go into its storage, and a video's request holds their links.

Source: contract.yaml beside this package. Kestrel is invented; a real adapter names pages and dates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

from attrs import evolve, frozen

import portraitkit as pk
from portraitkit.adapter import (
    Auth,
    Codec,
    Failure,
    Finding,
    Flow,
    Link,
    LinkLibrary,
    MediaRead,
    MediaType,
    Member,
    ProviderError,
    Request,
    Response,
    Role,
    Slot,
    Upload,
    VendorError,
    VideoDialect,
    VideoModel,
    VideoRef,
    VideoRequest,
    VideoStatus,
    VideoTask,
    cancelled,
    first,
    link_in,
    origin_of,
    put_file,
    read_notice,
    segment,
)

MOST_FILES: Final = 12
_FRAMES: Final = {Role.FIRST_FRAME: "start_image_url", Role.LAST_FRAME: "end_image_url"}
_LISTS: Final = {each: f"{each.value}_urls" for each in MediaType if each is not MediaType.UNKNOWN}


def _write(prompt: str, slots: tuple[Slot, ...]) -> dict[str, Any]:
    body: dict[str, Any] = {"prompt": prompt}
    for slot in slots:
        if slot.role in _FRAMES:
            body[_FRAMES[slot.role]] = slot.url
        else:
            body.setdefault(_LISTS[slot.media], []).append(slot.url)
    return body


def _slots(body: Mapping[str, Any]) -> Iterator[Slot]:
    for role, key in _FRAMES.items():
        if isinstance(url := body.get(key), str):
            yield Slot(MediaType.IMAGE, role, url)
    for media, key in _LISTS.items():
        for url in first(body, key) or ():
            yield Slot(media, Role.REFERENCE, str(url))


def _read(body: Mapping[str, Any]) -> MediaRead:
    used = frozenset({"prompt", *_FRAMES.values(), *_LISTS.values()})
    return MediaRead(prompt=str(body.get("prompt") or ""), slots=tuple(_slots(body)), used=used)


@frozen(kw_only=True, slots=False)
class Kestrel(LinkLibrary):
    """
    Kestrel.

    Attributes:
        api_key: Serves queue and storage.
        base_url: The queue's origin.
        assets_url: The storage's origin.
    """

    name: ClassVar[str] = "kestrel"
    slashes_in_ids: ClassVar[bool] = True
    secret_fields: ClassVar[frozenset[str]] = frozenset({"upload_url", "file_url", "file_name"})
    codec: ClassVar[Codec] = Codec(
        fields={
            VideoTask: {
                "id": "request_id",
                "status": "status",
                "video_link": "video.url",
                "seed": "seed",
                "failure": "failure",
            },
            Failure: {"code": "error_type", "message": "error"},
        },
        words={
            VideoStatus: {
                "IN_QUEUE": VideoStatus.QUEUED,
                "IN_PROGRESS": VideoStatus.RUNNING,
                "COMPLETED": VideoStatus.SUCCEEDED,  # unless an error stands beside it
            }
        },
    )
    dialect: ClassVar[VideoDialect] = VideoDialect(
        fields={
            "duration_s": Member(
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
    video_models: ClassVar[tuple[VideoModel, ...]] = tuple(
        VideoModel(
            name=name,
            id=f"films/{name}",
            duration_s=(4, 15),
            resolutions=("480p", "720p"),
            most={MediaType.IMAGE: 9, MediaType.VIDEO: 3, MediaType.AUDIO: 3},
            audio_alone=False,
            source="contract.yaml",
        )
        for name in ("seedance-2.0", "seedance-2.0-fast")
    )
    error_codes: ClassVar[Mapping[str, type[ProviderError]]] = {
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
        return frozenset({origin_of(self.base_url), origin_of(self.assets_url)})

    def authorize(self, request: Request, *, now: datetime) -> Request:
        """Add the key."""
        return request.with_headers({"Authorization": f"Key {self.api_key.reveal()}"})

    def fault(self, data: Any, response: Response) -> VendorError | None:
        """Only a status refuses: an error in a request that has ended is that request's."""
        if response.ok:
            return None
        return VendorError(code=str(first(data, "error_type") or ""))

    def _request(self, method: str, task: VideoRef, what: str = "") -> Request:
        # Answers name addresses for this, which may lead anywhere; the id leads to the queue.
        path = f"/requests/{segment(self.id_of('video', task))}{what}"
        return Request.json(method, self.base_url + path, auth=Auth.BEARER, repeatable=True)

    # -- files -----------------------------------------------------------------------------------

    def store(self, upload: Upload) -> Flow[Link]:
        """Ask where the file may be put, and put it there. It makes nothing, and may be repeated."""
        body = {"file_name": upload.filename, "content_type": upload.content_type}
        url = f"{self.assets_url}/storage/upload/initiate"
        answer = yield from self.ask(
            Request.json("POST", url, body, auth=Auth.BEARER, repeatable=True)
        )
        yield from put_file(self, link_in(answer, first(answer.data, "upload_url"), upload), upload)
        until = first(answer.data, "expires_at")
        return link_in(answer, first(answer.data, "file_url"), upload, expires_at=until)

    # -- videos ----------------------------------------------------------------------------------

    def video_findings(self, request: VideoRequest, slots: tuple[Slot, ...]) -> tuple[Finding, ...]:
        """Count the files together."""
        count = sum(slot.role is Role.REFERENCE for slot in slots)
        if count <= MOST_FILES:
            return ()
        said = {"field": "media", "found": count, "limit": MOST_FILES, "source": "contract.yaml"}
        return (Finding(message=f"{count} files are more than {MOST_FILES} together", **said),)

    def video_request(self, body: Mapping[str, Any]) -> Request:
        """Submit: the model is the path, and the callback stands in the query."""
        rest = {key: value for key, value in body.items() if key not in ("model", "webhook")}
        query = {"webhook": body["webhook"]} if "webhook" in body else {}
        path = "/".join(segment(part) for part in str(body["model"]).split("/"))
        return Request.json("POST", f"{self.base_url}/{path}", rest, auth=Auth.BEARER, query=query)

    def get_video(self, task: VideoRef) -> Flow[VideoTask]:
        """Read the status; of a request that has ended well, its response, too."""
        answer = yield from self.ask(self._request("GET", task, "/status"))
        told = dict(answer.data)
        if told.get("error"):
            told["failure"] = {key: told.get(key) for key in ("error", "error_type")}
        elif told.get("status") == "COMPLETED":
            answer = yield from self.ask(self._request("GET", task))
            told |= answer.data
        found = self.read(VideoTask, answer, told)
        if not (found.failure and found.status is VideoStatus.SUCCEEDED):
            return found
        is_cancelled = found.failure.code == "client_cancelled"
        return evolve(found, status=VideoStatus.CANCELLED if is_cancelled else VideoStatus.FAILED)

    def cancel_video(self, task: VideoRef) -> Flow[VideoTask]:
        """Ask for a cancel, and read what came of it."""
        return (yield from cancelled(self._cancel(task), lambda: self.get_video(task)))

    def _cancel(self, task: VideoRef) -> Flow[VideoTask]:
        _ = yield from self.ask(self._request("PUT", task, "/cancel"))
        return (yield from self.get_video(task))

    def read_video_callback(self, received: str | bytes | Mapping[str, Any]) -> VideoTask:
        """Read which request a notice is about. It is not signed: get_video tells the truth."""
        return read_notice(self, received, keys=("request_id",))
