"""What the command writes: data on stdout, words on stderr, an exit code by kind of error."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NoReturn

import typer
from attrs import define

from ..client.progress import Progress, progress
from ..values.errors import PortraitError
from ..values.models import Result

if TYPE_CHECKING:
    from ..client.client import Client

EXIT_CODES: Final[Mapping[str, int]] = {
    "InvalidInputError": 2,
    "ConfigError": 2,
    "UnsupportedError": 2,
    "AuthenticationError": 3,
    "PermissionDeniedError": 3,
    "NotFoundError": 4,
    "ContentRejectedError": 5,
    "InvalidRequestError": 5,
    "JobFailedError": 5,
    "QuotaExceededError": 6,
    "InsufficientBalanceError": 6,
    "RateLimitedError": 7,
    "ServiceUnavailableError": 7,
    "ConnectionFailedError": 7,
    "WaitTimeoutError": 7,
    "OutcomeUnknownError": 8,
    "NotReadyError": 9,
}
"""The exit code of an error's class, or of the nearest of its bases; 1 for any other."""
INTERRUPTED: Final = 130


@define
class Terminal:
    """One run of the command: which profile it is for, and how it speaks."""

    profile: str | None = None
    config: str | None = None
    simulated: bool | None = None
    as_json: bool = False
    quiet: bool = False
    then: tuple[str, ...] = ()
    """The words of the command that goes on after an interrupt, once something was begun."""

    def client(self, profile: str | None = None) -> Client:
        """Open the profile."""
        from ..client.connecting import connect  # noqa: PLC0415  (help needs no HTTP library)

        return connect(profile or self.profile, config=self.config, simulated=self.simulated)

    def say(self, text: str) -> None:
        """Tell the person something."""
        if not self.quiet:
            typer.echo(text, err=True)

    def show(self, found: object) -> None:
        """Write data: one JSON document with `--json`, else a line for each."""
        many = isinstance(found, list)
        listed: Any = found
        rows: list[Any] = listed if many else [listed]
        if self.as_json:
            plain = [each.to_dict() if isinstance(each, Result) else each for each in rows]
            typer.echo(json.dumps(plain if many else plain[0], ensure_ascii=False, indent=2))
            return
        for each in rows:
            text = each if isinstance(each, str | Result) else json.dumps(each, ensure_ascii=False)
            typer.echo(str(text))

    def progress(self) -> Progress | None:
        """What shows waiting, on stderr."""
        return None if self.quiet else progress()

    @contextmanager
    def errors(self) -> Generator[None]:
        """Turn an error into words and an exit code; after an interrupt, tell what goes on."""
        try:
            yield
        except PortraitError as error:
            self._fail(error)
        except KeyboardInterrupt:
            go_on = f"; go on with: {self.command(*self.then)}" if self.then else ""
            self.say(f"\ninterrupted{go_on}")
            raise typer.Exit(INTERRUPTED) from None

    def command(self, *words: str) -> str:
        """The command line of another call with the same profile."""
        named = ["--profile", self.profile] if self.profile else []
        return shlex.join(["portraitkit", *named, *words])

    def confirm(self, question: str, *, yes: bool) -> None:
        """Ask before what costs or destroys; without a terminal, `--yes` has to say it."""
        if yes:
            return
        if not sys.stdin.isatty():
            typer.echo(f"{question} Say --yes to do it without a terminal.", err=True)
            raise typer.Exit(2)
        if not typer.confirm(question, err=True):
            raise typer.Exit(1)

    def _fail(self, error: PortraitError) -> NoReturn:
        if self.as_json:
            said = {
                "error": type(error).__name__,
                "message": str(error),
                "next_step": error.next_step,
                "handle": error.handle,
                "provider": error.provider,
                "field": error.field,
            }
            typer.echo(json.dumps(said, ensure_ascii=False), err=True)
        else:
            typer.echo(f"{type(error).__name__}: {error}", err=True)
        raise typer.Exit(exit_code(error)) from None


def exit_code(error: PortraitError) -> int:
    """The exit code for an error; see `EXIT_CODES`."""
    names = (cls.__name__ for cls in type(error).__mro__)
    return next((EXIT_CODES[name] for name in names if name in EXIT_CODES), 1)


def terminal(context: typer.Context) -> Terminal:
    """The run that a command belongs to."""
    found = context.find_object(Terminal)
    return found or Terminal()
