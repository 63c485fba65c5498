"""`portrait_simulator` and `fake_portraits` in the tests of a small application."""

from __future__ import annotations

import pytest


def test_a_simulator_answers_the_applications_own_client(run):
    """No configuration, no key; what was billed can be counted."""
    run(
        test_shop="""
def test_films(portrait_simulator):
    video = shop.film(shop.register("Mia"))
    assert video.status is pk.VideoStatus.SUCCEEDED
    assert portrait_simulator.billed == {"asset": 1, "video": 1}
    assert len(portrait_simulator.seen) > 5
"""
    ).assert_outcomes(passed=1)


@pytest.mark.parametrize("vendor", ["alltoken", "token360", "volcengine", "apiyi", "xcompute"])
def test_every_vendor_can_be_simulated(run, vendor):
    """The marker chooses; the credentials are made up, signatures included."""
    run(
        test_shop=f"""
@pytest.mark.portrait_simulator("{vendor}")
def test_lists(portrait_simulator):
    with pk.connect() as client:
        assert client.provider.name == "{vendor}"
        if client.supports("list_groups"):
            assert list(client.list_groups()) == []
        else:
            assert client.create_group("Mia")
"""
    ).assert_outcomes(passed=1)


def test_the_applications_own_profile_decides(run, shop):
    """Its vendor, address and settings count; its secrets are not read."""
    shop.makefile(
        ".toml",
        portraitkit='profile = "main"\n[profiles.main]\nprovider = "token360"\n'
        'api_key = "env:NOWHERE"\nbase_url = "https://moved.example"\njournal = "jobs.db"\n'
        'rate_limiter = "env:NOWHERE"\n',
    )

    run(
        test_shop="""
def test_where(portrait_simulator):
    with pk.connect() as client:
        assert (client.profile, client.provider.name) == ("main", "token360")
        assert client.provider.base_url == "https://moved.example"
        assert client.create_group("Mia").provider == "token360"
"""
    ).assert_outcomes(passed=1)


def test_knobs(run):
    """Scan, review, quota, prompt, speed: each changes what the application meets."""
    result = run(
        test_shop="""
def test_scan_approved(portrait_simulator):
    portrait_simulator.approve_scan(after_s=60)
    assert shop.verify("Ann").kind is pk.GroupKind.REAL_PERSON

def test_scan_refused(portrait_simulator):
    portrait_simulator.refuse_scan()
    with pytest.raises((pk.VerificationFailedError, pk.WaitTimeoutError)):
        shop.verify("Ann")

def test_scan_ignored(portrait_simulator):
    portrait_simulator.ignore_scan()
    with pytest.raises(pk.VerificationFailedError):
        shop.verify("Ann")

def test_asset_rejected(portrait_simulator):
    portrait_simulator.reject_asset("front")
    with pytest.raises(pk.AssetFailedError) as caught:
        shop.register("Mia")
    assert caught.value.code == "FaceMismatch"

def test_video_failed(portrait_simulator):
    portrait_simulator.fail_video("dragon")
    with pytest.raises(pk.VideoFailedError):
        shop.film(shop.register("Mia"), prompt="{mia} and a dragon")

@pytest.mark.parametrize("what", ["groups", "assets"])
def test_full(portrait_simulator, what):
    portrait_simulator.fill_quota(groups=what == "groups", assets=what == "assets")
    with pytest.raises(pk.QuotaExceededError):
        shop.register("Mia")

def test_slow(portrait_simulator):
    start = portrait_simulator.clock()
    shop.register("Mia")
    quick = portrait_simulator.clock() - start
    portrait_simulator.slow_down(10)
    shop.register("Mia")
    assert portrait_simulator.clock() - start > 5 * quick
"""
    )

    result.assert_outcomes(passed=8)


def test_faults_before_and_after_acting(run):
    """A lost create is uncertain; the vendor has billed it only where it had acted."""
    result = run(
        test_shop="""
def is_video(request):
    return request.url.endswith("/videos/generations")

@pytest.mark.parametrize("acted", [False, True])
def test_lost(portrait_simulator, acted):
    asset = shop.register("Mia")
    portrait_simulator.fail_next(acted=acted, when=is_video)
    with pytest.raises(pk.OutcomeUnknownError):
        shop.film(asset)
    assert portrait_simulator.billed["video"] == acted

def test_refused(portrait_simulator):
    portrait_simulator.refuse_next(401)
    with pytest.raises(pk.ProviderError) as caught:
        shop.register("Mia")
    assert caught.value.status == 401

def test_a_read_is_repeated(portrait_simulator):
    portrait_simulator.fail_next(acted=False, times=2, when=lambda r: "GetAsset" in r.target)
    assert shop.register("Mia").status is pk.AssetStatus.ACTIVE
"""
    )

    result.assert_outcomes(passed=4)


def test_an_unknown_vendor_says_which_there_are(run):
    """One line, with the names."""
    result = run(
        test_shop="""
@pytest.mark.portrait_simulator("alltokn")
def test_it(portrait_simulator):
    pass
"""
    )

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*no simulator of 'alltokn'*one of agentsflare, alltoken*"])


