"""The conformance suite: each broken adapter is caught by name, and no check can be lost."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
import wrong_adapters as adapters
from attrs import evolve
from wrong_adapters import WRONG, VideosAlone
from wrong_links import WRONG as WRONG_LINKS

import contract_judge
from portraitkit.config import building
from portraitkit.providers import registry
from portraitkit.providers.alltoken import AllToken
from portraitkit.simulators.alltoken import AllTokenSimulator
from portraitkit.simulators.state import SimAccount, World, scans_after
from portraitkit.testing import ProviderContract
from portraitkit.testing.conformance import checks_offers as _checks_offers
from portraitkit.testing.conformance.contract import HOOKS, ContractChangedError, checks
from portraitkit.testing.conformance.looking import looking
from portraitkit.values.secret import Secret
from test_provider_contract import action_refusal, plain_refusal

pytestmark = pytest.mark.outside_the_contract  # broken adapters send what nobody documents

SLOW = {
    "test_garbage_gives_only_portrait_errors",
    "test_it_is_found_by_its_name",
    "test_the_suite_is_whole",
    "test_wrong_types_give_only_portrait_errors",
}
KEYS = {"us": "sk-of-mutants-0123456789", "they": "sk-of-others-0123456789"}


def suite_of(adapter):
    """The conformance suite of one adapter."""

    class Suite(ProviderContract):
        contract_version = 1

        def provider(self):
            return adapter(api_key=Secret(KEYS["us"]))

        def other_account(self):
            return adapter(api_key=Secret(KEYS["they"]))

        def simulator(self):
            simulator = AllTokenSimulator(
                world=World(person=scans_after(4), group_quota=1000, asset_quota=1000)
            )
            for name, key in KEYS.items():
                simulator.add_account(SimAccount(name=name, api_key=key))
            return simulator

        def many(self, operation):
            return 100 if operation == "list_videos" else 105

        def contract(self):
            return contract_judge.FOLDER / "alltoken" / "contract.yaml"

        def refusals(self, status, code, message):
            forms = (action_refusal(code, message), plain_refusal(code, message))
            return [self.json_answer(form, status) for form in forms]

    return Suite()


@pytest.fixture
def installed(monkeypatch):
    """Let the entry point of AllToken lead to another class."""

    def install(adapter):
        for module in (registry, building, _checks_offers):
            monkeypatch.setattr(module, "provider_class", lambda *_: adapter)

    return install


@pytest.mark.parametrize(
    ("check", "what"),
    [
        pytest.param(check, what, marks=[pytest.mark.matrix] if number else [])
        for check, table in WRONG.items()
        for number, what in enumerate(table)
    ],
)
def test_a_wrong_adapter_is_caught(check, what, installed):
    """The check whose promise it breaks says what to do; where cells are sampled, each bites."""
    installed(WRONG[check][what])

    with pytest.raises((AssertionError, NotImplementedError)) as caught:
        getattr(suite_of(WRONG[check][what]), check)()

    assert "->" in str(caught.value) or "is not as documented" in str(caught.value)
    assert "sends nothing" not in str(caught.value)


def test_there_are_many_wrong_adapters():
    """The table holds mistakes of every kind, by the dozen."""
    assert 100 <= sum(map(len, WRONG.values()))


def test_without_a_library_videos_are_made_of_addresses(installed):
    """A vendor of videos alone passes, and what it does not have is said and counted."""
    installed(VideosAlone)
    suite, told = suite_of(VideosAlone), {}
    for check in set(checks()) - SLOW:
        try:
            getattr(suite, check)()
        except pytest.skip.Exception as nothing:
            told[check] = str(nothing)

    assert {"test_renames_are_done", "test_groups_are_made_as_asked"} <= {*told}
    assert all(each.startswith("nothing to check, because ") for each in told.values())
    assert b"media.example/mia.jpg" in suite._journey().of("create_video")[0].asked[0].content


def test_a_check_that_looks_at_nothing_says_so():
    """Coming to its end without having required anything is no success."""
    silent = looking(lambda self: self.passed_over("there is none"))

    with pytest.raises(pytest.skip.Exception, match="nothing to check, because there is none"):
        silent(SimpleNamespace())


@pytest.mark.parametrize("check", sorted(WRONG))
def test_the_whole_adapter_passes_what_catches_the_broken(check, installed):
    """No check that catches a wrong adapter fails without the defect."""
    installed(AllToken)

    getattr(suite_of(AllToken), check)()


@pytest.mark.parametrize(
    "check",
    [
        "test_a_lost_create_is_not_sent_again",
        "test_the_same_call_makes_the_same_requests",
        "test_sync_equals_async",
        "test_every_field_is_a_profile_key",
    ],
)
def test_tokens_behind_names_are_switched_off(check, monkeypatch):
    """An adapter that is built as applications build it passes: the suite takes the tokens out."""
    suite = suite_of(AllToken)
    made = evolve(suite.provider(), name_tokens=True)
    monkeypatch.setattr(type(suite), "provider", lambda self: made)

    getattr(suite, check)()

    assert not suite._provider().name_tokens


def test_an_adapter_without_tokens_is_taken_as_it_is(monkeypatch):
    """Where there is nothing to switch off, nothing is copied."""
    suite, bare = suite_of(AllToken), object()
    monkeypatch.setattr(type(suite), "provider", lambda self: bare)

    assert bare is suite._provider()


def test_an_adapter_that_nobody_installed_is_told_how(monkeypatch):
    """Without an entry point the suite says what to write into pyproject.toml."""
    monkeypatch.setattr(_checks_offers, "provider_names", lambda: ())

    with pytest.raises(AssertionError, match=r'project.entry-points."portraitkit.providers"'):
        suite_of(AllToken).test_it_is_found_by_its_name()


def test_every_check_catches_something():
    """A check that no wrong adapter breaks may not bite; these are the exceptions."""
    rest = set(checks()) - {*WRONG, *WRONG_LINKS}

    assert {
        "test_it_is_found_by_its_name",  # above
        "test_damaged_handles_are_refused",  # below, as they break together with others
        "test_garbage_gives_only_portrait_errors",
        "test_handles_lead_back",
        "test_handles_of_other_kinds_are_refused",
        "test_sync_equals_async",
        "test_the_suite_is_whole",
    } == rest


@pytest.mark.parametrize(
    ("adapter", "check"),
    [
        (adapters.ANY_HANDLE, "test_damaged_handles_are_refused"),
        (adapters.ANY_HANDLE, "test_handles_of_other_kinds_are_refused"),
        (adapters.OTHER_HANDLE, "test_handles_lead_back"),
        (adapters.TRUSTING, "test_garbage_gives_only_portrait_errors"),
        (adapters.RANDOM_NAME, "test_sync_equals_async"),
    ],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_a_defect_breaks_more_than_one_promise(adapter, check):
    """A broken adapter is caught by each check whose promise it breaks."""
    with pytest.raises(AssertionError, match="->"):
        getattr(suite_of(adapter), check)()


# -- nothing can be taken out -------------------------------------------------------------------

MINE = """
class TestMine(ProviderContract):
    contract_version = {version}
    def provider(self): raise NotImplementedError
