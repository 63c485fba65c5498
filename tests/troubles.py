"""What goes wrong for users, and how: each cause raises what docs/troubleshooting.md quotes."""

from __future__ import annotations

from pathlib import Path

import httpx

import portraitkit as pk
from portraitkit.providers.alltoken import AllToken
from portraitkit.simulators.alltoken import AllTokenSimulator
from portraitkit.simulators.state import SimAccount, never
from portraitkit.testing import answer, simulated

KEY = "sk-not-a-real-key-0123456789"
TEXT = "a quiet sea"


class Ground:
    """A folder that is the working directory, with a picture, and AllToken with one account."""

    def __init__(self, folder: Path, monkeypatch) -> None:
        self.folder = folder
        self.monkeypatch = monkeypatch
        self.simulator = AllTokenSimulator()
        self.simulator.add_account(SimAccount(name="main", api_key=KEY))
        self.client = simulated(
            AllToken(api_key=pk.Secret(KEY), callback_url="https://app.example/back"),
            self.simulator,
        )

    def write(self, text: str, name: str = "portraitkit.toml") -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def refused(self, status: int, code: str, message: str = "no", times: int = 1) -> pk.Client:
        """The client, whose next requests are refused."""
        error = {"code": code, "message": message, "type": code}
        for _ in range(times):
            self.simulator.answer_next(answer({"error": error}, status=status))
        return self.client

    def connected(self, text: str, *chosen: str) -> pk.Client:
        """A client of a configuration."""
        self.write(text)
        return pk.connect(*chosen)

    def asset(self) -> pk.Asset:
        group = self.client.create_group("Mia")
        return self.client.add_asset(group, self.folder / "mia.jpg", name="front")


def video(**more):
    return pk.VideoRequest(prompt=more.pop("prompt", TEXT), **more)


def portrait(prompt):
    media = pk.References(images={"mia": "asset://asset-20260318035710-abcde"})
    return video(prompt=prompt, media=media)


def at(vendor, **keys):
    return pk.connect(vendor, **(keys or {"api_key": "k"}))


def with_profile(name, *lines):
    return "\n".join([f'profile = "{name}"', f"[profiles.{name}]", *lines, ""])


SIGNED = {"access_key": "AKLT", "secret_key": "s", "api_key": "k"}
OF_ALLTOKEN = '[profiles.alltoken]\napi_key = "env:KEY"\n'
REAL_FACE = "InputImageSensitiveContentDetected.PrivacyInformation"


def blanks_in_a_key(on):
    on.monkeypatch.setenv("KEY", "sk-with a blank")
    on.connected(with_profile("alltoken", 'api_key = "env:KEY"'))


def somebody_elses_file(on):
    on.monkeypatch.setenv("KEY", KEY)
    elsewhere = 'base_url = "https://gateway.example"'
    on.connected(with_profile("alltoken", 'api_key = "env:KEY"', elsewhere))


def no_picture(on):
    (on.folder / "notes.txt").write_text("no picture")
    on.client.add_asset("group-20260318035710-abcde", on.folder / "notes.txt")


def no_media_host(on):
    with at("volcengine", **SIGNED) as client:
        client.add_asset("group-20260318035710-abcde", on.folder / "mia.jpg")


def video_failed(on):
    on.simulator.world.fail_videos[TEXT] = ("OutputVideoSensitiveContentDetected", "refused")
    on.client.wait_for_video(on.client.create_video(video()))


def full(on):
    on.simulator.world.group_quota = 0
    on.client.create_group("Mia")


def not_active(on):
    media = pk.References(images={"mia": on.asset()})
    on.client.create_video(video(prompt="{mia}", media=media))


def review_refused(on):
    on.simulator.world.reject_assets["front"] = ("FaceMismatch", "not the same face")
    on.client.wait_until_active(on.asset())


def nobody_scanned(on):
    on.simulator.world.person = never
    on.client.wait_until_verified(on.client.start_verification("Ann"))


def file_is_there(on):
    task = on.client.wait_for_video(on.client.create_video(video()))
    on.client.download_video(task, on.folder / "mia.jpg")


def sending(send):
    http_client = httpx.Client(transport=httpx.MockTransport(send))
    clock = pk.Clock(sleep=lambda _: None)
    return pk.connect("alltoken", api_key=KEY, http_client=http_client, clock=clock)


