"""
What once was wrong, or could be: each mend of the library taken out again.

A world that cannot tell the library from one of these is too tame.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
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
        seed: A world that shows it.
        out: What to put in its place: an owner, a name there, and something else.
    """

    name: str
    law: str
    seed: int
    out: list[tuple[Any, str, Any]]

    @contextmanager
    def taken_out(self) -> Iterator[None]:
        """Let the library go without it for a while."""
        with ExitStack() as stack:
            for owner, name, what in self.out:
                stack.enter_context(patch.object(owner, name, what))
            yield


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

    def alike(provider: Any, listing: Any, *sent: Any, **when: Any) -> Flow[Any]:
        seen = yield from look(provider, listing, *sent, **when)
        read = yield from searching.read_list(listing.whole)
        name = untagged(sent[0])[0]
        same = tuple(e for e in read.items if e.name == name and searching.is_recent(e))
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


def _looks_for_nothing(_: Any, record: Any, *__: Any) -> Flow[Any]:
    yield from ()
    if record.operation not in ("create_group", "add_asset", "create_video"):
        raise OutcomeUnknownError("nobody looked")


def _as_if_long_ago(_: Any) -> Flow[Any]:
    yield from ()
    return timedelta(hours=5)


def _never_flushed() -> Any:
    add = Journal.add

    def late(self: Any, lease: int, rows: Any, *, flushed: bool) -> None:
        del flushed
        add(self, lease, rows, flushed=False)

    return [(Journal, "add", late)]


def _by_its_own_clock(item: Any, since: timedelta = searching.RECENT) -> bool:
    at = item.raw.received_at if item.raw else None
    return item.created_at is None or at is None or item.created_at >= at - since


# fmt: off
MENDS: Final = (
    Mend("what was made looks old to a clock that is ahead", "twice", 9001,
         [(searching, "is_recent", _by_its_own_clock)]),
    Mend("any refusal proves that nothing was done", "twice", 31,
         [(error_mapping, "was_refused", lambda _: True)]),
    Mend("a create of unknown outcome is sent again", "twice", 14, _repeats_everything()),
    Mend("a look that failed proves absence", "twice", 173,
         [(Search, "is_absent", property(lambda self: not (self.ours or self.maybe)))]),
    Mend("a new thing of another name is none", "twice", 21,
         [(searching, "_may_be", lambda *_: False)]),
    Mend("a second lost create is sent a third time", "twice", 26, _creates_without_end()),
    Mend("a create that cannot be noted is sent", "twice", 477, _sends_unnoted()),
    Mend("the journal's trouble hides a result", "known", 21,
         [(writer, "_tried", _tells_its_own_trouble)]),
    Mend("a call that was left has failed", "known", 126,
         [(JournalWriter, "interrupted", _gives_up)]),
    Mend("a lost answer is a failure", "agree", 14,
         [(writer, "OutcomeUnknownError", ZeroDivisionError)]),
    Mend("an answer that cannot be read proves that nothing was made", "known", 20,
         [(guarding, "unknown_after", lambda error, *_: error)]),
    Mend("a deadline does not cut its requests", "in_time", 183,
         [(polling, "within", lambda flow, _: flow)]),
    Mend("a list that lacks rows is whole", "whole", 439,
         [(paging.PageWalk, "_check_whole", lambda *_: None)]),
    Mend("a list without rows is empty", "whole", 4, _lists_nothing()),
    Mend("what a replica hides is gone", "there", 4316, _gives_up_what_was_found()),
    Mend("a create is noted after it was sent", "journal", 0, _notes_too_late()),
    Mend("a resumed job is made again without a look", "twice", 14,
         [(finishing, "_found_again", _looks_for_nothing)]),
    Mend("clocks are never set right", "twice", 687, [(finishing, "_SLACK", timedelta(seconds=5))]),
    Mend("what is new is listed at once", "shown", 14,
         [(finishing, "_sent_ago", _as_if_long_ago)]),
    Mend("a power cut loses that a create was sent", "journal", 0, _never_flushed()),
    Mend("a process that ended keeps its lease", "agree", 9,
         [(Journal, "_is_free", lambda *_: False)]),
    Mend("a handle of another account is taken", "handle", 16,
         [(answers.VendorAnswers, "_mine", lambda *_: None)]),
    Mend("a search takes what is alike", "own", 173, _takes_what_is_alike()),
    Mend("a job in somebody's hand is free", "lease", 1017,
         [(Journal, "_is_free", lambda *_: True)]),
    Mend("Retry-After is not waited for", "rest", 12, _hastily()),
    Mend("secrets are not masked", "silent", 35,
         [(guarding, "masker", lambda *_, **__: str), (answers, "_masker", lambda _: str),
          (answers, "_masker_of", lambda _: str)]),  # which is kept
    Mend("a secret shows itself", "silent", 308,
         [(Secret, "__repr__", lambda self: repr(self._value))]),
    Mend("an address shows what signs it", "silent", 308, [(masking, "_links", str)]),
    Mend("a call shows its arguments", "silent", 20,
         [(call.Call, "__repr__", lambda self: repr(vars(self)))]),
    Mend("an error keeps the frames inside", "silent", 4,
         [(_Runner, "_emptied", lambda _, it: it), (guarding, "emptied", lambda it, _: it)]),
    Mend("a real person is registered elsewhere as a figure", "person", 53,
         _takes_people_for_figures()),
    Mend("a review task that is adopted is no asset", "agree", 295,
         [(reviews, "_TASK", reviews.re.compile("(?!)"))]),
    Mend("a group that is adopted has to be read", "agree", 2287,
         [(finishing, "_as_noted", _asks_for_the_group)]),
)
# fmt: on
