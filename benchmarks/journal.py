"""
Print what a journal costs, side by side with none: microseconds for each call, at a simulator.

    python benchmarks/journal.py

Calls with and without a journal take turns, so that a noisy machine is noisy for both. What a
flushed entry costs is the disk's to say; `flush` is one write and fsync of 4 KiB beside it.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from portraitkit.client.client import Client
from portraitkit.journal.journal import Journal
from portraitkit.providers.alltoken import AllToken
from portraitkit.simulators.__main__ import ACCOUNT, load
from portraitkit.testing import SimulatorTransport, VirtualTime
from portraitkit.values.secret import Secret
from portraitkit.values.video import VideoRequest

ROUNDS: Final = 300
REQUEST: Final = VideoRequest(prompt="a smile", duration_s=5)


def client(journal: Path | None) -> Client:
    """Open a client of a fresh simulator."""
    simulator = load("alltoken")()
    _ = simulator.add_account(ACCOUNT)
    simulator.world.group_quota = 10**9
    provider = AllToken(api_key=Secret(ACCOUNT.api_key))
    return Client(
        provider,
        transport=SimulatorTransport(simulator),
        clock=VirtualTime(simulator.world.clock).clock,
        journal=journal,
    )


def timed(act: Callable[[], Any]) -> float:
    """Microseconds that it took."""
    started = time.perf_counter()
    _ = act()
    return (time.perf_counter() - started) * 1e6


def flush(folder: Path) -> Callable[[], None]:
    """Write and flush 4 KiB."""
    file = os.open(folder / "plain", os.O_CREAT | os.O_WRONLY, 0o600)

    def act() -> None:
        _ = os.pwrite(file, bytes(4096), 0)
        os.fsync(file)

    return act


def main() -> None:
    """Print medians, and what one entry takes in the file."""
    with tempfile.TemporaryDirectory(dir=".") as name:
        folder = Path(name)
        plain, kept = client(None), client(folder / "jobs.db")
        tasks = [each.create_video(REQUEST) for each in (plain, kept)]
        done = [each.wait_for_video(task) for each, task in zip((plain, kept), tasks, strict=True)]
        calls: dict[str, list[Callable[[], Any]]] = {
            "create_video": [
                lambda: plain.create_video(REQUEST),
                lambda: kept.create_video(REQUEST),
            ],
            "wait, settled": [
                lambda: plain.wait_for_video(done[0]),
                lambda: kept.wait_for_video(done[1]),
            ],
            "get_video": [lambda: plain.get_video(done[0]), lambda: kept.get_video(done[1])],
        }
        print(f"{'':<16}{'without':>9}{'with':>9}   (median of {ROUNDS}, µs)")
        for what, (without, with_it) in calls.items():
            pairs = [(timed(without), timed(with_it)) for _ in range(ROUNDS)]
            medians = [statistics.median(each) for each in zip(*pairs, strict=True)]
            print(f"{what:<16}{medians[0]:>9.0f}{medians[1]:>9.0f}")
        print(
            f"{'flush':<16}{statistics.median(timed(flush(folder)) for _ in range(ROUNDS)):>9.0f}"
        )
        entries = len(Journal(folder / "jobs.db").entries())
        kept.close()
        print(f"{entries} entries, {(folder / 'jobs.db').stat().st_size // entries} bytes each")


if __name__ == "__main__":
    main()
