"""`portraitkit init`, `config` and `doctor`: from nothing to a profile that works."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Final

import attrs
import typer

from ..values.secret import Secret
from .output import terminal

app = typer.Typer()
_FILE: Final = "portraitkit.toml"
_MARKS: Final = {"ok": "ok  ", "warning": "WARN", "failure": "FAIL", "skipped": "-   "}


@app.command()
def init(
    context: typer.Context,
    vendor: Annotated[
        str | None, typer.Argument(help="An adapter; asked for if not given.")
    ] = None,
    *,
    keyring: Annotated[
        bool, typer.Option("--keyring", help="Ask for the keys, and keep them in the keyring.")
    ] = False,
    path: Annotated[Path, typer.Option(help="The file to write.")] = Path(_FILE),
) -> None:
    """
    Write a configuration for a vendor. Replaces nothing.

    Example: portraitkit init alltoken
    """
    from ..providers.registry import provider_class, provider_names  # noqa: PLC0415  (help needs no adapter)

    on = terminal(context)
    names = provider_names()
    if path.exists():
        raise typer.BadParameter(f"{path} is there already; edit it, or give another --path")
    chosen = vendor or typer.prompt(f"Which vendor? ({', '.join(names)})", err=True)
    with on.errors():
        cls = provider_class(chosen)
        keys = credentials_of(cls)
        references = {key: _reference(cls, key, in_keyring=keyring) for key in keys}
        lines = [f'profile = "{chosen}"', "", f"[profiles.{chosen}]"]
        lines += [f'{key} = "{reference}"' for key, reference in references.items()]
        lines += [
            "# simulated = true                                 # try it first, without a key",
            '# callback_url = "https://app.example/verified"    # where a face check returns to',
            '# journal = "jobs.db"                              # what survives a crash',
            '# failover = ["another-profile"]                   # when there is no capacity',
        ]
        _ = path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        on.say(f"wrote {path}")
        variables = [each[4:] for each in references.values() if each.startswith("env:")]
        if variables:
            on.say(f"now set {' and '.join(variables)}, and look with: portraitkit doctor")


@app.command()
def config(context: typer.Context) -> None:
    """
    Tell the profile's settings and where each came from. Shows no secret.

    Example: portraitkit --profile alltoken config
    """
    from ..config.explaining import explain_config  # noqa: PLC0415  (help needs no adapter)

    on = terminal(context)
    with on.errors():
        on.show(explain_config(on.profile, config=on.config))


@app.command()
def doctor(
    context: typer.Context,
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Send nothing.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write it there; it holds no secret.")] = None,
) -> None:
    """
    Look whether the profile works, by free reads alone: each finding with its cure.

    Example: portraitkit --profile alltoken doctor
    """
    from .examining import examine  # noqa: PLC0415  (help needs no adapter)

    on = terminal(context)
    rows = list(examine(on, offline=offline))
    if report:
        _ = report.write_text(json.dumps(rows, indent=2, ensure_ascii=False), encoding="utf-8")
        on.say(f"wrote {report}")
    if on.as_json:
        on.show(rows)
    else:
        for row in rows:
            typer.echo(f"{_MARKS[row['state']]}  {row['check']:14}  {row['found']}")
            if row["cure"]:
                typer.echo(f"{'':20}-> {row['cure']}")
    if any(row["state"] == "failure" for row in rows):
        raise typer.Exit(1)


def credentials_of(cls: Any) -> list[str]:
    """What an adapter's profile needs of secrets."""
    from ..config.settings import kinds_of  # noqa: PLC0415  (help needs no configuration)

    kinds = kinds_of(cls)
    fields = [each for each in attrs.fields(cls) if each.default is attrs.NOTHING]
    return sorted(each.name for each in fields if kinds[each.name] is Secret)


def _reference(cls: Any, key: str, *, in_keyring: bool) -> str:
    """Where a key is to be read from; puts it into the keyring first."""
    if not in_keyring:
        return f"env:{cls.variable(key)}"
    try:
        import keyring  # noqa: PLC0415  (an extra)
    except ImportError:
        raise typer.BadParameter("--keyring needs: pip install 'portraitkit[keyring]'") from None
    secret = typer.prompt(f"{cls.name} {key}", hide_input=True, err=True)
    keyring.set_password(f"portraitkit-{cls.name}", key, secret)
    return f"keyring:portraitkit-{cls.name}/{key}"
