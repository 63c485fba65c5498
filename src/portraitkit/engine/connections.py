"""Which HTTP client sends a request: one for each process, event loop and proxy."""

from __future__ import annotations

import math
import os
import threading
import time
from collections import deque
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
from .plain_clients import is_replaced
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
        place: Where all of its connections lead, as an origin; empty where something is between.
    """

    process: int
    is_offline: bool
    with_tls: bool
    proxy: Proxy | None
    idle_s: float
    place: str


class Several:
    """
    The clients of one kind: each is lent to a few at once, and then there is another.

    A pool looks through all its connections for each request, so that many small ones cost less
    than a large one.

    Args:
        make: Makes a client. It is lent to `at_once` of its own, or to one.
        idle_s: For how long one is kept that nobody uses.
    """

    def __init__(self, make: Callable[[], Any], idle_s: float) -> None:
        self._make = make
        self._idle_s = idle_s
        self._changing = threading.Lock()
        self.lent: Final[set[Lent]] = set()
        self._free: Final[deque[Lent]] = deque()
        """Those with room, whoever was used last at the end."""

    def lend(self) -> Lent:
        """Lend the one that was used last, as its connection is open; to be used by `with`."""
        with self._changing:
            lent = self._free[-1] if self._free else self._made()
            lent.users += 1
            if lent.users == lent.at_once:
                _ = self._free.pop()
        return lent

    def _made(self) -> Lent:
        lent = Lent(self._make(), self)
        self.lent.add(lent)
        self._free.append(lent)
        return lent

    def give_back(self, lent: Lent) -> None:
        """Take back what was lent."""
        with self._changing:
            lent.users -= 1
            lent.used_s = time.monotonic()
            if lent.users == lent.at_once - 1:
                self._free.append(lent)

    def idle(self, now_s: float) -> list[Any]:
        """Give up the clients that nobody used for long, to be closed."""
        found: list[Any] = []
        with self._changing:
            while self._free and self._free[0].is_idle(now_s - self._idle_s):
                lent = self._free.popleft()
                self.lent.discard(lent)
                found.append(lent.client)
        return found


class Lent:
    """A client, and how many use it: as many as are in its `with` block."""

    def __init__(self, client: Any, owner: Several) -> None:
        self.client: Final = client
        self.at_once: Final[int] = getattr(client, "at_once", 1)
        self.users = 0
        self.used_s = time.monotonic()
        self._owner = owner

    def is_idle(self, since_s: float) -> bool:
        """Whether nobody has used it since."""
        return not self.users and self.used_s <= since_s

    def __enter__(self) -> Any:
        return self.client

    def __exit__(self, *_: object) -> None:
        self._owner.give_back(self)


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
        self._swept_s: WeakKeyDictionary[Any, float] = WeakKeyDictionary()
        self._is_closed = False

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
            return Several(lambda: self._at_home(loop), math.inf)
        origin, is_offline = origin_of(url), any(_TAPES)
        if BARRIER.check and not (is_offline or rehearsal.current()):
            BARRIER.check(origin)
        made = self._made.setdefault(loop, {})
        is_watched = is_taped() or is_replaced()
        key = (os.getpid(), is_offline, is_watched, origin, repeatable)
        if key not in made:
            proxy = None if is_offline else proxy_for(url)
            is_direct = not (is_watched or proxy) and origin.startswith(("http://", "https://"))
            route = ConnectionKey(
                process=key[0],
                is_offline=is_offline,
                with_tls=not origin.startswith("http://"),
                proxy=proxy,
                idle_s=_READS_IDLE_S if repeatable else _IDLE_S,
                place=origin if is_direct else "",
            )
            if route not in made:
                _ = made.setdefault(route, Several(partial(self._made_for, route), route.idle_s))
            made[key] = made[route]
        found: Several = made[key]
        return found

    def idle(self, loop: Any) -> list[Any]:
        """Give up those that nobody used for long here, wherever they lead, to be closed here."""
        now_s = time.monotonic()
        if now_s < self._swept_s.setdefault(loop, now_s) + _IDLE_S:
            return []
        self._swept_s[loop] = now_s
        return [client for several in self._here(loop) for client in several.idle(now_s)]

    def _here(self, loop: Any) -> set[Several]:
        made = [*self._made.get(loop, {}).items()]
        return {several for key, several in made if key[0] == os.getpid()}

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
        here = self._here(loop)
        _ = self._made.pop(loop, None)
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


_IDLE_S: Final = 5.0
"""As httpx has it. A create on a connection that just ended has an unknown outcome."""
_READS_IDLE_S: Final = 55.0
"""Longer than any pacing, so that a wait connects once; servers often close after 60 or 75 s."""
_TAPES: Final[list[bool]] = []
