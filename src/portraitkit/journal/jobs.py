"""Unfinished jobs, as a journal tells of them: what to do with each, and the flow that does it."""

from __future__ import annotations

import enum
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from ..operations.provider import PortraitProvider
from ..values.errors import HandleError, InvalidInputError, without_frames
from ..values.handles import Handle, HandleKind, is_handle
from ..values.models import Result
from ..values.secret import Secret
from ..values.sources import MediaSource
from ..values.video import VideoRequest
from ..vendor.pacing import OnEvent
from ..vendor.preflight import check_kind
from ..wire.steps import Flow
from .arguments import handle_of
from .finishing import ResumeOptions, finish
from .journal import Journal, Lease
from .records import Record
from .writer import Recorder, recorded, writer_of


class JobState(enum.Enum):
    """Where a job stands."""

    NOT_SENT = "not sent"
    """Certainly nothing was made: resuming it makes it."""
    UNSURE = "outcome unknown"
    """A create was about to leave, or left: it may have been made."""
    MADE = "made"
    """It is there and known by its handle: resuming it waits for it."""
    ENDED = "ended"
    """Nothing is left to do."""
    FAILED = "failed"
    """It failed, and nothing is left to do."""
    DROPPED = "dropped"
    """The caller left it."""


_STATES: Final = {
    "ended": JobState.ENDED,
    "failed": JobState.FAILED,
    "dropped": JobState.DROPPED,
    "begun": JobState.NOT_SENT,
}
_KIND_OF: Final[Mapping[str, HandleKind]] = {
    "create_group": "group",
    "add_asset": "asset",
    "start_verification": "verification",
    "create_video": "video",
}
_PAID: Final = "create_video"
_log: Final = logging.getLogger("portraitkit")


def state_of(record: Record) -> JobState:
    """Where the journal says that a job stands."""
    if record.handle and not record.finished:
        return JobState.MADE
    return _STATES.get(record.state, JobState.UNSURE)


class Job:
    """
    One unfinished job, in the hand of whoever resumed it.

    Nothing is sent before `client.resume(job)`, or `client.run(job.flow(client.provider))`. If that
    fails, others may resume the job; each method takes it back, or says who has come first.
    """

    def __init__(self, journal: Journal, lease: Lease, record: Record) -> None:
        self._journal = journal
        self._lease = lease
        self._record = record

    @property
    def record(self) -> Record:
        """All that the journal knows of it."""
        self._record = self._journal.record(self._record.id)
        return self._record

    @property
    def operation(self) -> str:
        """The operation that was called, such as `create_video`."""
        return self._record.operation

    @property
    def profile(self) -> str:
        """The profile that it belongs to."""
        return self._record.profile

    @property
    def provider(self) -> str:
        """The vendor that does it."""
        return self._record.provider

    @property
    def owner(self) -> tuple[str, str]:
        """The vendor and the account that do it, as in handles."""
        record = self._record
        return (record.provider, record.account)

    @property
    def begun_at(self) -> datetime | None:
        """When it was called."""
        return self._record.begun_at

    @property
    def arguments(self) -> Mapping[str, Any]:
        """What it was called with, save for secrets: `record.missing` names what is not kept."""
        return self._record.arguments

    @property
    def handle(self) -> str:
        """The thing it is about; empty while that is not known."""
        return self.record.handle

    @property
    def state(self) -> JobState:
        """Where it stands."""
        return state_of(self.record)

    @property
    def next_step(self) -> str:
        """What to do with it."""
        record = self.record
        if record.finished:
            return "nothing"
        if record.operation == "download_video" or record.handle:
            return "client.resume(job): it waits for the end"
        if state_of(record) is JobState.NOT_SENT:
            again = "".join(f", {name}=…" for name in record.missing)
            return f"client.resume(job{again}): nothing was sent, and it is made now"
        if record.operation == _PAID:
            return "client.resume(job) lists what it may be; then job.adopt(it) or job.send_again()"
        return "client.resume(job): it looks for what was made"

    def __str__(self) -> str:
        record = self.record
        when = f", begun {record.begun_at:%Y-%m-%d %H:%M:%S} UTC" if record.begun_at else ""
        named = f", {record.handle}" if record.handle else ""
        met = f", met {record.error}" if record.error else ""
        return (
            f"{record.operation} at {record.profile}: {state_of(record).value}"
            f"{named}{when}{met}. Next: {self.next_step}"
        )

    def __repr__(self) -> str:
        return f"<Job {self.operation} at {self.profile}: {self.state.value}>"

    @without_frames
    def flow(
        self,
        provider: PortraitProvider,
        *,
        source: MediaSource | None = None,
        request: VideoRequest | None = None,
        callback_url: str | None = None,
        deadline_s: float | None = None,
        on_event: OnEvent | None = None,
    ) -> Flow[Any]:
        """
        Do what is left of it.

        A group or asset that may have been made is looked for; a paid create that may have been
        carried out is never sent again, unless `send_again` was called.

        Args:
            provider: The one that it was begun at, with the same account.
            source, request, callback_url: What the journal did not keep.
            deadline_s: Seconds until waiting ends.
            on_event: Called with an `Event` at each look.

        Returns:
            The group, the active asset, the finished video, or the path of the file; of a face
            check that was only now opened the check, whose link has to be shown.

        Raises:
            OutcomeUnknownError: It may have been made. `candidates` may be it: then `adopt` one, or
                call `send_again` or `drop`.
            InvalidInputError: Something was not kept and has to be given again; or the job has
                ended, or somebody else has it in hand.
            HandleError: It belongs to another vendor or account.
        """
        record = self._unfinished()
        if (provider.name, provider.account) != self.owner:
            self.release()
            raise HandleError(
                f"this job belongs to the profile {record.profile!r} at {record.provider}",
                provider=provider.name,
                operation=record.operation,
                next_step=f"connect with the profile {record.profile!r} and the same account",
            )
        self._take(record)
        given = ResumeOptions(
            source=source,
            request=request,
            callback_url=callback_url,
            deadline_s=deadline_s,
            on_event=on_event,
        )
        writer = writer_of(record, self._recorder(), provider)
        return recorded(finish(provider, record, given, self._journal.has_made), writer)

    def adopt(self, thing: Result | str) -> None:
        """
        Say what it has made: one of the candidates, its handle, or the vendor's bare id.

        Until the job has ended, another may be named in its place.

        Raises:
            HandleError: It is of another vendor or account, or of another kind.
        """
        kind, record = _KIND_OF.get(self.operation), self.record
        if kind is None or (record.handle and not record.adopted):
            raise InvalidInputError("it is known already what this job is about", field="thing")
        text = handle_of(thing)
        if not text and isinstance(thing, str) and not is_handle(thing):
            check_kind(thing.strip(), kind=kind, provider=self.provider)
            text = str(Handle(self.provider, record.account, kind, thing.strip()))
        named = Handle.parse(text)
        wanted = (*self.owner, kind)
        if (named.provider, named.account, named.kind) != wanted:
            raise HandleError(
                f"this job made a {kind} at {self.provider}, and this is another thing",
                provider=self.provider,
                field="thing",
                next_step=f"pass one of the candidates, or the {kind}'s handle or id",
            )
        self._add("known", text, {"adopted": True})

    def send_again(self) -> None:
        """Say that it was certainly not carried out: resuming it sends it once more."""
        if self.handle:
            raise InvalidInputError("it is known what this job has made", field="job")
        self._add("again", "", {})

    def drop(self) -> None:
        """Leave it for good."""
        self._add("dropped", "", {})

    def release(self) -> None:
        """Let others resume it."""
        if not self.record.finished:
            self._add("interrupted", "", {"released": True})

    def _unfinished(self) -> Record:
        record = self.record
        if record.finished:
            raise InvalidInputError(f"this job has {record.state}", operation=record.operation)
        return record

    def _take(self, record: Record) -> None:
        """Have it in hand, also where it was let go of meanwhile."""
        mine = record.lease == self._lease.id
        if not mine and not self._journal.claim(self._lease, record.id):
            raise InvalidInputError(
                "somebody else has this job in hand",
                operation=record.operation,
                field="job",
                next_step="leave it to them, or call pk.resume again later",
            )

    def _add(self, kind: str, handle: str, facts: Mapping[str, Any]) -> None:
        self._take(self._unfinished())
        rows = [(self._record.id, kind, handle, facts)]
        self._journal.add(self._lease.id, rows, flushed=True)

    def _recorder(self) -> Recorder:
        profiles = {self.owner: self.profile}
        return Recorder(journal=self._journal, lease=self._lease, profiles=profiles)


