"""
Registers what an account lacks of a portrait, as flows: its group, then one asset for each look.

That a create is about to leave stands in the ledger before it does, and goes when its answer is
there. So whoever comes after a crash looks for what it made, instead of making it twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from attrs import evolve, frozen

from ..operations.adding import fetch
from ..operations.guarding import guarded
from ..operations.provider import PortraitProvider
from ..operations.searching import groups_of, look, read_list
from ..values.body import sha256_of
from ..values.errors import (
    AssetFailedError,
    ConsentRequiredError,
    InvalidInputError,
    OutcomeUnknownError,
    PortraitChangedError,
    PortraitError,
    WaitTimeoutError,
)
from ..values.handles import Handle
from ..values.media import Link, Upload, as_upload
from ..values.models import Asset, Group, GroupRef
from ..values.name_tokens import tagged
from ..values.portraits import check_name
from ..values.sources import MediaSource, Source, as_source, is_inline, read_source
from ..values.statuses import AssetStatus, GroupKind
from ..vendor.pacing import OnEvent
from ..wire.steps import Flow, Request, Step, now, pause, through, work
from .bindings import Binding, Look, is_over, today
from .ledger import Ledger

T = TypeVar("T")
ONLY_LOOK: Final = "main"
"""What the look is called where a portrait is one picture."""
_TURN_S: Final = 0.2
_PATIENCE_S: Final = 900.0
_GROUP: Final = ""
"""What the group's create is called among those that were sent."""


@frozen(kw_only=True)
class Account:
    """Where a portrait is registered, and where that is written down."""

    provider: PortraitProvider
    ledger: Ledger

    @property
    def owner(self) -> tuple[str, str]:
        """Provider and account, as in handles."""
        return (self.provider.name, self.provider.account)

    def new(self, portrait: str) -> Binding:
        """An entry of a portrait that nothing is known of here."""
        return Binding(portrait=portrait, provider=self.owner[0], account=self.owner[1])

    def change(self, portrait: str, change: Callable[[Binding], Binding]) -> Flow[Binding]:
        """Change what is known of a portrait here; an entry is made where there is none."""
        new, changed = self.new(portrait), list[Binding]()

        def do(binding: Binding | None) -> Binding:
            changed.append(change(binding or new))
            return changed[-1]

        _ = yield from work(partial(self.ledger.change, new.key, do))
        return changed[-1]

    def known(self, portrait: str) -> Flow[Binding | None]:
        """What is known of a portrait here."""
        found = yield from work(partial(self.ledger.bindings, portrait, owner=self.owner))
        return found[0] if found else None

    def alone(self, *names: str) -> Flow[_Turn]:
        """Wait until nobody else registers the same here; the turn ends with its `with` block."""
        turn = _Turn(self.ledger, " ".join((*self.owner, *names)))
        try:
            yield from self._taken(turn, names[-1])
        except BaseException:
            turn.leave()  # a cancelled task may have taken it all the same
            raise
        return turn

    def _taken(self, turn: _Turn, name: str) -> Flow[None]:
        give_up_s = (yield from pause()) + _PATIENCE_S
        while not (yield from work(turn.take)):
            if (yield from pause(_TURN_S)) > give_up_s:
                raise WaitTimeoutError(
                    f"somebody else has been registering {name!r} here for {_PATIENCE_S:g} s",
                    provider=self.provider.name,
                    next_step="see what the other process waits for, then call again",
                )


class _Turn:
    """What one flow takes in a ledger for itself, and leaves at its end."""

    def __init__(self, ledger: Ledger, name: str) -> None:
        self._ledger = ledger
        self._name = name
        self._taken = False

    def take(self) -> bool:
        self._taken = self._ledger.acquire(self._name)
        return self._taken

    def leave(self) -> None:
        if self._taken:
            self._taken = False
            self._ledger.release(self._name)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self.leave()


@frozen(kw_only=True)
class Content:
    """
    What a look is to be.

    Attributes:
        source: What is registered; it can be read again.
        digest: The SHA-256 of its bytes.
        file: Where they came from, if that is a path or a URL.
    """

    source: Source
    digest: str
    file: str = ""


@frozen(kw_only=True)
class Wanted:
    """A portrait as it is to be registered: whose face it is, and its looks by their names."""

    portrait: str
    kind: GroupKind = GroupKind.VIRTUAL
    looks: Mapping[str, Content]


