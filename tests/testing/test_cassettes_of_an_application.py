"""`portrait_cassette` in the tests of a small application, which has no hook for it."""

from __future__ import annotations

import gzip
import json
from types import SimpleNamespace

import pytest
import yaml

from portraitkit.engine.barrier import BARRIER
from portraitkit.engine.response_body import UNDER_WAY, ResponseBody
from portraitkit.testing.__main__ import main
from portraitkit.testing.cassettes.matching import Roles
from portraitkit.testing.cassettes.tape import Mode, Tape
from portraitkit.testing.sanitising.sanitiser import Sanitiser, UnsafeCassetteError
from portraitkit.wire.steps import Request
from vendors import FACE

PRACTICE = ("--portrait-record=once", "--portrait-profile=simulator:alltoken")
REGISTERS = """
def test_registers(portrait_cassette):
    asset = shop.register("Mia")
    assert asset.status is pk.AssetStatus.ACTIVE
"""


def cassette(shop, name="test_shop/test_registers"):
    return shop.path / "cassettes" / f"{name}.portrait.yaml"


def files_of(shop):
    return sorted(each.name for each in (shop.path / "cassettes" / "test_shop").iterdir())


def recorded(shop, name="test_shop/test_registers"):
    return yaml.safe_load(cassette(shop, name).read_text(encoding="utf-8"))


def test_a_test_is_recorded_once_and_replayed_without_a_key(run, shop):
    """Recorded at a simulator, then played: no configuration, no key, no waiting."""
    run(*PRACTICE, test_shop=REGISTERS).assert_outcomes(passed=1)

    run().assert_outcomes(passed=1)
    origin = recorded(shop)["origin"]
    assert ("simulated", "alltoken") == (origin["evidence"], origin["provider"])
    assert pk_version() == origin["portraitkit"]


def pk_version():
    import portraitkit

    return portraitkit.__version__


def test_a_file_that_is_not_in_memory_is_recorded_by_its_digest(run, shop, tmp_path, monkeypatch):
    """The cassette stays small, an event loop plays it, and another file is another request."""
    large = tmp_path / "large.jpg"
    large.write_bytes(FACE + bytes(3_000_000))
    monkeypatch.setenv("LARGE", str(large))
    test = """
import os
import anyio

@pytest.mark.portrait_cassette("large")
@pytest.mark.parametrize("call", [shop.register, lambda name: anyio.run(shop.register_async, name)])
def test_registers(portrait_cassette, call):
    shop.PICTURE = os.environ["LARGE"]
    assert call("Mia").status is pk.AssetStatus.ACTIVE
"""
    run(*PRACTICE, test_shop=test).assert_outcomes(passed=2)

    assert 100_000 > cassette(shop, "large").stat().st_size
    run().assert_outcomes(passed=2)
    large.write_bytes(FACE + bytes(3_000_001))
    run().assert_outcomes(failed=2)


def test_a_missing_cassette_says_how_to_record_it(run):
    """One line names the file and the command, and nothing else is printed."""
    result = run(test_shop=REGISTERS)

    result.assert_outcomes(errors=1)
    missing = "*there is no cassette cassettes/test_shop/test_registers.portrait.yaml*"
    result.stdout.fnmatch_lines([f"{missing}--portrait-record=once*"])
    result.stdout.no_fnmatch_line("*During handling*")


def test_asyncio_and_trio_share_one_cassette(run, shop):
    """A parameter that says only how a test is run is not in the file's name."""
    test = """
@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_registers(portrait_cassette, anyio_backend):
    asset = await shop.register_async("Mia")
    assert asset.uri.startswith("asset://")

@pytest.mark.portrait_cassette("test_shop/test_registers")
def test_registers_blocking(portrait_cassette):
    assert shop.register("Mia").uri.startswith("asset://")
"""

    run(*PRACTICE, test_shop=test).assert_outcomes(passed=3)
    run().assert_outcomes(passed=3)
    assert ["test_registers.portrait.yaml"] == files_of(shop)


