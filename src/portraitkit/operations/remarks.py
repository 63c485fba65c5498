"""What a create said of its result, kept on what is read of the same thing later."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, Final, TypeVar, cast

from attrs import evolve

from ..values.errors import JobFailedError
from ..values.handles import is_handle
from ..values.models import Asset, Result
from ..wire.codec import is_array
from ..wire.steps import Flow

T = TypeVar("T")
R = TypeVar("R", bound=Result)

_OF_A_CREATE: Final = ("adaptations", "findings", "tried")
_MOST: Final = 10_000
"""Results that are remembered: the oldest are left out."""


def with_remarks(result: R, before: Result) -> R:
    """Keep what was said of a thing *before*, which no later answer repeats."""
    kept = {name: known for name in _OF_A_CREATE if (known := getattr(before, name))}
    changes = {name: kept[name] for name in kept if not getattr(result, name)}
    return evolve(result, **changes) if changes else result


class Remarks:
    """What one client's creates said, for calls that name a thing by its handle alone."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Result] = OrderedDict()
        self._published: OrderedDict[str, Asset] = OrderedDict()

    def with_files(self, given: Any) -> Any:
        """For handles, what is known of where a media host keeps the assets' files."""
        if isinstance(given, str):
            return self._published.get(given.strip(), given)
        return list(map(self.with_files, given)) if type(given) in (list, tuple) else given

    def attached(self, flow: Flow[T], given: Any) -> Flow[T]:
        """Run an operation on what is *given*: what a create said of it is on what comes of it."""
        try:
            result = yield from flow
        except JobFailedError as error:
            if isinstance(error.result, Result):
                error.result = self._with(error.result, given)
                error.findings = error.result.findings
            raise
        return cast("T", self._with_each(result, given))

    def _with_each(self, result: Any, given: Any) -> Any:
        if not is_array(result):
            return self._with(result, given)
        several = type(given) in (list, tuple) and len(given) == len(result)
        return list(map(self._with, result, given if several else [None] * len(result)))

    def _with(self, result: Any, given: object) -> Any:
        if not isinstance(result, Result):
            return result
        is_remarked = result.adaptations or result.findings or result.tried or self._known
        has_file = isinstance(result, Asset) and (result.published or self._published)
        if not (is_remarked or has_file):
            return result  # as most: its handle need not be made
        names = [getattr(result, "handle", "")]
        given = given.handle if isinstance(given, Result) else given
        if isinstance(given, str) and is_handle(given) and ":group:" not in given:
            names.append(given.strip())  # handles change: of a check to its group's, for one
        for name in names:
            if before := self._known.get(name):
                result = with_remarks(result, before)
        if result.adaptations or result.findings or result.tried:
            bare = Result(
                provider=result.provider,
                account=result.account,
                id=None,
                **{each: getattr(result, each) for each in _OF_A_CREATE},
            )
            self._known.update(dict.fromkeys(filter(None, names), bare))
        if isinstance(result, Asset):
            self._note_file(result, names)
        for known in (self._known, self._published):
            while len(known) > _MOST:
                _ = known.popitem(last=False)
        return result

    def _note_file(self, asset: Asset, names: Iterable[str]) -> None:
        if asset.published:
            bare = Asset(provider=asset.provider, account=asset.account, id=asset.id, ref=asset.ref)
            self._published[asset.handle] = evolve(bare, published=asset.published)
        elif asset.status.is_settled:  # and so it was taken back
            for name in names:
                _ = self._published.pop(name, None)
