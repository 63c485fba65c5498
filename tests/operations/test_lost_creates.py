"""Looking for lost creates, step by step: pages, odd lists, and what the steps are."""

from __future__ import annotations

from datetime import timedelta
from importlib.resources import files

import pytest
from attrs import evolve

from portraitkit.operations.reconciling import advised, reconciled
from portraitkit.operations.searching import RECENT, Listing, groups_of, is_recent, look
from portraitkit.providers.alltoken import AllToken
from portraitkit.providers.token360 import Token360
from portraitkit.providers.volcengine import Volcengine
from portraitkit.testing import answer, replay
from portraitkit.testing.doubles.replaying import NOW
from portraitkit.values.errors import (
    OutcomeUnknownError,
)
from portraitkit.values.models import Group, Page
from portraitkit.values.name_tokens import new_token, tagged
from portraitkit.values.remarks import Attempt, Outcome
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import AssetStatus, GroupKind
from portraitkit.values.video import VideoRequest
from portraitkit.vendor.pacing import Pacing
from portraitkit.wire.steps import Pause, Work

FACE = files("portraitkit.simulators").joinpath("data", "face.jpg").read_bytes()
QUICK = Pacing(step_s=0, unseen_s=3)
ALLTOKEN = AllToken(
    api_key=Secret("sk-test-key"), name_tokens=True, pacing={"asset": QUICK, "video": QUICK}
)
VOLCENGINE = Volcengine(
    secret_key=Secret("secret-key"),
    access_key=Secret("access-key"),
    api_key=Secret("api-key-1"),
    name_tokens=True,
    pacing={"asset": QUICK, "video": QUICK},
)
LOST = OutcomeUnknownError("lost")
PAST = Attempt(number=1, outcome=Outcome.UNKNOWN, reason="answer not readable")


def listed(*items, total=None):
    return answer({"Result": {"Items": list(items), "TotalCount": total or len(items)}})


def group(number, name, created_at=None):
    at = (created_at or NOW).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"Id": f"group-{number}", "Name": name, "GroupType": "AIGC", "CreateTime": at}


def created(provider, monkeypatch, answers, token=None):
    token = token or new_token()
    monkeypatch.setattr("portraitkit.operations.reconciling.new_token", lambda: token)
    return replay(provider.create_group("Mia"), answers)


def test_the_token_is_made_in_a_step_of_its_own():
    """What is random comes from outside the flow, so that a recorded one plays back."""
    flow = ALLTOKEN.create_group("Mia")

    step = next(flow)

    assert isinstance(step, Work)
    assert isinstance(flow.send("pk-fixed"), Pause)  # what time it is
    assert b'"Mia pk-fixed"' in flow.send(0.0).content


def test_a_vendor_that_finds_by_name_is_asked_to(monkeypatch):
    """The quick looks filter; only that nothing is there is believed of the whole list alone."""
    ok = answer({"Result": {"Id": "group-9"}})
    done = created(VOLCENGINE, monkeypatch, [LOST, *[listed()] * 4, ok], token := new_token())

    looks = [body["Filter"] for body in done.bodies[1:-1]]
    assert [{"GroupType": "AIGC", "Name": token}] * 3 == looks[:3]
    assert {"GroupType": "AIGC"} == looks[3]
    assert [1.0] * 3 == [
        each.seconds for each in done.steps if each.__class__ is Pause and each.seconds
    ]
    assert (PAST,) == done.result.raw.attempts


def test_the_last_page_is_looked_at(monkeypatch):
    """A new thing may be at the end of a long list."""
    pages = [
        listed(group(1, "Leo"), total=2),
        listed(group(2, f"Mia {(token := new_token())}"), total=2),
    ]

    done = created(ALLTOKEN, monkeypatch, [LOST, *pages], token)

    assert ("group-2", "Mia", token) == (done.result.id, done.result.name, done.result.name_token)


def test_a_list_that_repeats_itself_proves_nothing(monkeypatch):
    """Its other pages were never seen."""
    leo = group(1, "Leo", NOW - timedelta(minutes=1))
    page = listed(leo, total=2)

    with pytest.raises(OutcomeUnknownError, match="the vendor's list repeats itself") as caught:
        created(ALLTOKEN, monkeypatch, [LOST, *[page, page] * 4])

    assert () == caught.value.candidates


def test_a_list_that_repeats_ours_is_no_second_one(monkeypatch):
    """One thing listed twice is one thing."""
    mine = group(1, f"Mia {(token := new_token())}")

    done = created(ALLTOKEN, monkeypatch, [LOST, listed(mine, mine)], token)

    assert ("group-1", ()) == (done.result.id, done.result.adaptations)


