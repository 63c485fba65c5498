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

    def asset(self) -> pk.Asset:
        group = self.client.create_group("Mia")
        return self.client.add_asset(group, self.folder / "mia.jpg", name="front")


def video(**more):
    return pk.VideoRequest(prompt=more.pop("prompt", TEXT), **more)


def portrait(prompt):
    media = pk.References(images={"mia": "asset://asset-20260318035710-abcde"})
    return video(prompt=prompt, media=media)


# -- configuration ------------------------------------------------------------------------------


def no_configuration(on):
    pk.connect()


def chooses_no_profile(on):
    on.write('[profiles.alltoken]\napi_key = "env:KEY"\n')
    pk.connect()


def no_such_profile(on):
    on.write('[profiles.alltoken]\napi_key = "env:KEY"\n')
    pk.connect("altoken")


def variable_not_set(on):
    on.write('profile = "alltoken"\n[profiles.alltoken]\napi_key = "env:ALLTOKEN_API_KEY"\n')
    pk.connect()


def lacks_a_key(on):
    on.write('profile = "volcengine"\n[profiles.volcengine]\naccess_key = "AKLT"\n')
    pk.connect()


def unknown_key(on):
    on.write('profile = "alltoken"\n[profiles.alltoken]\napi_kee = "env:KEY"\n')
    pk.connect()


def no_such_adapter(on):
    on.write('profile = "mine"\n[profiles.mine]\napi_key = "env:KEY"\n')
    pk.connect()


def no_reference(on):
    on.write('profile = "alltoken"\n[profiles.alltoken]\napi_key = "$ALLTOKEN_API_KEY"\n')
    pk.connect()


def blanks_in_a_key(on):
    on.monkeypatch.setenv("KEY", "sk-with a blank")
    on.write('profile = "alltoken"\n[profiles.alltoken]\napi_key = "env:KEY"\n')
    pk.connect()


def somebody_elses_file(on):
    on.monkeypatch.setenv("KEY", KEY)
    on.write(
        'profile = "alltoken"\n[profiles.alltoken]\n'
        'api_key = "env:KEY"\nbase_url = "https://gateway.example"\n'
    )
    pk.connect()


# -- sources ------------------------------------------------------------------------------------


def no_such_file(on):
    on.client.add_asset("group-20260318035710-abcde", "mia.png")


def no_picture(on):
    (on.folder / "notes.txt").write_text("no picture")
    on.client.add_asset("group-20260318035710-abcde", on.folder / "notes.txt")


def no_media_host(on):
    with pk.connect("volcengine", access_key="AKLT", secret_key="s", api_key="k") as client:
        client.add_asset("group-20260318035710-abcde", on.folder / "mia.jpg")


def upload_id(on):
    on.client.get_asset("ua_0123456789")


def other_account(on):
    handle = on.asset().handle
    with pk.connect("alltoken", api_key="sk-another-key") as client:
        client.get_asset(handle)


# -- prompts and requests -----------------------------------------------------------------------


def unknown_label(on):
    on.client.preview_video(portrait("{mia} waves to {leo}"))


def unnamed_media(on):
    on.client.preview_video(portrait("she waves"))


def raw_id(on):
    on.client.preview_video(portrait("{mia} and asset-20260318035710-abcde"))


def cannot_express(on):
    with pk.connect("xcompute", api_key="k") as client:
        client.preview_video(video(watermark=False))


def not_supported(on):
    with pk.connect("xcompute", api_key="k") as client:
        client.list_groups()


def by_hand(on):
    with pk.connect("apiyi", access_key="AKLT", secret_key="s", api_key="k") as client:
        client.start_verification("Ann")


def too_long(on):
    on.client.preview_video(video(duration_s=40), strict_limits=True)


def unknown_model(on):
    on.client.preview_video(
        video(model="seedance-1.5-pro", prompt="{mia}", media=portrait("").media)
    )


# -- what the vendor says -----------------------------------------------------------------------


def unclear_group(on):
    on.refused(403, "AIGCNotAvailable").create_group("Mia")


def asset_is_gone(on):
    on.refused(400, "upstream_invalid_parameter", "asset not found").create_video(portrait("{mia}"))


def video_failed(on):
    on.simulator.world.fail_videos[TEXT] = ("OutputVideoSensitiveContentDetected", "refused")
    on.client.wait_for_video(on.client.create_video(video()))


def bad_key(on):
    on.refused(401, "AuthenticationError").create_video(video())


def not_allowed(on):
    on.refused(403, "Forbidden").create_video(video())


def no_money(on):
    on.refused(402, "insufficient_balance").create_video(video())


def full(on):
    on.simulator.world.group_quota = 0
    on.client.create_group("Mia")


def not_there(on):
    on.client.get_group("group-20260318035710-zzzzz")


def too_many(on):
    on.refused(429, "rate_limit", times=5).create_video(video())


def unavailable(on):
    on.refused(503, "upstream_error", times=5).get_video("vgen_2026112600001")


def not_active(on):
    asset = on.asset()
    request = video(prompt="{mia}", media=pk.References(images={"mia": asset}))
    on.client.create_video(request)


def review_refused(on):
    on.simulator.world.reject_assets["front"] = ("FaceMismatch", "not the same face")
    on.client.wait_until_active(on.asset())


def moderated(on):
    on.refused(400, "upstream_content_violation").create_video(video())


def real_face(on):
    code = "InputImageSensitiveContentDetected.PrivacyInformation"
    on.refused(400, code).create_video(video())


def nobody_scanned(on):
    on.simulator.world.person = never
    on.client.wait_until_verified(on.client.start_verification("Ann"))


def patience(on):
    task = on.client.create_video(video())
    on.client.wait_for_video(task, deadline_s=1)


def not_finished(on):
    on.client.download_video(on.client.create_video(video()), on.folder / "mia.mp4")


def file_is_there(on):
    task = on.client.wait_for_video(on.client.create_video(video()))
    on.client.download_video(task, on.folder / "mia.jpg")


# -- the network --------------------------------------------------------------------------------


def sending(send):
    http_client = httpx.Client(transport=httpx.MockTransport(send))
    clock = pk.Clock(sleep=lambda _: None)
    return pk.connect("alltoken", api_key=KEY, http_client=http_client, clock=clock)


def unreachable(on):
    def send(request):
        raise httpx.ConnectError("refused")

    with sending(send) as client:
        client.create_video(video())


def no_answer(on):
    def send(request):
        raise httpx.ReadTimeout("late")

    with sending(send) as client:
        client.create_video(video())


def html(on):
    with sending(lambda request: httpx.Response(200, html="<html>")) as client:
        client.get_video("vgen_2026112600001")


def journal_elsewhere(on):
    with pk.connect("alltoken", api_key=KEY, settings={"journal": "there/is/none/jobs.db"}):
        pass


def no_journal(on):
    pk.resume(on.folder / "mia.jpg")


CAUSES = [
    cause
    for cause in globals().values()
    if getattr(cause, "__code__", None) and cause.__code__.co_varnames[:1] == ("on",)
]
