"""`portraitkit init`, `config`, `providers` and `doctor`: from nothing to a profile that works."""

from __future__ import annotations

import json
from inspect import getmembers_static
from pathlib import Path
from typing import Annotated, Any, Final

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
    from ..providers.registry import provider_class, provider_names  # noqa: PLC0415

    on = terminal(context)
    names = provider_names()
    if path.exists():
        raise typer.BadParameter(f"{path} is there already; edit it, or give another --path")
    chosen = vendor or typer.prompt(f"Which vendor? ({', '.join(names)})", err=True)
    with on.errors():
        cls = provider_class(chosen)
        keys = _credentials_of(cls)
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
def providers(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="One adapter, with all that it tells.")] = None,
) -> None:
    """
    List the adapters, or what one of them offers.

    Example: portraitkit providers alltoken
    """
    from ..providers.registry import provider_classes, provider_names  # noqa: PLC0415

    on = terminal(context)
    with on.errors():
        if name is None:
            on.show(list(provider_names()))
            return
        found = [_facts(cls) for cls in provider_classes(name)]
        if on.as_json:
            on.show(found)
            return
        for facts in found:
            for title, value in facts.items():
                text = value if isinstance(value, str) else ", ".join(value)
                typer.echo(f"{title:12}  {text}")


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


def _credentials_of(cls: Any) -> list[str]:
    """What an adapter's profile needs of secrets."""
    import attrs  # noqa: PLC0415  (help needs no adapter)

    from ..config.settings import kinds_of  # noqa: PLC0415

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


def _facts(cls: Any) -> dict[str, Any]:
    from ..client.client import Client  # noqa: PLC0415  (help needs no HTTP library)
    from ..client.methods import Operation, PagedOperation  # noqa: PLC0415

    kinds = (Operation, PagedOperation)
    names = [name for name, value in getmembers_static(Client) if isinstance(value, kinds)]
    provider = cls(**{each: Secret("-") for each in _credentials_of(cls)})
    return {
        "adapter": f"{cls.__module__}:{cls.__qualname__}",
        "offers": [name for name in names if provider.supports(name)],
        "by hand": [name for name in names if name in cls.manual_steps],
        "lacks": [n for n in names if not provider.supports(n) and n not in cls.manual_steps],
        "models": [model.name for model in cls.video_models],
        "settings": sorted(_keys(cls)),
    }


def _keys(cls: Any) -> frozenset[str]:
    from ..config.building import known_keys  # noqa: PLC0415  (help needs no adapter)

    return known_keys(cls)
