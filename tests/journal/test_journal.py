"""The journal itself: its file, who holds what, and what entries come to."""

from __future__ import annotations

import gc
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from types import SimpleNamespace

import pytest

from portraitkit.journal import file as journalfile
from portraitkit.journal import liveness
from portraitkit.journal.journal import Journal, Lease
from portraitkit.journal.records import Entry, records_of
from portraitkit.values.errors import ConfigError, JournalError

NOW = datetime(2026, 1, 2, tzinfo=UTC)
BEGUN = {"operation": "create_video", "profile": "p", "provider": "v", "account": "a"}
in_both = pytest.mark.parametrize("place", ["file", "postgresql"], indirect=True)
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "jobs.db"


@pytest.fixture
def journal(place):
    return Journal(place)


def in_a_child(act):
    """Fork, do it there, and tell how that ended."""
    number = os.fork()
    if not number:
        try:
            os._exit(int(act() or 0))
        finally:
            os._exit(99)
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])


# -- the file --------------------------------------------------------------------------------------


def test_a_new_journal_is_its_owners_alone(journal, path):
    """Nobody else on the machine can read it, nor what SQLite puts beside it."""
    journal.add(1, [("job", "begun", "", BEGUN)], flushed=True)

    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    assert {"jobs.db": 0o600, "jobs.db-wal": 0o600, "jobs.db-shm": 0o600} == modes
    assert f"<Journal {str(path)!r}>" == repr(journal)


@in_both
def test_entries_come_back_in_order(journal, place):
    """With their facts, in another process as well as here."""
    journal.now = lambda: NOW
    journal.add(
        7, [("a", "begun", "", BEGUN), ("b", "begun", "h", {"é": [1, None]})], flushed=False
    )
    journal.close()
    first, second = Journal(place).entries()

    assert Entry(id=1, job="a", at=NOW, lease=7, kind="begun", facts=BEGUN) == first
    assert ("b", "h", {"é": [1, None]}) == (second.job, second.handle, second.facts)


def test_what_has_to_be_flushed_is_flushed(journal, monkeypatch):
    """Before a create leaves, the entry is on the disk; others need not wait for it."""
    seen = []
    _ = journal.entries()
    journal.store._connection.set_trace_callback(seen.append)
    journal.add(1, [("a", "sending", "", {})], flushed=True)
    journal.add(1, [("a", "known", "", {})], flushed=False)

    levels = [each.split()[-1] for each in seen if "synchronous" in each]
    assert ["FULL", "NORMAL"] == levels
    assert "wal" == journal.store._connection.execute("PRAGMA journal_mode").fetchone()[0]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: path.write_text("no database, but long enough" * 50), "is no journal"),
        (lambda path: sqlite3.connect(path).execute("CREATE TABLE t (a)"), "somebody's database"),
        (lambda path: path.symlink_to(path.parent / "no" / "such"), "cannot be opened"),
    ],
)
@pytest.mark.filterwarnings("ignore:unclosed database")
def test_what_is_no_journal_is_refused(path, spoil, message):
    """With a message that names the file, and what to do; the file stays as it is."""
    _ = spoil(path)
    with pytest.raises(ConfigError, match=message) as caught:
        _ = Journal(path)

    assert "journal" == caught.value.field
    assert caught.value.next_step
    assert str(path) in str(caught.value)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    """It is not made by itself: a typing error would make one anywhere."""
    with pytest.raises(ConfigError, match="has no folder") as caught:
        _ = Journal(tmp_path / "data" / "jobs.db")

    assert "data" in caught.value.next_step


def test_a_later_version_is_refused(journal, path):
    """What it means is not known here."""
    with sqlite3.connect(path) as connection:
        _ = connection.execute(f"PRAGMA user_version = {journalfile.VERSION + 1}")
    connection.close()
    with pytest.raises(ConfigError, match="has version 2, and this portraitkit reads 1"):
        _ = Journal(path)


def test_a_journal_that_cannot_be_written_says_so(journal, path):
    """A table that is gone stands for a full disk and the like; nothing half is left."""
    journal.add(1, [("a", "begun", "", {})], flushed=True)
    with sqlite3.connect(path) as connection:
        _ = connection.execute("ALTER TABLE entries RENAME TO others")
    connection.close()
    with pytest.raises(JournalError, match="cannot be written: no such table") as caught:
        journal.add(1, [("b", "begun", "", {})], flushed=True)
    with pytest.raises(JournalError, match="cannot be read"):
        _ = journal.entries()

    assert "disk" in caught.value.next_step
    assert not journal.store._connection.in_transaction


