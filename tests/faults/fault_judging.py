"""What has to hold in every cell, whatever the fault."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

from fault_cells import ATTEMPTS, Cell, Ground, Judged, Normal, Run, found_in
from fault_expected import OK, PASSING, PROVES_NOTHING, expected
from fault_front import PATIENCE_S
from fault_jobs import DEADLINE_S, MARKS, counts
from fault_line import Aim
from fault_list import Fault, Means
from fault_places import Places

from portraitkit.values.errors import OutcomeUnknownError, PortraitError, WaitTimeoutError
from portraitkit.values.models import Asset
from portraitkit.wire.steps import Request


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
        *_id_lost(cell, run, result, errors),
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


def _id_lost(cell: Cell, run: Run, result: Any, errors: Sequence[BaseException]) -> Iterator[str]:
    """What was made is in the result, or the error says that it may have been, or names it."""
    if cell.job.does == "wait" and not all(getattr(each, "handle", "") for each in errors):
        yield f"a wait ended by {errors[0]}, and its handle is lost"
    if store := _MAKES.get(cell.job.operation):
        made = (counts(run.simulator.world) - run.before)[store]
        parts = result if isinstance(result, list) else [result]
        if made > sum(_tells(each) for each in parts):
            yield f"{made} {store} were made, and not all are told of: {result}"


def _tells(part: Any) -> bool:
    error = getattr(getattr(part, "failure", None), "error", None) or part
    return isinstance(error, OutcomeUnknownError) or bool(getattr(error, "handle", ""))


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
    looks = 2 if cell.job.named else 1  # a list is looked at before and after the vendor's delay
    if longest > ATTEMPTS * looks:
        yield f"one request was sent {longest} times"
    for error in errors:
        listed = len(getattr(error, "attempts", ()))
        spent = cell.lasting and type(error).__name__ in PASSING
        if listed > ATTEMPTS or (
            spent and cell.fault.means is not Means.BUSY_LONG and listed < ATTEMPTS
        ):
            yield f"{listed} attempts are listed, and {ATTEMPTS} were possible"


def _may_have_acted(fault: Fault) -> bool:
    return fault.means in (*PROVES_NOTHING, Means.ODD)


def _too_late(cell: Cell, aim: Aim, run: Run, word: str) -> Iterator[str]:
    took_s = run.time.monotonic()
    most_s = len(aim.sent) * _LONGEST_REST_S
    if cell.job.does == "wait":
        most_s = DEADLINE_S + 0.01
        # The last look leaves itself a second.
        if word == WaitTimeoutError.__name__ and took_s < DEADLINE_S - 1:
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


_LONGEST_REST_S: Final = 4.0
"""More than any wait between two attempts here: `Retry-After` says 3."""
_MAKES: Final = {
    "create_group": "groups",
    "add_asset": "assets",
    "add_assets": "assets",
    "start_verification": "checks",
    "create_video": "videos",
}
