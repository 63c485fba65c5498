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
    from .client.client import AsyncClient, Client
    from .client.connecting import connect, connect_async
    from .client.progress import progress
    from .client.translation import Translation, parse_video, translate
    from .config.explaining import explain_config
    from .engine.clock import Clock
    from .engine.transport import Timeouts
    from .failover.router import FailoverRules
    from .journal.jobs import Job, JobState, resume
    from .journal.journal import Journal
    from .journal.records import Entry, Record
    from .limits.breakers import BreakerLimits
    from .operations.provider import PortraitProvider
    from .providers.registry import provider_names
    from .values.errors import (
        AssetFailedError,
        AssetNotReadyError,
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
    from .values.handles import Handle
    from .values.media import FolderMediaHost, MediaHost
    from .values.models import Asset, Event, Failure, Group, Usage, Verification, VideoTask
    from .values.portraits import OneOf
    from .values.prompts import literal
    from .values.remarks import Adaptation, Attempt, Finding, Outcome, Raw, Tried
    from .values.secret import Secret
    from .values.sources import Source
    from .values.statuses import AssetStatus, GroupKind, MediaType, VerificationStatus, VideoStatus
    from .values.video import Frames, Preview, Reference, References, VideoRequest
    from .vendor.dialect import Loss, ParsedVideo
    from .vendor.pacing import Pacing
    from .wire.steps import Budget

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
    "Source",
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
    "literal",
    "parse_video",
    "progress",
    "provider_names",
    "resume",
    "translate",
]

_HOMES = {
    "client.client": (
        "AsyncClient",
        "Client",
    ),
    "client.connecting": (
        "connect",
        "connect_async",
    ),
    "client.progress": ("progress",),
    "client.translation": (
        "Translation",
        "parse_video",
        "translate",
    ),
    "config.explaining": ("explain_config",),
    "engine.clock": ("Clock",),
    "engine.transport": ("Timeouts",),
    "failover.router": ("FailoverRules",),
    "journal.jobs": (
        "Job",
        "JobState",
        "resume",
    ),
    "journal.journal": ("Journal",),
    "journal.records": (
        "Entry",
        "Record",
    ),
    "limits.breakers": ("BreakerLimits",),
    "operations.provider": ("PortraitProvider",),
    "providers.registry": ("provider_names",),
    "values.handles": ("Handle",),
    "values.media": ("FolderMediaHost", "MediaHost"),
    "values.models": ("Asset", "Event", "Failure", "Group", "Usage", "Verification", "VideoTask"),
    "values.portraits": ("OneOf",),
    "values.prompts": ("literal",),
    "values.remarks": ("Adaptation", "Attempt", "Finding", "Outcome", "Raw", "Tried"),
    "values.secret": ("Secret",),
    "values.sources": ("Source",),
    "values.statuses": (
        "AssetStatus",
        "GroupKind",
        "MediaType",
        "VerificationStatus",
        "VideoStatus",
    ),
    "values.video": (
        "Frames",
        "Preview",
        "Reference",
        "References",
        "VideoRequest",
    ),
    "vendor.dialect": (
        "Loss",
        "ParsedVideo",
    ),
    "vendor.pacing": ("Pacing",),
    "wire.steps": ("Budget",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # a checker that saw it would take any misspelt name as true

    def __getattr__(name: str) -> object:
        home = "values.errors" if name.endswith("Error") and name in __all__ else _HOME_OF.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module  # noqa: PLC0415  (only when a name is first used)

        value: object = getattr(import_module(f".{home}", __name__), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
