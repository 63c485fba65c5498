"""
A comparison's folder and its log: one JSON object a line, only ever added to.

Each has `at`, `event` and the members that docs/comparing.md lists. Readers pass over events and
members that they do not know, and a last line that was cut by a kill.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from attrs import evolve

from ..values.errors import ConfigError, InvalidInputError
from ..wire.codec import is_object
from .plan import Plan

VERSION: Final = 1
_PAID: Final = frozenset({"asked", "created"})
"""Events that have to be on the disk before anything goes on."""


class Folder:
    """Where a comparison is kept."""

    def __init__(self, path: Path | str) -> None:
        self.path: Final = Path(path)
        self.videos: Final = self.path / "videos"
        self.jobs: Final = self.path / "jobs"
        self._lock = threading.Lock()
        self._events: Final = self.path / "events.jsonl"

    def open(self, plan: Plan) -> None:
        """
        Begin a comparison, or go on with the same one. The budget may be another: it is no part
        of what is compared.

        Raises:
            ConfigError: Another comparison is in that folder.
            InvalidInputError: It cannot be written.
        """
        frozen = self.path / "plan.json"
        if frozen.exists():
            if evolve(self.plan(), budget=None) != evolve(plan, budget=None):
                raise ConfigError(
                    f"{str(self.path)!r} holds a comparison by another plan",
                    field="folder",
                    next_step="name another folder, or put the plan back as it was",
                )
            self._cut()
            return
        text = json.dumps(plan.to_dict(), indent=1, ensure_ascii=False, sort_keys=True)
        try:
            for folder in (self.path, self.videos, self.jobs):
                folder.mkdir(parents=True, exist_ok=True)
            _ = frozen.write_text(text, encoding="utf-8")
        except OSError as error:
            raise _not_written(self.path, error) from None

    def plan(self) -> Plan:
        """
        The frozen plan.

        Raises:
            ConfigError: There is none.
        """
        try:
            return Plan.from_dict(json.loads((self.path / "plan.json").read_text(encoding="utf-8")))
        except (OSError, ValueError):
            raise ConfigError(
                f"{str(self.path)!r} holds no comparison",
                field="folder",
                next_step="name the folder that `portraitkit compare run` wrote",
            ) from None

    def note(self, event: str, **members: Any) -> None:
        """
        Add an event; one that money depends on is on the disk when this returns.

        Raises:
            InvalidInputError: The log cannot be written, as on a full disk.
        """
        line = json.dumps(
            {"at": datetime.now(UTC).isoformat(), "event": event, **members},
            ensure_ascii=False,
            default=str,
        )
        try:
            with self._lock, self._events.open("a", encoding="utf-8") as file:
                _ = file.write(f"{line}\n")
                file.flush()
                if event in _PAID:
                    os.fsync(file.fileno())
        except OSError as error:
            raise _not_written(self._events, error) from None

    def events(self) -> Iterator[dict[str, Any]]:
        """Every event that was written whole, oldest first."""
        content = self._events.read_bytes() if self._events.exists() else b""
        yield from (event for line in content.splitlines() if (event := read_line(line)))

    def _cut(self) -> None:
        """Take away a last line that a kill has cut, so that the next one stands by itself."""
        if not self._events.exists():
            return
        content = self._events.read_bytes()
        if content and not content.endswith(b"\n"):
            _ = self._events.write_bytes(content[: content.rfind(b"\n") + 1])


def read_line(line: bytes) -> dict[str, Any] | None:
    """Read a line of a log; None where it is no event, such as one that a kill cut."""
    try:
        found = json.loads(line, parse_constant=_refuse)
    except ValueError:
        return None
    return dict(found) if is_object(found) and isinstance(found.get("event"), str) else None


def _not_written(path: Path, error: OSError) -> InvalidInputError:
    return InvalidInputError(
        f"{str(path)!r} cannot be written: {error.strerror}",
        field="folder",
        next_step="make room for it, and run the same command again: nothing is paid twice",
    )


def _refuse(constant: str) -> None:
    raise ValueError(constant)  # NaN and Infinity are no JSON, and no browser reads them
