"""Volcengine's flows alone: exact requests out, exact models in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from portraitkit.simulators.volcengine import VolcengineSimulator
from portraitkit.testing import answer, replay, simulated
from portraitkit.testing.doubles.replaying import NOW
from portraitkit.values import errors
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import AssetStatus, GroupKind, VerificationStatus, VideoStatus
from portraitkit.values.video import VideoRequest
from vendors import ACCOUNT, provider_of
from vendors import judged as judged_vendor

PROVIDER = provider_of("volcengine", callback_url="https://app.example/back")
GROUP_ID = "group-20260318035710-xxxxx"
ASSET_ID = "asset-20260318035710-xxxxx"
TASK_ID = "cgt-20260318040000-abcde"
TOKEN = "20260318035710A1B2C3D4E5F6A7B8C9D0"
URL = "https://example.com/mia.jpg"
METADATA = {"RequestId": "req-1", "Version": "2024-01-01", "Service": "ark", "Region": "cn-beijing"}


def result(body):
    return answer({"ResponseMetadata": METADATA, "Result": body})


def refusal(code, message="no", status=400, **data):
    error = {"Code": code, "Message": message, **data}
    return answer({"ResponseMetadata": {**METADATA, "Error": error}}, status)


# -- the signed Actions ---------------------------------------------------------------------------


def test_every_action_names_the_project():
    """Without ProjectName lists are empty and deletes find nothing: each Action carries it."""
    films = evolve(PROVIDER, project_name="films")
    items = {"Items": [], "TotalCount": 0}
    flows = [
        (films.get_group(GROUP_ID), [result({"Id": GROUP_ID})]),
        (films.list_groups(None), [result(items)]),
        (films.rename_group(GROUP_ID, "A"), [result({}), result({"Id": GROUP_ID})]),
        (films.delete_group(GROUP_ID), [result({})]),
        (films.add_asset(GROUP_ID, URL), [result({"Id": ASSET_ID})]),
        (films.get_asset(ASSET_ID), [result({"Id": ASSET_ID})]),
        (films.list_assets(None, GROUP_ID), [result(items)]),
        (films.rename_asset(ASSET_ID, "A"), [result({}), result({"Id": ASSET_ID})]),
        (films.delete_asset(ASSET_ID), [result({})]),
        (
            films.start_verification("Ann", callback_url="https://app.example/back"),
            [result({"BytedToken": TOKEN, "H5Link": "https://h5.example/x"})],
        ),
        (films.check_verification(TOKEN), [result({"GroupId": GROUP_ID})]),
    ]
    bodies = [body for flow, answers in flows for body in replay(flow, answers).bodies]

    assert 13 == len(bodies)
    assert {"films"} == {body["ProjectName"] for body in bodies}


def test_each_plane_has_its_own_credential():
    """Actions carry a signature and no key, videos the key and no signature."""
    (video,) = replay(
        PROVIDER.get_video(TASK_ID), [answer({"id": TASK_ID, "status": "queued"})]
    ).requests
    sent = PROVIDER.authorize(video, now=NOW)

    assert f"Bearer {ACCOUNT.api_key}" == sent.headers["Authorization"]
    assert not [name for name in sent.headers if name.startswith("X-")]
    assert PROVIDER.origins == {
        "https://open.volcengineapi.com",
        "https://ark.cn-beijing.volces.com",
    }


@pytest.mark.parametrize("wrap", [lambda body: {"Result": body}, lambda body: body])
def test_a_result_is_read_inside_the_envelope_and_at_the_top(wrap):
    """The vendor's own client unwraps the envelope, and its pages print both forms."""
    body = {"Id": ASSET_ID, "Status": "Active", "Error": None, "URL": "https://tos.example/a?X=1"}
    asset = replay(PROVIDER.get_asset(ASSET_ID), [answer(wrap(body))]).result

    assert (ASSET_ID, AssetStatus.ACTIVE, None) == (asset.id, asset.status, asset.failure)
    assert "https://tos.example/a?X=1" == asset.link.reveal()
    assert f"asset://{ASSET_ID}" == asset.uri


