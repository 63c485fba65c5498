"""Reasons in any form, words in any spelling: what vendors and the relays before them write."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from json_cases import json_values
from portraitkit.values.statuses import AssetStatus, VerificationStatus, VideoStatus
from portraitkit.wire.reasons import Reason, bounded, error_in, reason_in, reason_of
from portraitkit.wire.synonyms import meant_by

UPSTREAM = {"error": {"code": "X.Y", "message": "deep", "type": "BadRequest"}}
TEXT = json.dumps(UPSTREAM)


@pytest.mark.parametrize(
    ("body", "codes", "message"),
    [
        ({"code": "busy", "message": "no", "data": None}, ("busy",), "no"),
        ({"error": "no"}, (), "no"),
        ({"error": {"message": "no", "type": "t", "code": "c"}}, ("c", "t"), "no"),
        ({"detail": "no"}, (), "no"),
        ({"detail": [{"loc": ["body", "x"], "msg": "no", "type": "t"}]}, ("t",), "body.x: no"),
        ({"errors": [{"message": "a"}, "b"]}, (), "a; b"),
        ({"msg": "no", "serviceCode": "S"}, ("S",), "no"),
        ({"ResponseMetadata": {"Error": {"Code": "C", "Message": "no"}}}, ("C",), "no"),
        ({"code": 200, "data": {"error": "no"}}, (), "no"),
        ({"code": "relay", "message": TEXT}, ("X.Y", "BadRequest", "relay"), "deep"),
        ({"message": f"status 400, body: {TEXT}"}, ("X.Y", "BadRequest"), "deep"),
        ({"message": f"upstream: {json.dumps(TEXT)}"}, ("X.Y", "BadRequest"), "deep"),
        ({"message": json.dumps({"detail": TEXT})}, ("X.Y", "BadRequest"), "deep"),
        ({"message": 'ratio is none of ["16:9"]'}, (), 'ratio is none of ["16:9"]'),
        ({"error": {"code": "", "message": ""}}, (), ""),
        ({"code": 0, "msg": "success"}, (), ""),
        (None, (), ""),
    ],
)
def test_a_refusals_reason_is_found_in_any_form(body, codes, message):
    """Codes come innermost first, and the innermost text is the message."""
    assert Reason(codes, message) == reason_in(body)


@pytest.mark.parametrize(
    "member",
    [
        "fail_reason",
        "FailedReason",
        "failure_reason",
        "failReason",
        "reason",
        "msg",
        "message",
        "errorMessage",
        "error_msg",
        "error",
        "detail",
    ],
)
def test_a_failed_things_reason_may_stand_beside_its_status(member):
    """Whatever the member is called; the thing's own `code` and `type` are no reason."""
    thing = {"id": "v", "status": "failed", "code": "v-1", "type": "video", member: "too dark"}

    assert Reason((), "too dark") == reason_of(thing)


def test_only_an_error_is_one():
    """Beside a word that nobody knows, a text is no error, nor is a link where a reason stands."""
    assert not error_in({"status": "odd", "message": "in a queue"})
    assert not error_in({"status": "odd", "fail_reason": "https://x.example/v.mp4"})
    assert "no" == error_in({"status": "odd", "fail_reason": "no"}).message


def test_a_long_text_is_cut_where_no_secret_can_be():
    """Half of a key would be masked by nobody, so that none is cut through."""
    assert "short" == bounded("short")
    assert "a b …" == bounded("a b " + "k" * 2000)
    assert "…" == bounded("k" * 2000)


@given(json_values())
def test_any_answer_has_a_reason_or_none(body):
    """Reading raises nothing, however the answer is nested."""
    found = [read(body) for read in (reason_in, reason_of, error_in)]

    assert all(len(each.message) <= 1001 for each in found)


@pytest.mark.parametrize(
    ("kind", "word", "meaning"),
    [
        (VideoStatus, "SUCCESS", "SUCCEEDED"),
        (VideoStatus, "FAILURE", "FAILED"),
        (VideoStatus, "canceled", "CANCELLED"),
        (VideoStatus, "NOT_START", "QUEUED"),
        (VideoStatus, "in-progress", "RUNNING"),
        (VideoStatus, "timed out", "EXPIRED"),
        (VideoStatus, "unknown", None),
        (AssetStatus, "Rejected", "FAILED"),
        (AssetStatus, "inactive", "FAILED"),
        (AssetStatus, "completed", "ACTIVE"),
        (VerificationStatus, "completed", None),
        (VerificationStatus, "verified", "VERIFIED"),
        (VideoStatus, ["success"], None),
    ],
)
def test_a_word_means_the_same_in_any_spelling(kind, word, meaning):
    """A face check alone is done only where the very word says so."""
    assert (kind[meaning] if meaning else None) is meant_by(kind, word)
