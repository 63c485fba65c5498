"""Fixtures for what does I/O: a scripted transport, and a server that plays bytes on a socket."""

from __future__ import annotations

import inspect
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack

import anyio
import anyio.lowlevel
import pytest

from peers import RawServer
from portraitkit.engine.transport import AsyncHttpxTransport, HttpxTransport
from portraitkit.providers.alltoken import AllToken
from portraitkit.simulators.alltoken import AllTokenSimulator
from portraitkit.simulators.state import SimAccount
from portraitkit.testing import VirtualTime, simulated, simulated_async
from portraitkit.values.secret import Secret
from portraitkit.wire.steps import Budget

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
            over = "aiohttp" if driver == "aiohttp" else "httpx"
            transport = AsyncHttpxTransport(client, timeouts, over=over)
            try:
                return await transport.send(request)
            finally:
                await transport.close()

        return anyio.run(run, backend="asyncio" if driver == "aiohttp" else driver)

    return transmit


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


@pytest.fixture
def held(driver):
    """Use any client as if it were blocking."""
    return lambda client: Hand(driver, client)
