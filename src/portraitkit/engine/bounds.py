"""
What the HTTP library has no place for, put below it: a limit on a whole exchange, and on where to.

The library limits only each wait for a byte. A server that sends one, or a provisional answer, now
and then would be waited for for ever. Here every read and write is given what is left of the whole.

A request that is `public_only` is connected to the very address that was found to be public: a name
that is looked up twice may lead elsewhere the second time. Through a proxy the proxy looks it up.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any, Final, TypeVar

import anyio
import anyio.to_thread

from ..values.addresses import public_addresses
from ..values.remarks import Outcome
from .response_body import UNDER_WAY, TransportError
from .transport_errors import why

T = TypeVar("T")


def bound(client: Any) -> None:
    """Let a client's connections keep to the limits of our exchanges, and of no others."""
    kind = Bounded if hasattr(client, "close") else Directed
    for pool in pools_of(client):
        inner = getattr(pool, "_network_backend", None)
        if inner is not None and not isinstance(inner, Bounded | Directed):
            is_direct = not hasattr(pool, "_proxy_url")
            pool._network_backend = kind(inner, is_direct=is_direct)  # noqa: SLF001  (no other way in)


def pools_of(client: Any) -> list[Any]:
    """The connection pools of a client, where it has any: stand-ins for the network have none."""
    inside = [getattr(client, "_transport", None), *getattr(client, "_mounts", {}).values()]
    pools = [getattr(each, "_pool", None) for each in inside]
    return [each for each in pools if hasattr(each, "connections")]


def unasked_in(client: Any) -> list[Any]:
    """The idle connections of a client's pools that hold what nobody asked for: to be closed."""
    connections = [each for pool in pools_of(client) for each in pool.connections]
    return [each for each in connections if each.is_idle() and holds_unasked(each)]


def holds_unasked(connection: Any) -> bool:
    """
    Whether more came than was asked for, which would be taken for the answer to what is asked next.

    A gateway that repeats an answer does that; a create would get the id of another one.
    """
    while (inner := getattr(connection, "_connection", None)) is not None:
        connection = inner  # within a tunnel
    state = getattr(connection, "_h11_state", None)
    return state is not None and bool(state.trailing_data[0])


class Bounded:
    """A connection, or what makes connections, whose every step is given what time is left."""

    def __init__(self, inner: Any, *, is_direct: bool = True) -> None:
        self._inner = inner
        self._is_direct = is_direct

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, **options: Any
    ) -> Bounded:
        """Connect. Looking up the name, and trying each of its addresses, are in the limit."""
        left_s = _left_s(timeout, Outcome.NOT_SENT)

        is_checked = self._is_direct and _is_public_only()

        def connect() -> Bounded:
            addresses = _looked_up(host, port) if is_checked else [host]
            for number, each in enumerate(addresses, 1):
                try:
                    made = self._inner.connect_tcp(each, port, timeout=left_s, **options)
                except Exception:
                    if number == len(addresses):
                        raise
                else:
                    return Bounded(made)
            raise AssertionError

        return connect() if left_s is None else _within(left_s, connect)

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> Bounded:
        """Begin TLS."""
        left_s = _left_s(timeout, Outcome.NOT_SENT)
        return Bounded(self._inner.start_tls(ssl_context, server_hostname, left_s))

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there."""
        content: bytes = self._inner.read(max_bytes, _left_s(timeout))
        return content

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write it all, piece by piece: a peer may take it in slowly."""
        for start in range(0, len(buffer), _PIECE_BYTES):
            self._inner.write(buffer[start : start + _PIECE_BYTES], _left_s(timeout))


class Directed:
    """What makes connections of an event loop, to addresses that may be connected to."""

    def __init__(self, inner: Any, *, is_direct: bool = True) -> None:
        self._inner = inner
        self._is_direct = is_direct

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  (the library's own)
        **options: Any,
    ) -> Any:
        """Connect."""
        addresses = [host]
        if self._is_direct and _is_public_only():
            with anyio.move_on_after(timeout) as limit:
                addresses = await anyio.to_thread.run_sync(
                    _looked_up, host, port, abandon_on_cancel=True
                )
            if limit.cancelled_caught:
                raise TransportError(Outcome.NOT_SENT, "timeout while connecting")
        for number, each in enumerate(addresses, 1):
            try:
                return await self._inner.connect_tcp(each, port, timeout=timeout, **options)
            except Exception:
                if number == len(addresses):
                    raise
        raise AssertionError


def _is_public_only() -> bool:
    body = UNDER_WAY.get()
    return body is not None and body.request.public_only


def _looked_up(host: str, port: int) -> list[str]:
    try:
        return public_addresses(host, port)
    except OSError as error:
        raise TransportError(Outcome.NOT_SENT, f"cannot connect: {why(error)}") from None


def _left_s(timeout: float | None, outcome: Outcome = Outcome.UNKNOWN) -> float | None:
    body = UNDER_WAY.get()
    if body is None:
        return timeout
    left_s = body.left_s
    if left_s <= 0:
        raise body.too_late(outcome)
    return left_s if timeout is None else min(timeout, left_s)


def _within(limit_s: float, call: Callable[[], T]) -> T:
    """Call it in a thread, as nothing else ends the system's search for a name."""
    done: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            done.put((call(), None))
        except BaseException as error:  # noqa: BLE001  (raised where it is waited for)
            done.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        made, error = done.get(timeout=limit_s)
    except queue.Empty:
        raise TransportError(Outcome.NOT_SENT, "timeout while connecting") from None
    if error is not None:
        raise error
    return made  # type: ignore[return-value]  # (one of the two is there)


_PIECE_BYTES: Final = 65536
