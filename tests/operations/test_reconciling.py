"""
Creates whose answer is lost: looked for, adopted or made again, never made twice.

The vendors are simulated in this process; a transport loses what a test says, on virtual time.
"""

from __future__ import annotations

import pickle
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve, field

import portraitkit as pk
from portraitkit.client.client import Client
from portraitkit.engine.response_body import TransportError
from portraitkit.simulators.simulator import Simulator
from portraitkit.simulators.state import VirtualClock, never
from portraitkit.testing import VirtualTime
from portraitkit.values.errors import OutcomeUnknownError, QuotaExceededError, UnsupportedError
from portraitkit.values.name_tokens import untagged
from portraitkit.values.remarks import Attempt, Outcome
from portraitkit.vendor.pacing import Pacing
from portraitkit.wire.steps import Auth, Request
from worlds.sites import FACE, Things, furnished

PAGE = Path(__file__).parents[2] / "docs" / "safety.md"
LINK = "https://pictures.example/front.png"
VENDORS = ("alltoken", "token360", "volcengine", "apiyi", "xcompute")
"""BytePlus is as Volcengine here, and APIMart as xcompute."""
FINDABLE = ("alltoken", "token360", "volcengine", "apiyi")
LISTS_VIDEOS = ("alltoken", "token360", "volcengine")
OPERATIONS = ("create_group", "add_asset")
UNSEEN_S = 10
PACING = Pacing(first_s=1, step_s=2, deadline_s=60, unseen_s=UNSEEN_S)
LOST = Attempt(number=1, outcome=Outcome.UNKNOWN, reason="lost")


@define
class Losing:
    """A transport that loses the answers of creates, each carried out or not, and of looks."""

    simulator: Simulator
    acted: list[bool] = field(factory=lambda: [True])
    looks: int = 0
    times: int = 1
    sent: list[Request] = field(factory=list)

    def send(self, request):
        self.sent.append(request)
        if request.repeatable or request.auth is Auth.NONE:
            if self.looks:
                self.looks -= 1
                raise TransportError(Outcome.UNKNOWN, "lost")
            return self.simulator.handle(request)
        if not self.acted:
            return self.simulator.handle(request)
        for _ in range(self.times * self.acted.pop(0)):
            self.simulator.world.clock.advance(1)
            self.simulator.handle(request)
        raise TransportError(Outcome.UNKNOWN, "lost")

    def close(self):
        pass


class Stage:
    """A vendor, some time after it was furnished, and what is to be lost there."""

    def __init__(self, vendor, **losing):
        self.vendor = vendor
        simulator = furnished(vendor).simulator(VirtualClock(furnished(vendor).now))
        simulator.world.clock.advance(600)
        self.world = simulator.world
        self.world.person = never
        self.before = self.ids
        self.time = VirtualTime(self.world.clock)
        self.wire = Losing(simulator, **losing)
        provider = evolve(
            furnished(vendor).provider,
            name_tokens=True,
            pacing=dict.fromkeys(("asset", "verification", "video"), PACING),
        )
        self.client = partial(
            Client,
            provider,
            transport=self.wire,
            clock=self.time.clock,
            budget=pk.Budget(attempts=2),
        )()

    @property
    def stuff(self) -> Things:
        return furnished(self.vendor).things

    @property
    def ids(self):
        return {*self.world.groups, *self.world.assets, *self.world.videos, *self.world.checks}

    @property
    def made(self):
        """The ids of what was made since."""
        return self.ids - self.before

    @property
    def creates(self):
        return [each for each in self.wire.sent if not each.repeatable]

    def call(self, operation, client: Any = None):
        client = client or self.client
        if operation == "create_group":
            return client.create_group("Mia")
        source = FACE if self.vendor == "token360" else LINK
        return client.add_asset(self.stuff.group, source, name="Mia")

    def failing(self, operation):
        with pytest.raises(OutcomeUnknownError) as caught:
            self.call(operation)
        return caught.value


