"""Creates whose answer has another form than the vendor documents: what was made is never lost."""

from __future__ import annotations

import copy
import json
import pickle
import traceback

import httpx
import pytest

import portraitkit as pk
from portraitkit.config.building import build_provider
from portraitkit.simulators.__main__ import ACCOUNT, load
from portraitkit.testing import simulated
from portraitkit.vendor.likely import ids_in

VENDORS = ("alltoken", "token360", "volcengine", "byteplus", "apiyi", "apimart", "xcompute")
BY_TOKEN = ("volcengine", "byteplus", "apiyi")
KEY = "sk-not-a-real-key-0123456789"
SEA = pk.VideoRequest(prompt="a quiet sea", model="seedance-2.0", duration_s=5)
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\0\0\0\x02\x80\x08\x02\0\0\0\xe3\xaaWu" + b"\0" * 40


def created(vendor, reply, make):
    """Answer each create with *reply*: what came of it, and how many were sent."""
    posts = []

    def handle(request):
        if request.method != "POST" or b"Filter" in request.content:
            return httpx.Response(404, json={})
        posts.append(request)
        return reply if isinstance(reply, httpx.Response) else httpx.Response(200, json=reply)

    keys = {"access_key": "AKLTx", "secret_key": "s" * 20} if vendor in BY_TOKEN else {}
    client = pk.connect(
        vendor,
        api_key=KEY,
        http_client=httpx.Client(transport=httpx.MockTransport(handle)),
        settings={"name_tokens": False},
        budget=pk.Budget(first_wait_s=0.001, longest_wait_s=0.002),
        **keys,
    )
    try:
        return make(client), len(posts)
    except pk.PortraitError as error:
        return error, len(posts)


def video(client):
    return client.create_video(SEA)


def group(client):
    return client.create_group("Mia")


def asset(client):
    if client.provider.name == "token360":
        return client.add_asset("g1", PNG, name="front")
    return client.add_asset("group-20260318035710-abcde", "https://cdn.example/a.png", name="front")


def check(client):
    return client.start_verification("Ann", callback_url="https://app.example/back")


MAKES = [video, group, asset, check]
OFFERED = [
    (vendor, make)
    for vendor in VENDORS
    for make in MAKES
    # Nothing is sent for a group at the avatar houses, for AIGC at AllToken without a group's kind,
    # nor for a check that is made by hand.
    if (vendor, make) not in {("apimart", group), ("xcompute", group), ("apiyi", check)}
]
NAMED = {
    "in a member of another name": ({"task": {"id": "made-1"}}, "made-1"),
    "as a number": ({"task": {"id": 7777}}, "7777"),
    "as a text": ({"result": "made-1"}, "made-1"),
    "in what is cut": (httpx.Response(200, content=b'{"task":{"id":"made-1","sta'), "made-1"),
    "with a failure": (
        httpx.Response(500, json={"id": "made-1", "error": {"code": "x"}}),
        "made-1",
    ),
    "in the place named": (
        httpx.Response(303, headers={"location": "/v1/tasks/made-1?token=abcdef0123"}),
        "made-1",
    ),
    "with a location only": (
        httpx.Response(201, headers={"location": "/v1/tasks/made-1"}),
        "made-1",
    ),
}
SILENT = {
    "303": httpx.Response(303),
    "302 to another house": httpx.Response(
        302, headers={"location": "https://evil.example/made-1?token=abcdef0123"}
    ),
    "501": httpx.Response(501),
    "503, come back": httpx.Response(503, headers={"retry-after": "0"}, text="<p id=made-1>"),
    "503 in form": httpx.Response(503, json={"error": {"code": "Busy", "message": "no"}}),
    "408": httpx.Response(408),
    "a page": httpx.Response(200, html="<html id=made-1>welcome</html>"),
}


@pytest.mark.matrix
@pytest.mark.parametrize("reply", [*NAMED.values()], ids=[*NAMED])
@pytest.mark.parametrize(("vendor", "make"), OFFERED)
def test_an_id_in_an_answer_of_another_form_is_named(vendor, make, reply):
    """Once sent, never sent again; the error says what the answer names, and has the answer."""
    body, named = reply
    found, posts = created(vendor, body, make)

    assert 1 == posts
    assert isinstance(found, pk.OutcomeUnknownError), found
    assert (named,) == found.likely_ids
    assert f"the answer names '{named}'" in found.next_step
    assert found.raw is not None
    assert "abcdef0123" not in str(found)


@pytest.mark.matrix
@pytest.mark.parametrize("reply", [*SILENT.values()], ids=[*SILENT])
@pytest.mark.parametrize(("vendor", "make"), OFFERED)
def test_what_proves_nothing_is_sent_once_and_names_nothing(vendor, make, reply):
    """A redirect, a failure in anybody's form and a page: unknown, and no id is made up."""
    found, posts = created(vendor, reply, make)

    assert (1, pk.OutcomeUnknownError, ()) == (posts, type(found), found.likely_ids)


