"""Volcengine's video tasks, flows alone: exact requests out, exact models in."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import contract_judge
from portraitkit.testing import answer, replay
from portraitkit.testing.doubles.replaying import NOW
from portraitkit.values import errors
from portraitkit.values.statuses import VideoStatus
from portraitkit.values.video import Frames, References, VideoRequest
from vendors import provider_of

PROVIDER = provider_of("volcengine")
TASK_ID = "cgt-20260318040000-abcde"
TASKS = "https://ark.cn-beijing.volces.com/api/v3/contents/generations/tasks"
CONTRACT = contract_judge.load("volcengine").document


def task(**members):
    return answer({"id": TASK_ID, "model": "doubao-seedance-2-0-260128", **members})


def task_refusal(code, status, message="no", param=None):
    return answer({"error": {"code": code, "message": message, "param": param}}, status)


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        ("seedance-2.0-fast", "doubao-seedance-2-0-fast-260128"),
        ("seedance-2.5", "doubao-seedance-2-5-260628"),
        ("dreamina-seedance-2-0-260128", "dreamina-seedance-2-0-260128"),
        ("ep-20260318-abcde", "ep-20260318-abcde"),
    ],
)
def test_a_model_is_sent_by_its_id(model, sent):
    """Neutral names become the vendor's; ids and endpoints pass through."""
    preview = PROVIDER.preview_video(VideoRequest(prompt="x", model=model))

    assert sent == preview.body["model"]
    assert {"Authorization": "Bearer <secret>"}.items() <= preview.headers.items()


def test_limits_are_findings():
    """What the vendor documents as too long or too large is found, and sent all the same."""
    request = VideoRequest(
        prompt="x", model="seedance-2.0-fast", duration_s=20, resolution="1080p", ratio="2:1"
    )
    findings = PROVIDER.preview_video(request).findings

    assert ["duration_s", "resolution", "ratio"] == [each.field for each in findings]
    assert all("82379/1520757" in each.source for each in findings)


@given(st.text(min_size=1))
def test_any_other_word_of_a_task_is_kept(word):
    """A word of the future is UNKNOWN, never lost, and never an error."""
    known = {row["word"] for row in CONTRACT["status_words"]["video"]}
    read = replay(PROVIDER.get_video(TASK_ID), [task(status=word)]).result

    assert word == read.status_word
    assert (read.status is VideoStatus.UNKNOWN) == (word.casefold() not in known)


def test_a_finished_task_is_read_whole():
    """Links, usage and what was made are read from their places."""
    link = "https://tos.example/v.mp4?X-Tos-Signature=s"
    done = replay(
        PROVIDER.get_video(TASK_ID),
        [
            task(
                status="succeeded",
                error=None,
                content={"video_url": link, "last_frame_url": "https://tos.example/f.png?X=1"},
                usage={"completion_tokens": 108900, "total_tokens": 108900},
                created_at=1773806400,
                updated_at=1773806460,
                seed=-1,
                resolution="720p",
                ratio="16:9",
                duration=5,
                framespersecond=24,
            )
        ],
    )
    read = done.result

    assert ("GET", f"{TASKS}/{TASK_ID}") == (done.requests[0].method, done.requests[0].target)
    assert (link, "https://tos.example/f.png?X=1") == (read.video_url, read.last_frame_url)
    assert (5.0, "16:9", "720p", -1) == (read.duration_s, read.ratio, read.resolution, read.seed)
    assert 108900 == read.usage.total_tokens
    assert "2026-03-18T04:01:00+00:00" == read.updated_at.isoformat()
    assert read.failure is None
    assert "X-Tos-Signature" not in repr(read)


