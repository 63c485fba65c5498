"""`portraitkit group`: the groups of an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ..values.errors import NotFoundError
from ..values.handles import is_handle
from .output import terminal

if TYPE_CHECKING:
    from ..client.client import Client
    from ..values.models import Group

app = typer.Typer(help="Groups: one for each figure or person.", no_args_is_help=True)
GroupName = Annotated[str, typer.Argument(help="A group's handle, id, or its exact name.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@app.command()
def create(context: typer.Context, name: str, description: str = "") -> None:
    """
    Create a virtual figure's group.

    Example: portraitkit group create Mia
    """
    on = terminal(context)
    with on.errors(), on.client() as client:
        on.show(client.create_group(name, description=description))


@app.command("list")
def list_(context: typer.Context) -> None:
    """
    List the groups of the account.

    Example: portraitkit --json group list
    """
    on = terminal(context)
    with on.errors(), on.client() as client:
        on.show(list(client.list_groups()))


@app.command()
def show(context: typer.Context, group: GroupName) -> None:
    """
    Look at one group.

    Example: portraitkit group show Mia
    """
    on = terminal(context)
    with on.errors(), on.client() as client:
        on.show(client.get_group(find(client, group)))


@app.command()
def rename(context: typer.Context, group: GroupName, name: str) -> None:
    """
    Give a group another name.

    Example: portraitkit group rename Mia "Mia, summer"
    """
    on = terminal(context)
    with on.errors(), on.client() as client:
        on.show(client.rename_group(find(client, group), name))


@app.command()
def delete(context: typer.Context, group: GroupName, *, yes: Yes = False) -> None:
    """
    Delete a group with all that is in it.

    Example: portraitkit group delete Mia --yes
    """
    on = terminal(context)
    with on.errors(), on.client() as client:
        found = find(client, group)
        on.confirm(f"Delete {found} at {client.profile}, with all its assets?", yes=yes)
        client.delete_group(found)
        on.say(f"deleted {found}")


def find(client: Client, group: str) -> Group | str:
    """
    Find a group by its name; a handle, and what no group is called, is taken as it is.

    Raises:
        NotFoundError: Several groups have that name.
    """
    if is_handle(group) or not client.supports("list_groups"):
        return group
    found = [each for each in client.list_groups() if each.name == group]
    if len(found) > 1:
        raise NotFoundError(
            f"{len(found)} groups are called {group!r}",
            provider=client.provider.name,
            field="group",
            next_step=f"give the handle of one: {', '.join(each.handle for each in found)}",
        )
    return found[0] if found else group
