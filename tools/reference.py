"""
Write docs/reference.md and docs/adapter.md: what each public name is, by its own docstring.

    python tools/reference.py            writes them
    python tools/reference.py --check    fails if one is not up to date
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin

import attrs

import portraitkit

DOCS: Final = Path(__file__).parent.parent / "docs"
PACKAGES: Final = (
    "portraitkit.journal",
    "portraitkit.translation",
    "portraitkit.failover",
    "portraitkit.adapter",
    "portraitkit.testing",
)
HEAD: Final = """# Reference

What a caller uses, from the code's own signatures and docstrings. `import portraitkit as pk` gives
the names of the first four parts; those of the last are imported from their packages.

`python tools/reference.py` writes this page.
"""
METHODS: Final = """The methods of `Client` follow. Those of `AsyncClient` are the same, awaited, or
iterated over with `async for`.
"""
MARKS: Final = re.compile(r"(<!-- adapter -->\n).*(<!-- /adapter -->)", re.DOTALL)
"""What the tool writes of docs/adapter.md; the rest is written by hand."""
WIDTH: Final = 88
"""A longer signature has a line for each argument."""


def main() -> int:
    """Write or check."""
    stale = 0
    for name, page in (("reference.md", page_of()), ("adapter.md", adapter_page())):
        if "--check" not in sys.argv[1:]:
            (DOCS / name).write_text(page, encoding="utf-8")
        elif page != (DOCS / name).read_text(encoding="utf-8"):
            sys.stderr.write(f"docs/{name} is out of date: run python tools/reference.py\n")
            stale = 1
    return stale


def page_of() -> str:
    """The whole page."""
    named = {name: getattr(portraitkit, name) for name in portraitkit.__all__}
    functions = {name: each for name, each in named.items() if inspect.isfunction(each)}
    errors = {
        name: each
        for name, each in named.items()
        if isinstance(each, type) and issubclass(each, portraitkit.PortraitError)
    }
    rest = named.keys() - functions.keys() - errors.keys() - {"Client", "AsyncClient"}
    return (
        "\n".join(
            [
                HEAD,
                "## Connecting, and other functions\n",
                *(entry(name, each) for name, each in functions.items()),
                "## Clients\n",
                *(_about(name, named[name]) for name in ("Client", "AsyncClient")),
                METHODS,
                *(entry(f"Client.{name}", each) for name, each in operations().items()),
                "## Values, handles and results\n",
                *(_about(name, named[name]) for name in sorted(rest)),
                "## Errors\n",
                *(_about(name, each) for name, each in errors.items()),
                "## Packages\n",
                *(_package(name) for name in PACKAGES),
            ]
        ).rstrip()
        + "\n"
    )


def operations() -> dict[str, Any]:
    """A client's public methods, in the order of the code."""
    chain = [each for each in reversed(portraitkit.Client.__mro__) if each is not object]
    names = dict.fromkeys(name for each in chain for name in vars(each) if name[0] != "_")
    found = {name: getattr(portraitkit.Client, name) for name in names}
    return {name: each for name, each in found.items() if callable(each)}


def entry(name: str, function: Any) -> str:
    """A function's heading, signature and docstring."""
    return f"### {name}\n\n```\n{_signature(name, function)}\n```\n\n{prose(_doc(function))}\n"


def _signature(name: str, function: Any) -> str:
    signature = inspect.signature(function)
    kept = [each for each in signature.parameters.values() if each.name not in ("self", "cls")]
    shown = re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(signature.replace(parameters=kept)))
    short = name.rpartition(".")[2]
    if len(short + shown) <= WIDTH:
        return short + shown
    inner = re.sub(r", (?=\w+(?::|=)|\*,|/)", ",\n    ", shown[1 : shown.rindex(") ->")])
    return f"{short}(\n    {inner},\n{shown[shown.rindex(') ->') :]}"


def _about(name: str, thing: Any) -> str:
    """A class's heading, its docstring, fields and methods; or what an alias stands for."""
    if not isinstance(thing, type):
        return f"### {name}\n\n```\n{_spelled(thing)}\n```\n"
    base = thing.__bases__[0].__name__
    of = f" ({base})" if base.endswith("Error") else ""
    more = "" if "Client" in name else _fields(thing) + _methods(thing)
    return f"### {name}{of}\n\n{prose(_doc(thing))}\n{more}"


def _fields(thing: type) -> str:
    """An enumeration's words, or the fields of a result whose docstring does not list them."""
    if issubclass(thing, Enum):
        return "\n" + ", ".join(f"`{each.name}`" for each in thing) + "\n"
    if not attrs.has(thing) or "Attributes:" in _doc(thing):
        return ""
    rows = [f"{each.name}: {_spelled(each.type)}" for each in attrs.fields(thing) if each.init]
    public = [row for row in rows if row[0] != "_"]
    return "\n```\n" + "\n".join(public) + "\n```\n" if public else ""


