"""Both clients: the same operations, lazy lists, closing, threads and event loops."""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import logging
import os
import pydoc
import re
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

import anyio
import httpx
import pytest
from attrs import field, frozen

from portraitkit.client.client import AsyncClient, Client
from portraitkit.engine.transport import AsyncHttpxTransport, HttpxTransport, Timeouts
from portraitkit.operations.provider import PortraitProvider
from portraitkit.providers.alltoken import AllToken
from portraitkit.simulators.alltoken import AllTokenSimulator
from portraitkit.simulators.server import serve
from portraitkit.simulators.state import SimAccount, scans_after
from portraitkit.testing import SimulatorTransport, VirtualTime, simulated, simulated_async
from portraitkit.values import errors
from portraitkit.values.errors import InvalidInputError
from portraitkit.values.models import Asset, Group, Page
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import AssetStatus, GroupKind, MediaType
from portraitkit.values.video import References, VideoRequest
from portraitkit.vendor.calls import VendorCalls
from portraitkit.wire.steps import Budget, Flow, Request, send, work

KEY = "sk-not-a-real-key-0123456789"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
NAMES = sorted(name for name in vars(Client) if not name.startswith("_"))


# -- parity ----------------------------------------------------------------------------------------


def test_both_clients_have_the_same_operations():
    """What one can do, the other can."""
    public = [
        {name for name in dir(kind) if not name.startswith("_")} for kind in (Client, AsyncClient)
    ]

    assert public[0] == public[1]
    assert len(public[0]) > 24


@pytest.mark.parametrize("name", NAMES)
def test_both_clients_take_the_same_arguments(name):
    """Names, kinds, defaults and annotations agree; lists are iterators of their kind."""
    one, other = (inspect.signature(getattr(kind, name)) for kind in (Client, AsyncClient))

    assert one.parameters == other.parameters
    assert str(one.return_annotation) == str(other.return_annotation).replace("AsyncI", "I")
    assert inspect.getdoc(getattr(Client, name)) == inspect.getdoc(getattr(AsyncClient, name))
    assert inspect.getdoc(getattr(Client, name))


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_is_awaited_or_iterated(name):
    """On the asynchronous client nothing that sends is a plain function."""
    operation = getattr(AsyncClient, name)

    listed = name.startswith("list_")
    assert listed != inspect.iscoroutinefunction(operation)
    if listed:
        assert str(inspect.signature(operation).return_annotation).startswith("AsyncIterator[")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("create_group", "on_unsupported: 'OnUnsupported' = 'raise') -> 'Group'"),
        (
            "list_assets",
            "status: 'AssetStatus | Sequence[AssetStatus] | None' = None) -> '{}Items[Asset]'",
        ),
        ("add_assets", "-> 'list[Asset]'"),
        ("delete_asset", "(self, asset: 'AssetRef') -> 'None'"),
        (
            "download_video",
            "*, deadline_s: 'float | None' = None, overwrite: 'bool' = False) -> 'Path'",
        ),
    ],
)
def test_help_shows_what_comes_back(name, line):
    """Not the flow inside."""
    for kind, prefix in ((Client, ""), (AsyncClient, "Async")):
        text = pydoc.render_doc(getattr(kind, name), renderer=pydoc.plaintext)
        # Newer Pythons break a long signature into lines.
        text = re.sub(r"\s+", " ", text).replace("( ", "(").replace(" )", ")")

        assert line.format(prefix) in text
        assert "Flow[" not in text


def test_every_operation_of_the_provider_is_on_the_clients():
    """A new operation cannot be forgotten; what adapters are made of stays inside."""
    inner = {
        "add_link",
        "add_upload",
        "asset_address",
        "created_video",
        "chosen_by",  # how a class is chosen, before there is a provider
        "interfaces",  # the classes among which it is
        "latest_assets",  # how a wait lists
        "make_group",
        "model_id",
        "most_groups_listed",
        "refuse",
        "search_groups",
        "settle_media",
        "takes_upload",
        "video_findings",
        "video_link",
        "video_request",
        "wait_until_all_active",  # `wait_until_active` with several
    }
    offered = {
        name for name in {**vars(VendorCalls), **vars(PortraitProvider)} if not name.startswith("_")
    }

    assert offered - inner == {name for name in offered if hasattr(Client, name)}


