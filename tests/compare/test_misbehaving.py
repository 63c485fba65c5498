"""What simulators are told to do comes out in the report: latencies, sizes, sound, faces, bills."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from clips import write_clip
from portraitkit.compare import comparison
from portraitkit.compare.plan import Plan, Scene
from portraitkit.config import simulating
from portraitkit.providers.registry import provider_class
from portraitkit.values.prices import Money, Price
from vendors import FACE

SPEED = 200.0
LOOK_S = 10
"""The longest time between two looks at a video of these lengths, at any of these vendors."""
WHO = ("alltoken", "volcengine", "byteplus", "apimart", "token360")
ASKED = {"resolution": "720p", "duration_s": 4, "ratio": "16:9", "generate_audio": True}


def film(path, size=(1280, 720), *, sound=-20, face=True):
    """The registered face before a wall, for as long as was asked; or the wall alone."""
    wall = Image.new("RGB", size, "#dbe9ec")
    if face:
        with Image.open(io.BytesIO(FACE)) as picture:
            wall.paste(picture.resize((size[1] * 4 // 5, size[1])), (size[0] // 3, 0))
    return write_clip(path, [wall] * 16, rate=4, loudness_db=sound).read_bytes()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """One vendor as it should be, and four that are not."""
    simulating._simulation.cache_clear()
    folder = tmp_path_factory.mktemp("misbehaving")
    (folder / "mia.jpg").write_bytes(FACE)
    knobs = {
        "alltoken": {"film": film(folder / "good.mp4"), "queue_s": 20, "picture": FACE},
        "volcengine": {"film": film(folder / "small.mp4", (864, 496)), "picture": FACE[:-2]},
        "byteplus": {"film": film(folder / "silent.mp4", sound=None)},
        "apimart": {"film": film(folder / "good2.mp4"), "fail_every": 3},
        "token360": {"film": film(folder / "other.mp4", face=False), "render_s": 80},
    }
    for vendor, values in knobs.items():
        for knob, value in values.items():
            setattr(simulating.simulation(provider_class(vendor), SPEED).world, knob, value)
    scene = Scene(
        prompt="{mia} waits", portraits={"mia": str(folder / "mia.jpg")}, parameters=ASKED
    )
    cost = {"cost": Money.read("1 USD"), "unit": "token", "source": "made up"}
    prices = (Price(profile="alltoken", **cost),)
    plan = Plan(profiles=WHO, scenes={"wait": scene}, runs=3, prices=prices)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        report = comparison.compare(plan, folder / "c", simulated=SPEED).report()
    return {row["profile"]: row for row in report["scenes"][0]["rows"]}, report


def problems(row):
    return {each["problem"] for each in row["problems"]}


def test_each_misbehaviour_is_found_where_it_is(made):
    """480p for 720p, no sound, every third job failed, no face; and nothing at the good one."""
    rows, report = made
    face = {who: rows[who]["measures"].get("likeness_median") for who in WHO}

    assert set() == problems(rows["alltoken"])
    assert {"asked for 720p, and delivered 864x496"} == problems(rows["volcengine"])
    assert {"asked for sound, and delivered none"} == problems(rows["byteplus"])
    assert (1, 2) == tuple(rows["apimart"]["counts"][each] for each in ("failed", "delivered"))
    assert ["VideoFailedError"] == [each["class"] for each in report["scenes"][0]["failures"]]
    assert face["alltoken"]["median"] < 0.3
    assert face["token360"] is None
    assert 1 == rows["token360"]["measures"]["faceless_share"]["median"]


@pytest.mark.parametrize(
    ("who", "total_s"), [("alltoken", 60), ("volcengine", 45), ("byteplus", 45), ("token360", 85)]
)
def test_known_latencies_come_out_within_a_look(made, who, total_s):
    """What the vendor took, and no more than the time until it was looked at again."""
    seconds = made[0][who]["measures"]["finished"]["median"]

    assert total_s <= seconds <= total_s + 2 * LOOK_S


def test_requests_and_bytes_are_told_for_each_run(made):
    """A create and its looks, without what registering took."""
    _, report = made
    for run in report["runs"]:
        row = run["measures"]
        assert row["requests"] >= 3
        assert row["received"] > 100


def test_a_stored_copy_is_told_apart_from_the_picture(made):
    """The same file, another one with its size, or none given back; and never its link."""
    _, report = made
    stored = {each["profile"]: each["stored"] for each in report["registrations"]}

    assert stored["alltoken"]["same"] is True
    assert stored["volcengine"]["same"] is False
    assert len(FACE) - 2 == stored["volcengine"]["bytes"]
    assert stored["apimart"] is None
    assert "Signature" not in str(report)


def test_tokens_are_reported_and_reconciled_at_the_users_price(made):
    """Without a price they stay tokens; a vendor that tells nothing is not made up for."""
    _, report = made
    sums = {each["profile"]: each["cost"]["sums"] for each in report["profiles"]}
    (tokens,) = sums["alltoken"]["reported"]["known"]
    (money,) = sums["alltoken"]["reconciled"]["known"]

    assert ("", "token") == (tokens["currency"], tokens["unit"])
    assert float(money["amount"]) == pytest.approx(float(tokens["amount"]) / 1000)
    assert 4 == sums["volcengine"]["reconciled"]["unpriced"]
    assert 4 == sums["token360"]["reported"]["unpriced"]
