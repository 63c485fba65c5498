"""A journal that has grown: what is asked often takes no longer, and old jobs can be deleted."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from portraitkit.journal import file as journalfile
from portraitkit.journal.journal import Journal, Lease
from portraitkit.values.errors import JournalError

BEGUN = {"operation": "create_video", "profile": "p", "provider": "v", "account": "a"}
NOW = datetime(2026, 3, 1, tzinfo=UTC)
PLANS = {
    "job": "SEARCH entries USING INDEX entries_of_a_job (job=?)",
    "handle": "SEARCH entries USING INDEX entries_of_a_thing (handle=?)",
    "unfinished": "SEARCH entries USING INDEX entries_of_a_job (job=?)",
}


@pytest.fixture(params=["file", "database"])
def journal(request, tmp_path):
    """A journal in each kind of store."""
    if request.param == "file":
        place = tmp_path / "jobs.db"
    else:
        pytest.importorskip("sqlalchemy")
        place = request.getfixturevalue("new_database")()
    made = Journal(place)
    made.now = lambda: NOW
    yield made
    made.close()


def fill(journal, count, *, days=0, ends=True):
    """Note jobs that began some days ago."""
    journal.now = lambda: NOW - timedelta(days=days)
    for number in range(count):
        name = f"{days}-{number}"
        rows = [(name, "begun", "", BEGUN), (name, "known", f"h-{name}", {})]
        journal.add(9, [*rows, *([(name, "ended", f"h-{name}", {})] if ends else [])], flushed=True)
    journal.now = lambda: NOW


@pytest.mark.parametrize("name", PLANS)
def test_what_is_asked_often_is_found_by_an_index(tmp_path, name):
    """SQLite's own plan of each statement; a scan of all entries is in none."""
    journal = Journal(tmp_path / "jobs.db")
    fill(journal, 3)
    text = journalfile._SELECT[name]
    with sqlite3.connect(tmp_path / "jobs.db") as connection:
        values = ("x",) * text.count("?")
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", values)]
    connection.close()
    assert PLANS[name] in plan
    assert "SCAN entries" not in plan


def test_a_claim_reads_no_job_that_has_ended(journal, monkeypatch):
    """However many there are."""
    fill(journal, 50)
    fill(journal, 2, days=1, ends=False)
    read = []
    kept = Journal.claim.__globals__["read_entry"]
    monkeypatch.setitem(
        Journal.claim.__globals__, "read_entry", lambda row: read.append(row) or kept(row)
    )
    assert {"1-0", "1-1"} == {each.id for each in journal.claim(Lease(journal))}
    assert 8 == len(read)
    assert {"1-0", "1-1"} == {each.id for each in journal.unfinished()}


def test_a_file_of_an_earlier_version_learns_what_is_unfinished(tmp_path):
    """Also when that version goes on writing into it."""
    path = tmp_path / "jobs.db"
    journal = Journal(path)
    fill(journal, 1)
    fill(journal, 1, days=1, ends=False)
    journal.close()
    with sqlite3.connect(path) as connection:
        for what in ("TRIGGER job_begins", "TRIGGER job_ends", "TABLE unfinished"):
            _ = connection.execute(f"DROP {what}")
        for what in ("entries_of_the_end", "entries_without_a_job"):
            _ = connection.execute(f"DROP INDEX {what}")
    connection.close()
    journal = Journal(path)
    assert ["1-0"] == [each.id for each in journal.unfinished()]
    add = "INSERT INTO entries (job, at, lease, kind, handle, facts) VALUES (?, ?, 1, ?, '', '{}')"
    with sqlite3.connect(path) as connection:
        _ = connection.execute(add, ("1-0", NOW.isoformat(), "ended"))
        _ = connection.execute(add, ("new", NOW.isoformat(), "begun"))
        _ = connection.execute(add, ("1-0", NOW.isoformat(), "known"))
    connection.close()
    assert ["new"] == [each.id for each in journal.unfinished()]


def test_old_jobs_are_deleted_and_what_may_be_needed_is_kept(journal):
    """Only what ended long ago, and before anything that is still open began."""
    for days in (30, 20, 10):
        fill(journal, 2, days=days)
    assert 6 == journal.prune(timedelta(days=25))
    fill(journal, 1, days=15, ends=False)
    assert 6 == journal.prune(timedelta(days=1))
    assert {"10-0", "10-1", "15-0"} == {each.id for each in journal.jobs()}
    assert 0 == journal.prune(timedelta(days=1))


def test_writes_that_come_at_once_are_one_transaction_each_by_itself(journal, monkeypatch):
    """What is refused of one leaves nothing, and stops none of the others."""
    fill(journal, 1, ends=False)
    store, together = journal.store, []
    began, go = threading.Event(), threading.Event()
    do_all = store._writes._do_all

    def slow(writes):
        together.append(len(writes))
        began.set()
        assert go.wait(10)
        do_all(writes)

    monkeypatch.setattr(store._writes, "_do_all", slow)

    def add(number):
        rows = [(f"n{number}", "begun", "", BEGUN)]
        if number == 3:  # somebody else's create
            rows.append(("0-0", "sending", "", {}))
        journal.add(7, rows, flushed=True)

    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(add, 0)
        assert began.wait(10)
        others = [pool.submit(add, number) for number in range(1, 8)]
        while len(store._writes._waiting) < 7:
            pass
        go.set()
        assert first.result() is None
        refused = [number for number, each in enumerate(others, 1) if each.exception()]
    assert ([1, 7], [3]) == (together, refused)
    assert isinstance(others[2].exception(), JournalError)
    names = {each.id for each in journal.jobs()}
    assert {"0-0", *(f"n{number}" for number in range(8) if number != 3)} == names
