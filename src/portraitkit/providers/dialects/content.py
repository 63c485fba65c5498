"""
The `content[]` dialect: media as typed items with roles, as Ark and its resellers take them.

Source: docs/vendors/volcengine.md (item types and roles), docs/vendors/alltoken.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ...values.prompts import Role, Slot
from ...values.statuses import MediaType
from ...vendor.dialect import Loss, MediaRead, Member, items_of, prompt_of, take_address, unread
from ...wire.codec import is_object
from .tables import alike


def _searches(tools: Any) -> bool:
    if tools not in ([], [{"type": "web_search"}]):
        raise ValueError("other tools than the one that is known")
    return bool(tools)


WEB_SEARCH: Final = Member(
    "tools", lambda wanted: [{"type": "web_search"}] if wanted else None, _searches
)
FIELDS: Final[Mapping[str, str | Member]] = {
    "duration_s": "duration",
    **alike("ratio resolution generate_audio seed watermark return_last_frame callback_url"),
    "end_user": "safety_identifier",
    "expires_after_s": "execution_expires_after",
    "web_search": WEB_SEARCH,
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
    slots: list[Slot] = []
    losses: list[Loss] = []
    prompt = prompt_of(body, losses)
    prompts = [prompt] if isinstance(body.get("prompt"), str) else []
    for where, item in items_of(body, "content", losses):
        found, rest = _item(item) if is_object(item) else (None, {})
        if found is None:
            why = "not a text, image, video or audio item"
            losses.append(Loss(field=where, value=item, why=why))
            continue
        losses.extend(unread(where, rest))
        if isinstance(found, str):
            prompts.append(found)
        else:
            slots.append(found)
    if len(prompts) > 1:
        why = "several texts became one prompt"
        losses.append(Loss(field="content", value=len(prompts), why=why))
    return MediaRead(
        prompt="\n".join(prompts),
        slots=tuple(slots),
        used=frozenset({"prompt", "content"}),
        losses=tuple(losses),
    )


def _item(item: Mapping[str, Any]) -> tuple[str | Slot | None, dict[str, Any]]:
    """Read one item as a text or a medium, and what else it says."""
    if item.get("type") == "text":
        text = item.get("text")
        rest = {key: value for key, value in item.items() if key not in ("type", "text")}
        return text if isinstance(text, str) else None, rest
    kind = str(item.get("type", "")).removesuffix("_url")
    url, rest = take_address(item, kind)
    role = item.get("role")
    media, meaning = _UNMARKED.get(kind, (None, None)) if role is None else _role(role)
    if not (url and media and meaning and media.value == kind):
        return None, {}
    marks = {"frame_type": item["frame_type"]} if "frame_type" in item else {}
    return Slot(media, meaning, url), {**rest, **marks}


def _role(word: object) -> tuple[MediaType | None, Role | None]:
    return _ROLES.get(word, (None, None)) if isinstance(word, str) else (None, None)


# Ark takes a single picture without a role as the first frame; other media must name theirs.
_UNMARKED: Final = {"image": (MediaType.IMAGE, Role.FIRST_FRAME)}
