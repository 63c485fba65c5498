"""A comparison: every run once, whatever happens; nothing paid twice, nothing lost."""

from __future__ import annotations

import json
import runpy
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

import portraitkit as pk
from accounts import answer
from portraitkit.compare import comparison
from portraitkit.compare.log import Folder
from portraitkit.compare.measuring import measure_all, not_as_asked
from portraitkit.compare.plan import EXAMPLE, Plan, Scene, read_plan
from portraitkit.compare.prices import Purse
from portraitkit.compare.running import schedule
from portraitkit.config import simulating
from portraitkit.providers.registry import provider_class
from portraitkit.testing import cassette
from portraitkit.values.prices import Money, Price, estimate
from vendors import FACE

FAST = 200.0
PROFILES = ("alltoken", "token360", "xcompute")


@pytest.fixture
def measured(monkeypatch):
    """Have the videos looked at: faces take seconds."""
    monkeypatch.setattr(comparison, "measure_all", measure_all)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder with a picture; accounts without what other tests made; nothing measured."""
    monkeypatch.setattr(comparison, "measure_all", lambda *_: None)
    monkeypatch.chdir(tmp_path)
    simulating._simulation.cache_clear()
    (tmp_path / "mia.jpg").write_bytes(FACE)
    return tmp_path


def plan(**changes):
    dance = Scene(
        prompt="{mia} dances",
        portraits={"mia": "mia.jpg"},
        parameters={"resolution": "720p", "duration_s": 5, "ratio": "16:9"},
    )
    walk = Scene(prompt="she walks", first_frame="mia.jpg")
    return Plan(
        **{"profiles": PROFILES, "scenes": {"dance": dance, "walk": walk}, "runs": 2, **changes}
    )


def compare(made, path, **options):
    return comparison.compare(made, path, simulated=FAST, **options).folder


def world(profile):
    return simulating.simulation(provider_class(profile), FAST)._simulator.world


def billed():
    return {each: len(world(each).videos) for each in PROFILES}


def of(kept, event):
    return [each for each in kept.events() if each["event"] == event]


@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 6), st.integers())
def test_every_run_stands_in_the_order_once(profiles, scenes, runs, seed):
    """Warm-ups first, then every scene at every profile so often, in an order of its seed."""
    made = plan(
        profiles=tuple(f"p{each}" for each in range(profiles)),
        scenes={f"s{each}": Scene(prompt="x") for each in range(scenes)},
        runs=runs,
        seed=seed,
    )
    order = list(schedule(made, 1))

    assert order == list(schedule(made, 1))
    assert len({each.id for each in order}) == len(order) == profiles * (scenes * runs + 1)
    assert [0] * profiles == [each.number for each in order[:profiles]]
    assert {runs} == set(Counter((r.scene, r.profile) for r in order[profiles:]).values())


def test_every_video_is_measured_once(folder, measured):
    """What is in the file, and what differs from what was asked; the same command adds nothing."""
    scenes = {"dance": plan().scenes["dance"]}
    small = plan(profiles=("alltoken",), scenes=scenes, runs=1)
    kept = compare(small, folder / "c")
    compare(small, folder / "c")

    assert ["s1-dance-alltoken-0", "s1-dance-alltoken-1"] == [
        e["run"] for e in of(kept, "measured")
    ]
    assert "asked for 720p, and delivered 640x360" in of(kept, "measured")[0]["problems"]
    assert 640 == of(kept, "measured")[0]["delivered"]["width"]


def test_a_file_that_is_no_video_fails_its_run_alone(folder):
    """The others are measured, and the error names the file."""
    small = plan(profiles=("alltoken",), scenes={"dance": plan().scenes["dance"]}, runs=1)
    kept = compare(small, folder / "c")
    (kept.videos / "s1-dance-alltoken-1.mp4").write_text("<html>busy</html>")
    measure_all(kept, small)
    (failed,) = of(kept, "failed")

    assert ("s1-dance-alltoken-1", "measure") == (failed["run"], failed["stage"])
    assert "s1-dance-alltoken-1.mp4" in failed["error"]["message"]
    assert ["s1-dance-alltoken-0"] == [each["run"] for each in of(kept, "measured")]


def test_a_comparison_is_a_folder_and_asked_again_it_does_nothing(folder):
    """Each run is asked for, created, waited for and saved; the same command adds nothing."""
    kept = compare(plan(), folder / "c")
    before = (folder / "c" / "events.jsonl").read_text()

    assert dict.fromkeys(PROFILES, 5) == billed()
    for event in ("asked", "created", "finished", "downloaded"):
        assert 15 == len(of(kept, event)), event
    assert 3 == len(of(kept, "registered"))
    assert not of(kept, "failed")
    assert all((folder / "c" / each["file"]).stat().st_size for each in of(kept, "downloaded"))
    compare(plan(), folder / "c")
    assert before == (folder / "c" / "events.jsonl").read_text()
    compare(plan(), folder / "c", session=2)
    assert dict.fromkeys(PROFILES, 10) == billed()


@pytest.mark.parametrize("kill_at", range(2, 40, 5))
def test_killed_anywhere_and_run_again_the_bill_is_the_same(folder, monkeypatch, kill_at):
    """A video that was paid for is waited for; the log goes on where it was cut."""
    note, counted = Folder.note, []

    def killing(self, event, **members):
        counted.append(event)
        if len(counted) >= kill_at:
            raise KeyboardInterrupt
        note(self, event, **members)

    small = plan(profiles=("alltoken", "token360"))
    with monkeypatch.context() as patch:
        patch.setattr(Folder, "note", killing)
        with pytest.raises(KeyboardInterrupt):
            compare(small, folder / "c")
    with (folder / "c" / "events.jsonl").open("a") as log:
        log.write('{"at": "2026-01-01T00:00:00+00:00", "event": "crea')
    kept = compare(small, folder / "c")

    assert {"alltoken": 5, "token360": 5, "xcompute": 0} == billed()
    assert 10 == len(of(kept, "downloaded"))
    for line in (folder / "c" / "events.jsonl").read_text().splitlines():
        assert json.loads(line)["event"]


def test_one_vendors_failures_stay_its_own_and_are_counted(folder):
    """A refusal and a failed job end their run alone, with the vendor's words."""
    world("token360").fail_videos["walks"] = ("OutputVideoSensitiveContentDetected", "not so")
    kept = compare(plan(), folder / "c")
    failed = of(kept, "failed")

    assert {"token360"} == {each["profile"] for each in failed}
    assert {("wait", "VideoFailedError")} == {(e["stage"], e["error"]["class"]) for e in failed}
    assert "not so" in str(failed)
    assert 13 == len(of(kept, "downloaded"))


