"""A vendor without a library, as a stranger's package: found, driven, held to the suite."""

from __future__ import annotations

import json
import re
import shutil

import pytest
import yaml
from jsonschema import Draft202012Validator

from example_package import KESTREL, ROOT, counted_lines, install, own_tests, run, told_lines

MAIN_JOB = """
import json, sys
from pathlib import Path

import portraitkit as pk
from portraitkit.simulators.server import WallClock, serve
from portraitkit.testing import SimAccount, World
from portraitkit_kestrel.simulator import KestrelSimulator

folder = Path(sys.argv[1])
world = World(clock=WallClock(), queue_s=0.02, render_s=0.02)
simulator = KestrelSimulator(world=world)
simulator.add_account(SimAccount(name="us", api_key="key-1"))
quick = {"first_s": 0.05, "step_s": 0.05, "deadline_s": 20}
with serve(simulator) as server:
    settings = {"api_key": "key-1", "assets_url": server.url, "pacing": {"video": quick}}
    with pk.connect("kestrel", base_url=server.url, settings=settings) as client:
        mia = client.ensure_portrait("mia", folder / "mia.jpg")
        request = pk.VideoRequest(prompt="{mia} smiles", media=pk.References(images={"mia": mia}))
        task = client.wait_for_video(client.create_video(request))
        film = client.download_video(task, folder / "mia.mp4")
        again = client.ensure_portrait("mia", folder / "mia.jpg")
    (video,) = world.videos.values()
    print(json.dumps({
        "prompt": video.body["prompt"],
        "files": [len(each.content) for each in simulator.files.values()],
        "link": video.body["image_urls"][0].startswith(server.url),
        "video": task.status.name,
        "bytes": film.stat().st_size,
    }))
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A new environment with the package installed; its dependencies are this one's."""
    folder = tmp_path_factory.mktemp("stranger")
    return folder, install(KESTREL, folder)


def test_connecting_finds_it(environment):
    """A portrait by name is stored once, and a video is made of its link, over HTTP."""
    folder, python = environment
    picture = ROOT / "src" / "portraitkit" / "simulators" / "data" / "face.jpg"
    shutil.copy(picture, folder / "mia.jpg")

    told = json.loads(run(python, "-I", "-c", MAIN_JOB, folder, cwd=folder))

    assert told.pop("bytes") > 1000
    wanted = {"prompt": "@Image1 smiles", "files": [picture.stat().st_size], "link": True}
    assert {**wanted, "video": "SUCCEEDED"} == told


def test_it_passes_its_own_tests_and_the_suite(environment):
    """Every check and test is run in the stranger's own environment, and passes."""
    folder, python = environment

    told = own_tests(python, folder)

    assert "failed" not in told
    assert "checks that had nothing to check: 9" in told


def test_it_is_written_with_the_one_door():
    """The adapter imports `portraitkit.adapter` and nothing else of portraitkit's."""
    text = (KESTREL / "src/portraitkit_kestrel/provider.py").read_text(encoding="utf-8")

    assert ["import portraitkit.adapter as pk"] == re.findall(r".*import.*portraitkit.*", text)
    assert not re.search(r"from portraitkit", text)


def test_its_contract_is_well_formed():
    """It has the form that all contracts have."""
    meta = yaml.safe_load((ROOT / "tests/data/contract-schema.yaml").read_text(encoding="utf-8"))
    document = yaml.safe_load((KESTREL / "contract.yaml").read_text(encoding="utf-8"))
    plain = json.loads(json.dumps(document, default=str))

    assert [] == [str(error.message) for error in Draft202012Validator(meta).iter_errors(plain)]


def test_the_docs_count_its_lines():
    """docs/writing-a-provider.md says how many lines each file of the package has."""
    assert counted_lines(KESTREL) == told_lines("A vendor without a library")
