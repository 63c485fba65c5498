"""Handles say provider, account, kind and id; damaged or foreign ones mean nothing."""

from __future__ import annotations

import base64
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portraitkit.values.errors import HandleError
from portraitkit.values.handles import Handle, HandleKind, fingerprint, is_handle
from portraitkit.values.handles import _checksum as checksum
from portraitkit.values.sealing import seal, unseal

HANDLE = Handle("alltoken", "5f0c2a91d3", "asset", "asset-20260318035710-abcde")
ANY_TEXT = st.text(st.characters())  # lone surrogates too, as JSON can hold them


@given(ANY_TEXT, st.sampled_from(get_args(HandleKind)), ANY_TEXT)
@example("team:a", "asset", "a:b")
@example("", "group", "")
@example("ü", "verification", "task_1#2of5#asset-1 %41 \ud800")
def test_any_handle_comes_back_as_it_was(account, kind, ref):
    """Whatever account and id hold, the text form is one word and reads back the same."""
    handle = Handle("token360", account, kind, ref)
    text = str(handle)

    assert Handle.parse(text) == handle
    assert (text.isascii(), text.split()) == (True, [text])
    assert is_handle(text)


@given(st.integers(0, len(str(HANDLE)) - 1), st.characters())
def test_a_replaced_character_is_noticed(place, character):
    """Every other character at every place makes the handle unreadable."""
    text = str(HANDLE)
    altered = text[:place] + character + text[place + 1 :]

    if altered == text:
        assert Handle.parse(altered) == HANDLE
    else:
        with pytest.raises(HandleError):
            Handle.parse(altered)


@given(st.integers(1, len(str(HANDLE)) - 1), st.characters())
def test_an_added_character_is_noticed(place, character):
    """A handle with one character more inside it is refused."""
    text = str(HANDLE)

    with pytest.raises(HandleError):
        Handle.parse(text[:place] + character + text[place:])


@pytest.mark.parametrize("place", range(len(str(HANDLE))))
def test_a_lost_character_and_swapped_neighbours_are_noticed(place):
    """A handle that was typed or cut wrongly at any one place is refused."""
    text = str(HANDLE)
    one, other = text[place], text[place + 1 : place + 2]

    for typed in {text[:place] + other + end + text[place + 2 :] for end in ("", one)} - {text}:
        with pytest.raises(HandleError):
            Handle.parse(typed)


@pytest.mark.parametrize("text", [f" {HANDLE}", f"{HANDLE}\n", f"\t{HANDLE} "])
def test_blanks_around_a_handle_do_not_matter(text):
    """A line read from a file keeps its meaning."""
    assert (Handle.parse(text), is_handle(text)) == (HANDLE, True)


@given(ANY_TEXT)
@example("pk1:")
@example("pk1:::::")
@example("pk1:a:b:asset:\ud800:abcde")
def test_any_other_text_is_refused_as_a_handle(text):
    """No text ever raises anything but HandleError."""
    with pytest.raises(HandleError):
        Handle.parse(text)


def test_a_part_of_a_handle_says_that_a_part_is_missing():
    """A cut handle is told from an altered one."""
    with pytest.raises(HandleError, match="a part of it is missing"):
        Handle.parse(str(HANDLE).rpartition(":")[0])


def test_an_altered_handle_says_that_it_was_altered():
    """A handle whose id was edited by hand says so."""
    with pytest.raises(HandleError, match="altered"):
        Handle.parse(str(HANDLE).replace("abcde", "abcdf"))


def test_a_kind_of_a_later_version_is_named():
    """A whole handle of an unknown kind asks for an upgrade."""
    body = "pk1:alltoken:5f0c2a91d3:voice:voice-1"

    with pytest.raises(HandleError, match="'voice'") as caught:
        Handle.parse(f"{body}:{checksum(body)}")
    assert "upgrade" in caught.value.next_step


def test_a_whole_handle_with_a_broken_id_is_refused():
    """An escape that is no text cannot come from this library."""
    body = "pk1:alltoken:5f0c2a91d3:asset:%FF"

    with pytest.raises(HandleError, match="altered"):
        Handle.parse(f"{body}:{checksum(body)}")


@pytest.mark.parametrize("text", ["asset-1", "asset://asset-1", "", "pk2:a:b:asset:c:d", "PK1:a"])
def test_other_ids_are_no_handles(text):
    """A vendor's bare id never passes for a handle."""
    assert not is_handle(text)


def test_a_fingerprint_names_an_account_without_its_key():
    """Equal credentials give equal short names, which do not hold the key."""
    name = fingerprint("alltoken", "sk-0123456789")

    assert (name, len(name)) == (fingerprint("alltoken", "sk-0123456789"), 10)
    assert name not in (fingerprint("apiyi", "sk-0123456789"), fingerprint("alltoken", "sk-"))
    assert fingerprint("a", "bc") != fingerprint("ab", "c")


@given(ANY_TEXT, ANY_TEXT)
@example("20260318TOKEN", "sk-0123456789")
def test_a_sealed_token_opens_with_its_key(text, key):
    """What was sealed comes back with the same key, whatever it holds."""
    assert unseal(seal(text, key=key), key=key) == text


@given(st.text(), st.text(), st.text())
def test_a_sealed_token_does_not_open_with_another_key(text, key, other):
    """Only the account that sealed a token can open it."""
    sealed = seal(text, key=key)

    if key != other:
        with pytest.raises(HandleError, match="this account's credentials"):
            unseal(sealed, key=other)


def test_a_sealed_token_cannot_be_read():
    """The sealed form shows neither token nor key, is fit for a handle, and is new each time."""
    sealed = seal("20260318TOKEN", key="sk-0123456789")
    decoded = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))

    assert b"TOKEN" not in decoded
    assert sealed != seal("20260318TOKEN", key="sk-0123456789")
    assert set(sealed) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


@given(st.data(), st.characters(), st.text(max_size=40))
def test_an_altered_sealed_token_does_not_open(data, character, text):
    """Every other character at every place makes the sealed part unreadable."""
    sealed = seal(text, key="key")
    place = data.draw(st.integers(0, len(sealed) - 1))
    altered = sealed[:place] + character + sealed[place + 1 :]

    if altered != sealed:
        with pytest.raises(HandleError):
            unseal(altered, key="key")


@pytest.mark.parametrize("text", ["", "a", "ab"])
def test_other_spellings_of_the_same_bytes_do_not_open(text):
    """Base64 that a lenient reader would take for the same is an alteration too."""
    sealed = seal(text, key="key")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/="
    spellings = {
        *(sealed[:-1] + last for last in alphabet),
        *(sealed + end for end in ("=", "==", " ", "\n")),
        sealed.replace("-", "+").replace("_", "/"),
    }

    for spelling in spellings - {sealed}:
        with pytest.raises(HandleError):
            unseal(spelling, key="key")


@pytest.mark.parametrize("end", range(0, 56, 5))
def test_a_cut_sealed_token_does_not_open(end):
    """A part of the sealed text is worth nothing."""
    sealed = seal("20260318TOKEN", key="key")

    with pytest.raises(HandleError):
        unseal(sealed[: min(end, len(sealed) - 1)], key="key")


@given(ANY_TEXT)
@example("a=")
def test_any_other_text_does_not_open(text):
    """No text ever raises anything but HandleError."""
    with pytest.raises(HandleError):
        unseal(text, key="key")
