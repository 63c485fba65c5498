"""What holds at every vendor alike: the words of its contract, what is refused first, the job."""

from __future__ import annotations

from itertools import combinations

import pytest
from attrs import evolve

import contract_judge
from portraitkit.simulators.state import never
from portraitkit.testing import replay, simulated
from portraitkit.values import errors
from portraitkit.values.models import Group
from portraitkit.values.statuses import (
    AssetStatus,
    GroupKind,
    VerificationStatus,
    VideoStatus,
)
from portraitkit.values.video import Frames, References, VideoRequest
from portraitkit.vendor.pacing import Pacing
from vendors import ACCOUNT, FACE, KEYS, PICTURE, judged, provider_of, vendor_of

KINDS = {
    "asset": AssetStatus,
    "task": AssetStatus,
    "group": VerificationStatus,
    "video": VideoStatus,
}


@pytest.fixture(params=KEYS)
def way(request):
    return request.param


def test_every_word_in_a_contract_has_its_status(way):
    """What the contract says a word means is what the adapter reads, in small letters and large."""
    codec = provider_of(way).codec
    words = contract_judge.load(vendor_of(way)).document["status_words"]
    rows = [(kind, row) for kind, rows in words.items() for row in rows]

    for kind, row in rows:
        means = "VERIFIED" if (kind, row["means"]) == ("group", "ACTIVE") else row["means"]
        spelled = (row["word"], row["word"].upper(), row["word"].title())
        assert {KINDS[kind][means]} == {codec.word(KINDS[kind], each) for each in spelled}, row


def test_an_older_model_with_a_portrait_is_stopped_before_it_costs_anything(way):
    """Where the documents say that a model takes no asset://, nothing is sent."""
    provider = provider_of(way)
    asset_id = f"{provider.asset_prefix or 'asset-20260318035710-'}{'a' * 32}"
    for model in provider.video_models:
        if not model.takes_assets:
            request = VideoRequest(prompt="x", model=model.name, media=Frames(first=asset_id))
            with pytest.raises(errors.UnsupportedError, match="takes no portrait assets"):
                replay(provider.create_video(request), [])


def test_a_check_without_a_page_to_return_to_is_refused(way):
    """Where the person's browser has to return somewhere, nothing is sent without a page."""
    provider = provider_of(way)
    if provider.supports("read_callback"):
        with pytest.raises(errors.InvalidInputError, match="page to return to"):
            replay(provider.start_verification("Ann"), [])


JOBS = [
    ("alltoken", {}),
    ("apimart", {"uploads": True}),
    ("apimart", {"uploads": True, "flat_tasks": True, "exchange": "task"}),
    ("apimart", {"uploads": True, "exchange": "data", "url_as_array": False}),
    ("apiyi", {}),
    ("apiyi", {"unseen_s": 12.0}),
    *(("icover", {"list_layout": each}) for each in ("envelope", "data", "items")),
    ("byteplus", {}),
    ("byteplus", {"region": "ap-southeast-1", "unseen_s": 12.0}),
    ("byteplus", {"region": "ap-southeast-1", "pending_status": 200}),
    ("token360", {}),
    ("token360", {"list_key": "records", "group_id_key": "groupId", "video_link": "video_url"}),
    (
        "token360",
        {"list_key": "items", "group_id_key": "id", "capitals": True, "video_link": "content"},
    ),
    ("token360", {"list_key": "groups", "has_get_group": False, "video_link": "nowhere"}),
    ("token360", {"upload_status": 201, "error_body": "gateway"}),
    ("volcengine", {}),
    ("volcengine", {"unseen_s": 12.0}),
    ("volcengine", {"pending_status": 200}),
    ("xcompute", {}),
    (
        "xcompute",
        {"exchange": "data", "flat_tasks": True, "url_as_array": False, "create_as_array": False},
    ),
    ("xcompute", {"exchange": "task", "pending": "no group", "group_id_in_result": False}),
    (
        "xcompute",
        {
            "exchange": "raw",
            "names_in_items": True,
            "errors_with_200": True,
            "expires_at": False,
        },
    ),
]


@pytest.mark.parametrize(("way", "variants"), JOBS)
def test_the_main_job(way, variants, tmp_path):
    """A virtual and a real person come into one video, whatever the documents leave open."""
    vendor = judged(way, **variants)
    client = simulated(provider_of(way, callback_url="https://app.example/back"), vendor)
    source = FACE if client.supports("add_upload") else PICTURE
    group = client.create_group("Mia")
    mia = client.wait_until_active(client.add_asset(group, source, name="front"))
    if client.supports("start_verification"):
        person = client.wait_until_verified(client.start_verification("Ann").handle)
    else:
        with pytest.raises(errors.ManualStepError):
            client.start_verification("Ann")
        person = client.get_group(vendor.verify_in_console(ACCOUNT, "Ann").id)
    ann = client.wait_until_active(client.add_asset(person, source))
    media = References(images={"mia": mia, "ann": ann})
    task = client.create_video(VideoRequest(prompt="{mia} and {ann} smile", media=media))
    task = client.wait_for_video(task.handle)
    path = client.download_video(task, tmp_path / "mia.mp4")

    assert (GroupKind.REAL_PERSON, VideoStatus.SUCCEEDED) == (person.kind, task.status)
    assert b"ftyp" == path.read_bytes()[4:8]
    if client.supports("list_groups"):
        groups = {each.id: each.kind for each in client.list_groups()}
        assert {group.id: GroupKind.VIRTUAL, person.id: GroupKind.REAL_PERSON} == groups
        assert [ann.id] == [each.id for each in client.list_assets(person)]
        client.delete_asset(ann)
        assert [] == [each.id for each in client.list_assets(person)]
    if client.supports("list_videos"):
        assert [task.id] == [each.id for each in client.list_videos()]
    if client.supports("rename_group"):
        assert "Mia M." == client.rename_group(group, "Mia M.").name
    if client.supports("rename_asset"):
        assert "side" == client.rename_asset(mia, "side").name
    if client.supports("delete_group"):
        client.delete_group(group)
        with pytest.raises((errors.NotFoundError, errors.PermissionDeniedError)):
            client.get_group(group.id)
    assert 1 == vendor.world.billed[ACCOUNT.name, "video"]
    if way == "volcengine":
        documented = {*vendor.contract.document["operations"]}
        assert {"DeleteVideoTask"} == documented - {*vendor.operations}


