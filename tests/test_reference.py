"""The reference page, and the docstrings that it is made of."""

from __future__ import annotations

import importlib.util
import inspect
import re
from pathlib import Path

import pytest
import yaml

import portraitkit
from portraitkit.client.client import AsyncClient, Client

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "vendors").glob("*")]
WRITTEN = "\n".join(
    page.read_text(encoding="utf-8")
    for page in PAGES
    if page.name not in ("reference.md", "adapter.md")
)
SENDS_NOTHING = {"close", "resumed", "run", "start"}
"""A client's methods that are no operations."""


def operations():
    spec = importlib.util.spec_from_file_location("reference", ROOT / "tools" / "reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return sorted(module.operations().keys() - SENDS_NOTHING)


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


def test_every_key_of_a_contract_is_on_the_page():
    """What stands in a built-in vendor's contract, at each place, is told of to authors."""
    page = (ROOT / "docs" / "adapter.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`([a-z_]+)`", page.partition("## contract.yaml")[2]))
    used = set()
    for path in (ROOT / "providers").glob("*/contract.yaml"):
        contract = yaml.safe_load(path.read_text(encoding="utf-8"))
        operations = [*contract["operations"].values()]
        lists = ("errors", "limits")
        rows = [
            row for place in (contract, *operations) for key in lists for row in place.get(key, [])
        ]
        rows += [row for operation in operations for row in operation["answers"]]
        rows += [row for words in contract["status_words"].values() for row in words]
        used |= {key for each in (contract, *operations, *rows) for key in each}
        used |= {key for each in contract["auth"].values() for key in each}

    assert set() == used - told
