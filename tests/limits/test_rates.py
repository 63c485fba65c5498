"""Rates as data: what the tables say, what adapters count, what profiles and documents show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import portraitkit as pk
from portraitkit.config.profiles import Profile
from portraitkit.limits.rates import Rate, family_of, per_second
from portraitkit.providers.registry import provider_class
from portraitkit.providers.volcengine import Volcengine
from portraitkit.simulators.__main__ import ACCOUNT, load
from portraitkit.simulators.volcengine import DOCUMENTED_RATES
from portraitkit.testing import simulated
from portraitkit.values import errors
from portraitkit.values.secret import Secret
from scenario_steps import Steps
from vendors import provider_of

ROOT = Path(__file__).parent.parent.parent
VENDORS = ("alltoken", "apiyi", "token360", "volcengine", "xcompute")
KEYS = {
    "access_key": Secret(ACCOUNT.access_key),
    "secret_key": Secret(ACCOUNT.secret_key),
    "api_key": Secret(ACCOUNT.api_key),
}


# -- the tables ------------------------------------------------------------------------------------


def test_a_rate_spaces_what_its_burst_leaves():
    """A fifth at once, and the others so far apart that a window holds no more than the number."""
    assert (20, pytest.approx(1 / 81)) == (Rate(most=100).burst, Rate(most=100).interval_s)
    assert (1, pytest.approx(1 / 3)) == (Rate(most=3).burst, Rate(most=3).interval_s)
    assert (1, 0.0) == (Rate().burst, Rate().interval_s)


def test_the_tables_agree_with_what_the_simulators_enforce():
    """Two readings of the documents, made apart; CreateAsset depends on the package."""
    rates = {
        family: (rate.most, rate.window_s)
        for family, rate in Volcengine.default_rates.items()
        if family in DOCUMENTED_RATES
    }

    assert {**DOCUMENTED_RATES, "CreateAsset": (120, 60)} == rates


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_row_has_a_source(vendor):
    """A number that nobody can look up is no number."""
    rows = provider_class(vendor).default_rates

    assert rows
    assert all(rate.source for rate in rows.values())


def test_rates_are_shared_by_an_accounts_projects():
    """Handles tell projects apart; the vendor's count does not."""
    films, ads = (Volcengine(**KEYS, project_name=name) for name in ("films", "ads"))
    other = Volcengine(**{**KEYS, "access_key": Secret("AKLTother")})

    assert films.account != ads.account
    assert films.rate_account == ads.rate_account
    assert films.rate_account != other.rate_account


@pytest.mark.parametrize(
    ("path", "family"),
    [
        ("/v1/videos", "GET /v1/videos"),
        ("/v1/videos/video_0123", "GET /v1/videos/*"),
        ("/v1/videos/video_0123/content", "GET /v1/videos/*/content"),
        ("/v1/seedance2/private-avatar", "GET /v1/seedance2/private-avatar"),
        ("/v1/tasks/01JAVG7K", "GET /v1/tasks/*"),
        ("/v1/assets/9f86d081-884c", "GET /v1/assets/*"),
        ("/v1/portrait/", "GET /v1/portrait/"),
    ],
)
def test_a_family_is_method_and_path_without_ids(path, family):
    """However many things there are, the families are few."""
    assert family == family_of("GET", path)


# -- what adapters count ---------------------------------------------------------------------------


REST = ("group listed", "group renamed", "asset listed", "asset renamed", "face check started")
REST += ("person verified", "video listed", "video cancelled", "asset deleted", "group deleted")


@pytest.mark.parametrize("vendor", VENDORS)
def test_whatever_is_sent_with_a_key_is_of_a_family_in_the_table(vendor, tmp_path):
    """
    No request of an adapter goes uncounted, the table lists nothing that is never sent, and one
    portrait and one video wait for no rate.
    """
    simulator = load(vendor)()
    _ = simulator.add_account(ACCOUNT)
    provider = provider_of(vendor, callback_url="https://app.example/verified")
    client = simulated(provider, simulator)
    steps = Steps(client, tmp_path)
    _ = steps.trace(("group made", "asset added", "asset active", "video created"))
    _ = client.download_video(client.wait_for_video(steps.task), tmp_path / "mia.mp4")
    assert 0.0 == client.limited_s
    _ = steps.trace(REST)
    sent = {each.family for each in simulator.seen if "/media/" not in each.url}
    seldom = {"CreateAsset", "GET /v1/assets", "GET /v1/videos/*/content"} | (
        {"CreateVisualValidateSession", "GetVisualValidateResult"} if vendor == "apiyi" else set()
    )

    assert set() == sent - set(provider.default_rates)
    assert set() == set(provider.default_rates) - sent - seldom


