"""What a call costs, counted in what does not depend on the machine: modules, decodes, steps."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from itertools import chain, repeat
from os import sep
from types import coroutine

import httpx
import pytest

from peers import http
from portraitkit.client.client import AsyncClient, Client
from portraitkit.engine.clock import Clock
from portraitkit.engine.transport import HttpxTransport
from portraitkit.limits.rates import Rate
from portraitkit.providers.volcengine import Volcengine
from portraitkit.testing import VirtualTime, answer
from portraitkit.values.secret import Secret
from portraitkit.values.video import VideoRequest
from portraitkit.wire import codec
from portraitkit.wire.steps import Auth, Request

CONNECT = """
import sys, portraitkit as pk
pk.connect("volcengine", access_key="AKLT", secret_key="not-a-key", api_key="not-a-key")
"""
ROW = {"Id": "asset-20260318035710-abcde", "Name": "front", "Status": "Active", "GroupId": "g-1"}


def modules(code: str) -> list[str]:
    """Names of what a fresh process has loaded after *code*."""
    told = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    )
    return told.stdout.split()


class Canned:
    """A network that takes no time."""

    def __init__(self, body: object) -> None:
        self.answer = answer({"Result": body})

    def send(self, request: Request):
        return self.answer

    def close(self) -> None:
        pass


def account() -> Volcengine:
    keys = {name: Secret("not-a-key") for name in ("access_key", "secret_key", "api_key")}
    rates = dict.fromkeys(Volcengine.default_rates, Rate(most=10**9, source="these tests"))
    return Volcengine(**keys, rates=rates)


def client(body: object) -> Client:
    return Client(account(), transport=Canned(body))


def calls_of(act, of: str = f"{sep}portraitkit{sep}") -> Counter[str]:
    """How often each function of this library, or of others, is entered, once all is warm."""
    act()
    counts: Counter[str] = Counter()

    def note(frame, event, argument):
        if event == "call" and of in frame.f_code.co_filename:
            counts[frame.f_code.co_qualname] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(before)
    return counts


def test_importing_the_package_loads_nothing_but_itself():
    """Whoever imports portraitkit pays for what is used, when it is used."""
    loaded = set(modules("import portraitkit")) - set(modules(""))

    assert {"portraitkit", "__future__"} == loaded


def test_a_first_client_loads_nothing_that_it_may_never_need():
    """No HTTP before a call, no journal, no portraits, no waits; no converter, retries or extra."""
    loaded = set(modules(CONNECT))
    later = {"cattrs", "stamina", "tenacity", "sqlalchemy", "obstore", "PIL"}
    later |= {"httpx", "anyio", "ssl", "sqlite3", "portraitkit.engine.driver"}
    later |= {f"portraitkit.operations.{each}" for each in ("waiting", "making", "downloading")}

    assert set() == later & loaded
    assert len([each for each in loaded if each.partition(".")[0] == "portraitkit"]) <= 90


@pytest.mark.parametrize("rows", [1, 100])
def test_an_answer_is_decoded_once(monkeypatch, rows):
    """Whoever looks for a refusal, a result or a row in it, looks into what was decoded."""
    decoded: list[bytes] = []

    def loads(content):
        decoded.append(content)
        return json.JSONDecoder().decode(content.decode())

    here = client({"Items": [{**ROW, "Id": f"asset-{n}"} for n in range(rows)], "TotalCount": rows})
    monkeypatch.setattr(codec.json, "loads", loads)

    assert rows == len(list(here.list_assets("group-1")))
    assert 1 == len([each for each in decoded if b"Result" in each])  # a judge reads what we send


def test_a_list_costs_few_calls_for_each_row():
    """Reading a row is a plan that is carried out, not a model that is looked through."""
    few, many = (
        client({"Items": [{**ROW, "Id": f"asset-{n}"} for n in range(rows)], "TotalCount": rows})
        for rows in (1, 101)
    )
    cost = calls_of(lambda: list(many.list_assets("group-1"))).total()
    cost -= calls_of(lambda: list(few.list_assets("group-1"))).total()

    assert cost / 100 <= 12


def test_what_an_answer_is_kept_as_is_shared_by_its_rows():
    """All rows of an answer have one `raw`."""
    here = client({"Items": [{**ROW, "Id": f"asset-{n}"} for n in range(9)], "TotalCount": 9})

    assert 1 == len({id(each.raw) for each in here.list_assets("group-1")})


@pytest.mark.outside_the_contract  # the judge would be counted
def test_a_signed_call_costs_few_calls():
    """Nothing on the way of a plain call is done twice."""
    here = client(ROW)

    assert calls_of(lambda: here.get_asset("asset-20260318035710-abcde")).total() <= 180


def answering(server, peer):
    """Answer as long as it is asked."""
    while peer.read():
        peer.write(http({"Result": ROW}).replace(b"Connection: close\r\n", b""))


def test_a_request_costs_less_than_one_of_the_http_librarys_client(raw_server):
    """All that the transport promises costs less than the layers that it leaves out."""
    url = f"{raw_server(answering).url}/v1"
    headers = {"Authorization": "Bearer not-a-key", "Content-Type": "application/json"}
    request = Request(method="POST", url=url, headers=headers, content=b"{}")
    transport = HttpxTransport()
    ours = calls_of(lambda: transport.send(request), of=sep).total()
    transport.close()
    url = f"{raw_server(answering).url}/v1"
    with httpx.Client(trust_env=False) as by_hand:
        theirs = calls_of(
            lambda: by_hand.post(url, headers=headers, content=b"{}").json(), of=sep
        ).total()

    assert ours / theirs < 0.75


def test_a_body_is_hashed_once(monkeypatch):
    """A signature names the body's digest twice, and computes it once."""
    from portraitkit.providers.dialects import signing

    hashed: list[bytes] = []
    real = signing.hashlib.sha256
    monkeypatch.setattr(signing.hashlib, "sha256", lambda data: hashed.append(data) or real(data))
    request = Request(
        method="POST",
        url="https://open.volcengineapi.com/",
        headers={"Content-Type": "application/json"},
        content=b'{"Id":"asset-1"}',
        auth=Auth.SIGNATURE,
    )
    account().authorize(request, now=datetime(2026, 3, 18, tzinfo=UTC))

    assert 1 == hashed.count(request.content)