def test_a_client_made_before_the_test_is_led_there_too(run):
    """An application that connects when it is imported needs no change."""
    run(
        test_shop="""
client = pk.connect("alltoken", api_key="sk-not-a-real-key")

def test_early(portrait_simulator):
    group = client.create_group("Mia")
    asset = client.wait_until_active(client.add_asset(group, shop.PICTURE))
    assert asset.status is pk.AssetStatus.ACTIVE
"""
    ).assert_outcomes(passed=1)


def test_async_applications_are_led_there(run):
    """Under asyncio and trio, and several tasks at once."""
    run(
        test_shop="""
import anyio

@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
@pytest.mark.parametrize("fixture", ["portrait_simulator", "fake_portraits"])
async def test_registers(request, fixture, anyio_backend):
    request.getfixturevalue(fixture)
    async with anyio.create_task_group() as group:
        for number in range(5):
            group.start_soon(shop.register_async, f"Mia {number}")
"""
    ).assert_outcomes(passed=4)


@pytest.mark.parametrize("fixture", ["portrait_simulator", "fake_portraits", "portrait_cassette"])
def test_other_traffic_is_a_failure(run, fixture):
    """It is stopped at the socket, and an application that swallows it fails all the same."""
    result = run(
        "--portrait-record=once",
        "--portrait-profile=simulator:alltoken",
        test_shop=f"""
import socket
import urllib.request

def test_leaks({fixture}):
    try:
        urllib.request.urlopen("https://api.alltoken.ai/v1?token=SECRET")
    except Exception:
        pass

def test_is_over():
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", 9), timeout=0.1)
""",
    )

    in_teardown = fixture == "portrait_cassette"  # a recording ends after all fixtures
    result.assert_outcomes(
        **{"passed": 2, "errors": 1} if in_teardown else {"passed": 1, "failed": 1}
    )
    result.stdout.fnmatch_lines(["*tried to reach api.alltoken.ai, past portraitkit's*"])
    result.stdout.no_fnmatch_line("E *SECRET*")


@pytest.mark.parametrize("fixture", ["portrait_simulator", "fake_portraits", "portrait_cassette"])
def test_other_traffic_of_a_unittest_is_a_failure(run, fixture):
    """Where no test function is called, the fixture's end tells of what was tried."""
    result = run(
        "--portrait-record=once",
        "--portrait-profile=simulator:alltoken",
        test_shop=f"""
import unittest
import urllib.request

@pytest.mark.usefixtures("{fixture}")
class TestShop(unittest.TestCase):
    def test_leaks(self):
        try:
            urllib.request.urlopen("https://api.alltoken.ai/v1")
        except Exception:
            pass
""",
    )

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*tried to reach api.alltoken.ai, past portraitkit's*"])


def test_fakes_need_no_vendor(run):
    """All operations work at once; own ids; what was asked can be looked at."""
    run(
        test_shop="""
def test_fake(fake_portraits, tmp_path):
    asset = shop.register("Mia")
    video = shop.film(asset, prompt="{mia} waves")
    assert fake_portraits.requests[0].prompt == "{mia} waves"
    assert (asset.id, video.id) == ("asset-fake-0002", "video-fake-0003")
    with pk.connect() as client:
        path = client.download_video(video, tmp_path / "mia.mp4")
    assert path.read_bytes() == fake_portraits.video
    assert shop.verify("Ann").name == "Ann"

def test_scripted(fake_portraits):
    fake_portraits.asset_statuses = (pk.AssetStatus.PROCESSING, pk.AssetStatus.FAILED)
    with pytest.raises(pk.AssetFailedError):
        shop.register("Mia")
"""
    ).assert_outcomes(passed=2)


def test_a_run_without_the_fixtures_is_left_alone(shop):
    """The plugin loads nothing of portraitkit but the barrier, no vcrpy and no HTTP library."""
    shop.makepyfile(
        test_plain="""
import sys

def test_plain():
    loaded = {name for name in sys.modules if name.startswith("portraitkit.")}
    assert {"portraitkit.testing", "portraitkit.testing.plugin"} < loaded
    assert loaded - {"portraitkit.testing", "portraitkit.testing.plugin"} == {
        "portraitkit.engine", "portraitkit.engine.barrier",
        "portraitkit.values", "portraitkit.values.loading",
    }
    assert not {"httpx", "vcr", "stamina", "attrs"} & set(sys.modules)
"""
    )

    result = shop.runpytest_subprocess("-p", "no:anyio", "-p", "no:hypothesispytest")

    result.assert_outcomes(passed=1)


def test_the_markers_are_known(run):
    """A project with strict markers can use them."""
    result = run("--markers")

    result.stdout.fnmatch_lines(
        ["@pytest.mark.portrait_cassette(name,*", "@pytest.mark.portrait_simulator(vendor)*"]
    )
