"""
Token360's video dialect: pictures that are frames in `frame_images`, the rest in
`input_references`.

Source: docs/vendors/token360.md. The virtual portrait guide documents `first_frame` and pictures
as references. Unverified: the word `last_frame`, and `role` with videos and audios, are known from
clients' code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ...values.prompts import Role, Slot
from ...values.statuses import MediaType
from ...vendor.dialect import Loss, MediaRead, items_of, prompt_of, take_address, unread
from ...wire.codec import is_object
from .tables import alike

FIELDS: Final = {
    "duration_s": "duration",
    "ratio": "aspect_ratio",
    **alike("resolution generate_audio seed watermark return_last_frame callback_url"),
    "end_user": "safety_identifier",
    "expires_after_s": "execution_expires_after",
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
    for where, item in _items(body, "frame_images", losses):
        url, rest = take_address(item, "image")
        role = _FRAMES.get(str(item.get("frame_type") or "first_frame"))
        odd = item.get("type") not in (None, "image_url", "image")
        if odd or role is None or not url or role in {slot.role for slot in slots}:
            losses.append(Loss(field=where, value=item, why="not a first or last frame"))
        else:
            slots.append(Slot(MediaType.IMAGE, role, url))
            losses.extend(unread(where, {**rest, **_others(item, "role")}))
    for where, item in _items(body, "input_references", losses):
        kind = str(item.get("type")).removesuffix("_url")
        url, rest = take_address(item, kind)
        if kind not in _KINDS or not url:
            losses.append(Loss(field=where, value=item, why="not an image, video or audio"))
        else:
            slots.append(Slot(_KINDS[kind], Role.REFERENCE, url))
            losses.extend(unread(where, {**rest, **_others(item, "role", "frame_type")}))
    return MediaRead(
        prompt=prompt_of(body, losses),
        slots=tuple(slots),
        used=frozenset({"prompt", "frame_images", "input_references"}),
        losses=tuple(losses),
    )


def _reference(slot: Slot) -> dict[str, Any]:
    kind = f"{slot.media.value}_url"
    role = {} if slot.media is MediaType.IMAGE else {"role": "reference"}
    return {"type": kind, **role, kind: {"url": slot.url}}


def _items(
    body: Mapping[str, Any], member: str, losses: list[Loss]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for where, item in items_of(body, member, losses):
        if is_object(item):
            yield where, item
        else:
            losses.append(Loss(field=where, value=item, why="not an object"))


def _others(item: Mapping[str, Any], *members: str) -> dict[str, Any]:
    """Marks that say something else than that it is a reference."""
    return {key: item[key] for key in members if item.get(key) not in (None, "reference")}


_FRAMES: Final = {"first_frame": Role.FIRST_FRAME, "last_frame": Role.LAST_FRAME}
_KINDS: Final = {kind.value: kind for kind in (MediaType.IMAGE, MediaType.VIDEO, MediaType.AUDIO)}
