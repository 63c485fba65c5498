"""The house: CONTRIBUTING tells of every room what the room tells of itself."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "portraitkit"
DOORS = {"__init__.py", "__main__.py", "adapter.py", "translation.py"}


def test_contributing_lists_the_rooms():
    """Each room once, with the first sentence of its own docstring."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", page, re.MULTILINE))
    files = [each for each in PACKAGE.glob("*.py") if each.name not in DOORS]
    folders = [
        each / "__init__.py" for each in PACKAGE.iterdir() if (each / "__init__.py").exists()
    ]

    assert told == {
        (path.parent.name if path.name == "__init__.py" else path.stem): first_line(path)
        for path in (*files, *folders)
    }


def first_line(path):
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").splitlines()[0]
