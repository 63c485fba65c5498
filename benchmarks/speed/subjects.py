"""
What is measured: one function for each subject, which makes ready and returns what is then timed.

A peer's library is imported by its own subjects alone, as each has an environment of its own.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from server import ACTIONS, ASSET, GROUP, LIST

Run = Callable[[int], object]
KEY: Final = "not-a-key"
ACCESS: Final = "AKLTexample"
UPLOAD_BYTES: Final = 30_000_000
TASKS: Final = "/api/v3/contents/generations/tasks"
BODY: Final[dict[str, Any]] = {
    "model": "doubao-seedance-2-0-260128",
    "content": [{"type": "text", "text": "She smiles."}],
    "duration": 5,
    "ratio": "16:9",
}


def each(act: Callable[[], object]) -> Run:
    """Do it so many times."""

    def run(times: int) -> None:
        for _ in range(times):
            _ = act()

    return run


# -- ours ------------------------------------------------------------------------------------------


def provider(url: str, vendor: str = "volcengine") -> Any:
    """An account on loopback, its rates out of the way."""
    from portraitkit.limits.rates import Rate
    from portraitkit.providers.registry import provider_class
    from portraitkit.values.secret import Secret

    cls = provider_class(vendor)
    free = Rate(most=10**9, source="this benchmark")
    rates = dict.fromkeys(cls.default_rates, free)
    if vendor == "alltoken":
        return cls(api_key=Secret(KEY), base_url=url, rates=rates)
    keys = {"access_key": Secret(ACCESS), "secret_key": Secret(KEY), "api_key": Secret(KEY)}
    return cls(**keys, assets_url=url, video_url=url, rates=rates)


def hasty() -> Any:
    """A clock on which no wait takes time."""
    import portraitkit as pk

    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    async def sleep_async(seconds: float) -> None:
        sleep(seconds)

    return pk.Clock(monotonic=lambda: now[0], sleep=sleep, sleep_async=sleep_async)


def kit_get_asset(url: str, _: str) -> Run:
    """A signed typed call."""
    import portraitkit as pk

    client = pk.Client(provider(url))
    return each(lambda: client.get_asset(ASSET))


def kit_add_asset(url: str, _: str) -> Run:
    """A signed create, of a link."""
    import portraitkit as pk

    client = pk.Client(provider(url))
    link = "https://cdn.example/mia.jpg"
    return each(lambda: client.add_asset(GROUP, link, name="front"))


def kit_video(url: str, _: str) -> Run:
    """Create a video and wait for it, at the pace of its own requests."""
    import portraitkit as pk

    client = pk.Client(provider(url), clock=hasty())
    request = pk.VideoRequest(
        prompt="She smiles.", model="seedance-2.0", duration_s=5, ratio="16:9"
    )
    return each(lambda: client.wait_for_video(client.create_video(request)))


class Canned:
    """A network that takes no time."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def send(self, request: Any) -> Any:
        """Answer at once."""
        from portraitkit.wire.steps import Response

        del request
        return Response(status=200, content=self._content, received_at=datetime.now(UTC))

    def close(self) -> None:
        """Nothing is open."""


def kit_list(url: str, _: str) -> Run:
    """A page of 100 assets, read."""
    import portraitkit as pk

    client = pk.Client(provider(url), transport=Canned(LIST))
    return each(lambda: len(list(client.list_assets(GROUP))))


def kit_own(url: str, _: str) -> Run:
    """A signed typed call less its network: what is our own."""
    import portraitkit as pk

    client = pk.Client(provider(url), transport=Canned(ACTIONS[b"GetAsset"]))
    return each(lambda: client.get_asset(ASSET))


def kit_sign(url: str, _: str) -> Run:
    """The signature alone."""
    from portraitkit.wire.steps import Auth, Request

    signer = provider(url)
    request = Request(
        method="POST",
        url="https://open.volcengineapi.com/",
        query={"Action": "GetAsset", "Version": "2024-01-01"},
        headers={"Content-Type": "application/json", "Accept": "application/json"},
        content=json.dumps({"Id": ASSET}).encode(),
        auth=Auth.SIGNATURE,
    )
    return each(lambda: signer.authorize(request, now=datetime.now(UTC)))


def _film() -> Path:
    path = Path(tempfile.mkdtemp()) / "film.jpg"
    with path.open("wb") as file:
        _ = file.write(b"\xff\xd8\xff\xe0")
        _ = file.truncate(UPLOAD_BYTES)
    return path


