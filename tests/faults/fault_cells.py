"""The cells of the matrix: one operation at one vendor meets one fault, and is judged."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from inspect import isawaitable
from pathlib import Path
from typing import Any, Final

import anyio
from attrs import define, evolve, field, frozen
from fault_expected import OK, expected
from fault_front import PATIENCE_S
from fault_jobs import CLIP, DEADLINE_S, MARKS, SIGNED, Bench, Job, counts
from fault_line import Aim, async_line, line
from fault_list import Fault, Means
from fault_places import Places

from portraitkit.attempts import Budget, Clock
from portraitkit.client import AsyncClient, Client
from portraitkit.errors import OutcomeUnknownError, PortraitError, WaitTimeoutError
from portraitkit.models import Asset
from portraitkit.simulators.simulator import Simulator
from portraitkit.simulators.state import VirtualClock, never
from portraitkit.testing import VirtualTime
from portraitkit.wire import Request

ATTEMPTS: Final = 3
BUDGET: Final = Budget(attempts=ATTEMPTS)
_LONGEST_REST_S: Final = 4.0
"""More than any wait between two attempts here: `Retry-After` says 3."""


@frozen(kw_only=True)
class Cell:
    """One place of the matrix: the fault meets the request of that number, once or from then on."""

    vendor: str
    job: Job
    kind: str
    fault: Fault
    first: int
    lasting: bool

    def __str__(self) -> str:
        how = "from" if self.lasting else "at"
        return f"{self.vendor} {self.job.name}: {self.fault.name}, {how} request {self.first}"

    @property
    def key(self) -> tuple[str, str, str, int, bool]:
        """What tells it from the others."""
        return self.vendor, self.job.name, self.fault.name, self.first, self.lasting


@frozen(kw_only=True)
class Judged:
    """What a cell came to: what the caller got, and what is wrong with that."""

    cell: Cell
    word: str
    problems: tuple[str, ...]


@frozen(kw_only=True)
class Normal:
    """One operation without a fault: its requests, what it makes, what it returns."""

    kinds: tuple[str, ...]
    signed: bool
    made: dict[str, int]
    found: object


@define
class Ground:
    """Everything that cells need: the places, furnished vendors, and what is normal there."""

    places: Places
    folder: Path
    benches: dict[str, Bench] = field(factory=dict[str, Bench])
    normal: dict[tuple[str, str], Normal] = field(factory=dict[tuple[str, str], Normal])

    def furnish(self, vendor: str) -> Bench:
        """Get a vendor's bench; the first time, learn what is normal there."""
        if vendor not in self.benches:
            bench = self.benches[vendor] = Bench.at(vendor, self.places.front.url)
            bench.stuff.path = self.folder / f"{vendor}.mp4"
            aim = Aim(self.places)
            self.places.front.simulator = bench.simulator()
            with line(aim) as wire:
                for job in bench.jobs():
                    self.normal[vendor, job.name] = _learn(bench, job, aim, wire)
        return self.benches[vendor]

    def cells(self, vendor: str, fault: Fault) -> list[Cell]:
        """Every cell of one vendor and one fault."""
        bench = self.furnish(vendor)
        if fault.means is Means.STALE and vendor not in SIGNED:
            return []
        cells: list[Cell] = []
        for job in bench.jobs():
            kinds = self.normal[vendor, job.name].kinds
            for number, kind in enumerate(kinds, 1):
                if not fault.lasting_only:
                    cells.append(_cell(vendor, job, kind, fault, number, lasting=False))
                # Of reads after reads, what lasts is met by the first of them.
                if number == 1 or not (fault.lasting_only or kind == kinds[0] == "read"):
                    cells.append(_cell(vendor, job, kind, fault, number, lasting=True))
        return cells


def _cell(vendor: str, job: Job, kind: str, fault: Fault, first: int, *, lasting: bool) -> Cell:
    return Cell(vendor=vendor, job=job, kind=kind, fault=fault, first=first, lasting=lasting)


def _learn(bench: Bench, job: Job, aim: Aim, wire: Any) -> Normal:
    aim.at(None, 1, lasting=False)
    run = Run(None, bench, aim, job)
    client = run.client(Client, wire)
    result = _listed(job.call(client, bench.stuff))
    requests = [each.request for each in aim.sent]
    return Normal(
        kinds=tuple(job.kind_of(each) for each in requests),
        signed=any(each.auth.value == "signature" for each in requests),
        made=dict(counts(run.simulator.world) - run.before),
        found=found_in(result),
    )


def found_in(result: Any) -> object:
    """What of a result has to be the same with and without a passing fault."""
    if isinstance(result, list):
        return tuple(found_in(each) for each in result)
    if isinstance(result, Path):
        return CLIP == result.read_bytes()
    status = getattr(result, "status", None)
    return None if result is None else (result.handle, status)


