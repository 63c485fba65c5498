"""The signed asset plane: Volcengine's words for the shared Actions, and its gateway."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar, Final, Generic, Literal, TypeVar
from urllib.parse import urlsplit

from attrs import Factory, define

from ...values.secret import Secret
from ...wire.steps import Request, Response
from ..simulator import Simulator, json_of, query_of
from ..state import SimAccount, SimCheck
from .action_calls import perform
from .actions import SERVICE, VERSION, AssetActions, metadata
from .face_page import face_page, returned
from .reading import MISSING, Json, Refusal, need
from .signatures import KeyPair, verify

GATEWAY_CODES: Final[Mapping[str, tuple[int, int]]] = {
    "MissingParameter": (400, 100002),
    "InvalidTimestamp": (400, 100006),
    "InvalidActionOrVersion": (404, 100008),
    "InvalidAccessKey": (401, 100009),
    "SignatureDoesNotMatch": (401, 100010),
    "AccessDenied": (403, 100013),
    "FlowLimitExceeded": (429, 100018),
    "InvalidAuthorization": (400, 100024),
    "InvalidCredential": (400, 100025),
    "InvalidSecretToken": (400, 100026),
}
"""Code to HTTP status and `CodeN`."""

DOCUMENTED_RATES: Final[Mapping[str, tuple[int, float]]] = {
    "GetAsset": (100, 1),
    "CreateAssetGroup": (10, 1),
    "GetAssetGroup": (10, 1),
    "ListAssetGroups": (10, 1),
    "UpdateAssetGroup": (10, 1),
    "DeleteAssetGroup": (5, 1),
    "CreateAsset": (3, 60),
    "ListAssets": (10, 1),
    "UpdateAsset": (10, 1),
    "DeleteAsset": (10, 1),
    "CreateVisualValidateSession": (3, 1),
    "GetVisualValidateResult": (3, 1),
}
"""Calls and the seconds they may fall in, per account; CreateAsset as in the entry package."""


@define(kw_only=True)
class AssetVariants:
    """
    What is open, told in two ways, or depends on the account.

    Attributes:
        region: The region that signatures have to name.
        letter_signed: Whether the account signed the authorization letter in the console.
        denied: Actions that the key's policy does not allow.
        unseen_s: Seconds in which GetAsset does not find a new asset.
        pending_status: HTTP status of an unfinished face check.
        token_once: A face check's result can be read once only.
        rates: Action to (calls, seconds), enforced per account; see `DOCUMENTED_RATES`.
        missing_asset: Whether a video with an unusable asset is refused at once or fails later.
    """

    region: str = "cn-beijing"
    letter_signed: bool = True
    denied: frozenset[str] = frozenset()
    unseen_s: float = 0.0
    pending_status: Literal[404, 200] = 404
    token_once: bool = False
    rates: Mapping[str, tuple[int, float]] = Factory(dict[str, tuple[int, float]])
    missing_asset: Literal["refused", "fails later"] = "refused"


V = TypeVar("V", bound=AssetVariants)


@define(kw_only=True)
class SignedActions(AssetActions):
    """The Actions as Volcengine words them."""

    name_limit: ClassVar[int] = 64
    filter_required: ClassVar[bool] = True
    callback_required: ClassVar[bool] = True
    pages_by_token: ClassVar[bool] = True
    scoped_by_project: ClassVar[bool] = True

    variants: AssetVariants
    read: set[str]
    """Face checks whose result has been read."""

    def invalid(self, member: str, why: str) -> Refusal:
        code = "MissingParameter" if why == MISSING else "InvalidParameter"
        of = f".{member}" if member != "GroupType" or why == MISSING else ""
        return Refusal(400, f"{code}{of}", f"The {member} {why}.")

    def not_found(self, kind: str, id: str) -> Refusal:
        noun = "asset_group" if kind == "group" else "asset"
        return Refusal(404, f"NotFound.{kind}_id", f"The specified {noun} {id} is not found.")

    def quota_exceeded(self, what: str) -> Refusal:
        return Refusal(403, "QuotaExceeded", f"The quota of {what} is full.")

    def check_new_group(self, account: SimAccount) -> None:
        if not self.variants.letter_signed:
            # Unverified: the code; the vendor's pages only say that the first creation fails.
            raise Refusal(403, "AccessDenied", "The authorization letter is not signed.")

    def check_result(self, token: str, check: SimCheck | None) -> str:
        over = check is not None and self.world.now() >= check.expires_at
        used = self.variants.token_once and token in self.read
        if check is None or check.group_id is None or over or used:
            data = {
                "__Message.parameter": token,
                "__Message.resourceContent": token,
                "__Message.resourceType": "visual face token",
            }
            message = f"The specified visual face token {token} is not found."
            raise Refusal(self.variants.pending_status, f"NotFound.{token}", message, data=data)
        self.read.add(token)
        return check.group_id


@define(kw_only=True)
class SignedSimulator(Simulator, Generic[V]):
    """
    A vendor with the plane at `/`: checks who asks, how often and for what.

    An account's `access_key` and `secret_key` sign asset calls, its `api_key` opens the videos,
    and its `project_name` is the project of that API key.

    Attributes:
        variants: What is open, told in two ways, or depends on the account.
    """

    variants: V
    _read: set[str] = Factory(set[str])
    _calls: dict[tuple[str, str], list[datetime]] = Factory(dict[tuple[str, str], list[datetime]])

    @abstractmethod
    def rest(self, request: Request) -> Response:
        """Answer what is neither an Action nor the page of a face check."""

    def answer(self, request: Request) -> Response:
        page = face_page(self, request)
        if page is not None:
            return page
        if request.method != "POST" or urlsplit(request.url).path not in {"", "/"}:
            return self.rest(request)
        action = query_of(request).get("Action", "")
        try:
            account = self._account(request)
            self._admit(account, action, query_of(request).get("Version", ""))
            unread = Refusal(400, "InvalidParameter", "The body cannot be read.")
            body = need(json_of(request), unread)
        except Refusal as no:
            return self._refuse(action, no)
        return self.perform(account, action, body)

    def check_notice(self, check: SimCheck) -> Request | None:
        return returned(check)

    def perform(self, account: SimAccount, action: str, body: Json) -> Response:
        """Carry out an Action for an account that is known, and answer in the envelope."""
        try:
            result = perform(self.actions(), account, action, body)
        except Refusal as no:
            return self._refuse(action, no)
        return self.json({"ResponseMetadata": self.metadata(action), "Result": result})

    def actions(self) -> SignedActions:
        """What carries the Actions out."""
        return SignedActions(
            world=self.world,
            base_url=self.base_url,
            unseen_s=self.variants.unseen_s,
            variants=self.variants,
            read=self._read,
        )

    def metadata(self, action: str) -> Json:
        """What every envelope begins with."""
        return metadata(self, action, self.variants.region)

    def _account(self, request: Request) -> SimAccount:
        def keys_of(access_key: str) -> KeyPair | None:
            account = self.world.account_of_access_key(access_key)
            if account is None:
                return None
            token = Secret(account.session_token) if account.session_token else None
            return KeyPair(secret_key=Secret(account.secret_key), session_token=token)

        region, now = self.variants.region, self.world.client_time()
        key = verify(request, keys_of=keys_of, region=region, service=SERVICE, now=now)
        return next(a for a in self.world.accounts.values() if a.access_key == key)

    def _admit(self, account: SimAccount, action: str, version: str) -> None:
        if not action or not version:
            raise _gateway_error("MissingParameter", "Action and Version are needed.")
        if version != VERSION:
            raise _gateway_error("InvalidActionOrVersion", f"Could not find operation {action}")
        if action in self.variants.denied:
            raise _gateway_error("AccessDenied", f"User is not authorized to perform ark:{action}")
        calls, seconds = self.variants.rates.get(action, (0, 0.0))
        if not calls:
            return
        now = self.world.now()
        recent = self._calls.setdefault((account.name, action), [])
        recent[:] = [time for time in recent if now - time < timedelta(seconds=seconds)]
        if len(recent) >= calls:
            raise _gateway_error("FlowLimitExceeded", "Request was rejected by flow control.")
        recent.append(now)

    def _refuse(self, action: str, no: Refusal) -> Response:
        said: Json = {"Code": no.code, "Message": no.message}
        status, number = GATEWAY_CODES.get(no.code, (no.status, 0))
        if number:
            said["CodeN"] = number
        if no.data:
            said["Data"] = dict(no.data)
        return self.json({"ResponseMetadata": {**self.metadata(action), "Error": said}}, status)


def _gateway_error(code: str, message: str) -> Refusal:
    return Refusal(GATEWAY_CODES[code][0], code, message)
