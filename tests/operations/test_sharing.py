"""Waiting together: one list for all that are due, told to each, never dearer than one by one."""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import timedelta
from functools import partial

import pytest
import trio
import trio.testing

from portraitkit.client.client import AsyncClient
from portraitkit.engine.clock import Clock
from portraitkit.engine.response_body import TransportError
from portraitkit.simulators.state import EPOCH
from portraitkit.testing import answer
from portraitkit.values.errors import AssetFailedError, PortraitError, WaitTimeoutError
from portraitkit.values.models import Asset
from portraitkit.values.remarks import Outcome
from portraitkit.values.statuses import AssetStatus, GroupKind
from vendors import FACE, KEYS, PICTURE, judged, provider_of

TRIP_S = 0.1
ACTIONS = ["alltoken", "apiyi", "byteplus", "volcengine"]
"""Vendors whose lists take several groups."""
LISTING = [each for each in KEYS if provider_of(each).supports("list_assets")]


class Stage:
    """A vendor in trio's virtual time, and a client of it."""

    def __init__(self, way, *, lose=0.0, seed=1):
        self.vendor = judged(way)
        self.world = self.vendor.world
        self.world.clock = lambda: EPOCH + timedelta(seconds=trio.current_time())
        self.world.group_quota = self.world.asset_quota = 10**6
        self.provider = provider_of(way)
        self.front = lambda request: None
        self.lose = lose
        self.random = random.Random(seed)
        self.asked = Counter()
        clock = Clock(
            now=self.world.now,
            monotonic=trio.current_time,
            sleep_async=trio.sleep,
            jitter=lambda: 0.5,
        )
        self.client = AsyncClient(self.provider, transport=self, clock=clock)

    async def send(self, request):
        self.asked[request.family] += 1
        await trio.sleep(TRIP_S / 2)
        if self.random.random() < self.lose:
            raise TransportError(Outcome.UNKNOWN, "reset")
        given = self.front(request) or self.vendor.handle(request)
        await trio.sleep(TRIP_S / 2)
        return given

    async def close(self):
        pass

    @property
    def requests(self):
        return self.asked.total()

    async def add(self, group):
        source = FACE if self.client.supports("add_upload") else PICTURE
        return await self.client.add_asset(group, source)

    def known(self, groups, each, *, ready_s=13.0, settled=0):
        """Put assets under review into the vendor's memory, without asking."""
        if groups * each >= 100:  # what few assets' lists are held to is not judged for many
            self.vendor = self.vendor.simulator
        [account] = self.world.accounts.values()
        named = {"provider": self.provider.name, "account": self.provider.account}
        made = []
        for number in range(groups):
            group = self.world.add_group(account, f"group-20260102030405-{number:05x}", "x")
            for place in range(settled + each):
                name, key = f"{number}-{place}", self.world.new_id("asset")
                asset = self.world.add_asset(group, key, name=name, media="Image", url=PICTURE)
                asset.ready_at = self.world.now() + timedelta(seconds=ready_s)
                if place < settled:
                    asset.created_at = asset.ready_at = self.world.now() - timedelta(days=1)
                    continue
                kind = {"group_kind": GroupKind.VIRTUAL, "status": AssetStatus.PROCESSING}
                made.append(Asset(**named, **kind, id=key, group_id=group.id))
        return made

    def status_s(self, number):
        """What the vendor says of the asset that was added as this one, and from when on."""
        mine = [*self.world.assets.values()][number]
        return mine.status(self.world.now()), (mine.ready_at - EPOCH).total_seconds()


def virtually(story, *args):
    return trio.run(story, *args, clock=trio.testing.MockClock(autojump_threshold=0))


