"""The account's rates under all three drivers: waiting, telling, deadlines, holds."""

from __future__ import annotations

import itertools
import logging
import time
import uuid

import anyio
import pytest
from attrs import evolve

from portraitkit.client.client import AsyncClient, Client
from portraitkit.engine.transport import TransportError
from portraitkit.limits.limiter import PROCESS, ProcessLimiter, QueueFullError, Reservation
from portraitkit.limits.rates import Rate
from portraitkit.providers.alltoken import AllToken
from portraitkit.testing import VirtualTime, answer, simulated
from portraitkit.testing.doubles.replaying import NOW
from portraitkit.values import errors
from portraitkit.values.remarks import Outcome
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import AssetStatus
from portraitkit.wire.steps import Budget, pause, within

ASSET_ID = "asset-20260318035710-abcde"
ACTIVE = answer({"Result": {"Id": ASSET_ID, "Status": "Active"}})
CREATED = answer({"Result": {"Id": "group-20260318035710-abcde"}})
NOT_SENT = TransportError(Outcome.NOT_SENT, "cannot connect")
EVERY_2_S = Rate(most=1, window_s=2.0, source="this test")


def read(provider):
    return provider.get_asset(ASSET_ID)


def times(number):
    def story(provider):
        found = [(yield from read(provider))]
        while len(found) < number:
            found.append((yield from read(provider)))
        return found

    return story


def refused(**headers):
    error = {"Code": "FlowLimitExceeded", "Message": "Request was rejected by flow control."}
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return answer({"ResponseMetadata": {"Error": error}}, 429, headers=named)


@pytest.fixture
def paced(provider):
    """AllToken, whose GetAsset goes every two seconds."""
    return evolve(provider, rates={"GetAsset": EVERY_2_S})


def near(*seconds):
    return pytest.approx(list(seconds), abs=0.001)


def test_what_is_too_early_waits(script, paced, caplog):
    """The second and third request go when the account's rate has room, and say what it cost."""
    vendor = script(ACTIVE, ACTIVE, ACTIVE, provider=paced)
    with caplog.at_level(logging.INFO, "portraitkit"):
        first, second, third = vendor.run(times(3))

    assert near(0.0, 2.0, 4.0) == vendor.times_s
    assert near(0.0, 2.0, 2.0) == [each.raw.limited_s for each in (first, second, third)]
    assert [
        ("INFO", "alltoken: waiting 2.00 s, as the account may send no more of GetAsset now")
    ] * 2 == [(each.levelname, each.getMessage()) for each in caplog.records]


def test_other_families_go_meanwhile(script, paced):
    """One family that is used up holds up no other."""
    vendor = script(ACTIVE, CREATED, provider=paced)

    def story(provider):
        _ = yield from read(provider)
        return (yield from provider.create_group("Mia"))

    _ = vendor.run(story)

    assert [0.0, 0.0] == vendor.times_s


def test_each_attempt_has_its_turn(script, paced):
    """A retry is a request like any other, and is told apart in the list of attempts."""
    vendor = script(NOT_SENT, NOT_SENT, ACTIVE, provider=paced)

    found = vendor.run(read)

    assert near(0.0, 2.0, 4.0) == vendor.times_s
    assert near(0.0, 1.5) == [each.limited_s for each in found.raw.attempts]
    assert pytest.approx(1.5 + 1.0, abs=0.001) == found.raw.limited_s


@pytest.mark.parametrize(("patience_s", "deadline_s"), [(120.0, 1.5), (1.0, 1000.0)])
def test_a_turn_that_comes_too_late_is_an_error_before_anything_is_sent(
    script, paced, patience_s, deadline_s
):
    """With less time or patience than the wait, nothing is sent; the error says when to come."""
    vendor = script(ACTIVE, provider=paced, budget=Budget(patience_s=patience_s))

    def story(provider):
        _ = yield from read(provider)
        now_s = yield from pause()
        return (yield from within(read(provider), now_s + deadline_s))

    with pytest.raises(errors.RateLimitedError) as caught:
        vendor.run(story)
    error = caught.value

    assert [0.0] == vendor.times_s
    assert pytest.approx(2.0) == error.retry_after_s
    assert ("alltoken", None, ()) == (error.provider, error.status, error.attempts)
    assert "account's own rate of GetAsset is used up: nothing was sent" in str(error)
    assert "call again in 2.0 s" in error.next_step


def test_a_wait_rides_it_out(script, paced):
    """Waiting for an asset goes on while its looks have no turn, until one has."""
    vendor = script(
        ACTIVE,
        ACTIVE,
        provider=evolve(paced, rates={"GetAsset": evolve(EVERY_2_S, window_s=9)}),
        budget=Budget(patience_s=1.0),
    )

    def story(provider):
        _ = yield from read(provider)
        return (yield from provider.wait_until_active(ASSET_ID))

    found = vendor.run(story)

    assert AssetStatus.ACTIVE is found.status
    assert 9.0 <= vendor.times_s[1] < 12.1


SENSELESS = ["", "soon", "-5", "nan", "inf", "0"]


