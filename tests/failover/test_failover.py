"""Failover: what moves, what stays, who serves what afterwards, and that it is paid for once."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Iterator
from datetime import date

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import portraitkit as pk
from accounts import CAPACITY, FAULTS, PNG, UNCLEAR, Accounts
from portraitkit.client.client import Client
from portraitkit.failover.router import MOVING
from portraitkit.limits.breakers import Breakers
from portraitkit.operations.call import Call
from portraitkit.operations.provider import PortraitProvider
from portraitkit.values import errors
from portraitkit.values.errors import PortraitError
from portraitkit.values.remarks import Outcome
from portraitkit.vendor.calls import VendorCalls
from portraitkit.wire.steps import Budget, pause, work

SEA = pk.VideoRequest(prompt="a quiet sea", resolution="720p")
EVERY = ("alltoken", "token360", "volcengine", "apiyi", "xcompute")


@pytest.fixture
def make(driver, held):
    """Make a accounts and, with it, a client under one of the three drivers."""

    def make(*vendors, client=None, **profiles):
        accounts = Accounts(*(vendors or ("alltoken", "token360")), driver=driver, **profiles)
        return accounts, held(accounts.client(**(client or {})))

    return make


def portrait(accounts, vendor, name="Mia", *, real=False):
    """Register a portrait at one vendor, by a client of its own."""
    client = accounts.own(vendor)
    if real:
        check = client.start_verification("Ann", callback_url="https://app.example/back")
        group = client.wait_until_verified(check)
    else:
        group = client.create_group(name)
    asset = client.add_asset(group, "https://pictures.example/mia.png", media=pk.MediaType.IMAGE)
    return client.wait_until_active(asset)


def film(*sources, **more):
    return pk.VideoRequest(
        prompt="she smiles", media=pk.References(images=list(sources)), resolution="720p", **more
    )


# -- what moves ------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("vendor", EVERY)
def test_a_video_moves_if_its_account_has_no_capacity(vendor, fault):
    """
    On the wire of each vendor: the next profile makes it, and the result says what was tried and
    why. Content, identity, money, quota and anything unclear stay, and nobody else is asked.
    """
    other = "token360" if vendor != "token360" else "alltoken"
    accounts = Accounts(vendor, other)
    if fault == "lost after":
        accounts.faults[vendor].append(fault)
    else:
        accounts.lasting[vendor] = fault
    moves = fault in CAPACITY

    try:
        made = accounts.client().create_video(SEA)
    except PortraitError as error:
        made = error

    assert (other if moves else vendor) == made.provider
    assert moves == bool(accounts.sent()[other])
    assert moves + (fault == "lost after") == accounts.billed()
    assert (fault in UNCLEAR) == isinstance(made, errors.OutcomeUnknownError)
    word = "ConnectionFailedError" if fault == "unreachable" else "RateLimitedError, HTTP 429"
    reasons = [(each.profile, each.provider, word in each.reason) for each in made.tried]
    assert [(f"my-{vendor}", vendor, True)] * moves == reasons


@pytest.mark.parametrize("fault", CAPACITY)
def test_a_virtual_figures_group_moves(make, fault):
    """And what is put into it afterwards goes where the group is."""
    accounts, hand = make()
    accounts.faults["alltoken"].extend([fault] * 2)

    group = hand.create_group("Mia")
    asset = hand.wait_until_active(hand.add_asset(group, PNG))

    assert ["token360"] * 2 == [group.provider, asset.provider]
    assert 1 == len(group.tried)


OPERATIONS = sorted(
    name
    for name, each in {**vars(VendorCalls), **vars(PortraitProvider)}.items()
    if str(getattr(each, "__annotations__", {}).get("return", "")).startswith("Flow[")
)


def tree(cls=PortraitError):
    yield cls
    for each in cls.__subclasses__():
        if each.__module__ == errors.__name__:
            yield from tree(each)


STATUSES = (None, 303, 400, 429, 500, 502, 503, 504)
MOVES = {
    errors.ConnectionFailedError: STATUSES,
    errors.RateLimitedError: (None, 400, 429),
}
"""The errors that may move a call, with statuses that prove a refusal."""
NEVER = {
    errors.PortraitError,
    errors.ConfigError,
    errors.JournalError,
    errors.LedgerError,
    errors.UnknownPortraitError,
    errors.PortraitChangedError,
    errors.StalePlanError,
    errors.PortraitNotRegisteredError,
    errors.ConsentRequiredError,
    errors.InvalidInputError,
    errors.MediaError,
    errors.PromptError,
    errors.HandleError,
    errors.UnsupportedError,
    errors.ManualStepError,
    errors.NotReadyError,
    errors.AssetNotReadyError,
    errors.VideoNotReadyError,
    errors.OutcomeUnknownError,
    errors.UnexpectedResponseError,
    errors.ProviderError,
    errors.AuthenticationError,
    errors.PermissionDeniedError,
    errors.InsufficientBalanceError,
    errors.QuotaExceededError,
    errors.NotFoundError,
    errors.InvalidRequestError,
    errors.ContentRejectedError,
    errors.ServiceUnavailableError,
    errors.ConflictError,
    errors.VerificationPendingError,
    errors.VerificationExpiredError,
    errors.JobFailedError,
    errors.AssetFailedError,
    errors.VerificationFailedError,
    errors.VideoFailedError,
    errors.WaitTimeoutError,
}
CLASSES = list(dict.fromkeys(tree()))


def test_every_error_is_classified():
    """A new class of error has to be put on one side, here, before it can move a call."""
    assert {*MOVES, *NEVER} == set(CLASSES)
    assert not MOVES.keys() & NEVER


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_only_capacity_moves_and_only_what_makes_something_new(kind):
    """Each class of error at each operation: it moves, or the next profile hears nothing."""
    accounts = Accounts("alltoken", "token360")
    wrong = []
    for operation, status in itertools.product(OPERATIONS, STATUSES):
        asked = []

        def flow(self, *args, asked=asked, status=status, **kwargs):
            asked.append(self.name)
            yield from ()
            raise kind("no", status=status, code="no")

        flow.__name__ = operation
        arguments = {"create_video": (SEA,), "create_group": ("Mia",)}.get(operation, ([],))
        with pytest.MonkeyPatch.context() as patch:
            for each in accounts.places:
                patch.setattr(type(each.provider), operation, flow, raising=False)
            client = accounts.client()
            with pytest.raises(kind) as caught:
                client.run(client.start(Call(flow, client.provider, *arguments)))
        moves = operation in MOVING and status in MOVES.get(kind, ())
        expected = (["alltoken", "token360"][: 1 + moves], 2 * moves)
        if expected != (asked, len(caught.value.tried)):
            wrong.append((operation, status, asked))

    assert [] == wrong


def test_a_later_read_does_not_undo_a_create(monkeypatch):
    """An adapter that reads after it created is not begun elsewhere when that read fails."""
    accounts = Accounts("alltoken", "token360")
    asked = []
    create, busy = PortraitProvider.create_video, FAULTS["busy"]

    def flow(self, *args, **kwargs):
        asked.append(self.name)
        task = yield from create(self, *args, **kwargs)
        raise errors.RateLimitedError(f"reading {task.id}", status=busy.status)

    monkeypatch.setattr(type(accounts.provider("alltoken")), "create_video", flow, raising=False)
    with pytest.raises(errors.RateLimitedError):
        accounts.client().create_video(SEA)

    assert (["alltoken"], 1) == (asked, accounts.billed())


def test_a_refusal_after_a_lost_create_does_not_move_it(monkeypatch):
    """An adapter that looked for what it may have made, and then met a busy vendor, stays."""
    accounts = Accounts("alltoken", "token360")
    accounts.faults["alltoken"].extend(["failing", "busy", "busy"])
    create = PortraitProvider.create_video

    def flow(self, *args, **kwargs):
        try:
            return (yield from create(self, *args, **kwargs))
        except errors.OutcomeUnknownError:
            return (yield from create(self, *args, **kwargs))

    monkeypatch.setattr(type(accounts.provider("alltoken")), "create_video", flow, raising=False)
    with pytest.raises(errors.RateLimitedError) as caught:
        accounts.client().create_video(SEA)

    assert ((), 0) == (caught.value.tried, accounts.sent()["token360"])


def test_pictures_by_url_move_with_their_request(make):
    """Whoever takes the call is sent the address."""
    accounts, hand = make()
    accounts.lasting["alltoken"] = "busy"

    task = hand.create_video(film("https://pictures.example/mia.png"))

    body = next(iter(accounts.simulators["token360"].world.videos.values())).body
    assert ("token360", True) == (task.provider, "https://pictures.example/mia.png" in str(body))


def test_an_adapters_pauses_and_work_go_through(make, monkeypatch):
    """A create that waits or reads a file in between is carried out as without failover."""
    accounts, hand = make()
    create = PortraitProvider.create_video

    def flow(self, *args, **kwargs):
        yield from pause(3)
        name = yield from work(lambda: "done")
        task = yield from create(self, *args, **kwargs)
        return evolve(task, status_word=name)

    monkeypatch.setattr(type(accounts.provider("alltoken")), "create_video", flow, raising=False)
    task = hand.create_video(SEA)

    assert ("done", 3) == (task.status_word, accounts.time.monotonic())


# -- what cannot move ------------------------------------------------------------------------------


def test_a_vendors_own_model_id_does_not_move(make):
    """It means nothing, or something else, at another vendor."""
    accounts, hand = make("volcengine", "token360")
    accounts.lasting["volcengine"] = "busy"

    with pytest.raises(errors.RateLimitedError) as caught:
        hand.create_video(evolve(SEA, model="doubao-seedance-2-0-260128"))

    assert 0 == accounts.sent()["token360"]
    assert "no neutral model name" in caught.value.tried[1].reason


def waiting_at_the_fallback(accounts):
    waiting = evolve(portrait(accounts, "token360"), status=pk.AssetStatus.PROCESSING)
    return film(pk.OneOf(portrait(accounts, "alltoken"), waiting))


OF_ONE = "is an asset of my-alltoken"
STAYS = {
    "an asset": (lambda a: film(portrait(a, "alltoken")), OF_ONE),
    "an asset's handle": (lambda a: film(portrait(a, "alltoken").handle), OF_ONE),
    "an asset's id": (lambda a: film(portrait(a, "alltoken").id), OF_ONE),
    "an asset's address": (lambda a: film(portrait(a, "alltoken").uri), OF_ONE),
    "a portrait that is under review there": (waiting_at_the_fallback, "image_1 is processing"),
}
"""What is asked for at a busy vendor, and why the next one is passed over."""


@pytest.mark.parametrize("what", STAYS)
def test_a_video_that_no_other_can_make_stays(make, what):
    """Nothing of it is sent to the next profile, and the error says why."""
    accounts, hand = make(client={"failures": 99})
    ask, reason = STAYS[what]
    request = ask(accounts)
    accounts.lasting["alltoken"] = "busy"
    accounts.set_out()

    with pytest.raises(errors.RateLimitedError) as caught:
        hand.create_video(request)

    assert reason in caught.value.tried[1].reason
    assert reason in str(caught.value)
    assert 0 == accounts.sent()["token360"]


def test_a_face_check_and_what_is_in_a_group_never_move(make):
    """The person's consent is for the vendor that was named to them; a group is where it is."""
    accounts, hand = make(client={"failures": 99})
    group = hand.create_group("Mia")
    accounts.lasting["alltoken"] = "busy"

    for call in (
        lambda: hand.start_verification("pk1:a name", callback_url="https://app.example/back"),
        lambda: hand.add_asset(group, PNG),
    ):
        with pytest.raises(errors.RateLimitedError) as caught:
            call()
        assert () == caught.value.tried
    assert 0 == accounts.sent()["token360"]