# -- each is told the truth ------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("way", KEYS)
def test_each_wait_ends_with_its_own_asset_as_the_vendor_has_it(way, seed):
    """Whoever lists, and whatever is lost on the way: none misses an end, or is told another's."""
    done = {}

    async def wait(stage, assets, scope, delay_s):
        await trio.sleep(delay_s)
        with scope:
            given = assets if len(assets) > 1 else assets[0]
            try:
                found = await stage.client.wait_until_active(given)
            except AssetFailedError as error:
                found = error.result
            for asset, each in zip(assets, found if len(assets) > 1 else [found], strict=True):
                done[asset.handle] = each, trio.current_time()

    async def story():
        stage = Stage(way, seed=seed)
        groups = [await stage.client.create_group(name) for name in ("Mia", "Ann", "Eva")]
        made = [await stage.add(groups[number % 3]) for number in range(12)]
        for each in stage.world.assets.values():
            each.ready_at = each.created_at + timedelta(seconds=stage.random.lognormvariate(2.5, 1))
            each.failure = ("FaceBlurred", "blur") if stage.random.random() < 0.2 else None
        stage.lose = 0.1
        given_up = trio.CancelScope()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait, stage, made[:1], given_up, 0.0)
            for each in made[1:7]:
                scope, delay_s = trio.CancelScope(), stage.random.random() * 5
                nursery.start_soon(wait, stage, [each], scope, delay_s)
            nursery.start_soon(wait, stage, made[7:], trio.CancelScope(), 1.0)
            await trio.sleep(stage.random.random() * 9)
            given_up.cancel()
        for number, asset in enumerate(made[1:], 1):
            found, at_s = done[asset.handle]
            word, ready_s = stage.status_s(number)
            assert word == found.status.value.title()
            assert at_s >= ready_s
            assert asset.id in (None, found.id)
            assert asset.group_id in (None, found.group_id)
        assert len({each.id for each, _ in done.values()}) == len(done)

    virtually(story)


@pytest.mark.parametrize("way", ["alltoken", "token360"])
def test_deadlines_are_kept_whoever_lists(way):
    """Each wait ends within its own deadline, and looks in its last second."""
    ends = {}

    async def wait(stage, asset, deadline_s):
        with pytest.raises(WaitTimeoutError) as caught:
            await stage.client.wait_until_active(asset, deadline_s=deadline_s)
        assert asset.handle == caught.value.handle
        ends[deadline_s] = trio.current_time()

    async def story():
        stage = Stage(way)
        group = await stage.client.create_group("Mia")
        made = [await stage.add(group) for _ in range(30)]
        for each in stage.world.assets.values():
            each.ready_at += timedelta(hours=1)
        begun_s = trio.current_time()
        async with trio.open_nursery() as nursery:
            for number, each in enumerate(made):
                nursery.start_soon(wait, stage, each, 5.0 + number / 3)
        for deadline_s, end_s in ends.items():
            assert deadline_s - 1.001 <= end_s - begun_s <= deadline_s

    virtually(story)


def test_an_end_just_before_the_deadline_is_seen_by_all():
    """The last look is everybody's own, also where all have the same deadline."""

    async def story():
        stage = Stage("alltoken")
        assets = stage.known(3, 10, ready_s=18.9)
        async with trio.open_nursery() as nursery:
            for each in assets:
                nursery.start_soon(partial(stage.client.wait_until_active, each, deadline_s=20.0))
        assert trio.current_time() <= 20
        return stage.requests

    assert virtually(story) <= 30 * 6


# -- what is asked ---------------------------------------------------------------------------------

COUNTS = {
    (1, 1, 0): (3, 0),
    (1, 2, 10_000): (0, 1),
    (1, 100, 0): (0, 1),
    (1, 250, 0): (0, 3),
    (100, 1, 0): (0, 1),
    (250, 1, 0): (0, 3),
    (3, 2, 50): (0, 1),
}
"""Groups, assets that are waited for in each, and settled ones: reads and pages of one look."""


