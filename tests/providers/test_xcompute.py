"""xcompute's flows alone: exact requests out, exact models in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portraitkit.providers.dialects.reviews import Review
from portraitkit.providers.xcompute import XCompute
from portraitkit.testing import answer, replay
from portraitkit.testing.doubles.replaying import NOW
from portraitkit.values import errors
from portraitkit.values.media import FolderMediaHost
from portraitkit.values.models import Group
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import (
    AssetStatus,
    GroupKind,
    MediaType,
    VerificationStatus,
    VideoStatus,
)
from portraitkit.values.video import Frames, References, VideoRequest

PROVIDER = XCompute(api_key=Secret("sk-test-key"), callback_url="https://app.example/back")
REAL = "https://xcompute.us/v1/seedance2/real-avatar"
PRIVATE = "https://xcompute.us/v1/seedance2/private-avatar"
TASK = "https://xcompute.us/v1/tasks/task_1"
URL = "https://example.com/a.png"
PERSON = Group(
    provider="xcompute",
    account=PROVIDER.account,
    id="group-1",
    kind=GroupKind.REAL_PERSON,
)


def draft(name="Mia", description=""):
    return replay(PROVIDER.create_group(name, description=description), []).result


def data(**members):
    return answer({"code": 200, "data": members})


def started(task_id="task_1"):
    return data(id=task_id, object="seedance.avatar.asset.task", status="processing", progress=10)


def item(asset_id, status="Active", **more):
    return {"asset_id": asset_id, "asset_url": f"asset://{asset_id}", "status": status, **more}


def reviewed(*items, status="completed", **result):
    usable = [each for each in items if each["status"] == "Active"]
    failed = [each for each in items if each["status"] != "Active"]
    members = {"assets": list(items), "usable_assets": usable, "failed_assets": failed, **result}
    error = {"error": {"code": "task_failed", "message": "refused"}} if failed else {}
    return data(id="task_1", status=status, progress=100, result=members, **error)


def submitted(group=None, **more):
    return replay(PROVIDER.add_asset(group or draft(), URL, **more), [started()]).result


def refusal(status, kind, code=None, http=None):
    body = {"error": {"code": code or status, "message": "no such luck", "type": kind}}
    return answer(body, http or status)


# -- groups --------------------------------------------------------------------------------------


@given(st.text(min_size=1).filter(str.strip), st.text())
def test_any_name_survives_in_a_handle(name, description):
    """Whatever a group is called, its handle brings it back word for word."""
    flow = PROVIDER.add_asset(draft(name, description).handle, URL)
    sent = replay(flow, [started()]).bodies[0]["group"]

    assert {"description": "", **sent} == {"name": name, "description": description}


# -- submissions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("group", "url", "group_id"),
    [
        ("group-1", PRIVATE, "group-1"),
        (PERSON, REAL, "group-1"),
        ("real:group-1", REAL, "group-1"),
    ],
)
def test_a_group_that_exists_is_named_by_its_id(group, url, group_id):
    """Real people and virtual figures have an endpoint each; a bare id is a virtual figure's."""
    done = replay(PROVIDER.add_asset(group, URL), [started()])

    assert done.requests[0].url == url
    assert done.bodies[0]["group_id"] == group_id
    assert "group" not in done.bodies[0]
    assert done.result.group_id == group_id


@pytest.mark.parametrize(
    ("group", "helps"),
    [("group-1", "wait_until_verified"), (PERSON, errors.InvalidRequestError.advice)],
)
def test_a_refused_bare_group_id_says_what_it_was_taken_for(group, helps):
    """The error names the way out for a real person's group; where that was certain, the usual."""
    with pytest.raises(errors.InvalidRequestError) as caught:
        replay(PROVIDER.add_asset(group, URL), [refusal(400, "invalid_request_error")])

    assert helps in caught.value.next_step
    assert (group is PERSON) is ("wait_until_verified" not in caught.value.next_step)


def test_a_submission_that_tells_no_status_is_under_review():
    """An answer with nothing but the task's id is enough."""
    done = replay(PROVIDER.add_asset(draft(), URL), [data(id="task_1")])

    assert (done.result.status, done.result.ref) == (AssetStatus.PROCESSING, "task_1#0")


