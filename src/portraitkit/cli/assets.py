"""`portraitkit asset`: the pictures, videos and sounds of a group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .groups import Yes, find
from .output import Terminal, terminal

if TYPE_CHECKING:
    from ..client.client import Client
    from ..values.models import Asset

app = typer.Typer(help="Assets: pictures, videos and sounds in a group.", no_args_is_help=True)
AssetName = Annotated[str, typer.Argument(help="An asset's handle or id.")]
Deadline = Annotated[float | None, typer.Option("--deadline", help="Most seconds to wait.")]


@app.command()
def add(
    context: typer.Context,
    files: Annotated[list[str], typer.Argument(help="Paths or https URLs.")],
    *,
    group: Annotated[str, typer.Option("--group", "-g", help="A group's handle, id or name.")],
    name: Annotated[str, typer.Option(help="Of a single file; else the file's own.")] = "",
    wait: Annotated[bool, typer.Option("--wait", help="Until it is reviewed.")] = False,
    deadline: Deadline = None,
) -> None:
    """
    Register files in a group.

    Example: portraitkit asset add mia.jpg --group Mia --wait
    """
    on = terminal(context)
    if name and len(files) > 1:
        raise typer.BadParameter("--name is for a single file")
    with on.errors(), on.client() as client:
        place = find(client, group)
        if len(files) > 1:
            added = client.add_assets(place, files)
        else:
            added = [client.add_asset(place, files[0], name=name)]
        lost = [each for each in added if not each.handle]
        there = [each for each in added if each.handle]
        if wait and there:
            on.then = ("asset", "wait", *(each.handle for each in there))
            on.say(f"registered: {' '.join(each.handle for each in there)}")
            there = _wait(on, client, there, deadline)
        on.show([*there, *lost] if len(files) > 1 else [*there, *lost][0])
        if lost:
            on.say("\n".join(str(each.failure and each.failure.message) for each in lost))
            raise typer.Exit(5)


def _wait(on: Terminal, client: Client, assets: list[Asset], deadline: float | None) -> list[Asset]:
    if len(assets) > 1:
        return client.wait_until_active(assets, deadline_s=deadline, on_event=on.progress())
    return [client.wait_until_active(assets[0], deadline_s=deadline, on_event=on.progress())]


@app.command("list")
def list_(
    context: typer.Context,
    group: Annotated[str, typer.Option("--group", "-g", help="A group's handle, id or name.")],
) -> None:
    """
    List assets.

    Example: portraitkit asset list --group Mia
    """
    on = terminal(context)
    with on.errors(), on.client() as client:
        on.show(list(client.list_assets(find(client, group))))


@app.command()
def show(context: typer.Context, asset: AssetName) -> None:
    """
    Look at one asset.

    Example: portraitkit --json asset show asset-20260318035710-abcde
    """
    on = terminal(context)
    with on.errors(), on.client() as client:
        on.show(client.get_asset(asset))


@app.command()
def wait(
    context: typer.Context,
    assets: Annotated[list[str], typer.Argument(help="Handles or ids.")],
    *,
    deadline: Deadline = None,
) -> None:
    """
    Wait until assets are reviewed.

    Example: portraitkit asset wait asset-20260318035710-abcde
    """
    on = terminal(context)
    on.then = ("asset", "wait", *assets)
    with on.errors(), on.client() as client:
        found = [
            client.wait_until_active(each, deadline_s=deadline, on_event=on.progress())
            for each in assets
        ]
        on.show(found if len(found) > 1 else found[0])


@app.command()
def rename(context: typer.Context, asset: AssetName, name: str) -> None:
    """
    Give an asset another name.

    Example: portraitkit asset rename asset-20260318035710-abcde front
    """
    on = terminal(context)
    with on.errors(), on.client() as client:
        on.show(client.rename_asset(asset, name))


@app.command()
def delete(context: typer.Context, asset: AssetName, *, yes: Yes = False) -> None:
    """
    Delete an asset.

    Example: portraitkit asset delete asset-20260318035710-abcde --yes
    """
    on = terminal(context)
    with on.errors(), on.client() as client:
        on.confirm(f"Delete {asset} at {client.profile}?", yes=yes)
        client.delete_asset(asset)
        on.say(f"deleted {asset}")
