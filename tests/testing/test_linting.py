"""The linter: each rule finds its fault, names the place, and leaves good cassettes alone."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from portraitkit.testing.__main__ import main
from portraitkit.testing.cassettes import cassettefile
from portraitkit.testing.review.linting import Limits, fix, lint, vendor_of
from portraitkit.testing.sanitising.placeholders import drawn

ROOT = Path(__file__).parents[2]
GOOD = ROOT / "cassettes" / "alltoken" / "documented" / "virtual_portrait.yaml"
CONTRACTS = ROOT / "providers"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "cassettes" / "alltoken" / "documented"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def changed(folder):
    """Write the good cassette with one change, and lint it."""

    def change(do=lambda cassette: None, **limits):
        cassette = copy.deepcopy(cassettefile.load(GOOD))
        do(cassette)
        path = folder / "portrait.yaml"
        cassettefile.save(path, cassette)
        return lint([folder], Limits(**{"contracts": CONTRACTS, **limits}))

    return change


def test_all_cassettes_pass():
    """Ours are as we ask of others."""
    found = lint([ROOT / "cassettes"], Limits(tests=ROOT / "tests" / "cassettes"))

    assert [] == [str(each) for each in found]


def test_a_good_cassette_has_no_findings(changed):
    """The change itself makes the finding, not the copy."""
    assert [] == changed()


def set_origin(**values):
    def do(cassette):
        for key, value in values.items():
            if value is None:
                cassette["origin"].pop(key)
            else:
                cassette["origin"][key] = value

    return do


@pytest.mark.parametrize(
    ("do", "problem"),
    [
        (lambda c: c.pop("origin"), "does not say where it comes from"),
        (set_origin(evidence="hearsay"), "its evidence is none of"),
        (set_origin(evidence="recorded"), "the folder says documented"),
        (set_origin(evidence="recorded"), "does not say when it was recorded"),
        (set_origin(sources=None), "it names no source"),
    ],
)
def test_the_origin_is_stated(changed, do, problem):
    """Evidence, source and time: what a reviewer cannot guess."""
    found = [each for each in changed(do) if each.rule == "origin"]

    assert any(problem in each.problem for each in found)
    assert all(each.then for each in found)


def test_a_cassette_of_nobody_is_found(tmp_path):
    """Without a folder or an origin that names the vendor nothing else can be judged."""
    path = tmp_path / "lost.yaml"
    cassettefile.save(path, cassettefile.load(GOOD))

    assert "" == vendor_of(path, cassettefile.load(path))
    assert ["it does not say which vendor answers"] == [each.problem for each in lint([path])]


def in_first(part, **values):
    return lambda cassette: cassette["interactions"][0][part].update(values)


@pytest.mark.parametrize(
    ("do", "problem"),
    [
        (in_first("request", headers={"X-Date": ["20260318T000000Z"]}), "request.headers.X-Date"),
        (in_first("request", headers={"Authorization": ["x"]}), "request.headers.Authorization"),
        (in_first("response", headers={"Set-Cookie": ["a=b"]}), "response.headers.Set-Cookie"),
        (in_first("response", body={"string": '{"k":"sk-vqgh8wkz1394"}'}), "body.string.k"),
        (in_first("response", body={"string": '{"k":"mia@films.cn"}'}), "body.string.k"),
    ],
)
def test_credentials_are_found_in_documented_cassettes_too(changed, do, problem):
    """What is written by hand may hold a key; the finding does not repeat it."""
    found = [each for each in changed(do) if each.rule == "secret"]

    assert [1] == [each.interaction for each in found]
    assert problem in found[0].problem
    assert "vqgh8wkz" not in str(found)
    assert "mia@" not in str(found)


@pytest.mark.parametrize(
    ("drawn_characters", "value"),
    [
        (0, "asset-20260318035710-xxxxx"),
        (2, "ta_0123456789abcdef0123456789abcdef"),
        (0, "20260318035710AABBCCDDEEFF00112233"),
        (0, "token_example"),
        (2, "task_01KREVIEW"),
        (32, "9f86d081884c7d659a2feaa0c55ad015"),
    ],
)
def test_a_made_up_value_is_told_from_one_of_chance(drawn_characters, value):
    """Dates, counted or repeated characters and words are made up."""
    assert drawn_characters == drawn(value)


def test_a_recorded_cassette_that_cannot_be_read_is_a_finding(changed, tmp_path):
    """What the sanitiser refuses, the linter names."""

    def do(cassette):
        cassette["origin"].update(evidence="recorded", recorded_at="2026-03-18")
        cassette["interactions"][0]["response"]["body"]["string"] = b"\x00\xff\xfe"

    found = [each for each in changed(do, contracts=None) if each.rule == "secret"]

    assert any("neither text nor a medium" in each.problem for each in found)


def again(place, times=1):
    def do(cassette):
        found = cassette["interactions"]
        found[place:place] = [copy.deepcopy(found[place]) for _ in range(times)]

    return do


def test_a_final_answer_told_twice_is_idle(changed):
    """The second is replayed by no wait, unless somebody says why."""
    ends = next(
        place
        for place, each in enumerate(cassettefile.load(GOOD)["interactions"])
        if '"Active"' in each["response"]["body"]["string"]
    )

    def with_reason(cassette):
        again(ends)(cassette)
        cassette["interactions"][ends + 1]["why"] = "a test reads it again"

    assert [("idle", ends + 2)] == [(each.rule, each.interaction) for each in changed(again(ends))]
    assert [] == changed(with_reason)


def test_two_waiting_answers_are_enough(changed):
    """A wait goes on after two; the third shows nothing new."""
    waits = next(
        place
        for place, each in enumerate(cassettefile.load(GOOD)["interactions"])
        if '"Processing"' in each["response"]["body"]["string"]
    )

    assert [] == changed(again(waits))
    assert ["idle"] == [each.rule for each in changed(again(waits, 2))]


def test_the_contract_is_the_judge(changed):
    """An answer that no page knows is named with what differs."""

    def do(cassette):
        body = json.loads(cassette["interactions"][0]["response"]["body"]["string"])
        body["Result"]["Id"] = 7
        cassette["interactions"][0]["response"]["body"]["string"] = json.dumps(body)

    (found,) = changed(do)

    assert ("contract", 1) == (found.rule, found.interaction)
    assert "Result.Id" in found.problem


def test_a_missing_contract_is_said(changed, tmp_path):
    """A folder without the vendor's contract judges nothing."""
    (found,) = changed(contracts=tmp_path)

    assert "there is no contract for alltoken" in found.problem


