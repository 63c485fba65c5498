"""What is the same at every vendor: adding, waiting, making and downloading."""

from __future__ import annotations

import pickle
import traceback
from datetime import UTC, datetime
from typing import ClassVar

import pytest
from attrs import evolve, frozen

from portraitkit.engine.response_body import TransportError
from portraitkit.operations.paging import every, in_turn
from portraitkit.operations.provider import PortraitProvider
from portraitkit.providers.alltoken import AllToken
from portraitkit.simulators.state import never
from portraitkit.testing import answer, replay, simulated
from portraitkit.values import errors
from portraitkit.values.media import FolderMediaHost
from portraitkit.values.models import Asset, Failure, Group, Page, Verification, VideoTask
from portraitkit.values.remarks import Outcome
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import AssetStatus, VerificationStatus, VideoStatus
from portraitkit.values.video import Frames, References, VideoRequest
from portraitkit.vendor.pacing import Pacing
from portraitkit.wire.steps import Auth, Pause

KEY = "sk-not-a-real-key-0123456789"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
MP4 = b"\0\0\0\x18ftypisom" + bytes(64)
GROUP_ID = "group-20260318035710-abcde"
ASSET_ID = "asset-20260318035710-abcde"
LOST = TransportError(Outcome.UNKNOWN, "connection lost while receiving")


def result(**body):
    return answer({"ResponseMetadata": {"RequestId": "req-1"}, "Result": body})


def refusal(code, status=400, message="no"):
    error = {"Code": code, "Message": message}
    return answer({"ResponseMetadata": {"RequestId": "req-1", "Error": error}}, status)


@frozen(kw_only=True, slots=False)
class LinksOnly(AllToken):
    """A vendor that takes public URLs alone."""

    name = "linksonly"

    add_upload = PortraitProvider.add_upload
    takes_upload = PortraitProvider.takes_upload
    media_rules: ClassVar = {}


@frozen(kw_only=True, slots=False)
class UploadsOnly(AllToken):
    """A vendor that takes bytes alone."""

    name = "uploadsonly"

    add_link = PortraitProvider.add_link


@frozen(kw_only=True, slots=False)
class Listless(AllToken):
    """A vendor without lists."""

    name = "listless"

    list_assets = PortraitProvider.list_assets


def at(kind, **settings):
    return kind(api_key=Secret(KEY), **settings)


OPENED = result(H5Link="https://h5.example/x", BytedToken="T" * 34)
PASSED = result(GroupId=GROUP_ID)


# -- adding ----------------------------------------------------------------------------------------


def test_a_path_is_read_off_the_event_loop(script, tmp_path):
    """A string or Path names a local file; its name goes along."""
    (tmp_path / "mia.png").write_bytes(PNG)
    vendor = script(result(Id=ASSET_ID), result(Id=ASSET_ID))

    for source in (tmp_path / "mia.png", str(tmp_path / "mia.png")):
        asset = vendor.run(lambda p, source=source: p.add_asset(GROUP_ID, source))

        assert (ASSET_ID, AssetStatus.PROCESSING) == (asset.id, asset.status)
    assert all(b'filename="mia.png"' in each.content for each in vendor.sent)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("nowhere.png", "cannot read 'nowhere.png'"),
        (".", "cannot read"),
        ("bad\0name.png", "cannot read"),
        (b"", "is empty"),
        (b"text", "no picture, video or audio"),
        ("ftp://example.com/mia.png", "begin https://"),
        ("http://example.com/mia.png", "begin https://"),
        ("https://[mia.png", "URL"),
    ],
)
def test_a_source_that_cannot_work_is_stopped_before_sending(script, source, said):
    """The caller's mistake is told without a request."""
    vendor = script()

    with pytest.raises(errors.MediaError, match=said) as caught:
        vendor.run(lambda p: p.add_asset(GROUP_ID, source))

    assert [] == vendor.sent
    assert ("alltoken", "story") == (caught.value.provider, caught.value.operation)


def test_a_vendor_that_adds_nothing_refuses_before_reading(provider):
    """Without a way to add, not even the file is opened."""

    class Nothing(LinksOnly):
        add_link = PortraitProvider.add_link

    with pytest.raises(errors.UnsupportedError, match="offers no add_asset"):
        replay(at(Nothing).add_asset(GROUP_ID, "nowhere.png"), [])


