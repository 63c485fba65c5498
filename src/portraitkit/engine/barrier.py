"""What keeps a test from asking a vendor by accident: set by the pytest plugin, so it is light."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final


class Barrier:
    """
    What is asked before a request leaves on a connection of our own.

    Attributes:
        check: Takes an origin; raises where it may not be asked. None lets everything pass.
    """

    check: Callable[[str], None] | None = None


BARRIER: Final = Barrier()
