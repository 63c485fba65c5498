"""A profile at a marked vendor, opened blocking or awaited, with everything it does watched."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import canary_marks as marks
from attrs import define, field
from canary_vendors import FACE, Marked, Vendor
from canary_watch import Watch, files_in

import portraitkit as pk
from portraitkit.engine.transport import AsyncHttpxTransport, HttpxTransport
from portraitkit.testing import VirtualTime


class SigningHost:
    """A media host that hands out signed URLs, as object stores do."""

    def publish(self, content: bytes, *, filename: str, content_type: str) -> str:
        return marks.PUBLISHED_URL

    def withdraw(self, url: str) -> None:
        raise OSError(f"DELETE {url} failed")


@define(repr=False)
class Stage:
    """
    What a scenario plays on.

    Attributes:
        url: Where the vendor is.
        client: A Client or an AsyncClient of it.
    """

    vendor: Vendor
    driver: str
    marked: Marked
    watch: Watch
    folder: Path
    url: str
    client: Any = None
    failed: list[Exception] = field(factory=list)

    async def do(self, operation: str, *args: Any, **named: Any) -> Any:
        """Call an operation and look at what comes of it; None if it raises a PortraitError."""
        try:
            result = getattr(self.client, operation)(*args, **named)
            if inspect.isawaitable(result):
                result = await result
            elif hasattr(result, "__aiter__"):
                result = [each async for each in result]
            elif operation.startswith("list_"):
                result = list(result)
        except pk.PortraitError as error:
            self.watch.error(error)
            self.failed.append(error)
            return None
        self.watch.see(result)
        return result

    async def must(self, operation: str, *args: Any, **named: Any) -> Any:
        """Call an operation that has to succeed."""
        count = len(self.failed)
        result = await self.do(operation, *args, **named)
        assert len(self.failed) == count, f"{operation}: {self.failed[-1]}"
        return result

    async def fails(self, operation: str, *args: Any, **named: Any) -> Exception:
        """Call an operation that has to fail."""
        count = len(self.failed)
        result = await self.do(operation, *args, **named)
        assert len(self.failed) > count, f"{operation} gave {result!r}"
        return self.failed[-1]

    def supports(self, operation: str) -> bool:
        return bool(self.client.supports(operation))

    @property
    def source(self) -> str | bytes:
        """A signed URL: the vendor's to fetch, or the library's where the vendor takes none."""
        if self.vendor.takes_urls:
            return marks.SOURCE_URL
        return f"{self.url}/media/frame.png?X-Amz-Signature={marks.SOURCE.value}"

    def write_config(self, url: str | None = None, **more: str) -> Path:
        path = self.folder / "portraitkit.toml"
        settings = {"journal": "jobs.db", **more}
        path.write_text(self.vendor.profile(url or self.url, **settings), encoding="utf-8")
        return path

    def open(self, url: str | None = None, **options: Any) -> Any:
        """Open the profile, at the vendor or at *url*."""
        connect = pk.connect if self.driver == "blocking" else pk.connect_async
        if "config" not in options:
            options["config"] = self.write_config(url)
        options = {
            "clock": VirtualTime(self.marked.world.clock).clock,
            "media_host": SigningHost(),
            "budget": pk.Budget(attempts=3),
            **options,
        }
        client = connect(**options)
        self.watch.see(client)
        self.watch.see(client.provider)
        return client

    def at(self, url: str | None = None, **options: Any) -> _Opened:
        """Use another client for a while."""
        return _Opened(self, url, options)

    async def prepared(self) -> Things:
        """Let the vendor make one of each thing, to fail with later."""
        group = await self.must("create_group", "Mia")
        asset = await self.must("add_asset", group, FACE)
        asset = await self.must("wait_until_active", asset)
        check = person = None
        if self.vendor.checks:
            check = await self.must(
                "start_verification", "Ann", callback_url=marks.CALL_CALLBACK_URL
            )
        request = self.request(asset)
        task = await self.must("create_video", request, on_unsupported="drop")
        task = await self.must("wait_for_video", task)
        return Things(asset.group_id or group, asset, check, person, task, request)

    def request(self, asset: Any = None, **more: Any) -> pk.VideoRequest:
        media = None if asset is None else pk.References(images=[asset])
        request = pk.VideoRequest(
            prompt="a smile",
            media=media,
            duration_s=5,
            callback_url=marks.VIDEO_CALLBACK_URL,
            **more,
        )
        self.watch.see(request)
        return request


class _Opened:
    def __init__(self, stage: Stage, url: str | None, options: dict[str, Any]) -> None:
        self._stage = stage
        self._before = stage.client
        self._client = stage.open(url, **options)

    async def __aenter__(self) -> None:
        self._stage.client = self._client

    async def __aexit__(self, *_: object) -> None:
        self._stage.client = self._before
        if isinstance(done := self._client.close(), Awaitable):
            await done


@define
class Things:
    """One of each."""

    group: Any
    asset: Any
    check: Any
    person: Any
    task: Any
    request: pk.VideoRequest

    def calls(self, stage: Stage) -> dict[str, tuple[tuple[Any, ...], dict[str, Any]]]:
        """Every operation that the vendor offers, with what it can be called with."""
        path = stage.folder / "again.mp4"
        callback = {"callback_url": marks.CALL_CALLBACK_URL}
        every: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
            "create_group": (("Eve",), {}),
            "get_group": ((self.group,), {}),
            "list_groups": ((), {}),
            "rename_group": ((self.group, "Eva"), {}),
            "add_asset": ((self.group, stage.source), {"name": "front"}),
            "add_assets": ((self.group, [stage.source, FACE]), {}),
            "get_asset": ((self.asset,), {}),
            "list_assets": ((self.group,), {}),
            "rename_asset": ((self.asset, "side"), {}),
            "wait_until_active": ((self.asset.handle,), {"deadline_s": 20}),
            "start_verification": (("Ann",), callback),
            "check_verification": ((self.check,), {}),
            "wait_until_verified": ((self.check,), {"deadline_s": 20}),
            "create_video": ((self.request,), {"on_unsupported": "drop"}),
            "get_video": ((self.task,), {}),
            "list_videos": ((), {}),
            "cancel_video": ((self.task,), {}),
            "wait_for_video": ((self.task.handle,), {"deadline_s": 20}),
            "download_video": ((self.task.handle, path), {}),
            "delete_asset": ((self.asset,), {}),
            "delete_group": ((self.group,), {}),
        }
        sends = {"create_group"} if stage.vendor.name in ("xcompute", "apimart") else set()
        return {
            name: call for name, call in every.items() if stage.supports(name) and name not in sends
        }


def perform(stage: Stage, scenario: Callable[[Stage], Coroutine[Any, Any, None]]) -> None:
    """Run a scenario, blocking or under asyncio in its debug mode."""

    async def run() -> None:
        async with stage.at():
            await scenario(stage)

    if stage.driver != "blocking":
        anyio.run(run, backend="asyncio", backend_options={"debug": True})
        return
    running = run()
    try:
        _ = running.send(None)  # nothing in it waits
    except StopIteration:
        return
    raise AssertionError("a blocking client does not wait")


@contextmanager
def seen_on_the_wire(watch: Watch, patch: Any) -> Iterator[None]:
    """Look at every request as it is sent, credentials and all, and at every answer."""
    send, send_async = HttpxTransport.send, AsyncHttpxTransport.send

    def sent(self: Any, request: Any) -> Any:
        watch.show(request, "request on the wire")
        response = send(self, request)
        watch.show(response, "answer on the wire")
        return response

    async def sent_async(self: Any, request: Any) -> Any:
        watch.show(request, "request on the wire")
        response = await send_async(self, request)
        watch.show(response, "answer on the wire")
        return response

    with patch.context() as patched:
        patched.setattr(HttpxTransport, "send", sent)
        patched.setattr(AsyncHttpxTransport, "send", sent_async)
        yield


def everything(
    stage: Stage, *, inputs: tuple[str, ...] = ("portraitkit.toml",)
) -> Iterator[tuple[str, str]]:
    """All that was captured: texts, and files save for the test's own *inputs*."""
    yield from stage.watch.texts
    for place, text in files_in(stage.folder):
        if not place.endswith(inputs):
            yield place, text
