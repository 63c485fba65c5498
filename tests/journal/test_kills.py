"""The example that survives a crash, killed in earnest: real processes, files and sockets."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from attrs import define

import portraitkit as pk
from portraitkit.simulators.__main__ import ACCOUNT, load
from portraitkit.simulators.server import WallClock, serve
from portraitkit.simulators.state import World

ROOT = Path(__file__).parents[2]
DATA = files("portraitkit.simulators").joinpath("data")
EACH = 3
"""At every step programs are killed in tests/worlds."""
PROFILE = """
[profiles.token360]
journal = "jobs.db"
api_key = "env:KILLED_API_KEY"
base_url = "{}"
[profiles.token360.pacing]
asset = {{ first_s = 0.01, step_s = 0.01, deadline_s = 20, unseen_s = 0.01 }}
video = {{ first_s = 0.01, step_s = 0.01, deadline_s = 20, unseen_s = 0.01 }}
"""
PROGRAM = """
import portraitkit as pk, survive_a_crash
from pathlib import Path
with pk.connect("token360") as client:
    survive_a_crash.main_job(client, Path("mia.jpg"), Path("mia.mp4"), lambda _: [])
"""


@define(slots=False)
class Deadly:
    """A simulator that kills the program after it has carried out a request, before the answer."""

    simulator: Any
    folder: Path
    requests: int = 0
    kill_at: int = 0
    process: Any = None

    def handle(self, request: Any) -> Any:
        response = self.simulator.handle(request)
        self.requests += 1
        if self.requests == self.kill_at:
            self.process.kill()
        return response

    def run(self, kill_at: int = 0) -> int:
        """Start the program, to be killed after so many requests."""
        self.kill_at = kill_at and self.requests + kill_at
        paths = f"{ROOT / 'examples'}:{ROOT / 'src'}"
        known = {"KILLED_API_KEY": ACCOUNT.api_key, "PYTHONPATH": paths}
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM], cwd=self.folder, env={**os.environ, **known}
        )
        return self.process.wait(60)

    def left(self) -> dict[str, Any]:
        """What there is in the end."""
        world, file = self.simulator.world, self.folder / "mia.mp4"
        return {
            "groups": len(world.groups),
            "assets": len(world.assets),
            "videos": world.billed[ACCOUNT.name, "video"],
            "file": file.exists() and file.read_bytes() == DATA.joinpath("clip.mp4").read_bytes(),
            "open": len(pk.Journal(self.folder / "jobs.db").unfinished()),
        }


@pytest.fixture
def fresh(tmp_path):
    """Make a vendor and a folder with a journal, as often as wanted."""
    with serve(load("token360")()) as server:

        def make(name: str) -> Deadly:
            world = World(clock=WallClock(), review_s=0.001, queue_s=0.001, render_s=0.001)
            simulator = load("token360")(world=world)
            simulator.add_account(ACCOUNT)
            simulator.base_url = server.url
            folder = tmp_path / name
            folder.mkdir()
            (folder / "mia.jpg").write_bytes(DATA.joinpath("face.jpg").read_bytes())
            (folder / "portraitkit.toml").write_text(PROFILE.format(server.url), encoding="utf-8")
            server.simulator = made = Deadly(simulator, folder)
            made.base_url = server.url
            return made

        yield make


def test_a_killed_program_ends_with_one_of_each(fresh):
    """Wherever it is killed, and killed again while it resumes: one of each is left in the end."""
    whole = fresh("whole")

    assert 0 == whole.run()
    wanted = {"groups": 1, "assets": 1, "videos": 1, "file": True, "open": 0}
    assert wanted == whole.left()
    for kill_at in range(1, whole.requests + 1, EACH):
        killed = fresh(f"killed at {kill_at}")
        assert [-9, -9, 0] == [killed.run(kill_at), killed.run(1), killed.run()]
        assert wanted == killed.left()
