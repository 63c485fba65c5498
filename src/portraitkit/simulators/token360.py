"""
Token360, simulated: asset groups, assets, face checks and videos.

Documented by the vendor: the paths; the envelope `{code, data, msg, serviceCode}` of groups and
assets and the bare objects of videos; `groupKind`; the upload form and the record it yields; the
words `active`, `queued`, `in_progress`, `completed` and `failed`; the three forms of a download;
the error body `{error: {message, type, param, code}}`; a face check's life of 120 s.

Seen by callers only: `h5Link` in the answer to a new REAL_FACE group, `pending_validation`, HTTP
409 for an upload into a group that is not active, GENERIC groups, references to video and audio.

Assumed: reading and renaming one group, deleting one asset, names of assets' paging, picture rules
(those of the upstream vendor), lengths of names, quotas, most HTTP statuses of refusals, and the
words in `serviceCode`. `Variants` switches what the sources leave open.

Not simulated: the native body behind `Token360-Native-Params`, groups of older kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Final
from urllib.parse import urlsplit

from attrs import define, evolve

from ..wire.steps import Request, Response
from .dialects.reading import Json, Refusal, need
from .dialects.token360_answers import INVALID, MISSING, Variants
from .dialects.token360_library import Library
from .dialects.token360_video import MODELS, check_body, media_of
from .simulator import NoticeRules, bearer_of, query_of, route_of
from .state import SimAccount, SimVideo, own

__all__ = ["Token360Simulator", "Variants"]

_LINK_LIFE_S: Final = 3600
_VIDEO_WORDS: Final = {"running": "in_progress", "succeeded": "completed"}


@define(kw_only=True)
class Token360Simulator(Library):
    """The vendor behind https://api.token360.ai."""

    name: ClassVar[str] = "token360"
    # Source: the webhook page.
    notice_rules: ClassVar[NoticeRules | None] = NoticeRules(
        states=frozenset({"succeeded", "failed"}), timeout_s=30.0, waits_s=(1.0, 3.0)
    )

    def answer(self, request: Request) -> Response:
        """Answer as the vendor would."""
        path = urlsplit(request.url).path
        if path.startswith("/h5/"):
            return self._page(request, path.removeprefix("/h5/"))
        if self.variants.firewall and b";base64," in request.content:
            return self._html("403 Forbidden", 403)
        account = self.world.account_of_key(bearer_of(request))
        if account is None:
            return self._gateway(Refusal(401, "invalid_api_key", "Invalid API key"))
        try:
            return self._route(account, request, path)
        except Refusal as no:
            return self._refuse(no) if no.code.isupper() else self._gateway(no)

    def _route(self, account: SimAccount, request: Request, path: str) -> Response:
        routes = self._routes()
        if found := route_of(request, routes):
            return found(account, request)
        others = (evolve(request, method=form.partition(" ")[0]) for form in routes)
        status = 405 if any(route_of(each, routes) for each in others) else 404
        raise Refusal(status, MISSING, f"no {request.method} {path}")

    def _routes(self) -> Mapping[str, Callable[..., Response]]:
        routes: dict[str, Callable[..., Response]] = {
            "POST /v1/asset-groups": self._create_group,
            "GET /v1/asset-groups": self._list_groups,
            "GET /v1/asset-groups/{id}": self._get_group,
            "PATCH /v1/asset-groups/{id}": self._rename_group,
            "DELETE /v1/asset-groups/{id}": self._delete_group,
            "POST /v1/assets": self._upload,
            "GET /v1/assets": self._list_assets,
            "GET /v1/assets/{id}": self._get_asset,
            "DELETE /v1/assets/{id}": self._delete_asset,
            "POST /v1/videos": self._create_video,
            "GET /v1/videos": self._list_videos,
            "GET /v1/videos/{id}": self._get_video,
            "GET /v1/videos/{id}/content": self._download,
        }
        if not self.variants.has_get_group:
            del routes["GET /v1/asset-groups/{id}"]
        return routes

    def _create_video(self, account: SimAccount, request: Request) -> Response:
        body = self._body(request)
        check_body(body)
        unknown = Refusal(404, "model_not_found", f"no model {body['model']}", "model")
        takes_assets = need(MODELS.get(body["model"]), unknown)
        for slot, item, url in media_of(body):
            if url.startswith("asset://") and not (
                takes_assets and self._usable(account, url.removeprefix("asset://"), item["type"])
            ):
                text = f"invalid or unauthorized asset references: {url}"
                raise Refusal(400, INVALID, text, slot)
        video = self.world.add_video(account, self.world.new_id("video"), body)
        known = ("id", "object", "status", "model", "prompt", "created_at")
        return self.json({key: self._video(video)[key] for key in known})

    def _usable(self, account: SimAccount, asset_id: str, kind: str) -> bool:
        asset = own(self.world.assets, account, asset_id)
        return (
            asset is not None
            and asset_id.startswith("ta_")
            and asset.media.lower() == kind.removesuffix("_url")
            and asset.status(self.world.now()) == "Active"
        )

    def _list_videos(self, account: SimAccount, request: Request) -> Response:
        query = query_of(request)
        limit = self.asked_number(query, "limit", 20, 100)
        mine = self.world.listed(self.world.videos_of(account))
        if query.get("order", "desc") != "desc":
            mine.reverse()
        ids = [video.id for video in mine]
        start = ids.index(query["after"]) + 1 if query.get("after") in ids else 0
        stop = ids.index(query["before"]) if query.get("before") in ids else len(ids)
        shown = mine[start:stop][:limit]
        return self.json(
            {
                "object": "list",
                "data": [self._video(video) for video in shown],
                "has_more": start + len(shown) < stop,
                "first_id": shown[0].id if shown else None,
                "last_id": shown[-1].id if shown else None,
            }
        )

    def _get_video(self, account: SimAccount, _request: Request, video_id: str) -> Response:
        return self.json(self._video(self._own_video(account, video_id)))

    def _download(self, account: SimAccount, request: Request, video_id: str) -> Response:
        video = self._own_video(account, video_id)
        word = self._video(video)["status"]
        if word != "completed":
            raise Refusal(400, INVALID, f"the video is not ready: its status is {word}")
        link = self.media_url("clip.mp4")
        form = query_of(request).get("format", "redirect")
        if form == "url":
            return self.json({"url": link, "video_id": video.id, "expires_in": _LINK_LIFE_S})
        if form == "binary":
            return self._media("/media/clip.mp4")
        if form != "redirect":
            raise Refusal(400, INVALID, f"unknown format {form}", "format")
        return Response(status=302, headers={"location": link}, received_at=self.world.now())

    def _video(self, video: SimVideo) -> Json:
        now, body = self.world.now(), video.body
        state = video.state(now)
        done = state == "succeeded"
        link, place = self.media_url("clip.mp4") if done else None, self.variants.video_link
        content: Json = {"video_url": link} if done and place == "content" else {}
        if done and body.get("return_last_frame"):
            content["last_frame_url"] = self.media_url("frame.png")
        settings = ("resolution", "duration", "aspect_ratio", "seed", "watermark")
        return {
            "id": video.id,
            "object": "video",
            "status": _VIDEO_WORDS.get(state, state),
            "model": body["model"],
            "prompt": body["prompt"],
            "created_at": int(video.created_at.timestamp()),
            "updated_at": int(min(now, video.ended_at).timestamp()),
            "parameters": {
                **{key: body[key] for key in settings if key in body},
                "audio": body.get("generate_audio", True),
            },
            "url": link if place == "url" else None,
            "video_url": link if place == "video_url" else None,
            "duration": body.get("duration", 5) if done else None,
            "content": content,
            "error": video.error(now),
        }

    def video_notice(self, video: SimVideo) -> Json:
        """Unverified: the members' names; that an envelope echoes `request_id` is documented."""
        return {"request_id": video.body.get("request_id"), "data": self._video(video)}

    def _own_video(self, account: SimAccount, video_id: str) -> SimVideo:
        video = own(self.world.videos, account, video_id)
        return need(video, Refusal(404, MISSING, f"no video {video_id}"))
