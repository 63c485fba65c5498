"""Looks at what a session's runs have delivered, and writes down what it saw."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from ..values.errors import ConfigError, PortraitError
from . import delivered, likeness
from .delivered import Delivered
from .log import Folder
from .plan import Plan, Scene
from .videofile import MeasureError

_LINES: Final = re.compile(r"(\d+)p")
_RATIO: Final = re.compile(r"(\d+):(\d+)")
_OTHER_SIZE: Final = 0.1
"""480p is delivered as 864x496 at Volcengine, documented."""
_OTHER_SHAPE: Final = 0.04
_SPARE_S: Final = 0.5
_ABOUT: Final = ("run", "session", "scene", "profile", "number", "warm_up")

Seen = tuple[str, dict[str, Any]]
"""An event of the log, and its members."""


def measure_all(folder: Folder, plan: Plan) -> None:
    """Measure every video that was not measured before; a broken one fails its run alone."""
    events = list(folder.events())
    asked = {each["run"]: each for each in events if each["event"] == "asked"}
    over = {each["run"] for each in events if each["event"] in ("measured", "failed")}
    looks: dict[tuple[str, str], list[Seen]] = {}  # equal files look alike: once is enough
    for each in events:
        about = asked.get(each.get("run", ""), {})
        if each["event"] != "downloaded" or each["run"] in over or not about:
            continue
        over.add(each["run"])
        scene, path = plan.scenes[about["scene"]], folder.path / each["file"]
        content = path.read_bytes() if path.is_file() else b""
        key = (hashlib.sha256(content).hexdigest(), about["scene"])
        try:
            looks[key] = looks.get(key) or list(_look(scene, path))
        except MeasureError as error:
            kept = {name: about.get(name) for name in _ABOUT}
            folder.note("failed", **kept, stage="measure", refused=False, error=told_of(error))
            continue
        for event, members in looks[key]:
            folder.note(event, run=each["run"], **members)


def _look(scene: Scene, path: Path) -> Iterator[Seen]:
    """What is to be noted of a video."""
    found = delivered.measure(path, first_frame=scene.first_frame or None)
    problems = [*not_as_asked(scene, found), *found.problems]
    yield "measured", {"delivered": found.to_dict(), "problems": problems}
    for label, picture in scene.portraits.items():
        # Without the extra, or without a face in the picture, there is no number.
        with suppress(ConfigError, MeasureError):
            yield "likeness", {"portrait": label, **likeness.score(path, picture).to_dict()}


def not_as_asked(scene: Scene, found: Delivered) -> Iterator[str]:
    """What differs between a video's file and what its scene asked for."""
    asked = scene.parameters
    shown = f"{found.width}x{found.height}"
    lines = _LINES.fullmatch(str(asked.get("resolution")))
    if lines and abs(min(found.width, found.height) / int(lines[1]) - 1) > _OTHER_SIZE:
        yield f"asked for {lines[0]}, and delivered {shown}"
    if sides := _RATIO.fullmatch(str(asked.get("ratio"))):
        wanted = int(sides[1]) / int(sides[2])
        if abs(found.width / found.height / wanted - 1) > _OTHER_SHAPE:
            yield f"asked for {sides[0]}, and delivered {shown}"
    seconds = asked.get("duration_s") or -1
    if seconds > 0 and abs(found.duration_s - seconds) > max(_SPARE_S, seconds / 10):
        yield f"asked for {seconds} s, and delivered {found.duration_s:.1f} s"
    sound = asked.get("generate_audio")
    if sound is not None and sound is not found.audio:
        yield (
            "asked for sound, and delivered none"
            if sound
            else "asked for no sound, and delivered some"
        )


def told_of(error: PortraitError) -> dict[str, Any]:
    """What a log keeps of an error."""
    return {
        "class": type(error).__name__,
        "code": error.code,
        "status": error.status,
        "message": error.message,
        "next_step": error.next_step,
        "vendor_message": error.vendor_message,
    }