@frozen(kw_only=True)
class Registered:
    """
    A portrait that is registered, and may still be under review.

    Attributes:
        names: The looks that were asked for.
        made: The assets that were made just now.
    """

    binding: Binding
    names: tuple[str, ...]
    made: Mapping[str, Asset]


def looks_of(files: MediaSource | Mapping[str, MediaSource]) -> dict[str, Source]:
    """
    Take a portrait's files by the names of their looks.

    Raises:
        InvalidInputError: There are none, or a name is none.
    """
    given = files if isinstance(files, Mapping) else {ONLY_LOOK: files}
    if not given:
        raise InvalidInputError(
            "there is no file", field="files", next_step='pass one, or {"front": "mia.jpg"}'
        )
    return {check_name(name): as_source(file) for name, file in given.items()}


def read_content(provider: PortraitProvider, source: Source) -> Flow[Content]:
    """Read a look's file, so that it is known by its bytes; a URL's, too."""
    item, digest = yield from work(partial(_read, source))
    if isinstance(item, Upload):
        file = str(source.file) if isinstance(source.file, str | Path) else ""
        file = "" if is_inline(file) else file
        return Content(source=Source(item), digest=digest, file=file)
    content = yield from fetch(item.url, public_only=provider.public_only)
    address = item.url.reveal()
    return Content(source=source, digest=sha256_of(content), file=address)


def _read(source: Source) -> tuple[Upload | Link, str]:
    """Read a file, and take its digest; its name on the disk is left out."""
    item = read_source(source)
    if isinstance(item, Link):
        return item, ""
    return as_upload(item.body, media=item.media), sha256_of(item.body)


def register(
    account: Account,
    wanted: Wanted,
    *,
    replace: bool = False,
    again: bool = False,
) -> Flow[Registered]:
    """Register what is not there yet of a portrait. Its review is not waited for."""
    portrait = wanted.portrait
    with (yield from account.alone(portrait)):
        binding = (yield from account.known(portrait)) or account.new(portrait)
        check_usable(binding, wanted.kind, account.provider)
        at = yield from now()
        lacking = [
            name
            for name, content in wanted.looks.items()
            if is_lacking(binding, name, content.digest, at, replace=replace)
        ]
        made: dict[str, Asset] = {}
        for name in lacking:
            asset = yield from _registered(account, wanted, name, again=again)
            made.update({} if asset is None else {name: asset})
        found = (yield from account.known(portrait)) or binding
    return Registered(binding=found, names=tuple(wanted.looks), made=made)


def check_usable(binding: Binding, kind: GroupKind, provider: PortraitProvider) -> None:
    """
    Refuse what must not be registered.

    Raises:
        InvalidInputError: It is of another kind, or is being erased.
        ConsentRequiredError: A real person did not pass the face check here, or consent ran out.
    """
    if binding.erasing:
        raise InvalidInputError(
            f"the portrait {binding.portrait!r} is being erased",
            provider=provider.name,
            field="kind",
            next_step=f"finish it with erase_portrait({binding.portrait!r}), then register anew",
        )
    if binding.group and binding.kind not in (kind, GroupKind.UNKNOWN):
        raise InvalidInputError(
            f"the portrait {binding.portrait!r} is a {binding.kind.value}'s, not a {kind.value}'s",
            provider=provider.name,
            field="kind",
            next_step=f"pass kind=GroupKind.{binding.kind.name}, or take another name",
        )
    if kind is not GroupKind.REAL_PERSON:
        return
    consent = binding.consent
    late = is_over(consent, today())
    if consent is None or not binding.group or late:
        lack = "consent ran out" if late else "consent and face check are missing"
        raise ConsentRequiredError(
            f"{binding.portrait!r} is a real person, and {lack} at this account",
            provider=provider.name,
            field="kind",
            next_step=f"start_verification({binding.portrait!r}), wait_until_verified, then "
            f"adopt_portrait({binding.portrait!r}, group=group, consent=Consent(…))",
        )


