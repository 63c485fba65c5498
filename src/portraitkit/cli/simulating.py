"""`portraitkit simulate`: simulated vendors on this machine, with the configuration for them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def simulate(
    vendors: Annotated[list[str], typer.Argument(help="Such as alltoken token360.")],
    *,
    host: Annotated[
        str, typer.Option(help="0.0.0.0 opens it to the network: anyone there can drive it.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Of the first; 0 takes free ones.")] = 8360,
    speed: Annotated[float, typer.Option(help="How many times as fast as a vendor.")] = 1.0,
    folder: Annotated[Path | None, typer.Option(help="Hand out its files under /files/.")] = None,
    deliver: Annotated[
        list[str] | None,
        typer.Option(help="An origin that gets callbacks, or A=B: B gets what is for A."),
    ] = None,
    write: Annotated[Path | None, typer.Option(help="Write the configuration there.")] = None,
) -> None:
    """
    Serve simulated vendors until it is interrupted, to be driven at /__admin/. Nothing costs.

    Example: portraitkit simulate alltoken token360 --write portraitkit.toml
    """
    try:
        from ..simulators.__main__ import main  # noqa: PLC0415  (an extra)
    except ImportError as missing:
        typer.echo(str(missing), err=True)
        raise typer.Exit(2) from None
    words = [*vendors, "--host", host, "--port", str(port), "--speed", str(speed)]
    words += ["--folder", str(folder)] if folder else []
    words += ["--write", str(write)] if write else []
    words += [word for each in deliver or () for word in ("--deliver", each)]
    sys.exit(main(words))