def test_a_model_that_the_fallbacks_profile_names_moves(make):
    """A name of the application's own, in both profiles, is neutral between them."""
    models = {"models": {"house": "seedance-2.0"}}
    accounts, hand = make(alltoken=models, token360=models)
    accounts.lasting["alltoken"] = "busy"

    assert "token360" == hand.create_video(evolve(SEA, model="house")).provider


def test_what_the_fallback_cannot_express_is_passed_over(make):
    """Strictly, unless the call says otherwise; then the result lists what was left out."""
    accounts, hand = make("alltoken", "xcompute", client={"failures": 99})
    request = evolve(SEA, callback_url="https://app.example/done?token=sealed")
    accounts.lasting["alltoken"] = "busy"

    with pytest.raises(errors.RateLimitedError) as caught:
        hand.create_video(request)
    with pytest.warns(UserWarning, match="callback_url") as warnings:
        warned = hand.create_video(request, on_unsupported="warn")
    named = hand.create_video(request, on_unsupported={"callback_url": "drop"})

    assert caught.value.tried[1].reason.startswith("passed over: xcompute")
    assert (1, 2) == (len(warnings), len(accounts.simulators["xcompute"].world.videos))
    assert "sealed" not in str(caught.value)
    assert ["callback_url"] * 2 == [each.adaptations[0].field for each in (warned, named)]


