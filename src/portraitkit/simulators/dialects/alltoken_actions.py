"""AllToken's side of the shared Actions: its limits, codes and variants."""

from __future__ import annotations

from typing import ClassVar, Literal

from attrs import define

from ..state import SimAccount, SimAsset, SimCheck
from .actions import AssetActions
from .reading import Json, Refusal, need


@define(kw_only=True)
class Variants:
    """
    What AllToken's documents leave open or tell in two ways.

    Attributes:
        errors_as_200: Portrait errors come with HTTP 200 (documented as possible).
        gateway_401: A refused key on the portrait side gets the video side's body.
        status_member: Which of an asset's two status members are there.
        create_member: What CreateAsset and the upload call the new id.
        flat_upload: An upload answers with its result alone, without the envelope.
        foreign_code: The code for an id that is not the customer's, or not there at all.
        aigc_available: Whether accounts may make virtual groups.
        unseen_s: Seconds in which GetAsset does not find a new asset.
        done_word: A finished video's status.
        integer_codes: Video errors carry the HTTP status as their code, as an older page shows.
    """

    errors_as_200: bool = False
    gateway_401: bool = False
    status_member: Literal["both", "UpstreamStatus", "Status"] = "both"
    create_member: Literal["Id", "AssetId"] = "Id"
    flat_upload: bool = False
    foreign_code: Literal["Forbidden", "NotFound"] = "Forbidden"
    aigc_available: bool = True
    unseen_s: float = 0.0
    done_word: Literal["completed", "succeeded"] = "completed"
    integer_codes: bool = False


@define(kw_only=True)
class AllTokenActions(AssetActions):
    """The Actions as AllToken words them."""

    name_limit: ClassVar[int] = 50
    group_type_required: ClassVar[bool] = True

    variants: Variants

    def invalid(self, member: str, why: str) -> Refusal:
        subject = member or "The body"
        return Refusal(400, "InvalidParameter", f"{subject} {why}.")

    def not_found(self, kind: str, id: str) -> Refusal:
        if self.variants.foreign_code == "NotFound":
            return Refusal(404, "NotFound", f"The {kind} does not exist.")
        return Refusal(403, "Forbidden", f"No access to this {kind}.")

    def quota_exceeded(self, what: str) -> Refusal:
        return Refusal(429, "QuotaExceeded", f"The quota of {what} is full.")

    def check_new_group(self, account: SimAccount) -> None:
        if not self.variants.aigc_available:
            raise Refusal(400, "AIGCNotAvailable", "AIGC groups are not enabled.")

    def status_members(self, asset: SimAsset) -> Json:
        word = asset.status(self.world.now())
        wanted = self.variants.status_member
        return {name: word for name in ("UpstreamStatus", "Status") if wanted in ("both", name)}

    def created(self, id: str) -> Json:
        return {self.variants.create_member: id}

    def check_result(self, token: str, check: SimCheck | None) -> str:
        check = need(check, Refusal(400, "InvalidToken", "The BytedToken is not known."))
        if self.world.now() >= check.expires_at:
            raise Refusal(400, "TokenExpired", "The BytedToken is too old.")
        pending = Refusal(400, "ValidatePending", "The scan is not finished.")
        return need(check.group_id, pending)