TASK = {"id": "cgt-20260102030405-00001", "model": "doubao-seedance-2-0-260128"}
VIDEO = VideoRequest(prompt="a smile", duration_s=5)


class Videos:
    """Answers a create, and then looks, of which the last finds the video."""

    def __init__(self, looks: int) -> None:
        link = {"content": {"video_url": "https://cdn.example/1.mp4"}}
        running = repeat({**TASK, "status": "running"}, looks - 1)
        self._bodies = chain([TASK], running, [{**TASK, **link, "status": "succeeded"}])

    def send(self, request: Request):
        return answer(next(self._bodies))

    def close(self) -> None:
        pass


class Running:
    """Answers that a video is still being made, whatever is asked."""

    async def send(self, request: Request):
        return answer({**TASK, "status": "running"})

    async def close(self) -> None:
        pass


@coroutine
def parked(seconds: float):
    """A rest that ends when the coroutine is sent on."""
    yield


def test_a_look_leaves_nothing_to_the_cycle_collector():
    """What a look made is gone before the next, and takes no collection."""
    looks = 50
    gc.disable()
    try:
        for _ in range(2):  # first all is loaded
            here = Client(account(), transport=Videos(looks), clock=VirtualTime().clock)
            _ = gc.collect()
            _ = here.wait_for_video(here.create_video(VIDEO))
            found = gc.collect()
    finally:
        gc.enable()

    assert found < looks


@pytest.mark.parametrize(("looks", "objects"), [(0, 20), (3, 25)])
def test_a_wait_at_rest_holds_few_objects(looks, objects):
    """Thousands may wait at once, and the cycle collector walks through all that they hold."""
    clock = Clock(monotonic=lambda: 0.0, sleep_async=parked)
    here = AsyncClient(account(), transport=Running(), clock=clock)

    async def job():
        return await here.wait_for_video(await here.create_video(VIDEO))

    def resting():
        begun = job()
        for _ in range(looks + 1):
            begun.send(None)
        return begun

    warm = resting()
    _ = gc.collect()
    before = len(gc.get_objects())
    jobs = [resting() for _ in range(100)]
    _ = gc.collect()
    held = len(gc.get_objects()) - before
    for each in (warm, *jobs):
        each.close()

    assert held / len(jobs) <= objects
