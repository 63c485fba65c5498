"""Failover: what moves, what stays, who serves what afterwards, and that it is paid for once."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Iterator

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from town import CAPACITY, FAULTS, PNG, UNCLEAR, Town

import portraitkit as pk
from portraitkit.client.client import Client
from portraitkit.failover.router import MOVING, has_no_capacity
from portraitkit.limits.breakers import Breakers
from portraitkit.operations.call import Call
from portraitkit.operations.provider import PortraitProvider
from portraitkit.values import errors
from portraitkit.values.errors import Outcome, PortraitError
from portraitkit.vendor.calls import VendorCalls
from portraitkit.wire.steps import Budget, pause, work

SEA = pk.VideoRequest(prompt="a quiet sea", resolution="720p")
EVERY = ("alltoken", "token360", "volcengine", "apiyi", "xcompute")


@pytest.fixture
def make(driver, held):
    """Make a town and, with it, a client under one of the three drivers."""

    def make(*vendors, client=None, **profiles):
        town = Town(*(vendors or ("alltoken", "token360")), driver=driver, **profiles)
        return town, held(town.client(**(client or {})))

    return make


def portrait(town, vendor, name="Mia", *, real=False):
    """Register a portrait at one vendor, by a client of its own."""
    client = town.own(vendor)
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


@pytest.mark.outside_the_contract
@pytest.mark.parametrize("fault", CAPACITY)
def test_a_video_moves_when_there_is_no_capacity(make, fault):
    """The next profile makes it; the result is the fallback's, and says what was tried and why."""
    town, hand = make()
    town.lasting["alltoken"] = fault

    task = hand.create_video(SEA)

    assert ("token360", "token360-1", 1) == (task.provider, task.account, town.billed())
    (tried,) = task.tried
    assert ("my-alltoken", "alltoken") == (tried.profile, tried.provider)
    word = "ConnectionFailedError" if fault == "unreachable" else "RateLimitedError, HTTP 429"
    assert word in tried.reason


@pytest.mark.outside_the_contract
@pytest.mark.parametrize("fault", [each for each in FAULTS if each not in CAPACITY])
def test_a_video_stays_where_it_was_judged_or_may_have_been_made(make, fault):
    """Content, identity, money, quota and anything unclear: nobody else is asked."""
    town, hand = make()
    town.lasting["alltoken"] = fault
    if fault == "lost after":
        town.lasting.clear()
        town.faults["alltoken"].append(fault)

    with pytest.raises(errors.PortraitError) as caught:
        hand.create_video(SEA)

    assert ("alltoken", ()) == (caught.value.provider, caught.value.tried)
    assert 0 == town.sent()["token360"]
    assert (fault in UNCLEAR) == isinstance(caught.value, errors.OutcomeUnknownError)
    assert (fault == "lost after") == town.billed()


@pytest.mark.outside_the_contract
@pytest.mark.parametrize("fault", CAPACITY)
def test_a_virtual_figures_group_moves(make, fault):
    """And what is put into it afterwards goes where the group is."""
    town, hand = make()
    town.faults["alltoken"].extend([fault] * 2)

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
    town = Town("alltoken", "token360")
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
            for each in town.places:
                patch.setattr(type(each.provider), operation, flow, raising=False)
            client = town.client()
            with pytest.raises(kind) as caught:
                client.run(client.start(Call(flow, client.provider, *arguments)))
        moves = operation in MOVING and status in MOVES.get(kind, ())
        expected = (["alltoken", "token360"][: 1 + moves], 2 * moves)
        if expected != (asked, len(caught.value.tried)):
            wrong.append((operation, status, asked))

    assert [] == wrong