def test_a_file_is_published_for_a_vendor_that_takes_urls(tmp_path):
    """The configured media host turns bytes into a link."""
    host = FolderMediaHost(tmp_path / "served", "https://media.example/faces/")
    provider = at(LinksOnly, media_host=host)

    done = replay(provider.add_asset(GROUP_ID, MP4, name="walk"), [result(Id=ASSET_ID)])

    (stored,) = (tmp_path / "served").iterdir()
    assert f"https://media.example/faces/{stored.name}" == done.bodies[0]["URL"]
    assert "Video" == done.bodies[0]["AssetType"]
    assert MP4 == stored.read_bytes()


def test_without_a_media_host_the_error_says_what_to_configure():
    """Nothing is published anywhere by itself."""
    with pytest.raises(errors.MediaError, match="by public URL only") as caught:
        replay(at(LinksOnly).add_asset(GROUP_ID, PNG), [])

    for way in ("media_host", "media_folder", "docs/media-hosts.md"):
        assert way in caught.value.next_step


class BrokenHost:
    def __init__(self, error):
        self._error = error

    def publish(self, content, *, filename, content_type):
        raise self._error


def test_a_media_hosts_failure_is_a_media_error(script):
    """The caller's own code raises what it likes; it leaves as one of the library's errors."""
    vendor = script(provider=at(LinksOnly, media_host=BrokenHost(OSError("disk full"))))

    with pytest.raises(errors.MediaError, match="the media host failed: OSError: disk full"):
        vendor.run(lambda p: p.add_asset(GROUP_ID, PNG))


@pytest.mark.parametrize("returned", [None, b"https://media.example/x", 5, ""])
def test_what_is_no_url_of_a_media_host_is_a_media_error(returned):
    """As from one that forgets to return it."""

    class Host:
        def publish(self, content, *, filename, content_type):
            return returned

    with pytest.raises(errors.MediaError, match="has to begin https://"):
        replay(at(LinksOnly, media_host=Host()).add_asset(GROUP_ID, PNG), [])


def test_a_media_hosts_own_portrait_error_is_kept():
    """A media host may speak the library's language."""
    host = BrokenHost(errors.QuotaExceededError("the bucket is full"))

    with pytest.raises(errors.QuotaExceededError, match="the bucket is full"):
        replay(at(LinksOnly, media_host=host).add_asset(GROUP_ID, PNG), [])


def test_a_url_is_fetched_for_a_vendor_that_takes_bytes():
    """Without credentials, over redirects; the file's name is the URL's."""
    moved = answer(b"", 302, headers={"location": "/faces/mia.png"})
    flow = at(UploadsOnly).add_asset(GROUP_ID, "https://example.com/mia.png?sig=1")

    done = replay(flow, [moved, answer(PNG), result(Id=ASSET_ID)])

    fetch, again, upload = done.requests
    assert (Auth.NONE, Auth.NONE, Auth.BEARER) == (fetch.auth, again.auth, upload.auth)
    assert "https://example.com/faces/mia.png" == again.url
    assert b'filename="mia.png"' in upload.content


def moved(location):
    return answer("", 302, headers={"location": location} if location else {})


@pytest.mark.parametrize(
    ("answers", "error", "said"),
    [
        ([answer("", 403)], errors.MediaError, "answered HTTP 403"),
        ([moved("")], errors.MediaError, "answered HTTP 302"),  # there is nothing to follow
        ([moved("https://example.com/mia.png")] * 6, errors.UnexpectedResponseError, "redirects"),
        *(
            ([moved(each)], errors.UnexpectedResponseError, "away from https")
            for each in ("http://example.com/b.png", "ftp://e.com/", "//[bad", "http://127.0.0.1/")
        ),
    ],
)
def test_a_url_that_cannot_be_fetched_says_why(answers, error, said):
    """Refused, moved to nowhere, round and round, or away from https."""
    flow = at(UploadsOnly).add_asset(GROUP_ID, "https://example.com/mia.png")

    with pytest.raises(error, match=said):
        replay(flow, answers)


# -- several at once -------------------------------------------------------------------------------


def test_several_files_come_back_in_the_order_given(script, tmp_path):
    """Each part is an asset; one that failed says why, and the others are not lost."""
    vendor = script(
        result(Id=f"{ASSET_ID}1"),
        refusal("QuotaExceeded"),
        answer("<html>"),
        LOST,
        result(Id=f"{ASSET_ID}2"),
    )

    added = vendor.run(
        lambda p: p.add_assets(GROUP_ID, [PNG, tmp_path / "gone.png", PNG, PNG, PNG, PNG])
    )

    kinds = [type(each.failure.error) if each.failure else None for each in added]
    assert [
        None,
        errors.MediaError,
        errors.QuotaExceededError,
        errors.OutcomeUnknownError,
        errors.OutcomeUnknownError,
        None,
    ] == kinds
    assert [f"{ASSET_ID}1", None, None, None, None, f"{ASSET_ID}2"] == [each.id for each in added]
    assert [AssetStatus.FAILED] * 4 == [each.status for each in added[1:5]]
    assert "QuotaExceeded" == added[2].failure.code
    assert "MediaError" == added[1].failure.code
    assert "" == added[1].handle


