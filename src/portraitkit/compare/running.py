"""
Runs a comparison: vendors at once, each one's runs one after the other, in a random order.

Every run has a journal of its own, and its log is written before and after each step. So a
comparison that was killed goes on where it stopped, and a video that was paid for is waited for
instead of being made again.
"""

from __future__ import annotations

import hashlib
import json
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Literal

from attrs import asdict, define, field, frozen

from .. import rehearsal
from ..client.client import Client
from ..client.connecting import connect
from ..journal.jobs import JobState, resume
from ..values.errors import (
    AssetFailedError,
    ContentRejectedError,
    InvalidRequestError,
    OutcomeUnknownError,
    PermissionDeniedError,
    PortraitError,
    WaitTimeoutError,
)
from ..values.masking import mask_links
from ..values.models import Event, VideoTask
from ..values.portraits import Portrait
from ..values.prices import Money, Price, by_tokens, estimate
from ..values.video import VideoRequest
from .log import Folder
from .measuring import told_of
from .plan import Plan
from .prices import BudgetError, Purse
from .stored import stored_copy

Stage = Literal["register", "create", "wait", "download", "measure"]
OnRun = Callable[["ScheduledRun", str], object]
_REFUSED: Final = (
    AssetFailedError,
    ContentRejectedError,
    InvalidRequestError,
    PermissionDeniedError,
)
_DIGITS: Final = 12
_TAKEN_UP: Final = {BudgetError.__name__, WaitTimeoutError.__name__}
"""Errors of runs that the same command goes on with: not sent, or not over."""


@frozen(kw_only=True)
class ScheduledRun:
    """
    One video of one scene at one profile.

    Attributes:
        number: 0 is the warm-up, which is shown apart.
        order: Its place in the session's random order.
    """

    session: int
    scene: str
    profile: str
    number: int
    order: int

    @property
    def id(self) -> str:
        """What its events and its file are called."""
        return f"s{self.session}-{self.scene}-{self.profile}-{self.number}"


def schedule(plan: Plan, session: int) -> Iterator[ScheduledRun]:
    """Every run of a session: each profile's warm-up first, then all in a random order."""
    scenes = [*plan.scenes]
    warm = [(scenes[0], profile, 0) for profile in plan.profiles]
    rest = [
        (scene, profile, number)
        for scene in scenes
        for profile in plan.profiles
        for number in range(1, plan.runs + 1)
    ]
    random.Random(f"{plan.seed} {session}").shuffle(rest)  # noqa: S311  (an order, no secret)
    for order, (scene, profile, number) in enumerate((*warm, *rest)):
        yield ScheduledRun(
            session=session, scene=scene, profile=profile, number=number, order=order
        )


