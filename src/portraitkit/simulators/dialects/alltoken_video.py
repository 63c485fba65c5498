"""AllToken's video side: create, get, list, cancel, models."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from attrs import Factory, define

from ...wire.steps import Request, Response
from ..simulator import ENDED, NoticeRules, Simulator, query_of
from ..state import SimAccount, SimVideo, own
from .actions import iso_time
from .alltoken_actions import Variants
from .reading import Json, Reader, Refusal, list_of, need, object_of
from .seedance import FPS, RATIOS, Family, check_content, tokens, usable_asset

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


@define(kw_only=True)
class AllTokenVideos(Simulator, Reader):
    """
    A simulator that has the video interface.

    Attributes:
        variants: What the vendor's documents leave open or tell differently.
    """

    # Unverified: that the task is posted, once, when it has ended.
    notice_rules: ClassVar[NoticeRules | None] = NoticeRules(states=ENDED)

    variants: Variants = Factory(Variants)

    def invalid(self, member: str, why: str) -> Refusal:
        return Refusal(400, "invalid_request", f"{member or 'The body'} {why}.", member)

    def videos(self, request: Request, account: SimAccount | None) -> Response:
        """Answer one request below `/v1/videos/`."""
        try:
            status, body = self._route(request, account)
        except Refusal as no:
            status, body = no.status, self._error(no)
        return self.json(body, status, {"x-request-id": self._request_id()})

    def _route(self, request: Request, account: SimAccount | None) -> tuple[int, Json]:
        path = urlsplit(request.url).path
        if account is None:
            raise Refusal(401, "invalid_api_key", "The API key is not valid.")
        if (request.method, path) == ("GET", "/v1/videos/models"):
            return 200, {"object": "list", "data": [_model(model) for model in MODELS]}
        if (request.method, path) == ("POST", PATH):
            return 202, self._create(request, account)
        if (request.method, path) == ("GET", PATH):
            return 200, self._list(request, account)
        named, _, verb = path.removeprefix(f"{PATH}/").partition("/")
        video = own(self.world.videos, account, named)
        if not path.startswith(f"{PATH}/") or video is None:
            raise Refusal(404, "not_found", "The task does not exist.")
        if (request.method, verb) == ("GET", ""):
            return 200, self._task(video)
        if (request.method, verb) == ("POST", "cancel"):
            return 200, self._cancel(video)
        raise Refusal(404, "not_found", "There is no such call.")

    def video_notice(self, video: SimVideo) -> Json:
        return self._task(video)

    def _create(self, request: Request, account: SimAccount) -> Json:
        checked = self._checked(self.json_body(request), account)
        world = self.world
        number = world.new_id("vgen").rpartition("-")[2]
        video = world.add_video(account, f"vgen_{world.now():%Y%m%d}{number}", checked)
        return self._task(video)

    def _checked(self, body: Json, account: SimAccount) -> Json:
        model = self.text_in(body, "model", required=True)
        unknown = Refusal(404, "model_not_found", "The model does not exist.", "model")
        family = need(MODELS.get(model), unknown)
        prompt = self.text_in(body, "prompt", required=True)
        ratio = self.one_of("ratio", self.text_in(body, "ratio") or "adaptive", RATIOS)
        size = self.text_in(body, "resolution") or "720p"
        resolution = self.one_of("resolution", size, family.resolutions)
        content = body.get("content")
        items = [] if content is None else list_of(content)
        items = need(items, self.invalid("content", "is not a list"))
        long = [_written_out(item) for item in items]
        world = self.world
        try:
            mode = check_content(
                long,
                family,
                lambda named: usable_asset(world, named, account=account.name, project=None),
            )
        except Refusal as no:
            raise Refusal(400, "upstream_invalid_parameter", no.message, no.param) from None
        return {
            **body,
            "content": long,
            "prompt": prompt,
            "ratio": ratio,
            "resolution": resolution,
            "duration": self._duration(body, family),
            "input_type": _INPUT_TYPES.get(mode) or _reference_type(long),
        }

    def _duration(self, body: Json, family: Family) -> int:
        shortest, longest = family.durations_s
        if body.get("duration") in (None, 0, -1):
            return 5
        return self.number_in(body, "duration", 5, longest, shortest)

    def _list(self, request: Request, account: SimAccount) -> Json:
        query = query_of(request)
        limit = self.asked_number(query, "limit", 20, 100)
        status = self.one_of("status", query.get("status", ""), ("", *_STATUSES))
        world = self.world
        tasks = [self._task(video) for video in world.listed(world.videos_of(account))]
        found = [task for task in tasks if status in ("", task["status"])]
        return {"items": found[:limit], "total": len(found)}

    def _cancel(self, video: SimVideo) -> Json:
        now = self.world.now()
        if video.state(now) not in {"queued", "running"}:
            raise Refusal(409, "invalid_request", "The task has ended already.")
        video.cancelled_at = now
        return self._task(video)

    def _task(self, video: SimVideo) -> Json:
        now = self.world.now()
        state = video.state(now)
        body = video.body
        task: Json = {
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
        if error := video.error(now):
            task["error"] = error
        if state == "succeeded":
            task |= self._outcome(video, now)
        return task

    def _outcome(self, video: SimVideo, now: datetime) -> Json:
        body = video.body
        until = video.ended_at + timedelta(seconds=LINK_LIFE_S)
        spent = tokens(str(body["resolution"]), str(body["ratio"]), int(str(body["duration"])))
        outcome = {
            "status": self.variants.done_word,
            "is_expired": now >= until,
            "video_url": self.media_url("clip.mp4"),
            "video_url_expires_at": iso_time(until),
            "video_url_ttl": LINK_LIFE_S,
            "fps": FPS,
            "usage": {"completion_tokens": spent, "total_tokens": spent},
        }
        if body.get("return_last_frame"):
            outcome["last_frame_url"] = self.media_url("frame.png")
        return outcome

    def _error(self, no: Refusal) -> Json:
        said: Json = {
            "code": no.status if self.variants.integer_codes else no.code,
            "message": no.message,
            "type": "authentication_error" if no.status == 401 else "invalid_request_error",
            **({"param": no.param} if no.param else {}),
        }
        named = {"request_id": self._request_id()}
        if self.variants.integer_codes:
            return {"error": said, **named}
        return {"error": {**said, **named}}

    def _request_id(self) -> str:
        return f"req-{self.world.now():%Y%m%d%H%M%S}-{len(self.seen):06}"


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


def _model(id: str) -> Json:
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
