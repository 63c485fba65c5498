"""From a profile, or arguments, to a client."""

from __future__ import annotations

import contextlib
import inspect
import warnings

import anyio
import attrs
import httpx
import pytest
from attrs import frozen

import portraitkit as pk
from portraitkit.client.client import AsyncClient, Client
from portraitkit.config.building import build, known_keys
from portraitkit.engine.transport import Timeouts
from portraitkit.failover import BreakerLimits
from portraitkit.providers import registry
from portraitkit.providers.alltoken import AllToken
from portraitkit.providers.registry import provider_class
from portraitkit.testing import VirtualTime
from portraitkit.values import errors
from portraitkit.values.media import FolderMediaHost
from portraitkit.values.secret import Secret
from portraitkit.vendor.pacing import Pacing
from portraitkit.wire.steps import Budget

KEY = "sk-not-a-real-key-0123456789"
BUILT_IN = ("alltoken", "apimart", "apiyi", "byteplus", "token360", "volcengine", "xcompute")
FILE = """
profile = "alltoken"

[profiles.alltoken]
api_key = "env:ALLTOKEN_API_KEY"

[profiles.token360]
api_key = "env:TOKEN360_API_KEY"

[profiles.staging]
provider = "alltoken"
api_key = "env:ALLTOKEN_API_KEY"
base_url = "http://127.0.0.1:8360"
"""


@pytest.fixture(autouse=True)
def bare(monkeypatch, tmp_path):
    """No test sees the settings of whoever runs it."""
    for name in ("PORTRAITKIT_CONFIG", "PORTRAITKIT_PROFILE", "XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ALLTOKEN_API_KEY", KEY)
    monkeypatch.setenv("TOKEN360_API_KEY", f"{KEY}-360")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def write(tmp_path, monkeypatch):
    def write(text):
        (tmp_path / "portraitkit.toml").write_text(text, encoding="utf-8")
        # It is named, as one that was only found takes no key to another place.
        monkeypatch.setenv("PORTRAITKIT_CONFIG", str(tmp_path / "portraitkit.toml"))

    return write


def one(**settings):
    lines = [f"{key} = {value}" for key, value in settings.items()]
    return "\n".join(
        ['profile = "alltoken"', "[profiles.alltoken]", 'api_key = "env:ALLTOKEN_API_KEY"', *lines]
    )


def open_one(*args, **options):
    """Connect both ways, make sure that they agree, and return the blocking client."""
    client, other = pk.connect(*args, **options), pk.connect_async(*args, **options)
    assert isinstance(client, Client)
    assert isinstance(other, AsyncClient)
    assert (client.profile, client.provider) == (other.profile, other.provider)
    client.close()
    anyio.run(other.close)
    return client


def refusal_of(*args, **options):
    """Fail to connect both ways, with one and the same error."""
    with pytest.raises(errors.ConfigError) as caught:
        pk.connect(*args, **options)
    with pytest.raises(errors.ConfigError) as other:
        pk.connect_async(*args, **options)
    assert str(caught.value) == str(other.value)
    assert KEY not in str(caught.value) + repr(vars(caught.value))
    return caught.value


# -- which profile ---------------------------------------------------------------------------------


def test_the_configured_profile_is_opened(write):
    """Without arguments, the file says everything."""
    write(FILE)

    client = open_one()

    assert ("alltoken", "alltoken") == (client.profile, client.provider.name)
    assert Secret(KEY) == client.provider.api_key
    assert "https://api.alltoken.ai" == client.provider.base_url


def test_one_line_changes_the_vendor(write):
    """The code that uses the client stays as it is."""
    write(FILE.replace('profile = "alltoken"', 'profile = "token360"'))

    client = open_one()

    assert "token360" == client.provider.name
    assert Secret(f"{KEY}-360") == client.provider.api_key


def test_without_any_file_an_adapters_name_and_a_key_are_enough():
    """For a script there is no need of a configuration."""
    client = open_one("alltoken", api_key=KEY)

    assert ("alltoken", Secret(KEY)) == (client.profile, client.provider.api_key)


def test_beside_a_file_an_adapters_name_and_a_key_are_enough(write):
    """The file need not know every vendor."""
    write(FILE)

    assert "xcompute" == open_one("xcompute", api_key=KEY).provider.name


