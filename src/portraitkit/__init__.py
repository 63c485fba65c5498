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
    from .config.explaining import explain_config
    from .engine.clock import Clock
    from .engine.transport import Timeouts
    from .failover.router import FailoverRules
    from .journal.jobs import Job, Jobs, JobState, resume
    from .journal.journal import Journal
    from .operations.provider import PortraitProvider
    from .portraits.bindings import Consent
    from .providers.registry import provider_names
    from .translation import parse_video, translate
    from .values.choices import Model, Ratio, Resolution
    from .values.errors import (
        AssetFailedError,
        AssetNotReadyError,
        AuthenticationError,
        ConfigError,
        ConflictError,
        ConnectionFailedError,
        ConsentRequiredError,
        ContentRejectedError,
        HandleError,
        InsufficientBalanceError,
        InvalidInputError,
        InvalidRequestError,
        JobFailedError,
        JournalError,
        LedgerError,
        ManualStepError,
        MediaError,
        NotFoundError,
        NotReadyError,
        OutcomeUnknownError,
        PermissionDeniedError,
        PortraitChangedError,
        PortraitError,
        PortraitNotRegisteredError,
        PromptError,
        ProviderError,
        QuotaExceededError,
        RateLimitedError,
        ServiceUnavailableError,
        StalePlanError,
        UnexpectedResponseError,
        UnknownPortraitError,
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
    from .values.models import (
        Asset,
        AssetRef,
        Event,
        Failure,
        Group,
        GroupRef,
        Quota,
        Usage,
        Verification,
        VerificationRef,
        VideoRef,
        VideoTask,
    )
    from .values.portraits import MediaRef, OneOf, Portrait
    from .values.prompts import literal
    from .values.remarks import Adaptation, Attempt, Finding, Outcome, Raw, Tried
    from .values.secret import Secret
    from .values.sources import MediaSource, MediaSources, Source
    from .values.statuses import (
        AssetStatus,
        GroupKind,
        MediaType,
        Support,
        VerificationStatus,
        VideoStatus,
    )
    from .values.video import (
        Frames,
        OnUnsupported,
        Preview,
        Reference,
        References,
        VideoRequest,
    )
    from .vendor.pacing import OnEvent
    from .wire.steps import Budget

__version__: str

__all__ = [
    "Adaptation",
    "Asset",
    "AssetFailedError",
    "AssetNotReadyError",
    "AssetRef",
    "AssetStatus",
    "AsyncClient",
    "Attempt",
    "AuthenticationError",
    "Budget",
    "Client",
    "Clock",
    "ConfigError",
    "ConflictError",
    "ConnectionFailedError",
    "Consent",
    "ConsentRequiredError",
    "ContentRejectedError",
    "Event",
    "FailoverRules",
    "Failure",
    "Finding",
    "FolderMediaHost",
    "Frames",
    "Group",
    "GroupKind",
    "GroupRef",
    "Handle",
    "HandleError",
    "InsufficientBalanceError",
    "InvalidInputError",
    "InvalidRequestError",
    "Job",
    "JobFailedError",
    "JobState",
    "Jobs",
    "Journal",
    "JournalError",
    "LedgerError",
    "ManualStepError",
    "MediaError",
    "MediaHost",
    "MediaRef",
    "MediaSource",
    "MediaSources",
    "MediaType",
    "Model",
    "NotFoundError",
    "NotReadyError",
    "OnEvent",
    "OnUnsupported",
    "OneOf",
    "Outcome",
    "OutcomeUnknownError",
    "PermissionDeniedError",
    "Portrait",
    "PortraitChangedError",
    "PortraitError",
    "PortraitNotRegisteredError",
    "PortraitProvider",
    "Preview",
    "PromptError",
    "ProviderError",
    "Quota",
    "QuotaExceededError",
    "RateLimitedError",
    "Ratio",
    "Raw",
    "Reference",
    "References",
    "Resolution",
    "Secret",
    "ServiceUnavailableError",
    "Source",
    "StalePlanError",
    "Support",
    "Timeouts",
    "Tried",
    "UnexpectedResponseError",
    "UnknownPortraitError",
    "UnsupportedError",
    "Usage",
    "Verification",
    "VerificationExpiredError",
    "VerificationFailedError",
    "VerificationPendingError",
    "VerificationRef",
    "VerificationStatus",
    "VideoFailedError",
    "VideoNotReadyError",
    "VideoRef",
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
    "client.client": ("AsyncClient", "Client"),
    "client.connecting": ("connect", "connect_async"),
    "client.progress": ("progress",),
    "config.explaining": ("explain_config",),
    "engine.clock": ("Clock",),
    "engine.transport": ("Timeouts",),
    "failover.router": ("FailoverRules",),
    "journal.jobs": ("Job", "JobState", "Jobs", "resume"),
    "journal.journal": ("Journal",),
    "operations.provider": ("PortraitProvider",),
    "portraits.bindings": ("Consent",),
    "providers.registry": ("provider_names",),
    "translation": ("parse_video", "translate"),
    "values.choices": ("Model", "Ratio", "Resolution"),
    "values.handles": ("Handle",),
    "values.media": ("FolderMediaHost", "MediaHost"),
    "values.models": (
        "Asset",
        "AssetRef",
        "Event",
        "Failure",
        "Group",
        "GroupRef",
        "Quota",
        "Usage",
        "Verification",
        "VerificationRef",
        "VideoRef",
        "VideoTask",
    ),
    "values.portraits": ("MediaRef", "OneOf", "Portrait"),
    "values.prompts": ("literal",),
    "values.remarks": ("Adaptation", "Attempt", "Finding", "Outcome", "Raw", "Tried"),
    "values.secret": ("Secret",),
    "values.sources": ("MediaSource", "MediaSources", "Source"),
    "values.statuses": (
        "AssetStatus",
        "GroupKind",
        "MediaType",
        "Support",
        "VerificationStatus",
        "VideoStatus",
    ),
    "values.video": (
        "Frames",
        "OnUnsupported",
        "Preview",
        "Reference",
        "References",
        "VideoRequest",
    ),
    "vendor.pacing": ("OnEvent",),
    "wire.steps": ("Budget",),
}
_MOVED = {
    "failover": ("BreakerLimits",),
    "journal": ("Entry", "Record"),
    "translation": ("Loss", "ParsedVideo", "Translation"),
    "vendor.pacing": ("Pacing",),
}
"""Names that were here once: found, and listed in their packages alone."""
_HOME_OF = {
    name: home for homes in (_HOMES, _MOVED) for home, names in homes.items() for name in names
}


if not TYPE_CHECKING:  # a checker that saw it would take any misspelt name as true

    def __getattr__(name: str) -> object:
        if name == "__version__":
            from importlib.metadata import version  # noqa: PLC0415  (as below)

            return version(__name__)
        home = "values.errors" if name.endswith("Error") and name in __all__ else _HOME_OF.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module  # noqa: PLC0415  (only when a name is first used)

        value: object = getattr(import_module(f".{home}", __name__), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