def _face() -> Path:
    path = Path(tempfile.mkdtemp()) / "face.jpg"
    _ = path.write_bytes(b"\xff\xd8\xff\xe0" + bytes(1000))
    return path


def _upload(url: str) -> Run:
    import portraitkit as pk

    client = pk.Client(provider(url, "alltoken"), clock=hasty())
    _ = client.add_asset(GROUP, _face(), name="small")
    film = _film()
    return each(lambda: client.add_asset(GROUP, film))


def kit_upload(url: str, _: str) -> Run:
    """A large file, uploaded."""
    return _upload(url)


def kit_upload_again(_: str, flaky: str) -> Run:
    """The same, where the first attempt is refused."""
    return _upload(flaky)


def kit_upload_async(url: str, _: str) -> Run:
    """The same in an event loop."""
    import portraitkit as pk

    async def uploads(path: Path, times: int) -> None:
        client = pk.AsyncClient(provider(url, "alltoken"), clock=hasty())
        for _ in range(times):
            _ = await client.add_asset(GROUP, path)

    asyncio.run(uploads(_face(), 1))
    film = _film()
    return lambda times: asyncio.run(uploads(film, times))


def kit_download_async(url: str, _: str) -> Run:
    """A video of 64 MiB, into a file, in an event loop."""
    import portraitkit as pk

    async def downloads(times: int) -> None:
        client = pk.AsyncClient(provider(url))
        task = pk.VideoTask(
            provider="volcengine",
            account=client.provider.account,
            id="cgt-1",
            status=pk.VideoStatus.SUCCEEDED,
            video_link=pk.Secret(f"{url}/file"),
        )
        for _ in range(times):
            _ = await client.download_video(task, path, overwrite=True)

    path = Path(tempfile.mkdtemp()) / "video.mp4"
    return lambda times: asyncio.run(downloads(times))


def kit_download(url: str, _: str) -> Run:
    """The same, blocking."""
    import portraitkit as pk

    client = pk.Client(provider(url))
    path = Path(tempfile.mkdtemp()) / "video.mp4"
    task = pk.VideoTask(
        provider="volcengine",
        account=client.provider.account,
        id="cgt-1",
        status=pk.VideoStatus.SUCCEEDED,
        video_link=pk.Secret(f"{url}/file"),
    )
    return each(lambda: client.download_video(task, path, overwrite=True))


def _kit_async(url: str, at_once: int, **over: str) -> Run:
    import portraitkit as pk
    from portraitkit.engine.transport import AsyncHttpxTransport

    async def calls(times: int) -> None:
        client = pk.AsyncClient(provider(url), transport=AsyncHttpxTransport(**over))
        await gathered(lambda: client.get_asset(ASSET), times, at_once)
        await client.close()

    return lambda times: asyncio.run(calls(times))


async def gathered(act: Callable[[], Any], times: int, at_once: int) -> None:
    """Do it so many times, so many at once."""
    left = iter(range(times))

    async def one() -> None:
        for _ in left:
            await act()

    _ = await asyncio.gather(*(one() for _ in range(at_once)))


def kit_async(url: str, _: str, at_once: int) -> Run:
    """Signed typed calls in an event loop, so many at once."""
    return _kit_async(url, at_once)


def kit_aiohttp_async(url: str, _: str, at_once: int) -> Run:
    """The same over aiohttp."""
    return _kit_async(url, at_once, over="aiohttp")


def kit_second_client(url: str, _: str) -> Run:
    """Another client of the same profile."""
    import portraitkit as pk

    def connect() -> None:
        pk.connect(
            "volcengine",
            access_key=ACCESS,
            secret_key=KEY,
            api_key=KEY,
            assets_url=url,
            video_url=url,
        ).close()

    connect()
    return each(connect)


# -- by hand ---------------------------------------------------------------------------------------


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode("utf-8"), hashlib.sha256).digest()


