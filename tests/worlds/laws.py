"""The laws of every world: judged at each request and make, after each call, and at the end."""

from __future__ import annotations

import base64
import pickle
import re
import traceback
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Final

from portraitkit.journal.arguments import CREATES
from portraitkit.journal.records import records_of
from portraitkit.operations.searching import GRACE_S
from portraitkit.values.errors import NotFoundError, OutcomeUnknownError, PortraitError
from portraitkit.values.handles import Handle
from portraitkit.values.models import Result, Verification
from portraitkit.values.portraits import Portrait
from portraitkit.wire.steps import Request, Response
from worlds.broken import Broken
from worlds.calls import LONGEST_S, Call
from worlds.network import TIMEOUTS
from worlds.sites import DEADLINE_S, MARKS, OWN, REPLICA_S, UNSEEN_S, Make, Site, furnished

# -- what a vendor sees ----------------------------------------------------------------------------


def about_a_request(world: Any, process: Any, call: Call | None, request: Request) -> None:
    """No handle reaches another account, and what a vendor asks for is waited for."""
    text = f"{request.target} {request.content[:20_000].decode('latin-1')}"
    site = world.site_of(request)
    if found := _foreign(site.furnished.vendor, world.vendors).search(text):
        raise Broken(f"handle: {call} sends {found[0]}, which is another account's")
    _check_hand(world, call)
    due_s = world.rests.get(_key(call, request), 0.0)
    now_s = world.scheduler.now_s()
    if now_s < due_s and not _is_the_last_look(call, now_s):
        raise Broken(f"rest: {call} asks again {due_s - now_s:.1f} s before the vendor wants it")


def _is_the_last_look(call: Call | None, now_s: float) -> bool:
    """A wait looks a last time at its deadline, whatever the vendor has asked for."""
    if call is None:
        return False
    waits = call.operation.does in ("wait", "resume", "download") or not call.operation.is_noted
    return waits and now_s - call.begun_s > DEADLINE_S - 4


def about_an_answer(world: Any, process: Any, exchange: Any, answer: Response) -> None:
    """Remember how long a vendor wants to be left alone."""
    text = answer.headers.get("retry-after", "")
    if not text:
        return
    if text.isdecimal():
        asked_s = float(text)
    else:  # a date has whole seconds
        asked_s = (parsedate_to_datetime(text) - process.now()).total_seconds() - 1
    if asked_s <= _LONGEST_REST_S:
        key = _key(process.calling, exchange.request)
        world.rests[key] = world.scheduler.now_s() + asked_s - 0.01


_LONGEST_REST_S: Final = 120


def _key(call: Call | None, request: Request) -> Any:
    return call and call.number, request.method, request.url, request.query, request.content


def about_a_foreign_host(world: Any, request: Request) -> None:
    """Nobody but the vendor is shown a credential."""
    if any(name.lower() == "authorization" for name in request.headers):
        raise Broken(f"secret: {request.origin} was sent a credential")


@cache
def _foreign(here: str, vendors: tuple[str, ...]) -> re.Pattern[str]:
    """The ids of what is not this vendor's, or not of the own account there."""
    things = [furnished(here).foreign]
    for each in vendors:
        if each != here:
            things += [furnished(each).foreign, furnished(each).things]
    held = [getattr(one, name) for one in things for name in ("asset", "group", "done", "fresh")]
    names = {_ref(each).split("#")[0] for each in held if hasattr(each, "handle")}
    return re.compile("|".join(map(re.escape, sorted(names))))


def about_a_make(world: Any, site: Site, process: Any, make: Make) -> None:
    """Nothing is made twice for one call, unknown to the journal, or for a person elsewhere."""
    call = make.by
    if call is None:
        return
    if call.origin.consented_at not in (None, site):
        raise Broken(f"person: {call} made {make.id} at another vendor")
    operation = call.origin.operation
    made = [e for e in world.makes_of(call) if e.kind == make.kind and _can_be_told(world, e)]
    # At Token360 a face check begins with the person's group, and elsewhere a draft's first asset.
    is_asked_for = make.kind in (operation.makes, *_WITH.get(operation.makes, ()))
    is_asked_for |= make.kind == "groups" and _is_draft(call.origin.subject)
    allowed = operation.parts if is_asked_for else 0
    if len(made) > allowed:
        raise Broken(f"twice: {call.origin} made {len(made)} {make.kind}, {allowed} were asked for")
    if process.disk and operation.is_noted and not _is_noted(process.disk, call):
        raise Broken(f"journal: {call} made {make.id}, and no flushed entry says that it was sent")


_WITH: Final = {"checks": ("groups",)}