@pytest.mark.outside_the_contract
def test_extras_stay_with_their_vendor(make):
    """What only the first vendor would have been sent is listed on the result."""
    accounts, hand = make()
    extra = {"alltoken": {"watermark_text": "mine"}, "token360": {"metadata": {"a": 1}}}
    accounts.lasting["alltoken"] = "busy"

    task = hand.create_video(evolve(SEA, extra=extra))

    assert ["extra.alltoken.watermark_text"] == [each.field for each in task.adaptations]
    body = next(iter(accounts.simulators["token360"].world.videos.values())).body
    assert ({"a": 1}, False) == (body["metadata"], "watermark_text" in body)


def test_an_operation_that_the_fallback_lacks_is_passed_over(make, monkeypatch):
    """The reason says so."""
    accounts, hand = make()
    accounts.lasting["alltoken"] = "busy"
    lacking = type(accounts.provider("token360"))

    monkeypatch.setattr(lacking, "create_group", PortraitProvider.create_group)
    monkeypatch.setattr(lacking, "make_group", PortraitProvider.make_group)
    with pytest.raises(errors.RateLimitedError) as caught:
        hand.create_group("Mia")

    assert "passed over: token360 offers no create_group" == caught.value.tried[1].reason


def test_a_real_persons_group_is_not_created_anywhere(make):
    """It comes of a face check, which never moves."""
    accounts, hand = make()
    accounts.lasting["alltoken"] = "busy"

    with pytest.raises(errors.UnsupportedError) as caught:
        hand.create_group("Ann", kind=pk.GroupKind.REAL_PERSON)

    assert ("alltoken", 0) == (caught.value.provider, accounts.sent()["token360"])