@pytest.fixture(params=[(v, o) for v in FINDABLE for o in OPERATIONS], ids=" ".join)
def case(request):
    return request.param


@pytest.mark.parametrize("lag_s", [0, 5, UNSEEN_S - 1])
def test_what_a_lost_create_made_is_found(case, lag_s):
    """It is returned as its create would have, whenever the vendor's lists show it."""
    vendor, operation = case
    stage = Stage(vendor)
    stage.world.list_lag_s = lag_s

    found = stage.call(operation)

    assert {found.id} == stage.made
    assert "Mia" == found.name
    assert [Outcome.UNKNOWN] == [each.outcome for each in found.raw.attempts]
    assert stage.time.monotonic() <= UNSEEN_S + 5


def test_what_was_not_carried_out_is_made_once(case):
    """When the vendor's delay has passed and nothing is there, it is created again."""
    vendor, operation = case
    stage = Stage(vendor, acted=[False])

    made = stage.call(operation)

    assert {made.id} == stage.made
    assert 2 == len(stage.creates)
    assert stage.creates[0].content == stage.creates[1].content
    assert [Outcome.UNKNOWN] == [each.outcome for each in made.raw.attempts]
    assert UNSEEN_S <= stage.time.monotonic() <= UNSEEN_S + 5


@pytest.mark.parametrize("acted", [True, False])
def test_a_look_that_fails_for_good_is_told(case, acted):
    """Nothing is created again while nobody can look."""
    vendor, operation = case
    stage = Stage(vendor, acted=[acted], looks=1000)

    error = stage.failing(operation)

    assert acted == len(stage.made)
    assert 1 == len(stage.creates)
    assert "looking for it failed: lost at" in error.message
    assert "name_token 'pk-" in error.next_step
    assert [LOST] == list(error.attempts)
    assert stage.time.monotonic() < 90


def test_a_look_that_fails_at_first_finds_it_later(case):
    """Looking goes on until the vendor's delay has passed."""
    vendor, operation = case
    stage = Stage(vendor, looks=2)

    assert {stage.call(operation).id} == stage.made


def test_of_two_that_the_vendor_made_the_older_is_taken(case):
    """And the result says that there is another."""
    vendor, operation = case
    stage = Stage(vendor, times=2)

    found = stage.call(operation)

    assert 2 == len(stage.made)
    assert 1 == len(found.adaptations)
    assert {found.id, *found.adaptations[0].sent} == stage.made
    if vendor != "token360":  # it does not tell when a thing was made
        assert min(stage.made) == found.id


def test_a_vendor_slower_than_it_says_makes_two(case):
    """What cannot be made safe: a list that lags longer than is documented. Both can be told."""
    vendor, operation = case
    stage = Stage(vendor)
    stage.world.list_lag_s = UNSEEN_S + 20

    made = stage.call(operation)

    names = [each.name for each in (*stage.world.groups.values(), *stage.world.assets.values())]
    assert 2 == len(stage.made)
    assert 2 == [untagged(name)[1] for name in names].count(made.name_token)


def test_a_refusal_of_the_second_create_is_one(case):
    """The first was certainly not carried out, so that a refusal means what it says."""
    vendor, operation = case
    stage = Stage(vendor, acted=[False])
    stage.world.group_quota = stage.world.asset_quota = 0

    with pytest.raises(QuotaExceededError):
        stage.call(operation)

    assert set() == stage.made


def test_a_long_name_goes_without_a_token(case):
    """What has no room is sent as it is; then a look shows what is new."""
    vendor, operation = case
    stage = Stage(vendor)
    name = "M" * (64 if vendor in ("volcengine", "apiyi") else 50)

    with pytest.raises(OutcomeUnknownError) as caught:
        if operation == "create_group":
            stage.client.create_group(name)
        else:
            source = FACE if vendor == "token360" else LINK
            stage.client.add_asset(stage.stuff.group, source, name=name)

    assert stage.made == {each.id for each in caught.value.candidates}
    assert {name} == {each.name for each in caught.value.candidates}
    assert "" == stage.creates[0].token
    assert "nothing in its name" in caught.value.message