def test_audio_is_for_virtual_figures():
    """real-avatar takes pictures and videos, private-avatar audio too."""
    audio = "https://example.com/a.mp3"
    done = replay(PROVIDER.add_asset(draft(), audio), [started()])

    assert done.bodies[0]["asset_type"] == "Audio"
    with pytest.raises(errors.UnsupportedError, match="no audio"):
        replay(PROVIDER.add_asset(PERSON, audio), [])


def test_a_local_file_goes_through_the_media_host(tmp_path):
    """Only public URLs are taken: a file is published where the profile says."""
    host = FolderMediaHost(tmp_path, "https://files.example")
    provider = XCompute(api_key=Secret("sk-test-key"), media_host=host)
    png = b"\x89PNG\r\n\x1a\n" + bytes(64)
    group = replay(provider.create_group("Mia"), []).result

    one = replay(provider.add_asset(group, png), [started()])
    many = replay(provider.add_assets(group, [png]), [started()])

    (stored,) = tmp_path.iterdir()
    assert one.bodies[0]["assets"] == [{"url": f"https://files.example/{stored.name}"}]
    assert many.bodies == one.bodies


@pytest.mark.parametrize(
    "body", [{"code": 200, "data": {}}, {"code": 200}, {"data": {"id": "a b"}}]
)
def test_a_submission_that_names_no_task_is_not_guessed_at(body):
    """An id is never made up."""
    with pytest.raises(errors.UnexpectedResponseError, match="names no task"):
        replay(PROVIDER.add_asset(draft(), URL), [answer(body)])


def test_twenty_of_a_kind_go_together_and_results_keep_their_order():
    """21 pictures and a video in between are three submissions; every asset has its place."""
    sources = [f"https://example.com/{number}.png" for number in range(21)]
    sources.insert(1, "https://example.com/film.mp4")
    answers = [started("task_1"), started("task_2"), started("task_3")]
    done = replay(PROVIDER.add_assets(PERSON, sources), answers)

    assert [20, 1, 1] == [len(body["assets"]) for body in done.bodies]
    assert ["Image", "Image", "Video"] == [body["asset_type"] for body in done.bodies]
    refs = [asset.ref for asset in done.result]
    assert refs[:3] == ["task_1#0of20", "task_3#0", "task_1#1of20"]
    assert refs[-1] == "task_2#0"
    assert all(not asset.adaptations for asset in done.result)


def test_a_group_that_does_not_exist_yet_is_made_by_each_submission():
    """A new group's id is told after the review, so that a second batch gets another group."""
    sources = [URL, "https://example.com/film.mp4"]
    done = replay(PROVIDER.add_assets(draft(), sources), [started(), started("task_2")])

    assert [0, 1] == [len(asset.adaptations) for asset in done.result]
    assert done.result[1].adaptations[0].field == "group"


def test_a_part_that_cannot_be_added_does_not_cost_the_others():
    """A wrong source and a refused batch become failed assets with their errors."""
    sources = ["ftp://example.com/a.png", URL, "https://example.com/film.mp4"]
    answers = [refusal(402, "payment_required"), started()]
    done = replay(PROVIDER.add_assets(draft(), sources), answers)

    kinds = [type(asset.failure.error) for asset in done.result[:2]]
    assert kinds == [errors.MediaError, errors.InsufficientBalanceError]
    assert done.result[2].ref == "task_1#0"
    assert done.result[2].adaptations == ()


# -- reviews -------------------------------------------------------------------------------------


def test_a_reviewed_asset_has_an_id_and_keeps_what_was_known():
    """The task's item gives the id; name and kind are those of the asset that was passed."""
    asset = submitted(name="front", media=MediaType.VIDEO)
    done = replay(PROVIDER.get_asset(asset), [reviewed(item("asset_a"), group_id="group-1")])

    (request,) = done.requests
    assert (request.method, request.url, request.repeatable) == ("GET", TASK, True)
    assert (done.result.id, done.result.uri) == ("asset_a", "asset://asset_a")
    assert (done.result.name, done.result.media) == ("front", MediaType.VIDEO)
    assert done.result.group_id == "group-1"


