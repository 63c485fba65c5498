"""
The upstream's error codes: what each means, and what helps where its class cannot know.

Volcengine's own, of the Actions and of the video tasks. Resellers hand them on, so that their
tables begin with these. A code stands whole, for all that begin with it and a dot, or as a pattern.

Source: docs/vendors/volcengine.md, the error page 82379/1299023 and copies of its table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from ...values.errors import (
    AuthenticationError,
    ConflictError,
    ContentRejectedError,
    InsufficientBalanceError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    ProviderError,
    QuotaExceededError,
    RateLimitedError,
    ServiceUnavailableError,
    VerificationExpiredError,
    VerificationPendingError,
)

Codes: TypeAlias = Mapping[str, tuple[type[ProviderError], str]]
"""For each code its class, and what helps; nothing where the class's own advice is the best."""


def classes(codes: Codes) -> dict[str, type[ProviderError]]:
    """What the codes mean."""
    return {code: kind for code, (kind, _) in codes.items()}


def advice(codes: Codes) -> dict[str, str]:
    """What helps."""
    return {code: text for code, (_, text) in codes.items()}


_REGISTER: Final = (
    "a real person was suspected: register the face as a portrait asset (add_asset in a group of "
    "create_group, or of start_verification for a real person) and use the asset in its place"
)
_RIGHTS: Final = (
    "someone's rights were suspected: change the text or the media, and leave out known names, "
    "figures and brands; repeating it will not help"
)
_SOUND: Final = (
    "the sound that was made is what was refused: set generate_audio=False, or change what is "
    "spoken and heard; the picture may pass"
)
_KEYS: Final = "check access_key and secret_key, and that region is the one of assets_url"
_ADDRESSES: Final = "check the profile's addresses: nothing of that name answers there"
_MODEL: Final = (
    "check the model's name: this vendor does not offer it under that name, to this account or in "
    "this region"
)
_OPEN: Final = "let the account's owner open the model in the vendor's console"
_SERVICE: Final = "let the account's owner open the service in the vendor's console"
_BILL: Final = "have the account's owner settle the bill in the vendor's console"
_PACKAGE: Final = "have the account's owner buy the asset library's package in the vendor's console"
_FULL: Final = "a quota of the account is used up: delete what is unused, or have it raised"
_GONE: Final = (
    "it was deleted, or was made by another account or in another project: list_groups() and "
    "list_assets(group) show what is there"
)
NAME_OF_MODEL: Final = _MODEL
GONE: Final = _GONE

