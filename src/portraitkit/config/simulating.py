"""What a profile with `simulated = true` talks to: a simulated vendor inside this process."""

from __future__ import annotations

import hashlib
import math
import shutil
import tempfile
import threading
import weakref
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .. import engine
from ..operations.provider import PortraitProvider
from ..providers.registry import simulator_class
from ..rehearsal import Rehearsal
from ..values.errors import ConfigError
from ..values.origins import origin_of
from ..wire.steps import Auth, Request, Response
from .profiles import Profile

if TYPE_CHECKING:
    from ..engine.clock import Clock

SPEED: Final = 20.0
"""How many times as fast as a vendor `simulated = true` is."""
CALLBACK_URL: Final = "https://app.simulated.invalid/verified"
"""Where a simulated face check returns to, if the profile does not say: nobody opens it."""
_ONE_AT_A_TIME: Final = threading.Lock()
"""Two threads that connect at once are to find the same vendor."""


class Simulation:
    """
    A simulated vendor in this process: what its profiles ask for is answered here, and never sent.

    Attributes:
        speed: How many times as fast as a vendor it is.
        clock: The time of its clients.
        rehearsal: What makes its credentials up, and keeps its journals in a folder of their own.
    """

    def __init__(self, simulator: Any, speed: float, clock: Clock) -> None:
        self.speed: Final = speed
        self.clock: Final = clock
        folder = tempfile.mkdtemp(prefix="portraitkit-simulated-")
        self.rehearsal: Final = Rehearsal(journal_folder=Path(folder))
        _ = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self._simulator = simulator
        self._lock = threading.Lock()
        self._published: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return f"<Simulation, {self.speed:g} times as fast>"

    @property
    def world(self) -> Any:
        """The vendor's memory and knobs, a `portraitkit.testing.World`."""
        return self._simulator.world

    def answer(self, provider: PortraitProvider, request: Request) -> Response:
        """Answer in the vendor's place. What is fetched from the web is a stand-in for it."""
        own = {*provider.origins, self._simulator.base_url}
        with self._lock:
            if request.auth is Auth.NONE and origin_of(request.url) not in own:
                found: Response = self._simulator.stand_in(
                    request.url, self._published.get(request.url)
                )
            else:
                self._simulator.admit(provider)
                found = self._simulator.handle(request)
        if request.save_to and found.ok:
            request.save_to.save(found.content)
        return found

    def publish(self, content: bytes, *, filename: str, content_type: str) -> str:
        """Stand in for a media host: the file stays in memory."""
        del content_type
        name = hashlib.sha256(content).hexdigest()[:40] + Path(filename).suffix
        url = f"https://media.simulated.invalid/{name}"
        self._published[url] = content
        return url


@cache
def _clock(speed: float) -> Clock:
    return engine.clock.Clock.fast(speed)


"""One for each speed, so that the vendors of a failover live in one time."""


def simulation(cls: type[PortraitProvider], speed: float) -> Simulation:
    """
    The simulated vendor of an adapter, one for the process: its clients find what others made.

    Raises:
        ConfigError: No installed package simulates it.
    """
    with _ONE_AT_A_TIME:
        return _simulation(cls, speed)


@cache
def _simulation(cls: type[PortraitProvider], speed: float) -> Simulation:
    clock = _clock(speed)
    return Simulation(simulator_class(cls.name, cls).on(clock.now), speed, clock)


def speed_of(profile: Profile) -> float | None:
    """
    How many times as fast as a vendor a profile's simulation is; None if it is none.

    Raises:
        ConfigError: `simulated` is no such number.
    """
    value = profile.settings.get("simulated", False)
    if isinstance(value, bool):
        return SPEED if value else None
    if isinstance(value, int | float) and 0 < value < math.inf:
        return float(value)
    raise ConfigError(
        f"profile {profile.name!r}: simulated has to be true, false, or how many times as fast",
        provider=profile.provider,
        field="simulated",
        next_step="write simulated = true, or simulated = 1 for a vendor's own pace",
    )