class Jobs(list[Job]):
    """
    The unfinished jobs that `pk.resume` took over, oldest first.

    A context manager: at its end others may resume what is left of them.

    Attributes:
        held: Unfinished jobs that are not among them, as somebody alive has them in hand: a client
            that is still open, or whoever resumed them. Do not make again what they make.
    """

    def __init__(self, jobs: Iterable[Job], held: Iterable[Record], lease: Lease) -> None:
        super().__init__(jobs)
        self.held: Final = tuple(held)
        self._lease = lease

    def release(self) -> None:
        """Let others resume what is left of them."""
        self._lease.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


@without_frames
def resume(journal: Journal | Path | str | Secret) -> Jobs:
    """
    Take over the unfinished jobs of a journal, oldest first. Sends nothing and needs no key.

    What somebody alive has in hand is not among them, but in `held`, and a warning in the log names
    it: what belongs to a client that is open, in this process or another, or was taken over by
    somebody else. They are let go of at the end of a `with` block; without one each is when
    `client.resume(job)` ends or fails, or the process does.

    Raises:
        ConfigError: The path leads to no journal.
        JournalError: The database that a URL names cannot be used.
    """
    opened = journal if isinstance(journal, Journal) else Journal(journal)
    lease = Lease(opened)
    found: dict[str, Job] = {}
    claimed = opened.claim(lease)
    for record in claimed:
        # To wait for a thing is a job of its own, and the same as what its create has left to do.
        is_own = record.operation == "download_video" or not record.handle
        name = record.id if is_own else record.handle
        _ = found.setdefault(name, Job(opened, lease, record))
    mine = {each.id for each in claimed}
    every = [each for each in opened.unfinished() if not (each.finished or each.is_lost)]
    held = [each for each in every if each.id not in mine]
    if held:
        named = ", ".join(f"{each.operation} {each.handle}".strip() for each in held)
        _log.warning("%r: in somebody's hand, and not resumed: %s", opened, named)
    return Jobs(found.values(), held, lease)
