"""Runs the code in README and docs: against simulated vendors on loopback, in an empty folder."""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Generator, Iterator
from pathlib import Path
from zlib import crc32

import hypothesis  # noqa: F401  (else its plugin imports it at the end, when trio's hook warns)
import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

from portraitkit.simulators import demo

pytest_plugins = ["pytester", "scripted"]

SAMPLE = 16
"""Of a test marked `matrix`, a run without `--all-cells` plays one cell in so many, always the same
ones, and one at least."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the option that leaves no cell out."""
    parser.addoption("--all-cells", action="store_true", help="play every cell of each matrix")


@pytest.hookimpl(wrapper=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """Start one worker more than there are cores: many tests wait for a process or a server."""
    return (yield) + 1


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep a sample of what is exhaustive."""
    if config.getoption("--all-cells"):
        return
    cells: defaultdict[str, list[pytest.Item]] = defaultdict(list)
    for each in items:
        if each.get_closest_marker("matrix"):
            cells[each.nodeid.partition("[")[0]].append(each)
    left_out: list[pytest.Item] = []
    for each in cells.values():
        each.sort(key=lambda item: crc32(item.name.encode()))
        left_out += [item for number, item in enumerate(each) if number % SAMPLE]
    gone = set(left_out)
    items[:] = [each for each in items if each not in gone]
    config.hook.pytest_deselected(items=left_out)


def pytest_collectstart() -> None:
    """Rest the garbage collector: what is collected stays, but for next to nothing."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over ten thousand collected tests and all that is imported."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def vendors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a picture and a portraitkit.toml for every vendor, served on loopback."""
    folder = tmp_path_factory.mktemp("sandbox")
    with demo.sandbox(folder, 0.02, review_s=0.05, queue_s=0.02, render_s=0.05):
        yield folder


@pytest.fixture(scope="module")
def sandbox(vendors: Path) -> Iterator[Path]:
    """Work in that folder."""
    patch = pytest.MonkeyPatch()
    patch.delenv("PORTRAITKIT_PROFILE", raising=False)
    patch.delenv("PORTRAITKIT_CONFIG", raising=False)
    (vendors / "mia.mp4").unlink(missing_ok=True)  # another page may have made it
    patch.chdir(vendors)
    yield vendors
    patch.undo()


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser()],
    patterns=["README*.md", "docs/**/*.md", "docs/*.md"],
    fixtures=["sandbox"],
).pytest()