"""


@pytest.fixture
def outcome(pytester):
    """What pytest says of a conformance class, in a folder of its own."""

    def run(*, version=1, head="", conftest=""):
        pytester.makeini("[pytest]\naddopts = -p no:cacheprovider -p no:sybil\n")
        text = f"import pytest\nfrom portraitkit.testing import ProviderContract\n{head}\n"
        pytester.makepyfile(conftest=conftest, test_mine=text + MINE.format(version=version))
        done = pytester.runpytest_inprocess("-q", "--tb=short", "-k", "whole or repeatable")
        return done.ret, done.stdout.str()

    return run


@pytest.mark.parametrize(
    "member",
    [
        "def test_reads_are_repeatable(self): pass",
        "test_reads_are_repeatable = None",
        "def _journey(self): pass",
        "def pytest_generate_tests(self, metafunc): pass",
        "__test__ = False",
        "def __getattribute__(self, name): return lambda: None",
    ],
)
def test_a_check_cannot_be_replaced(member):
    """A subclass that defines what belongs to the suite is refused as it is written."""
    namespace = {"ProviderContract": ProviderContract}

    with pytest.raises(ContractChangedError, match="belongs to the conformance suite"):
        exec(f"class TestMine(ProviderContract):\n    {member}\n", namespace)


def test_a_check_cannot_be_replaced_by_a_base():
    """Nor by a class that stands before the suite."""

    class Weak:
        def test_reads_are_repeatable(self): ...

    with pytest.raises(ContractChangedError, match="test_reads_are_repeatable"):
        type("Mine", (Weak, ProviderContract), {})


def test_a_check_cannot_be_replaced_later():
    """Nor afterwards, on the class: it is seen as pytest collects."""
    mine = type("Mine", (ProviderContract,), {})
    mine.test_reads_are_repeatable = None

    with pytest.raises(ContractChangedError, match="test_reads_are_repeatable"):
        collect(mine)


@pytest.mark.parametrize(
    "mark",
    [pytest.mark.skip, pytest.mark.skipif(True, reason="no"), pytest.mark.xfail],
    ids=lambda mark: mark.name,
)
def test_the_class_cannot_be_marked(mark):
    """Skipping or expecting failure is refused, whether the class is decorated or declares it."""
    mine = mark(type("Mine", (ProviderContract,), {}))

    with pytest.raises(ContractChangedError, match=f"is marked {mark.name}"):
        collect(mine)
    with pytest.raises(ContractChangedError, match=f"is marked {mark.name}"):
        type("Mine", (ProviderContract,), {"pytestmark": [mark]})


def collect(cls):
    """Do what pytest does with a class as it collects."""
    cls().pytest_generate_tests(SimpleNamespace(definition=SimpleNamespace(iter_markers=list)))


def test_the_hooks_are_free():
    """What an author supplies, tests of the author's own, and harmless marks are no offence."""
    members = {"contract_version": 1, "test_more": lambda self: None}
    mine = type("Mine", (ProviderContract,), members)
    mine.many = lambda self, operation: 7
    collect(pytest.mark.usefixtures("tmp_path")(mine))

    assert 7 == mine().many("list_groups")
    assert all(hasattr(ProviderContract, name) for name in HOOKS)


