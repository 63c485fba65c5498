"""
Runs a comparison: vendors at once, each one's runs one after the other, in a random order.

Every run has a journal of its own, and its log is written before and after each step. So a
comparison that was killed goes on where it stopped, and a video that was paid for is waited for
instead of being made again.
"""

from __future__ import annotations

import hashlib
import json
import platform
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Literal

from attrs import asdict, field, frozen

from ..client.client import Client
from ..client.connecting import connect
from ..journal.jobs import JobState, resume
from ..values.errors import (
    ContentRejectedError,
    InvalidRequestError,
    JobFailedError,
    OutcomeUnknownError,
    PermissionDeniedError,
    PortraitError,
)
from ..values.masking import mask_links
from ..values.models import Event, VideoTask
from ..values.portraits import Portrait
from ..values.video import VideoRequest
from .log import VERSION, Folder
from .measuring import measure_all, told_of
from .plan import Plan
from .prices import Money, Price, Purse, estimate

Stage = Literal["register", "create", "wait", "download", "measure"]
OnRun = Callable[["Run", str], object]
_REFUSED: Final = (ContentRejectedError, InvalidRequestError, PermissionDeniedError)
_DIGITS: Final = 12


@frozen(kw_only=True)
class Run:
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


def run_session(
    plan: Plan,
    folder: Path | str,
    *,
    session: int = 1,
    allow_unpriced: bool = False,
    config: Path | str | None = None,
    simulated: bool | float | None = None,
    on_run: OnRun | None = None,
) -> Folder:
    """Run one session of a plan, or what is left of it; see `compare`."""
    kept = Folder(folder)
    goes_on = kept.open(plan)
    for profile in plan.profiles:  # what cannot be used is told before anything is paid
        connect(profile, config=config, simulated=simulated).close()
    if not goes_on:
        kept.note("opened", version=VERSION, plan=plan.to_dict(), **_environment(simulated))
    known = list(kept.events())
    if session not in [each["session"] for each in known if each["event"] == "session"]:
        kept.note("session", session=session)
    purse = Purse(plan.budget, allow_unpriced=allow_unpriced)
    _reserve_what_is_paid(purse, known)
    runs = list(schedule(plan, session))

    stop = threading.Event()

    def of_profile(profile: str) -> None:
        opened = _Profile(profile, plan, kept, purse, stop, config, simulated, on_run)
        for run in (each for each in runs if each.profile == profile):
            if not stop.is_set():
                opened.go(run, [each for each in known if each.get("run") == run.id])

    with ThreadPoolExecutor(len(plan.profiles), thread_name_prefix="compare") as pool:
        try:
            for done in [pool.submit(of_profile, profile) for profile in plan.profiles]:
                done.result()
        finally:
            stop.set()  # after an interrupt, the others stop at their next look
    measure_all(kept, plan)
    return kept


def schedule(plan: Plan, session: int) -> Iterator[Run]:
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
        yield Run(session=session, scene=scene, profile=profile, number=number, order=order)


