"""What a comparison's log tells: its plan, its registrations, and each run from its asking on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final, Literal, cast

from attrs import Factory, define, frozen

from ..values.errors import InvalidInputError
from .log import read_line

Outcome = Literal["delivered", "refused", "timed_out", "failed", "unfinished"]
Facts = dict[str, Any]

_BEYOND_NUMBERS: Final = 1e300
_FIRST: Final = {"asked", "created"}  # told again by a comparison that goes on
_ENDS: Final = ("failed", "measured", "finished")


@define
class Run:
    """One video of one scene at one profile: its events, by name."""

    id: str
    events: dict[str, Facts] = Factory(dict[str, Facts])
    statuses: list[Facts] = Factory(list[Facts])
    end: str = ""

    @property
    def asked(self) -> Facts:
        """What was sent, or, where nothing was, what the failure says of it."""
        return self.events.get("asked") or self.events.get("failed") or {}

    @property
    def scene(self) -> str:
        """Of which scene it is."""
        return text(self.asked.get("scene"))

    @property
    def profile(self) -> str:
        """At which profile it was."""
        return text(self.asked.get("profile"))

    @property
    def warm_up(self) -> bool:
        """Whether it was the profile's first run, which is shown apart."""
        return self.asked.get("warm_up") is True

    @property
    def outcome(self) -> Outcome:
        """How it ended. What failed and was taken up again counts by its last end."""
        if self.end == "failed":
            error = self.error
            if self.event("failed").get("refused") is True:
                return "refused"
            return "timed_out" if text(error.get("class")).endswith("TimeoutError") else "failed"
        if self.end == "finished" and self.event("finished").get("status") != "succeeded":
            return "failed"
        return "delivered" if self.end == "measured" else "unfinished"

    @property
    def error(self) -> Facts:
        """Why it failed."""
        return facts(self.event("failed").get("error"))

    @property
    def delivered(self) -> Facts:
        """What its file holds."""
        return facts(self.event("measured").get("delivered"))

    @property
    def was_created(self) -> bool:
        """Whether the vendor took it, or may have."""
        return "created" in self.events or self.error.get("class") == "OutcomeUnknownError"

    @property
    def file(self) -> str | None:
        """Its video, relative to the comparison's folder."""
        path = PurePosixPath(text(self.event("downloaded").get("file")))
        return str(path) if path.parts[:-1] == ("videos",) and path.name != ".." else None

    def event(self, name: str) -> Facts:
        """One of its events; empty where it did not happen."""
        return self.events.get(name, {})

    def reached(self, status: str) -> float | None:
        """After how many seconds it was first seen in this status."""
        seen = [each for each in self.statuses if each.get("status") == status]
        return number(seen[0].get("seconds")) if seen else None


@frozen
class Measure:
    """
    What is measured of each run.

    Attributes:
        better: Which end of the scale a buyer wants; None where it depends.
    """

    name: str
    unit: str
    better: Literal["low", "high"] | None
    of: Callable[[Run], float | None]


def _member(event: str, name: str) -> Callable[[Run], float | None]:
    return lambda run: number(run.event(event).get(name))


def _delivered(name: str) -> Callable[[Run], float | None]:
    return lambda run: number(run.delivered.get(name))


def _between(first: Callable[[Run], float | None], last: Callable[[Run], float | None]) -> Any:
    def seconds(run: Run) -> float | None:
        start, end = first(run), last(run)
        return None if start is None or end is None else round(end - start, 6)

    return seconds


_ACCEPTED: Final = _member("created", "seconds")
_FINISHED: Final = _member("finished", "seconds")


def _running(run: Run) -> float | None:
    return run.reached("running")