def test_a_file_is_named_after_class_and_parameters(run, shop):
    """Odd characters leave a digest behind, so that two tests never share a file by accident."""
    test = """
class TestShop:
    @pytest.mark.parametrize("name", ["Mia", "米娅/Mia"])
    def test_group(self, portrait_cassette, name):
        with pk.connect() as client:
            assert client.create_group(name).id
"""

    run(*PRACTICE, test_shop=test).assert_outcomes(passed=2)
    run().assert_outcomes(passed=2)
    assert 2 == len(files_of(shop))
    assert all(each.startswith("TestShop.test_group[") for each in files_of(shop))


def test_no_two_tests_share_a_file_by_accident(run, shop):
    """Nested classes have names of their own, and so have names that differ in capitals alone."""
    test = """
def made(name):
    with pk.connect() as client:
        return client.create_group(name).id

class TestShop:
    def test_group(self, portrait_cassette):
        made("Mia")

    class TestInner:
        @pytest.mark.parametrize("name", ["mia", "MIA", "Mia"])
        def test_group(self, portrait_cassette, name):
            made(name)

def test_group(portrait_cassette):
    made("Mia")

def test_Group(portrait_cassette):
    made("Leo")
"""

    run(*PRACTICE, test_shop=test).assert_outcomes(passed=6)
    run().assert_outcomes(passed=6)
    assert 6 == len({each.lower() for each in files_of(shop)})
    assert "test_group.portrait.yaml" in files_of(shop)


def test_real_credentials_are_not_read_in_replay(run, shop):
    """What the profile refers to may be missing, or real: it is not touched."""
    run(*PRACTICE, test_shop=REGISTERS).assert_outcomes(passed=1)
    shop.makefile(
        ".toml",
        portraitkit='profile = "main"\n[profiles.main]\nprovider = "alltoken"\n'
        'api_key = "file:missing.txt"\nbase_url = "https://moved.example"\n',
    )
    test = (
        REGISTERS
        + """
    with pk.connect() as client:
        assert client.provider.api_key.reveal().startswith("false-")
"""
    )

    run(test_shop=test).assert_outcomes(passed=1)


def test_replay_goes_to_the_cassettes_vendor(run, shop):
    """Whatever profile is active on this machine, a cassette of AllToken is AllToken's."""
    run(*PRACTICE, test_shop=REGISTERS).assert_outcomes(passed=1)
    shop.makefile(
        ".toml",
        portraitkit='profile = "other"\n[profiles.other]\nprovider = "token360"\n'
        'api_key = "env:NOWHERE"\n'
        '[profiles.main]\nprovider = "alltoken"\napi_key = "env:NOWHERE"\n',
    )

    run().assert_outcomes(passed=1)


def test_what_is_not_recorded_shows_the_nearest_request(run, shop):
    """The difference is readable, and the frames between test and wire are left out."""
    run(*PRACTICE, test_shop=FILMS.replace("$MODEL", "seedance-2.0")).assert_outcomes(passed=1)

    result = run(test_shop=FILMS.replace("$MODEL", "seedance-2.0-fast"))

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*Nearest is interaction *",
            '*- *"model": "seedance-2.0",*',
            '*+ *"model": "seedance-2.0-fast",*',
        ]
    )
    result.stdout.no_fnmatch_line("*httpcore*")


FILMS = """
def test_films(portrait_cassette):
    shop.film(shop.register("Mia"), model="$MODEL")
"""


def test_an_application_cannot_swallow_a_miss(run):
    """A bare `except` does not make a changed request pass."""
    run(*PRACTICE, test_shop=REGISTERS).assert_outcomes(passed=1)

    result = run(
        test_shop="""
def test_registers(portrait_cassette):
    try:
        with pk.connect() as client:
            list(client.list_groups())
    except Exception:
        pass
"""
    )

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*has no answer for POST *Action=ListAssetGroups*"])


