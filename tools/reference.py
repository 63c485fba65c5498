"""
Write docs/reference.md: what every public name is, from signatures and docstrings.

    python tools/reference.py            writes it
    python tools/reference.py --check    fails if it is not up to date
"""

from __future__ import annotations

import inspect
import re
import sys
from enum import Enum
from importlib import import_module
from pathlib import Path
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin

import attrs

import portraitkit

PAGE: Final = Path(__file__).parent.parent / "docs" / "reference.md"
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
WIDTH: Final = 88
"""A longer signature has a line for each argument."""


def main() -> int:
    """Write or check."""
    page = page_of()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page, encoding="utf-8")
        return 0
    if page != PAGE.read_text(encoding="utf-8"):
        sys.stderr.write("the page is out of date: run python tools/reference.py\n")
        return 1
    return 0


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
    kept = [each for each in signature.parameters.values() if each.name != "self"]
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


def _doc(thing: Any) -> str:
    return inspect.getdoc(thing) or ""


if __name__ == "__main__":
    raise SystemExit(main())
