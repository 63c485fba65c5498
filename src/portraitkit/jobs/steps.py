"""Beginning a job, and advancing it by one step."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any, Final

from attrs import frozen

from ..client.client import AsyncClient, Client
from ..journal.arguments import JOBS, calls_of
from ..journal.jobs import Job
from ..journal.journal import Journal, Lease, Row, new_job
from ..journal.records import Record
from ..operations.call import Call
from ..operations.patience import SetPatience
from ..operations.provider import PortraitProvider
from ..values.errors import (
    ConfigError,
    ConnectionFailedError,
    InvalidInputError,
    ProviderError,
    RateLimitedError,
    ServiceUnavailableError,
    without_frames,
)
from ..values.handles import Handle
from ..vendor.pacing import Subject
from ..wire.steps import At, BatchItems, Flow, Pause, Request, work

_PASSING: Final = (ConnectionFailedError, RateLimitedError, ServiceUnavailableError)
_BUSY_S: Final = 5.0
"""Until a job is looked at again that somebody else has in hand, or that met a passing fault."""
_TURN_S: Final = 1.0
"""As long as a step waits for the account's rate: after that it is somebody else's worker."""
_SEVERAL: Final = frozenset({"add_assets", "wait_until_all_active", "wait_for_videos"})


@frozen
class Later:
    """Nothing is to be done for so many seconds; then advance the job again, anywhere."""

    seconds: float


@frozen
class Done:
    """
    Nothing is left to do.

    Attributes:
        result: The group, the active asset, the finished video, the path of a file; of a face check
            that was opened the check, whose link has to be shown. None if it had ended before.
        handle: What it is about.
        status: How it came out, as the journal has it.
    """

    result: Any
    handle: str = ""
    status: str = ""


@without_frames
def begin(client: Client | AsyncClient, operation: str, **arguments: Any) -> str:
    """
    Note a call in the client's journal, for `advance`. Sends nothing.

    Args:
        client: With a journal; on several machines in a database.
        operation: One that makes something or takes long, such as `create_video`.
        arguments: Those of the operation. Secrets are not kept: give them again to `advance`.

    Returns:
        The job's name, fit for any queue.

    Raises:
        ConfigError: The client has no journal.
        InvalidInputError: There is no such operation, or an argument is of a wrong type.
    """
    journal, provider = _journal(client), client.provider
    if operation not in JOBS - _SEVERAL or not provider.supports(operation):
        raise InvalidInputError(
            f"{operation!r} is no job that can be done in steps",
            field="operation",
            next_step=f"one of {sorted(JOBS - _SEVERAL)}; begin a job for each of several things",
        )
    call = Call(getattr(PortraitProvider, operation), provider, **arguments)
    call.check()
    [noted] = calls_of(operation, provider, call.arguments())
    job, lease = new_job(), Lease(journal)
    whose = {"profile": client.profile, "provider": provider.name, "account": provider.account}
    missing = {"missing": noted.missing} if noted.missing else {}
    begun = {"operation": operation, **whose, "arguments": noted.arguments, **missing}
    begun["stepped_by"] = client.profile
    rows: list[Row] = [
        (job, "begun", noted.thing, begun),
        (job, "interrupted", "", {"released": True}),
    ]
    try:
        journal.add(lease.id, rows, flushed=True)
    finally:
        lease.release()
    return job


def advance(client: Client, job: str, **given: Any) -> Later | Done:
    """
    Do one step of a job: make it, look at it, or finish it. Never waits for the vendor's work.

    A step is killed safely: what it had sent is in the journal before it left.

    Args:
        client: Of the account that the job was begun at, with the same journal.
        job: What `begin` gave.
        given: What the journal did not keep: `source`, `request`, `callback_url`; or `deadline_s`.

    Raises:
        OutcomeUnknownError: A create may have been made, and no program can know: decide with
            `portraitkit.resume`. It is raised again at each step until then.
        JobFailedError: It failed.
        WaitTimeoutError: Its deadline, from when it was sent, has passed. A later step may take
            another `deadline_s`.
        InvalidInputError: There is no such job, or something has to be given again.
    """
    return client.run(_advanced(client, job, given), "advance")


async def advance_async(client: AsyncClient, job: str, **given: Any) -> Later | Done:
    """Do one step of a job, as `advance` does, in an event loop."""
    return await client.run(_advanced(client, job, given), "advance")


@without_frames
def orphaned(client: Client | AsyncClient, quiet_s: float = 900.0) -> list[str]:
    """
    Name the jobs that nobody advances any more: their message was lost. Advance each again.

    Sends nothing. Each is named once in *quiet_s*, however many ask. What a person has to decide
    on is not among them until that is done.

    Args:
        client: Of the profile that the jobs were begun at.
        quiet_s: For so long nothing was noted of a job, and nobody has it in hand. It has to be
            longer than a rest between looks and the time that a message waits in its queue.
    """
    return _journal(client).orphans(client.profile, timedelta(seconds=quiet_s))


def _journal(client: Client | AsyncClient) -> Journal:
    if client.journal is None:
        raise ConfigError(
            "a job needs a journal, and this client has none",
            field="journal",
            next_step="name one in the profile: journal = 'jobs.db', or a database's URL",
        )
    return client.journal


def _advanced(client: Client | AsyncClient, job: str, given: dict[str, Any]) -> Flow[Later | Done]:
    journal = _journal(client)
    # A lease for each step: of two at once in one process, one has to come later, too.
    with _leased(journal) as lease:
        claimed = yield from work(partial(journal.claim, lease, job))
        if not claimed:
            return _left_alone((yield from work(partial(journal.record, job))))
        [record] = claimed
        try:
            return (yield from _step(client, Job(journal, lease, record), record, given))
        except _PASSING as error:
            return Later(max(error.retry_after_s or 0.0, _BUSY_S))
        except ProviderError as error:
            refused = partial(_note_refusal, journal, lease, job, error)
            yield from work(refused)
            raise


def _left_alone(record: Record) -> Later | Done:
    """Why nobody could take a job over."""
    if record.finished:
        return Done(None, record.handle, record.status or record.state)
    if not record.operation:
        raise InvalidInputError(
            f"the journal has no job {record.id!r}", field="job", next_step="pass what begin gave"
        )
    return Later(_BUSY_S)


@contextmanager
def _leased(journal: Journal) -> Generator[Lease]:
    lease = Lease(journal)
    try:
        yield lease
    finally:
        lease.release()


def _step(
    client: Client | AsyncClient, job: Job, record: Record, given: dict[str, Any]
) -> Flow[Later | Done]:
    def flow(provider: PortraitProvider) -> Flow[Any]:
        options: dict[str, Any] = {"deadline_s": _left_s(provider, record, client.journal), **given}
        return job.flow(provider, **options)

    is_made = bool(record.handle) or record.operation == "download_video"
    found = yield from _until_rest(client.resumed(job.owner, flow, job.operation), is_made=is_made)
    if isinstance(found, Later):
        return found
    ended = yield from work(lambda: job.record)
    return Done(found, ended.handle, ended.status)


def _left_s(provider: PortraitProvider, record: Record, journal: Journal | None) -> float | None:
    """Seconds that are left of a job's deadline, from when it was sent."""
    since = record.sent_at or (record.begun_at if record.handle else None)
    if since is None or journal is None:
        return None
    kind = Handle.parse(record.handle).kind if record.handle else "video"
    subject: Subject = "video" if kind == "group" else kind
    limit_s = record.arguments.get("deadline_s") or provider.pace(subject).deadline_s
    return max(0.0, limit_s - (journal.now() - since) / timedelta(seconds=1))


