"""
What once was wrong, or could be: each mend of the library taken out again.

A world that cannot tell the library from one of these is too tame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final
from unittest.mock import patch

from attrs import evolve, frozen

from portraitkit.engine.attempts import Attempts
from portraitkit.engine.driver import _Runner
from portraitkit.journal import finishing, writer
from portraitkit.journal.journal import Journal
from portraitkit.journal.writer import JournalWriter
from portraitkit.operations import call, guarding, paging, polling, reconciling, searching
from portraitkit.operations.searching import Search
from portraitkit.portraits import operations as portraits
from portraitkit.portraits import registering
from portraitkit.providers import alltoken, token360
from portraitkit.providers.dialects import actions, ark_tasks, icover, reviews, token360_tables
from portraitkit.values import masking
from portraitkit.values.errors import OutcomeUnknownError
from portraitkit.values.name_tokens import untagged
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import GroupKind
from portraitkit.vendor import answers
from portraitkit.wire import codec, error_mapping
from portraitkit.wire.steps import Flow, through, work


@frozen
class Mend:
    """
    One thing that the library does right.

    Attributes:
        name: What it does without this.
        law: What it then breaks.
        out: What to put in its place: an owner, a name there, and something else.
        seed: A world that shows it.
    """

    name: str
    law: str
    out: Callable[[], list[tuple[Any, str, Any]]]
    seed: int = 0

    @contextmanager
    def taken_out(self) -> Iterator[None]:
        """Let the library go without it for a while."""
        patches = [patch.object(owner, name, what) for owner, name, what in self.out()]
        for each in patches:
            each.start()
        try:
            yield
        finally:
            for each in patches:
                each.stop()


def _repeats_everything() -> Any:
    begin = Attempts.__init__

    def init(self: Any, provider: Any, request: Any, *rest: Any, **named: Any) -> None:
        begin(self, provider, evolve(request, repeatable=True), *rest, **named)

    return [(Attempts, "__init__", init)]


def _notes_too_late() -> Any:
    recorded, note = writer.recorded, JournalWriter.sending

    def late(flow: Flow[Any], it: Any) -> Flow[Any]:
        def do(step: Any) -> Flow[Any]:
            provider, request = writer._sent(it.provider, step)
            reply = yield step
            if request is not None and not request.repeatable:
                yield from work(partial(note, it, provider, request))
            return reply

        return recorded(through(flow, do), it)

    return [
        (writer, "recorded", late),
        (JournalWriter, "sending", lambda *_: None),
    ]


def _takes_what_is_alike() -> Any:
    look = searching.look

    def alike(provider: Any, listing: Any, sent: str, token: str) -> Flow[Any]:
        seen = yield from look(provider, listing, sent, token)
        items, _ = yield from searching.read_list(listing.whole)
        name = untagged(sent)[0]
        same = tuple(each for each in items if each.name == name and searching.is_recent(each))
        return evolve(seen, ours=seen.ours or same[:1])

    return [(reconciling, "look", alike), (finishing, "look", alike)]


def _takes_people_for_figures() -> Any:
    register = registering.register

    def lax(account: Any, wanted: Any, **options: Any) -> Flow[Any]:
        return register(account, evolve(wanted, kind=GroupKind.VIRTUAL), **options)

    return [(portraits, "register", lax)]


def _hastily() -> Any:
    note = Attempts._note

    def hasty(self: Any, outcome: Any, reason: str, _: float | None) -> bool:
        return note(self, outcome, reason, None)

    return [(Attempts, "_note", hasty), (Attempts, "hold", lambda _: None)]


def _asks_for_the_group(record: Any, group: Any) -> Flow[Any]:
    yield from ()
    raise answers.UnexpectedResponseError("this vendor reads no group")


def _gives_up_what_was_found() -> Any:
    find, seen = polling._found, set()

    def hasty(look: Any, elsewhere: Any, state: Any, *, is_new: bool) -> Flow[Any]:
        found = yield from find(look, elsewhere, state, is_new=is_new and look not in seen)
        if found is not None:
            seen.add(look)
        return found

    return [(polling, "_found", hasty)]


def _lists_nothing() -> Any:
    def lax(data: object, keys: Any, total: Any = ()) -> list[Any]:
        del total
        return [*codec.rows(data, keys)]

    return [(module, "listed", lax) for module in _LISTING]


_LISTING: Final = (actions, alltoken, ark_tasks, icover, token360, token360_tables)


def _creates_without_end() -> Any:
    create = reconciling.reconciled

    def stubborn(*args: Any) -> Flow[Any]:
        try:
            return (yield from create(*args))
        except OutcomeUnknownError as error:
            if error.handle or error.candidates:
                raise
        return (yield from create(*args))

    return [(reconciling, "reconciled", stubborn)]


def _tells_its_own_trouble(write: Any, _: Any = ()) -> bool:
    write()
    return True


def _sends_unnoted() -> Any:
    note = JournalWriter.sending

    def lax(self: Any, *args: Any) -> None:
        writer._tried(partial(note, self, *args))

    return [(JournalWriter, "sending", lax)]


def _gives_up(self: Any, error: BaseException) -> None:
    rows = [(job, "failed", "", {"error": type(error).__name__}) for job in self.jobs]
    self._add(rows, [], [])


def _by_its_own_clock(item: Any) -> bool:
    at = item.raw.received_at if item.raw else None
    return item.created_at is None or at is None or item.created_at >= at - searching.RECENT


MENDS: Final = (
    Mend(
        "what was made looks old to a clock that is ahead",
        "twice",
        lambda: [(searching, "is_recent", _by_its_own_clock)],
        seed=10233,
    ),
    Mend(
        "any refusal proves that nothing was done",
        "twice",
        lambda: [(error_mapping, "was_refused", lambda _: True)],
        seed=78,
    ),
    Mend("a create of unknown outcome is sent again", "twice", _repeats_everything, seed=5),
    Mend(
        "a look that failed proves absence",
        "twice",
        lambda: [(Search, "is_absent", property(lambda self: not (self.ours or self.maybe)))],
        seed=173,
    ),
    Mend(
        "a new thing of another name is none",
        "twice",
        lambda: [(searching, "_may_be", lambda *_: False)],
        seed=21,
    ),
    Mend("a second lost create is sent a third time", "twice", _creates_without_end, seed=26),
    Mend("a create that cannot be noted is sent", "twice", _sends_unnoted, seed=477),
    Mend(
        "the journal's trouble hides a result",
        "known",
        lambda: [(writer, "_tried", _tells_its_own_trouble)],
        seed=21,
    ),
    Mend(
        "a call that was left has failed",
        "known",
        lambda: [(JournalWriter, "interrupted", _gives_up)],
        seed=126,
    ),
    Mend(
        "a lost answer is a failure",
        "agree",
        lambda: [(writer, "OutcomeUnknownError", ZeroDivisionError)],
        seed=14,
    ),
    Mend(
        "an answer that cannot be read proves that nothing was made",
        "known",
        lambda: [(guarding, "unknown_after", lambda error, *_: error)],
        seed=20,
    ),
    Mend(
        "a deadline does not cut its requests",
        "in_time",
        lambda: [(polling, "within", lambda flow, _: flow)],
        seed=51,
    ),
    Mend(
        "a list that lacks rows is whole",
        "whole",
        lambda: [(paging.PageWalk, "_check_whole", lambda *_: None)],
        seed=80,
    ),
    Mend("a list without rows is empty", "whole", _lists_nothing, seed=0),
    Mend("what a replica hides is gone", "there", _gives_up_what_was_found, seed=0),
    Mend("a create is noted after it was sent", "journal", _notes_too_late, seed=1),
    Mend(
        "a handle of another account is taken",
        "handle",
        lambda: [(answers.VendorAnswers, "_mine", lambda *_: None)],
        seed=3,
    ),
    Mend("a search takes what is alike", "own", _takes_what_is_alike, seed=941),
    Mend(
        "a job in somebody's hand is free",
        "lease",
        lambda: [(Journal, "_is_free", lambda *_: True)],
        seed=201,
    ),
    Mend("Retry-After is not waited for", "rest", _hastily, seed=26),
    Mend(
        "secrets are not masked",
        "silent",
        lambda: [
            (guarding, "masker", lambda *_, **__: str),
            (answers, "masker", lambda *_, **__: str),
        ],
        seed=1,
    ),
    Mend(
        "a secret shows itself",
        "silent",
        lambda: [(Secret, "__repr__", lambda self: repr(self._value))],
        seed=308,
    ),
    Mend("an address shows what signs it", "silent", lambda: [(masking, "_links", str)], seed=308),
    Mend(
        "a call shows its arguments",
        "silent",
        lambda: [(call.Call, "__repr__", lambda self: repr(vars(self)))],
        seed=20,
    ),
    Mend(
        "an error keeps the frames inside",
        "silent",
        lambda: [(_Runner, "_emptied", lambda _, it: it), (guarding, "emptied", lambda it, _: it)],
        seed=4,
    ),
    Mend(
        "a real person is registered elsewhere as a figure",
        "person",
        _takes_people_for_figures,
        seed=55,
    ),
    Mend(
        "a review task that is adopted is no asset",
        "agree",
        lambda: [(reviews, "_TASK", reviews.re.compile("(?!)"))],
        seed=103,
    ),
    Mend(
        "a group that is adopted has to be read",
        "agree",
        lambda: [(finishing, "_as_noted", _asks_for_the_group)],
        seed=3037,
    ),
)