def _listed(result: Any) -> Any:
    return list(result) if isinstance(result, Iterator) else result


class Run:
    """One cell under way: a vendor of its own, a clock of its own."""

    def __init__(self, fault: Fault | None, bench: Bench, aim: Aim, job: Job) -> None:
        self.simulator: Simulator = bench.simulator()
        if job.name != "wait_until_verified":
            self.simulator.world.person = never
        self.before = counts(self.simulator.world)
        clock = self.simulator.world.clock
        assert isinstance(clock, VirtualClock)
        self.time = VirtualTime(clock)
        self.started_s = time.monotonic()
        self._bench = bench
        self._skew = timedelta(seconds=fault.skew_s if fault else 0)
        for front in aim.places.fronts:
            front.simulator = self.simulator
            front.seen.clear()

    def client(self, kind: Any, wire: Any) -> Any:
        """Make a client of either kind."""
        own = self.time.clock
        clock: Clock = evolve(own, now=lambda: own.now() + self._skew)
        return kind(self._bench.provider, transport=wire, clock=clock, budget=BUDGET)


def play(ground: Ground, cells: Sequence[Cell]) -> list[Judged]:
    """Play the cells of one vendor and one fault with the blocking client."""
    judged: list[Judged] = []
    aim = Aim(ground.places)
    with line(aim, *(each.fault.route for each in cells[:1])) as wire:
        for cell in cells:
            bench = ground.furnish(cell.vendor)
            run = Run(cell.fault, bench, aim, cell.job)
            aim.at(cell.fault, cell.first, lasting=cell.lasting)
            try:
                result = _listed(cell.job.call(run.client(Client, wire), bench.stuff))
            except Exception as error:  # noqa: BLE001  (what comes out is what is judged)
                result = error
            judged.append(judge(ground, cell, aim, run, result))
    return judged


def play_async(ground: Ground, cells: Sequence[Cell], backend: str) -> list[Judged]:
    """Play them with the asynchronous client."""

    async def all_of_them() -> list[Judged]:
        judged: list[Judged] = []
        aim = Aim(ground.places)
        async with async_line(aim, *(each.fault.route for each in cells[:1])) as wire:
            for cell in cells:
                bench = ground.furnish(cell.vendor)
                run = Run(cell.fault, bench, aim, cell.job)
                aim.at(cell.fault, cell.first, lasting=cell.lasting)
                try:
                    result = cell.job.call(run.client(AsyncClient, wire), bench.stuff)
                    if isinstance(result, AsyncIterator):
                        result = [each async for each in result]
                    elif isawaitable(result):
                        result = await result
                except Exception as error:  # noqa: BLE001  (what comes out is what is judged)
                    result = error
                judged.append(judge(ground, cell, aim, run, result))
        return judged

    return anyio.run(all_of_them, backend=backend)


# -- judging ---------------------------------------------------------------------------------------


def judge(ground: Ground, cell: Cell, aim: Aim, run: Run, result: Any) -> Judged:
    """Hold what came out to what has to be."""
    for front in ground.places.fronts:
        front.settle()
    normal = ground.normal[cell.vendor, cell.job.name]
    errors = _errors_in(result)
    word = type(errors[0]).__name__ if errors else OK
    problems = [
        *_wrong_word(cell, normal, word, result),
        *_too_much_made(cell, normal, run),
        *_id_lost(cell, run, errors),
        *(
            f"a wait ended by {type(each).__name__}, and its handle is lost"
            for each in errors
            if cell.job.does == "wait" and not getattr(each, "handle", "")
        ),
        *_too_many_attempts(cell, aim, errors),
        *_too_late(cell, aim, run, word),
        *_leaks(run, result, errors),
        *_credentials_elsewhere(ground.places),
        *(f"the front itself failed: {each!r}" for each in _failures(ground.places)),
    ]
    return Judged(cell=cell, word=word, problems=tuple(f"{cell}: {each}" for each in problems))


def _errors_in(result: Any) -> list[BaseException]:
    if isinstance(result, BaseException):
        return [result]
    parts = result if isinstance(result, list) else []
    failures = [each.failure for each in parts if isinstance(each, Asset) and each.failure]
    return [each.error for each in failures if each.error]