def test_an_error_after_a_miss_tells_of_the_miss(run):
    """The failure that the test shows may be only its consequence."""
    run(*PRACTICE, test_shop=REGISTERS).assert_outcomes(passed=1)

    result = run(
        test_shop="""
def test_registers(portrait_cassette):
    groups = None
    try:
        with pk.connect() as client:
            groups = list(client.list_groups())
    except Exception:
        pass
    assert groups == []
"""
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*assert None == []*", "*has no answer for *ListAssetGroups*"])


def test_unused_interactions_are_reported_or_fail(run, shop):
    """A test that asks less than was recorded says so; an option or the ini file makes it fail."""
    run(*PRACTICE, test_shop=REGISTERS).assert_outcomes(passed=1)
    less = """
def test_registers(portrait_cassette):
    with pk.connect() as client:
        client.create_group("Mia")
"""

    result = run(test_shop=less)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*not played to its end*", "*POST /v1/portrait/upload"])

    run("--portrait-unplayed=fail").assert_outcomes(passed=1, errors=1)
    quiet = run("--portrait-unplayed=ignore")
    quiet.assert_outcomes(passed=1)
    quiet.stdout.no_fnmatch_line("*not played*")
    run("-o", "portrait_unplayed=fail").assert_outcomes(passed=1, errors=1)


def test_a_read_more_than_recorded_fails_unless_it_may_repeat(run):
    """The marker lets the last answer of a read serve on; a create never repeats."""
    looks = """
@pytest.mark.portrait_cassette("looks"$REPEAT)
def test_looks(portrait_cassette):
    with pk.connect() as client:
        group = client.create_group("Mia")
        for _ in range($TIMES):
            assert client.get_group(group).id == group.id
"""

    def test(times, repeat=""):
        return looks.replace("$TIMES", str(times)).replace("$REPEAT", repeat)

    run(*PRACTICE, test_shop=test(2)).assert_outcomes(passed=1)
    once_more = run(test_shop=test(3))
    once_more.assert_outcomes(failed=1)
    once_more.stdout.fnmatch_lines(["*recorded as interaction 2, 3, and the test asks once more*"])
    run(test_shop=test(4, ", repeat_reads=True")).assert_outcomes(passed=1)


def test_new_records_what_is_lacking(run, shop):
    """What was recorded before stays and is played; what is new is added behind it."""
    run(*PRACTICE, test_shop=REGISTERS).assert_outcomes(passed=1)
    before = recorded(shop)["interactions"]
    more = (
        REGISTERS
        + """
    with pk.connect() as client:
        assert list(client.list_groups()) == []
"""
    )

    run("--portrait-record=new", *PRACTICE[1:], test_shop=more).assert_outcomes(passed=1)

    after = recorded(shop)["interactions"]
    assert before == after[: len(before)]
    assert "ListAssetGroups" in after[-1]["request"]["uri"]
    run().assert_outcomes(passed=1)


def test_all_records_anew_and_shares_within_the_run(run, shop):
    """A second test with the same cassette plays what the first has just recorded."""
    shared = """
@pytest.mark.parametrize("how", ["sync", "blocking"])
def test_registers(portrait_cassette, how):
    shop.register("Mia")
    assert portrait_cassette.recording is (how == "sync")
"""
    run(*PRACTICE, test_shop=REGISTERS).assert_outcomes(passed=1)

    run("--portrait-record=all", *PRACTICE[1:], test_shop=shared).assert_outcomes(passed=2)


EARLIER = """
origin: {evidence: simulated, provider: alltoken, recorded_at: '2026-03-18'}
interactions:
- request:
    method: POST
    uri: https://api.alltoken.ai/v1/portrait/?Action=CreateAssetGroup&Version=2024-01-01
    headers: {}
    body: '{"Name": "Name-abcdefgh pk-aaaaaaabo3", "GroupType": "AIGC", "ProjectName": "default"}'
  response:
    status: {code: 200, message: OK}
    headers: {Content-Type: [application/json]}
    body: {string: '{"Result": {"Id": "group-20260318035710-abcde"}}'}
version: 1
"""


def test_a_cassette_of_the_earlier_format_is_played_and_not_added_to(run, shop):
    """Under its earlier name; whoever would add to it is told how to record it anew."""
    earlier = shop.path / "cassettes" / "test_shop" / "TestShop.test_group[Mia].yaml"
    earlier.parent.mkdir(parents=True)
    earlier.write_text(EARLIER, encoding="utf-8")
    test = """
class TestShop:
    @pytest.mark.parametrize("name", ["Mia"])
    def test_group(self, portrait_cassette, name):
        with pk.connect() as client:
            assert client.create_group(name).id == "group-20260318035710-abcde"
"""

    run(test_shop=test).assert_outcomes(passed=1)

    added = run("--portrait-record=new", PRACTICE[1])
    added.assert_outcomes(errors=1)
    added.stdout.fnmatch_lines(["*of the earlier format*--portrait-record=all*"])
    run(
        "--portrait-record=all",
        PRACTICE[1],
        test_shop=test.partition("assert ")[0] + "client.create_group(name)",
    )
    assert 2 == yaml.safe_load(earlier.read_text(encoding="utf-8"))["version"]


def test_options_stand_at_the_marker_and_in_the_ini_file(run, shop):
    """What is plain, and whether the order counts."""
    test = """
@pytest.mark.portrait_cassette(plain=["GroupType", "Name"], ordered=True)
def test_groups(portrait_cassette):
    with pk.connect() as client:
        for name in ("Mia", "Leo")$TURN:
            client.create_group(name)
"""
    run(
        *PRACTICE, "-o", "portrait_plain=prompt text", test_shop=test.replace("$TURN", "")
    ).assert_outcomes(passed=1)
    told = recorded(shop, "test_shop/test_groups")

    assert ["GroupType", "Name", "prompt", "text"] == told["origin"]["plain"]
    assert '"Name": "Mia pk-aaaaaaabo3"' in told["interactions"][0]["request"]["body"]
    assert 0 == main(["lint", str(cassette(shop, "test_shop/test_groups"))])
    run().assert_outcomes(passed=1)
    turned = run(test_shop=test.replace("$TURN", "[::-1]"))
    turned.stdout.fnmatch_lines(["*comes out of order*"])


SHARED = """
import unittest
from portraitkit.testing import cassette

@pytest.fixture(scope="session")
def registered():
    with cassette("cassettes/registered"):
        yield shop.register("Mia")

def test_status(registered):
    assert registered.status is pk.AssetStatus.ACTIVE

def test_id(registered):
    assert registered.id $EQUALS registered.id

def test_one_of_its_own(registered, portrait_cassette):
    with pk.connect() as client:
        assert client.create_group("Ann").id

class TestFilm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.enterClassContext(cassette("cassettes/films"))

    def test_group(self):
        with pk.connect() as client:
            client.create_group("Leo")
"""


def test_several_tests_share_a_cassette(run, shop):
    """Of a session, and of a class of unittest; under pytest's own options, and in its summary."""
    _ = shop.makefile(".toml", portraitkit="")
    first = SHARED.partition("class TestFilm")
    one = first[0].replace("$EQUALS", "==")
    two = SHARED.partition("@pytest.fixture")[0] + "".join(first[1:])
    result = run(*PRACTICE, test_one=one, test_two=two)

    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines_random(
        ["recorded cassettes/registered.portrait.yaml*", "recorded cassettes/films.portrait.yaml*"]
    )
    run().assert_outcomes(passed=4)


def test_a_shared_recording_is_kept_only_if_all_passed(run, shop):
    """One test of several failed: what was recorded is set aside."""
    test = SHARED.partition("def test_one_of")[0].replace("$EQUALS", "!=")
    result = run(*PRACTICE, test_one=test)

    result.assert_outcomes(passed=1, failed=1)
    assert not (shop.path / "cassettes").exists()
    result.stdout.fnmatch_lines(["*recorded interactions are in *.pytest_cache*"])


def test_a_script_records_and_plays(shop, monkeypatch):
    """Without pytest; a recording that ends in an error is set aside beside the file."""
    from portraitkit.testing import cassette, plugin

    monkeypatch.setattr(plugin, "_CONFIGS", [])
    options = {"record": "once", "profile": "simulator:alltoken"}
    with pytest.raises(ZeroDivisionError) as raised, cassette("groups", **options):
        with pk_connected() as client:
            client.create_group("Mia")
        _ = 1 / 0
    assert not (shop.path / "groups.portrait.yaml").exists()
    assert "1 of 1 recorded interactions are in" in str(raised.value.__notes__)

    for given in (options, {}):
        with cassette("groups", **given), pk_connected() as client:
            assert client.create_group("Mia").id


def pk_connected():
    import portraitkit

    return portraitkit.connect()


@pytest.mark.matrix
def test_workers_share_one_recorder_and_one_summary(shop, run, monkeypatch):
    """The first to come records, the other plays; the run says what was written."""
    both = (
        "import time\n"
        + REGISTERS.replace("def test", MARKED + "def test")
        + "    time.sleep(0.3)\n"
    )
    module = f"import portraitkit as pk\nimport pytest\nimport shop\n{both}"
    shop.makepyfile(test_a=module, test_b=module)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # each worker loads them again
    plugins = ("-p", "xdist", "-p", "portraitkit.testing.plugin")
    result = shop.runpytest_subprocess(
        *plugins, "-n", "2", "--dist", "loadfile", "--portrait-record=all", PRACTICE[1]
    )

    result.assert_outcomes(passed=2)
    text = result.stdout.str()
    assert 1 == text.count("recorded cassettes/shared.portrait.yaml: 8 interactions")


MARKED = '@pytest.mark.portrait_cassette("shared")\n'


def test_a_budget_is_reserved_before_a_create_is_sent(run, shop):
    """What would be one too many does not leave; what was recorded until then is kept aside."""
    result = run(*PRACTICE, "--portrait-budget=1", test_shop=REGISTERS)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*--portrait-budget=1 creates were sent*", "1 of 1 recorded*"])
    run(*PRACTICE, "--portrait-budget=2", test_shop=REGISTERS).assert_outcomes(passed=1)


ASKS = """
def test_asks():
    with pk.connect("alltoken", api_key="k", budget=pk.Budget(attempts=1)) as client:
        client.create_group("Mia")

def test_swallows():
    try:
        test_asks()
    except Exception as error:
        assert type(error).__name__ == "NetworkBlockedError"
        raise
"""


def test_a_test_without_a_fixture_reaches_no_vendor(run, shop):
    """It says which fixtures answer; loopback and an HTTP client of one's own are left alone."""
    result = run(test_shop=ASKS)
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*was about to ask api.alltoken.ai*portrait_network = allow*"])
    assert BARRIER.check is None  # as the run around it wants it

    own = """
import httpx
def answer(request):
    return httpx.Response(200, json={"Result": {"Id": "group-1"}})

def test_own():
    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        with pk.connect("alltoken", api_key="k", http_client=http) as client:
            assert client.create_group("Mia").id == "group-1"

def test_here():
    once = pk.Budget(attempts=1)
    here = "http://127.0.0.1:9"
    with pk.connect("alltoken", api_key="k", base_url=here, budget=once) as client:
        with pytest.raises(pk.ConnectionFailedError):
            client.create_group("Mia")
"""
    run(test_shop=own).assert_outcomes(passed=2)
    allowed = run("-o", "portrait_network=allow", "-p", "no:socket", test_shop=ASKS)
    allowed.stdout.no_fnmatch_line("*was about to ask*")


def test_a_failing_test_leaves_no_file(run, shop):
    """Neither a cassette nor a temporary file is written; nor when it is interrupted."""
    run(*PRACTICE, test_shop=REGISTERS + "    assert False\n").assert_outcomes(failed=1)
    with pytest.raises(KeyboardInterrupt):
        run(*PRACTICE, test_shop=REGISTERS + "    raise KeyboardInterrupt\n")

    assert not (shop.path / "cassettes").exists()


def test_a_failed_recording_is_kept_in_private(run, shop):
    """What was paid for is not lost: its owner alone finds it, cleaned, beside pytest's cache."""
    result = run(*PRACTICE, test_shop=REGISTERS + "    assert False\n")

    (kept,) = (shop.path / ".pytest_cache" / "portraitkit").glob("*.yaml")
    assert (0o700, 0o600) == tuple(each.stat().st_mode & 0o777 for each in (kept.parent, kept))
    result.stdout.fnmatch_lines([f"*recorded interactions are in {kept}, and in no*read*"])
    assert "Mia" not in kept.read_text(encoding="utf-8")


def test_what_a_failing_fixture_recorded_is_set_aside(run, shop):
    """A fixture that stands on the cassette's and fails at its end keeps it out of cassettes/."""
    fails = """
@pytest.fixture
def cleaning(portrait_cassette):
    yield
    raise RuntimeError("could not clean up")

def test_registers(cleaning):
    shop.register("Mia")
"""
    _ = shop.makeini("[pytest]\naddopts = -p no:sybil\ncache_dir = elsewhere\n")
    result = run(*PRACTICE, test_shop=fails)

    result.assert_outcomes(passed=1, errors=1)
    assert not list(shop.path.glob("cassettes/**/*.yaml"))
    (kept,) = (shop.path / "elsewhere" / "portraitkit").glob("*.yaml")
    result.stdout.fnmatch_lines([f"*{kept}*"])


def test_what_of_a_recording_is_safe_is_kept(run, shop, monkeypatch):
    """What comes before an answer that cannot be made safe is not lost: it may be paid for."""
    whole = Sanitiser.clean

    def clean(self, recorded):
        if any("GetAsset" in each["request"]["uri"] for each in recorded["interactions"]):
            raise UnsafeCassetteError("a secret stays")
        return whole(self, recorded)

    monkeypatch.setattr(Sanitiser, "clean", clean)
    result = run(*PRACTICE, test_shop=REGISTERS)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*a secret stays*", "*3 of 8 recorded interactions are in*"])
    result.stdout.no_fnmatch_line("*asset-2*")
    (kept,) = (shop.path / ".pytest_cache" / "portraitkit").glob("*.yaml")
    assert "CreateAsset" in kept.read_text(encoding="utf-8")
    assert "GetAsset" not in kept.read_text(encoding="utf-8")


def test_new_sends_no_stand_in(run, shop):
    """An id out of a cassette is nobody's: it is refused before the vendor would see it."""
    run(*PRACTICE, test_shop=REGISTERS).assert_outcomes(passed=1)
    more = (
        REGISTERS
        + """
    with pk.connect() as client:
        client.delete_asset(asset)
"""
    )

    result = run("--portrait-record=new", *PRACTICE[1:], test_shop=more)

    assert 0 == result.parseoutcomes().get("passed", 0)
    result.stdout.fnmatch_lines(["*which is a stand-in*", "*--portrait-record=all*"])


@pytest.mark.parametrize(
    ("given", "uri", "is_refused"),
    [
        ("asset-1", "https://v.example/assets/asset-1", True),
        ("a-7", "https://v.example/assets/a-7/x", True),
        ("a:1", "https://v.example/assets/a%3A1", True),
        ("7", "https://v.example/list?taskId=7", True),
        ("https://h5.ex/1?token=a", "https://v.ex?l=https%3A%2F%2Fh5.ex%2F1%3Ftoken%3Da", True),
        ("Ym9ndXMtYnl0ZWQtdG9rZW4=", "https://v.example/check?t=Ym9ndXMtYnl0ZWQtdG9rZW4%3D", True),
        ("7", "https://v.example/list?page=7", False),
        ("asset-1", "https://v.example/assets/asset-11", False),
    ],
)  # fmt: skip
def test_stand_ins_are_known_whole(given, uri, is_refused):
    """Ids, links and tokens of a played answer, escaped or short, and nothing that only has one."""
    told = {"id": given, "status": given, "link": given}
    played = {"request": {}, "response": {"body": {"string": json.dumps(told)}}}
    tape = Tape("t", [played], mode=Mode.NEW, roles=Roles(), veil=lambda each: each)
    tape._tracks[0].played = 1
    request = SimpleNamespace(uri=uri, body=b"")

    assert is_refused == bool(tape._stand_ins(request))


def test_two_recorders_are_refused(run, shop):
    """Another recorder's cassette would be the same file."""
    both = """
@pytest.fixture
def vcr():
    return None

def test_registers(vcr, portrait_cassette):
    shop.register("Mia")
"""
    result = run(*PRACTICE, test_shop=both)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*another recorder*leave one of them out*"])


def test_a_recorder_inside_the_test_is_noticed(run, shop):
    """What it wrote to the same file stays, and the test fails."""
    inside = """
import vcr

def test_registers(portrait_cassette):
    with vcr.use_cassette(str(portrait_cassette.path)):
        shop.register("Mia")
"""
    result = run(*PRACTICE, test_shop=inside)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*written by somebody else while this test recorded to it*"])
    assert len(recorded(shop)["interactions"]) > 1


def test_a_packed_answer_is_recorded_plain():
    """What comes as gzip is stored as it reads, so that it can be cleaned and reviewed."""
    tape = Tape("x", [], mode=Mode.RECORD)
    packed = {"status": {"code": 200}, "headers": {"content-encoding": ["gzip"]}}
    request = SimpleNamespace(method="GET", uri="https://x.example", headers={}, body=b"")
    ours = UNDER_WAY.set(ResponseBody(Request(method="GET", url="https://x.example"), 60))
    assert not tape.can_play_response_for(request)
    tape.append(request, {**packed, "body": {"string": gzip.compress(b'{"a": 1}')}})
    UNDER_WAY.reset(ours)

    assert b'{"a": 1}' == tape.taken[0]["response"]["body"]["string"]
    assert "content-encoding" not in tape.taken[0]["response"]["headers"]


def test_what_cannot_be_made_safe_fails_the_test(run, shop, monkeypatch):
    """The reason is shown and no file is written."""

    def refuse(self, cassette):
        raise UnsafeCassetteError("interaction 3, response body: not readable")

    monkeypatch.setattr(Sanitiser, "clean", refuse)

    result = run(*PRACTICE, test_shop=REGISTERS)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*portrait_cassette: interaction 3, response body*"])
    assert not list(shop.path.rglob("*.yaml"))


def test_what_vcrpy_logs_holds_no_answer(run):
    """A test that fails while it records prints captured logs, and vcrpy logs whole answers."""
    result = run(*PRACTICE, "--log-level=DEBUG", test_shop=REGISTERS + "    assert False, 'stop'\n")

    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*Appending request*")


def test_what_the_application_asked_can_be_looked_at(run):
    """Names and prompts are veiled in a cassette, so a test asserts them on the request."""
    test = (
        REGISTERS
        + """
    assert "Mia" in portrait_cassette.requests[0].content.decode()
"""
    )

    run(*PRACTICE, test_shop=test).assert_outcomes(passed=1)
    run().assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--portrait-record=once",), "recording needs to know with whom"),
        (("--portrait-profile=simulator:nobody",), "there is no simulator of 'nobody'"),
    ],
)
def test_options_that_contradict_themselves_stop_the_run(run, options, told):
    """Before any test runs, and with the next step."""
    result = run(*options, test_shop=REGISTERS)

    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines([f"*{told}*"])