def test_a_parts_error_is_as_fit_to_leave_as_a_raised_one(script):
    """Complete, without secrets, without inner frames, and it survives a pickle."""
    vendor = script(refusal("InvalidParameter", message=f"key {KEY}"))

    (asset,) = vendor.run(lambda p: p.add_assets(GROUP_ID, [PNG]))

    error = asset.failure.error
    assert ("alltoken", "add_assets") == (error.provider, error.operation)
    assert "key <secret>" == error.vendor_message
    assert KEY not in repr(asset) + str(error) + repr(vars(error)) + asset.failure.message
    assert not traceback.extract_tb(error.__traceback__)
    assert asset == pickle.loads(pickle.dumps(asset))


def test_a_broken_media_host_fails_parts_only():
    """What was added before it broke is not lost."""
    provider = at(LinksOnly, media_host=BrokenHost(RuntimeError("down")))
    flow = provider.add_assets(GROUP_ID, ["https://example.com/a.png", PNG])

    added = replay(flow, [result(Id=ASSET_ID)]).result

    assert [AssetStatus.PROCESSING, AssetStatus.FAILED] == [each.status for each in added]


# -- waiting for assets ----------------------------------------------------------------------------


def asset(number=1, **members):
    members = {"status": AssetStatus.PROCESSING, "group_id": GROUP_ID, **members}
    account = at(AllToken).account
    return Asset(provider="alltoken", account=account, id=f"{ASSET_ID}{number}", **members)


def test_waiting_looks_tells_and_returns(script):
    """First look after the pause that most things take; each look is an event."""
    events = []
    vendor = script(result(Id=ASSET_ID, Status="Processing"), result(Id=ASSET_ID, Status="Active"))

    active = vendor.run(lambda p: p.wait_until_active(ASSET_ID, on_event=events.append))

    assert AssetStatus.ACTIVE is active.status
    assert [3.0, 6.0] == vendor.times_s
    assert [(1, 3.0, 3.0), (2, 6.0, None)] == [
        (each.look, each.elapsed_s, each.next_look_s) for each in events
    ]
    assert "    6.0 s  asset active (Active)" == str(events[1])


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_wait_leaves_all_as_it_is(simulator, provider, interrupt):
    """Ctrl-C passes unchanged; the handle, which the caller has, is waited for again."""
    client = simulated(provider, simulator)
    group = client.create_group("Mia")
    asset = client.add_asset(group, "https://cdn.example/mia.jpg")

    def stop(event):
        raise interrupt

    with pytest.raises(interrupt) as caught:
        client.wait_until_active(asset, on_event=stop)
    active = client.wait_until_active(asset.handle)

    assert caught.value.__context__ is None
    assert AssetStatus.ACTIVE is active.status


def test_what_is_settled_is_not_asked_about(provider):
    """A failed asset is raised, or handed back with others, without a request."""
    failed = asset(status=AssetStatus.FAILED)

    assert [failed] == replay(provider.wait_until_all_active([failed]), []).result
    with pytest.raises(errors.AssetFailedError, match="no reason given"):
        replay(provider.wait_until_active(failed), [])


def test_what_is_known_to_be_active_is_looked_at_once(provider):
    """It may have gone since: one look, at once, tells; and what was found before is not new."""
    active, failed = asset(status=AssetStatus.ACTIVE), asset(2, status=AssetStatus.FAILED)
    still, gone = result(Id=active.id, Status="Active"), refusal("NotFound", 404)

    done = replay(provider.wait_until_active(active), [still])
    several = replay(provider.wait_until_all_active([active, failed]), [still])
    lost = replay(provider.wait_until_all_active([active, failed]), [gone, *[listing()] * 2])

    pauses = [step.seconds for step in done.steps if isinstance(step, Pause)]
    assert (AssetStatus.ACTIVE, 0) == (done.result.status, sum(pauses))
    assert [AssetStatus.ACTIVE, AssetStatus.FAILED] == [each.status for each in several.result]
    assert [AssetStatus.FAILED] * 2 == [each.status for each in lost.result]
    with pytest.raises(errors.NotFoundError):
        replay(provider.wait_until_active(active), [gone, *[listing()] * 2])


