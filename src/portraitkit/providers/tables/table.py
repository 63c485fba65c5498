"""
A vendor as a table: what a TOML file may say of one.

The table stands in `[vendors.NAME]` of a configuration, or in a file of this folder. It begins with
a dialect, which is such a table itself, and says what differs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, TypeAlias

from attrs import field, frozen

from ...values.models import Asset, Failure, Group, Usage, Verification, VideoTask
from ...values.statuses import (
    AssetStatus,
    GroupKind,
    MediaType,
    VerificationStatus,
    VideoStatus,
)
from ..dialects import content, frames
from .template import CallTemplate

Json: TypeAlias = Mapping[str, Any]

MODELS: Final[Mapping[str, type]] = {
    "group": Group,
    "asset": Asset,
    "verification": Verification,
    "video": VideoTask,
    "failure": Failure,
    "usage": Usage,
}
WORDS: Final[Mapping[str, Any]] = {
    "kind": GroupKind,
    "media": MediaType,
    "asset": AssetStatus,
    "verification": VerificationStatus,
    "video": VideoStatus,
}
MEDIA: Final[Mapping[str, tuple[Any, Any]]] = {
    "content": (content.write_with_text, content.read),
    "content-beside-prompt": (content.write_beside_text, content.read),
    "frames": (frames.write, frames.read),
}
"""How a video's prompt and media are spelled, by the name in a table: written, read."""
FORMS: Final[Mapping[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]]] = {
    "": (lambda value: value, lambda value: value),
    "text": (str, int),
    "auto": (
        lambda value: "auto" if value == -1 else value,
        lambda value: -1 if value == "auto" else value,
    ),
    "upper": (str.upper, str.lower),
}
"""How a value is spelled, by the name in a table: written, read."""


NONE_AT_ALL: Final[Mapping[str, bool]] = {"none_at_all": True}
"""Metadata of a member whose numbers may be 0, for none at all."""
CALLS: Final[Mapping[str, frozenset[str]]] = {
    "create_group": frozenset({"name", "description", "kind"}),
    "get_group": frozenset({"group"}),
    "list_groups": frozenset({"kind", "page", "size", "offset", "cursor"}),
    "rename_group": frozenset({"group", "name", "description"}),
    "delete_group": frozenset({"group"}),
    "add_link": frozenset({"group", "name", "media", "url"}),
    "add_upload": frozenset({"group", "name", "media", "file"}),
    "get_asset": frozenset({"asset"}),
    "list_assets": frozenset({"group", "groups", "kind", "page", "size", "offset", "cursor"}),
    "rename_asset": frozenset({"asset", "name"}),
    "delete_asset": frozenset({"asset"}),
    "start_verification": frozenset({"name", "callback_url"}),
    "check_verification": frozenset({"token"}),
    "create_video": frozenset({"model"}),
    "get_video": frozenset({"video"}),
    "list_videos": frozenset({"page", "size", "offset", "cursor"}),
    "cancel_video": frozenset({"video"}),
    "video_link": frozenset({"video"}),
}
"""The calls that a table may offer, and what each can be filled with, beside its settings."""


@frozen(kw_only=True)
class Header:
    """
    The header that carries the key.

    Attributes:
        name: Its name.
        scheme: What stands before the key; empty where the key stands alone.
    """

    name: str = "Authorization"
    scheme: str = "Bearer"


@frozen(kw_only=True)
class Success:
    """Where an answer with HTTP 200 says whether it is one."""

    member: str
    values: tuple[str | int | bool, ...]


@frozen(kw_only=True)
class Answers:
    """
    What the vendor's answers have in common.

    Attributes:
        inside: Members that the answer proper may be in, such as `Result` or `data`.
        success: Where HTTP 200 may be a refusal; without it, an error's code or message makes one.
        code: Where a refusal's code is, to try in order.
        message: Likewise its text.
        request_id: Likewise the id that the vendor's support asks for.
    """

    inside: tuple[str, ...] = ()
    success: Success | None = None
    code: tuple[str, ...] = ("error.code", "code")
    message: tuple[str, ...] = ("error.message", "message")
    request_id: tuple[str, ...] = ()


@frozen(kw_only=True)
class ErrorRow:
    """What an error code means: the class's name, and what helps where the class cannot know."""

    means: str
    helps: str = ""


@frozen(kw_only=True)
class Limits:
    """Documented limits: characters of a name, groups of an account, assets of a group."""

    name: int | None = None
    groups: int | None = None
    assets: int | None = None


@frozen(kw_only=True)
class FieldRow:
    """
    How a neutral field of a video is spelled.

    Attributes:
        member: Its key in the body.
        form: How its value is written: `text` for a number as text, `auto` for that word in the
            place of -1, `upper` for capital letters; as it is if not given.
    """

    member: str
    form: str = ""


