"""What results tell beside their values: findings, adaptations, attempts, raw answers."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs
from attrs import field, frozen

from .masking import mask_links
from .secret import Hidden


class Outcome(enum.Enum):
    """What is known of a failed attempt: was it done?"""

    NOT_SENT = "not sent"
    """The request never reached the vendor."""
    REFUSED = "refused"
    """The vendor answered that it did not do it."""
    UNKNOWN = "unknown"
    """The request left, and no answer says what became of it."""


@frozen(kw_only=True)
class Attempt:
    """One failed try at one request."""

    number: int
    outcome: Outcome
    reason: str
    """`HTTP 503`, `connect timeout` and the like; never a URL or a body."""
    waited_s: float = 0.0
    """Seconds waited before this try."""
    limited_s: float = 0.0
    """Seconds it then waited for the account's rate."""


@frozen(kw_only=True)
class Raw:
    """
    What the vendor really answered.

    Attributes:
        status: HTTP status.
        headers: Allow-listed response headers, names in lower case.
        request_id: The vendor's id for the request, empty if it gave none.
        attempts: The failed tries before this answer.
        received_at: When it came.
        limited_s: Seconds that this request waited for the account's rate, in all its tries.
        body: The decoded JSON. May hold signed URLs, so neither `repr` nor `attrs.asdict` nor a
            pickle carries it.
    """

    status: int
    headers: Mapping[str, str] = field(factory=dict[str, str], repr=False)
    request_id: str = ""
    attempts: tuple[Attempt, ...] = field(default=(), repr=False)
    received_at: datetime | None = field(default=None, repr=False)
    limited_s: float = field(default=0.0, repr=False, eq=False)
    _body: Hidden = field(default=None, repr=False, alias="body", converter=Hidden)

    @property
    def body(self) -> Any:
        """The decoded JSON."""
        return self._body.value

    def __reduce__(self) -> tuple[object, ...]:
        kept = {name: getattr(self, name) for name in ("status", "request_id", "attempts")}
        return (_bodiless, ({**kept, "headers": dict(self.headers)}, self.received_at))


def _bodiless(kept: dict[str, Any], received_at: datetime | None) -> Raw:
    return Raw(received_at=received_at, **kept)


def _unsigned(value: Any) -> object:
    # Vendors quote the signed links that they could not fetch; a callback's address holds a token.
    return mask_links(value) if isinstance(value, str) else value


@frozen(kw_only=True)
class Adaptation:
    """One thing that was sent differently from what was asked; addresses lose their queries."""

    field: str
    asked: object = attrs.field(converter=_unsigned)
    sent: object = attrs.field(converter=_unsigned)
    why: str


@frozen(kw_only=True)
class Finding:
    """
    A documented limit that an argument exceeds. It is sent all the same without `strict_limits`.

    Attributes:
        field: The argument, such as `name` or `media.width`.
        found: What was given.
        limit: What the vendor documents.
        message: Both, in one sentence.
        source: The document the limit comes from.
    """

    field: str
    found: object = attrs.field(converter=_unsigned)
    limit: Any
    message: str = attrs.field(converter=mask_links)
    source: str


@frozen(kw_only=True)
class Tried:
    """A profile that was tried before another did it, and why it was left."""

    profile: str
    provider: str
    reason: str

    def __str__(self) -> str:
        return f"{self.profile}: {self.reason}"
