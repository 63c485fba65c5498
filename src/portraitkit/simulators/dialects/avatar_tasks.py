"""What the simulated avatar dialect says of a review and of a video, as a task."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ..state import SimAsset, SimJob, SimVideo
    from .avatars import AvatarSimulator

_WORDS: Final = {
    "queued": "pending",
    "running": "processing",
    "succeeded": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
}
_PROGRESS: Final = {"queued": 0, "running": 50}
_LINK_LIFE: Final = timedelta(hours=24)


def review_head(status: str, progress: int) -> dict[str, Any]:
    """What every review says of itself."""
    return {
        "object": "seedance.avatar.asset.task",
        "status": status,
        "progress": progress,
        "model": "doubao-seedance-2.0",
    }


def review_task(simulator: AvatarSimulator, job: SimJob) -> dict[str, Any]:
    """
    Say how a review stands.

    One refused asset makes the task `failed`, while its result still names the usable ones
    (documented). Assets come in the order they were submitted (assumed).
    """
    world, variants = simulator.world, simulator.variants
    assets = [world.assets[name] for name in job.asset_ids if name in world.assets]
    if any(asset.status(world.now()) == "Processing" for asset in assets):
        return {"id": job.id, **review_head("processing", 10)}
    failed = [asset for asset in assets if asset.failure]
    result: dict[str, Any] = {
        "assets": [_item(asset, named=variants.names_in_items) for asset in assets],
        "usable_assets": [
            _item(asset, named=variants.names_in_items) for asset in assets if not asset.failure
        ],
        "failed_assets": [_item(asset, named=variants.names_in_items) for asset in failed],
    }
    group = world.groups.get(job.group_id)
    if variants.group_id_in_result and group is not None and not group.real_person:
        result["group_id"] = job.group_id
    task = {"id": job.id, **review_head("failed" if failed else "completed", 100), "result": result}
    if failed:
        task["error"] = {"code": "task_failed", "message": "部分素材审核失败"}
    return task


def _item(asset: SimAsset, *, named: bool) -> dict[str, Any]:
    item: dict[str, Any] = {
        "asset_id": asset.id,
        "asset_url": f"asset://{asset.id}",
        "status": "Failed" if asset.failure else "Active",
    }
    if named:
        item["raw_response"] = {"Id": asset.id, "Name": asset.name}
    return item


def video_task(simulator: AvatarSimulator, video: SimVideo) -> dict[str, Any]:
    """Say how a video stands."""
    now, variants = simulator.world.now(), simulator.variants
    state = video.state(now)
    task: dict[str, Any] = {
        "id": video.id,
        "status": _WORDS[state],
        "progress": _PROGRESS.get(state, 100),
        "created": int(video.created_at.timestamp()),
        "estimated_time": int(simulator.world.render_s),
    }
    if state in _PROGRESS:
        return task
    task["completed"] = int(video.ended_at.timestamp())
    task["actual_time"] = int((video.ended_at - video.started_at).total_seconds())
    if state == "succeeded":
        link = simulator.media_url("clip.mp4")
        file: dict[str, Any] = {"url": [link] if variants.url_as_array else link}
        if variants.expires_at:
            file["expires_at"] = int((video.ended_at + _LINK_LIFE).timestamp())
        result: dict[str, Any] = {"videos": [file]}
        if video.body.get("return_last_frame"):
            result["last_frame_url"] = simulator.media_url("frame.png")
        task["result"] = result
    if state == "failed" and video.failure:
        task["error"] = {"code": video.failure[0], "message": video.failure[1]}
    return task
