"""Bursts of concurrent calls at simulated vendors that enforce rates, on virtual time."""

from __future__ import annotations

from functools import partial

import anyio
import trio
import trio.testing
from attrs import evolve

from portraitkit.client.client import AsyncClient
from portraitkit.engine.clock import Clock
from portraitkit.limits.limiter import ProcessLimiter
from portraitkit.limits.rates import UNLIMITED, per_second
from portraitkit.providers.volcengine import Volcengine
from portraitkit.simulators.state import EPOCH, SimAccount, World
from portraitkit.simulators.volcengine import DOCUMENTED_RATES, Variants, VolcengineSimulator
from portraitkit.values.errors import RateLimitedError
from portraitkit.values.secret import Secret
from portraitkit.values.video import VideoRequest
from portraitkit.wire.steps import Budget

ACCOUNT = SimAccount(
    name="main", api_key="sk-not-a-real-key", access_key="AKLTexample", secret_key="not-a-secret"
)
VOLCENGINE = Volcengine(
    access_key=Secret(ACCOUNT.access_key),
    secret_key=Secret(ACCOUNT.secret_key),
    api_key=Secret(ACCOUNT.api_key),
)
PICTURE = "https://example.com/mia.jpg"
ADVANCED = {**DOCUMENTED_RATES, "CreateAsset": (120, 60)}


class Line:
    """A network of 30 ms to a simulator whose clock is trio's, and a count of its refusals."""

    def __init__(self, simulator):
        self.simulator, self.refused = simulator, 0

    async def send(self, request):
        await anyio.sleep(0.015)
        clock = self.simulator.world.clock
        clock.advance(trio.current_time() - (clock() - EPOCH).total_seconds())
        response = self.simulator.handle(request)
        self.refused += response.status == 429
        await anyio.sleep(0.015)
        return response

    async def close(self):
        pass


def clock():
    return Clock(
        now=lambda: EPOCH,
        monotonic=trio.current_time,
        sleep_async=trio.sleep,
        jitter=lambda: 0.5,
    )


def burst(line, provider, limiter, act, patience_s=120.0):
    """Run *act* with a client on virtual time; returns its outcome and how long it took."""

    async def run():
        budget = Budget(patience_s=patience_s)
        async with AsyncClient(
            provider, transport=line, clock=clock(), limiter=limiter, budget=budget
        ) as client:
            found = await act(client)
            return found, trio.current_time()

    return trio.run(run, clock=trio.testing.MockClock(autojump_threshold=0))


async def together(*calls):
    """Call all at once; returns what each came to."""
    found = []

    async def one(call):
        try:
            found.append(await call())
        except Exception as error:  # noqa: BLE001  (what is counted)
            found.append(error)

    async with anyio.create_task_group() as tasks:
        for call in calls:
            tasks.start_soon(one, call)
    return found


def volcengine(rates):
    simulator = VolcengineSimulator(world=World(asset_quota=1000), variants=Variants(rates=rates))
    _ = simulator.add_account(ACCOUNT)
    return simulator


def errors_in(found):
    return [each for each in found if isinstance(each, Exception)]


async def reads_and_creates(client):
    group = await client.create_group("Mia")
    first = await client.add_asset(group, PICTURE)
    reads = [lambda: client.get_asset(first)] * 500
    creates = [lambda: client.add_asset(group, PICTURE)] * 50
    return await together(*reads, *creates)


def test_a_burst_within_the_documented_rates_is_never_refused():
    """500 reads and 50 creates at once: no 429, every call done, and not later than need be."""
    line = Line(volcengine(ADVANCED))
    found, took_s = burst(line, VOLCENGINE, ProcessLimiter(), reads_and_creates)

    assert (0, []) == (line.refused, errors_in(found))
    assert 51 == line.simulator.world.billed["main", "asset"]
    assert 5.0 < took_s < 18.0


def test_the_same_burst_without_rates_is_refused_by_the_hundreds():
    """It is the limiter that makes the difference, and not the simulator's kindness."""
    line = Line(volcengine(ADVANCED))
    unlimited = evolve(VOLCENGINE, rates=dict.fromkeys(VOLCENGINE.default_rates, UNLIMITED))
    found, _ = burst(line, unlimited, ProcessLimiter(), reads_and_creates)

    assert 500 < line.refused
    assert 0 < len(errors_in(found))


async def creates(client):
    group = await client.create_group("Mia")
    return await together(*[lambda: client.add_asset(group, PICTURE)] * 30)


def test_a_smaller_package_is_told_in_the_profile():
    """With the entry package's rate in the profile, thirty creates take their ten minutes."""
    line = Line(volcengine(DOCUMENTED_RATES))
    entry = evolve(VOLCENGINE, rates={"CreateAsset": per_second(0.05, "the entry package")})
    found, took_s = burst(line, entry, ProcessLimiter(), creates, patience_s=1000)

    assert (0, []) == (line.refused, errors_in(found))
    assert 29 * 20 <= took_s < 29 * 20 + 5


async def many_videos(client, **options):
    request = VideoRequest(prompt="a smile", duration_s=5)
    return await together(*[lambda: client.create_video(request, **options)] * 500)


def test_many_videos_at_once_wait_their_turn():
    """180 a minute are allowed: the last is sent after two and a half, and none has failed."""
    line = Line(volcengine(DOCUMENTED_RATES))
    found, took_s = burst(line, VOLCENGINE, ProcessLimiter(), many_videos)

    assert (0, []) == (line.refused, errors_in(found))
    assert 500 == len({each.id for each in found}) == line.simulator.world.billed["main", "video"]
    assert 140 < took_s < 200


def test_how_long_a_video_waits_for_its_turn_is_named_by_the_call():
    """Those whose turn would come later are refused at once, and nothing of them was sent."""
    line = Line(volcengine(DOCUMENTED_RATES))
    act = partial(many_videos, patience_s=60)
    found, took_s = burst(line, VOLCENGINE, ProcessLimiter(), act)

    refused = errors_in(found)
    assert {RateLimitedError} == {type(each) for each in refused}
    assert 500 == len(refused) + line.simulator.world.billed["main", "video"]
    assert 200 < len(refused) < 350
    assert took_s < 62
