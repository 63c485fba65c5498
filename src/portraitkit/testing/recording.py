"""
One test's cassette: found or recorded, played, and written once it is clean.

What was recorded stays in memory until the test has passed and the sanitiser has cleaned it; a test
that fails or is interrupted leaves no file.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import Any, Final, cast
from urllib.parse import urlsplit
from urllib.request import getproxies

from attrs import Factory, define, evolve, field, frozen

from ..config.profiles import load_profile
from ..operations.provider import PortraitProvider
from ..providers.registry import provider_names
from ..rehearsal import Rehearsal, current, rehearsing
from ..simulators.state import EPOCH as SIMULATED_START
from ..values.errors import InvalidInputError
from ..wire.steps import Request, Response
from .cassettes import cassettefile
from .cassettes.matching import Roles
from .cassettes.network import NetworkGuard, blockaded
from .cassettes.normalising import Ports, normalised
from .cassettes.tape import Mode, Tape, running
from .cassettes.tasktime import EPOCH, TaskTime
from .sanitising.pseudonyms import Pseudonyms
from .sanitising.sanitiser import Sanitiser, UnsafeCassetteError


@frozen(kw_only=True)
class RecordingOptions:
    """
    What is to be done with cassettes in this run.

    Attributes:
        record: `none`, `once` (where there is no cassette), `new` (what a cassette lacks), `all`.
        profile: Whom to record with: a profile, or `simulator:<vendor>`.
        reserve: Called before each create, which may cost money; raises where that is too much.
    """

    record: str = "none"
    profile: str = ""
    reserve: Callable[[], None] = field(default=lambda: None, repr=False)

    @property
    def simulated_vendor(self) -> str:
        """The vendor to practise with; empty for a live one."""
        head, _, vendor = self.profile.partition(":")
        return vendor if head == "simulator" else ""

    def check(self) -> None:
        """
        Refuse options that contradict themselves.

        Raises:
            InvalidInputError: Says which option is missing or wrong.
        """
        if self.record != "none" and not self.profile:
            raise InvalidInputError(
                "recording needs to know with whom",
                field="--portrait-profile",
                next_step="name a profile of portraitkit.toml (this calls the vendor, and may cost "
                "money), or practise with --portrait-profile=simulator:alltoken",
            )
        known = provider_names()
        if self.profile.startswith("simulator:") and self.simulated_vendor not in known:
            raise InvalidInputError(
                f"there is no simulator of {self.simulated_vendor!r}",
                field="--portrait-profile",
                next_step=f"one of {', '.join(f'simulator:{name}' for name in known)}",
            )


@frozen(kw_only=True)
class PlayingOptions:
    """
    How one cassette is played, and what of it may be read.

    Attributes:
        repeat_reads: Let the last answer of a read serve for further ones.
        ordered: Let requests come only in the order in which they were recorded.
        plain: Members that a recording keeps as they are, such as `prompt`: what stands in the
            test anyway. What looks like a secret in them is replaced all the same.
    """

    repeat_reads: bool = False
    ordered: bool = False
    plain: Sequence[str] = ()


@define(eq=False)
class PortraitCassette:
    """
    What the fixture `portrait_cassette` gives to a test, and `cassette` to anybody else.

    Attributes:
        path: The file.
        mode: Whether requests are answered from it, or recorded.
        requests: What the application asked, as it was sent: names and prompts are veiled in a
            cassette, so a test that cares about them looks here.
        has_failed: Whether a test that used it did; then no recording is kept.
    """

    path: Path
    mode: Mode
    before: Mapping[str, Any] = field(repr=False)
    tape: Tape = field(repr=False)
    blockade: NetworkGuard = field(repr=False)
    options: RecordingOptions = field(repr=False)
    plain: Sequence[str] = field(repr=False)
    requests: list[Request] = field(factory=list[Request], repr=False)
    has_failed: bool = field(default=False, repr=False)
    _started: datetime = field(factory=lambda: datetime.now(UTC), init=False, repr=False)
    _stamp: tuple[int, int] = field(
        init=False, default=Factory(lambda self: _stamp_of(self.path), takes_self=True)
    )
    _providers: dict[str, PortraitProvider] = field(factory=dict[str, PortraitProvider], repr=False)

    @property
    def recording(self) -> bool:
        """Whether the vendor, or a simulator of it, is asked."""
        return self.mode is not Mode.REPLAY

    @property
    def unplayed(self) -> list[str]:
        """The recorded requests that were not made so far."""
        return [] if self.mode is Mode.RECORD else self.tape.unplayed

    @property
    def origin(self) -> Mapping[str, Any]:
        """Where what was recorded before came from."""
        return cast("Mapping[str, Any]", self.before.get("origin") or {})

    def sees(self, provider: PortraitProvider, request: Request) -> None:
        """
        Learn who sends, and what.

        Raises:
            BudgetSpentError: It is a create, and no further one is to be paid.
        """
        if self.recording and not (request.repeatable or request.silent):
            self.options.reserve()
        self.requests.append(request)
        key = f"{provider.name} {provider.account}"
        if key not in self._providers:
            self._providers[key] = provider
            self.tape.roles.learn(provider)
            self.tape.veil = self.sanitiser(self.pseudonyms()).veil

    def pseudonyms(self, avoid: str = "") -> Pseudonyms:
        """Take the salt of what was recorded before, so that a new recording differs by little."""
        if salt := self.origin.get("salt"):
            return Pseudonyms(bytes.fromhex(str(salt)), avoid)
        return Pseudonyms.named(_bare_name(self.path), avoid) if self.recording else Pseudonyms()

    def sanitiser(
        self, pseudonyms: Pseudonyms, secrets: Iterable[str] = (), hosts: Iterable[str] = ()
    ) -> Sanitiser:
        """Make what cleans a recording, and veils what is asked."""
        fields = {name for each in self._providers.values() for name in each.secret_fields}
        return Sanitiser(fields, secrets, pseudonyms, hosts=hosts, plain=self.plain)

    def finish(self) -> bool:
        """
        End a test that passed: raise what the application may have swallowed, write what is new.

        Returns:
            Whether a file was written.

        Raises:
            AssertionError: A request had no answer.
            NetworkBlockedError: Something tried to leave the machine.
            UnsafeCassetteError: The recording cannot be made safe, and was not written.
        """
        for missed in itertools.chain(self.tape.misses, self.blockade.tried):
            raise missed
        if not self.tape.taken and self.mode is not Mode.RECORD:
            return False  # an empty recording is one too, and can be played
        if _stamp_of(self.path) != self._stamp:
            raise InvalidInputError(
                f"{self.path} was written by somebody else while this test recorded to it",
                field="path",
                next_step="leave the other recorder out, or let it write to a file of its own",
            )
        cassettefile.save(self.path, self._cleaned(self.tape.recorded))
        return True

    def set_aside(self, folder: Path) -> str:
        """
        Keep what was recorded, and maybe paid for, where only its owner can read it.

        Of a recording that cannot be made safe it is the part before what cannot: as if it had
        ended there. Single ones after that would not do, as what they hold may be known for a
        secret only by what is left out.

        Returns:
            Where it is, and how to go on; empty if nothing was recorded.
        """
        taken = self.tape.recorded if self.recording else []
        if not taken:
            return ""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        _ = (folder / ".gitignore").write_text("*\n", encoding="utf-8")
        name = f"{self.path.parent.name}-{_bare_name(self.path)}-{token_hex(4)}"
        path = folder / f"{name}{cassettefile.SUFFIX}"
        for count in range(len(taken), 0, -1):
            with suppress(UnsafeCassetteError):
                cassettefile.save(path, self._cleaned(taken[:count]))
                path.chmod(0o600)
                return (
                    f"{count} of {len(taken)} recorded interactions are in {path}, and in no "
                    f"cassette. Read them with `python -m portraitkit.testing read {path}`; mend "
                    "the test, then record it again"
                )
        return "none of the recorded interactions can be made safe, and none is kept"

    def _cleaned(self, taken: Sequence[Any]) -> dict[str, Any]:
        """Everything that is known of the flow, fit to be shown; what did not change stays."""
        started = SIMULATED_START if self.options.simulated_vendor else self._started
        vendors = self._vendors()
        ports = Ports()
        before = self.tape.interactions if self.mode is Mode.NEW else []
        told = [*before, *normalised(taken, started, vendors[0], ports)]
        moved = {ports.counted(url): owners for url, owners in _moved(self.tape.roles).items()}
        hosts = [urlsplit(url).hostname or "" for url in moved]
        secrets = [s.reveal() for each in self._providers.values() for s in each.secrets if s]
        pseudonyms = self.pseudonyms(avoid=str(told))
        cassette = {
            "version": cassettefile.DIGESTS,
            "origin": self._origin(vendors, moved, pseudonyms.salt),
            "interactions": told,
        }
        clean = self.sanitiser(pseudonyms, secrets, hosts).clean(cassette)
        if cassettefile.dump({**clean, "origin": {}}) == cassettefile.dump(
            {**self.before, "origin": {}}
        ):  # nothing has changed since, and nothing is to be reviewed
            since = {key: self.origin[key] for key in _SINCE if key in self.origin}
            clean["origin"] = {**clean["origin"], **since}
        return clean

    def _vendors(self) -> list[str]:
        before = str(self.origin.get("provider", "")).split(", ") if self.mode is Mode.NEW else []
        practised = self.options.simulated_vendor
        asked = {each.name for each in self._providers.values()}
        if not asked:  # an empty recording is somebody's, too
            asked = {practised or load_profile(self.options.profile).provider}
        return sorted({*filter(None, (*asked, *before))})

    def _origin(
        self, vendors: Sequence[str], moved: Mapping[str, list[str]], salt: str
    ) -> dict[str, Any]:
        kept = {key: self.origin[key] for key in ("about", "sources") if key in self.origin}
        return {
            **kept,
            "evidence": "simulated" if self.options.simulated_vendor else "recorded",
            "recorded_at": datetime.now(UTC).date().isoformat(),
            "portraitkit": version("portraitkit"),
            "provider": ", ".join(vendors),
            "salt": salt,
            **({"plain": sorted(self.plain)} if self.plain else {}),
            **({"origins": moved} if moved else {}),
        }


_SINCE: Final = ("recorded_at", "portraitkit")


def _bare_name(path: Path) -> str:
    return path.name.removesuffix(".yaml").removesuffix(".portrait")


def _stamp_of(path: Path) -> tuple[int, int]:
    """What changes when a file is written."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)