@pytest.mark.parametrize(
    "change",
    [
        "facts = '{'",
        "facts = '[]'",
        "facts = x'ff'",
        "facts = '" + "[" * 100_000 + "'",
        """facts = '{"operation": 7}'""",
        """facts = '{"arguments": []}'""",
        """facts = '{"missing": 7}'""",
        """facts = '{"likely_ids": [7]}'""",
        """facts = '{"part": "x"}'""",
        """facts = '{"findings": [{}]}'""",
        "at = 'yesterday'",
        "at = '2026-01-02T03:04:05'",
        "at = 5",
        "lease = 'me'",
        "kind = 'unheard of'",
        "kind = CAST(x'ff' AS TEXT)",
        "handle = CAST(x'ff' AS TEXT)",
        "handle = x'00'",
        "job = x'00'",
    ],
)
@pytest.mark.parametrize("row", [1, 2])
def test_a_damaged_row_stops_no_other_job(journal, path, change, row):
    """It is told; its job may have been sent, or is left where nobody knows what it was."""
    bad = [("bad", "begun", "", BEGUN), ("bad", "sending", "", {})]
    journal.add(9, [*bad, ("good", "begun", "", BEGUN)], flushed=True)
    with sqlite3.connect(path) as connection:
        _ = connection.execute(f"UPDATE entries SET {change} WHERE id = {row}")
    connection.close()
    with pytest.warns(UserWarning, match=rf"damaged entries \(rows {row}\)"):
        claimed = {each.id: each.state for each in journal.claim(Lease(journal))}

    assert ({"bad": "unsure"} if row == 2 else {}) | {"good": "begun"} == claimed
    assert "damaged" in [each.kind for each in journal.entries()]


@pytest.mark.parametrize(
    "path", [None, 7, b"jobs.db", "a\0b", "x" * 5000, "\udc80/jobs.db", "", "."]
)
def test_a_path_that_is_none_is_refused(path):
    """Whatever is given in its place: an error of this library that says what to name."""
    with pytest.raises(ConfigError) as caught:
        _ = Journal(path)

    assert "journal" == caught.value.field
    assert caught.value.next_step


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_no_journal(path):
    """To open one could wait for ever."""
    os.mkfifo(path)
    with pytest.raises(ConfigError, match="is a device, pipe or socket"):
        _ = Journal(path)


def test_a_folder_in_the_place_of_locks_is_an_error_of_ours(journal):
    """As is anything else that keeps the file of held leases from being used."""
    journal.store.alive.mkdir()
    with pytest.raises(JournalError, match="'jobs.db-alive' cannot be used"):
        _ = Lease(journal).id


def test_an_empty_file_becomes_a_journal(path):
    """As one is after a crash while it was made."""
    path.touch()

    assert [] == Journal(path).entries()


def test_who_comes_second_makes_nothing(journal, path):
    """Another process may have made the journal while this one waited for its turn."""
    journal.add(1, [("a", "begun", "", {})], flushed=False)
    connection = sqlite3.connect(path, isolation_level=None)
    journalfile._create(connection, path)
    connection.close()

    assert ["a"] == [each.job for each in journal.entries()]


def test_opening_waits_for_who_is_just_making_it(path, monkeypatch):
    """SQLite may refuse to change its mode at once while another has the file."""
    other = sqlite3.connect(path, isolation_level=None)
    _ = other.execute("BEGIN EXCLUSIVE")
    mine = sqlite3.connect(path, isolation_level=None, timeout=0)
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        if len(waits) == 3:
            _ = other.execute("ROLLBACK")

    monkeypatch.setattr(journalfile, "time", SimpleNamespace(monotonic=time.monotonic, sleep=sleep))
    journalfile._switch_to_wal(mine)

    assert 3 == len(waits)
    assert ("wal",) == mine.execute("PRAGMA journal_mode").fetchone()
    other.close()
    mine.close()


def test_opening_gives_up_on_a_file_that_stays_locked(path, monkeypatch):
    """With a message, after a while."""
    other = sqlite3.connect(path, isolation_level=None)
    _ = other.execute("BEGIN EXCLUSIVE")
    monkeypatch.setattr(journalfile, "_BUSY_S", 0.0)
    with pytest.raises(ConfigError, match="cannot be opened: database is locked"):
        _ = Journal(path)
    mine = sqlite3.connect(path, isolation_level=None, timeout=0)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        journalfile._switch_to_wal(mine)
    mine.close()
    other.close()


