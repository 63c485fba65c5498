"""
One request through its attempts: what to send now, what an outcome means, whether to go on.

A read is repeated after any passing fault; a create only when it was certainly not sent, or was
refused for its rate. Nothing here waits or sends.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve

from ..limits.limiter import Limiter, QueueFullError
from ..operations.provider import PortraitProvider
from ..values.assembling import replaced
from ..values.errors import (
    ConnectionFailedError,
    OutcomeUnknownError,
    PortraitError,
    RateLimitedError,
    UnexpectedResponseError,
    emptied,
)
from ..values.remarks import Attempt, Outcome
from ..vendor.answers import is_readable
from ..wire import error_mapping as refusals
from ..wire.steps import Auth, Budget, Request, Response
from .clock import Clock
from .permits import Permit
from .response_body import TransportError

if TYPE_CHECKING:
    import stamina

_log: Final = logging.getLogger("portraitkit")


class Attempts:
    """One request through its attempts: what to send now, what an outcome means, when to stop."""

    def __init__(
        self,
        provider: PortraitProvider,
        request: Request,
        clock: Clock,
        budget: Budget,
        limiter: Limiter,
        *,
        turn_s: float | None = None,
    ) -> None:
        self.permit: Final = Permit(limiter, provider, request.family)
        self._provider = provider
        self._request = request
        self._clock = clock
        self._budget = budget
        self._turn_s = budget.patience_s if turn_s is None else turn_s
        self._tries: list[Attempt] = []
        self._limited_s = 0.0
        self._last: Response | None = None
        self._fault: TransportError | None = None
        self._may_be_sent = False
        self._until_s = request.until_s
        if request.timeout_s is not None:
            ends_s = clock.monotonic() + request.timeout_s
            self._until_s = ends_s if self._until_s is None else min(ends_s, self._until_s)
        self.wait_s = 0.0
        self.hold_s = 0.0
        """After a refusal for the account's rate: how long the vendor wants no more."""
        self.sent = 0
        """How often it was sent."""
        self.received_bytes = 0
        """Of answers in memory: a file that is saved is not counted."""
        self.is_over = False
        """There is no time for another attempt: the last one's outcome stands."""

    def permitted_in_s(self) -> float:
        """
        Ask whether the account may send this now: before each attempt, and after each wait.

        Returns:
            Seconds to wait before asking again; 0 if the attempt may go, or if it `is_over`.

        Raises:
            RateLimitedError: The first attempt would have to wait too long. Nothing was sent.
        """
        now_s, within_s = self._clock.monotonic(), self._turn_s
        if self._until_s is not None:
            within_s = min(within_s, self._until_s - now_s)
        before_s = self.permit.limited_s
        try:
            wait_s = self.permit.wait_s(now_s=now_s, within_s=within_s)
        except QueueFullError as crowded:
            self.is_over = bool(self._tries)
            if self.is_over:
                return 0.0
            raise self.permit.too_late(crowded.wait_s) from None
        self._limited_s += self.permit.limited_s - before_s
        return wait_s

    def hold(self) -> None:
        """Hold the account's queue, as the last answer asked for."""
        hold_s, self.hold_s = self.hold_s, 0.0
        self.permit.hold(now_s=self._clock.monotonic(), hold_s=hold_s)

    def attempt(self) -> Request:
        """The request as it is sent now: authorised afresh, within what time is left."""
        request = self._request
        if self._until_s is not None:
            request = replaced(
                request, timeout_s=max(0.05, self._until_s - self._clock.monotonic())
            )
        if request.auth is not Auth.NONE:
            request = self._authorized(request)
        self._may_be_sent = True
        self.sent += 1
        return request

    def _authorized(self, request: Request) -> Request:
        if request.origin not in self._provider.origins:
            raise UnexpectedResponseError(
                f"a request with credentials was meant for {request.origin}, which is foreign",
                provider=self._provider.name,
            )
        return self._provider.authorize(request, now=self._clock.now())

    def answered(self, response: Response) -> Response | None:
        """Take an answer: the final one, or None if the request is worth another attempt."""
        self.received_bytes += 0 if self._request.save_to else len(response.content)
        self._last = replaced(
            response,
            attempts=tuple(self._tries),
            received_at=self._clock.now(),
            limited_s=self.permit.limited_s,
            _found={},
        )
        error = self._error_in(self._last)
        if error is None and self._is_garbled(self._last):
            again = self._note(Outcome.UNKNOWN, "answer not readable", None)
            return None if again else self._last
        if error is None or not refusals.is_load(error):
            return self._last
        if isinstance(error, RateLimitedError):
            self.hold_s = refusals.hold_s(self._last)
        refused = refusals.was_refused(error)
        outcome = Outcome.REFUSED if refused else Outcome.UNKNOWN
        again = (refused or self._request.repeatable) and self._note(
            outcome, f"HTTP {response.status}", error.retry_after_s
        )
        return None if again else self._last

    def failed(self, fault: TransportError) -> None:
        """
        Take the lack of an answer. Returns if the request is worth another attempt.

        Raises:
            ConnectionFailedError: It is not, and nothing was changed.
            OutcomeUnknownError: It is not, and a create may have been carried out.
            UnexpectedResponseError: An answer came, and no other would be better.
        """
        self._last, self._fault = None, emptied(fault)
        again = fault.outcome is Outcome.NOT_SENT or self._request.repeatable
        if self._note(fault.outcome, fault.reason, None) and again and fault.passing:
            return
        raise self._given_up(fault) from fault.__cause__ or fault

    def broken(self, error: Exception) -> PortraitError:
        """
        Say what an exception means that no transport should raise: a hook's of an injected client,
        an event loop's that has ended, an adapter's.
        """
        outcome = Outcome.UNKNOWN if self._may_be_sent else Outcome.NOT_SENT
        reason = f"{type(error).__name__} while {'sending' if self._may_be_sent else 'preparing'}"
        _ = self._note(outcome, reason, None)
        return self._given_up(TransportError(outcome, reason, passing=self._last is None))

    def end(self) -> Response:
        """The answer to go with when no attempt is left."""
        if self._last is None:
            fault = self._fault or TransportError(Outcome.NOT_SENT, "not tried")
            raise self._given_up(fault) from fault.__cause__ or fault
        return self._last

    def backoff(self, attempt: stamina.Attempt) -> float:
        """Seconds to wait before this attempt: the vendor's word, else growing with jitter."""
        if not self.wait_s:
            self.wait_s = attempt.next_wait * (0.5 + self._clock.jitter())
        if self._until_s is not None:
            self.wait_s = min(self.wait_s, max(0.0, self._until_s - self._clock.monotonic()))
        _log.info(
            "%s: %s: %s, next attempt in %.1f s",
            self._provider.label,
            self._request,
            self._tries[-1].reason,
            self.wait_s,
        )
        return self.wait_s

    @property
    def provider(self) -> PortraitProvider:
        """Whose request it is."""
        return self._provider

    @property
    def budget(self) -> Budget:
        """How often this may be tried."""
        return self._budget

    def _error_in(self, response: Response) -> PortraitError | None:
        if self._request.auth is not Auth.NONE and self._request.save_to is None:
            return self._provider.refusal(response)
        return refusals.bare(response)

    def _is_garbled(self, response: Response) -> bool:
        """Tell whether a read came back as a page or in pieces: the next answer may be whole."""
        request = self._request
        asked = request.repeatable and request.auth is not Auth.NONE and request.save_to is None
        return asked and not is_readable(self._provider, request, response)

    def _note(self, outcome: Outcome, reason: str, retry_after_s: float | None) -> bool:
        """Remember a failed attempt; tell whether budget and deadline allow another."""
        number = len(self._tries) + 1
        self._tries.append(
            Attempt(
                number=number,
                outcome=outcome,
                reason=reason,
                waited_s=self.wait_s,
                limited_s=self._limited_s,
            )
        )
        self.wait_s, self._limited_s = retry_after_s or 0.0, 0.0
        self._may_be_sent = False
        if self._last is not None:
            self._last = evolve(self._last, attempts=tuple(self._tries))
        least_s = self.wait_s or self._budget.first_wait_s
        if number >= self._budget.attempts or least_s > self._budget.patience_s:
            return False
        return self._until_s is None or self._clock.monotonic() + least_s < self._until_s

    def _given_up(self, fault: TransportError) -> PortraitError:
        context: dict[str, Any] = {"provider": self._provider.name, "attempts": tuple(self._tries)}
        where = f"{fault.reason} at {self._request.origin}"
        if fault.outcome is Outcome.UNKNOWN and not self._request.repeatable:
            return OutcomeUnknownError(
                f"{where}, and the request may have arrived and been carried out",
                next_step=refusals.LOOK_FIRST,
                **context,
            )
        if not fault.passing:
            return UnexpectedResponseError(where, next_step="report it to the vendor", **context)
        return ConnectionFailedError(
            where,
            next_step="check the network and the profile's base_url, then call again",
            **context,
        )
