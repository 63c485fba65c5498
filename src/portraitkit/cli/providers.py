"""`portraitkit providers`: what adapters offer, and a new vendor by a table."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from inspect import getmembers_static
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from ..providers.tables import DIALECTS
from ..values.errors import ConfigError
from ..values.secret import Secret
from ..wire.codec import is_array, is_object
from .output import Terminal, terminal
from .setting_up import credentials_of


class _Providers(TyperGroup):
    """`portraitkit providers NAME` shows one."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Take what is no command for an adapter's name."""
        known = not args or args[0] in self.commands
        return super().resolve_command(ctx, args if known else ["show", *args])


app = typer.Typer(cls=_Providers, help="Adapters, and what each offers.")
_TEST: Final = """
import pathlib, tomllib
from portraitkit.testing import TableContract

class TestVendor(TableContract):
    (name, document), = tomllib.loads(
        pathlib.Path(__file__).with_name("table.toml").read_text("utf-8")
    ).items()
"""


@app.callback(invoke_without_command=True)
def list_(context: typer.Context) -> None:
    """
    List the adapters, or what one of them offers.

    Example: portraitkit providers alltoken
    """
    from ..providers.registry import provider_names  # noqa: PLC0415  (help needs no adapter)

    if context.invoked_subcommand is None:
        terminal(context).show(list(provider_names()))


@app.command()
def show(context: typer.Context, name: Annotated[str, typer.Argument(help="An adapter.")]) -> None:
    """
    Tell all that an adapter tells.

    Example: portraitkit providers show alltoken
    """
    from ..providers.registry import provider_classes  # noqa: PLC0415  (help needs no adapter)

    on = terminal(context)
    with on.errors():
        found = [_facts(cls) for cls in provider_classes(name)]
        if on.as_json:
            on.show(found)
            return
        for facts in found:
            for title, value in facts.items():
                text = value if isinstance(value, str) else ", ".join(value)
                typer.echo(f"{title:12}  {text}")


@app.command()
def new(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What to call the vendor.")],
    *,
    dialect: Annotated[
        list[str] | None, typer.Option(help=f"One or two of {', '.join(DIALECTS)}.")
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="The origin of its calls.")] = None,
    action: Annotated[
        str | None, typer.Option(help='Where Actions go: "POST /open/{action}", or "none".')
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="A model: seedance-2.0=ITS-OWN-NAME.")
    ] = None,
    inside: Annotated[
        str | None,
        typer.Option(help='What answers stand in, such as "data", or "none".'),
    ] = None,
    success: Annotated[
        str | None, typer.Option(help='What a success says: "code=0", or "none".')
    ] = None,
    price: Annotated[
        list[str] | None, typer.Option(help='"9.2 USD / 1000000 token", "0.1 USD / second".')
    ] = None,
    source: Annotated[str | None, typer.Option(help="The page that says so.")] = None,
    path: Annotated[Path, typer.Option(help="The configuration to write into.")] = Path(
        "portraitkit.toml"
    ),
) -> None:
    """
    Describe a vendor by a table, and hold it to the conformance suite. Asks for what is not given.

    Example: portraitkit providers new myhouse --dialect ark-actions
    """
    on = terminal(context)
    with on.errors():
        chosen = dialect or [_ask(f"Its dialect? ({', '.join(DIALECTS)})", "ark-actions")]
        table: dict[str, Any] = {
            "dialect": chosen,
            "source": source or _ask("The page that says so?"),
            "read": date.today(),  # noqa: DTZ011  (a person's day)
            "base_url": (base_url or _ask("The origin of its calls?")).rstrip("/"),
        }
        if "ark-actions" in chosen:
            where = action or _ask("Where do Actions go?", "POST /open/{action}")
            table |= {} if where == _NONE else {"action": {"call": where}}
        pairs = model or [_ask("A model, and its own name for it?", "seedance-2.0=seedance-2.0")]
        table["models"] = [_model(each) for each in pairs]
        table |= _answers(inside, success)
        told = price or [_ask('What does a video cost, such as "0.1 USD / second"?', _NONE)]
        if prices := [_price(each) for each in told if each != _NONE]:
            table["prices"] = prices
        _write(name, table, path)
        on.say(f"wrote [vendors.{name}] and [profiles.{name}] to {path}")
        _run_conformance(on, name, table)


@app.command()
def check(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A vendor that the configuration describes.")],
    path: Annotated[Path, typer.Option(help="The configuration.")] = Path("portraitkit.toml"),
) -> None:
    """
    Hold a vendor's table to the conformance suite, at a simulator made of it.

    Example: portraitkit providers check myhouse
    """
    from ..config.file import find_file  # noqa: PLC0415  (help needs no configuration)
    from ..providers.registry import provider_class  # noqa: PLC0415  (as above)

    on = terminal(context)
    with on.errors():
        found, _ = find_file(path, {}, None)
        table = dict(found.vendors.get(name, {})) if found else {}
        if not table:
            raise ConfigError(
                f"{path} describes no vendor {name!r}",
                field=f"vendors.{name}",
                next_step=f"write it with: portraitkit providers new {name}",
            )
        _ = provider_class(name, table)
        _run_conformance(on, name, table)


def _ask(question: str, default: str | None = None) -> str:
    answer: str = typer.prompt(question, default=default, err=True)
    return answer


def _model(text: str) -> dict[str, str]:
    name, _, own = text.partition("=")
    return {"name": name, "id": own or name}


