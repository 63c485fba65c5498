"""The command line: its options, and which module each command is in."""

from __future__ import annotations

from typing import Annotated

import typer

from . import (
    assets,
    comparing,
    groups,
    jobs,
    portraits,
    providers,
    setting_up,
    simulating,
    verifying,
    videos,
)
from .output import Terminal

app = typer.Typer(
    name="portraitkit",
    help="Portrait assets and Seedance 2.0 video, whichever vendor sells it.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(groups.app, name="group")
app.add_typer(assets.app, name="asset")
app.add_typer(videos.app, name="video")
app.add_typer(portraits.app, name="portraits")
app.add_typer(comparing.app, name="compare")
app.add_typer(providers.app, name="providers")
for commands in (setting_up.app, verifying.app, jobs.app, simulating.app):
    app.add_typer(commands)


def _version(value: bool) -> None:  # noqa: FBT001  (typer calls it so)
    if value:
        from importlib.metadata import version  # noqa: PLC0415  (only when asked)

        typer.echo(f"portraitkit {version('portraitkit')}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    *,
    profile: Annotated[
        str | None, typer.Option("--profile", "-p", help="A profile, or an adapter's name.")
    ] = None,
    config: Annotated[str | None, typer.Option(help="The configuration file.")] = None,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="A simulated vendor that ends with the command.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON to stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing on stderr.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Tell the version.")
    ] = False,
) -> None:
    """
    Portrait assets and Seedance 2.0 video, whichever vendor sells it.

    Example: portraitkit asset add mia.jpg --group Mia --wait
    """
    del version
    context.obj = Terminal(
        profile=profile,
        config=config,
        simulated=simulated or None,
        as_json=as_json,
        quiet=quiet,
    )
