"""What a simulated Token360 accepts as the body of `POST /v1/videos`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .reading import Json, Refusal, list_of, object_of
from .token360_answers import INVALID

MODELS: Final = {"seedance-2.0": True, "seedance-2.0-fast": True, "seedance-1.5-pro": False}
"""Known models, and whether they take `asset://` references."""

_ENUMS: Final = {
    "resolution": ("360p", "480p", "540p", "720p", "1080p", "1K", "2K", "4K"),
    "aspect_ratio": ("adaptive", "16:9", "9:16", "1:1", "4:3", "3:4", "21:9", "9:21"),
}
_TYPES: Final = {
    "duration": int,
    "generate_audio": bool,
    "watermark": bool,
    "return_last_frame": bool,
    "seed": int,
    "execution_expires_after": int,
    "safety_identifier": str,
    "callback_url": str,
    "request_id": str,
    "metadata": dict,
}
_FRAMES: Final = (["first_frame"], ["first_frame", "last_frame"])
_MOST: Final = {"image_url": 9, "video_url": 3, "audio_url": 3}


def check_body(body: Json) -> None:
    """
    Refuse a body without model or prompt, with wrong types, or with mixed kinds of media.

    The numbers are those a caller's schema gives for the native body; assumed for this one.
    """
    for param in ("model", "prompt"):
        if not isinstance(body.get(param), str) or not body[param]:
            raise _refused(param, f"{param} is required")
    for param, kind in _TYPES.items():
        value = body.get(param)
        if value is not None and type(value) is not kind:
            raise _refused(param, f"{param} must be a {kind.__name__}")
    for param, known in _ENUMS.items():
        if body.get(param) not in (None, *known):
            raise _refused(param, f"{param} must be one of {', '.join(known)}")
    duration = body.get("duration", 5)
    if duration != -1 and not 4 <= duration <= 15:
        raise _refused("duration", "duration must be -1 or between 4 and 15")
    if not str(body.get("callback_url") or "https://").startswith("https://"):
        raise _refused("callback_url", "callback_url must be HTTPS")
    _check_media(body)


def _check_media(body: Json) -> None:
    items = [(slot, item) for slot, item, _ in media_of(body)]
    frames = [item for slot, item in items if slot.startswith("frame_images")]
    if frames and len(frames) < len(items):
        raise _refused("frame_images", "frame_images and input_references exclude each other")
    order = [item.get("frame_type") for item in frames]
    if frames and order not in _FRAMES:
        raise _refused("frame_images", "one first_frame, and at most one last_frame after it")
    for kind, most in _MOST.items():
        if sum(item.get("type") == kind for _, item in items) > most:
            raise _refused("input_references", f"at most {most} of type {kind}")


def media_of(body: Json) -> Iterator[tuple[str, Json, str]]:
    """Yield each media item: where its URL stands, the item, the URL."""
    for member, kinds in (("frame_images", ("image_url",)), ("input_references", tuple(_MOST))):
        for index, item in enumerate(list_of(body.get(member)) or ()):
            row = object_of(item) or {}
            kind = str(row.get("type"))
            url = (object_of(row.get(kind)) or {}).get("url") if kind in kinds else None
            if not isinstance(url, str) or not url:
                raise _refused(f"{member}[{index}]", f"{member}[{index}] is not a media item")
            yield f"{member}[{index}].{kind}.url", row, url


def _refused(param: str, message: str) -> Refusal:
    return Refusal(400, INVALID, message, param)
