"""APIYI: flows alone, then at a simulated vendor held to the contract."""

from __future__ import annotations

import pytest
from attrs import evolve

from portraitkit.testing import answer, replay, simulated
from portraitkit.values import errors
from portraitkit.values.secret import Secret
from portraitkit.values.video import References, VideoRequest
from vendors import ACCOUNT, PICTURE, provider_of
from vendors import judged as judged_vendor

PROVIDER = provider_of("apiyi")

TASK_ID = "cgt-20260318040000-abcde"


def vendor(**variants):
    return judged_vendor("apiyi", **variants)


def refused(body, status):
    with pytest.raises(errors.ProviderError) as caught:
        replay(PROVIDER.get_video(TASK_ID), [answer(body, status)])
    return caught.value


# -- flows alone ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda p: p.start_verification("Ann", callback_url="https://app.example/"),
        lambda p: p.check_verification("anything"),
        lambda p: p.wait_until_verified("anything"),
    ],
)
def test_the_face_check_is_a_manual_step(call):
    """Who does what, where, and what to bring back; nothing is sent."""
    with pytest.raises(errors.ManualStepError) as caught:
        replay(call(PROVIDER), [])

    for words in ("account's owner", "My > Real-Person Avatars", "Bring back", "group's id"):
        assert words in caught.value.next_step


def test_a_callback_is_not_sent_on_a_guess():
    """Whether the gateway passes callback_url on is open: it is refused, or dropped if allowed."""
    request = VideoRequest(prompt="x", callback_url="https://app.example/")
    with pytest.raises(errors.UnsupportedError, match="callback_url"):
        PROVIDER.preview_video(request)
    preview = PROVIDER.preview_video(request, on_unsupported="drop")

    assert "callback_url" not in preview.body
    assert ["callback_url"] == [each.field for each in preview.adaptations]


@pytest.mark.parametrize(
    ("body", "status", "kind", "code"),
    [
        ({"error": {"message": "bad token", "type": "new_api_error", "code": ""}}, 401,
         errors.AuthenticationError, "new_api_error"),
        ({"error": {"message": "slow down", "code": None}}, 429, errors.RateLimitedError, ""),
        ({"error": {"message": "no", "code": 403}}, 403, errors.PermissionDeniedError, "403"),
        ({"error": "not here"}, 404, errors.NotFoundError, ""),
        ({"message": "no"}, 403, errors.PermissionDeniedError, ""),
        ("<html>", 502, errors.ServiceUnavailableError, ""),
        (None, 404, errors.NotFoundError, ""),
    ],
)  # fmt: skip
def test_an_error_of_the_gateway_goes_by_its_status(body, status, kind, code):
    """What the gateway itself refuses has code, message and type if at all."""
    error = refused(body, status)

    assert (kind, code) == (type(error), error.code)


def test_an_error_in_place_of_a_task_is_a_refusal_whatever_the_status():
    """HTTP 200 with an error and no id is not a task."""
    error = refused({"error": {"code": "InvalidParameter", "message": "no"}}, 200)

    assert isinstance(error, errors.InvalidRequestError)


# -- at a simulated vendor -------------------------------------------------------------------------


def test_anothers_asset_costs_nothing():
    """An asset of another project is refused by the gateway with the guide's words."""
    judged = vendor()
    other = evolve(ACCOUNT, name="other", access_key="AKLTother", project_name="films")
    judged.simulator.add_account(other)
    there = evolve(PROVIDER, access_key=Secret("AKLTother"), project_name="films")
    asset = simulated(there, judged).add_asset(simulated(there, judged).create_group("x"), PICTURE)
    judged.world.clock.advance(60)
    request = VideoRequest(prompt="x", media=References(images=[asset.id]))
    with pytest.raises(errors.InvalidRequestError, match="is not found"):
        simulated(PROVIDER, judged).create_video(request)

    assert 0 == judged.world.billed[ACCOUNT.name, "video"]


def test_a_token_without_the_group_is_told_so():
    """The gateway has no channel for the model: the next step names the token's group."""
    judged = vendor(ungrouped=frozenset({ACCOUNT.name}))
    with pytest.raises(errors.PermissionDeniedError) as caught:
        simulated(PROVIDER, judged).create_video(VideoRequest(prompt="x"))

    assert "SeeDance2" in caught.value.next_step
    assert 1 == judged.operations.count("CreateVideoTask")