# -- one portrait at several vendors ---------------------------------------------------------------


def test_a_portrait_of_several_vendors_moves_as_the_asset_that_is_there(make):
    """Each vendor is sent its own asset; one that has none is passed over with that reason."""
    accounts, hand = make("alltoken", "volcengine", "token360")
    here, there = portrait(accounts, "alltoken"), portrait(accounts, "token360")
    request = film(pk.OneOf(here, there.handle))

    first = hand.create_video(request)
    accounts.lasting["alltoken"] = "busy"
    second = hand.create_video(request)

    assert ["alltoken", "token360"] == [first.provider, second.provider]
    reason = "passed over: no asset of media.images.image_1 is registered there"
    assert reason == second.tried[1].reason
    world = accounts.simulators["token360"].world
    assert there.uri in str(next(iter(world.videos.values())).body)


def test_frames_may_be_registered_at_several_vendors(make):
    """As references may."""
    accounts, hand = make()
    both = pk.OneOf(portrait(accounts, "alltoken"), portrait(accounts, "token360"))
    request = evolve(SEA, media=pk.Frames(first=both, last=both))
    accounts.lasting["alltoken"] = "busy"

    assert "token360" == hand.create_video(request).provider
    assert "token360" == hand.create_video(evolve(SEA, media=pk.Frames(first=both))).provider


def test_a_portrait_whose_review_ended_meanwhile_moves(make):
    """A handle that xcompute gave before the review is looked up by the call that moved."""
    accounts, hand = make("alltoken", "xcompute")
    client = accounts.own("xcompute")
    early = client.add_asset(client.create_group("Mia"), "https://pictures.example/mia.png")
    client.wait_until_active(early)
    both = pk.OneOf(portrait(accounts, "alltoken"), early.handle)
    accounts.lasting["alltoken"] = "busy"

    assert "xcompute" == hand.create_video(film(both)).provider


