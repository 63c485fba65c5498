"""
What applying a declaration would do at one account: pure, out of what is declared, known and seen.

    [portraits.mia]                       # portraits.toml
    files = { front = "mia.jpg", full = "mia-full.jpg" }

    [portraits.ann]
    kind = "real person"
    files = "ann.jpg"
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from attrs import evolve, field, frozen

from ..operations.provider import PortraitProvider
from ..values.errors import ConfigError, InvalidInputError, PortraitError
from ..values.media import Upload, read_regular
from ..values.portraits import check_name
from ..values.sources import read_source
from ..values.statuses import AssetStatus, GroupKind
from ..wire.codec import is_object
from .bindings import Binding, is_over, today
from .registering import ONLY_LOOK, Wanted

if TYPE_CHECKING:
    import cattrs

FILE_NAME: Final = "portraits.toml"
Action: TypeAlias = Literal["keep", "wait", "register", "replace", "verify", "refused", "unsure"]
WORK: Final = frozenset({"register", "replace", "wait"})
"""What applying does by itself."""
BLOCKED: Final = frozenset({"verify", "refused", "unsure"})
"""What a person has to see to."""


@frozen(kw_only=True)
class Declared:
    """
    A portrait as `portraits.toml` has it.

    Attributes:
        name: The portrait's.
        kind: Whose face it is.
        files: Its looks, by name: paths or https URLs.
    """

    name: str
    kind: GroupKind = GroupKind.VIRTUAL
    files: Mapping[str, str]


@frozen(kw_only=True)
class Step:
    """
    What a plan does about one look.

    Attributes:
        portrait, look: Which.
        action: What.
        why: In a sentence.
        file: What is registered.
        digest: Its SHA-256.
    """

    portrait: str
    look: str
    action: Action
    why: str = ""
    file: str = ""
    digest: str = ""

    def __str__(self) -> str:
        why = f"  ({self.why})" if self.why else ""
        return f"{_SIGNS[self.action]} {self.action:<9}{self.portrait}.{self.look}{why}"


@frozen(kw_only=True)
class Plan:
    """
    What applying would do: a value that can be printed, kept as JSON, and applied later.

    Attributes:
        provider, account: Where, as in handles.
        steps: One for each look that is declared.
        release: Portraits to erase first, as the account has room for no more groups. Never a real
            person's, and never done unless it is asked for.
        cost: What registering costs there, as documented.
        made_from: A digest of the ledger's entries that it was made from.
    """

    provider: str
    account: str
    steps: tuple[Step, ...]
    release: tuple[str, ...] = ()
    cost: str = ""
    made_from: str = ""

    @property
    def has_work(self) -> bool:
        """Whether applying would do something."""
        return any(each.action in WORK for each in self.steps)

    @property
    def is_blocked(self) -> bool:
        """Whether something needs a person."""
        return bool(self.release) or any(each.action in BLOCKED for each in self.steps)

    def __str__(self) -> str:
        counts = {name: [s.action for s in self.steps].count(name) for name in _SIGNS}
        total = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
        lines = [f"{self.provider} {self.account}: {total or 'nothing is declared'}"]
        lines += [str(each) for each in self.steps if each.action != "keep"]
        lines += [f"! release  {name}  (the account is full)" for name in self.release]
        lines += [f"  costs: {self.cost}"] if self.has_work else []
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold of it: all of it."""
        found: dict[str, Any] = _converter().unstructure(self)
        return found

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Plan:
        """
        Read what `to_dict` wrote.

        Raises:
            InvalidInputError: It is no plan.
        """
        try:
            return _converter().structure(data, cls)
        except Exception as error:  # noqa: BLE001  (whatever is wrong with it, it is this data)
            raise InvalidInputError(
                f"this is no plan: {type(error).__name__}",
                field="plan",
                next_step="make one with plan_portraits, or `portraitkit portraits plan --json`",
            ) from None


@cache
def _converter() -> cattrs.Converter:
    import cattrs  # noqa: PLC0415  (most programs write no plan down)

    return cattrs.Converter(forbid_extra_keys=True)