def _note_refusal(journal: Journal, lease: Lease, job: str, error: ProviderError) -> None:
    """End a job whose create was refused for good; what is made stays open."""
    record = journal.record(job)
    if not (record.handle or record.finished or record.state in ("unsure", "sending")):
        facts = {"error": type(error).__name__, "code": error.code}
        journal.add(lease.id, [(job, "failed", "", facts)], flushed=False)


def _until_rest(flow: Flow[Any], *, is_made: bool) -> Flow[Any]:
    """
    Run a flow to its end, or to where it would rest for what is made.

    That rest was taken already where nothing has been sent yet. Before a thing is made, as while
    it is looked for, there is no place to stop.
    """
    reply: object = None
    error: Exception | None = None
    has_asked = False
    try:
        while True:
            try:
                step = flow.send(reply) if error is None else flow.throw(error)
            except StopIteration as stop:
                return stop.value
            reply, error = None, None
            if isinstance(step, BatchItems):
                has_asked = is_made = is_made or bool(step.made)
            elif isinstance(step, Pause) and step.seconds > 0 and is_made:
                if has_asked:
                    return Later(step.seconds)
                step = Pause(0.0)
            elif isinstance(step, SetPatience):
                step = SetPatience(_TURN_S)
            has_asked = has_asked or isinstance(step, Request | At)
            try:
                reply = yield step
            except Exception as caught:  # noqa: BLE001  (the flow inside may want to catch it)
                error = caught
    finally:
        flow.close()
