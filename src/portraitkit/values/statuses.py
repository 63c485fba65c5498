"""Kinds and statuses, the same for every vendor."""

from __future__ import annotations

import enum
from typing import Final


class GroupKind(enum.Enum):
    """Whose face a group holds."""

    VIRTUAL = "virtual"
    REAL_PERSON = "real person"
    UNKNOWN = "unknown"


class Support(enum.Enum):
    """How a vendor offers an operation. True in a condition where a call does it."""

    NATIVE = "native"
    BY_HAND = "by hand"
    ABSENT = "absent"

    def __bool__(self) -> bool:
        return self is Support.NATIVE


class MediaType(enum.Enum):
    """What an asset is."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    UNKNOWN = "unknown"


class Status(enum.Enum):
    """Where something stands that is waited for; UNKNOWN is neither pending nor settled."""

    @property
    def is_pending(self) -> bool:
        """Whether it has not ended yet."""
        return self._name_ in _PENDING

    @property
    def is_settled(self) -> bool:
        """Whether it has ended, well or badly."""
        return not self.is_pending and self._name_ != "UNKNOWN"

    @property
    def has_failed(self) -> bool:
        """Whether it has ended badly."""
        return self._name_ in _FAILED


class AssetStatus(Status):
    """Where the vendor's review of an asset stands."""

    PROCESSING = "processing"
    ACTIVE = "active"
    FAILED = "failed"
    UNKNOWN = "unknown"


class VerificationStatus(Status):
    """Where a real person's face check stands."""

    WAITING = "waiting"
    VERIFIED = "verified"
    EXPIRED = "expired"
    FAILED = "failed"
    UNKNOWN = "unknown"


class VideoStatus(Status):
    """Where a video task stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


_PENDING: Final = frozenset({"PROCESSING", "WAITING", "QUEUED", "RUNNING"})
_FAILED: Final = frozenset({"FAILED", "CANCELLED", "EXPIRED"})
