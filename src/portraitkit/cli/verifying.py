"""`portraitkit verify`: a real person's face check, opened by a QR code in the terminal."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ..values.errors import VerificationFailedError
from ..values.handles import is_handle
from ..values.statuses import VerificationStatus
from .assets import Deadline
from .output import Terminal, terminal

if TYPE_CHECKING:
    from ..client.client import Client
    from ..values.models import Group, Verification

app = typer.Typer()
_LAST_LOOK_S: Final = 1.5
"""Long enough for the page to see that it is done."""


@app.command()
def verify(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The person's; or the handle of a check.")],
    *,
    callback_url: Annotated[str | None, typer.Option(help="Where the check returns to.")] = None,
    web: Annotated[bool, typer.Option("--web", help="Show it on a page of this machine.")] = False,
    port: Annotated[int, typer.Option(help="Of that page; 0 takes a free one.")] = 0,
    deadline: Deadline = None,
) -> None:
    """
    Check a real person's face: scan the code with the person's phone, and wait.

    Example: portraitkit verify Ann --callback-url https://app.example/verified
    """
    on = terminal(context)
    with on.errors(), on.client() as client:
        if is_handle(name):
            on.then = ("verify", name)
            on.show(client.wait_until_verified(name, deadline_s=deadline, on_event=on.progress()))
        elif web:
            on.show(_on_a_page(on, client, name, callback_url, port))
        else:
            check = client.start_verification(name, callback_url=callback_url)
            on.then = ("verify", check.handle)
            _open(on, check)
            on.show(client.wait_until_verified(check, deadline_s=deadline, on_event=on.progress()))


def _on_a_page(
    on: Terminal, client: Client, name: str, callback_url: str | None, port: int
) -> Group:
    """Open checks until one is passed; the page offers another when one ran out or failed."""
    try:
        from .verify_page import VerifyPage  # noqa: PLC0415  (an extra)
    except ImportError:
        raise typer.BadParameter("--web needs: pip install 'portraitkit[cli]'") from None
    page = VerifyPage(name)
    with page.served(port):
        on.say(f"The page, for this machine alone: {page.url}")
        while True:
            check = client.start_verification(name, callback_url=callback_url)
            on.then = ("verify", check.handle)
            page.show(check)
            try:
                found = client.wait_until_verified(check, on_event=on.progress())
            except VerificationFailedError as error:
                late = error.result is None or error.result.status is VerificationStatus.EXPIRED
                page.end("expired" if late else "failed")
                on.say(f"{error.message}; the page offers a new link")
                page.wait_for_again()
            else:
                page.end("verified")
                time.sleep(_LAST_LOOK_S)
                return found


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