def is_lacking(binding: Binding, name: str, digest: str, at: datetime, *, replace: bool) -> bool:
    """
    Tell whether a look has to be registered: it is not, or its link has run out.

    Raises:
        PortraitChangedError: Another file is registered under its name.
        AssetFailedError: This file was refused by its review.
    """
    known = binding.looks.get(name)
    if known is None:
        return True
    changed = bool(known.content) and known.content != digest
    failed = known.status is AssetStatus.FAILED
    if replace or not (changed or failed):
        return (replace and (changed or failed)) or known.has_run_out(at)
    named = f"{binding.portrait}.{name}"
    raised = PortraitChangedError if changed else AssetFailedError
    raise raised(
        f"the file of {named!r} is not the one that was registered"
        if changed
        else f"the review has refused {named!r} before",
        provider=binding.provider,
        field="files",
        handle=known.asset,
        next_step="pass replace=True to register this one in its place, or give it another name"
        if changed
        else "pass another file with replace=True",
    )


def _group(account: Account, portrait: str, kind: GroupKind, *, again: bool) -> Flow[GroupRef]:
    """The portrait's group here; created, looked for, or told by a reviewed asset that is in it."""
    provider = account.provider
    binding = (yield from account.known(portrait)) or account.new(portrait)
    if binding.group:
        return binding.group
    for each in binding.looks.values():  # this vendor makes a group with its first asset
        asset = yield from provider.wait_until_active(each.asset)
        if group := group_of(asset):
            _ = yield from account.change(portrait, partial(evolve, kind=kind, group=group))
            return group
    found: Group | None = None
    if _GROUP in binding.sent and not again:
        found = yield from _lost_group(provider, binding, kind)
    if found is None:
        create = provider.create_group(portrait, kind=kind)
        found = yield from _sent(account, portrait, _GROUP, create)
    if found.id is None:  # the first asset makes it, and may have
        for name in () if again else binding.sent:
            raise _unsure(binding, name)
        _ = yield from account.change(portrait, partial(evolve, kind=kind))
        return found
    made = partial(evolve, kind=kind, group=found.handle, sent={})
    return (yield from account.change(portrait, made)).group


def _lost_group(
    provider: PortraitProvider, binding: Binding, kind: GroupKind
) -> Flow[Group | None]:
    """Find the group of a create whose answer was lost; None if it is certainly absent."""
    token, listing = binding.sent[_GROUP], groups_of(provider, kind)
    if not (token and listing.is_listed):
        raise _unsure(binding, "group")
    seen = yield from look(provider, listing, tagged(binding.portrait, token), token)
    if not (seen.ours or seen.is_absent):
        raise _unsure(binding, "group", seen.maybe, seen.trouble)
    return seen.ours[0] if seen.ours else None


def group_of(asset: Asset) -> str:
    """The handle of the group that an asset says it is in; empty if it says none."""
    if not asset.group_id:
        return ""
    return str(Handle(asset.provider, asset.account, "group", asset.group_id))


def _registered(account: Account, wanted: Wanted, name: str, *, again: bool) -> Flow[Asset | None]:
    """Register one look, unless a virtual figure here has the same bytes already."""
    portrait, content = wanted.portrait, wanted.looks[name]
    with (yield from account.alone("content", content.digest)):
        same = yield from _same(account, content.digest)
        if same is not None and wanted.kind is GroupKind.VIRTUAL:
            shared = partial(Binding.with_new_look, name=name, look=same)
            _ = yield from account.change(portrait, shared)
            return None
        group = yield from _group(account, portrait, wanted.kind, again=again)
        binding = (yield from account.known(portrait)) or account.new(portrait)
        asset: Asset | None = None
        if name in binding.sent and not again:
            asset = yield from _lost_asset(account.provider, binding, name)
        if asset is None:
            named = evolve(content.source, name=f"{portrait}.{name}")
            create = account.provider.add_asset(group, named)
            asset = yield from _sent(account, portrait, name, create)
        seen = seen_of(asset, binding.group, content.digest)
        taken = partial(Binding.with_new_look, name=name, look=seen)
        _ = yield from account.change(portrait, taken)
        return asset


def _same(account: Account, digest: str) -> Flow[Look | None]:
    """A look of these bytes that is here already, and was not refused."""
    at = yield from now()
    find = partial(account.ledger.bindings, owner=account.owner, content=digest)
    found: list[Binding] = yield from work(find)
    looks = (
        each
        for other in found
        if other.kind is GroupKind.VIRTUAL and not other.erasing
        for each in other.looks.values()
    )
    same = (each for each in looks if each.content == digest and not each.status.has_failed)
    return next((each for each in same if not each.has_run_out(at)), None)