def snippet(host: str, query: dict[str, str], body: str) -> dict[str, str]:
    """Sign as the vendor's guide shows it."""
    date = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body.encode("utf-8")).hexdigest()
    signed = "content-type;host;x-content-sha256;x-date"
    pairs = "&".join(
        f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in sorted(query.items())
    )
    canonical = "\n".join(
        [
            "POST",
            "/",
            pairs,
            "\n".join(
                [
                    "content-type:application/json",
                    f"host:{host}",
                    f"x-content-sha256:{digest}",
                    f"x-date:{date}",
                ]
            ),
            "",
            signed,
            digest,
        ]
    )
    scope = f"{date[:8]}/cn-beijing/ark/request"
    text = "\n".join(
        ["HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode("utf-8")).hexdigest()]
    )
    key = KEY.encode("utf-8")
    for part in (date[:8], "cn-beijing", "ark", "request"):
        key = _hmac(key, part)
    signature = _hmac(key, text).hex()
    return {
        "Host": host,
        "Content-Type": "application/json",
        "X-Date": date,
        "X-Content-Sha256": digest,
        "Authorization": f"HMAC-SHA256 Credential={ACCESS}/{scope}, "
        f"SignedHeaders={signed}, Signature={signature}",
    }


GET_ASSET: Final = {"Action": "GetAsset", "Version": "2024-01-01"}


def snippet_sign(_: str, __: str) -> Run:
    """The guide's signature alone."""
    body = json.dumps({"Id": ASSET})
    return each(lambda: snippet("open.volcengineapi.com", GET_ASSET, body))


def httpx_get_asset(url: str, _: str) -> Run:
    """Raw httpx with the guide's signature."""
    import httpx

    client = httpx.Client()
    host = url.partition("://")[2]

    def act() -> Any:
        body = json.dumps({"Id": ASSET, "ProjectName": "default"})
        headers = snippet(host, GET_ASSET, body)
        answer = client.post(f"{url}/", params=GET_ASSET, headers=headers, content=body)
        return answer.raise_for_status().json()["Result"]

    return each(act)


def httpx_add_asset(url: str, _: str) -> Run:
    """The same for a create."""
    import httpx

    client = httpx.Client()
    host = url.partition("://")[2]
    query = {"Action": "CreateAsset", "Version": "2024-01-01"}

    def act() -> Any:
        body = json.dumps(
            {
                "GroupId": GROUP,
                "URL": "https://cdn.example/mia.jpg",
                "AssetType": "Image",
                "Name": "front",
                "ProjectName": "default",
            }
        )
        headers = snippet(host, query, body)
        answer = client.post(f"{url}/", params=query, headers=headers, content=body)
        return answer.raise_for_status().json()["Result"]

    return each(act)


def httpx_video(url: str, _: str) -> Run:
    """Httpx with dicts."""
    import httpx

    client = httpx.Client(headers={"Authorization": f"Bearer {KEY}"})

    def act() -> Any:
        made = client.post(f"{url}{TASKS}", json=BODY).raise_for_status().json()
        while True:
            found = client.get(f"{url}{TASKS}/{made['id']}").raise_for_status().json()
            if found["status"] not in ("queued", "running"):
                return found

    return each(act)


def httpx_upload(url: str, _: str) -> Run:
    """A form with an open file."""
    import httpx

    client = httpx.Client()

    def act(path: Path) -> None:
        with path.open("rb") as file:
            _ = client.post(f"{url}/upload", data={"GroupId": GROUP}, files={"file": file})

    act(_face())
    film = _film()
    return each(lambda: act(film))


def httpx_download_async(url: str, _: str) -> Run:
    """Raw httpx into a file, in an event loop."""
    import httpx

    async def downloads(times: int) -> None:
        async with httpx.AsyncClient() as client:
            for _ in range(times):
                async with client.stream("GET", f"{url}/file") as answer:
                    with path.open("wb") as file:
                        async for piece in answer.aiter_raw():
                            _ = file.write(piece)

    path = Path(tempfile.mkdtemp()) / "video.mp4"
    return lambda times: asyncio.run(downloads(times))


def httpx_download(url: str, _: str) -> Run:
    """The same, blocking."""
    import httpx

    client = httpx.Client()
    path = Path(tempfile.mkdtemp()) / "video.mp4"

    def act() -> None:
        with client.stream("GET", f"{url}/file") as answer, path.open("wb") as file:
            for piece in answer.iter_raw():
                _ = file.write(piece)

    return each(act)


def _signed_async(url: str, post: Callable[..., Any]) -> Callable[[], Any]:
    host = url.partition("://")[2]

    async def act() -> Any:
        body = json.dumps({"Id": ASSET, "ProjectName": "default"})
        headers = snippet(host, GET_ASSET, body)
        return json.loads(await post(body, headers))["Result"]

    return act


def _httpx_async(url: str, at_once: int, transport: Callable[[], Any]) -> Run:
    import httpx

    async def calls(times: int) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        async with httpx.AsyncClient(limits=limits, transport=transport()) as client:

            async def post(body: str, headers: dict[str, str]) -> bytes:
                sent = client.post(f"{url}/", params=GET_ASSET, headers=headers, content=body)
                return (await sent).content

            await gathered(_signed_async(url, post), times, at_once)

    return lambda times: asyncio.run(calls(times))


def httpx_async(url: str, _: str, at_once: int) -> Run:
    """Raw httpx in an event loop."""
    return _httpx_async(url, at_once, lambda: None)


def httpx_aiohttp_async(url: str, _: str, at_once: int) -> Run:
    """Httpx over aiohttp."""
    from httpx_aiohttp import AiohttpTransport

    return _httpx_async(url, at_once, AiohttpTransport)


def aiohttp_async(url: str, _: str, at_once: int) -> Run:
    """Raw aiohttp."""
    import aiohttp

    async def calls(times: int) -> None:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:

            async def post(body: str, headers: dict[str, str]) -> bytes:
                asked = session.post(f"{url}/", params=GET_ASSET, headers=headers, data=body)
                async with asked as answer:
                    return await answer.read()

            await gathered(_signed_async(url, post), times, at_once)

    return lambda times: asyncio.run(calls(times))


def httpx_second_client(_: str, __: str) -> Run:
    """Another httpx client, TLS context shared."""
    import httpx

    context = httpx.create_ssl_context()
    return each(lambda: httpx.Client(verify=context).close())


# -- other libraries -------------------------------------------------------------------------------


def _universal(url: str) -> Any:
    import volcenginesdkcore as core

    configuration = core.Configuration()
    configuration.ak, configuration.sk, configuration.region = ACCESS, KEY, "cn-beijing"
    configuration.scheme, _, configuration.host = url.partition("://")
    configuration.num_max_retries = 0
    return core.UniversalApi(core.ApiClient(configuration))


def volcengine_get_asset(url: str, _: str) -> Run:
    """The vendor's own client of Actions."""
    import volcenginesdkcore as core

    api = _universal(url)
    info = core.UniversalInfo(
        method="POST",
        service="ark",
        version="2024-01-01",
        action="GetAsset",
        content_type="application/json",
    )
    return each(lambda: api.do_call(info, {"Id": ASSET}))


def volcengine_sign(_: str, __: str) -> Run:
    """The vendor's own signer."""
    from volcenginesdkcore.signv4 import SignerV4

    body = json.dumps({"Id": ASSET})

    def act() -> None:
        headers = {"Content-Type": "application/json", "Host": "open.volcengineapi.com"}
        SignerV4.sign(
            "/", "POST", headers, body, {}, GET_ASSET, ACCESS, KEY, "cn-beijing", "ark", None
        )

    return each(act)


def volcengine_video(url: str, _: str) -> Run:
    """The vendor's own client of video tasks."""
    from volcenginesdkarkruntime import Ark

    tasks = Ark(base_url=f"{url}/api/v3", api_key=KEY, max_retries=0).content_generation.tasks

    def act() -> Any:
        made = tasks.create(**BODY)
        while True:
            found = tasks.get(task_id=made.id)
            if found.status not in ("queued", "running"):
                return found

    return each(act)


def json_list(_: str, __: str) -> Run:
    """`json.loads` of the page."""
    return each(lambda: json.loads(LIST))


_ROW: Final = ("Id", "Name", "URL", "AssetType", "GroupId", "Status", "CreateTime", "UpdateTime")


def pydantic_list(_: str, __: str) -> Run:
    """Pydantic's models of the page."""
    from pydantic import create_model

    kinds = {name: datetime if name.endswith("Time") else str for name in _ROW}
    row: Any = create_model("Row", **{name: (kind, ...) for name, kind in kinds.items()})
    result: Any = create_model("Result", Items=(list[row], ...), TotalCount=(int, ...))
    page: Any = create_model("Page", Result=(result, ...))
    return each(lambda: page.model_validate_json(LIST))


def msgspec_list(_: str, __: str) -> Run:
    """Msgspec's structs of the page."""
    import msgspec

    kinds = [(name, datetime if name.endswith("Time") else str) for name in _ROW]
    row: Any = msgspec.defstruct("Row", kinds)
    result: Any = msgspec.defstruct("Result", [("Items", list[row]), ("TotalCount", int)])
    page: Any = msgspec.defstruct("Page", [("Result", result)])
    decoder = msgspec.json.Decoder(page)
    return each(lambda: decoder.decode(LIST))


if __name__ == "__main__":
    sys.exit("run the folder: python benchmarks/speed")
