"""The Celery application of benchmarks/jobs.py: what each of its workers runs."""

from __future__ import annotations

import os
from typing import Final

from celery import Celery

import portraitkit as pk
from portraitkit.jobs import celery as jobs

PACING: Final = {"video": {"first_s": 0.3, "step_s": 0.3}}
QUIET_S: Final = float(os.environ["JOBS_QUIET_S"])

app = Celery("videos", broker=os.environ["JOBS_BROKER"])
# A message that a killed worker held comes back in half the time after which a job is orphaned.
app.conf.broker_transport_options = {
    "visibility_timeout": QUIET_S / 2,
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
}
app.conf.worker_prefetch_multiplier = 4
app.conf.task_ignore_result = True
app.conf.broker_connection_retry_on_startup = True


def connect() -> pk.Client:
    """Open a client of the simulated vendor, with the journal in PostgreSQL."""
    settings = {"journal": os.environ["JOBS_JOURNAL"], "pacing": PACING}
    return pk.connect("alltoken", settings=settings)


advance = jobs.task(app, connect, quiet_s=QUIET_S)