@frozen(kw_only=True)
class ModelRow:
    """
    One model. What it does not say is taken from Ark's row of the same name.

    Attributes:
        name: The neutral name.
        id: The vendor's.
    """

    name: str
    id: str
    other_ids: tuple[str, ...] = ()
    takes_assets: bool = True
    duration_s: tuple[int, int] | None = None
    resolutions: tuple[str, ...] = ()
    ratios: tuple[str, ...] = ()
    most: Mapping[str, int] | None = field(default=None, metadata=NONE_AT_ALL)
    together: int | None = None
    lacks: tuple[str, ...] = ()


@frozen(kw_only=True)
class PriceRow:
    """
    What a video costs.

    Attributes:
        amount: For *per* units.
        currency: Such as USD.
        unit: What is counted: `token`, `second` or `video`.
        per: How many units the amount is for, such as 1000000 tokens.
        model: For this model only, by its neutral name; for all, if not given.
        resolution: For this resolution only, likewise.
        with_video: Whether a video is among the references; for both, if not given.
        source: The page; the table's first if not given.
        read: When; the table's day if not given.
    """

    amount: float
    currency: str
    unit: str
    per: int = 1
    model: str = ""
    resolution: str = ""
    with_video: bool | None = None
    source: str = ""
    read: date | None = None


@frozen(kw_only=True)
class MediaRow:
    """Limits of one kind of files: content types, bytes, shortest and longest side, ratio."""

    types: tuple[str, ...] = ()
    max_bytes: int | None = None
    side_px: tuple[int, int] | None = None
    ratio: tuple[float, float] | None = None


@frozen(kw_only=True)
class VendorTable:
    """
    One vendor.

    Attributes:
        name: What profiles call it.
        dialect: The tables it begins with, in order.
        source: Pages that it was read from.
        read: When.
        assumed: What no page says, as dotted names in this table, such as `calls.delete_asset`.
        base_url: The origin of all calls.
        header: Carries the key.
        action: Where a call that is named by an `action` goes: a path with `{action}` in it, and a
            body or query that all of them have.
        settings: More keys of a profile, each with its default; a call is filled with them.
        answers: What answers have in common.
        calls: What is offered. A dialect's call is taken out with `false`.
        members: For each model, where its attributes are found.
        words: For each kind of words, what each meaning is called; the first is what is written.
        by_media: More that a call may be filled with, by the kind of a file.
        media: How a video's prompt and media are spelled: `content`, `content-beside-prompt` or
            `frames`.
        fields: A video's scalars.
        models: The models that it sells.
        files: Limits by kind of file; the upstream's where it states none.
        limits: Other limits.
        rates: Calls a second, by call.
        errors: What its codes mean, beside the upstream's.
        asset_cost: What registering costs, in words.
        prices: What videos cost.
        links_need_key: Whether a finished video's link wants the key, which `base_url` alone gets.
        verification_life_s: How long the link of a face check lives.
        pacing: First look, step and deadline in seconds, by what is waited for.
        secrets: Members whose values open something or tell of somebody, beside names, prompts,
            links and tokens.
    """

    name: str
    dialect: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    read: date | None = None
    assumed: tuple[str, ...] = ()
    base_url: str
    header: Header = field(factory=Header)
    action: CallTemplate | None = None
    settings: Mapping[str, str] = field(factory=dict[str, str])
    answers: Answers = field(factory=Answers)
    calls: Mapping[str, CallTemplate] = field(factory=dict[str, CallTemplate])
    members: Mapping[str, Mapping[str, tuple[str, ...]]] = field(factory=dict[str, Any])
    words: Mapping[str, Mapping[str, tuple[str | int, ...]]] = field(factory=dict[str, Any])
    by_media: Mapping[str, Mapping[str, str]] = field(factory=dict[str, Any])
    media: str = "content"
    fields: Mapping[str, FieldRow] = field(factory=dict[str, FieldRow])
    models: tuple[ModelRow, ...] = ()
    files: Mapping[str, MediaRow] = field(factory=dict[str, MediaRow])
    limits: Limits = field(factory=Limits)
    rates: Mapping[str, int] = field(factory=dict[str, int])
    errors: Mapping[str, ErrorRow] = field(factory=dict[str, ErrorRow])
    asset_cost: str = "no price is documented"
    prices: tuple[PriceRow, ...] = ()
    links_need_key: bool = False
    verification_life_s: int = 120
    pacing: Mapping[str, Mapping[str, float]] = field(factory=dict[str, Any])
    secrets: tuple[str, ...] = ()

    def written(self, kind: str, meaning: str) -> str | int | None:
        """The vendor's word for a meaning; None if no table has one."""
        words = self.words.get(kind, {}).get(meaning, ())
        return words[0] if words else None