def _wrong_word(cell: Cell, normal: Normal, word: str, result: Any) -> Iterator[str]:
    for error in _errors_in(result):
        if not isinstance(error, PortraitError):
            yield f"{type(error).__name__} came out: {error}"
    allowed = expected(cell, kinds=normal.kinds, signed=normal.signed)
    if word not in allowed:
        shown = f": {result}" if isinstance(result, BaseException) else ""
        yield f"{word} instead of {' or '.join(sorted(allowed))}{shown}"
    new = "create" in cell.job.does or cell.job.name == "wait_until_verified"
    strict = cell.fault.means not in (Means.ODD, Means.NEW_WORD) and not new
    if word == OK and strict and found_in(result) != normal.found:
        yield f"another result than without the fault: {found_in(result)}, not {normal.found}"
    if word == OK and isinstance(result, list) and len(result) != len(normal.found):  # type: ignore[arg-type]  (a list's)
        yield f"{len(result)} items in place of {len(normal.found)}"  # type: ignore[arg-type]  (a list's)


def _too_much_made(cell: Cell, normal: Normal, run: Run) -> Iterator[str]:
    for name, number in (counts(run.simulator.world) - run.before).items():
        if name == "jobs" and "create" not in cell.job.does:
            continue  # at xcompute a question is a task, too
        if number > normal.made.get(name, 0):
            yield f"{number} {name} were made in place of {normal.made.get(name, 0)}"


def _id_lost(cell: Cell, run: Run, errors: Sequence[BaseException]) -> Iterator[str]:
    made = counts(run.simulator.world) - run.before
    if "create" not in cell.job.does or not made:
        return
    for error in errors:
        known = isinstance(error, OutcomeUnknownError) or getattr(error, "handle", "")
        others = len(errors) < 2 or sum(made.values()) < 2 * len(errors)
        if not known and not others:
            yield f"{dict(made)} were made, and {type(error).__name__} names none of it: {error}"
        if not known and len(errors) == 1 and cell.job.name != "add_assets":
            yield f"{dict(made)} were made, and {type(error).__name__} names none of it: {error}"


def _too_many_attempts(cell: Cell, aim: Aim, errors: Sequence[BaseException]) -> Iterator[str]:
    run, longest = 0, 0
    last: Request | None = None
    for sent in aim.sent:
        run = run + 1 if sent.request == last else 1
        last = sent.request if sent.faulty else None
        longest = max(longest, run)
        if run > 1 and not sent.request.repeatable and _may_have_acted(cell.fault):
            yield "a create of unknown outcome was sent again"
    if cell.job.does == "wait":
        most = ATTEMPTS * (int(DEADLINE_S / 10) + 1)
        if len(aim.sent) > most + 1:
            yield f"{len(aim.sent)} requests, of {most}"
        return
    if longest > ATTEMPTS:
        yield f"one request was sent {longest} times"
    for error in errors:
        if len(getattr(error, "attempts", ())) > ATTEMPTS:
            yield f"{len(getattr(error, 'attempts', ()))} attempts are listed"


def _may_have_acted(fault: Fault) -> bool:
    unclear = (Means.LOST, Means.GATEWAY, Means.UNREADABLE, Means.TOO_LARGE, Means.ODD)
    return fault.means in unclear


def _too_late(cell: Cell, aim: Aim, run: Run, word: str) -> Iterator[str]:
    took_s = run.time.monotonic()
    most_s = len(aim.sent) * _LONGEST_REST_S
    if cell.job.does == "wait":
        most_s = DEADLINE_S + 0.01
        if word == WaitTimeoutError.__name__ and took_s < DEADLINE_S:
            yield f"it gave up after {took_s:g} s of {DEADLINE_S:g} s"
    if took_s > most_s:
        yield f"it took {took_s:g} s, and {most_s:g} s are the most"
    if word == OK and not cell.lasting and cell.job.does != "wait" and aim.sent[-1].faulty is False:
        faulty = any(each.faulty for each in aim.sent)
        if faulty and took_s < cell.fault.rests_s:
            yield f"it did not wait the {cell.fault.rests_s:g} s that the vendor asked for"
    if time.monotonic() - run.started_s > PATIENCE_S:
        yield "it took too much of real time"


def _leaks(run: Run, result: Any, errors: Sequence[BaseException]) -> Iterator[str]:
    tokens = [check.token for check in run.simulator.world.checks.values()]
    texts = [repr(result), str(result)]
    for error in errors:
        texts += [str(error), repr(error), repr(vars(error)), *map(repr, error.args)]
    for text in texts:
        for mark in (*MARKS, *tokens):
            if mark in text:
                yield f"{mark} is in {text[:300]}"


def _credentials_elsewhere(places: Places) -> Iterator[str]:
    for request in places.elsewhere.seen:
        if request.headers.get("authorization") or not request.url.endswith((".mp4", ".png")):
            yield f"another host was sent {request.method} {request.url}"
    if places.masked.heard:
        yield f"a server under another name was told {places.masked.heard}"


def _failures(places: Places) -> list[BaseException]:
    found = [each for front in places.fronts for each in front.failures]
    for front in places.fronts:
        front.failures.clear()
    return found