def test_requests_that_create_carry_the_token(case):
    """A journal can look for it in another process."""
    vendor, operation = case
    stage = Stage(vendor, acted=[])

    made = stage.call(operation)

    assert [made.name_token] == [each.token for each in stage.creates]
    assert made.name_token.encode() in stage.creates[0].content


def test_without_the_switch_nothing_is_looked_for(case):
    """A provider of one's own sends exactly what is asked of it."""
    vendor, operation = case
    stage = Stage(vendor)
    plain = evolve(stage.client.provider, name_tokens=False)
    client = Client(plain, transport=stage.wire, clock=stage.time.clock)

    with pytest.raises(OutcomeUnknownError):
        stage.call(operation, client)

    assert 1 == len(stage.wire.sent)
    assert "" == stage.creates[0].token


def test_the_error_travels_with_its_candidates(case):
    """Another process gets them, too."""
    vendor, operation = case
    stage = Stage(vendor)
    stage.world.name_length = 0
    error = stage.failing(operation)

    copied = pickle.loads(pickle.dumps(error)).candidates

    assert [each.handle for each in error.candidates] == [each.handle for each in copied]
    assert copied


# -- the page --------------------------------------------------------------------------------------

CALLS = {
    "`create_group`": lambda c, s: c.create_group("Mia"),
    "`add_asset`, a URL": lambda c, s: c.add_asset(s.group, s.source_url, name="Mia"),
    "`add_asset`, a file": lambda c, s: c.add_asset(s.group, FACE, name="Mia"),
    "`start_verification`": lambda c, s: c.start_verification("Cleo"),
    "`create_video`": lambda c, s: c.create_video(film(s)),
}


def word_of(vendor, call):
    """What a caller gets when the answer is lost; and that nothing is made twice."""
    words = []
    for acted in (True, False):
        stage = Stage(vendor, acted=[acted])
        try:
            made = call(stage.client, stage.stuff)
            words.append("safe" if stage.wire.sent else "-")
            assert not stage.wire.sent or {made.id} & stage.made
        except OutcomeUnknownError as error:
            words.append("shown" if error.candidates else "told")
        except UnsupportedError:
            return "-"
        assert len(stage.creates) <= 2 - acted
    return words[0]


def test_the_page_tells_what_can_be_made_safe():
    """The table in docs/safety.md is what these calls come to."""
    page = PAGE.read_text(encoding="utf-8").partition("<!-- safety -->\n")[2]
    table = page.partition("\n<!-- /safety -->")[0].splitlines()[2:]
    rows = [
        f"| {name} | {' | '.join(word_of(vendor, call) for vendor in VENDORS)} |"
        for name, call in CALLS.items()
    ]

    assert rows == table


# -- what has no name ------------------------------------------------------------------------------


OPEN = [
    ("alltoken", "`add_asset`, a file", "1 new asset(s) may be it"),
    ("xcompute", "`add_asset`, a URL", "no submissions: look in its console"),
    *((each, "`start_verification`", "start another verification")
      for each in ("alltoken", "volcengine", "xcompute")),
    *((each, "`create_video`", f"{each} lists no tasks") for each in ("apiyi", "xcompute")),
]  # fmt: skip
"""What cannot be told for certain, by vendor and call: no place for a name, or no list."""


@pytest.mark.parametrize(("vendor", "call", "words"), OPEN)
def test_what_cannot_be_found_says_where_to_look(vendor, call, words):
    """It is sent once; where there is a list, what is new in it is shown."""
    stage = Stage(vendor)

    with pytest.raises(OutcomeUnknownError) as caught:
        CALLS[call](stage.client, stage.stuff)

    assert words in str(caught.value)
    assert "may be it" in words or "verification" in words or "console" in str(caught.value)
    assert ("may be it" in words) * len(stage.made) == len(caught.value.candidates)
    assert stage.made >= {each.id for each in caught.value.candidates}
    assert 1 == len(stage.creates)