def everything(hand, world):
    """The story that both kinds of client tell: every operation once."""
    world.person = scans_after(20)
    group = hand.create_group("Mia", description="the heroine")
    yield group, hand.get_group(group), hand.rename_group(group, "Mia B."), hand.list_groups()
    added = hand.add_asset(group, PNG, name="front", media=MediaType.IMAGE)
    several = hand.add_assets(group, [PNG, PNG + b"2"])
    yield hand.wait_until_active(added), hand.wait_until_active(several)
    yield hand.get_asset(added), hand.rename_asset(added, "face"), hand.list_assets(group)
    hand.delete_asset(several[0])
    check = hand.start_verification("Ann", callback_url="https://app.example/back")
    yield hand.check_verification(check).status, hand.wait_until_verified(check)
    request = VideoRequest(
        prompt="{mia} smiles", media=References(images={"mia": hand.get_asset(added)})
    )
    yield hand.preview_video(request)
    video = hand.create_video(request)
    yield video, hand.get_video(video), hand.wait_for_video(video), hand.list_videos()
    other = hand.create_video(VideoRequest(prompt="a quiet sea"))
    yield hand.cancel_video(other)
    hand.delete_group(group)
    yield hand.list_groups(kind=GroupKind.REAL_PERSON), hand.supports("list_assets")


@functools.cache
def blocking_story():
    simulator = AllTokenSimulator()
    simulator.add_account(SimAccount(name="main", api_key=KEY))
    client = simulated(AllToken(api_key=Secret(KEY)), simulator)

    class Plain:
        def __getattr__(self, name):
            def call(*args, **options):
                result = getattr(client, name)(*args, **options)
                return list(result) if isinstance(result, Iterator) else result

            return call

    return list(everything(Plain(), simulator.world)), simulator.seen


def test_the_same_story_is_the_same_transcript(hand, simulator):
    """Every operation once: under all drivers the same requests, and equal results."""
    results, sent = blocking_story()

    assert results == list(everything(hand, simulator.world))
    assert sent == simulator.seen
    assert [each.secrets for each in sent] == [each.secrets for each in simulator.seen]


# -- lists -----------------------------------------------------------------------------------------


@frozen(kw_only=True, slots=False)
class Paged(AllToken):
    """Lists groups by pages that a test lays down."""

    pages: dict = field(factory=dict, eq=False)
    asked: list = field(factory=list, eq=False)

    def list_groups(self, cursor, *, kind=None) -> Flow[Page[Group]]:
        self.asked.append(cursor)
        yield from ()
        items, following = self.pages[cursor]
        return Page(items=tuple(self.group(each) for each in items), next=following)

    def group(self, id):
        return Group(provider=self.name, account=self.account, id=id)


def paged(pages):
    return Paged(api_key=Secret(KEY), pages=pages)


def test_a_list_is_lazy(driver):
    """No page is asked for before its items are wanted."""
    provider = paged({None: ("ab", "2"), "2": ("cd", None)})
    steps = []

    def blocking():
        with Client(provider) as client:
            items = client.list_groups()
            steps.append(list(provider.asked))
            steps.extend((item.id, len(provider.asked)) for item in items)

    async def run():
        async with AsyncClient(provider) as client:
            items = client.list_groups()
            steps.append(list(provider.asked))
            steps.extend([(item.id, len(provider.asked)) async for item in items])

    blocking() if driver == "blocking" else anyio.run(run, backend=driver)

    assert [[], ("a", 1), ("b", 1), ("c", 2), ("d", 2)] == steps


@pytest.mark.parametrize(
    ("pages", "ids"),
    [
        ({None: ("", None)}, []),
        ({None: ("", "2"), "2": ("a", None)}, ["a"]),
        ({None: ("ab", "2"), "2": ("bc", None)}, ["a", "b", "c"]),
        ({None: ("aba", None)}, ["a", "b"]),
        ({None: ("ab", "2"), "2": ("cd", "2")}, ["a", "b", "c", "d"]),
        ({None: ("ab", "2"), "2": ("cd", "1"), "1": ("ab", "2")}, ["a", "b", "c", "d"]),
        ({None: ([None, None], None)}, [None, None]),
    ],
    ids=["empty", "late", "overlap", "repeat", "same cursor", "cursors in a ring", "nameless"],
)
def test_a_list_has_no_repeats_and_an_end(driver, pages, ids):
    """Items move between pages while a list is read, and a vendor may repeat its cursor."""
    provider = paged(pages)

    async def run():
        client = AsyncClient(provider)
        found = [each.id async for each in client.list_groups()]
        await client.close()
        return found

    if driver == "blocking":
        with Client(provider) as client:
            found = [each.id for each in client.list_groups()]
    else:
        found = anyio.run(run, backend=driver)

    assert ids == found
    assert len(pages) == len(provider.asked)