@contextmanager
def cassette_of(
    path: Path,
    label: str,
    options: RecordingOptions,
    playing: PlayingOptions,
    *,
    scratch: Path | None,
) -> Generator[PortraitCassette]:
    """
    Play or record a test's cassette while the test runs.

    Args:
        path: The file.
        label: Names it in messages.
        options: What this run does with cassettes.
        playing: How this one is played.
        scratch: Where a journal is kept meanwhile.

    Raises:
        InvalidInputError: There is no cassette and nothing is to be recorded, or it is damaged, or
            to be added to and of the earlier format.
    """
    there = path.is_file()
    mode = _MODES[options.record][there]
    if mode is None:
        raise InvalidInputError(
            f"there is no cassette {label}",
            next_step="record it: pytest --portrait-record=once --portrait-profile=NAME, where NAME"
            " is a profile (this calls the vendor), or simulator:alltoken to practise",
        )
    before: Mapping[str, Any] = _loaded(path, mode) if there else {}
    if mode is Mode.NEW and before.get("version") != cassettefile.DIGESTS:
        raise InvalidInputError(
            f"{label} is of the earlier format, which is played and not added to",
            next_step="record it anew: pytest --portrait-record=all --portrait-profile=NAME",
        )
    interactions: list[Any] = [] if mode is Mode.RECORD else before.get("interactions", [])
    origin = cast("dict[str, Any]", before.get("origin") or {})
    tape = Tape(
        label,
        interactions,
        mode=mode,
        roles=_roles_in({} if mode is Mode.RECORD else origin),
        repeat_reads=playing.repeat_reads,
        ordered=playing.ordered,
    )
    blockade = NetworkGuard(lambda host: mode is not Mode.REPLAY and _may_record(tape, host))
    cassette = PortraitCassette(
        path=path,
        mode=mode,
        before=before,
        tape=tape,
        blockade=blockade,
        options=options,
        plain=playing.plain if mode is Mode.RECORD else origin.get("plain", ()),
    )
    tape.veil = cassette.sanitiser(cassette.pseudonyms()).veil
    with ExitStack() as stack:
        _ = stack.enter_context(blockaded(blockade))
        _ = stack.enter_context(running(tape))
        outer = current() if OPEN else None  # that of a class or session
        _ = stack.enter_context(rehearsing(_rehearsal(cassette, scratch), within=outer))
        OPEN.append(cassette)
        _ = stack.callback(OPEN.remove, cassette)
        yield cassette