def test_what_somebody_renamed_meanwhile_may_be_it(monkeypatch):
    """A thing made since the create left is no proof that nothing was, whatever its name."""
    with pytest.raises(OutcomeUnknownError, match="1 new group.s. may be it") as caught:
        created(ALLTOKEN, monkeypatch, [LOST, *[listed(group(1, "Leo"))] * 4])

    assert ["group-1"] == [each.id for each in caught.value.candidates]


def test_what_was_made_long_after_is_not_it(monkeypatch):
    """A job is looked for hours later: others' things of that time do not stand in its way."""
    sent = tagged("Mia", token := new_token())
    listing = groups_of(ALLTOKEN, GroupKind.VIRTUAL)
    hour, later = 3600.0, group(1, "Leo", NOW)
    then = group(2, "Ann", NOW - timedelta(hours=1))

    def seen(*items):
        return replay(look(ALLTOKEN, listing, sent, token, -hour), [listed(*items)] * 4).result

    assert seen(later).is_absent
    assert ["group-2"] == [each.id for each in seen(then, later).maybe]


def test_a_list_that_takes_long_overlooks_nothing():
    """What was made just after the create left is as old as that when the list is there at last."""
    provider = evolve(ALLTOKEN, pacing={"asset": evolve(QUICK, unseen_s=0)})
    renamed = listed(group(1, "Maya", NOW - timedelta(seconds=22)))
    flow = look(provider, groups_of(provider, GroupKind.VIRTUAL), "Mia", "", 0.0)
    clock_s, reply = 14.0, None
    with pytest.raises(StopIteration) as done:
        while True:
            if isinstance(step := flow.send(reply), Pause):
                reply = clock_s = clock_s + step.seconds
            else:
                reply, clock_s = renamed, clock_s + 8.0

    assert ["group-1"] == [each.id for each in done.value.value.maybe]


def test_the_next_part_waits_for_a_vendor_that_wants_to_rest():
    """A batch goes on when the vendor takes calls again."""
    busy = answer({}, 429, headers={"retry-after": "40"})
    urls = ["https://media.example/a.jpg", "https://media.example/b.jpg"]
    added = answer({"Result": {"Id": "asset-20260318035710-abcde"}})
    done = replay(ALLTOKEN.add_assets("group-1", urls), [busy, added])

    assert [AssetStatus.FAILED] == [each.status for each in done.result[:1]]
    assert 40.0 in [each.seconds for each in done.steps if isinstance(each, Pause)]


def test_a_vendor_that_wants_to_rest_is_not_asked_before(monkeypatch):
    """Looks keep what a refusal asks for; one that asks for longer than they go on ends them."""
    busy = answer({}, 429, headers={"retry-after": "7"})
    mine = group(1, f"Mia {(token := new_token())}")
    done = created(ALLTOKEN, monkeypatch, [LOST, busy, listed(mine)], token)
    pauses = [each.seconds for each in done.steps if isinstance(each, Pause)]
    assert 7.0 == next(filter(None, pauses))

    with pytest.raises(OutcomeUnknownError, match="looking for it failed"):
        created(ALLTOKEN, monkeypatch, [LOST, answer({}, 429, headers={"retry-after": "86400"})])


def test_what_is_old_is_not_what_was_lost(monkeypatch):
    """An old group without a token does not keep a lost one from being created again."""
    old = group(1, "Mia", NOW - RECENT - timedelta(seconds=1))
    ok = answer({"Result": {"Id": "group-9"}})

    done = created(ALLTOKEN, monkeypatch, [LOST, *[listed(old)] * 4, ok])

    assert "group-9" == done.result.id


def test_candidates_are_a_handful_and_the_newest(monkeypatch):
    """Nobody compares a hundred."""
    many = [group(n, "Mia", NOW - timedelta(seconds=n)) for n in range(9)]

    with pytest.raises(OutcomeUnknownError) as caught:
        created(ALLTOKEN, monkeypatch, [LOST, *[listed(*many)] * 4])

    assert [f"group-{n}" for n in (4, 3, 2, 1, 0)] == [each.id for each in caught.value.candidates]


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (answer({"Result": {}}), "answer not readable"),
        (answer("<html>", 502), "HTTP 502"),
        (evolve(answer("<html>", 502), attempts=(PAST,)), PAST.reason),
    ],
)
def test_the_lost_attempt_is_told(monkeypatch, first, reason):
    """However the answer was lost, the result says that it was."""
    mine = group(1, f"Mia {(token := new_token())}")

    done = created(ALLTOKEN, monkeypatch, [first, listed(mine)], token)

    assert [(1, Outcome.UNKNOWN, reason)] == [
        (each.number, each.outcome, each.reason) for each in done.result.raw.attempts
    ]


