"""The values that operations return: frozen, storable, and silent about links."""

from __future__ import annotations

import copy
import pickle

import attrs
import pytest

from portraitkit.values.errors import AssetNotReadyError
from portraitkit.values.handles import Handle
from portraitkit.values.models import (
    Asset,
    Event,
    Failure,
    Group,
    Usage,
    Verification,
    VideoTask,
)
from portraitkit.values.remarks import Raw
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import AssetStatus, VerificationStatus, VideoStatus

WHERE = {"provider": "token360", "account": "0123456789"}
SIGNED = "https://tos.example/mia.mp4?sig=abcdef"
RAW = Raw(status=200, headers={"date": "now"}, request_id="req-1", body={"url": SIGNED})
RESULTS = [
    (Group(id="1", raw=RAW, **WHERE), "group"),
    (Asset(id="1", raw=RAW, link=Secret(SIGNED), failure=Failure(code="x"), **WHERE), "asset"),
    (Verification(id="1", raw=RAW, token=Secret(SIGNED), **WHERE), "verification"),
    (VideoTask(id="1", raw=RAW, video_link=Secret(SIGNED), usage=Usage(), **WHERE), "video"),
]
all_results = pytest.mark.parametrize(
    ("result", "kind"), RESULTS, ids=[kind for _, kind in RESULTS]
)


@all_results
def test_a_result_cannot_be_changed(result, kind):
    """Results are values: a change makes a copy."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        result.id = "2"
    assert attrs.evolve(result, id="2").id == "2"


@all_results
def test_a_results_handle_names_it(result, kind):
    """A handle has vendor, account, kind and id."""
    assert Handle.parse(result.handle) == Handle("token360", "0123456789", kind, "1")


@all_results
def test_the_reference_goes_into_the_handle_before_the_id(result, kind):
    """What finds a thing again is in the handle, where that is not its id."""
    found = Handle.parse(attrs.evolve(result, ref="task_1#0").handle)

    assert found.ref == "task_1#0"


@all_results
@pytest.mark.parametrize("nothing", [None, ""])
def test_what_was_never_created_has_no_handle(result, kind, nothing):
    """Without id and reference the handle is empty, and so false."""
    assert attrs.evolve(result, id=nothing).handle == ""


@all_results
def test_results_are_equal_whatever_was_answered(result, kind):
    """Two reads of one state are equal, though their raw answers differ."""
    assert attrs.evolve(result, raw=None) == result


@all_results
def test_a_result_survives_a_pickle_without_its_answer(result, kind):
    """A worker gets handle and state; neither body nor link travel."""
    data = pickle.dumps(result)
    found = pickle.loads(data)

    assert (found.handle, found.raw.request_id) == (result.handle, "req-1")
    assert (found.raw.body, found.raw.headers) == (None, {"date": "now"})
    assert b"abcdef" not in data


def test_raw_shows_no_body():
    """The vendor's answer is there to be read, and not to be printed."""
    assert ("req-1" in repr(RAW), "abcdef" in repr(RAW)) == (True, False)
    assert copy.deepcopy(RAW) == attrs.evolve(RAW, body=None)


@pytest.mark.parametrize("status", [AssetStatus.ACTIVE, AssetStatus.UNKNOWN])
def test_an_asset_that_may_be_active_has_an_address(status):
    """An active asset is `asset://` and its id; an unknown word is given the benefit of doubt."""
    assert Asset(id="ta_1", status=status, **WHERE).uri == "asset://ta_1"


@pytest.mark.parametrize(
    ("id", "status"),
    [
        ("ta_1", AssetStatus.PROCESSING),
        ("ta_1", AssetStatus.FAILED),
        (None, AssetStatus.ACTIVE),
        (None, AssetStatus.PROCESSING),
    ],
)
def test_an_asset_that_is_not_ready_has_no_address(id, status):
    """Before its review ends, or without an id, an asset says that it has to be waited for."""
    asset = Asset(id=id, ref="task_1#0", status=status, **WHERE)

    with pytest.raises(AssetNotReadyError, match=status.value) as caught:
        _ = asset.uri
    assert caught.value.handle == asset.handle
    assert "wait_until_active" in caught.value.next_step


def test_links_are_plain_text_when_asked_for():
    """A property hands out what the model keeps as a secret, or None where there is no link."""
    check = Verification(id=None, link=Secret("https://h5.example/x"), **WHERE)
    task = VideoTask(
        id="1", video_link=Secret(SIGNED), last_frame_link=Secret(SIGNED + "2"), **WHERE
    )

    assert check.url == "https://h5.example/x"
    assert (task.video_url, task.last_frame_url) == (SIGNED, SIGNED + "2")
    assert attrs.evolve(check, link=None).url is None


@pytest.mark.parametrize(
    ("status", "word", "next_look_s", "line"),
    [
        (
            VideoStatus.RUNNING,
            "in_progress",
            5.0,
            "   12.3 s  video running (in_progress), next look in 5 s",
        ),
        (VideoStatus.SUCCEEDED, "", None, "   12.3 s  video succeeded"),
        (VerificationStatus.WAITING, "", 2.5, "   12.3 s  video waiting, next look in 2.5 s"),
    ],
)
def test_an_event_prints_as_a_line(status, word, next_look_s, line):
    """`on_event=print` shows time, subject, status, the vendor's word and the next look."""
    event = Event(
        subject="video",
        handle="pk1:…",
        status=status,
        status_word=word,
        elapsed_s=12.34,
        look=3,
        next_look_s=next_look_s,
    )

    assert str(event) == line