@contextmanager
def cassette(
    path: Path | str,
    *,
    record: str = "",
    profile: str = "",
    repeat_reads: bool = False,
    ordered: bool = False,
    plain: Sequence[str] = (),
) -> Generator[PortraitCassette]:
    """
    Answer from a cassette, or record it: for a `setUpClass`, a fixture of a session, a script.

    Under pytest its options hold where nothing else is said. A recording is written at the end of
    the `with` block; if that is left by an error, or a test failed meanwhile, it is set aside.

    Args:
        path: The file, with or without `.portrait.yaml`.
        record: `none`, `once`, `new` or `all`, as `--portrait-record`.
        profile: As `--portrait-profile`.
        repeat_reads: Let the last answer of a read serve for further ones.
        ordered: Let requests come only in the order in which they were recorded.
        plain: Members that a recording keeps as they are, such as `prompt`.

    Raises:
        InvalidInputError: There is no cassette and nothing is to be recorded, or it is damaged.
    """
    playing = PlayingOptions(repeat_reads=repeat_reads, ordered=ordered, plain=plain)
    plugin = sys.modules.get("portraitkit.testing.plugin")
    run = plugin.current_run() if plugin else None
    file = cassettefile.located(path)
    if run is not None:
        with run.opened(file, playing, record, profile) as entered:
            yield entered
        return
    options = RecordingOptions(record=record or "none", profile=profile)
    options.check()
    opened: PortraitCassette | None = None
    try:
        with (
            TemporaryDirectory(prefix="portraitkit-") as scratch,
            cassette_of(file, str(file), options, playing, scratch=Path(scratch)) as entered,
        ):
            opened = entered
            yield entered
        _ = entered.finish()
    except BaseException as error:
        if opened and (where := opened.set_aside(file.parent / ".portraitkit")):
            error.add_note(where)
        raise