def test_the_budget_is_not_overspent_by_profiles_at_once(folder):
    """Reserved before a create, over all threads and after a restart; the rest is told."""
    price = {"unit": "second", "source": "made up"}
    prices = [Price(profile=each, cost=Money.read("0.10 USD"), **price) for each in PROFILES]
    scenes = {"dance": plan().scenes["dance"]}
    few = plan(prices=tuple(prices), budget=Money.read("2 USD"), scenes=scenes)
    kept = compare(few, folder / "c")

    assert 4 == sum(billed().values()) == len(of(kept, "created"))
    assert {"BudgetError"} == {each["error"]["class"] for each in of(kept, "failed")}
    assert {"0.50"} == {each["estimated"]["amount"] for each in of(kept, "asked")}
    more = evolve(few, budget=Money.read("4.50 USD"))
    kept = compare(more, folder / "c")
    assert 9 == sum(billed().values()) == len(of(kept, "created")), "with more money it goes on"


def test_no_other_profile_stands_in_for_one_that_has_no_capacity(folder):
    """A profile's failover is left out: its video would be another vendor's. Simulated is said."""
    (folder / "portraitkit.toml").write_text(
        f'[profiles.first]\nprovider = "alltoken"\nsimulated = {FAST}\nfailover = ["second"]\n'
        f'[profiles.second]\nprovider = "token360"\nsimulated = {FAST}\n'
    )
    busy = answer(429, "TooManyRequests", **{"retry-after": "500"})
    for _ in range(2):
        simulating.simulation(provider_class("alltoken"), FAST)._simulator.answer_next(
            busy, lambda request: request.method == "POST" and "video" in request.url
        )
    scenes = {"sea": Scene(prompt="a quiet sea")}
    made = comparison.compare(plan(profiles=("first",), scenes=scenes, runs=1), folder / "c")

    assert of(made.folder, "opened")[0]["simulated"] is True
    assert {"RateLimitedError"} == {e["error"]["class"] for e in of(made.folder, "failed")}
    assert 0 == sum(billed().values())


@pytest.mark.parametrize(
    ("asked", "delivered", "told"),
    [
        (
            {"resolution": "720p"},
            {"width": 864, "height": 496},
            ["asked for 720p, and delivered 864x496"],
        ),
        ({"resolution": "480p", "ratio": "16:9"}, {"width": 864, "height": 496}, []),
        ({"ratio": "9:16"}, {}, ["asked for 9:16, and delivered 1280x720"]),
        ({"duration_s": 5}, {"duration_s": 4.0}, ["asked for 5 s, and delivered 4.0 s"]),
        ({"duration_s": -1}, {}, []),
        ({"generate_audio": True}, {"audio": False}, ["asked for sound, and delivered none"]),
        ({}, {}, []),
    ],
)
def test_what_was_delivered_is_compared_with_what_was_asked(asked, delivered, told):
    """Size, shape, length and sound; what is not asked for is not judged."""
    found = {"width": 1280, "height": 720, "duration_s": 5.0, "audio": True, **delivered}
    scene = Scene(prompt="x", parameters=asked)

    assert told == list(not_as_asked(scene, SimpleNamespace(**found)))


