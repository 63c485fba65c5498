"""
Plays worlds from a terminal.

    make simulate SEED=42        one world, told step by step; a list of choices is one, too
    make simulate WORLDS=100000  many, guided by what they reach; those that break a law are shrunk
"""

from __future__ import annotations

import gc
import sys
import time

from worlds.choices import Choices
from worlds.playing import Tally, explore, law_broken_in, shrunk, story_of
from worlds.world import World

BATCH = 2_000


def main(what: str, value: str) -> int:
    """Tell of one world, or play many."""
    return tell(value) if what == "seed" else roam(int(value))


def tell(value: str) -> int:
    """Tell the story of a seed, or of the choices of a world."""
    numbers = [int(each) for each in value.replace(",", " ").split()]
    choices = Choices(numbers[0]) if len(numbers) == 1 else Choices(None, numbers)
    problem = law_broken_in(World(choices))
    print(story_of(shrunk(choices.made) if problem else choices.made))
    return bool(problem)


def roam(worlds: int) -> int:
    """Play many worlds, and report."""
    tally, begun_s, told = Tally(), time.monotonic(), 0
    for first in range(0, worlds, BATCH):
        explore(range(first, min(first + BATCH, worlds)), tally)
        _ = gc.collect()  # worlds are circles, and nothing collected the old ones
        rate = tally.worlds / (time.monotonic() - begun_s)
        laws = f"{len(tally.broken)} laws broken"
        print(
            f"{tally.worlds:,} worlds, {rate:.0f}/s, {len(tally.states)} states, {laws}", flush=True
        )
        for problem, script in tally.broken[told:]:
            small = " ".join(map(str, shrunk(script)))
            print(f"\n{problem}\nmake simulate SEED='{small}'\n", flush=True)
        told = len(tally.broken)
    return bool(tally.broken)


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:3]))
