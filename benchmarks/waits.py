"""
Print what waiting costs, as JSON rows: requests for each thing, and how late its end is known.

    python benchmarks/waits.py [--quick]

Nothing here takes time or depends on the machine: a simulated vendor, reviews that take 13 seconds
in the middle, the vendor's documented rates, and 0.1 virtual seconds for each request.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from math import ceil, erfc, exp, log, pi, sqrt
from statistics import fmean
from typing import Any, Final

import trio
import trio.testing
from attrs import define, field

import portraitkit as pk
from portraitkit.engine.clock import Clock
from portraitkit.limits.rates import Rate
from portraitkit.operations.provider import PortraitProvider
from portraitkit.providers.registry import provider_class
from portraitkit.simulators.finding import load
from portraitkit.simulators.state import EPOCH, SimAccount
from portraitkit.values.secret import Secret
from portraitkit.wire.steps import Request, Response

KEY: Final = "sk-bench-0123456789abcdef"
ACCOUNT: Final = SimAccount(name="bench", api_key=KEY, access_key="AKLTbench", secret_key=KEY)
TRIP_S: Final = 0.1
MIDDLE_S: Final = 13.0
SPREADS: Final = (0.3, 0.5, 0.8)
FIXED_S: Final = 3.0


@define(slots=False)
class Vendor:
    """
    A simulated vendor in virtual time, what it was asked, and when it first told of each end.

    Attributes:
        name: Which vendor.
        spread: How much the time of a review varies: the sigma of its logarithm.
        is_free: Whether the account's rates are out of the way.
        cpu_s: What the simulator took for itself.
    """

    name: str
    spread: float = 0.5
    is_free: bool = False
    cpu_s: float = 0.0
    told_s: dict[str, float] = field(factory=dict[str, float])
    requests: int = 0
    _random: random.Random = field(factory=lambda: random.Random(7))  # noqa: S311

    def __attrs_post_init__(self) -> None:
        self.simulator: Any = load(self.name)()
        _ = self.simulator.add_account(ACCOUNT)
        self.world: Any = self.simulator.world
        self.world.clock = lambda: EPOCH + timedelta(seconds=trio.current_time())
        self.world.group_quota = self.world.asset_quota = 10**9

    async def send(self, request: Request) -> Response:
        """Answer after a while, with what is true in the middle of it."""
        self.requests += 1
        await trio.sleep(TRIP_S / 2)
        began_s = time.process_time()
        response: Response = self.simulator.handle(request)
        self.simulator.seen.clear()
        result = json.loads(response.content).get("Result") or {}
        for row in result.get("Items", [result]):
            if row.get("Status") in ("Active", "Failed"):
                _ = self.told_s.setdefault(row["Id"], trio.current_time() + TRIP_S / 2)
        self.cpu_s += time.process_time() - began_s
        await trio.sleep(TRIP_S / 2)
        return response

    async def close(self) -> None:
        """Nothing is open."""

    @property
    def provider(self) -> PortraitProvider:
        """The adapter, with this account's keys."""
        cls = provider_class(self.name)
        keys = {"api_key": KEY, "access_key": "AKLTbench", "secret_key": KEY}
        named = {
            k: Secret(v)
            for k, v in keys.items()
            if k in dir(cls) or k in cls.__init__.__annotations__
        }
        free = dict.fromkeys(cls.default_rates, Rate(most=10**9, source="this benchmark"))
        return cls(**named, **({"rates": free} if self.is_free else {}))

    def client(self) -> pk.AsyncClient:
        """A client in this vendor's time."""
        clock = Clock(
            now=self.world.now,
            monotonic=trio.current_time,
            sleep_async=trio.sleep,
            jitter=lambda: 0.5,
        )
        return pk.AsyncClient(self.provider, transport=self, clock=clock)

    def add(self, groups: int, each: int, *, settled: int = 0) -> list[pk.Asset]:
        """Put assets into groups, and say what a client knows of those under review."""
        made: list[pk.Asset] = []
        provider = self.provider
        kind = pk.GroupKind.VIRTUAL
        named = {"provider": provider.name, "account": provider.account, "group_kind": kind}
        for number in range(groups):
            group = self.world.add_group(ACCOUNT, f"group-20260102030405-{number:05x}", "x")
            for place in range(settled + each):
                url, media = "https://example.com/mia.jpg", "Image"
                key = self.world.new_id("asset")
                asset = self.world.add_asset(group, key, name="x", media=media, url=url)
                is_old = place < settled
                took_s = -1.0 if is_old else MIDDLE_S * exp(self._random.gauss(0, self.spread))
                asset.created_at -= timedelta(hours=is_old)
                asset.ready_at = asset.created_at + timedelta(seconds=took_s)
                if not is_old:
                    status = pk.AssetStatus.PROCESSING
                    made.append(pk.Asset(**named, id=key, group_id=group.id, status=status))
        return made

    def lag_s(self, assets: Iterable[pk.Asset]) -> float:
        """How late their ends were told, on average, above what a request takes."""
        ready = self.world.assets
        late = [
            self.told_s[each.id] - (ready[each.id].ready_at - EPOCH).total_seconds() - TRIP_S
            for each in assets
            if each.id in self.told_s
        ]
        return fmean(late)