def _sent(account: Account, portrait: str, what: str, create: Flow[T]) -> Flow[T]:
    """Run a create: the ledger has it before it leaves, for as long as it may have been done."""

    def do(step: Step) -> Flow[Any]:
        if isinstance(step, Request) and not step.repeatable:
            token = step.token
            _ = yield from account.change(
                portrait, lambda it: evolve(it, sent={**it.sent, what: token})
            )
        return (yield step)

    try:
        return (yield from through(guarded(create, account.provider, "ensure_portrait"), do))
    except OutcomeUnknownError:
        raise
    except PortraitError as error:
        if not error.handle:
            _ = yield from account.change(portrait, lambda it: it.unsent(what))
        raise


def _lost_asset(provider: PortraitProvider, binding: Binding, name: str) -> Flow[Asset | None]:
    """
    Find the asset of a create whose answer was lost; None if it is certainly absent.

    The group is this portrait's alone. So where names carry no token, the one asset in it that
    nobody knows is what was lost.
    """
    token = binding.sent[name]
    if not provider.supports("list_assets"):
        raise _unsure(binding, name)
    known = {each.asset for each in binding.everything}
    trouble = ""
    for wait_s in (0.0, provider.pace("asset").unseen_s):
        _ = yield from pause(wait_s)
        read = yield from read_list(lambda cursor: provider.list_assets(cursor, binding.group))
        trouble = read.trouble
        new = [each for each in read.items if each.handle not in known]
        ours = [each for each in new if each.name_token == token]
        if len(ours) == 1 or (ours and token):
            return ours[0]
        if new:
            raise _unsure(binding, name, tuple(new), trouble)
    if trouble:
        raise _unsure(binding, name, (), trouble)
    return None


def _unsure(
    binding: Binding, what: str, candidates: tuple[Any, ...] = (), trouble: str = ""
) -> OutcomeUnknownError:
    named = (
        f"the group of {binding.portrait!r}" if what == "group" else f"{binding.portrait}.{what}"
    )
    given = "group=…" if what == "group" else f"looks={{{what!r}: asset}}"
    error = OutcomeUnknownError(
        f"{named} was sent before, and what came of it is not known"
        f"{f': {trouble}' if trouble else ''}",
        provider=binding.provider,
        operation="ensure_portrait",
        next_step=f"look at .candidates and in the vendor's console: "
        f"adopt_portrait({binding.portrait!r}, {given}) if it is there, ensure_portrait with "
        "again=True if it is certainly not",
    )
    error.candidates = candidates
    return error


def seen_of(asset: Asset, group: str, content: str) -> Look:
    """A look as its vendor has shown it."""
    at = asset.raw.received_at if asset.raw else None
    return Look(
        asset=asset.handle,
        group=group,
        content=content,
        status=asset.status,
        seen_at=at,
        link_expires_at=asset.link_expires_at,
    )


def review(
    account: Account,
    registered: Sequence[Registered],
    deadline_s: float | None,
    on_event: OnEvent | None,
) -> Flow[list[Failed]]:
    """Wait for the reviews that are not over, all at once; write down how each went."""
    waiting = [
        (each, name)
        for each in registered
        for name in each.names
        if each.binding.looks[name].status is not AssetStatus.ACTIVE
    ]
    if not waiting:
        return []
    assets = yield from account.provider.wait_until_all_active(
        [each.made.get(name) or each.binding.looks[name].asset for each, name in waiting],
        deadline_s=deadline_s,
        on_event=on_event,
    )
    failed: list[Failed] = []
    for (each, name), asset in zip(waiting, assets, strict=True):
        before = each.binding.looks[name]
        look = seen_of(asset, before.group, before.content)
        _ = yield from account.change(each.binding.portrait, partial(_reviewed, name, look))
        if asset.status is AssetStatus.FAILED:
            failed.append(Failed(portrait=each.binding.portrait, look=name, asset=asset))
    return failed


def _reviewed(name: str, look: Look, binding: Binding) -> Binding:
    return evolve(binding.with_look(name, look), group=binding.group or look.group)


@frozen(kw_only=True)
class Failed:
    """A look that its review refused."""

    portrait: str
    look: str
    asset: Asset

    @property
    def error(self) -> AssetFailedError:
        """The error that says so."""
        why = self.asset.failure and (self.asset.failure.message or self.asset.failure.code)
        return AssetFailedError(
            f"the review refused {self.portrait}.{self.look}: {why or 'no reason given'}",
            provider=self.asset.provider,
            field="files",
            handle=self.asset.handle,
            result=self.asset,
            next_step="pass another file with replace=True",
        )