def test_what_has_no_price_is_not_sent_under_a_budget():
    """Unknown is never zero."""
    request = pk.VideoRequest(prompt="x", duration_s=5, resolution="720p", ratio="16:9")
    tokens = Price(profile="p", cost=Money.read("0.01 USD"), unit="token", source="made up")

    assert estimate(None, request) is None
    assert Money.read("1.08900 USD") == estimate(tokens, request)
    assert estimate(tokens, pk.VideoRequest(prompt="x")) is None
    with pytest.raises(pk.PortraitError, match="no price"):
        Purse(Money.read("1 USD"), allow_unpriced=False).reserve(None)
    Purse(Money.read("1 USD"), allow_unpriced=True).reserve(None)


def test_the_example_is_a_plan_and_a_plan_comes_back(folder):
    """What `init` writes is read; what is frozen is the same."""
    (folder / "plan.toml").write_text(EXAMPLE)
    read = read_plan("plan.toml")

    assert read == Plan.from_dict(json.loads(json.dumps(read.to_dict())))
    assert str(folder / "mia.jpg") == read.scenes["dance"].portraits["mia"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('name = "spring"', 'nmae = "x"', "unknown key 'nmae'"),
        ('portraits = { mia = "mia.jpg" }', 'portraits = { mia = "no.jpg" }', "cannot read"),
        ("resolution", "resolutoin", "unknown key 'resolutoin'"),
        ("runs = 5", "runs = 0", "runs has to be"),
        ("duration_s = 5", 'duration_s = "5"', "duration_s"),
        ('profiles = ["alltoken", "token360"]', "profiles = []", "profiles is empty"),
        ("[scenes.dance]", "[scenes", "cannot be read"),
        ('# budget = "20 USD"', 'budget = "20"', "is no amount"),
        ("{mia} dances", "{leo} dances", "plan.toml"),
    ],
)
def test_a_plan_that_cannot_be_run_is_told_before_anything_is_sent(folder, old, new, problem):
    """Each mistake names the file, the place and what would be right."""
    (folder / "plan.toml").write_text(EXAMPLE.replace(old, new))
    with pytest.raises(pk.PortraitError, match=problem):
        read = read_plan("plan.toml")
        compare(read, folder / "c")
        raise AssertionError(sum(billed().values()))
    assert not Path("c").exists() or 0 == sum(billed().values())


def test_another_plan_does_not_go_into_the_same_folder(folder):
    """Two comparisons in one log would be none."""
    compare(plan(scenes={"walk": plan().scenes["walk"]}), folder / "c")
    with pytest.raises(pk.ConfigError, match="another plan"):
        compare(plan(), folder / "c")
    with pytest.raises(pk.ConfigError, match="no comparison"):
        Folder(folder / "nothing").plan()


def test_a_plan_is_played_from_cassettes(folder):
    """Recorded once, it runs without a vendor; what a cassette lacks is told with its file."""
    (folder / "cassettes").mkdir()
    path = folder / "cassettes" / "alltoken"
    small = plan(profiles=("alltoken",), scenes={"dance": plan().scenes["dance"]}, runs=1)
    with cassette(path, record="once", profile="simulator:alltoken"):
        comparison.compare(small, folder / "recorded")
    (folder / "portraits.db").unlink(missing_ok=True)
    kept = comparison.compare(small, folder / "c", cassettes=path.parent).folder

    assert 2 == len(of(kept, "downloaded"))
    assert of(kept, "opened")[0]["replayed"] is True
    assert 0 == sum(billed().values())
    with pytest.raises(pk.ConfigError, match="alltoken"):
        comparison.compare(plan(profiles=("alltoken",)), folder / "more", cassettes=path.parent)
    with pytest.raises(pk.PortraitError, match=r"token360\.portrait\.yaml"):
        comparison.compare(plan(profiles=("token360",)), folder / "d", cassettes=path.parent)


