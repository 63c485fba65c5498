"""What results tell beside their values: findings, adaptations, failures, raw answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs
from attrs import field, frozen

from .errors import Attempt, PortraitError
from .masking import mask_links
from .secret import Hidden


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
class Failure:
    """Why an asset or a video failed, in the vendor's words; links lose their queries."""

    code: str = ""
    message: str = field(default="", converter=mask_links)
    error: PortraitError | None = field(default=None, repr=False, eq=False)
    """The error that stopped one part of `add_assets`."""


@frozen(kw_only=True)
class Tried:
    """A profile that was tried before another did it, and why it was left."""

    profile: str
    provider: str
    reason: str

    def __str__(self) -> str:
        return f"{self.profile}: {self.reason}"
