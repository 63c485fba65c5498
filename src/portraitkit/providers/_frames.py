"""
Token360's video dialect: pictures that are frames in `frame_images`, the rest in
`input_references`.

Source: docs/vendors/token360.md. The virtual portrait guide documents `first_frame` and pictures
as references. Unverified: the word `last_frame`, and `role` with videos and audios, are known from
clients' code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, Final

from ..codec import first
from ..dialect import Loss, MediaRead
from ..models import MediaType
from ..video import Role, Slot

FIELDS: Final = {
    "duration_s": "duration",
    "ratio": "aspect_ratio",
    "resolution": "resolution",
    "generate_audio": "generate_audio",
    "seed": "seed",
    "watermark": "watermark",
    "return_last_frame": "return_last_frame",
    "callback_url": "callback_url",
}


def write(prompt: str, slots: tuple[Slot, ...]) -> dict[str, Any]:
    """Spell prompt and media."""
    frames = [
        {"type": "image_url", "frame_type": slot.role.value, "image_url": {"url": slot.url}}
        for slot in slots
        if slot.role is not Role.REFERENCE
    ]
    references = [_reference(slot) for slot in slots if slot.role is Role.REFERENCE]
    return {
        "prompt": prompt,
        **({"frame_images": frames} if frames else {}),
        **({"input_references": references} if references else {}),
    }


def read(body: Mapping[str, Any]) -> MediaRead:
    """Read what `write` spells, and what clients are seen to send."""
    slots: list[Slot] = []
    losses: list[Loss] = []
    for where, item in _items(body, "frame_images"):
        role = _FRAMES.get(str(first(item, "frame_type") or "first_frame"))
        url = _url(item, "image")
        if role is None or url is None or role in {slot.role for slot in slots}:
            losses.append(Loss(field=where, value=item, why="not a first or last frame"))
        else:
            slots.append(Slot(MediaType.IMAGE, role, url))
    if [slot.role for slot in slots] == [Role.LAST_FRAME]:
        losses.append(Loss(field="frame_images", value=slots.pop().url, why="no first frame"))
    for where, item in _items(body, "input_references"):
        kind = str(first(item, "type")).removesuffix("_url")
        url = _url(item, kind)
        if kind not in _KINDS or url is None:
            losses.append(Loss(field=where, value=item, why="not an image, video or audio"))
        else:
            slots.append(Slot(_KINDS[kind], Role.REFERENCE, url))
    prompt = first(body, "prompt")
    return MediaRead(
        prompt=prompt if isinstance(prompt, str) else "",
        slots=tuple(slots),
        used=frozenset({"prompt", "frame_images", "input_references"}),
        losses=tuple(losses),
    )


def _reference(slot: Slot) -> dict[str, Any]:
    kind = f"{slot.media.value}_url"
    role = {} if slot.media is MediaType.IMAGE else {"role": "reference"}
    return {"type": kind, **role, kind: {"url": slot.url}}


def _items(body: Mapping[str, Any], member: str) -> Iterator[tuple[str, Any]]:
    for number in count():
        item = first(body, f"{member}.{number}")
        if item is None:
            return
        yield f"{member}[{number}]", item


def _url(item: Any, kind: str) -> str | None:
    """The address is in an object, or stands for it."""
    for found in (first(item, f"{kind}_url.url"), first(item, f"{kind}_url")):
        if isinstance(found, str) and found:
            return found
    return None


_FRAMES: Final = {"first_frame": Role.FIRST_FRAME, "last_frame": Role.LAST_FRAME}
_KINDS: Final = {kind.value: kind for kind in (MediaType.IMAGE, MediaType.VIDEO, MediaType.AUDIO)}
