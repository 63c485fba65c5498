"""
A vendor's front door on a real socket, where every visit can be made to go wrong.

Behind it stands a simulator, which answers whatever reaches it. An act decides how one request and
its answer travel: whole, cut, late, or not at all.
"""

from __future__ import annotations

import enum
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from portraitkit.simulators.simulator import Simulator
from portraitkit.wire.steps import Request, Response

PATIENCE_S: Final = 10.0
"""How long anything here waits for the other side before the test itself is at fault."""
KEY_FILE: Final = Path(__file__).parents[1] / "data" / "another-name-test-key.pem"
OTHER_NAME: Final = "another.example"


class End(enum.Enum):
    """What becomes of the connection after an act."""

    KEEP = enum.auto()
    CLOSE = enum.auto()
    RESET = enum.auto()
    STALL = enum.auto()


class Visit:
    """One request on one connection, in the front's own thread."""

    def __init__(self, connection: Any, origin: str) -> None:
        self._connection = connection
        self._origin = origin

    def comes(self) -> bool:
        """Wait for the first byte, and leave it unread."""
        return bool(self._connection.recv(1, socket.MSG_PEEK))

    def take(self, size: int) -> bytes:
        """Read a part of the request."""
        return self._connection.recv(size)

    def read(self) -> Request:
        """Read the whole request."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._more()
        head, _, content = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): text for name, _, text in (line.partition(": ") for line in lines)}
        while len(content) < int(headers.get("content-length", "0")):
            content += self._more()
        method, target, _ = first.split(" ")
        path, _, query = target.partition("?")
        return Request(
            method=method,
            url=self._origin + path,
            query=tuple(parse_qsl(query, keep_blank_values=True)),
            headers=headers,
            content=content,
        )

    def write(self, content: bytes) -> None:
        """Send bytes."""
        self._connection.sendall(content)

    def end(self, how: End) -> None:
        """Leave the connection as the act says."""
        if how is End.STALL:
            with suppress(OSError):
                while self._connection.recv(65536):
                    pass
        if how is End.RESET:
            linger = struct.pack("ii", 1, 0)
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        if how is not End.KEEP:
            self._connection.close()

    def _more(self) -> bytes:
        if not (chunk := self._connection.recv(262_144)):
            raise ConnectionResetError("the client left")
        return chunk


Act = Callable[["Front", Visit], End]


def healthy(front: Front, visit: Visit) -> End:
    """Let a request through, and its answer back."""
    visit.write(bytes_of(front.answer(visit.read())))
    return End.KEEP


def bytes_of(response: Response, **framing: str) -> bytes:
    """An answer as it travels; *framing* replaces its headers."""
    own = {"content-length": str(len(response.content))}
    if "transfer_encoding" in framing:
        own = {}
    headers = {name.lower(): text for name, text in response.headers.items()}
    headers |= own | {name.replace("_", "-"): text for name, text in framing.items()}
    lines = [f"HTTP/1.1 {response.status} Answer", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + response.content


class Front:
    """
    Listens on a loopback port and lets an act handle each visit.

    Attributes:
        simulator: Who answers behind it.
        act: What happens to the next visit.
        visited: How many visits the client says it made.
        handled: How many have been handled.
        elsewhere: Another host, where redirects lead to.
        seen: The requests that were read.
        failures: What went wrong here, and not in what is tested.
    """

    def __init__(self, *, narrow: bool = False) -> None:
        self._listener = socket.socket()
        if narrow:
            # A large body is then still on its way when the connection ends.
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.elsewhere = ""
        self.simulator: Any = None
        self.act: Act = healthy
        self.visited = self.handled = 0
        self.seen: list[Request] = []
        self.failures: list[BaseException] = []
        self._changed = threading.Condition()
        self._answering = threading.Lock()

    @contextmanager
    def running(self) -> Iterator[Front]:
        """Serve until the block ends."""
        threading.Thread(target=self._listen, daemon=True).start()
        try:
            yield self
        finally:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()

    def answer(self, request: Request) -> Response:
        """Let the simulator answer: from here on, the vendor has acted."""
        self.seen.append(request)
        simulator: Simulator = self.simulator
        with self._answering:
            return simulator.handle(request)

    def visit(self, visit: Visit) -> End:
        """Let the act handle a visit; what goes wrong here is told at the end of the cell."""
        try:
            how = self.act(self, visit)
        except (ConnectionError, TimeoutError):
            how = End.CLOSE  # the client had enough, as it may
        except OSError:
            raise
        except BaseException as failure:  # noqa: BLE001  (told at the end of the cell)
            self.failures.append(failure)
            how = End.CLOSE
        with self._changed:
            self.handled += 1
            self._changed.notify_all()
        return how

    def settle(self) -> None:
        """Wait until all visits have been handled, in case the client left before the end."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.handled >= self.visited, PATIENCE_S):
                text = f"{self.visited} visits were made, and {self.handled} handled"
                self.failures.append(AssertionError(text))
                self.visited = self.handled  # one visit that was lost must not delay all others

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        visit, is_new = Visit(connection, self.url), True
        with connection:
            while True:
                try:
                    if not visit.comes() and not is_new:
                        return
                    how = self.visit(visit)  # a busy machine's client may leave before a word
                except ConnectionError:
                    how = self.visit(visit)
                except OSError:
                    return
                is_new = False
                visit.end(how)
                if how is not End.KEEP:
                    return


class Masked:
    """A TLS server under another name. What is said to it in confidence is kept in `heard`."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(KEY_FILE)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}"

    @contextmanager
    def running(self) -> Iterator[Masked]:
        """Serve until the block ends."""
        threading.Thread(target=self._listen, daemon=True).start()
        try:
            yield self
        finally:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(PATIENCE_S)
            with suppress(OSError), self._context.wrap_socket(connection, server_side=True) as safe:
                if words := safe.recv(65536):
                    self.heard.append(words)


def trusting() -> ssl.SSLContext:
    """Trust the test certificate: nothing but the name is wrong with it then."""
    return ssl.create_default_context(cafile=str(KEY_FILE))


@contextmanager
def dead_url() -> Iterator[str]:
    """An address where connections are refused: bound, so nobody else takes it, and not heard."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{holder.getsockname()[1]}"


@contextmanager
def deaf_url() -> Iterator[str]:
    """An address where connections are neither taken nor refused: its queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            with suppress(BlockingIOError):
                each.connect(address)
        until_s = time.monotonic() + PATIENCE_S
        while _is_taken(address) and time.monotonic() < until_s:
            waiting.append(socket.create_connection(address))
        yield f"http://127.0.0.1:{address[1]}"
        for each in waiting:
            each.close()


def _is_taken(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, timeout=0.02).close()
    except TimeoutError:
        return False
    return True


def path_of(request: Request) -> str:
    """A request's path."""
    return urlsplit(request.url).path