def failing(error):
    def send(request):
        raise error

    return sending(send)


CAUSES = {
    "no configuration": lambda on: pk.connect(),
    "no profile is chosen": lambda on: on.connected(OF_ALLTOKEN),
    "no such profile": lambda on: on.connected(OF_ALLTOKEN, "altoken"),
    "a variable is not set": lambda on: on.connected(
        with_profile("alltoken", 'api_key = "env:ALLTOKEN_API_KEY"')
    ),
    "a key is lacking": lambda on: on.connected(with_profile("volcengine", 'access_key = "AKLT"')),
    "an unknown key": lambda on: on.connected(with_profile("alltoken", 'api_kee = "env:KEY"')),
    "no such adapter": lambda on: on.connected(with_profile("mine", 'api_key = "env:KEY"')),
    "no reference": lambda on: on.connected(
        with_profile("alltoken", 'api_key = "$ALLTOKEN_API_KEY"')
    ),
    "blanks in a key": blanks_in_a_key,
    "somebody else's file": somebody_elses_file,
    "no such file": lambda on: on.client.add_asset("group-20260318035710-abcde", "mia.png"),
    "no picture": no_picture,
    "no media host": no_media_host,
    "an upload's id": lambda on: on.client.get_asset("ua_0123456789"),
    "another account": lambda on: at("alltoken", api_key="sk-another-key").get_asset(
        on.asset().handle
    ),
    "an unknown label": lambda on: on.client.preview_video(portrait("{mia} waves to {leo}")),
    "unnamed media": lambda on: on.client.preview_video(portrait("she waves")),
    "a raw id": lambda on: on.client.preview_video(
        portrait("{mia} and asset-20260318035710-abcde")
    ),
    "it cannot be expressed": lambda on: at("xcompute").preview_video(video(watermark=False)),
    "it is not supported": lambda on: at("xcompute").list_groups(),
    "it is done by hand": lambda on: at("apiyi", **SIGNED).start_verification("Ann"),
    "too long": lambda on: on.client.preview_video(video(duration_s=40), strict_limits=True),
    "an older model": lambda on: on.client.preview_video(
        video(model="seedance-1.5-pro", prompt="{mia}", media=portrait("").media)
    ),
    "an unclear group": lambda on: on.refused(403, "AIGCNotAvailable").create_group("Mia"),
    "an asset is gone": lambda on: on.refused(
        400, "upstream_invalid_parameter", "asset not found"
    ).create_video(portrait("{mia}")),
    "a video failed": video_failed,
    "a bad key": lambda on: on.refused(401, "AuthenticationError").create_video(video()),
    "not allowed": lambda on: on.refused(403, "Forbidden").create_video(video()),
    "no money": lambda on: on.refused(402, "insufficient_balance").create_video(video()),
    "full": full,
    "not there": lambda on: on.client.get_group("group-20260318035710-zzzzz"),
    "too many": lambda on: on.refused(429, "rate_limit", times=5).create_video(video()),
    "unavailable": lambda on: on.refused(503, "upstream_error", times=5).get_video(
        "vgen_2026112600001"
    ),
    "not active": not_active,
    "a refused review": review_refused,
    "moderated": lambda on: on.refused(400, "upstream_content_violation").create_video(video()),
    "a real face": lambda on: on.refused(400, REAL_FACE).create_video(video()),
    "nobody scanned": nobody_scanned,
    "patience": lambda on: on.client.wait_for_video(on.client.create_video(video()), deadline_s=1),
    "not finished": lambda on: on.client.download_video(
        on.client.create_video(video()), on.folder / "mia.mp4"
    ),
    "a file is there": file_is_there,
    "unreachable": lambda on: failing(httpx.ConnectError("refused")).create_video(video()),
    "no answer": lambda on: failing(httpx.ReadTimeout("late")).create_video(video()),
    "a page": lambda on: sending(lambda _: httpx.Response(200, html="<html>")).get_video(
        "vgen_2026112600001"
    ),
    "a journal elsewhere": lambda on: pk.connect(
        "alltoken", api_key=KEY, settings={"journal": "there/is/none/jobs.db"}
    ),
    "no journal": lambda on: pk.resume(on.folder / "mia.jpg"),
}
"""What somebody does, by what is wrong with it."""
