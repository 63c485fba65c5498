"""
The clients: a provider's operations, called or awaited.

Every operation is written once, on `PortraitProvider`; here each is lifted by one line.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self, TypeVar, overload

from .. import engine, portraits
from .. import failover as failovers
from .. import journal as journals
from ..limits.limiter import PROCESS, Limiter, ProcessLimiter
from ..operations.call import Call
from ..operations.guarding import guarded
from ..operations.provider import PortraitProvider
from ..operations.remarks import Remarks
from ..providers.registry import provider_names
from ..values.errors import InvalidInputError
from ..values.models import Asset, AssetRef, AssetRefs, Verification, VideoTask
from ..values.portraits import Portrait
from ..values.secret import Secret
from ..values.statuses import Support
from ..values.video import OnUnsupported, Preview, VideoRequest
from ..vendor.dialect import DIALECTS
from ..vendor.pacing import OnEvent
from ..wire.steps import Budget, Flow, work
from .methods import JobOperation, Operation, PagedOperation, PortraitOperation

if TYPE_CHECKING:
    import httpx

    from ..engine.clock import Clock
    from ..engine.driver import AsyncDriver, Driver
    from ..engine.transport import AsyncTransport, Timeouts, Transport
    from ..failover.router import Failover, Router
    from ..journal import Journal
    from ..journal.writer import Recorder
    from ..portraits.ledger import Ledger

T = TypeVar("T")
_THINGS: Final = ("asset", "assets", "verification", "task", "tasks")
"""What arguments that name a thing are called."""


class _Client:
    """What both clients are made of: a provider, and what is asked of it without sending."""

    awaits: ClassVar[bool] = False

    create_group = Operation(PortraitProvider.create_group)
    get_group = Operation(PortraitProvider.get_group)
    list_groups = PagedOperation(PortraitProvider.list_groups)
    rename_group = Operation(PortraitProvider.rename_group)
    delete_group = Operation(PortraitProvider.delete_group)
    quota = Operation(PortraitProvider.quota)

    add_asset = Operation(PortraitProvider.add_asset)
    add_assets = Operation(PortraitProvider.add_assets)
    get_asset = Operation(PortraitProvider.get_asset)
    list_assets = PagedOperation(PortraitProvider.list_assets)
    rename_asset = Operation(PortraitProvider.rename_asset)
    delete_asset = Operation(PortraitProvider.delete_asset)

    start_verification = Operation(PortraitProvider.start_verification)
    check_verification = Operation(PortraitProvider.check_verification)
    wait_until_verified = Operation(PortraitProvider.wait_until_verified)

    create_video = Operation(PortraitProvider.create_video)
    get_video = Operation(PortraitProvider.get_video)
    list_videos = PagedOperation(PortraitProvider.list_videos)
    cancel_video = Operation(PortraitProvider.cancel_video)
    wait_for_video = Operation(PortraitProvider.wait_for_video)
    wait_for_videos = Operation(PortraitProvider.wait_for_videos)
    download_video = Operation(PortraitProvider.download_video)

    ensure_portrait = PortraitOperation(lambda: portraits.operations.ensure_portrait)
    adopt_portrait = PortraitOperation(lambda: portraits.operations.adopt_portrait)
    plan_portraits = PortraitOperation(lambda: portraits.operations.plan_portraits)
    apply_portraits = PortraitOperation(lambda: portraits.operations.apply_portraits)
    check_portraits = PortraitOperation(lambda: portraits.operations.check_portraits)
    erase_portrait = PortraitOperation(lambda: portraits.operations.erase_portrait)

    resume = JobOperation(lambda: journals.Job.flow)

    def __init__(
        self,
        provider: PortraitProvider,
        *,
        profile: str,
        failover: Failover | None,
        budget: Budget,
        clock: Clock | None,
        limiter: Limiter | None,
        journal: Journal | Path | str | Secret | None,
        ledger: Ledger | Path | str | Secret | None,
    ) -> None:
        self.provider: Final = provider
        self._ledger: Ledger | Path
        self._own_ledger: Ledger | None = None  # what is given is its giver's to close
        if isinstance(ledger, str | Secret):
            self._ledger = self._own_ledger = portraits.ledger.open_ledger(ledger)
        else:
            self._ledger = Path(portraits.FILE_NAME).absolute() if ledger is None else ledger
        self.profile: Final = profile or provider.name
        self._failover: Final = failover
        self._budget: Final = budget
        self._clock: Final = clock
        self._limiter: Final = limiter or (ProcessLimiter() if clock else PROCESS)
        self._opening: Final = threading.Lock()
        self._opened: tuple[Any, Any] | None = None
        self._own_journal: Journal | None = None  # likewise
        if isinstance(journal, str | Path | Secret):
            journal = self._own_journal = journals.Journal(journal)
        self.journal: Final = journal
        self._remarks: Final = Remarks()
        self._recorder: Recorder | None = None
        if journal is not None:
            if clock is not None:
                journal.now = clock.now
            profiles = {each.owner: each.profile for each in self._router.routes.all}
            lease = journals.journal.Lease(journal)
            self._recorder = journals.writer.Recorder(
                journal=journal, lease=lease, profiles=profiles
            )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.profile} at {self.provider.label}>"

    def portrait(self, name: str) -> Portrait:
        """
        Name a portrait, such as `mia` or `mia.front`, that is registered somewhere. Sends nothing.

        Raises:
            UnknownPortraitError: The ledger has none of that name.
        """
        named = Portrait(name)
        _ = portraits.resolving.find(self.ledger, named)
        return named

    def with_portraits(self, call: Call[Flow[T]]) -> Flow[T]:
        """
        Begin something that is done with portraits by name, at this client's own account.

        Raises:
            InvalidInputError: An argument is of a wrong type.
        """
        call.check()
        account = portraits.registering.Account(provider=self.provider, ledger=self.ledger)
        flow = call.operation(account, *call.args, **call.kwargs)
        return guarded(flow, self.provider, call.name)

    @property
    def _engine(self) -> tuple[Any, Any]:
        """What runs this client's flows, and what sends. The first call loads and opens it."""
        with self._opening:
            self._opened = self._opened or self._open()
        return self._opened

    def _open(self) -> tuple[Any, Any]:
        raise NotImplementedError

    @property
    def driver(self) -> Any:
        """What runs this client's flows."""
        return self._engine[0]

    @property
    def _transport(self) -> Any:
        return self._engine[1]

    @cached_property
    def _router(self) -> Router:
        primary = failovers.routes.Route(profile=self.profile, provider=self.provider)
        is_real = self._clock is None
        return failovers.router.Router(primary, self._failover, self._budget, real_time=is_real)

    @cached_property
    def ledger(self) -> Ledger:
        """Where portraits are looked up by name."""
        kept = self._ledger
        return portraits.ledger.open_ledger(kept) if isinstance(kept, Path) else kept

    @property
    def limited_s(self) -> float:
        """Seconds that this client's requests have waited for the account's rates, together."""
        seconds: float = self.driver.limited_s
        return seconds

    @property
    def requests_sent(self) -> int:
        """How many requests this client has sent, each attempt counted."""
        count: int = self.driver.requests
        return count

    @property
    def bytes_received(self) -> int:
        """Bytes of the answers to them, without files that were saved."""
        count: int = self.driver.received_bytes
        return count

    def _let_go(self) -> None:
        if self._recorder is not None:
            self._recorder.lease.release()
        if self._own_journal is not None:
            self._own_journal.close()
        if self._own_ledger is not None:
            self._own_ledger.close()

    def supports(self, operation: str) -> Support:
        """
        Tell how the vendor offers an operation, such as `list_assets`; true if a call does it.

        `BY_HAND` is what a person does in the vendor's console: the call raises `ManualStepError`,
        which says how.

        Raises:
            InvalidInputError: There is no such operation.
        """
        if self.provider.supports(operation):
            return Support.NATIVE
        by_hand = operation in self.provider.manual_steps
        return Support.BY_HAND if by_hand else Support.ABSENT

    def read_callback(self, received: str | Mapping[str, Any]) -> Verification:
        """
        Read what arrived at the callback URL: its URL, query or fields. Sends nothing.

        The result is still WAITING: pass it to `check_verification`, and believe only that.

        Raises:
            InvalidInputError: It is no callback of this vendor. Answer its sender with an error.
        """
        call = Call(PortraitProvider.read_callback, self.provider, received)
        del received  # a traceback that prints local variables would show the token in it
        call.check()
        return call()

    def read_video_callback(
        self,
        received: str | bytes | Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
    ) -> VideoTask:
        """
        Read what a vendor posted to a video's `callback_url`. Sends nothing.

        The result's status is UNKNOWN: pass it to `get_video`, and believe only that. No vendor
        documents a signature, so that *headers* are taken and not looked at.

        Raises:
            InvalidInputError: It names no video. Answer its sender with an error.
            UnsupportedError: The vendor documents no notice. Poll with `wait_for_video`.
        """
        del headers
        call = Call(PortraitProvider.read_video_callback, self.provider, received)
        del received  # it may hold a signed link, which a traceback would show
        call.check()
        return call()

    def start(self, call: Call[Flow[T]], *before: object) -> Flow[T]:
        """Begin an operation, with all that this client does around one."""
        call.check()
        if call.name == "create_video":
            self._check_extra(call.argument("request"))
            if portraits.resolving.needs_assets(call.argument("request")):
                return self._resolved(call)
        flow = self._router.start(call, *before) if self._failover else call(*before)
        if not before:
            flow = self._remarks.attached(flow, call.argument(*_THINGS))
        if self._recorder is None or before:
            return flow
        return self._recorder.start(flow, call.name, call.provider, call.arguments)

    def _resolved(self, call: Call[Flow[T]]) -> Flow[T]:
        """Begin a video with each account's assets in the place of its portraits."""
        account = portraits.registering.Account(provider=self.provider, ledger=self.ledger)
        request: VideoRequest = call.argument("request")
        request = yield from portraits.operations.with_files_registered(account, request)
        owner = self._router.routes.all[0].owner
        named, request = request, (yield from work(partial(self._with_assets, request)))
        yield from work(partial(portraits.resolving.mark_used, self.ledger, named, owner))
        return (yield from self.start(call.at(call.provider, request)))

    def _with_assets(self, request: VideoRequest) -> VideoRequest:
        if not portraits.resolving.needs_assets(request):
            return request
        owners = [each.owner for each in self._router.routes.all]
        return portraits.resolving.resolve(self.ledger, request, owners)

    def resumed(
        self, owner: object, call: Callable[[PortraitProvider], Flow[T]], operation: str
    ) -> Flow[T]:
        """Begin what is left of a job, at the profile of this client that it belongs to."""
        return self._router.routes.resumed(owner, call, operation)

    def _waiting(
        self,
        asset: AssetRef | AssetRefs,
        deadline_s: float | None,
        on_event: OnEvent | None,
    ) -> Flow[Any]:
        one = isinstance(asset, Asset | str)
        wait = PortraitProvider.wait_until_active if one else PortraitProvider.wait_until_all_active
        call: Call[Flow[Any]] = Call(
            wait,
            self.provider,
            self._remarks.with_files(asset),
            deadline_s=deadline_s,
            on_event=on_event,
        )
        return self.start(call)

    def preview_video(
        self,
        request: VideoRequest,
        *,
        on_unsupported: OnUnsupported = "raise",
        strict_limits: bool | None = None,
    ) -> Preview:
        """
        Show what `create_video` would send: body, masked headers, findings. Sends nothing.

        With failover, it is what the first profile would be sent.

        Raises:
            UnsupportedError: The vendor cannot express a field.
        """
        options = {"on_unsupported": on_unsupported, "strict_limits": strict_limits}
        call = Call(PortraitProvider.preview_video, self.provider, request, **options)
        call.check()
        self._check_extra(request)
        request = self._with_assets(request)
        return call.at(self._router.routes.home(request).provider, request)()

    def _check_extra(self, request: VideoRequest) -> None:
        """Refuse members for a provider that nobody has: they would go nowhere."""
        routes = [each.provider for each in self._router.routes.all]
        known = {*provider_names(), *DIALECTS}
        known |= {name for each in routes for name in (each.name, each.dialect.name) if name}
        for name in sorted(request.extra.keys() - known):
            from difflib import get_close_matches  # noqa: PLC0415  (only for who mistypes)

            near = get_close_matches(name.lower(), known, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise InvalidInputError(
                f"extra[{name!r}] names no provider, and no dialect that several share",
                provider=self.provider.name,
                field="extra",
                next_step=f"{hint}name one of {', '.join(sorted(known))}",
            )


class Client(_Client):
    """
    One profile's operations, blocking. A context manager; safe to share between threads.

    Made by `portraitkit.connect`. Every operation raises only `PortraitError` and its subclasses.
    Any may raise these: InvalidInputError and HandleError before anything is sent,
    AuthenticationError, PermissionDeniedError, RateLimitedError, ServiceUnavailableError and
    ConnectionFailedError once its attempts are used up, UnexpectedResponseError, and
    UnsupportedError where the vendor offers no such operation. Each operation names the others that
    a caller can act on.
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
        failover: Failover | None = None,
        limiter: Limiter | None = None,
        journal: Journal | Path | str | Secret | None = None,
        ledger: Ledger | Path | str | Secret | None = None,
    ) -> None:
        budget = budget or Budget()
        super().__init__(
            provider,
            profile=profile,
            failover=failover,
            budget=budget,
            clock=clock,
            limiter=limiter,
            journal=journal,
            ledger=ledger,
        )
        self._http: Final = (http_client, timeouts, transport)

    def _open(self) -> tuple[Driver, Transport]:
        client, timeouts, transport = self._http
        transport = transport or engine.transport.HttpxTransport(client, timeouts)
        clock = self._clock or engine.clock.Clock()
        make = engine.driver.Driver
        return make(self.provider, transport, clock, self._budget, self._limiter), transport

    def run(self, flow: Flow[T], operation: str = "") -> T:
        """Run a flow of your own, made of the provider's operations."""
        driver: Driver = self.driver
        return driver.run(engine.driver.fresh(flow), operation)

    def close(self) -> None:
        """Close connections, and let go of unfinished jobs; a given HTTP client stays open."""
        self._let_go()
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
        asset: AssetRefs,
        *,
        deadline_s: float | None = None,
        on_event: OnEvent | None = None,
    ) -> list[Asset]: ...
    def wait_until_active(
        self,
        asset: AssetRef | AssetRefs,
        *,
        deadline_s: float | None = None,
        on_event: OnEvent | None = None,
    ) -> Asset | list[Asset]:
        """
        Wait for the review of one asset, or of several.

        For one it returns the active asset. For several it returns them in the order given, each
        ACTIVE or FAILED.

        Raises:
            AssetFailedError: The review refused the one.
            WaitTimeoutError: The deadline passed. The handle is in the error: wait again.
        """
        flow: Flow[Asset | list[Asset]] = self._waiting(asset, deadline_s, on_event)
        del asset
        result: Asset | list[Asset] = self.driver.run(flow, "wait_until_active")
        return result


