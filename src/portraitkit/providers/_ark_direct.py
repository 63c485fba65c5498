"""
Ark without a gateway: portraits by signed Actions, real people by sessions, all four task calls.

Volcengine sells it in China, BytePlus elsewhere: other origins, another region, other model names.

Source: docs/vendors/volcengine.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from attrs import frozen

from ..errors import ProviderError
from ..rates import Rate
from ..secret import Secret
from ..waiting import Pacing, Subject
from ._ark import ArkTasks
from ._ark_account import ArkAccount
from ._rates import ACTION_RATES, TASK_RATES
from ._sessions import ActionVerification


@frozen(kw_only=True, slots=False)
class DirectArk(ArkTasks, ActionVerification, ArkAccount):
    """
    An account at Ark itself.

    Attributes:
        video_url: An origin, without `/api/v3`; for an Agent Plan with `/api/plan/v3`.
    """

    task_prefix: ClassVar[str] = "/api/v3"
    # Unverified: a plan's base URL is known from clients alone, with the tasks' path below it.
    base_paths: ClassVar[Mapping[str, tuple[str, ...]]] = {"video_url": ("/api/plan/v3",)}
    default_pacing: ClassVar[Mapping[Subject, Pacing]] = {
        # One picture took about 13 s. A new asset may not be found at once.
        "asset": Pacing(first_s=10, step_s=4, deadline_s=300, unseen_s=20),
        "verification": Pacing(first_s=3, step_s=3, deadline_s=150),
        "video": Pacing(first_s=20, step_s=10, deadline_s=1800),
    }
    default_rates: ClassVar[Mapping[str, Rate]] = {**ACTION_RATES, **TASK_RATES}

    def is_open(self, error: ProviderError, token: Secret) -> bool:
        """Through a proxy, the refusal of a check that is not done was seen with an empty body."""
        return super().is_open(error, token) or not error.code