def test_arguments_win_over_the_configuration(write):
    """For this call; the rest stays as configured."""
    write(one(base_url='"http://127.0.0.1:1"', account_="1").replace("account_ = 1", ""))

    client = open_one(api_key="sk-another-key-0123456789", base_url="http://127.0.0.1:2/")

    assert Secret("sk-another-key-0123456789") == client.provider.api_key
    assert "http://127.0.0.1:2" == client.provider.base_url


def test_an_argument_spares_a_configured_reference(write, monkeypatch):
    """A secret that is given is not looked for."""
    monkeypatch.delenv("ALLTOKEN_API_KEY")
    write(FILE)

    assert Secret(KEY) == open_one(api_key=KEY).provider.api_key


def test_two_origins_and_four_credentials_can_be_given():
    """Volcengine's whole account as arguments."""
    provider = open_one(
        "volcengine",
        api_key=KEY,
        access_key="AKLTnotreal",
        secret_key="not-a-real-secret==",
        session_token="not-a-real-token",
        assets_url="http://127.0.0.1:1",
        video_url="http://127.0.0.1:2",
        settings={"project_name": "films"},
    ).provider

    assert Secret("not-a-real-secret==") == provider.secret_key
    assert Secret("not-a-real-token") == provider.session_token
    assert ("http://127.0.0.1:1", "http://127.0.0.1:2") == (provider.assets_url, provider.video_url)
    assert "films" == provider.project_name


def test_a_misspelt_vendor_is_offered_without_a_configuration():
    """Who has no file yet may mean an adapter."""
    assert "did you mean the adapter 'alltoken'" in str(refusal_of("alltokn"))


def test_an_unknown_profile_names_the_nearest(write):
    """A profile of the file, or an adapter."""
    write(FILE)

    assert "did you mean 'staging'" in str(refusal_of("stagin"))
    assert "'volcengine'" in str(refusal_of("volcengin"))
    assert "did you mean" not in str(refusal_of("qqqqqqqq"))


# -- settings --------------------------------------------------------------------------------------


def test_every_kind_of_setting_arrives(write):
    """Texts, numbers, switches and tables, each of its type."""
    write(
        one(
            account='"films"',
            callback_url='"https://app.example/back"',
            strict_limits="true",
            project_name='"default"',
            verification_life_s="1800",
            models='{ "seedance-2.0" = "seedance-2.0-fast" }',
        )
    )

    provider = open_one().provider

    assert ("films", "https://app.example/back") == (provider.account_name, provider.callback_url)
    assert (True, 1800) == (provider.strict_limits, provider.verification_life_s)
    assert {"seedance-2.0": "seedance-2.0-fast"} == provider.models
    assert "films" == provider.account


def test_settings_can_be_given_as_an_argument():
    """By their names in a file, secrets among them."""
    settings = {"account": "films", "api_key": Secret(KEY)}

    provider = open_one("alltoken", settings=settings).provider

    assert ("films", Secret(KEY)) == (provider.account_name, provider.api_key)


def test_pacing_is_set_subject_by_subject(write):
    """What a table leaves out stays as the adapter has it."""
    write(
        one()
        + "\n[profiles.alltoken.pacing]\nasset = { step_s = 1.5 }\nvideo = { deadline_s = 60 }\n"
    )

    provider = open_one().provider

    assert Pacing(first_s=3, step_s=1.5, deadline_s=300) == provider.pace("asset")
    assert Pacing(first_s=10, step_s=5, deadline_s=60) == provider.pace("video")
    assert AllToken.default_pacing["verification"] == provider.pace("verification")


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("asset = 3", "pacing.asset"),
        ("picture = { step_s = 1 }", "pacing.picture"),
        ("asset = { pause_s = 1 }", "pacing.asset"),
        ("asset = { step_s = -1 }", "pacing.asset"),
        ("asset = { step_s = true }", "pacing.asset"),
        ("asset = { step_s = inf }", "pacing.asset"),
        ("asset = { step_s = nan }", "pacing.asset"),
        ('asset = { step_s = "1" }', "pacing.asset"),
    ],
)
def test_pacing_that_is_not_understood_is_an_error(write, line, field):
    """It names the subject, and says what is."""
    write(f"{one()}\n[profiles.alltoken.pacing]\n{line}\n")

    error = refusal_of()

    assert field == error.field
    assert "step_s" in error.next_step


