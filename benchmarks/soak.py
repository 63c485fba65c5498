"""
Many assets and videos in flight through one AsyncClient, at a vendor that fails all the time.

    python benchmarks/soak.py --assets 10000 --videos 1000 --faults 0.05

The vendor is a simulator in a process of its own, behind a socket that loses requests before and
after they were carried out, cuts answers, and is overloaded. In the end the vendor's books are
compared with what the callers know.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import re
import resource
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from importlib.resources import files
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import anyio
from attrs import define, field, frozen

import portraitkit as pk
from portraitkit.providers.registry import provider_class
from portraitkit.simulators.finding import load
from portraitkit.simulators.server import WallClock
from portraitkit.simulators.simulator import Simulator
from portraitkit.simulators.state import SimAccount
from portraitkit.vendor.pacing import Subject
from portraitkit.wire.steps import Request

KEY: Final = "sk-soak-0123456789abcdef"
GROUP_SIZE: Final = 50
FAULTS: Final = ("reset", "reset after acting", "cut answer", "503", "502 after acting")
FACE: Final = files("portraitkit.simulators").joinpath("data", "face.jpg").read_bytes()
MEBIBYTE: Final = 1024 * 1024
_TOKEN: Final = re.compile(r" ?pk-[a-z0-9]{10}$")
"""What a client puts behind a name to find it again."""


@frozen(kw_only=True)
class Plan:
    """What is run."""

    vendor: str
    assets: int
    videos: int
    faults: float
    at_once: int
    seed: int
    speed: float
    """How many times faster than a real vendor's everything takes place, waits included."""


# -- the vendor, in its own process ----------------------------------------------------------------


class Flaky:
    """A simulator behind a socket on which a share of all requests goes wrong."""

    def __init__(self, simulator: Simulator, plan: Plan) -> None:
        self.simulator = simulator
        self.requests = 0
        self.played: Counter[str] = Counter()
        self._chance = random.Random(plan.seed)  # noqa: S311  (faults need no secrecy)
        self._share = plan.faults

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while await self._exchange(reader, writer):
                pass
        writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request = self._read((await reader.readuntil(b"\r\n\r\n")).decode("latin-1"))
        length = int(request.headers.get("content-length", "0"))
        if length:
            content = await reader.readexactly(length)
            request = Request(
                method=request.method,
                url=request.url,
                query=request.query,
                headers=request.headers,
                content=content,
            )
        self.requests += 1
        fault = self._chance.choice(FAULTS) if self._chance.random() < self._share else ""
        self.played[fault] += 1
        if fault == "reset":
            writer.transport.abort()
            return False
        if fault == "503":
            _write(writer, 503, b'{"error":{"message":"later"}}', {"retry-after": "1"})
            return True
        answer = self.simulator.handle(request)
        if fault == "reset after acting":
            writer.transport.abort()
            return False
        if fault == "502 after acting":
            _write(writer, 502, b"<html>bad gateway</html>", {"content-type": "text/html"})
            return True
        cut = len(answer.content) // 2 if fault == "cut answer" else None
        _write(writer, answer.status, answer.content, answer.headers, cut=cut)
        return cut is None

    def _read(self, head: str) -> Request:
        first, *lines = head.split("\r\n")
        method, target, _ = first.split(" ", 2)
        parts = urlsplit(target)
        exact = dict(line.split(": ", 1) for line in lines if ": " in line)
        return Request(
            method=method,
            url=self.simulator.base_url + parts.path,
            query=tuple(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): text for name, text in exact.items()},
        )


def _write(
    writer: asyncio.StreamWriter,
    status: int,
    content: bytes,
    headers: Any,
    *,
    cut: int | None = None,
) -> None:
    lines = [f"HTTP/1.1 {status} Said", f"content-length: {len(content)}"]
    lines += [f"{name}: {text}" for name, text in headers.items() if name != "content-length"]
    writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content[:cut])


