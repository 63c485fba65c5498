"""Drift: a changed vendor is told in words, a changed value is not."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from portraitkit.testing.__main__ import main
from portraitkit.testing.cassettes import cassettefile
from portraitkit.testing.review.drifting import Kind, compare, endpoint_of, forms_in

ROOT = Path(__file__).parents[2]
VIDEO = ROOT / "cassettes" / "token360" / "documented" / "finished_video.yaml"


@pytest.fixture
def drifted(tmp_path):
    """Change the finished video's answers, and compare."""

    def change(do, before=lambda _: None):
        for name, edit in (("old", before), ("new", do)):
            cassette = copy.deepcopy(cassettefile.load(VIDEO))
            for each in cassette["interactions"]:
                body = cassettefile.json_in(each["response"]["body"]["string"])
                if isinstance(body, dict) and "status" in body:
                    edit(body)
                    each["response"]["body"]["string"] = json.dumps(body)
                else:
                    edit(each)
            cassettefile.save(tmp_path / name / "token360" / "video.yaml", cassette)
        return compare(forms_in([tmp_path / "old"]), forms_in([tmp_path / "new"]))

    return change


def test_the_same_form_with_other_values_is_no_drift(drifted):
    """Ids, times and texts change with every recording; the digest does not."""

    def do(body):
        if "status" in body:
            body.update(id="video_9", created_at=1767329999, prompt="another")

    assert [] == drifted(do)


def only_last(**values):
    def do(body):
        if body.get("status") == "completed":
            body.update(values)

    return do


@pytest.mark.parametrize(
    ("do", "kind", "told"),
    [
        (only_last(fps=24), Kind.ADDED, "added field fps: nothing → whole number"),
        (
            lambda b: b.pop("model", 0),
            Kind.REMOVED,
            "removed field model (video model): text → nothing",
        ),
        (
            only_last(created_at="2026"),
            Kind.TYPE,
            "type change created_at (video created_at): whole number → text or whole number",
        ),
        (
            only_last(status="succeeded"),
            Kind.WORD,
            "nothing → succeeded; portraitkit reads it as UNKNOWN: add it to the adapter's words",
        ),
        (only_last(status="failed"), Kind.WORD, "portraitkit reads it as FAILED"),
        (
            only_last(error={"code": "moderation_blocked"}),
            Kind.CODE,
            "nothing → 200 moderation_blocked",
        ),
    ],
)
def test_each_change_of_form_is_told_in_words(drifted, do, kind, told):
    """What changed, what portraitkit reads there, and what it means."""
    found = drifted(do)

    assert kind in {each.kind for each in found}
    assert any(told in str(each) for each in found), [str(each) for each in found]
    assert {"GET /v1/videos/{id}"} == {each.endpoint for each in found}


def test_a_field_that_was_rare_is_said_to_be(drifted):
    """A member that was there only once may just not have come up."""
    (found,) = drifted(lambda _: None, only_last(rare=1))

    assert (Kind.REMOVED, "it was not always there before") == (found.kind, found.note)


def test_a_new_http_status_is_told(drifted):
    """With the code of its refusal."""

    def do(each):
        if "request" in each and "content" in each["request"]["uri"]:
            each["response"]["status"]["code"] = 429
            each["response"]["body"]["string"] = '{"code": "rate_limit.a1b2c3d4e5f6g7h8"}'

    found = drifted(do)

    assert {Kind.STATUS, Kind.CODE, Kind.ADDED} <= {each.kind for each in found} | {Kind.ADDED}
    assert ["429 rate_limit"] == [each.after for each in found if each.kind is Kind.CODE]


@pytest.mark.parametrize(
    ("method", "uri", "name"),
    [
        ("GET", "https://api.x.ai/v1/videos/video_0001?a=1", "GET /v1/videos/{id}"),
        ("POST", "https://x/?Action=GetAsset&Version=1", "POST /?Action=GetAsset"),
        ("POST", "https://x/v1/seedance2/real-avatar", "POST /v1/seedance2/real-avatar"),
        ("GET", "https://x/v1/tasks/task_01KVIDEO/content", "GET /v1/tasks/{id}/content"),
        ("GET", "https://cdn.x/a.mp4", ""),
    ],
)
def test_an_endpoint_is_named_without_ids(method, uri, name):
    """Whatever the id, it is the same endpoint; a file is none."""
    assert name == endpoint_of({"method": method, "uri": uri})


def test_an_answer_of_200_may_be_a_refusal():
    """A code in `ResponseMetadata.Error` is an error code, whatever HTTP says."""
    forms = forms_in([ROOT / "cassettes" / "alltoken"])

    assert "200 QuotaExceeded" in {code for form in forms.values() for code in form.codes}


def test_the_command_tells_and_exits(drifted, tmp_path, capsys):
    """0 without drift, 1 with, 2 without anything in common; JSON for machines."""
    _ = drifted(only_last(fps=24))
    old, new = str(tmp_path / "old"), str(tmp_path / "new")

    assert 0 == main(["drift", old, old])
    assert "2 endpoints compared: no drift" in capsys.readouterr().out
    assert 1 == main(["drift", old, new])
    assert "2 endpoints compared: 1 added field" in capsys.readouterr().out
    assert 1 == main(["drift", old, new, "--json"])
    told = json.loads(capsys.readouterr().out)
    assert ["added field"] == [each["kind"] for each in told["drifts"]]
    assert [False, True] == sorted(each["old"] == each["new"] for each in told["endpoints"])
    assert 2 == main(["drift", old, str(ROOT / "cassettes" / "xcompute")])
    assert "no endpoint in common" in capsys.readouterr().err