class AsyncClient(_Client):
    """
    One profile's operations, awaited, under asyncio or trio. An asynchronous context manager.

    Made by `portraitkit.connect_async`. Use one for each event loop. What any operation may raise
    is said at `Client`.
    """

    awaits: ClassVar[bool] = True

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
        failover: Failover | None = None,
        limiter: Limiter | None = None,
        journal: Journal | Path | str | Secret | None = None,
        ledger: Ledger | Path | str | Secret | None = None,
    ) -> None:
        budget = budget or Budget()
        super().__init__(
            provider,
            profile=profile,
            failover=failover,
            budget=budget,
            clock=clock,
            limiter=limiter,
            journal=journal,
            ledger=ledger,
        )
        self._http: Final = (http_client, timeouts, transport)

    def _open(self) -> tuple[AsyncDriver, AsyncTransport]:
        client, timeouts, transport = self._http
        transport = transport or engine.transport.AsyncHttpxTransport(client, timeouts)
        clock = self._clock or engine.clock.Clock()
        make = engine.driver.AsyncDriver
        return make(self.provider, transport, clock, self._budget, self._limiter), transport

    async def run(self, flow: Flow[T], operation: str = "") -> T:
        """Run a flow of your own, made of the provider's operations."""
        driver: AsyncDriver = self.driver
        return await driver.run(engine.driver.fresh(flow), operation)

    async def close(self) -> None:
        """Close connections, and let go of unfinished jobs; a given HTTP client stays open."""
        self._let_go()
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
        asset: AssetRefs,
        *,
        deadline_s: float | None = None,
        on_event: OnEvent | None = None,
    ) -> list[Asset]: ...
    async def wait_until_active(
        self,
        asset: AssetRef | AssetRefs,
        *,
        deadline_s: float | None = None,
        on_event: OnEvent | None = None,
    ) -> Asset | list[Asset]:
        """
        Wait for the review of one asset, or of several.

        For one it returns the active asset. For several it returns them in the order given, each
        ACTIVE or FAILED.

        Raises:
            AssetFailedError: The review refused the one.
            WaitTimeoutError: The deadline passed. The handle is in the error: wait again.
        """
        flow: Flow[Asset | list[Asset]] = self._waiting(asset, deadline_s, on_event)
        del asset
        result: Asset | list[Asset] = await self.driver.run(flow, "wait_until_active")
        return result