@in_both
def test_threads_share_a_journal(journal):
    """Nothing is lost where many write at once."""
    with ThreadPoolExecutor(8) as pool:
        rows = [[(f"job {n}", "begun", "", {"n": n})] for n in range(200)]
        _ = list(pool.map(lambda row: journal.add(1, row, flushed=False), rows))

    assert {f"job {n}" for n in range(200)} == {each.job for each in journal.entries()}


# -- who is there ----------------------------------------------------------------------------------


def is_held(file, byte):
    """Whether somebody has a byte, this process included."""
    if not liveness.acquire(file, byte):
        return True
    liveness.release(file, byte)
    return False


@pytest.mark.parametrize("moment", ["open", "close"])
def test_a_lease_that_is_collected_in_the_middle_of_another_waits_for_nobody(
    tmp_path, monkeypatch, moment
):
    """The garbage collector may let go of one wherever it runs, in the midst of a lock too."""
    file = tmp_path / "alive"
    assert liveness.acquire(file, 5)
    do = getattr(os, moment)

    def collected(*args, **kwargs):
        monkeypatch.undo()
        liveness.release(file, 5)
        return do(*args, **kwargs)

    monkeypatch.setattr(os, moment, collected)
    other = tmp_path / "other"
    assert liveness.acquire(other, 1)
    liveness.release(other, 1)

    assert not is_held(file, 5)
    assert not {file, other} & liveness._files.keys()


def test_a_byte_is_held_once(tmp_path):
    """By one at a time in this process; let go, it is free, and the file is closed."""
    file = tmp_path / "alive"

    assert liveness.acquire(file, 5)
    assert not liveness.acquire(file, 5)
    assert liveness.acquire(file, 6)
    assert [True, True, False] == [is_held(file, byte) for byte in (5, 6, 7)]
    liveness.release(file, 5)
    liveness.release(file, 5)
    assert [False, True] == [is_held(file, byte) for byte in (5, 6)]
    liveness.release(file, 6)
    assert file not in liveness._files


def test_a_parents_file_is_not_a_childs(tmp_path):
    """After a fork another one is opened: locks go by process."""
    file = tmp_path / "alive"
    assert liveness.acquire(file, 5)
    liveness._files[file].process = -1

    assert liveness.acquire(file, 6)
    assert {6} == liveness._files[file].held
    liveness.release(file, 6)


HOLD = """
import sys, time
from pathlib import Path
from portraitkit.journal import liveness
assert liveness.acquire(Path(sys.argv[1]), 5)
print("held", flush=True)
time.sleep(60)
"""


def test_a_lock_goes_with_its_process(tmp_path):
    """Even if it is killed: no process id could tell that."""
    file = tmp_path / "alive"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert "held\n" == other.stdout.readline()
        assert is_held(file, 5)
        assert not liveness.acquire(file, 5)
        other.send_signal(signal.SIGKILL)
        _ = other.wait(10)

        assert not is_held(file, 5)


@needs_fork
def test_a_child_holds_nothing_of_its_parents(tmp_path):
    """Nor can it let go of it; it sees that its parent lives."""
    file = tmp_path / "alive"
    assert liveness.acquire(file, 5)

    def act():
        liveness.release(file, 5)
        seen = [is_held(file, 5), liveness.acquire(file, 6), is_held(file, 6)]
        return 0 if seen == [True, True, True] else 1

    assert 0 == in_a_child(act)
    assert is_held(file, 5)
    assert not is_held(file, 6)
    liveness.release(file, 5)


@needs_fork
def test_a_forked_journal_is_another_owner(journal):
    """Parent and child write on through connections of their own, under numbers of their own."""
    lease = Lease(journal)
    mine = lease.id
    journal.add(mine, [("parent", "begun", "", {})], flushed=False)

    def act():
        journal.add(lease.id, [("child", "begun", "", BEGUN)], flushed=True)
        return lease.id == mine

    assert 0 == in_a_child(act)
    journal.add(lease.id, [("parent", "known", "", {})], flushed=False)
    leases = {each.job: each.lease for each in journal.entries()}
    assert {"parent": mine, "child": mine + 1} == leases
    assert ["child"] == [each.id for each in journal.claim(Lease(journal))]


