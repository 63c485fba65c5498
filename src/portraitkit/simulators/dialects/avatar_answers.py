"""The forms of the avatar dialect's answers, and the switches for what its pages leave open."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Literal

from attrs import Factory, define, frozen

from ...wire.bodies import json_body
from ...wire.steps import Request
from ..simulator import Simulator
from ..state import SimAsset, SimCheck, SimJob, SimVideo
from .reading import Json

_WORDS: Final = {"queued": "pending", "running": "processing", "succeeded": "completed"}
_PROGRESS: Final = {"queued": 0, "running": 50}
_LINK_LIFE: Final = timedelta(hours=24)


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
    uploads: bool = False


@define(kw_only=True)
class Answers(Simulator):
    """
    A simulator that says everything as a task. Assumed of checks, save for the session.

    Attributes:
        variants: The choices where documents leave room.
    """

    variants: Variants = Factory(Variants)

    def _session_result(self, check: SimCheck) -> Json:
        """Give the link and the token of a session (documented)."""
        link = f"{self.base_url}/h5/{check.token}"
        return {"byted_token": check.token, "h5_link": link, "raw_response": {}}

    def _exchange_result(self, check: SimCheck) -> Json:
        """Say what the task of a step 2 holds."""
        if check.group_id is None:
            return {"raw_response": {}}
        raw = {"raw_response": {"Result": {"GroupId": check.group_id}}}
        return raw if self.variants.exchange == "raw" else {"group_id": check.group_id, **raw}

    def _exchange_data(self, check: SimCheck, task_id: str) -> Json:
        """Answer step 2; see `Variants.exchange`."""
        task: Json = {"id": task_id, "status": "completed"}
        how = self.variants.exchange
        if check.group_id is None or how == "task":
            return task
        if how == "data":
            return {**task, "group_id": check.group_id}
        result = self._exchange_result(check)
        return {**task, **result} if how == "raw" else {**task, "result": result}

    def _review(self, job: SimJob) -> Json:
        """
        Say how a review stands.

        One refused asset makes the task `failed`, while its result still names the usable ones
        (documented). Assets come in the order they were submitted (assumed).
        """
        world = self.world
        assets = [world.assets[name] for name in job.asset_ids if name in world.assets]
        if any(asset.status(world.now()) == "Processing" for asset in assets):
            return review_head(job, "processing", 10)
        failed = [asset for asset in assets if asset.failure]
        result: Json = {
            "assets": [self._item(asset) for asset in assets],
            "usable_assets": [self._item(asset) for asset in assets if not asset.failure],
            "failed_assets": [self._item(asset) for asset in failed],
        }
        group = world.groups.get(job.group_id)
        if self.variants.group_id_in_result and group is not None and not group.real_person:
            result["group_id"] = job.group_id
        task = {**review_head(job, "failed" if failed else "completed", 100), "result": result}
        if failed:
            task["error"] = {"code": "task_failed", "message": "部分素材审核失败"}
        return task

    def _item(self, asset: SimAsset) -> Json:
        upstream = {"raw_response": {"Id": asset.id, "Name": asset.name}}
        return {
            "asset_id": asset.id,
            "asset_url": f"asset://{asset.id}",
            "status": "Failed" if asset.failure else "Active",
            **(upstream if self.variants.names_in_items else {}),
        }

    def _video(self, video: SimVideo) -> Json:
        """Say how a video stands."""
        now = self.world.now()
        state = video.state(now)
        task: Json = {
            "id": video.id,
            "status": _WORDS.get(state, state),
            "progress": _PROGRESS.get(state, 100),
            "created": int(video.created_at.timestamp()),
            "estimated_time": int(self.world.render_s),
        }
        if state in _PROGRESS:
            return task
        task["completed"] = int(video.ended_at.timestamp())
        task["actual_time"] = int((video.ended_at - video.started_at).total_seconds())
        if state == "succeeded":
            link = self.media_url("clip.mp4")
            file: Json = {"url": [link] if self.variants.url_as_array else link}
            if self.variants.expires_at:
                file["expires_at"] = int((video.ended_at + _LINK_LIFE).timestamp())
            frame = self.media_url("frame.png")
            shown = {"last_frame_url": frame} if video.body.get("return_last_frame") else {}
            task["result"] = {"videos": [file], **shown}
        if error := video.error(now):
            task["error"] = error
        return task


def review_head(job: SimJob, status: str, progress: int) -> Json:
    """What every review says of itself."""
    return {
        "id": job.id,
        "object": "seedance.avatar.asset.task",
        "status": status,
        "progress": progress,
        "model": "doubao-seedance-2.0",
    }


def notice_of(check: SimCheck) -> Request:
    """Make what is posted to the callback URL when a check is over."""
    return Request(
        method="POST",
        url=check.callback_url,
        headers={"content-type": "application/json"},
        content=json_body({"bytedToken": check.token, "resultCode": str(check.result_code)}),
    )
