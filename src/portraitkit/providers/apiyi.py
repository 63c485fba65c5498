"""
APIYI: portraits by signed Actions at Volcengine, with keys from APIYI; videos at its gateway.

Source: docs/vendors/apiyi.md (the vendor's asset guide and public documentation). Never tried with
a key. Its newer asset library at icover.ai is another interface and not used here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from attrs import evolve, frozen

from ..dialect import VideoDialect
from ..errors import ContentRejectedError, PermissionDeniedError, ProviderError
from ..preflight import VideoModel
from ..rates import Rate
from ..waiting import Pacing, Subject
from . import _content
from ._ark import TASK_ADVICE
from ._ark_account import ArkAccount
from ._ark_models import TO_1080P, second_generation
from ._rates import ACTION_RATES, GATEWAY_RATES

VIDEO_ORIGIN: Final = "https://api.apiyi.com"

_IN_THE_CONSOLE: Final = (
    "have the account's owner open Volcengine's console, My > Real-Person Avatars > Manage Assets "
    "and then Create Asset Group, and confirm subject and purpose; the person being filmed passes "
    "the face check there. Bring back the new group's id for add_asset(group_id, ...), or the id "
    "of an asset in it for the video request"
)


@frozen(kw_only=True, slots=False)
class APIYI(ArkAccount):
    """
    APIYI. The video token needs the group SeeDance2, and the project of the signing key.

    Attributes:
        video_url: An origin, without `/seedance`.
    """

    name: ClassVar[str] = "apiyi"
    task_prefix: ClassVar[str] = "/seedance/api/v3"
    # The gateway labels plain answers as gzip unless it is asked for plain ones.
    task_headers: ClassVar[Mapping[str, str]] = {"Accept-Encoding": "identity"}
    task_advice: ClassVar[Mapping[str, str]] = {
        **TASK_ADVICE,
        "model_not_found": "give the video token the group SeeDance2, and check the model's name",
    }
    error_codes: ClassVar[Mapping[str, type[ProviderError]]] = {
        **ArkAccount.error_codes,
        "PUBLIC_*": ContentRejectedError,
        # Unverified: only the wording is documented, for a token whose group lacks the model.
        "model_not_found": PermissionDeniedError,
    }
    dialect: ClassVar[VideoDialect] = evolve(
        ArkAccount.dialect,
        fields={name: key for name, key in _content.FIELDS.items() if name != "callback_url"},
        unsupported={"callback_url": "it is not among the members that the gateway documents"},
    )
    video_models: ClassVar[tuple[VideoModel, ...]] = second_generation(
        "doubao-", standard=TO_1080P, newest=TO_1080P
    )
    manual_steps: ClassVar[Mapping[str, str]] = {
        "start_verification": _IN_THE_CONSOLE,
        "check_verification": _IN_THE_CONSOLE,
    }
    default_pacing: ClassVar[Mapping[Subject, Pacing]] = {
        # The guide: about 13 s for one picture. A new asset may not be found at once.
        "asset": Pacing(first_s=10, step_s=4, deadline_s=300, unseen_s=20),
        # The documents: first after 20 to 30 s, then every 10 to 20 s, 10 to 15 min in all.
        "video": Pacing(first_s=20, step_s=10, deadline_s=900),
    }
    default_rates: ClassVar[Mapping[str, Rate]] = {**ACTION_RATES, **GATEWAY_RATES}

    video_url: str = VIDEO_ORIGIN
