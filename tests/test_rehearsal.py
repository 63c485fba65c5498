"""A rehearsal: time, vendors and credentials of a client's own `connect`."""

from __future__ import annotations

from datetime import UTC, datetime

import anyio
import pytest

import portraitkit as pk
from portraitkit.engine.clock import Clock
from portraitkit.limits.breakers import SHARED
from portraitkit.limits.limiter import PROCESS
from portraitkit.rehearsal import Rehearsal, current, limiter_in, rehearsing
from portraitkit.testing import VirtualTime, simulated
from portraitkit.testing.cassettes.tasktime import TaskTime
from portraitkit.testing.doubles.fakeprovider import fake_rehearsal
from portraitkit.testing.doubles.fakes import FakePortraits
from portraitkit.testing.doubles.vendors import PortraitSimulator


def test_a_default_clock_follows_the_rehearsal():
    """One that was made before it, too; afterwards it is real again."""
    clock, time = Clock(), TaskTime(datetime(2030, 1, 1, tzinfo=UTC))

    with rehearsing(Rehearsal(time=time)):
        clock.sleep(3600)
        anyio.run(clock.sleep_async, 60)
        assert (2030, 3600.0) == (clock.now().year, clock.monotonic())
        assert 0.5 == clock.jitter()
    assert abs((clock.now() - datetime.now(UTC)).total_seconds()) < 5
    clock.sleep(0)
    anyio.run(clock.sleep_async, 0)
    assert 0 <= clock.jitter() < 1
    assert clock.monotonic() != 3600.0


def test_each_task_has_its_own_time():
    """Ten that wait an hour each have waited one hour."""
    time = TaskTime()

    async def wait():
        await time.sleep_async(3600)
        assert 3600.0 == time.monotonic()

    async def main():
        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(wait)

    anyio.run(main)
    assert 0.0 == time.monotonic()


def test_a_plain_rehearsal_lets_requests_be_sent(provider):
    """Nobody answers in the vendor's place."""
    from portraitkit.wire.steps import Request

    request = Request(method="GET", url="https://api.alltoken.ai")

    assert Rehearsal().answer(provider, request) is None


def test_one_rehearsal_at_a_time():
    """Two would both speak for the world; one that fails is over as well."""
    with rehearsing(Rehearsal()) as outer:
        with pytest.raises(RuntimeError, match="another rehearsal"), rehearsing(Rehearsal()):
            pass
        assert outer is current()
    assert current() is None


def test_a_rehearsal_without_time_leaves_the_clock():
    """As while recording at a vendor."""
    with rehearsing(Rehearsal()):
        assert abs((Clock().now() - datetime.now(UTC)).total_seconds()) < 5


@pytest.fixture
def configured(tmp_path, monkeypatch):
    """Two profiles whose secrets are nowhere."""
    path = tmp_path / "portraitkit.toml"
    path.write_text(
        'profile = "main"\n'
        '[profiles.main]\nprovider = "volcengine"\naccess_key = "env:NOWHERE"\n'
        'session_token = "env:NOWHERE"\njournal = "jobs.db"\nrate_limiter = "env:NOWHERE"\n'
        '[profiles.second]\nprovider = "alltoken"\napi_key = "keyring:no/one"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("PORTRAITKIT_CONFIG", str(path))
    monkeypatch.delenv("PORTRAITKIT_PROFILE", raising=False)
    return path


def connected(**options):
    with rehearsing(Rehearsal(**options)), pk.connect() as client:
        return client.profile, client.provider


def test_credentials_are_made_up(configured):
    """Nothing is read where the profile points, and what is missing is there."""
    profile, provider = connected()

    assert "main" == profile
    assert "false-access_key-of-main" == provider.access_key.reveal()
    assert "false-secret_key-of-main" == provider.secret_key.reveal()
    assert "false-session_token-of-main" == provider.session_token.reveal()


def test_an_applications_own_credentials_are_not_used(configured):
    """Those that its code hands over are replaced, too."""
    with rehearsing(Rehearsal()), pk.connect("second", api_key="sk-real-key") as client:
        assert "false-api_key-of-second" == client.provider.api_key.reveal()


def test_real_credentials_are_read_where_a_rehearsal_says_so(configured):
    """As while recording."""
    with pytest.raises(pk.ConfigError, match="NOWHERE"):
        connected(false_credentials=False)


def test_a_vendor_is_found_among_the_profiles(configured):
    """The chosen profile if it is that vendor's, else the first one, else the bare adapter."""
    assert "main" == connected(vendor="volcengine")[0]
    assert "second" == connected(vendor="alltoken")[0]
    assert ("token360", "token360") == (
        connected(vendor="token360")[0],
        connected(vendor="token360")[1].name,
    )


def test_a_profile_may_be_named(configured):
    """It takes the place of what the file chooses, and not of what the caller names."""
    assert "second" == connected(profile="second")[0]
    with rehearsing(Rehearsal(profile="second")), pk.connect("main") as client:
        assert "main" == client.profile


def test_the_fallback_is_for_applications_without_a_configuration(configured, monkeypatch):
    """It is used nowhere else."""
    assert "main" == connected(fallback_vendor="alltoken")[0]
    monkeypatch.setenv("PORTRAITKIT_CONFIG", "")
    monkeypatch.chdir(configured.parent / "..")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/nonexistent")
    assert "alltoken" == connected(fallback_vendor="alltoken")[0]
    with pytest.raises(pk.ConfigError, match="no configuration"):
        connected()


def test_jobs_are_noted_aside(configured, tmp_path):
    """A test's jobs are not among the real ones, and no shared rate is touched."""
    from portraitkit.config.building import build

    with rehearsing(Rehearsal(journal_folder=tmp_path / "aside")):
        setup = build(None, {})
    with rehearsing(Rehearsal()):
        plain = build(None, {})

    assert tmp_path / "aside" / "jobs.db" == setup.journal
    assert configured.parent / "jobs.db" == plain.journal
    assert setup.rate_limiter is None


def test_a_provider_may_take_every_profiles_place(configured):
    """Whatever name is asked for."""
    fake = FakePortraits()
    with rehearsing(fake_rehearsal(fake)):
        names = [pk.connect(name).provider.name for name in (None, "second", "anything")]
        assert "fake" == pk.connect().profile

    assert ["fake"] * 3 == names


def test_a_transport_of_the_callers_own_is_left_alone(simulator, provider):
    """A client that has a simulator already keeps it."""
    other = PortraitSimulator()

    with rehearsing(other.rehearsal()):
        group = simulated(provider, simulator).create_group("Mia")

    assert group.id in simulator.world.groups
    assert [] == other.seen


def test_a_clock_of_the_callers_own_is_left_alone():
    """It was given on purpose."""
    own, time = VirtualTime(), TaskTime()

    with rehearsing(Rehearsal(time=time)):
        own.clock.sleep(5)

    assert (5.0, 0.0) == (own.monotonic(), time.monotonic())


def test_rates_and_circuits_of_a_rehearsal_are_its_own(provider):
    """What was counted on one test's virtual time is nothing to the next, nor to the process."""
    client = pk.Client(provider)
    circuits = client._router

    earnest = (circuits._breakers, limiter_in(PROCESS))
    with rehearsing(Rehearsal(time=TaskTime())) as first:
        during = (circuits._breakers, limiter_in(PROCESS))

    assert (SHARED, PROCESS) == earnest == (circuits._breakers, limiter_in(PROCESS))
    assert (first.breakers, first.limiter) == during
