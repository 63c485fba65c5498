"""
What every seller of Seedance checks in a video's content, and what a finished video measures.

Documented: the kinds of items and their roles, the three modes and that they exclude one another,
the most references, pixel sizes, and the formula of the tokens. Assumed: which of several faults is
named first, and that an asset under review is refused with the words for one that does not exist.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, TypeAlias

from attrs import frozen

from ..state import SimAsset, World
from .reading import Refusal, need, object_of

Mode: TypeAlias = Literal["text", "first_frame", "first_last_frame", "reference", "draft_task"]

RATIOS: Final = ("16:9", "4:3", "1:1", "3:4", "9:16", "21:9", "adaptive")
RESOLUTIONS: Final = ("480p", "720p", "1080p", "4k")
SIZES: Final = {
    "480p": ((864, 496), (752, 560), (640, 640), (560, 752), (496, 864), (992, 432)),
    "720p": ((1280, 720), (1112, 834), (960, 960), (834, 1112), (720, 1280), (1470, 630)),
    "1080p": ((1920, 1080), (1664, 1248), (1440, 1440), (1248, 1664), (1080, 1920), (2206, 946)),
    "4k": ((3840, 2160), (3326, 2494), (2880, 2880), (2494, 3326), (2160, 3840), (4398, 1886)),
}
FPS: Final = 24

_KINDS: Final = {"image_url": "Image", "video_url": "Video", "audio_url": "Audio"}
_FRAME_ROLES: Final = frozenset({"first_frame", "last_frame"})
_REFERENCE_ROLES: Final = {
    "image_url": "reference_image",
    "video_url": "reference_video",
    "audio_url": "reference_audio",
}


class AssetRefusal(Refusal):
    """A content that names an asset which cannot be used."""


@frozen(kw_only=True)
class Family:
    """What one model takes."""

    resolutions: tuple[str, ...] = ("480p", "720p")
    durations_s: tuple[int, int] = (4, 15)
    takes_assets: bool = True
    references: tuple[int, int, int] = (9, 3, 3)
    """Most pictures, videos and audios."""
    audio_alone: bool = False
    second_generation: bool = True
    """Takes no `frames`, `flex` tier or `draft`."""


@frozen
class Item:
    """One picture, video or audio of a content."""

    place: int
    kind: str
    url: str
    role: str

    @property
    def param(self) -> str:
        """The path of its address in the body."""
        return f"content[{self.place}].{self.kind}.url"


def check_content(
    content: Sequence[Any], family: Family, find_asset: Callable[[str], SimAsset | None]
) -> Mode:
    """
    Check a content and tell its mode.

    Args:
        content: The items as sent.
        family: What the model takes.
        find_asset: Finds an asset that this customer may use now.

    Raises:
        Refusal: No seller takes it; in the upstream's words.
    """
    items = [item for place, raw in enumerate(content) if (item := _item(place, raw))]
    for item in items:
        _check_address(item, family, find_asset)
    if any(raw.get("type") == "draft_task" for raw in content):
        return "draft_task"
    if not items:
        return "text"
    roles = Counter(item.role for item in items)
    if any(role in _REFERENCE_ROLES.values() for role in roles):
        _check_references(items, family)
        return "reference"
    if any(item.kind != "image_url" for item in items):
        raise _refused(items[0].param, "this item needs a reference role")
    if roles in (Counter({"": 1}), Counter({"first_frame": 1})):
        return "first_frame"
    if roles == Counter({"first_frame": 1, "last_frame": 1}):
        return "first_last_frame"
    raise _refused("content", "the roles of the pictures fit no mode")


def _item(place: int, sent: Any) -> Item | None:
    raw = need(object_of(sent), _refused(f"content[{place}]", "is not an object"))
    kind = str(raw.get("type"))
    role = str(raw.get("role") or "")
    if kind == "text":
        if not isinstance(raw.get("text"), str) or not raw["text"]:
            raise _refused(f"content[{place}].text", "is missing")
        return None
    if kind == "draft_task":
        return None
    if kind not in _KINDS:
        raise _refused(f"content[{place}].type", "is not known")
    url = (object_of(raw.get(kind)) or {}).get("url")
    if not isinstance(url, str) or not url:
        raise _refused(f"content[{place}].{kind}.url", "is missing")
    allowed = {"", _REFERENCE_ROLES[kind], *(_FRAME_ROLES if kind == "image_url" else ())}
    if role not in allowed:
        raise _refused(f"content[{place}].role", "does not fit this type")
    return Item(place, kind, url, role)


def _check_address(
    item: Item, family: Family, find_asset: Callable[[str], SimAsset | None]
) -> None:
    scheme, _, rest = item.url.partition(":")
    if scheme == "asset":
        named = rest.removeprefix("//")
        asset = find_asset(named)
        if not family.takes_assets or asset is None or asset.media != _KINDS[item.kind]:
            raise _refused(item.param, f"The specified asset {named} is not found.", AssetRefusal)
    elif scheme == "data":
        if item.kind == "video_url":
            raise _refused(item.param, "a video cannot be sent inline")
    elif scheme not in {"http", "https"}:
        raise _refused(item.param, "is not an address that can be read")


def _check_references(items: Sequence[Item], family: Family) -> None:
    for item in items:
        if item.role != _REFERENCE_ROLES[item.kind]:
            raise _refused(f"content[{item.place}].role", "frames and references cannot be mixed")
    counts = Counter(item.kind for item in items)
    for kind, most in zip(_KINDS, family.references, strict=True):
        if counts[kind] > most:
            raise _refused("content", f"more than {most} {kind} items")
    if set(counts) == {"audio_url"} and not family.audio_alone:
        raise _refused("content", "audio needs a picture or a video beside it")


def _refused(param: str, message: str, cls: type[Refusal] = Refusal) -> Refusal:
    return cls(400, "InvalidParameter", message, param)


def usable_asset(
    world: World, id: str, *, account: str | None, project: str | None
) -> SimAsset | None:
    """Find an active asset of the account and project; None stands for any."""
    asset = world.assets.get(id)
    if asset is None or account not in (None, asset.account):
        return None
    if project not in (None, asset.project_name):
        return None
    return asset if asset.status(world.now()) == "Active" else None


def tokens(resolution: str, ratio: str, duration_s: int) -> int:
    """Count the tokens of a finished video: width x height x frames / 1024."""
    shape = RATIOS.index(ratio) if ratio in RATIOS[:-1] else 0
    width, height = SIZES[resolution][shape]
    return width * height * (duration_s * FPS + 1) // 1024
