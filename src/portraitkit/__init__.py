"""
portraitkit: one interface to portrait assets and Seedance 2.0 video, whichever vendor sells it.

    import portraitkit as pk

    client = pk.connect()                 # the profile named in portraitkit.toml
    group = client.create_group("Mia")

Importing the package does no I/O and loads no adapter: each public name is loaded when first used.
"""

from __future__ import annotations

# Type checkers take any name TYPE_CHECKING as true; importing typing would cost more than all this.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from .attempts import Budget, Clock
    from .breaker import BreakerLimits
    from .client import AsyncClient, Client
    from .config import explain_config
    from .connecting import connect, connect_async
    from .dialect import Loss, ParsedVideo
    from .errors import (
        AssetFailedError,
        AssetNotReadyError,
        Attempt,
        AuthenticationError,
        ConfigError,
        ConflictError,
        ConnectionFailedError,
        ContentRejectedError,
        HandleError,
        InsufficientBalanceError,
        InvalidInputError,
        InvalidRequestError,
        JobFailedError,
        JournalError,
        ManualStepError,
        MediaError,
        NotFoundError,
        NotReadyError,
        Outcome,
        OutcomeUnknownError,
        PermissionDeniedError,
        PortraitError,
        PromptError,
        ProviderError,
        QuotaExceededError,
        RateLimitedError,
        ServiceUnavailableError,
        UnexpectedResponseError,
        UnsupportedError,
        VerificationExpiredError,
        VerificationFailedError,
        VerificationPendingError,
        VideoFailedError,
        VideoNotReadyError,
        WaitTimeoutError,
    )
    from .failover import FailoverRules
    from .handles import Handle
    from .journal import Journal
    from .media import FolderMediaHost, MediaHost
    from .models import (
        Adaptation,
        Asset,
        AssetStatus,
        Event,
        Failure,
        Finding,
        Group,
        GroupKind,
        MediaType,
        Raw,
        Tried,
        Usage,
        Verification,
        VerificationStatus,
        VideoStatus,
        VideoTask,
    )
    from .oneof import OneOf
    from .provider import PortraitProvider
    from .records import Entry, Record
    from .registry import provider_names
    from .resuming import Job, JobState, resume
    from .secret import Secret
    from .translation import Translation, parse_video, translate
    from .transport import Timeouts
    from .video import Frames, Preview, Reference, References, VideoRequest
    from .waiting import Pacing

__version__ = "0.1.0"

__all__ = [
    "Adaptation",
    "Asset",
    "AssetFailedError",
    "AssetNotReadyError",
    "AssetStatus",
    "AsyncClient",
    "Attempt",
    "AuthenticationError",
    "BreakerLimits",
    "Budget",
    "Client",
    "Clock",
    "ConfigError",
    "ConflictError",
    "ConnectionFailedError",
    "ContentRejectedError",
    "Entry",
    "Event",
    "FailoverRules",
    "Failure",
    "Finding",
    "FolderMediaHost",
    "Frames",
    "Group",
    "GroupKind",
    "Handle",
    "HandleError",
    "InsufficientBalanceError",
    "InvalidInputError",
    "InvalidRequestError",
    "Job",
    "JobFailedError",
    "JobState",
    "Journal",
    "JournalError",
    "Loss",
    "ManualStepError",
    "MediaError",
    "MediaHost",
    "MediaType",
    "NotFoundError",
    "NotReadyError",
    "OneOf",
    "Outcome",
    "OutcomeUnknownError",
    "Pacing",
    "ParsedVideo",
    "PermissionDeniedError",
    "PortraitError",
    "PortraitProvider",
    "Preview",
    "PromptError",
    "ProviderError",
    "QuotaExceededError",
    "RateLimitedError",
    "Raw",
    "Record",
    "Reference",
    "References",
    "Secret",
    "ServiceUnavailableError",
    "Timeouts",
    "Translation",
    "Tried",
    "UnexpectedResponseError",
    "UnsupportedError",
    "Usage",
    "Verification",
    "VerificationExpiredError",
    "VerificationFailedError",
    "VerificationPendingError",
    "VerificationStatus",
    "VideoFailedError",
    "VideoNotReadyError",
    "VideoRequest",
    "VideoStatus",
    "VideoTask",
    "WaitTimeoutError",
    "connect",
    "connect_async",
    "explain_config",
    "parse_video",
    "provider_names",
    "resume",
    "translate",
]

_HOMES = {
    "attempts": ("Budget", "Clock"),
    "breaker": ("BreakerLimits",),
    "client": ("AsyncClient", "Client"),
    "config": ("explain_config",),
    "connecting": ("connect", "connect_async"),
    "dialect": ("Loss", "ParsedVideo"),
    "errors": ("Attempt", "Outcome"),
    "failover": ("FailoverRules",),
    "handles": ("Handle",),
    "journal": ("Journal",),
    "media": ("FolderMediaHost", "MediaHost"),
    "models": (
        "Adaptation",
        "Asset",
        "AssetStatus",
        "Event",
        "Failure",
        "Finding",
        "Group",
        "GroupKind",
        "MediaType",
        "Raw",
        "Tried",
        "Usage",
        "Verification",
        "VerificationStatus",
        "VideoStatus",
        "VideoTask",
    ),
    "oneof": ("OneOf",),
    "provider": ("PortraitProvider",),
    "records": ("Entry", "Record"),
    "registry": ("provider_names",),
    "resuming": ("Job", "JobState", "resume"),
    "secret": ("Secret",),
    "translation": ("Translation", "parse_video", "translate"),
    "transport": ("Timeouts",),
    "video": ("Frames", "Preview", "Reference", "References", "VideoRequest"),
    "waiting": ("Pacing",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    home = "errors" if name.endswith("Error") and name in __all__ else _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  (only when a name is first used)

    value: object = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