def test_a_module_cannot_be_marked(outcome):
    """A mark on the whole file is an error at collection."""
    code, told = outcome(head="pytestmark = pytest.mark.xfail")

    assert 2 == code
    assert "TestMine is marked xfail" in told


def test_a_mark_from_a_conftest_is_seen(outcome):
    """A hook that marks other checks is told of by the one that looks at them all."""
    hook = """
    import pytest
    def pytest_collection_modifyitems(items):
        for item in items:
            if "whole" not in item.name:
                item.add_marker(pytest.mark.skip)
    """
    code, told = outcome(conftest=hook)

    assert 1 == code
    assert "TestMine is marked skip" in told


def test_an_unknown_version_is_refused(outcome):
    """A class names the version it is held to."""
    code, told = outcome(version=9)

    assert 1 == code
    assert "contract_version is 9" in told


def test_every_check_states_its_promise():
    """Each has a docstring, as it is what an author reads first."""
    for name in checks():
        assert re.match(r"[A-Z`].*\.", getattr(ProviderContract, name).__doc__ or ""), name


def test_the_docs_count_the_checks():
    """docs/writing-a-provider.md says how many there are beside the one it calls."""
    page = (contract_judge.FOLDER.parent / "docs" / "writing-a-provider.md").read_text(
        encoding="utf-8"
    )

    assert f"and {len(checks()) - 1} others" in page
