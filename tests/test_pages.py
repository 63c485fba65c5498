"""The pages of the site: none is lost, and what is generated is up to date."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent


def named(nav):
    """Every page that a part of the navigation names."""
    if isinstance(nav, str):
        return {nav}
    parts = nav.values() if isinstance(nav, dict) else nav
    return set().union(*map(named, parts))


def test_every_page_is_in_the_navigation():
    """A reader finds each page but the decisions, which are for who changes the code."""
    docs = ROOT / "docs"
    pages = {str(each.relative_to(docs)) for each in docs.rglob("*.md")}
    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))

    assert named(site["nav"]) == {each for each in pages if not each.startswith("decisions/")}


@pytest.mark.parametrize(
    "tool", ["differences", "matrix", "models", "open_members", "reference", "tables"]
)
def test_what_is_generated_is_up_to_date(tool):
    """Pages, README's table and the sanitiser's are what the code and the contracts say now."""
    made = subprocess.run(
        [sys.executable, f"tools/{tool}.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "") == (made.returncode, made.stderr)