@pytest.mark.parametrize("several", [True, False], ids=["one wait", "a wait for each"])
@pytest.mark.parametrize(("groups", "each", "settled"), COUNTS)
def test_a_look_at_so_many_costs_so_many_requests(groups, each, settled, several):
    """By list where one page tells of more than one, whatever else is in the groups."""
    reads, pages = COUNTS[groups, each, settled]

    async def story():
        stage = Stage("alltoken")
        assets = stage.known(groups, each, ready_s=6, settled=min(settled, 1000))
        looks = Counter()

        async def wait(given):
            await stage.client.wait_until_active(
                given, on_event=lambda event: looks.update([event.look])
            )

        async with trio.open_nursery() as nursery:
            for given in [assets] if several and len(assets) > 1 else assets:
                nursery.start_soon(wait, given)
        return stage.asked, max(looks)

    asked, looks = virtually(story)
    if reads:
        assert {"GetAsset": looks} == dict(asked)
    else:
        assert {"ListAssets"} == set(asked)
        assert asked["ListAssets"] <= pages * looks


@pytest.mark.parametrize(
    "way", [each for each in KEYS if provider_of(each).supports("list_assets")]
)
def test_lists_that_tell_nothing_cost_little(way):
    """What no list names is read by itself, and its list is asked for ever more seldom."""

    async def story():
        stage = Stage(way)
        stage.world.list_lag_s = 10**6
        group = await stage.client.create_group("Mia")
        made = [await stage.add(group) for _ in range(10)]
        before, looks = stage.requests, Counter()
        found = await stage.client.wait_until_active(
            made, on_event=lambda event: looks.update([event.look])
        )
        assert {AssetStatus.ACTIVE} == {each.status for each in found}
        assert stage.requests - before <= len(looks) * 10 + 6

    virtually(story)


def refuse_lists(most, *, code="InvalidParameter", status=400):
    """A front that refuses lists of more groups than it takes."""

    def front(request):
        if dict(request.query).get("Action") != "ListAssets":
            return None
        asked = json.loads(request.content)["Filter"]["GroupIds"]
        if len(asked) <= most:
            return None
        body = {"ResponseMetadata": {"Error": {"Code": code, "Message": "too many"}}}
        return answer(body, status=status)

    return front


@pytest.mark.parametrize(("most", "refused"), [(100, 0), (10, 1), (1, 2), (0, 2)])
@pytest.mark.parametrize("way", ACTIONS)
def test_a_vendor_that_takes_fewer_groups_at_once_is_asked_for_fewer(way, most, refused):
    """It is assumed that a filter takes 100 ids: ten, then one, if that is refused."""

    async def story():
        stage = Stage(way)
        stage.front = refuse_lists(most)
        found = await stage.client.wait_until_active(stage.known(100, 1, ready_s=12))
        assert {AssetStatus.ACTIVE} == {each.status for each in found}
        return stage.asked

    asked = virtually(story)
    if most > 1:
        assert (refused > 0) * 100 == asked["GetAsset"]
    else:
        assert refused == asked["ListAssets"]


@pytest.mark.parametrize(("code", "status"), [("AccessDenied", 403), ("Forbidden", 403)])
def test_an_account_that_may_not_list_waits_one_by_one(code, status):
    """What is denied is no reason to take anything for gone."""

    async def story():
        stage = Stage("volcengine")
        stage.front = refuse_lists(0, code=code, status=status)
        found = await stage.client.wait_until_active(stage.known(5, 2))
        assert {AssetStatus.ACTIVE} == {each.status for each in found}
        assert stage.asked["ListAssets"] <= 4

    virtually(story)


def test_one_group_that_is_gone_does_not_cost_the_others():
    """It is found by halves; its assets are FAILED, and the others' ends are told."""
    gone = "group-20260102030405-00011"

    def front(request):
        body = json.loads(request.content or b"{}")
        if gone in body.get("Filter", {}).get("GroupIds", ()):
            error = {"Code": "NotFound.GroupId", "Message": "no such group"}
            return answer({"ResponseMetadata": {"Error": error}}, status=404)
        return None

    async def story():
        stage = Stage("volcengine")
        assets = stage.known(30, 2, ready_s=30)
        stage.world.delete_group(gone)
        stage.front = front
        found = await stage.client.wait_until_active(assets)
        lost = {each.group_id for each in found if each.status is AssetStatus.FAILED}
        assert {gone} == lost
        assert 58 == sum(each.status is AssetStatus.ACTIVE for each in found)
        assert stage.asked["GetAsset"] <= 20

    virtually(story)


