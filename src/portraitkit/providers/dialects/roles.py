"""
The `image_with_roles` dialect: pictures with roles, videos and audios as bare lists of addresses.

Source: docs/vendors/xcompute.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ...values.prompts import Role, Slot
from ...values.statuses import MediaType
from ...vendor.dialect import Loss, MediaRead, Member, items_of, prompt_of, unread
from ...wire.codec import is_object
from .content import WEB_SEARCH
from .tables import alike

# Source: generation page; the ratio is called `size` for the 2.0 models, and only for them.
FIELDS: Final[Mapping[str, str | Member]] = {
    "duration_s": "duration",
    "ratio": "size",
    **alike("resolution generate_audio seed return_last_frame"),
    "web_search": WEB_SEARCH,
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
    for where, item in items_of(body, "image_with_roles", losses):
        members: Mapping[str, Any] = item if is_object(item) else {}
        url, role = members.get("url"), members.get("role")
        if isinstance(url, str) and isinstance(role, str) and role in _ROLES:
            slots.append(Slot(MediaType.IMAGE, _ROLES[role], url))
            rest = {key: value for key, value in members.items() if key not in ("url", "role")}
            losses.extend(unread(where, rest))
        else:
            losses.append(Loss(field=where, value=item, why="no address with a known role"))
    for key, media in _LISTS.items():
        for where, url in items_of(body, key, losses):
            if isinstance(url, str):
                slots.append(Slot(media, Role.REFERENCE, url))
            else:
                losses.append(Loss(field=where, value=url, why="not an address"))
    return MediaRead(
        prompt=prompt_of(body, losses),
        slots=tuple(slots),
        used=frozenset({"prompt", "image_with_roles", *_LISTS}),
        losses=tuple(losses),
    )