def test_what_is_new_may_be_hidden_again(provider):
    """A vendor's replica lags behind: alone or among several, it is waited for."""
    seen, gone = result(Id=ASSET_ID, Status="Processing"), refusal("NotFound", 404)
    answers = [seen, gone, result(Id=ASSET_ID, Status="Active")]

    one = replay(provider.wait_until_active(ASSET_ID), answers)
    parts = replay(provider.wait_until_all_active([ASSET_ID]), answers)

    assert [AssetStatus.ACTIVE] * 2 == [each.status for each in (one.result, *parts.result)]


def test_what_was_found_and_then_is_not_is_gone(provider):
    """Only a new thing may be hidden for a while, as by a replica that lags behind."""
    provider = evolve(provider, pacing={"asset": Pacing(unseen_s=0)})
    seen, gone = result(Id=ASSET_ID, Status="Processing"), refusal("NotFound", 404)

    with pytest.raises(errors.NotFoundError):
        replay(provider.wait_until_active(ASSET_ID), [seen, gone])
    parts = replay(provider.wait_until_all_active([ASSET_ID]), [seen, gone])
    assert [AssetStatus.FAILED] == [each.status for each in parts.result]


def test_what_is_listed_is_not_gone(provider):
    """Before an asset is given up that cannot be read, its group's list is asked."""
    provider = evolve(provider, pacing={"asset": Pacing(unseen_s=0)})
    seen, gone = result(Id=f"{ASSET_ID}1", Status="Processing"), refusal("NotFound", 404)
    listed = listing({"Id": f"{ASSET_ID}1", "Status": "Active"})

    one = replay(provider.wait_until_active(asset(1)), [seen, gone, listed])
    parts = replay(provider.wait_until_all_active([asset(1)]), [seen, gone, listed])

    assert [AssetStatus.ACTIVE] * 2 == [each.status for each in (one.result, *parts.result)]


def listing(*rows):
    return result(Items=list(rows), TotalCount=len(rows), PageSize=100, PageNumber=1)


@pytest.mark.parametrize("kind", [AllToken, Listless])
def test_bare_ids_and_listless_vendors_are_read_one_by_one(kind):
    """Without a known group, or without lists, there is no other way."""
    provider = at(kind)
    given = [f"{ASSET_ID}1", f"{ASSET_ID}2"]
    if kind is Listless:
        mine = {"provider": "listless", "account": provider.account}
        given = [evolve(asset(number), **mine) for number in (1, 2)]
    answers = [result(Id=f"{ASSET_ID}{n}", Status="Active") for n in (1, 2)]

    done = replay(provider.wait_until_all_active(given), answers)

    assert [f"{ASSET_ID}1", f"{ASSET_ID}2"] == [each.id for each in done.result]


@pytest.mark.parametrize(
    ("gone", "looks"),
    [(refusal("NotFound", 404), 4), (refusal("Forbidden", 403), 1)],
)
def test_a_part_that_is_gone_does_not_cost_the_others(gone, looks):
    """Of several, one that the vendor no longer has is FAILED with the error; nothing is raised."""
    provider = at(Listless)
    mine = {"provider": "listless", "account": provider.account}
    given = [evolve(asset(number), **mine) for number in (1, 2)]
    found = result(Id=f"{ASSET_ID}2", Status="Active")

    done = replay(provider.wait_until_all_active(given), [gone, found, *[gone] * (looks - 1)])

    assert [AssetStatus.FAILED, AssetStatus.ACTIVE] == [each.status for each in done.result]
    assert isinstance(done.result[0].failure.error, errors.ProviderError)
    assert "wait_until_active" == done.result[0].failure.error.operation


def test_a_list_that_repeats_its_cursor_ends():
    """A vendor that always has a next page does not hold the caller, and may hide the rest."""

    def page(cursor):
        yield Pause(0)
        return Page(items=(cursor,), next="again")

    with pytest.raises(errors.UnexpectedResponseError, match="incomplete"):
        _ = replay(every(page), [])


@pytest.mark.parametrize("lists", [[["abc"]], [["a", "b"], [], ["c"]], [[], [""], ["ab", "c", ""]]])
def test_lists_in_turn_are_one_list(lists):
    """Whatever pages each comes in; what did not come of one is still told at the end."""
    asked = list(range(len(lists)))

    def page_of(cursor, place):
        yield Pause(0)
        number, pages = int(cursor or 0), lists[place] or [""]
        more = number + 1 < len(pages)
        return Page(items=tuple(pages[number]), next=str(number + 1) if more else None)

    def cut(cursor, place):
        page = yield from page_of(cursor, place)
        return evolve(page, to_come=0 if page.next or place else 1)

    assert list("abc") == replay(every(lambda cursor: in_turn(cursor, asked, page_of)), []).result
    items = []
    with pytest.raises(errors.UnexpectedResponseError, match="1 of its rows"):
        _ = replay(every(lambda cursor: in_turn(cursor, asked, cut), items), [])
    assert list("abc") == items


