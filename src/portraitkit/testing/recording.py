"""
One test's cassette: found or recorded, played, and written once it is clean.

What was recorded stays in memory until the test has passed and the sanitiser has cleaned it; a test
that fails or is interrupted leaves no file.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from secrets import token_hex
from typing import Any, Final, cast
from urllib.parse import urlsplit
from urllib.request import getproxies

from attrs import Factory, define, field, frozen

from ..config.profiles import load_profile
from ..operations.provider import PortraitProvider
from ..providers.registry import provider_names
from ..rehearsal import Rehearsal, rehearsing
from ..values.errors import InvalidInputError
from ..wire.steps import Request, Response
from .cassettes import cassettefile
from .cassettes.answers import TaskState, standing_of
from .cassettes.matching import Roles
from .cassettes.network import NetworkGuard, blockaded
from .cassettes.tape import Mode, Tape, running
from .cassettes.tasktime import EPOCH, TaskTime
from .sanitising.pseudonyms import SALT_FILE, Pseudonyms
from .sanitising.sanitiser import Sanitiser, UnsafeCassetteError


@frozen(kw_only=True)
class RecordingOptions:
    """
    What is to be done with cassettes in this run.

    Attributes:
        record: `none`, `once` (where there is no cassette), `new` (what a cassette lacks), `all`.
        profile: Whom to record with: a profile, or `simulator:<vendor>`.
    """

    record: str = "none"
    profile: str = ""

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


@define(eq=False)
class PortraitCassette:
    """
    What the fixture `portrait_cassette` gives to a test.

    Attributes:
        path: The file.
        mode: Whether requests are answered from it, or recorded.
        requests: What the application asked, as it was sent: names and prompts are veiled in a
            cassette, so a test that cares about them looks here.
    """

    path: Path
    mode: Mode
    origin: dict[str, Any] = field(repr=False)
    tape: Tape = field(repr=False)
    blockade: NetworkGuard = field(repr=False)
    options: RecordingOptions = field(repr=False)
    requests: list[Request] = field(factory=list[Request], repr=False)
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

    def sees(self, provider: PortraitProvider, request: Request) -> None:
        """Learn who sends, and what."""
        self.requests.append(request)
        key = f"{provider.name} {provider.account}"
        if key not in self._providers:
            self._providers[key] = provider
            self.tape.roles.learn(provider)
            self.tape.veil = Sanitiser(self._fields(), (), Pseudonyms(b"")).veil

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
        self._write(self.path, _root_of(self.path), self.tape.taken)
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
        taken = self.tape.taken if self.recording else []
        if not taken:
            return ""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        _ = (folder / ".gitignore").write_text("*\n", encoding="utf-8")
        path = folder / f"{self.path.parent.name}-{self.path.stem}-{token_hex(4)}.yaml"
        for count in range(len(taken), 0, -1):
            with suppress(UnsafeCassetteError):
                self._write(path, folder, taken[:count])
                path.chmod(0o600)
                return (
                    f"{count} of {len(taken)} recorded interactions are in {path}, and in no "
                    f"cassette. Read them with `python -m portraitkit.testing read {path}`; mend "
                    "the test, then record it again"
                )
        return "none of the recorded interactions can be made safe, and none is kept"

    def _write(self, path: Path, folder: Path, taken: Sequence[Any]) -> None:
        providers = self._providers.values()
        secrets = [each.reveal() for provider in providers for each in provider.secrets if each]
        moved = _moved(self.tape.roles)
        before = self.tape.interactions if self.mode is Mode.NEW else []
        cassette = {"origin": self._origin(moved), "interactions": [*before, *taken]}
        hosts = [urlsplit(origin).hostname or "" for origin in moved]
        sanitiser = Sanitiser(self._fields(), secrets, Pseudonyms.of(folder), hosts=hosts)
        clean = sanitiser.clean(cassette)
        clean["interactions"] = _thinned(clean["interactions"], clean["origin"]["provider"])
        _keep_salt_private(folder)
        cassettefile.save(path, clean)

    def _fields(self) -> set[str]:
        return {name for provider in self._providers.values() for name in provider.secret_fields}

    def _origin(self, moved: Mapping[str, list[str]]) -> dict[str, Any]:
        before = str(self.origin.get("provider", "")).split(", ")
        practised = self.options.simulated_vendor
        asked = {each.name for each in self._providers.values()}
        if not asked:  # an empty recording is somebody's, too
            asked = {practised or load_profile(self.options.profile).provider}
        vendors = {*filter(None, (*asked, *before))}
        return {
            **self.origin,
            "evidence": "simulated" if practised else "recorded",
            "recorded_at": datetime.now(UTC).date().isoformat(),
            "portraitkit": version("portraitkit"),
            "provider": ", ".join(sorted(vendors)),
            **({"origins": dict(moved)} if moved else {}),
        }


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
    *,
    repeat_reads: bool = False,
    scratch: Path | None,
) -> Generator[PortraitCassette]:
    """
    Play or record a test's cassette while the test runs.

    Args:
        path: The file.
        label: Names it in messages.
        options: What this run does with cassettes.
        repeat_reads: See `Tape`.
        scratch: Where a journal is kept meanwhile.

    Raises:
        InvalidInputError: There is no cassette and nothing is to be recorded, or it is damaged.
    """
    there = path.is_file()
    mode = _MODES[options.record][there]
    if mode is None:
        raise InvalidInputError(
            f"there is no cassette {label}",
            next_step="record it: pytest --portrait-record=once --portrait-profile=NAME, where NAME"
            " is a profile (this calls the vendor), or simulator:alltoken to practise",
        )
    loaded: dict[str, Any] = cassettefile.load(path) if there and mode is not Mode.RECORD else {}
    origin = cast("dict[str, Any]", loaded.get("origin") or {})
    tape = Tape(
        label,
        loaded.get("interactions", []),
        mode=mode,
        roles=_roles_in(origin),
        veil=Sanitiser((), (), Pseudonyms(b"")).veil,
        repeat_reads=repeat_reads,
    )
    blockade = NetworkGuard(lambda host: mode is not Mode.REPLAY and _may_record(tape, host))
    cassette = PortraitCassette(
        path=path, mode=mode, origin=origin, tape=tape, blockade=blockade, options=options
    )
    with ExitStack() as stack:
        _ = stack.enter_context(blockaded(blockade))
        _ = stack.enter_context(running(tape))
        _ = stack.enter_context(rehearsing(_rehearsal(cassette, scratch)))
        yield cassette


def _rehearsal(cassette: PortraitCassette, scratch: Path | None) -> Rehearsal:
    if cassette.recording and cassette.options.simulated_vendor:
        from .practice import practice  # noqa: PLC0415  (simulators are loaded where they are used)

        return practice(cassette.sees, cassette.options.simulated_vendor, scratch)

    def answer(provider: PortraitProvider, request: Request) -> Response | None:
        cassette.sees(provider, request)
        return None

    if cassette.recording:
        return Rehearsal(answer=answer, false_credentials=False, profile=cassette.options.profile)
    vendor = str(cassette.origin.get("provider", "")).partition(",")[0]
    return Rehearsal(
        time=TaskTime(_day_of(cassette.origin)),
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


def _thinned(interactions: list[Any], vendors: str) -> list[Any]:
    """Leave out what a wait saw for the third time in a row: two looks replay it as well."""
    vendor = vendors.partition(",")[0]
    kept: list[Any] = []
    for each in interactions:
        again = len(kept) > 1 and each == kept[-1] == kept[-2]
        if not (again and standing_of(each, vendor) is TaskState.WAITING):
            kept.append(each)
    return kept


def _may_record(tape: Tape, host: str | None) -> bool:
    # A bare address is what a name led to, which was asked before.
    proxies = " ".join(getproxies().values())
    return host is None or host in tape.hosts or f"/{host}" in proxies or f"@{host}" in proxies


def _root_of(path: Path) -> Path:
    """The folder `cassettes` that the file is in; else its own folder."""
    return next((each for each in path.parents if each.name == "cassettes"), path.parent)


def _keep_salt_private(folder: Path) -> None:
    """Tell git to ignore what the pseudonyms are made with."""
    ignore = folder / ".gitignore"
    if not ignore.exists():
        _ = ignore.write_text(f"{SALT_FILE}\n", encoding="utf-8")


_MODES: Final[Mapping[str, tuple[Mode | None, Mode]]] = {
    "none": (None, Mode.REPLAY),
    "once": (Mode.RECORD, Mode.REPLAY),
    "new": (Mode.RECORD, Mode.NEW),
    "all": (Mode.RECORD, Mode.RECORD),
}
"""What to do without a cassette, and with one."""