@pytest.mark.parametrize("package", ["av", "numpy", "PIL", "scipy"])
def test_what_a_report_needs_is_asked_for_before_anything_is_sent(folder, monkeypatch, package):
    """The extra is named, and no vendor was asked."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(pk.ConfigError, match=r"pip install 'portraitkit\[compare\]'"):
        compare(plan(), folder / "c")
    assert 0 == sum(billed().values())
    assert not (folder / "c").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("event", ["asked", "created", "finished", "downloaded"])
def test_a_full_disk_ends_it_and_nothing_is_lost(folder, monkeypatch, event):
    """It is said; with room again, the same command goes on at the same bill."""
    small = plan(profiles=("alltoken",), scenes={"dance": plan().scenes["dance"]}, runs=1)
    note = Folder.note

    def filling(self, name, **members):
        if name == event:
            self._events = Path("/dev/full")
        note(self, name, **members)

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "note", filling)
        with pytest.raises(pk.InvalidInputError, match="cannot be written: No space left"):
            compare(small, folder / "c")
    kept = compare(small, folder / "c")

    assert 2 == len(world("alltoken").videos) == len(of(kept, "downloaded"))


def test_a_video_that_could_not_be_saved_is_fetched_by_the_same_command(folder, monkeypatch):
    """A download that failed is no end: the video was paid for."""
    small = plan(profiles=("alltoken",), scenes={"dance": plan().scenes["dance"]}, runs=1)

    def no_room(*_, **__):
        raise pk.ConnectionFailedError("cut")

    with monkeypatch.context() as patch:
        patch.setattr(pk.Client, "download_video", no_room)
        kept = compare(small, folder / "c")
        assert {"download"} == {each["stage"] for each in of(kept, "failed")}
    kept = compare(small, folder / "c")

    assert 2 == len(of(kept, "downloaded")) == len(world("alltoken").videos)


def test_the_bill_settles_at_what_was_taken():
    """What a run took stands in the place of its estimate, also beyond it."""
    purse = Purse(Money.read("10 USD"), allow_unpriced=False)
    purse.reserve(Money.read("6 USD"))
    purse.settle(Money.read("6 USD"), Money.read("3 USD"))
    purse.reserve(Money.read("7 USD"))
    with pytest.raises(pk.PortraitError, match="10 of 10 is spent"):
        purse.reserve(Money.read("1 USD"))


def test_a_vendor_that_never_ends_is_left_and_taken_up_again(folder):
    """A timeout ends its run alone; the same command looks again, and pays nothing twice."""
    (folder / "portraitkit.toml").write_text(
        f'[profiles.slow]\nprovider = "token360"\nsimulated = {FAST}\n'
        "[profiles.slow.pacing]\nvideo = { deadline_s = 60 }\n"
        f'[profiles.good]\nprovider = "alltoken"\nsimulated = {FAST}\n'
    )
    world("token360").render_s = 1e6
    scenes = {"sea": Scene(prompt="a quiet sea")}
    small = plan(profiles=("slow", "good"), scenes=scenes, runs=1)
    kept = comparison.compare(small, folder / "c").folder
    failed = of(kept, "failed")

    assert [("slow", "WaitTimeoutError")] * 2 == [
        (each["profile"], each["error"]["class"]) for each in failed
    ]
    for video in world("token360").videos.values():
        video.ended_at = video.started_at
    comparison.compare(small, folder / "c")
    assert 4 == len(of(kept, "downloaded"))
    assert 2 == len(world("token360").videos)


def test_a_profile_without_a_key_is_told_before_anything_is_sent(folder):
    """The profile and the key are named."""
    (folder / "portraitkit.toml").write_text(
        f'[profiles.alltoken]\nsimulated = {FAST}\n[profiles.token360]\napi_key = "env:NO_SUCH"\n'
    )
    with pytest.raises(pk.ConfigError, match="token360.*NO_SUCH"):
        comparison.compare(plan(profiles=("alltoken", "token360")), folder / "c")
    assert 0 == sum(billed().values())
    made = comparison.compare(plan(profiles=("alltoken", "token360")), folder / "c", simulated=FAST)
    assert made.report()["simulated"], "with the key, the same folder is begun as it should be"


def test_a_folder_that_cannot_be_written_is_told(folder):
    """It is named, and nothing is sent."""
    (folder / "c").write_text("a file")
    with pytest.raises(pk.InvalidInputError, match="c' cannot be written"):
        compare(plan(), folder / "c")
    assert 0 == sum(billed().values())


def test_the_example_makes_its_report(tmp_path, monkeypatch, capsys):
    """What `make compare-demo` runs, with fewer runs of shorter films."""
    example = runpy.run_path(str(Path(__file__).parents[2] / "examples" / "compare_vendors.py"))
    settings = example["main"].__globals__
    short = {"SPEED": 400.0, "RATE": 4, "PLAN": settings["PLAN"].replace("runs = 3", "runs = 1")}
    for name, value in short.items():
        monkeypatch.setitem(settings, name, value)
    page = example["main"](tmp_path / "c")

    shown = page.read_text("utf-8")
    assert all(profile in shown for profile in settings["PROFILES"])
    assert "face-drifts" in capsys.readouterr().out
