"""
Write docs/vendors/tables.md, from the tables that come with the package.

    python tools/tables.py            writes it
    python tools/tables.py --check    fails if it is not up to date
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Final

from portraitkit.providers.registry import provider_class, provider_names
from portraitkit.providers.tables.table import VendorTable
from portraitkit.values.prices import Price

PAGE: Final = Path(__file__).parent.parent / "docs" / "vendors" / "tables.md"
HEAD: Final = """# Vendors that are tables

These vendors are described by [a table](../vendor-tables.md), read from their public pages on
the day that each section names. **None was ever tried with a key.** What no page says is listed
as assumed: ask the vendor before you rest on it.
"""


def vendor_tables() -> list[VendorTable]:
    """Every table that comes with the package, by name."""
    found = [getattr(provider_class(name), "table", None) for name in provider_names()]
    return [each for each in found if each is not None]


def section(table: VendorTable) -> str:
    """What one table says of its vendor, in Markdown."""
    header = f"{table.header.name}: {table.header.scheme}".strip()
    rows = {
        "origin": f"`{table.base_url}`",
        "key": f"`{header} …`",
        "read on": str(table.read),
        "calls": words(table.calls),
        "models": words(each.name for each in table.models),
        "a new asset costs": table.asset_cost,
        "a video costs": costs(provider_class(table.name).prices) or "no price was read",
        "assumed": words(table.assumed),
    }
    lines = [f"## {table.name}", "", "| | |", "|---|---|"]
    lines += [f"| {title} | {text} |" for title, text in rows.items()]
    return "\n".join([*lines, "", "Sources:", "", *(f"- <{each}>" for each in table.source)])


def costs(prices: Iterable[Price]) -> str:
    """Prices, each source once."""
    by_source = groupby(prices, key=lambda each: each.source)
    return "; ".join(f"{', '.join(map(str, each))}, by {source}" for source, each in by_source)


def words(names: Iterable[str]) -> str:
    """Names as code, or a word for none."""
    return ", ".join(f"`{each}`" for each in names) or "none"


def main() -> int:
    """Write or check."""
    made = "\n\n".join([HEAD.strip(), *map(section, vendor_tables())]) + "\n"
    if "--check" not in sys.argv[1:]:
        _ = PAGE.write_text(made, encoding="utf-8")
        return 0
    if PAGE.exists() and made == PAGE.read_text(encoding="utf-8"):
        return 0
    _ = sys.stderr.write("docs/vendors/tables.md is out of date: run python tools/tables.py\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
