"""Puts an account's own assets in the place of the portraits that a video request names."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from difflib import get_close_matches
from typing import TypeAlias

from attrs import evolve

from ..operations.making import with_media
from ..values.errors import (
    AssetNotReadyError,
    ConsentRequiredError,
    LedgerError,
    PortraitNotRegisteredError,
    UnknownPortraitError,
)
from ..values.portraits import MediaRef, OneOf, Portrait
from ..values.prompts import slots_of
from ..values.sources import Source
from ..values.statuses import AssetStatus, GroupKind
from ..values.video import VideoRequest
from .bindings import Binding, how_to_register, is_over, today
from .ledger import Ledger

Owner: TypeAlias = tuple[str, str]
"""Provider and account, as in handles."""


def needs_assets(request: object) -> bool:
    """Tell whether a request names a portrait, or holds a file."""
    found: list[MediaRef] = []

    def note(source: MediaRef, name: str) -> str:
        found.append(source)
        return name

    if isinstance(request, VideoRequest):
        _ = slots_of(request.media, note)
    return any(isinstance(each, Portrait | Source) for each in found)


def resolve(ledger: Ledger, request: VideoRequest, owners: Sequence[Owner]) -> VideoRequest:
    """
    Put assets in the place of names: what is registered at the first owner, and at those to which
    a video may move.

    Raises:
        UnknownPortraitError: The ledger has no such portrait, or several looks and none is named.
        PortraitNotRegisteredError: It is not registered at the first owner, or is being erased.
        AssetNotReadyError: Its review there has not ended well.
        ConsentRequiredError: A person's consent ran out.
    """

    def own(source: MediaRef) -> MediaRef:
        return _assets(ledger, source, owners) if isinstance(source, Portrait) else source

    return with_media(request, own)


def mark_used(ledger: Ledger, request: VideoRequest, owner: Owner) -> None:
    """Note the day that portraits are used, once a day; a video does not fail for it."""
    names: list[str] = []

    def note(source: MediaRef) -> MediaRef:
        names.extend([source.name] if isinstance(source, Portrait) else [])
        return source

    def used(binding: Binding | None) -> Binding | None:
        return binding and evolve(binding, used_on=today())

    _ = with_media(request, note)
    with suppress(LedgerError):
        for name in dict.fromkeys(names):
            if any(each.used_on != today() for each in ledger.bindings(name, owner=owner)):
                _ = ledger.change((name, *owner), used)


def find(ledger: Ledger, portrait: Portrait) -> list[Binding]:
    """
    Every account's entry of a portrait.

    Raises:
        UnknownPortraitError: There is none.
    """
    found = [each for each in ledger.bindings(portrait.name) if each.looks or each.group]
    if not found:
        near = get_close_matches(portrait.name, {each.portrait for each in ledger.bindings()}, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise UnknownPortraitError(
            f"the ledger knows no portrait {portrait.name!r}",
            field="portrait",
            next_step=f"{hint}`portraitkit portraits list` shows them; to register it: "
            f"{how_to_register(portrait.name)}",
        )
    return found


def _assets(ledger: Ledger, portrait: Portrait, owners: Sequence[Owner]) -> OneOf:
    found = {each.key[1:]: each for each in find(ledger, portrait)}
    own = found.get(owners[0])
    if own is None:
        elsewhere = ", ".join(" ".join(each) for each in sorted(found))
        raise PortraitNotRegisteredError(
            f"the portrait {str(portrait)!r} is not registered at {' '.join(owners[0])}, "
            f"but at {elsewhere}",
            provider=owners[0][0],
            field="media",
            next_step=how_to_register(portrait.name),
        )
    assets = [_ready(own, portrait)]
    if own.kind is GroupKind.VIRTUAL:  # a real person's consent does not move
        name = portrait.look or next(iter(own.looks))
        others = (found[owner] for owner in owners[1:] if owner in found)
        assets += [each.looks[name].asset for each in others if _may_move_to(each, name)]
    return OneOf(*assets)


def _may_move_to(binding: Binding, look: str) -> bool:
    known = binding.looks.get(look)
    active = known is not None and known.status is AssetStatus.ACTIVE
    return active and binding.kind is GroupKind.VIRTUAL and not binding.erasing


def _ready(binding: Binding, portrait: Portrait) -> str:
    """The asset's handle, if a video may use it."""
    look = binding.look(portrait.look)
    if binding.erasing:
        raise PortraitNotRegisteredError(
            f"the portrait {portrait.name!r} is being erased",
            provider=binding.provider,
            field="media",
            next_step="take another portrait",
        )
    if is_over(binding.consent, today()):
        raise ConsentRequiredError(
            f"the consent for {portrait.name!r} ran out",
            provider=binding.provider,
            field="media",
            next_step="take another portrait, or ask the person for consent anew",
        )
    if look.status is not AssetStatus.ACTIVE:
        raise AssetNotReadyError(
            f"the portrait {str(portrait)!r} is {look.status.value} at {binding.provider}",
            provider=binding.provider,
            field="media",
            handle=look.asset,
            next_step=how_to_register(portrait.name),
        )
    return look.asset
