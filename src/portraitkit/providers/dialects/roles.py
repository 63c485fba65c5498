"""
The `image_with_roles` dialect: pictures with roles, videos and audios as bare lists of addresses.

Source: docs/vendors/xcompute.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ...values.prompts import Role, Slot
from ...values.statuses import MediaType
from ...vendor.dialect import Loss, MediaRead, unread
from ...wire.codec import is_object

# Source: generation page; the ratio is called `size` for the 2.0 models, and only for them.
FIELDS: Final = {
    "duration_s": "duration",
    "ratio": "size",
    "resolution": "resolution",
    "generate_audio": "generate_audio",
    "seed": "seed",
    "return_last_frame": "return_last_frame",
}

_ROLES: Final[Mapping[str, Role]] = {
    "reference_image": Role.REFERENCE,
    "first_frame": Role.FIRST_FRAME,
    "last_frame": Role.LAST_FRAME,
}
_WORDS: Final = {role: word for word, role in _ROLES.items()}
_LISTS: Final = {
    "image_urls": MediaType.IMAGE,
    "video_urls": MediaType.VIDEO,
    "audio_urls": MediaType.AUDIO,
}


def write(prompt: str, slots: tuple[Slot, ...]) -> dict[str, Any]:
    """Spell prompt and media. Pictures always carry a role, as `asset://` is documented so."""
    body: dict[str, Any] = {"prompt": prompt}
    for slot in slots:
        if slot.media is MediaType.IMAGE:
            item = {"url": slot.url, "role": _WORDS[slot.role]}
            body.setdefault("image_with_roles", []).append(item)
        else:
            body.setdefault(f"{slot.media.value}_urls", []).append(slot.url)
    return body


def read(body: Mapping[str, Any]) -> MediaRead:
    """Read prompt and media; pictures without roles are references."""
    slots: list[Slot] = []
    losses: list[Loss] = []
    for number, item in enumerate(_items(body, "image_with_roles", losses)):
        where = f"image_with_roles[{number}]"
        members: Mapping[str, Any] = item if is_object(item) else {}
        url, role = members.get("url"), members.get("role")
        if isinstance(url, str) and isinstance(role, str) and role in _ROLES:
            slots.append(Slot(MediaType.IMAGE, _ROLES[role], url))
            rest = {key: value for key, value in members.items() if key not in ("url", "role")}
            losses.extend(unread(where, rest))
        else:
            losses.append(Loss(field=where, value=item, why="no address with a known role"))
    for key, media in _LISTS.items():
        for number, url in enumerate(_items(body, key, losses)):
            if isinstance(url, str):
                slots.append(Slot(media, Role.REFERENCE, url))
            else:
                losses.append(Loss(field=f"{key}[{number}]", value=url, why="not an address"))
    prompt = body.get("prompt")
    if not isinstance(prompt, str | None):
        losses.append(Loss(field="prompt", value=prompt, why="not a text"))
    return MediaRead(
        prompt=prompt if isinstance(prompt, str) else "",
        slots=tuple(slots),
        used=frozenset({"prompt", "image_with_roles", *_LISTS}),
        losses=tuple(losses),
    )


def _items(body: Mapping[str, Any], key: str, losses: list[Loss]) -> list[Any]:
    found: Any = body.get(key)
    if found is None or isinstance(found, list):
        return [*(found or ())]
    losses.append(Loss(field=key, value=found, why="not a list"))
    return []
