"""
Every error that portraitkit raises, in one tree: `PortraitError` catches all of it.

docs/errors.md draws the tree.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Final, ParamSpec, Self, TypeVar

from attrs import evolve

from .masking import mask_links
from .remarks import Attempt, Finding, Raw, Tried

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


P = ParamSpec("P")
T = TypeVar("T")
E = TypeVar("E", bound=BaseException)


class PortraitError(Exception):
    """
    The root of the tree: catch it to catch all.

    Attributes:
        provider: The adapter's name, such as `token360`; empty where no vendor is involved.
        operation: The public operation, such as `add_asset`.
        field: The argument or body field at fault, where there is one.
        status: The vendor's HTTP status.
        code: The vendor's own error code, word for word.
        vendor_message: The vendor's own text, secrets masked.
        request_id: What the vendor's support will ask for.
        attempts: The failed tries of the request that raised this.
        handle: Names the group, asset, verification or video, where one exists.
        next_step: What the caller can do about it.
        retry_after_s: Seconds after which the vendor invites another try.
        received_at: When the vendor's answer came.
        result: The final state of what failed, as a model.
        findings: The documented limits that the call exceeds, which may be why it was refused.
        tried: The profiles that a failover left before this error, in order; see `Tried`.
    """

    findings: tuple[Finding, ...] = ()
    tried: tuple[Tried, ...] = ()
    fix: ClassVar[str] = "caller"
    """Who can mend it: caller, account owner, vendor, or the person being filmed."""
    proves_refusal: bool = True
    """Whether a refusal of this kind proves that the vendor did not act."""
    advice: ClassVar[str] = ""
    """The next step where the one who raises it knows no better."""

    def __init__(
        self,
        message: str,
        *,
        provider: str = "",
        operation: str = "",
        field: str = "",
        status: int | None = None,
        code: str = "",
        vendor_message: str = "",
        request_id: str = "",
        attempts: tuple[Attempt, ...] = (),
        handle: str = "",
        next_step: str = "",
        retry_after_s: float | None = None,
        received_at: datetime | None = None,
        result: Any = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.provider = provider
        self.operation = operation
        self.field = field
        self.status = status
        self.code = code
        self.vendor_message = vendor_message
        self.request_id = request_id
        self.attempts = attempts
        self.handle = handle
        self.next_step = next_step or self.advice
        self.retry_after_s = retry_after_s
        self.received_at = received_at
        self.result = result
        self.findings = getattr(result, "findings", ())

    def __str__(self) -> str:
        where = " ".join(word for word in (self.provider, self.operation) if word)
        facts = [
            f"HTTP {self.status}" if self.status else "",
            f"code {self.code}" if self.code else "",
            f"field {self.field}" if self.field else "",
            f"request id {self.request_id}" if self.request_id else "",
            f"{len(self.attempts)} failed attempts" if len(self.attempts) > 1 else "",
            f"handle {self.handle}" if self.handle else "",
        ]
        text = f"{where}: {self.message}" if where else self.message
        if self.vendor_message and self.vendor_message not in self.message:
            text += f": {self.vendor_message}"
        if known := ", ".join(fact for fact in facts if fact):
            text += f" ({known})"
        if self.findings and isinstance(self, _JUDGED):
            text += f". Likely why: {'; '.join(each.message for each in self.findings)}"
        if self.tried:
            text += f". Tried: {'; '.join(str(each) for each in self.tried)}"
        return f"{text}. Next: {self.next_step}" if self.next_step else text

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), {**self.__dict__, "result": None}))

    def fill(self, **context: Any) -> Self:
        """Add what an outer layer knows, without replacing what is already said."""
        for name, value in context.items():
            if not getattr(self, name):
                setattr(self, name, value)
        return self

    def scrub(self, clean: Callable[[str], str]) -> Self:
        """Pass every text in this error through *clean*."""
        for name in ("message", "field", "code", "vendor_message", "request_id", "next_step"):
            setattr(self, name, clean(getattr(self, name)))
        self.findings = tuple(evolve(each, message=clean(each.message)) for each in self.findings)
        self.args = (self.message,)
        return self


def without_frames(function: Callable[P, T]) -> Callable[P, T]:
    """
    Let whatever leaves *function*, an interrupt too, show none of its arguments and locals.

    They hold settings, environments and keys, which a traceback that prints local variables would
    show.
    """

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001  (raised below, outside of this handler)
            refused = error
        del args, kwargs
        raise emptied(refused)

    return call


def emptied(error: E, clean: Callable[[str], str] | None = None) -> E:
    """
    Take the local variables out of an error's frames, and what is secret out of its causes.

    Frames inside the library, and inside what it calls, hold keys, signed links and answers. File,
    line and cause stay. What it was raised in the course of is left out.

    Args:
        error: One that is on its way out, of any kind.
        clean: Masks the secrets in a cause's text.
    """
    error.__traceback__ = _without_locals(error.__traceback__)
    cause, error.__cause__, error.__context__ = error.__cause__, None, None
    if cause is not None:
        error.__cause__ = _shown(cause, clean or mask_links)
    for each in getattr(error, "exceptions", ()):  # of a group
        if isinstance(each, BaseException):
            _ = emptied(each, clean)
    return error


def _shown(cause: BaseException, clean: Callable[[str], str]) -> BaseException:
    """A cause that may be seen: itself, or a stand-in where its text has a secret."""
    cause = emptied(cause, clean)
    if isinstance(cause, PortraitError):
        return cause.scrub(clean)
    text = f"{cause!r} {vars(cause)!r}"
    if clean(text) == text:
        return cause
    stand_in = Exception(f"{type(cause).__name__}: {clean(str(cause))}")
    stand_in.__cause__ = cause.__cause__
    return stand_in.with_traceback(cause.__traceback__)


def _without_locals(traceback: TracebackType | None) -> TracebackType | None:
    """Keep the frames that have ended and could be emptied: those above will be added again."""
    ended: list[TracebackType] = []
    while traceback is not None:
        frame = traceback.tb_frame
        # Before 3.13, to clear the frame of a coroutine that waits elsewhere would end it.
        if sys.version_info >= (3, 13) or not frame.f_code.co_flags & _MAY_WAIT:
            with contextlib.suppress(RuntimeError):  # it still runs
                frame.clear()
                ended.append(traceback)
        traceback = traceback.tb_next
    shown: TracebackType | None = None
    for each in reversed(ended):
        shown = TracebackType(shown, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return shown


_MAY_WAIT: Final = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


def _rebuild(cls: type[PortraitError], state: dict[str, Any]) -> PortraitError:
    error = cls(state.pop("message"))
    error.__dict__.update(state)
    return error


class ConfigError(PortraitError):
    """The configuration, or a missing one, makes it impossible to start."""


class JournalError(PortraitError):
    """The journal can be neither read nor written. What had to be noted first was not sent."""


class LedgerError(PortraitError):
    """The ledger of portraits can be neither read nor written, or contradicts itself."""


class InvalidInputError(PortraitError, ValueError):
    """An argument can never work at this vendor. Nothing was sent."""


class MediaError(InvalidInputError):
    """A picture, video or audio is missing, empty, or not what it has to be."""


class PromptError(InvalidInputError):
    """A prompt names media that is not there, leaves some unnamed, or holds a raw asset id."""


class HandleError(InvalidInputError):
    """A handle or id is damaged, of another account or vendor, or of the wrong kind."""


class UnknownPortraitError(InvalidInputError):
    """The ledger has no portrait, or no look, of that name."""


class PortraitChangedError(InvalidInputError):
    """The file differs from the one that was registered under this name. Nothing was sent."""


class StalePlanError(InvalidInputError):
    """What a plan was made from has changed since. Nothing was done."""


class UnsupportedError(PortraitError):
    """The vendor has no way to express this. Nothing was sent."""


class ManualStepError(UnsupportedError):
    """Possible at this vendor, but only by a person. `next_step` says who does what, where."""

    fix = "account owner"


class NotReadyError(PortraitError):
    """It has to be waited for first. Nothing was sent."""


class PortraitNotRegisteredError(NotReadyError):
    """The portrait is not registered at the account that the call is for."""


class ConsentRequiredError(NotReadyError):
    """A real person has to pass the face check at this account: consent does not move."""

    fix = "person being filmed"


class AssetNotReadyError(NotReadyError):
    """The asset is not active, so no video may refer to it yet."""


class VideoNotReadyError(NotReadyError):
    """The video is not finished, so there is nothing to download yet."""


class ConnectionFailedError(PortraitError):
    """
    No usable answer came, and calling again is safe.

    Nothing was created. A rename or a deletion, which is repeated by itself, may have been carried
    out: done again, it comes to the same.
    """

    fix = "vendor"


class OutcomeUnknownError(PortraitError):
    """
    A change left this machine and no readable answer says whether it was done.

    It was not repeated, save for a create whose first try had certainly not been carried out.
    `next_step` says how to look for what may have been made, and `candidates` are what a look at
    the vendor found: results that may be it, none of them certain. `candidates_are_all` says that
    the vendor's list was read to its end, so that no others may be it. `raw` is the answer, where
    one came, and `likely_ids` are what it names that may have been made.
    """

    fix = "vendor"
    candidates: tuple[Any, ...] = ()
    candidates_are_all: bool = False
    likely_ids: tuple[str, ...] = ()
    raw: Raw | None = None

    def scrub(self, clean: Callable[[str], str]) -> Self:
        """Pass every text in this error through *clean*, save for the answer itself."""
        self.likely_ids = tuple(clean(each) for each in self.likely_ids)
        return super().scrub(clean)


class UnexpectedResponseError(PortraitError):
    """
    The answer is not of a documented form: HTML, cut off, too large, or wrongly typed.

    `raw` is that answer, where one came.
    """

    fix = "vendor"
    raw: Raw | None = None


class ProviderError(PortraitError):
    """The vendor refused. `status`, `code` and `vendor_message` are its own words."""


class AuthenticationError(ProviderError):
    """The key or the signature was refused."""

    advice = "check the profile's credentials: explain_config() tells where they come from"
    fix = "account owner"


class PermissionDeniedError(ProviderError):
    """The account may not do this, or the thing belongs to someone else."""

    advice = "ask the account's owner for the permission, and use only ids of this account"
    fix = "account owner"


class InsufficientBalanceError(ProviderError):
    """The account's balance does not cover the call."""

    advice = "top up the vendor account"
    fix = "account owner"


