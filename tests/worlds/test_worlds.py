"""Worlds made of seeds, held to the laws; and the mends without which a law is broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from worlds.choices import Choices
from worlds.mends import MENDS
from worlds.network import FAULTS
from worlds.page import UNTOLD, rows_of
from worlds.playing import Tally, explore, law_broken_in, play, shrunk, story_of
from worlds.world import HAPPENINGS, World

pytestmark = pytest.mark.outside_the_contract

EACH = 525
PLAYED = [range(first, first + EACH) for first in range(0, 96 * EACH, EACH)]
MOST = 20_000
PAGE = Path(__file__).parents[2] / "docs" / "fault-matrix.md"


def told(script):
    return f"SEED='{' '.join(map(str, script))}'\n{story_of(script)}"


@pytest.mark.matrix
@pytest.mark.parametrize("seeds", PLAYED, ids=lambda seeds: f"from {seeds.start}")
def test_every_law_holds(seeds):
    """Whatever the network, vendors, disks, clocks and callers do; see `worlds.laws`."""
    tally = play(seeds)

    assert EACH == tally.worlds
    assert [] == [f"{law}\n{told(shrunk(script))}" for law, script in tally.broken[:3]]


@pytest.mark.parametrize("mend", MENDS, ids=lambda mend: mend.name)
def test_a_mend_that_is_taken_out_is_missed(mend):
    """Without it the law is broken, in a world that is kept or in one of the first 20,000."""
    assert "" == law_broken_in(World(Choices(mend.seed)))
    with mend.taken_out():
        for seed in (mend.seed, *range(MOST)):
            if law_broken_in(World(Choices(seed))).startswith(f"{mend.law}:"):
                return
    pytest.fail(f"no world of {MOST} misses it: the faults are too tame")


@pytest.mark.parametrize("seed", [20, 55, 173])
def test_a_seed_is_one_world(seed):
    """Played again, from its seed or from its choices, everything happens again."""
    first, again = (World(Choices(seed), tells=True) for _ in range(2))
    assert ["", ""] == [law_broken_in(first), law_broken_in(again)]

    assert len(first.story) > 5
    assert first.story == again.story
    assert story_of(first.choices.made) == "\n".join([*first.story, "All laws hold."])


def test_a_broken_world_is_made_small():
    """What is left breaks the same law, and its story ends with it."""
    mend = next(each for each in MENDS if each.law == "twice")
    with mend.taken_out():
        choices = Choices(mend.seed)
        problem = law_broken_in(World(choices))
        small = shrunk(choices.made, most=60)
        story = story_of(small)

    assert problem.startswith("twice:")
    assert len(small) < len(choices.made)
    assert story.splitlines()[-1].startswith("twice:")


def test_guided_worlds_reach_more():
    """Worlds that are changed from those that reached something new hold to the laws, too."""
    tally = Tally()
    explore(range(90_000, 90_200), tally)

    assert [] == tally.broken
    assert 30 < len(tally.corpus) < 200
    assert len(tally.states) > 100


def test_the_page_tells_what_came_of_it():
    """docs/fault-matrix.md has a row for each fault, and in it what calls often came to."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = {line.split(" | ")[0].strip("| "): line for line in lines if line.startswith("| ")}
    tally = play(range(150))
    often = [key for key, number in tally.met.items() if number > 2 and key[2] not in UNTOLD]

    assert [] == [name for name in rows_of(Tally()) if name not in rows]
    assert often
    assert [] == [key for key in often if key[2].removesuffix("Error") not in rows[key[0]]]


def test_faults_have_names():
    """Each is told from the others in a story and on the page."""
    names = [each.name for each in FAULTS]

    assert len(names) == len({*names})
    assert len(HAPPENINGS) == len({each.__name__ for each in HAPPENINGS})
