"""
The journal: what was begun, what may have been sent, what is known of it, how it ended.

    begun         a call, with its arguments save for secrets; nothing of it was sent
    sending       a create is about to leave; from here on it may have been carried out
    known         the thing exists: its handle
    ended         nothing is left to do, and how it came out
    failed        the call failed, and nothing is open
    unsure        the call failed, and the thing may exist all the same
    interrupted   the call was left before its end
    claimed       somebody else carries on
    again         the caller decided that it was not carried out: it may be sent once more
    dropped       the caller decided to leave it
    damaged       a row of the file that cannot be read

Entries are only ever added. What they say of a job together is a `Record`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from attrs import field, fields, frozen

from ..values.remarks import Finding
from ..wire.codec import is_array, is_object

_SIMPLE: Final = ("profile", "provider", "account", "status", "error", "code", "token")
_AS_THEY_ARE: Final = frozenset({*_SIMPLE, "answer"})
_OF_THE_CALL: Final = frozenset({"operation", "arguments", "call", "part", "stepped_by"})
ENDINGS: Final = ("ended", "failed", "dropped")
"""Entries after which nothing is left to do."""
DAMAGED: Final = "damaged"
_OTHERS: Final = ("begun", "sending", "known", "unsure", "interrupted", "claimed", "again")


@frozen(kw_only=True)
class Entry:
    """
    One entry.

    Attributes:
        id: Counts up through the journal.
        job: The job it belongs to.
        at: When it was written.
        lease: That of the client or resumer that wrote it.
        kind: What it says; see `portraitkit.journal.journal`.
        handle: The thing it is about, where that is known.
        facts: The rest, by kind.
    """

    id: int = 0
    job: str
    at: datetime
    lease: int = 0
    kind: str
    handle: str = ""
    facts: Mapping[str, Any] = field(factory=dict[str, Any])


@frozen(kw_only=True)
class Record:
    """
    What a journal knows of one job: one call, or one part of one.

    Attributes:
        id: The job's own name.
        operation: Such as `create_video`.
        profile: Of which profile it is: the one that was called, or where a failover moved it.
        provider: The vendor that does it.
        account: The vendor's account, as in handles.
        begun_at, sent_at: When it was called, and when a create last left.
        noted_at: When anything was last noted of it.
        stepped_by: The profile whose clients advance it (`portraitkit.jobs`); empty for a call.
        arguments: What it was called with, as JSON; see `missing`.
        missing: Arguments that are not kept, as they are or may be secret.
        state: The last entry's kind that says where it stands.
        handle: The thing as it is known last: of a check that was passed, the person's group.
        handles: All the handles it went by.
        adopted: Whether it was the caller who named the thing.
        status: The thing's last status.
        error: The class of the error that it met last.
        code: That error's code.
        answer: The answer to a create that could not be read: status, request id, the body's form.
        likely_ids: What that answer names that may have been made.
        findings: The documented limits that it exceeds.
        token: What is in the thing's name to find it again by.
        lease: That of whoever has it in hand; None if it was released.
        call, part: What the parts of one call have in common, and which one this is.
    """

    id: str
    operation: str = ""
    profile: str = ""
    provider: str = ""
    account: str = ""
    begun_at: datetime | None = None
    sent_at: datetime | None = None
    noted_at: datetime | None = None
    stepped_by: str = ""
    arguments: Mapping[str, Any] = field(factory=dict[str, Any])
    missing: tuple[str, ...] = ()
    state: str = "begun"
    handle: str = ""
    handles: frozenset[str] = frozenset()
    adopted: bool = False
    status: str = ""
    error: str = ""
    code: str = ""
    answer: Mapping[str, Any] = field(factory=dict[str, Any])
    likely_ids: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    token: str = field(default="", repr=False)
    lease: int | None = None
    call: str = ""
    part: int = 0

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.state in ENDINGS

    @property
    def is_lost(self) -> bool:
        """Whether its beginning cannot be read, so that nobody can say what is left to do."""
        return not (self.finished or self.operation)


def read_entry(row: Sequence[Any]) -> Entry:
    """Read a row of the file. One that cannot be read is an entry of the kind `damaged`."""
    number, job, at, lease, kind, handle, facts = row
    with suppress(TypeError, ValueError, RecursionError):
        entry = Entry(
            id=number,
            job=job,
            at=datetime.fromisoformat(at),
            lease=lease,
            kind=kind,
            handle=handle,
            facts=json.loads(facts),
        )
        if _is_sound(entry):
            return entry
    named, thing = (each if isinstance(each, str) else "" for each in (job, handle))
    return Entry(
        id=number,
        job=named,
        at=datetime.min.replace(tzinfo=UTC),
        lease=lease if named and type(lease) is int else 0,
        kind=DAMAGED,
        handle=thing if named else "",
    )


def _is_sound(entry: Any) -> bool:
    if not (isinstance(entry.job, str) and isinstance(entry.handle, str) and entry.job):
        return False
    if type(entry.lease) is not int or entry.at.tzinfo is None:
        return False
    if entry.kind not in (*ENDINGS, *_OTHERS) or not is_object(entry.facts):
        return False
    return all(_FACTS[name](fact) for name, fact in entry.facts.items() if name in _FACTS)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _finding(facts: Mapping[str, Any]) -> Finding:
    """Read a finding; what was a tuple came as a list, and a later version may write more."""
    named = {each.name: facts[each.name] for each in fields(Finding)}
    known: dict[str, Any] = {
        name: tuple(each) if is_array(each) else each for name, each in named.items()
    }
    return Finding(**known)


def _are_findings(value: object) -> bool:
    names = {each.name for each in fields(Finding)}
    return is_array(value) and all(
        is_object(each)
        and names <= set(each)
        and all(isinstance(each[name], str) for name in ("field", "message", "source"))
        for each in value
    )


def _is_texts(value: object) -> bool:
    return is_array(value) and all(isinstance(each, str) for each in value)


_FACTS: Final[Mapping[str, Callable[[Any], bool]]] = {
    **dict.fromkeys((*_SIMPLE, "operation", "call", "stepped_by"), _is_text),
    **dict.fromkeys(("missing", "likely_ids"), _is_texts),
    **dict.fromkeys(("arguments", "answer"), is_object),
    "findings": _are_findings,
    "part": lambda value: type(value) is int,
}


def records_of(entries: Iterable[Entry]) -> dict[str, Record]:
    """Fold entries into what they say of each job, in the order of their beginnings."""
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        # A damaged row without a job may belong to any that was begun.
        jobs = [entry.job] if entry.job else [*found]
        for job in jobs:
            known = found.setdefault(job, {"id": job, "state": "begun"})
            _add(known, entry)
            if entry.kind != DAMAGED:
                known["noted_at"] = entry.at
    return {job: Record(**known) for job, known in found.items()}


def _add(known: dict[str, Any], entry: Entry) -> None:
    """Add what one more entry says of a job."""
    kind, facts = entry.kind, entry.facts
    if kind == "claimed":
        known["lease"] = entry.lease
        return
    known["state"] = _state_after(known["state"], kind)
    if kind == "again":
        known.update(error="", code="", token="", answer={}, likely_ids=())
    known.update((name, facts[name]) for name in facts.keys() & _AS_THEY_ARE)
    if "likely_ids" in facts:
        known["likely_ids"] = tuple(facts["likely_ids"])
    if "findings" in facts:
        known["findings"] = tuple(_finding(each) for each in facts["findings"])
    if entry.handle:
        handles = known.get("handles", frozenset()) | {entry.handle}
        adopted = bool(facts.get("adopted"))
        known.update(handle=entry.handle, handles=handles, adopted=adopted)
    if kind == "begun":
        known.update((name, facts[name]) for name in facts.keys() & _OF_THE_CALL)
        known.update(begun_at=entry.at, lease=entry.lease, missing=tuple(facts.get("missing", ())))
    elif kind == "sending":
        known["sent_at"] = entry.at
    elif kind == DAMAGED and entry.lease:
        known["lease"] = entry.lease
    if facts.get("released"):
        known["lease"] = None


def _state_after(state: str, kind: str) -> str:
    if state in ENDINGS:
        return state if kind not in ENDINGS else kind
    if kind == DAMAGED:  # it may have said that a create was sent
        return "unsure" if state == "begun" else state
    if kind == "again":
        return "begun"
    if kind == "interrupted":
        return state
    # A thing that is known stays known, whatever a wait for it came to.
    return "known" if state == "known" and kind in ("sending", "unsure") else kind
