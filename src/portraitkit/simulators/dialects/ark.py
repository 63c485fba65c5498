"""
Ark's video tasks: create, get, list and delete, as Volcengine and gateways before it serve them.

Documented: paths, fields and ranges, content rules, the task object, what a deletion does in each
state, the error envelope, 7 days of keeping. From the vendor's own client: unset options arrive as
nulls, and a deletion is answered with an object. Assumed: the code for a task that is not there,
for deleting a cancelled task, for an asset under review, and what an unfinished task shows.

Not simulated: streaming, rate limits (use `Simulator.answer_next`), old text commands in
prompts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import ClassVar, Final
from urllib.parse import parse_qsl, urlsplit

from attrs import define

from ...wire.steps import Request, Response
from ..simulator import ENDED, NoticeRules
from ..state import SimAccount, SimAsset, SimVideo, own
from .ark_rules import MODELS, ArkReader
from .reading import Json, Refusal
from .seedance import FPS, AssetRefusal, Family, check_content, tokens, usable_asset
from .signed_actions import SignedSimulator, V

TASKS: Final = "/contents/generations/tasks"
KEPT: Final = timedelta(days=7)
_STATUSES: Final = ("queued", "running", "cancelled", "succeeded", "failed")
_ECHOED: Final = (
    "seed", "generate_audio", "service_tier", "execution_expires_after", "priority", "draft",
    "safety_identifier", "tools", "output_format",
)  # fmt: skip
_TYPES: Final = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    429: "TooManyRequests",
}


@define(kw_only=True)
class ArkSimulator(SignedSimulator[V], ArkReader):
    """
    A vendor of the signed plane that serves video tasks, too.

    Attributes:
        prefix: What stands before `/contents/generations/tasks`.
        models: What can be asked for; `ep-` ids stand for the first.
        shares_assets: Whether accounts can use one another's assets.
    """

    LIST_LIMIT: ClassVar[int] = 500
    # Source: 82379/1520757. Unverified: that all states are told, and the pauses between tries.
    notice_rules: ClassVar[NoticeRules | None] = NoticeRules(
        states=ENDED | {"queued", "running"}, waits_s=(1.0, 2.0, 4.0)
    )

    prefix: ClassVar[str]
    models: ClassVar[Mapping[str, Family]] = MODELS
    shares_assets: ClassVar[bool] = False

    def is_task(self, request: Request) -> bool:
        """Tell whether *request* is for the video tasks."""
        path = urlsplit(request.url).path
        start = f"{self.prefix}{TASKS}"
        return path == start or path.startswith(f"{start}/")

    def tasks(self, request: Request, account: SimAccount) -> Response:
        """Answer a request for the video tasks, whose key is already checked."""
        try:
            return self.reply(self._route(request, account))
        except Refusal as no:
            return self.refuse(no)

    def refuse(self, no: Refusal) -> Response:
        """Answer in the error envelope."""
        said = {
            "code": no.code,
            "message": f"{no.message} Request id: {self._request_id()}",
            "param": no.param,
            "type": _TYPES.get(no.status, "InternalServerError"),
        }
        return self.reply({"error": said}, no.status)

    def reply(self, body: Json, status: int = 200) -> Response:
        """Answer with a request id."""
        return self.json(body, status, {"x-request-id": self._request_id()})

    def _request_id(self) -> str:
        return f"0{self.world.now():%Y%m%d%H%M%S}{len(self.seen):018x}"

    def _route(self, request: Request, account: SimAccount) -> Json:
        place = urlsplit(request.url).path.removeprefix(f"{self.prefix}{TASKS}").strip("/")
        if request.method == "POST" and not place:
            return self._create(request, account)
        if request.method == "GET" and place:
            return self._task(self._video(account, place))
        if request.method == "GET":
            return self._list(request, account)
        if request.method == "DELETE" and place:
            return self._delete(self._video(account, place))
        raise Refusal(404, "NotFound", "There is no such call.")

    def _create(self, request: Request, account: SimAccount) -> Json:
        sent = self.json_body(request)
        body = {name: value for name, value in sent.items() if value is not None}
        family = self._family(body)
        task = self.checked(body, family)
        failure: tuple[str, str] | None = None
        try:
            _ = check_content(task["content"], family, self._finder(account))
        except AssetRefusal as no:
            if self.variants.missing_asset == "refused":
                raise
            failure = (no.code, no.message)
        video = self.world.add_video(account, self.world.new_id("cgt"), task)
        video.failure = video.failure or failure
        named = {name: body[name] for name in ("safety_identifier",) if name in body}
        return {"id": video.id, **named}

    def _finder(self, account: SimAccount) -> Callable[[str], SimAsset | None]:
        owner = None if self.shares_assets else account.name
        project = account.project_name
        return lambda named: usable_asset(self.world, named, account=owner, project=project)

    def _family(self, body: Json) -> Family:
        model = self.text_in(body, "model", required=True)
        if model.startswith("ep-"):
            return next(iter(self.models.values()))
        if model not in self.models:
            text = f"The model or endpoint {model} does not exist or you do not have access to it."
            raise Refusal(404, "InvalidEndpointOrModel.NotFound", text)
        return self.models[model]

    def _video(self, account: SimAccount, id: str) -> SimVideo:
        video = own(self.world.videos, account, id)
        if video is None or not self._is_shown(video):
            raise Refusal(404, "ResourceNotFound", f"The task {id} is not found.", "id")
        return video

    def _is_shown(self, video: SimVideo) -> bool:
        return self.world.now() - video.created_at < KEPT and not video.deleted

    def _list(self, request: Request, account: SimAccount) -> Json:
        in_url = parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
        pairs = [*in_url, *request.query]
        query = dict(pairs)
        number = self.asked_number(query, "page_num", 1, self.LIST_LIMIT)
        size = self.asked_number(query, "page_size", 10, self.LIST_LIMIT)
        status = self.one_of("filter.status", query.get("filter.status", ""), ("", *_STATUSES))
        ids = [value for name, value in pairs if name == "filter.task_ids"]
        wanted = {name: query.get(f"filter.{name}", "") for name in ("model", "service_tier")}
        wanted["status"] = status
        world = self.world
        tasks = [
            self._task(each)
            for each in world.listed(world.videos_of(account))
            if self._is_shown(each)
        ]
        found = [
            task
            for task in tasks
            if (not ids or task["id"] in ids)
            and all(value in ("", task[name]) for name, value in wanted.items())
        ]
        return {"total": len(found), "items": found[(number - 1) * size : number * size]}

    def _delete(self, video: SimVideo) -> Json:
        now = self.world.now()
        state = _state(video, now)
        if state in ("running", "cancelled"):
            code = f"InvalidAction.{state.capitalize()}TaskDeletion"
            raise Refusal(409, code, f"A {state} task cannot be deleted.")
        if state == "queued":
            video.cancelled_at = now
        else:
            video.deleted = True
        return {}

    def video_notice(self, video: SimVideo) -> Json:
        return self._task(video)

    def _task(self, video: SimVideo) -> Json:
        now = self.world.now()
        state, body = _state(video, now), video.body
        changed = [video.created_at, video.started_at, video.ended_at, video.cancelled_at]
        updated_at = max(time for time in changed if time is not None and time <= now)
        task: Json = {
            "id": video.id,
            "model": body["model"],
            "status": state,
            "error": video.error(now) if state == "failed" else None,
            "created_at": int(video.created_at.timestamp()),
            "updated_at": int((video.cancelled_at or updated_at).timestamp()),
            "resolution": body["resolution"],
            "ratio": body["ratio"],
            "duration": body["duration"],
            "framespersecond": FPS,
            **{name: body[name] for name in _ECHOED if name in body},
        }
        if state == "succeeded":
            task["content"] = {"video_url": self.media_url("clip.mp4")}
            if body.get("return_last_frame"):
                task["content"]["last_frame_url"] = self.media_url("frame.png")
            spent = tokens(task["resolution"], task["ratio"], task["duration"])
            task["usage"] = {"completion_tokens": spent, "total_tokens": spent}
        return task


def _state(video: SimVideo, now: datetime) -> str:
    allowed = timedelta(seconds=int(str(video.body["execution_expires_after"])))
    ended_too_late = video.ended_at > video.created_at + allowed
    if video.cancelled_at is None and ended_too_late and now >= video.created_at + allowed:
        return "expired"
    return video.state(now)
