"""`portraitkit portraits`: what is declared, registered, and to be erased, by name."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from attrs import asdict

from ..values.errors import ConfigError, InvalidInputError, UnknownPortraitError
from .assets import Deadline
from .groups import Yes
from .output import Terminal, terminal

if TYPE_CHECKING:
    from ..client.client import Client
    from ..portraits.planning import Declared, Plan

app = typer.Typer(help="Portraits by name, the same at every vendor.", no_args_is_help=True)
Names = Annotated[list[str] | None, typer.Argument(help="Portraits; all, if none is named.")]
File = Annotated[str, typer.Option("--file", "-f", help="The declaration.")]
To = Annotated[list[str] | None, typer.Option("--to", help="A profile; may be given again.")]
Replace = Annotated[bool, typer.Option(help="Register files that have changed, in place.")]
DECLARATION: Final = "portraits.toml"
WORK_LEFT, BLOCKED = 10, 11
"""Exit codes of `plan`: applying would do something; a person has to see to something."""


@app.command("list")
def list_(context: typer.Context) -> None:
    """
    List what the ledger knows, at every account. Sends nothing.

    Example: portraitkit portraits list
    """
    on = terminal(context)
    with on.errors(), on.client() as client:
        if on.as_json:
            on.show([each.to_dict() for each in client.ledger.bindings()])
            return
        for each in client.ledger.bindings():
            looks = ", ".join(f"{name} {look.status.value}" for name, look in each.looks.items())
            erasing = "  (being erased)" if each.erasing else ""
            on.show(f"{each.portrait}  {each.provider} {each.account}  {looks or '-'}{erasing}")


@app.command()
def plan(
    context: typer.Context,
    names: Names = None,
    *,
    to: To = None,
    file: File = DECLARATION,
    replace: Replace = False,
) -> None:
    """
    Say what registering the declared portraits would do. Changes nothing.

    Exit code 0: nothing is to be done; 10: `apply` would do something; 11: a person is needed.

    Example: portraitkit portraits plan --to token360
    """
    on = terminal(context)
    with on.errors(), _clients(on, to) as clients:
        declared = _declared(file, names)
        plans = [each.plan_portraits(declared, replace=replace) for each in clients]
        _show_plans(on, plans)
        code = WORK_LEFT if any(each.has_work for each in plans) else 0
        raise typer.Exit(BLOCKED if any(each.is_blocked for each in plans) else code)


@app.command()
def apply(
    context: typer.Context,
    names: Names = None,
    *,
    to: To = None,
    file: File = DECLARATION,
    planned: Annotated[str | None, typer.Option("--plan", help="JSON of `plan --json`.")] = None,
    replace: Replace = False,
    release: Annotated[bool, typer.Option(help="Erase what the plan names for room.")] = False,
    again: Annotated[bool, typer.Option(help="Send once more what has an unknown end.")] = False,
    yes: Yes = False,
    deadline: Deadline = None,
) -> None:
    """
    Register what is missing, and wait for the reviews. Run it again after a crash.

    Example: portraitkit portraits apply --to token360 --yes
    """
    on = terminal(context)
    on.then = ("portraits", "apply", *(names or ()))
    with on.errors(), _clients(on, to) as clients:
        plans = (
            _kept_plans(planned, clients)
            if planned
            else [each.plan_portraits(_declared(file, names), replace=replace) for each in clients]
        )
        on.say("\n".join(map(str, plans)))
        if any(each.has_work for each in plans):
            on.confirm("Apply?", yes=yes)
        done: list[Any] = []
        for client, each in zip(clients, plans, strict=True):
            done += client.apply_portraits(
                each,
                release=release,
                again=again,
                deadline_s=deadline,
                on_event=on.progress(),
            )
        on.show(_plain(on, done))
        if any(each.is_blocked for each in plans):
            raise typer.Exit(BLOCKED)


@app.command()
def status(context: typer.Context, names: Names = None, *, to: To = None) -> None:
    """
    Compare the ledger with what the vendor has now.

    Example: portraitkit portraits status mia
    """
    on = terminal(context)
    with on.errors(), _clients(on, to) as clients:
        on.show(_plain(on, [it for each in clients for it in each.check_portraits(names)]))


@app.command()
def adopt(
    context: typer.Context,
    name: str,
    *,
    group: Annotated[str | None, typer.Option(help="A group's handle or id.")] = None,
    look: Annotated[list[str] | None, typer.Option(help="NAME=ASSET; may be given again.")] = None,
    consent_of: Annotated[str | None, typer.Option(help="A real person who consented.")] = None,
    purpose: Annotated[str, typer.Option(help="What for.")] = "",
    until: Annotated[str | None, typer.Option(help="The last day, as 2027-12-31.")] = None,
    verification: Annotated[str, typer.Option(help="The handle of the face check.")] = "",
) -> None:
    """
    Take over a group, assets, or a real person's verified group.

    Example: portraitkit portraits adopt ann --group pk1:… --consent-of "Ann Lee" --purpose "ads"
    """
    from ..portraits.bindings import Consent, today  # noqa: PLC0415  (help needs no adapter)

    on = terminal(context)
    pairs = [each.partition("=") for each in look or ()]
    if any(not asset for _, _, asset in pairs):
        raise typer.BadParameter("--look is NAME=ASSET")
    if consent_of and not purpose:
        raise typer.BadParameter("--consent-of needs --purpose")
    try:
        last = date.fromisoformat(until) if until else None
    except ValueError:
        raise typer.BadParameter("--until is a day, as 2027-12-31") from None
    with on.errors(), on.client() as client:
        consent = None
        if consent_of:
            consent = Consent(
                person=consent_of,
                purpose=purpose,
                given_on=today(),
                until=last,
                verification=verification,
            )
        looks = {key: asset for key, _, asset in pairs}
        on.show(str(client.adopt_portrait(name, group=group, looks=looks, consent=consent)))


@app.command()
def erase(
    context: typer.Context,
    name: str,
    *,
    to: To = None,
    by_hand: Annotated[bool, typer.Option(help="What had to be deleted by hand is.")] = False,
    yes: Yes = False,
) -> None:
    """
    Delete a portrait's assets and groups, look whether they are gone, and write a receipt.

    Without --to it does so at every account in the ledger that a profile leads to. Run it again
    until nothing is left. Exit code 11: something is.

    Example: portraitkit --json portraits erase ann --yes > receipt.json
    """
    on = terminal(context)
    with on.errors(), _clients(on, to or _profiles_of(on, name)) as clients:
        on.confirm(f"Delete everything of {name!r} at {len(clients)} accounts?", yes=yes)
        receipts = [each.erase_portrait(name, by_hand=by_hand) for each in clients]
        left = clients[0].ledger.bindings(name)
        if on.as_json:
            on.show([each.to_dict() for each in receipts])
        else:
            for each in receipts:
                on.show(f"{each.provider} {each.account}")
                on.show([f"  {it.outcome:<12}{it.what} {it.handle}  {it.why}" for it in each.items])
        for binding in left:
            on.say(f"left at {binding.provider} {binding.account}")
        if left:
            raise typer.Exit(BLOCKED)


@app.command()
def export(context: typer.Context, name: str) -> None:
    """
    Write what the ledger keeps about a portrait, at every account, as JSON. Sends nothing.

    Example: portraitkit portraits export ann
    """
    on = terminal(context)
    with on.errors(), on.client() as client:
        found = [each.to_dict() for each in client.ledger.bindings(client.portrait(name).name)]
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))


@contextmanager
def _clients(on: Terminal, profiles: list[str] | None) -> Generator[list[Client]]:
    """The clients of some profiles; of the chosen one, if none is named."""
    names: Sequence[str | None] = profiles or [None]
    with ExitStack() as stack:
        yield [stack.enter_context(on.client(each)) for each in names]


def _declared(file: str, names: list[str] | None) -> list[Declared]:
    from ..portraits.planning import read_declaration  # noqa: PLC0415  (help needs no adapter)

    found = read_declaration(file)
    known = {each.name for each in found}
    for name in names or ():
        if name not in known:
            raise UnknownPortraitError(
                f"{file} declares no portrait {name!r}",
                field="portrait",
                next_step=f"it declares {', '.join(sorted(known))}",
            )
    return [each for each in found if not names or each.name in names]


def _show_plans(on: Terminal, plans: list[Plan]) -> None:
    if on.as_json:
        on.show([each.to_dict() for each in plans])
    for each in () if on.as_json else plans:
        on.show(str(each))


def _kept_plans(path: str, clients: list[Client]) -> list[Plan]:
    """Read what `plan --json` wrote, each for the client of its account."""
    from ..portraits.planning import Plan  # noqa: PLC0415  (help needs no adapter)

    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"the plan {path!r} cannot be read: {error}") from None
    plans = {(each.provider, each.account): each for each in map(Plan.from_dict, data)}
    owners = [(each.provider.name, each.provider.account) for each in clients]
    lacking = [each for each in owners if each not in plans]
    if lacking:
        raise InvalidInputError(
            f"{path!r} holds no plan for {' '.join(lacking[0])}",
            field="plan",
            next_step="plan for the same profiles",
        )
    return [plans[each] for each in owners]


def _plain(on: Terminal, rows: list[Any]) -> list[Any]:
    def value(_: object, __: object, it: Any) -> Any:
        return getattr(it, "value", it)

    return [asdict(each, value_serializer=value) if on.as_json else str(each) for each in rows]


def _profiles_of(on: Terminal, name: str) -> list[str]:
    """The configuration's profiles of the accounts that have a portrait, and only those."""
    from ..config.building import build_provider  # noqa: PLC0415  (help needs no adapter)
    from ..config.profiles import profile_names  # noqa: PLC0415  (as above)

    with on.client() as client:
        owners = {each.key[1:] for each in client.ledger.bindings(client.portrait(name).name)}
        own, found = client.profile, dict[tuple[str, str], str]()
        names = [] if on.simulated else profile_names(config=on.config)
        if (client.provider.name, client.provider.account) in owners:
            found[(client.provider.name, client.provider.account)] = own
    for each in names:
        try:
            _, provider = build_provider(each, {}, config_file=on.config)
        except ConfigError as error:
            on.say(f"profile {each!r} cannot be used: {error.message}")
            continue
        if (owner := (provider.name, provider.account)) in owners:
            _ = found.setdefault(owner, each)
    for owner in sorted(owners - found.keys()):
        on.say(f"no profile leads to {' '.join(owner)}: nothing is erased there")
    if not found:
        raise ConfigError(f"no profile leads to an account that has {name!r}", field="profile")
    return list(found.values())