@pytest.mark.parametrize(
    ("settings", "field", "said"),
    [
        ({"api_key": "7"}, "api_key", "a string"),
        ({"account": "7"}, "account", "a string"),
        ({"strict_limits": '"yes"'}, "strict_limits", "true or false"),
        ({"strict_limits": "1"}, "strict_limits", "true or false"),
        ({"verification_life_s": "true"}, "verification_life_s", "a whole number"),
        ({"verification_life_s": '"120"'}, "verification_life_s", "a whole number"),
        ({"models": '"seedance"'}, "models", "a table"),
        ({"models": "{ a = 1 }"}, "models", "a table of strings"),
        ({"pacing": '"fast"'}, "pacing", "a table"),
        ({"base_url": "7"}, "base_url", "a string"),
        ({"callback_url": "7"}, "callback_url", "a string"),
    ],
)
def test_a_setting_of_the_wrong_type_is_an_error(write, settings, field, said):
    """It names profile and key, and what it has to be."""
    write(one(**settings).replace('api_key = "env:ALLTOKEN_API_KEY"\n', "", "api_key" in settings))

    error = refusal_of()

    assert field == error.field
    assert f"profile 'alltoken': {field} has to be {said}" in str(error)


def test_all_missing_keys_are_named_at_once():
    """Nobody has to mend one to hear of the next."""
    error = refusal_of("volcengine")

    assert all(key in error.message for key in ("api_key", "access_key", "secret_key"))


@pytest.mark.parametrize(
    ("key", "near"), [("api_keys", "api_key"), ("baseurl", "base_url"), ("account_name", "account")]
)
def test_an_unknown_key_names_the_nearest(write, key, near):
    """A misspelt key is an error, not a silence."""
    write(one(**{key: '"x"'}))

    error = refusal_of()

    assert f"unknown key '{key}'" in str(error)
    assert f"did you mean '{near}'" in str(error)


def test_a_key_that_is_another_adapters_is_unknown(write):
    """What an adapter does not read cannot be set."""
    write(one(access_key='"x"'))

    assert "access_key" == refusal_of().field


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_adapters_keys_are_its_fields(name):
    """Derived from the class, so that a file can set whatever the constructor takes."""
    cls = provider_class(name)

    keys = known_keys(cls)

    fields = {each.name for each in attrs.fields(cls)}
    assert {"account", "models", "pacing", "callback_url", "media_folder", "media_url"} <= keys
    assert {"media_host", "media_options", "media_link_life_s"} <= keys
    assert fields - {"account_name", "simulation"} <= keys


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://api.alltoken.ai/v1", "leave out /v1"),
        ("http://api.alltoken.ai", "plain http is for this machine alone"),
        ("api.alltoken.ai", "begin with https://"),
        ("https://user:pass@api.alltoken.ai", "user or a password"),
    ],
)
@pytest.mark.parametrize("given", [True, False])
def test_a_base_url_is_an_origin(write, url, said, given):
    """Configured or given, a credential goes to a plain https origin, or stays on this machine."""
    write(one() if given else one(base_url=f'"{url}"'))

    error = refusal_of(base_url=url) if given else refusal_of()

    assert "base_url" == error.field
    assert said in str(error)
    assert "pass@" not in str(error)


@pytest.mark.parametrize("key", ["", " ", "sk-1\n", "sk 1", "ключ", "sk-1\0"])
def test_a_key_that_cannot_be_a_header_is_refused(key):
    """An empty variable or a stray line break is told here, not as a refusal of the vendor's."""
    error = refusal_of("alltoken", api_key=key)

    assert "api_key" == error.field
    secret = refusal_of("alltoken", settings={"api_key": Secret(key)})
    assert "api_key" == secret.field


