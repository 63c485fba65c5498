"""Ledgers: a text file, SQLite and PostgreSQL keep the same, for threads, processes and a kill."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from portraitkit.portraits.bindings import Binding, Consent, Look
from portraitkit.portraits.ledger import MemoryLedger, open_ledger, read_entries, written
from portraitkit.simulators.__main__ import ACCOUNT, load
from portraitkit.simulators.server import WallClock, serve
from portraitkit.simulators.state import World
from portraitkit.values import errors
from portraitkit.values.statuses import AssetStatus, GroupKind

KEY = ("mia", "alltoken", "5f0c2a91d3")
MIA = Binding(
    portrait="mia",
    provider="alltoken",
    account="5f0c2a91d3",
    group="pk1:alltoken:5f0c2a91d3:group:group-1:abcde",
    looks={"front": Look(asset="pk1:alltoken:5f0c2a91d3:asset:asset-1:abcde", content="c" * 64)},
)
STORES = ("memory", "file", "sqlite", "postgresql")


@pytest.fixture(params=STORES)
def address(request, tmp_path):
    """Where a new ledger is."""
    if request.param == "postgresql":
        return request.getfixturevalue("new_database")()
    return {
        "memory": None,
        "file": str(tmp_path / "portraits.lock"),
        "sqlite": f"sqlite:///{tmp_path}/portraits.db",
    }[request.param]


@pytest.fixture
def ledger(address):
    made = MemoryLedger() if address is None else open_ledger(address)
    yield made
    made.close()


def test_what_is_written_is_read(ledger):
    """By portrait, by account, by content; changed, and removed."""
    leo = evolve(MIA, portrait="leo", account="other", looks={})
    for each in (MIA, leo):
        assert each == ledger.change(each.key, lambda before, now=each: before or now)

    assert [leo, MIA] == ledger.bindings()
    assert [MIA] == ledger.bindings("mia") == ledger.bindings(owner=KEY[1:])
    assert [MIA] == ledger.bindings(owner=KEY[1:], content="c" * 64)
    assert [] == ledger.bindings(content="d" * 64)
    bare = ledger.change(KEY, lambda before: before and before.without_look("front"))
    assert ([], {}) == (ledger.bindings(content="c" * 64), bare.looks)
    assert ledger.change(KEY, lambda _: None) is None
    assert [leo] == ledger.bindings()


def test_changes_at_once_lose_nothing(ledger):
    """Each change is made from what is there, whoever else writes."""

    def add(number):
        look = Look(asset=f"a{number}")
        ledger.change(KEY, lambda before: (before or MIA).with_look(f"look-{number}", look))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(40)))
    assert 41 == len(ledger.bindings()[0].looks)


def test_one_at_a_time_has_a_name(ledger):
    """What one has taken nobody else gets, until it is left."""
    assert ledger.acquire("mia")
    assert not ledger.acquire("mia")
    assert ledger.acquire("leo")
    ledger.release("mia")
    assert ledger.acquire("mia")
    ledger.release("mia")
    ledger.release("leo")


def test_of_many_threads_one_gets_a_name(ledger):
    """Whoever asks at the same time."""
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda _: ledger.acquire("mia"), range(40)))
    ledger.release("mia")

    assert 1 == sum(got)


_WORDS = st.text(min_size=1, max_size=12)
_LOOKS = st.builds(
    Look,
    asset=_WORDS,
    group=_WORDS,
    content=st.text("0123456789abcdef", max_size=64),
    status=st.sampled_from(AssetStatus),
    seen_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)
_CONSENTS = st.builds(
    Consent, person=_WORDS, purpose=_WORDS, given_on=st.dates(), until=st.none() | st.dates()
)
_BINDINGS = st.builds(
    Binding,
    portrait=_WORDS,
    provider=_WORDS,
    account=_WORDS,
    kind=st.sampled_from(GroupKind),
    group=_WORDS,
    looks=st.dictionaries(_WORDS, _LOOKS, max_size=3),
    sent=st.dictionaries(_WORDS, st.text(max_size=12), max_size=2),
    consent=st.none() | _CONSENTS,
    erasing=st.booleans(),
)


@given(st.lists(_BINDINGS, max_size=4, unique_by=lambda each: each.key))
def test_any_entries_come_back_from_their_text(entries):
    """Whatever is in it, and in whatever order it was made, the text is one and says it all."""
    text = written(entries)

    assert text == written(reversed(entries))
    assert {each.key: each for each in entries} == read_entries(text, failed)


def failed(what, why, then):
    return errors.LedgerError(f"{what}: {why}", next_step=then)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"portraitkit ledger": 2}', "version 2"),
        ('{"x": 1}', "no ledger"),
        ("[]", "no ledger"),
        (written([MIA])[:-20], "cut or damaged"),
        (written([MIA]) + written([MIA]).partition("\n\n")[2], "two entries for mia"),
        (written([MIA]).replace('"group"', '"grupo"'), "entry of 'mia' cannot be read"),
        ("<<<<<<< ours\n" + written([MIA]), "merge conflict"),
        ("\xff\xfe", "no ledger|cut or damaged"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_told_and_left(tmp_path, text, problem):
    """Newer, foreign, cut, contradictory or in conflict: an error with the next step."""
    path = tmp_path / "portraits.lock"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(errors.LedgerError, match=problem) as caught:
        open_ledger(path).change(KEY, lambda _: MIA)

    assert caught.value.next_step
    assert text == path.read_text(encoding="utf-8")


def test_a_later_version_of_the_database_is_refused(tmp_path):
    """Its entries may mean something else."""
    sqlalchemy = pytest.importorskip("sqlalchemy")
    url = f"sqlite:///{tmp_path}/portraits.db"
    first = open_ledger(url)
    assert [] == first.bindings()
    first.close()
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("UPDATE portraitkit_versions SET version = 9"))
    engine.dispose()
    with pytest.raises(errors.LedgerError, match="version 9"):
        open_ledger(url).bindings()


@pytest.mark.parametrize(
    "url",
    ["postgresql+psycopg://me:hunter2secret@127.0.0.1:1/nowhere", "mysql://me:hunter2secret@h/x"],
)
def test_an_address_that_leads_nowhere_is_an_error_without_its_password(url):
    """Neither its text nor the ledger's shows what is secret."""
    with pytest.raises((errors.LedgerError, errors.ConfigError)) as caught:
        open_ledger(url).bindings()

    assert "hunter2secret" not in f"{caught.value!r} {caught.value} {caught.value.__cause__}"


