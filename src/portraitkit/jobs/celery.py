"""
Jobs in steps by Celery: one task that advances a job and comes back when it says (extra `celery`).

    advance = portraitkit.jobs.celery.task(app, lambda: pk.connect("alltoken"))
    advance.delay(jobs.begin(client, "create_video", request=request))

The queue carries nothing but the job's name. A message that comes twice does no harm, and in the
place of one that was lost another is sent, for as long as `celery beat` runs.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from ..client.client import Client
from ..values.handles import is_handle
from .steps import Later, advance, orphaned


def task(
    app: Any,
    connect: Callable[[], Client],
    *,
    name: str = "portraitkit.advance",
    sweep_s: float = 60.0,
    quiet_s: float = 900.0,
) -> Any:
    """
    Give an application the task that advances a job until it is done.

    A worker that is killed leaves its message to another: it is acknowledged when a step is over.
    With Redis a message can be lost all the same, as one that was taken and not yet noted as taken
    by a worker that is killed just then. So beat sends `<name>.sweep` from time to time, a task
    that sends a message for each job that is `orphaned`.

    Args:
        app: A `celery.Celery`, whose broker keeps a message for as long as the longest rest between
            looks; with Redis that is `visibility_timeout`.
        connect: Opens the client of a worker's process, when it is first used there.
        name: The task's name in the queue.
        sweep_s: How often beat looks for orphaned jobs. A look that waited longer in the queue is
            left out, as jobs without a note may be waiting there as well.
        quiet_s: After so long without a note a job is one: longer than `visibility_timeout`.

    Returns:
        The task: `.delay(job)`. Its result is `{"handle": …, "status": …}`; what `advance` raises
        fails it.
    """
    clients: dict[int, Client] = {}

    def client() -> Client:
        process = os.getpid()  # a forked worker shares no connection with its parent
        if process not in clients:
            clients[process] = connect()
        return clients[process]

    def advanced(self: Any, job: str) -> dict[str, str]:
        found = advance(client(), job)
        if isinstance(found, Later):
            raise self.retry(countdown=found.seconds)
        path = "" if is_handle(found.handle) else str(found.result or "")
        return {"handle": found.handle, "status": found.status, **({"path": path} if path else {})}

    def swept() -> list[str]:
        found = orphaned(client(), quiet_s)
        for job in found:
            steps.delay(job)
        return found

    options = {"acks_late": True, "reject_on_worker_lost": True, "max_retries": None}
    steps = app.task(advanced, name=name, bind=True, **options)
    sweep = app.task(swept, name=f"{name}.sweep")
    app.add_periodic_task(sweep_s, sweep.s(), name=sweep.name, expires=sweep_s)
    return steps