@define
class ProfileRunner:
    """Makes one profile's runs, one after the other."""

    name: str
    plan: Plan
    folder: Folder
    purse: Purse
    stop: threading.Event
    config: Path | str | None
    simulated: bool | float | None
    on_run: OnRun | None
    alone: bool = field(default=False, kw_only=True)
    """Whether portraits are registered for this comparison alone, as a cassette tells of it."""
    _portraits: dict[str, Portrait] = field(factory=dict[str, Portrait], init=False)
    _stage: Stage = field(default="register", init=False)
    _asked_s: float | None = field(default=None, init=False)
    """When this process sent the create of the run at hand."""
    _counted: tuple[int, int] = field(default=(0, 0), init=False)
    """Requests and bytes of the client at hand that are not the run's own."""

    def go(self, run: ScheduledRun, known: list[Mapping[str, Any]]) -> None:
        """Make a run, or what is left of it; an error ends this run alone."""
        events = {each["event"]: each for each in known}
        if "downloaded" in events or is_final(events.get("failed")):
            return
        jobs = self.folder.jobs.absolute()
        settings = {"journal": str(jobs / f"{run.id}.db")}
        settings |= {"ledger": str(jobs / "portraits.db")} if self.alone else {}
        self._stage, self._asked_s, self._counted = "register", None, (0, 0)
        with connect(
            self.name,
            settings=settings,
            config=self.config,
            simulated=self.simulated,
            failover=(),  # another profile's video would stand for this one's
        ) as client:
            try:
                self._go(client, run, events)
            except PortraitError as error:
                self._failed(run, error, self._since_asked(client))
            self.folder.note("requests", run=run.id, **self._traffic(client))
        self._tell(run, "done")

    def _go(
        self,
        client: Client,
        run: ScheduledRun,
        events: Mapping[str, Mapping[str, Any]],
    ) -> None:
        handle = str(events.get("created", {}).get("handle", "")) or self._found(client)
        if not handle:
            request = self._request(client, run)
            self._stage = "create"
            handle = self._created(client, run, request)
        self._stage = "wait"
        seen: list[str] = []

        def see(event: Event) -> None:
            if self.stop.is_set():
                raise KeyboardInterrupt
            if event.status.value not in seen[-1:]:
                seen.append(event.status.value)
                self.folder.note(
                    "status",
                    run=run.id,
                    status=event.status.value,
                    seconds=self._since_asked(client),
                )
                self._tell(run, event.status.value)

        task = client.wait_for_video(handle, on_event=see)
        self._finished(client, run, task)
        self._stage = "download"
        path = self.folder.videos / f"{run.id}.mp4"
        saved = client.download_video(task, path, overwrite=True)
        content = saved.read_bytes()
        self.folder.note(
            "downloaded",
            run=run.id,
            file=f"videos/{saved.name}",
            bytes=len(content),
            seconds=self._since_asked(client),
            sha256=hashlib.sha256(content).hexdigest(),
        )

    def _found(self, client: Client) -> str:
        """The handle of what was paid for before a kill; empty if nothing was."""
        for job in resume(client.journal) if client.journal else ():
            if job.state is JobState.NOT_SENT:
                job.drop()
            elif job.handle:
                job.release()
                return job.handle
            else:
                task = client.resume(job)  # raises what is not known of it
                return task.handle if isinstance(task, VideoTask) else ""
        return ""

    def _request(self, client: Client, run: ScheduledRun) -> VideoRequest:
        scene = self.plan.scenes[run.scene]
        media = {label: self._portrait(client, run, file) for label, file in scene.files.items()}
        return scene.request(media)

    def _portrait(self, client: Client, run: ScheduledRun, file: str) -> Portrait:
        """A picture by its digest, registered once in the account."""
        if file in self._portraits:
            return self._portraits[file]
        content = Path(file).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        name, started_s = f"compare-{digest[:_DIGITS]}", _now_s(client)
        facts = {"session": run.session, "profile": self.name, "vendor": client.provider.name}
        facts |= {"portrait": name, "look": "main", "sha256": digest}
        _ = self._traffic(client)
        was_there = bool(client.ledger.bindings(name, owner=_owner(client)))
        try:
            portrait = client.ensure_portrait(name, content)
        except PortraitError as error:
            self.folder.note(
                "registered",
                **facts,
                status="failed",
                seconds=_now_s(client) - started_s,
                error=told_of(error),
                **self._traffic(client),
            )
            raise
        seconds = None if was_there else _now_s(client) - started_s
        (binding,) = client.ledger.bindings(name, owner=_owner(client))
        look = binding.look("main")
        self.folder.note(
            "registered",
            **facts,
            handle=look.asset,
            status=look.status.value,
            seconds=seconds,
            stored=stored_copy(client, look.asset),
            **self._traffic(client),
        )
        self._portraits[file] = portrait
        return portrait

    def _created(self, client: Client, run: ScheduledRun, request: VideoRequest) -> str:
        shown = client.preview_video(request, on_unsupported=self.plan.policy)
        price = self.plan.price(self.name, request, client.provider)
        cost = estimate(price, request)
        self.purse.reserve(cost)
        self.folder.note(
            "asked",
            run=run.id,
            session=run.session,
            scene=run.scene,
            profile=self.name,
            vendor=client.provider.name,
            number=run.number,
            warm_up=run.number == 0,
            order=run.order,
            model=request.model,
            body=json.loads(mask_links(json.dumps(shown.body, default=str))),
            adaptations=[asdict(each) for each in shown.adaptations],
            findings=[{"field": each.field, "message": each.message} for each in shown.findings],
            estimated=_amount(cost, price),
        )
        self._tell(run, "asked")
        self._asked_s = _now_s(client)
        try:
            task = client.create_video(request, on_unsupported=self.plan.policy)
        except OutcomeUnknownError:
            raise  # it may have been paid for
        except PortraitError:
            self.purse.release(cost)
            raise
        seconds = self._since_asked(client)
        self.folder.note("created", run=run.id, handle=task.handle, seconds=seconds)
        return task.handle

    def _since_asked(self, client: Client) -> float | None:
        """Seconds since the create was sent; None where another process sent it."""
        return None if self._asked_s is None else _now_s(client) - self._asked_s

    def _traffic(self, client: Client) -> dict[str, int]:
        """Requests and bytes since this was last asked."""
        before = self._counted
        self._counted = (client.requests_sent, client.bytes_received)
        requests, received = self._counted
        return {"requests": requests - before[0], "bytes": received - before[1]}

    def _finished(self, client: Client, run: ScheduledRun, task: VideoTask) -> None:
        sketch = self.plan.scenes[run.scene].sketch
        price = self.plan.price(self.name, sketch, client.provider)
        tokens = task.usage and (task.usage.total_tokens or task.usage.completion_tokens)
        took = by_tokens(price, tokens) if tokens else None
        if took:
            self.purse.settle(estimate(price, sketch), took)
        self.folder.note(
            "finished",
            run=run.id,
            status=task.status.value,
            seconds=self._since_asked(client),
            usage=asdict(task.usage) if task.usage else None,
            resolution=task.resolution,
            ratio=task.ratio,
            duration_s=task.duration_s,
            seed=task.seed,
            reported={"amount": str(tokens), "currency": "", "unit": "token"} if tokens else None,
            reconciled=_amount(took, price),
        )

    def _failed(self, run: ScheduledRun, error: PortraitError, seconds: float | None) -> None:
        self.folder.note(
            "failed",
            run=run.id,
            session=run.session,
            scene=run.scene,
            profile=self.name,
            number=run.number,
            warm_up=run.number == 0,
            stage=self._stage,
            seconds=seconds,
            refused=isinstance(error, _REFUSED),
            error=told_of(error),
        )
        self._tell(run, f"failed: {type(error).__name__}")

    def _tell(self, run: ScheduledRun, what: str) -> None:
        if self.on_run:
            _ = self.on_run(run, what)


