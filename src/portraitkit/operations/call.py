"""One call of an operation, still to be started."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from ..values.argument_types import check_arguments
from ..values.errors import PortraitError, emptied
from .guarding import redacted
from .provider import PortraitProvider

T = TypeVar("T")


class Call(Generic[T]):
    """
    An operation and what it is called with, still to be begun.

    It has no telling text form: a traceback that prints local variables shows no argument, of which
    some are signed URLs or tokens.
    """

    def __init__(
        self,
        operation: Callable[..., T],
        provider: PortraitProvider,
        /,
        *args: object,
        **kwargs: object,
    ) -> None:
        self.operation: Final = operation
        self.name: Final = operation.__name__
        self.provider: Final = provider
        self.args: Final = args
        self.kwargs: Final = kwargs

    def at(self, provider: PortraitProvider, *args: object, **kwargs: object) -> Call[T]:
        """Make the same beginning at another provider, with other arguments where given."""
        given = {**self.kwargs, **kwargs}
        return Call(self.operation, provider, *(args or self.args), **given)

    def argument(self, *names: str) -> Any:
        """The first argument, or the first of these that is given by name; None if neither is."""
        named = (self.kwargs[name] for name in names if name in self.kwargs)
        return self.args[0] if self.args else next(named, None)

    def arguments(self) -> dict[str, Any]:
        """What it is called with, by the operation's own names."""
        bound = _signature(self.operation).bind(self.provider, *self.args, **self.kwargs)
        del bound.arguments["self"]
        return dict(bound.arguments)

    def check(self) -> None:
        """
        Refuse arguments of a wrong type, before anything looks into them.

        Raises:
            InvalidInputError: Names the first such argument, and quotes no value.
        """
        names = [each for each in _signature(self.operation).parameters if each not in _BEFORE]
        given = {**dict(zip(names, self.args, strict=False)), **self.kwargs}
        try:
            check_arguments(self.operation, given)
        except PortraitError as error:
            refused = error
        else:
            return
        del given
        raise redacted(refused, self.provider, self.name, self.provider.secrets)

    def __call__(self, *before: object) -> T:
        """Call the adapter's own method; what it refuses at once has context and no secret."""
        try:
            start: T = getattr(self.provider, self.name)(*before, *self.args, **self.kwargs)
        except PortraitError as error:
            refused = error
        except BaseException as error:
            _ = emptied(error)
            raise
        else:
            return start
        raise redacted(refused, self.provider, self.name, self.provider.secrets)


_BEFORE: Final = ("self", "cursor")
_signature: Final = functools.cache(inspect.signature)