def test_a_given_secret_does_not_warn():
    """An argument is not a configuration file."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")

        assert Secret(KEY) == open_one("alltoken", api_key=KEY).provider.api_key


# -- media host ------------------------------------------------------------------------------------


def test_a_media_folder_is_beside_the_file(write, tmp_path):
    """A relative folder is relative to the configuration, wherever the program runs."""
    write(one(media_folder='"served"', media_url='"https://media.example/faces"'))

    host = open_one(config="portraitkit.toml").provider.media_host

    assert FolderMediaHost(tmp_path / "served", "https://media.example/faces") == host


def test_a_media_host_of_ones_own_wins(write):
    """The argument replaces the configured folder."""
    write(one(media_folder='"served"', media_url='"https://media.example/faces"'))
    mine = FolderMediaHost("elsewhere", "https://mine.example")

    assert mine is open_one(media_host=mine).provider.media_host


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"media_folder": '"served"'}, "media_url"),
        ({"media_url": '"https://media.example"'}, "media_folder"),
        ({"media_folder": "1", "media_url": '"https://media.example"'}, "media_folder"),
    ],
)
def test_media_folder_and_media_url_belong_together(write, settings, field):
    """One without the other publishes nothing."""
    write(one(**settings))

    error = refusal_of(config="portraitkit.toml")

    assert field == error.field
    assert "belong together" in str(error)


# -- arguments of another kind ---------------------------------------------------------------------


ODD = [5, 1.5, True, b"x", object(), [], [1], {}, {1: 2}, ("a",), "", "a\0b", "\udc80", "x" * 5000]


@pytest.mark.parametrize("open_it", [pk.connect, pk.connect_async])
@pytest.mark.parametrize("odd", ODD, ids=lambda each: repr(each)[:12])
def test_an_argument_of_another_kind_is_an_error_of_ours(open_it, odd):
    """Whatever is given for whichever argument; what is taken all the same makes a client."""
    for name in inspect.signature(open_it).parameters:
        with contextlib.suppress(errors.PortraitError):
            _ = open_it(**{"profile": "alltoken", "api_key": KEY, name: odd})


@pytest.mark.parametrize("odd", ODD, ids=lambda each: repr(each)[:12])
@pytest.mark.filterwarnings("ignore:.*the secret itself stands")
def test_a_setting_of_another_kind_is_an_error_of_ours(odd):
    """For every key of every adapter."""
    for vendor in BUILT_IN:
        cls = provider_class(vendor)
        keys = {each: "k" for each in known_keys(cls) if each.endswith("_key")}
        for key in known_keys(cls):
            with contextlib.suppress(errors.PortraitError):
                _ = build(vendor, {**keys, key: odd})


@pytest.mark.parametrize(
    "given",
    [
        {"media_host": 5},
        {"http_client": 5},
        {"timeouts": 5},
        {"budget": 3},
        {"clock": 5},
        {"settings": [1]},
        {"settings": {1: 2}},
        {"failover": "alltoken"},
        {"failover_rules": {}},
        {"config": 5},
        {"profile": 5},
    ],
    ids=lambda each: next(iter(each)),
)
def test_an_argument_of_another_kind_is_named(given):
    """With what is wanted in its place."""
    error = refusal_of(**{"profile": "alltoken", "api_key": KEY, **given})

    assert next(iter(given)) == error.field
    assert error.next_step


# -- what else a client is made of -----------------------------------------------------------------


def test_client_options_are_handed_on(write):
    """HTTP client, timeouts, budget and clock."""
    write(FILE)
    clock, budget = VirtualTime().clock, Budget(attempts=2)
    with httpx.Client() as http_client:
        client = pk.connect(http_client=http_client, budget=budget, clock=clock)
        assert http_client is client._transport._clients.several("", client).lend().client
    timed = pk.connect_async(timeouts=Timeouts(read_s=1), budget=budget, clock=clock)

    assert (clock, budget) == (client.driver._clock, client.driver._budget)
    assert (clock, budget) == (timed.driver._clock, timed.driver._budget)
    assert Timeouts(read_s=1) == timed._transport._timeouts
    anyio.run(timed.close)


# -- adapters --------------------------------------------------------------------------------------


class Entry:
    """An installed entry point."""

    def __init__(self, name, value, loaded):
        self.name = name
        self.value = value
        self._loaded = loaded

    def load(self):
        if isinstance(self._loaded, Exception):
            raise self._loaded
        return self._loaded


@frozen(kw_only=True, slots=False)
class Stranger(AllToken):
    """Somebody else's adapter, with settings of its own."""

    name = "stranger"

    factor: float = 1.0
    quality: int | str | None = None


@pytest.fixture
def installed(monkeypatch):
    """Pretend that certain adapters are installed, and no others."""

    def install(*entries):
        monkeypatch.setattr(registry, "_installed", lambda: entries)
        monkeypatch.setattr(registry, "_tables", lambda: ())

    return install


def test_a_strangers_adapter_is_as_good_as_a_built_in_one(installed):
    """Its settings are read by their types."""
    installed(Entry("stranger", "strange:Stranger", Stranger))

    provider = open_one("stranger", api_key=KEY, settings={"factor": 2, "quality": "best"}).provider

    assert ("stranger", 2.0, "best") == (provider.name, provider.factor, provider.quality)
    assert "a number" in str(refusal_of("stranger", api_key=KEY, settings={"factor": "2"}))
    settings = {"factor": True}
    assert "a number" in str(refusal_of("stranger", api_key=KEY, settings=settings))


