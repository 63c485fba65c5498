"""From an operation, which is a flow, to a method of a client: called, awaited, iterated over."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from ..operations.call import Call
from ..operations.paging import PageWalk
from ..operations.provider import PortraitProvider
from ..values.errors import PortraitError
from ..values.models import Page
from ..wire.steps import Flow

T = TypeVar("T")
P = ParamSpec("P")
C = TypeVar("C", bound="Callable[..., Any]")

Operation = Callable[Concatenate[PortraitProvider, P], Flow[T]]
PagedOperation = Callable[Concatenate[PortraitProvider, "str | None", P], Flow[Page[T]]]


class Named(Protocol):
    """Something that carries an operation on."""

    @property
    def operation(self) -> str:
        """The operation's name."""
        ...

    @property
    def place(self) -> tuple[str, str]:
        """The vendor and the account that do it."""
        ...


J = TypeVar("J", bound=Named)


class Blocking(Protocol):
    """A client that runs flows on the calling thread."""

    @property
    def provider(self) -> PortraitProvider:
        """Whose operations they are."""
        ...

    def start(self, call: Call[Flow[T]], *before: object) -> Flow[T]:
        """Begin an operation, with all that this client does around one."""
        ...

    def resumed(
        self, owner: object, call: Callable[[PortraitProvider], Flow[T]], operation: str
    ) -> Flow[T]:
        """Begin what is left of a job."""
        ...

    def run(self, flow: Flow[T], operation: str = "") -> T:
        """Run a flow to its end."""
        ...


class Awaiting(Protocol):
    """A client that runs flows in an event loop."""

    @property
    def provider(self) -> PortraitProvider:
        """Whose operations they are."""
        ...

    def start(self, call: Call[Flow[T]], *before: object) -> Flow[T]:
        """Begin an operation, with all that this client does around one."""
        ...

    def resumed(
        self, owner: object, call: Callable[[PortraitProvider], Flow[T]], operation: str
    ) -> Flow[T]:
        """Begin what is left of a job."""
        ...

    async def run(self, flow: Flow[T], operation: str = "") -> T:
        """Run a flow to its end."""
        ...


def lift(operation: Operation[P, T]) -> Callable[Concatenate[Blocking, P], T]:
    """Make a blocking method."""

    @functools.wraps(operation)
    def call(self: Blocking, /, *args: P.args, **kwargs: P.kwargs) -> T:
        call: Call[Flow[T]] = Call(operation, self.provider, *args, **kwargs)
        del args, kwargs
        return self.run(self.start(call), operation.__name__)

    return _shown(call, operation, "{}")


def lift_async(
    operation: Operation[P, T],
) -> Callable[Concatenate[Awaiting, P], Coroutine[Any, Any, T]]:
    """Make a method to await."""

    @functools.wraps(operation)
    async def call(self: Awaiting, /, *args: P.args, **kwargs: P.kwargs) -> T:
        call: Call[Flow[T]] = Call(operation, self.provider, *args, **kwargs)
        del args, kwargs
        return await self.run(self.start(call), operation.__name__)

    return _shown(call, operation, "{}")


def _carry(of: Callable[..., Flow[T]], job: object, args: Any, named: Any, at: object) -> Flow[T]:
    return of(job, at, *args, **named)


def lift_job(
    of: Callable[Concatenate[J, PortraitProvider, P], Flow[T]],
) -> Callable[Concatenate[Blocking, J, P], T]:
    """Make a blocking method that runs a job's flow."""

    @functools.wraps(of)
    def call(self: Blocking, job: J, /, *args: P.args, **kwargs: P.kwargs) -> T:
        call = functools.partial(_carry, of, job, args, kwargs)
        del args, kwargs
        return self.run(self.resumed(job.place, call, job.operation), job.operation)

    return call


def lift_job_async(
    of: Callable[Concatenate[J, PortraitProvider, P], Flow[T]],
) -> Callable[Concatenate[Awaiting, J, P], Coroutine[Any, Any, T]]:
    """Make a method to await that runs a job's flow."""

    @functools.wraps(of)
    async def call(self: Awaiting, job: J, /, *args: P.args, **kwargs: P.kwargs) -> T:
        call = functools.partial(_carry, of, job, args, kwargs)
        del args, kwargs
        return await self.run(self.resumed(job.place, call, job.operation), job.operation)

    return call


def lift_pages(operation: PagedOperation[P, T]) -> Callable[Concatenate[Blocking, P], Iterator[T]]:
    """Make a method that iterates over all pages. What cannot be listed is refused at once."""

    @functools.wraps(operation)
    def method(self: Blocking, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        def items(flow: Flow[Page[T]]) -> Iterator[T]:
            walk = _Walk[T](self.provider, operation.__name__)
            while True:
                page = self.run(flow, operation.__name__)
                yield from walk.new(page)
                if walk.at_end(page):
                    return
                flow = self.start(call, page.next)

        call: Call[Flow[Page[T]]] = Call(operation, self.provider, *args, **kwargs)
        del args, kwargs
        return items(self.start(call, None))

    return _shown(method, operation, "Iterator[{}]", drop=1)


def lift_pages_async(
    operation: PagedOperation[P, T],
) -> Callable[Concatenate[Awaiting, P], AsyncIterator[T]]:
    """Make a method that iterates over all pages, asynchronously."""

    @functools.wraps(operation)
    def method(self: Awaiting, /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        async def items(flow: Flow[Page[T]]) -> AsyncIterator[T]:
            walk = _Walk[T](self.provider, operation.__name__)
            while True:
                page = await self.run(flow, operation.__name__)
                for item in walk.new(page):
                    yield item
                if walk.at_end(page):
                    return
                flow = self.start(call, page.next)

        call: Call[Flow[Page[T]]] = Call(operation, self.provider, *args, **kwargs)
        del args, kwargs
        return items(self.start(call, None))

    return _shown(method, operation, "AsyncIterator[{}]", drop=1)


class _Walk(PageWalk[T]):
    """A walk that a client makes: each item once, and errors that say whose list it is."""

    def __init__(self, provider: PortraitProvider, operation: str) -> None:
        super().__init__(every_row=False)
        self._items: set[str] = set()
        self._whose = {"provider": provider.name, "operation": operation}

    def new(self, page: Page[T]) -> Iterator[T]:
        for item in page.items:
            handle = str(getattr(item, "handle", ""))
            if not handle or handle not in self._items:
                self._items.add(handle)
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