def _now_s(client: Client) -> float:
    """The time that the client lives in: a simulated vendor's, or the real one."""
    clock = getattr(client.provider.simulation, "clock", None)
    seconds: float = (clock or rehearsal.current_time() or time).monotonic()
    return seconds


def _amount(cost: Money | None, price: Price | None) -> dict[str, str] | None:
    if cost is None or price is None:
        return None
    return {
        "amount": str(cost.amount),
        "currency": cost.currency,
        "unit": price.unit,
        "source": price.source,
    }


def _owner(client: Client) -> tuple[str, str]:
    return (client.provider.name, client.provider.account)


def reserve_what_is_paid(purse: Purse, known: list[dict[str, Any]]) -> None:
    """Take from the budget what an earlier process has spent of it."""
    for each in known:
        if _may_be_paid(each):
            with suppress(PortraitError):  # it is paid, whatever the budget says now
                purse.reserve(_cost(known, each["run"]))


def is_final(failed: Mapping[str, Any] | None) -> bool:
    """Tell whether a failure stays one: a video that may still come is not given up."""
    if failed is None or failed["stage"] == "download":
        return False
    return failed["error"]["class"] not in _TAKEN_UP


def _may_be_paid(event: Mapping[str, Any]) -> bool:
    unknown: bool = event.get("error", {}).get("class") == "OutcomeUnknownError"
    return event["event"] == "created" or (event["event"] == "failed" and unknown)


def _cost(events: list[dict[str, Any]], run: str) -> Money | None:
    told = {each["event"]: each for each in events if each.get("run") == run}
    asked, finished = told.get("asked", {}), told.get("finished", {})
    known = finished.get("reconciled") or asked.get("estimated")
    return Money.read(known) if known else None
