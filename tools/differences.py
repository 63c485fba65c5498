"""
Write docs/differences.md: where the main job goes otherwise, from the adapters themselves.

    python tools/differences.py            writes it
    python tools/differences.py --check    fails if it is not up to date
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import yaml

from portraitkit import PortraitProvider
from portraitkit.providers.registry import provider_class, provider_names

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = ROOT / "docs" / "differences.md"
SCENARIO: Final[dict[str, dict[str, str]]] = yaml.safe_load(
    (ROOT / "providers" / "scenario.yaml").read_text(encoding="utf-8")
)
MODES: Final = {"apiyi": {"apiyi-icover": {"assets": "icover"}}}
"""Other ways to a vendor than the plain one: what a profile says to take it."""
_VENDORS: Final = [
    path.parent.name for path in sorted((ROOT / "providers").glob("*/contract.yaml"))
]
WAYS: Final[dict[str, tuple[str, dict[str, str]]]] = {
    way: (vendor, settings)
    for vendor in _VENDORS
    for way, settings in {vendor: {}, **MODES.get(vendor, {})}.items()
}
"""Every column of the page: the vendor, and the settings."""
TABLES: Final = [name for name in provider_names() if hasattr(provider_class(name), "table")]
"""Vendors that are tables: they differ in what they offer, and in nothing else."""
HEAD: Final = """# Where vendors differ

One scenario, `providers/scenario.yaml`, runs at every simulated vendor, in each of its modes, and
has to leave the same trace. This page shows the trace and every difference. *not offered* and
*by hand* are derived from what an adapter overrides; the others are declared by the adapter, with
reason and source. The suite fails where a trace differs without a declaration, and where a
declaration is no longer true.

`python tools/differences.py` writes this page.
"""

TABLES_HEAD: Final = """## Vendors that are tables

[These](vendors/tables.md) offer what their pages name a call for. Where one makes groups, the
scenario runs at the simulator made of its table, and leaves the same trace but for these steps.
"""


def class_of(way: str) -> type[PortraitProvider]:
    """The adapter of one way to a vendor."""
    vendor, settings = WAYS.get(way, (way, {}))
    return provider_class(vendor).chosen_by(settings)


def expected(cls: type[PortraitProvider], step: str) -> tuple[str, str]:
    """What a step's cell says at one vendor, and the trace that is expected there."""
    operation = SCENARIO["needs"][step]
    if operation in cls.manual_steps:
        return "by hand", "ManualStepError"
    bare: Any = object.__new__(cls)
    if not bare.supports(operation):
        return "not offered", "UnsupportedError"
    golden = SCENARIO["golden"][step]
    declared = cls.differences.get(step)
    return ("same", golden) if declared is None else ("other", declared.trace or golden)


def page() -> str:
    """The whole page, in Markdown."""
    classes = {way: class_of(way) for way in WAYS}
    notes: dict[str, list[str]] = {}
    lines = [
        f"| step | trace | {' | '.join(WAYS)} |",
        f"|---|---|{'---|' * len(WAYS)}",
    ]
    for step, golden in SCENARIO["golden"].items():
        cells: list[str] = []
        for way, cls in classes.items():
            word, trace = expected(cls, step)
            if word == "other":
                told = cls.differences[step]
                note = f"{told.why}. Source: {told.source}."
                notes.setdefault(note, []).append(way)
                number = list(notes).index(note) + 1
                word = f"{trace if told.trace else 'same, limited'} ({number})"
            cells.append("" if word == "same" else word)
        lines.append(f"| {step} | {golden} | {' | '.join(cells)} |")
    told_of = (f"{n}. {', '.join(ways)}: {note}" for n, (note, ways) in enumerate(notes.items(), 1))
    whole = [HEAD, *lines, "", "An empty cell is the same trace.", "", *told_of, "", *tables()]
    return "\n".join(whole) + "\n"


def tables() -> list[str]:
    """What vendors that are tables do not offer, a row each."""
    lines = [TABLES_HEAD, "| vendor | steps that it does not offer |", "|---|---|"]
    for name in TABLES:
        cls = class_of(name)
        lacks = [each for each in SCENARIO["golden"] if expected(cls, each)[0] == "not offered"]
        lines.append(f"| [{name}](vendors/tables.md#{name}) | {', '.join(lacks) or 'none'} |")
    return lines


def main() -> int:
    """Write or check."""
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if PAGE.read_text(encoding="utf-8") == page():
        return 0
    sys.stderr.write("docs/differences.md is out of date: run python tools/differences.py\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
