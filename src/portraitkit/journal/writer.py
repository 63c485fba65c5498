"""
Writes down what a flow does, while it does it.

A create is noted before it leaves, on the disk; a journal that cannot be written stops it. Once the
vendor may have acted, the journal's own troubles never hide what came of it: they are warnings.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from attrs import asdict, define, field, frozen

from ..operations.guarding import guarded
from ..operations.provider import PortraitProvider
from ..values.errors import (
    HandleError,
    JobFailedError,
    JournalError,
    NotFoundError,
    OutcomeUnknownError,
    PortraitError,
)
from ..values.models import Asset, Group, Verification, VideoTask
from ..values.portraits import owner_of
from ..values.statuses import VerificationStatus
from ..vendor.likely import without_secrets
from ..wire.codec import is_array
from ..wire.steps import At, BatchItems, Flow, Request, Step, through, work
from .arguments import CREATES, JOBS, Arguments, RecordedCall, calls_of, handle_of
from .journal import Journal, Lease, Row, new_job, report
from .records import Record

T = TypeVar("T")

OBSERVED: Final = frozenset(
    {"get_asset", "check_verification", "get_video", "cancel_video", "delete_asset"}
)
"""Operations that are no jobs themselves, and may see how one came out."""


@frozen(kw_only=True)
class Recorder:
    """
    A journal as a client writes it.

    Attributes:
        profiles: The client's profiles, by adapter and account.
    """

    journal: Journal
    lease: Lease
    profiles: Mapping[tuple[str, str], str]

    def whose(self, provider: PortraitProvider, thing: str = "") -> dict[str, str]:
        """What an entry says of where something is done: at a thing's own account, if it is one."""
        owner = (provider.name, provider.account)
        with suppress(HandleError):  # a damaged handle is the call's to refuse
            owner = owner_of(thing, None) or owner
        named = self.profiles.get(owner, provider.name)
        return {"profile": named, "provider": owner[0], "account": owner[1]}

    def start(
        self,
        flow: Flow[T],
        operation: str,
        provider: PortraitProvider,
        arguments: Callable[[], Arguments],
    ) -> Flow[T]:
        """Run a flow, and note what has to be noted of it."""
        if operation in JOBS:
            return self._job(flow, operation, provider, arguments)
        if operation in OBSERVED:
            return self._observed(flow, arguments)
        return flow

    def _job(
        self,
        flow: Flow[T],
        operation: str,
        provider: PortraitProvider,
        arguments: Callable[[], Arguments],
    ) -> Flow[T]:
        calls = calls_of(operation, provider, arguments())
        writer = JournalWriter(recorder=self, provider=provider, jobs=[new_job() for _ in calls])
        begin = partial(writer.begin, calls)
        if operation in CREATES:
            yield from work(begin)
        elif not (yield from work(partial(_tried, begin))):
            return (yield from flow)  # what only waits or reads goes on without a journal
        return (yield from recorded(flow, writer))

    def _observed(self, flow: Flow[T], arguments: Callable[[], Arguments]) -> Flow[T]:
        things = [handle_of(each) for each in arguments().values()]
        result = yield from flow
        things.append(handle_of(result))
        handle, status, settled = _news(result)
        if result is None:
            status, settled = "deleted", True
        if settled:
            settle = partial(self.journal.settle, self.lease, things, handle, status)
            _ = yield from work(partial(_tried, settle, [handle]))
        return result


