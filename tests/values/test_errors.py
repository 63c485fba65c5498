"""Errors: one tree, messages that say what to do, and nothing secret in them."""

from __future__ import annotations

import copy
import json
import pickle
import re
import traceback
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portraitkit.values import errors
from portraitkit.values.errors import NotFoundError, PortraitError, without_frames
from portraitkit.values.masking import masked_repr, masker
from portraitkit.values.remarks import Attempt, Outcome

SIGNED = "https://tos.example/mia.mp4?X-Tos-Signature=abcdef&X-Tos-Credential=AKLT123"


def tree(cls=PortraitError):
    """The errors of the library itself; those of its tools for tests are raised in tests only."""
    own = [each for each in cls.__subclasses__() if each.__module__ == errors.__name__]
    return [cls, *(each for child in own for each in tree(child))]


@pytest.fixture
def full():
    return NotFoundError(
        "no such asset",
        provider="token360",
        operation="get_asset",
        field="asset",
        status=404,
        code="not_found_error",
        vendor_message="gone",
        request_id="req-1",
        attempts=(
            Attempt(number=1, outcome=Outcome.NOT_SENT, reason="connect timeout"),
            Attempt(number=2, outcome=Outcome.REFUSED, reason="HTTP 503", waited_s=1.5),
        ),
        handle="pk1:token360:0123456789:asset:ta_1:abcde",
        next_step="list the group's assets",
        retry_after_s=2.0,
        result=object(),
    )


def test_the_tree_in_the_docs_draws_every_error_in_its_place():
    """The drawing on the page and the classes are the same tree."""
    drawn = []
    above = {}
    for line in (Path(__file__).parents[2] / "docs" / "errors.md").read_text("utf-8").splitlines():
        if match := re.match(r"( {4}[│├└─ ]*)(\w+Error(?:, \w+Error)*)\b", line):
            depth = (len(match[1]) - 4) // 4
            names = match[2].split(", ")
            above[depth] = names[0]
            drawn.extend((each, above.get(depth - 1)) for each in names)

    classes = [(each.__name__, each.__bases__[0].__name__) for each in tree()[1:]]
    assert sorted(drawn[1:]) == sorted(set(classes))


