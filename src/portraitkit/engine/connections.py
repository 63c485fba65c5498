"""Which HTTP client sends a request: one for each process, event loop and proxy."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary, ref

from .. import rehearsal
from ..values.errors import PortraitError
from ..values.origins import origin_of
from .barrier import BARRIER
from .bounds import bound, pools_of
from .proxies import Proxy, proxy_for


class ConnectionKey(NamedTuple):
    """
    How an address is reached.

    Attributes:
        process: Which process it is reached from.
        is_offline: Nothing is sent in truth, so that neither proxy nor certificate matters.
        with_tls: Whether the address itself asks for TLS.
        proxy: What is between.
        idle_s: For how long a connection is kept that nobody uses.
    """

    process: int
    is_offline: bool
    with_tls: bool
    proxy: Proxy | None
    idle_s: float


class Lent:
    """A client, and how many use it: as many as are in its `with` block."""

    def __init__(self, client: Any, count: threading.Lock) -> None:
        self.client: Final = client
        self.users = 0
        self._count = count

    def __enter__(self) -> Any:
        return self.client

    def __exit__(self, *_: object) -> None:
        with self._count:
            self.users -= 1


class Several:
    """
    The clients of one kind: each is lent to a few at once, and then there is another.

    A pool looks through all its connections for each request, so that many small ones cost less
    than a large one.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._count = threading.Lock()
        self.lent: Final = [Lent(make(), self._count)]

    def lend(self) -> Lent:
        """Lend the first that has room, as its connections are open; to be used by `with`."""
        with self._count:
            lent = next((each for each in self.lent if each.users < _AT_ONCE), None)
            if lent is None:
                lent = Lent(self._make(), self._count)
                self.lent.append(lent)
            lent.users += 1
        return lent


class Clients:
    """
    The HTTP clients of a transport: the one handed in, or its own.

    A connection serves only the process and the loop that opened it: elsewhere a request may be
    sent on it, and its answer be lost.
    """

    def __init__(self, make: Callable[[ConnectionKey], Any], given: Any) -> None:
        self._make = make
        self._given = given
        bound(given)
        self._home: tuple[int, ref[Any]] | None = None
        self._made: WeakKeyDictionary[Any, dict[Any, Any]] = WeakKeyDictionary()
        self._is_closed = False

    def of(self, url: str, loop: Any) -> Any:
        """The client that is lent first to send to *url* with, here. Raises what `several` does."""
        return self.several(url, loop).lent[0].client

    def several(self, url: str, loop: Any, *, repeatable: bool = False) -> Several:
        """
        The clients to send to *url* with, here.

        Args:
            url: Where a request is sent.
            loop: What the connections belong to.
            repeatable: The request may be sent again, so that its connection may be an old one,
                which the other side may be about to close. Others have fresher ones of their own.

        Raises:
            PortraitError: There is none, and nothing was sent.
            ConfigError: The environment names a proxy or certificates that cannot be used.
        """
        if self._is_closed or getattr(self._given, "is_closed", False):
            raise PortraitError(
                "this client was closed, and sends nothing any more",
                next_step="open another one, and use it inside of its `with` block",
            )
        if self._given is not None:
            return Several(lambda: self._at_home(loop))
        if BARRIER.check and not (any(_TAPES) or rehearsal.current()):
            BARRIER.check(origin_of(url))
        made = self._made.setdefault(loop, {})
        key = (os.getpid(), any(_TAPES), origin_of(url), repeatable)
        if key not in made:
            proxy = None if key[1] else proxy_for(url)
            idle_s = _READS_IDLE_S if repeatable else _IDLE_S
            route = ConnectionKey(key[0], key[1], not key[2].startswith("http://"), proxy, idle_s)
            if route not in made:
                _ = made.setdefault(route, Several(partial(self._made_for, route)))
            made[key] = made[route]
        found: Several = made[key]
        return found

    def _made_for(self, route: ConnectionKey) -> Any:
        client = self._make(route)
        bound(client)
        return client

    def _at_home(self, loop: Any) -> Any:
        """Refuse to use connections of another process or loop."""
        here = (os.getpid(), ref(loop))
        if self._home not in (None, here) and any(
            each.connections for each in pools_of(self._given)
        ):
            raise PortraitError(
                "the http_client has connections of another event loop or process",
                next_step="make a client for each event loop and each process",
            )
        self._home = here
        return self._given

    def give_up(self, loop: Any) -> set[Any]:
        """Give no client any more; return those to close here."""
        self._is_closed = True
        made = self._made.pop(loop, {})
        here = [several for key, several in made.items() if key[0] == os.getpid()]
        return {each.client for several in here for each in several.lent}


@contextmanager
def taped(*, offline: bool) -> Generator[None]:
    """
    Tell the process that a tape is below httpx, which then carries all there is.

    Args:
        offline: Recorded answers are played, so that the network does not matter.
    """
    _TAPES.append(offline)
    try:
        yield
    finally:
        _ = _TAPES.pop()


def is_taped() -> bool:
    """Tell whether a tape plays or records."""
    return bool(_TAPES)


_AT_ONCE: Final = 8
_IDLE_S: Final = 5.0
"""As httpx has it. A create on a connection that just ended has an unknown outcome."""
_READS_IDLE_S: Final = 55.0
"""Longer than any pacing, so that a wait connects once; servers often close after 60 or 75 s."""
_TAPES: Final[list[bool]] = []