def play(story: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    """Run a story in virtual time."""
    row: dict[str, Any] = trio.run(story, clock=trio.testing.MockClock(autojump_threshold=0))
    return row


def row_of(vendor: Vendor, assets: list[pk.Asset], figure: str) -> dict[str, Any]:
    """What a story came to."""
    return {
        "figure": figure,
        "vendor": vendor.name,
        "requests_each": round(vendor.requests / len(assets), 3),
        "lag_s": round(vendor.lag_s(assets), 2),
    }


def together(groups: int, each: int, *, settled: int = 0, name: str = "volcengine") -> Any:
    """One wait for many assets."""

    async def story() -> dict[str, Any]:
        vendor = Vendor(name)
        assets = vendor.add(groups, each, settled=settled)
        looks: list[int] = []
        async with vendor.client() as client:
            found = await client.wait_until_active(
                assets, deadline_s=7200, on_event=lambda _: looks.append(vendor.requests)
            )
        if not all(asset.status is pk.AssetStatus.ACTIVE for asset in found):
            raise AssertionError(found)
        row = row_of(vendor, assets, _together(groups, each, settled))
        return {**row, "requests_a_look": round(vendor.requests / len(looks), 2)}

    return story


def _together(groups: int, each: int, settled: int) -> str:
    among = f" among {settled:,} settled" if settled else ""
    return f"{groups:,} groups of {each:,}{among}" if groups > 1 else f"{each:,} of a group{among}"


def apart(count: int, *, groups: int, name: str = "volcengine") -> Any:
    """As many waits as assets, all at once."""

    async def story() -> dict[str, Any]:
        vendor = Vendor(name)
        assets = vendor.add(groups, count // groups)
        async with vendor.client() as client, trio.open_nursery() as nursery:
            for asset in assets:
                nursery.start_soon(client.wait_until_active, asset)
        return row_of(vendor, assets, f"{count:,} separate waits in {groups:,} groups")

    return story


def one_by_one(spread: float, name: str, *, count: int, after: int = 60) -> Any:
    """Single waits, one after the other, once the client has seen some."""

    async def story() -> dict[str, Any]:
        vendor = Vendor(name, spread)
        lags: list[float] = []
        async with vendor.client() as client:
            for number in range(after + count):
                if number == after:
                    vendor.requests = 0
                [asset] = vendor.add(1, 1)
                with suppress(pk.WaitTimeoutError):
                    _ = await client.wait_until_active(asset, deadline_s=900)
                    ready = vendor.world.assets[asset.id].ready_at - EPOCH
                    lags.append(trio.current_time() - ready.total_seconds() - TRIP_S)
        row = {"figure": f"one asset, spread {spread}", "vendor": name}
        return {**row, **single(fmean(lags[after:]), vendor.requests / count, spread)}

    return story


def fixed(spread: float) -> dict[str, Any]:
    """What a look every few seconds costs, by the same distribution."""
    chance = random.Random(7)  # noqa: S311
    took = [MIDDLE_S * exp(chance.gauss(0, spread)) for _ in range(20_000)]
    looks = [ceil(each / FIXED_S) for each in took]
    lag_s = fmean(look * FIXED_S - each for look, each in zip(looks, took, strict=True))
    row = {"figure": f"one asset, spread {spread}", "vendor": f"a look each {FIXED_S:.0f} s"}
    return {**row, **single(lag_s, fmean(looks), spread)}


def single(lag_s: float, requests: float, spread: float) -> dict[str, Any]:
    """The figures of single waits."""
    of_bound = round(lag_s * requests / bound(spread), 2)
    return {"requests_each": round(requests, 2), "lag_s": round(lag_s, 2), "of_bound": of_bound}


def bound(spread: float) -> float:
    """
    The least product of delay and requests that any plan of looks has, for that distribution.

    Looks whose density is the root of the chance to end just then have it: half the square of the
    integral of the root of density times share that is open.
    """
    steps, high = 20_000, MIDDLE_S * exp(6 * spread)
    total = 0.0
    for number in range(steps):
        seconds = (number + 0.5) * high / steps
        place = log(seconds / MIDDLE_S) / spread
        density = exp(-place * place / 2) / sqrt(2 * pi) / (seconds * spread)
        total += sqrt(density * erfc(place / sqrt(2)) / 2) * high / steps
    return total**2 / 2


def main() -> None:
    """Print a row for each figure."""
    options = argparse.ArgumentParser(description=__doc__)
    _ = options.add_argument("--quick", action="store_true")
    quick = options.parse_args().quick
    for spread in SPREADS:
        print(json.dumps(fixed(spread)), flush=True)
    count, many = (100, 300) if quick else (300, 1000)
    stories = [
        *(
            one_by_one(each, name, count=count)
            for name in ("volcengine", "alltoken")
            for each in SPREADS
        ),
        together(1, 100),
        together(1, many),
        together(many, 1),
        *([] if quick else [together(10_000, 1)]),
        together(1, 2, settled=1000 if quick else 10_000),
        apart(many, groups=many),
        apart(many, groups=20),
    ]
    for story in stories:
        print(json.dumps(play(story)), flush=True)


if __name__ == "__main__":
    main()
