"""
Jobs in steps by Celery: one task that advances a job and comes back when it says (extra `celery`).

    advance = portraitkit.jobs.celery.task(app, lambda: pk.connect("alltoken"))
    advance.delay(jobs.begin(client, "create_video", request=request))

The queue carries nothing but the job's name. A message that comes twice does no harm, and one that
was lost is sent again for every job in `client.journal.unfinished()`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from ..client.client import Client
from ..values.handles import is_handle
from .steps import Later, advance


def task(app: Any, connect: Callable[[], Client], *, name: str = "portraitkit.advance") -> Any:
    """
    Give an application the task that advances a job until it is done.

    A worker that is killed leaves its message to another: it is acknowledged when a step is over.

    Args:
        app: A `celery.Celery`, whose broker keeps a message for as long as the longest rest between
            looks; with Redis that is `visibility_timeout`.
        connect: Opens the client of a worker's process, when it is first used there.
        name: The task's name in the queue.

    Returns:
        The task: `.delay(job)`. Its result is `{"handle": …, "status": …}`; what `advance` raises
        fails it.
    """
    clients: dict[int, Client] = {}

    def advanced(self: Any, job: str) -> dict[str, str]:
        client = clients.get(os.getpid())
        if client is None:  # a forked worker shares no connection with its parent
            client = clients[os.getpid()] = connect()
        found = advance(client, job)
        if isinstance(found, Later):
            raise self.retry(countdown=found.seconds)
        path = "" if is_handle(found.handle) else str(found.result or "")
        return {"handle": found.handle, "status": found.status, **({"path": path} if path else {})}

    options = {"acks_late": True, "reject_on_worker_lost": True, "max_retries": None}
    return app.task(advanced, name=name, bind=True, **options)