def test_several_submissions_of_xcompute_are_open_as_one_is():
    """Each part says so, and nothing is sent again."""
    stage = Stage("xcompute")
    (part,) = stage.client.add_assets(stage.stuff.group, [LINK])

    assert "no submissions" in part.failure.error.next_step
    assert 1 == len(stage.wire.sent)


def test_alltokens_uploads_are_never_repeated():
    """A gateway that stores and then registers may take its time."""
    stage = Stage("alltoken", acted=[False])

    with pytest.raises(OutcomeUnknownError) as caught:
        stage.client.add_asset(stage.stuff.group, FACE)

    assert () == caught.value.candidates
    assert 1 == len(stage.creates)


# -- face checks -----------------------------------------------------------------------------------


def test_token360s_lost_check_is_found_without_its_link():
    """The group is there, and its page shows the link; the error names both ways on."""
    stage = Stage("token360")

    with pytest.raises(OutcomeUnknownError, match="Assets page") as caught:
        stage.client.start_verification("Ann")

    (group,) = caught.value.candidates
    assert group.id in stage.made
    assert (False, "Ann") == (group.active, group.name)
    assert group.id == stage.client.check_verification(caught.value.handle).id
    assert 1 == len(stage.creates)


def test_token360s_check_that_was_not_opened_is_opened_once():
    """Absent for certain, it is created again, with its link."""
    stage = Stage("token360", acted=[False])

    check = stage.client.start_verification("Cleo", callback_url="https://app.example/back")

    assert check.url
    assert ("Cleo", ["callback_url"]) == (check.name, [each.field for each in check.adaptations])
    assert check.id in stage.made
    assert 2 == len(stage.creates)


# -- videos ----------------------------------------------------------------------------------------


def film(stuff):
    return pk.VideoRequest(
        prompt="{mia} smiles",
        model="seedance-2.0",
        media=pk.References(images={"mia": stuff.asset}),
        duration_s=5,
    )


@pytest.mark.parametrize("lag_s", [0, 5])
@pytest.mark.parametrize("vendor", LISTS_VIDEOS)
def test_tasks_that_a_lost_create_may_have_made_are_shown(vendor, lag_s):
    """None of them for certain, so that the caller decides."""
    stage = Stage(vendor)
    stage.world.list_lag_s = lag_s

    with pytest.raises(OutcomeUnknownError, match=r"1 new task\(s\) may be it") as caught:
        stage.client.create_video(film(stage.stuff))

    assert stage.made == {each.id for each in caught.value.candidates}
    assert 1 == len(stage.creates)
    assert "get_video(task.handle)" in caught.value.next_step
    assert (
        caught.value.candidates[0].status
        is stage.client.get_video(caught.value.candidates[0].handle).status
    )


@pytest.mark.parametrize("vendor", LISTS_VIDEOS)
def test_no_task_is_no_proof(vendor):
    """A video is never created again."""
    stage = Stage(vendor, acted=[False])

    with pytest.raises(OutcomeUnknownError, match="no new task is listed") as caught:
        stage.client.create_video(film(stage.stuff))

    assert (1, ()) == (len(stage.creates), caught.value.candidates)
    assert "list_videos()" in caught.value.next_step


@pytest.mark.parametrize("vendor", LISTS_VIDEOS)
def test_a_look_at_tasks_that_fails_is_told(vendor):
    """The error says why nothing is known."""
    stage = Stage(vendor, looks=100)

    with pytest.raises(OutcomeUnknownError, match="looking for it failed: lost at"):
        stage.client.create_video(film(stage.stuff))

    assert 1 == len(stage.creates)