MODERATION: Final[Codes] = {
    **{
        f"{way}{what}SensitiveContentDetected{suffix}": (ContentRejectedError, helps)
        for way in ("Input", "Output")
        for what in ("Text", "Image", "Video", "Audio")
        for suffix, helps in (
            ("", ""),
            (".PrivacyInformation", _REGISTER),
            (".PolicyViolation", _RIGHTS),
            (".DeepFake", _REGISTER),
        )
    },
    "OutputAudioSensitiveContentDetected": (ContentRejectedError, _SOUND),
    "OutputAudioSensitiveContentDetected.PolicyViolation": (ContentRejectedError, _SOUND),
    "SensitiveContentDetected": (ContentRejectedError, ""),
    "ContentSecurityDetectionError": (ContentRejectedError, ""),
    "ContentRestricted": (
        ContentRejectedError,
        "the review refused what the file shows: use another",
    ),
    "*SensitiveContentDetected*": (ContentRejectedError, ""),
    "*RiskDetection*": (ContentRejectedError, ""),
}
RATES_AND_QUOTAS: Final[Codes] = {
    "QuotaExceeded": (
        QuotaExceededError,
        (
            "wait until running videos have ended, or delete unused groups or assets; or have the "
            "account's quota raised"
        ),
    ),
    "QuotaExceeded.QPM": (RateLimitedError, ""),
    "SetLimitExceeded": (
        QuotaExceededError,
        "raise the spending limit that is set for the model in the console",
    ),
    "InflightBatchsizeExceeded": (RateLimitedError, "wait until running videos have ended"),
    "RequestBurstTooFast": (RateLimitedError, "begin more slowly, and call again later"),
    "ServerOverloaded": (RateLimitedError, ""),
    "*FlowLimitExceeded*": (RateLimitedError, ""),
    "*RateLimitExceeded*": (RateLimitedError, ""),
    "*QuotaExceeded*": (QuotaExceededError, _FULL),
}
TASK_CODES: Final[Codes] = {
    **MODERATION,
    **RATES_AND_QUOTAS,
    "AuthenticationError": (
        AuthenticationError,
        "check api_key: explain_config() tells where it comes from",
    ),
    "InvalidParameter": (InvalidRequestError, ""),
    "InvalidParameter.TaskTypeConstraint": (
        InvalidRequestError,
        (
            "an edit or an extension of a video wants duration_s=-1 and ratio='adaptive'; if a new "
            "scene was meant, let the prompt describe one"
        ),
    ),
    "InvalidParameter.TaskTypeMismatch": (
        InvalidRequestError,
        (
            "let the prompt and the references ask for the same: a new scene, an edit "
            "(duration_s=-1, ratio='adaptive') or an extension"
        ),
    ),
    "MissingParameter": (InvalidRequestError, ""),
    "AccountOverdueError": (InsufficientBalanceError, ""),
    "OperationDenied": (PermissionDeniedError, _SERVICE),
    "OperationDenied.ServiceOverdue": (InsufficientBalanceError, _BILL),
    "OperationDenied_ServiceOverdue": (InsufficientBalanceError, _BILL),
    "OperationDenied_ServiceNotOpen": (PermissionDeniedError, _SERVICE),
    "ModelNotOpen": (PermissionDeniedError, _OPEN),
    "InvalidEndpointOrModel": (NotFoundError, _MODEL),
    "InvalidEndpointOrModel.ModelIDAccessDisabled": (
        PermissionDeniedError,
        (
            "name an endpoint (ep-…) of the account in the model's place: the model's own name is "
            "not allowed to it"
        ),
    ),
    "InvalidEndpoint": (
        PermissionDeniedError,
        "let the account's owner start the endpoint in the vendor's console, or name another",
    ),
    "UnsupportedModel": (NotFoundError, _MODEL),
    "ResourceNotFound": (NotFoundError, "a task is kept for 7 days; check its id, and whose it is"),
    "InvalidAction": (ConflictError, ""),
}
REVIEW_CODES: Final[Codes] = {
    **{
        f"{before}{code}": (InvalidRequestError, helps)
        for codes, helps in (
            ("DownloadFailed", "the vendor could not fetch the file: make its address public"),
            (
                "TypeMismatch FormatUnsupported FormatUndetectable TranscodingFailed",
                "use another format: the vendor could not read the file as what it was added as",
            ),
            ("DurationTooShort DurationTooLong", "cut the file to the length that is allowed"),
            (
                (
                    "WidthTooSmall WidthTooLarge HeightTooSmall HeightTooLarge AspectRatioTooSmall "
                    "AspectRatioTooLarge PixelCountTooSmall PixelCountTooLarge"
                ),
                "scale or crop the picture to the sizes that are allowed",
            ),
            ("FileSizeTooLarge", "make the file smaller"),
            ("FpsTooLow FpsTooHigh", "use a frame rate that is allowed"),
            ("AudioTrackRequired", "use a file with sound"),
            ("AudioTrackForbidden", "use a file without sound"),
            (
                "FaceMismatch",
                "the face is not the one that was verified: use a clear picture of that person",
            ),
        )
        for code in codes.split()
        for before in ("", "InvalidParameter.")
    },
    "InvalidParameter.ContentRestricted": MODERATION["ContentRestricted"],
}
ACTION_CODES: Final[Codes] = {
    **REVIEW_CODES,
    **MODERATION,
    **RATES_AND_QUOTAS,
    "InvalidParameter": (InvalidRequestError, ""),
    "InvalidParameter.URL": (
        InvalidRequestError,
        "pass a public http(s) address that the vendor can fetch without a login",
    ),
    "MissingParameter": (InvalidRequestError, ""),
    "MissingRequestInfo": (InvalidRequestError, ""),
    "InvalidActionOrVersion": (InvalidRequestError, _ADDRESSES),
    "InvalidTimestamp": (
        AuthenticationError,
        "set this machine's clock: a signature is good for 15 minutes",
    ),
    "InvalidAccessKey": (
        AuthenticationError,
        "check access_key: the vendor knows no such key, or it is disabled",
    ),
    "SignatureDoesNotMatch": (
        AuthenticationError,
        "check secret_key: it is used as text, never decoded from base64",
    ),
    "InvalidAuthorization": (AuthenticationError, _KEYS),
    "InvalidCredential": (AuthenticationError, _KEYS),
    "InvalidSecretToken": (
        AuthenticationError,
        "renew the temporary credentials: key, secret and session_token together",
    ),
    "Unauthorized": (AuthenticationError, ""),
    "AccessDenied": (
        PermissionDeniedError,
        (
            "for assets, attach a policy that allows ark:*Asset* to the key's IAM user, and before "
            "the first group sign the authorization letter in the console (My, Virtual Avatars); "
            "for videos, check that api_key may use the model"
        ),
    ),
    "Forbidden": (
        PermissionDeniedError,
        "the id is another customer's: use ids that this key's account made",
    ),
    "AIGCNotAvailable": (
        PermissionDeniedError,
        (
            "virtual figures are not opened for this account: have its owner sign the "
            "authorization letter in the console, or ask the vendor's support to open them"
        ),
    ),
    "SubscriptionRequired": (PermissionDeniedError, _PACKAGE),
    "NotFound": (NotFoundError, ""),
    "NotFound.asset_id": (NotFoundError, _GONE),
    "NotFound.group_id": (NotFoundError, _GONE),
    "ServiceNotFound": (NotFoundError, _ADDRESSES),
    "InternalError": (ServiceUnavailableError, ""),
    "InternalServiceError": (ServiceUnavailableError, ""),
    "InternalServiceTimeout": (ServiceUnavailableError, ""),
    "ServiceUnavailableTemp": (ServiceUnavailableError, ""),
    "ValidatePending": (VerificationPendingError, ""),
    # Unverified: seen in one client, which calls a relay.
    "ValidateNotReady": (VerificationPendingError, ""),
    "TokenExpired": (VerificationExpiredError, ""),
    "InvalidToken": (
        NotFoundError,
        (
            "the face check's token is not known to this key: ask with the profile that began it, "
            "or start another verification"
        ),
    ),
}
ARK_CODES: Final[Codes] = {**TASK_CODES, **ACTION_CODES}

_GATEWAYS: Final = (
    "this is about the gateway's own account at its upstream, and not about yours: report it to "
    "the gateway's support"
)
RELAYED_CODES: Final[Codes] = {
    **ARK_CODES,
    **{
        code: (kind, _GATEWAYS)
        for code, (kind, _) in TASK_CODES.items()
        if code.startswith(("AccountOverdue", "OperationDenied", "ModelNotOpen", "SetLimit"))
    },
    # Unverified: words that relays of several makes have for their own refusals.
    "content_policy_violation": (ContentRejectedError, ""),
    "content_filter": (ContentRejectedError, ""),
    "moderation_blocked": (ContentRejectedError, ""),
    "sensitive_words_detected": (ContentRejectedError, ""),
    "insufficient_quota": (InsufficientBalanceError, ""),
    "insufficient_user_quota": (InsufficientBalanceError, ""),
    "*quota_exceeded*": (QuotaExceededError, _FULL),
    "*rate_limit*": (RateLimitedError, ""),
}
"""The upstream's codes as a reseller hands them on, and what gateways say themselves."""
