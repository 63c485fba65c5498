"""APIYI with icover's library: flows alone, then at a simulated vendor."""

from __future__ import annotations

import json
import logging

import pytest
from attrs import evolve

from portraitkit.client.client import Client
from portraitkit.config.building import build_provider
from portraitkit.providers.apiyi import APIYI, APIYIWithIcover
from portraitkit.simulators.apiyi import APIYISimulator
from portraitkit.simulators.server import serve
from portraitkit.simulators.state import scans_after
from portraitkit.testing import VirtualTime, answer, replay, simulated
from portraitkit.testing.doubles.replaying import NOW
from portraitkit.values import errors
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import (
    AssetStatus,
    GroupKind,
    MediaType,
    VerificationStatus,
    VideoStatus,
)
from portraitkit.values.video import References, VideoRequest
from portraitkit.wire.steps import Auth, Request
from vendors import ACCOUNT, CLIP, FACE, PICTURE, provider_of
from vendors import judged as judged_vendor

PROVIDER = provider_of("icover")

BASE = "https://icover.ai/api"
GROUP_ID = "group-20260318035710-xxxxx"
ASSET_ID = "asset-20260318035710-xxxxx"
TOKEN = "20260318035710A1B2C3D4E5F6A7B8C9D0"
PLACE = "https://bucket.example/up/1.jpg?X-Amz-Signature=PutMeHere0001"
LINK = "https://bucket.example/up/1.jpg"
METADATA = {"RequestId": "req-1", "Version": "2024-01-01", "Service": "ark"}


def result(body):
    return answer({"ResponseMetadata": METADATA, "Result": body})


def own(data=None, code=0, status=200):
    return answer({"code": code, "message": "words", "data": data}, status)


def presigned(**changes):
    return own({"uploadUrl": PLACE, "publicUrl": LINK, **changes})


def refused_with(response, flow=None):
    with pytest.raises(errors.PortraitError) as caught:
        replay(flow or PROVIDER.get_asset(ASSET_ID), [response])
    return caught.value


def vendor(**variants):
    return judged_vendor("icover", **variants)


# -- which class ----------------------------------------------------------------------------------


def built(**settings):
    return build_provider("apiyi", {"api_key": "sk-v", **settings})[1]


def test_the_profile_chooses_the_library():
    """Signed Actions by default, icover where it says so; the provider's name is the same."""
    signed = {"access_key": "AK", "secret_key": "SK"}
    found = [
        built(**signed),
        built(**signed, assets="signed"),
        built(assets="icover", library_key="sk-l"),
    ]

    assert [APIYI, APIYI, APIYIWithIcover] == [type(each) for each in found]
    assert {"apiyi"} == {each.name for each in found}


@pytest.mark.parametrize("word", ["icovr", "", "Icover", 3, ["icover"], None])
def test_an_unknown_library_is_refused_with_the_known_ones(word):
    """The error names the field and both words, and not what stood there: it may be a key."""
    with pytest.raises(errors.ConfigError) as caught:
        built(assets=word, library_key="sk-l")

    assert ("assets", "apiyi") == (caught.value.field, caught.value.provider)
    assert "'signed' or 'icover'" in caught.value.next_step
    assert "icovr" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "field", "mode"),
    [
        ({"assets": "icover", "library_key": "sk-l", "access_key": "AK"}, "access_key", "signed"),
        ({"assets": "icover", "library_key": "sk-l", "region": "x"}, "region", "signed"),
        ({"library_key": "sk-l"}, "library_key", "icover"),
    ],
)
def test_a_setting_of_the_other_library_is_refused(settings, field, mode):
    """A key that nobody would use is told, with the library that it is for."""
    with pytest.raises(errors.ConfigError) as caught:
        built(**settings)

    assert field == caught.value.field
    assert f"{mode!r}" in caught.value.next_step


def test_the_library_key_is_needed_and_the_signing_keys_are_not():
    """What is missing is named, with an example of how to write it."""
    with pytest.raises(errors.ConfigError, match="lacks library_key") as caught:
        built(assets="icover")

    assert "env:APIYI_LIBRARY_KEY" in caught.value.next_step