@pytest.mark.parametrize("kind", [pk.GroupKind.VIRTUAL, pk.GroupKind.REAL_PERSON])
@pytest.mark.parametrize("there", [True, False])
def test_by_name_a_figure_moves_where_it_is_registered_and_a_person_never(kind, there):
    """The ledger says what each account has; consent for two accounts moves nothing either."""
    accounts = Accounts("alltoken", "token360")
    for vendor in ("alltoken", "token360")[: 1 + there]:
        client = accounts.own(vendor)
        if kind is pk.GroupKind.REAL_PERSON:
            check = client.start_verification("mia", callback_url="https://app.example/back")
            consent = pk.Consent(person="Mia", purpose="ads", given_on=date(2026, 1, 2))
            group = client.wait_until_verified(check)
            client.adopt_portrait("mia", group=group, consent=consent)
        client.ensure_portrait("mia", PNG, kind=kind)
    accounts.lasting["alltoken"] = "busy"
    request = film(pk.Portrait("mia"))

    if there and kind is pk.GroupKind.VIRTUAL:
        assert "token360" == accounts.client().create_video(request).provider
    else:
        with pytest.raises(errors.RateLimitedError) as caught:
            accounts.client().create_video(request)
        assert "no asset of" in str(caught.value.tried[-1].reason)


def test_a_portrait_of_other_vendors_only_is_refused(make):
    """Where no profile of the client has it."""
    accounts, _ = make("alltoken", "token360")
    both = pk.OneOf(portrait(accounts, "token360"))

    with pytest.raises(errors.HandleError, match="no asset of a OneOf is registered at alltoken"):
        accounts.client(fallbacks=[]).preview_video(film(both))


def test_a_real_person_moves_only_where_they_were_verified(make):
    """Consent that was given at each vendor is used at each; a virtual double is refused."""
    accounts, hand = make("alltoken", "token360")
    real = [portrait(accounts, vendor, real=True) for vendor in ("alltoken", "token360")]
    virtual = portrait(accounts, "token360")
    accounts.lasting["alltoken"] = "busy"
    accounts.set_out()

    assert "token360" == hand.create_video(film(pk.OneOf(*real))).provider
    for double in (virtual, virtual.handle, evolve(virtual, group_kind=pk.GroupKind.UNKNOWN)):
        with pytest.raises(errors.InvalidInputError, match="consent does not move"):
            pk.OneOf(real[0], double)
    with pytest.raises(errors.RateLimitedError):
        hand.create_video(film(real[0]))
    assert 1 == accounts.billed()


# -- who serves what -------------------------------------------------------------------------------


def test_what_moved_is_served_where_it_is(make, tmp_path):
    """Each operation on a thing of the fallback goes there, by object and by handle."""
    accounts, hand = make()
    accounts.faults["alltoken"].extend(["busy"] * 4)
    group, task = hand.create_group("Mia"), hand.create_video(SEA)
    accounts.set_out()

    seen = [hand.get_group(group), hand.get_video(task.handle)]
    assets = hand.add_assets(group, [PNG, PNG + b"2"])
    active = hand.wait_until_active([each.handle for each in assets])
    seen += [*assets, *active, hand.get_asset(assets[0].handle), *hand.list_assets(group)]
    seen += [*hand.list_assets([group.handle, group]), *hand.list_assets(group=(group,))]
    seen += [hand.rename_group(group=group, name="Maya"), hand.wait_for_video(task)]
    path = hand.download_video(task.handle, tmp_path / "sea.mp4")
    video = hand.create_video(film(active[0]))
    hand.delete_asset(active[1])
    hand.delete_group(group.handle)

    assert {"token360"} == {each.provider for each in [*seen, video]}
    assert ((), True) == (video.tried, path.stat().st_size > 0)
    assert 0 == accounts.sent()["alltoken"]


def test_a_face_check_of_the_fallback_is_checked_there(make):
    """Also one that another client started."""
    accounts, hand = make()
    own = accounts.own("token360")
    check = own.start_verification("Ann")
    accounts.set_out()

    group = hand.wait_until_verified(check.handle)

    assert ("token360", pk.GroupKind.REAL_PERSON) == (group.provider, group.kind)
    assert (0, "token360") == (accounts.sent()["alltoken"], hand.check_verification(check).provider)


def test_a_bare_id_and_a_list_are_the_first_profiles(make):
    """Nobody else is asked about an id that does not say whose it is."""
    accounts, hand = make()
    accounts.own("token360").create_video(SEA)
    mine = accounts.own("alltoken").create_video(SEA)
    accounts.set_out()

    assert [mine.id] == [each.id for each in hand.list_videos()]
    assert (mine.id, []) == (hand.get_video(mine.id).id, hand.list_groups())
    assert [] == hand.wait_until_active([])
    assert 0 == accounts.sent()["token360"]