OPEN: Final[list[PortraitCassette]] = []
"""What is played or recorded just now: that of a session, of a class, of a test."""


def _loaded(path: Path, mode: Mode) -> Mapping[str, Any]:
    """Read a cassette; one that is recorded anew may be damaged."""
    try:
        return cassettefile.load(path)
    except InvalidInputError:
        if mode is not Mode.RECORD:
            raise
        return {}


def _rehearsal(cassette: PortraitCassette, scratch: Path | None) -> Rehearsal:
    if cassette.recording and cassette.options.simulated_vendor:
        from .practice import practice  # noqa: PLC0415  (simulators are loaded where they are used)

        rehearsal = practice(cassette.sees, cassette.options.simulated_vendor, scratch)
        return evolve(rehearsal, failed=cassette.tape.failed)

    def answer(provider: PortraitProvider, request: Request) -> Response | None:
        cassette.sees(provider, request)
        return None

    if cassette.recording:
        return Rehearsal(
            answer=answer,
            failed=cassette.tape.failed,
            false_credentials=False,
            profile=cassette.options.profile,
        )
    vendor = str(cassette.origin.get("provider", "")).partition(",")[0]
    return Rehearsal(
        time=TaskTime(EPOCH if cassette.origin.get("salt") else _day_of(cassette.origin)),
        answer=answer,
        vendor=vendor if vendor in provider_names() else "",
        journal_folder=scratch,
    )


def _day_of(origin: Mapping[str, Any]) -> datetime:
    """Noon of the day it was recorded, so that its links have not run out."""
    try:
        day = datetime.fromisoformat(str(origin.get("recorded_at")))
    except ValueError:
        return EPOCH
    return day.replace(hour=12, tzinfo=UTC)


def _roles_in(origin: Mapping[str, Any]) -> Roles:
    roles = Roles()
    for vendor in provider_names():
        roles.learn_defaults(vendor)
    for url, owners in cast("dict[str, list[str]]", origin.get("origins") or {}).items():
        for owner in owners:
            vendor, _, role = owner.partition(" ")
            roles.add(url, vendor, role)
    return roles


def _moved(roles: Roles) -> dict[str, list[str]]:
    """The origins that no adapter has by default, with their roles."""
    usual = _roles_in({}).table()
    return {origin: owners for origin, owners in roles.table().items() if origin not in usual}


def _may_record(tape: Tape, host: str | None) -> bool:
    # A bare address is what a name led to, which was asked before.
    proxies = " ".join(getproxies().values())
    return host is None or host in tape.hosts or f"/{host}" in proxies or f"@{host}" in proxies


_MODES: Final[Mapping[str, tuple[Mode | None, Mode]]] = {
    "none": (None, Mode.REPLAY),
    "once": (Mode.RECORD, Mode.REPLAY),
    "new": (Mode.RECORD, Mode.NEW),
    "all": (Mode.RECORD, Mode.RECORD),
}
"""What to do without a cassette, and with one."""
