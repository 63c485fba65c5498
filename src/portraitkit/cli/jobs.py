"""`portraitkit jobs` and `resume`: what a journal says is unfinished."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ..config.references import is_reference, read_reference
from ..values.secret import Secret
from .output import Terminal, terminal

app = typer.Typer()
_HELP = "The journal: a file such as jobs.db, or where a database's URL is, as env:JOURNAL_URL."
JournalPlace = Annotated[str, typer.Argument(help=_HELP)]


def _place(on: Terminal, given: str) -> Path | Secret:
    """Find a journal; a URL may hold a password, which a command line would show to others."""
    if is_reference(given):
        where = "the argument JOURNAL"
        with on.errors():
            return read_reference(
                given, field="journal", where=where, folder=None, environ=os.environ
            )
    if not Path(given).exists():
        raise typer.BadParameter("no such file; of a database, name where its URL is: env:NAME")
    return Path(given)


@app.command()
def jobs(context: typer.Context, journal: JournalPlace) -> None:
    """
    List the unfinished jobs of a journal. Sends nothing.

    Example: portraitkit jobs jobs.db
    """
    from ..journal.jobs import resume as unfinished  # noqa: PLC0415  (it loads what adapters need)

    on = terminal(context)
    place = _place(on, journal)
    with on.errors():
        on.show([str(each) for each in unfinished(place)])


@app.command()
def resume(context: typer.Context, journal: JournalPlace) -> None:
    """
    Finish what belongs to the profile: nothing that was paid for is made twice.

    Example: portraitkit --profile alltoken resume jobs.db
    """
    from ..journal.jobs import resume as unfinished  # noqa: PLC0415  (it loads what adapters need)

    on = terminal(context)
    on.then = ("resume", journal)
    place = _place(on, journal)
    with on.errors(), on.client() as client:
        owner = (client.provider.name, client.provider.account)
        found = unfinished(place)
        mine = [each for each in found if each.owner == owner]
        for other in (each for each in found if each.owner != owner):
            on.say(f"left for the profile {other.profile}: {other.operation}")
        done = [client.resume(each, on_event=on.progress()) for each in mine]
        on.show([each if each is None else str(each) for each in done])