_SIGNS: Final[Mapping[Action, str]] = {
    "keep": "=",
    "wait": "~",
    "register": "+",
    "replace": "±",
    "verify": "!",
    "refused": "!",
    "unsure": "?",
}


@frozen(kw_only=True)
class Seen:
    """
    What the vendor says at the moment.

    Attributes:
        statuses: Of assets that the ledger knows, by handle; None for what is gone.
        groups: How many groups the account has; None where the vendor lists none.
    """

    statuses: Mapping[str, AssetStatus | None] = field(factory=dict[str, AssetStatus | None])
    groups: int | None = None


def make_plan(
    provider: PortraitProvider,
    wanted: Sequence[Wanted],
    bindings: Iterable[Binding],
    seen: Seen,
    *,
    replace: bool = False,
) -> Plan:
    """Compare what is wanted with what is known and seen. Sends and reads nothing."""
    every = list(bindings)
    known = {each.portrait: each for each in every}
    steps = tuple(
        _step(provider, each, look, known.get(each.portrait), seen, replace=replace)
        for each in wanted
        for look in each.looks
    )
    release = _release(provider, steps, known, seen)
    names = [each.portrait for each in wanted]
    return Plan(
        provider=provider.name,
        account=provider.account,
        steps=steps,
        release=release,
        cost=provider.asset_cost,
        made_from=digest_of(names, release, every),
    )


def _step(
    provider: PortraitProvider,
    wanted: Wanted,
    look: str,
    binding: Binding | None,
    seen: Seen,
    *,
    replace: bool,
) -> Step:
    content = wanted.looks[look]
    known = binding.looks.get(look) if binding else None
    status = seen.statuses.get(known.asset, known.status) if known else None
    action: Action = "register"
    why = ""
    if binding is not None and binding.sent and not (binding.group or _lists(provider, binding)):
        action, why = "unsure", "something was sent before, and what came of it is not known"
    elif binding is not None and look in binding.sent and not provider.supports("list_assets"):
        action, why = "unsure", "it was sent before, and what came of it is not known"
    elif known is not None and status is None:
        why = "it was deleted at the vendor"
    elif known is not None and known.has_run_out(datetime.now(UTC)):
        why = "its link has run out"
    elif known is not None:
        changed = known.content not in ("", content.digest)
        action = "wait" if status is AssetStatus.PROCESSING else "keep"
        if changed or status is AssetStatus.FAILED:
            why = "the file has changed" if changed else "the review refused it"
            action = "replace" if replace else "refused"
            why += "" if replace else ": replace it, or name it otherwise"
    if action in ("register", "replace"):
        blocked, lack = _obstacle(provider, wanted, look, binding)
        action, why = blocked or action, lack or why
    return Step(
        portrait=wanted.portrait,
        look=look,
        action=action,
        why=why,
        file=content.file,
        digest=content.digest,
    )


def _lists(provider: PortraitProvider, binding: Binding) -> bool:
    """Whether what was sent before there was a group can be looked for."""
    return provider.supports("list_groups") and all(binding.sent.values())


def _obstacle(
    provider: PortraitProvider, wanted: Wanted, look: str, binding: Binding | None
) -> tuple[Action | None, str]:
    """What stands in the way of registering, or what the vendor may say against it."""
    if binding is not None and binding.erasing:
        return "refused", "it is being erased"
    if wanted.kind is GroupKind.REAL_PERSON:
        consent = binding.consent if binding else None
        if consent is None or not (binding and binding.group) or is_over(consent, today()):
            by_hand = provider.manual_steps.get("start_verification", "")
            return "verify", by_hand or "the person has to pass the face check here"
    try:
        item = read_source(wanted.looks[look].source)
        findings = provider.check_name(f"{wanted.portrait}.{look}")
    except PortraitError as error:
        return "refused", error.message
    if provider.most_assets is not None and len(wanted.looks) > provider.most_assets:
        return "refused", f"a group takes {provider.most_assets} assets: make two portraits of it"
    if isinstance(item, Upload):
        if not provider.takes_upload(item) and provider.media_host is None:
            return "refused", f"{provider.name} takes URLs only, and there is no media host"
        if rules := provider.media_rules.get(item.media):
            findings += tuple(rules.check(item))
    return None, "; ".join(each.message for each in findings)


