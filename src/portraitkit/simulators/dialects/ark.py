"""
Ark's video tasks: create, get, list and delete, as Volcengine and gateways before it serve them.

Documented: paths, fields and ranges, content rules, the task object, what a deletion does in each
state, the error envelope, 7 days of keeping. From the vendor's own client: unset options arrive as
nulls, and a deletion is answered with an object. Assumed: the code for a task that is not there,
for deleting a cancelled task, for an asset under review, and what an unfinished task shows.

Not simulated: callbacks, streaming, rate limits (use `Simulator.answer_next`), old text commands in
prompts.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from attrs import Factory, define, field

from ..simulator import header, json_of
from .ark_rules import MODELS, ArkError, checked
from .seedance import FPS, ContentAssetError, ContentError, Family, check_content, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ...wire.steps import Request, Response
    from ..simulator import Simulator
    from ..state import SimAccount, SimAsset, SimVideo

__all__ = ["ArkError", "ArkTasks"]

Json: TypeAlias = dict[str, Any]
FindAsset: TypeAlias = "Callable[[str], SimAsset | None]"

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
class ArkTasks:
    """
    The task interface below any prefix.

    Attributes:
        simulator: Whose world and clock it uses.
        prefix: What stands before `/contents/generations/tasks`.
        models: What can be asked for; `ep-` ids stand for the first.
        endpoint_ids: Whether `ep-` ids are taken.
        may_list_and_delete: Whether those two calls are there.
        missing_asset: Whether an unusable asset is refused at once or fails the task.
    """

    LIST_LIMIT: ClassVar[int] = 500

    simulator: Simulator = field(repr=False, eq=False)
    prefix: str
    models: Mapping[str, Family] = Factory(lambda: MODELS)
    endpoint_ids: bool = True
    may_list_and_delete: bool = True
    missing_asset: Literal["refused", "fails later"] = "refused"

    def owns(self, request: Request) -> bool:
        """Tell whether *request* is for this interface."""
        path = urlsplit(request.url).path
        start = f"{self.prefix}{TASKS}"
        return path == start or path.startswith(f"{start}/")

    def answer(self, request: Request, account: SimAccount, find_asset: FindAsset) -> Response:
        """
        Answer one request.

        Args:
            request: With its key already checked.
            account: Whose key it is.
            find_asset: Finds an asset that this account may use now.
        """
        try:
            return self.reply(self._route(request, account, find_asset))
        except ArkError as error:
            return self.refuse(error)

    def refuse(self, error: ArkError) -> Response:
        """Answer in the error envelope."""
        said = {
            "code": error.code,
            "message": f"{error.message} Request id: {self._request_id()}",
            "param": error.param,
            "type": _TYPES.get(error.status, "InternalServerError"),
        }
        return self.reply({"error": said}, error.status)

    def reply(self, body: Json, status: int = 200) -> Response:
        """Answer with a request id."""
        return self.simulator.json(body, status, {"x-request-id": self._request_id()})

    def _request_id(self) -> str:
        return f"0{self.simulator.world.now():%Y%m%d%H%M%S}{len(self.simulator.seen):018x}"

    def _route(self, request: Request, account: SimAccount, find_asset: FindAsset) -> Json:
        place = urlsplit(request.url).path.removeprefix(f"{self.prefix}{TASKS}").strip("/")
        if request.method == "POST" and not place:
            return self._create(request, account, find_asset)
        if request.method == "GET" and place:
            return self._task(self._video(account, place))
        if request.method == "GET" and self.may_list_and_delete:
            return self._list(request, account)
        if request.method == "DELETE" and place and self.may_list_and_delete:
            return self._delete(self._video(account, place))
        raise ArkError(404, "NotFound", "There is no such call.")

    def _create(self, request: Request, account: SimAccount, find_asset: FindAsset) -> Json:
        if header(request, "content-type").partition(";")[0].strip() != "application/json":
            raise ArkError(400, "InvalidParameter", "The body is not JSON.")
        body = json_of(request)
        if body is None:
            raise ArkError(400, "InvalidParameter", "The body cannot be read.")
        body = {name: value for name, value in body.items() if value is not None}
        task = checked(body, self._family(body))
        failure: tuple[str, str] | None = None
        try:
            _ = check_content(task["content"], self._family(body), find_asset)
        except ContentAssetError as error:
            if self.missing_asset == "refused":
                raise _invalid(error) from None
            failure = ("InvalidParameter", error.message)
        except ContentError as error:
            raise _invalid(error) from None
        world = self.simulator.world
        video = world.add_video(account, world.new_id("cgt"), task)
        video.failure = video.failure or failure
        named = {name: body[name] for name in ("safety_identifier",) if name in body}
        return {"id": video.id, **named}

    def _family(self, body: Json) -> Family:
        model = body.get("model")
        if not isinstance(model, str) or not model:
            raise ArkError(400, "MissingParameter", "The model is missing.", "model")
        if model.startswith("ep-") and self.endpoint_ids:
            return next(iter(self.models.values()))
        if model not in self.models:
            raise ArkError(
                404,
                "InvalidEndpointOrModel.NotFound",
                f"The model or endpoint {model} does not exist or you do not have access to it.",
            )
        return self.models[model]

    def _video(self, account: SimAccount, id: str) -> SimVideo:
        video = self.simulator.world.videos.get(id)
        if video is None or not self._is_shown(video, account):
            raise ArkError(404, "ResourceNotFound", f"The task {id} is not found.", "id")
        return video

    def _is_shown(self, video: SimVideo, account: SimAccount) -> bool:
        kept = self.simulator.world.now() - video.created_at < KEPT
        return video.account == account.name and kept and not video.deleted

    def _list(self, request: Request, account: SimAccount) -> Json:
        in_url = parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
        pairs = [*in_url, *request.query]
        query = dict(pairs)
        number = _number(query, "page_num", 1, self.LIST_LIMIT)
        size = _number(query, "page_size", 10, self.LIST_LIMIT)
        status = query.get("filter.status", "")
        if status and status not in _STATUSES:
            raise ArkError(400, "InvalidParameter", "The status is not known.", "filter.status")
        ids = [value for name, value in pairs if name == "filter.task_ids"]
        wanted = {
            "status": status,
            "model": query.get("filter.model", ""),
            "service_tier": query.get("filter.service_tier", ""),
        }
        mine = [
            v
            for v in self.simulator.world.listed(self.simulator.world.videos.values())
            if self._is_shown(v, account)
        ]
        tasks = [self._task(video) for video in reversed(mine) if not ids or video.id in ids]
        found = [
            task
            for task in tasks
            if all(value in ("", task[name]) for name, value in wanted.items())
        ]
        return {"total": len(found), "items": found[(number - 1) * size : number * size]}

    def _delete(self, video: SimVideo) -> Json:
        now = self.simulator.world.now()
        state = _state(video, now)
        if state == "queued":
            video.cancelled_at = now
        elif state == "running":
            raise ArkError(
                409, "InvalidAction.RunningTaskDeletion", "A running task cannot be deleted."
            )
        elif state == "cancelled":
            raise ArkError(
                409, "InvalidAction.CancelledTaskDeletion", "A cancelled task cannot be deleted."
            )
        else:
            video.deleted = True
        return {}

    def _task(self, video: SimVideo) -> Json:
        now = self.simulator.world.now()
        state, body = _state(video, now), video.body
        changed = [video.created_at, video.started_at, video.ended_at, video.cancelled_at]
        updated_at = max(time for time in changed if time is not None and time <= now)
        task: Json = {
            "id": video.id,
            "model": body["model"],
            "status": state,
            "error": None,
            "created_at": int(video.created_at.timestamp()),
            "updated_at": int((video.cancelled_at or updated_at).timestamp()),
            "resolution": body["resolution"],
            "ratio": body["ratio"],
            "duration": body["duration"],
            "framespersecond": FPS,
            **{name: body[name] for name in _ECHOED if name in body},
        }
        if state == "failed" and video.failure:
            task["error"] = {"code": video.failure[0], "message": video.failure[1]}
        if state == "succeeded":
            task["content"] = {"video_url": self.simulator.media_url("clip.mp4")}
            if body.get("return_last_frame"):
                task["content"]["last_frame_url"] = self.simulator.media_url("frame.png")
            spent = tokens(task["resolution"], task["ratio"], task["duration"])
            task["usage"] = {"completion_tokens": spent, "total_tokens": spent}
        return task


def _invalid(error: ContentError) -> ArkError:
    return ArkError(400, "InvalidParameter", error.message, error.param)


def _number(query: Mapping[str, str], name: str, default: int, limit: int) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal() or not 1 <= int(text) <= limit:
        raise ArkError(400, "InvalidParameter", f"{name} is not from 1 to {limit}.", name)
    return int(text)


def _state(video: SimVideo, now: datetime) -> str:
    allowed = timedelta(seconds=int(str(video.body["execution_expires_after"])))
    ended_too_late = video.ended_at > video.created_at + allowed
    if video.cancelled_at is None and ended_too_late and now >= video.created_at + allowed:
        return "expired"
    return video.state(now)