# -- profiles --------------------------------------------------------------------------------------


def opened(tmp_path, monkeypatch, rates, vendor="volcengine"):
    for key, secret in KEYS.items():
        monkeypatch.setenv(key.upper(), secret.reveal())
    keys = KEYS if vendor == "volcengine" else {"api_key": 0}
    lines = [f"[profiles.{vendor}]", *(f'{key} = "env:{key.upper()}"' for key in keys)]
    path = tmp_path / "portraitkit.toml"
    _ = path.write_text("\n".join([*lines, f"rates = {rates}"]), encoding="utf-8")
    with pk.connect(vendor, config=path) as client:
        return client.provider


def test_a_profile_names_its_own_rates(tmp_path, monkeypatch):
    """Requests per second, without bursts; what it does not name stays as documented."""
    rates = (
        "{ CreateAsset = 5, DeleteAsset = 0.05, GetAsset = inf, "
        '"POST /contents/generations/tasks" = 2 }'
    )
    provider = opened(tmp_path, monkeypatch, rates)

    assert (0.2, 1) == (provider.rate("CreateAsset").interval_s, provider.rate("CreateAsset").burst)
    assert pytest.approx(20.0) == provider.rate("DeleteAsset").interval_s
    assert 0.0 == provider.rate("GetAsset").interval_s
    assert 0.5 == provider.rate("POST /contents/generations/tasks").interval_s
    assert Volcengine.default_rates["ListAssets"] == provider.rate("ListAssets")
    assert 0.0 == provider.rate("SomethingNew").interval_s


@pytest.mark.parametrize(
    ("rates", "field", "then"),
    [
        ("{ CreateAset = 5 }", "rates.CreateAset", "did you mean 'CreateAsset'?"),
        ("{ zzz = 5 }", "rates.zzz", "use one of CreateAsset,"),
        ("{ CreateAsset = 0 }", "rates.CreateAsset", "requests per second"),
        ("{ CreateAsset = -1 }", "rates.CreateAsset", "requests per second"),
        ("{ CreateAsset = nan }", "rates.CreateAsset", "requests per second"),
        ("{ CreateAsset = true }", "rates.CreateAsset", "requests per second"),
        ('{ CreateAsset = "5/s" }', "rates.CreateAsset", "0.05 (3 a minute)"),
        ("5", "rates", "mend rates in the profile"),
    ],
)
def test_a_bad_rate_is_a_config_error(tmp_path, monkeypatch, rates, field, then):
    """The error names the key and what to write."""
    with pytest.raises(errors.ConfigError) as caught:
        _ = opened(tmp_path, monkeypatch, rates)

    assert field == caught.value.field
    assert then in caught.value.next_step
    assert "volcengine" == caught.value.provider


def test_an_adapter_without_a_table_takes_any_family(monkeypatch):
    """Somebody else's adapter may count what it likes."""
    from portraitkit.config.settings import _rate

    monkeypatch.setattr(Volcengine, "default_rates", {})
    profile = Profile(name="mine", provider="volcengine", settings={}, origins={})

    assert per_second(2.0, "profile mine") == _rate(Volcengine, "Anything", 2, profile)


# -- documents -------------------------------------------------------------------------------------


def table():
    yield "| vendor | family | most | source |"
    yield "|---|---|---|---|"
    for vendor in VENDORS:
        for family, rate in sorted(provider_class(vendor).default_rates.items()):
            per = {1.0: "a second", 60.0: "a minute"}[rate.window_s]
            assumed = " (assumed)" if rate.assumed and rate.most else ""
            most = f"{rate.most} {per}{assumed}" if rate.most else "not known"
            yield f"| {vendor} | `{family}` | {most} | {rate.source} |"


def test_the_document_shows_the_tables():
    """docs/rate-limits.md has every row; on failure its right text is in the message."""
    text = (ROOT / "docs" / "rate-limits.md").read_text(encoding="utf-8")
    shown = re.search(r"<!-- rates: begin.*?-->\n(.*?)<!-- rates: end -->", text, re.DOTALL)

    assert shown
    assert "\n".join(table()) == shown[1].strip()
