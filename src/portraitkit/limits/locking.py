"""One lock for all that clients share: it is held for microseconds, and a fork finds it free."""

from __future__ import annotations

import os
import threading
from typing import Final

LOCK: Final = threading.Lock()
if hasattr(os, "register_at_fork"):  # pragma: no branch  (Windows has no fork)
    os.register_at_fork(
        before=LOCK.acquire, after_in_parent=LOCK.release, after_in_child=LOCK.release
    )
