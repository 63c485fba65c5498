"""The signed asset plane: Volcengine's words for the shared Actions, and its front door."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from attrs import Factory, define, field

from ...values.secret import Secret
from ..simulator import json_of, query_of
from .actions import ActionError, AssetActions, Body
from .signatures import KeyPair, SignatureRefusedError, verify

if TYPE_CHECKING:
    from ...wire.steps import Request, Response
    from ..simulator import Simulator
    from ..state import SimAccount, SimCheck

VERSION: Final = "2024-01-01"
SERVICE: Final = "ark"

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
    """

    region: str = "cn-beijing"
    letter_signed: bool = True
    denied: frozenset[str] = frozenset()
    unseen_s: float = 0.0
    pending_status: Literal[404, 200] = 404
    token_once: bool = False
    rates: Mapping[str, tuple[int, float]] = Factory(dict[str, tuple[int, float]])


@define(kw_only=True)
class SignedActions(AssetActions):
    """The Actions as Volcengine words them."""

    name_limit: ClassVar[int] = 64
    group_type_required: ClassVar[bool] = False
    filter_required: ClassVar[bool] = True
    callback_required: ClassVar[bool] = True
    pages_by_token: ClassVar[bool] = True
    scoped_by_project: ClassVar[bool] = True

    variants: AssetVariants
    read: set[str]
    """Face checks whose result has been read."""

    @property
    def unseen_s(self) -> float:
        return self.variants.unseen_s

    def missing(self, member: str) -> ActionError:
        return ActionError(400, f"MissingParameter.{member}", f"The {member} is missing.")

    def invalid(self, member: str, why: str) -> ActionError:
        code = "InvalidParameter" if member == "GroupType" else f"InvalidParameter.{member}"
        return ActionError(400, code, f"The {member} {why}.")

    def not_found(self, kind: str, id: str) -> ActionError:
        noun = "asset_group" if kind == "group" else "asset"
        return ActionError(404, f"NotFound.{kind}_id", f"The specified {noun} {id} is not found.")

    def quota_exceeded(self, what: str) -> ActionError:
        return ActionError(403, "QuotaExceeded", f"The quota of {what} is full.")

    def check_new_group(self, account: SimAccount) -> None:
        if not self.variants.letter_signed:
            # Unverified: the code; the vendor's pages only say that the first creation fails.
            raise ActionError(403, "AccessDenied", "The authorization letter is not signed.")

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
            raise ActionError(self.variants.pending_status, f"NotFound.{token}", message, data=data)
        self.read.add(token)
        return check.group_id


@define(kw_only=True)
class SignedPlane:
    """Checks who asks, how often and for what, and wraps what the Actions say."""

    simulator: Simulator = field(repr=False, eq=False)
    variants: AssetVariants
    _read: set[str] = Factory(set[str])
    _calls: dict[tuple[str, str], list[datetime]] = Factory(dict[tuple[str, str], list[datetime]])

    def answer(self, request: Request) -> Response:
        """Answer one request to `/`."""
        action = query_of(request).get("Action", "")
        try:
            account = self._account(request)
            self._admit(account, action, query_of(request).get("Version", ""))
            body = _body(request)
        except SignatureRefusedError as error:
            return self._refuse(action, _gateway_error(error.code, error.message))
        except ActionError as error:
            return self._refuse(action, error)
        return self.perform(account, action, body)

    def perform(self, account: SimAccount, action: str, body: Body) -> Response:
        """Carry out an Action for an account that is known, and answer in the envelope."""
        try:
            result = self.actions().run(account, action, body)
        except ActionError as error:
            return self._refuse(action, error)
        return self.simulator.json({"ResponseMetadata": self.metadata(action), "Result": result})

    def actions(self) -> SignedActions:
        """What carries the Actions out."""
        return SignedActions(
            world=self.simulator.world,
            base_url=self.simulator.base_url,
            variants=self.variants,
            read=self._read,
        )

    def _account(self, request: Request) -> SimAccount:
        world = self.simulator.world
        accounts = {a.access_key: a for a in world.accounts.values() if a.access_key}

        def keys_of(access_key: str) -> KeyPair | None:
            account = accounts.get(access_key)
            if account is None:
                return None
            token = Secret(account.session_token) if account.session_token else None
            return KeyPair(secret_key=Secret(account.secret_key), session_token=token)

        access_key = verify(
            request,
            keys_of=keys_of,
            region=self.variants.region,
            service=SERVICE,
            now=world.now(),
        )
        return accounts[access_key]

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
        now = self.simulator.world.now()
        recent = self._calls.setdefault((account.name, action), [])
        recent[:] = [time for time in recent if now - time < timedelta(seconds=seconds)]
        if len(recent) >= calls:
            raise _gateway_error("FlowLimitExceeded", "Request was rejected by flow control.")
        recent.append(now)

    def _refuse(self, action: str, error: ActionError) -> Response:
        said: dict[str, Any] = {"Code": error.code, "Message": error.message}
        if error.code in GATEWAY_CODES:
            said["CodeN"] = GATEWAY_CODES[error.code][1]
        if error.data:
            said["Data"] = dict(error.data)
        metadata: Body = {**self.metadata(action), "Error": said}
        return self.simulator.json({"ResponseMetadata": metadata}, error.status)

    def metadata(self, action: str) -> Body:
        """What every envelope begins with."""
        now = self.simulator.world.now()
        return {
            "RequestId": f"{now:%Y%m%d%H%M%S}{len(self.simulator.seen):018X}",
            "Action": action,
            "Version": VERSION,
            "Service": SERVICE,
            "Region": self.variants.region,
        }


def _body(request: Request) -> Body:
    body = json_of(request)
    if body is None:
        raise ActionError(400, "InvalidParameter", "The body cannot be read.")
    return body


def _gateway_error(code: str, message: str) -> ActionError:
    return ActionError(GATEWAY_CODES[code][0], code, message)
