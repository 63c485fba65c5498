"""
Play worlds and write docs/fault-matrix.md from what they came to.

    python tools/faults.py            writes it
    python tools/faults.py --check    fails if it is not up to date

It takes some minutes. The same worlds are tests: see tests/worlds.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from worlds.page import SEEDS, page_of  # noqa: E402  (found by the line before)
from worlds.playing import play  # noqa: E402  (as above)

PAGE: Final = ROOT / "docs" / "fault-matrix.md"


def main() -> int:
    """Write or check."""
    tally = play(SEEDS)
    if tally.broken:
        sys.stderr.write("\n".join([law for law, _ in tally.broken]) + "\n")
        return 1
    page = page_of(tally)
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page, encoding="utf-8")
        print(f"{tally.worlds:,} worlds")
        return 0
    if page != PAGE.read_text(encoding="utf-8"):
        sys.stderr.write("the page is out of date: run python tools/faults.py\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
