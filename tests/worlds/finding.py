"""How many worlds it takes to miss each mend: `python -m worlds.finding [MOST]`."""

from __future__ import annotations

import gc
import sys
import time

from worlds.broken import Broken
from worlds.choices import Choices
from worlds.mends import MENDS, Mend
from worlds.world import World


def law_broken_in(seed: int) -> str:
    """Play a world; its first word about the law that it broke, if any."""
    try:
        World(Choices(seed)).run()
    except Broken as broken:
        return str(broken)
    return ""


def found(mend: Mend, most: int) -> tuple[int, str] | None:
    """Look for a world that misses a mend: the first of its law."""
    with mend.taken_out():
        for seed in range(most):
            if (problem := law_broken_in(seed)).startswith(mend.law):
                return seed, problem
            if seed % 100 == 0:
                gc.collect()
    return None


if __name__ == "__main__":
    gc.disable()
    wanted = sys.argv[2:]
    for each in MENDS:
        if not wanted or each.law in wanted:
            begun = time.monotonic()
            came = found(each, int(sys.argv[1]))
            took = time.monotonic() - begun
            print(f"{took:6.1f} s  {each.name}: {str(came)[:230]}", flush=True)