def test_a_check_that_is_known_is_not_looked_for():
    """An answer without its link still names the group."""
    provider = Token360(api_key=Secret("sk-test-key"), name_tokens=True)
    first = answer({"code": 0, "data": {"assetGroupId": "g-1", "name": "Ann"}})

    with pytest.raises(OutcomeUnknownError, match="Assets page") as caught:
        replay(provider.start_verification("Ann"), [first])

    assert caught.value.handle


def test_advice_does_not_replace_what_is_known():
    """Where the error names the thing, its own next step holds."""
    known = OutcomeUnknownError("lost", handle="pk1:x", next_step="read it")

    def flow():
        yield from ()
        raise known

    with pytest.raises(OutcomeUnknownError, match="read it"):
        replay(advised(flow(), ALLTOKEN, "start another"), [])


def test_what_follows_a_create_passes_as_it_is():
    """A name that costs a second call is sent by one that needs no token."""
    ok = answer({"Result": {"Id": "asset-9"}})

    done = replay(ALLTOKEN.add_asset("group-1", FACE, name="front"), [ok, ok])

    assert ["", ""] == [each.token for each in done.requests]
    assert "front" == done.result.name


@pytest.mark.parametrize(
    ("created_at", "expected"),
    [(None, True), (NOW, True), (NOW - RECENT, True), (NOW - RECENT * 2, False)],
)
def test_what_tells_no_time_may_be_new(created_at, expected):
    """Age is proof only where it is told."""
    raw = answer({}).raw({})
    item = Group(provider="x", account="y", id="1", created_at=created_at, raw=raw)

    assert expected is is_recent(item)
    assert is_recent(evolve(item, raw=None))


def test_a_result_without_an_answer_stays_as_it_is(monkeypatch):
    """An adapter may make a result by hand."""
    found = Group(provider="x", account="y", id="1", name_token="pk-mine")
    monkeypatch.setattr("portraitkit.operations.reconciling.new_token", lambda: "pk-mine")
    place = Listing(
        what="group",
        how_to_look="list_groups()",
        is_listed=True,
        whole=lambda cursor: _page(found),
        quick=lambda text, cursor: _page(found),
    )
    flow = reconciled(ALLTOKEN, place, "Mia", lambda name: _lost(), lambda item: item)

    assert found == replay(flow, []).result


def _page(item):
    yield from ()
    return Page(items=(item,))


def _lost():
    yield from ()
    raise OutcomeUnknownError("lost")


# -- videos ----------------------------------------------------------------------------------------

FILM = VideoRequest(prompt="rain", model="seedance-2.0")


def tasks(*ids, model="seedance-2.0", more=False, at=NOW):
    data = [
        {"id": i, "status": "queued", "model": model, "created_at": at.timestamp()} for i in ids
    ]
    return answer({"data": data, "has_more": more, "last_id": ids[-1] if ids else None})


def filmed(answers):
    provider = Token360(api_key=Secret("sk-test-key"), name_tokens=True, pacing={"video": QUICK})
    with pytest.raises(OutcomeUnknownError) as caught:
        replay(provider.create_video(FILM), answers)
    return caught.value


def test_tasks_of_the_first_pages_are_candidates():
    """New ones are at the top; three pages are enough for the busiest."""
    pages = [tasks(f"vid_{n}", more=True) for n in range(3)]

    error = filmed([LOST, *pages])

    assert {"vid_0", "vid_1", "vid_2"} == {each.id for each in error.candidates}


def test_tasks_of_another_model_are_shown_only_without_better_ones():
    """A vendor may call the model otherwise."""
    other = tasks("vid_0", model="other")
    both = answer(
        {
            "data": [
                {"id": "vid_0", "model": "other", "created_at": NOW.timestamp()},
                {"id": "vid_1", "model": "seedance-2.0", "created_at": NOW.timestamp()},
            ]
        }
    )

    assert ["vid_0"] == [each.id for each in filmed([LOST, other]).candidates]
    assert ["vid_1"] == [each.id for each in filmed([LOST, both]).candidates]


def test_old_tasks_are_none():
    """Two looks, and what was there before is no candidate."""
    old = tasks("vid_0", at=NOW - RECENT * 2)

    error = filmed([LOST, old, old])

    assert () == error.candidates
    assert (PAST,) == error.attempts


def test_groups_of_a_kind_that_cannot_be_made_are_refused_first():
    """Nothing random is drawn for what is never sent."""
    with pytest.raises(Exception, match="start_verification"):
        replay(ALLTOKEN.create_group("Mia", kind=GroupKind.REAL_PERSON), [])
