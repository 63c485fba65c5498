"""Kinds and statuses, the same for every vendor."""

from __future__ import annotations

import enum


class GroupKind(enum.Enum):
    """Whose face a group holds."""

    VIRTUAL = "virtual"
    REAL_PERSON = "real person"
    UNKNOWN = "unknown"


class MediaType(enum.Enum):
    """What an asset is."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    UNKNOWN = "unknown"


class AssetStatus(enum.Enum):
    """Where the vendor's review of an asset stands."""

    PROCESSING = "processing"
    ACTIVE = "active"
    FAILED = "failed"
    UNKNOWN = "unknown"


class VerificationStatus(enum.Enum):
    """Where a real person's face check stands."""

    WAITING = "waiting"
    VERIFIED = "verified"
    EXPIRED = "expired"
    FAILED = "failed"
    UNKNOWN = "unknown"


class VideoStatus(enum.Enum):
    """Where a video task stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