def _is_draft(thing: Any) -> bool:
    """Whether it is a group of avatars, which is none until its first asset."""
    return bool(getattr(thing, "handle", "")) and _ref(thing).startswith("draft:")


def _is_noted(disk: Any, call: Call) -> bool:
    sql = "SELECT id FROM entries WHERE kind = 'sending' AND id <= ?"
    rows = disk.connection.execute(sql, (disk.flushed,)).fetchall()
    return any(disk.writers[number] is call for (number,) in rows)


def _check_hand(world: Any, call: Call | None) -> None:
    """A job is in one hand at a time."""
    job = call and call.job
    for other in world.calls if job else ():
        if other is call or other.word or not other.exchanges:
            continue
        same = other.job is not None and other.job._record.id == job._record.id
        if same or other is call.origin:
            raise Broken(f"lease: {call} and {other} have the same job in hand")


# -- what a call comes to --------------------------------------------------------------------------


def after_a_call(world: Any, call: Call) -> None:
    """Judge what came of a call."""
    for law in (_only_our_errors, _in_time, _known, _shown, _own, _whole, _true, _there, _silent):
        if problem := next(iter(law(world, call)), ""):
            raise Broken(f"{law.__name__.strip('_')}: {call}: {problem}")


def _only_our_errors(world: Any, call: Call) -> Iterator[str]:
    if call.error is not None and not isinstance(call.error, PortraitError):
        text = "".join(traceback.format_exception(call.error)[-6:])
        yield f"{call.word} leaves: {call.error} {text}"


def _in_time(world: Any, call: Call) -> Iterator[str]:
    took_s = call.ended_s - call.begun_s
    per_exchange_s = TIMEOUTS.total_s + _LONGEST_REST_S
    most_s = {
        "wait": LONGEST_S,
        "create": call.exchanges * per_exchange_s + 2 * (UNSEEN_S + GRACE_S),
        "resume": call.exchanges * per_exchange_s + LONGEST_S + 2 * (UNSEEN_S + GRACE_S),
    }.get(call.operation.does, call.exchanges * per_exchange_s)
    is_left = call.word in ("killed", "interrupted")
    waits_s = _LONGEST_REST_S if is_left else 0.1  # for its turn, before it could ask
    if took_s > most_s + waits_s:
        yield f"it took {took_s:.1f} s, and {most_s:.1f} s are the most"


def _known(world: Any, call: Call) -> Iterator[str]:
    """What was made is in the result, or the error says that it may have been, or the journal."""
    made = [each for each in world.makes_of(call) if each.by is call and _is_there(world, each)]
    if not made or call.operation.does == "resume":
        return
    if call.word in ("killed", "interrupted"):
        if call.process.disk and call.operation.is_noted and not _has_noted(world, call, made):
            yield f"{made[0].id} was made, and the journal neither has it nor an open job"
        return
    parts = call.result if isinstance(call.result, list) else [call.error or call.result]
    made = [each for each in made if each.kind == call.operation.makes]
    if len(made) > sum(_tells(each) for each in parts):
        yield f"{[each.id for each in made]} were made, and {call.error or call.result} hides it"


def _is_there(world: Any, make: Make) -> bool:
    """Whether nobody has deleted it since."""
    return any(make.id in getattr(site.memory, make.kind) for site in world.sites)


def _can_be_told(world: Any, make: Make) -> bool:
    """Whether it is there, and not renamed where no list says when a group was made."""
    site = next(each for each in world.sites if make in each.makes)
    found = getattr(site.memory, make.kind).get(make.id)
    is_renamed = make.kind == "groups" and found is not None and found.name == "Maya"
    return found is not None and not (is_renamed and site.furnished.vendor == "token360")


def _has_noted(world: Any, call: Call, made: list[Make]) -> bool:
    entries = world.disk.entries()
    mine = {each.job for each in entries if world.disk.writers[each.id] is call}
    names = {name for each in made for name in names_of(world, each)}
    return any(
        not each.finished or names & _parts(each.handle)
        for each in records_of(entries).values()
        if each.id in mine and (each.handle or not each.finished)
    )


def _tells(part: Any) -> bool:
    error = getattr(getattr(part, "failure", None), "error", None) or part
    if isinstance(error, OutcomeUnknownError | Portrait):
        return True  # of a portrait the ledger knows more
    return bool(getattr(error, "handle", ""))