def test_nulls_are_as_good_as_nothing():
    """A task of nothing but id, status and nulls is read."""
    nulls = dict.fromkeys(
        ("error", "content", "usage", "seed", "duration", "ratio", "resolution", "updated_at")
    )
    read = replay(PROVIDER.get_video(TASK_ID), [task(status="queued", **nulls)]).result

    assert (VideoStatus.QUEUED, None, None, None) == (
        read.status,
        read.video_url,
        read.usage,
        read.failure,
    )


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("ModelNotOpen", 404, "open the model"),
        ("SetLimitExceeded", 429, "spending limit"),
        ("QuotaExceeded", 429, "running videos"),
        ("AccountOverdueError", 403, "top up"),
    ],
)
def test_a_refused_video_says_what_helps(code, status, words):
    """A quota of videos is not one of assets, and each refusal names its own remedy."""
    with pytest.raises(errors.ProviderError) as caught:
        replay(PROVIDER.create_video(VideoRequest(prompt="x")), [task_refusal(code, status)])

    assert words in caught.value.next_step


@pytest.mark.parametrize("body", [{"error": "no such path"}, {"error": {"message": "no"}}, None])
def test_a_refusal_without_a_code_goes_by_its_status(body):
    """An error as plain text, without a code, or an empty body is still a refusal."""
    with pytest.raises(errors.NotFoundError):
        replay(PROVIDER.get_video(TASK_ID), [answer(body, 404)])


def test_a_queued_video_is_cancelled_after_a_look():
    """The state is read, then one DELETE is sent, which no driver may repeat on its own."""
    done = replay(PROVIDER.cancel_video(TASK_ID), [task(status="queued"), answer({})])

    look, delete = done.requests
    assert ("GET", "DELETE", f"{TASKS}/{TASK_ID}") == (look.method, delete.method, delete.target)
    assert (False, b"", 10.0) == (delete.repeatable, delete.content, delete.timeout_s)
    assert (VideoStatus.CANCELLED, TASK_ID) == (done.result.status, done.result.id)


@pytest.mark.parametrize(
    "word", ["running", "succeeded", "failed", "expired", "cancelled", "resting"]
)
def test_only_a_queued_video_is_ever_deleted(word):
    """DELETE removes the record of a task that has ended, so that none is sent."""
    with pytest.raises(errors.ConflictError) as caught:
        replay(PROVIDER.cancel_video(TASK_ID), [task(status=word)])

    assert caught.value.result.status_word == word
    assert caught.value.handle


def test_a_video_that_starts_in_between_is_a_conflict():
    """The vendor's own refusal of a running task comes through."""
    late = task_refusal("InvalidAction.RunningTaskDeletion", 409)

    with pytest.raises(errors.ConflictError):
        replay(PROVIDER.cancel_video(TASK_ID), [task(status="queued"), late])


@pytest.mark.parametrize("lost", [answer("<html>", 200), answer("<html>", 502)])
def test_a_lost_cancellation_says_to_look(lost):
    """When no answer tells whether it was cancelled, the error has the handle and says to look."""
    with pytest.raises(errors.OutcomeUnknownError) as caught:
        replay(PROVIDER.cancel_video(TASK_ID), [task(status="queued"), lost])

    assert "get_video" in caught.value.next_step
    assert caught.value.handle


@given(
    st.builds(
        VideoRequest,
        prompt=st.text(st.characters(categories=["L", "Z"]), min_size=1).filter(str.strip),
        media=st.one_of(
            st.none(),
            st.builds(Frames, first=st.just("https://a.example/1.png")),
            st.builds(
                References,
                images=st.lists(st.just("https://a.example/1.png"), max_size=9),
                videos=st.lists(st.just("https://a.example/1.mp4"), min_size=1, max_size=3),
            ),
        ),
        duration_s=st.none() | st.integers(-1, 30),
        seed=st.none() | st.integers(-1, 2**32 - 1),
        generate_audio=st.none() | st.booleans(),
        callback_url=st.none() | st.just("https://app.example/done"),
    )
)
def test_a_body_reads_back_as_the_request_it_came_from(request):
    """Compiling and parsing are inverse, and every body fits the contract."""
    body = json.loads(PROVIDER.video_request(PROVIDER.preview_video(request).body).content)
    parsed = PROVIDER.dialect.parse(body, provider=PROVIDER.name, model=request.model)
    sent = PROVIDER.authorize(PROVIDER.video_request(body), now=NOW)

    assert (request, ()) == (parsed.request, parsed.losses)
    assert "CreateVideoTask" == contract_judge.load("volcengine").judge_request(sent)
