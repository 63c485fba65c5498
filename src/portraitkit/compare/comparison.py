"""A comparison that was run, or is still running: its folder, its report, its runs as a table."""

from __future__ import annotations

import platform
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from ..client.connecting import connect
from ..values.errors import ConfigError
from . import report
from .log import VERSION, Folder
from .measuring import measure_all
from .plan import Plan
from .prices import Purse
from .replaying import replaying
from .running import OnRun, ProfileRunner, reserve_what_is_paid, schedule
from .runs import read
from .videofile import check_installed
from .votes import Preference, preferences


class Comparison:
    """What a folder holds. In a notebook it shows its summary."""

    def __init__(self, folder: Path | str) -> None:
        self.folder: Final = Folder(folder)

    def __repr__(self) -> str:
        return f"<Comparison {str(self.folder.path)!r}>"

    @property
    def plan(self) -> Plan:
        """The frozen plan."""
        return self.folder.plan()

    def report(self) -> dict[str, Any]:
        """
        What the log says, as data; the same log gives the same report.

        Raises:
            InvalidInputError: There is no log.
            ConfigError: The extra `compare` is not installed.
        """
        return report.build(self.folder.path)

    def write(self) -> Path:
        """Write `report.json`, `report.md` and `index.html`; the page's path."""
        _ = report.write(self.folder.path)
        return self.folder.path / "index.html"

    def votes(self, *paths: Path | str) -> list[Preference]:
        """
        Count votes that the page has exported, the most preferred profile first.

        Raises:
            InvalidInputError: A file holds no votes on this comparison.
        """
        return preferences(read(self.folder.path), paths)

    def to_pandas(self) -> Any:
        """
        A `pandas.DataFrame` with a row for each run: how it ended, and how long it took.

        Raises:
            ConfigError: pandas is not installed.
        """
        try:
            import pandas as pd  # type: ignore[import-untyped, unused-ignore]  # noqa: PLC0415  # pyright: ignore[reportMissingImports]  (not among the extras)
        except ImportError:
            raise ConfigError(
                "pandas is not installed", field="to_pandas", next_step="pip install pandas"
            ) from None
        table: Any = pd
        return table.DataFrame(self.rows())

    def rows(self) -> list[dict[str, Any]]:
        """Each run as plain data."""
        log = read(self.folder.path)
        return [
            {
                "run": run.id,
                "scene": run.scene,
                "profile": run.profile,
                "warm_up": run.warm_up,
                "outcome": run.outcome,
                "accepted_s": run.event("created").get("seconds"),
                "finished_s": run.event("finished").get("seconds"),
                "downloaded_s": run.event("downloaded").get("seconds"),
                "bytes": run.event("downloaded").get("bytes"),
                "error": run.error.get("class"),
                "code": run.error.get("code"),
            }
            for run in log.runs
        ]

    def _repr_html_(self) -> str:
        rows = self.rows()
        heads = "".join(f"<th>{escape(name)}</th>" for name in (rows[0] if rows else {}))
        cells = (
            "".join(f"<td>{escape(str(value))}</td>" for value in row.values()) for row in rows
        )
        body = "".join(f"<tr>{each}</tr>" for each in cells)
        return f"<table><tr>{heads}</tr>{body}</table>"


def compare(
    plan: Plan,
    folder: Path | str,
    *,
    session: int = 1,
    allow_unpriced: bool = False,
    config: Path | str | None = None,
    simulated: bool | float | None = None,
    cassettes: Path | str | None = None,
    on_run: OnRun | None = None,
) -> Comparison:
    """
    Run one session of a plan, or what is left of it.

    Args:
        plan: What is compared; `read_plan` reads one.
        folder: Where it is kept; what is there already is not made again.
        session: Which sitting: runs of several are compared by the hour of day.
        allow_unpriced: Send what has no price, although there is a budget.
        config: The configuration file.
        simulated: Simulated vendors in this process, in place of the real ones.
        cassettes: A folder with `<profile>.portrait.yaml` for each profile, which answers in place
            of its vendor. Nothing is sent, and no key is read.
        on_run: Called with each run and what it has come to, from several threads.

    Raises:
        ConfigError: A profile cannot be used, the folder holds another comparison, or the extra
            `compare` is not installed. Nothing was sent.
        InvalidInputError: The folder cannot be written.
    """
    check_installed()
    kept = Folder(folder)
    kept.open(plan)
    replay = partial(replaying, cassettes) if cassettes else nullcontext
    stand_ins: list[str] = []
    for profile in plan.profiles:  # what cannot be used is told before anything is paid
        with replay(profile), connect(profile, config=config, simulated=simulated) as client:
            stand_ins += [profile] if client.provider.simulation else []
    known = list(kept.events())
    if not known:
        facts = {"environment": _environment(), "simulated": bool(stand_ins)}
        facts["replayed"] = cassettes is not None
        kept.note("opened", version=VERSION, plan=plan.to_dict(), **facts)
    if session not in [each["session"] for each in known if each["event"] == "session"]:
        kept.note("session", session=session)
    purse = Purse(plan.budget, allow_unpriced=allow_unpriced)
    reserve_what_is_paid(purse, known)
    stop, runs = threading.Event(), list(schedule(plan, session))

    def of_profile(profile: str) -> None:
        runner = ProfileRunner(
            profile, plan, kept, purse, stop, config, simulated, on_run, alone=bool(cassettes)
        )
        with replay(profile):
            for run in (each for each in runs if each.profile == profile):
                if not stop.is_set():
                    runner.go(run, [each for each in known if each.get("run") == run.id])

    # Cassettes stand in for one vendor at a time.
    threads = 1 if cassettes else len(plan.profiles)
    with ThreadPoolExecutor(threads, thread_name_prefix="compare") as pool:
        try:
            for done in [pool.submit(of_profile, profile) for profile in plan.profiles]:
                done.result()
        finally:
            stop.set()  # after an interrupt, the others stop at their next look
    measure_all(kept, plan)
    return Comparison(folder)


def _environment() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "portraitkit": version("portraitkit"),
        "platform": platform.system(),
    }