@pytest.mark.parametrize(
    ("fault", "moves"), [(f, f in CAPACITY) for f in FAULTS if f != "lost after"]
)
@pytest.mark.parametrize("vendor", EVERY)
@pytest.mark.outside_the_contract
def test_every_vendors_answer_is_judged_alike(vendor, fault, moves):
    """On the wire of each vendor: what comes back decides whether another is asked."""
    other = "token360" if vendor != "token360" else "alltoken"
    town = Town(vendor, other)
    town.lasting[vendor] = fault

    try:
        provider = town.client().create_video(SEA).provider
    except PortraitError as error:
        provider = error.provider

    assert (other if moves else vendor) == provider
    assert moves == bool(town.sent()[other])


def test_a_later_read_does_not_undo_a_create():
    """An adapter that reads after it created is not begun elsewhere when that read fails."""
    town = Town("alltoken", "token360")
    asked = []
    create, busy = PortraitProvider.create_video, FAULTS["busy"]

    def flow(self, *args, **kwargs):
        asked.append(self.name)
        task = yield from create(self, *args, **kwargs)
        raise errors.RateLimitedError(f"reading {task.id}", status=busy.status)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(town.provider("alltoken")), "create_video", flow, raising=False)
        with pytest.raises(errors.RateLimitedError):
            town.client().create_video(SEA)

    assert (["alltoken"], 1) == (asked, town.billed())


@pytest.mark.outside_the_contract
def test_a_refusal_after_a_lost_create_does_not_move_it():
    """An adapter that looked for what it may have made, and then met a busy vendor, stays."""
    town = Town("alltoken", "token360")
    town.faults["alltoken"].extend(["failing", "busy", "busy"])
    create = PortraitProvider.create_video

    def flow(self, *args, **kwargs):
        try:
            return (yield from create(self, *args, **kwargs))
        except errors.OutcomeUnknownError:
            return (yield from create(self, *args, **kwargs))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(town.provider("alltoken")), "create_video", flow, raising=False)
        with pytest.raises(errors.RateLimitedError) as caught:
            town.client().create_video(SEA)

    assert ((), 0) == (caught.value.tried, town.sent()["token360"])


@pytest.mark.outside_the_contract
def test_pictures_by_url_move_with_their_request(make):
    """Whoever takes the call is sent the address."""
    town, hand = make()
    town.lasting["alltoken"] = "busy"

    task = hand.create_video(film("https://pictures.example/mia.png"))

    body = next(iter(town.simulators["token360"].world.videos.values())).body
    assert ("token360", True) == (task.provider, "https://pictures.example/mia.png" in str(body))


def test_an_adapters_pauses_and_work_go_through(make):
    """A create that waits or reads a file in between is carried out as without failover."""
    town, hand = make()
    create = PortraitProvider.create_video

    def flow(self, *args, **kwargs):
        yield from pause(3)
        name = yield from work(lambda: "done")
        task = yield from create(self, *args, **kwargs)
        return evolve(task, status_word=name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(town.provider("alltoken")), "create_video", flow, raising=False)
        task = hand.create_video(SEA)

    assert ("done", 3) == (task.status_word, town.time.monotonic())


# -- what cannot move ------------------------------------------------------------------------------


@pytest.mark.outside_the_contract
def test_a_vendors_own_model_id_does_not_move(make):
    """It means nothing, or something else, at another vendor."""
    town, hand = make("volcengine", "token360")
    town.lasting["volcengine"] = "busy"

    with pytest.raises(errors.RateLimitedError) as caught:
        hand.create_video(evolve(SEA, model="doubao-seedance-2-0-260128"))

    assert 0 == town.sent()["token360"]
    assert "no neutral model name" in caught.value.tried[1].reason


@pytest.mark.outside_the_contract
def test_a_model_that_the_fallbacks_profile_names_moves(make):
    """A name of the application's own, in both profiles, is neutral between them."""
    models = {"models": {"house": "seedance-2.0"}}
    town, hand = make(alltoken=models, token360=models)
    town.lasting["alltoken"] = "busy"

    assert "token360" == hand.create_video(evolve(SEA, model="house")).provider