MEASURES: Final = (
    Measure("downloaded", "s", "low", _member("downloaded", "seconds")),
    Measure("finished", "s", "low", _FINISHED),
    Measure("accepted", "s", "low", _ACCEPTED),
    Measure("queued", "s", "low", _between(_ACCEPTED, _running)),
    Measure("generating", "s", "low", _between(_running, _FINISHED)),
    Measure("requests", "", "low", _member("requests", "requests")),
    Measure("received", "B", "low", _member("requests", "bytes")),
    Measure("likeness_median", "", "low", _member("likeness", "median")),
    Measure("likeness_worst", "", "low", _member("likeness", "worst")),
    Measure("faceless_share", "%", "low", _member("likeness", "faceless_share")),
    Measure("first_frame_ssim", "", "high", _delivered("first_frame_ssim")),
    Measure("black_share", "%", "low", _delivered("black_share")),
    Measure("frozen_share", "%", "low", _delivered("frozen_share")),
    Measure("duration_s", "s", None, _delivered("duration_s")),
    Measure("width", "px", None, _delivered("width")),
    Measure("height", "px", None, _delivered("height")),
    Measure("frame_rate", "1/s", None, _delivered("frame_rate")),
    Measure("bit_rate", "bit/s", None, _delivered("bit_rate")),
    Measure("loudness_db", "dB", None, _delivered("loudness_db")),
    Measure("file_size", "B", None, _member("downloaded", "bytes")),
)
"""All but registrations. Times are seconds since the run was asked for; shares are 0 to 1."""


@define
class Log:
    """
    A comparison's log, read.

    Attributes:
        opened: The first event: plan, environment, and whether vendors were simulated.
        sessions: The sessions that were begun.
        unread_lines: Lines that are no event, such as one that a kill cut.
    """

    opened: Facts
    sessions: list[int] = Factory(list[int])
    registered: list[Facts] = Factory(list[Facts])
    runs: list[Run] = Factory(list[Run])
    unread_lines: int = 0
    last_at: str = ""

    @property
    def plan(self) -> Facts:
        """The plan as it was frozen."""
        return facts(self.opened.get("plan"))


def read(folder: str | Path) -> Log:
    """
    Read a comparison's `events.jsonl`. Events and members that are not known are passed over.

    Raises:
        InvalidInputError: There is no log, or it does not begin with a plan.
    """
    path = Path(folder) / "events.jsonl"
    try:
        lines = path.read_bytes().splitlines()
    except OSError as missing:
        raise InvalidInputError(f"there is no comparison in {folder}: {missing}") from missing
    events = [read_line(line) for line in lines if line.strip()]
    known = [each for each in events if each is not None]
    opened = next((each for each in known if each["event"] == "opened"), None)
    if opened is None:
        raise InvalidInputError(f"{path} does not tell of a plan: no `opened` event is in it")
    log = Log(opened, unread_lines=len(events) - len(known))
    log.last_at = max((text(each.get("at")) for each in known), default="")
    _fold(log, known)
    return log


def _fold(log: Log, events: Iterable[Facts]) -> None:
    runs: dict[str, Run] = {}
    for event in events:
        name, run = event["event"], event.get("run")
        if name == "session" and isinstance(event.get("session"), int):
            log.sessions.append(event["session"])
        elif name == "registered":
            log.registered.append(event)
        elif isinstance(run, str):
            _tell(runs.setdefault(run, Run(run)), event)
    log.runs = [run for run in runs.values() if run.asked]


def _tell(run: Run, event: Facts) -> None:
    name: str = event["event"]
    if name == "status":
        run.statuses.append(event)
    elif name == "requests" and name in run.events:  # of a comparison that went on
        before = run.events[name]
        run.events[name] = {
            each: (number(before.get(each)) or 0) + (number(event.get(each)) or 0)
            for each in ("requests", "bytes")
        }
    elif name not in _FIRST or name not in run.events:
        run.events[name] = event
    if name in _ENDS and not (name == "failed" and run.end == "measured"):
        run.end = name  # what goes wrong after measuring, such as likeness, leaves a video


def hour_of(run: Run) -> int | None:
    """In which hour of the day it was asked for, in UTC."""
    try:
        return datetime.fromisoformat(text(run.asked.get("at"))).hour
    except ValueError:
        return None


def number(value: object) -> float | None:
    """Read a number of the log; None where there is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) < _BEYOND_NUMBERS else None


def facts(value: object) -> Facts:
    """Read an object of the log; empty where there is none."""
    return cast("Facts", value) if isinstance(value, Mapping) else {}


def objects(value: object) -> list[Facts]:
    """Read a list of objects; what else is in it is passed over."""
    return [found for each in items(value) if (found := facts(each))]


def items(value: object) -> list[object]:
    """Read a list of the log; empty where there is none."""
    return cast("list[object]", value) if isinstance(value, list) else []


def text(value: object) -> str:
    """Read a text of the log; empty where there is none."""
    return value if isinstance(value, str) else ""
