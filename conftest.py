"""Runs the code in README and docs: against simulated vendors on loopback, in an empty folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path
from zlib import crc32

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

from portraitkit.simulators.__main__ import ACCOUNT
from portraitkit.simulators.finding import load
from portraitkit.simulators.server import WallClock, serve
from portraitkit.simulators.state import World, scans_after

pytest_plugins = ["pytester", "scripted"]

VENDORS = (
    "alltoken",
    "token360",
    "volcengine",
    "byteplus",
    "apiyi",
    "apiyi-icover",
    "apimart",
    "xcompute",
)
SAMPLE = 16
"""Of a test marked `matrix`, a run without `--all-cells` plays one cell in so many, always the same
ones, and one at least."""
PACING = "{ first_s = 0.02, step_s = 0.02, deadline_s = 60 }"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the option that leaves no cell out."""
    parser.addoption("--all-cells", action="store_true", help="play every cell of each matrix")


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


@pytest.fixture(scope="session")
def vendors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a picture and a portraitkit.toml for every vendor, served on loopback."""
    folder = tmp_path_factory.mktemp("sandbox")
    picture = files("portraitkit.simulators").joinpath("data", "face.jpg").read_bytes()
    (folder / "mia.jpg").write_bytes(picture)
    with ExitStack() as stack:
        text = 'profile = "alltoken"\n'
        for vendor in VENDORS:
            simulator = load(vendor.partition("-")[0])(world=_hurried())
            simulator.add_account(ACCOUNT)
            server = stack.enter_context(serve(simulator, folder=folder / "published"))
            text += _profile(vendor, server.url, folder)
        (folder / "portraitkit.toml").write_text(text, encoding="utf-8")
        yield folder


@pytest.fixture(scope="module")
def sandbox(vendors: Path) -> Iterator[Path]:
    """Work in that folder, with the simulated vendors' keys in the environment."""
    patch = pytest.MonkeyPatch()
    for key in ("api_key", "access_key", "secret_key", "library_key"):
        patch.setenv(f"DEMO_{key.upper()}", getattr(ACCOUNT, key))
    patch.delenv("PORTRAITKIT_PROFILE", raising=False)
    patch.delenv("PORTRAITKIT_CONFIG", raising=False)
    (vendors / "mia.mp4").unlink(missing_ok=True)  # another page may have made it
    patch.chdir(vendors)
    yield vendors
    patch.undo()


def _hurried() -> World:
    # The clock is the real one, as signatures carry the time; only what is waited for is short.
    return World(
        clock=WallClock(),
        person=scans_after(0.05),
        review_s=0.05,
        queue_s=0.02,
        render_s=0.05,
    )


def _profile(vendor: str, url: str, folder: Path) -> str:
    bearer = vendor in ("alltoken", "token360", "apimart", "xcompute")
    keys = ("api_key",) if bearer else ("access_key", "secret_key", "api_key")
    lines = [f"\n[profiles.{vendor}]"]
    if vendor == "apiyi-icover":
        keys = ("library_key", "api_key")
        lines += ['provider = "apiyi"', 'assets = "icover"']
    lines += [f'{key} = "env:DEMO_{key.upper()}"' for key in keys]
    lines += [
        f'{key} = "{url}"' for key in (("base_url",) if bearer else ("assets_url", "video_url"))
    ]
    if vendor != "token360" and not vendor.startswith("apiyi"):
        lines.append('callback_url = "https://app.example/verified"')
    if vendor not in ("token360", "alltoken", "apimart", "apiyi-icover"):
        lines += [f'media_folder = "{folder}/published"', f'media_url = "{url}/files"']
    lines.append(f"[profiles.{vendor}.pacing]")
    lines += [f"{subject} = {PACING}" for subject in ("asset", "verification", "video")]
    return "\n".join(lines) + "\n"


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser()],
    patterns=["README*.md", "docs/**/*.md", "docs/*.md"],
    fixtures=["sandbox"],
).pytest()