class Plain(Stranger):
    """An adapter whose vendor has two interfaces; this one is the default."""

    @classmethod
    def chosen_by(cls, settings):
        if settings.get("quality") == "odd":
            raise pk.ConfigError("quality names no interface", field="quality")
        return Finer if settings.get("quality") == "fine" else cls


@attrs.frozen(kw_only=True, slots=False)
class Finer(Stranger):
    """The other one, with a setting of its own."""

    grain: int


def test_a_setting_may_choose_the_class(installed):
    """Fields, what is missing and what is unknown are those of the class that was chosen."""
    installed(Entry("stranger", "strange:Plain", Plain))

    fine = {"quality": "fine", "grain": 3}
    assert Finer is type(open_one("stranger", api_key=KEY, settings=fine).provider)
    assert Plain is type(open_one("stranger", api_key=KEY).provider)
    for settings, field in (
        ({"quality": "fine"}, "grain"),
        ({"grain": 3}, "grain"),
        ({"quality": "odd"}, "quality"),
    ):
        with pytest.raises(pk.ConfigError) as caught:
            open_one("stranger", api_key=KEY, settings=settings)
        assert field == caught.value.field


# -- failover --------------------------------------------------------------------------------------

TO_OTHERS = FILE.replace(
    '"env:ALLTOKEN_API_KEY"\n\n[profiles.token360]',
    '"env:ALLTOKEN_API_KEY"\nfailover = ["token360", "spare"]\n\n[profiles.token360]\n'
    'failover = ["alltoken"]',
)
SPARE = '\n[profiles.spare]\nprovider = "alltoken"\napi_key = "env:SPARE_KEY"\n'


def fallbacks(client):
    return [each.profile for each in client._router.routes.all[1:]]


@pytest.mark.parametrize("connect", [pk.connect, pk.connect_async])
def test_a_failover_is_built_when_its_profile_is_opened(write, monkeypatch, connect):
    """In order, without the fallbacks' own lists; an argument replaces the profile's list."""
    write(TO_OTHERS + SPARE)
    monkeypatch.setenv("SPARE_KEY", "sk-spare-0001")

    assert ["token360", "spare"] == fallbacks(connect())
    assert ["alltoken"] == fallbacks(connect("token360"))
    assert ["spare"] == fallbacks(connect(failover=["spare"]))
    assert [] == fallbacks(connect(failover=[])) == fallbacks(connect("spare"))


def test_arguments_are_for_the_profile_and_not_for_its_fallbacks(write, monkeypatch):
    """A key goes to one vendor only; a media host of the application's serves all."""
    write(TO_OTHERS + SPARE)
    monkeypatch.setenv("SPARE_KEY", "sk-spare-0001")
    host = FolderMediaHost("published", "https://cdn.example.com")

    client = pk.connect(api_key="sk-another-0001", media_host=host)

    keys = [each.provider.api_key.reveal() for each in client._router.routes.all]
    assert ["sk-another-0001", f"{KEY}-360", "sk-spare-0001"] == keys
    assert {host} == {each.provider.media_host for each in client._router.routes.all}


def test_rules_of_a_failover_are_taken(write):
    """And an injected clock has circuits of its own."""
    write(TO_OTHERS)
    rules = pk.FailoverRules(attempts=1, breaker=BreakerLimits(failures=1))

    client = pk.connect(failover=["token360"], failover_rules=rules, clock=VirtualTime().clock)

    assert 1 == client._router._hasty.attempts
    assert client._router._breakers is not pk.connect(failover=[])._router._breakers


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["spare"], "failover to 'spare': .*the environment variable SPARE_KEY is not set"),
        (["toke360"], "failover to 'toke360': .*toke360"),
        (["apiyi"], "failover to 'apiyi': .*lacks"),
        (
            ["alltoken"],
            "failover to 'alltoken' leads to the same account as the profile 'alltoken'",
        ),
        (["staging"], "failover to 'staging' leads to the same account as the profile 'alltoken'"),
        (["token360", "token360"], "leads to the same account as the profile 'token360'"),
        ("token360", "failover has to be a list of strings"),
    ],
)
def test_a_fallback_that_cannot_be_used_is_told_of_at_once(write, names, problem):
    """Not when it is needed; the message names it, and the next step what to do."""
    write(TO_OTHERS + SPARE)

    with pytest.raises(errors.ConfigError, match=problem) as caught:
        pk.connect(failover=names)

    assert caught.value.next_step
