"""
The main job at every vendor, simulated on this machine: `python -m portraitkit.simulators.demo`.

`main_job` is what an application would write. It is the same for every profile; only the
configuration that this demo puts into a temporary folder tells the vendors apart.
"""

from __future__ import annotations

import os
import tempfile
import textwrap
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Final

from attrs import define, field

import portraitkit as pk

from .__main__ import ACCOUNT, profile_of, variable_of
from .finding import load
from .server import Server, WallClock, serve
from .state import World, scans_after

VENDORS: Final = (
    "alltoken", "token360", "volcengine", "byteplus", "apiyi", "apiyi-icover", "apimart",
    "xcompute",
)  # fmt: skip
REVIEW_S, QUEUE_S, RENDER_S = 0.6, 0.3, 1.2
"""What takes real vendors about 13 s, and minutes."""

_CREDENTIALS: Final = ("api_key", "access_key", "secret_key", "library_key")
_BY_URL: Final = 'media_folder = "{folder}"\nmedia_url = "{url}/files"'
_WITH_UPLOADS: Final = ("token360", "alltoken", "apimart", "apiyi-icover")
_PACING: Final = "{subject} = {{ first_s = {step_s}, step_s = {step_s}, deadline_s = 60 }}"


@define
class Report:
    """What one vendor's run came to."""

    profile: str
    group_id: str = "-"
    asset_id: str = "-"
    video_field: str = "-"
    person: str = "-"
    statuses: dict[str, list[str]] = field(factory=dict[str, list[str]])
    requests: int = 0
    seconds: float = 0.0
    file: str = "-"
    error: str = ""

    def see(self, event: pk.Event) -> None:
        """Note each status once, as it comes."""
        seen = self.statuses.setdefault(event.subject, [])
        if not seen or seen[-1] != event.status.value:
            seen.append(event.status.value)


def main_job(profile: str, picture: Path, video: Path, config: Path, report: Report) -> None:
    """Register a portrait, verify a person, make a video. The same code for every vendor."""
    with pk.connect(profile, config=config) as client:
        group = client.create_group("Mia")
        asset = client.add_asset(group, picture, name="front")
        asset = client.wait_until_active(asset, on_event=report.see)
        report.group_id = asset.group_id or group.id or "-"
        report.asset_id = asset.id or "-"

        try:
            check = client.start_verification("Ann")
            person = client.wait_until_verified(check, on_event=report.see)
            report.person = f"verified, group {person.id}"
        except pk.ManualStepError as manual:
            report.person = f"by hand: {manual.next_step}"

        request = pk.VideoRequest(
            prompt="{mia} smiles to the camera, slow push-in",
            model="seedance-2.0",
            media=pk.References(images={"mia": asset}),
            duration_s=5,
            ratio="16:9",
            resolution="720p",
            generate_audio=False,
        )
        report.video_field = _field_with_asset(client.preview_video(request).body)
        task = client.create_video(request)
        task = client.wait_for_video(task, on_event=report.see)
        path = client.download_video(task, video)
        report.file = f"{path.name} {path.stat().st_size / 1000:.0f} kB"


@contextmanager
def sandbox(
    folder: Path, step_s: float, *, ways: Sequence[str] = (), **times: float
) -> Generator[dict[str, Server]]:
    """
    Serve vendors and lead there: a picture, a portraitkit.toml, credentials by environment.

    Args:
        folder: Where the files are written, and below it what is handed out by URL.
        step_s: How often clients look.
        ways: Which vendors; all of them if none is given.
        times: Attributes of the vendors' `World`.
    """
    with files("portraitkit.simulators").joinpath("data", "face.jpg").open("rb") as source:
        _ = (folder / "mia.jpg").write_bytes(source.read())
    text = 'profile = "alltoken"\n'
    variables = {variable_of(key): getattr(ACCOUNT, key) for key in _CREDENTIALS}
    with ExitStack() as stack:
        servers: dict[str, Server] = {}
        for way in ways or VENDORS:
            # The clock is right, as signatures carry the time: only what is waited for is short.
            world = World(clock=WallClock(), person=scans_after(0.05))
            for name, seconds in times.items():
                setattr(world, name, seconds)
            simulator = load(way.partition("-")[0])(world=world)
            _ = simulator.add_account(ACCOUNT)
            server = serve(simulator, folder=folder / "published")
            servers[way] = stack.enter_context(server)
            text += _profile(way, server.url, folder / "published", step_s)
        _ = (folder / "portraitkit.toml").write_text(text, encoding="utf-8")
        before = dict(os.environ)
        os.environ.update(variables)
        try:
            yield servers
        finally:
            os.environ.clear()
            os.environ.update(before)