def test_a_foreign_handle_is_refused(make):
    """It is neither polled nor moved; nor is one that is damaged."""
    accounts, hand = make("alltoken", "token360", "apiyi", client={"fallbacks": ["token360"]})
    foreign = accounts.own("apiyi").create_video(SEA)
    accounts.set_out()

    for handle in (foreign, foreign.handle, foreign.handle[:-1]):
        with pytest.raises(errors.HandleError):
            hand.get_video(handle)
    with pytest.raises(errors.HandleError):
        hand.create_video(film(evolve(portrait(accounts, "token360"), account="another")))
    with pytest.raises(errors.HandleError):
        hand.create_video(film("pk1:damaged"))
    assert (0, 0) == (accounts.sent()["alltoken"], accounts.sent()["apiyi"])


def test_assets_of_several_vendors_are_waited_for_together(make):
    """Each is asked about at its own vendor; they come back in the order given."""
    accounts, hand = make("alltoken", "token360")
    here, there = (
        accounts.own(vendor).add_assets(accounts.own(vendor).create_group("Mia"), [PNG] * 2)
        for vendor in ("alltoken", "token360")
    )
    mixed = [here[0], there[0], here[1], there[1]]

    active = hand.wait_until_active(mixed)
    again = hand.wait_until_active(mixed, deadline_s=100)

    assert [each.handle for each in mixed] == [each.handle for each in active]
    assert {pk.AssetStatus.ACTIVE} == {each.status for each in (*active, *again)}


def test_waiting_at_several_vendors_has_one_deadline(make):
    """What the first one takes is not there for the second."""
    accounts, hand = make("alltoken", "token360")
    mixed = []
    for vendor in ("alltoken", "token360"):
        own = accounts.own(vendor)
        mixed.append(own.add_asset(own.create_group("Mia"), PNG))
    accounts.simulators["token360"].world.review_s = 10_000
    late = accounts.own("token360")
    mixed[1] = late.add_asset(late.create_group("Ann"), PNG)
    started_s = accounts.time.monotonic()

    with pytest.raises(errors.WaitTimeoutError) as caught:
        hand.wait_until_active(mixed, deadline_s=60)

    assert 59 <= accounts.time.monotonic() - started_s <= 60
    assert ("token360", mixed[1].handle) == (caught.value.provider, caught.value.handle)


def test_a_preview_is_of_the_first_profile(make):
    """Or of the one where the request's assets are registered."""
    accounts, _ = make()
    asset = portrait(accounts, "token360")
    client = accounts.client()

    assert "https://alltoken.invalid/v1/videos/generations" == client.preview_video(SEA).url
    assert "https://token360.invalid/v1/videos" == client.preview_video(film(asset)).url
    assert asset.uri in str(client.preview_video(film(pk.OneOf(asset))).body)


# -- attempts and errors ---------------------------------------------------------------------------


def test_while_another_can_take_it_an_account_gets_two_attempts(make):
    """The last that can gets the whole budget; so does one that nobody follows."""
    accounts, hand = make(client={"budget": Budget(attempts=4)})
    accounts.lasting.update(alltoken="busy", token360="busy")

    with pytest.raises(errors.RateLimitedError) as caught:
        hand.create_video(SEA)
    first = accounts.sent()
    with pytest.raises(errors.RateLimitedError):
        hand.create_video(evolve(SEA, model="another"))

    assert {"alltoken": 2, "token360": 4} == first
    assert {"alltoken": 6, "token360": 4} == accounts.sent()
    assert 2 == len(caught.value.attempts)


def test_a_long_rest_is_not_waited_for_while_another_can_take_it(make):
    """The vendor asked for a minute; the next one is asked at once."""
    accounts, hand = make()
    accounts.lasting["alltoken"] = "busy for long"

    hand.create_video(SEA)

    assert (0, {"alltoken": 1, "token360": 1}) == (accounts.time.monotonic(), accounts.sent())


def test_when_none_has_capacity_the_first_error_tells_all(make):
    """It is the first profile's, its text names every profile, and pickling keeps that."""
    accounts, hand = make("alltoken", "token360", "volcengine")
    accounts.lasting.update(alltoken="busy", token360="unreachable", volcengine="overloaded")

    with pytest.raises(errors.RateLimitedError) as caught:
        hand.create_video(SEA)

    error = caught.value
    assert ("alltoken", "create_video") == (error.provider, error.operation)
    assert ["my-alltoken", "my-token360", "my-volcengine"] == [e.profile for e in error.tried]
    assert "Tried: my-alltoken: RateLimitedError, HTTP 429, TooManyRequests; my-token360: " in str(
        error
    )
    assert "connect timeout at https://token360.invalid" in str(error)
    assert error.tried == pickle.loads(pickle.dumps(error)).tried


