"""A report says what the log says, counts what went wrong, and refuses what it cannot know."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from hashlib import sha256
from importlib.resources import files

import pytest
from folders import PROFILES, SCRIPT, Comparison
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portraitkit.compare import report
from portraitkit.compare.markdown import as_markdown
from portraitkit.compare.pages import as_page
from portraitkit.values.errors import InvalidInputError

NAMES = ("report.json", "report.md", "index.html")
CHART = "87364cc2b2a76a6684929e7d6b80b18a897794db38400caff1fcf1791c6925d2"  # npm's chart.js 4.6.1
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The report of six runs in two sessions."""
    return report.build(Comparison(tmp_path_factory.mktemp("comparison")).write())


def of(rows, profile):
    return next(each for each in rows if each["profile"] == profile)


def scene_of(told, name):
    return next(each for each in told["scenes"] if each["name"] == name)


def difference(told, scene, measure, a, b):
    wanted = {"measure": measure, "a": a, "b": b}
    return next(
        each for each in scene_of(told, scene)["differences"] if wanted.items() <= each.items()
    )


def ranking(told, scene, measure="downloaded"):
    return next(each for each in scene_of(told, scene)["rankings"] if each["measure"] == measure)


def test_latencies_come_out(told):
    """Queue and generating come out as they were made, to ten percent."""
    for profile, (queued, generating, _) in PROFILES.items():
        measures = of(told["profiles"], profile)["measures"]

        assert measures["queued"]["median"] == pytest.approx(queued, rel=0.1)
        assert measures["generating"]["median"] == pytest.approx(generating, rel=0.1)


def test_nothing_is_dropped(told):
    """Refusals, failures and timeouts are counted beside what was delivered, in every scene."""
    for counts in (row["counts"] for scene in told["scenes"] for row in scene["rows"]):
        ends = ("delivered", "refused", "timed_out", "failed", "unfinished")
        assert counts["asked"] == sum(counts[each] for each in ends) == 6

    elm = of(told["profiles"], "elm")["counts"]
    assert (2, 6, 2, 2) == tuple(
        elm[each] for each in ("delivered", "refused", "timed_out", "failed")
    )


def test_run_without_an_end_is_unfinished(tmp_path):
    """A run that a kill stopped is neither delivered nor failed, and no share counts it."""
    comparison = Comparison(tmp_path)
    downloaded = [each for each in comparison.events if each["event"] == "downloaded"]
    last = downloaded[-1]["run"]
    ends = {"finished", "downloaded", "measured", "likeness"}
    comparison.events = [
        each for each in comparison.events if each.get("run") != last or each["event"] not in ends
    ]
    told = report.build(comparison.write())
    run = next(each for each in told["runs"] if each["run"] == last)
    counts = of(told["profiles"], run["profile"])["counts"]

    assert (run["outcome"], counts["unfinished"]) == ("unfinished", 1)
    assert counts["share"]["n"] == counts["asked"] - 1


def test_warm_ups_stand_apart(told):
    """The first run at each profile is in no median, and shown beside them."""
    for each in told["profiles"]:
        assert each["warm_up"]["counts"]["asked"] == 1
        assert each["counts"]["asked"] == 12


def test_registration_is_measured_apart(told):
    """How long a portrait took to register stands beside, and in no time of a video."""
    assert of(told["profiles"], "aster")["registered"]["n"] == 2


def test_registration_that_failed_is_told(tmp_path):
    """A portrait that a vendor did not take is counted, with its code, in data and in text."""
    comparison = Comparison(tmp_path)
    event = next(each for each in comparison.events if each["event"] == "registered")
    event["error"] = {"class": "ContentRejectedError", "code": "FaceTooSmall", "message": "no"}
    told = report.build(comparison.write())

    assert of(told["profiles"], event["profile"])["not_registered"] == 1
    assert "FaceTooSmall" in as_markdown(told)


def test_unfair_rows_are_marked_and_not_compared(told):
    """What was sent something else says what and why, and gets no difference and no rank."""
    (mark,) = of(scene_of(told, "dance")["rows"], "dahlia")["marks"]
    found = difference(told, "dance", "downloaded", "aster", "dahlia")

    assert ("adapted", "resolution", "720p", "480p", 7) == tuple(
        mark[each] for each in ("kind", "field", "asked", "sent", "runs")
    )
    assert "480p only" in mark["why"]
    assert {**found, "verdict": "not_comparable", "fields": ["resolution"]} == found
    assert "difference" not in found
    assert ranking(told, "dance")["apart"] == ["dahlia"]