def test_a_list_that_is_not_offered_is_refused_at_once(driver):
    """Not only when somebody iterates over it."""

    class Listless(AllToken):
        list_videos = PortraitProvider.list_videos

    make = Client if driver == "blocking" else AsyncClient
    client = make(Listless(api_key=Secret(KEY)), transport=object())

    with pytest.raises(errors.UnsupportedError, match="offers no list_videos") as caught:
        client.list_videos()

    assert ("alltoken", "list_videos") == (caught.value.provider, caught.value.operation)
    assert not client.supports("list_videos")


def test_lists_are_iterators_of_their_kind(provider):
    """One for `for`, one for `async for`."""
    simulator = AllTokenSimulator()

    assert isinstance(simulated(provider, simulator).list_groups(), Iterator)
    assert isinstance(simulated_async(provider, simulator).list_groups(), AsyncIterator)


# -- operations ------------------------------------------------------------------------------------


def test_one_asset_or_several_are_waited_for(hand, simulator):
    """One comes back as an asset, several as a list in the order given, read by lists."""
    group = hand.create_group("Mia")
    added = hand.add_assets(group, [PNG, PNG + b"2", PNG + b"3"])
    before = len(simulator.seen)

    active = hand.wait_until_active(added)

    actions = [dict(each.query)["Action"] for each in simulator.seen[before:]]
    assert [each.id for each in added] == [each.id for each in active]
    assert {AssetStatus.ACTIVE} == {each.status for each in active}
    assert {"ListAssets"} == set(actions)
    assert isinstance(hand.wait_until_active(added[0].handle), Asset)
    assert added[0].id == hand.wait_until_active([added[0].id])[0].id


def test_every_error_names_provider_and_operation(hand):
    """Also of what sends nothing."""
    no_one = VideoRequest(prompt=" ")
    calls = {
        "get_group": lambda: hand.get_group("not an id"),
        "list_assets": lambda: hand.list_assets("not an id"),
        "wait_until_active": lambda: hand.wait_until_active("not an id"),
        "create_video": lambda: hand.create_video(no_one),
        "preview_video": lambda: hand.preview_video(no_one),
        "read_callback": lambda: hand.read_callback("https://app.example/back"),
        "start_verification": lambda: hand.start_verification("Ann"),
        "add_asset": lambda: hand.add_asset("group-20260318035710-abcde", "nowhere.png"),
        "get_video": lambda: hand.get_video("vgen_none"),
    }

    for name, call in calls.items():
        with pytest.raises(errors.PortraitError) as caught:
            call()
        assert ("alltoken", name) == (caught.value.provider, caught.value.operation)


def test_a_client_runs_flows_of_ones_own(hand, simulator):
    """Operations compose with `yield from`, under any driver."""

    def two_groups(provider):
        one = yield from provider.create_group("Mia")
        other = yield from provider.create_group("Ann")
        return one, other

    one, other = hand.run(two_groups(hand.client.provider))

    assert ("Mia", "Ann") == (one.name, other.name)
    assert 2 == len(simulator.seen)


def test_a_clients_repr_names_profile_and_provider(provider):
    """And never a key."""
    client = simulated(provider, AllTokenSimulator())

    assert "<Client alltoken at alltoken>" == repr(client)
    named = AsyncClient(provider, profile="staging", transport=object())
    assert "<AsyncClient staging at alltoken>" == repr(named)
    assert KEY not in repr(client) + repr(vars(client))


# -- closing ---------------------------------------------------------------------------------------


def test_what_is_closed_sends_nothing_more(driver, provider, raw_server, held):
    """Its own connections are closed at the end, an injected client is not; both say so later."""
    server = raw_server(answering)
    request = Request(method="GET", url=f"{server.url}/v1")
    http_kind = httpx.Client if driver == "blocking" else httpx.AsyncClient
    kind = Client if driver == "blocking" else AsyncClient
    given = http_kind(transport=httpx.MockTransport(lambda sent: httpx.Response(200)))

    for options in ({}, {"http_client": given}):
        client = held(kind(provider, **options))
        client.close()
        with pytest.raises(errors.PortraitError, match=r"closed.*open another"):
            client.run(send(request))

    assert not given.is_closed
    assert [] == server.seen


