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
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Final

from attrs import define, field

import portraitkit as pk

from .__main__ import ACCOUNT
from .finding import load
from .server import Server, WallClock, serve
from .state import World, scans_after

VENDORS: Final = (
    "alltoken", "token360", "volcengine", "byteplus", "apiyi", "apiyi-icover", "apimart",
    "xcompute",
)  # fmt: skip
REVIEW_S, QUEUE_S, RENDER_S = 0.6, 0.3, 1.2
"""What takes real vendors about 13 s, and minutes."""

_SECRETS: Final = {
    "DEMO_API_KEY": ACCOUNT.api_key,
    "DEMO_ACCESS_KEY": ACCOUNT.access_key,
    "DEMO_SECRET_KEY": ACCOUNT.secret_key,
    "DEMO_LIBRARY_KEY": ACCOUNT.library_key,
}
_BEARER: Final = """
[profiles.{name}]
api_key = "env:DEMO_API_KEY"
base_url = "{url}"
"""
_SIGNED: Final = """
[profiles.{name}]
access_key = "env:DEMO_ACCESS_KEY"
secret_key = "env:DEMO_SECRET_KEY"
api_key = "env:DEMO_API_KEY"
assets_url = "{url}"
video_url = "{url}"
"""
_ICOVER: Final = """
[profiles.{name}]
provider = "apiyi"
assets = "icover"
library_key = "env:DEMO_LIBRARY_KEY"
api_key = "env:DEMO_API_KEY"
assets_url = "{url}"
video_url = "{url}"
"""
_CALLBACK: Final = 'callback_url = "https://app.example/verified"\n'
_BY_URL: Final = 'media_folder = "{folder}"\nmedia_url = "{url}/files"\n'
_PACING: Final = """
[profiles.{name}.pacing]
asset = {{ first_s = 0.1, step_s = 0.1, deadline_s = 20 }}
verification = {{ first_s = 0.1, step_s = 0.1, deadline_s = 20 }}
video = {{ first_s = 0.2, step_s = 0.2, deadline_s = 20 }}
"""
_PROFILES: Final = {
    "alltoken": _BEARER + _CALLBACK,
    "token360": _BEARER,
    "volcengine": _SIGNED + _CALLBACK + _BY_URL,
    "byteplus": _SIGNED + _CALLBACK + _BY_URL,
    "apiyi": _SIGNED + _BY_URL,
    "apiyi-icover": _ICOVER,
    "apimart": _BEARER + _CALLBACK,
    "xcompute": _BEARER + _CALLBACK + _BY_URL,
}


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


def main() -> int:
    """Run the job everywhere and print what came of it."""
    with tempfile.TemporaryDirectory(prefix="portraitkit-") as name, _environment(_SECRETS):
        folder = Path(name)
        picture = folder / "mia.jpg"
        with files("portraitkit.simulators").joinpath("data", "face.jpg").open("rb") as source:
            _ = picture.write_bytes(source.read())
        with ExitStack() as stack:
            servers = {vendor: stack.enter_context(_server(vendor, folder)) for vendor in VENDORS}
            config = _write_config(folder, servers)
            _say(f"Simulated vendors on this machine; configuration: {config.name}\n")
            reports = [_run(vendor, picture, folder, config, servers[vendor]) for vendor in VENDORS]
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


def _run(vendor: str, picture: Path, folder: Path, config: Path, server: Server) -> Report:
    report = Report(vendor)
    started_s = time.monotonic()
    video = folder / f"mia-{vendor}.mp4"
    try:
        main_job(vendor, picture, video, config, report)
        if b"ftyp" not in video.read_bytes()[:12]:
            report.error = "the downloaded file is no video"
    except pk.PortraitError as error:
        report.error = str(error)
    report.seconds = time.monotonic() - started_s
    report.requests = len(getattr(server.simulator, "seen", ()))
    _say(f"{vendor:<13}{'FAILED' if report.error else 'done'} in {report.seconds:.1f} s")
    return report


def _server(vendor: str, folder: Path) -> Server:
    world = World(
        clock=WallClock(),
        person=scans_after(0.5),
        review_s=REVIEW_S,
        queue_s=QUEUE_S,
        render_s=RENDER_S,
    )
    simulator = load(vendor.partition("-")[0])(world=world)
    _ = simulator.add_account(ACCOUNT)
    return serve(simulator, folder=folder / "published")


def _write_config(folder: Path, servers: Mapping[str, Server]) -> Path:
    text = 'profile = "alltoken"\n'
    for vendor, server in servers.items():
        block = _PROFILES[vendor] + _PACING
        text += block.format(name=vendor, url=server.url, folder=(folder / "published").as_posix())
    path = folder / "portraitkit.toml"
    _ = path.write_text(text, encoding="utf-8")
    return path


def _field_with_asset(body: Mapping[str, object]) -> str:
    found = next((key for key, value in body.items() if "asset://" in str(value)), "-")
    return f"{found}[]" if isinstance(body.get(found), list) else found


def _wrapped(text: str) -> list[str]:

    return textwrap.wrap(text, 80, initial_indent=" " * 12, subsequent_indent=" " * 14)


@contextmanager
def _environment(values: Mapping[str, str]) -> Generator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                _ = os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  (printing is what a demo is for)


if __name__ == "__main__":
    code = main()
    if code == 0:
        _say('To switch vendor, change one line of portraitkit.toml: profile = "token360"')
    raise SystemExit(code)
