"""Print the project's figures: sizes, import times side by side, requests of the main job."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
SOURCE: Final = ROOT / "src" / "portraitkit"
ROUNDS: Final = 40


def lines_of(*paths: Path) -> int:
    """Lines in files."""
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)


def sizes() -> None:
    """Lines of each adapter with its tables, of shared dialects, of everything."""
    providers = SOURCE / "providers"
    vendors = sorted(path.stem for path in providers.glob("[a-z]*.py"))
    shared = set(providers.glob("_[a-z]*.py"))
    for vendor in vendors:
        beside = sorted(providers.glob(f"_{vendor}*.py"))
        shared -= set(beside)
        own = providers / f"{vendor}.py"
        print(f"{vendor:<12}{lines_of(own):>6} lines, {lines_of(*beside):>5} in tables beside it")
    print(f"{'shared':<12}{lines_of(*shared):>6} lines in {len(shared)} dialects")
    print(f"{'core':<12}{lines_of(*SOURCE.glob('*.py'), *SOURCE.glob('flows/*.py')):>6}")
    print(f"{'simulators':<12}{lines_of(*SOURCE.glob('simulators/*.py')):>6}")
    print(f"{'all source':<12}{lines_of(*SOURCE.rglob('*.py')):>6}")
    print(f"{'tests':<12}{lines_of(*(ROOT / 'tests').rglob('*.py')):>6}")


def imports() -> None:
    """Medians of interleaved runs, so that a noisy machine is noisy for all alike."""
    codes = ("pass", "import portraitkit", "import httpx")
    times: dict[str, list[float]] = {code: [] for code in codes}
    for _ in range(ROUNDS):
        for code in codes:
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603  (our own words)
            times[code].append(time.perf_counter() - started)
    base = sorted(times["pass"])[ROUNDS // 2]
    for code in codes:
        median = sorted(times[code])[ROUNDS // 2]
        print(f"{code:<20}{median * 1000:>8.1f} ms{median / base:>8.2f} times bare Python")


if __name__ == "__main__":
    sizes()
    imports()
