"""What icover's simulated library refuses, and in which of its words."""

from __future__ import annotations

import json

import pytest
from asking import request_of

from portraitkit.simulators.apiyi import APIYISimulator
from portraitkit.simulators.state import SimAccount
from portraitkit.wire.steps import Request

KEY = "sk-library"
BASE = "https://icover.ai/api"


@pytest.fixture
def vendor():
    simulator = APIYISimulator()
    simulator.add_account(SimAccount(name="main", api_key="sk-video", library_key=KEY))
    # An account of the signed library alone has no key here, and an empty one opens nothing.
    simulator.add_account(SimAccount(name="signed", api_key="sk-signed"))
    return simulator


def call(vendor, method, path, body=None, *, key=KEY, **query):
    return vendor.handle(request_of(method, BASE + path, body, key=key, **query))


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/storage/presign", {"ext": "../x"}, 400),
        ("POST", "/storage/presign", {"contentType": 7}, 400),
        ("POST", "/asset-library/groups", {}, 400),
        ("POST", "/asset-library/assets", {"groupId": "group-1"}, 400),
        ("PATCH", "/asset-library/assets/asset-1", {}, 400),
        ("PUT", "/asset-library/groups", {"name": "x"}, 404),
        ("PUT", "/asset-library/assets", None, 404),
        ("GET", "/asset-library/real-person/sessions/x/y", None, 404),
        ("GET", "/asset-library", None, 404),
        ("GET", "/elsewhere", None, 404),
    ],
)
def test_icovers_own_refusals_are_plain_texts(vendor, method, path, body, status):
    """They begin with `[client] `, whatever is wrong, and nothing is made."""
    answer = call(vendor, method, path, body)

    assert (status, True) == (answer.status, answer.content.startswith(b"[client] "))
    assert not vendor.world.groups


@pytest.mark.parametrize("key", ["", "sk-video", "another"])
def test_only_a_library_key_opens_the_library(vendor, key):
    """The video token does not, and an account without such a key has none to guess."""
    assert 401 == call(vendor, "GET", "/asset-library/groups", key=key).status


def test_a_body_that_is_no_object_is_refused(vendor):
    """As is any that cannot be read."""
    assert 400 == call(vendor, "POST", "/asset-library/groups", b"[1]").status


@pytest.mark.parametrize("query", [{"pageSize": "101"}, {"pageSize": "0"}, {"pageNumber": "x"}])
def test_a_page_beyond_the_cap_is_refused(vendor, query):
    """100 is the documented most."""
    assert 400 == call(vendor, "GET", "/asset-library/assets", **query).status


def test_upstreams_refusals_come_in_its_envelope(vendor):
    """Single things hand Volcengine's words through, on failure as on success."""
    for method, path, body in (
        ("GET", "/asset-library/assets/asset-0", None),
        ("PATCH", "/asset-library/assets/asset-0", {"label": "x"}),
    ):
        answer = call(vendor, method, path, body)

        error = json.loads(answer.content)["ResponseMetadata"]["Error"]
        assert (404, "NotFound.asset_id") == (answer.status, error["Code"])


def test_a_stored_file_is_handed_out_once_it_is_there(vendor):
    """The public link leads to what was put, under its type."""
    told = call(vendor, "POST", "/storage/presign", {"ext": "png", "contentType": "image/png"})
    places = json.loads(told.content)["data"]
    before = vendor.handle(Request(method="GET", url=places["publicUrl"]))
    put = Request(
        method="PUT",
        url=places["uploadUrl"],
        headers={"Content-Type": "image/png"},
        content=b"picture",
    )
    done = vendor.handle(put)
    after = vendor.handle(Request(method="GET", url=places["publicUrl"]))

    assert (404, 200, 200) == (before.status, done.status, after.status)
    assert (b"picture", "image/png") == (after.content, after.headers["content-type"])
