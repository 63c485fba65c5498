"""The profiles of one client, and which of them a call belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from attrs import frozen

from ..operations.call import Call
from ..operations.guarding import guarded
from ..operations.provider import PortraitProvider
from ..values.errors import HandleError
from ..values.models import Asset, Result, VideoTask
from ..values.portraits import MediaRef, OneOf, owner_of
from ..values.prompts import slots_of
from ..values.remarks import Tried
from ..values.video import VideoRequest
from ..vendor.pacing import Subject
from ..wire.steps import At, Flow, Request, Step, pause, through

T = TypeVar("T")


@frozen(kw_only=True, eq=False)
class Route:
    """A profile and its provider."""

    profile: str
    provider: PortraitProvider

    @property
    def account(self) -> tuple[str, ...]:
        """What has a capacity of its own: an account, where it is reached."""
        return (*self.owner, *sorted(self.provider.origins))

    @property
    def owner(self) -> tuple[str, str]:
        """What handles say of the things that are here."""
        return (self.provider.name, self.provider.account)

    def left(self, reason: str) -> Tried:
        """Say why this place was left."""
        return Tried(profile=self.profile, provider=self.provider.name, reason=reason)


class Routes:
    """A client's own profile and its fallbacks, which serve what belongs to them."""

    def __init__(self, primary: Route, fallbacks: tuple[Route, ...]) -> None:
        self._primary: Final = primary
        self.all: Final = (primary, *fallbacks)

    def start(self, call: Call[Flow[T]], *before: object) -> Flow[T]:
        """Begin an operation at the place whose thing it names; without one, at the primary."""
        if call.name in _TOGETHER:
            owners = [self.owner(each) for each in call.argument("assets", "tasks")]
            if len(set(owners)) > 1:
                return self._together(call, owners)
            return self._started_at(owners[0] if owners else self._primary, call)
        named = None if call.name in _WITHOUT else call.argument(*_REFERENCES)
        if named and not isinstance(named, str | Result):  # several groups: the adapter checks each
            named = named[0]
        return self._started_at(self.owner(named), call, *before)

    def owner(self, ref: object) -> Route:
        """Whose a thing is. A bare id is the primary's, which also refuses what is foreign."""
        try:
            owner = owner_of(ref)
        except HandleError:
            owner = None
        return next((each for each in self.all if each.owner == owner), self._primary)

    def home(self, request: object) -> Route:
        """Where a video belongs: at the first place that has all its assets."""
        if not isinstance(request, VideoRequest):
            return self._primary
        able = (each for each in self.all if not self.lack(each, request))
        return next(able, self._primary)

    def lack(self, route: Route, request: VideoRequest) -> str:
        """Say which asset of a request a place does not have; empty if it has all."""
        for name, source in _sources(request):
            if isinstance(source, OneOf):
                if source.at(*route.owner) is None:
                    return f"no asset of {name} is registered there"
            elif not _is_link(source) and (owner := self.owner(source)) is not route:
                return f"{name} is an asset of {owner.profile}"
        return ""

    def _together(self, call: Call[Flow[Any]], owners: Sequence[Route]) -> Flow[Any]:
        """Wait for things of several vendors: at one after the other, until one deadline."""
        things: Sequence[Asset | VideoTask] = call.argument("assets", "tasks")
        deadline_s: Any = call.kwargs.get("deadline_s")
        started_s = yield from pause()
        found: dict[int, Asset | VideoTask] = {}
        for route in dict.fromkeys(owners):
            numbers = [number for number, owner in enumerate(owners) if owner is route]
            pacing = route.provider.pace(_TOGETHER[call.name])
            limit_s = pacing.deadline_s if deadline_s is None else deadline_s
            left_s = max(0.0, limit_s + started_s - (yield from pause()))
            part = call.at(route.provider, [things[each] for each in numbers], deadline_s=left_s)
            done = yield from self._started_at(route, part)
            found.update(zip(numbers, done, strict=True))
        return [found[number] for number in range(len(owners))]

    def _started_at(self, route: Route, call: Call[Flow[T]], *before: object) -> Flow[T]:
        if route is self._primary:
            return call(*before)
        return _sent_at(route.provider, call.at(route.provider)(*before), call.name)

    def resumed(
        self, owner: object, call: Callable[[PortraitProvider], Flow[T]], operation: str
    ) -> Flow[T]:
        """Begin something of an account's at the place of that account, if there is one."""
        route = next((each for each in self.all if each.owner == owner), self._primary)
        flow = call(route.provider)
        return flow if route is self._primary else _sent_at(route.provider, flow, operation)


def _sent_at(provider: PortraitProvider, flow: Flow[T], operation: str) -> Flow[T]:
    def do(step: Step) -> Flow[Any]:
        return (yield At(provider, step) if isinstance(step, Request) else step)

    return through(guarded(flow, provider, operation), do)


def _sources(request: VideoRequest) -> list[tuple[str, MediaRef]]:
    found: list[tuple[str, MediaRef]] = []

    def note(source: MediaRef, name: str) -> str:
        found.append((name, source))
        return ""

    _ = slots_of(request.media, note)
    return found


def _is_link(source: object) -> bool:
    return isinstance(source, str) and "://" in source and not source.startswith("asset://")


_TOGETHER: Final[Mapping[str, Subject]] = {
    "wait_until_all_active": "asset",
    "wait_for_videos": "video",
}
"""What waits for several things, which may be of several vendors."""
_REFERENCES: Final = ("group", "asset", "assets", "verification", "task")
_WITHOUT: Final = frozenset({"start_verification"})
"""Operations whose first argument is no thing: a name may look like a handle."""