def vendor(plan: Plan, line: Connection) -> None:
    """Run the vendor until the other end of *line* asks for the books."""

    async def run() -> None:
        simulator: Simulator = load(plan.vendor)()
        world = simulator.world
        world.clock = WallClock()
        for name in ("review_s", "queue_s", "render_s"):
            setattr(world, name, getattr(world, name) / plan.speed)
        world.group_quota = world.asset_quota = sys.maxsize
        _ = simulator.add_account(
            SimAccount(name="main", api_key=KEY, access_key="AKLTsoak", secret_key=KEY)
        )
        flaky = Flaky(simulator, plan)
        server = await asyncio.start_server(flaky.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        simulator.base_url = f"http://127.0.0.1:{port}"
        line.send(port)
        while not line.poll():
            simulator.seen.clear()
            await asyncio.sleep(0.05)
        line.send(
            {
                "requests": flaky.requests,
                "faults": dict(flaky.played),
                "groups": [each.name for each in world.groups.values()],
                "assets": [f"{each.group_id} {each.name}" for each in world.assets.values()],
                "ready": {each.id: each.ready_at.timestamp() for each in world.assets.values()},
                "videos": [json.dumps(each.body) for each in world.videos.values()],
                "ended": {each.id: each.ended_at.timestamp() for each in world.videos.values()},
            }
        )

    asyncio.run(run())


# -- the callers -----------------------------------------------------------------------------------


@define(kw_only=True)
class Known:
    """What the callers know in the end."""

    assets: dict[str, float] = field(factory=dict[str, float])
    """Ids, and when each was known to be active."""
    videos: dict[str, float] = field(factory=dict[str, float])
    unknown: list[pk.OutcomeUnknownError] = field(factory=list[pk.OutcomeUnknownError])
    errors: Counter[str] = field(factory=Counter[str])
    memory: list[float] = field(factory=list[float])


async def portraits(client: pk.AsyncClient, known: Known, number: int, size: int) -> None:
    """One figure: a group, its assets, and one wait for all of them."""
    assets: list[pk.Asset] = []

    async def add(group: pk.Group, each: int) -> None:
        link = f"https://cdn.example/{number}/{each}.jpg"
        source = link if client.supports("add_link") else FACE
        async with noted(known):
            assets.append(await client.add_asset(group, source, name=str(each)))

    async with noted(known):
        group = await client.create_group(f"figure {number}")
        async with anyio.create_task_group() as adding:
            for each in range(size):
                adding.start_soon(add, group, each)
        for asset in await client.wait_until_active(assets):
            known.assets[str(asset.id)] = time.time()


@asynccontextmanager
async def noted(known: Known) -> AsyncGenerator[None]:
    """Note what a call ends with, in place of raising it."""
    try:
        yield
    except pk.OutcomeUnknownError as error:
        known.unknown.append(error)
    except pk.PortraitError as error:
        known.errors[f"{type(error).__name__}: {error.message[:80]}"] += 1


async def video(client: pk.AsyncClient, known: Known, number: int) -> None:
    """One video, waited for."""
    async with noted(known):
        request = pk.VideoRequest(prompt=f"take {number}", model="seedance-2.0")
        done = await client.wait_for_video(await client.create_video(request))
        known.videos[str(done.id)] = time.time()


async def callers(plan: Plan, port: int, known: Known) -> None:
    """Start everything at once, and watch the memory."""
    config = Path(tempfile.mkdtemp()) / "portraitkit.toml"
    keys = 'api_key = "env:SOAK_KEY"\n'
    url = f'base_url = "http://127.0.0.1:{port}"\n'
    if plan.vendor in ("volcengine", "apiyi"):
        keys += 'access_key = "env:SOAK_ID"\nsecret_key = "env:SOAK_KEY"\n'
        url = url.replace("base_url", "assets_url") + url.replace("base_url", "video_url")
    os.environ.update(SOAK_KEY=KEY, SOAK_ID="AKLTsoak")
    # Loopback has no rate: what is soaked here are the flows, not the pacing.
    free = "".join(f'"{each}" = inf\n' for each in provider_class(plan.vendor).default_rates)
    rates = f"[profiles.{plan.vendor}.rates]\n{free}"
    pace = "".join(paced(plan, subject) for subject in ("asset", "video"))
    _ = config.write_text(f"[profiles.{plan.vendor}]\n{keys}{url}{rates}{pace}")
    async with (
        pk.connect_async(plan.vendor, config=config) as client,
        anyio.create_task_group() as jobs,
    ):
        room = anyio.CapacityLimiter(plan.at_once)

        async def limited(job: Any, *args: Any) -> None:
            async with room:
                await job(client, known, *args)

        async def watch() -> None:
            while True:
                known.memory.append(memory_mib())
                await anyio.sleep(1)

        jobs.start_soon(watch)
        async with anyio.create_task_group() as work:
            for number in range(plan.videos):
                work.start_soon(limited, video, number)
            for number, start in enumerate(range(0, plan.assets, GROUP_SIZE)):
                work.start_soon(limited, portraits, number, min(GROUP_SIZE, plan.assets - start))
        jobs.cancel_scope.cancel()


def paced(plan: Plan, subject: Subject) -> str:
    """The adapter's own pacing, so many times faster."""
    own = provider_class(plan.vendor).default_pacing[subject]
    faster = {"first_s": own.first_s, "step_s": own.step_s, "unseen_s": own.unseen_s}
    lines = "".join(f"{key} = {value / plan.speed}\n" for key, value in faster.items())
    return f"[profiles.{plan.vendor}.pacing.{subject}]\n{lines}"


def memory_mib() -> float:
    """This process's resident memory, in MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MEBIBYTE


# -- the comparison --------------------------------------------------------------------------------


def report(plan: Plan, known: Known, books: dict[str, Any], took_s: float) -> None:
    """Print the figures."""
    things = plan.assets + plan.videos
    print(f"{plan.vendor}: {plan.assets} assets and {plan.videos} videos in {took_s:.0f} s")
    print(f"  requests: {books['requests']}, {books['requests'] / things:.2f} for each thing")
    print(f"  faults, {plan.faults:.0%}: {books['faults']}")
    print(f"  assets known active {len(known.assets)}, at the vendor {len(books['assets'])}")
    print(f"  videos known ended {len(known.videos)}, at the vendor {len(books['videos'])}")
    print(f"  told to be unknown: {len(known.unknown)}; other errors: {dict(known.errors)}")
    for what, seen, true in (("asset", known.assets, "ready"), ("video", known.videos, "ended")):
        if lost_s := [at - books[true][each] for each, at in seen.items()]:
            print(
                f"  time lost to detection of an {what}, median: {statistics.median(lost_s):.1f} s"
            )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    late = known.memory[len(known.memory) // 2 :] or [peak]
    print(f"  memory: peak {peak:.0f} MiB; second half {min(late):.0f} to {max(late):.0f} MiB")


def problems(plan: Plan, known: Known, books: dict[str, Any]) -> list[str]:
    """Tell what must not be: something twice, something lost, something never ended."""
    found: list[str] = []
    for kind in ("groups", "assets", "videos"):
        counts = Counter(_TOKEN.sub("", each) for each in books[kind])
        found += [f"{count} times in {kind}: {each}" for each, count in counts.items() if count > 1]
    told = len(known.unknown) + sum(known.errors.values())
    for kind, seen, wanted in (
        ("assets", known.assets, plan.assets),
        ("videos", known.videos, plan.videos),
    ):
        if len(seen) > len(books[kind]) or (len(seen) < wanted and not told):
            found.append(f"{len(seen)} {kind} are known of {wanted}")
    return found


def soak(plan: Plan) -> tuple[Known, list[str]]:
    """Run one soak and print its figures; return what is known in the end, and what must not be."""
    processes = multiprocessing.get_context("spawn")
    here, there = processes.Pipe()
    process = processes.Process(target=vendor, args=(plan, there))
    process.start()
    known = Known()
    try:
        started = time.perf_counter()
        asyncio.run(callers(plan, here.recv(), known))
        took_s = time.perf_counter() - started
        here.send("books")
        books = here.recv()
    finally:
        process.terminate()
        process.join()
    report(plan, known, books, took_s)
    return known, problems(plan, known, books)


def main() -> int:
    """Read the options, and run one soak."""
    options = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    _ = options.add_argument("--vendor", default="alltoken")
    _ = options.add_argument("--assets", type=int, default=10_000)
    _ = options.add_argument("--videos", type=int, default=1_000)
    _ = options.add_argument("--faults", type=float, default=0.05)
    _ = options.add_argument("--at-once", type=int, default=1_200)
    _ = options.add_argument("--seed", type=int, default=1)
    _ = options.add_argument("--speed", type=float, default=1.0)
    _, found = soak(Plan(**vars(options.parse_args())))
    print("\n".join(found) or "nothing lost, nothing duplicated")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
