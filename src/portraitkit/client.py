"""
The clients: a provider's operations, called or awaited.

Every operation is written once, on `PortraitProvider`; here each is lifted by one line.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Final,
    Generic,
    ParamSpec,
    Self,
    TypeVar,
    overload,
)

from .driver import AsyncDriver, Budget, Clock, Driver
from .errors import PortraitError
from .models import Asset, AssetRef, Page, Verification
from .provider import PortraitProvider
from .transport import AsyncHttpxTransport, AsyncTransport, HttpxTransport, Timeouts, Transport
from .video import OnUnsupported, Preview, VideoRequest
from .waiting import OnEvent
from .wire import Flow

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")
P = ParamSpec("P")
C = TypeVar("C", bound="Callable[..., Any]")

Operation = Callable[Concatenate[PortraitProvider, P], Flow[T]]
PagedOperation = Callable[Concatenate[PortraitProvider, "str | None", P], Flow[Page[T]]]


class _Client:
    """What both clients are made of: a provider, and what is asked of it without sending."""

    def __init__(self, provider: PortraitProvider, *, profile: str = "") -> None:
        self.provider: Final = provider
        self.profile: Final = profile or provider.name

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.profile} at {self.provider.name}>"

    def supports(self, operation: str) -> bool:
        """Tell whether the vendor offers an operation, such as `list_assets`."""
        return self.provider.supports(operation)

    def read_callback(self, received: str | Mapping[str, Any]) -> Verification:
        """
        Read what arrived at the callback URL: its URL, query or fields. Sends nothing.

        The result is still WAITING: pass it to `check_verification`, and believe only that.
        """
        return self.provider.read_callback(received)

    def preview_video(
        self,
        request: VideoRequest,
        *,
        on_unsupported: OnUnsupported = "raise",
        strict_limits: bool | None = None,
    ) -> Preview:
        """Show what `create_video` would send: body, masked headers, findings. Sends nothing."""
        return self.provider.preview_video(
            request, on_unsupported=on_unsupported, strict_limits=strict_limits
        )


def _lift(operation: Operation[P, T]) -> Callable[Concatenate[Client, P], T]:
    @functools.wraps(operation)
    def call(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.run(_start(operation, self.provider, *args, **kwargs), operation.__name__)

    return _shown(call, operation, "{}")


def _lift_pages(operation: PagedOperation[P, T]) -> Callable[Concatenate[Client, P], Iterator[T]]:
    @functools.wraps(operation)
    def call(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        def page(cursor: str | None) -> Page[T]:
            flow = _start(operation, self.provider, cursor, *args, **kwargs)
            return self.run(flow, operation.__name__)

        return _items(page, page(None))

    return _shown(call, operation, "Iterator[{}]", drop=1)


def _items(page_of: Callable[[str | None], Page[T]], page: Page[T]) -> Iterator[T]:
    walk = _Walk[T]()
    while True:
        yield from walk.new(page)
        if walk.at_end(page):
            return
        page = page_of(page.next)


def _lift_async(operation: Operation[P, T]) -> Callable[Concatenate[AsyncClient, P], Awaitable[T]]:
    @functools.wraps(operation)
    async def call(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        flow = _start(operation, self.provider, *args, **kwargs)
        return await self.run(flow, operation.__name__)

    return _shown(call, operation, "{}")


def _lift_pages_async(
    operation: PagedOperation[P, T],
) -> Callable[Concatenate[AsyncClient, P], AsyncIterator[T]]:
    @functools.wraps(operation)
    async def call(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        walk = _Walk[T]()
        cursor: str | None = None
        while True:
            flow = _start(operation, self.provider, cursor, *args, **kwargs)
            page = await self.run(flow, operation.__name__)
            for item in walk.new(page):
                yield item
            if walk.at_end(page):
                return
            cursor = page.next

    return _shown(call, operation, "AsyncIterator[{}]", drop=1)


def _start(
    operation: Callable[Concatenate[PortraitProvider, P], T],
    provider: PortraitProvider,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Begin an operation: the adapter's own method, with context on what it refuses at once."""
    name = operation.__name__
    try:
        flow: T = getattr(provider, name)(*args, **kwargs)
    except PortraitError as error:
        raise error.fill(provider=provider.name, operation=name) from None
    return flow


