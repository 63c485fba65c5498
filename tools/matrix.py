"""
Write the table of what works where into README, from the adapters and the contracts.

    python tools/matrix.py            writes it
    python tools/matrix.py --check    fails if it is not up to date
"""

from __future__ import annotations

import re
import sys
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from portraitkit import PortraitProvider
from portraitkit.providers.registry import provider_class

ROOT: Final = Path(__file__).parent.parent
Column = tuple[str, str, dict[str, str], str]
COLUMNS: Final[tuple[Column, ...]] = (
    # title, adapter, the settings that choose its class, the contract's origin that it never calls
    ("AllToken", "alltoken", {}, ""),
    ("Token360", "token360", {}, ""),
    ("Volcengine", "volcengine", {}, ""),
    ("BytePlus", "byteplus", {}, ""),
    ("APIYI, signed", "apiyi", {}, "library"),
    ("APIYI, icover", "apiyi", {"assets": "icover"}, "assets"),
    ("APIMart", "apimart", {}, ""),
    ("xcompute", "xcompute", {}, ""),
)
OPERATIONS: Final = (
    "create_group",
    "get_group",
    "list_groups",
    "rename_group",
    "delete_group",
    "add_asset",
    "get_asset",
    "list_assets",
    "rename_asset",
    "delete_asset",
    "start_verification",
    "check_verification",
    "create_video",
    "get_video",
    "list_videos",
    "cancel_video",
    "download_video",
)
_NEEDED: Final = {
    "create_group": ("create_group", "make_group"),
    "add_asset": ("add_upload", "add_link"),
    "create_video": ("video_request",),
    "download_video": ("get_video",),
}
_ORDER: Final = ("assumed", "documented", "recorded")


def cell(column: Column, operation: str) -> str:
    """What one vendor offers of one operation, and on what evidence; the weakest part counts."""
    _, vendor, settings, foreign = column
    cls = provider_class(vendor).chosen_by(settings)
    if operation in cls.manual_steps:
        return "by hand"
    asked = _NEEDED.get(operation, (operation,))
    if all(getattr(cls, each) is getattr(PortraitProvider, each) for each in asked):
        return ""
    found = [
        str(each["evidence"])
        for each in contract(vendor)["operations"].values()
        if operation in each.get("does", []) and each["origin"] != foreign
    ]
    return min(found, key=_ORDER.index) if found else "documented"


@cache
def contract(vendor: str) -> dict[str, Any]:
    """Read what a vendor promises."""
    path = ROOT / "providers" / vendor / "contract.yaml"
    read: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return read


def table() -> str:
    """The whole table, in Markdown."""
    titles = [title for title, *_ in COLUMNS]
    lines = [f"| operation | {' | '.join(titles)} |", f"|---|{'---|' * len(titles)}"]
    for operation in OPERATIONS:
        cells = [cell(column, operation) for column in COLUMNS]
        lines.append(f"| `{operation}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> int:
    """Write or check."""
    path = ROOT / "README.md"
    before = path.read_text(encoding="utf-8")
    after = re.sub(
        r"(<!-- matrix -->\n).*?(<!-- /matrix -->)",
        lambda marks: f"{marks[1]}{table()}\n{marks[2]}",
        before,
        flags=re.DOTALL,
    )
    if "--check" in sys.argv[1:]:
        if before != after:
            sys.stderr.write("README's table is out of date: run python tools/matrix.py\n")
            return 1
        return 0
    path.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
