"""The reference page, and the docstrings that it is made of."""

from __future__ import annotations

import importlib.util
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import portraitkit
from portraitkit.client.client import AsyncClient, Client

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "vendors").glob("*")]
WRITTEN = "\n".join(
    page.read_text(encoding="utf-8") for page in PAGES if page.name != "reference.md"
)
SENDS_NOTHING = {"close", "resumed", "run", "start"}
"""A client's methods that are no operations."""


def operations():
    spec = importlib.util.spec_from_file_location("reference", ROOT / "tools" / "reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return sorted(module.operations().keys() - SENDS_NOTHING)


def test_the_page_is_what_the_code_says():
    """docs/reference.md is up to date; tools/reference.py writes it."""
    made = subprocess.run(
        [sys.executable, "tools/reference.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "" == made.stderr


@pytest.mark.parametrize("name", portraitkit.__all__)
def test_every_public_name_is_told_of(name):
    """What nobody explains has no place at the top: some page that is written by hand names it."""
    assert re.search(rf"\b{name}\b", WRITTEN)


@pytest.mark.parametrize("client", [Client, AsyncClient])
@pytest.mark.parametrize("name", operations())
def test_every_operation_says_what_can_be_acted_on(client, name):
    """Its docstring names errors, each of which can be caught by that name."""
    _, _, told = inspect.getdoc(getattr(client, name)).partition("\nRaises:\n")

    named = re.findall(r"^    (\w+): \S", told, re.MULTILINE)

    assert named
    for each in named:
        assert issubclass(getattr(portraitkit, each), portraitkit.PortraitError)


def test_what_any_operation_may_raise_exists():
    """The client's own docstring names errors that can be caught by that name."""
    named = set(re.findall(r"\b[A-Z]\w+Error\b", inspect.getdoc(Client)))

    assert len(named) > 1
    assert named <= set(portraitkit.__all__)