class _Walk(Generic[T]):
    """One walk over pages: each item once, and an end even where a vendor repeats its pages."""

    def __init__(self) -> None:
        self._items: set[str] = set()
        self._cursors: set[str | None] = {None}

    def new(self, page: Page[T]) -> Iterator[T]:
        for item in page.items:
            handle = str(getattr(item, "handle", ""))
            if handle not in self._items:
                self._items.add(handle)
                yield item

    def at_end(self, page: Page[T]) -> bool:
        if page.next in self._cursors:
            return True
        self._cursors.add(page.next)
        return False


def _shown(call: C, operation: Callable[..., Any], result: str, drop: int = 0) -> C:
    """Make `help()` show what comes back, not the flow inside."""
    signature = inspect.signature(operation)
    flow = str(signature.return_annotation)
    inner = flow.removeprefix("Flow[").removesuffix("]")
    if drop:
        inner = inner.removeprefix("Page[").removesuffix("]")
    parameters = list(signature.parameters.values())
    kept = parameters[:1] + parameters[1 + drop :]
    shown = signature.replace(parameters=kept, return_annotation=result.format(inner))
    call.__signature__ = shown  # type: ignore[attr-defined]
    return call


class Client(_Client):
    """
    One profile's operations, blocking. A context manager; safe to share between threads.

    Made by `portraitkit.connect`. Every operation raises only `PortraitError` and its subclasses.
    """

    def __init__(
        self,
        provider: PortraitProvider,
        *,
        profile: str = "",
        http_client: httpx.Client | None = None,
        transport: Transport | None = None,
        timeouts: Timeouts | None = None,
        clock: Clock | None = None,
        budget: Budget | None = None,
    ) -> None:
        super().__init__(provider, profile=profile)
        self._transport = transport or HttpxTransport(http_client, timeouts)
        self._driver = Driver(provider, self._transport, clock or Clock(), budget or Budget())

    def run(self, flow: Flow[T], operation: str = "") -> T:
        """Run a flow of your own, made of the provider's operations."""
        return self._driver.run(flow, operation)

    def close(self) -> None:
        """Close connections; an HTTP client that was handed in stays open."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    create_group = _lift(PortraitProvider.create_group)
    get_group = _lift(PortraitProvider.get_group)
    list_groups = _lift_pages(PortraitProvider.list_groups)
    rename_group = _lift(PortraitProvider.rename_group)
    delete_group = _lift(PortraitProvider.delete_group)

    add_asset = _lift(PortraitProvider.add_asset)
    add_assets = _lift(PortraitProvider.add_assets)
    get_asset = _lift(PortraitProvider.get_asset)
    list_assets = _lift_pages(PortraitProvider.list_assets)
    rename_asset = _lift(PortraitProvider.rename_asset)
    delete_asset = _lift(PortraitProvider.delete_asset)

    start_verification = _lift(PortraitProvider.start_verification)
    check_verification = _lift(PortraitProvider.check_verification)
    wait_until_verified = _lift(PortraitProvider.wait_until_verified)

    create_video = _lift(PortraitProvider.create_video)
    get_video = _lift(PortraitProvider.get_video)
    list_videos = _lift_pages(PortraitProvider.list_videos)
    cancel_video = _lift(PortraitProvider.cancel_video)
    wait_for_video = _lift(PortraitProvider.wait_for_video)
    download_video = _lift(PortraitProvider.download_video)

    @overload
    def wait_until_active(
        self,
        asset: AssetRef,
        *,
        deadline_s: float | None = None,
        on_event: OnEvent | None = None,
    ) -> Asset: ...
    @overload
    def wait_until_active(
        self,
        asset: Sequence[Asset],
        *,
        deadline_s: float | None = None,
        on_event: OnEvent | None = None,
    ) -> list[Asset]: ...
    def wait_until_active(
        self,
        asset: AssetRef | Sequence[Asset],
        *,
        deadline_s: float | None = None,
        on_event: OnEvent | None = None,
    ) -> Asset | list[Asset]:
        """
        Wait for the review of one asset, or of several.

        For one it returns the active asset and raises AssetFailedError if it was refused. For
        several it returns them in the order given, each ACTIVE or FAILED.
        """
        name = "wait_until_active"
        if isinstance(asset, Asset | str):
            one = self.provider.wait_until_active(asset, deadline_s=deadline_s, on_event=on_event)
            return self.run(one, name)
        return self.run(
            self.provider.wait_until_all_active(asset, deadline_s=deadline_s, on_event=on_event),
            name,
        )


class AsyncClient(_Client):
    """
    One profile's operations, awaited, under asyncio or trio. An asynchronous context manager.

    Made by `portraitkit.connect_async`. Use one for each event loop.
    """

    def __init__(
        self,
        provider: PortraitProvider,
        *,
        profile: str = "",
        http_client: httpx.AsyncClient | None = None,
        transport: AsyncTransport | None = None,
        timeouts: Timeouts | None = None,
        clock: Clock | None = None,
        budget: Budget | None = None,
    ) -> None:
        super().__init__(provider, profile=profile)
        self._transport = transport or AsyncHttpxTransport(http_client, timeouts)
        self._driver = AsyncDriver(provider, self._transport, clock or Clock(), budget or Budget())

    async def run(self, flow: Flow[T], operation: str = "") -> T:
        """Run a flow of your own, made of the provider's operations."""
        return await self._driver.run(flow, operation)

    async def close(self) -> None:
        """Close connections; an HTTP client that was handed in stays open."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    create_group = _lift_async(PortraitProvider.create_group)
    get_group = _lift_async(PortraitProvider.get_group)
    list_groups = _lift_pages_async(PortraitProvider.list_groups)
    rename_group = _lift_async(PortraitProvider.rename_group)
    delete_group = _lift_async(PortraitProvider.delete_group)

    add_asset = _lift_async(PortraitProvider.add_asset)
    add_assets = _lift_async(PortraitProvider.add_assets)
    get_asset = _lift_async(PortraitProvider.get_asset)
    list_assets = _lift_pages_async(PortraitProvider.list_assets)
    rename_asset = _lift_async(PortraitProvider.rename_asset)
    delete_asset = _lift_async(PortraitProvider.delete_asset)

    start_verification = _lift_async(PortraitProvider.start_verification)
    check_verification = _lift_async(PortraitProvider.check_verification)
    wait_until_verified = _lift_async(PortraitProvider.wait_until_verified)

    create_video = _lift_async(PortraitProvider.create_video)
    get_video = _lift_async(PortraitProvider.get_video)
    list_videos = _lift_pages_async(PortraitProvider.list_videos)
    cancel_video = _lift_async(PortraitProvider.cancel_video)
    wait_for_video = _lift_async(PortraitProvider.wait_for_video)
    download_video = _lift_async(PortraitProvider.download_video)

    @overload
    async def wait_until_active(
        self,
        asset: AssetRef,
        *,
        deadline_s: float | None = None,
        on_event: OnEvent | None = None,
    ) -> Asset: ...
    @overload
    async def wait_until_active(
        self,
        asset: Sequence[Asset],
        *,
        deadline_s: float | None = None,
        on_event: OnEvent | None = None,
    ) -> list[Asset]: ...
    async def wait_until_active(
        self,
        asset: AssetRef | Sequence[Asset],
        *,
        deadline_s: float | None = None,
        on_event: OnEvent | None = None,
    ) -> Asset | list[Asset]:
        """
        Wait for the review of one asset, or of several.

        For one it returns the active asset and raises AssetFailedError if it was refused. For
        several it returns them in the order given, each ACTIVE or FAILED.
        """
        name = "wait_until_active"
        if isinstance(asset, Asset | str):
            one = self.provider.wait_until_active(asset, deadline_s=deadline_s, on_event=on_event)
            return await self.run(one, name)
        return await self.run(
            self.provider.wait_until_all_active(asset, deadline_s=deadline_s, on_event=on_event),
            name,
        )