@pytest.mark.parametrize(
    ("headers", "hold_s", "retried_s"),
    [
        ({"retry_after": "7"}, 7.0, 7.0),
        ({"x_ratelimit_reset": "7"}, 7.0, 7.0),
        ({"x_ratelimit_reset": str(NOW.timestamp() + 7)}, 7.0, 7.0),
        ({"x_ratelimit_reset": str(int(NOW.timestamp() + 7) * 1000)}, 7.0, 7.0),
        ({"retry_after": "7", "x_ratelimit_reset": "90"}, 7.0, 7.0),
        ({}, 0.0, 0.5),
        *(({"x_ratelimit_reset": text}, 0.0, 0.5) for text in SENSELESS),
    ],
)
def test_a_refusal_holds_all_of_the_account_if_it_says_for_how_long(
    script, provider, headers, hold_s, retried_s
):
    """Others wait for the moment that the vendor named to one; else that one alone backs off."""
    limiter = ProcessLimiter()
    vendor = script(refused(**headers), ACTIVE, provider=provider, limiter=limiter)
    _ = vendor.run(read)
    key = ("alltoken", provider.account, "GetAsset")
    other = limiter.reserve(key, provider.rate("GetAsset"), now_s=0.6, within_s=60)

    assert pytest.approx(retried_s, abs=0.01) == vendor.times_s[1]
    assert pytest.approx(max(0.6, hold_s), abs=0.1) == other.due_s


def test_a_hold_beyond_patience_ends_the_attempts(script):
    """The vendor's refusal stands where the next attempt would come too late."""
    vendor = script(refused(x_ratelimit_reset="90"), budget=Budget(patience_s=60))
    with pytest.raises(errors.RateLimitedError) as caught:
        vendor.run(read)

    assert 1 == len(vendor.sent)
    assert (429, "FlowLimitExceeded", 1) == (
        caught.value.status,
        caught.value.code,
        len(caught.value.attempts),
    )


def test_a_day_holds_nobody(script):
    """One gateway's odd word must not close a family for hours: who comes next asks the vendor."""
    vendor = script(refused(retry_after="86400"), ACTIVE)

    def story(provider):
        try:
            yield from read(provider)
        except errors.RateLimitedError as error:
            asked_s = error.retry_after_s
        return asked_s, (yield from read(provider))

    asked_s, found = vendor.run(story)

    assert 86400 == asked_s
    assert AssetStatus.ACTIVE is found.status
    assert vendor.times_s[1] < 1


def test_a_lost_connection_stands_where_no_turn_is_left(script, paced):
    """If the second attempt has no turn in time, the first one's fault is told."""
    vendor = script(NOT_SENT, provider=paced, budget=Budget(patience_s=0.6))
    with pytest.raises(errors.ConnectionFailedError, match="cannot connect"):
        vendor.run(read)

    assert 1 == len(vendor.sent)


def test_a_client_sums_up_what_its_requests_waited(simulator, provider):
    """Time lost to rates can be taken off a comparison of vendors."""
    client = simulated(evolve(provider, rates={"CreateAssetGroup": EVERY_2_S}), simulator)
    for name in ("Mia", "Ann", "Kim"):
        _ = client.create_group(name)

    assert pytest.approx(4.0, abs=0.001) == client.limited_s


# -- who shares ------------------------------------------------------------------------------------


class Vendor:
    """A transport that answers at once, and keeps the times when it was asked."""

    def __init__(self):
        self.times_s = []

    def send(self, request):
        self.times_s.append(time.monotonic())
        return ACTIVE

    def close(self):
        pass


class AsyncVendor(Vendor):
    async def send(self, request):
        return Vendor.send(self, request)

    async def close(self):
        pass


def test_blocking_and_asynchronous_clients_share(pair):
    """A blocking client, asyncio and trio get one turn each, of a process or through a Redis."""
    rates = {"GetAsset": Rate(most=1, window_s=0.2)}
    account = AllToken(api_key=Secret(f"sk-{uuid.uuid4().hex}"), rates=rates)
    vendor, awaited = Vendor(), AsyncVendor()

    async def run():
        async with AsyncClient(account, transport=awaited, limiter=pair[1]) as client:
            return (await client.get_asset(ASSET_ID)).raw.limited_s

    with Client(account, transport=vendor, limiter=pair[0]) as client:
        _ = client.get_asset(ASSET_ID)
    limited_s = [anyio.run(run, backend="asyncio"), anyio.run(run, backend="trio")]
    times_s = vendor.times_s + awaited.times_s

    assert all(each > 0 for each in limited_s)
    assert all(later - sooner >= 0.19 for sooner, later in itertools.pairwise(times_s))


def test_clients_on_real_time_share_one_limiter(paced):
    """All clients of the process have the same, but for those on a clock of their own."""
    clients = [Client(paced), AsyncClient(paced, transport=AsyncVendor())]
    others = [Client(paced, clock=VirtualTime().clock) for _ in range(2)]

    assert [PROCESS] * 2 == [each.driver._limiter for each in clients]
    assert PROCESS not in [each.driver._limiter for each in others]
    assert others[0].driver._limiter is not others[1].driver._limiter


class Far:
    """A limiter that is asked over a network: it must not be asked on an event loop."""

    blocks = True

    def __init__(self):
        self.asked = []

    def reserve(self, key, rate, *, now_s, within_s):
        self._note("reserve")
        return Reservation(key=key, rate=rate, due_s=now_s + 1.0)

    def wait_s(self, reservation, *, now_s, within_s):
        self._note("wait_s")
        if within_s < 0.5:
            raise QueueFullError(1.0)
        return max(0.0, reservation.due_s - now_s)

    def hold(self, reservation, *, now_s, hold_s):
        self._note("hold")

    def _note(self, what):
        try:
            _ = anyio.get_current_task()
        except Exception:  # noqa: BLE001  (which one depends on the library)
            self.asked.append(what)
        else:
            self.asked.append(f"{what} on the loop")


def test_a_far_limiter_is_asked_off_the_loop(script):
    """Event loops go on while a limiter is asked over a network."""
    far = Far()
    vendor = script(refused(retry_after="1"), ACTIVE, limiter=far)
    _ = vendor.run(read)

    assert ["reserve", "wait_s", "wait_s", "hold", "reserve", "wait_s", "wait_s"] == far.asked
    assert near(1.0, 3.0) == vendor.times_s
