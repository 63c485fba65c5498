"""
Keep a test off the network: connections beyond this machine fail, whoever makes them.

It is done at Python's audit events for sockets, so that it holds for every HTTP library, and
composes with whatever else replaces socket functions: nothing is replaced here. What asks the
operating system past Python, as uvloop does, is not seen.
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Final, cast

from ... import rehearsal


class NetworkBlockedError(rehearsal.Halt, RuntimeError):
    """
    A test tried to leave this machine.

    Attributes:
        host: Where it wanted to go.
    """

    def __init__(self, host: str, why: str = "") -> None:
        super().__init__((why or _PAST_US).format(host=host))
        self.host = host


_PAST_US: Final = (
    "the test tried to reach {host}, past portraitkit's cassettes and simulators. Only what "
    "portraitkit's own clients send is played back; replace the other call in the test, or serve "
    "it on 127.0.0.1"
)


class NetworkGuard:
    """
    What one test may reach, and what it tried.

    Args:
        allows: Tells whether a host beyond this machine may be reached, as while recording.
            None stands for a bare address, whose name nobody knows.
    """

    def __init__(self, allows: Callable[[str | None], bool] = lambda _: False) -> None:
        self._allows = allows
        self.tried: list[NetworkBlockedError] = []

    def check(self, host: str) -> None:
        """
        Let a name be looked up or an address be connected to, or not.

        Raises:
            NetworkBlockedError: It may not.
        """
        if not (_is_here(host) or self._allows(None if _is_address(host) else host)):
            self._refuse(host)

    def _refuse(self, host: str) -> None:
        blocked = NetworkBlockedError(host)
        self.tried.append(blocked)
        raise blocked


@contextmanager
def blockaded(blockade: NetworkGuard) -> Generator[NetworkGuard]:
    """Hold a blockade for a while, in every thread. An inner one replaces an outer one."""
    _hook_in()
    outer, _Now.blockade = _Now.blockade, blockade
    try:
        yield blockade
    finally:
        _Now.blockade = outer


class _Now:
    blockade: NetworkGuard | None = None
    hooked: bool = False


def _hook_in() -> None:
    # An audit hook can never be taken away again; without a blockade ours does nothing.
    if not _Now.hooked:
        sys.addaudithook(_audit)
        _Now.hooked = True


def _audit(event: str, arguments: tuple[Any, ...]) -> None:  # pragma: no cover  (never traced)
    blockade = _Now.blockade
    if blockade is not None and (host := host_of(event, arguments)) is not None:
        blockade.check(host)


def host_of(event: str, arguments: tuple[Any, ...]) -> str | None:
    """Where an audit event leads to; None if it leads nowhere beyond this machine's own files."""
    if event not in _PLACES:
        return None
    place: Any = arguments[_PLACES[event]]
    if event in _ADDRESSED:
        # A socket of this machine has a path in place of a host and port.
        place = cast("Any", place[0]) if isinstance(place, tuple) and place else None
    if isinstance(place, bytes | bytearray):
        return bytes(place).decode(errors="replace")
    return place if isinstance(place, str) else None


_ADDRESSED: Final = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_PLACES: Final = {
    "socket.connect": 1,
    "socket.sendto": 1,
    "socket.sendmsg": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
    "socket.gethostbyaddr": 0,
}
"""Which argument of an event says where to."""


def _is_address(host: str) -> bool:
    try:
        _ = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _is_here(host: str) -> bool:
    """Tell whether it stays on this machine."""
    plain = host.lower().rstrip(".")
    if not plain or plain == "localhost" or plain.endswith(".localhost"):
        return True
    if not _is_address(plain):
        return False
    address = ipaddress.ip_address(plain.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback or address.is_unspecified
