"""
Print what grows with the work, as JSON rows: a journal of many ended jobs, and many in flight.

    python benchmarks/growth.py [--quick]

Journals are on the real disk; the jobs in flight are in virtual time, at a simulated vendor.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import trio
import trio.testing
from waits import TRIP_S, Vendor

import portraitkit as pk
from portraitkit.journal.journal import Journal, Lease

BEGUN: Final = {"operation": "create_video", "profile": "p", "provider": "v", "account": "a"}
REQUEST: Final = pk.VideoRequest(prompt="a smile", duration_s=5)


def filled(path: Path, count: int) -> tuple[Journal, Lease]:
    """A journal of so many ended jobs, and one that is open."""
    journal = Journal(path)
    lease = Lease(journal)
    for begin in range(0, count, 1000):
        rows: list[Any] = []
        for number in range(begin, begin + 1000):
            job, handle = f"job-{number}", f"handle-{number}"
            rows += [(job, "begun", "", BEGUN), (job, "known", handle, {"status": "queued"})]
            rows.append((job, "ended", handle, {"status": "succeeded"}))
        journal.add(lease.id, rows, flushed=False)
    open_job = [("open", "begun", "", BEGUN), ("open", "known", "handle-open", {})]
    journal.add(lease.id, open_job, flushed=False)
    return journal, lease


def timed(act: Callable[[], Any], rounds: int) -> float:
    """Median milliseconds."""
    took: list[float] = []
    for _ in range(rounds):
        started = time.perf_counter()
        _ = act()
        took.append((time.perf_counter() - started) * 1000)
    return round(statistics.median(took), 3)


def settling(count: int) -> dict[str, Any]:
    """Looking for what to settle, and resuming, among so many ended jobs."""
    with tempfile.TemporaryDirectory(dir=".") as folder:
        journal, lease = filled(Path(folder) / "jobs.db", count)
        seen = ["handle-77"]
        settle_ms = timed(lambda: journal.settle(lease, seen, seen[0], "succeeded"), 50)
        lease.release()
        resume_ms = timed(lambda: pk.resume(journal).release(), 5)
        journal.close()
    row = {"figure": f"a journal of {count} ended jobs", "settle_ms": settle_ms}
    return {**row, "resume_ms": resume_ms}


def in_flight(count: int) -> dict[str, Any]:
    """So many videos made and waited for at once."""
    waiting = {"kb": 0.0}

    async def story() -> None:
        vendor = Vendor("volcengine")
        async with vendor.client() as client, trio.open_nursery() as nursery:

            async def make() -> None:
                _ = await client.wait_for_video(await client.create_video(REQUEST))

            tracemalloc.start()
            for _ in range(count):
                nursery.start_soon(make)
            await trio.sleep(TRIP_S)
            waiting["kb"] = tracemalloc.get_traced_memory()[0] / 1024 / count
            tracemalloc.stop()

    began = time.process_time()
    trio.run(story, clock=trio.testing.MockClock(autojump_threshold=0))
    cpu_ms = (time.process_time() - began) * 1000 / count
    figure = f"{count} videos in flight"
    return {"figure": figure, "cpu_ms_each": round(cpu_ms, 2), "kb_each": round(waiting["kb"], 1)}


def main() -> None:
    """Print the rows."""
    options = argparse.ArgumentParser(description=__doc__)
    _ = options.add_argument("--quick", action="store_true")
    sizes = (1000, 10_000) if options.parse_args().quick else (1000, 10_000, 100_000)
    for size in sizes:
        print(json.dumps(settling(size)), flush=True)
    for size in (100, 1000) if len(sizes) < 3 else (1000, 10_000):  # noqa: PLR2004
        print(json.dumps(in_flight(size)), flush=True)


if __name__ == "__main__":
    main()