def test_what_is_recorded_anew_or_no_more_is_told_and_is_no_drift(tmp_path, capsys):
    """Another selection of cassettes is not another vendor."""
    whole, part = ROOT / "cassettes" / "token360", VIDEO

    assert 0 == main(["drift", str(whole), str(part)])
    assert "endpoint no longer recorded" in capsys.readouterr().out
    assert 0 == main(["drift", str(part), str(whole)])
    assert "new endpoint" in capsys.readouterr().out


OLD = {
    "ref": "task_01ABCD",
    "created": 1773806400,
    "at": "2026-03-18T03:57:10Z",
    "link": "https://host-aaaaaaaa.example/a.mp4",
    "cost": 5,
}


def pair(tmp_path, answers, sent=({}, {}), headers=({}, {}), elapsed=(1, 1)):
    """Compare two recordings of one endpoint, each of some answers."""
    for side, name in enumerate(("old", "new")):
        interactions = [
            {
                "request": {
                    "method": "POST",
                    "uri": "https://api.token360.ai/v1/videos",
                    "headers": {"Content-Type": ["application/json"]},
                    "body": json.dumps(sent[side]),
                },
                "response": {
                    "status": {"code": 200},
                    "headers": headers[side],
                    "body": {"string": json.dumps(body)},
                },
                "elapsed_s": elapsed[side],
            }
            for body in answers[side]
        ]
        cassettefile.save(tmp_path / name / "token360" / "a.yaml", {"interactions": interactions})
    found = compare(forms_in([tmp_path / "old"]), forms_in([tmp_path / "new"]))
    return [each.told for each in found]


def test_a_field_that_became_optional_is_told_in_percent(tmp_path):
    """Three of four answers have it, where all had it before."""
    without = {key: each for key, each in OLD.items() if key != "cost"}

    assert ["field became optional cost: 100 % → 75 %"] == pair(
        tmp_path, ([OLD] * 4, [OLD, OLD, without, OLD])
    )


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"cost": 5.5}, "type change cost: whole number → number"),
        ({"created": 1773806400123}, "format change created: epoch in s → epoch in ms"),
        (
            {"at": "2026-03-18T11:57:10+08:00"},
            "format change at: date and time, UTC → date and time, offset",
        ),
        ({"at": "2026-03-18T03:57:10"}, "format change at: date and time, UTC → date and time"),
        ({"link": "tos://bucket/a.mp4"}, "format change link: link https://… → link tos://…"),
        (
            {"link": f"https://host-aaaaaaaa.example/a.mp4?sign={'a' * 40}"},
            "format change link: link https://… → link https://…, signed",
        ),
        (
            {"ref": "9f86d081884c7d659a2feaa0c55ad015"},
            "format change ref: id task_…letters → id of hex",
        ),
    ],
)
def test_a_change_of_how_a_value_is_written_is_told(tmp_path, changed, told):
    """What a program parses, whatever the value."""
    (found,) = pair(tmp_path, ([OLD], [OLD | changed]))

    assert told == found


def test_another_value_written_the_same_way_is_no_drift(tmp_path):
    """A later time, another id, another link, and a number that happens to be whole."""
    new = OLD | {"ref": "task_01EFGH", "created": 1773809999, "at": "2026-04-18T03:57:10Z"}

    assert [] == pair(tmp_path, ([OLD | {"cost": 5.5}], [new]))


def test_headers_requests_and_times_are_compared(tmp_path):
    """A header that went, another type, a new member asked for, and three times the time."""
    told = pair(
        tmp_path,
        ([OLD], [OLD]),
        sent=({"model": "a"}, {"model": "a", "fast": True}),
        headers=(
            {"Retry-After": ["1"], "Content-Type": ["application/json"]},
            {"Content-Type": ["application/problem+json; charset=utf-8"]},
        ),
        elapsed=(1, 5),
    )

    assert [
        "header change header content-type: application/json → application/problem+json",
        "header change header retry-after: there → nothing",
        "slower answer: 1 s → 5 s",
        "changed request body.fast: nothing → true or false; added field",
    ] == told


def test_a_report_for_ci_has_a_case_for_each_endpoint(drifted, tmp_path, capsys):
    """JUnit's form: an endpoint that drifted fails, and says how."""
    _ = drifted(only_last(fps=24))
    report = tmp_path / "drift.xml"
    old, new = str(tmp_path / "old"), str(tmp_path / "new")

    assert 1 == main(["drift", old, new, "--junit", str(report)])
    suite = ET.parse(report).getroot()
    assert ("2", "1") == (suite.get("tests"), suite.get("failures"))
    assert ["token360 GET /v1/videos/{id}: added field fps: nothing → whole number"] == [
        each.text for each in suite.iter("failure")
    ]
    assert "  added field fps" in capsys.readouterr().out
