"""
Volcengine Ark, simulated: the signed asset plane at `/` and the video tasks below `/api/v3`.

One object plays both hosts. Signatures are really checked, over whatever headers were signed.

Documented: the request signature, the envelope and the gateway's codes, the twelve Actions with
their members, projects, both ways of paging, `NotFound.<token>` for a face check that is not done;
for videos what `ark` says. Assumed: which headers have to be signed, 900 seconds of clock skew to
either side, HTTP statuses of quota errors and of the unsigned letter, 10 to a page, a used face
token that can be read again (`Variants.token_once`). The life of a face token is told as 120 s
and as 30 min: set `World.token_life_s`.

Not simulated: fetching the URL of a new asset, `Moderation`, presigned queries.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import Factory, define

from ..wire.steps import Request, Response
from .dialects.ark import ArkSimulator
from .dialects.reading import Refusal
from .dialects.signed_actions import DOCUMENTED_RATES
from .dialects.signed_actions import AssetVariants as Variants
from .simulator import bearer_of

__all__ = ["DOCUMENTED_RATES", "Variants", "VolcengineSimulator"]


@define(kw_only=True)
class VolcengineSimulator(ArkSimulator[Variants]):
    """The vendor behind https://open.volcengineapi.com and https://ark.cn-beijing.volces.com."""

    name: ClassVar[str] = "volcengine"
    prefix: ClassVar[str] = "/api/v3"

    variants: Variants = Factory(Variants)

    def rest(self, request: Request) -> Response:
        if not self.is_task(request):
            return self.refuse(Refusal(404, "NotFound", "There is no such path."))
        account = self.world.account_of_key(bearer_of(request))
        if account is None:
            message = "The API key is missing or not valid."
            return self.refuse(Refusal(401, "AuthenticationError", message))
        return self.tasks(request, account)