@needs_fork
def test_a_fork_that_python_was_not_told_of_is_seen(journal):
    """The parent's connection is left alone, and another is opened."""
    journal.add(1, [("a", "begun", "", {})], flushed=False)
    before = journal.store._connection
    journal.store._process = -1
    journal.add(1, [("b", "begun", "", {})], flushed=False)

    assert before is not journal.store._connection
    assert ["a", "b"] == [each.job for each in journal.entries()]
    journal.store._process = -1
    journal.close()
    assert journal.store._connection is not None
    for each in journalfile._inherited:
        each.close()
    journalfile._inherited.clear()


def test_a_number_that_is_taken_is_passed_over(journal):
    """As after a journal was deleted while in use, and numbers begin anew."""
    assert liveness.acquire(journal.store.alive, 1)

    assert 2 == Lease(journal).id
    liveness.release(journal.store.alive, 1)


@in_both
def test_what_is_in_a_living_hand_is_not_claimed(journal):
    """It is free when its lease is released, or is no more."""
    lease, other = Lease(journal), Lease(journal)
    journal.add(lease.id, [("a", "begun", "", BEGUN)], flushed=False)

    assert [] == journal.claim(other)
    lease.release()
    assert ["a"] == [each.id for each in journal.claim(other)]
    assert [] == journal.claim(lease)
    del other
    _ = gc.collect()
    assert ["a"] == [each.id for each in journal.claim(lease)]
    lease.release()
    Lease(journal).release()


@in_both
def test_threads_of_a_client_are_one_holder(journal, monkeypatch):
    """However many begin at the same time: what one begins it can send."""
    lease, start, new = Lease(journal), Barrier(8), journal.store.new_lease
    monkeypatch.setattr(journal.store, "new_lease", lambda: new() + 0 * start.wait(10))

    def call(number):
        journal.add(lease.id, [(f"job {number}", "begun", "", BEGUN)], flushed=False)
        journal.add(lease.id, [(f"job {number}", "sending", "", {})], flushed=True)
        return lease.id

    with ThreadPoolExecutor(8) as pool:
        numbers = set(pool.map(call, range(8)))
    assert {lease.id} == numbers
    lease.release()
    monkeypatch.undo()
    assert 8 == len(journal.claim(Lease(journal)))


def test_who_finds_nothing_enrols_nowhere(journal, path):
    """To look for unfinished jobs at each start leaves no trace."""
    assert [] == journal.claim(Lease(journal))
    assert not path.with_name("jobs.db-alive").exists()


# -- what entries come to --------------------------------------------------------------------------


def record(*kinds, **facts):
    rows = [Entry(id=1, job="a", at=NOW, lease=3, kind="begun", facts={**BEGUN, **facts})]
    for each in kinds:
        kind, handle, more = (each, "", {}) if isinstance(each, str) else each
        rows.append(Entry(id=2, job="a", at=NOW, lease=4, kind=kind, handle=handle, facts=more))
    return records_of(rows)["a"]


@pytest.mark.parametrize(
    ("kinds", "state", "finished"),
    [
        ((), "begun", False),
        (("sending",), "sending", False),
        (("sending", "known"), "known", False),
        (("sending", "unsure"), "unsure", False),
        (("sending", "unsure", "again"), "begun", False),
        (("sending", "unsure", "again", "sending"), "sending", False),
        (("known", "unsure"), "known", False),
        (("known", "sending"), "known", False),
        (("sending", "interrupted"), "sending", False),
        (("sending", "claimed"), "sending", False),
        (("known", "ended"), "ended", True),
        (("sending", "failed"), "failed", True),
        (("dropped",), "dropped", True),
        (("ended", "known"), "ended", True),
        (("dropped", "ended"), "ended", True),
    ],
)
def test_entries_come_to_a_state(kinds, state, finished):
    """What is known stays known, and what is finished stays finished."""
    found = record(*kinds)

    assert (state, finished) == (found.state, found.finished)


@in_both
def test_a_record_tells_all(journal):
    """Who did it, about what, with what, and who has it."""
    found = record(
        ("sending", "", {"provider": "w", "account": "b", "token": "t"}),
        ("known", "h1", {"status": "queued"}),
        "claimed",
        ("ended", "h2", {"status": "succeeded"}),
        missing=["request"],
    )

    assert ("w", "b", "p", "t") == (found.provider, found.account, found.profile, found.token)
    assert ("h2", {"h1", "h2"}, "succeeded") == (found.handle, found.handles, found.status)
    assert (NOW, NOW, ("request",), 4) == (
        found.begun_at,
        found.sent_at,
        found.missing,
        found.lease,
    )
    assert record(("interrupted", "", {"released": True})).lease is None
    assert "" == journal.record("nobody").operation
