"""
Ark without a gateway: portraits by signed Actions, real people by sessions, all four task calls.

Volcengine sells it in China, BytePlus elsewhere: other origins, another region, other model names.

Source: docs/vendors/volcengine.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from attrs import field, frozen

from ...limits.rates import Rate
from ...values.errors import ConfigError, ProviderError
from ...values.models import VideoTask
from ...values.secret import Secret
from ...vendor.pacing import Pacing, Subject
from .ark_account import ArkAccount
from .ark_tasks import ArkTasks
from .known_rates import ACTION_RATES, TASK_RATES
from .notices import read_notice
from .sessions import ActionVerification


def check_video_path(account: object, attribute: object, path: str) -> None:
    """Refuse a path that Ark is not known to have; a validator of attrs' form."""
    del account, attribute
    if path not in ("/api/v3", "/api/plan/v3"):
        raise ConfigError(
            "video_path is none of Ark's",
            field="video_path",
            next_step='write "/api/plan/v3" for an Agent Plan\'s key, or leave it out',
        )


@frozen(kw_only=True, slots=False, eq=False, repr=False)
class DirectArk(ArkTasks, ActionVerification, ArkAccount):
    """
    An account at Ark itself.

    Attributes:
        video_url: An origin, without `/api/v3`.
        video_path: `/api/plan/v3` where the key is an Agent Plan's.
    """

    task_prefix: ClassVar[str] = "/api/v3"
    asset_cost: ClassVar[str] = "places in the package that the account buys"  # both price pages
    default_pacing: ClassVar[Mapping[Subject, Pacing]] = {
        # One picture took about 13 s. A new asset may not be found at once.
        "asset": Pacing(first_s=10, step_s=4, deadline_s=300, unseen_s=20),
        "verification": Pacing(first_s=3, step_s=3, deadline_s=1830),
        "video": Pacing(first_s=20, step_s=10, deadline_s=1800),
    }
    default_rates: ClassVar[Mapping[str, Rate]] = {**ACTION_RATES, **TASK_RATES}

    # Source: the current pages of both, 82379/2333587; older ones said 120.
    verification_life_s: int = 1800
    # Unverified: Agent Plan's path is known from clients alone.
    video_path: str = field(default="/api/v3", validator=check_video_path)

    @property
    def task_base(self) -> str:
        """The plan's path, or the usual one."""
        return self.video_path

    def read_video_callback(self, received: str | bytes | Mapping[str, Any]) -> VideoTask:
        """
        Read a notice.

        Source: 82379/1520757: the task itself is posted whenever its status changes, unsigned.
        """
        return read_notice(self, received)

    def is_open(self, error: ProviderError, token: Secret) -> bool:
        """Through a proxy, the refusal of a check that is not done was seen with an empty body."""
        return super().is_open(error, token) or not error.code