def test_a_stored_handle_tells_what_the_task_tells():
    """Without the asset its kind is unknown, and its name is the vendor's where it gives one."""
    handle = submitted(name="front").handle
    named = item("asset_a", raw_response={"Name": "front"})
    done = replay(PROVIDER.get_asset(handle), [reviewed(named)])

    assert (done.result.name, done.result.media) == ("front", MediaType.UNKNOWN)


@pytest.mark.parametrize(
    ("word", "status"), [("failed", AssetStatus.FAILED), ("dreaming", AssetStatus.UNKNOWN)]
)
@pytest.mark.parametrize("wrapped", [True, False])
def test_without_a_result_the_tasks_word_counts(word, status, wrapped):
    """Tasks come wrapped and flat, and an unknown word is kept."""
    task = {"id": "task_1", "status": word}
    body = {"code": 200, "data": task} if wrapped else task
    done = replay(PROVIDER.get_asset(submitted()), [answer(body)])

    assert (done.result.status, done.result.status_word) == (status, word)
    assert done.result.id is None


@pytest.mark.parametrize(
    "result",
    [
        {"asset_id": "asset_a", "asset_url": "asset://asset_a"},
        {"asset_url": "asset://asset_a"},
        {"assets": [{"asset_url": "asset://asset_a"}]},
        {"usable_assets": [item("asset_a")]},
    ],
)
def test_every_known_shape_of_a_single_result_is_read(result):
    """A single asset stands in a list, or beside the lists."""
    task = data(id="task_1", status="completed", result=result)
    done = replay(PROVIDER.get_asset(submitted()), [task])

    assert (done.result.id, done.result.status) == ("asset_a", AssetStatus.ACTIVE)


@pytest.mark.parametrize(
    "task",
    [
        reviewed(item("asset_a")),
        reviewed(item("asset_b", "Failed"), status="failed"),
        data(id="task_1", status="completed"),
    ],
)
def test_a_result_that_fits_no_place_is_not_guessed_at(task):
    """Two were submitted and the ended task tells of one or none: whose face is it?"""
    asset = replay(PROVIDER.add_assets(draft(), [URL, URL]), [started()]).result[0]

    with pytest.raises(errors.UnexpectedResponseError, match="asset 1 of 2"):
        replay(PROVIDER.get_asset(asset), [task])


def test_a_bare_asset_id_cannot_be_read():
    """An asset is told of only in its task, so that a bare id is refused before sending."""
    with pytest.raises(errors.UnsupportedError, match="review task"):
        replay(PROVIDER.get_asset("asset_a"), [])


@given(
    st.builds(
        Review,
        st.from_regex(r"task_\w{1,30}", fullmatch=True),
        st.integers(0, 30),
        st.integers(1, 30),
        st.text(max_size=20).filter(lambda text: "\n" not in text),
    )
)
def test_a_review_reads_back_what_it_writes(review):
    """Task, place, count and id survive in a reference."""
    assert review == Review.parse(str(review))


# -- real people ---------------------------------------------------------------------------------


def verification(**more):
    result = {"byted_token": "token_xxx", "h5_link": "https://h5.example/x", "raw_response": {}}
    answers = [
        data(id="task_1", status="completed"),
        data(id="task_1", status="completed", result=result | more),
    ]
    return replay(PROVIDER.start_verification("Ann"), answers).result


@pytest.mark.parametrize("gone", ["byted_token", "h5_link"])
def test_a_session_without_link_or_token_is_an_error(gone):
    """A check that nobody could take is not handed out."""
    with pytest.raises(errors.OutcomeUnknownError, match="no link or no token"):
        verification(**{gone: None})


@pytest.mark.parametrize(
    "found",
    [
        {"group_id": "group-1"},
        {"GroupId": "group-1"},
        {"id": "task_2", "status": "completed", "result": {"group_id": "group-1"}},
        {"result": {"GroupId": "group-1"}},
        {"result": {"raw_response": {"Result": {"GroupId": "group-1"}}}},
        {"raw_response": {"Result": {"GroupId": "group-1"}}},
    ],
)
@pytest.mark.parametrize("through_task", [True, False])
def test_the_group_is_found_wherever_step_two_may_tell_it(found, through_task):
    """No page prints the answer: every likely place is read, of the answer and then of its task."""
    answers = [data(id="task_2", status="completed")] if through_task else []
    done = replay(PROVIDER.check_verification(verification().handle), [*answers, data(**found)])

    assert done.requests[0].url == REAL
    assert done.requests[0].repeatable
    assert done.bodies[0] == {"byted_token": "token_xxx", "project_name": "default"}
    assert done.result.status is VerificationStatus.VERIFIED
    assert (done.result.group.id, done.result.group.name) == ("group-1", "Ann")
    assert done.result.group.kind is GroupKind.REAL_PERSON


