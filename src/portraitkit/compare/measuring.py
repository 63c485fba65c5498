"""Looks at what a session's runs have delivered, and writes down what it saw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..values.errors import ConfigError, PortraitError
from . import delivered, likeness
from .log import Folder
from .plan import Plan, Scene
from .videofile import MeasureError


def measure_all(folder: Folder, plan: Plan) -> None:
    """Measure every video that was not measured before; a broken one fails its run alone."""
    events = list(folder.events())
    asked = {each["run"]: each for each in events if each["event"] == "asked"}
    over = {each["run"] for each in events if each["event"] in ("measured", "failed")}
    for each in events:
        if each["event"] == "downloaded" and each["run"] not in over:
            over.add(each["run"])
            about = asked.get(each["run"], {})
            scene = plan.scenes[about["scene"]] if about.get("scene") in plan.scenes else None
            if scene is not None:
                _measure(folder, about, scene, folder.path / each["file"])


def _measure(folder: Folder, about: dict[str, Any], scene: Scene, path: Path) -> None:
    run = about["run"]
    try:
        found = delivered.measure(path, first_frame=scene.first_frame or None)
    except ConfigError as error:
        told = f"not looked at: {error.next_step}"
        folder.note("measured", run=run, delivered={}, problems=[told])
        return
    except MeasureError as error:
        members = ("run", "session", "scene", "profile", "number", "warm_up")
        kept = {name: about.get(name) for name in members}
        folder.note(
            "failed", **kept, stage="measure", seconds=None, refused=False, error=told_of(error)
        )
        return
    folder.note("measured", run=run, delivered=found.to_dict(), problems=list(found.problems))
    for label, picture in scene.portraits.items():
        try:
            seen = likeness.score(path, picture)
        except (ConfigError, MeasureError):
            continue  # without the extra, or without a face in the picture, there is no number
        folder.note("likeness", run=run, portrait=label, **seen.to_dict())


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