# -- face checks -----------------------------------------------------------------------------------


def test_a_check_by_its_handle_is_waited_for_through_faults(provider, hand):
    """The first look rides out a fault as the others do; what ends the wait names the handle."""
    check = hand.start_verification("Ann", callback_url="https://app.example/back")
    for given in (check.handle, check.token.reveal()):
        busy, done = answer(b"", 503), result(GroupId=GROUP_ID)
        flow = at(AllToken).wait_until_verified(given)
        refused = replay(flow, [errors.ConnectionFailedError("no route"), busy, done]).result

        assert GROUP_ID == refused.id
    with pytest.raises(errors.AuthenticationError) as caught:
        replay(provider.wait_until_verified(check.handle), [refusal("Unauthorized", 401)])
    assert check.handle == caught.value.handle


def test_a_check_that_is_late_by_the_clock_alone_is_asked_about_on(provider):
    """The vendor may be more patient than its pages; what it calls expired itself ends the wait."""
    late = replay(provider.start_verification("Ann", callback_url="https://app.example"), [OPENED])
    check, far = late.result, datetime(2040, 1, 1, tzinfo=UTC)
    pending = evolve(refusal("ValidatePending"), received_at=far)
    expired = evolve(refusal("TokenExpired"), received_at=far)

    single = replay(provider.check_verification(check), [pending]).result
    passed = replay(provider.wait_until_verified(check), [pending, pending, PASSED]).result

    assert (VerificationStatus.EXPIRED, "") == (single.status, single.status_word)
    assert GROUP_ID == passed.id
    with pytest.raises(errors.VerificationFailedError, match="expired") as caught:
        replay(provider.wait_until_verified(check), [pending, expired])
    assert "TokenExpired" == caught.value.result.status_word


def test_a_verified_check_is_not_asked_about(provider):
    """Its group is there already."""
    group = Group(provider="alltoken", account=provider.account, id=GROUP_ID)
    check = Verification(
        provider="alltoken",
        account=provider.account,
        id=None,
        status=VerificationStatus.VERIFIED,
        group=group,
    )

    assert group == replay(provider.wait_until_verified(check), []).result


def test_a_callback_is_never_believed(hand, simulator):
    """Anyone can call the page: the status stays WAITING until the vendor itself is asked."""
    simulator.world.person = never
    check = hand.start_verification("Ann", callback_url="https://app.example/back")
    token = check.token.reveal()
    sent = len(simulator.seen)

    told = hand.read_callback(f"https://app.example/back?bytedToken={token}&resultCode=10000")

    assert sent == len(simulator.seen)
    assert (VerificationStatus.WAITING, True, None) == (told.status, told.claimed, told.group)
    assert VerificationStatus.WAITING is hand.check_verification(told).status


# -- videos ----------------------------------------------------------------------------------------

REQUEST = VideoRequest(prompt="a quiet sea")


def task(status=VideoStatus.SUCCEEDED, **members):
    account = at(AllToken).account
    return VideoTask(provider="alltoken", account=account, id="vgen_1", status=status, **members)


LINK = Secret("https://media.example/mia.mp4?X-Tos-Signature=abc")
DONE = answer({"id": "vgen_1", "status": "completed", "video_url": LINK.reveal()})


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (result(Id=ASSET_ID, Status="Processing"), "is not active yet"),
        (result(Id=ASSET_ID, Status="Failed"), "was refused by its review"),
        (result(Id=ASSET_ID, Status="Active"), "is active here"),
        (refusal("NotFound", 404), "is not in this account and project"),
        (refusal("Forbidden", 403), "is not in this account and project"),
        (answer(b"", 503), "could not be looked up"),
    ],
)
def test_a_video_refused_for_an_asset_says_what_is_the_matter_with_it(provider, said, words):
    """Looking it up is free; the refusal stays what it is, and nothing is created again."""
    error = {"code": "upstream_invalid_parameter", "message": f"asset {ASSET_ID} is not found"}
    request = VideoRequest(prompt="x", media=References(images=[ASSET_ID]))
    with pytest.raises(errors.InvalidRequestError) as caught:
        replay(provider.create_video(request), [answer({"error": error}, 400), said])

    assert f"{ASSET_ID} {words}" in caught.value.next_step
    assert "upstream_invalid_parameter" == caught.value.code


