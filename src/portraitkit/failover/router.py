"""
Failover: another profile takes a call for which the account at hand had no capacity.

A create that was refused for capacity, or that never arrived, is begun at the next profile that can
do it. Nothing else moves: what may have been done, and what was judged, stays where it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any, Final, TypeVar

from attrs import evolve, field, frozen

from .. import rehearsal
from ..limits.breakers import SHARED, BreakerLimits, Breakers
from ..operations.call import Call
from ..operations.guarding import guarded, redacted
from ..operations.provider import PortraitProvider
from ..values.errors import (
    ConnectionFailedError,
    InvalidInputError,
    NotReadyError,
    OutcomeUnknownError,
    PortraitError,
    RateLimitedError,
    UnsupportedError,
)
from ..values.masking import mask_links
from ..values.models import Result
from ..values.remarks import Adaptation, Tried
from ..values.statuses import GroupKind
from ..values.video import OnUnsupported, Policy, VideoRequest
from ..wire import error_mapping as refusals
from ..wire.steps import At, Budget, Flow, Request, Response, Step, pause, through
from .routes import Route, Routes

T = TypeVar("T")

MOVING: Final = frozenset({"create_group", "create_video"})
"""The operations that may be begun at another profile; each makes something that is new."""


@frozen(kw_only=True)
class FailoverRules:
    """
    How patient a client is with an account while another could take the call.

    Attributes:
        attempts: Most attempts at one request; the last account gets the client's whole budget.
        patience_s: A longer `Retry-After` is not waited for.
        breaker: When an account is passed over without being asked.
    """

    attempts: int = 2
    patience_s: float = 5.0
    breaker: BreakerLimits = field(factory=BreakerLimits)


@frozen(kw_only=True)
class Failover:
    """
    The profiles to go to, in order, and how.

    Attributes:
        fallbacks: Each of another account than the others and the client's own profile.
        rules: How patient the client is.
        breakers: Remembers which accounts have no capacity. Without it, clients on the real clock
            share one, and a client on a clock of its own has its own.
    """

    fallbacks: tuple[Route, ...]
    rules: FailoverRules = field(factory=FailoverRules)
    breakers: Breakers | None = None


class Router:
    """Puts each call of a client through to the profile that it belongs to, or may move to."""

    def __init__(
        self, primary: Route, failover: Failover | None, budget: Budget, *, real_time: bool
    ) -> None:
        chosen = failover or Failover(fallbacks=())
        rules = chosen.rules
        self.routes: Final = Routes(primary, chosen.fallbacks)
        self._limits: Final = rules.breaker
        self._own: Final = chosen.breakers or (SHARED if real_time else Breakers())
        self._hasty: Final = evolve(
            budget,
            attempts=min(budget.attempts, rules.attempts),
            patience_s=min(budget.patience_s, rules.patience_s),
        )

    @property
    def _breakers(self) -> Breakers:
        return rehearsal.breakers_in(self._own)

    def start(self, call: Call[Flow[T]], *before: object) -> Flow[T]:
        """Begin an operation where it belongs."""
        if len(self.routes.all) == 1:
            return call(*before)
        if call.name in MOVING:
            return self._moving(call)
        return self.routes.start(call, *before)

    def _moving(self, call: Call[Flow[T]]) -> Flow[T]:
        """Ask one place after the other, until one does it or says something that stays."""
        home = self.routes.home(call.argument("request"))
        others = [each for each in self.routes.all if each is not home]
        barred = {each: self._bar(each, call) for each in others}
        able = [home, *(each for each in others if not barred[each])]
        tried: list[Tried] = []
        refused: PortraitError | None = None
        for route in (home, *others):
            if barred.get(route):
                tried.append(route.left(f"passed over: {barred[route]}"))
                continue
            now_s = yield from pause()
            if left_s := self._breakers.enter(route.account, now_s, self._limits):
                tried.append(route.left(f"circuit open for another {ceil(left_s)} s"))
                continue
            followed = self._any_open_to(able[able.index(route) + 1 :], now_s)
            found = yield from self._ask(route, call, self._hasty if followed else None)
            if not isinstance(found, _AccountFailure):
                return _with_history(found, home, route, call, tried)
            found.stop_unless_left(tried, is_home=route is home)
            tried.append(route.left(found.why))
            refused = refused or (found.error if found.has_no_capacity else None)
        if refused is None:
            # An open circuit never refuses a call by itself: with nobody else, it is asked.
            found = yield from self._ask(home, call, None)
            if not isinstance(found, _AccountFailure):
                return found
            tried = [each for each in tried if each.profile != home.profile]
            found.stop_unless_left(tried, is_home=True)
            tried.append(home.left(found.why))
            refused = found.error
        refused.tried = tuple(tried)
        raise refused

    def _any_open_to(self, routes: list[Route], now_s: float) -> bool:
        """Tell whether one of the places would be asked now."""
        return any(not self._breakers.left_s(p.account, now_s, self._limits) for p in routes)

    def _ask(
        self, route: Route, call: Call[Flow[T]], budget: Budget | None
    ) -> Flow[T | _AccountFailure]:
        """Ask one place, and remember whether it had capacity."""
        watch = _Monitor(route.provider, budget)
        found: T | _AccountFailure
        try:
            flow = guarded(call.at(route.provider)(), route.provider, call.name)
            found = yield from through(flow, watch.do)
        except PortraitError as error:
            found = _AccountFailure(
                error=error.with_traceback(None), may_have_acted=watch.may_have_acted
            )
        now_s = yield from pause()
        if not watch.sent:
            self._breakers.unasked(route.account, now_s)
        elif isinstance(found, _AccountFailure) and found.tells_of_trouble:
            self._breakers.failed(route.account, now_s, self._limits)
        else:
            self._breakers.passed(route.account)
        return found

    def _bar(self, route: Route, call: Call[Any]) -> str:
        """Say why a call cannot move to a place; empty if it may."""
        if not route.provider.supports(call.name):
            return f"{route.provider.name} offers no {call.name}"
        if call.kwargs.get("kind", GroupKind.VIRTUAL) is not GroupKind.VIRTUAL:
            return "only a virtual figure's group moves"
        request = call.argument("request")
        if not isinstance(request, VideoRequest):
            return ""
        return self.routes.lack(route, request) or _unfit(route.provider, request, call.kwargs)


def _unfit(provider: PortraitProvider, request: VideoRequest, options: Mapping[str, Any]) -> str:
    """Say what of a video a provider cannot express; empty if nothing."""
    names = {*provider.models, *(model.name for model in provider.video_models)}
    if request.model not in names:
        return f"{request.model!r} is no neutral model name there"
    try:
        _ = provider.preview_video(request, **_quietly(options))
    except NotReadyError:
        return ""  # what a handle names may have become ready: the call itself looks
    except (UnsupportedError, InvalidInputError) as error:
        shown = redacted(error, provider, "create_video", provider.secrets)
        return mask_links(shown.message)
    return ""


@frozen(kw_only=True)
class _AccountFailure:
    """An error of one place, and what it proves."""

    error: PortraitError
    may_have_acted: bool

    @property
    def has_no_capacity(self) -> bool:
        return has_no_capacity(self.error)

    @property
    def tells_of_trouble(self) -> bool:
        return self.has_no_capacity or isinstance(self.error, OutcomeUnknownError)

    @property
    def why(self) -> str:
        error = self.error
        if not self.has_no_capacity:
            return f"passed over: {error.message}"
        facts = [f"HTTP {error.status}" if error.status else "", error.code]
        known = ", ".join(fact for fact in facts if fact) or error.message
        return f"{type(error).__name__}, {known}"

    def stop_unless_left(self, tried: list[Tried], *, is_home: bool) -> None:
        """Raise the error if the call must not go on to another place."""
        unable = isinstance(self.error, _UNABLE) and not is_home
        if self.may_have_acted or not (self.has_no_capacity or unable):
            self.error.tried = tuple(tried)
            raise self.error


class _Monitor:
    """Sends a flow's requests to one place, and sees whether a create may have been done."""

    def __init__(self, provider: PortraitProvider, budget: Budget | None) -> None:
        self._provider = provider
        self._budget = budget
        self.sent: bool = False
        self.may_have_acted: bool = False

    def do(self, step: Step) -> Flow[Any]:
        if not isinstance(step, Request):
            return (yield step)
        before, self.sent = self.may_have_acted, True
        self.may_have_acted = before or not step.repeatable
        try:
            reply = yield At(self._provider, step, self._budget)
        except (ConnectionFailedError, RateLimitedError):  # the latter when its turn came too late
            self.may_have_acted = before
            raise
        error = self._provider.refusal(reply) if isinstance(reply, Response) else None
        if error and refusals.was_refused(error):
            self.may_have_acted = before
        return reply


