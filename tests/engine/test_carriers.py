"""What carries a request: httpcore, httpx or aiohttp, a fresh connection or one kept for long."""

from __future__ import annotations

import sys
from contextlib import ExitStack, nullcontext
from functools import wraps
from types import SimpleNamespace

import aiohttp
import anyio
import httpcore
import httpx
import pytest
from attrs import evolve

import portraitkit as pk
from peers import http
from portraitkit.engine import connections
from portraitkit.engine.aiohttp_client import AiohttpClient
from portraitkit.engine.connections import Clients, Several, taped
from portraitkit.engine.transport import AsyncHttpxTransport, HttpxTransport
from portraitkit.engine.transport_errors import fault_of
from portraitkit.providers.registry import provider_class, provider_names
from portraitkit.values.remarks import Outcome
from portraitkit.wire.partial_file import PartialFile
from portraitkit.wire.steps import Request

PLACE = aiohttp.client_reqrep.ConnectionKey("vendor.example", 443, True, True, None, None, None)
REFUSED = ConnectionRefusedError(111, "Connection refused")


def seen_by(loop, *, repeatable):
    """How long such a request's connection is kept idle, by who would make it."""
    routes = []
    clients = Clients(lambda route: routes.append(route) or object(), None)
    _ = clients.several("https://vendor.example", loop, repeatable=repeatable).lend()
    return routes[0].idle_s


class Loop:
    """Stands for an event loop."""


def test_a_read_finds_its_connection_open_whatever_the_pacing():
    """A wait connects once; TLS costs more than the question."""
    pauses = [
        pause
        for name in provider_names()
        for pacing in provider_class(name).default_pacing.values()
        for pause in (pacing.first_s, pacing.step_s)
    ]

    assert max(pauses) < seen_by(Loop(), repeatable=True) < 60


def test_a_create_takes_no_connection_that_was_idle_for_long():
    """The other side may be closing it, and whether the create arrived would be unknown."""
    assert 5 == seen_by(Loop(), repeatable=False)


class Kept:
    """Stands for a client."""


def test_what_was_used_last_is_used_again_and_what_nobody_uses_is_closed(monkeypatch):
    """A burst leaves no connections behind it for ever, and the one that is in use stays."""
    now_s = [0.0]
    monkeypatch.setattr(connections, "time", SimpleNamespace(monotonic=lambda: now_s[0]))
    several = Several(Kept, idle_s=5)
    with ExitStack() as burst:
        used = [burst.enter_context(several.lend()) for _ in range(3)]
    assert 3 == len(set(used))
    for now_s[0] in range(7):
        with several.lend() as client:
            assert used[0] is client, "given back last"

    assert [used[2], used[1]] == [*several.idle(now_s[0])]


def test_a_place_that_was_asked_once_is_left(monkeypatch):
    """Links lead to many hosts: whichever is asked next, the connections to the others end."""
    now_s, loop = [0.0], Loop()
    monkeypatch.setattr(connections, "time", SimpleNamespace(monotonic=lambda: now_s[0]))
    clients, used = Clients(lambda _: Kept(), None), []
    for host in "ab":
        with clients.several(f"https://{host}.example", loop).lend() as client:
            used.append(client)
    assert [] == clients.idle(loop)
    now_s[0] = 6.0

    assert {*used} == {*clients.idle(loop)}
    assert set() == clients.give_up(loop)


def sent_twice(driver, request, *, is_given=False, between=lambda: None):
    """What comes back from one transport, its own client or one that it was given."""
    if driver == "blocking":
        with httpx.Client(trust_env=False) as client:
            transport = HttpxTransport(client if is_given else None)
            found = [transport.send(request), between(), transport.send(request)]
            transport.close()
        return [found[0], found[2]]

    async def run():
        async with httpx.AsyncClient(trust_env=False) as client:
            over = "aiohttp" if driver == "aiohttp" else "httpx"
            transport = AsyncHttpxTransport(client if is_given else None, over=over)
            found = [await transport.send(request), between(), await transport.send(request)]
            await transport.close()
        return [found[0], found[2]]

    return anyio.run(run, backend="asyncio" if driver == "aiohttp" else driver)


each_driver = pytest.mark.parametrize("driver", ["blocking", "asyncio", "trio", "aiohttp"])


@each_driver
@pytest.mark.parametrize("over", [None, httpx, httpcore])
def test_whoever_takes_the_place_of_the_way_to_the_network_sees_every_request(
    over, driver, raw_server, monkeypatch
):
    """Recorders, stand-ins and tracers put themselves there, also while a client is in use."""
    server, seen = raw_server(*[http(b"{}")] * 2), []
    prefix, name = "Async", "handle_async_request"
    if driver == "blocking":
        prefix, name = "", "handle_request"
    kind = f"{prefix}{'HTTPTransport' if over is httpx else 'ConnectionPool'}"

    def watch():
        if over:
            way = getattr(cls := getattr(over, kind), name)
            seeing = wraps(way)(lambda *args: seen.append(1) or way(*args))
            monkeypatch.setattr(cls, name, seeing)

    _ = sent_twice(driver, Request(method="GET", url=f"{server.url}/v1"), between=watch)

    assert (1 if over and driver != "aiohttp" else 0) == len(seen)


