"""Tokens behind names: they come off whole, and nothing else does."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portraitkit.providers.alltoken import AllToken
from portraitkit.testing import answer
from portraitkit.values.models import Asset, Group, Verification
from portraitkit.values.name_tokens import (
    SAFE_LIMIT,
    TOKEN_LENGTH,
    begins_like,
    has_room,
    new_token,
    tagged,
    untagged,
)
from portraitkit.values.secret import Secret
from portraitkit.vendor.answers import Answer

NAMES = st.text(max_size=80)
TOKEN = "pk-w7vf4gkfsx"


@given(NAMES)
def test_what_is_put_behind_a_name_comes_off_again(name):
    """Whatever a caller's name looks like, it is read as it was given."""
    token = new_token()

    assert (name, token) == untagged(tagged(name, token))


@given(NAMES)
def test_only_the_last_of_two_tokens_comes_off(name):
    """A name that already ends in one keeps it."""
    before = tagged(name, new_token())

    assert before == untagged(tagged(before, TOKEN))[0]


@given(NAMES)
def test_without_a_token_a_name_stays_as_it_is(name):
    """No name is changed for want of one."""
    assert name == tagged(name, "")


def test_what_only_looks_like_a_token_stays():
    """Of the 1,024 ways to end in ten such characters, one is a token."""
    drawn, check = TOKEN[3:11], TOKEN[11:]
    alphabet = string.ascii_lowercase + "234567"
    others = [f"Mia pk-{drawn}{a}{b}" for a in alphabet for b in alphabet if a + b != check]

    assert 1023 == len(others)
    assert others == [untagged(name)[0] for name in others]


@pytest.mark.parametrize(
    "name", ["Mia", "", " ", "pk-", "Mia pk-abc", f"Mia{TOKEN}", f"Mia {TOKEN} ", f"Mia {TOKEN}\n"]
)
def test_a_token_stands_at_the_end_behind_a_space(name):
    """Anywhere else it is part of the name."""
    assert (name, "") == untagged(name)


def test_a_vendor_may_write_in_capitals():
    """A token is the same in any case."""
    assert ("MIA", TOKEN) == untagged(f"MIA {TOKEN.upper()}")


def test_tokens_differ():
    """Two creates are never taken for each other."""
    assert 1000 == len({new_token() for _ in range(1000)})
    assert TOKEN_LENGTH == len(TOKEN)


@given(NAMES, st.sampled_from([None, 20, 50, 64]))
def test_a_token_never_makes_a_name_too_long(name, limit):
    """With a token a name keeps to the documented limit, or to the lowest known one."""
    whole = tagged(name, TOKEN)

    assert has_room(name, limit) == (len(whole) <= (limit or SAFE_LIMIT))


@pytest.mark.parametrize("listed", ["", "M", "Mia", "Mia pk-", "MIA", f"Mia_{TOKEN}", "---"])
def test_what_may_be_left_of_a_name_is_seen(listed):
    """A name that was left out, cut or changed may be the one that was sent."""
    assert begins_like(f"Mia {TOKEN}", listed)


@pytest.mark.parametrize("listed", ["Leo", "Mia and Leo", "Amia", "Mia 2"])
def test_another_name_is_another(listed):
    """What is not the beginning of the name is another thing's."""
    assert not begins_like(f"Mia {TOKEN}", listed)


@pytest.mark.parametrize("name_tokens", [True, False])
@pytest.mark.parametrize("model", [Group, Asset])
def test_results_are_read_without_their_token(model, name_tokens):
    """Whoever made it, and whatever the switch says; the token stands beside the name."""
    provider = AllToken(api_key=Secret("sk-test-key"), name_tokens=name_tokens)
    response = answer({"Id": "x-1", "Name": f"Mia {TOKEN}"})
    body = {"Id": "x-1", "Name": f"Mia {TOKEN}"}

    found = provider.read(model, Answer(data=body, response=response))

    assert ("Mia", TOKEN) == (found.name, found.name_token)
    assert TOKEN not in repr(found)


def test_a_persons_name_is_left_alone():
    """A face check's name is the caller's own."""
    provider = AllToken(api_key=Secret("sk-test-key"))
    read = Answer(data={}, response=answer({}))

    found = provider.read(Verification, read, id=None, name=f"Mia {TOKEN}")

    assert f"Mia {TOKEN}" == found.name
