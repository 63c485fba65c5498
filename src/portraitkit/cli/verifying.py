"""`portraitkit verify`: a real person's face check, opened by a QR code in the terminal."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from ..values.handles import is_handle
from .assets import Deadline
from .output import Terminal, terminal

if TYPE_CHECKING:
    from ..values.models import Verification

app = typer.Typer()


@app.command()
def verify(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The person's; or the handle of a check.")],
    *,
    callback_url: Annotated[str | None, typer.Option(help="Where the check returns to.")] = None,
    deadline: Deadline = None,
) -> None:
    """
    Check a real person's face: scan the code with the person's phone, and wait.

    Example: portraitkit verify Ann --callback-url https://app.example/verified
    """
    on = terminal(context)
    with on.errors(), on.client() as client:
        check: Verification | str = name
        if not is_handle(name):
            opened = check = client.start_verification(name, callback_url=callback_url)
            _open(on, opened)
            name = opened.handle
        on.then = ("verify", name)
        on.show(client.wait_until_verified(check, deadline_s=deadline, on_event=on.progress()))


def _open(on: Terminal, check: Verification) -> None:
    """Show the person how to take the check. Whoever sees it can take it: it is not logged."""
    left_s = (check.expires_at - datetime.now(UTC)).total_seconds() if check.expires_at else 0
    life = f" It runs out in {left_s:.0f} s." if left_s > 0 else ""
    if check.person_code:
        on.say(f"The person types the code {check.person_code}.{life}")
    if check.url:
        try:
            import segno  # noqa: PLC0415  (an extra)

            segno.make(check.url, error="l").terminal(out=sys.stderr, compact=True)
        except ImportError:
            on.say("(pip install 'portraitkit[cli]' draws a QR code here)")
        on.say(f"Open it on the person's phone.{life}\n{check.url}")
