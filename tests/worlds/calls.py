"""What programs do: every public operation, with things that they hold or that are foreign."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from attrs import define, field, frozen

import portraitkit as pk
from portraitkit.values.statuses import GroupKind
from worlds.sites import DEADLINE_S, FACE, film


@frozen
class Operation:
    """
    One public operation.

    Attributes:
        does: `read`, `list`, `wait`, `download`, `create` or `change`.
        run: Calls it on a client of either kind.
        makes: The kind of thing that it makes at the vendor.
        parts: How many of them.
        calls: The operation's name, where several are called alike.
        is_noted: Whether a journal notes it; portraits have a ledger.
    """

    name: str
    does: str
    run: Callable[[Any, Call], Any]
    makes: str = ""
    parts: int = 1
    calls: str = ""
    is_noted: bool = True

    @property
    def public(self) -> str:
        """The method's name."""
        return self.calls or self.name


@define(eq=False, repr=False)
class Call:
    """
    One call of a program: what it was about, what it met, and what came of it.

    Attributes:
        origin: The call that this one carries on; itself, for others.
        job: What it carries on, of those that a journal has open.
        subject: The thing that it is about, if any.
        is_foreign: Whether that is another account's.
        consented_at: The vendor that it must not leave, as it is about a real person.
        given: What has to be given again to whoever resumes it.
        met: The faults, by name.
        word: What came of it: `result`, the error's class, or how it was ended.
    """

    number: int
    process: Any
    operation: Operation
    begun_s: float
    origin: Any = None
    job: Any = None
    subject: Any = None
    is_foreign: bool = False
    consented_at: Any = None
    given: dict[str, Any] = field(factory=dict)
    met: list[str] = field(factory=list)
    result: Any = None
    error: BaseException | None = None
    word: str = ""
    ended_s: float = 0.0
    hides_rows: bool = False
    exchanges: int = 0

    def __attrs_post_init__(self) -> None:
        self.origin = self.origin or self

    def __str__(self) -> str:
        about = getattr(self.subject, "handle", self.subject) or ""
        return f"call {self.number}, {self.process}: {self.operation.name} {about}".strip()

    def pick(self, kind: str) -> Any:
        """Take something that the program holds, or the newest; rarely, another account's."""
        hands, choices = self.process.hands, self.process.world.choices
        self.is_foreign = bool(hands.foreign.get(kind)) and choices.once_in(12)
        among = (hands.foreign if self.is_foreign else hands.own)[kind]
        self.subject = choices.pick(among[-1:] if choices.once_in(3) else among)
        if self.subject in hands.people:
            self.consented_at = self.process.sites[0]
        return self.subject

    def see(self, event: Any) -> None:
        """Look at what a wait tells."""
        self.process.world.texts.append(("event", f"{event!r} {event}"))

    def give(self, **given: Any) -> dict[str, Any]:
        """Remember arguments that a journal may not keep."""
        self.given |= given
        return given


@define
class Hands:
    """What a program holds, by kind; *people* are real persons' assets."""

    own: dict[str, list[Any]]
    foreign: dict[str, list[Any]]
    people: list[Any] = field(factory=list)

    @classmethod
    def of(cls, things: Any, foreign: Any) -> Hands:
        """Take what was furnished."""
        own, other = _by_kind(things), _by_kind(foreign)
        own["source"], other["source"] = [things.source_url], []
        return cls(own, other, [things.person] if things.person else [])

    def take(self, result: Any) -> None:
        """Take what a call returned."""
        for each in result if isinstance(result, list) else [result]:
            kind = _KINDS.get(type(each))
            if kind and each.handle:
                self.own[kind].append(each)


_KINDS: Final = {
    pk.Group: "group",
    pk.Asset: "asset",
    pk.Verification: "check",
    pk.VideoTask: "task",
}


