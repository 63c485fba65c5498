"""
What takes the world's place while a test runs: time, vendors, credentials.

Only `portraitkit.testing` puts a rehearsal here, for one test, and takes it away again. Without
one everything is real. It holds for the whole process, so that an application under test needs no
hook: its own `connect()` finds it, in every thread and task.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from attrs import Factory, frozen

from .limits.limiter import PROCESS, Limiter, ProcessLimiter
from .operations.provider import PortraitProvider
from .values.secret import Secret
from .wire.steps import Request, Response

if TYPE_CHECKING:
    from .limits.breakers import Breakers


class Halt(Exception):  # noqa: N818  (a base of errors that have names of their own)
    """Ends a test: no driver or flow takes it for something that a vendor or a transport did."""


class Time(Protocol):
    """Time as drivers want it."""

    def now(self) -> datetime:
        """The time of day, aware."""
        ...

    def monotonic(self) -> float:
        """Seconds since some beginning."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        ...

    async def sleep_async(self, seconds: float) -> None:
        """Let time pass."""
        ...


def _breakers() -> Breakers:
    from .limits.breakers import Breakers  # noqa: PLC0415  (only failover has circuits)

    return Breakers()


def _nobody(provider: PortraitProvider, request: Request) -> None:
    """Let every request be sent."""
    del provider, request


def _untold(request: Request, fault: Any) -> None:
    """Note nothing."""
    del request, fault


@frozen(kw_only=True)
class Rehearsal:
    """
    What stands in for the world.

    Attributes:
        time: Replaces the default clock, and its jitter by a constant. None leaves the real one.
        answer: Answers a request in the vendor's place, or returns None to let it be sent. Asked
            by clients that would use the network; may raise what a transport raises.
        failed: Told of each request of such a client to which no answer came, and why.
        false_credentials: Every credential of a profile is made up, and none is read from where
            the profile says. What a vendor requires and the profile lacks is made up, too.
        profile: What `connect()` without a name leads to.
        vendor: The same, by vendor: the configured profile of that adapter, or the bare adapter.
        fallback_vendor: The adapter of `connect()` where there is no configuration at all.
        provider: Makes what every `connect` leads to, whatever the profile says.
        journal_folder: Where jobs are noted, in place of the profile's journal.
        limiter: Keeps the account's rates in place of the process's, whose clock is another.
        breakers: Keep the accounts' circuits in place of the process's, likewise.
    """

    time: Time | None = None
    answer: Callable[[PortraitProvider, Request], Response | None] = _nobody
    failed: Callable[[Request, Any], None] = _untold
    false_credentials: bool = True
    profile: str = ""
    vendor: str = ""
    fallback_vendor: str = ""
    provider: Callable[[], PortraitProvider] | None = None
    journal_folder: Path | None = None
    limiter: Limiter = Factory(ProcessLimiter)
    breakers: Breakers = Factory(_breakers)

    def credential(self, profile: str, key: str) -> Secret:
        """Make a credential up: the same for the same profile, and different for two."""
        return Secret(f"false-{key}-of-{re.sub('[^!-~]', '-', profile)}")


class _Stage:
    """Holds the one rehearsal of the process."""

    rehearsal: Rehearsal | None = None


def current() -> Rehearsal | None:
    """The rehearsal that goes on; None in earnest."""
    return _Stage.rehearsal


def current_time() -> Time | None:
    """What replaces the default clock now, if anything."""
    return _Stage.rehearsal.time if _Stage.rehearsal else None


def limiter_in(own: Limiter) -> Limiter:
    """The limiter that holds now: a client's *own*, unless that is the process's."""
    stage = _Stage.rehearsal
    return stage.limiter if stage and stage.time and own is PROCESS else own


def breakers_in(own: Breakers) -> Breakers:
    """The circuits that hold now: a client's *own*, unless they are the process's."""
    from .limits.breakers import SHARED  # noqa: PLC0415  (as above)

    stage = _Stage.rehearsal
    return stage.breakers if stage and stage.time and own is SHARED else own


@contextmanager
def rehearsing(rehearsal: Rehearsal, *, within: Rehearsal | None = None) -> Generator[Rehearsal]:
    """
    Rehearse for a while, maybe *within* another rehearsal that then goes on.

    Raises:
        RuntimeError: Another rehearsal goes on.
    """
    if _Stage.rehearsal is not within:
        raise RuntimeError("another rehearsal goes on: end it first")
    _Stage.rehearsal = rehearsal
    try:
        yield rehearsal
    finally:
        _Stage.rehearsal = within
