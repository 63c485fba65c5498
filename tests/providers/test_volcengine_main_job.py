"""The main job at a simulated Volcengine, every request and answer held to the contract."""

from __future__ import annotations

import pytest
from attrs import evolve

from portraitkit.testing import answer, simulated
from portraitkit.values import errors
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import AssetStatus, VideoStatus
from portraitkit.values.video import References, VideoRequest
from vendors import ACCOUNT, PICTURE, provider_of
from vendors import judged as judged_vendor

PROVIDER = provider_of("volcengine", callback_url="https://app.example/back")


def vendor(**variants):
    return judged_vendor("volcengine", **variants)


def video_of(*assets):
    media = References(images={f"person{n}": asset for n, asset in enumerate(assets)})
    names = " and ".join(f"{{person{n}}}" for n in range(len(assets)))
    return VideoRequest(prompt=f"{names} smile", media=media, duration_s=5, ratio="16:9")


def test_a_queued_video_can_be_cancelled_and_a_running_one_not():
    """Queued: cancelled. Later: a conflict, without a DELETE, and the record stays."""
    judged = vendor()
    client = simulated(PROVIDER, judged)
    early, late = (client.create_video(VideoRequest(prompt="x")) for _ in range(2))
    cancelled = client.cancel_video(early)
    judged.world.clock.advance(judged.world.queue_s)
    with pytest.raises(errors.ConflictError, match="running"):
        client.cancel_video(late)
    done = client.wait_for_video(late)
    with pytest.raises(errors.ConflictError, match="succeeded"):
        client.cancel_video(done)
    with pytest.raises(errors.VideoFailedError, match="cancelled"):
        client.wait_for_video(early.handle)

    assert VideoStatus.CANCELLED is cancelled.status
    assert 1 == judged.operations.count("DeleteVideoTask")
    assert {early.id, late.id} == {each.id for each in client.list_videos()}


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


@pytest.mark.parametrize("token_paging", [False, True])
def test_long_lists_are_walked_to_their_end(token_paging):
    """Both ways of paging give each of 230 assets once."""
    judged = vendor()
    judged.world.asset_quota = 1000
    client = simulated(evolve(PROVIDER, token_paging=token_paging), judged)
    group = client.create_group("Mia")
    added = {client.add_asset(group, PICTURE).id for _ in range(230)}
    listed = [asset.id for asset in client.list_assets(group)]

    assert (230, added) == (len(listed), {*listed})


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"secret_key": Secret("another")}, errors.AuthenticationError),
        ({"access_key": Secret("AKLTnobody")}, errors.AuthenticationError),
        ({"region": "ap-southeast-1"}, errors.AuthenticationError),
    ],
)
def test_a_wrong_signature_is_refused(changes, error):
    """The simulated vendor computes the signature itself, and refuses another key or region."""
    client = simulated(evolve(PROVIDER, **changes), vendor())

    with pytest.raises(error):
        client.create_group("Mia")


def test_temporary_credentials_work():
    """A session token is sent and signed."""
    judged = vendor()
    judged.simulator.add_account(evolve(ACCOUNT, session_token="sts-example"))
    client = simulated(evolve(PROVIDER, session_token=Secret("sts-example")), judged)

    assert client.create_group("Mia").id
    with pytest.raises(errors.AuthenticationError, match="token"):
        simulated(PROVIDER, judged).create_group("Mia")


def test_another_project_sees_nothing():
    """In another project the group is not found and lists are empty."""
    judged = vendor()
    group = simulated(PROVIDER, judged).create_group("Mia")
    other = simulated(evolve(PROVIDER, project_name="films"), judged)

    assert [] == list(other.list_groups())
    with pytest.raises(errors.NotFoundError):
        other.get_group(group.id)


def test_an_account_without_the_letter_is_told_to_sign_it():
    """The first group fails until the authorization letter is signed in the console."""
    with pytest.raises(errors.PermissionDeniedError) as caught:
        simulated(PROVIDER, vendor(letter_signed=False)).create_group("Mia")

    assert "authorization letter" in caught.value.next_step


def test_an_asset_under_review_never_reaches_a_paid_call():
    """An unready asset is stopped here; by bare id, by the vendor; neither costs anything."""
    judged = vendor()
    client = simulated(PROVIDER, judged)
    asset = client.add_asset(client.create_group("Mia"), PICTURE)
    with pytest.raises(errors.AssetNotReadyError):
        client.create_video(video_of(asset))
    with pytest.raises(errors.InvalidRequestError) as caught:
        client.create_video(video_of(asset.id))

    assert AssetStatus.PROCESSING is asset.status
    assert "content[1].image_url.url" == caught.value.field
    assert 0 == judged.world.billed[ACCOUNT.name, "video"]


def test_rates_are_met_by_waiting():
    """Flow control refuses the fourth CreateAsset of a minute; it is repeated until it passes."""
    judged = vendor(rates={"CreateAsset": (3, 5)})
    client = simulated(PROVIDER, judged)
    group = client.create_group("Mia")
    assets = [client.add_asset(group, PICTURE) for _ in range(5)]

    assert 5 == len({asset.id for asset in assets})
    assert 5 == judged.world.billed[ACCOUNT.name, "asset"]
