"""Plays one world again, and tells its story: `make simulate SEED=42`."""

from __future__ import annotations

import sys

from worlds.choices import Choices
from worlds.world import World


def main() -> int:
    """Play the seed that is named."""
    world = World(Choices(int(sys.argv[1])), tells=True)
    try:
        world.run()
    except BaseException as broken:
        print(*world.story, sep="\n")
        raise
    print(*world.story, "All laws hold.", sep="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
