"""
What the simulated avatar dialect refuses, and its account-blind checks of what is submitted.

Field names and counts of the video body are printed on public pages of APIMart, whose interface
xcompute resells; only `prompt`, `image_with_roles` and the `-face` models are on xcompute's own
guide. Where a page forbids something, the refusal's words are made up here.
"""

from __future__ import annotations

from typing import Any, Final

from attrs import frozen

from ..state import SimAccount, World, own
from .reading import Json, Refusal, is_web_address, list_of, need, object_of

# Tuples, because a member of a body may be anything, and a set would insist on hashing it.
FACE_MODELS: Final = ("doubao-seedance-2.0-face", "doubao-seedance-2.0-fast-face")
NEWEST: Final = "seedance-2.5"
MODELS: Final = (
    *("doubao-seedance-2.0", "doubao-seedance-2.0-fast", "seedance-2.0-mini", NEWEST),
    *FACE_MODELS,
)
SIZES: Final = ("16:9", "9:16", "1:1", "4:3", "3:4", "21:9", "adaptive")
RESOLUTIONS: Final = ("480p", "720p", "1080p")
ROLES: Final = ("reference_image", "first_frame", "last_frame")
MOST_ASSETS: Final = 20
ERROR_TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "payment_required",
    403: "permission_error",
    404: "invalid_request_error",
    413: "invalid_request_error",
    429: "rate_limit_error",
    500: "server_error",
    502: "bad_gateway",
}


def refused(message: str, status: int = 400) -> Refusal:
    """Make a refusal, whose code is the type that an HTTP status has."""
    return Refusal(status, ERROR_TYPES[status], message)


def require(holds: object, message: str, status: int = 400) -> None:
    """Refuse unless it *holds*."""
    if not holds:
        raise refused(message, status)


def need_object(value: object, name: str) -> Json:
    """Return *value* if it is an object."""
    return need(object_of(value), refused(f"{name} must be an object"))


def items_of(body: Json, name: str) -> list[Any]:
    """Return the list under *name*; an absent one is empty."""
    return [*need(list_of(body.get(name, [])), refused(f"{name} must be a list"))]


def check_submission(body: Json, *, real_person: bool) -> tuple[list[Json], str]:
    """Check what is submitted for review, and return the items and their type."""
    items = items_of(body, "assets")
    require(items, "assets must be a list of at least one item")
    require(len(items) <= MOST_ASSETS, f"at most {MOST_ASSETS} assets per request")
    for item in items:
        asset = need_object(item, "assets[]")
        require(is_web_address(asset.get("url")), "assets[].url is not public")
        require(isinstance(asset.get("name", ""), str), "assets[].name must be a string")
    media = body.get("asset_type", "Video" if real_person else "Image")
    taken = ("Video", "Image") if real_person else ("Image", "Video", "Audio")
    require(media in taken, "asset_type is not one of the documented words")
    return items, media


@frozen
class MediaField:
    """One address in a video body, and what its field takes."""

    field: str
    url: str
    kind: str
    """`Image`, `Video` or `Audio`."""


def media_of(body: Json) -> list[MediaField]:
    """Every address in a video body."""
    found = [
        MediaField(
            "image_with_roles", need_object(item, "image_with_roles[]").get("url", ""), "Image"
        )
        for item in items_of(body, "image_with_roles")
    ]
    for name, kind in (("image_urls", "Image"), ("video_urls", "Video"), ("audio_urls", "Audio")):
        found += [MediaField(name, url, kind) for url in items_of(body, name)]
    for medium in found:
        fits = is_web_address(medium.url) or str(medium.url).startswith("asset://")
        require(fits, f"{medium.field}: only public URLs and asset:// addresses are taken")
    return found


def check_video(body: Json, resolutions: tuple[str, ...] = RESOLUTIONS) -> list[MediaField]:
    """Check a video body as far as no account is needed, and return its media."""
    model = body.get("model")
    require(model in MODELS, f"model {model!r} is not available")
    media = media_of(body)
    prompt = body.get("prompt", "")
    require(isinstance(prompt, str) and len(prompt) <= 4000, "prompt is longer than 4000")
    require(prompt or media, "prompt is required for text to video")
    duration = body.get("duration", 5)
    most_s = 30 if model == NEWEST else 15
    chosen = duration == -1 and model == NEWEST
    fits = type(duration) is int and 4 <= duration <= most_s
    require(fits or chosen, f"duration must be 4 to {most_s}")
    require(body.get("size", "16:9") in SIZES, "size is not one of the documented ratios")
    resolution = body.get("resolution", "720p")
    require(resolution in resolutions, "resolution is not available")
    large = resolution in ("1080p", "4k")
    small = any(word in str(model) for word in ("fast", "mini"))
    require(not (large and small), "fast and mini models end at 720p")
    require(resolution != "4k" or model not in FACE_MODELS, "-face models make no 4k")
    _check_modes(body, 10 if model == NEWEST else 3, newest=model == NEWEST)
    return media


def _check_modes(body: Json, most: int, *, newest: bool) -> None:
    roles = [item.get("role") for item in items_of(body, "image_with_roles")]
    images, videos, audios = (
        items_of(body, name) for name in ("image_urls", "video_urls", "audio_urls")
    )
    require(all(role in ROLES for role in roles), "image_with_roles[].role is not known")
    require(not (roles and images), "image_urls and image_with_roles exclude each other")
    most_images = 30 if newest else 9
    require(len(roles) + len(images) <= most_images, f"at most {most_images} images")
    require(len(videos) <= most, f"at most {most} videos")
    require(len(audios) <= most, f"at most {most} audios")
    beside = newest or roles or images or videos
    require(not audios or beside, "audio needs an image or a video beside it")
    frames = [role for role in roles if role != "reference_image"]
    if frames:
        require(not (videos or audios), "frames take no video_urls or audio_urls")
        require(len(frames) == len(roles), "frames and reference images exclude each other")
        require(frames.count("first_frame") == 1, "exactly one first_frame is needed")
        require(frames.count("last_frame") <= 1, "at most one last_frame")


def check_owned(
    world: World,
    account: SimAccount,
    media: list[MediaField],
    model: str,
    *,
    face_models_only: bool,
) -> None:
    """Check that every `asset://` in a video is the account's own, active and of the right type."""
    for medium in media:
        if not medium.url.startswith("asset://"):
            continue
        known = own(world.assets, account, medium.url.removeprefix("asset://"))
        asset = need(known, refused(f"asset {medium.url} not found"))
        require(asset.status(world.now()) == "Active", f"asset {medium.url} is not active")
        require(asset.media == medium.kind, f"{medium.field} takes no {asset.media} asset")
        group = world.groups.get(asset.group_id)
        if face_models_only and group is not None and group.real_person:
            require(model in FACE_MODELS, "assets of real people need a -face model")