@pytest.mark.outside_the_contract
def test_an_asset_of_one_vendor_does_not_move(make):
    """By object, handle or bare id: its video is made where it is registered, or not at all."""
    town, hand = make(client={"failures": 99})
    asset = portrait(town, "alltoken")
    town.lasting["alltoken"] = "busy"
    town.set_out()

    for source in (asset, asset.handle, asset.id, asset.uri):
        with pytest.raises(errors.RateLimitedError) as caught:
            hand.create_video(film(source))
        assert "is an asset of my-alltoken" in caught.value.tried[1].reason
        assert "is an asset of my-alltoken" in str(caught.value)

    assert 0 == town.sent()["token360"]


@pytest.mark.outside_the_contract
def test_what_the_fallback_cannot_express_is_passed_over(make):
    """Strictly, unless the call says otherwise; then the result lists what was left out."""
    town, hand = make("alltoken", "xcompute", client={"failures": 99})
    request = evolve(SEA, callback_url="https://app.example/done?token=sealed")
    town.lasting["alltoken"] = "busy"

    with pytest.raises(errors.RateLimitedError) as caught:
        hand.create_video(request)
    with pytest.warns(UserWarning, match="callback_url") as warnings:
        warned = hand.create_video(request, on_unsupported="warn")
    named = hand.create_video(request, on_unsupported={"callback_url": "drop"})

    assert caught.value.tried[1].reason.startswith("passed over: xcompute")
    assert (1, 2) == (len(warnings), len(town.simulators["xcompute"].world.videos))
    assert "sealed" not in str(caught.value)
    assert ["callback_url"] * 2 == [each.adaptations[0].field for each in (warned, named)]


@pytest.mark.outside_the_contract
def test_extras_stay_with_their_vendor(make):
    """What only the first vendor would have been sent is listed on the result."""
    town, hand = make()
    extra = {"alltoken": {"watermark_text": "mine"}, "token360": {"metadata": {"a": 1}}}
    town.lasting["alltoken"] = "busy"

    task = hand.create_video(evolve(SEA, extra=extra))

    assert ["extra.alltoken.watermark_text"] == [each.field for each in task.adaptations]
    body = next(iter(town.simulators["token360"].world.videos.values())).body
    assert ({"a": 1}, False) == (body["metadata"], "watermark_text" in body)


