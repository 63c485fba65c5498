"""`portraitkit jobs` and `resume`: what a journal says is unfinished."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .output import terminal

app = typer.Typer()
JournalPath = Annotated[Path, typer.Argument(help="The journal, such as jobs.db.", exists=True)]


@app.command()
def jobs(context: typer.Context, journal: JournalPath) -> None:
    """
    List the unfinished jobs of a journal. Sends nothing.

    Example: portraitkit jobs jobs.db
    """
    from ..journal.jobs import resume as unfinished  # noqa: PLC0415  (it loads what adapters need)

    on = terminal(context)
    with on.errors():
        on.show([str(each) for each in unfinished(journal)])


@app.command()
def resume(context: typer.Context, journal: JournalPath) -> None:
    """
    Finish what belongs to the profile: nothing that was paid for is made twice.

    Example: portraitkit --profile alltoken resume jobs.db
    """
    from ..journal.jobs import resume as unfinished  # noqa: PLC0415  (it loads what adapters need)

    on = terminal(context)
    on.then = ("resume", str(journal))
    with on.errors(), on.client() as client:
        owner = (client.provider.name, client.provider.account)
        found = unfinished(journal)
        mine = [each for each in found if each.owner == owner]
        for other in (each for each in found if each.owner != owner):
            on.say(f"left for the profile {other.profile}: {other.operation}")
        done = [client.resume(each, on_event=on.progress()) for each in mine]
        on.show([each if each is None else str(each) for each in done])