def _shown(world: Any, call: Call) -> Iterator[str]:
    """Where no candidate is found, there is none: whoever reads that sends it again."""
    if not getattr(call.error, "candidates_are_all", False) or call.error.candidates:
        return
    known = made_by_jobs(world.disk)
    for each in world.makes_of(call):
        site = next(site for site in world.sites if each in site.makes)
        found = getattr(site.memory, each.kind).get(each.id)
        if found is None or site.has_replicas or known & names_of(world, each):
            continue
        if _thing_stands(found, site.memory.now()) not in ("cancelled", "deleted"):
            yield f"{each.id} is one"


def _own(world: Any, call: Call) -> Iterator[str]:
    """What a create returns is what it made, and not somebody else's."""
    operation = call.operation
    if operation.does != "create" or call.result is None or operation.makes == "checks":
        return
    names = {name for each in world.makes_of(call) for name in names_of(world, each)}
    for part in call.result if isinstance(call.result, list) else [call.result]:
        named = getattr(part, "handle", "") and not _is_draft(part)
        if named and not names & _parts(part.handle):
            yield f"{part.handle} was not made by it"


def _ref(thing: Any) -> str:
    return Handle.parse(getattr(thing, "handle", thing)).ref


def names_of(world: Any, make: Make) -> set[str]:
    """What a thing goes by: its id, or its place in the task that stands for it."""
    names = {make.id}
    for task, job in ((i, job) for site in world.sites for i, job in site.memory.jobs.items()):
        if make.id in job.asset_ids:
            many = len(job.asset_ids)
            place = f"{task}#{job.asset_ids.index(make.id)}of{many}"
            names.add(place if many > 1 else task)
    return names


def _parts(handle: str) -> set[str]:
    """What a handle may say of a thing: its id, its task, its place in one."""
    parts = _ref(handle).split("#")
    return {*parts, "#".join(parts[:2])}


def _whole(world: Any, call: Call) -> Iterator[str]:
    """A list is whole, or an error."""
    if call.operation.does != "list" or call.result is None or call.hides_rows:
        return
    memory = call.process.sites[0].memory
    since = memory.now().timestamp() - (call.ended_s - call.begun_s) - memory.list_lag_s
    since -= REPLICA_S * ("a replica that lags behind" in call.met)
    kind = {"list_groups": "groups", "list_assets": "assets", "list_videos": "videos"}
    things = getattr(memory, kind[call.operation.name])
    listed = {each.id for each in call.result}
    for each in things.values():
        wanted = each.account == OWN.name and each.created_at.timestamp() < since
        if kind[call.operation.name] == "assets":
            wanted = wanted and each.group_id == _group_id(call.subject)
        if wanted and getattr(each, "real_person", False):
            wanted = not each.pending
        if wanted and not getattr(each, "deleted", False) and each.id not in listed:
            yield f"{each.id} is missing of {sorted(listed)}"


def _group_id(group: Any) -> str:
    return getattr(group, "id", None) or str(group)


def _true(world: Any, call: Call) -> Iterator[str]:
    """What is said to be done is done."""
    for each in call.result if isinstance(call.result, list) else [call.result]:
        stands = _stands(world, each)
        said = getattr(getattr(each, "status", None), "name", "")
        if stands not in ("", "gone", "deleted") and _SETTLED.get(said, stands) not in stands:
            yield f"{each.handle} is said to be {said}, and is {stands}"


def _there(world: Any, call: Call) -> Iterator[str]:
    """What is waited for is gone only where it is not there, or the vendor insists."""
    if call.met.count("a documented refusal") > 1:
        return  # it said so itself, and refused to list it
    failure = getattr(getattr(call.error, "result", None), "failure", None)
    error = getattr(failure, "error", None) or call.error
    if call.operation.does in ("wait", "resume") and isinstance(error, NotFoundError):
        stands = _stands(world, call.subject or error.handle)
        if stands not in ("", "gone", "deleted", "foreign", "open", "passed"):
            yield f"it is said to be gone, and is {stands}"


_SETTLED: Final = {
    "ACTIVE": "Active",
    "VERIFIED": "passed",
    "SUCCEEDED": "succeeded",
}


def _silent(world: Any, call: Call) -> Iterator[str]:
    """No secret is in any text."""
    texts = [*world.texts, ("result", f"{call.result!r} {call.result}")]
    world.texts.clear()
    if isinstance(error := call.error, PortraitError):
        said = [str(error), repr(error), repr(vars(error)), repr(error.__cause__)]
        texts.append(("error", " ".join(said)))
        texts.append(("pickle", pickle.dumps(error).decode("latin-1")))
        texts.append(("frames", " ".join(_locals(error))))
    yield from leaks(world, texts)


def _locals(error: BaseException) -> Iterator[str]:
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if "portraitkit" in frame.f_code.co_filename:
            yield repr(frame.f_locals)