@pytest.mark.parametrize("after_s", [119, 120])
@pytest.mark.parametrize("refused", [True, False])
def test_an_unfinished_check_waits_until_its_token_ends(after_s, refused):
    """A refusal or an answer without a group is WAITING, and EXPIRED after the token's life."""
    moment = NOW + timedelta(seconds=after_s)
    body = {"error": {"code": 400, "message": "not yet", "type": "invalid_request_error"}}
    answers = [answer(body, 400, received_at=moment)]
    if not refused:
        task = {"id": "task_2", "status": "completed"}
        answers = [answer({"code": 200, "data": task}, received_at=moment)] * 2
    done = replay(PROVIDER.check_verification(verification()), answers)

    expected = VerificationStatus.WAITING if after_s < 120 else VerificationStatus.EXPIRED
    assert expected is done.result.status
    told = done.result.failure.message if done.result.failure else ""
    assert ("not yet" if refused and after_s == 120 else "") == told


def test_a_refused_key_is_not_taken_for_an_unfinished_check():
    """Only what may mean "not yet" is waited for."""
    with pytest.raises(errors.AuthenticationError):
        replay(PROVIDER.check_verification(verification()), [refusal(401, "authentication_error")])


def test_a_bare_token_can_be_exchanged():
    """The vendor's own name for the session is enough."""
    done = replay(PROVIDER.check_verification("token_xxx"), [data(group_id="group-1")])

    assert done.bodies[0]["byted_token"] == "token_xxx"
    assert done.result.group.id == "group-1"


@pytest.mark.parametrize(
    "received",
    [
        "https://app.example/back?bytedToken=token_xxx&resultCode=10000",
        {"byted_token": "token_xxx", "resultCode": 10000},
    ],
)
def test_a_return_is_a_hint(received):
    """Whatever arrives at the callback URL leaves the check WAITING."""
    check = PROVIDER.read_callback(received)

    assert (check.status, check.claimed) == (VerificationStatus.WAITING, True)
    assert check.token.reveal() == "token_xxx"


# -- videos --------------------------------------------------------------------------------------


def created(**members):
    return answer({"code": 200, "data": [{"status": "submitted", "task_id": "task_9", **members}]})


@pytest.mark.parametrize(
    ("model", "media", "sent"),
    [
        ("seedance-2.0", None, "doubao-seedance-2.0"),
        ("seedance-2.0-fast", None, "doubao-seedance-2.0-fast"),
        ("seedance-2.0", Frames(first=URL), "doubao-seedance-2.0"),
        ("seedance-2.0-fast", Frames(first="asset_a"), "doubao-seedance-2.0-fast-face"),
        ("doubao-seedance-2.0", Frames(first="asset_a"), "doubao-seedance-2.0"),
        ("another-model", None, "another-model"),
    ],
)
def test_the_face_model_is_chosen_for_portraits_alone(model, media, sent):
    """A neutral name becomes a -face model where asset:// is used; a vendor's name is kept."""
    request = VideoRequest(prompt="rain", model=model, media=media)

    assert PROVIDER.preview_video(request).body["model"] == sent


@pytest.mark.parametrize("place", ["first", "last", "image"])
def test_a_handle_from_before_the_review_is_looked_up(place):
    """A stored handle without an id is settled by one read, wherever it stands."""
    handle = submitted().handle
    media = {
        "first": Frames(first=handle),
        "last": Frames(first=URL, last=handle),
        "image": References(images=[URL, handle]),
    }[place]
    flow = PROVIDER.create_video(VideoRequest(prompt="rain", media=media))
    done = replay(flow, [reviewed(item("asset_a")), created()])

    assert "asset://asset_a" in [each["url"] for each in done.bodies[1]["image_with_roles"]]


