"""What nobody has announced is veiled in every carrier, and what is documented stays."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from functools import cache

import pytest
import secret_carriers
import secret_held_out
from secret_corpus import class_of, found_in

from portraitkit.testing.sanitising.pseudonyms import Pseudonyms
from portraitkit.testing.sanitising.sanitiser import Sanitiser, UnsafeCassetteError

CORPORA = {"written first": secret_carriers, "held out": secret_held_out}
SHARDS = 16
MISSED = {("names", "settings")}
"""Groups and carriers that docs/cassettes.md says are not found: a name that looks like a word."""
REFUSED = {"file name of the standard"}
"""Carriers that cannot be read, so that nothing is written."""

cases = cache(lambda corpus: list(CORPORA[corpus].corpus()))


def clean(cassette, salt=b"s" * 32):
    return Sanitiser(class_of("alltoken").secret_fields, (), Pseudonyms(salt)).clean(cassette)


@pytest.mark.parametrize("corpus", CORPORA)
def test_the_search_sees_what_is_drawn(corpus):
    """Each case holds its secret before cleaning, and there are thousands of them."""
    shown = cases(corpus)[::7]

    assert 2_500 < len(cases(corpus))
    assert [] == [each.name for each in shown if not found_in(each.cassette, each.secrets)]


@pytest.mark.matrix
@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("corpus", CORPORA)
def test_every_kind_is_veiled_in_every_carrier(corpus, shard):
    """Keys, numbers, links, files and names, of which no rule was told beforehand."""
    missed: list[str] = []
    for each in cases(corpus)[shard::SHARDS]:
        try:
            cleaned = clean(each.cassette)
        except UnsafeCassetteError:
            missed += [] if each.carrier in REFUSED else [f"refused: {each.name}"]
            continue
        known = (each.group, each.carrier) in MISSED
        missed += [each.name] if found_in(cleaned, each.secrets) and not known else []

    assert [] == missed


@pytest.mark.matrix
@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("corpus", CORPORA)
def test_cleaning_twice_is_cleaning_once(corpus, shard):
    """What was put in is known as false, without the salt, too."""
    for each in cases(corpus)[shard :: 3 * SHARDS]:
        if each.carrier not in REFUSED:
            cleaned = clean(each.cassette)

            assert cleaned == clean(cleaned, salt=b""), each.name


@pytest.mark.parametrize("corpus", CORPORA)
def test_what_is_documented_stays(corpus):
    """Amounts, words, sentences in several languages, and documented members."""
    changed = [
        what for _, what, given in CORPORA[corpus].kept() if told(given) != told(clean(given))
    ]

    assert [] == changed


def told(cassette):
    """An interaction, its answer's JSON by value, without its length."""
    found = copy.deepcopy(cassette["interactions"][0])
    found["response"]["headers"].pop("Content-Length", None)
    with suppress(ValueError):
        found["response"]["body"] = json.loads(found["response"]["body"]["string"])
    return found


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("手机号13800138000错误", "手机号+999{}错误"),
        ("邮箱mia@films.cn已被注册", "邮箱mail-{}@mail.example已被注册"),
        ("来自85.214.132.117的请求", "来自203.0.113.{}的请求"),
        ("ไม่พบ mia@films.cn ในระบบ", "ไม่พบ mail-{}@mail.example ในระบบ"),
    ],
)
def test_a_text_without_blanks_keeps_its_words(text, cleaned):
    """A value ends where the script does."""
    given = secret_carriers.said("SECRET")(text)
    message = told(clean({"interactions": [given]}))["response"]["body"]["error"]["message"]
    before, _, after = cleaned.partition("{}")

    assert (before, after) == (message[: len(before)], message[len(message) - len(after) :])
    assert text != message