MADE = {
    "task_id": {"task_id": "made-1", "status": "queued"},
    "video_id": {"video_id": "made-1"},
    "a number": {"id": 7777},
    "wrapped": {"data": {"id": "made-1"}},
    "in a list": {"code": "success", "data": [{"task_id": "made-1"}]},
    "code 200": {"code": 200, "data": {"id": "made-1"}, "msg": "success"},
    "code 200 as text": {"code": "200", "data": {"task_id": "made-1"}},
    "code 0 as text": {"code": "0", "data": {"id": "made-1"}},
    "an empty error": {"id": "made-1", "error": {"code": "", "message": ""}},
    "an error of no words": {"code": 200, "data": {"id": "made-1"}, "error": {"message": ""}},
    "an error that is no text": {"id": "made-1", "error": ""},
}


@pytest.mark.parametrize("reply", MADE.values(), ids=[*MADE])
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_video_told_of_otherwise_is_made(vendor, reply):
    """Forms that relays and newer pages show: the result has the id, and no failure."""
    found, posts = created(vendor, reply, video)

    assert (1, "7777" if reply == MADE["a number"] else "made-1") == (posts, found.id)
    assert (pk.VideoStatus.QUEUED, None) == (found.status, found.failure)


@pytest.mark.parametrize("body", [b'id":"cgt-1"}', b'"id":"cgt-1","status":"queued"}'])
def test_the_gateways_lost_beginning_is_put_back(body):
    """APIYI's pages say that `{"` may be lost."""
    found, posts = created("apiyi", httpx.Response(200, content=body), video)

    assert (1, "cgt-1") == (posts, found.id)


@pytest.mark.parametrize(("vendor", "make"), [each for each in OFFERED if each[1] is asset])
def test_a_rate_told_of_beside_a_made_thing_is_no_refusal(vendor, make):
    """What names something made is not sent again, whatever its words are."""
    error = {"Code": "FlowLimitExceeded", "Message": "no"}
    reply = {"ResponseMetadata": {"Error": error}, "Result": {"Id": "made-1"}, "code": 429}
    found, posts = created(vendor, reply, make)

    assert (1, ("made-1",)) == (posts, getattr(found, "likely_ids", ("made-1",)))


def test_the_answer_on_an_error_shows_in_no_text():
    """`.raw` is for code: neither text, repr, traceback nor pickle has what is in it."""
    secret = "https://person.example/h5/face-0123456789"
    found, _ = created("volcengine", {"H5": secret, "task": {"id": "made-1"}}, video)
    texts = [str(found), repr(found), repr(vars(found)), *traceback.format_exception(found)]
    copies = [pickle.dumps(found).decode("latin-1"), repr(vars(copy.copy(found)))]

    assert secret == found.raw.body["H5"]
    assert not [each for each in (*texts, *copies) if "face-0123456789" in each]


def test_a_read_that_cannot_be_read_keeps_its_answer_too():
    """`UnexpectedResponseError.raw` is what came."""
    reply = httpx.Response(200, json={"odd": [1]})
    transport = httpx.MockTransport(lambda _: reply)
    with (
        pk.connect(
            "alltoken", api_key=KEY, http_client=httpx.Client(transport=transport)
        ) as client,
        pytest.raises(pk.UnexpectedResponseError) as caught,
    ):
        client.get_video("v-1")

    assert {"odd": [1]} == caught.value.raw.body


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({"id": "a", "task_id": "b"}, ["b", "a"]),
        ({"error": {"id": "e"}, "request_id": "r", "user": {"id": 1}, "usage": {"id": 2}}, []),
        ({"error": {"task_id": "b"}}, ["b"]),
        ({"id": True, "ids": [0, -1, 2]}, ["2"]),
        ({"id": "two words", "uuid": ""}, []),
        ({"data": "ok", "result": "ok-1"}, ["ok-1"]),
        (["welcome"], []),
        (None, []),
        (json.loads("[" * 500 + '{"id": "deep"}' + "]" * 500), []),
    ],
)
def test_ids_are_members_called_so(data, found):
    """Of what was made, likeliest first; not of the request, the error or the account."""
    assert found == ids_in(data)


SETTINGS = {vendor: {} for vendor in VENDORS} | {"apiyi": {"assets": "icover"}}


@pytest.mark.outside_the_contract
@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)//", "data:text/html,x", "http://evil.example", "http://127.0.0.1:8360"],
)
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_face_check_on_no_https_page_is_not_handed_on(vendor, link):
    """Nobody's browser is sent there. The error does not show it, and the open check has a name."""
    keys = {"access_key": ACCOUNT.access_key, "secret_key": ACCOUNT.secret_key}
    keys = keys if vendor in ("volcengine", "byteplus") else {}
    settings = {"api_key": ACCOUNT.api_key, "library_key": ACCOUNT.library_key, **keys}
    wanted = settings if vendor == "apiyi" else {k: settings[k] for k in ("api_key", *keys)}
    provider = build_provider(vendor, {**wanted, **SETTINGS[vendor]})[1]
    simulator = load(vendor)(base_url=link)
    simulator.add_account(ACCOUNT)

    with pytest.raises(pk.OutcomeUnknownError, match="no https address") as caught:
        check(simulated(provider, simulator))

    assert link not in str(caught.value)
    assert caught.value.handle or vendor != "token360"