def test_a_damaged_cassette_says_so(run, shop):
    """It is named, and not taken for an empty one."""
    cassette(shop).parent.mkdir(parents=True)
    cassette(shop).write_text("interactions: [", encoding="utf-8")

    result = run(test_shop=REGISTERS)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*test_registers.portrait.yaml cannot be read as YAML*"])


def test_a_test_uses_one_of_the_fixtures(run):
    """Two of them would both answer for the vendor."""
    result = run(
        test_shop="def test_both(portrait_cassette, fake_portraits, portrait_simulator): pass"
    )

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*a test uses one of portrait_cassette*not several*"])


def test_recording_with_a_profile_reads_its_real_key(run, shop, monkeypatch):
    """A live recording uses the profile's own address and key, and leaves neither in the file."""
    from portraitkit.simulators.alltoken import AllTokenSimulator
    from portraitkit.simulators.server import WallClock, serve
    from portraitkit.simulators.state import SimAccount, World

    key = "sk-Live0123456789abcdefABCDEF"
    simulator = AllTokenSimulator(world=World(clock=WallClock(), review_s=0.05))
    simulator.add_account(SimAccount(name="live", api_key=key))
    monkeypatch.setenv("SHOP_KEY", key)
    with serve(simulator) as server:
        shop.makefile(
            ".toml",
            portraitkit='[profiles.staging]\nprovider = "alltoken"\napi_key = "env:SHOP_KEY"\n'
            f'base_url = "{server.url}"\n'
            "[profiles.staging.pacing]\nasset = { first_s = 0.1, step_s = 0.1 }\n",
        )
        run(
            "--portrait-record=once", "--portrait-profile=staging", test_shop=REGISTERS
        ).assert_outcomes(passed=1)
        seen = len(simulator.seen)

    assert seen > 3
    assert "recorded" == recorded(shop)["origin"]["evidence"]
    assert {"http://127.0.0.1:1": ["alltoken api"]} == recorded(shop)["origin"]["origins"]
    assert key not in cassette(shop).read_text(encoding="utf-8")
    monkeypatch.delenv("SHOP_KEY")
    run().assert_outcomes(passed=1)