def test_a_preview_of_a_bare_request_has_no_credential():
    """Masked or not, no header is made up."""

    class Open(AllToken):
        def video_request(self, body):
            return evolve(super().video_request(body), auth=Auth.NONE)

    assert "Authorization" not in at(Open).preview_video(REQUEST).headers


@pytest.mark.parametrize(
    ("request_", "error", "said"),
    [
        (VideoRequest(prompt=" "), errors.InvalidInputError, "prompt is empty"),
        (VideoRequest(prompt=f"asset://{ASSET_ID} smiles"), errors.PromptError, "as words"),
        (
            VideoRequest(prompt="{mai}", media=References(images={"mia": "https://a.example/m"})),
            errors.PromptError,
            "no reference has that label",
        ),
        (
            VideoRequest(prompt="x", media=Frames(first="ua_123")),
            errors.HandleError,
            "upload's id",
        ),
        (VideoRequest(prompt="x", media=Frames(first=GROUP_ID)), errors.HandleError, "group's id"),
        (
            VideoRequest(prompt="x", media=Frames(first=asset())),
            errors.AssetNotReadyError,
            "media.first is processing",
        ),
        (
            VideoRequest(prompt="x", media=Frames(first=evolve(asset(), account="another"))),
            errors.HandleError,
            "another account",
        ),
        (
            VideoRequest(prompt="x", media=Frames(first="http://example.com/a.png")),
            errors.MediaError,
            "https://",
        ),
        (
            VideoRequest(prompt="x", model="seedance-1.5-pro", media=Frames(first=ASSET_ID)),
            errors.UnsupportedError,
            "takes no portrait assets",
        ),
    ],
)
def test_what_can_never_work_is_stopped_before_it_costs(provider, request_, error, said):
    """Preview and create refuse alike, and nothing is sent."""
    with pytest.raises(error, match=said):
        provider.preview_video(request_)
    with pytest.raises(error, match=said):
        replay(provider.create_video(request_), [])


@pytest.mark.parametrize(
    ("source", "url"),
    [
        (asset(status=AssetStatus.ACTIVE), f"asset://{ASSET_ID}1"),
        (asset(status=AssetStatus.UNKNOWN), f"asset://{ASSET_ID}1"),
        (asset().handle, f"asset://{ASSET_ID}1"),
        (ASSET_ID, f"asset://{ASSET_ID}"),
        (f"asset://{ASSET_ID}", f"asset://{ASSET_ID}"),
        ("https://example.com/a.png?sig=1", "https://example.com/a.png?sig=1"),
    ],
)
def test_every_form_of_a_source_becomes_an_address(provider, source, url):
    """Objects, handles, ids, asset:// addresses and public URLs are all taken."""
    preview = provider.preview_video(VideoRequest(prompt="x", media=References(images=[source])))

    assert url == preview.body["content"][0]["image_url"]["url"]


@pytest.mark.parametrize(
    ("model", "models", "sent"),
    [
        ("seedance-2.0", {}, "seedance-2.0"),
        ("house-model", {"house-model": "seedance-2.0-fast"}, "seedance-2.0-fast"),
        ("seedance-9", {}, "seedance-9"),
    ],
)
def test_a_model_is_neutral_mapped_or_passed_through(model, models, sent):
    """The profile's table comes first, then the adapter's; any other name goes as it is."""
    provider = at(AllToken, models=models)

    assert sent == provider.preview_video(VideoRequest(prompt="x", model=model)).body["model"]


def test_a_finished_task_is_not_asked_about(provider):
    """What succeeded is returned and what failed is raised, without a request."""
    done = task()
    failure = Failure(code="upstream_content_violation", message="no faces")

    assert done == replay(provider.wait_for_video(done), []).result
    with pytest.raises(errors.VideoFailedError, match="no faces") as caught:
        replay(provider.wait_for_video(task(VideoStatus.FAILED, failure=failure)), [])
    assert errors.ContentRejectedError.advice == caught.value.next_step
    with pytest.raises(errors.VideoFailedError, match="expired: no reason given") as caught:
        replay(provider.wait_for_video(task(VideoStatus.EXPIRED)), [])
    assert ".result.failure" in caught.value.next_step


@pytest.mark.parametrize("given", ["vgen_1", task().handle, task(), task(video_link=LINK)])
def test_any_name_of_a_task_can_be_downloaded(provider, given, tmp_path):
    """An id, a handle, or a task whose link is not there is read first."""
    target = tmp_path / "mia.mp4"
    known = isinstance(given, VideoTask) and given.video_link

    done = replay(
        provider.download_video(given, target), [answer(b"film")] if known else [DONE, answer("")]
    )

    copy = done.requests[-1]
    assert target == done.result
    assert (LINK.reveal(), Auth.NONE, target) == (copy.url, copy.auth, copy.save_to.target)


