"""
The avatar dialect, simulated: portraits and videos behind a bearer key, everything as a task.

Which of it a vendor documents itself is said in `apimart` and `xcompute`. Assumed at both: the
answer of step 2 and what it says before the person is done, the notice to the callback URL, the
life of a link (120 seconds), the group id in a private-avatar result, which fields take which
assets, error statuses for unknown ids, quotas. Where documents disagree or are silent, `Variants`
chooses.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from urllib.parse import urlsplit

from attrs import Factory, define, evolve, frozen

from ...wire.steps import Request, Response
from ..simulator import Simulator, bearer_of, json_of, query_of
from ..state import SimAccount, SimCheck, SimGroup, SimJob
from .avatar_checks import exchange_data, exchange_result, notice_of, session_result
from .avatar_library import answer_library, take_upload
from .avatar_rules import (
    ERROR_TYPES,
    RESOLUTIONS,
    Refused,
    check_owned,
    check_submission,
    check_video,
    is_web,
    object_of,
    require,
)
from .avatar_tasks import review_head, review_task, video_task
from .face_page import face_page

if TYPE_CHECKING:
    from collections.abc import Callable


@frozen(kw_only=True)
class Variants:
    """
    Where the documents leave room.

    Attributes:
        exchange: Where step 2 tells the group id: in `data.result`, in `data` itself, only in the
            task that `data.id` names, or only in the upstream's words under `data.raw_response`.
        pending: What step 2 says before the person is done: a 400, or an answer without a group id.
        flat_tasks: Tasks come without the `{code, data}` envelope.
        notice: How the callback URL learns of a finished check: the person's browser is sent
            there, or the vendor posts to it.
        group_id_in_result: Whether a private-avatar result names its group.
        names_in_items: Whether reviewed assets carry the upstream's words with their names.
        url_as_array: Whether a video's `url` is a list of one.
        create_as_array: Whether a created video's `data` is a list of one.
        expires_at: Whether a video's link says when it ends.
        errors_with_200: Refusals arrive with HTTP 200 and their own code in the body.
        face_models_only: Whether assets of real people need a `-face` model.
        library: Whether groups and assets can be listed, renamed and deleted.
        uploads: Whether pictures can be uploaded.
    """

    exchange: Literal["result", "data", "task", "raw"] = "result"
    pending: Literal["refused", "no group"] = "refused"
    flat_tasks: bool = False
    notice: Literal["GET", "POST"] = "GET"
    group_id_in_result: bool = True
    names_in_items: bool = False
    url_as_array: bool = True
    create_as_array: bool = True
    expires_at: bool = True
    errors_with_200: bool = False
    face_models_only: bool = True
    library: bool = False
    uploads: bool = False


@define(kw_only=True)
class AvatarSimulator(Simulator):
    """
    A vendor of this dialect, as far as documents tell.

    Attributes:
        variants: The choices where they leave room.
        notices: What was posted to callback URLs, oldest first, with `notice="POST"`.
    """

    resolutions: ClassVar[tuple[str, ...]] = RESOLUTIONS

    variants: Variants = Factory(Variants)
    notices: list[Request] = Factory(list[Request])

    def answer(self, request: Request) -> Response:
        page = face_page(self, request)
        if page is not None:
            return self._after_page(request, page)
        try:
            return self._authorized(request, urlsplit(request.url).path)
        except Refused as refused:
            error = {
                "code": refused.status,
                "message": refused.message,
                "type": ERROR_TYPES[refused.status],
            }
            if self.variants.errors_with_200:
                return self.json({"code": refused.status, "error": error})
            return self.json({"error": error}, refused.status)

    def _authorized(self, request: Request, path: str) -> Response:
        account = self.world.account_of_key(bearer_of(request))
        if account is None:
            raise Refused(401, "invalid api key")
        parts = path.removeprefix("/v1/").split("/")
        if request.method == "GET" and parts[0] == "tasks" and len(parts) == 2:
            task = self._task(account, parts[1])
            return self.json(task if self.variants.flat_tasks else {"code": 200, "data": task})
        if (request.method, path) == ("POST", "/v1/uploads/images") and self.variants.uploads:
            return self.json(take_upload(request, self))
        body = query_of(request) if request.method == "GET" else json_of(request)
        if body is None:
            raise Refused(400, "the body is not a JSON object")
        library = ["seedance2", "private-avatar"]
        if parts[:2] == library and len(parts) > 2 and self.variants.library:
            data = answer_library(self.world, account, request.method, parts[2:], body)
            return self.json({"code": 200, "data": data})
        routes: dict[tuple[str, str], Callable[[SimAccount, dict[str, Any]], Any]] = {
            ("POST", "/v1/seedance2/real-avatar"): self._real_avatar,
            ("POST", "/v1/seedance2/private-avatar"): self._private_avatar,
            ("POST", "/v1/videos/generations"): self._create_video,
        }
        route = routes.get((request.method, path))
        if route is None:
            raise Refused(404, "no such endpoint")
        return self.json({"code": 200, "data": route(account, body)})

    # Real people

    def _real_avatar(self, account: SimAccount, body: dict[str, Any]) -> dict[str, Any]:
        if "group_id" in body:
            return self._submit(account, body, self._group(account, body, real_person=True))
        if "byted_token" in body:
            return self._exchange(account, body)
        require(is_web(body.get("callback_url")), "callback_url is required")
        now = self.world.now()
        check = SimCheck(
            token=self._new_id("token_"),
            account=account.name,
            created_at=now,
            expires_at=now + timedelta(seconds=self.world.token_life_s),
            callback_url=body["callback_url"],
            project_name=body.get("project_name", "default"),
        )
        self.world.checks[check.token] = check
        job = self._add_job(account, "session", check_token=check.token)
        return {"id": job.id, "status": "completed"}

    def _exchange(self, account: SimAccount, body: dict[str, Any]) -> dict[str, Any]:
        check = self.world.checks.get(str(body["byted_token"]))
        if check is None or check.account != account.name:
            raise Refused(400, "byted_token is not known")
        self._settle(check)
        if check.group_id is None:
            expired = self.world.now() >= check.expires_at
            require(not expired, "byted_token has expired")
            require(self.variants.pending == "no group", "the face check is not finished")
        job = self._add_job(account, "exchange", check_token=check.token)
        return exchange_data(check, job.id, self.variants.exchange)

    def _settle(self, check: SimCheck) -> None:
        before = check.result_code
        _ = self.world.settle_check(check, lambda: self.world.new_id("group"))
        if before is None and check.result_code is not None and self.variants.notice == "POST":
            self.notices.append(notice_of(check))

    def _after_page(self, request: Request, page: Response) -> Response:
        if "location" not in page.headers or self.variants.notice == "GET":
            return page
        check = self.world.checks[urlsplit(request.url).path.removeprefix("/h5/")]
        self.notices.append(notice_of(check))
        return evolve(page, status=200, headers={"content-type": page.headers["content-type"]})

    # Assets

    def _private_avatar(self, account: SimAccount, body: dict[str, Any]) -> dict[str, Any]:
        if "url" in body and "assets" not in body:
            body = {**body, "assets": [{k: body[k] for k in ("url", "name") if k in body}]}
        if "group_id" in body:
            require("group" not in body, "group and group_id exclude each other")
            return self._submit(account, body, self._group(account, body, real_person=False))
        _ = check_submission(body, real_person=False)
        wanted = object_of(body.get("group"), "group or group_id")
        require(wanted.get("name"), "group.name is required")
        require(len(self.world.groups_of(account)) < self.world.group_quota, "group quota is full")
        group = self.world.add_group(account, self.world.new_id("group"), str(wanted["name"]))
        group.description = str(wanted.get("description", ""))
        group.project_name = body.get("project_name", "default")
        return self._submit(account, body, group)

    def _group(self, account: SimAccount, body: dict[str, Any], *, real_person: bool) -> SimGroup:
        group = self.world.groups.get(str(body["group_id"]))
        if group is None or group.account != account.name or group.real_person is not real_person:
            raise Refused(400, "group_id is not known")
        project = body.get("project_name", "default")
        require(group.project_name == project, "group_id is of another project")
        return group

    def _submit(self, account: SimAccount, body: dict[str, Any], group: SimGroup) -> dict[str, Any]:
        items, media = check_submission(body, real_person=group.real_person)
        taken = len(self.world.assets_of(account, group.id))
        require(taken + len(items) <= self.world.asset_quota, "asset quota of the group is full")
        assets = [
            self.world.add_asset(
                group,
                self.world.new_id("asset"),
                name=item.get("name", ""),
                media=media,
                url=item["url"],
            )
            for item in items
        ]
        job = self._add_job(
            account, "assets", group_id=group.id, asset_ids=tuple(asset.id for asset in assets)
        )
        return {"id": job.id, **review_head("processing", 10)}

    # Videos and tasks

    def _create_video(self, account: SimAccount, body: dict[str, Any]) -> Any:
        media = check_video(body, self.resolutions)
        check_owned(
            self.world,
            account,
            media,
            body["model"],
            face_models_only=self.variants.face_models_only,
        )
        video = self.world.add_video(account, self._new_id("task_"), body)
        made = {"status": "submitted", "task_id": video.id}
        return [made] if self.variants.create_as_array else made

    def _task(self, account: SimAccount, task_id: str) -> dict[str, Any]:
        video = self.world.videos.get(task_id)
        if video is not None and video.account == account.name:
            return video_task(self, video)
        job = self.world.jobs.get(task_id)
        if job is None or job.account != account.name:
            raise Refused(404, "task not found or expired")
        if job.kind == "assets":
            return review_task(self, job)
        check = self.world.checks[job.check_token]
        if job.kind == "exchange":
            result = exchange_result(check, self.variants.exchange)
        else:
            result = session_result(check, self.base_url)
        return {"id": job.id, "status": "completed", "result": result}

    def _new_id(self, prefix: str) -> str:
        return prefix + "01K" + self.world.new_id("").replace("-", "").upper()

    def _add_job(
        self,
        account: SimAccount,
        kind: str,
        *,
        check_token: str = "",
        group_id: str = "",
        asset_ids: tuple[str, ...] = (),
    ) -> SimJob:
        job = SimJob(
            id=self._new_id("task_"),
            account=account.name,
            kind=kind,
            created_at=self.world.now(),
            check_token=check_token,
            group_id=group_id,
            asset_ids=asset_ids,
        )
        self.world.jobs[job.id] = job
        return job