def test_a_cassette_written_by_hand_needs_no_origin(run, shop):
    """It is played all the same, on a fixed day, for a vendor that the application names."""
    cassette(shop).parent.mkdir(parents=True)
    cassette(shop).write_text(
        """
interactions:
- request:
    method: POST
    uri: https://api.alltoken.ai/v1/portrait/?Action=GetAssetGroup&Version=2024-01-01
    headers: {}
    body: '{"Id": "group-20260318035710-abcde", "ProjectName": "default"}'
  response:
    status: {code: 200}
    headers: {Content-Type: [application/json]}
    body: {string: '{"Result": {"Id": "group-20260318035710-abcde", "Name": "Mia"}}'}
version: 1
""",
        encoding="utf-8",
    )

    run(
        test_shop="""
def test_registers(portrait_cassette):
    with pk.connect("alltoken") as client:
        assert client.get_group("group-20260318035710-abcde").name == "Mia"
"""
    ).assert_outcomes(passed=1)


def test_a_defect_of_the_plugin_is_not_taken_for_the_callers_mistake(run, monkeypatch):
    """What is no error of portraitkit's keeps its traceback."""
    from portraitkit.testing.cassettes import cassettefile

    def fail(path):
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(cassettefile, "load", fail)
    run(*PRACTICE, test_shop=REGISTERS).assert_outcomes(passed=1)

    result = run()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*ZeroDivisionError: a defect*"])