def test_an_error_inside_closes_too_and_comes_out(script):
    """The context manager hides nothing."""
    vendor = script()

    def story(provider):
        yield from ()
        raise errors.ConflictError("inside")

    with pytest.raises(errors.ConflictError, match="inside"):
        vendor.run(story)

    assert 1 == vendor.closed


def test_timeouts_reach_the_transport(provider):
    """What a caller says of time is what a request gets."""
    timeouts = Timeouts(read_s=3)
    one, other = Client(provider, timeouts=timeouts), AsyncClient(provider, timeouts=timeouts)

    assert isinstance(one._transport, HttpxTransport)
    assert isinstance(other._transport, AsyncHttpxTransport)
    assert timeouts is one._transport._timeouts
    assert timeouts is other._transport._timeouts
    one.close()
    anyio.run(other.close)


# -- threads and loops -----------------------------------------------------------------------------


def test_many_threads_share_one_client(provider):
    """A provider holds no connection and a client no state of a call."""
    simulator = AllTokenSimulator()
    simulator.add_account(SimAccount(name="main", api_key=KEY))
    simulator.world.group_quota = 100
    lock = threading.Lock()

    class Locked(SimulatorTransport):
        def send(self, request: Request):
            with lock:
                return super().send(request)

    client = Client(provider, transport=Locked(simulator), clock=VirtualTime().clock)
    with ThreadPoolExecutor(16) as pool:
        groups = list(pool.map(client.create_group, [f"g{number}" for number in range(64)]))

    assert [f"g{number}" for number in range(64)] == [each.name for each in groups]
    assert 64 == len({each.id for each in groups})
    assert {each.id for each in groups} == {each.id for each in client.list_groups()}


def answering(server, peer):
    while request := peer.read():
        server.seen.append(request)
        peer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


def test_many_threads_share_connections(simulator):
    """Over real sockets too: none is closed that another thread is about to use."""
    with serve(simulator) as server, ThreadPoolExecutor(32) as pool:
        provider = AllToken(api_key=Secret(KEY), base_url=server.url)
        request = Request(method="GET", url=f"{server.url}/media/clip.mp4")
        with Client(provider, budget=Budget(attempts=1)) as client:
            answers = list(pool.map(lambda _: client.run(send(request)), range(320)))
            made = client._transport._clients.several(server.url, client._transport).lent

    assert [200] * 320 == [each.status for each in answers]
    assert 1 <= len(made) <= 32


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # of forks beside threads
def test_a_forked_process_has_connections_of_its_own(simulator):
    """A client that was opened before a fork serves both sides, and no answer goes astray."""
    with serve(simulator) as server:
        provider = AllToken(api_key=Secret(KEY), base_url=server.url)
        with Client(provider) as client:
            groups = [client.create_group(f"figure {number}") for number in range(8)]
            wanted = [(each.name, ()) for each in groups] * 5

            def read():
                found = [client.get_group(each) for each in groups * 5]
                return [(each.name, each.raw.attempts) for each in found]

            children = []
            for _ in range(4):
                if (child := os.fork()) == 0:
                    os._exit(0 if read() == wanted else 1)
                children.append(child)
            here = read()
            codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]

    assert wanted == here
    assert [0] * 4 == codes


def test_two_event_loops_in_one_process(raw_server):
    """One client for each loop, in two threads, asyncio beside trio."""
    servers = [raw_server(answering), raw_server(answering)]

    def reads(backend, server):
        async def run():
            provider = AllToken(api_key=Secret(KEY), base_url=server.url)
            request = Request(method="GET", url=f"{server.url}/v1")
            async with AsyncClient(provider) as client:
                return [(await client.run(send(request))).status for _ in range(5)]

        return anyio.run(run, backend=backend)

    with ThreadPoolExecutor(2) as pool:
        statuses = list(pool.map(reads, ["asyncio", "trio"], servers))

    assert [[200] * 5] * 2 == statuses


