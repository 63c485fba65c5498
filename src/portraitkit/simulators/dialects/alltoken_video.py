"""AllToken's video side: create, get, list, cancel, models."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from attrs import define

from ..simulator import header, json_of, query_of
from .actions import iso_time
from .seedance import FPS, RATIOS, ContentError, Family, check_content, tokens, usable_asset
from .values import list_of, object_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...wire.steps import Request, Response
    from ..simulator import Simulator
    from ..state import SimAccount, SimAsset, SimVideo
    from .alltoken_actions import Variants

PATH: Final = "/v1/videos/generations"
LINK_LIFE_S: Final = 86_400

_FIRST_GENERATION: Final = Family(
    resolutions=("480p", "720p", "1080p"),
    durations_s=(2, 12),
    takes_assets=False,
    references=(4, 0, 0),
    second_generation=False,
)
MODELS: Final[dict[str, Family]] = {
    "seedance-2.0": Family(resolutions=("480p", "720p", "1080p")),
    "seedance-2.0-fast": Family(),
    "seedance-1.5-pro": Family(
        resolutions=("480p", "720p", "1080p"),
        durations_s=(4, 12),
        takes_assets=False,
        second_generation=False,
    ),
    "seedance-1.0-pro": _FIRST_GENERATION,
    "seedance-1.0-lite": _FIRST_GENERATION,
}
_WORDS: Final = {"running": "processing", "succeeded": "completed"}
_STATUSES: Final = ("queued", "processing", "completed", "failed", "expired", "cancelled")
_INPUT_TYPES: Final = {
    "text": "text",
    "first_frame": "image_first_frame",
    "first_last_frame": "image_first_last_frame",
    "draft_task": "draft_task",
}
_ECHOED: Final = (
    "seed", "generate_audio", "input_has_video", "draft", "service_tier",
    "execution_expires_after", "safety_identifier", "tools",
)  # fmt: skip
_SHORTHAND: Final = {"image": "image_url", "video": "video_url", "audio": "audio_url"}


class VideoError(Exception):
    """A refusal in the video side's words."""

    def __init__(self, status: int, code: str, message: str, param: str = "") -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.param = param