def test_a_pickled_task_can_be_downloaded(provider, tmp_path):
    """A pickle keeps no link, so the task is read again."""
    kept = pickle.loads(pickle.dumps(task(video_link=LINK)))

    done = replay(provider.download_video(kept, tmp_path / "mia.mp4"), [DONE, answer("")])

    assert LINK.reveal() == done.requests[-1].url


def test_a_link_that_has_run_out_is_read_afresh_once(provider, tmp_path):
    """A stored task's link is tried first, and the vendor asked for another when it is refused."""
    old = task(video_link=Secret("https://media.example/old.mp4?sig=0"))
    flow = provider.download_video(old, tmp_path / "mia.mp4")

    done = replay(flow, [answer("", 403), DONE, answer("")])

    assert ["GET"] * 3 == [each.method for each in done.requests]
    assert LINK.reveal() == done.requests[-1].url


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (403, errors.PermissionDeniedError, "links run out"),
        (404, errors.NotFoundError, "links run out"),
        (410, errors.NotFoundError, "links run out"),
        (429, errors.RateLimitedError, "later"),
        (503, errors.ServiceUnavailableError, "later"),
    ],
)
def test_a_file_that_cannot_be_had_says_why(provider, tmp_path, status, error, said):
    """A link that ran out is told from a host that fails."""
    refused = answer("", status)
    again = [refused] * (7 if status == 404 else 1)  # it may not be there yet
    answers = [refused, DONE, *again] if status < 429 else [refused]
    flow = provider.download_video(task(video_link=LINK), tmp_path / "mia.mp4")

    with pytest.raises(error, match=said) as caught:
        replay(flow, answers)

    assert (status, task().handle) == (caught.value.status, caught.value.handle)


def test_a_fresh_link_that_is_refused_is_not_read_again(provider, tmp_path):
    """It was read a moment ago."""
    flow = provider.download_video("vgen_1", tmp_path / "mia.mp4")

    with pytest.raises(errors.PermissionDeniedError):
        replay(flow, [DONE, answer("", 403)])


@pytest.mark.parametrize(
    ("members", "error", "said"),
    [
        ({"status": "queued"}, errors.VideoNotReadyError, "queued"),
        ({"status": "failed"}, errors.VideoFailedError, "failed"),
        ({"status": "completed"}, errors.UnexpectedResponseError, "no link"),
        *(
            (
                {"status": "completed", "video_url": link},
                errors.UnexpectedResponseError,
                "no https address",
            )
            for link in (
                "mia.mp4",
                "//media.example/mia.mp4",
                "file:///etc/passwd",
                "http://media.example/mia.mp4",
                "http://127.0.0.1:8080/mia.mp4",
            )
        ),
    ],
)
def test_what_is_no_finished_video_is_not_copied(provider, tmp_path, members, error, said):
    """Not finished, failed, or without an address on the web: each is told, with the handle."""
    flow = provider.download_video("vgen_1", tmp_path / "mia.mp4")

    with pytest.raises(error, match=said) as caught:
        replay(flow, [answer({"id": "vgen_1", **members})])

    assert task().handle == caught.value.handle


# -- links to this machine and its network ---------------------------------------------------------

PRIVATE = [
    "https://127.0.0.1:8080/mia.png",
    "https://169.254.169.254/latest/meta-data",
    "https://[::ffff:10.0.0.1]/mia.png",
    "https://2130706433/mia.png",
    "https://localhost/mia.png",
]


@pytest.mark.parametrize("url", PRIVATE)
def test_a_source_in_a_private_network_is_not_fetched(url):
    """Neither itself nor where a redirect leads; nothing is sent there."""
    private = "https://example.com/mia.png", [answer("", 302, headers={"location": url})]

    for source, answers in ((url, []), private):
        with pytest.raises(errors.MediaError, match="not on the public internet") as caught:
            replay(at(UploadsOnly).add_asset(GROUP_ID, source), answers)
        assert "source" == caught.value.field


@pytest.mark.parametrize("url", PRIVATE)
def test_a_video_in_a_private_network_is_not_fetched(provider, tmp_path, url):
    """A vendor's link is kept to the public internet, and so is where it redirects."""
    for link, answers in ((url, []), ("https://media.example/", [url])):
        done = answer({"id": "vgen_1", "status": "completed", "video_url": link})
        moved = [answer("", 302, headers={"location": each}) for each in answers]
        flow = provider.download_video("vgen_1", tmp_path / "mia.mp4")

        with pytest.raises(errors.UnexpectedResponseError, match="public internet") as caught:
            replay(flow, [done, *moved])
        assert caught.value.handle


