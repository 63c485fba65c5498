"""`portraitkit group`: the groups of an account."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ..values.errors import NotFoundError
from ..values.handles import is_handle
from .output import terminal

if TYPE_CHECKING:
    from ..client.client import Client
    from ..values.models import Group

app = typer.Typer(help="Groups: one for each figure or person.", no_args_is_help=True)
GroupName = Annotated[str, typer.Argument(help="A group's handle, id, or its exact name.")]
_MAY_BE_ID: Final = re.compile(r"(?=\D*\d)(?=.*[-_]|\d+$|.{16})[\w-]+", re.ASCII)
"""No vendor's group has an id of letters alone; a list may lack what another account shares."""
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
def rename(
    context: typer.Context, group: GroupName, name: str, description: str | None = None
) -> None:
    """
    Give a group another name, and another description if one is given.

    Example: portraitkit group rename Mia "Mia, summer"
    """
    on = terminal(context)
    with on.errors(), on.client() as client:
        on.show(client.rename_group(find(client, group), name, description=description))


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
    Find a group by its name; a handle, and what may be an id, is taken as it is.

    Raises:
        NotFoundError: No group has that name, or several have.
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
    if not (found or _MAY_BE_ID.fullmatch(group)):
        raise NotFoundError(
            f"no group is called {group!r}",
            provider=client.provider.name,
            field="group",
            next_step=f"portraitkit group create {shlex.quote(group)}",
        )
    return found[0] if found else group
