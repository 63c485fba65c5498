"""
Volcengine Ark: portraits by signed Actions, real people by H5 sessions, videos by Ark's tasks.

Source: docs/vendors/volcengine.md (public documentation, the vendor's own clients). Never tried
with a key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from attrs import frozen

from ..errors import ProviderError
from ..preflight import VideoModel
from ..rates import Rate
from ..secret import Secret
from ..waiting import Pacing, Subject
from ._ark import RULES_2_0, RULES_2_5, TO_720P, TO_1080P, ArkTasks
from ._ark_account import ArkAccount
from ._rates import ACTION_RATES, TASK_RATES
from ._sessions import ActionVerification

VIDEO_ORIGIN: Final = "https://ark.cn-beijing.volces.com"


@frozen(kw_only=True, slots=False)
class Volcengine(ArkTasks, ActionVerification, ArkAccount):
    """
    Volcengine Ark. BytePlus speaks the same at other origins, in another region.

    Attributes:
        video_url: An origin, without `/api/v3`.
    """

    name: ClassVar[str] = "volcengine"
    task_prefix: ClassVar[str] = "/api/v3"
    video_models: ClassVar[tuple[VideoModel, ...]] = (
        VideoModel(
            name="seedance-2.0",
            id="doubao-seedance-2-0-260128",
            other_ids=("dreamina-seedance-2-0-260128",),
            resolutions=(*TO_1080P, "4k"),
            **RULES_2_0,
        ),
        VideoModel(
            name="seedance-2.0-fast",
            id="doubao-seedance-2-0-fast-260128",
            other_ids=("dreamina-seedance-2-0-fast-260128",),
            resolutions=TO_720P,
            **RULES_2_0,
        ),
        VideoModel(
            name="seedance-2.0-mini",
            id="doubao-seedance-2-0-mini-260615",
            other_ids=("dreamina-seedance-2-0-mini-260615",),
            resolutions=TO_720P,
            **RULES_2_0,
        ),
        VideoModel(
            name="seedance-2.5",
            id="doubao-seedance-2-5-260628",
            other_ids=("dreamina-seedance-2-5-260628",),
            **RULES_2_5,
        ),
        VideoModel(
            name="seedance-1.5-pro",
            id="doubao-seedance-1-5-pro-251215",
            other_ids=("seedance-1-5-pro-251215",),
            takes_assets=False,
            source="AllToken portrait guide: upstream refuses asset:// for it",
        ),
    )
    default_pacing: ClassVar[Mapping[Subject, Pacing]] = {
        # One picture took about 13 s. A new asset may not be found at once.
        "asset": Pacing(first_s=10, step_s=4, deadline_s=300, unseen_s=20),
        "verification": Pacing(first_s=3, step_s=3, deadline_s=150),
        "video": Pacing(first_s=20, step_s=10, deadline_s=1800),
    }
    default_rates: ClassVar[Mapping[str, Rate]] = {**ACTION_RATES, **TASK_RATES}

    video_url: str = VIDEO_ORIGIN

    def is_open(self, error: ProviderError, token: Secret) -> bool:
        """Through a proxy, the refusal of a check that is not done was seen with an empty body."""
        return super().is_open(error, token) or not error.code
