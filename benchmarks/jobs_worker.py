"""The Celery application of benchmarks/jobs.py: what each of its workers runs."""

from __future__ import annotations

import os
from typing import Final

from celery import Celery

import portraitkit as pk
from portraitkit.jobs import celery as jobs

PACING: Final = {"video": {"first_s": 0.3, "step_s": 0.3}}

app = Celery("videos", broker=os.environ["JOBS_BROKER"])
app.conf.broker_transport_options = {"visibility_timeout": 8}
app.conf.worker_prefetch_multiplier = 4
app.conf.task_ignore_result = True
app.conf.broker_connection_retry_on_startup = True


def connect() -> pk.Client:
    """Open a client of the simulated vendor, with the journal in PostgreSQL."""
    settings = {"journal": os.environ["JOBS_JOURNAL"], "pacing": PACING}
    return pk.connect("alltoken", settings=settings)


advance = jobs.task(app, connect)
