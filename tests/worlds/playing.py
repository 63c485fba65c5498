"""Playing worlds: one from its choices, many from seeds, and the small one behind a large one."""

from __future__ import annotations

import gc
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from attrs import define, field

from worlds.broken import Broken
from worlds.choices import Choices
from worlds.world import World

Script = list[int]


@define
class Tally:
    """
    What many worlds came to.

    Attributes:
        worlds: How many there were.
        broken: The laws that were broken, and the choices of those worlds.
        states: Operation, outcome and how the vendor stood, each as often as it was reached.
        corpus: The choices of those that reached something new.
        met: Fault, what the call does, and its outcome, of calls that met that fault alone.
    """

    worlds: int = 0
    broken: list[tuple[str, Script]] = field(factory=list)
    states: Counter[tuple[str, ...]] = field(factory=Counter)
    corpus: list[Script] = field(factory=list)
    met: Counter[tuple[str, str, str]] = field(factory=Counter)

    def play(self, choices: Choices) -> bool:
        """Play one more world; tell whether it reached a new state."""
        world = World(choices)
        self.worlds += 1
        if problem := law_broken_in(world):
            self.broken.append((problem, choices.made))
        for call in world.calls:
            faults = {each.partition(":")[0] for each in call.met} or {"none"}
            if len(faults) == 1 and call.word and not call.is_foreign:
                self.met[faults.pop(), call.operation.does, call.word] += 1
        known = len(self.states)
        self.states.update(world.states)
        return len(self.states) > known


def law_broken_in(world: World) -> str:
    """Play a world; what was wrong, its first word the law, or nothing."""
    try:
        world.run()
    except Broken as broken:
        return str(broken)
    return ""


@contextmanager
def without_pauses() -> Iterator[Callable[[], None]]:
    """Collect garbage between worlds only."""
    gc.disable()
    try:
        yield lambda: gc.collect(1) and None
    finally:
        gc.enable()


def play(seeds: Sequence[int], tally: Tally | None = None) -> Tally:
    """Play one world for each seed."""
    tally = tally or Tally()
    with without_pauses() as collect:
        for seed in seeds:
            tally.play(Choices(seed))
            if tally.worlds % 50 == 0:
                collect()
    return tally


def explore(seeds: Sequence[int], tally: Tally) -> None:
    """Play as many, half of them changed from worlds that reached something new."""
    corpus = tally.corpus
    with without_pauses() as collect:
        for seed in seeds:
            rolled = random.Random(-1 - seed)
            script = _changed(rolled.choice(corpus), rolled) if corpus and seed % 2 else []
            choices = Choices(seed, script)
            if tally.play(choices):
                corpus.append(choices.made)
            if tally.worlds % 50 == 0:
                collect()


def _changed(script: Script, rolled: random.Random) -> Script:
    """Change a few choices, or draw all anew from somewhere on."""
    place = rolled.randrange(len(script))
    if rolled.random() < 0.5:
        return script[:place]
    changed = [*script]
    for _ in range(rolled.choice((1, 1, 2, 4))):
        changed[rolled.randrange(len(script))] = rolled.randrange(64)
    return changed


def shrunk(script: Script, most: int = 400) -> Script:
    """Leave out and make plainer what a broken law does not need, in so many tries."""
    law = _law_of(script)
    tries = iter(range(most))
    size = len(script) // 2
    while size:
        for start in range(0, len(script), size):
            for plainer in _plainer(script, start, size):
                if next(tries, None) is None:
                    return script
                if plainer != script and _law_of(plainer) == law:
                    script = plainer
                    break
        size //= 2
        while script and not script[-1]:
            script = script[:-1]  # what is not written is 0
    return script


def _plainer(script: Script, start: int, size: int) -> Iterator[Script]:
    before, part, after = script[:start], script[start : start + size], script[start + size :]
    yield before + after
    yield before + [0] * len(part) + after
    yield before + [each // 2 for each in part] + after


def _law_of(script: Script) -> str:
    return law_broken_in(World(Choices(None, script))).partition(":")[0]


def story_of(script: Script) -> str:
    """What happens in a world, and how it ends."""
    world = World(Choices(None, script), tells=True)
    end = law_broken_in(world) or "All laws hold."
    return "\n".join([*world.story, end])