@pytest.mark.parametrize(("cls", "word"), [(APIYIWithIcover, "signed"), (APIYI, "icover")])
def test_a_class_is_for_one_library(cls, word):
    """Whoever makes a provider by hand cannot mix them up."""
    keys = {key: Secret("x") for key in ("api_key", "library_key")}
    if cls is APIYI:
        keys = {key: Secret("x") for key in ("api_key", "access_key", "secret_key")}
    with pytest.raises(errors.ConfigError, match="assets"):
        cls(**keys, assets=word)


# -- keys -----------------------------------------------------------------------------------------


def test_each_key_goes_to_its_own_place():
    """The library key to icover, the token to the gateway, none to the storage."""
    library = replay(
        PROVIDER.add_asset(GROUP_ID, FACE), [presigned(), answer(), result({"Id": "a"})]
    )
    video = replay(PROVIDER.get_video("cgt-1"), [answer({"id": "cgt-1", "status": "queued"})])
    presign, put, create = library.requests

    sent = [PROVIDER.authorize(each, now=NOW) for each in (presign, create, *video.requests)]
    assert [
        ("https://icover.ai", f"Bearer {ACCOUNT.library_key}"),
        ("https://icover.ai", f"Bearer {ACCOUNT.library_key}"),
        ("https://api.apiyi.com", f"Bearer {ACCOUNT.api_key}"),
    ] == [(each.origin, each.headers["Authorization"]) for each in sent]
    assert (Auth.NONE, {"Content-Type": "image/jpeg"}) == (put.auth, dict(put.headers))


@pytest.mark.parametrize(
    ("auth", "url"), [(Auth.LIBRARY, "https://api.apiyi.com/x"), (Auth.BEARER, f"{BASE}/x")]
)
def test_a_key_for_the_other_place_is_not_added(auth, url):
    """Even a request that was put together wrongly carries no key to the other house."""
    with pytest.raises(errors.UnexpectedResponseError, match="was meant for") as caught:
        PROVIDER.authorize(Request(method="GET", url=url, auth=auth), now=NOW)

    assert "sk-" not in str(caught.value)


def test_the_account_is_the_library_keys():
    """Another library is another account; another video token is not."""
    another = evolve(PROVIDER, library_key=Secret("sk-another"))

    assert PROVIDER.account != another.account
    assert PROVIDER.account == evolve(PROVIDER, api_key=Secret("sk-another")).account


# -- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filename", "expected"),
    [("mia.JPEG", {"ext": "jpeg"}), ("mia", {}), ("mia.j p", {}), ("a.b/c", {}), ("米娅.图", {})],
)
def test_only_a_plain_ending_is_announced(filename, expected):
    """`ext` is optional; an odd one would become a part of a name at the vendor."""
    sent = json.loads(next(PROVIDER.store(_upload(filename))).content)

    assert {**expected, "contentType": "image/jpeg"} == sent


def _upload(filename):
    from portraitkit.values.media import Upload

    return Upload(content=FACE, filename=filename, content_type="image/jpeg", media=MediaType.IMAGE)


@pytest.mark.parametrize(
    "changes",
    [
        {"uploadUrl": "http://bucket.example/1?sig=PutMeHere0001"},
        {"uploadUrl": None},
        {"uploadUrl": "https://user:pw@bucket.example/1"},
        {"uploadUrl": 7},
        {"publicUrl": "http://bucket.example/1"},
        {"publicUrl": ""},
    ],
)
def test_a_face_is_put_over_https_alone(changes):
    """A place without https, or none, ends it before a byte of the file is sent."""
    error = refused_with(presigned(**changes), PROVIDER.add_asset(GROUP_ID, FACE))

    assert isinstance(error, errors.UnexpectedResponseError)
    assert "nothing was registered" in error.next_step
    assert "PutMeHere" not in str(error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (403, errors.PermissionDeniedError),
        (404, errors.NotFoundError),
        (503, errors.ServiceUnavailableError),
        (307, errors.UnexpectedResponseError),
    ],
)
def test_a_storage_that_refuses_leaves_nothing_registered(status, kind):
    """Its page is not shown, no redirect is followed, and the asset is not created."""
    page = answer("<Error>AccessDenied PutMeHere0001</Error>", status, headers={"location": LINK})
    with pytest.raises(kind) as caught:
        replay(PROVIDER.add_asset(GROUP_ID, FACE), [presigned(), page])

    assert f"HTTP {status}" in str(caught.value)
    assert "PutMeHere" not in str(caught.value)


