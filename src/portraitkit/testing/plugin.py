"""
The pytest plugin: fixtures for the tests of an application that uses portraitkit.

    portrait_cassette     answers from a file, recorded once with a key or at a simulator
    portrait_simulator    a simulated vendor on virtual time, with knobs
    fake_portraits        portraits and videos in memory, for tests that care about no vendor

The application needs no hook: its own `connect()` leads there while the fixture is active, waiting
takes no time, and connections beyond this machine fail. Options are `--portrait-record`,
`--portrait-profile`, `--portrait-budget` and `--portrait-unplayed`. Needs
`pip install 'portraitkit[testing]'`.

Every pytest run imports this module where portraitkit is installed. It imports nothing but pytest,
and does nothing until a fixture or an option asks for it, but for one thing: what portraitkit would
send beyond this machine in a test without such a fixture is refused.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

import pytest

from ..engine.barrier import BARRIER

if TYPE_CHECKING:
    from .doubles.fakes import FakePortraits
    from .doubles.vendors import PortraitSimulator
    from .pytestrun import Run
    from .recording import PortraitCassette

_BACKENDS: Final = re.compile(r"(asyncio|trio|curio|blocking|sync|async)(\+\w+)?")
"""Ids of a test's parameters that say only how it is run."""
_LONGEST_NAME: Final = 100
_EXTRA: Final = "pip install 'portraitkit[testing]'"
_OURS: Final = ("CassetteMissError", "NetworkBlockedError", "BudgetSpentError")
_UNASKED: Final = (
    "portraitkit was about to ask {host} in a test, and no fixture answers in its place. Use "
    "portrait_cassette, portrait_simulator or fake_portraits; where a test is to ask a vendor, say "
    "portrait_network = allow in pytest's configuration"
)
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
    group.addoption(
        "--portrait-budget",
        type=int,
        default=None,
        metavar="N",
        help="send so many creates at most while recording, in all workers together",
    )
    parser.addini("portrait_unplayed", "report, fail or ignore unused interactions", default="")
    parser.addini(
        "portrait_plain", "members that cassettes keep in plain, such as prompt", type="args"
    )
    parser.addini(
        "portrait_network",
        "block or allow what portraitkit sends beyond this machine where no fixture answers",
        default="block",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Announce the markers; refuse options that contradict themselves."""
    config.addinivalue_line(
        "markers",
        "portrait_cassette(name, repeat_reads=False, ordered=False, plain=()): the cassette's name "
        "in place of the test's; whether the last answer of a read serves for further ones; "
        "whether requests come in the recorded order; members that are recorded in plain",
    )
    config.addinivalue_line(
        "markers", "portrait_simulator(vendor): which vendor `connect()` leads to"
    )
    if config.getoption("--portrait-record") != "none" or config.getoption("--portrait-profile"):
        try:
            from .pytestrun import options_of  # noqa: PLC0415  (only where something is recorded)
        except ImportError as missing:
            raise pytest.UsageError(f"recording needs {_EXTRA} ({missing})") from None
        _ = options_of(config)
    _CONFIGS.append(config)
    _set_barrier()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave the process as it was."""
    if config in _CONFIGS:
        _CONFIGS.remove(config)
    _set_barrier()


def _set_barrier() -> None:
    """As the run wants it that is under way; it may have others within, as pytest's own tests."""
    blocks = bool(_CONFIGS) and _CONFIGS[-1].getini("portrait_network") != "allow"
    BARRIER.check = _refuse if blocks else None


def _refuse(origin: str) -> None:
    """Let no request of ours leave this machine where no fixture answers it."""
    from ..values.origins import is_loopback  # noqa: PLC0415  (only where something is sent)
    from .cassettes.network import NetworkBlockedError  # noqa: PLC0415  (as above)

    if origin and not is_loopback(origin):
        raise NetworkBlockedError(origin.partition("://")[2], _UNASKED)


@pytest.fixture
def portrait_cassette(request: pytest.FixtureRequest) -> Generator[PortraitCassette]:
    """
    Answer the application's requests from this test's cassette.

    The file is `cassettes/<module>/<test>.portrait.yaml` beside the test's file, or what the marker
    `portrait_cassette("name")` says. No key is needed, and none is read. A recording is written
    when every fixture that stands on this one has ended, if the test passed.
    """
    _alone(request)
    with _explained("portrait_cassette"):
        from .recording import PlayingOptions, cassette_of  # noqa: PLC0415  (only where it is used)

        run = _run_of(request.config)
    marker = request.node.get_closest_marker("portrait_cassette")
    said = dict(marker.kwargs) if marker else {}
    path = _cassette_path(request, _named_by(marker))
    request.node.stash[_LOCK] = lock = ExitStack()
    with ExitStack() as stack:
        with _explained("portrait_cassette"):
            playing = PlayingOptions(
                repeat_reads=bool(said.get("repeat_reads")),
                ordered=bool(said.get("ordered")),
                plain=run.plain(said.get("plain", ())),
            )
            lock.enter_context(run.alone(path))
            opened = cassette_of(
                path, run.shown(path), run.options(path), playing, scratch=run.scratch
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
        from .doubles.fakes import FakePortraits  # noqa: PLC0415  (as above)

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
        with item.stash.get(_LOCK, ExitStack()), _explained("portrait_cassette"):
            # a traceback would show what is not yet clean
            if cassette is not None:
                _run_of(item.config).finish(cassette, passed=passed)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Learn whether the test passed, of whatever kind it is: only then is a recording kept."""
    report = yield
    if call.when == "call":
        item.stash[_PASSED] = report.passed
    recording = sys.modules.get("portraitkit.testing.recording")
    for each in recording.OPEN if recording else ():
        each.has_failed |= report.failed
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the run what a worker of pytest-xdist has to say."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["portraitkit"] = _lines(session.config)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Hear what a worker has to say."""
    del error
    _lines(node.config).extend(getattr(node, "workeroutput", {}).get("portraitkit", ()))


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    """Say what was recorded, what was left unused, and which checks had nothing to look at."""
    del exitstatus
    if lines := _lines(config):
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


def _lines(config: pytest.Config) -> list[str]:
    """What the summary says of cassettes."""
    return config.stash.setdefault(_LINES, [])


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


@contextmanager
def _rehearsed(request: pytest.FixtureRequest, rehearsal: Any) -> Generator[None]:
    from ..rehearsal import rehearsing  # noqa: PLC0415  (only where it is used)
    from .cassettes.network import NetworkGuard, blockaded  # noqa: PLC0415  (as above)

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
        reason = f"{fixture} needs: {_EXTRA} ({missing})"
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


def current_run() -> Run | None:
    """The run of pytest that goes on, if one does."""
    return _run_of(_CONFIGS[-1]) if _CONFIGS else None


def _run_of(config: pytest.Config) -> Run:
    if (run := config.stash.get(_RUN, None)) is None:
        from .pytestrun import run_of  # noqa: PLC0415  (only where it is used)

        run = config.stash[_RUN] = run_of(config, _lines(config))
    return run


def _named_by(marker: pytest.Mark | None) -> str:
    return str(marker.args[0]) if marker and marker.args else ""


def _cassette_path(request: pytest.FixtureRequest, name: str) -> Path:
    from .cassettes.cassettefile import located  # noqa: PLC0415  (only where it is used)

    folder = request.path.parent / "cassettes"
    if name:
        return located(folder / name)
    named, *others = (located(folder / request.path.stem / each) for each in _test_names(request))
    return next((each for each in (named, *others) if each.is_file()), named)


def _test_names(request: pytest.FixtureRequest) -> tuple[str, str]:
    """
    The test's class, name and parameters, but for those that say only how it is run.

    Returns:
        The name of its file: no other test has it, not even where capitals are no different; and
        the name of the earlier format.
    """
    node: Any = request.node
    name, bracket, ids = str(node.name).partition("[")
    if bracket:
        kept = [each for each in ids[:-1].split("-") if not _BACKENDS.fullmatch(each)]
        name = f"{name}[{'-'.join(kept)}]" if kept else name
    chain: list[Any] = node.listchain()
    classes = [str(each.name) for each in chain if isinstance(each, pytest.Class)]
    return (
        _file_name(".".join((*classes, name)), with_capitals=False),
        _file_name(".".join((*classes[-1:], name)), with_capitals=True),
    )


def _file_name(name: str, *, with_capitals: bool) -> str:
    plain = re.sub(r"[^\w.\[\]=+-]+", "_", name)
    is_alike = plain == name and (with_capitals or name == name.lower())
    if is_alike and len(plain) <= _LONGEST_NAME:
        return plain
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{plain[:_LONGEST_NAME]}-{digest}"


_CONFIGS: Final[list[pytest.Config]] = []
"""The runs that go on: one, but for a plugin's own tests."""
_LINES: Final = pytest.StashKey[list[str]]()
_RUN: Final = pytest.StashKey["Run"]()
_CASSETTE: Final = pytest.StashKey["PortraitCassette"]()
_LOCK: Final = pytest.StashKey[ExitStack]()
_PASSED: Final = pytest.StashKey[bool]()
_BLOCKADE: Final = pytest.StashKey[Any]()