@pytest.mark.parametrize("body", [{"ResponseMetadata": METADATA}, None])
def test_a_deletion_needs_no_result(body):
    """Result may be left out, and the whole body with it."""
    done = replay(PROVIDER.delete_group(GROUP_ID), [answer(body)])

    assert done.result is None
    assert done.requests[0].repeatable


@pytest.mark.parametrize("status", [200, 400])
def test_the_envelopes_error_decides_whatever_the_status(status):
    """A refusal with HTTP 200 is one, with its code, message and request id."""
    with pytest.raises(errors.InvalidRequestError) as caught:
        replay(PROVIDER.get_group(GROUP_ID), [refusal("MissingParameter.Id", "gone", status)])

    error = caught.value
    assert ("MissingParameter.Id", "gone", "req-1") == (
        error.code,
        error.vendor_message,
        error.request_id,
    )


@pytest.mark.parametrize(
    ("of_a_video", "code", "status", "words"),
    [
        (False, "SignatureDoesNotMatch", 401, "never decoded from base64"),
        (False, "InvalidTimestamp", 400, "clock"),
        (False, "AccessDenied", 403, "ark:*Asset*"),
        (False, "InvalidSecretToken", 400, "session_token"),
        (True, "ModelNotOpen", 404, "open the model"),
        (True, "SetLimitExceeded", 429, "spending limit"),
        (True, "QuotaExceeded", 429, "running videos"),
        (True, "AccountOverdueError", 403, "top up"),
    ],
)
def test_a_refusal_says_what_helps(of_a_video, code, status, words):
    """Where the documents name the remedy; a quota of videos is not one of assets."""
    film = PROVIDER.create_video(VideoRequest(prompt="x"))
    flow, refused = (film, task_refusal) if of_a_video else (PROVIDER.create_group("Mia"), refusal)
    with pytest.raises(errors.ProviderError) as caught:
        replay(flow, [refused(code, status=status)])

    assert words in caught.value.next_step


def test_lists_by_page_number_ask_for_each_kind_in_turn():
    """The filter takes one GroupType, so both kinds take two walks; pages end by TotalCount."""
    rows = [{"Id": f"group-{n}", "GroupType": "AIGC"} for n in range(100)]
    one = replay(PROVIDER.list_groups(None), [result({"Items": rows, "TotalCount": 101})])
    last = result({"Items": [{"Id": "group-last"}], "TotalCount": 101, "PageSize": 100})
    two = replay(PROVIDER.list_groups(one.result.next), [last])
    three = replay(
        PROVIDER.list_groups(two.result.next),
        [result({"Items": [{"Id": "group-ann", "GroupType": "LivenessFace"}], "TotalCount": 1})],
    )
    (body,) = one.bodies

    assert {"GroupType": "AIGC"} == body["Filter"]
    assert (1, 100) == (body["PageNumber"], body["PageSize"])
    assert 2 == two.bodies[0]["PageNumber"]
    assert {"GroupType": "LivenessFace"} == three.bodies[0]["Filter"]
    assert [GroupKind.REAL_PERSON] == [group.kind for group in three.result.items]
    assert three.result.next is None


def test_lists_by_token_hand_the_token_back_as_it_is():
    """Token paging sends MaxResults, then NextToken word for word, and ends where none comes."""
    provider = evolve(PROVIDER, token_paging=True)
    flow = provider.list_groups(None, kind=GroupKind.VIRTUAL)
    one = replay(flow, [result({"Items": [{"Id": "group-1"}], "NextToken": "a:b/c=="})])
    flow = provider.list_groups(one.result.next, kind=GroupKind.VIRTUAL)
    two = replay(flow, [result({"Items": [{"Id": "group-2"}]})])
    bodies = one.bodies + two.bodies

    assert [100, 100] == [body["MaxResults"] for body in bodies]
    assert [None, "a:b/c=="] == [body.get("NextToken") for body in bodies]
    assert not [body for body in bodies if {"PageNumber", "PageSize"} & set(body)]
    assert two.result.next is None


