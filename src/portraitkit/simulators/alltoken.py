"""
AllToken, simulated: portrait Actions behind a bearer key, an upload endpoint, and videos.

Documented by the vendor: one POST path for twelve Actions, `Version` 2024-01-01, JSON in every
body, AIGC groups only by CreateAssetGroup, names up to 50 characters, 50 groups and 50 assets in
each, uploads of three picture types up to 10 MB, the error codes, H5 links that live 120 s, and the
whole video side: paths, 202 on creation, the task object, status words, error body.

Assumed: HTTP statuses of portrait errors, the answer to an upload, both status members on an asset
(guides and reference each name another one), projects divide nothing, a used token can be asked
again until it expires, a person who fails leaves the check pending, an unknown id is refused like a
foreign one, 24 hours for a video's link, content rules as upstream. Most open points that a caller
can notice are switches in `Variants`.

Videos and face checks tell their callback URLs as `notices` says.

Not simulated: translated messages, rate limit headers, `Idempotency-Key` (ignored).
"""

from __future__ import annotations

from typing import ClassVar, Final
from urllib.parse import urlsplit

from attrs import define

from ..wire.steps import Request, Response
from .dialects.action_calls import perform
from .dialects.actions import VERSION, metadata
from .dialects.alltoken_actions import AllTokenActions, Variants
from .dialects.alltoken_video import AllTokenVideos
from .dialects.face_page import face_page, returned
from .dialects.reading import Json, Refusal
from .simulator import bearer_of, form_of, query_of
from .state import SimAccount, SimCheck

__all__ = ["AllTokenSimulator", "Variants"]

BODY_LIMIT_BYTES: Final = 1024 * 1024
UPLOAD_LIMIT_BYTES: Final = 10 * 1024 * 1024
UPLOAD_TYPES: Final = ("image/jpeg", "image/png", "image/webp")


@define(kw_only=True)
class AllTokenSimulator(AllTokenVideos):
    """The vendor behind https://api.alltoken.ai."""

    name: ClassVar[str] = "alltoken"

    def answer(self, request: Request) -> Response:
        page = face_page(self, request)
        if page is not None:
            return page
        path = urlsplit(request.url).path
        account = self.world.account_of_key(bearer_of(request))
        if path.startswith("/v1/videos/"):
            return self.videos(request, account)
        return self._portrait(request, path, account) if account else self._unauthorized()

    def check_notice(self, check: SimCheck) -> Request | None:
        return returned(check)

    def _portrait(self, request: Request, path: str, account: SimAccount) -> Response:
        action = query_of(request).get("Action", "")
        actions = AllTokenActions(
            world=self.world,
            base_url=self.base_url,
            unseen_s=self.variants.unseen_s,
            variants=self.variants,
        )
        try:
            if (request.method, path) == ("POST", "/v1/portrait/upload"):
                action = "CreateAsset"
                result = self._upload(actions, account, request)
                if self.variants.flat_upload:
                    return self.json(result)
            elif request.method == "POST" and path.rstrip("/") == "/v1/portrait":
                result = perform(actions, account, action, _body(actions, request))
            else:
                return self.json({"error": {"message": "not found", "type": "not_found"}}, 404)
        except Refusal as no:
            return self._refuse(action, no)
        return self.json({"ResponseMetadata": metadata(self, action), "Result": result})

    def _upload(self, actions: AllTokenActions, account: SimAccount, request: Request) -> Json:
        parts = form_of(request)
        file = parts.get("file")
        if file is None or not file.filename or not file.content:
            raise actions.invalid("file", "is missing")
        if file.content_type not in UPLOAD_TYPES:
            raise actions.invalid("file", f"is not one of {', '.join(UPLOAD_TYPES)}")
        if len(file.content) > UPLOAD_LIMIT_BYTES:
            raise actions.invalid("file", "is larger than 10 MB")
        group_id = parts["GroupId"].text if "GroupId" in parts else ""
        group = actions.group_of(account, {"GroupId": group_id}, "GroupId")
        url = self.media_url("frame.png")
        asset = actions.register(group, name="", media="Image", url=url)
        asset.failure = self.world.reject_assets.get(file.filename)
        return actions.created(asset.id)

    def _refuse(self, action: str, no: Refusal) -> Response:
        said = {"Code": no.code, "Message": no.message}
        status = 200 if self.variants.errors_as_200 else no.status
        return self.json({"ResponseMetadata": {**metadata(self, action), "Error": said}}, status)

    def _unauthorized(self) -> Response:
        if self.variants.gateway_401:
            error = {"message": "invalid api key", "type": "authentication_error"}
            return self.json({"error": error}, 401)
        return self._refuse("", Refusal(401, "Unauthorized", "The API key is not valid."))


def _body(actions: AllTokenActions, request: Request) -> Json:
    if len(request.content) > BODY_LIMIT_BYTES:
        raise Refusal(413, "InvalidParameter", "The body is larger than 1 MB.")
    body = actions.json_body(request)
    if query_of(request).get("Version", VERSION) != VERSION:
        raise Refusal(400, "InvalidParameter", "The Version is not known.")
    return body