def test_a_handle_from_after_the_review_needs_no_look():
    """A reviewed asset's handle carries its id."""
    asset = replay(PROVIDER.get_asset(submitted()), [reviewed(item("asset_a"))]).result
    request = VideoRequest(prompt="rain", media=Frames(first=asset.handle))
    done = replay(PROVIDER.create_video(request), [created()])

    assert done.bodies[0]["image_with_roles"][0]["url"] == "asset://asset_a"


@pytest.mark.parametrize(
    "task",
    [started(), reviewed(item("asset_a", "Failed"), status="failed")],
)
def test_an_asset_that_is_not_active_costs_nothing(task):
    """A handle whose review runs or failed stops the video before it is paid for."""
    asset = replay(PROVIDER.get_asset(submitted()), [task]).result
    request = VideoRequest(prompt="rain", media=Frames(first=asset.handle))

    with pytest.raises(errors.AssetNotReadyError):
        replay(PROVIDER.create_video(request), [task])
    with pytest.raises(errors.AssetNotReadyError):
        PROVIDER.preview_video(request)


@pytest.mark.parametrize("url", ["https://cdn.example/v.mp4", ["https://cdn.example/v.mp4"]])
def test_a_finished_videos_link_is_a_string_or_a_list(url):
    """Copies of the page disagree, so that both are read, with the moment the link ends."""
    task = data(
        id="task_9",
        status="completed",
        progress=100,
        created=1767323045,
        completed=1767323090,
        result={
            "videos": [{"url": url, "expires_at": 1767409490}],
            "last_frame_url": "https://cdn.example/last.png",
        },
    )
    done = replay(PROVIDER.get_video("task_9"), [task])

    assert done.result.status is VideoStatus.SUCCEEDED
    assert done.result.video_url == "https://cdn.example/v.mp4"
    assert done.result.last_frame_url == "https://cdn.example/last.png"
    assert done.result.link_expires_at.timestamp() == 1767409490
    assert done.result.updated_at - done.result.created_at == timedelta(seconds=45)
    assert "cdn.example" not in repr(done.result)


# -- the dialect ---------------------------------------------------------------------------------


def test_a_foreign_body_loses_nothing_in_silence():
    """Pictures without a role are references, unknown members go into extra, the rest is a loss."""
    body = {
        "model": "doubao-seedance-2.0",
        "prompt": 7,
        "image_urls": [URL, 7],
        "image_with_roles": [{"url": URL, "role": "hero"}, "x"],
        "video_urls": "https://example.com/a.mp4",
        "nsfw_check": True,
    }
    parsed = PROVIDER.dialect.parse(body, provider="xcompute", model="seedance-2.0")

    assert parsed.request.media == References(images=[URL])
    assert parsed.request.extra == {"xcompute": {"nsfw_check": True}}
    assert [
        "image_with_roles[0]",
        "image_with_roles[1]",
        "image_urls[1]",
        "video_urls",
        "prompt",
    ] == [loss.field for loss in parsed.losses]


# -- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("response", "error", "told"),
    [
        (refusal(404, "invalid_request_error", http=200), errors.NotFoundError, "no such luck"),
        (refusal(429, "rate_limit_error", http=200), errors.RateLimitedError, "no such luck"),
        (refusal(502, "bad_gateway", http=200), errors.ServiceUnavailableError, "no such luck"),
        (answer({"code": 404, "message": "gone"}), errors.NotFoundError, "gone"),
        (answer({"code": 429, "error": "slow down"}), errors.RateLimitedError, "slow down"),
        (answer({"error": {"code": "nsfw_content_detected"}}), errors.ContentRejectedError, ""),
    ],
)
def test_a_refusal_in_http_200_is_one(response, error, told):
    """The body's code stands for the status; a paid call that ends so in a fault is open."""
    with pytest.raises(error) as caught:
        replay(PROVIDER.get_video("task_9"), [response])
    paid = errors.OutcomeUnknownError if error is errors.ServiceUnavailableError else error
    with pytest.raises(paid):
        replay(PROVIDER.create_video(VideoRequest(prompt="rain")), [response])

    assert told == caught.value.vendor_message
