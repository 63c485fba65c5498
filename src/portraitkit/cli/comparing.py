"""`portraitkit compare`: the same scenes at several vendors, measured and reported."""

from __future__ import annotations

import re
import threading
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperGroup

from ..values.handles import Handle
from .groups import Yes
from .output import Terminal, terminal

if TYPE_CHECKING:
    from ..compare.plan import Plan
    from ..compare.running import ScheduledRun

Folder = Annotated[Path, typer.Option("--out", "-o", help="The comparison's folder.")]
_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class _Compare(TyperGroup):
    """`compare plan.toml` is `compare run plan.toml`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_Compare, help="Compare vendors fairly, by the same scenes.", no_args_is_help=True
)


@app.command()
def init(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="A new file.")] = Path("plan.toml"),
) -> None:
    """
    Write a commented plan to begin with.

    Example: portraitkit compare init plan.toml
    """
    from ..compare.plan import EXAMPLE  # noqa: PLC0415  (help needs no adapter)

    on = terminal(context)
    if path.exists():
        raise typer.BadParameter(f"{path} is there already")
    _ = path.write_text(EXAMPLE, encoding="utf-8")
    on.say(f"wrote {path}")


@app.command()
def run(
    context: typer.Context,
    plan: Annotated[Path, typer.Argument(help="The plan, as `compare init` writes one.")],
    *,
    out: Folder = Path("comparison"),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show, and send nothing.")] = False,
    every: Annotated[str | None, typer.Option(help="Another session so often, as 3h.")] = None,
    for_: Annotated[str | None, typer.Option("--for", help="For so long, as 72h.")] = None,
    allow_unpriced: Annotated[bool, typer.Option(help="Send what no price is known of.")] = False,
    cassettes: Annotated[
        Path | None, typer.Option(help="A folder: PROFILE.portrait.yaml answers for a vendor.")
    ] = None,
    yes: Yes = False,
) -> None:
    """
    Run a plan, or what is left of it: the same command goes on after an interrupt.

    Example: portraitkit compare plan.toml --out spring
    """
    from ..compare.plan import read_plan  # noqa: PLC0415  (help needs no adapter)

    on = terminal(context)
    on.then = ("compare", "run", str(plan), "--out", str(out))
    step_s, long_s = _seconds(every), _seconds(for_)
    with on.errors():
        read = read_plan(plan)
        rows = _previews(on, read, cassettes)
        if dry_run:
            on.show(rows)
            return
        count = len(read.profiles) * (len(read.scenes) * read.runs + 1)
        costs = [each["estimated"] for each in rows]
        priced = "some are unpriced" if None in costs else "all are priced"
        on.confirm(f"Make {count} videos in each session ({priced})?", yes=yes)
        given = {"allow_unpriced": allow_unpriced, "cassettes": cassettes}
        _sessions(on, read, out, step_s, long_s, **given)
        on.show(str(out))


@app.command()
def report(
    context: typer.Context,
    folder: Path,
    votes: Annotated[
        list[Path] | None, typer.Option(help="Show what an exported file's votes prefer.")
    ] = None,
) -> None:
    """
    Write the report anew, from the log alone.

    Example: portraitkit compare report spring --votes votes.json
    """
    from ..compare.comparison import Comparison  # noqa: PLC0415  (help needs no adapter)

    on = terminal(context)
    with on.errors():
        made = Comparison(folder)
        page = made.write()
        if votes:
            on.show([each.to_dict() for each in made.votes(*votes)])
        else:
            on.show(made.report() if on.as_json else str(page))


def _sessions(
    on: Terminal,
    plan: Plan,
    out: Path,
    step_s: float,
    long_s: float,
    **options: Any,
) -> None:
    from ..compare.comparison import compare  # noqa: PLC0415  (help needs no adapter)

    one_at_a_time = threading.Lock()

    def tell(run: ScheduledRun, what: str) -> None:
        with one_at_a_time:
            on.say(f"{run.profile:<14}{run.id:<36}{what}")

    began_s, session = time.monotonic(), 1
    while True:
        made = compare(
            plan,
            out,
            session=session,
            config=on.config,
            simulated=on.simulated,
            on_run=tell,
            **options,
        )
        on.say(f"report: {made.write()}")
        next_s = session * step_s
        if not step_s or next_s > long_s:
            return
        session += 1
        on.say(f"session {session} begins in {began_s + next_s - time.monotonic():.0f} s")
        time.sleep(max(0.0, began_s + next_s - time.monotonic()))


def _previews(on: Terminal, plan: Plan, cassettes: Path | None) -> list[dict[str, Any]]:
    """What each profile would be sent for each scene, and what it could not express."""
    from ..compare.replaying import replaying  # noqa: PLC0415  (an extra)
    from ..values.prices import estimate  # noqa: PLC0415  (help needs no prices)

    rows: list[dict[str, Any]] = []
    for profile in plan.profiles:
        stands_in = replaying(cassettes, profile) if cassettes else nullcontext()
        with stands_in, on.client(profile) as client:
            owner = (client.provider.name, client.provider.account)
            for name, scene in plan.scenes.items():
                media = {each: str(Handle(*owner, "asset", f"of-{each}-0")) for each in scene.files}
                request = scene.request(media)
                shown = client.preview_video(request, on_unsupported=plan.policy)
                price = plan.price(profile, request, client.provider)
                cost = estimate(price, request)
                rows.append(
                    {
                        "scene": name,
                        "profile": profile,
                        "body": shown.body,
                        "not expressed": [str(each) for each in shown.adaptations],
                        "findings": [each.message for each in shown.findings],
                        "estimated": cost and f"{cost.amount} {cost.currency}",
                    }
                )
    return rows


def _seconds(text: str | None) -> float:
    if text is None:
        return 0.0
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text.strip())
    if not found:
        raise typer.BadParameter(f"{text!r} is no time: write 90m, 3h or 2d")
    return float(found[1]) * _UNITS[found[2]]
