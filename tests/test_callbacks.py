"""Callbacks: a notice says where to look, the vendor what is true; forgeries are harmless."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette

import portraitkit as pk
from portraitkit import callbacks
from portraitkit.callbacks import Callbacks
from portraitkit.config import simulating

SECRET = "a-path-that-nobody-guesses"
BACK = {"callback_url": "https://app.example/back"}
VENDORS = ("alltoken", "token360", "volcengine", "byteplus")
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """What web servers run on."""
    return "asyncio"


@pytest.fixture(params=VENDORS)
async def client(request: pytest.FixtureRequest) -> AsyncIterator[pk.AsyncClient]:
    """A client of each vendor that posts notices."""
    simulating._simulation.cache_clear()
    async with pk.connect_async(
        request.param,
        simulated=200,
        settings={"callback_url": "https://app.example/back"}
        if request.param != "token360"
        else {},
    ) as opened:
        yield opened


class Caller:
    """A vendor, or somebody who says so, calling an application."""

    def __init__(self, app: Any, prefix: str = "") -> None:
        self._http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url=f"https://app.example{prefix}"
        )

    async def post(self, path: str, body: object = None) -> int:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return (await self._http.post(path, content=content)).status_code

    async def get(self, path: str) -> httpx.Response:
        return await self._http.get(path)


QUEUED, RUNNING = pk.VideoStatus.QUEUED, pk.VideoStatus.RUNNING


def mounted(app: Callbacks, how: str) -> tuple[Any, str]:
    """An application with the callbacks in it, and where they are."""
    if how == "alone":
        return app, ""
    whole = FastAPI() if how == "fastapi" else Starlette()
    whole.mount("/vendors", app)
    return whole, "/vendors"


@pytest.mark.parametrize("how", ["alone", "fastapi", "starlette"])
async def test_a_true_notice_brings_the_vendors_own_answer(
    client: pk.AsyncClient, how: str
) -> None:
    seen: list[pk.VideoTask] = []

    async def save(task: pk.VideoTask) -> None:
        seen.append(task)

    app = Callbacks(client, secret=SECRET, on_video=save)
    whole, prefix = mounted(app, how)
    caller = Caller(whole)
    task = await client.create_video(pk.VideoRequest(prompt="a street"))
    address = app.url(f"https://app.example{prefix}", "video").removeprefix("https://app.example")
    for body in (
        {"id": task.id, "status": "succeeded"},
        {"request_id": "r", "data": {"id": task.id}},
    ):
        assert await caller.post(address, body) == 204
    said = [each.status for each in seen]  # what it says itself, and each word once
    assert said in ([QUEUED], [RUNNING], [QUEUED, RUNNING])
    task = await client.wait_for_video(task)
    assert (
        await caller.post(address, {"id": task.id, "status": "queued"}) == 204
    )  # late, disordered
    assert [each.status for each in seen] == [*said, pk.VideoStatus.SUCCEEDED]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (f"/{SECRET}/video", {"id": "cgt-20260102030405-zzzzz"}, 400),
        (f"/{SECRET}/video", {"id": "../../groups"}, 400),
        (f"/{SECRET}/video", {"id": 7}, 400),
        (f"/{SECRET}/video", [], 400),
        (f"/{SECRET}/video", b"\xff" * 10, 400),
        (f"/{SECRET}/video", b"[" * 5000, 400),
        (f"/{SECRET}/video", b"x" * (callbacks.BODY_LIMIT_BYTES + 1), 413),
        (f"/{SECRET}/verification", {}, 400),
        (f"/{SECRET}/other", {}, 404),
        (f"/{SECRET}", {}, 404),
        ("/guess/video", {"id": "x"}, 404),
        ("/", {}, 404),
    ],
)
async def test_forged_notices_reach_no_handler(
    client: pk.AsyncClient, path: str, body: object, status: int
) -> None:
    async def never(_: object) -> None:
        raise AssertionError("a forged notice was handed on")

    app = Callbacks(client, secret=SECRET, on_video=never, on_verification=never)
    assert await Caller(app).post(path, body) == status


async def test_a_persons_return_is_checked_and_shown_a_page(client: pk.AsyncClient) -> None:
    if not client.supports("read_callback"):
        pytest.skip(f"{client.provider.name} sends nobody back")
    seen: list[pk.Verification] = []

    async def note(check: pk.Verification) -> None:
        seen.append(check)

    app = Callbacks(client, secret=SECRET, on_verification=note)
    check = await client.start_verification("Ann")
    assert check.token is not None
    query = f"?bytedToken={check.token.reveal()}&resultCode=10000"
    for _ in range(2):
        page = await Caller(app).get(f"/{SECRET}/verification{query}")
        assert page.status_code == 200
        assert "close this page" in page.text
    assert check.token.reveal() not in page.text
    assert len({each.status for each in seen}) == len(seen)
    assert (await Caller(app).get(f"/{SECRET}/video")).status_code == 405


async def test_a_body_that_does_not_end_is_left(
    client: pk.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callbacks, "BODY_LIMIT_S", 0.01)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        await anyio.sleep(0.002)
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": f"/{SECRET}/video", "query_string": b""}
    await Callbacks(client, secret=SECRET)(scope, receive, send)
    assert sent[0]["status"] == 408


async def test_a_vendor_that_fails_is_asked_again(client: pk.AsyncClient) -> None:
    """The notice is answered so that it is posted again."""
    task = await client.create_video(pk.VideoRequest(prompt="a street"))
    simulator = client.provider.simulation._simulator  # type: ignore[union-attr]
    for _ in range(9):
        simulator.answer_next(simulator.json({"error": {"message": "down"}}, 503))
    app = Callbacks(client, secret=SECRET)
    assert await Caller(app).post(f"/{SECRET}/video", {"id": task.id}) == 503


@pytest.mark.parametrize(
    "secret", ["", "short", "with/slash/in/it/anywhere", "ünicode-is-no-plain-text"]
)
async def test_a_path_that_can_be_guessed_is_refused(client: pk.AsyncClient, secret: str) -> None:
    with pytest.raises(pk.ConfigError, match="secret") as refused:
        Callbacks(client, secret=secret)
    assert "token_urlsafe" in refused.value.next_step
    assert SECRET not in repr(Callbacks(client, secret=SECRET))


def test_vendors_without_a_documented_notice_say_so() -> None:
    for name in ("xcompute", "apimart", "apiyi"):
        with pk.connect(name, simulated=True) as client:
            assert not client.supports("read_video_callback")
            with pytest.raises(pk.UnsupportedError):
                client.read_video_callback(b"{}")
