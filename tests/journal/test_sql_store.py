"""A journal in PostgreSQL: machines, lost connections, forks, and trouble with the database."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from portraitkit import jobs
from portraitkit.config.building import build
from portraitkit.journal.journal import Journal, Lease
from portraitkit.portraits.ledger import open_ledger
from portraitkit.rehearsal import Rehearsal, rehearsing
from portraitkit.testing import SimulatorTransport
from portraitkit.values import errors
from portraitkit.values.secret import Secret
from portraitkit.values.video import VideoRequest

sql = pytest.importorskip("sqlalchemy")

BEGUN = {"operation": "create_video", "profile": "p", "provider": "v", "account": "a"}
REQUEST = VideoRequest(prompt="a smile", duration_s=5)
PASSWORD = "hunter2secret"
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


@pytest.fixture
def place(new_database):
    """Where a new journal is."""
    return new_database()


@pytest.fixture
def journal(place):
    made = Journal(place)
    yield made
    made.close()


@pytest.fixture
def execute(place):
    """Do something to the database behind the library's back."""
    engine = sql.create_engine(place, poolclass=sql.NullPool)

    def execute(text):
        with engine.begin() as connection:
            return connection.execute(sql.text(text))

    return execute


@pytest.fixture
def cut(execute):
    """Let every connection of the test be lost, as when a server is started anew."""
    others = "datname = current_database() AND pid != pg_backend_pid()"

    def cut():
        _ = execute(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}")

    return cut


@pytest.fixture
def counted():
    """Tell how many statements the database is asked for while something is done."""
    asked = []

    def note(connection, cursor, statement, *rest):
        asked.append(statement)

    def counted(act):
        asked.clear()
        _ = act()
        return len(asked)

    sql.event.listen(sql.Engine, "before_cursor_execute", note)
    yield counted
    sql.event.remove(sql.Engine, "before_cursor_execute", note)


def begin(journal, lease, job="job"):
    journal.add(lease.id, [(job, "begun", "", BEGUN)], flushed=True)


def send(journal, lease, job="job"):
    journal.add(lease.id, [(job, "sending", "", {})], flushed=True)


# -- who has what ----------------------------------------------------------------------------------

HOLDER = """
import sys, time
from portraitkit.journal.journal import Journal, Lease
journal = Journal(sys.argv[1])
lease = Lease(journal)
facts = {"operation": "create_video", "profile": "p", "provider": "v", "account": "a"}
journal.add(lease.id, [("theirs", "begun", "", facts)], flushed=True)
print("held", flush=True)
time.sleep(60)
"""


def test_a_killed_machine_holds_nothing_and_a_living_one_all(journal, place):
    """Its connection ends with it, and its locks with the connection."""
    words = [sys.executable, "-c", HOLDER, place]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as other:
        assert "held\n" == other.stdout.readline()
        assert [] == journal.claim(Lease(journal))
        other.send_signal(signal.SIGKILL)
        _ = other.wait(10)
    lease, claimed = Lease(journal), []
    while not claimed:  # until the server has seen it
        claimed = journal.claim(lease)
        time.sleep(0.01)

    assert ["theirs"] == [each.id for each in claimed]


def test_who_claims_at_once_gets_different_jobs(journal, place):
    """Also where the database would rather show each transaction what was there before it."""
    for number in range(30):
        begin(journal, Lease(journal), f"job {number}")
    _ = gc.collect()
    url = place.replace("options=", "options=-cdefault_transaction_isolation%3Dserializable%20")
    others = [Journal(url) for _ in range(4)]
    leases = [Lease(each) for each in others]
    start = Barrier(4)

    def claim(number):
        _ = start.wait()
        return [each.id for each in others[number].claim(leases[number])]

    with ThreadPoolExecutor(4) as pool:
        shares = list(pool.map(claim, range(4)))
    claimed = [each for share in shares for each in share]
    assert 30 == len(claimed) == len(set(claimed))


def test_a_lease_that_is_left_while_the_connection_is_busy_is_free_after_it(journal, place):
    """The garbage collector may come in the middle of a transaction."""
    leases = [Lease(journal)]
    begin(journal, leases[0])
    _ = journal.store.write(lambda _: leases.clear(), flushed=False)

    other = Journal(place)
    assert ["job"] == [each.id for each in other.claim(Lease(other))]


def test_closing_leaves_what_is_in_hand(journal, place):
    """As it does beside a file."""
    lease = Lease(journal)
    begin(journal, lease)
    journal.close()
    other = Journal(place)

    assert [] == other.claim(Lease(other))
    lease.release()
    assert ["job"] == [each.id for each in other.claim(Lease(other))]


