"""Deletes what an account has of a portrait, looks whether it is gone, and says what it found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, Literal, TypeAlias

from attrs import asdict, evolve, frozen

from ..operations.guarding import guarded
from ..operations.provider import PortraitProvider
from ..operations.searching import ListRead, read_list
from ..providers.dialects.link_library import LinkLibrary
from ..values.errors import NotFoundError, PortraitError
from ..values.models import Asset
from ..wire.steps import Flow, work
from .bindings import Binding
from .registering import Account

Outcome: TypeAlias = Literal["gone", "kept", "by hand", "said gone", "unconfirmed"]


@frozen(kw_only=True)
class Erased:
    """
    What became of one thing.

    Attributes:
        what: `asset`, `group`, or `sent` for a create whose answer was never kept.
        handle: The thing's; of what was sent, the look's name.
        outcome: `gone` was looked at and is no more; `kept` is also another portrait's; `by hand`
            has to be deleted in the vendor's console; `said gone` was, says a person;
            `unconfirmed` is tried again next time.
        why: What stands in the way.
    """

    what: str
    handle: str
    outcome: Outcome
    why: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do about it."""
        return self.outcome in ("gone", "kept", "said gone")


@frozen(kw_only=True)
class Receipt:
    """
    What was erased of a portrait.

    Attributes:
        portrait: Its name.
        provider, account: Where, as in handles.
        at: When it was looked at last.
        items: What became of each thing.
    """

    portrait: str
    provider: str
    account: str
    at: datetime
    items: tuple[Erased, ...]

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left there."""
        return all(each.is_over for each in self.items)

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold of it."""
        return {**asdict(self), "at": self.at.isoformat(), "is_complete": self.is_complete}


def erase(account: Account, portrait: str, *, by_hand: bool = False) -> Flow[Receipt]:
    """
    Delete a portrait's assets and its group here, and look afterwards whether they are gone.

    What is not stays in the ledger, marked: nothing uses it any more, and the next call tries it
    again.
    """
    provider = account.provider
    items: list[Erased] = []
    with (yield from account.alone(portrait)):
        binding = yield from account.known(portrait)
        if binding is not None:
            binding = yield from account.change(portrait, partial(evolve, erasing=True))
            items = yield from _everything(account, binding)
            if by_hand:
                items = [_said_gone(each) for each in items]
            if all(each.is_over for each in items):
                _ = yield from work(partial(account.ledger.change, binding.key, lambda _: None))
        at = yield from work(partial(datetime.now, UTC))
    owner = {"provider": provider.name, "account": provider.account}
    return Receipt(portrait=portrait, **owner, at=at, items=tuple(items))


def _everything(account: Account, binding: Binding) -> Flow[list[Erased]]:
    """Delete each asset, then the groups; what another portrait has, too, is kept."""
    provider = account.provider
    items: list[Erased] = []
    for look in binding.everything:
        with (yield from account.alone("content", look.content)):  # or somebody shares it just now
            others = yield from _others(account, binding)
            shared = [o for o in others if look.asset in {each.asset for each in o.everything}]
            if shared:
                items.append(_kept("asset", look.asset, shared[0]))
            else:
                items.append((yield from _deleted(provider, "asset", look.asset, look.group)))
    # At a vendor without a library a group is a name, and nothing is kept of it.
    for group in () if isinstance(provider, LinkLibrary) else binding.groups:
        shared = [o for o in (yield from _others(account, binding)) if group in o.groups]
        if shared:
            items.append(_kept("group", group, shared[0]))
            continue
        item = yield from _deleted(provider, "group", group)
        items.append(item)
        if item.outcome == "gone":  # and with it what was in it
            inside = {each.asset for each in binding.everything if each.group == group}
            items = [evolve(e, outcome="gone", why="") if e.handle in inside else e for e in items]
    is_gone = any(each.what == "group" and each.outcome == "gone" for each in items)
    return items + ([] if is_gone else _sent(binding))


def _others(account: Account, binding: Binding) -> Flow[list[Binding]]:
    found = yield from work(partial(account.ledger.bindings, owner=account.owner))
    return [each for each in found if each.portrait != binding.portrait]


def _said_gone(item: Erased) -> Erased:
    return evolve(item, outcome="said gone") if item.outcome == "by hand" else item


def _kept(what: str, handle: str, other: Binding) -> Erased:
    why = f"the portrait {other.portrait!r} has it, too"
    return Erased(what=what, handle=handle, outcome="kept", why=why)


def _sent(binding: Binding) -> list[Erased]:
    """What may have been made, and nobody knows."""
    return [
        Erased(what="sent", handle=name or "group", outcome="by hand", why=_NOBODY_KNOWS)
        for name in binding.sent
    ]


def _deleted(
    provider: PortraitProvider, what: Literal["asset", "group"], handle: str, group: str = ""
) -> Flow[Erased]:
    """Delete one thing, and look for it; an error of either is told, and stops nothing."""
    delete: Callable[[str], Flow[None]] = getattr(provider, f"delete_{what}")
    trouble = ""
    if provider.supports(f"delete_{what}"):
        try:
            yield from guarded(delete(handle), provider, f"delete_{what}")
        except NotFoundError:
            pass
        except PortraitError as error:
            trouble = error.message
    is_there = yield from _is_there(provider, what, handle, group)
    if is_there is False:
        return Erased(what=what, handle=handle, outcome="gone")
    if not provider.supports(f"delete_{what}"):
        why = f"{provider.name} deletes no {what}s by API: delete it in the vendor's console"
        return Erased(what=what, handle=handle, outcome="by hand", why=why)
    seen = "the vendor still shows it" if is_there else "it cannot be looked at"
    return Erased(what=what, handle=handle, outcome="unconfirmed", why=trouble or seen)


def _is_there(
    provider: PortraitProvider, what: Literal["asset", "group"], handle: str, group: str
) -> Flow[bool | None]:
    """
    Tell whether a thing is there; None if it cannot be known.

    Some vendors say of what is gone that it is somebody else's. Then a list that lacks it decides.
    """
    look: Callable[[str], Flow[object]] = getattr(provider, f"get_{what}")
    try:
        if provider.supports(f"get_{what}"):
            _ = yield from guarded(look(handle), provider, f"get_{what}")
            return True
    except NotFoundError:
        return False
    except PortraitError:
        pass
    if not provider.supports(f"list_{what}s") or (what == "asset" and not group):
        return None
    pages: Any = provider.list_groups
    if what == "asset":
        pages = partial(provider.list_assets, group=group)
    read: ListRead[Asset] = yield from read_list(pages)
    if handle in {each.handle for each in read.items}:
        return True
    return None if read.trouble else False


_NOBODY_KNOWS: Final = "it was sent once, and its answer never came: look in the vendor's console"