@pytest.mark.parametrize(
    "fault", [each for each in FAULTS if each not in CAPACITY and each != "lost after"]
)
def test_what_a_fallback_judges_ends_the_call(make, fault):
    """Its error comes out, with the profiles before it; the profile after it hears nothing."""
    accounts, hand = make("alltoken", "token360", "volcengine")
    accounts.lasting.update(alltoken="busy", token360=fault)

    with pytest.raises(errors.PortraitError) as caught:
        hand.create_video(SEA)

    assert ("token360", ["my-alltoken"]) == (
        caught.value.provider,
        [each.profile for each in caught.value.tried],
    )
    assert 0 == accounts.sent()["volcengine"]


def test_no_secret_of_any_profile_is_in_what_comes_out(make):
    """Neither in the error nor in the reasons."""
    accounts, hand = make()
    echo = evolve(FAULTS["busy"], content=b'{"error": {"code": "TooMany", "message": "%s"}}')
    body = echo.content.replace(b"%s", accounts.provider("token360").api_key.reveal().encode())
    FAULTS["echo"] = evolve(echo, content=body)
    accounts.lasting.update(alltoken="busy", token360="echo")

    with pytest.raises(errors.RateLimitedError) as caught:
        hand.create_video(film("https://pictures.example/mia.png?Signature=sealed0001"))
    del FAULTS["echo"]

    for text in (str(caught.value), repr(vars(caught.value))):
        assert "sealed0001" not in text
        assert accounts.provider("token360").api_key.reveal() not in text


# -- circuits --------------------------------------------------------------------------------------


def test_an_account_that_failed_often_is_passed_over_and_probed_later(make):
    """After three calls without capacity nobody asks for a while; one probe closes it again."""
    accounts, hand = make(client={"rest_s": 40.0})
    accounts.lasting["alltoken"] = "busy for long"
    for _ in range(3):
        hand.create_video(SEA)
    accounts.set_out()

    open_ = hand.create_video(SEA)
    accounts.time.sleep(27.5)
    later = hand.create_video(SEA)
    asked = accounts.sent()["alltoken"]
    accounts.time.sleep(12.5)
    probed = hand.create_video(SEA)
    accounts.lasting.clear()
    reopened = hand.create_video(SEA)
    accounts.time.sleep(40)
    closed = [hand.create_video(SEA) for _ in range(2)]

    assert ("circuit open for another 40 s", 0) == (open_.tried[0].reason, asked)
    assert "circuit open for another 13 s" == later.tried[0].reason
    assert "RateLimitedError, HTTP 429, TooManyRequests" == probed.tried[0].reason
    assert "circuit open for another 40 s" == reopened.tried[0].reason
    assert [("alltoken", ())] * 2 == [(each.provider, each.tried) for each in closed]


def test_an_open_circuit_refuses_nothing_by_itself(make):
    """A call that cannot move is sent all the same, with the whole budget."""
    accounts, hand = make(client={"failures": 1, "budget": Budget(attempts=3)})
    asset = portrait(accounts, "alltoken")
    accounts.lasting["alltoken"] = "busy for long"
    hand.create_video(SEA)
    accounts.lasting["alltoken"] = "busy"
    accounts.set_out()

    with pytest.raises(errors.RateLimitedError) as caught:
        hand.create_video(film(asset))
    accounts.lasting.clear()
    task = hand.create_video(film(asset))

    assert (3 + 1, 0) == (accounts.sent()["alltoken"], accounts.sent()["token360"])
    assert ["my-token360", "my-alltoken"] == [each.profile for each in caught.value.tried]
    assert ("alltoken", ()) == (task.provider, task.tried)
    with pytest.raises(errors.HandleError):
        hand.create_video(film(evolve(asset, account="another")))


def test_when_all_circuits_are_open_the_first_is_asked(make):
    """And no other: a call does not walk through vendors that are all known to be full."""
    accounts, hand = make(client={"failures": 1, "rest_s": 1000.0})
    accounts.lasting.update(alltoken="busy for long", token360="busy for long")
    with pytest.raises(errors.RateLimitedError):
        hand.create_video(SEA)
    accounts.set_out()

    with pytest.raises(errors.RateLimitedError) as caught:
        hand.create_video(SEA)

    assert {"alltoken": 1, "token360": 0} == accounts.sent()
    assert ["my-token360", "my-alltoken"] == [each.profile for each in caught.value.tried]