# -- lost connections ------------------------------------------------------------------------------


def test_a_lost_connection_is_opened_anew_with_what_it_held(journal, place, cut):
    """A server that was started anew costs no call, and gives no job away."""
    lease = Lease(journal)
    begin(journal, lease)
    cut()
    send(journal, lease)
    other = Journal(place)

    assert [] == other.claim(Lease(other))
    assert ["begun", "sending"] == [each.kind for each in journal.entries()]


def test_a_lost_connection_costs_no_look_up(journal, cut):
    """Nobody asks first whether it is still there: what was asked is asked once more."""
    begin(journal, Lease(journal))
    cut()

    assert ["begun"] == [each.kind for each in journal.entries()]


def test_a_job_that_went_to_others_meanwhile_is_not_sent(journal, place, cut):
    """Who lost its lock with its connection, and does not know it, sends nothing."""
    lease = Lease(journal)
    begin(journal, lease)
    cut()
    other = Journal(place)
    mine = Lease(other)
    assert ["job"] == [each.id for each in other.claim(mine)]
    with pytest.raises(errors.JournalError, match="in other hands") as caught:
        send(journal, lease)

    assert "create_video" == caught.value.operation
    send(other, mine)
    assert ["begun", "claimed", "sending"] == [each.kind for each in journal.entries()]


@needs_fork
def test_a_fork_has_a_connection_of_its_own(place):
    """And leaves its parent's alone, at its end too."""
    journal = Journal(place)
    lease = Lease(journal)
    begin(journal, lease)
    number = os.fork()
    if not number:
        status = 1
        try:
            begin(journal, lease, "child")
            with pytest.raises(errors.JournalError, match="in other hands"):
                send(journal, lease)  # both would send it
            del journal, lease
            _ = gc.collect()
            status = 0
        finally:
            os._exit(status)
    assert 0 == os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
    other = Journal(place)

    assert {"child"} >= {each.id for each in other.claim(Lease(other))}
    send(journal, lease)
    assert "sending" == journal.entries()[-1].kind


# -- trouble ---------------------------------------------------------------------------------------

AWAY = "ALTER TABLE portraitkit_entries RENAME TO away"


def test_trouble_before_a_create_stops_it(desk, execute):
    """Nothing is sent that nobody could find again."""
    with desk.client() as client:
        _ = execute(AWAY)
        with pytest.raises(errors.JournalError, match="cannot be written: .*not exist") as caught:
            _ = client.create_video(REQUEST)

    assert caught.value.next_step
    assert [] == desk.simulator.seen


def test_trouble_after_a_create_is_a_warning(desk, execute):
    """What was paid for is returned."""

    class Transport(SimulatorTransport):
        def send(self, request):
            _ = execute(AWAY)
            return super().send(request)

    warned = pytest.warns(UserWarning, match="cannot be written")
    with desk.client(transport=Transport(desk.simulator)) as client, warned as caught:
        task = client.create_video(REQUEST)

    assert task.handle in str(caught[0].message)


def test_what_was_noted_before_a_create_is_there_for_others_when_it_leaves(desk):
    """It is committed by then, whatever becomes of this process."""
    seen = []

    class Transport(SimulatorTransport):
        def send(self, request):
            seen.append(desk.kinds())
            return super().send(request)

    with desk.client(transport=Transport(desk.simulator)) as client:
        _ = client.create_video(REQUEST)

    assert [["begun", "sending"]] == seen


def test_trouble_in_the_middle_costs_no_lease(journal, place, execute):
    """What failed is rolled back, by the same connection."""
    lease = Lease(journal)
    begin(journal, lease)
    _ = execute(AWAY)
    with pytest.raises(errors.JournalError, match="cannot be written"):
        send(journal, lease)
    _ = execute("ALTER TABLE away RENAME TO portraitkit_entries")
    other = Journal(place)

    assert [] == other.claim(Lease(other))
    send(journal, lease)
    assert ["begun", "sending"] == [each.kind for each in journal.entries()]