@pytest.mark.parametrize("cls", tree(), ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("again", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_an_error_survives_a_pickle(cls, again):
    """Every class comes back as itself with all it says, so that workers can report errors."""
    attempts = (Attempt(number=1, outcome=Outcome.UNKNOWN, reason="read timeout"),)
    error = cls("no", provider="p", status=500, attempts=attempts, handle="h", next_step="wait")
    found = again(error)

    assert (type(found), str(found), found.args) == (cls, str(error), ("no",))
    assert found.attempts == attempts


def test_a_pickled_error_leaves_the_result_behind(full):
    """A result may hold links, so a pickle does not carry it."""
    assert pickle.loads(pickle.dumps(full)).result is None


def test_the_text_says_who_what_where_and_what_next(full):
    """The text names vendor, operation, status, code, field, request, handle and the next step."""
    assert str(full) == (
        "token360 get_asset: no such asset: gone (HTTP 404, code not_found_error, field asset, "
        "request id req-1, 2 failed attempts, handle pk1:token360:0123456789:asset:ta_1:abcde). "
        "Next: list the group's assets"
    )


def test_the_text_leaves_out_what_is_not_known():
    """A bare error is its message alone."""
    assert str(PortraitError("no")) == "no"


def test_a_vendor_message_that_is_the_message_is_not_repeated():
    """The vendor's words stand in the text once."""
    assert str(PortraitError("gone for good", vendor_message="gone")) == "gone for good"


@pytest.mark.parametrize("cls", tree(errors.ProviderError)[1:], ids=lambda cls: cls.__name__)
def test_every_refusal_says_what_to_do(cls):
    """A refusal without advice of its own has its class's."""
    assert f"Next: {cls.advice}" in str(cls("no"))
    assert cls.advice


@pytest.mark.parametrize("cls", tree(), ids=lambda cls: cls.__name__)
def test_every_error_says_who_can_mend_it(cls):
    """`fix` names one of four parties."""
    assert cls.fix in ("caller", "account owner", "vendor", "person being filmed")


def test_a_wait_that_timed_out_is_also_pythons_timeout():
    """`except TimeoutError` and `except ValueError` catch ours where they mean the same."""
    assert issubclass(errors.WaitTimeoutError, TimeoutError)
    assert issubclass(errors.InvalidInputError, ValueError)


def test_fill_adds_and_does_not_replace():
    """An outer layer adds what is missing; what was said nearer to the fault stays."""
    error = PortraitError("no", provider="token360").fill(provider="other", operation="get_asset")

    assert (error.provider, error.operation) == ("token360", "get_asset")


def test_scrub_cleans_every_text(full):
    """Message, code, vendor's words, request id and advice all pass through the cleaner."""
    full.code, full.request_id = "NotFound.TOKEN", "TOKEN"
    full.message, full.vendor_message, full.next_step = "TOKEN 1", "TOKEN 2", "TOKEN 3"
    scrubbed = full.scrub(masker(["TOKEN"]))

    assert "TOKEN" not in str(scrubbed) + repr(scrubbed) + repr(scrubbed.args)


PATHS = "see https://h5.example/face/20260318abcdef0123456789 and https://a.example/v1/videos"


@pytest.mark.parametrize(
    ("text", "values", "in_paths", "shown"),
    [
        ("invalid key sk-0123456789!", ["sk-0123456789"], False, "invalid key <secret>!"),
        ("NotFound.20260318TOKEN", ["20260318TOKEN"], False, "NotFound.<secret>"),
        (f"no {SIGNED}.", [], False, "no https://tos.example/mia.mp4?<secret>"),
        ("not found", ["not", ""], False, "not found"),
        (
            "bad signature 0123456789abcdef of mp4",
            ["https://tos.example/x?sig=0123456789abcdef&kind=mp4"],
            False,
            "bad signature <secret> of mp4",
        ),
        (PATHS, [], True, PATHS.replace("20260318abcdef0123456789", "<secret>")),
        (PATHS, [], False, PATHS),
    ],
    ids=[
        "a key",
        "a token in a code",
        "a URL still says where it leads",
        "values of three letters are ordinary words",
        "a signature without its URL",
        "a token in a path, where it is asked to",
        "a path, where it is not",
    ],
)
def test_the_masker_hides_what_is_secret_alone(text, values, in_paths, shown):
    """Wherever it stands, and the words around it stay."""
    assert shown == masker(values, in_paths=in_paths)(text)


@pytest.mark.parametrize(
    "text",
    [
        f"cannot fetch {SIGNED}",
        f'{{"url": "{SIGNED}"}}',
        f"cannot fetch {SIGNED.upper()}",
        "see https://h5.example/face#token=abcdef",
        "Authorization: Bearer abcdef0123",
        "authorization=bearer abcdef0123",
        "HMAC-SHA256 Credential=AKLT123/20260318/cn/ark/request, Signature=abcdef0123",
    ],
)
def test_the_masker_hides_queries_and_signatures_it_was_never_told(text):
    """Signed URLs lose their query, and bearer tokens and signatures their value."""
    shown = masker([])(text)

    assert not re.search("abcdef|AKLT123", shown, re.IGNORECASE)


@pytest.mark.parametrize("text", [f"cannot fetch '{SIGNED}'", "bearer abcdefgh", "https://u:p@a"])
def test_masking_twice_is_masking_once(text):
    """An error passes through several hands, and reads the same after each."""
    once = masker([], in_paths=True)(text)

    assert once == masker([], in_paths=True)(once)


@given(
    st.lists(st.text("0123456789", min_size=4, max_size=9), min_size=1, max_size=4),
    st.text(" .,:/abc", max_size=5),
    st.randoms(use_true_random=False),
)
def test_the_masker_hides_each_of_several_values(values, between, random):
    """No value survives, even where one begins with another."""
    pieces = [*values, *values]
    random.shuffle(pieces)
    shown = masker(values)((between or " ").join(pieces))

    assert not any(value in shown for value in values)


@pytest.mark.parametrize("spell", [str, lambda value: quote(value, safe=""), json.dumps])
@pytest.mark.parametrize("value", ["sk-0123456789", "a+b/c==d", "half \ud83d a character"])
def test_the_masker_knows_a_value_in_other_spellings(value, spell):
    """A value is hidden as it is, as URLs spell it, and as JSON does."""
    if value.isascii() or spell is str:
        assert value.split("/")[-1] not in masker([value])(f"<{spell(value)}>")


def test_a_value_can_be_shown_without_what_signs_its_addresses():
    """The text form of a body keeps its members and loses their queries."""
    assert masked_repr({"url": SIGNED}) == ("{'url': 'https://tos.example/mia.mp4?<secret>'}")


@without_frames
def refuse(key, cause=None):
    try:
        return {}[key]
    except KeyError:
        raise PortraitError("no") from cause


def test_a_frameless_error_leaves_its_frames_behind():
    """A traceback that prints local variables shows none of the function's own."""
    with pytest.raises(PortraitError) as caught:
        refuse(f"sk-{10**9}")
    shown = "".join(
        traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    )

    assert "sk-1000000000" not in shown
    assert caught.value.__context__ is None


def test_a_frameless_error_keeps_its_cause():
    """A cause that was named stays; what works passes through."""
    cause = ValueError("why")

    with pytest.raises(PortraitError) as caught:
        refuse("key", cause)
    assert caught.value.__cause__ is cause
    assert without_frames(lambda value: value)(1) == 1