def test_a_kill_in_the_middle_of_a_write_leaves_the_old_or_the_new(tmp_path, monkeypatch):
    """Wherever it ends, the file is whole."""
    path = tmp_path / "portraits.lock"
    open_ledger(path).change(KEY, lambda _: MIA)
    before = path.read_text(encoding="utf-8")
    for name in ("fsync", "fdopen"):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, killed)
            with pytest.raises(KeyboardInterrupt):
                open_ledger(path).change(KEY, lambda it: it.without_look("front"))
        assert before == path.read_text(encoding="utf-8")
    open_ledger(path).change(KEY, lambda _: None)
    assert [] == open_ledger(path).bindings()


def killed(*_, **__):
    raise KeyboardInterrupt


PROGRAM = """
import sys
import portraitkit as pk

base, address, picture = sys.argv[1:]
settings = {{"ledger": address, "pacing": {{"asset": {{"first_s": 0.05}}}}}}
with pk.connect("alltoken", api_key={key!r}, base_url=base, settings=settings) as client:
    print(client.ensure_portrait("mia", {{"front": picture}}))
"""


@pytest.mark.matrix
def test_eight_processes_that_ensure_one_portrait_register_it_once(address, tmp_path):
    """One registers, the others wait and find it."""
    if address is None:
        pytest.skip("a ledger in memory is one process's")
    vendor = load("alltoken")(world=World(clock=WallClock(), review_s=0.2))
    vendor.add_account(ACCOUNT)
    picture = tmp_path / "mia.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 100)
    with serve(vendor, folder=tmp_path / "published") as server:
        words = [sys.executable, "-c", PROGRAM.format(key=ACCOUNT.api_key), server.url, address]
        running = [
            subprocess.Popen([*words, str(picture)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for _ in range(8)
        ]
        said = [each.communicate(timeout=90) for each in running]

    assert [b"mia\n"] * 8 == [out for out, _ in said], said
    assert (1, 1) == (len(vendor.world.groups), len(vendor.world.assets))
