"""What is known of a portrait at one account: its group, its looks, a person's consent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from attrs import evolve, field, frozen

from ..values.errors import LedgerError, PortraitNotRegisteredError, UnknownPortraitError
from ..values.statuses import AssetStatus, GroupKind
from ..wire.codec import is_object

if TYPE_CHECKING:
    import cattrs

T = TypeVar("T")
Key: TypeAlias = tuple[str, str, str]
"""Portrait, provider, account."""


@frozen(kw_only=True)
class Consent:
    """
    A real person's consent, as it was given for one account.

    Attributes:
        person: Who consented.
        purpose: What for.
        given_on: When.
        until: The last day that it holds for; None where it was given without an end.
        verification: The handle of the face check, which only the account's keys can open.
    """

    person: str
    purpose: str
    given_on: date
    until: date | None = None
    verification: str = ""


@frozen(kw_only=True)
class Look:
    """
    One picture, video or audio of a portrait, registered at an account.

    Attributes:
        asset: The asset's handle.
        group: The handle of the group that it is in: another portrait's, where that had the same
            bytes registered before.
        content: The SHA-256 of the bytes that were registered; empty where they are not known.
        status: As it was seen last.
        seen_at: When it was.
        link_expires_at: When the link runs out that the asset is, at a vendor without a library.
    """

    asset: str
    group: str = ""
    content: str = ""
    status: AssetStatus = AssetStatus.UNKNOWN
    seen_at: datetime | None = None
    link_expires_at: datetime | None = None

    def has_run_out(self, at: datetime) -> bool:
        """Tell whether nobody can fetch it any more."""
        return self.link_expires_at is not None and self.link_expires_at <= at


@frozen(kw_only=True)
class Binding:
    """
    What one account has of a portrait.

    Attributes:
        portrait: Its name.
        provider, account: Whose it is, as in handles.
        kind: Whose face it is.
        group: The group's handle; empty before there is one.
        looks: What is registered, by the names of the looks.
        replaced: Looks that others took the place of: their assets are there still.
        sent: Creates that were sent and whose answers were not kept: a look, or "" for the group,
            with the token that it can be found by; the token is empty where names carry none.
        consent: A real person's.
        erasing: Whether it is to be deleted, and not all of it is known to be.
        used_on: The last day that a video was asked for with it.
    """

    portrait: str
    provider: str
    account: str
    kind: GroupKind = GroupKind.VIRTUAL
    group: str = ""
    looks: Mapping[str, Look] = field(factory=dict[str, Look])
    replaced: tuple[Look, ...] = ()
    sent: Mapping[str, str] = field(factory=dict[str, str])
    consent: Consent | None = None
    erasing: bool = False
    used_on: date | None = None

    @property
    def key(self) -> Key:
        """What it is found by."""
        return (self.portrait, self.provider, self.account)

    def with_look(self, name: str, look: Look) -> Binding:
        """The same with a look more, or with news of it."""
        return evolve(
            self,
            looks=dict(sorted({**self.looks, name: look}.items())),
            sent=_without(self.sent, name),
        )

    def with_new_look(self, name: str, look: Look) -> Binding:
        """The same with another asset for a look; the former one stays known."""
        former = (self.looks[name],) if name in self.looks else ()
        return evolve(self.with_look(name, look), replaced=(*self.replaced, *former))

    @property
    def everything(self) -> tuple[Look, ...]:
        """Its looks, and those that they took the place of."""
        return (*self.looks.values(), *self.replaced)

    @property
    def groups(self) -> list[str]:
        """Every group that something of it is in."""
        return sorted({self.group, *(each.group for each in self.everything)} - {""})

    def unsent(self, what: str) -> Binding:
        """The same after a create that was certainly not carried out."""
        return evolve(self, sent=_without(self.sent, what))

    def without_look(self, name: str) -> Binding:
        """The same without a look."""
        return evolve(self, looks=_without(self.looks, name), sent=_without(self.sent, name))

    def look(self, name: str) -> Look:
        """
        Find a look; the only one there is, if *name* is empty.

        Raises:
            UnknownPortraitError: There are several, and none is named.
            PortraitNotRegisteredError: There is none of that name.
        """
        if name in self.looks:
            return self.looks[name]
        if not name and len(self.looks) == 1:
            return next(iter(self.looks.values()))
        named = ", ".join(f"{self.portrait}.{each}" for each in sorted(self.looks))
        if not name and self.looks:
            raise UnknownPortraitError(
                f"the portrait {self.portrait!r} has several looks",
                provider=self.provider,
                field="portrait",
                next_step=f"name one of {named}",
            )
        wanted = f"{self.portrait}.{name}" if name else self.portrait
        raise PortraitNotRegisteredError(
            f"the portrait {wanted!r} is not registered in this account",
            provider=self.provider,
            field="portrait",
            next_step=f"{f'registered are {named}; ' if named else ''}{how_to_register(wanted)}",
        )

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold of it: all of it, as none of it is secret."""
        found: dict[str, Any] = _converter().unstructure(self)
        return found


def read_binding(data: object) -> Binding:
    """
    Read what `to_dict` wrote.

    Raises:
        LedgerError: It is no such data.
    """
    try:
        return _converter().structure(data, Binding)
    except Exception as error:  # noqa: BLE001  (whatever is wrong with it, it is this entry)
        named = data.get("portrait", "") if is_object(data) else ""
        raise LedgerError(
            f"the ledger's entry of {named!r} cannot be read: {type(error).__name__}",
            field="ledger",
            next_step="take the file's last whole version, or upgrade portraitkit if a later one "
            "wrote it",
        ) from None


def is_over(consent: Consent | None, day: date) -> bool:
    """Tell whether a consent was given with an end that has passed."""
    return consent is not None and consent.until is not None and consent.until < day


def today() -> date:
    """The day, in UTC."""
    return datetime.now(UTC).date()


def how_to_register(portrait: str) -> str:
    """The next step for a portrait that an account lacks."""
    name = portrait.partition(".")[0]
    return f"`portraitkit portraits apply {name}`, or client.ensure_portrait({name!r}, files)"


def _without(names: Mapping[str, T], name: str) -> dict[str, T]:
    return {each: value for each, value in names.items() if each != name}


@cache
def _converter() -> cattrs.Converter:
    import cattrs  # noqa: PLC0415  (a program without portraits by name needs none)
    from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn  # noqa: PLC0415  (as above)

    converter = cattrs.Converter(forbid_extra_keys=True)
    for moment in (date, datetime):
        converter.register_unstructure_hook(moment, moment.isoformat)
        converter.register_structure_hook(moment, lambda text, cls: cls.fromisoformat(text))
    for kind in (Look, Consent, Binding):  # the innermost first
        converter.register_unstructure_hook(
            kind,
            make_dict_unstructure_fn(kind, converter, _cattrs_omit_if_default=True),
        )
        converter.register_structure_hook(
            kind,
            make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True),
        )
    return converter