def test_without_the_extra_the_fixture_says_what_to_install(run, monkeypatch):
    """One line, and not a missing module's traceback."""
    monkeypatch.setitem(__import__("sys").modules, "portraitkit.testing.recording", None)

    result = run(test_shop=REGISTERS)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*pip install 'portraitkit[[]testing[]]'*"])


def test_names_of_this_package_are_found_when_they_are_used():
    """And others are not."""
    import portraitkit.testing as package

    assert set(package.__all__) <= set(dir(package))
    for name in package.__all__:
        assert getattr(package, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        _ = package.nonsense


def test_while_recording_only_the_vendors_hosts_are_open():
    """Those that portraitkit asked, what their names led to, and a proxy."""
    from portraitkit.testing.cassettes.tape import Tape
    from portraitkit.testing.recording import _may_record

    tape = Tape("t", [])
    tape.hosts.add("api.alltoken.ai")

    assert _may_record(tape, "api.alltoken.ai")
    assert _may_record(tape, None)
    assert not _may_record(tape, "api.elsewhere.ai")


KINDS = {
    "unittest": """
import unittest

@pytest.mark.usefixtures("portrait_cassette")
class TestShop(unittest.TestCase):
    def test_registers(self):
        shop.register("Mia")
""",
    "doctest": '''
def registers():
    """
    >>> _ = getfixture("portrait_cassette")
    >>> _ = shop.register("Mia")
    """
''',
    "fixture that sends in its teardown": """
@pytest.fixture
def late(portrait_cassette):
    yield
    shop.register("Mia")

def test_late(late):
    pass
""",
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_test_is_recorded_and_replayed(run, shop, kind):
    """Whatever runs the test, and until its last fixture has ended: what was sent is kept."""
    run("--doctest-modules", *PRACTICE, test_shop=KINDS[kind]).assert_outcomes(passed=1)

    assert 1 == len(files_of(shop))
    run("--doctest-modules").assert_outcomes(passed=1)


@pytest.mark.parametrize("whom", [PRACTICE[1], "--portrait-profile=staging"])
def test_a_test_that_sends_nothing_can_be_replayed(run, shop, whom):
    """Its cassette is empty, and a cassette, of a live vendor, too: it lints, reads and plays."""
    nothing = "def test_registers(portrait_cassette):\n    pass\n"
    toml = "[profiles.staging]\nprovider = 'alltoken'\napi_key = 'env:NO_KEY'\n"
    _ = (shop.path / "portraitkit.toml").write_text(toml, encoding="utf-8")
    run(PRACTICE[0], whom, test_shop=nothing).assert_outcomes(passed=1)

    assert [] == recorded(shop)["interactions"]
    assert [0, 0] == [main([command, str(cassette(shop))]) for command in ("lint", "read")]
    run().assert_outcomes(passed=1)
