"""
The pytest plugin: fixtures for the tests of an application that uses portraitkit.

    portrait_cassette     answers from a file, recorded once with a key or at a simulator
    portrait_simulator    a simulated vendor on virtual time, with knobs
    fake_portraits        portraits and videos in memory, for tests that care about no vendor

The application needs no hook: its own `connect()` leads there while the fixture is active, waiting
takes no time, and connections beyond this machine fail. Options are `--portrait-record`,
`--portrait-profile` and `--portrait-unplayed`. Needs `pip install 'portraitkit[testing]'`.

Every pytest run imports this module where portraitkit is installed. It imports nothing but pytest,
and does nothing until a fixture or an option asks for it.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, cast

import pytest

if TYPE_CHECKING:
    from .doubles.fakes import FakePortraits
    from .doubles.vendors import PortraitSimulator
    from .recording import PortraitCassette, RecordingOptions

_BACKENDS: Final = re.compile(r"(asyncio|trio|curio|blocking|sync|async)(\+\w+)?")
"""Ids of a test's parameters that say only how it is run."""
_LONGEST_NAME: Final = 100
_OURS: Final = ("CassetteMissError", "NetworkBlockedError")
_BETWEEN: Final = (
    *("portraitkit", "vcr", "httpx", "httpx2", "httpcore", "httpcore2", "anyio", "asyncio"),
    *("trio", "concurrent", "socket", "contextlib"),
)
"""Whose frames say nothing about a request without an answer."""
_ONE: Final = ("portrait_cassette", "portrait_simulator", "fake_portraits")
_RECORDERS: Final = ("vcr", "vcr_cassette")
"""The fixtures of pytest-recording and pytest-vcr."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the options."""
    group = parser.getgroup("portraitkit", "portraits and videos")
    group.addoption(
        "--portrait-record",
        choices=("none", "once", "new", "all"),
        default="none",
        help="record cassettes: where there is none (once), also what one lacks (new), or all anew",
    )
    group.addoption(
        "--portrait-profile",
        default="",
        metavar="NAME",
        help="whom to record with: a profile of portraitkit.toml, which calls the vendor and may "
        "cost money, or simulator:VENDOR to practise",
    )
    group.addoption(
        "--portrait-unplayed",
        choices=("report", "fail", "ignore"),
        default=None,
        help="what to do when a passing test leaves recorded interactions unused (default: report)",
    )
    parser.addini("portrait_unplayed", "report, fail or ignore unused interactions", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Announce the markers; refuse options that contradict themselves."""
    config.addinivalue_line(
        "markers",
        "portrait_cassette(name, repeat_reads=False): the cassette's name in place of the test's; "
        "whether the last answer of a read serves for further ones",
    )
    config.addinivalue_line(
        "markers", "portrait_simulator(vendor): which vendor `connect()` leads to"
    )
    if config.getoption("--portrait-record") != "none" or config.getoption("--portrait-profile"):
        _ = _options(config)


@pytest.fixture
def portrait_cassette(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Generator[PortraitCassette]:
    """
    Answer the application's requests from this test's cassette.

    The file is `cassettes/<module>/<test>.yaml` beside the test's file, or what the marker
    `portrait_cassette("name")` says. No key is needed, and none is read. A recording is written
    when every fixture that stands on this one has ended, if the test passed.
    """
    _alone(request)
    with _explained("portrait_cassette"):
        from .recording import cassette_of  # noqa: PLC0415  (only where it is used)

    marker = request.node.get_closest_marker("portrait_cassette")
    path = _cassette_path(request, _named_by(marker))
    with ExitStack() as stack:
        with _explained("portrait_cassette"):
            opened = cassette_of(
                path,
                _shown(path, request.config.rootpath),
                _options_for(request.config, path),
                repeat_reads=bool(marker and marker.kwargs.get("repeat_reads")),
                scratch=tmp_path_factory.mktemp("portraits"),
            )
            cassette = stack.enter_context(opened)
        request.node.stash[_CASSETTE] = cassette
        yield cassette


@pytest.fixture
def portrait_simulator(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Generator[PortraitSimulator]:
    """
    Lead the application to a simulated vendor on virtual time.

    It is the vendor of the application's own profile; without a configuration, or with the marker
    `portrait_simulator("token360")`, the one named there.
    """
    _alone(request)
    with _explained("portrait_simulator"):
        from .doubles.vendors import PortraitSimulator  # noqa: PLC0415  (only where it is used)

    simulator = PortraitSimulator()
    vendor = _named_by(request.node.get_closest_marker("portrait_simulator"))
    with _explained("portrait_simulator"):
        rehearsal = simulator.rehearsal(vendor, tmp_path_factory.mktemp("portraits"))
        if vendor:
            _ = simulator.vendor(vendor)
    with _rehearsed(request, rehearsal):
        yield simulator


@pytest.fixture
def fake_portraits(request: pytest.FixtureRequest) -> Generator[FakePortraits]:
    """Lead the application to portraits and videos in memory, whatever its profile says."""
    _alone(request)
    with _explained("fake_portraits"):
        from .doubles.fakeprovider import fake_rehearsal  # noqa: PLC0415  (only where it is used)
        from .doubles.fakes import FakePortraits  # noqa: PLC0415

    fake = FakePortraits()
    with _rehearsed(request, fake_rehearsal(fake)):
        yield fake


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """End a test that used a fixture: what the application swallowed fails it all the same."""
    try:
        result = yield
    except Exception as error:
        if cassette := pyfuncitem.stash.get(_CASSETTE, None):
            for miss in cassette.tape.misses:
                if miss is not error:
                    error.add_note(str(miss))
        if type(error).__name__ in _OURS:
            raise error.with_traceback(_of_the_test(error.__traceback__)) from None
        raise
    if blockade := pyfuncitem.stash.get(_BLOCKADE, None):
        while blockade.tried:
            raise blockade.tried.pop()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Write a recording when every fixture has ended well; set it aside if not."""
    passed = item.stash.get(_PASSED, False)
    cassette = item.stash.get(_CASSETTE, None)
    try:
        result = yield
    except BaseException:
        passed = False
        raise
    finally:
        if cassette is not None:
            _finish(cassette, item.config, passed=passed)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Learn whether the test passed, of whatever kind it is: only then is a recording kept."""
    report = yield
    if call.when == "call":
        item.stash[_PASSED] = report.passed
    return report


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    """Say what was recorded, what was left unused, and which checks had nothing to look at."""
    del exitstatus
    lines = config.stash.get(_LINES, list[str]())
    if lines:
        terminalreporter.section("portraitkit cassettes")
        for line in lines:
            terminalreporter.write_line(line)
    reasons = [_reason(each) for each in terminalreporter.stats.get("skipped", ())]
    if unchecked := [each for each in reasons if each.startswith("nothing to check, because ")]:
        terminalreporter.section("portraitkit conformance")
        terminalreporter.write_line(
            f"checks that had nothing to check: {len(unchecked)}; -rs says why"
        )


def _reason(report: Any) -> str:
    """Why a test was skipped."""
    told: Any = report.longrepr
    where: list[Any] = list(told) if isinstance(told, tuple) else [told]  # pyright: ignore[reportUnknownArgumentType]
    return str(where[-1]).removeprefix("Skipped: ")


def _of_the_test(traceback: TracebackType | None) -> TracebackType | None:
    """A traceback without what lies between the test and the wire."""
    frames: list[TracebackType] = []
    while traceback:
        home = str(traceback.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        if home not in _BETWEEN:
            frames.append(traceback)
        traceback = traceback.tb_next
    shown: TracebackType | None = None
    for frame in reversed(frames):
        shown = TracebackType(shown, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return shown


def _quarantine(config: pytest.Config) -> Path:
    """Where recordings are kept that are in no cassette: beside pytest's own cache."""
    has_cache = config.pluginmanager.hasplugin("cacheprovider")
    folder = os.path.expandvars(config.getini("cache_dir")) if has_cache else ".pytest_cache"
    return config.rootpath / Path(folder).expanduser() / "portraitkit"


def _finish(cassette: PortraitCassette, config: pytest.Config, *, passed: bool) -> None:
    label = _shown(cassette.path, config.rootpath)
    lines = config.stash.setdefault(_LINES, [])
    try:
        with _explained("portrait_cassette"):  # a traceback would show what is not yet clean
            is_written = passed and cassette.finish()
    except BaseException:
        passed = False
        raise
    finally:
        if not passed and (where := cassette.set_aside(_quarantine(config))):
            lines.append(where)
    if not passed:
        return
    if is_written:
        config.stash.setdefault(_RECORDED, set()).add(cassette.path)
        count = len(cassette.tape.taken)
        lines.append(f"recorded {label}: {count} interactions; review it before you commit it")
    rule = config.getoption("--portrait-unplayed") or config.getini("portrait_unplayed")
    if cassette.unplayed and rule != "ignore":
        text = f"{label} was not played to its end. Nobody asked for"
        listed = "".join(f"\n  {each}" for each in cassette.unplayed)
        if rule == "fail":
            pytest.fail(f"{text}{listed}", pytrace=False)
        lines.append(f"{text}{listed}")


@contextmanager
def _rehearsed(request: pytest.FixtureRequest, rehearsal: Any) -> Generator[None]:
    from ..rehearsal import rehearsing  # noqa: PLC0415  (only where it is used)
    from .cassettes.network import NetworkGuard, blockaded  # noqa: PLC0415

    request.node.stash[_BLOCKADE] = blockade = NetworkGuard()
    with blockaded(blockade), rehearsing(rehearsal):
        yield
    for tried in blockade.tried:  # a unittest's or doctest's: a function has told of its own
        raise tried


@contextmanager
def _explained(fixture: str) -> Generator[None]:
    """Turn what the caller can mend into one line without a traceback."""
    try:
        yield
    except ImportError as missing:
        reason = f"{fixture} needs: pip install 'portraitkit[testing]' ({missing})"
        raise pytest.fail.Exception(reason, pytrace=False) from None
    except Exception as error:
        from ..values.errors import PortraitError  # noqa: PLC0415  (only where something went wrong)

        if not isinstance(error, PortraitError):
            raise
        raise pytest.fail.Exception(f"{fixture}: {error}", pytrace=False) from None


def _alone(request: pytest.FixtureRequest) -> None:
    used = [name for name in _ONE if name in request.fixturenames]
    if len(used) > 1:
        pytest.fail(f"a test uses one of {', '.join(used)}, not several", pytrace=False)
    others = [name for name in _RECORDERS if name in request.fixturenames]
    if "portrait_cassette" in used and (others or request.node.get_closest_marker("vcr")):
        pytest.fail(
            "portrait_cassette and another recorder (pytest-recording, pytest-vcr) would write to "
            "the same file: leave one of them out",
            pytrace=False,
        )


def _options(config: pytest.Config) -> RecordingOptions:
    """What the options ask for; what is missing or wrong stops the run."""
    from ..values.errors import InvalidInputError  # noqa: PLC0415  (only where something is recorded)

    try:
        from .recording import RecordingOptions  # noqa: PLC0415

        options = RecordingOptions(
            record=str(config.getoption("--portrait-record")),
            profile=str(config.getoption("--portrait-profile")),
        )
        options.check()
    except (ImportError, InvalidInputError) as error:
        raise pytest.UsageError(str(error)) from None
    return options


def _options_for(config: pytest.Config, path: Path) -> RecordingOptions:
    """The run's options; what this run has recorded is played by tests that share it."""
    options = _options(config)
    return type(options)() if path in config.stash.get(_RECORDED, set[Path]()) else options


def _named_by(marker: pytest.Mark | None) -> str:
    return str(marker.args[0]) if marker and marker.args else ""


def _cassette_path(request: pytest.FixtureRequest, name: str) -> Path:
    folder = request.path.parent / "cassettes"
    if name:
        return folder / f"{name.removesuffix('.yaml')}.yaml"
    return folder / request.path.stem / f"{_test_name(request)}.yaml"


def _test_name(request: pytest.FixtureRequest) -> str:
    """The test's class, name and parameters, but for those that say only how it is run."""
    node: Any = request.node
    name, bracket, ids = str(node.name).partition("[")
    if bracket:
        kept = [each for each in ids[:-1].split("-") if not _BACKENDS.fullmatch(each)]
        name = f"{name}[{'-'.join(kept)}]" if kept else name
    if (cls := cast("type | None", getattr(node, "cls", None))) is not None:
        name = f"{cls.__name__}.{name}"
    plain = re.sub(r"[^\w.\[\]=+-]+", "_", name)
    if plain != name or len(plain) > _LONGEST_NAME:
        digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:8]
        plain = f"{plain[:_LONGEST_NAME]}-{digest}"
    return plain


def _shown(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


_CASSETTE: Final = pytest.StashKey["PortraitCassette"]()
_PASSED: Final = pytest.StashKey[bool]()
_BLOCKADE: Final = pytest.StashKey[Any]()
_LINES: Final = pytest.StashKey[list[str]]()
_RECORDED: Final = pytest.StashKey[set[Path]]()