def test_a_cassette_that_no_test_names_is_found(changed, tmp_path):
    """It proves nothing; `--tests` says where tests are."""
    (found,) = changed(tests=tmp_path)

    assert ("played", "play it, or delete it") == (found.rule, found.then)


def test_sizes_have_a_budget(changed):
    """The whole file, and each body."""

    def do(cassette):
        body = json.loads(cassette["interactions"][0]["response"]["body"]["string"])
        body["ResponseMetadata"]["Note"] = "a " * 10_000
        cassette["interactions"][0]["response"]["body"]["string"] = json.dumps(body)

    assert ["size", "size"] == [each.rule for each in changed(do, budget_bytes=16_000)]


def test_another_layout_is_mended(folder):
    """`fix` changes the layout, keeps the head comment as `about`, and is done once."""
    path = folder / "portrait.yaml"
    cassette = cassettefile.load(GOOD)
    del cassette["origin"]["about"]
    text = json.dumps(cassette)
    path.write_text(f"# A portrait.\n{text}", encoding="utf-8")

    assert ["form"] == [each.rule for each in lint([path], Limits(contracts=CONTRACTS))]
    assert (True, False) == (fix(path), fix(path))
    assert [] == lint([path], Limits(contracts=CONTRACTS))
    assert "A portrait." == cassettefile.load(path)["origin"]["about"]
    assert (
        cassette["interactions"][0]["request"]["method"]
        == (cassettefile.load(path)["interactions"][0]["request"]["method"])
    )


@pytest.mark.parametrize("text", ["[", "a: 1", "\x00", "- 1"])
def test_what_is_no_cassette_is_a_finding(folder, text):
    """One broken file does not stop the others."""
    (folder / "broken.yaml").write_text(text, encoding="utf-8")

    assert ["readable"] == [each.rule for each in lint([folder])]


def test_a_report_for_ci_has_a_case_for_each_file(folder, tmp_path):
    """JUnit's form: a file with findings fails, and lists them."""
    cassettefile.save(folder / "good.yaml", cassettefile.load(GOOD))
    (folder / "broken.yaml").write_text("[", encoding="utf-8")
    report = tmp_path / "lint.xml"

    assert 1 == main(["lint", str(folder), "--contracts", str(CONTRACTS), "--junit", str(report)])
    failed = {
        each.get("name"): each.findtext("failure") for each in ET.parse(report).iter("testcase")
    }
    assert [None, True] == [
        text and "readable" in text
        for text in (failed[str(folder / n)] for n in ("good.yaml", "broken.yaml"))
    ]
