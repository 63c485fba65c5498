"""The tutorials, run as a reader would: their files in an empty folder, their commands in order."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
FILE = re.compile(r"<!-- file: (\S+) -->\n(?:<!-- skip: next -->\n)?```python\n(.*?)```", re.DOTALL)
COMMAND = re.compile(r"<!-- run -->\n```\npytest ?(.*?)\n```")


def files_in(page):
    return dict(FILE.findall((DOCS / page).read_text(encoding="utf-8")))


@pytest.fixture
def folder(shop):
    """An empty folder with the application and a picture."""
    (shop.path / "shop.py").write_text(files_in("testing.md")["shop.py"], encoding="utf-8")
    picture = files("portraitkit.simulators").joinpath("data", "face.jpg").read_bytes()
    (shop.path / "mia.jpg").write_bytes(picture)
    return shop


def write(folder, page):
    found = {name: text for name, text in files_in(page).items() if name != "shop.py"}
    for name, text in found.items():
        (folder.path / name).write_text(text, encoding="utf-8")
    return found


def test_test_your_application_offline(folder):
    """Every test of the page passes."""
    found = write(folder, "testing.md")

    result = folder.runpytest_inprocess()

    assert {"test_without_vendor.py", "test_at_vendor.py", "test_async.py"} == set(found)
    result.assert_outcomes(passed=8)


def test_record_and_review_cassettes(folder):
    """The page's commands record and then replay."""
    write(folder, "cassettes.md")
    commands = COMMAND.findall((DOCS / "cassettes.md").read_text(encoding="utf-8"))

    assert 2 == len(commands)
    for command in commands:
        folder.runpytest_inprocess(*command.split()).assert_outcomes(passed=2)


def test_every_option_is_told_of(folder):
    """The page names each option that the plugin has."""
    told = (DOCS / "cassettes.md").read_text(encoding="utf-8")
    offered = re.findall(r"--portrait-\w+", str(folder.runpytest_inprocess("--help").stdout))

    assert 3 <= len(set(offered))
    assert [] == [option for option in set(offered) if option not in told]