def test_a_long_video_is_a_finding():
    """50 MB is what icover takes of a video."""
    large = CLIP + bytes(50_000_001 - len(CLIP))
    done = replay(PROVIDER.add_asset(GROUP_ID, large), [presigned(), answer(), result({"Id": "a"})])

    assert ["media"] == [each.field for each in done.result.findings]


# -- three kinds of bodies ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.InvalidRequestError),
        (401, errors.AuthenticationError),
        (403, errors.PermissionDeniedError),
        (404, errors.NotFoundError),
        (502, errors.ServiceUnavailableError),
    ],
)
def test_icovers_own_text_goes_by_its_status(status, kind):
    """`[client] …` is its own word: the text is kept, the status decides."""
    error = refused_with(answer(b"[client] no such thing here", status))

    assert (kind, "no such thing here", "") == (type(error), error.vendor_message, error.code)


def test_a_text_in_place_of_a_new_asset_leaves_its_fate_open():
    """A 502 says nothing of what happened behind it; a 400 does."""
    create = PROVIDER.add_asset(GROUP_ID, PICTURE)
    unknown = refused_with(answer(b"[client] upstream failed", 502), create)
    refused = refused_with(
        answer(b"[client] bad label", 400), PROVIDER.add_asset(GROUP_ID, PICTURE)
    )

    assert isinstance(unknown, errors.OutcomeUnknownError)
    assert isinstance(refused, errors.InvalidRequestError)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (404, errors.NotFoundError),
        (401, errors.AuthenticationError),
        (1, errors.ProviderError),
        (-1, errors.ProviderError),
    ],
)
def test_a_code_in_the_body_refuses_whatever_http_says(code, kind):
    """Unverified, as only 0 is documented: another code is not taken for success."""
    error = refused_with(own(None, code), PROVIDER.rename_asset(ASSET_ID, "x"))

    assert (kind, "words") == (type(error), error.vendor_message)


@pytest.mark.parametrize(
    "layout",
    [
        lambda page: {"ResponseMetadata": METADATA, "Result": page, "_x": 1},
        lambda page: {**page, "_x": 1},
        lambda page: {"code": 0, "message": "ok", "data": page},
        lambda page: {"code": 0, "message": "ok", "data": page["Items"]},
        lambda page: {"code": 0, "data": {"items": page["Items"]}},
        lambda page: {"code": 0, "data": {"list": page["Items"]}},
        lambda page: {"code": 0, "data": {"Result": page}},
        lambda page: {"ResponseMetadata": METADATA, "Result": page["Items"]},
    ],
)
def test_a_list_is_read_however_it_is_laid_out(layout):
    """The layout is documented nowhere, so all likely ones are read."""
    items = [{"Id": ASSET_ID, "Status": "Active", "_label": "x"}]
    body = layout({"Items": items, "TotalCount": 1})
    done = replay(PROVIDER.list_assets(None, GROUP_ID), [answer(body)])

    assert [(ASSET_ID, AssetStatus.ACTIVE, GROUP_ID)] == [
        (each.id, each.status, each.group_id) for each in done.result.items
    ]


def test_groups_are_listed_by_kind_where_rows_tell():
    """A row without a kind may be of the kind that is asked for."""
    rows = [
        {"Id": "g1", "GroupType": "AIGC"},
        {"Id": "g2", "GroupType": "LivenessFace"},
        {"Id": "g3"},
    ]

    def listed(kind):
        done = replay(PROVIDER.list_groups(None, kind=kind), [result({"Items": rows})])
        return [each.id for each in done.result.items]

    assert ["g1", "g2", "g3"] == listed(None)
    assert ["g2", "g3"] == listed(GroupKind.REAL_PERSON)


# -- real people ----------------------------------------------------------------------------------


def opened():
    session = {"BytedToken": TOKEN, "H5Link": "https://h5.example/none"}
    return replay(PROVIDER.start_verification("Ann"), [result(session)])


def test_the_token_in_the_path_is_in_no_text():
    """It is a secret that is a part of an address: neither request nor error shows it."""
    handle = opened().result.handle
    request = next(PROVIDER.check_verification(handle))

    assert ("POST", f"{BASE}/asset-library/real-person/sessions/{TOKEN}", True) == (
        request.method, request.target, request.repeatable
    )  # fmt: skip
    assert TOKEN not in repr(request) + request.shown_url
    assert "sessions/<secret>" in request.shown_url