def _answers(inside: str | None, success: str | None) -> dict[str, Any]:
    """What answers have in common, where the page's examples differ from the dialect's."""
    inside = inside or _ask('What member do answers stand in, such as "data"?', _AS_USUAL)
    success = success or _ask('What does a success say, such as "code=0"?', _NONE)
    answers: dict[str, Any] = {}
    if inside != _AS_USUAL:
        answers["inside"] = [] if inside == _NONE else [inside]
    member, _, value = success.partition("=")
    if value:
        known = {"true": True, "false": False}
        number = int(value) if value.isdecimal() else value
        answers["success"] = {"member": member, "values": [known.get(value, number)]}
    return {"answers": answers} if answers else {}


def _price(text: str) -> dict[str, Any]:
    """
    Read "9.2 USD / 1000000 token".

    Raises:
        BadParameter: It is of another form.
    """
    found = _PRICE.fullmatch(text.strip())
    if found is None:
        raise typer.BadParameter(f'{text!r} is no price: write it as "0.1 USD / second"')
    per = {"per": int(found["per"])} if found["per"] else {}
    amount = json.loads(found["amount"])
    return {"amount": amount, "currency": found["currency"], "unit": found["unit"], **per}


_AS_USUAL: Final = "as the dialect has it"
_NONE: Final = "none"
_PRICE: Final = re.compile(
    r"(?P<amount>(?:0|[1-9]\d*)(?:\.\d+)?) (?P<currency>[A-Z]{3}) / "
    r"(?:(?P<per>\d+) )?(?P<unit>\w+?)s?"
)


def _write(name: str, table: dict[str, Any], path: Path) -> None:
    """
    Add a vendor and its profile to a configuration.

    Raises:
        ConfigError: The table cannot be used, or the file has one of that name.
    """
    from ..config.file import find_file  # noqa: PLC0415  (help needs no configuration)
    from ..providers.registry import provider_class  # noqa: PLC0415  (as above)

    if not re.fullmatch(r"[a-z][a-z0-9_-]*", name):
        raise ConfigError(f"{name!r} is no name of a vendor", next_step="use small letters and -")
    known = find_file(path, {}, None)[0] if path.exists() else None
    if known and (name in known.vendors or name in known.profiles):
        raise ConfigError(
            f"{path} has a {name!r} already", next_step="edit it, or take another name"
        )
    cls: Any = provider_class(name, table)
    begin = "" if known else f'profile = "{name}"\n'
    lines = [
        f"[profiles.{name}]",
        f'provider = "{name}"',
        f'api_key = "env:{cls.variable("api_key")}"',
        "",
        f"[vendors.{name}]",
        *_toml(table),
        "# Read from no page yet: take out what the page says, and correct what it says otherwise.",
        f"assumed = {_inline([f'calls.{each}' for each in cls.table.calls])}",
    ]
    with path.open("a", encoding="utf-8") as file:
        _ = file.write("\n".join([begin, *lines, ""]))


def _toml(table: dict[str, Any]) -> Iterator[str]:
    """Write a small table: TOML's texts, lists and inline tables are JSON but for the colon."""
    for key, value in table.items():
        yield f"{_key(key)} = {_inline(value)}"


def _inline(value: Any) -> str:
    if is_object(value):
        return "{ " + ", ".join(_toml(dict(value))) + " }"
    if is_array(value):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return value.isoformat() if isinstance(value, date) else json.dumps(value, ensure_ascii=False)


def _key(key: str) -> str:
    return key if re.fullmatch(r"[\w-]+", key, re.ASCII) else json.dumps(key, ensure_ascii=False)


def _run_conformance(on: Terminal, name: str, table: dict[str, Any]) -> None:
    """Run the conformance suite at a simulator made of the table; exits 1 where a check fails."""
    with tempfile.TemporaryDirectory() as folder:
        test = Path(folder) / "test_vendor.py"
        _ = test.write_text(_TEST, encoding="utf-8")
        text = "\n".join([f"[{name}]", *_toml(table), ""])
        _ = test.with_name("table.toml").write_text(text, encoding="utf-8")
        words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short"]
        done = subprocess.run(  # noqa: S603  (this Python's own pytest)
            [*words, str(test)], cwd=folder, capture_output=True, text=True, check=False
        )
    summary = (done.stdout.strip().splitlines() or [done.stderr.strip()])[-1]
    on.show({"vendor": name, "conformance": summary} if on.as_json else f"conformance: {summary}")
    if done.returncode:
        on.say(done.stdout or done.stderr)
        raise typer.Exit(1)
    on.say(
        f"that proves the table coherent, not true: all that no page says belongs into `assumed`. "
        f"After a change: portraitkit providers check {name}. "
        f"Try it without a key: portraitkit --profile {name} --simulated group list"
    )


def _facts(cls: Any) -> dict[str, Any]:
    from ..client.client import Client  # noqa: PLC0415  (help needs no HTTP library)
    from ..client.methods import Operation, PagedOperation  # noqa: PLC0415  (as above)
    from ..config.building import known_keys  # noqa: PLC0415  (as above)

    kinds = (Operation, PagedOperation)
    names = [name for name, value in getmembers_static(Client) if isinstance(value, kinds)]
    provider = cls(**{each: Secret("-") for each in credentials_of(cls)})
    table = getattr(cls, "table", None)
    return {
        "adapter": f"{cls.__module__}:{cls.__qualname__}",
        "offers": [name for name in names if provider.supports(name)],
        "by hand": [name for name in names if name in cls.manual_steps],
        "lacks": [n for n in names if not provider.supports(n) and n not in cls.manual_steps],
        "models": [model.name for model in cls.video_models],
        "settings": sorted(known_keys(cls)),
        **({"prices": [f"{each}, by {each.source}" for each in cls.prices]} if cls.prices else {}),
        **({"source": list(table.source), "assumed": list(table.assumed)} if table else {}),
    }