@pytest.mark.outside_the_contract
def test_an_operation_that_the_fallback_lacks_is_passed_over(make):
    """The reason says so."""
    town, hand = make()
    town.lasting["alltoken"] = "busy"
    lacking = type(town.provider("token360"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lacking, "create_group", PortraitProvider.create_group)
        patch.setattr(lacking, "make_group", PortraitProvider.make_group)
        with pytest.raises(errors.RateLimitedError) as caught:
            hand.create_group("Mia")

    assert "passed over: token360 offers no create_group" == caught.value.tried[1].reason


def test_a_real_persons_group_is_not_created_anywhere(make):
    """It comes of a face check, which never moves."""
    town, hand = make()
    town.lasting["alltoken"] = "busy"

    with pytest.raises(errors.UnsupportedError) as caught:
        hand.create_group("Ann", kind=pk.GroupKind.REAL_PERSON)

    assert ("alltoken", 0) == (caught.value.provider, town.sent()["token360"])


@pytest.mark.outside_the_contract
def test_a_face_check_never_moves(make):
    """The person's consent is for the vendor that was named to them."""
    town, hand = make()
    town.lasting["alltoken"] = "busy"

    with pytest.raises(errors.RateLimitedError) as caught:
        hand.start_verification("pk1:a name", callback_url="https://app.example/back")

    assert ((), 0) == (caught.value.tried, town.sent()["token360"])


@pytest.mark.outside_the_contract
def test_an_asset_is_added_where_its_group_is(make):
    """A busy vendor's group gets nothing from elsewhere."""
    town, hand = make()
    group = hand.create_group("Mia")
    town.lasting["alltoken"] = "busy"

    with pytest.raises(errors.RateLimitedError):
        hand.add_asset(group, PNG)

    assert 0 == town.sent()["token360"]


# -- one portrait at several vendors ---------------------------------------------------------------


@pytest.mark.outside_the_contract
def test_a_portrait_of_several_vendors_moves_as_the_asset_that_is_there(make):
    """Each vendor is sent its own asset; one that has none is passed over with that reason."""
    town, hand = make("alltoken", "volcengine", "token360")
    here, there = portrait(town, "alltoken"), portrait(town, "token360")
    request = film(pk.OneOf(here, there.handle))

    first = hand.create_video(request)
    town.lasting["alltoken"] = "busy"
    second = hand.create_video(request)

    assert ["alltoken", "token360"] == [first.provider, second.provider]
    reason = "passed over: no asset of media.images.image_1 is registered there"
    assert reason == second.tried[1].reason
    world = town.simulators["token360"].world
    assert there.uri in str(next(iter(world.videos.values())).body)


@pytest.mark.outside_the_contract
def test_frames_may_be_registered_at_several_vendors(make):
    """As references may."""
    town, hand = make()
    both = pk.OneOf(portrait(town, "alltoken"), portrait(town, "token360"))
    request = evolve(SEA, media=pk.Frames(first=both, last=both))
    town.lasting["alltoken"] = "busy"

    assert "token360" == hand.create_video(request).provider
    assert "token360" == hand.create_video(evolve(SEA, media=pk.Frames(first=both))).provider


@pytest.mark.outside_the_contract
def test_a_portrait_whose_review_ended_meanwhile_moves(make):
    """A handle that xcompute gave before the review is looked up by the call that moved."""
    town, hand = make("alltoken", "xcompute")
    client = town.own("xcompute")
    early = client.add_asset(client.create_group("Mia"), "https://pictures.example/mia.png")
    client.wait_until_active(early)
    both = pk.OneOf(portrait(town, "alltoken"), early.handle)
    town.lasting["alltoken"] = "busy"

    assert "xcompute" == hand.create_video(film(both)).provider


@pytest.mark.outside_the_contract
def test_a_portrait_that_is_still_under_review_is_passed_over(make):
    """At the fallback; the reason says what it waits for."""
    town, hand = make("alltoken", "token360")
    waiting = evolve(portrait(town, "token360"), status=pk.AssetStatus.PROCESSING)
    both = pk.OneOf(portrait(town, "alltoken"), waiting)
    town.lasting["alltoken"] = "busy"
    town.set_out()

    with pytest.raises(errors.RateLimitedError) as caught:
        hand.create_video(film(both))

    assert "passed over: media.images.image_1 is processing" == caught.value.tried[1].reason
    assert 0 == town.sent()["token360"]


def test_a_portrait_of_other_vendors_only_is_refused(make):
    """Where no profile of the client has it."""
    town, _ = make("alltoken", "token360")
    both = pk.OneOf(portrait(town, "token360"))

    with pytest.raises(errors.HandleError, match="no asset of a OneOf is registered at alltoken"):
        town.client(fallbacks=[]).preview_video(film(both))


@pytest.mark.outside_the_contract
def test_a_real_person_moves_only_where_they_were_verified(make):
    """Consent that was given at each vendor is used at each; a virtual double is refused."""
    town, hand = make("alltoken", "token360")
    real = [portrait(town, vendor, real=True) for vendor in ("alltoken", "token360")]
    virtual = portrait(town, "token360")
    town.lasting["alltoken"] = "busy"
    town.set_out()

    assert "token360" == hand.create_video(film(pk.OneOf(*real))).provider
    for double in (virtual, virtual.handle, evolve(virtual, group_kind=pk.GroupKind.UNKNOWN)):
        with pytest.raises(errors.InvalidInputError, match="consent does not move"):
            pk.OneOf(real[0], double)
    with pytest.raises(errors.RateLimitedError):
        hand.create_video(film(real[0]))
    assert 1 == town.billed()


# -- who serves what -------------------------------------------------------------------------------


@pytest.mark.outside_the_contract
def test_what_moved_is_served_where_it_is(make, tmp_path):
    """Each operation on a thing of the fallback goes there, by object and by handle."""
    town, hand = make()
    town.faults["alltoken"].extend(["busy"] * 4)
    group, task = hand.create_group("Mia"), hand.create_video(SEA)
    town.set_out()

    seen = [hand.get_group(group), hand.get_video(task.handle)]
    assets = hand.add_assets(group, [PNG, PNG + b"2"])
    active = hand.wait_until_active([each.handle for each in assets])
    seen += [*assets, *active, hand.get_asset(assets[0].handle), *hand.list_assets(group)]
    seen += [hand.rename_group(group=group, name="Maya"), hand.wait_for_video(task)]
    path = hand.download_video(task.handle, tmp_path / "sea.mp4")
    video = hand.create_video(film(active[0]))
    hand.delete_asset(active[1])
    hand.delete_group(group.handle)

    assert {"token360"} == {each.provider for each in [*seen, video]}
    assert ((), True) == (video.tried, path.stat().st_size > 0)
    assert 0 == town.sent()["alltoken"]


@pytest.mark.outside_the_contract
def test_a_face_check_of_the_fallback_is_checked_there(make):
    """Also one that another client started."""
    town, hand = make()
    own = town.own("token360")
    check = own.start_verification("Ann")
    town.set_out()

    group = hand.wait_until_verified(check.handle)

    assert ("token360", pk.GroupKind.REAL_PERSON) == (group.provider, group.kind)
    assert (0, "token360") == (town.sent()["alltoken"], hand.check_verification(check).provider)


def test_a_bare_id_and_a_list_are_the_first_profiles(make):
    """Nobody else is asked about an id that does not say whose it is."""
    town, hand = make()
    town.own("token360").create_video(SEA)
    mine = town.own("alltoken").create_video(SEA)
    town.set_out()

    assert [mine.id] == [each.id for each in hand.list_videos()]
    assert (mine.id, []) == (hand.get_video(mine.id).id, hand.list_groups())
    assert [] == hand.wait_until_active([])
    assert 0 == town.sent()["token360"]


def test_a_foreign_handle_is_refused(make):
    """It is neither polled nor moved; nor is one that is damaged."""
    town, hand = make("alltoken", "token360", "apiyi", client={"fallbacks": ["token360"]})
    foreign = town.own("apiyi").create_video(SEA)
    town.set_out()

    for handle in (foreign, foreign.handle, foreign.handle[:-1]):
        with pytest.raises(errors.HandleError):
            hand.get_video(handle)
    with pytest.raises(errors.HandleError):
        hand.create_video(film(evolve(portrait(town, "token360"), account="another")))
    with pytest.raises(errors.HandleError):
        hand.create_video(film("pk1:damaged"))
    assert (0, 0) == (town.sent()["alltoken"], town.sent()["apiyi"])


@pytest.mark.outside_the_contract
def test_assets_of_several_vendors_are_waited_for_together(make):
    """Each is asked about at its own vendor; they come back in the order given."""
    town, hand = make("alltoken", "token360")
    here, there = (
        town.own(vendor).add_assets(town.own(vendor).create_group("Mia"), [PNG] * 2)
        for vendor in ("alltoken", "token360")
    )
    mixed = [here[0], there[0], here[1], there[1]]

    active = hand.wait_until_active(mixed)
    again = hand.wait_until_active(mixed, deadline_s=100)

    assert [each.handle for each in mixed] == [each.handle for each in active]
    assert {pk.AssetStatus.ACTIVE} == {each.status for each in (*active, *again)}


@pytest.mark.outside_the_contract
def test_waiting_at_several_vendors_has_one_deadline(make):
    """What the first one takes is not there for the second."""
    town, hand = make("alltoken", "token360")
    mixed = []
    for vendor in ("alltoken", "token360"):
        own = town.own(vendor)
        mixed.append(own.add_asset(own.create_group("Mia"), PNG))
    town.simulators["token360"].world.review_s = 10_000
    late = town.own("token360")
    mixed[1] = late.add_asset(late.create_group("Ann"), PNG)
    started_s = town.time.monotonic()

    with pytest.raises(errors.WaitTimeoutError) as caught:
        hand.wait_until_active(mixed, deadline_s=60)

    assert 59 <= town.time.monotonic() - started_s <= 60
    assert ("token360", mixed[1].handle) == (caught.value.provider, caught.value.handle)


def test_a_preview_is_of_the_first_profile(make):
    """Or of the one where the request's assets are registered."""
    town, _ = make()
    asset = portrait(town, "token360")
    client = town.client()

    assert "https://alltoken.invalid/v1/videos/generations" == client.preview_video(SEA).url
    assert "https://token360.invalid/v1/videos" == client.preview_video(film(asset)).url
    assert asset.uri in str(client.preview_video(film(pk.OneOf(asset))).body)


# -- attempts and errors ---------------------------------------------------------------------------


@pytest.mark.outside_the_contract
def test_while_another_can_take_it_an_account_gets_two_attempts(make):
    """The last that can gets the whole budget; so does one that nobody follows."""
    town, hand = make(client={"budget": Budget(attempts=4)})
    town.lasting.update(alltoken="busy", token360="busy")

    with pytest.raises(errors.RateLimitedError) as caught:
        hand.create_video(SEA)
    first = town.sent()
    with pytest.raises(errors.RateLimitedError):
        hand.create_video(evolve(SEA, model="another"))

    assert {"alltoken": 2, "token360": 4} == first
    assert {"alltoken": 6, "token360": 4} == town.sent()
    assert 2 == len(caught.value.attempts)


@pytest.mark.outside_the_contract
def test_a_long_rest_is_not_waited_for_while_another_can_take_it(make):
    """The vendor asked for a minute; the next one is asked at once."""
    town, hand = make()
    town.lasting["alltoken"] = "busy for long"

    hand.create_video(SEA)

    assert (0, {"alltoken": 1, "token360": 1}) == (town.time.monotonic(), town.sent())


@pytest.mark.outside_the_contract
def test_when_none_has_capacity_the_first_error_tells_all(make):
    """It is the first profile's, its text names every profile, and pickling keeps that."""
    town, hand = make("alltoken", "token360", "volcengine")
    town.lasting.update(alltoken="busy", token360="unreachable", volcengine="overloaded")

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


@pytest.mark.outside_the_contract
@pytest.mark.parametrize(
    "fault", [each for each in FAULTS if each not in CAPACITY and each != "lost after"]
)
def test_what_a_fallback_judges_ends_the_call(make, fault):
    """Its error comes out, with the profiles before it; the profile after it hears nothing."""
    town, hand = make("alltoken", "token360", "volcengine")
    town.lasting.update(alltoken="busy", token360=fault)

    with pytest.raises(errors.PortraitError) as caught:
        hand.create_video(SEA)

    assert ("token360", ["my-alltoken"]) == (
        caught.value.provider,
        [each.profile for each in caught.value.tried],
    )
    assert 0 == town.sent()["volcengine"]


@pytest.mark.outside_the_contract
def test_no_secret_of_any_profile_is_in_what_comes_out(make):
    """Neither in the error nor in the reasons."""
    town, hand = make()
    echo = evolve(FAULTS["busy"], content=b'{"error": {"code": "TooMany", "message": "%s"}}')
    body = echo.content.replace(b"%s", town.provider("token360").api_key.reveal().encode())
    FAULTS["echo"] = evolve(echo, content=body)
    town.lasting.update(alltoken="busy", token360="echo")

    with pytest.raises(errors.RateLimitedError) as caught:
        hand.create_video(film("https://pictures.example/mia.png?Signature=sealed0001"))
    del FAULTS["echo"]

    for text in (str(caught.value), repr(vars(caught.value))):
        assert "sealed0001" not in text
        assert town.provider("token360").api_key.reveal() not in text


# -- circuits --------------------------------------------------------------------------------------


@pytest.mark.outside_the_contract
def test_an_account_that_failed_often_is_passed_over_and_probed_later(make):
    """After three calls without capacity nobody asks for a while; one probe closes it again."""
    town, hand = make(client={"rest_s": 40.0})
    town.lasting["alltoken"] = "busy for long"
    for _ in range(3):
        hand.create_video(SEA)
    town.set_out()

    open_ = hand.create_video(SEA)
    town.time.sleep(27.5)
    later = hand.create_video(SEA)
    asked = town.sent()["alltoken"]
    town.time.sleep(12.5)
    probed = hand.create_video(SEA)
    town.lasting.clear()
    reopened = hand.create_video(SEA)
    town.time.sleep(40)
    closed = [hand.create_video(SEA) for _ in range(2)]

    assert ("circuit open for another 40 s", 0) == (open_.tried[0].reason, asked)
    assert "circuit open for another 13 s" == later.tried[0].reason
    assert "RateLimitedError, HTTP 429, TooManyRequests" == probed.tried[0].reason
    assert "circuit open for another 40 s" == reopened.tried[0].reason
    assert [("alltoken", ())] * 2 == [(each.provider, each.tried) for each in closed]


@pytest.mark.outside_the_contract
def test_an_open_circuit_refuses_nothing_by_itself(make):
    """A call that cannot move is sent all the same, with the whole budget."""
    town, hand = make(client={"failures": 1, "budget": Budget(attempts=3)})
    asset = portrait(town, "alltoken")
    town.lasting["alltoken"] = "busy for long"
    hand.create_video(SEA)
    town.lasting["alltoken"] = "busy"
    town.set_out()

    with pytest.raises(errors.RateLimitedError) as caught:
        hand.create_video(film(asset))
    town.lasting.clear()
    task = hand.create_video(film(asset))

    assert (3 + 1, 0) == (town.sent()["alltoken"], town.sent()["token360"])
    assert ["my-token360", "my-alltoken"] == [each.profile for each in caught.value.tried]
    assert ("alltoken", ()) == (task.provider, task.tried)
    with pytest.raises(errors.HandleError):
        hand.create_video(film(evolve(asset, account="another")))


@pytest.mark.outside_the_contract
def test_when_all_circuits_are_open_the_first_is_asked(make):
    """And no other: a call does not walk through vendors that are all known to be full."""
    town, hand = make(client={"failures": 1, "rest_s": 1000.0})
    town.lasting.update(alltoken="busy for long", token360="busy for long")
    with pytest.raises(errors.RateLimitedError):
        hand.create_video(SEA)
    town.set_out()

    with pytest.raises(errors.RateLimitedError) as caught:
        hand.create_video(SEA)

    assert {"alltoken": 1, "token360": 0} == town.sent()
    assert ["my-token360", "my-alltoken"] == [each.profile for each in caught.value.tried]


@pytest.mark.outside_the_contract
def test_unknown_outcomes_open_a_circuit_and_refusals_close_it(make):
    """The call itself does not move; the next one need not be lost as well."""
    town, hand = make(client={"failures": 2})
    fates = ["lost before", "rejected", "lost before", "lost before"]
    for fate in fates:
        town.faults["alltoken"].append(fate)
        with pytest.raises(errors.PortraitError):
            hand.create_video(SEA)

    assert "circuit open for another 30 s" == hand.create_video(SEA).tried[0].reason


@pytest.mark.outside_the_contract
def test_a_call_that_sends_nothing_is_no_probe(make):
    """The account's turn goes to the next call."""
    breakers = Breakers()
    town, hand = make(client={"failures": 1, "breakers": breakers})
    town.lasting["alltoken"] = "busy for long"
    hand.create_video(SEA)
    town.lasting.clear()
    town.time.sleep(31)

    with pytest.raises(errors.InvalidInputError):
        hand.create_video(evolve(SEA, prompt=" "))

    assert [town.places[0].account] == list(breakers._circuits)
    assert "alltoken" == hand.create_video(SEA).provider


def test_clients_of_one_process_share_circuits_on_the_real_clock():
    """A client on another clock has its own, unless it is handed some."""
    town = Town("alltoken", "token360")
    town.lasting["alltoken"] = "busy for long"
    breakers = Breakers()
    for _ in range(3):
        town.client(breakers=breakers).create_video(SEA)

    other = Client(town.places[0].provider, transport=town)
    another = Client(town.places[0].provider, transport=town)

    assert "circuit open" in town.client(breakers=breakers).create_video(SEA).tried[0].reason
    assert "circuit open" not in town.client().create_video(SEA).tried[0].reason
    assert other._router._breakers is another._router._breakers
    assert town.client()._router._breakers is not other._router._breakers


# -- money -----------------------------------------------------------------------------------------

NAMES = [*FAULTS, "none", "none"]


@pytest.mark.outside_the_contract
@settings(max_examples=80)
@given(scripts=st.lists(st.lists(st.sampled_from(NAMES), max_size=6), min_size=3, max_size=3))
def test_a_create_is_paid_for_once_at_most_wherever_it_goes(scripts):
    """Over any faults at three vendors: one video if it succeeds, none after a clear failure."""
    town = Town("alltoken", "token360", "volcengine")
    for vendor, script in zip(town.faults, scripts, strict=True):
        town.faults[vendor].extend(None if each == "none" else each for each in script)
    task = error = None
    try:
        task = town.client(failures=99).create_video(SEA)
    except PortraitError as raised:
        error = raised

    assert town.billed() <= 1
    if task:
        assert [task.id] == list(town.simulators[task.provider].world.videos)
    elif not isinstance(error, errors.OutcomeUnknownError):
        assert 0 == town.billed()
    last = list(town.simulators)[len(error.tried) if error and len(error.tried) < 3 else -1]
    if isinstance(error, errors.OutcomeUnknownError):
        assert last == error.provider
        assert not any(each.outcome is Outcome.UNKNOWN for each in error.attempts[:-1])


@pytest.mark.outside_the_contract
def test_the_wire_is_the_same_under_all_drivers(make):
    """The same faults lead to the same requests and results, blocking, in asyncio and in trio."""

    def story(town, hand) -> Iterator[object]:
        town.faults["alltoken"].extend(["busy", "unreachable", "overloaded", None, "busy"])
        town.faults["token360"].extend(["busy", "busy", None, "rejected"])
        for request in (SEA, evolve(SEA, seed=7), SEA, SEA):
            try:
                yield hand.create_video(request)
            except PortraitError as error:
                yield type(error), str(error), error.tried
        yield hand.create_group("Mia")

    town, hand = make("alltoken", "token360", "volcengine")
    plain = Town("alltoken", "token360", "volcengine")

    assert list(story(plain, plain.client())) == list(story(town, hand))
    assert [each.seen for each in plain.simulators.values()] == [
        each.seen for each in town.simulators.values()
    ]


def test_has_no_capacity_wants_proof():
    """A failure is no refusal, in whoever's form it is told of."""
    assert has_no_capacity(errors.RateLimitedError("no", status=429))
    assert not has_no_capacity(errors.ServiceUnavailableError("no", status=503, code="Overloaded"))