@pytest.mark.parametrize(
    ("way", "person", "variants"),
    [
        *((each, never, {}) for each in KEYS if each != "apiyi"),
        ("token360", never, {"names_outcome": True}),
        ("token360", None, {"activates": False}),
    ],
)
def test_a_person_who_never_comes_leaves_an_expired_check(way, person, variants):
    """A lapsed link, and a group stuck after the scan, are a failed verification in time."""
    vendor = judged(way, person, **variants)
    rarely = {"verification": Pacing(first_s=60, step_s=60, deadline_s=3600)}
    provider = provider_of(way, callback_url="https://app.example/back")
    client = simulated(evolve(provider, pacing=rarely), vendor)
    check = client.start_verification("Ann")

    with pytest.raises(errors.VerificationFailedError, match="expired") as caught:
        client.wait_until_verified(check)
    found = caught.value
    assert (VerificationStatus.EXPIRED, check.handle) == (found.result.status, found.handle)


def offering(operation):
    ways = [each for each in KEYS if provider_of(each).supports(operation)]
    return pytest.mark.parametrize("way", ways)


@offering("rename_group")
def test_a_renamed_group_keeps_its_description_unless_another_is_given(way):
    """An empty one removes it; where there is none, it is refused, or left out and told."""
    client = simulated(provider_of(way), judged(way))
    kept = {"description": "a dancer"} if way != "token360" else {}
    group = client.create_group("Mia", **kept)
    assert group.description == client.rename_group(group, "Mia M.").description
    if kept:
        for text in ("a singer", ""):
            found = client.rename_group(group, "Mia N.", description=text)
            assert ("Mia N.", text) == (found.name, found.description)
            assert text == client.get_group(group).description
        return
    with pytest.raises(errors.UnsupportedError, match="no description"):
        client.rename_group(group, "Mia N.", description="a singer")
    found = client.rename_group(group, "Mia N.", description="a singer", on_unsupported="drop")
    assert ["description"] == [each.field for each in found.adaptations]
    assert "Mia N." == client.get_group(group).name


@offering("add_upload")
def test_a_wrong_group_is_told_before_a_face_is_sent(way):
    """A group of another account costs no request, to whatever house the file would go first."""
    provider = provider_of(way)
    other = Group(provider=provider.name, account="another", id="group-1", ref="group-1")
    for group in (other, other.handle):
        with pytest.raises(errors.HandleError):
            replay(provider.add_asset(group, FACE), [])


@offering("list_assets")
@pytest.mark.parametrize("known", [True, False])
def test_assets_of_several_groups_are_one_list(way, known):
    """Each once and of every kind of group, in one request where the vendor's filter takes all."""
    vendor = judged(way)
    client = simulated(provider_of(way, callback_url="https://app.example/back"), vendor)
    source = FACE if client.supports("add_upload") else PICTURE
    groups = [client.create_group(name) for name in ("Mia", "Ann", "Eva", "Joy")]
    added = [client.add_asset(each, source).id for each in groups for _ in range(2)]
    asked = [each if known else each.id for each in (*groups[:3], groups[0])]
    before = len(vendor.operations)

    found = [each.id for each in client.list_assets(asked)]
    in_one = known and way not in ("token360", "icover")
    assert sorted(added[:6]) == sorted(found)
    assert in_one == (1 == len(vendor.operations) - before)
    assert sorted(added) == sorted(each.id for each in client.list_assets(groups))
    last = client.list_assets([groups[-1].handle])
    assert sorted(added[-2:]) == sorted(each.id for each in last)


@offering("list_assets")
def test_assets_of_several_statuses_are_one_list(way):
    """Every choice of statuses gives what has one of them, whether the vendor filters or not."""
    vendor = judged(way)
    client = simulated(provider_of(way), vendor)
    source = FACE if client.supports("add_upload") else PICTURE
    group, other = client.create_group("Mia"), client.create_group("Ann")
    done = client.wait_until_active(client.add_asset(group, source))
    fresh = client.add_asset(group, source)
    states = {done.id: AssetStatus.ACTIVE, fresh.id: AssetStatus.PROCESSING}
    for size in range(1, len(AssetStatus) + 1):
        for asked in combinations(AssetStatus, size):
            found = client.list_assets([group, other], status=asked)
            wanted = {each for each, status in states.items() if status in asked}
            assert wanted == {each.id for each in found}, asked


@offering("list_assets")
def test_an_empty_choice_lists_nothing_by_mistake(way):
    """What some vendors take for no filter at all is refused before anything is sent."""
    provider = provider_of(way)
    for group, options in (([], {}), ("group-1", {"status": []})):
        with pytest.raises(errors.InvalidInputError, match="is named"):
            replay(provider.list_assets(None, group, **options), [])