def test_whoever_lists_and_is_given_up_holds_nobody():
    """The next one lists in its place."""

    async def story():
        stage = Stage("volcengine")
        assets = stage.known(120, 1, ready_s=16)
        scopes = {each.handle: trio.CancelScope() for each in assets}
        told = {}

        async def wait(asset):
            with scopes[asset.handle]:
                told[asset.handle] = await stage.client.wait_until_active(asset)

        async with trio.open_nursery() as nursery:
            for each in assets:
                nursery.start_soon(wait, each)
            await trio.sleep(10.05)  # in the midst of the first list
            scopes[assets[0].handle].cancel()
        assert 119 == len(told)
        assert trio.current_time() < 22

    virtually(story)


def test_one_error_of_one_wait_is_not_the_others():
    """What only one of them is refused for ends that one alone."""

    async def story():
        stage = Stage("volcengine")
        assets = stage.known(4, 1)
        del stage.world.assets[assets[0].id]
        ends = {}

        async def wait(asset):
            try:
                ends[asset.id] = (await stage.client.wait_until_active(asset)).status
            except PortraitError as error:
                ends[asset.id] = type(error).__name__

        async with trio.open_nursery() as nursery:
            for each in assets:
                nursery.start_soon(wait, each)
        active = dict.fromkeys([each.id for each in assets[1:]], AssetStatus.ACTIVE)
        assert {assets[0].id: "NotFoundError", **active} == ends

    virtually(story)


def test_nothing_is_kept_of_waits_that_have_ended():
    """A client that has waited for many remembers none of them."""

    async def story():
        stage = Stage("volcengine")
        assets = stage.known(20, 2)
        await stage.client.wait_until_active(assets)
        [account] = stage.client.driver._shared.values()
        kept = (account._waiting, account._group_of, account._seen, account._kinds, account._walked)
        assert [0] * 5 == [len(each) for each in kept]

    virtually(story)


def test_many_bare_ids_are_listed_together_once_their_groups_are_known():
    """They are read one by one at first, which tells their groups."""

    async def story():
        stage = Stage("volcengine")
        assets = stage.known(1, 50, ready_s=20)
        await stage.client.wait_until_active([each.handle for each in assets])
        return stage.asked

    asked = virtually(story)
    assert 50 == asked["GetAsset"]
    assert asked["ListAssets"] <= 30


def test_a_look_without_any_time_lists_all_the_same():
    """Many are not read one by one because the deadline is now."""

    async def story():
        stage = Stage("volcengine")
        with pytest.raises(WaitTimeoutError):
            await stage.client.wait_until_active(stage.known(2, 20), deadline_s=0)
        return stage.asked

    assert {"ListAssets": 1} == dict(virtually(story))


def test_a_refusal_has_its_reason_also_where_the_list_gives_none():
    """The asset is read by itself, once."""

    def front(request):
        if dict(request.query).get("Action") != "ListAssets":
            return None
        given = stages[0].vendor.handle(request)
        body = json.loads(given.content)
        for row in body["Result"]["Items"]:
            row.pop("Error", None)
        return answer(body)

    stages = []

    async def story():
        stage = Stage("volcengine")
        stages.append(stage)
        assets = stage.known(1, 3)
        refused = stage.world.assets[assets[1].id]
        refused.failure = ("FaceBlurred", "blur")
        stage.front = front
        found = await stage.client.wait_until_active(assets)
        assert "FaceBlurred" == found[1].failure.code
        assert 1 == stage.asked["GetAsset"]

    virtually(story)
