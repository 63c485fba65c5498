"""A stranger's package: installed into a clean environment, it works with the core as it is."""

from __future__ import annotations

import json
import re
import shutil

import pytest
import yaml
from jsonschema import Draft202012Validator

from example_package import ACME, ROOT, counted_lines, install, own_tests, run, told_lines
from portraitkit.testing.conformance.contract import checks

PRIVATE = re.compile(r"(?:from|import) portraitkit[\w.]*\b_\w+|from portraitkit[\w.]* import _\w+")

MAIN_JOB = """
import json, sys
from pathlib import Path

import portraitkit as pk
from portraitkit.simulators.server import WallClock, serve
from portraitkit.simulators.state import scans_after
from portraitkit.testing import SimAccount, World
from portraitkit_acme.simulator import AcmeSimulator

folder = Path(sys.argv[1])
times = {"review_s": 0.02, "queue_s": 0.02, "render_s": 0.02}
world = World(clock=WallClock(), person=scans_after(0.02), **times)
simulator = AcmeSimulator(world=world)
simulator.add_account(SimAccount(name="us", api_key="", access_key="id-1", secret_key="sh-1"))
quick = {"first_s": 0.05, "step_s": 0.05, "deadline_s": 20}
with serve(simulator) as server:
    settings = {
        "key_id": "id-1",
        "key_secret": "sh-1",
        "pacing": {subject: quick for subject in ("asset", "verification", "video")},
    }
    with pk.connect("acme", base_url=server.url, settings=settings) as client:
        group = client.create_group("Mia")
        asset = client.wait_until_active(client.add_asset(group, folder / "mia.jpg", name="front"))
        check = client.start_verification("Ann")
        person = client.wait_until_verified(check)
        request = pk.VideoRequest(
            prompt="{mia} smiles", media=pk.References(images={"mia": asset}), duration_s=5
        )
        task = client.wait_for_video(client.create_video(request))
        film = client.download_video(task, folder / "mia.mp4")
        print(json.dumps({
            "groups": [each.id for each in client.list_groups()] == [group.id, person.id],
            "asset": asset.uri,
            "code": check.person_code,
            "person": person.kind.name,
            "video": task.status.name,
            "bytes": film.stat().st_size,
        }))
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A new environment with the package installed; its dependencies are this one's."""
    folder = tmp_path_factory.mktemp("stranger")
    return folder, install(ACME, folder)


def test_connecting_finds_a_strangers_adapter(environment):
    """`pk.connect("acme")` goes through the main job, over HTTP, against Acme's simulator."""
    folder, python = environment
    picture = ROOT / "src" / "portraitkit" / "simulators" / "data" / "face.jpg"
    shutil.copy(picture, folder / "mia.jpg")

    told = json.loads(run(python, "-I", "-c", MAIN_JOB, folder))

    assert told.pop("asset").startswith("asset://urn:acme:face:")
    assert re.fullmatch(r"[0-9A-F]{4}-[0-9A-F]{4}", told.pop("code"))
    assert told.pop("bytes") > 1000
    assert {"groups": True, "person": "REAL_PERSON", "video": "SUCCEEDED"} == told


def test_a_stranger_passes_the_conformance_suite(environment):
    """Every check is run in the stranger's own environment, and passes."""
    folder, python = environment

    told = own_tests(python, folder)

    assert f"{len(checks()) - 3} passed, 3 skipped" in told
    assert "checks that had nothing to check: 3" in told


STRANGERS_TEST = """
import portraitkit as pk
import pytest

@pytest.mark.portrait_simulator("acme")
def test_films(portrait_simulator):
    with pk.connect() as client:
        task = client.create_video(pk.VideoRequest(prompt="a smile"))
        assert client.wait_for_video(task).status is pk.VideoStatus.SUCCEEDED
    assert portrait_simulator.billed == {"video": 1}
"""
SERVED = """
import threading
from portraitkit.simulators.__main__ import main
done = threading.Event()
done.set()
main(["acme", "--port", "0"], until=done)
"""


def test_a_strangers_simulator_is_reached_by_marker_and_command(environment, tmp_path):
    """The entry point of the package is enough for `portrait_simulator` and the command."""
    _, python = environment
    (tmp_path / "test_ours.py").write_text(STRANGERS_TEST, encoding="utf-8")

    told = run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path, cwd=tmp_path)
    served = run(python, "-c", SERVED)

    assert "1 passed" in told
    assert 'provider = "acme"' in served
    assert 'key_id = "env:SIMULATED_KEY_ID"' in served


def test_a_stranger_needs_nothing_private():
    """The package imports public modules and names alone."""
    for path in ACME.rglob("*.py"):
        assert [] == PRIVATE.findall(path.read_text(encoding="utf-8")), path


def test_a_stranger_is_not_installed_here():
    """The core knows nothing of it: neither its code nor its project names Acme."""
    told = (ROOT / "pyproject.toml").read_text(encoding="utf-8")

    assert "acme" not in told.lower()
    for path in (ROOT / "src").rglob("*.py"):
        assert "portraitkit_acme" not in path.read_text(encoding="utf-8"), path


def test_the_strangers_contract_is_well_formed():
    """It has the form that all contracts have."""
    meta = yaml.safe_load((ROOT / "tests/data/contract-schema.yaml").read_text(encoding="utf-8"))
    document = yaml.safe_load((ACME / "contract.yaml").read_text(encoding="utf-8"))
    plain = json.loads(json.dumps(document, default=str))

    found = [str(error.message) for error in Draft202012Validator(meta).iter_errors(plain)]

    assert [] == found


def test_the_docs_count_its_lines():
    """docs/writing-a-provider.md says how many lines each file of the package has."""
    assert counted_lines(ACME) == told_lines("A whole package")


def test_the_docs_count_the_shortest_adapters():
    """So it does for the built-in adapters that are little more than their dialect."""
    page = (ROOT / "docs" / "writing-a-provider.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `(\w+\.py)` \| (\d+) \|", page, re.MULTILINE))
    folder = ROOT / "src" / "portraitkit" / "providers"
    counted = {
        name: len((folder / name).read_text(encoding="utf-8").splitlines())
        for name in ("volcengine.py", "byteplus.py", "xcompute.py", "apimart.py")
    }

    assert counted == {name: int(count) for name, count in told.items()}
