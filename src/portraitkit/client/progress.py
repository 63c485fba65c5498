"""Waiting, shown: a live line for each thing on a terminal, a line for each change elsewhere."""

from __future__ import annotations

import sys
import threading
from typing import Any, Final, TextIO

from ..values.models import Event

_LONGEST_NAME: Final = 32


def progress(file: TextIO | None = None) -> Progress:
    """
    Show how waits go: `client.wait_for_video(task, on_event=pk.progress())`.

    One may be given to several waits, also in several threads. With `rich` (the extra `cli`) and a
    terminal it draws a line for each thing; elsewhere it writes one whenever a status changes.

    Args:
        file: Where it is written; stderr if not given.
    """
    return Progress(file or sys.stderr)


class Progress:
    """An `on_event` that shows each look; see `progress`."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._seen: dict[str, str] = {}
        self._bars = _bars(self._file)
        self._tasks: dict[str, Any] = {}

    def __call__(self, event: Event) -> None:
        """Show one look."""
        with self._lock:
            if self._bars is not None:
                self._draw(event)
            elif self._seen.get(event.handle) != event.status.value:
                self._seen[event.handle] = event.status.value
                _ = self._file.write(f"{event}  {_short(event)}\n")
                self._file.flush()

    def _draw(self, event: Event) -> None:
        text = f"{event.subject} {_short(event)}: {event.status.value}"
        if not self._tasks:
            self._bars.start()
        if event.handle not in self._tasks:
            self._tasks[event.handle] = self._bars.add_task(text, total=None)
        task = self._tasks[event.handle]
        # The wait began before its first look, and may have another clock than the terminal.
        shown = self._bars.tasks[task]
        shown.start_time = shown.get_time() - event.elapsed_s
        self._bars.update(task, description=text)
        if event.next_look_s is None:
            self._bars.update(task, total=1, completed=1)
        if all(each.finished for each in self._bars.tasks):
            self._bars.stop()
            self._tasks.clear()


def _short(event: Event) -> str:
    """The part of a handle that tells two things of one account apart."""
    *_, ref, _checksum = ["", "", *event.handle.split(":")]
    return ref if len(ref) <= _LONGEST_NAME else f"…{ref[-_LONGEST_NAME:]}"


def _bars(file: TextIO) -> Any:
    """Live lines, where the file is a terminal and rich is installed; else None."""
    if not file.isatty():
        return None
    try:
        from rich.console import Console  # noqa: PLC0415  (an extra)
        from rich.progress import Progress as Bars  # noqa: PLC0415  (as above)
        from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415  (as above)
    except ImportError:
        return None
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    return Bars(*columns, console=Console(file=file))
