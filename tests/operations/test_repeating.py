"""Changes that are repeated: what an earlier attempt may have done is no error of the next one."""

from __future__ import annotations

import pytest
from attrs import evolve

from portraitkit.providers.alltoken import AllToken
from portraitkit.providers.token360 import Token360
from portraitkit.testing import answer, replay
from portraitkit.values import errors
from portraitkit.values.remarks import Attempt, Outcome
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import VideoStatus

# Deletions of what is gone are answered in several ways; these are plain ones.
pytestmark = pytest.mark.outside_the_contract

ALLTOKEN = AllToken(api_key=Secret("sk-test-key"))
TOKEN360 = Token360(api_key=Secret("sk-test-key"))
GONE = answer({"error": {"message": "no such asset", "type": "not_found_error"}}, 404)
DENIED = answer({"error": {"message": "not yours", "type": "permission_error"}}, 403)
ENDED = answer({"error": {"message": "it has ended", "code": "invalid_request"}}, 409)
LOST = Attempt(number=1, outcome=Outcome.UNKNOWN, reason="connection lost while receiving")
BUSY = Attempt(number=1, outcome=Outcome.REFUSED, reason="HTTP 429")


def after(attempt, response):
    return evolve(response, attempts=(attempt,))


def test_what_an_earlier_attempt_removed_is_removed():
    """Not found after a lost answer is what a deletion wants."""
    done = replay(TOKEN360.delete_asset("ta_1"), [after(LOST, GONE)])

    assert done.result is None


@pytest.mark.parametrize("response", [GONE, after(BUSY, GONE)])
def test_what_was_not_there_is_an_error(response):
    """Without a lost answer, nothing was removed by this call."""
    with pytest.raises(errors.NotFoundError):
        replay(TOKEN360.delete_asset("ta_1"), [response])


def test_access_denied_after_a_lost_answer_proves_nothing():
    """It may be gone, or it may never have been this account's."""
    with pytest.raises(errors.OutcomeUnknownError, match="not yours") as caught:
        replay(TOKEN360.delete_group("group-1"), [after(LOST, DENIED)])

    assert (403, (LOST,)) == (caught.value.status, caught.value.attempts)
    assert "list" in caught.value.next_step


def test_access_denied_at_once_is_a_refusal():
    """The first answer says what it says."""
    with pytest.raises(errors.PermissionDeniedError):
        replay(TOKEN360.delete_group("group-1"), [DENIED])


def test_what_an_earlier_attempt_cancelled_is_cancelled():
    """A conflict after a lost answer is looked into."""
    answers = [after(LOST, ENDED), answer({"id": "vgen_1", "status": "cancelled"})]

    done = replay(ALLTOKEN.cancel_video("vgen_1"), answers)

    assert VideoStatus.CANCELLED is done.result.status


def test_a_video_that_ended_otherwise_is_a_conflict():
    """It was too late, whichever attempt was the first to arrive."""
    answers = [after(LOST, ENDED), answer({"id": "vgen_1", "status": "completed"})]

    with pytest.raises(errors.ConflictError):
        replay(ALLTOKEN.cancel_video("vgen_1"), answers)


def test_a_conflict_at_once_is_a_conflict():
    """Nothing was lost, so nothing is looked into."""
    with pytest.raises(errors.ConflictError):
        replay(ALLTOKEN.cancel_video("vgen_1"), [ENDED])
