"""
The `content[]` dialect: media as typed items with roles, as Ark and its resellers take them.

Source: docs/vendors/volcengine.md (item types and roles), docs/vendors/alltoken.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ..codec import is_array, is_object
from ..dialect import Loss, MediaRead
from ..models import MediaType
from ..video import Role, Slot

FIELDS: Final = {
    "duration_s": "duration",
    "ratio": "ratio",
    "resolution": "resolution",
    "generate_audio": "generate_audio",
    "seed": "seed",
    "watermark": "watermark",
    "return_last_frame": "return_last_frame",
    "callback_url": "callback_url",
}

_ROLES: Final[Mapping[str, tuple[MediaType, Role]]] = {
    "first_frame": (MediaType.IMAGE, Role.FIRST_FRAME),
    "last_frame": (MediaType.IMAGE, Role.LAST_FRAME),
    "reference_image": (MediaType.IMAGE, Role.REFERENCE),
    "reference_video": (MediaType.VIDEO, Role.REFERENCE),
    "reference_audio": (MediaType.AUDIO, Role.REFERENCE),
}


def write_items(slots: tuple[Slot, ...]) -> list[dict[str, Any]]:
    """Spell media as content items."""
    role_of: dict[tuple[MediaType, Role], str] = {mean: word for word, mean in _ROLES.items()}
    return [
        {
            "type": f"{slot.media.value}_url",
            f"{slot.media.value}_url": {"url": slot.url},
            "role": role_of[slot.media, slot.role],
        }
        for slot in slots
    ]


def write_with_text(prompt: str, slots: tuple[Slot, ...]) -> dict[str, Any]:
    """Spell prompt and media as Ark does: the prompt is the first item."""
    return {"content": [{"type": "text", "text": prompt}, *write_items(slots)]}


def write_beside_text(prompt: str, slots: tuple[Slot, ...]) -> dict[str, Any]:
    """Spell prompt and media as AllToken does: the prompt stands beside the items."""
    items = write_items(slots)
    return {"prompt": prompt, **({"content": items} if items else {})}


def read(body: Mapping[str, Any]) -> MediaRead:
    """Read both spellings."""
    items = body.get("content")
    prompts = [body["prompt"]] if isinstance(body.get("prompt"), str) else []
    slots: list[Slot] = []
    losses: list[Loss] = []
    for number, item in enumerate(items if is_array(items) else []):
        where = f"content[{number}]"
        if is_object(item) and item.get("type") == "text":
            prompts.append(str(item.get("text", "")))
        elif is_object(item) and (slot := _slot(item)):
            slots.append(slot)
        else:
            losses.append(
                Loss(field=where, value=item, why="not a text, image, video or audio item")
            )
    if len(prompts) > 1:
        losses.append(
            Loss(field="content", value=len(prompts), why="several texts became one prompt")
        )
    return MediaRead(
        prompt="\n".join(prompts),
        slots=tuple(slots),
        used=frozenset({"prompt", "content"}),
        losses=tuple(losses),
    )


def _slot(item: Mapping[str, Any]) -> Slot | None:
    kind = str(item.get("type", "")).removesuffix("_url")
    url = next(_urls(item, kind), None)
    if url is None or kind not in ("image", "video", "audio"):
        return None
    media, role = _ROLES.get(str(item.get("role")), _UNMARKED.get(kind, (None, None)))
    return Slot(media, role, url) if media and role and media.value == kind else None


def _urls(item: Mapping[str, Any], kind: str) -> Iterator[str]:
    """The address is in a member of the type's name, or in the shorthand `url`."""
    member = item.get(f"{kind}_url")
    for found in (member.get("url") if is_object(member) else member, item.get("url")):
        if isinstance(found, str):
            yield found


# Ark takes a single picture without a role as the first frame; other media must name theirs.
_UNMARKED: Final = {"image": (MediaType.IMAGE, Role.FIRST_FRAME)}