def has_no_capacity(error: PortraitError) -> bool:
    """Tell whether an error says that this account could not take the call, and did not."""
    if isinstance(error, ConnectionFailedError):
        return True
    return refusals.is_load(error) and refusals.was_refused(error)


def _with_history(found: T, home: Route, route: Route, call: Call[Any], tried: list[Tried]) -> T:
    """Put on a result what was tried before, and what of the request stayed behind."""
    if not tried or not isinstance(found, Result):
        return found
    request, vendor = call.argument("request"), home.provider.name
    lost: tuple[Adaptation, ...] = ()
    if isinstance(request, VideoRequest) and vendor != route.provider.name:
        why = f"only {vendor} has such members"
        shared = home.provider.dialect.name
        left = {vendor} if shared == route.provider.dialect.name else {vendor, shared}
        lost = tuple(
            Adaptation(field=f"extra.{block}.{key}", asked=value, sent=None, why=why)
            for block in sorted(left)
            for key, value in request.extra.get(block, {}).items()
        )
    return evolve(found, tried=tuple(tried), adaptations=(*found.adaptations, *lost))


def _quietly(options: Mapping[str, Any]) -> dict[str, Any]:
    """Let a preview warn of nothing: the call itself will."""
    given: OnUnsupported = options.get("on_unsupported", "raise")
    quiet: dict[Policy, Policy] = {"warn": "drop"}
    policy: Any
    if isinstance(given, str):
        policy = quiet.get(given, given)
    else:
        policy = {name: quiet.get(each, each) for name, each in given.items()}
    return {"on_unsupported": policy, "strict_limits": options.get("strict_limits")}


_UNABLE: Final = (UnsupportedError, InvalidInputError, NotReadyError)
"""What another place says of a call that it cannot do; at home it is the caller's to mend."""