@each_driver
@pytest.mark.parametrize("is_given", [False, True], ids=["its own", "given"])
@pytest.mark.parametrize("more", [b"", http({"id": "one"}), b"\r\n", b"HTTP"])
def test_what_comes_unasked_answers_nothing(more, is_given, driver, raw_server):
    """A gateway that repeats an answer would give a create the id of the one before."""
    kept = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"

    def serve(server, peer):
        while asked := peer.read():
            server.seen.append(asked)
            peer.write(kept + (b'"one"' + more if len(server.seen) == 1 else b'"two"'))

    server = raw_server(serve, serve)
    request = Request(method="POST", url=f"{server.url}/v1", content=b"{}")

    found = sent_twice(driver, request, is_given=is_given)

    assert [b'"one"', b'"two"'] == [each.content for each in found]
    assert 2 == len(server.seen)


def carried(request, monkeypatch, *, over="aiohttp", backend="asyncio"):
    """How many of two requests go over aiohttp."""
    sent, send = [], AiohttpClient.stream
    monkeypatch.setattr(
        AiohttpClient, "stream", lambda self, **asked: sent.append(1) or send(self, **asked)
    )

    async def run():
        transport = AsyncHttpxTransport(over=over)
        for _ in range(2):
            _ = await transport.send(request)
        await transport.close()

    anyio.run(run, backend=backend)
    return len(sent)


@pytest.fixture
def ask(raw_server):
    server = raw_server(*[http(b"\x00\x00\x00\x18ftypisom" + bytes(99))] * 2)
    return Request(method="POST", url=f"{server.url}/v1", content=b"{}")


def test_api_calls_go_over_aiohttp(ask, monkeypatch):
    """Where the profile says so."""
    assert 2 == carried(ask, monkeypatch)


@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
@pytest.mark.parametrize("kind", ["setting", "trio", "body", "file", "tape", "proxy"])
def test_httpx_carries_all_others(kind, ask, monkeypatch, tmp_path):
    """Files both ways, what a proxy carries, other loops than asyncio's, and what is recorded."""
    options = {"setting": {"over": "httpx"}, "trio": {"backend": "trio"}}.get(kind, {})
    if kind == "body":
        ask = evolve(ask, content=bytes(100_000))
    if kind == "file":
        ask = evolve(ask, method="GET", save_to=PartialFile(tmp_path / "mia.mp4"))
    if kind == "proxy":
        monkeypatch.setenv("HTTP_PROXY", ask.origin)
        ask = evolve(ask, url="http://vendor.example/v1")
    with taped(offline=False) if kind == "tape" else nullcontext():
        assert 0 == carried(ask, monkeypatch, **options)


@pytest.mark.parametrize(
    ("error", "outcome", "reason"),
    [
        (aiohttp.ServerDisconnectedError(), Outcome.UNKNOWN, "connection ended without a"),
        (aiohttp.ClientOSError(104, "reset by peer"), Outcome.UNKNOWN, "connection lost while"),
        (aiohttp.ClientPayloadError(), Outcome.UNKNOWN, "connection lost while"),
        (aiohttp.SocketTimeoutError(), Outcome.UNKNOWN, "timeout while receiving"),
        (aiohttp.ClientConnectorError(PLACE, REFUSED), Outcome.NOT_SENT, "cannot connect"),
        (aiohttp.ClientProxyConnectionError(PLACE, REFUSED), Outcome.NOT_SENT, "the proxy refused"),
        (aiohttp.ConnectionTimeoutError(), Outcome.NOT_SENT, "timeout while connecting"),
    ],
)
def test_what_aiohttp_said_counts_whatever_a_transport_makes_of_it(error, outcome, reason):
    """httpx-aiohttp 0.2 takes a reset for a ConnectTimeout: a create would be sent again."""
    made_of_it = httpx.ConnectTimeout("")
    made_of_it.__cause__ = error
    fault = fault_of(made_of_it)

    assert outcome is fault.outcome
    assert fault.reason.startswith(reason)


@pytest.mark.parametrize("name", ["aiohttp", "httpx"])
def test_a_profile_names_its_transport(name):
    """One word, for asynchronous clients."""
    client = pk.connect_async("alltoken", api_key="sk-1", settings={"transport": name})

    assert (name == "aiohttp") is (client._transport._fast is not None)


def test_a_transport_that_nobody_has_is_refused():
    """And the two that there are are named."""
    with pytest.raises(pk.ConfigError, match="has to be 'aiohttp' or 'httpx'") as caught:
        _ = pk.connect_async("alltoken", api_key="sk-1", settings={"transport": "curl"})

    assert "transport" == caught.value.field


def test_a_missing_extra_names_the_pip_command(monkeypatch):
    """Before anything is sent."""
    monkeypatch.delitem(sys.modules, "portraitkit.engine.aiohttp_client")
    monkeypatch.setitem(sys.modules, "aiohttp", None)

    with pytest.raises(pk.ConfigError) as caught:
        _ = AsyncHttpxTransport(over="aiohttp")

    assert "pip install 'portraitkit[aiohttp]'" == caught.value.next_step