def test_a_later_version_is_refused(journal, place, execute):
    """Its entries may mean something else; the ledger beside it has a version of its own."""
    assert [] == open_ledger(place).bindings()
    _ = execute("UPDATE portraitkit_versions SET version = 9 WHERE part = 'journal'")
    with pytest.raises(errors.JournalError, match="has version 9, not 1") as caught:
        _ = Journal(place)

    assert "upgrade portraitkit" == caught.value.next_step
    assert [] == open_ledger(place).bindings()


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+psycopg://me:{PASSWORD}@127.0.0.1:1/nowhere",
        f"postgresql+psycopg://me@127.0.0.1:1/nowhere?password={PASSWORD}",
        f"postgresql+nodriver://me:{PASSWORD}@h/x",
        f"postgresql+pg8000://me:{PASSWORD}@127.0.0.1:1/x",
        f"mysql://me:{PASSWORD}@h/x",
        f"sqlite:///{PASSWORD}.db",
        f"://{PASSWORD}",
    ],
)
def test_an_address_that_cannot_be_is_an_error_without_its_password(url, caplog):
    """Neither its text nor a log shows what is secret; a file has a journal of its own."""
    with pytest.raises((errors.JournalError, errors.ConfigError)) as caught:
        _ = Journal(url)

    assert "journal" == caught.value.field
    assert caught.value.next_step
    shown = f"{caught.value!r} {caught.value} {caught.value.__cause__} {caplog.text}"
    assert PASSWORD not in shown


@pytest.mark.parametrize(
    ("open_it", "module"),
    [(Journal, "journal.sql_store"), (open_ledger, "portraits.sql_ledger")],
)
def test_without_the_extra_the_error_says_what_to_install(place, monkeypatch, open_it, module):
    """Of a journal and of a ledger."""
    monkeypatch.setitem(sys.modules, f"portraitkit.{module}", None)
    with pytest.raises(errors.ConfigError, match="not installed") as caught:
        _ = open_it(place)

    assert "pip install 'portraitkit[sql]'" == caught.value.next_step


def test_a_journal_does_not_show_its_password(place):
    """Nor the options of its connection."""
    shown = repr(Journal(place.replace("postgres:@", f"postgres:{PASSWORD}@")))

    assert shown.startswith("<Journal 'postgresql+psycopg://postgres:***@")
    assert "options" not in shown


# -- what it costs ---------------------------------------------------------------------------------


def test_what_is_looked_up_is_one_statement_and_what_is_noted_four(journal, counted):
    """A transaction is for what writes: its begin and the lock, the entries, the commit."""
    lease = Lease(journal)
    begin(journal, lease)

    assert 1 == counted(lambda: journal.record("job"))
    assert 4 == counted(lambda: begin(journal, lease, "another"))


def test_a_journal_that_is_there_is_opened_by_two_statements(journal, place, counted):
    """The settings of the connection; and the version, which tells that all tables are there."""
    assert 2 == counted(lambda: Journal(place).close())


@pytest.mark.parametrize(
    ("what", "way"),
    [
        ("job", "Index Scan using ix_portraitkit_entries_job"),
        ("handle", "Index Scan using ix_portraitkit_entries_handle"),
        ("unfinished", "Anti Join"),
    ],
)
def test_what_is_asked_often_is_found_without_looking_through_all(journal, place, what, way):
    """PostgreSQL's own plan: by an index; of what is unfinished each entry is looked at once."""
    from portraitkit.journal import sql_store  # its package is an extra

    engine = sql.create_engine(place, poolclass=sql.NullPool)
    asked = sql_store._SELECT[what].params(value="x")
    text = asked.compile(engine, compile_kwargs={"literal_binds": True})
    with engine.begin() as connection:
        for each in ("seqscan", "bitmapscan"):  # which a small table would be read by
            _ = connection.exec_driver_sql(f"SET LOCAL enable_{each} = off")
        plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {text}").scalars())

    assert way in plan
    assert "SubPlan" not in plan


def test_a_step_asks_for_few_statements(desk, counted):
    """A create, which is noted before and after it; and a look."""
    with desk.client() as client:
        job = jobs.begin(client, "create_video", request=REQUEST)

        assert 22 >= counted(lambda: jobs.advance(client, job))
        assert 13 >= counted(lambda: jobs.advance(client, job))


# -- in a profile ----------------------------------------------------------------------------------


def test_a_profile_names_a_database_by_reference(place, monkeypatch):
    """As the ledger's does, since the URL may hold a password; a rehearsal uses files."""
    monkeypatch.setenv("JOURNAL_URL", place)
    given = {"api_key": "sk-1", "journal": "env:JOURNAL_URL", "ledger": "env:JOURNAL_URL"}
    setup = build("alltoken", given)

    assert (Secret(place), Secret(place)) == (setup.journal, setup.ledger)
    assert place not in repr(setup)
    assert [] == Journal(setup.journal).entries()


def test_a_rehearsal_keeps_its_jobs_in_files(place, tmp_path):
    """A test that rehearses touches no database."""
    given = {"api_key": "sk-1", "journal": place, "ledger": place}
    with rehearsing(Rehearsal(journal_folder=tmp_path)):
        setup = build("alltoken", given)

    assert (tmp_path / "journal", tmp_path / "ledger") == (setup.journal, setup.ledger)
