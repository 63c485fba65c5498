"""Drift: a changed vendor is told in words, a changed value is not."""

from __future__ import annotations

import copy
import json
from pathlib import Path

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
        (only_last(fps=24), Kind.ADDED, "added field fps: nothing → number"),
        (
            lambda b: b.pop("model", 0),
            Kind.REMOVED,
            "removed field model (video model): text → nothing",
        ),
        (
            only_last(created_at="2026"),
            Kind.TYPE,
            "type change created_at (video created_at): number → number or text",
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
