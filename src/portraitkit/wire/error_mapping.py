"""How an answer becomes an error: by the vendor's code, then by its status, never by prose."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeVar

from attrs import field, frozen

from ..values import errors
from ..values.errors import (
    OutcomeUnknownError,
    PortraitError,
    ProviderError,
    UnexpectedResponseError,
)
from .reasons import Reason, reason_in

if TYPE_CHECKING:
    from .steps import Request, Response

T = TypeVar("T")


def _text(value: Any) -> str:
    return str(value or "")


@frozen(kw_only=True)
class VendorError:
    """A refusal in the vendor's own words, as text of whatever they are, before it has a class."""

    code: str = field(default="", converter=_text)
    message: str = field(default="", converter=_text)
    request_id: str = field(default="", converter=_text)


def bare(response: Response) -> ProviderError | None:
    """Read a passing fault of a host that is not the vendor's API, such as a media host."""
    if response.status < SERVER_FAULTS and response.status != HTTPStatus.TOO_MANY_REQUESTS:
        return None
    return class_of({}, "", response.status)(
        f"HTTP {response.status}", status=response.status, retry_after_s=retry_after_s(response)
    )


def class_of(
    codes: Mapping[str, type[ProviderError]], code: str, status: int
) -> type[ProviderError]:
    """Look a code up; go by the status where it is not listed."""
    if kind := listed(codes, code):
        return kind
    if status >= SERVER_FAULTS:
        return errors.ServiceUnavailableError
    return _BY_STATUS.get(status, ProviderError)


def listed(table: Mapping[str, T], code: str) -> T | None:
    """Look a code up: whole, without its last dotted parts, then by patterns without case."""
    wanted = code
    while wanted:
        if wanted in table:
            return table[wanted]
        wanted = wanted.rpartition(".")[0]
    folded = code.casefold()
    for key, value in table.items():
        if "*" in key and fnmatchcase(folded, key.casefold()):
            return value
    return None


def settled(fault: VendorError, whole: Reason, codes: Mapping[str, object]) -> VendorError:
    """
    Complete what an adapter found by the *whole* answer; the upstream's own code within a relay's
    words decides.

    A code in a text counts only where it is written in JSON, or is a documented one of so many
    words that nobody would write it by chance.
    """
    said = reason_in(fault.message)
    message = said.message or whole.message
    words = (*said.codes, *whole.codes, fault.code)
    code = next((word for word in words if listed(codes, word)), "")
    if not code:
        code = next((word for word in _LONG_CODES.findall(message) if listed(codes, word)), "")
    code = code or fault.code or next(iter(words), "")
    return VendorError(code=code, message=message, request_id=fault.request_id)


def is_load(error: PortraitError | None) -> bool:
    """Tell whether a refusal is about load, and so worth another try."""
    return isinstance(error, errors.RateLimitedError | errors.ServiceUnavailableError)


def was_refused(error: PortraitError) -> bool:
    """
    Tell whether an answer proves that the vendor did not act.

    A failure proves nothing, in whoever's form it comes and whatever time it names to come back:
    what failed may have been the answer only. Nor does a redirect, which is how HTTP tells where
    the new thing is, or a gateway that gave up waiting. A rate is refused before anything is done,
    unless it is told of as a server's failure.
    """
    status = error.status or HTTPStatus.BAD_REQUEST
    if not error.proves_refusal or isinstance(error, errors.ServiceUnavailableError):
        return False
    if _is_no_verdict(status):
        return False
    return status < SERVER_FAULTS or not is_load(error)


def _is_no_verdict(status: int) -> bool:
    """Tell whether a status says neither success nor refusal."""
    return status < _SUCCESS or MOVED <= status < REFUSED or status in _GIVEN_UP


def certain(error: PortraitError, request: Request, response: Response) -> PortraitError:
    """Turn a refusal of a create that proves nothing into what it is: an unknown outcome."""
    if request.repeatable or was_refused(error):
        return error
    moved = f": {error.message}" if isinstance(error, UnexpectedResponseError) else ""
    return unknown_after(
        error, f"the answer was HTTP {response.status}, so the vendor may have acted or not{moved}"
    )


def unknown_after(error: PortraitError, message: str, next_step: str = "") -> OutcomeUnknownError:
    """Make the unknown outcome that an error leaves, with all that it knows of the answer."""
    known = ("provider", "status", "code", "vendor_message", "request_id", "attempts", "handle")
    context = {name: getattr(error, name) for name in known}
    return OutcomeUnknownError(message, next_step=next_step or LOOK_FIRST, **context)


def retry_after_s(response: Response) -> float | None:
    """Read `Retry-After`, in seconds or as a date."""
    text = response.headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        return (
            max(0.0, float(text)) if text.replace(".", "", 1).isdigit() else _until(text, response)
        )
    except (ValueError, TypeError, OverflowError):
        return None


def hold_s(response: Response) -> float:
    """
    Seconds for which a 429 wants no more requests: `Retry-After`, else `x-ratelimit-reset`.

    Unverified: the unit of the latter. A number too large for seconds from now is a Unix time, in
    seconds or in milliseconds.
    """
    if (named_s := retry_after_s(response)) is not None:
        return named_s
    try:
        number = float(response.headers.get("x-ratelimit-reset", ""))
    except ValueError:
        return 0.0
    if number > _UNIX_S:
        moment_s = number / 1000 if number > 1000 * _UNIX_S else number
        number = moment_s - response.received_at.timestamp()
    return number if 0 < number < float("inf") else 0.0


def _until(text: str, response: Response) -> float:
    moment = parsedate_to_datetime(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    start: datetime = response.received_at
    return max(0.0, (moment - start).total_seconds())


_SUCCESS: Final = 200
MOVED: Final = 300
REFUSED: Final = 400
_LONG_CODES: Final = re.compile(r"\b(?:[A-Z][a-z]+){4,}(?:\.[A-Z][A-Za-z]+)*")
SERVER_FAULTS: Final = 500
_GIVEN_UP: Final = (HTTPStatus.REQUEST_TIMEOUT, 499)
"""What gateways say when they waited in vain: for the request, or for the vendor behind them."""
_UNIX_S: Final = 1e9
"""No vendor means decades from now: a larger number is a time of day."""
LOOK_FIRST: Final = (
    "look for it with the list operation or in the vendor's console before you create it again"
)
_BY_STATUS: Final[Mapping[int, type[ProviderError]]] = {
    400: errors.InvalidRequestError,
    401: errors.AuthenticationError,
    402: errors.InsufficientBalanceError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    413: errors.InvalidRequestError,
    415: errors.InvalidRequestError,
    422: errors.InvalidRequestError,
    429: errors.RateLimitedError,
}
