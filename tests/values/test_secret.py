"""Secrets have no text form, and still can be used and compared."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import pprint
import traceback

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portraitkit.values.models import Asset, Verification, VideoTask
from portraitkit.values.secret import Hidden, Secret

VALUE = "sk-very-secret-0123456789"
SECRET = Secret(VALUE)
RESULTS = [
    Asset(provider="p", account="a", id="asset-1", link=SECRET),
    Verification(provider="p", account="a", id=None, link=SECRET, token=SECRET),
    VideoTask(provider="p", account="a", id="vgen_1", video_link=SECRET, last_frame_link=SECRET),
]


def test_reveal_gives_the_value():
    """Only `reveal` hands the value out."""
    assert SECRET.reveal() == VALUE


@pytest.mark.parametrize(
    "show",
    [
        str,
        repr,
        ascii,
        format,
        pprint.pformat,
        pickle.dumps,
        lambda secret: f"{secret} {secret!r} {secret!s} {secret:>60} {secret=}",
        lambda secret: "%s %r %60s" % (secret, secret, secret),  # noqa: UP031  (this form too)
        lambda secret: f"{[secret]} { {'key': secret} } {(secret,)}",
        lambda secret: json.dumps({"key": secret}, default=str),
        lambda secret: repr(copy.copy(secret)) + repr(copy.deepcopy(secret)),
        lambda secret: str(ValueError(secret)) + repr(KeyError(secret)),
    ],
)
def test_no_text_form_shows_the_value(show):
    """Whatever turns a secret into text or bytes shows the mask or nothing."""
    shown = show(SECRET)

    assert VALUE not in (shown if isinstance(shown, str) else shown.decode("latin-1"))


def test_logging_shows_the_mask(caplog):
    """A log record made with a secret as its argument holds the mask."""
    with caplog.at_level(logging.INFO):
        logging.getLogger("app").info("key %s, again %r", SECRET, SECRET)

    assert caplog.messages == ["key <secret>, again <secret>"]


def test_a_traceback_with_locals_shows_the_mask():
    """Tools that print local variables print the mask."""

    def fail(key):
        raise ValueError(f"no luck with {key}")

    with pytest.raises(ValueError, match="no luck") as caught:
        fail(SECRET)

    shown = "".join(
        traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    )
    assert "key = <secret>" in shown


def test_a_pickle_carries_no_value():
    """A secret read back from a pickle says that it was dropped, and is false."""
    dropped = pickle.loads(pickle.dumps(SECRET))

    with pytest.raises(LookupError, match="read it again"):
        dropped.reveal()
    assert not dropped


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_a_copy_in_this_process_keeps_the_value(duplicate):
    """Copying is not storing: a copied model can still be used."""
    assert duplicate(SECRET).reveal() == VALUE


def test_a_dropped_link_reads_as_none():
    """A task that went through a pickle has no link, instead of a broken one."""
    task = pickle.loads(pickle.dumps(RESULTS[2]))

    assert (task.id, task.video_url, task.last_frame_url) == ("vgen_1", None, None)


@given(st.text(st.characters()), st.text(st.characters()))
@example("\ud800", "")
def test_secrets_compare_by_value(one, other):
    """Two secrets are equal when their values are, and then hash alike."""
    assert (Secret(one) == Secret(other)) is (one == other)
    assert hash(Secret(one)) == hash(Secret(one))


def test_a_secret_equals_no_other_kind_of_value():
    """Neither the plain value nor a dropped secret equals a secret; two dropped ones do."""
    dropped = pickle.loads(pickle.dumps(SECRET))

    assert SECRET != VALUE
    assert dropped != SECRET
    assert dropped == Secret(None)


def test_only_a_secret_with_a_value_is_true():
    """An empty secret counts as absent."""
    assert [bool(each) for each in (SECRET, Secret(""), Secret(None))] == [True, False, False]


@pytest.mark.parametrize("show", [str, repr, pprint.pformat, pickle.dumps, "{}".format])
def test_a_hidden_value_has_no_text_form(show):
    """A vendor's answer is kept to be read, and never shown."""
    assert VALUE not in str(show(Hidden({"url": VALUE})))


def test_a_hidden_value_can_be_read_and_compared():
    """It is what it holds, also where that has no hash; a pickle drops it."""
    hidden = Hidden({"url": VALUE})

    assert hidden.value == {"url": VALUE}
    assert hidden == Hidden({"url": VALUE})
    assert hidden != {"url": VALUE}
    assert hash(hidden) == hash(Hidden([]))
    assert pickle.loads(pickle.dumps(hidden)) == Hidden(None)
