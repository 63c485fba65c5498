"""
A warm process that forks one child for each run, and tells how it ended.

Reads a run as one line of JSON from stdin, and answers with one line. A child kills itself, as
SIGKILL does it, before its boundary number `kill_at`; 0 lets it run to its end. A run that is not
to be forked is played here, so that what it loads is there for all that come after.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

import httpx
import survive_a_crash

import portraitkit as pk
from portraitkit.engine import response_body as sink
from portraitkit.engine import transport
from portraitkit.journal import file as journalfile
from portraitkit.values.handles import Handle

_boundaries = 0
_kill_at = 0


def boundary() -> None:
    """Where a run may be killed."""
    global _boundaries  # noqa: PLW0603  (one run in one process)
    _boundaries += 1
    if _boundaries == _kill_at:
        os.kill(os.getpid(), signal.SIGKILL)


def before(cls: Any, name: str) -> None:
    """Put a boundary before a method. After it comes the next one's, with nothing in between."""
    method = getattr(cls, name)

    def call(*args: Any, **named: Any) -> Any:
        boundary()
        return method(*args, **named)

    setattr(cls, name, call)


def console(run: dict[str, Any]) -> Any:
    """What a person sees in the vendor's console."""

    def ask(job: pk.Job) -> list[str]:
        if job.operation == "start_verification":
            return []  # nobody has its link: another is opened
        kind = {"create_video": "videos", "add_asset": "assets", "create_group": "groups"}
        shown = httpx.get(f"{run['url']}/console/{kind[job.operation]}", timeout=5).json()
        if job.operation != "add_asset" or job.provider != "xcompute":
            return list(shown)
        reviews = httpx.get(f"{run['url']}/console/reviews", timeout=5).json()
        account = job.record.account
        return [str(Handle("xcompute", account, "asset", f"{each}#0")) for each in reviews]

    return ask


def play(run: dict[str, Any]) -> None:
    """Be the user's program, until it ends or is killed."""
    global _kill_at  # noqa: PLW0603  (one run in one process)
    folder = Path(run["folder"])
    _ = (folder / "pid").write_text(str(os.getpid()))
    with pk.connect(run["profile"], config=folder / "portraitkit.toml") as client:
        _kill_at = run["kill_at"]
        survive_a_crash.main_job(client, folder / "mia.jpg", folder / "mia.mp4", console(run))
        if run["person"] and client.supports("start_verification"):
            verify(client)
    boundary()


def verify(client: pk.Client) -> None:
    """Check a real person's face, unless that was done before."""
    known = {e.handle: e.finished for e in client.journal.jobs() if "verif" in e.operation}
    if not any(known.values()):
        check = next(iter(known), None) or client.start_verification("Ann")
        _ = client.wait_until_verified(check)


def report(run: dict[str, Any]) -> int:
    """Play one run and write what came of it."""
    global _boundaries
    _boundaries, error = 0, ""
    try:
        play(run)
    except BaseException:  # noqa: BLE001  (told to the test)
        error = traceback.format_exc()
    told = {"error": error, "boundaries": _boundaries}
    _ = (Path(run["folder"]) / "report.json").write_text(json.dumps(told))
    return 1 if error else 0


def main() -> None:
    """Play one run after the other, most of them in a process of their own."""
    warnings.simplefilter("error")
    before(journalfile.JournalFile, "write")
    before(transport.HttpxTransport, "send")
    before(sink.ResponseBody, "take")
    before(sink.ResponseBody, "response")
    for line in sys.stdin:
        run = json.loads(line)
        if not run["fork"]:
            status = report(run)
        elif number := os.fork():
            status = os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
        else:
            os._exit(report(run))
        print(json.dumps({"status": status}), flush=True)


if __name__ == "__main__":
    main()
