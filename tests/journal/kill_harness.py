"""A vendor over HTTP, a program that is killed at it, and what is left in the end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from attrs import define

import portraitkit as pk
from portraitkit.simulators.__main__ import ACCOUNT, load
from portraitkit.simulators.server import Server, WallClock
from portraitkit.simulators.simulator import Simulator
from portraitkit.simulators.state import World, scans_after
from portraitkit.wire.steps import Request, Response

ROOT = Path(__file__).parents[2]
DATA = files("portraitkit.simulators").joinpath("data")
CLIP = DATA.joinpath("clip.mp4").read_bytes()
_PACING = "{ first_s = 0.004, step_s = 0.004, deadline_s = 20, unseen_s = 0.01 }"


@define
class Watched:
    """A simulator that kills the program after it has carried out a request, before the answer."""

    simulator: Simulator
    folder: Path
    kill_at: int = 0
    requests: int = 0
    base_url: str = ""

    def handle(self, request: Request) -> Response:
        path = urlsplit(request.url).path
        if path.startswith("/console/"):
            return self.simulator.json(self._shown(path.removeprefix("/console/")))
        response = self.simulator.handle(request)
        self.requests += 1
        if self.requests == self.kill_at:
            with suppress(ProcessLookupError):
                os.kill(int((self.folder / "pid").read_text()), signal.SIGKILL)
        return response

    def _shown(self, kind: str) -> list[str]:
        world = self.simulator.world
        if kind == "reviews":
            return [each.id for each in world.jobs.values() if each.asset_ids]
        return list(getattr(world, kind))


@define
class Harness:
    """One vendor's server and the warm process that programs are forked from."""

    vendor: str
    server: Server
    zygote: subprocess.Popen[str]
    folder: Path
    watched: Any = None
    person: bool = True
    runs: int = 0

    def fresh(self) -> None:
        """Forget everything: another world, another folder, another journal."""
        world = World(
            clock=WallClock(),
            person=scans_after(0),
            review_s=0.001,
            queue_s=0.001,
            render_s=0.001,
        )
        simulator = load(self.vendor)(world=world)
        simulator.add_account(ACCOUNT)
        simulator.base_url = self.server.url
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        (self.folder / "mia.jpg").write_bytes(DATA.joinpath("face.jpg").read_bytes())
        (self.folder / "portraitkit.toml").write_text(self._profile(), encoding="utf-8")
        self.watched = Watched(simulator, self.folder)
        self.watched.base_url = self.server.url
        self.server.simulator = self.watched

    def run(
        self, *, kill_at: int = 0, kill_at_request: int = 0, fork: bool = True
    ) -> dict[str, Any]:
        """Start the program; it is killed at a boundary of its own or after a request."""
        self.runs += 1
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        self.watched.kill_at = self.watched.requests + kill_at_request if kill_at_request else 0
        run = {
            "profile": self.vendor,
            "folder": str(self.folder),
            "url": self.server.url,
            "kill_at": kill_at,
            "person": self.person,
            "fork": fork,
        }
        print(json.dumps(run), file=self.zygote.stdin, flush=True)
        status = json.loads(self.zygote.stdout.readline())["status"]
        told = json.loads(report.read_text()) if report.exists() else {}
        return {"status": status, "error": "", "boundaries": 0, **told}

    def left(self) -> dict[str, Any]:
        """What there is in the end."""
        world = self.watched.simulator.world
        file = self.folder / "mia.mp4"
        groups = [each for each in world.groups.values() if not each.real_person]
        # Of a check whose answer was lost nobody has the link: it is opened again, and runs out.
        jobs = pk.Journal(self.folder / "jobs.db").jobs()
        people = {e.handle for e in jobs if e.operation == "start_verification" and e.finished}
        return {
            "groups": len(groups),
            "people": len(people),
            "unfinished": sum(not each.finished for each in jobs),
            "assets": len(world.assets),
            "videos": world.billed[ACCOUNT.name, "video"],
            "file": file.exists() and file.read_bytes() == CLIP,
        }

    def _profile(self) -> str:
        lines = [f"[profiles.{self.vendor}]", 'journal = "jobs.db"']
        lines += ['api_key = "env:KILLED_API_KEY"', f'base_url = "{self.server.url}"']
        lines.append(f"[profiles.{self.vendor}.pacing]")
        lines += [f"{subject} = {_PACING}" for subject in ("asset", "verification", "video")]
        return "\n".join(lines) + "\n"


def start_zygote() -> subprocess.Popen[str]:
    """Start the warm process, in an environment with the simulators' keys alone."""
    keys = {
        f"KILLED_{key.upper()}": getattr(ACCOUNT, key)
        for key in ("api_key", "access_key", "secret_key")
    }
    return subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("kill_zygote.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{ROOT / 'examples'}:{ROOT / 'src'}",
            **keys,
        },
    )