@pytest.mark.parametrize(
    "options", [{"allow_private_addresses": True}, {"base_url": "http://127.0.0.1:8360"}]
)
def test_a_private_network_may_be_allowed(options):
    """By the profile's word, or because the vendor's stand-in is on this machine."""
    flow = at(UploadsOnly, **options).add_asset(GROUP_ID, "http://127.0.0.1:8080/mia.png")

    done = replay(flow, [answer(PNG), result(Id=ASSET_ID)])

    assert [False, False] == [each.public_only for each in done.requests]


def test_what_a_stranger_may_have_made_is_kept_to_the_public_internet(provider, tmp_path):
    """The transport is told so with every such request, and with no other."""
    source = at(UploadsOnly).add_asset(GROUP_ID, "https://example.com/mia.png")
    done = replay(source, [answer(PNG), result(Id=ASSET_ID)])

    assert [True, False] == [each.public_only for each in done.requests]


# -- changes that were repeated --------------------------------------------------------------------


@pytest.mark.parametrize("fault", [LOST, answer("<html>", 502)])
@pytest.mark.parametrize("what", ["asset", "group"])
def test_a_removal_that_was_repeated_is_done(script, fault, what):
    """Gone after an attempt that may have removed it is what was asked for."""
    vendor = script(fault, refusal("NotFound", 404))
    thing = {"asset": ASSET_ID, "group": GROUP_ID}[what]

    assert vendor.run(lambda p: getattr(p, f"delete_{what}")(thing)) is None
    assert 2 == len(vendor.sent)


def test_a_removal_that_is_then_denied_is_open(script):
    """Some vendors deny access to what is not there: nobody can say which it was."""
    vendor = script(LOST, refusal("Forbidden", 403))

    with pytest.raises(errors.OutcomeUnknownError, match="an earlier attempt") as caught:
        vendor.run(lambda p: p.delete_asset(ASSET_ID))

    error = caught.value
    assert ("Forbidden", 403, 1) == (error.code, error.status, len(error.attempts))
    assert "list" in error.next_step


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([refusal("NotFound", 404)], errors.NotFoundError),
        ([answer("", 429), refusal("NotFound", 404)], errors.NotFoundError),
        ([refusal("Forbidden", 403)], errors.PermissionDeniedError),
    ],
)
def test_what_was_never_there_is_not_removed(script, answers, error):
    """Without an attempt that may have acted, the vendor's word stands."""
    vendor = script(*answers)

    with pytest.raises(error):
        vendor.run(lambda p: p.delete_asset(ASSET_ID))


def video(word):
    return answer({"id": "vgen_1", "status": word})


CONFLICT = answer({"error": {"code": "conflict", "message": "it has ended"}}, 409)


def test_a_cancellation_that_was_repeated_is_done(script):
    """A conflict after an attempt that may have cancelled it is settled by a look."""
    vendor = script(LOST, CONFLICT, video("cancelled"))

    assert VideoStatus.CANCELLED is vendor.run(lambda p: p.cancel_video("vgen_1")).status


@pytest.mark.parametrize("answers", [[CONFLICT], [LOST, CONFLICT, video("completed")]])
def test_a_cancellation_that_came_too_late_is_a_conflict(script, answers):
    """Where it had ended by itself, the vendor's refusal stands."""
    vendor = script(*answers)

    with pytest.raises(errors.ConflictError):
        vendor.run(lambda p: p.cancel_video("vgen_1"))


def test_a_name_that_did_not_stick_does_not_cost_an_asset(script):
    """Even if the network is lost between upload and naming, the asset's id comes back."""
    vendor = script(result(Id=ASSET_ID), *[LOST] * 5)

    added = vendor.run(lambda p: p.add_asset(GROUP_ID, PNG, name="front"))

    assert (ASSET_ID, ["name"]) == (added.id, [each.field for each in added.adaptations])


def test_a_failures_text_shows_no_signed_link(provider):
    """Vendors quote the links that they could not fetch."""
    message = "cannot fetch https://media.example/a.png?X-Tos-Signature=abc"
    body = {"id": "vgen_1", "status": "failed", "error": {"code": "x", "message": message}}

    done = replay(provider.get_video("vgen_1"), [answer(body)]).result

    assert "X-Tos" not in repr(done)
    assert "https://media.example/a.png?<secret>" in done.failure.message
