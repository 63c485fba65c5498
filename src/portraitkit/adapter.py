"""
What authors of adapters import: all that an adapter is written with.

Subclass `PortraitProvider` and override the raw calls that your vendor offers; what callers use is
derived from them. `docs/writing-a-provider.md` builds one step by step.
"""

from __future__ import annotations

from .limits.rates import Rate
from .operations.provider import PortraitProvider
from .operations.reconciling import reconciled
from .operations.repeating import cancelled, removed
from .operations.searching import groups_of
from .providers.dialects.link_library import LinkLibrary
from .providers.dialects.notices import read_notice
from .providers.dialects.storage import StoredFiles, link_in, put_file
from .providers.tables.building import vendor_class
from .values.errors import (
    AuthenticationError,
    ConfigError,
    ConflictError,
    ContentRejectedError,
    HandleError,
    InsufficientBalanceError,
    InvalidInputError,
    InvalidRequestError,
    NotFoundError,
    OutcomeUnknownError,
    PermissionDeniedError,
    PortraitError,
    ProviderError,
    QuotaExceededError,
    RateLimitedError,
    ServiceUnavailableError,
    UnexpectedResponseError,
)
from .values.media import Link, MediaRules, Upload
from .values.models import (
    Asset,
    AssetRef,
    Failure,
    Group,
    GroupRef,
    Page,
    Result,
    Usage,
    Verification,
    VerificationRef,
    VideoRef,
    VideoTask,
)
from .values.origins import origin_of
from .values.prices import Money, Price
from .values.prompts import Role, Slot
from .values.remarks import Adaptation, Finding
from .values.secret import Secret
from .values.statuses import AssetStatus, GroupKind, MediaType, VerificationStatus, VideoStatus
from .values.video import OnUnsupported, VideoRequest
from .vendor.answers import Answer
from .vendor.dialect import MediaRead, Member, VideoDialect, unsupported
from .vendor.pacing import Pacing, Subject
from .vendor.preflight import Difference, VideoModel
from .wire.bodies import json_body, multipart
from .wire.codec import Codec, Words, count, first, is_object, listed, rows, try_decode
from .wire.error_mapping import VendorError
from .wire.reasons import Reason, reason_in, reason_of
from .wire.steps import Auth, Flow, Request, Response, segment

__all__ = [
    "Adaptation",
    "Answer",
    "Asset",
    "AssetRef",
    "AssetStatus",
    "Auth",
    "AuthenticationError",
    "Codec",
    "ConfigError",
    "ConflictError",
    "ContentRejectedError",
    "Difference",
    "Failure",
    "Finding",
    "Flow",
    "Group",
    "GroupKind",
    "GroupRef",
    "HandleError",
    "InsufficientBalanceError",
    "InvalidInputError",
    "InvalidRequestError",
    "Link",
    "LinkLibrary",
    "MediaRead",
    "MediaRules",
    "MediaType",
    "Member",
    "Money",
    "NotFoundError",
    "OnUnsupported",
    "OutcomeUnknownError",
    "Pacing",
    "Page",
    "PermissionDeniedError",
    "PortraitError",
    "PortraitProvider",
    "Price",
    "ProviderError",
    "QuotaExceededError",
    "Rate",
    "RateLimitedError",
    "Reason",
    "Request",
    "Response",
    "Result",
    "Role",
    "Secret",
    "ServiceUnavailableError",
    "Slot",
    "StoredFiles",
    "Subject",
    "UnexpectedResponseError",
    "Upload",
    "Usage",
    "VendorError",
    "Verification",
    "VerificationRef",
    "VerificationStatus",
    "VideoDialect",
    "VideoModel",
    "VideoRef",
    "VideoRequest",
    "VideoStatus",
    "VideoTask",
    "Words",
    "cancelled",
    "count",
    "first",
    "groups_of",
    "is_object",
    "json_body",
    "link_in",
    "listed",
    "multipart",
    "origin_of",
    "put_file",
    "read_notice",
    "reason_in",
    "reason_of",
    "reconciled",
    "removed",
    "rows",
    "segment",
    "try_decode",
    "unsupported",
    "vendor_class",
]
