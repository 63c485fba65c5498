"""
Play the fault matrix and write docs/fault-matrix.md from what it came to.

    python tools/faults.py            writes it
    python tools/faults.py --check    fails if it is not up to date

It takes about half a minute. The same cells are tests: see tests/faults.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests" / "faults"))

from fault_cells import Ground  # noqa: E402  (found by the line before)
from fault_jobs import VENDORS  # noqa: E402  (as above)
from fault_list import FAULTS  # noqa: E402  (as above)
from fault_page import page_of  # noqa: E402  (as above)
from fault_places import open_places  # noqa: E402  (as above)
from fault_playing import play  # noqa: E402  (as above)

PAGE: Final = ROOT / "docs" / "fault-matrix.md"


def main() -> int:
    """Write or check."""
    with open_places() as places, tempfile.TemporaryDirectory() as folder:
        ground = Ground(places, Path(folder))
        judged = [
            each
            for fault in FAULTS
            for vendor in VENDORS
            for each in play(ground, ground.cells(vendor, fault))
        ]
    problems = [problem for each in judged for problem in each.problems]
    if problems:
        sys.stderr.write("\n".join([*problems, f"{len(problems)} problems"]) + "\n")
        return 1
    page = page_of(judged)
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page, encoding="utf-8")
        print(f"{len(judged):,} cells")
        return 0
    if page != PAGE.read_text(encoding="utf-8"):
        sys.stderr.write("the page is out of date: run python tools/faults.py\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