@define(kw_only=True)
class JournalWriter:
    """
    Writes the entries of one call.

    Attributes:
        jobs: The call's jobs, in the order of its parts.
        things: For each job about a thing that is known, the handles that it goes by.
        claimed: Whether this is a job that somebody carries on: it stays open after a failure.
    """

    recorder: Recorder
    provider: PortraitProvider
    jobs: list[str]
    things: dict[str, list[str]] = field(factory=dict[str, list[str]])
    claimed: bool = False
    sent: bool = False
    _at: list[str] = field(factory=list[str])
    _recorded_call: dict[str, tuple[str, str]] = field(factory=dict[str, tuple[str, str]])

    def begin(self, calls: Sequence[RecordedCall]) -> None:
        """Note the call before anything of it is done."""
        call = self.jobs[0] if len(self.jobs) > 1 else ""
        rows: list[Row] = []
        for part, (job, each) in enumerate(zip(self.jobs, calls, strict=True)):
            facts = {
                "operation": each.operation,
                **self.recorder.whose(self.provider, each.about),
                "arguments": each.arguments,
                **({"missing": each.missing} if each.missing else {}),
                **({"call": call, "part": part} if call else {}),
            }
            rows.append((job, "begun", each.thing, facts))
            self.things[job] = [each.thing]
        self.recorder.journal.add(self.recorder.lease.id, rows, flushed=False)

    def at(self, step: BatchItems) -> None:
        """Go on to other parts, or note what these came to."""
        self._at = [self.jobs[index] for index in step.indexes]
        self._note(zip(self._at, step.made, strict=False))

    def sending(self, provider: PortraitProvider, request: Request) -> None:
        """Note that a create is about to leave; it must not if this fails."""
        self.sent = True
        facts = {**self.recorder.whose(provider), "token": request.token}
        rows = [(job, "sending", "", facts) for job in self._at or self.jobs]
        self.recorder.journal.add(self.recorder.lease.id, rows, flushed=True)

    def done(self, result: Any) -> None:
        """Note what came of it. Never fails: a trouble becomes a warning."""
        self._note(zip(self.jobs, result if is_array(result) else [result], strict=False))

    def failed(self, error: PortraitError) -> None:
        """Note an error. Never fails."""
        open_still = [job for job in self.jobs if job not in self._recorded_call]
        facts: dict[str, Any] = {"error": type(error).__name__, "code": error.code}
        handle, things, jobs = error.handle, [""], open_still
        if isinstance(error, JobFailedError):
            kind, jobs = "ended", self.jobs
            things = [*(each for job in jobs for each in self._things(job)), handle]
            facts["status"] = _news(error.result)[1] or "failed"
        elif isinstance(error, OutcomeUnknownError):
            kind, facts["released"] = "unsure", True
            facts.update(_answer(error, self.provider))
        elif isinstance(error, JournalError) and (self.sent or not self.claimed):
            return
        elif not self.claimed or (error.handle and isinstance(error, NotFoundError)):
            kind, handle = "failed", ""
        else:  # what was sent was refused, so that it may be sent once more
            kind, handle = "again" if self.sent and open_still else "interrupted", ""
            jobs, facts["released"] = self.jobs, True  # whoever keeps the error keeps no job
        self._add([(job, kind, handle, facts) for job in jobs], things, [handle])

    def interrupted(self, error: BaseException) -> None:
        """Note that it was left. Never fails."""
        name = "" if isinstance(error, GeneratorExit) else type(error).__name__
        facts = {"error": name, "released": True}
        self._add([(job, "interrupted", "", facts) for job in self.jobs], [], [])

    def _things(self, job: str) -> list[str]:
        return self.things.get(job, [])

    def _note(self, made: Iterable[tuple[str, Any]]) -> None:
        for job, result in made:
            error = getattr(getattr(result, "failure", None), "error", None)
            handle, status, settled = _news(result)
            if self._recorded_call.get(job) == (handle, status):
                continue
            self._recorded_call[job] = (handle, status)
            facts: dict[str, Any] = {"status": status, **_findings(result)}
            kind, things = "ended" if settled else "known", [*self._things(job), handle]
            if error is not None:  # a part that could not be added
                unsure = isinstance(error, OutcomeUnknownError)
                kind, things, handle = "unsure" if unsure else "failed", [], error.handle
                facts = {"error": type(error).__name__, "code": error.code, "released": unsure}
                facts.update(_answer(error, self.provider))
            elif handle:
                self.things[job] = things
            self._add([(job, kind, handle, facts)], things if settled else [], [handle])

    def _add(self, rows: list[Row], things: list[str], handles: list[str]) -> None:
        if rows:
            lease, journal = self.recorder.lease, self.recorder.journal
            _ = _tried(
                lambda: journal.add_to_all(lease.id, rows, things, flushed=self.sent), handles
            )


def recorded(flow: Flow[T], writer: JournalWriter) -> Flow[T]:
    """Run a flow; its writer notes each create before it leaves, and the end."""

    def do(step: Step) -> Flow[Any]:
        if isinstance(step, BatchItems):
            yield from work(partial(writer.at, step))
        provider, request = _sent(writer.provider, step)
        if request is not None and not request.repeatable:
            yield from work(partial(writer.sending, provider, request))
        return (yield step)

    try:
        result = yield from through(guarded(flow, writer.provider, ""), do)
    except PortraitError as error:
        yield from work(partial(writer.failed, error))
        raise
    except BaseException as error:
        writer.interrupted(error)  # nothing can be yielded any more
        raise
    yield from work(partial(writer.done, result))
    return result


def _sent(provider: PortraitProvider, step: Step) -> tuple[PortraitProvider, Request | None]:
    if isinstance(step, At):
        return step.provider, step.request
    return provider, step if isinstance(step, Request) else None


def writer_of(record: Record, recorder: Recorder, provider: PortraitProvider) -> JournalWriter:
    """Make the writer of somebody who resumes a job."""
    return JournalWriter(
        recorder=recorder,
        provider=provider,
        jobs=[record.id],
        things={record.id: sorted(record.handles)},
        claimed=True,
    )


def _answer(error: PortraitError, provider: PortraitProvider) -> dict[str, Any]:
    """What the answer says of a thing that may have been made, secrets left out."""
    if not isinstance(error, OutcomeUnknownError) or error.raw is None:
        return {}
    answer = without_secrets(error.raw, provider.secret_fields)
    return {"answer": answer, "likely_ids": list(error.likely_ids)}


def _findings(result: Any) -> dict[str, Any]:
    """The limits that a create exceeds: a wait in another process tells of them, too."""
    found = [asdict(each) for each in getattr(result, "findings", ())]
    return {"findings": json.loads(json.dumps(found, default=str))} if found else {}


def _news(result: Any) -> tuple[str, str, bool]:
    """Handle, status, and whether nothing is left to wait for."""
    if isinstance(result, Verification):
        group = result.group if result.status is VerificationStatus.VERIFIED else None
        named = result if group is None else group
        return named.handle, result.status.value, result.status.is_settled
    if isinstance(result, Asset | VideoTask):
        return result.handle, result.status.value, result.status.is_settled
    if isinstance(result, Group):
        return result.handle, "made", True
    return "", "written" if isinstance(result, Path) else "", isinstance(result, Path)


def _tried(write: Callable[[], object], handles: Iterable[str] = ()) -> bool:
    """Write, where what has happened must not be hidden by a journal's trouble."""
    try:
        _ = write()
    except PortraitError as error:
        named = ", ".join(each for each in handles if each)
        return report(f"{error}" + (f" Not noted: {named}" if named else ""))
    return True