@pytest.mark.parametrize(
    ("member", "value", "kind"),
    [
        ("model", "seedance-2.0-fast", "model"),
        (
            "adaptations",
            [{"field": "seed", "asked": 7, "sent": None, "why": "no seeds"}],
            "dropped",
        ),
        ("findings", [{"field": "prompt", "message": "longer than 500"}], "finding"),
    ],
)
def test_every_unfairness_is_marked(tmp_path, member, value, kind):
    """Another model, a dropped field and a documented limit each keep a profile from a rank."""
    comparison = Comparison(tmp_path)
    for event in comparison.events:
        if event["event"] == "asked" and event["profile"] == "cedar":
            event[member] = value
    told = report.build(comparison.write())

    assert kind in {each["kind"] for each in of(scene_of(told, "dance")["rows"], "cedar")["marks"]}
    assert "cedar" in ranking(told, "dance")["apart"]


def test_delivered_resolution_is_marked(tmp_path):
    """A vendor that was sent the same but made another resolution is not compared, either."""
    comparison = Comparison(tmp_path)
    for event in comparison.events:
        event.pop("adaptations", None)
    told = report.build(comparison.write())

    (mark,) = of(scene_of(told, "dance")["rows"], "dahlia")["marks"]
    assert ("resolution", "480p") == (mark["kind"], mark["sent"])


def test_another_picture_is_marked(tmp_path):
    """Profiles whose registered picture differs by a byte were not given the same."""
    comparison = Comparison(tmp_path)
    for event in comparison.events:
        if event["event"] == "registered" and event["profile"] == "birch":
            event["sha256"] = "d" * 64
    told = report.build(comparison.write())

    assert "picture" in {
        each["kind"] for each in of(scene_of(told, "dance")["rows"], "birch")["marks"]
    }
    assert difference(told, "dance", "downloaded", "aster", "birch")["verdict"] == "not_comparable"


def test_differences_say_what_can_be_excluded(told):
    """Noise is called noise, with its bounds; what is beyond it has a direction."""
    same = difference(told, "dance", "downloaded", "aster", "birch")
    slower = difference(told, "dance", "downloaded", "aster", "cedar")

    assert same["verdict"] == "inside_the_noise"
    assert same["low"] < 0 < same["high"] < 10
    assert slower["verdict"] == "a_is_lower"
    assert 25 < slower["low"] < slower["high"] < 55


def test_ranks_are_among_equals(told):
    """Two sessions and enough runs are ranked, with those that cannot be told from the best."""
    found = ranking(told, "dance")

    assert found["refused"] is None
    assert {"aster", "birch"} == set(found["leaders"])
    assert found["order"][-1] == "cedar"
    assert found["too_few"] == ["elm"]


@pytest.mark.parametrize(
    ("runs", "sessions", "why"), [(4, 1, "too_few"), (6, 1, "one_session"), (2, 2, "too_few")]
)
def test_ranks_are_refused(tmp_path, runs, sessions, why):
    """Fewer than five runs are too few to rank, and one session is no basis for it."""
    told = report.build(Comparison(tmp_path, runs=runs, sessions=sessions).write())

    for scene in told["scenes"]:
        for found in scene["rankings"]:
            assert (why, [], []) == (found["refused"], found["order"], found["leaders"])


def test_refusals_keep_the_vendors_words(told):
    """Who refuses which scene, with which code and words, and in which runs."""
    (refusal,) = scene_of(told, "harbour")["failures"]

    assert ("elm", "refused", "InputImageSensitive") == (
        refusal["profile"],
        refusal["outcome"],
        refusal["code"],
    )
    assert "may contain a real person" in refusal["vendor_message"]
    assert len(refusal["runs"]) == 6


def test_unpriced_stays_unknown(told):
    """One unpriced run leaves a sum and a cost per second unknown, never zero."""
    cost = of(told["profiles"], "elm")["cost"]

    assert {"known": [], "unpriced": 7} == cost["sums"]["estimated"]
    assert cost["per_usable_s"]["estimated"] is None


def test_cost_is_told_in_three_numbers(told):
    """Estimated, reported and reconciled, as decimals with currency and unit."""
    sums = of(told["profiles"], "birch")["cost"]["sums"]

    assert [{"amount": "1.82", "currency": "USD", "unit": "token"}] == sums["estimated"]["known"]
    assert [{"amount": "1.95", "currency": "USD", "unit": "token"}] == sums["reported"]["known"]
    assert sums["reconciled"] == sums["reported"]


def test_failures_are_paid_in(tmp_path):
    """What a vendor took and did not deliver makes a usable second dearer; a refusal does not."""
    comparison = Comparison(tmp_path)
    for event in comparison.events:
        if event["event"] == "asked" and event["profile"] == "elm":
            event["estimated"] = {"amount": "0.10", "currency": "USD", "unit": "second"}
    cost = of(report.build(comparison.write())["profiles"], "elm")["cost"]

    (known,) = cost["sums"]["reconciled"]["known"]
    assert (
        known["amount"] == "0.7"
    )  # 3 delivered, 2 failed, 2 ran out of time, 6 refused for nothing
    assert cost["per_usable_s"]["reconciled"]["amount"] == "0.046278"


