"""
APIYI, simulated: signed asset calls as at Volcengine, icover's library, the gateway's video tasks.

Documented: assets go to Volcengine with keys that APIYI hands out; videos to
`/seedance/api/v3/contents/generations/tasks` with a bearer token of the group SeeDance2; creating
and reading are the only calls; replies are labelled gzip without being it unless the request asks
for `Accept-Encoding: identity`; every customer's asset is in one Volcengine account, so any
token of the same project can use an id that it knows; real persons are verified by hand in the
console, for which `verify_in_console` stands.

Assumed: bodies and statuses of what the gateway itself refuses, that customers do not see each
other's assets in lists, that the key's policy lacks the face check (it names `ark:*Asset*` only).

An account with a `library_key` has icover's library as well; what of that is documented is said in
`dialects.icover`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final
from urllib.parse import urlsplit

from attrs import Factory, define, evolve, field

from ..wire.steps import Request, Response
from .dialects.ark import ArkSimulator
from .dialects.ark_rules import MODELS
from .dialects.icover import IcoverPlane, Layout
from .dialects.seedance import Family
from .dialects.signed_actions import DOCUMENTED_RATES, AssetVariants
from .simulator import NoticeRules, bearer_of, header, json_of
from .state import SimAccount, SimGroup

__all__ = ["DOCUMENTED_RATES", "APIYISimulator", "Variants"]

FACE_CHECK: Final = frozenset({"CreateVisualValidateSession", "GetVisualValidateResult"})

_MODELS: Final = {
    name: evolve(family, resolutions=tuple(r for r in family.resolutions if r != "4k"))
    for name, family in MODELS.items()
    if family.second_generation
}


@define(kw_only=True)
class Variants(AssetVariants):
    """
    The asset plane's variants, and the gateway's.

    Attributes:
        denied: Actions that the handed-out key may not call; the face check by default.
        false_gzip: Plain replies are labelled gzip unless the request asks for identity.
        ungrouped: Accounts whose token lacks the group SeeDance2.
        list_layout: How icover's lists come.
    """

    denied: frozenset[str] = FACE_CHECK
    false_gzip: bool = True
    ungrouped: frozenset[str] = frozenset()
    list_layout: Layout = "envelope"


@define(kw_only=True)
class APIYISimulator(ArkSimulator[Variants]):
    """
    The vendor behind api.apiyi.com, and its accounts at open.volcengineapi.com and icover.ai.

    An account's `library_key` opens icover's library.
    """

    name: ClassVar[str] = "apiyi"
    prefix: ClassVar[str] = "/seedance/api/v3"
    models: ClassVar[Mapping[str, Family]] = _MODELS
    shares_assets: ClassVar[bool] = True
    notice_rules: ClassVar[NoticeRules | None] = None  # no page of the gateway tells of them

    variants: Variants = Factory(Variants)
    _icover: IcoverPlane = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._icover = IcoverPlane(simulator=self)

    def verify_in_console(self, account: SimAccount, name: str) -> SimGroup:
        """Do what a person does in Volcengine's console: verify someone, which makes a group."""
        return self.world.add_group(
            account,
            self.world.new_id("group"),
            name,
            real_person=True,
            project_name=account.project_name,
        )

    def rest(self, request: Request) -> Response:
        if self._icover.owns(request):
            self._icover.layout = self.variants.list_layout
            return self._icover.answer(request)
        response = self._gateway(request)
        asked = header(request, "accept-encoding").strip().lower()
        if self.variants.false_gzip and asked != "identity":
            return evolve(response, headers={**response.headers, "content-encoding": "gzip"})
        return response

    def _gateway(self, request: Request) -> Response:
        path = urlsplit(request.url).path
        account = self.world.account_of_key(bearer_of(request))
        if account is None:
            return self._gateway_refusal(401, "invalid_token", "The token is not valid.")
        is_create = request.method == "POST" and not _id_in(path)
        is_get = request.method == "GET" and bool(_id_in(path))
        if not self.is_task(request) or not (is_create or is_get):
            return self._gateway_refusal(404, "", f"Invalid URL ({request.method} {path})")
        model = str((json_of(request) or {}).get("model"))
        if is_create and (account.name in self.variants.ungrouped or model not in self.models):
            message = f"The current group has no available channel for model {model}"
            return self._gateway_refusal(503, "model_not_found", message)
        return self.tasks(request, account)

    def _gateway_refusal(self, status: int, code: str, message: str) -> Response:
        # Unverified: the usual shape of such gateways.
        error = {"message": message, "type": "new_api_error", "code": code}
        return self.reply({"error": error}, status)


def _id_in(path: str) -> str:
    return path.partition("/tasks")[2].strip("/")
