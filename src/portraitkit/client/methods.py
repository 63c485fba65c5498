"""Operations as methods of both clients: called, awaited, iterated over. Each is listed once."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator
from types import MethodType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, overload

from ..operations.call import Call
from ..operations.paging import PageWalk
from ..operations.provider import PortraitProvider
from ..values.errors import PortraitError
from ..values.models import Page, Result
from ..wire.steps import Flow

if TYPE_CHECKING:
    from ..portraits.registering import Account

T = TypeVar("T")
P = ParamSpec("P")
C = TypeVar("C", bound="Callable[..., Any]")


class Named(Protocol):
    """Something that carries an operation on."""

    @property
    def operation(self) -> str:
        """The operation's name."""
        ...

    @property
    def owner(self) -> tuple[str, str]:
        """The vendor and the account that do it."""
        ...


J = TypeVar("J", bound=Named)


class Starting(Protocol):
    """A client, as far as both kinds are alike."""

    @property
    def provider(self) -> PortraitProvider:
        """Whose operations they are."""
        ...

    def start(self, call: Call[Flow[T]], *before: object) -> Flow[T]:
        """Begin an operation, with all that this client does around one."""
        ...

    @property
    def driver(self) -> Any:
        """What runs flows that were made just now: at once, or once that is awaited."""
        ...

    def resumed(
        self, owner: object, call: Callable[[PortraitProvider], Flow[T]], operation: str
    ) -> Flow[T]:
        """Begin what is left of a job."""
        ...

    def with_portraits(self, call: Call[Flow[T]]) -> Flow[T]:
        """Begin something that is done with portraits by name."""
        ...


class Blocking(Starting, Protocol):
    """A client that runs flows on the calling thread."""

    def run(self, flow: Flow[T], operation: str = "") -> T:
        """Run a flow to its end."""
        ...


class Awaiting(Starting, Protocol):
    """A client that runs flows in an event loop."""

    async def run(self, flow: Flow[T], operation: str = "") -> T:
        """Run a flow to its end."""
        ...


class _Method:
    """
    A descriptor that makes one method for blocking clients and one to await.

    Both are plain functions with the operation's signature and docstring, made when first used: an
    operation is found only then.
    """

    _blocking: Any
    _awaited: Any

    def __init__(self, find: Callable[[], Callable[..., Any]]) -> None:
        self._find = find

    @functools.cached_property
    def _operation(self) -> Callable[..., Any]:
        return self._find()

    def _of(self, client: object, owner: type) -> Any:
        method = self._awaited if getattr(owner, "awaits", False) else self._blocking
        return method if client is None else MethodType(method, client)


class _CalledOnce(_Method):
    """A method that runs one flow to its end; no frame of it keeps an argument in sight."""

    _shows = True

    def _begin(self, client: Any, call: Call[Flow[Any]]) -> tuple[Flow[Any], str]:
        """The flow of a call, and the operation's name."""
        raise NotImplementedError

    @functools.cached_property
    def _blocking(self) -> Callable[..., Any]:
        operation, begin = self._operation, self._begin

        @functools.wraps(operation)
        def method(self: Blocking, /, *args: object, **kwargs: object) -> Any:
            call: Call[Flow[Any]] = Call(operation, self.provider, *args, **kwargs)
            del args, kwargs
            flow, name = begin(self, call)
            return self.driver.run(flow, name)

        return _shown(method, operation, "{}") if self._shows else method

    @functools.cached_property
    def _awaited(self) -> Callable[..., Coroutine[Any, Any, Any]]:
        operation, begin = self._operation, self._begin

        @functools.wraps(operation)
        async def method(self: Awaiting, /, *args: object, **kwargs: object) -> Any:
            call: Call[Flow[Any]] = Call(operation, self.provider, *args, **kwargs)
            del args, kwargs
            flow, name = begin(self, call)
            del call  # thousands may rest here, and need their flows alone
            return await self.driver.run(flow, name)

        return _shown(method, operation, "{}") if self._shows else method


class Operation(_CalledOnce, Generic[P, T]):
    """An operation of a provider: `client.get_asset(asset)`."""

    def __init__(self, operation: Callable[Concatenate[PortraitProvider, P], Flow[T]]) -> None:
        super().__init__(lambda: operation)

    @overload
    def __get__(self, client: Blocking, owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: Awaiting, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, client: None, owner: type) -> Callable[..., Any]: ...
    def __get__(self, client: object, owner: type) -> Any:
        return self._of(client, owner)

    def _begin(self, client: Any, call: Call[Flow[Any]]) -> tuple[Flow[Any], str]:
        return client.start(call), call.name


class Items(Iterator[T]):
    """What a list holds, fetched page by page while it is iterated over."""

    def __init__(self, items: Iterator[T]) -> None:
        self._items = items

    def __iter__(self) -> Iterator[T]:  # noqa: PYI034  (who iterates needs no call of ours)
        return self._items

    def __next__(self) -> T:
        return next(self._items)

    def first(self) -> T | None:
        """The next item; None if there is none. No further page is fetched for it."""
        return next(self._items, None)