def _release(
    provider: PortraitProvider, steps: tuple[Step, ...], known: Mapping[str, Binding], seen: Seen
) -> tuple[str, ...]:
    """Name what would have to go for the groups to be made, what was used longest ago first."""
    grouped = {name for name, each in known.items() if each.group}
    planned = {each.portrait for each in steps}
    new = {each.portrait for each in steps if each.action == "register"} - grouped
    if provider.most_groups is None or seen.groups is None:
        return ()
    lacking = seen.groups + len(new) - provider.most_groups
    yesterday = today() - timedelta(days=1)  # a video that still runs was asked for since
    spare = [
        each
        for name, each in known.items()
        if name not in planned and each.group and each.kind is GroupKind.VIRTUAL
        if not each.erasing
        if each.used_on is None or each.used_on < yesterday
    ]
    spare.sort(key=lambda each: (str(each.used_on or ""), _seen_last(each)))
    return tuple(each.portrait for each in spare[: max(0, lacking)])


def _seen_last(binding: Binding) -> str:
    return max((str(each.seen_at) for each in binding.looks.values()), default="")


def digest_of(names: Iterable[str], release: Iterable[str], bindings: Iterable[Binding]) -> str:
    """A digest of the entries that a plan rests on; for what is released, of its last use too."""
    known = {each.portrait: each for each in bindings}
    entries = [known.get(each) for each in dict.fromkeys(names)]
    entries = [each and evolve(each, used_on=None) for each in entries]
    entries += [known.get(each) for each in release]
    texts = [json.dumps(each.to_dict() if each else None, sort_keys=True) for each in entries]
    return sha256("\n".join(texts).encode()).hexdigest()[:16]


def read_declaration(path: Path | str) -> list[Declared]:
    """
    Read `portraits.toml`; paths in it are relative to it.

    Raises:
        ConfigError: It is not there, no TOML, or says what nobody reads.
    """
    place = Path(path)
    try:
        document = tomllib.loads(read_regular(place, _LIMIT_BYTES).decode())
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{str(place)!r} cannot be read: {getattr(error, 'strerror', None) or error}",
            field="portraits",
            next_step='write it, such as [portraits.mia] with files = "mia.jpg", or name '
            "another file",
        ) from None
    tables = document.pop("portraits", None)
    if document or not is_object(tables) or not tables:
        raise _undeclared(place, ", ".join(map(repr, document)) or "no [portraits.NAME]")
    return [_declared(place, name, table) for name, table in tables.items()]


def _declared(place: Path, name: str, table: Any) -> Declared:
    keys: dict[str, Any] = dict(table) if is_object(table) else {}
    files, kind = keys.pop("files", None), keys.pop("kind", GroupKind.VIRTUAL.value)
    named: Mapping[str, Any] = files if is_object(files) else {ONLY_LOOK: files}
    kinds = {each.value: each for each in (GroupKind.VIRTUAL, GroupKind.REAL_PERSON)}
    if keys or kind not in kinds or not named or {type(each) for each in named.values()} != {str}:
        raise _undeclared(place, f"[portraits.{name}] is not understood")
    try:
        looks = {check_name(each): _file(place, file) for each, file in named.items()}
        return Declared(name=check_name(name), kind=kinds[kind], files=looks)
    except InvalidInputError as error:
        raise _undeclared(place, error.message) from None


def _file(place: Path, file: str) -> str:
    if "://" not in file:
        return str(place.parent / Path(file).expanduser())
    if "?" in file:
        raise InvalidInputError("a signed link runs out: name the file itself, or a lasting URL")
    return file


def _undeclared(place: Path, problem: str) -> ConfigError:
    return ConfigError(
        f"{str(place)!r}: {problem}",
        field="portraits",
        next_step='write [portraits.NAME] with files = "FILE" or { LOOK = "FILE" }, and '
        'kind = "real person" for a person',
    )


_LIMIT_BYTES: Final = 4 * 1024**2