def test_currencies_are_not_mixed(tmp_path):
    """Sums in two currencies stay two sums, and have no cost per second."""
    comparison = Comparison(tmp_path)
    asked = [each for each in comparison.events if each["event"] == "asked"]
    next(each for each in asked if each["profile"] == "aster")["estimated"] = {
        "amount": "3",
        "currency": "",
        "unit": "credit",
    }
    cost = of(report.build(comparison.write())["profiles"], "aster")["cost"]

    assert [("3", ""), ("1.44", "USD")] == [
        (each["amount"], each["currency"]) for each in cost["sums"]["estimated"]["known"]
    ]
    assert cost["per_usable_s"]["estimated"] is None


def test_origin_that_others_tell_is_marked(told):
    """A profile whose files lack what the others' have gets a mark."""
    lacking = {
        (each["profile"], origin["key"])
        for each in told["profiles"]
        for origin in each["origin"]
        if origin["lacks"]
    }

    assert lacking == {("elm", "c2pa"), ("elm", "seed")}


def test_what_was_not_delivered_as_asked_is_counted(told):
    """Each problem of a file once, with the number of runs that had it."""
    row = of(scene_of(told, "dance")["rows"], "cedar")

    assert [{"problem": "no audio", "runs": 7}] == row["problems"]
    assert row["counts"]["with_problems"] == 6


def test_hours_of_the_day(told):
    """Each session's hour has its own medians."""
    assert {9, 12} == {each["hour"] for each in told["hours"]}


def test_unknown_events_and_members_are_passed_over(tmp_path, told):
    """A log of a later version, and one whose last line a kill cut, tells the same."""
    comparison = Comparison(tmp_path)
    comparison.events = [{**each, "later": [1]} for each in comparison.events]
    comparison.events.insert(5, {"event": "weather", "at": "2026-03-02T09:00:00Z", "run": 3})
    known = report.build(comparison.write(tail='{"event": "measured", "run": "s2-'))

    assert known.pop("unread_lines") == 1
    assert {**known, "unread_lines": 0} == told


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_event_stops_a_report(tmp_path, data):
    """Whatever stands in a member of an event, the report, its text and its page are made."""
    comparison = Comparison(tmp_path, runs=1, sessions=1, profiles=("aster", "elm"))
    for _ in range(3):
        event = data.draw(st.sampled_from(comparison.events))
        event[data.draw(st.sampled_from(sorted(event.keys() - {"event"})))] = data.draw(JSON)

    told = report.build(comparison.write())
    assert as_markdown(told)
    assert as_page(told)


@pytest.mark.parametrize("log", [None, "", '{"event": "session", "session": 1}\n', "no JSON\n"])
def test_no_comparison_is_told_so(tmp_path, log):
    """A folder without a log, and a log without a plan, are named."""
    if log is not None:
        (tmp_path / "events.jsonl").write_text(log)

    with pytest.raises(InvalidInputError, match=re.escape(str(tmp_path))):
        report.build(tmp_path)


def test_rebuilt_report_is_equal_to_the_byte(tmp_path):
    """Another process, with other hashes, in another time zone, writes the same three files."""
    report.write(Comparison(tmp_path).write())
    first = {name: (tmp_path / name).read_bytes() for name in NAMES}
    code = f"from portraitkit.compare import report; report.write({str(tmp_path)!r})"
    env = {**os.environ, "PYTHONHASHSEED": "1", "TZ": "Asia/Shanghai", "LC_ALL": "C"}
    subprocess.run([sys.executable, "-c", code], check=True, env=env)

    assert first == {name: (tmp_path / name).read_bytes() for name in NAMES}


def test_words_from_outside_stay_words(tmp_path):
    """No tag, and no Markdown, comes out of a prompt, a vendor's words or a file's origin."""
    told = report.write(Comparison(tmp_path, hostile=True).write())
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    page = (tmp_path / "index.html").read_text(encoding="utf-8")

    assert SCRIPT in told["name"]
    assert not re.search(r"(?<!\\)[<`]", text.replace("`portraitkit compare report FOLDER`", ""))
    assert page.count("</script>") == 4
    assert page.count("<img") == 0


def test_page_carries_its_charts_as_published(tmp_path):
    """The chart library on the page is the published file, which names its version and licence."""
    page = as_page(report.build(Comparison(tmp_path).write()))

    chart = files("portraitkit.compare") / "page" / "chart.umd.min.js"
    assert sha256(chart.read_bytes()).hexdigest() == CHART
    assert "Chart.js v4.6.1" in page
    assert "Released under the MIT License" in page
    assert "unsafe-" not in page