def leaks(world: Any, texts: list[tuple[str, str]]) -> Iterator[str]:
    """Name the secrets that are in texts."""
    whole = "\n".join(text for _, text in texts)
    tokens = [token for site in world.sites for token in site.memory.checks]
    for found in (each for each in (*_SECRETS, *tokens) if each in whole):
        where = next(place for place, text in texts if found in text)
        text = next(text for place, text in texts if found in text)
        at = text.index(found)
        yield f"{found} is in {where}: …{text[max(0, at - 200) : at + 60]}…"


def _forms(mark: str) -> Iterator[str]:
    """A secret as it is, in hex, and as base64 makes it inside of something longer."""
    yield mark
    yield mark.encode().hex()
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + mark.encode() + b"\0\0\0").decode()
        yield encoded[4:-8]


_SECRETS: Final = tuple(form for mark in MARKS for form in _forms(mark))


# -- how things stand ------------------------------------------------------------------------------


def state_of(world: Any, call: Call) -> tuple[str, ...]:
    """Operation, outcome, and how the vendor stood."""
    made = len(world.makes_of(call))
    about = call.origin.operation.name if call.operation.does == "resume" else ""
    stands = _stands(world, call.subject) or ("foreign" if call.is_foreign else "")
    name = f"{call.operation.name} {about}".strip()
    return name, call.word, f"{made} made" if made else "", stands


def _stands(world: Any, thing: Any) -> str:
    """How something stands at the vendor."""
    if not isinstance(thing, Result) and not str(thing).startswith("pk1:"):
        return ""
    text = getattr(thing, "handle", thing)
    if not text:
        return ""
    handle = Handle.parse(text)
    site = next((e for e in world.sites if e.furnished.provider.name == handle.provider), None)
    if site is None:
        return "foreign"
    memory, now = site.memory, site.memory.now()
    if handle.kind == "verification":
        return _check_stands(memory, thing)
    names = handle.ref.split("#")
    for kind in ("assets", "videos", "groups"):
        for name in reversed(names):
            if (found := getattr(memory, kind).get(name)) is not None:
                return _thing_stands(found, now)
    jobs = [memory.jobs[name] for name in names if name in memory.jobs]
    assets = [memory.assets[i] for job in jobs for i in job.asset_ids if i in memory.assets]
    return " ".join(sorted({each.status(now) for each in assets})) or "gone"


def _thing_stands(found: Any, now: Any) -> str:
    if hasattr(found, "status"):
        return found.status(now)
    if hasattr(found, "state"):
        return "deleted" if found.deleted else found.state(now)
    return "pending" if found.pending else "there"


def _check_stands(memory: Any, check: Any) -> str:
    token = check.token.reveal() if isinstance(check, Verification) and check.token else ""
    found = memory.checks.get(token)
    if found is None:
        return ""
    return "passed" if found.group_id else "open"


# -- the end ---------------------------------------------------------------------------------------


def at_the_end(world: Any) -> None:
    """After everything was carried on, client and vendor agree."""
    entries = world.disk.entries()
    records = records_of(entries)
    rows = " ".join(f"{each.facts}" for each in entries)
    for problem in leaks(world, [("the journal", rows), *world.texts]):
        raise Broken(f"silent: {problem}")
    if not world.is_over:
        return
    known = named(entries)
    for site in world.sites:
        for make in site.makes:
            if _must_be_known(world, make) and not known & names_of(world, make):
                raise Broken(f"agree: {make.kind[:-1]} {make.id} of {make.by} is in no journal")
    for record in records.values():
        if not record.finished and record.operation in _MAKING:
            raise Broken(f"agree: {record.operation} {record.id} is left {record.state}")


def is_finished(world: Any) -> bool:
    """Whether the journal has nothing to carry on."""
    return not world.disk.unfinished()


def named(entries: list[Any]) -> set[str]:
    """All that a journal names."""
    return {part for each in entries if each.handle for part in _parts(each.handle)}


def made_by_jobs(disk: Any) -> set[str]:
    """What a journal knows to have been made, and not waited for alone."""
    entries = disk.entries()
    jobs = {each.job for each in entries if each.facts.get("operation") in CREATES}
    return named([each for each in entries if each.job in jobs])


_MAKING: Final = ("create_group", "add_asset", "create_video")


def _must_be_known(world: Any, make: Make) -> bool:
    if make.by is None or not make.by.process.disk or not _can_be_told(world, make):
        return False
    operation = make.by.origin.operation
    # A draft's group is known by its asset.
    return operation.is_noted and make.kind == operation.makes != "checks"