def test_a_list_of_assets_always_names_the_groups_type():
    """Leaving GroupType out is refused, so a bare id is looked for under both kinds."""
    one = replay(
        PROVIDER.list_assets(None, GROUP_ID, status=AssetStatus.ACTIVE),
        [result({"Items": [], "TotalCount": 0})],
    )
    row = {"Id": ASSET_ID, "Status": "Active", "GroupId": GROUP_ID}
    flow = PROVIDER.list_assets(one.result.next, GROUP_ID, status=AssetStatus.ACTIVE)
    two = replay(flow, [result({"Items": [row], "TotalCount": 1})])

    wanted = {"GroupIds": [GROUP_ID], "Statuses": ["Active"]}
    assert [{"GroupType": "AIGC", **wanted}] == [body["Filter"] for body in one.bodies]
    assert [{"GroupType": "LivenessFace", **wanted}] == [body["Filter"] for body in two.bodies]
    assert [ASSET_ID] == [asset.id for asset in two.result.items]


def test_another_projects_handle_is_refused():
    """Projects do not see each other's assets, so their handles are of different accounts."""
    other = evolve(PROVIDER, project_name="films")
    asset = replay(other.get_asset(ASSET_ID), [result({"Id": ASSET_ID})]).result

    with pytest.raises(errors.HandleError, match="another account"):
        replay(PROVIDER.get_asset(asset.handle), [])


# -- the face check -------------------------------------------------------------------------------


def started(life_s=120):
    provider = evolve(PROVIDER, verification_life_s=life_s)
    flow = provider.start_verification("Ann", callback_url="https://app.example/back")
    done = replay(flow, [result({"BytedToken": TOKEN, "H5Link": "https://h5.example/x"})])
    return provider, done.result


def pending(status=404, **options):
    message = f"The specified visual face token {TOKEN} is not found."
    data = {"__Message.parameter": TOKEN, "__Message.resourceContent": TOKEN}
    error = {"Code": f"NotFound.{TOKEN}", "Message": message, "Data": data}
    body = {"ResponseMetadata": {**METADATA, "Error": error}}
    return answer(body, status, **options)


@pytest.mark.parametrize(
    "not_yet", [pending(404), pending(200), answer(None, 404)], ids=["404", "200", "empty 404"]
)
def test_a_pending_check_is_waiting_in_every_form(not_yet):
    """The code that holds the token, with either status, and an empty 404 all mean: not yet."""
    provider, check = started()
    done = replay(provider.check_verification(check), [not_yet])

    assert VerificationStatus.WAITING is done.result.status
    assert (TOKEN, True) == (done.bodies[0]["BytedToken"], done.requests[0].repeatable)


@pytest.mark.parametrize(
    ("life_s", "status"),
    [(120, VerificationStatus.EXPIRED), (1800, VerificationStatus.WAITING)],
)
def test_the_clock_tells_expired_from_pending(life_s, status):
    """The wire does not tell them apart: the configured life does."""
    provider, check = started(life_s)
    late = pending(received_at=NOW + timedelta(seconds=121))

    assert status is replay(provider.check_verification(check), [late]).result.status


def test_a_missing_thing_that_is_not_the_token_is_an_error():
    """NotFound with another code is not taken for a pending check."""
    provider, check = started()

    with pytest.raises(errors.NotFoundError):
        replay(provider.check_verification(check), [refusal("NotFound.group_id", status=404)])