def _by_kind(things: Any) -> dict[str, list[Any]]:
    groups = {
        "group": [things.group],
        "asset": [things.asset, things.fresh, things.early, things.person],
        "ready": [things.early, things.asset, things.person],
        "check": [things.open, things.passed],
        "task": [things.queued, things.done],
    }
    return {kind: [each for each in many if each] for kind, many in groups.items()}


def _film(call: Call) -> pk.VideoRequest:
    asset = call.pick("ready")
    request = film(getattr(asset, "handle", asset))
    return call.give(request=request)["request"]


def _waiting(name: str, kind: str) -> Callable[[Any, Call], Any]:
    return lambda c, it: getattr(c, name)(it.pick(kind), on_event=it.see)


OPERATIONS: Final = (
    Operation("create_group", "create", lambda c, _: c.create_group("Mia"), "groups"),
    Operation(
        "ensure_portrait, a person's",
        "create",
        lambda c, it: _person(it) or c.ensure_portrait("ann", FACE, kind=GroupKind.REAL_PERSON),
        "assets",
        calls="add_asset",
        is_noted=False,
    ),
    Operation(
        "add_asset, bytes",
        "create",
        lambda c, it: c.add_asset(it.pick("group"), **it.give(source=FACE), name="front"),
        "assets",
        calls="add_asset",
    ),
    Operation(
        "add_asset, URL",
        "create",
        lambda c, it: c.add_asset(it.pick("group"), **it.give(source=_link(it)), name="front"),
        "assets",
        calls="add_asset",
    ),
    Operation(
        "add_assets",
        "create",
        lambda c, it: c.add_assets(it.pick("group"), [it.give(source=FACE)["source"], _link(it)]),
        "assets",
        2,
    ),
    Operation("create_video", "create", lambda c, it: c.create_video(_film(it)), "videos"),
    Operation(
        "start_verification",
        "create",
        lambda c, it: c.start_verification("Ann"),
        "checks",
    ),
    *(
        Operation(name, "wait", _waiting(name, kind))
        for name, kind in (
            ("wait_until_active", "asset"),
            ("wait_until_verified", "check"),
            ("wait_for_video", "task"),
        )
    ),
    Operation("get_group", "read", lambda c, it: c.get_group(it.pick("group"))),
    Operation("get_asset", "read", lambda c, it: c.get_asset(it.pick("asset"))),
    Operation("get_video", "read", lambda c, it: c.get_video(it.pick("task"))),
    Operation("check_verification", "read", lambda c, it: c.check_verification(it.pick("check"))),
    Operation("list_groups", "list", lambda c, it: c.list_groups()),
    Operation("list_assets", "list", lambda c, it: c.list_assets(it.pick("group"))),
    Operation("list_videos", "list", lambda c, it: c.list_videos()),
    Operation("rename_group", "change", lambda c, it: c.rename_group(it.pick("group"), "Maya")),
    Operation("rename_asset", "change", lambda c, it: c.rename_asset(it.pick("asset"), "side")),
    Operation("delete_group", "change", lambda c, it: c.delete_group(it.pick("group"))),
    Operation("delete_asset", "change", lambda c, it: c.delete_asset(it.pick("asset"))),
    Operation("cancel_video", "change", lambda c, it: c.cancel_video(it.pick("task"))),
    Operation(
        "download_video",
        "download",
        lambda c, it: c.download_video(it.pick("task"), it.process.file(), overwrite=True),
    ),
)
_NAMED: Final = {each.name: each for each in OPERATIONS}
WAIT_FOR: Final = {
    "assets": _NAMED["wait_until_active"],
    "checks": _NAMED["wait_until_verified"],
    "videos": _NAMED["wait_for_video"],
}
"""What is often called next."""
RESUME: Final = Operation(
    "resume", "resume", lambda c, it: c.resume(it.job, on_event=it.see, **it.origin.given)
)
LONGEST_S: Final = DEADLINE_S + 0.01


def _person(call: Call) -> None:
    call.consented_at = call.process.world.sites[0]


def _link(call: Call) -> str:
    return call.process.hands.own["source"][0]
