"""
Volcengine Ark, simulated: the signed asset plane at `/` and the video tasks below `/api/v3`.

One object plays both hosts. Signatures are really checked, over whatever headers were signed.

Documented: the request signature, the envelope and the gateway's codes, the twelve Actions with
their members, projects, both ways of paging, `NotFound.<token>` for a face check that is not done;
for videos what `ark` says. Assumed: which headers have to be signed, 900 seconds of clock skew to
either side, HTTP statuses of quota errors and of the unsigned letter, 10 to a page, a used face
token that can be read again (`AssetVariants.token_once`). The life of a face token is told as 120 s
and as 30 min: set `World.token_life_s`.

Not simulated: fetching the URL of a new asset, `Moderation`, presigned queries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal
from urllib.parse import urlsplit

from attrs import Factory, define, field

from .dialects.ark import ArkError, ArkTasks
from .dialects.ark_rules import MODELS
from .dialects.face_page import face_page
from .dialects.seedance import usable_asset
from .dialects.signed_actions import DOCUMENTED_RATES, AssetVariants, SignedPlane
from .simulator import Simulator, bearer_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..wire.steps import Request, Response
    from .dialects.seedance import Family
    from .state import SimAccount, SimAsset

__all__ = ["DOCUMENTED_RATES", "Variants", "VolcengineSimulator"]

PREFIX = "/api/v3"


@define(kw_only=True)
class Variants(AssetVariants):
    """
    The asset plane's variants, and one of the video tasks'.

    Attributes:
        missing_asset: Whether an unusable asset is refused at once or fails the task.
    """

    missing_asset: Literal["refused", "fails later"] = "refused"


@define(kw_only=True)
class VolcengineSimulator(Simulator):
    """
    The vendor behind https://open.volcengineapi.com and https://ark.cn-beijing.volces.com.

    An account's `access_key` and `secret_key` sign asset calls, its `api_key` opens the video
    tasks, and its `project_name` is the project of that API key.

    Attributes:
        variants: What is open, told in two ways, or depends on the account.
    """

    name: ClassVar[str] = "volcengine"
    models: ClassVar[Mapping[str, Family]] = MODELS

    variants: Variants = Factory(Variants)
    _assets: SignedPlane = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._assets = SignedPlane(simulator=self, variants=self.variants)

    def answer(self, request: Request) -> Response:
        page = face_page(self, request)
        if page is not None:
            return page
        self._assets.variants = self.variants
        if request.method == "POST" and urlsplit(request.url).path in {"", "/"}:
            return self._assets.answer(request)
        tasks = ArkTasks(
            simulator=self,
            prefix=PREFIX,
            models=self.models,
            missing_asset=self.variants.missing_asset,
        )
        if not tasks.owns(request):
            return tasks.refuse(ArkError(404, "NotFound", "There is no such path."))
        account = self.world.account_of_key(bearer_of(request))
        if account is None:
            return tasks.refuse(
                ArkError(401, "AuthenticationError", "The API key is missing or not valid.")
            )
        return tasks.answer(request, account, self._finder(account))

    def _finder(self, account: SimAccount) -> Callable[[str], SimAsset | None]:
        project = account.project_name
        return lambda named: usable_asset(self.world, named, account=account.name, project=project)