class QuotaExceededError(ProviderError):
    """A quota is full. Deleting unused groups or assets frees it."""

    advice = "delete unused groups or assets, then call again"


class NotFoundError(ProviderError):
    """Nothing of that id is in this account and project."""

    advice = "check the id, and that it was made by this account and project"


class InvalidRequestError(ProviderError):
    """The vendor refused the request's content."""

    advice = "mend what the vendor names, then call again"


class ContentRejectedError(ProviderError):
    """The vendor's moderation refused a text, a picture or a video."""

    advice = "change the text or the media: repeating it will not help"


class ConflictError(ProviderError):
    """The thing is not in a state that allows this."""

    advice = "read its state first"


class VerificationPendingError(ProviderError):
    """The person has not finished the face check yet."""

    advice = "wait until the person has finished, then ask again"
    fix = "person being filmed"


class VerificationExpiredError(ProviderError):
    """The face check's link or token ran out. Start a new verification."""

    advice = "start a new verification and ask the person again"


class RateLimitedError(ProviderError):
    """Too many requests. `retry_after_s` is set where the vendor said so."""

    advice = "call again later, or less often"


class ServiceUnavailableError(ProviderError):
    """The vendor, or a gateway before it, is failing."""

    advice = "call again later"
    fix = "vendor"


class JobFailedError(PortraitError):
    """The vendor took the job on, and it ended badly. `result` holds its final state."""


class AssetFailedError(JobFailedError):
    """The vendor's review refused the asset."""


class VerificationFailedError(JobFailedError):
    """The face check expired or failed."""

    fix = "person being filmed"


class VideoFailedError(JobFailedError):
    """The video task failed, was cancelled or expired."""


class WaitTimeoutError(PortraitError, TimeoutError):
    """The deadline passed. Nothing was cancelled: wait again with `handle`."""

    advice = "wait again with the handle, or with a longer deadline_s"


_JUDGED: Final = (
    InvalidRequestError,
    ContentRejectedError,
    ConflictError,
    QuotaExceededError,
    AssetFailedError,
    VideoFailedError,
)
"""What may come of an exceeded limit."""
