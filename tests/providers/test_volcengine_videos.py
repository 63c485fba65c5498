"""Volcengine's video tasks, flows alone: exact requests out, exact models in."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import contract_judge
from portraitkit.providers.volcengine import Volcengine
from portraitkit.testing import answer, replay
from portraitkit.testing.doubles.replaying import NOW
from portraitkit.values import errors
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import VideoStatus
from portraitkit.values.video import Frames, References, VideoRequest
from portraitkit.wire.steps import Auth

PROVIDER = Volcengine(
    access_key=Secret("AKLTexample"),
    secret_key=Secret("c2VjcmV0LW9mLW5vYm9keQ=="),
    api_key=Secret("ark-example-key"),
)
ASSET_ID = "asset-20260318035710-xxxxx"
TASK_ID = "cgt-20260318040000-abcde"
TASKS = "https://ark.cn-beijing.volces.com/api/v3/contents/generations/tasks"
CONTRACT = contract_judge.load("volcengine").document


def task(**members):
    return answer({"id": TASK_ID, "model": "doubao-seedance-2-0-260128", **members})


def task_refusal(code, status, message="no", param=None):
    return answer({"error": {"code": code, "message": message, "param": param}}, status)


def test_a_video_carries_the_prompt_as_the_first_item():
    """Prompt, then media with their roles, in one content list; the neutral model has its id."""
    request = VideoRequest(
        prompt="{mia} smiles",
        media=References(images={"mia": f"asset://{ASSET_ID}"}),
        duration_s=5,
        generate_audio=False,
    )
    done = replay(PROVIDER.create_video(request), [answer({"id": TASK_ID})])

    (sent,) = done.requests
    assert (TASKS, Auth.BEARER, False) == (sent.target, sent.auth, sent.repeatable)
    assert done.bodies == [
        {
            "model": "doubao-seedance-2-0-260128",
            "content": [
                {"type": "text", "text": "Image 1 smiles"},
                {
                    "type": "image_url",
                    "image_url": {"url": f"asset://{ASSET_ID}"},
                    "role": "reference_image",
                },
            ],
            "duration": 5,
            "generate_audio": False,
        }
    ]
    assert (TASK_ID, VideoStatus.QUEUED) == (done.result.id, done.result.status)


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


def test_a_failed_task_is_a_task_and_no_refusal():
    """The task's own error is read with it; waiting raises it with the vendor's code."""
    why = {"code": "OutputVideoSensitiveContentDetected.PolicyViolation", "message": "moderated"}
    failed = task(status="failed", error=why)
    read = replay(PROVIDER.get_video(TASK_ID), [failed]).result
    with pytest.raises(errors.VideoFailedError, match="moderated") as caught:
        replay(PROVIDER.wait_for_video(TASK_ID), [failed])

    assert (VideoStatus.FAILED, why["code"]) == (read.status, read.failure.code)
    assert "change the text or the media" in caught.value.next_step


def test_a_refused_face_is_told_to_be_registered():
    """Moderation that suspects a real person says what to do, and which member it means."""
    code = "InputImageSensitiveContentDetected.PrivacyInformation"
    refused = task_refusal(code, 400, param="content[1].image_url.url")
    request = VideoRequest(prompt="x", media=References(images=["https://example.com/ann.jpg"]))
    with pytest.raises(errors.ContentRejectedError) as caught:
        replay(PROVIDER.create_video(request), [refused])

    assert "register the face as a portrait asset" in caught.value.next_step
    assert ("content[1].image_url.url", code) == (caught.value.field, caught.value.code)


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


def test_videos_are_listed_by_pages():
    """page_num counts from 1; the list ends where the total is reached."""
    rows = [{"id": f"cgt-{n}", "status": "succeeded"} for n in range(100)]
    one = replay(PROVIDER.list_videos(None), [answer({"total": 101, "items": rows})])
    last = answer({"total": 101, "items": [{"id": "cgt-last", "status": "queued"}]})
    two = replay(PROVIDER.list_videos(one.result.next), [last])
    empty = replay(PROVIDER.list_videos(None), [answer({"total": 5, "items": []})])

    assert f"{TASKS}?page_num=1&page_size=100" == one.requests[0].target
    assert f"{TASKS}?page_num=2&page_size=100" == two.requests[0].target
    assert ["cgt-last"] == [each.id for each in two.result.items]
    assert (None, None) == (two.result.next, empty.result.next)


def test_a_list_without_a_total_ends_with_an_empty_page():
    """Where the total is left out, a short page may be a vendor's own limit."""
    rows = [{"id": f"cgt-{n}", "status": "queued"} for n in range(100)]
    short = replay(PROVIDER.list_videos(None), [answer({"items": rows[:20]})])
    empty = replay(PROVIDER.list_videos(short.result.next), [answer({"items": []})])

    assert ("2:20", None) == (short.result.next, empty.result.next)


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
