"""Whatever leaves a call, an interrupt too: its frames hold no key, link or token."""

from __future__ import annotations

import asyncio
import traceback
from pathlib import Path

import httpx
import pytest

import portraitkit as pk
from portraitkit.client.client import AsyncClient, Client
from portraitkit.providers.alltoken import AllToken
from portraitkit.values.errors import without_frames
from portraitkit.values.secret import Secret

KEY = "sk-not-a-real-key-0123456789"
TOKEN = "58799c71cfdba954f7f3b1b6780eca93"
SIGNED = f"https://cdn.example/mia.jpg?X-Amz-Signature={TOKEN}"
OURS = str(Path(__file__).parents[1])
"""Frames of the tests are an application's: what it names is its own affair."""
GROUP = "group-20260318035710-abcde"


def shown(error):
    """All that a tool can print of an error: texts, and local variables to some depth."""
    waiting, seen = [error], []
    while waiting:
        each = waiting.pop()
        if each is None or any(each is other for other in seen):
            continue
        seen.append(each)
        waiting += [each.__cause__, each.__context__, *getattr(each, "exceptions", ())]
        yield f"{each} {each!r} {vars(each)!r}"
        for frame, _ in traceback.walk_tb(each.__traceback__):
            if not frame.f_code.co_filename.startswith(OURS):
                for value in frame.f_locals.values():
                    yield from _inside(value, 4)


def _inside(value, depth):
    yield repr(value)
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if depth and isinstance(value, list | tuple | set):
        for each in value:
            yield from _inside(each, depth - 1)


def check(error):
    texts = "\n".join(shown(error))
    assert [] == [secret for secret in (KEY, TOKEN) if secret in texts]


def _raising(error):
    def hook(request):
        raise error

    return hook


@pytest.mark.parametrize("where", ["request", "transport"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_shows_nothing(held, driver, where, error):
    """Ctrl-C in the middle of a request, which signs an address and holds the key."""
    kind, client_kind = (
        (Client, httpx.Client) if driver == "blocking" else (AsyncClient, httpx.AsyncClient)
    )

    async def hook(request):
        raise error

    hooks = {"request": [_raising(error()) if driver == "blocking" else hook]}
    handler = _raising(error()) if where == "transport" else lambda _: httpx.Response(200)
    options = {"event_hooks": hooks} if where == "request" else {}
    http_client = client_kind(transport=httpx.MockTransport(handler), **options)
    client = held(kind(AllToken(api_key=Secret(KEY)), http_client=http_client))

    with pytest.raises(error) as caught:
        client.add_asset(GROUP, SIGNED)

    check(caught.value)


def test_an_interrupt_on_the_socket_shows_nothing(raw_server, monkeypatch):
    """Below the HTTP library lie the bytes themselves."""

    def interrupted(self, buffer, timeout=None):
        raise KeyboardInterrupt

    monkeypatch.setattr("portraitkit.engine.bounds.Bounded.write", interrupted)
    server = raw_server(lambda server, peer: peer.read())
    client = Client(AllToken(api_key=Secret(KEY), base_url=server.url))

    with pytest.raises(KeyboardInterrupt) as caught:
        client.add_asset(GROUP, SIGNED)
    client.close()

    check(caught.value)
    assert any(
        frame.name == "interrupted" for frame in traceback.extract_tb(caught.value.__traceback__)
    )


def test_a_timeout_of_the_callers_shows_nothing(raw_server):
    """`asyncio.timeout` keeps the cancellation as its cause."""

    def silent(server, peer):
        server.seen.append(peer.read())
        server.release.wait(5)

    server = raw_server(silent)

    async def run():
        async with AsyncClient(AllToken(api_key=Secret(KEY), base_url=server.url)) as client:
            with pytest.raises(TimeoutError) as caught:
                async with asyncio.timeout(0.1):
                    _ = await client.add_asset(GROUP, SIGNED)
        return caught.value

    check(asyncio.run(run()))


@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
def test_a_fault_of_the_network_shows_nothing(held, driver, free_url):
    """And keeps what it came from."""
    kind = Client if driver == "blocking" else AsyncClient
    provider = AllToken(api_key=Secret(KEY), base_url=free_url)
    client = held(kind(provider, budget=pk.Budget(attempts=1)))

    with pytest.raises(pk.ConnectionFailedError, match="Connection refused") as caught:
        client.add_asset(GROUP, SIGNED)
    client.close()

    assert isinstance(caught.value.__cause__, ConnectionRefusedError)
    check(caught.value)


def test_an_interrupt_while_connecting_shows_no_argument(monkeypatch):
    """A keyring may ask for a word, and the user may have enough."""
    monkeypatch.setattr("portraitkit.client.connecting.build", _raising(KeyboardInterrupt()))

    with pytest.raises(TypeError) as caught:
        pk.connect("alltoken", api_key=KEY)
    check(caught.value)


def test_what_an_error_came_from_has_no_locals_either():
    """Cause and group members lose theirs, and cycles end."""

    @without_frames
    def fail(key):
        inner = ValueError("inner")
        try:
            raise inner
        except ValueError:
            outer = ExceptionGroup("several", [inner])
            inner.__cause__ = outer
            raise outer from inner

    with pytest.raises(ExceptionGroup) as caught:
        fail(KEY)

    check(caught.value)
    assert caught.value.__context__ is None


def test_a_callers_own_handling_stays_its_context():
    """What the caller was about is told by Python, as with any other error."""
    client = Client(AllToken(api_key=Secret(KEY)), transport=object())
    try:
        raise LookupError("mine")  # noqa: TRY301  (what is handled)
    except LookupError as mine:
        with pytest.raises(pk.PortraitError) as caught:
            client.get_group("")
        assert caught.value.__context__ is mine
