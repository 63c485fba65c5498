"""Fixtures for what does I/O: a scripted transport, and a server that plays bytes on a socket."""

from __future__ import annotations

import inspect
import json
import socket
import struct
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager

import anyio
import anyio.lowlevel
import pytest

from portraitkit.driver import Budget
from portraitkit.providers.alltoken import AllToken
from portraitkit.secret import Secret
from portraitkit.simulators.alltoken import AllTokenSimulator
from portraitkit.simulators.state import SimAccount
from portraitkit.testing import VirtualTime, simulated, simulated_async
from portraitkit.transport import AsyncHttpxTransport, HttpxTransport

KEY = "sk-not-a-real-key-0123456789"


@pytest.fixture
def provider():
    return AllToken(api_key=Secret(KEY))


@pytest.fixture
def simulator():
    """AllToken with one account, on virtual time."""
    made = AllTokenSimulator()
    _ = made.add_account(SimAccount(name="main", api_key=KEY))
    return made


# -- a transport that follows a script -------------------------------------------------------------


class Script:
    """
    Plays answers and faults in order, and keeps what was sent.

    A callable is given the request and returns the answer. The last entry repeats if it is in
    *always*.
    """

    def __init__(self, play, driver, provider, answers, options):
        self.sent = []
        self.times_s = []
        self.closed = 0
        self.time = VirtualTime()
        self._answers = list(answers)
        self._driver = driver
        self._play = play
        self._provider = provider
        self._options = {"clock": self.time.clock, "budget": Budget(), **options}

    def run(self, story):
        """Run a story, which makes a flow of a provider."""
        transport = self if self._driver == "blocking" else _Awaited(self)
        return self._play(self._provider, story, transport=transport, **self._options)

    def send(self, request):
        self.sent.append(request)
        self.times_s.append(self.time.monotonic())
        assert self._answers, f"nothing is left to answer {request!r} with"
        given = self._answers.pop(0)
        if callable(given):
            given = given(request)
        if isinstance(given, BaseException):
            raise given
        return given

    def close(self):
        self.closed += 1

    @property
    def left(self):
        """How many answers were never asked for."""
        return len(self._answers)


class _Awaited:
    def __init__(self, script):
        self._script = script

    async def send(self, request):
        await anyio.lowlevel.checkpoint()
        return self._script.send(request)

    async def close(self):
        self._script.close()


@pytest.fixture
def script(play, driver, provider):
    """Make a script for one of the three drivers."""

    def make(*answers, provider=provider, **options):
        return Script(play, driver, provider, answers, options)

    return make


# -- a server that plays bytes ---------------------------------------------------------------------


class Peer:
    """One accepted connection, in the server's thread."""

    def __init__(self, connection):
        self.connection = connection

    def read(self):
        """Read one whole request."""
        data = b""
        while b"\r\n\r\n" not in data:
            if not (chunk := self.connection.recv(65536)):
                return data
            data += chunk
        head, _, body = data.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        while len(body) < length:
            body += self.connection.recv(65536)
        return head + b"\r\n\r\n" + body

    def write(self, content):
        self.connection.sendall(content)

    def reset(self):
        """End the connection at once, without a goodbye."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


class RawServer:
    """
    Plays one act for each connection: bytes to answer with, or what to do with a `Peer`.

    Attributes:
        seen: The requests that arrived, as bytes.
    """

    def __init__(self, acts):
        self.seen = []
        self.url = ""
        self.failures = []
        self.release = threading.Event()
        self._acts = list(acts)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.02)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @contextmanager
    def running(self):
        self._thread.start()
        try:
            yield self
        finally:
            self._stopping.set()
            self.release.set()
            self._thread.join(30)
            self._listener.close()
        assert not self.failures, self.failures

    def _serve(self):
        for act in self._acts:
            while True:
                try:
                    connection, _ = self._listener.accept()
                    break
                except TimeoutError:
                    if self._stopping.is_set():
                        return
            connection.settimeout(30)
            with connection:
                try:
                    self._perform(act, Peer(connection))
                except (BrokenPipeError, ConnectionResetError):
                    continue  # the client had enough, as it may
                except Exception as failure:  # noqa: BLE001  (told when the server stops)
                    self.failures.append(failure)

    def _perform(self, act, peer):
        if callable(act):
            act(self, peer)
            return
        if request := peer.read():
            self.seen.append(request)
            peer.write(act)


@pytest.fixture
def raw_server() -> Iterator[Callable[..., RawServer]]:
    """Start a server that plays acts, one for each connection."""
    with ExitStack() as stack:
        yield lambda *acts: stack.enter_context(RawServer(acts).running())


@pytest.fixture
def free_url():
    """The address of a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    """No test sees the proxies of whoever runs it."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def transmit(driver):
    """Send one request through the real transport of one of the three drivers."""

    def transmit(request, *, client=None, timeouts=None):
        if driver == "blocking":
            transport = HttpxTransport(client, timeouts)
            try:
                return transport.send(request)
            finally:
                transport.close()

        async def run():
            transport = AsyncHttpxTransport(client, timeouts)
            try:
                return await transport.send(request)
            finally:
                await transport.close()

        return anyio.run(run, backend=driver)

    return transmit


def http(body=b"", status="200 OK", **headers):
    """An HTTP answer as bytes; JSON from an object. The connection is closed after it."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    names = {name.replace("_", "-"): text for name, text in headers.items()}
    lines = [f"HTTP/1.1 {status}", "Connection: close"]
    lines += [f"{name}: {text}" for name, text in names.items() if text is not None]
    if "Content-Length" not in names and "Transfer-Encoding" not in names:
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


@pytest.fixture(name="http")
def http_fixture():
    return http


# -- clients at a simulator ------------------------------------------------------------------------


class Hand:
    """A client of either kind, used as if it were blocking; lists are collected."""

    def __init__(self, driver, client):
        self.client = client
        self._driver = driver

    def __getattr__(self, name):
        operation = getattr(self.client, name)

        def blocking(*args, **options):
            result = operation(*args, **options)
            return list(result) if isinstance(result, Iterator) else result

        def awaited(*args, **options):
            async def run():
                result = operation(*args, **options)
                if isinstance(result, AsyncIterator):
                    return [each async for each in result]
                return (await result) if inspect.isawaitable(result) else result

            return anyio.run(run, backend=self._driver)

        return blocking if self._driver == "blocking" else awaited


@pytest.fixture
def hand(driver, provider, simulator):
    """A client at the AllToken simulator, for each of the three drivers."""
    make = simulated if driver == "blocking" else simulated_async
    return Hand(driver, make(provider, simulator))