@define(kw_only=True)
class AllTokenVideos:
    """The video interface, over a simulator's world."""

    simulator: Simulator
    variants: Variants

    def answer(self, request: Request, account: SimAccount | None) -> Response:
        """Answer one request below `/v1/videos/`."""
        try:
            status, body = self._route(request, account)
        except VideoError as error:
            status, body = error.status, self._error(error)
        return self.simulator.json(body, status, {"x-request-id": self._request_id()})

    def _route(self, request: Request, account: SimAccount | None) -> tuple[int, dict[str, Any]]:
        path = urlsplit(request.url).path
        if account is None:
            raise VideoError(401, "invalid_api_key", "The API key is not valid.")
        if (request.method, path) == ("GET", "/v1/videos/models"):
            return 200, {"object": "list", "data": [_model(model) for model in MODELS]}
        if (request.method, path) == ("POST", PATH):
            return 202, self._create(request, account)
        if (request.method, path) == ("GET", PATH):
            return 200, self._list(request, account)
        named, _, verb = path.removeprefix(f"{PATH}/").partition("/")
        video = self.simulator.world.videos.get(named)
        if not path.startswith(f"{PATH}/") or video is None or video.account != account.name:
            raise VideoError(404, "not_found", "The task does not exist.")
        if (request.method, verb) == ("GET", ""):
            return 200, self._task(video)
        if (request.method, verb) == ("POST", "cancel"):
            return 200, self._cancel(video)
        raise VideoError(404, "not_found", "There is no such call.")

    def _create(self, request: Request, account: SimAccount) -> dict[str, Any]:
        if header(request, "content-type").partition(";")[0].strip() != "application/json":
            raise VideoError(400, "invalid_request", "The body is not JSON.")
        body = json_of(request)
        if body is None:
            raise VideoError(400, "invalid_request", "The body cannot be read.")
        checked = self._checked(body, account)
        world = self.simulator.world
        number = world.new_id("vgen").rpartition("-")[2]
        video = world.add_video(account, f"vgen_{world.now():%Y%m%d}{number}", checked)
        return self._task(video)

    def _checked(self, body: dict[str, Any], account: SimAccount) -> dict[str, Any]:
        model = _text(body, "model", required=True)
        family = MODELS.get(model)
        if family is None:
            raise VideoError(404, "model_not_found", "The model does not exist.", "model")
        prompt = _text(body, "prompt", required=True)
        ratio = _one_of("ratio", _text(body, "ratio") or "adaptive", RATIOS)
        resolution = _one_of("resolution", _text(body, "resolution") or "720p", family.resolutions)
        content = body.get("content")
        items = [] if content is None else list_of(content)
        if items is None:
            raise VideoError(400, "invalid_request", "content is not a list.", "content")
        long = [_written_out(item) for item in items]
        try:
            mode = check_content(long, family, self._finder(account))
        except ContentError as error:
            raise VideoError(
                400, "upstream_invalid_parameter", error.message, error.param
            ) from None
        return {
            **body,
            "content": long,
            "prompt": prompt,
            "ratio": ratio,
            "resolution": resolution,
            "duration": _duration(body.get("duration"), family),
            "input_type": _INPUT_TYPES.get(mode) or _reference_type(long),
        }

    def _finder(self, account: SimAccount) -> Callable[[str], SimAsset | None]:
        world = self.simulator.world
        return lambda named: usable_asset(world, named, account=account.name, project=None)

    def _list(self, request: Request, account: SimAccount) -> dict[str, Any]:
        query = query_of(request)
        limit = query.get("limit", "20")
        if not limit.isdecimal() or not 1 <= int(limit) <= 100:
            raise VideoError(400, "invalid_request", "limit is not from 1 to 100.", "limit")
        status = query.get("status", "")
        if status:
            _ = _one_of("status", status, _STATUSES)
        mine = [
            v
            for v in self.simulator.world.listed(self.simulator.world.videos.values())
            if v.account == account.name
        ]
        tasks = [self._task(video) for video in reversed(mine)]
        found = [task for task in tasks if status in ("", task["status"])]
        return {"items": found[: int(limit)], "total": len(found)}

    def _cancel(self, video: SimVideo) -> dict[str, Any]:
        now = self.simulator.world.now()
        if video.state(now) not in {"queued", "running"}:
            raise VideoError(409, "invalid_request", "The task has ended already.")
        video.cancelled_at = now
        return self._task(video)

    def _task(self, video: SimVideo) -> dict[str, Any]:
        now = self.simulator.world.now()
        state = video.state(now)
        body = video.body
        task: dict[str, Any] = {
            "id": video.id,
            "status": _WORDS.get(state, state),
            "model": body["model"],
            "created_at": iso_time(video.created_at),
            "is_expired": False,
            "input_type": body["input_type"],
            "duration": body["duration"],
            "resolution": body["resolution"],
            "ratio": body["ratio"],
            **{name: body[name] for name in _ECHOED if body.get(name) is not None},
        }
        ended_at = video.cancelled_at or (video.ended_at if now >= video.ended_at else None)
        if ended_at:
            task["updated_at"] = task["completed_at"] = iso_time(ended_at)
        if state == "failed" and video.failure:
            task["error"] = {"code": video.failure[0], "message": video.failure[1]}
        if state == "succeeded":
            task |= self._outcome(video, now)
        return task

    def _outcome(self, video: SimVideo, now: datetime) -> dict[str, Any]:
        body = video.body
        until = video.ended_at + timedelta(seconds=LINK_LIFE_S)
        spent = tokens(str(body["resolution"]), str(body["ratio"]), int(str(body["duration"])))
        outcome = {
            "status": self.variants.done_word,
            "is_expired": now >= until,
            "video_url": self.simulator.media_url("clip.mp4"),
            "video_url_expires_at": iso_time(until),
            "video_url_ttl": LINK_LIFE_S,
            "fps": FPS,
            "usage": {"completion_tokens": spent, "total_tokens": spent},
        }
        if body.get("return_last_frame"):
            outcome["last_frame_url"] = self.simulator.media_url("frame.png")
        return outcome

    def _error(self, error: VideoError) -> dict[str, Any]:
        kind = "authentication_error" if error.status == 401 else "invalid_request_error"
        said: dict[str, Any] = {
            "code": error.status if self.variants.integer_codes else error.code,
            "message": error.message,
            "type": kind,
        }
        if error.param:
            said["param"] = error.param
        if self.variants.integer_codes:
            return {"error": said, "request_id": self._request_id()}
        return {"error": {**said, "request_id": self._request_id()}}

    def _request_id(self) -> str:
        return f"req-{self.simulator.world.now():%Y%m%d%H%M%S}-{len(self.simulator.seen):06}"


def _text(body: dict[str, Any], name: str, *, required: bool = False) -> str:
    value = body.get(name)
    if value is None or value == "":
        if required:
            raise VideoError(400, "invalid_request", f"{name} is missing.", name)
        return ""
    if not isinstance(value, str):
        raise VideoError(400, "invalid_request", f"{name} is not a string.", name)
    return value


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise VideoError(400, "invalid_request", f"{name} is not one of {allowed}.", name)
    return value


def _duration(value: Any, family: Family) -> int:
    if value in (None, 0, -1):
        return 5
    shortest, longest = family.durations_s
    if not isinstance(value, int) or not shortest <= value <= longest:
        raise VideoError(
            400, "invalid_request", f"duration is not from {shortest} to {longest}.", "duration"
        )
    return value


def _written_out(sent: Any) -> Any:
    """Spell an item's shorthand (`image` with `url`) the long way."""
    item = object_of(sent)
    if item is None:
        return sent
    kind = str(item.get("type"))
    kind = _SHORTHAND.get(kind, kind)
    if isinstance(item.get("url"), str) and kind not in item:
        item = {**item, kind: {"url": item["url"]}}
    return {**item, "type": kind}


def _reference_type(items: list[Any]) -> str:
    kinds = {item["type"] for item in items} - {"text"}
    if kinds == {"image_url"}:
        return "image_reference"
    return "video_reference" if kinds == {"video_url"} else "multimodal"


def _model(id: str) -> dict[str, Any]:
    family = MODELS[id]
    inputs = ["text", "image", *(["video", "audio"] if family.takes_assets else [])]
    return {
        "id": id,
        "object": "model",
        "created": 1_767_225_600,
        "owned_by": "bytedance",
        "display_name": id.replace("-", " ").title(),
        "brand": "ByteDance",
        "family": "seedance",
        "series": id.removeprefix("seedance-"),
        "description": "",
        "logo_url": "",
        "input_modalities": inputs,
        "output_modalities": ["video"],
    }