# The first loop ends with a connection open, which nobody can close any more.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_one_client_serves_one_event_loop_after_another(backend, provider, simulator):
    """Each loop has connections of its own, so that no create is sent on a dead one."""
    client = AsyncClient(provider)
    with serve(simulator) as server:
        request = Request(method="GET", url=f"{server.url}/media/clip.mp4")

        async def run():
            return [(await client.run(send(request))).status for _ in range(2)]

        assert [[200, 200]] * 2 == [anyio.run(run, backend=backend) for _ in range(2)]
    client = None
    gc.collect()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_injected_client_is_not_used_in_a_second_event_loop(backend, provider, raw_server):
    """Its connections belong to the first: refused before anything is sent."""

    def kept_open(server, peer):
        server.seen.append(peer.read())
        peer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        server.release.wait(5)

    server = raw_server(kept_open)
    client = AsyncClient(provider, http_client=httpx.AsyncClient())
    request = Request(method="POST", url=f"{server.url}/v1")

    async def run():
        return (await client.run(send(request))).status

    assert 200 == anyio.run(run, backend=backend)
    with pytest.raises(errors.PortraitError, match="another event loop"):
        anyio.run(run, backend=backend)
    client = None
    gc.collect()

    assert 1 == len(server.seen)


def test_threads_with_loops_of_their_own_share_one_client(provider, simulator):
    """Whichever loop a request comes from, its connection is that loop's."""
    with serve(simulator) as server, ThreadPoolExecutor(4) as pool:
        client = AsyncClient(provider)
        request = Request(method="GET", url=f"{server.url}/media/clip.mp4")

        async def run():
            loop = asyncio.get_running_loop()
            found = [(await client.run(send(request))).status for _ in range(8)]
            for several in {*client._transport._clients._made[loop].values()}:
                for lent in several.lent:
                    await lent.client.aclose()
            return found

        runs = [pool.submit(asyncio.run, run()) for _ in range(4)]
        assert [[200] * 8] * 4 == [each.result() for each in runs]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_blocking_work_leaves_the_event_loop(backend, provider):
    """Files are read in a thread: other tasks go on meanwhile."""

    def story():
        return (yield from work(threading.get_ident))

    async def run():
        async with AsyncClient(provider) as client:
            return threading.get_ident(), await client.run(story())

    loop, worker = anyio.run(run, backend=backend)

    assert loop != worker


@pytest.mark.parametrize("fails", [False, True])
def test_asyncios_debug_log_does_not_show_what_a_thread_hands_back(provider, caplog, fails):
    """Neither a signed URL that a media host made nor an error that quotes one."""

    def publish():
        if fails:
            raise errors.MediaError("https://cdn.example/a?sig=topsecret")
        return "https://cdn.example/a?sig=topsecret"

    async def run():
        asyncio.get_running_loop().slow_callback_duration = 0
        async with AsyncClient(provider) as client:
            try:
                return (await client.run(work(publish))).endswith("topsecret")
            except errors.MediaError:
                return "failed"

    caplog.set_level(logging.DEBUG)
    result = asyncio.run(run(), debug=True)

    assert ("failed" if fails else True) == result
    assert "Executing" in caplog.text
    assert "topsecret" not in caplog.text


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_call_ends_at_once(backend, raw_server):
    """Cancelling a task is not an error of the vendor's, and leaves the client usable."""

    def silent(server, peer):
        server.seen.append(peer.read())
        server.release.wait(5)

    server = raw_server(silent, answering)
    provider = AllToken(api_key=Secret(KEY), base_url=server.url)
    request = Request(method="GET", url=f"{server.url}/v1")

    async def run():
        async with AsyncClient(provider) as client:
            with anyio.move_on_after(0.1) as scope:
                await client.run(send(request))
            server.release.set()
            return scope.cancelled_caught, (await client.run(send(request))).status

    assert (True, 200) == anyio.run(run, backend=backend)


@pytest.mark.parametrize("name", ["alltokn", "AllToken", "foo", "arc"])
@pytest.mark.parametrize("operation", ["create_video", "preview_video"])
def test_extra_for_nobody_is_refused(operation, name):
    """It would go nowhere: the nearest provider's name is told, and nothing is sent."""
    client = Client(AllToken(api_key=Secret("sk-test")), transport=None)
    with pytest.raises(InvalidInputError, match="names no provider") as caught:
        _ = getattr(client, operation)(VideoRequest(prompt="x", extra={name: {"a": 1}}))
    assert "name one of agentsflare, alltoken, " in caught.value.next_step
    assert "avatar, " in caught.value.next_step