@pytest.mark.parametrize("status", [404, 200, 403])
def test_the_token_is_in_no_text(status):
    """The refusal's code, message and data repeat the token; no error, event or repr does."""
    simulator = VolcengineSimulator()
    client = simulated(PROVIDER, simulator)
    check = PROVIDER.read_callback(f"https://app.example/?bytedToken={TOKEN}&resultCode=10000")
    not_yet = pending(status)
    for _ in range(60):
        simulator.answer_next(not_yet)
    seen = []
    with pytest.raises(errors.PortraitError) as caught:
        client.wait_until_verified(check, deadline_s=30, on_event=seen.append)

    error = caught.value
    texts = [str(error), repr(error), error.code, error.vendor_message, error.next_step]
    texts += [*map(str, seen), *map(repr, seen), repr(check), check.handle, repr(client.provider)]
    assert [] == [text for text in texts if TOKEN in text]


def test_a_refusal_that_repeats_the_token_is_masked():
    """Where the vendor echoes the token in an error that leaves, the text shows a mask."""
    simulator = VolcengineSimulator()
    simulator.answer_next(refusal("AccessDenied", f"no right to {TOKEN}", 403))
    with pytest.raises(errors.PermissionDeniedError) as caught:
        simulated(PROVIDER, simulator).check_verification(TOKEN)

    assert "no right to <secret>" == caught.value.vendor_message
    assert TOKEN not in str(caught.value)


@given(st.text(st.characters(categories=["L", "N"], include_characters="-_."), min_size=8))
def test_any_token_is_recognised_in_its_own_refusal(token):
    """Whatever a token looks like, dots included, NotFound.<token> means that the check is open."""
    provider, check = started()
    check = evolve(check, token=Secret(token))
    done = replay(provider.check_verification(check), [refusal(f"NotFound.{token}", status=404)])

    assert VerificationStatus.WAITING is done.result.status


# -- videos ---------------------------------------------------------------------------------------

TASKS = "https://ark.cn-beijing.volces.com/api/v3/contents/generations/tasks"


def task(**members):
    return answer({"id": TASK_ID, "model": "doubao-seedance-2-0-260128", **members})


def task_refusal(code, status, message="no", param=None):
    return answer({"error": {"code": code, "message": message, "param": param}}, status)


@pytest.mark.parametrize("model", ["dreamina-seedance-2-0-260128", "ep-20260318-abcde"])
def test_another_houses_name_of_a_model_and_an_endpoint_are_sent_as_they_are(model):
    """Only neutral names become the vendor's."""
    preview = PROVIDER.preview_video(VideoRequest(prompt="x", model=model))

    assert model == preview.body["model"]


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


# -- at a simulated vendor ------------------------------------------------------------------------


def vendor(**variants):
    return judged_vendor("volcengine", **variants)


def test_a_cancellation_is_never_sent_late():
    """Asked to come back in a minute, it gives up: by then the DELETE would remove the record."""
    judged = vendor()
    client = simulated(PROVIDER, judged)
    task = client.create_video(VideoRequest(prompt="x"))
    busy = answer({"error": {"code": "ServerOverloaded"}}, 429, headers={"retry-after": "60"})
    judged.answer_next(busy, lambda request: request.method == "DELETE")
    with pytest.raises(errors.RateLimitedError):
        client.cancel_video(task)

    assert 1 == judged.operations.count("DeleteVideoTask")
    assert VideoStatus.SUCCEEDED is client.wait_for_video(task).status


def test_temporary_credentials_work():
    """A session token is sent and signed."""
    judged = vendor()
    judged.simulator.add_account(evolve(ACCOUNT, session_token="sts-example"))
    client = simulated(evolve(PROVIDER, session_token=Secret("sts-example")), judged)

    assert client.create_group("Mia").id
    with pytest.raises(errors.AuthenticationError, match="token"):
        simulated(PROVIDER, judged).create_group("Mia")


def test_an_account_without_the_letter_is_told_to_sign_it():
    """The first group fails until the authorization letter is signed in the console."""
    with pytest.raises(errors.PermissionDeniedError) as caught:
        simulated(PROVIDER, vendor(letter_signed=False)).create_group("Mia")

    assert "authorization letter" in caught.value.next_step
