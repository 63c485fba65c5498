"""
What belongs to each version of the conformance suite, and what its checks are made of.

A check's digest is taken of its structure: names, calls, constants and messages, without comments,
docstrings and layout, alike on every Python. `python -m portraitkit.testing.conformance.manifest` prints the
manifest of the suite as it is, for `contract_manifest.json`: only with a new version number.
"""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any, Final

from ...wire.codec import is_array

SOURCES: Final = (
    "conformance/bodies",
    "conformance/checks_answers",
    "conformance/checks_handles",
    "conformance/checks_offers",
    "conformance/checks_secrets",
    "conformance/checks_videos",
    "conformance/checks_waits",
    "conformance/checks_wire",
    "conformance/journey",
    "conformance/suite",
    "conformance/travelling",
    "conformance/contract",
    "conformance/judging",
    "doubles/simulating",
)
"""The modules that checks are in, and that they stand on."""
_IGNORED: Final = frozenset(
    {"ctx", "kind", "type_comment", "type_ignores", "type_params", "returns"}
)


@cache
def published() -> dict[str, dict[str, dict[str, str]]]:
    """The manifests of all versions, as they were published."""
    text = (
        files("portraitkit.testing").joinpath("contract_manifest.json").read_text(encoding="utf-8")
    )
    found: dict[str, dict[str, dict[str, str]]] = json.loads(text)
    return found


@cache
def present() -> dict[str, dict[str, str]]:
    """The manifest of the suite as it is installed: its checks, and what they stand on."""
    checks: dict[str, str] = {}
    ground: dict[str, str] = {}
    for name in SOURCES:
        file = files("portraitkit.testing").joinpath(f"{name}.py")
        tree = ast.parse(file.read_text(encoding="utf-8"))
        rest = hashlib.sha256()
        for node in tree.body:
            found = list(_checks_in(node))
            for check in found:
                checks[check.name] = digest(check)
            if isinstance(node, ast.ClassDef):
                node.body = [each for each in node.body if each not in found]
            rest.update(structure(node).encode())
        ground[name] = rest.hexdigest()[:16]
    return {"checks": dict(sorted(checks.items())), "ground": ground}


def digest(node: ast.AST) -> str:
    """What a piece of code is, in 16 hexadecimal digits."""
    return hashlib.sha256(structure(node).encode()).hexdigest()[:16]


def structure(node: Any) -> str:
    """Write a syntax tree down, without what differs between versions of Python or in layout."""
    if is_array(node):
        return f"[{','.join(structure(each) for each in node)}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    parts: list[str] = []
    for name, value in ast.iter_fields(node):
        if name in _IGNORED or value is None or value == []:
            continue
        if name == "body" and is_array(value):
            value = _without_docstring(value)  # noqa: PLW2901  (the same, shorter)
        parts.append(f"{name}={structure(value)}")
    return f"{type(node).__name__}({','.join(parts)})"


def _without_docstring(body: list[Any]) -> list[Any]:
    first = body[0] if body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        return body[1:] if isinstance(first.value.value, str) else body
    return body


def _checks_in(node: ast.stmt) -> Iterator[ast.FunctionDef]:
    for each in node.body if isinstance(node, ast.ClassDef) else ():
        if isinstance(each, ast.FunctionDef) and each.name.startswith("test_"):
            yield each


if __name__ == "__main__":  # pragma: no cover  (prints what is kept in a file)
    _ = sys.stdout.write(json.dumps({"1": present()}, indent=2) + "\n")
