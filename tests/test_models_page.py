"""docs/models.md and the adapters say the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_page_shows_the_adapters_models():
    """docs/models.md is what the adapters know now; tools/models.py writes it."""
    made = subprocess.run(
        [sys.executable, "tools/models.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "" == made.stderr
