"""
One run of pytest: what its options ask for, and what its workers share.

Workers of pytest-xdist are processes. Who records a cassette holds its lock, and whoever waited
plays it; what a recording may cost is counted for all of them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import define, evolve
from filelock import FileLock

from .. import rehearsal
from ..values.errors import InvalidInputError
from .recording import PlayingOptions, PortraitCassette, RecordingOptions, cassette_of


class BudgetSpentError(rehearsal.Halt, RuntimeError):
    """A recording would make more creates than `--portrait-budget` allows. It was not sent."""


@define(eq=False)
class Run:
    """
    What is the same for all cassettes of a run.

    Attributes:
        lines: What the summary says of cassettes.
        shared: A folder of this run, for all its workers.
    """

    config: pytest.Config
    lines: list[str]
    shared: Path
    _factory: pytest.TempPathFactory

    @property
    def scratch(self) -> Path:
        """A new folder, for a journal."""
        return self._factory.mktemp("portraits")

    def options(self, path: Path, record: str = "", profile: str = "") -> RecordingOptions:
        """
        What is to be done with one cassette; what this run has recorded is played.

        Raises:
            InvalidInputError: An option is missing or wrong.
        """
        if not record and self._mark(path).exists():
            return RecordingOptions()
        options = options_of(self.config)
        options = evolve(
            options,
            record=record or options.record,
            profile=profile or options.profile,
            reserve=self._reserve,
        )
        options.check()
        return options

    def plain(self, given: Sequence[str]) -> list[str]:
        """Members that stay in plain: a marker's or argument's, and the ini file's."""
        return [*given, *self.config.getini("portrait_plain")]

    @contextmanager
    def alone(self, path: Path, record: str = "") -> Generator[None]:
        """Keep other workers from recording the same cassette meanwhile."""
        if (record or options_of(self.config).record) == "none":
            yield
            return
        with FileLock(self._mark(path).with_suffix(".lock")):
            yield

    @contextmanager
    def opened(
        self, path: Path, playing: PlayingOptions, record: str = "", profile: str = ""
    ) -> Generator[PortraitCassette]:
        """
        Play or record a cassette that several tests use.

        Raises:
            InvalidInputError: There is no cassette and nothing is to be recorded.
        """
        playing = evolve(playing, plain=self.plain(playing.plain))
        with self.alone(path, record):
            options = self.options(path, record, profile)
            opened: PortraitCassette | None = None
            has_ended = False
            try:
                with cassette_of(
                    path, self.shown(path), options, playing, scratch=self.scratch
                ) as opened:
                    yield opened
                has_ended = True
            finally:
                if opened is not None:
                    self.finish(opened, passed=has_ended and not opened.has_failed)

    def finish(self, cassette: PortraitCassette, *, passed: bool) -> None:
        """
        Write a recording, or set it aside; say what was left unused.

        Raises:
            PortraitError: It cannot be written.
            AssertionError: A request had no answer.
        """
        lines = self.lines
        label = self.shown(cassette.path)
        try:
            is_written = passed and cassette.finish()
        except BaseException:
            passed = False
            raise
        finally:
            if not passed and (where := cassette.set_aside(self._quarantine())):
                lines.append(where)
        if not passed:
            return
        if is_written:
            self._mark(cassette.path).touch()
            count = len(cassette.tape.taken)
            lines.append(f"recorded {label}: {count} interactions; review it before you commit it")
        self._check_unplayed(cassette, label, lines)

    def _check_unplayed(self, cassette: PortraitCassette, label: str, lines: list[str]) -> None:
        rule = self.config.getoption("--portrait-unplayed")
        rule = rule or self.config.getini("portrait_unplayed")
        if cassette.unplayed and rule != "ignore":
            text = f"{label} was not played to its end. Nobody asked for"
            listed = "".join(f"\n  {each}" for each in cassette.unplayed)
            if rule == "fail":
                pytest.fail(f"{text}{listed}", pytrace=False)
            lines.append(f"{text}{listed}")

    def shown(self, path: Path) -> str:
        """A path, short where it is inside of the project."""
        root = self.config.rootpath
        return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)

    def _quarantine(self) -> Path:
        """Where recordings are kept that are in no cassette: beside pytest's own cache."""
        has_cache = self.config.pluginmanager.hasplugin("cacheprovider")
        folder = os.path.expandvars(self.config.getini("cache_dir")) if has_cache else _CACHE
        return self.config.rootpath / Path(folder).expanduser() / "portraitkit"

    def _mark(self, path: Path) -> Path:
        """The file that is there once a cassette was recorded in this run."""
        name = os.path.normcase(path.absolute())
        return self.shared / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.recorded"

    def _reserve(self) -> None:
        most: int | None = self.config.getoption("--portrait-budget")
        if most is None:
            return
        count = self.shared / "creates"
        with FileLock(count.with_suffix(".lock")):
            made = int(count.read_text()) if count.exists() else 0
            if made >= most:
                raise BudgetSpentError(
                    f"--portrait-budget={most} creates were sent while recording, and the next one "
                    "was not. What was recorded is set aside; raise the budget, or record fewer "
                    "tests at a time"
                )
            _ = count.write_text(str(made + 1))


def options_of(config: pytest.Config) -> RecordingOptions:
    """
    What the options ask for; what is missing or wrong stops the run.

    Raises:
        UsageError: The options contradict themselves.
    """
    options = RecordingOptions(
        record=str(config.getoption("--portrait-record")),
        profile=str(config.getoption("--portrait-profile")),
    )
    try:
        options.check()
    except InvalidInputError as error:
        raise pytest.UsageError(str(error)) from None
    return options


def run_of(config: Any, lines: list[str]) -> Run:
    """Begin a run; workers of pytest-xdist find the folder of their run."""
    factory: pytest.TempPathFactory = config._tmp_path_factory  # noqa: SLF001  (no other way)
    base = factory.getbasetemp()
    shared = (base.parent if hasattr(config, "workerinput") else base) / "portraitkit"
    shared.mkdir(mode=0o700, exist_ok=True)
    return Run(config, lines, shared, factory)


_CACHE: Final = ".pytest_cache"
