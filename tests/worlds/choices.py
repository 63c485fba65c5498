"""Where every choice of a world comes from: a seed, or the choices of an earlier world."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """
    Numbers that are drawn one after the other; 0 is always the plainest: no fault, the first.

    Args:
        seed: What is drawn, where no script says it; None for the plainest.
        script: What is drawn first.

    Attributes:
        made: All that was drawn: as a script, the same world again.
    """

    def __init__(self, seed: int | None, script: Sequence[int] = ()) -> None:
        self._random = None if seed is None else random.Random(seed)
        self._script = script
        self.made: list[int] = []

    def draw(self, number: int) -> int:
        """Draw from 0 up to, and without, *number*."""
        place = len(self.made)
        if place < len(self._script):
            drawn = self._script[place] % number
        else:
            drawn = int(self._random.random() * number) if self._random else 0
        self.made.append(drawn)
        return drawn

    def once_in(self, number: int) -> bool:
        """Draw whether something rare happens."""
        return self.draw(number) == number - 1 > 0

    def pick(self, among: Sequence[T]) -> T:
        """Draw one of several."""
        return among[self.draw(len(among))] if len(among) > 1 else among[0]
