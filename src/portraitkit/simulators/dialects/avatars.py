"""
The avatar dialect, simulated: portraits and videos behind a bearer key, everything as a task.

Which of it a vendor documents itself is said in `apimart` and `xcompute`. Assumed at both: the
answer of step 2 and what it says before the person is done, the notice to the callback URL, the
life of a link (120 seconds), the group id in a private-avatar result, which fields take which
assets, error statuses for unknown ids, quotas. Where documents disagree or are silent, `Variants`
chooses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from attrs import Factory, define, evolve

from ...wire.steps import Request, Response
from ..simulator import bearer_of, form_of, json_of, query_of, route_of
from ..state import SimAccount, SimCheck, SimGroup, SimJob, own
from .avatar_answers import Answers, Variants, notice_of, review_head
from .avatar_rules import (
    RESOLUTIONS,
    check_owned,
    check_submission,
    check_video,
    refused,
    require,
)
from .face_page import face_page, returned
from .reading import Json, Refusal, is_web_address, need, object_of

__all__ = ["AvatarSimulator", "Variants"]

_PICTURES: Final = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
_UPLOAD_BYTES: Final = 20 * 1024 * 1024


@define(kw_only=True)
class AvatarSimulator(Answers):
    """
    A vendor of this dialect, as far as documents tell.

    Attributes:
        posted: What was posted to callback URLs, oldest first, with `notice="POST"`.
    """

    resolutions: ClassVar[tuple[str, ...]] = RESOLUTIONS

    posted: list[Request] = Factory(list[Request])

    def answer(self, request: Request) -> Response:
        page = face_page(self, request)
        if page is not None:
            return self._after_page(request, page)
        try:
            return self._authorized(request, urlsplit(request.url).path)
        except Refusal as no:
            error = {"code": no.status, "message": no.message, "type": no.code}
            if self.variants.errors_with_200:
                return self.json({"code": no.status, "error": error})
            return self.json({"error": error}, no.status)

    def _authorized(self, request: Request, path: str) -> Response:
        account = need(
            self.world.account_of_key(bearer_of(request)), refused("invalid api key", 401)
        )
        if (request.method, path) == ("POST", "/v1/uploads/images") and self.variants.uploads:
            return self.json(self._upload(request))
        sent = query_of(request) if request.method == "GET" else json_of(request)
        body = need(sent, refused("the body is not a JSON object"))
        routes: dict[str, Callable[..., Any]] = {
            "GET /v1/tasks/{id}": self._task,
            "POST /v1/seedance2/real-avatar": self._real_avatar,
            "POST /v1/seedance2/private-avatar": self._private_avatar,
            "POST /v1/videos/generations": self._create_video,
        }
        route = need(route_of(request, routes), refused("no such endpoint", 404))
        data = route(account, body)
        flat = self.variants.flat_tasks and path.startswith("/v1/tasks/")
        return self.json(data if flat else {"code": 200, "data": data})

    # Real people

    def _real_avatar(self, account: SimAccount, body: Json) -> Json:
        if "group_id" in body:
            return self._submit(account, body, self._group(account, body, real_person=True))
        if "byted_token" in body:
            return self._exchange(account, body)
        require(is_web_address(body.get("callback_url")), "callback_url is required")
        check = self.world.add_check(
            account.name,
            self._new_id("token_"),
            body["callback_url"],
            project_name=body.get("project_name", "default"),
        )
        job = self._add_job(account, "session", check_token=check.token)
        return {"id": job.id, "status": "completed"}

    def _exchange(self, account: SimAccount, body: Json) -> Json:
        known = own(self.world.checks, account, str(body["byted_token"]))
        check = need(known, refused("byted_token is not known"))
        self._settle(check)
        if check.group_id is None:
            expired = self.world.now() >= check.expires_at
            require(not expired, "byted_token has expired")
            require(self.variants.pending == "no group", "the face check is not finished")
        job = self._add_job(account, "exchange", check_token=check.token)
        return self._exchange_data(check, job.id)

    def _settle(self, check: SimCheck) -> None:
        before = check.result_code
        _ = self.world.settle_check(check)
        if before is None and check.result_code is not None and self.variants.notice == "POST":
            self.posted.append(notice_of(check))

    def check_notice(self, check: SimCheck) -> Request | None:
        return notice_of(check) if self.variants.notice == "POST" else returned(check)

    def _after_page(self, request: Request, page: Response) -> Response:
        if "location" not in page.headers or self.variants.notice == "GET":
            return page
        check = self.world.checks[urlsplit(request.url).path.removeprefix("/h5/")]
        self.posted.append(notice_of(check))
        return evolve(page, status=200, headers={"content-type": page.headers["content-type"]})

    # Assets

    def _private_avatar(self, account: SimAccount, body: Json) -> Json:
        if "url" in body and "assets" not in body:
            body = {**body, "assets": [{k: body[k] for k in ("url", "name") if k in body}]}
        if "group_id" in body:
            require("group" not in body, "group and group_id exclude each other")
            return self._submit(account, body, self._group(account, body, real_person=False))
        _ = check_submission(body, real_person=False)
        wanted = need(object_of(body.get("group")), refused("group or group_id must be an object"))
        require(wanted.get("name"), "group.name is required")
        require(len(self.world.groups_of(account)) < self.world.group_quota, "group quota is full")
        group = self.world.add_group(
            account,
            self.world.new_id("group"),
            str(wanted["name"]),
            description=str(wanted.get("description", "")),
            project_name=body.get("project_name", "default"),
        )
        return self._submit(account, body, group)

    def _group(self, account: SimAccount, body: Json, *, real_person: bool) -> SimGroup:
        group = own(self.world.groups, account, str(body["group_id"]))
        if group is None or group.real_person is not real_person:
            raise refused("group_id is not known")
        project = body.get("project_name", "default")
        require(group.project_name == project, "group_id is of another project")
        return group

    def _submit(self, account: SimAccount, body: Json, group: SimGroup) -> Json:
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
        return review_head(job, "processing", 10)

    def _upload(self, request: Request) -> Json:
        """Answer what only APIMart has; from a public page."""
        part = form_of(request).get("file")
        if part is None or part.content_type not in _PICTURES:
            raise refused("file is missing or not a jpeg, png, webp or gif")
        require(len(part.content) <= _UPLOAD_BYTES, "file is larger than 20 MB", 413)
        return {
            "url": self.media_url("frame.png"),
            "filename": part.filename,
            "content_type": part.content_type,
            "bytes": len(part.content),
            "created_at": int(self.world.now().timestamp()),
        }

    # Videos and tasks

    def _create_video(self, account: SimAccount, body: Json) -> Any:
        media = check_video(body, self.resolutions)
        strict = self.variants.face_models_only
        check_owned(self.world, account, media, body["model"], face_models_only=strict)
        video = self.world.add_video(account, self._new_id("task_"), body)
        made = {"status": "submitted", "task_id": video.id}
        return [made] if self.variants.create_as_array else made

    def _task(self, account: SimAccount, _query: Json, task_id: str) -> Json:
        if video := own(self.world.videos, account, task_id):
            return self._video(video)
        missing = refused("task not found or expired", 404)
        job = need(own(self.world.jobs, account, task_id), missing)
        if job.kind == "assets":
            return self._review(job)
        check = self.world.checks[job.check_token]
        exchanged = job.kind == "exchange"
        result = self._exchange_result(check) if exchanged else self._session_result(check)
        return {"id": job.id, "status": "completed", "result": result}

    def _new_id(self, prefix: str) -> str:
        return prefix + "01K" + self.world.new_id("").replace("-", "").upper()

    def _add_job(self, account: SimAccount, kind: str, **of: Any) -> SimJob:
        now = self.world.now()
        job = SimJob(
            id=self._new_id("task_"), account=account.name, kind=kind, created_at=now, **of
        )
        self.world.jobs[job.id] = job
        return job