@frozen
class _Profile:
    """One vendor's side of a comparison."""

    name: str
    plan: Plan
    folder: Folder
    purse: Purse
    stop: threading.Event
    config: Path | str | None
    simulated: bool | float | None
    on_run: OnRun | None
    _portraits: dict[str, Portrait] = field(factory=dict[str, Portrait], init=False)
    _asked_s: list[float] = field(factory=list[float], init=False)

    def go(self, run: Run, known: list[Mapping[str, Any]]) -> None:
        """Make a run, or what is left of it; an error ends this run alone."""
        events = {each["event"]: each for each in known}
        if {"downloaded", "failed"} & events.keys():
            return
        journal = self.folder.jobs / f"{run.id}.db"
        settings = {"journal": str(journal.absolute())}
        stage: list[Stage] = ["register"]
        with connect(
            self.name, settings=settings, config=self.config, simulated=self.simulated
        ) as client:
            self._asked_s.clear()
            try:
                self._go(client, run, events, stage)
            except PortraitError as error:
                self._failed(run, stage[-1], error, self._since_asked(client))
        self._tell(run, "done")

    def _go(
        self,
        client: Client,
        run: Run,
        events: Mapping[str, Mapping[str, Any]],
        stage: list[Stage],
    ) -> None:
        handle = str(events.get("created", {}).get("handle", "")) or self._found(client)
        if not handle:
            request = self._request(client, run)
            stage.append("create")
            handle = self._created(client, run, request)
        stage.append("wait")
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
        self._finished(run, task, self._since_asked(client))
        stage.append("download")
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

    def _request(self, client: Client, run: Run) -> VideoRequest:
        scene = self.plan.scenes[run.scene]
        media = {label: self._portrait(client, run, file) for label, file in scene.files.items()}
        return scene.request(media)

    def _portrait(self, client: Client, run: Run, file: str) -> Portrait:
        """A picture by its digest, registered once in the account."""
        if file in self._portraits:
            return self._portraits[file]
        content = Path(file).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        name, started_s = f"compare-{digest[:_DIGITS]}", _now_s(client)
        facts = {"session": run.session, "profile": self.name, "vendor": client.provider.name}
        facts |= {"portrait": name, "look": "main", "sha256": digest}
        was_there = bool(client.ledger.bindings(name, owner=_owner(client)))
        try:
            portrait = client.ensure_portrait(name, content)
        except PortraitError as error:
            seconds = _now_s(client) - started_s
            self.folder.note(
                "registered", **facts, status="failed", seconds=seconds, error=told_of(error)
            )
            raise
        (binding,) = client.ledger.bindings(name, owner=_owner(client))
        look = binding.look("main")
        self.folder.note(
            "registered",
            **facts,
            handle=look.asset,
            status=look.status.value,
            seconds=None if was_there else _now_s(client) - started_s,
        )
        self._portraits[file] = portrait
        return portrait

    def _created(self, client: Client, run: Run, request: VideoRequest) -> str:
        shown = client.preview_video(request, on_unsupported=self.plan.policy)
        price = self.plan.price(self.name, request.model)
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
        self._asked_s.append(_now_s(client))
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
        return _now_s(client) - self._asked_s[-1] if self._asked_s else None

    def _finished(self, run: Run, task: VideoTask, seconds: float | None) -> None:
        self.folder.note(
            "finished",
            run=run.id,
            status=task.status.value,
            seconds=seconds,
            usage=asdict(task.usage) if task.usage else None,
            resolution=task.resolution,
            ratio=task.ratio,
            duration_s=task.duration_s,
            seed=task.seed,
            reported=None,
        )

    def _failed(self, run: Run, stage: Stage, error: PortraitError, seconds: float | None) -> None:
        refused = isinstance(error, _REFUSED) or (
            isinstance(error, JobFailedError) and "wait" not in stage
        )
        self.folder.note(
            "failed",
            run=run.id,
            session=run.session,
            scene=run.scene,
            profile=self.name,
            number=run.number,
            warm_up=run.number == 0,
            stage=stage,
            seconds=seconds,
            refused=refused,
            error=told_of(error),
        )
        self._tell(run, f"failed: {type(error).__name__}")

    def _tell(self, run: Run, what: str) -> None:
        if self.on_run:
            _ = self.on_run(run, what)


def _now_s(client: Client) -> float:
    """The time that the client lives in: a simulated vendor's, or the real one."""
    clock = getattr(client.provider.simulation, "clock", None)
    seconds: float = (clock or time).monotonic()
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


def _reserve_what_is_paid(purse: Purse, known: list[dict[str, Any]]) -> None:
    for each in known:
        if _may_be_paid(each):
            with suppress(PortraitError):  # it is paid, whatever the budget says now
                purse.reserve(_estimated(known, each["run"]))


def _may_be_paid(event: Mapping[str, Any]) -> bool:
    unknown: bool = event.get("error", {}).get("class") == "OutcomeUnknownError"
    return event["event"] == "created" or (event["event"] == "failed" and unknown)


def _estimated(events: list[dict[str, Any]], run: str) -> Money | None:
    for each in events:
        if each["event"] == "asked" and each["run"] == run and each.get("estimated"):
            return Money.read(each["estimated"])
    return None


def _environment(simulated: float | None) -> dict[str, Any]:
    facts = {
        "python": platform.python_version(),
        "portraitkit": version("portraitkit"),
        "platform": platform.system(),
    }
    return {"environment": facts, "simulated": bool(simulated)}
