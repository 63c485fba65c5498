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
_LIMIT_S: Final = 10.0
_LONG_MS: Final = 3000.0
_FRAMES: Final = 5
"""So far above what the simulator has decoded for itself stands the simulator."""
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


def timed(act: Callable[[], Any]) -> Callable[[], float]:
    """What measures how many milliseconds something takes."""

    def measure() -> float:
        started = time.perf_counter()
        _ = act()
        return (time.perf_counter() - started) * 1000

    return measure


def measured(name: str, measure: Callable[[], float], rounds: int = 3) -> dict[str, Any]:
    """Median and quartiles; of fewer rounds where one takes seconds."""
    began_s, found = time.monotonic(), [measure()]
    while len(found) < rounds and time.monotonic() - began_s < _LIMIT_S:
        found.append(measure())
    if len(found) == 1:
        return {name: round(found[0], 3)}
    low, middle, high = statistics.quantiles(found, n=4, method="inclusive")
    return {name: round(middle, 3), f"{name}_spread": [round(low, 3), round(high, 3)]}


def settling(count: int) -> dict[str, Any]:
    """Looking for what to settle, and resuming, among so many ended jobs."""
    with tempfile.TemporaryDirectory(dir=".") as folder:
        journal, lease = filled(Path(folder) / "jobs.db", count)
        seen = ["handle-77"]
        settle = timed(lambda: journal.settle(lease, seen, seen[0], "succeeded"))
        settled = measured("settle_ms", settle, 50)
        lease.release()
        resumed = measured("resume_ms", timed(lambda: pk.resume(journal).release()), 5)
        journal.close()
    return {"figure": f"a journal of {count:,} ended jobs", **settled, **resumed}


def in_flight(count: int) -> dict[str, Any]:
    """So many videos made and waited for at once: CPU of the whole, and what each holds."""
    cpu = measured("cpu_ms_each", lambda: _flown(count, traced=False)[0] * 1000 / count)
    _, held = _flown(count, traced=True)
    return {
        "figure": f"{count:,} videos in flight",
        **cpu,
        "kb_each": round(held / 1024 / count, 1),
    }


def _flown(count: int, *, traced: bool) -> tuple[float, int]:
    """Seconds of CPU, and bytes while all wait; the simulator's own are left out of both."""
    vendor = Vendor("volcengine", is_free=True)

    async def story() -> int:
        held = 0
        async with vendor.client() as client, trio.open_nursery() as nursery:

            async def make() -> None:
                _ = await client.wait_for_video(await client.create_video(REQUEST))

            for _ in range(count):
                nursery.start_soon(make)
            await trio.sleep(5 * TRIP_S)
            if traced:
                theirs = tracemalloc.Filter(
                    inclusive=False, filename_pattern="*/simulators/*", all_frames=True
                )
                taken = tracemalloc.take_snapshot().filter_traces([theirs])
                held = sum(each.size for each in taken.traces)
                tracemalloc.stop()
                nursery.cancel_scope.cancel()
        return held

    if traced:
        tracemalloc.start(_FRAMES)
    began_s = time.process_time()
    held = trio.run(story, clock=trio.testing.MockClock(autojump_threshold=0))
    return time.process_time() - began_s - vendor.cpu_s, held


def polls(count: int) -> dict[str, Any]:
    """As many reads of one asset each, at once."""
    cpu = measured("cpu_ms_each", lambda: _polled_s(count) * 1000 / count)
    return {"figure": f"{count:,} polls at once", **cpu}


def _polled_s(count: int) -> float:
    vendor = Vendor("volcengine", is_free=True)

    async def story() -> float:
        assets = vendor.add(1, count)
        began_s = time.process_time()
        async with vendor.client() as client, trio.open_nursery() as nursery:
            for asset in assets:
                nursery.start_soon(client.get_asset, asset)
        return time.process_time() - began_s

    return trio.run(story, clock=trio.testing.MockClock(autojump_threshold=0)) - vendor.cpu_s


def main() -> None:
    """Print the rows."""
    options = argparse.ArgumentParser(description=__doc__)
    _ = options.add_argument("--quick", action="store_true")
    quick = options.parse_args().quick
    for size in (1000, 3000) if quick else (1000, 10_000, 100_000):
        row = settling(size)
        print(json.dumps(row), flush=True)
        if row["resume_ms"] > _LONG_MS:  # as in versions that read the whole journal
            break
    for size in (50, 200) if quick else (100, 1000, 10_000):
        print(json.dumps(in_flight(size)), flush=True)
        print(json.dumps(polls(size)), flush=True)


if __name__ == "__main__":
    main()