def test_unknown_outcomes_open_a_circuit_and_refusals_close_it(make):
    """The call itself does not move; the next one need not be lost as well."""
    accounts, hand = make(client={"failures": 2})
    fates = ["lost before", "rejected", "lost before", "lost before"]
    for fate in fates:
        accounts.faults["alltoken"].append(fate)
        with pytest.raises(errors.PortraitError):
            hand.create_video(SEA)

    assert "circuit open for another 30 s" == hand.create_video(SEA).tried[0].reason


def test_a_call_that_sends_nothing_is_no_probe(make):
    """The account's turn goes to the next call."""
    breakers = Breakers()
    accounts, hand = make(client={"failures": 1, "breakers": breakers})
    accounts.lasting["alltoken"] = "busy for long"
    hand.create_video(SEA)
    accounts.lasting.clear()
    accounts.time.sleep(31)

    with pytest.raises(errors.InvalidInputError):
        hand.create_video(evolve(SEA, prompt=" "))

    assert [accounts.places[0].account] == list(breakers._circuits)
    assert "alltoken" == hand.create_video(SEA).provider


def test_clients_of_one_process_share_circuits_on_the_real_clock():
    """A client on another clock has its own, unless it is handed some."""
    accounts = Accounts("alltoken", "token360")
    accounts.lasting["alltoken"] = "busy for long"
    breakers = Breakers()
    for _ in range(3):
        accounts.client(breakers=breakers).create_video(SEA)

    other = Client(accounts.places[0].provider, transport=accounts)
    another = Client(accounts.places[0].provider, transport=accounts)

    assert "circuit open" in accounts.client(breakers=breakers).create_video(SEA).tried[0].reason
    assert "circuit open" not in accounts.client().create_video(SEA).tried[0].reason
    assert other._router._breakers is another._router._breakers
    assert accounts.client()._router._breakers is not other._router._breakers


# -- money -----------------------------------------------------------------------------------------

NAMES = [*FAULTS, "none", "none"]


@settings(max_examples=80)
@given(scripts=st.lists(st.lists(st.sampled_from(NAMES), max_size=6), min_size=3, max_size=3))
def test_a_create_is_paid_for_once_at_most_wherever_it_goes(scripts):
    """Over any faults at three vendors: one video if it succeeds, none after a clear failure."""
    accounts = Accounts("alltoken", "token360", "volcengine")
    for vendor, script in zip(accounts.faults, scripts, strict=True):
        accounts.faults[vendor].extend(None if each == "none" else each for each in script)
    task = error = None
    try:
        task = accounts.client(failures=99).create_video(SEA)
    except PortraitError as raised:
        error = raised

    assert accounts.billed() <= 1
    if task:
        assert [task.id] == list(accounts.simulators[task.provider].world.videos)
    elif not isinstance(error, errors.OutcomeUnknownError):
        assert 0 == accounts.billed()
    last = list(accounts.simulators)[len(error.tried) if error and len(error.tried) < 3 else -1]
    if isinstance(error, errors.OutcomeUnknownError):
        assert last == error.provider
        assert not any(each.outcome is Outcome.UNKNOWN for each in error.attempts[:-1])


def test_the_wire_is_the_same_under_all_drivers(make):
    """The same faults lead to the same requests and results, blocking, in asyncio and in trio."""

    def story(accounts, hand) -> Iterator[object]:
        accounts.faults["alltoken"].extend(["busy", "unreachable", "overloaded", None, "busy"])
        accounts.faults["token360"].extend(["busy", "busy", None, "rejected"])
        for request in (SEA, evolve(SEA, seed=7), SEA, SEA):
            try:
                yield hand.create_video(request)
            except PortraitError as error:
                yield type(error), str(error), error.tried
        yield hand.create_group("Mia")

    accounts, hand = make("alltoken", "token360", "volcengine")
    plain = Accounts("alltoken", "token360", "volcengine")

    assert list(story(plain, plain.client())) == list(story(accounts, hand))
    assert [each.seen for each in plain.simulators.values()] == [
        each.seen for each in accounts.simulators.values()
    ]
