"""`portraitkit video`: made, waited for and saved; and what a vendor would be sent."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .assets import Deadline
from .groups import Yes
from .output import Terminal, terminal

if TYPE_CHECKING:
    from ..client.client import Client
    from ..values.models import VideoTask
    from ..values.video import Preview, VideoRequest

app = typer.Typer(help="Videos. `make` costs money and asks before.", no_args_is_help=True)
Task = Annotated[str, typer.Argument(help="A video's handle or id.")]
Prompt = Annotated[str, typer.Argument(help="What happens; {label} names a --ref.")]
Ref = Annotated[
    list[str] | None,
    typer.Option("--ref", help="label=ASSET, label=https://… or just the asset; several times."),
]
Model = Annotated[str, typer.Option(help="Such as seedance-2.0 or seedance-2.0-fast.")]
Duration = Annotated[int | None, typer.Option(help="Seconds.")]
Ratio = Annotated[str | None, typer.Option(help="Such as 16:9.")]
Resolution = Annotated[str | None, typer.Option(help="Such as 720p.")]
Seed = Annotated[int | None, typer.Option(help="A number that makes it repeatable.")]
Audio = Annotated[bool | None, typer.Option("--audio/--no-audio", help="With sound.")]
First = Annotated[str | None, typer.Option(help="The first frame, in place of references.")]
Last = Annotated[str | None, typer.Option(help="The last frame.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Save the video there.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]


@app.command()
def make(
    context: typer.Context,
    prompt: Prompt,
    *,
    ref: Ref = None,
    first: First = None,
    last: Last = None,
    model: Model = "seedance-2.0",
    duration: Duration = None,
    ratio: Ratio = None,
    resolution: Resolution = None,
    seed: Seed = None,
    audio: Audio = None,
    out: Out = None,
    overwrite: Overwrite = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Until it is done.")] = True,
    deadline: Deadline = None,
    yes: Yes = False,
) -> None:
    """
    Make a video: asks before it pays, waits, and saves it.

    Example: portraitkit video make "{mia} smiles" --ref mia=asset-2026… --out mia.mp4
    """
    on = terminal(context)
    if out and out.exists() and not overwrite:
        raise typer.BadParameter(f"{out} is there; give --overwrite or another --out")
    with on.errors(), on.client() as client:
        request = _request(
            prompt, ref, first, last, model=model, duration_s=duration, ratio=ratio,
            resolution=resolution, seed=seed, generate_audio=audio,
        )  # fmt: skip
        preview = client.preview_video(request)
        for each in preview.findings:
            on.say(f"beyond what is documented: {each.message} ({each.source})")
        on.confirm(f"Make one video at {client.provider.label}? {_price(client, request)}", yes=yes)
        on.then = ("video", "list")  # it may be there already
        task = client.create_video(request)
        on.then = _wait_for(task.handle, out)
        on.say(f"created: {task.handle}")
        if wait or out:
            task = _finish(on, client, task.handle, out, deadline, overwrite=overwrite)
        on.show(task)


@app.command()
def preview(
    context: typer.Context,
    prompt: Prompt,
    *,
    ref: Ref = None,
    first: First = None,
    last: Last = None,
    model: Model = "seedance-2.0",
    duration: Duration = None,
    ratio: Ratio = None,
    resolution: Resolution = None,
    seed: Seed = None,
    audio: Audio = None,
    at: Annotated[list[str] | None, typer.Option(help="A profile; several side by side.")] = None,
    curl: Annotated[bool, typer.Option("--curl", help="As a command, without the key.")] = False,
) -> None:
    """
    Show what a vendor would be sent, or several. Sends nothing.

    Example: portraitkit video preview "a street at dawn" --at alltoken --at token360 --curl
    """
    on = terminal(context)
    request = _request(
        prompt, ref, first, last, model=model, duration_s=duration, ratio=ratio,
        resolution=resolution, seed=seed, generate_audio=audio,
    )  # fmt: skip
    rows: list[Any] = []
    for profile in at or (None,):
        with on.errors(), on.client(profile) as client:
            shown = client.preview_video(request, on_unsupported="drop")
            rows.append(_curl(shown) if curl else _row(client, shown))
    on.show(rows if len(rows) > 1 else rows[0])


@app.command()
def show(context: typer.Context, task: Task) -> None:
    """
    Look at one video.

    Example: portraitkit video show vgen_2026112600003
    """
    on = terminal(context)
    with on.errors(), on.client() as client:
        on.show(client.get_video(task))


@app.command("list")
def list_(context: typer.Context) -> None:
    """
    List the account's videos, where the vendor can.

    Example: portraitkit --json video list
    """
    on = terminal(context)
    with on.errors(), on.client() as client:
        on.show(list(client.list_videos()))


@app.command()
def wait(
    context: typer.Context,
    task: Task,
    *,
    out: Out = None,
    overwrite: Overwrite = False,
    deadline: Deadline = None,
) -> None:
    """
    Wait for a video, and save it.

    Example: portraitkit video wait pk1:alltoken:… --out mia.mp4
    """
    on = terminal(context)
    on.then = _wait_for(task, out)
    with on.errors(), on.client() as client:
        on.show(_finish(on, client, task, out, deadline, overwrite=overwrite))


@app.command()
def download(
    context: typer.Context, task: Task, out: Path, *, overwrite: Overwrite = False
) -> None:
    """
    Save a finished video.

    Example: portraitkit video download vgen_2026112600003 mia.mp4
    """
    on = terminal(context)
    with on.errors(), on.client() as client:
        on.show(str(client.download_video(task, out, overwrite=overwrite)))


@app.command()
def cancel(context: typer.Context, task: Task, *, yes: Yes = False) -> None:
    """
    Cancel a video that has not begun, where the vendor can.

    Example: portraitkit video cancel vgen_2026112600003 --yes
    """
    on = terminal(context)
    with on.errors(), on.client() as client:
        on.confirm(f"Cancel {task} at {client.profile}?", yes=yes)
        _ = client.cancel_video(task)
        on.say(f"cancelled {task}")


@app.command()
def translate(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A JSON body that one vendor takes.")],
    *,
    from_: Annotated[str, typer.Option("--from", help="The adapter it is written for.")],
    to: Annotated[str, typer.Option(help="The adapter to write it for.")],
) -> None:
    """
    Rewrite a video body for another vendor. What cannot be carried is told on stderr.

    Example: portraitkit video translate body.json --from alltoken --to token360
    """
    from ..translation import translate as translated  # noqa: PLC0415  (it loads adapters)

    on = terminal(context)
    try:
        body = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{file} is no JSON that can be read: {error}") from None
    with on.errors():
        found = translated(body, from_=from_, to=to)
        for loss in found.losses:
            on.say(f"lost: {loss.field}: {loss.why}")
        for each in found.findings:
            on.say(f"beyond what is documented: {each.message} ({each.source})")
        typer.echo(json.dumps(found.body, ensure_ascii=False, indent=2))


def _wait_for(task: str, out: Path | None) -> tuple[str, ...]:
    return ("video", "wait", task, *(("--out", str(out)) if out else ()))


def _finish(
    on: Terminal,
    client: Client,
    task: str,
    out: Path | None,
    deadline: float | None,
    *,
    overwrite: bool,
) -> VideoTask:
    done = client.wait_for_video(task, deadline_s=deadline, on_event=on.progress())
    if out:
        on.say(f"saved: {client.download_video(done, out, overwrite=overwrite)}")
    return done


def _request(
    prompt: str, refs: list[str] | None, first: str | None, last: str | None, **options: Any
) -> VideoRequest:
    from ..values.video import Frames, Reference, References, VideoRequest  # noqa: PLC0415  (help needs no request)

    if first:
        if refs:
            raise typer.BadParameter("--first takes the place of every --ref")
        return VideoRequest(prompt=prompt, media=Frames(first=first, last=last), **options)
    images = [
        Reference(source=source, name=label)
        for label, _, source in (_labelled(each) for each in refs or ())
    ]
    media = References(images=images) if images else None
    return VideoRequest(prompt=prompt, media=media, **options)


def _labelled(ref: str) -> tuple[str | None, str, str]:
    label, equals, source = ref.partition("=")
    return (label, equals, source) if equals and label.isidentifier() else (None, "", ref)


def _price(client: Client, request: VideoRequest) -> str:
    from ..values.prices import estimate, listed_price  # noqa: PLC0415  (help needs no prices)

    if client.provider.simulation is not None:
        return "It is simulated and costs nothing."
    length = f"{request.duration_s} s" if request.duration_s else "of the vendor's usual length"
    said = f"It is paid: {request.model}, {length}, {request.resolution or 'usual resolution'}."
    price = listed_price(client.provider.prices, request)
    cost = estimate(price, request)
    if cost is None or price is None:
        return said
    return f"{said} About {cost.amount:.4f} {cost.currency}, by {price.source}."


def _row(client: Client, shown: Preview) -> dict[str, Any]:
    return {
        "profile": client.profile,
        "method": shown.method,
        "url": shown.url,
        "body": shown.body,
        "left_out": [each.field for each in shown.adaptations],
        "findings": [each.message for each in shown.findings],
    }


def _curl(shown: Preview) -> str:
    words = ["curl", "-X", shown.method, shown.url]
    for name, text in shown.headers.items():
        words += ["-H", f"{name}: {text}"]
    return shlex.join([*words, "-d", json.dumps(shown.body, ensure_ascii=False)])
