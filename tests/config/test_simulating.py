"""A profile with `simulated = true`: the same program, no key, nothing sent, never mistaken."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import httpx
import pytest
from PIL import Image

import portraitkit as pk
from portraitkit.config.simulating import Simulation

FACE = files("portraitkit.simulators").joinpath("data", "face.jpg").read_bytes()
WAYS = {
    "alltoken": {},
    "token360": {},
    "volcengine": {},
    "byteplus": {},
    "apiyi": {},
    "apiyi-icover": {"assets": "icover"},
    "apimart": {},
    "xcompute": {},
}
FAST = 200.0


class Closed(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A network that nobody may use."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"sent to {request.url.host}")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"sent to {request.url.host}")


@pytest.fixture(autouse=True)
def _own_vendors(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)


def written(folder: Path, text: str) -> Path:
    """Write a configuration."""
    path = folder / "portraitkit.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("source", [FACE, "https://pictures.example/mia.jpg"], ids=["bytes", "url"])
def test_the_whole_job_runs_without_configuration_key_or_network(
    way: str, source: bytes | str, tmp_path: Path
) -> None:
    with pk.connect(
        way.partition("-")[0],
        simulated=FAST,
        settings=WAYS[way],
        http_client=httpx.Client(transport=Closed()),
    ) as client:
        group = client.create_group("Mia")
        asset = client.wait_until_active(client.add_asset(group, source, name="front"))
        request = pk.VideoRequest(prompt="{mia} waves", media=pk.References(images={"mia": asset}))
        task = client.wait_for_video(client.create_video(request))
        saved = client.download_video(task, tmp_path / "mia.mp4")
        assert saved.read_bytes()[4:8] == b"ftyp"
        if client.supports("start_verification"):
            opened = client.start_verification("Mia", callback_url="https://app.example/back")
            assert client.wait_until_verified(opened).kind is pk.GroupKind.REAL_PERSON


@pytest.mark.anyio
@pytest.mark.parametrize("way", WAYS)
async def test_awaited_it_is_the_same_vendor(way: str) -> None:
    vendor = way.partition("-")[0]
    with pk.connect(vendor, simulated=FAST, settings=WAYS[way]) as client:
        group = client.create_group("Ann")
    async with pk.connect_async(
        vendor,
        simulated=FAST,
        settings=WAYS[way],
        http_client=httpx.AsyncClient(transport=Closed()),
    ) as client:
        asset = await client.add_asset(group, FACE, name="front")
        assert (await client.wait_until_active(asset)).status is pk.AssetStatus.ACTIVE


@pytest.mark.parametrize("way", WAYS)
def test_every_text_says_that_it_is_simulated(way: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "portraitkit")
    with pk.connect(way.partition("-")[0], simulated=FAST, settings=WAYS[way]) as client:
        group = client.create_group("Mia")
        narrow = io.BytesIO()
        Image.new("RGB", (200, 900)).save(narrow, "PNG")
        _ = client.add_asset(group, narrow.getvalue(), name="narrow")  # narrower than documented
        assert "simulated" in repr(client)
        assert "Simulation" in repr(client.provider)
        assert ":simulated-" in group.handle
    assert caplog.records
    assert all("simulated" in each.getMessage() for each in caplog.records)


def test_no_credential_is_read_and_no_file_is_written(tmp_path: Path) -> None:
    config = written(
        tmp_path,
        """
        profile = "mine"
        [profiles.mine]
        provider = "volcengine"
        simulated = true
        access_key = "env:NOT_SET"
        secret_key = "file:not-there"
        api_key = "keyring:nobody/nothing"
        session_token = "env:NOT_SET"
        journal = "jobs.db"
        media_folder = "published"
        media_url = "https://pictures.example"
        rate_limiter = "env:NOT_SET"
        """,
    )
    with pk.connect(simulated=FAST) as client:
        asset = client.add_asset(client.create_group("Mia"), FACE, name="front")
        assert client.journal is not None
        assert client.wait_until_active(asset).status is pk.AssetStatus.ACTIVE
    assert [*tmp_path.iterdir()] == [config]
    assert "simulated" in pk.explain_config()


def test_what_is_simulated_and_what_is_real_never_meet() -> None:
    real = pk.connect("alltoken", api_key="sk-of-somebody")
    simulated = pk.connect("alltoken", simulated=FAST)
    group = simulated.create_group("Mia")
    with pytest.raises(pk.HandleError):
        real.get_group(group)
    foreign = group.handle.replace(simulated.provider.account, real.provider.account)
    with pytest.raises(pk.HandleError):
        simulated.get_group(foreign)


def test_failover_of_a_simulated_profile_is_simulated(tmp_path: Path) -> None:
    written(
        tmp_path,
        """
        [profiles.alltoken]
        failover = ["token360"]
        api_key = "env:NOT_SET"
        [profiles.token360]
        api_key = "env:NOT_SET"
        """,
    )
    with pk.connect("alltoken", simulated=FAST, http_client=httpx.Client(transport=Closed())) as it:
        routes = it._router.routes.all
        assert [isinstance(each.provider.simulation, Simulation) for each in routes] == [True, True]


def test_a_real_profile_does_not_fail_over_to_a_simulated_one(tmp_path: Path) -> None:
    written(
        tmp_path,
        """
        [profiles.alltoken]
        api_key = "sk-real"
        failover = ["pretend"]
        [profiles.pretend]
        provider = "token360"
        simulated = true
        """,
    )
    with (
        pytest.warns(UserWarning, match="api_key"),
        pytest.raises(pk.ConfigError, match="its videos are made up"),
    ):
        pk.connect("alltoken")


@pytest.mark.parametrize("value", ["true", 0, -1, float("inf"), float("nan"), [True]])
def test_a_wrong_speed_is_refused_with_what_to_write(value: object) -> None:
    with pytest.raises(pk.ConfigError, match="simulated has to be") as refused:
        pk.connect("alltoken", settings={"simulated": value})
    assert "simulated = true" in refused.value.next_step


def test_an_adapter_without_a_simulator_names_those_that_have_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("portraitkit.providers.registry.SIMULATORS", "portraitkit.none")
    with pytest.raises(pk.ConfigError, match="no installed package simulates"):
        pk.connect("alltoken", simulated=7)


def test_the_program_that_the_readme_names_makes_a_video(tmp_path: Path) -> None:
    program = Path(__file__).parents[2] / "examples" / "first_video.py"
    words = [sys.executable, str(program)]
    shown = subprocess.run(words, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert shown.stdout.splitlines()[-1] == "mia.mp4"
    assert (tmp_path / "mia.mp4").exists()


def test_false_overrides_the_file(tmp_path: Path) -> None:
    written(tmp_path, '[profiles.alltoken]\nsimulated = true\napi_key = "env:NOT_SET"\n')
    with pytest.raises(pk.ConfigError, match="NOT_SET"):
        pk.connect("alltoken", simulated=False)
