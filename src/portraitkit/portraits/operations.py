"""What a client does with portraits by name: register, adopt, plan, apply, check, erase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from attrs import evolve, frozen

from ..operations.guarding import guarded
from ..operations.making import with_media
from ..operations.paging import every
from ..values.errors import (
    ConsentRequiredError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    PortraitError,
    StalePlanError,
)
from ..values.handles import Handle
from ..values.models import Asset, AssetRef, Group, GroupRef
from ..values.portraits import MediaRef, Portrait, check_name
from ..values.sources import MediaSource, Source
from ..values.statuses import AssetStatus, GroupKind
from ..values.video import VideoRequest
from ..vendor.pacing import OnEvent
from ..wire.steps import Flow, work
from . import erasing
from .bindings import Binding, Consent
from .erasing import Receipt
from .planning import WORK, Declared, Plan, Seen, digest_of, make_plan
from .registering import (
    Account,
    Content,
    Registered,
    Wanted,
    looks_of,
    read_content,
    register,
    review,
    seen_of,
)

FILES: Final = "_files"
"""The portrait whose looks are the files that requests hold, by their digests."""
_DIGITS: Final = 16


@frozen(kw_only=True)
class PortraitStatus:
    """
    One look as the vendor has it now.

    Attributes:
        portrait, look: Which.
        handle: The asset's.
        status: As the vendor says; None if it is gone.
        before: As the ledger had it.
    """

    portrait: str
    look: str
    handle: str
    status: AssetStatus | None
    before: AssetStatus

    def __str__(self) -> str:
        now = "gone" if self.status is None else self.status.value
        return f"{self.portrait}.{self.look}  {now}  {self.handle}"


def ensure_portrait(
    self: Account,
    portrait: str,
    files: MediaSource | Mapping[str, MediaSource],
    *,
    kind: GroupKind = GroupKind.VIRTUAL,
    replace: bool = False,
    again: bool = False,
    deadline_s: float | None = None,
    on_event: OnEvent | None = None,
) -> Flow[Portrait]:
    """
    Register what is not there yet of a portrait, and wait until it can be used.

    The same bytes are registered once in an account, also if several processes ask at once: the
    ledger says what is there. If all is, nothing is sent.

    Args:
        portrait: Its name: letters, digits, - and _, such as `user-123`.
        files: A picture, or pictures by the names of their looks.
        kind: Whose face it is. A real person's has to have been adopted with consent.
        replace: Register a file that differs from the one before, in its place.
        again: Send once more what was sent before with an unknown outcome. Look for it first.
        deadline_s: Seconds until waiting for the review ends.
        on_event: Called with an `Event` at each look.

    Raises:
        PortraitChangedError: Another file is registered under this look's name.
        ConsentRequiredError: A real person's face check or consent is missing at this account.
        AssetFailedError: The review refused a file.
        OutcomeUnknownError: A create was sent before, and what came of it cannot be told.
        LedgerError: The ledger can be neither read nor written.
    """
    sources = looks_of(files)
    wanted = yield from _wanted(self, check_name(portrait), kind, sources)
    registered = yield from register(self, wanted, replace=replace, again=again)
    for failed in (yield from review(self, [registered], deadline_s, on_event)):
        raise failed.error
    return Portrait(portrait)


def _wanted(
    account: Account, portrait: str, kind: GroupKind, sources: Mapping[str, Source]
) -> Flow[Wanted]:
    looks: dict[str, Content] = {}
    for name, source in sources.items():
        looks[name] = yield from read_content(account.provider, source)
    return Wanted(portrait=portrait, kind=kind, looks=looks)


def with_files_registered(account: Account, request: VideoRequest) -> Flow[VideoRequest]:
    """Register the files in a request as looks of one portrait, and name those in their place."""
    files: list[Source] = []

    def note(source: MediaRef) -> MediaRef:
        if isinstance(source, Source):
            files.append(source)
        return source

    _ = with_media(request, note)
    if not files:
        return request
    names: list[str] = []
    looks: dict[str, Content] = {}
    for source in files:
        content = yield from read_content(account.provider, source)
        names.append(content.digest[:_DIGITS])
        looks[names[-1]] = content
    wanted = Wanted(portrait=FILES, looks=looks)
    registered = yield from register(account, wanted)
    for failed in (yield from review(account, [registered], None, None)):
        raise failed.error
    named = iter(names)
    return with_media(
        request, lambda it: Portrait(FILES, next(named)) if isinstance(it, Source) else it
    )


def adopt_portrait(
    self: Account,
    portrait: str,
    *,
    group: GroupRef | None = None,
    looks: Mapping[str, AssetRef] | None = None,
    files: Mapping[str, MediaSource] | None = None,
    consent: Consent | None = None,
) -> Flow[Portrait]:
    """
    Take over what exists already at this account: a group, assets, a real person's group.

    Args:
        portrait: Its name.
        group: What `wait_until_verified` returned, or a group made before; its handle or id.
        looks: Assets by the names that their looks are to have.
        files: The files that those assets were made of, to know them by.
        consent: Whose consent was given and what for. With it, the group is a real person's.
            Where neither this nor the vendor says whose face it is, the portrait moves nowhere.

    Raises:
        InvalidInputError: A real person's is to be made of a figure's, or the other way round.
        ConsentRequiredError: The group is a real person's, and no consent is given.
        NotFoundError: The account has no such group or asset.
    """
    name, provider = check_name(portrait), self.provider
    found: dict[str, Asset] = {}
    for look, ref in (looks or {}).items():
        found[check_name(look)] = yield from guarded(
            provider.get_asset(ref), provider, "adopt_portrait"
        )
    contents = yield from _wanted(self, name, GroupKind.VIRTUAL, looks_of(files) if files else {})
    whole: Group | None = group if isinstance(group, Group) else None
    if whole is None and group is not None and provider.supports("get_group"):
        whole = yield from guarded(provider.get_group(group), provider, "adopt_portrait")
    told = whole.kind if whole else GroupKind.UNKNOWN
    if consent and told is GroupKind.VIRTUAL:
        raise InvalidInputError(
            f"the group for {name!r} is a figure's: nobody passed a face check for it",
            provider=provider.name,
            field="group",
            next_step=f"start_verification({name!r}), and pass what wait_until_verified returns",
        )
    kind = GroupKind.REAL_PERSON if consent else told
    if kind is GroupKind.REAL_PERSON and consent is None:
        raise ConsentRequiredError(
            f"the group of {name!r} is a real person's",
            provider=provider.name,
            field="consent",
            next_step="pass consent=Consent(person=…, purpose=…, given_on=…)",
        )
    handle = ""
    if group is not None:
        ref = provider.id_of("group", group)
        handle = str(Handle(*self.owner, "group", ref))

    def take(it: Binding) -> Binding:
        known = it.kind if it.group or it.looks or it.consent else GroupKind.UNKNOWN
        if {kind, known} == {GroupKind.VIRTUAL, GroupKind.REAL_PERSON}:
            raise InvalidInputError(
                f"the portrait {name!r} is a {known.value}'s here, and this a {kind.value}'s",
                provider=provider.name,
                field="group" if group is not None else "consent",
                next_step="adopt it under another name",
            )
        chosen = known if kind is GroupKind.UNKNOWN else kind
        sent = {key: each for key, each in it.sent.items() if key not in ("", *found)}
        it = evolve(
            it, kind=chosen, group=handle or it.group, consent=consent or it.consent, sent=sent
        )
        for look, asset in found.items():
            content = contents.looks[look].digest if look in contents.looks else ""
            it = it.with_look(look, seen_of(asset, it.group, content))
        return it

    with (yield from self.alone(name)):
        _ = yield from self.change(name, take)
    return Portrait(name)


def check_portraits(
    self: Account, portraits: Sequence[str] | None = None
) -> Flow[list[PortraitStatus]]:
    """
    Compare what the ledger has of this account with what the vendor has now.

    The ledger learns what it finds; what is gone is taken out, so that it can be registered anew.

    Args:
        portraits: Names; all of the ledger's, if not given.

    Raises:
        LedgerError: The ledger can be neither read nor written.
    """
    known = yield from _own(self, portraits)
    seen = yield from _seen(self, known)
    found: list[PortraitStatus] = []
    for binding in known:
        for look, before in binding.looks.items():
            status = seen.statuses.get(before.asset, before.status)
            found.append(
                PortraitStatus(
                    portrait=binding.portrait,
                    look=look,
                    handle=before.asset,
                    status=status,
                    before=before.status,
                )
            )
            if status is AssetStatus.UNKNOWN:
                status = before.status  # a word that nobody understands says nothing
            if status is None:
                now = partial(Binding.without_look, name=look)
            elif status is not before.status:
                now = partial(Binding.with_look, name=look, look=evolve(before, status=status))
            else:
                continue
            _ = yield from self.change(binding.portrait, now)
    return found


def plan_portraits(
    self: Account, declared: Sequence[Declared], *, replace: bool = False
) -> Flow[Plan]:
    """
    Say what registering declared portraits would do here. Reads, and changes nothing.

    Args:
        declared: As `read_declaration` gives them.
        replace: Plan to register files that have changed, in place of the former.

    Raises:
        MediaError: A declared file is missing, or no picture, video or audio.
        LedgerError: The ledger cannot be read.
    """
    wanted: list[Wanted] = []
    for each in declared:
        sources = {name: Source(file) for name, file in each.files.items()}
        wanted.append((yield from _wanted(self, each.name, each.kind, sources)))
    known = yield from _own(self, None)
    named = [each for each in known if each.portrait in {it.portrait for it in wanted}]
    seen = yield from _seen(self, named)
    if self.provider.most_groups is not None and self.provider.supports("list_groups"):
        seen = evolve(seen, groups=(yield from self.provider.quota()).groups)
    make = partial(make_plan, self.provider, wanted, known, seen, replace=replace)
    return (yield from work(make))


def apply_portraits(
    self: Account,
    plan: Plan,
    *,
    release: bool = False,
    again: bool = False,
    deadline_s: float | None = None,
    on_event: OnEvent | None = None,
) -> Flow[list[PortraitStatus]]:
    """
    Do what a plan says: register what is missing, then wait for all reviews at once.

    Stopped in the middle, it is planned and applied again: nothing is registered twice.

    Args:
        plan: What `plan_portraits` gave. What needs a person is left.
        release: Erase first what the plan names for it.
        again: Send once more what was sent before with an unknown outcome.
        deadline_s: Seconds until waiting ends.
        on_event: Called with an `Event` at each look.

    Raises:
        StalePlanError: The ledger or a file has changed since it was made. Nothing was done.
        QuotaExceededError: The account is full. What was registered before stays.
    """
    if (plan.provider, plan.account) != self.owner:
        raise _stale(self, f"it is for {plan.provider} {plan.account}", "plan for this account")
    names = list(dict.fromkeys(each.portrait for each in plan.steps))
    known = {each.portrait: each for each in (yield from _own(self, names))}
    if plan.made_from != digest_of(names, plan.release, (yield from _own(self, None))):
        raise _stale(self, "the ledger has changed since it was made", "plan again")
    doing = WORK | ({"unsure"} if again else set[str]())
    wanted: list[tuple[Wanted, bool]] = []
    for name in names:
        steps = [each for each in plan.steps if each.portrait == name and each.action in doing]
        if not steps:
            continue
        sources = {each.look: Source(each.file) for each in steps}
        kind = known[name].kind if name in known else GroupKind.VIRTUAL
        each = yield from _wanted(self, name, kind, sources)
        for step in steps:
            if each.looks[step.look].digest != step.digest:
                raise _stale(self, f"the file of {name}.{step.look} has changed", "plan again")
        wanted.append((each, any(step.action == "replace" for step in steps)))
    for name in plan.release if release else ():
        _ = yield from erasing.erase(self, name)
    registered: list[Registered] = []
    for each, replace in wanted:
        registered.append((yield from register(self, each, replace=replace, again=again)))
    _ = yield from review(self, registered, deadline_s, on_event)
    return [
        PortraitStatus(
            portrait=binding.portrait,
            look=look,
            handle=binding.looks[look].asset,
            status=binding.looks[look].status,
            before=AssetStatus.UNKNOWN,
        )
        for binding in (yield from _own(self, [each.portrait for each, _ in wanted]))
        for look in binding.looks
    ]


def erase_portrait(self: Account, portrait: str, *, by_hand: bool = False) -> Flow[Receipt]:
    """
    Delete a portrait's assets and its group at this account, and look whether they are gone.

    What is not stays in the ledger, marked: nothing uses it any more, and the next call tries
    again. What other accounts have of it, their own clients erase.

    Args:
        portrait: Its name.
        by_hand: What the last receipt called `by hand` has been deleted in the vendor's console.

    Returns:
        A receipt: what became of each thing, and what has to be done by hand.

    Raises:
        LedgerError: The ledger can be neither read nor written.
    """
    return (yield from erasing.erase(self, check_name(portrait), by_hand=by_hand))


def _own(account: Account, portraits: Sequence[str] | None) -> Flow[list[Binding]]:
    found: list[Binding] = yield from work(partial(account.ledger.bindings, owner=account.owner))
    return [each for each in found if portraits is None or each.portrait in portraits]


def _seen(account: Account, known: Sequence[Binding]) -> Flow[Seen]:
    """Ask the vendor for every asset of these: by list, where it lists."""
    provider = account.provider
    statuses: dict[str, AssetStatus | None] = {}
    handles = {look.asset: look.group for each in known for look in each.looks.values()}
    whole: set[str] = set()
    for group in sorted(set(handles.values()) - {""}):
        if not provider.supports("list_assets"):
            break
        listed: list[Asset] = []
        pages = every(partial(provider.list_assets, group=group), listed)
        try:
            _ = yield from guarded(pages, provider, "check_portraits")
        except PortraitError:
            continue  # each is asked for by itself
        statuses.update({each.handle: each.status for each in listed if each.handle in handles})
        whole.add(group)
    for handle, group in handles.items():
        if handle in statuses:
            continue
        try:
            asset = yield from guarded(provider.get_asset(handle), provider, "check_portraits")
        except NotFoundError:
            statuses[handle] = None
        except PermissionDeniedError:  # what some vendors say of what is gone
            if group in whole:
                statuses[handle] = None
        else:
            statuses[handle] = asset.status
    return Seen(statuses=statuses)


def _stale(account: Account, why: str, then: str) -> StalePlanError:
    return StalePlanError(
        f"this plan is stale: {why}",
        provider=account.provider.name,
        field="plan",
        next_step=f"{then}, with plan_portraits or `portraitkit portraits plan`",
    )