def test_a_token_with_odd_characters_stays_one_part_of_the_path():
    """A vendor's token may hold anything; it leads to no other path."""
    session = {"BytedToken": "a/../b?c", "H5Link": "https://h5.example/none"}
    check = replay(PROVIDER.start_verification("Ann"), [result(session)]).result
    request = next(PROVIDER.check_verification(check))

    assert f"{BASE}/asset-library/real-person/sessions/a%2F..%2Fb%3Fc" == request.target
    assert "a%2F..%2Fb%3Fc" not in repr(request)


def test_404_with_the_token_is_pending_and_another_404_is_not():
    """NotFound.<token> is how an unfinished check looks; icover's own 404 is a wrong address."""
    error = {"Code": f"NotFound.{TOKEN}", "Message": f"token {TOKEN} is not found"}
    pending = answer({"ResponseMetadata": {**METADATA, "Error": error}}, 404)
    check = opened().result

    assert (
        VerificationStatus.WAITING
        is replay(PROVIDER.check_verification(check), [pending]).result.status
    )
    with pytest.raises(errors.NotFoundError):
        replay(PROVIDER.check_verification(check), [answer(b"[client] no such session", 404)])


# -- at a simulated vendor -------------------------------------------------------------------------


def test_the_video_token_opens_no_library():
    """Two keys for two places: swapped, both are refused."""
    judged = vendor()
    swapped = APIYIWithIcover(
        library_key=Secret(ACCOUNT.api_key), api_key=Secret(ACCOUNT.library_key)
    )
    client = simulated(swapped, judged)
    with pytest.raises(errors.AuthenticationError, match="Asset Library KEY"):
        client.create_group("Mia")
    with pytest.raises(errors.AuthenticationError):
        client.create_video(VideoRequest(prompt="x"))

    assert 0 == judged.world.billed[ACCOUNT.name, "video"]


def test_the_storage_wants_the_announced_type_and_no_key():
    """As a signed place does: another type, a credential or no signature is refused."""
    judged = vendor()
    flow = PROVIDER.store(_upload("mia.jpg"))
    presign = PROVIDER.authorize(next(flow), now=NOW)
    put = flow.send(judged.handle(presign))
    other = put.with_headers({"Content-Type": "image/png"})
    keyed = put.with_headers({"Authorization": "Bearer x"})
    unsigned = evolve(put, url=put.url.partition("?")[0])

    assert [403, 400, 403, 200] == [
        judged.handle(each).status for each in (other, keyed, unsigned, put)
    ]


def test_a_link_into_the_storage_is_refused_before_its_file_is_there():
    """Nothing is registered that nobody could fetch."""
    judged = vendor()
    client = simulated(PROVIDER, judged)
    group = client.create_group("Mia")
    flow = PROVIDER.store(_upload("mia.jpg"))
    put = flow.send(judged.handle(PROVIDER.authorize(next(flow), now=NOW)))
    with pytest.raises(errors.InvalidRequestError, match="not uploaded"):
        client.add_asset(group, put.url.partition("?")[0])

    assert 0 == judged.world.billed[ACCOUNT.name, "asset"]


def test_the_main_job_over_real_http(caplog):
    """Presign, put and the rest survive a real socket; no log shows a token, a key or a place."""
    caplog.set_level(logging.DEBUG)
    simulator = APIYISimulator()
    simulator.world.person = scans_after(5)
    _ = simulator.add_account(ACCOUNT)
    with serve(simulator):
        url = simulator.base_url
        provider = evolve(PROVIDER, assets_url=url, video_url=url)
        with Client(provider, clock=VirtualTime(simulator.world.clock).clock) as client:
            group = client.create_group("Mia")
            mia = client.wait_until_active(client.add_asset(group, FACE))
            check = client.start_verification("Ann")
            person = client.wait_until_verified(check)
            media = References(images={"mia": mia})
            task = client.wait_for_video(
                client.create_video(VideoRequest(prompt="{mia} smiles", media=media))
            )

    stored = [content for _, content in simulator._icover.files.values()]
    assert [FACE] == stored
    assert (GroupKind.REAL_PERSON, VideoStatus.SUCCEEDED) == (person.kind, task.status)
    (token,) = simulator.world.checks
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith("uvicorn")]
    told = "\n".join(ours)
    for secret in (token, ACCOUNT.api_key, ACCOUNT.library_key, "X-Amz-Signature=simulated"):
        assert secret not in told
    assert "sessions/<secret>" in told
