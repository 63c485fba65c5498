"""One portrait that is registered at several vendors, by its name or by its assets."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from attrs import field, frozen

from .errors import HandleError, InvalidInputError
from .handles import Handle, HandleKind, is_handle
from .models import Asset, AssetRef, Result
from .sources import MediaFile, Source
from .statuses import GroupKind


def check_name(name: object) -> str:
    """
    Check the name of a portrait or of a look.

    Raises:
        InvalidInputError: It is none.
    """
    if isinstance(name, str) and _NAME.fullmatch(name):
        return name
    raise InvalidInputError(
        f"{name!r} cannot name a portrait or a look",
        field="portrait",
        next_step="use letters, digits, - and _, at most 64; a dot stands before a look's name, "
        "as in mia.front",
    )


@frozen(init=False)
class Portrait:
    """
    A portrait by its name, such as `Portrait("mia")` or `Portrait("mia.front")`.

    It stands wherever a `VideoRequest` takes an asset. Which asset that is, a client looks up in
    its ledger for the account that makes the video.

    Attributes:
        name: The portrait's.
        look: Which of its pictures; empty for the only one.
    """

    name: str
    look: str = ""

    def __init__(self, name: str, look: str = "") -> None:
        """
        Take a name, and a look after a dot or by itself.

        Raises:
            InvalidInputError: One is no name.
        """
        if not look and isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]  (callers pass anything)
            name, dot, look = name.partition(".")
            look = check_name(look) if dot else ""
        object.__setattr__(self, "name", check_name(name))
        object.__setattr__(self, "look", look and check_name(look))

    def __str__(self) -> str:
        return f"{self.name}.{self.look}" if self.look else self.name


_NAME: Final = re.compile(r"\w[\w-]{0,63}")


@frozen(init=False)
class OneOf:
    """
    The same portrait, registered at several vendors or accounts.

    It stands wherever a `VideoRequest` takes an asset; the vendor that makes the video is sent its
    own. Nothing is registered by it: each asset was reviewed where it is.

    A real person's portrait is one that this person was verified for at every vendor in question.
    So where one asset is known to be a real person's, all have to be.
    """

    assets: tuple[AssetRef, ...] = field()

    def __init__(self, *assets: AssetRef) -> None:
        """
        Take assets or their handles, one for each account.

        Raises:
            InvalidInputError: One is a bare id or a URL, which names no account; two are of one
                account; or a real person's stands beside one that is not known to be.
            HandleError: A handle is damaged or names no asset.
        """
        owners = [owner_of(each, "asset") for each in assets]
        if not owners or None in owners:
            raise InvalidInputError(
                "OneOf takes assets or their handles, which say where they are registered",
                field="media",
                next_step="pass what wait_until_active returned, or its handle",
            )
        if len(set(owners)) < len(owners):
            raise InvalidInputError(
                "OneOf holds two assets of one account",
                field="media",
                next_step="pass one asset for each account",
            )
        kinds = {each.group_kind if isinstance(each, Asset) else None for each in assets}
        if GroupKind.REAL_PERSON in kinds and len(kinds) > 1:
            raise InvalidInputError(
                "OneOf holds a real person's portrait beside one that is not known to be: consent "
                "does not move from one vendor to another",
                field="media",
                next_step="verify the person at each vendor, and pass the assets that were then "
                "added to the groups of wait_until_verified",
            )
        object.__setattr__(self, "assets", tuple(assets))

    def at(self, provider: str, account: str) -> AssetRef | None:
        """The asset that is registered there; None if none is."""
        wanted = (provider, account)
        return next((each for each in self.assets if owner_of(each) == wanted), None)


def owner_of(ref: object, kind: HandleKind | None = None) -> tuple[str, str] | None:
    """
    Tell whose a thing is by itself: provider and account; None for a bare id.

    Raises:
        HandleError: The handle is damaged, or the thing is of another kind than *kind*.
    """
    found: str = type(ref).__name__.lower()
    if isinstance(ref, Result):
        owner = (ref.provider, ref.account)
    elif isinstance(ref, str) and is_handle(ref):
        handle = Handle.parse(ref)
        found, owner = handle.kind, (handle.provider, handle.account)
    else:
        return None
    if kind and kind != found:
        raise HandleError(f"this is a {found}, not an {kind}", field=kind)
    return owner


MediaRef: TypeAlias = Asset | Portrait | OneOf | MediaFile | Source
"""
The asset, its handle, id or address; an https URL; a portrait by name, or by its assets; or a file,
which a client registers first.
"""