def main() -> int:
    """Run the job everywhere and print what came of it."""
    with (
        tempfile.TemporaryDirectory(prefix="portraitkit-") as name,
        sandbox(Path(name), 0.1, review_s=REVIEW_S, queue_s=QUEUE_S, render_s=RENDER_S) as servers,
    ):
        _say("Simulated vendors on this machine; configuration: portraitkit.toml\n")
        reports = [_run(vendor, Path(name), servers[vendor]) for vendor in VENDORS]
        _say("\n" + table(reports))
        return 1 if any(each.error for each in reports) else 0


def table(reports: list[Report]) -> str:
    """Lay the reports out for a terminal of 80 columns."""
    lines = [
        f"{'vendor':<13}{'group id':<30}{'asset id':<37}",
        f"{'':<12}{'video field':<20}{'requests':>8}{'seconds':>9}   file",
        f"{'':<12}statuses passed through",
        "-" * 80,
    ]
    for each in reports:
        lines += [
            f"{each.profile:<13}{each.group_id:<30}{each.asset_id:<37}".rstrip(),
            f"{'':<12}{each.video_field:<20}{each.requests:>8}{each.seconds:>9.1f}   {each.file}",
            *(f"{'':<12}{subject}: {' > '.join(seen)}" for subject, seen in each.statuses.items()),
            *_wrapped(f"real person {each.person}"),
            *(_wrapped(f"FAILED: {each.error}") if each.error else ()),
            "",
        ]
    return "\n".join(lines)


def _run(vendor: str, folder: Path, server: Server) -> Report:
    report = Report(vendor)
    started_s = time.monotonic()
    video = folder / f"mia-{vendor}.mp4"
    try:
        main_job(vendor, folder / "mia.jpg", video, folder / "portraitkit.toml", report)
        if b"ftyp" not in video.read_bytes()[:12]:
            report.error = "the downloaded file is no video"
    except pk.PortraitError as error:
        report.error = str(error)
    report.seconds = time.monotonic() - started_s
    report.requests = len(getattr(server.simulator, "seen", ()))
    _say(f"{vendor:<13}{'FAILED' if report.error else 'done'} in {report.seconds:.1f} s")
    return report


def _profile(way: str, url: str, folder: Path, step_s: float) -> str:
    lines = [profile_of(way, url)]
    lines += [] if way in _WITH_UPLOADS else [_BY_URL.format(folder=folder.as_posix(), url=url)]
    lines.append(f"[profiles.{way}.pacing]")
    subjects = ("asset", "verification", "video")
    lines += [_PACING.format(subject=each, step_s=step_s) for each in subjects]
    return "\n".join(lines) + "\n"


def _field_with_asset(body: Mapping[str, object]) -> str:
    found = next((key for key, value in body.items() if "asset://" in str(value)), "-")
    return f"{found}[]" if isinstance(body.get(found), list) else found


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 80, initial_indent=" " * 12, subsequent_indent=" " * 14)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  (printing is what a demo is for)


if __name__ == "__main__":
    code = main()
    if code == 0:
        _say('To switch vendor, change one line of portraitkit.toml: profile = "token360"')
    raise SystemExit(code)