class AsyncItems(AsyncIterator[T]):
    """What a list holds, fetched page by page while it is iterated over."""

    def __init__(self, items: AsyncGenerator[T]) -> None:
        self._items = items

    async def __anext__(self) -> T:
        return await anext(self._items)

    async def first(self) -> T | None:
        """The next item; None if there is none. No further page is fetched for it."""
        return await anext(self._items, None)

    async def aclose(self) -> None:
        """Fetch no more."""
        await self._items.aclose()


class PagedOperation(_Method, Generic[P, T]):
    """A listing: iterated over all pages. What cannot be listed is refused at once."""

    def __init__(
        self, operation: Callable[Concatenate[PortraitProvider, str | None, P], Flow[Page[T]]]
    ) -> None:
        super().__init__(lambda: operation)

    @overload
    def __get__(self, client: Blocking, owner: type) -> Callable[P, Items[T]]: ...
    @overload
    def __get__(self, client: Awaiting, owner: type) -> Callable[P, AsyncItems[T]]: ...
    @overload
    def __get__(self, client: None, owner: type) -> Callable[..., Any]: ...
    def __get__(self, client: object, owner: type) -> Any:
        return self._of(client, owner)

    @functools.cached_property
    def _blocking(self) -> Callable[..., Items[T]]:
        operation = self._operation

        @functools.wraps(operation)
        def method(self: Blocking, /, *args: object, **kwargs: object) -> Items[T]:
            def items(flow: Flow[Page[T]]) -> Iterator[T]:
                walk = _Walk[T](self.provider, operation.__name__)
                while True:
                    page: Page[T] = self.driver.run(flow, operation.__name__)
                    yield from walk.new(page)
                    if walk.at_end(page):
                        return
                    flow = self.start(call, page.next)

            call: Call[Flow[Page[T]]] = Call(operation, self.provider, *args, **kwargs)
            del args, kwargs
            return Items(items(self.start(call, None)))

        return _shown(method, operation, "Items[{}]", drop=1)

    @functools.cached_property
    def _awaited(self) -> Callable[..., AsyncItems[T]]:
        operation = self._operation

        @functools.wraps(operation)
        def method(self: Awaiting, /, *args: object, **kwargs: object) -> AsyncItems[T]:
            async def items(flow: Flow[Page[T]]) -> AsyncGenerator[T]:
                walk = _Walk[T](self.provider, operation.__name__)
                while True:
                    page: Page[T] = await self.driver.run(flow, operation.__name__)
                    for item in walk.new(page):
                        yield item
                    if walk.at_end(page):
                        return
                    flow = self.start(call, page.next)

            call: Call[Flow[Page[T]]] = Call(operation, self.provider, *args, **kwargs)
            del args, kwargs
            return AsyncItems(items(self.start(call, None)))

        return _shown(method, operation, "AsyncItems[{}]", drop=1)


class PortraitOperation(_CalledOnce, Generic[P, T]):
    """Something done with portraits by name, at a client's own account and in its ledger."""

    def __init__(self, find: Callable[[], Callable[Concatenate[Account, P], Flow[T]]]) -> None:
        super().__init__(find)

    @overload
    def __get__(self, client: Blocking, owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: Awaiting, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, client: None, owner: type) -> Callable[..., Any]: ...
    def __get__(self, client: object, owner: type) -> Any:
        return self._of(client, owner)

    def _begin(self, client: Any, call: Call[Flow[Any]]) -> tuple[Flow[Any], str]:
        return client.with_portraits(call), call.name


class JobOperation(_CalledOnce, Generic[J, P, T]):
    """What is left of a job: `client.resume(job)`."""

    _shows = False

    def __init__(
        self, find: Callable[[], Callable[Concatenate[J, PortraitProvider, P], Flow[T]]]
    ) -> None:
        super().__init__(find)

    @overload
    def __get__(self, client: Blocking, owner: type) -> Callable[Concatenate[J, P], T]: ...
    @overload
    def __get__(
        self, client: Awaiting, owner: type
    ) -> Callable[Concatenate[J, P], Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, client: None, owner: type) -> Callable[..., Any]: ...
    def __get__(self, client: object, owner: type) -> Any:
        return self._of(client, owner)

    def _begin(self, client: Any, call: Call[Flow[Any]]) -> tuple[Flow[Any], str]:
        job: Any = call.args[0]

        def rest(at: PortraitProvider) -> Flow[Any]:
            return call.operation(job, at, *call.args[1:], **call.kwargs)

        return client.resumed(job.owner, rest, job.operation), job.operation


class _Walk(PageWalk[T]):
    """A walk that a client makes: each item once, and errors that say whose list it is."""

    def __init__(self, provider: PortraitProvider, operation: str) -> None:
        super().__init__(every_row=False)
        self._items: set[str] = set()
        self._whose = {"provider": provider.name, "operation": operation}

    def new(self, page: Page[T]) -> Iterator[T]:
        seen = self._items
        for item in page.items:
            name = (item.ref or item.id or "") if isinstance(item, Result) else ""
            if not name or name not in seen:
                seen.add(name)
                yield item

    def at_end(self, page: Page[T]) -> bool:
        try:
            return super().at_end(page)
        except PortraitError as error:
            raise error.fill(**self._whose) from None


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
