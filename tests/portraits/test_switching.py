"""Switching vendor is a line of configuration: one program, not a line of it changed."""

from __future__ import annotations

import pytest

from portraitkit.config import simulating
from vendors import FACE

PROGRAM = """
import portraitkit as pk
from portraitkit.portraits.planning import read_declaration

with pk.connect() as client:
    plan = client.plan_portraits(read_declaration("portraits.toml"))
    client.apply_portraits(plan)
    mia, leo = client.portrait("mia.front"), pk.Portrait("leo")
    media = [
        pk.References(images={"mia": mia}),
        pk.References(images={"mia": pk.Portrait("mia.full"), "leo": leo}),
        pk.Frames(first=leo),
    ]
    prompts = ["{mia} waves", "{mia} and {leo} dance", "he turns around"]
    tasks = [
        client.create_video(pk.VideoRequest(prompt=prompt, media=each))
        for prompt, each in zip(prompts, media)
    ]
    for number, task in enumerate(client.wait_for_videos(tasks)):
        saved = client.download_video(task, f"{client.profile}-{number}.mp4")
        print(client.profile, task.status.value, saved.stat().st_size > 1000)
"""
NAMES = ("alltoken", "token360", "volcengine", "byteplus", "apiyi", "apimart", "xcompute")
WAYS = dict.fromkeys(NAMES, "")
WAYS["icover"] = 'provider = "apiyi"\nassets = "icover"\n'


@pytest.mark.parametrize("way", WAYS)
def test_one_program_makes_the_same_three_videos_at_every_vendor(way, tmp_path, monkeypatch, capfd):
    """Portraits are applied, named, and filmed; which vendor it is, one line says."""
    monkeypatch.chdir(tmp_path)
    simulating._simulation.cache_clear()
    for number, name in enumerate(("mia.jpg", "full.jpg", "leo.jpg")):
        (tmp_path / name).write_bytes(FACE + bytes(number))
    (tmp_path / "portraits.toml").write_text(
        '[portraits.mia]\nfiles = { front = "mia.jpg", full = "full.jpg" }\n'
        '[portraits.leo]\nfiles = "leo.jpg"\n'
    )
    profiles = "".join(f"[profiles.{e}]\n{more}simulated = 300\n" for e, more in WAYS.items())
    (tmp_path / "portraitkit.toml").write_text(f'profile = "{way}"\n{profiles}')
    exec(PROGRAM, {})

    assert [f"{way} succeeded True"] * 3 == capfd.readouterr().out.splitlines()
    assert 3 == len(list(tmp_path.glob(f"{way}-*.mp4")))