def _spelled(hint: Any) -> str:
    """Write a type as an annotation would, whichever way this Python prints unions."""
    if get_origin(hint) in (Union, UnionType):
        return " | ".join(map(_spelled, get_args(hint)))
    text = hint.__name__ if isinstance(hint, type) and not get_args(hint) else str(hint)
    return re.sub(r"\b([a-z_]\w*\.)+(?=[A-Z])", "", text).replace("NoneType", "None")


def _methods(thing: type) -> str:
    """What a class defines beside its fields, a line each."""
    rows = [
        f"- `.{name}`: {_doc(each).splitlines()[0]}"
        for name, each in vars(thing).items()
        if name[0] != "_" and _doc(each) and (callable(each) or isinstance(each, property))
    ]
    return "\n" + "\n".join(rows) + "\n" if rows else ""


def prose(doc: str) -> str:
    """Turn a docstring's parts, each under a word of its own, into lists."""
    lines: list[str] = []
    inside = False
    for line in doc.splitlines():
        if heading := re.fullmatch(r"(Args|Attributes|Returns|Raises):", line):
            inside = heading[1] != "Returns"
            lines += [f"**{heading[1]}**", ""]
        elif inside and (item := re.fullmatch(r"    (\w[\w, ]*): (.*)", line)):
            lines.append(f"- `{item[1]}`: {item[2]}")
        else:
            lines.append(line.strip() if not inside else re.sub(r"^ {4,}", "  ", line))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _package(name: str) -> str:
    """A package's names, a line each."""
    package = import_module(name)
    first = _doc(package).splitlines()[0]
    rows = [
        f"- `{each}`: {_doc(getattr(package, each)).splitlines()[0]}"
        for each in sorted(package.__all__)
        if inspect.isclass(getattr(package, each)) or inspect.isfunction(getattr(package, each))
    ]
    return f"### {name}\n\n{first}\n\n" + "\n".join(rows) + "\n"


def adapter_page() -> str:
    """The page of `portraitkit.adapter`: what an adapter sets, overrides and is written with."""
    adapter = import_module("portraitkit.adapter")
    own = portraitkit.PortraitProvider
    chain = [each for each in reversed(own.__mro__) if ".vendor." in each.__module__]
    names = {name: getattr(adapter, name) for name in sorted(adapter.__all__)}
    classes = {name: each for name, each in names.items() if inspect.isclass(each)}
    functions = {name: each for name, each in names.items() if inspect.isfunction(each)}
    choosing = [("chosen_by", own.chosen_by.__func__), ("interfaces", own.interfaces.__func__)]
    hooks = [*(each for cls in chain for each in _hooks(cls)), *choosing]
    parts = [
        "## Attributes of the class\n",
        *(f"- `{name}`: {told}" for cls in chain for name, told in _class_attributes(cls)),
        "\n## Settings of the account\n\nThe fields of a profile; an adapter adds its own.\n",
        prose(_doc(chain[0])).partition("**Attributes**")[2].strip(),
        "\n## What may be overridden\n\nWhat an adapter does not override is not offered.\n",
        *(_hook(name, each) for name, each in hooks),
        "## What it is written with\n",
        *(_about(name, each) for name, each in classes.items() if each is not own),
        *(entry(name, each) for name, each in functions.items()),
    ]
    made = "\n".join(parts).rstrip()
    page = (DOCS / "adapter.md").read_text(encoding="utf-8")
    return MARKS.sub(lambda found: f"{found[1]}\n{made}\n\n{found[2]}", page)


def _class_attributes(cls: type) -> Iterator[tuple[str, str]]:
    """Class variables with what stands below each in the source."""
    (tree,) = ast.parse(inspect.getsource(cls)).body
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    for one, two in pairwise(body):
        is_variable = isinstance(one, ast.AnnAssign) and "ClassVar" in ast.unparse(one.annotation)
        if is_variable and isinstance(two, ast.Expr) and isinstance(two.value, ast.Constant):
            told = inspect.cleandoc(str(two.value.value))
            yield ast.unparse(one.target), re.sub(r"\s*\n\s*", " ", told)


def _hooks(cls: type) -> Iterator[tuple[str, Any]]:
    for name, each in vars(cls).items():
        plain = each.__func__ if isinstance(each, classmethod) else each
        if (
            name[0] != "_"
            and _doc(plain)
            and (inspect.isfunction(plain) or isinstance(each, property))
        ):
            yield name, plain


def _hook(name: str, hook: Any) -> str:
    """One method's heading, signature and docstring; a property's has no arguments."""
    if inspect.isfunction(hook):
        return entry(name, hook)
    return f"### {name}\n\nA property. {prose(_doc(hook))}\n"


def _doc(thing: Any) -> str:
    return inspect.getdoc(thing) or ""


if __name__ == "__main__":
    raise SystemExit(main())
