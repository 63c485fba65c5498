"""The cassettes' one form on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from vcr.serialize import deserialize
from vcr.serializers import yamlserializer

from portraitkit.testing.cassettes import cassettefile

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def cassette(answer: object = "", **request: object) -> dict:
    return {
        "version": 1,
        "interactions": [
            {
                "response": {"body": {"string": answer}, "status": {"message": "OK", "code": 200}},
                "request": {
                    "method": "GET", "uri": "https://api.example/x", "headers": {}, **request,
                },
            }
        ],
        "origin": {"sources": ["a"], "evidence": "documented"},
    }  # fmt: skip


def answer_in(text: str) -> bytes:
    return deserialize(text, yamlserializer)[1][0]["body"]["string"]


@given(value=st.dictionaries(st.text(), JSON) | st.lists(JSON), ascii_=st.booleans())
def test_any_json_replays_as_the_same_value(value, ascii_):
    """Laid out anew, vcrpy reads the same value."""
    text = cassettefile.dump(cassette(json.dumps(value, ensure_ascii=ascii_)))

    assert value == json.loads(answer_in(text))


@pytest.mark.parametrize("odd", ["\x85", "\u2028", "\u2029", "\r", "\x00", "\x7f", "\ufeff"])
def test_odd_line_breaks_stay_what_they_are(odd):
    """YAML would make one kind of them all, in a JSON body and in a text."""
    value = {f"a{odd}b": f"c\n{odd}"}
    text = f"one\n{odd}two\n"

    given_ = json.dumps(value, ensure_ascii=False)
    assert value == json.loads(answer_in(cassettefile.dump(cassette(given_))))
    assert text.encode() == answer_in(cassettefile.dump(cassette(text)))


@given(body=st.binary() | st.text(st.characters(exclude_categories=["Cs"])))
def test_any_body_replays_byte_for_byte_unless_it_is_json(body):
    """What is no JSON is kept as it is."""
    raw = body.encode() if isinstance(body, str) else body
    text = cassettefile.dump(cassette(body))
    try:
        meant = json.loads(raw)
    except ValueError:
        meant = None

    assert raw == answer_in(text) or meant == json.loads(answer_in(text))


@given(value=st.dictionaries(st.text(), JSON))
def test_the_form_is_stable(value):
    """Written, read and written again it is the same text."""
    text = cassettefile.dump(cassette(json.dumps(value)))

    assert text == cassettefile.dump(yaml.safe_load(text))


def test_numbers_keep_their_digits_and_doubled_members_stay():
    """A vendor's odd JSON is evidence, too."""
    given_ = '{"a":1.50,"b":1E5,"a":12345678901234567890}'

    assert '{\n  "a": 1.50,\n  "b": 1E5,\n  "a": 12345678901234567890\n}' == (
        cassettefile.pretty_json(given_)
    )


@pytest.mark.parametrize("text", ["", "12", '"a"', "{", "[1", "null", "plain"])
def test_only_objects_and_lists_are_laid_out(text):
    """Anything else is left alone."""
    assert cassettefile.pretty_json(text) is None


def test_the_origin_comes_first_and_headers_are_sorted():
    """A reviewer sees first where it comes from."""
    given_ = cassette("{}", headers={"b": "2", "A": ["1"]}, body=b"")
    lines = cassettefile.dump(given_).splitlines()

    assert ["origin:", "  evidence: documented", "  sources:"] == lines[:3]
    assert "version: 1" == lines[-1]
    assert lines.index("      A:") < lines.index("      b:")


def test_a_true_length_stays_true():
    """The layout changes a body's length, and a header may tell it."""
    given_ = cassette()
    given_["interactions"][0]["response"].update(
        body={"string": '{"a":1}'}, headers={"Content-Length": ["7"], "content-length": ["9"]}
    )
    headers = yaml.safe_load(cassettefile.dump(given_))["interactions"][0]["response"]["headers"]

    assert {"Content-Length": ["12"], "content-length": ["9"]} == headers


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    """What cannot be written leaves the old file, and no part of a new one."""
    path = tmp_path / "a.yaml"
    cassettefile.save(path, cassette("{}"))
    before = path.read_text(encoding="utf-8")
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="no space"):
        cassettefile.save(path, cassette("[]"))

    assert before == path.read_text(encoding="utf-8")
    assert [path] == list(tmp_path.iterdir())


def full(*_: object) -> None:
    raise OSError("no space")


def test_json_in_a_text_is_found():
    """Objects and lists; anything else is none."""
    assert {"a": 1} == cassettefile.json_in(' {"a":1}')
    assert [] == cassettefile.json_in("[]")
    assert not [each for each in ("{a", "[" * 9999, "7", 7) if cassettefile.json_in(each)]
