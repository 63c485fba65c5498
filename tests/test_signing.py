"""Our signature against the vendor's own signer, and the verifier against both."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import parse_qsl

import httpx
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from volcenginesdkcore import signv4

from portraitkit.providers.dialects import signing as _signing
from portraitkit.providers.dialects.signing import sign
from portraitkit.simulators.dialects.signatures import KeyPair, SignatureRefusedError, verify
from portraitkit.values.secret import Secret
from portraitkit.wire.steps import Request

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "data" / "signing-vectors.json").read_text()
)["vectors"]

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEYS = {"AKLTEXAMPLE": KeyPair(secret_key=Secret("ExampleSecretKeyNotReal=="))}


def asset_request(**changes: Any) -> Request:
    values: dict[str, Any] = {
        "method": "POST",
        "url": "https://open.volcengineapi.com/",
        "query": {"Action": "GetAsset", "Version": "2024-01-01"},
        "headers": {"Content-Type": "application/json"},
        "content": b'{"Id":"asset-1"}',
    }
    return Request(**{**values, **changes})


def signed(request: Request, *, now: datetime = NOW, **changes: Any) -> Request:
    values: dict[str, Any] = {
        "access_key": Secret("AKLTEXAMPLE"),
        "secret_key": Secret("ExampleSecretKeyNotReal=="),
        "session_token": None,
        "region": "cn-beijing",
        "service": "ark",
    }
    return sign(request, now=now, **{**values, **changes})


def verified(request: Request, *, now: datetime = NOW, keys: dict[str, KeyPair] = KEYS) -> str:
    return verify(request, keys_of=keys.get, region="cn-beijing", service="ark", now=now)


def refusal(request: Request, **changes: Any) -> str:
    with pytest.raises(SignatureRefusedError) as caught:
        verified(request, **changes)
    return caught.value.code


def moment_of(vector: dict[str, Any]) -> datetime:
    return datetime.strptime(vector["x_date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def of_vector(vector: dict[str, Any]) -> tuple[Request, Request]:
    headers = dict(vector["headers_in"])
    headers.setdefault("Content-Type", vector["expected"]["content_type_sent"])
    token = vector["session_token"]
    request = Request(
        method=vector["method"],
        url=f"https://{headers['Host']}{vector['path']}",
        query=vector["query"],
        headers=headers,
        content=vector["body"].encode(),
    )
    return request, sign(
        request,
        access_key=Secret(vector["ak"]),
        secret_key=Secret(vector["sk"]),
        session_token=Secret(token) if token else None,
        region=vector["region"],
        service=vector["service"],
        now=moment_of(vector),
    )


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_published_vector_is_reproduced_byte_for_byte(vector):
    """Every header of the vendor's own signer is computed here too, and passes our verifier."""
    request, result = of_vector(vector)

    assert vector["expected"]["authorization"] == result.headers["Authorization"]
    assert vector["expected"]["x_date"] == result.headers["X-Date"]
    assert vector["expected"]["x_content_sha256"] == result.headers["X-Content-Sha256"]
    assert vector["expected"]["canonical_request"] == _signing.canonical_request(
        result, vector["expected"]["signed_headers"].split(";")
    )
    assert request.content == result.content
    theirs = result.with_headers({"Authorization": vector["expected"]["authorization"]})
    assert vector["ak"] == verify(
        theirs,
        keys_of={vector["ak"]: KeyPair(secret_key=Secret(vector["sk"]))}.get,
        region=vector["region"],
        service=vector["service"],
        now=moment_of(vector),
    )


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12)
HEADER_TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)
WORD = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
REQUESTS = st.builds(
    Request,
    method=st.sampled_from(["POST", "PUT"]),
    url=st.builds(
        "{}://{}{}{}".format,
        st.sampled_from(["http", "https"]),
        st.sampled_from(
            ["open.volcengineapi.com", "ark.cn-beijing.volcengineapi.com", "localhost"]
        ),
        st.sampled_from(["", ":80", ":443", ":8080"]),
        st.sampled_from(["", "/", "/v1/portrait/"]),
    ),
    query=st.dictionaries(TEXT, TEXT, max_size=5),
    headers=st.builds(
        lambda kind, extra: {"Content-Type": kind, "User-Agent": "any"} | extra,
        st.sampled_from(["application/json", "application/json; charset=utf-8"]),
        st.dictionaries(WORD.map(lambda word: f"X-Tt-{word}"), HEADER_TEXT, max_size=3),
    ),
    content=TEXT.map(str.encode),
)
TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1)).map(  # noqa: DTZ001  (made aware next)
    lambda time: time.replace(microsecond=0, tzinfo=UTC)
)


class FrozenTime(datetime):
    frozen = NOW

    @classmethod
    def utcnow(cls):
        return cls.frozen.replace(tzinfo=None)


def official(request: Request, now: datetime, token: str | None) -> Request:
    """The same request, signed by the vendor's client with the clock held at *now*."""
    sent = httpx.Request(request.method, request.target)
    headers = {**request.headers, "Host": sent.headers["host"]}
    FrozenTime.frozen = now
    with mock.patch.object(signv4.datetime, "datetime", FrozenTime):
        signv4.SignerV4.sign(
            sent.url.path if request.url.count("/") > 2 else "",
            request.method,
            headers,
            request.content.decode(),
            None,
            dict(request.query),
            "AKLTEXAMPLE",
            "ExampleSecretKeyNotReal==",
            "cn-beijing",
            "ark",
            token,
        )
    return evolve(request, headers=headers)


@settings(deadline=None)
@given(request=REQUESTS, now=TIMES, token=st.none() | HEADER_TEXT)
def test_any_request_is_signed_as_the_vendors_client_signs_it(request, now, token):
    """Our headers equal the official signer's on generated requests; the verifier takes both."""
    keys = {
        "AKLTEXAMPLE": evolve(KEYS["AKLTEXAMPLE"], session_token=Secret(token) if token else None)
    }
    theirs = official(request, now, token)
    ours = signed(request, now=now, session_token=Secret(token) if token else None)

    assert theirs.headers["Authorization"] == ours.headers["Authorization"]
    assert {**theirs.headers} == {**ours.headers, "Host": theirs.headers["Host"]}
    assert verified(ours, now=now, keys=keys) == verified(theirs, now=now, keys=keys)


@given(
    url=st.sampled_from(
        ["https://A.example:443/", "http://[::1]:8360/", "http://a:80/", "http://a:8/x"]
    )
)
def test_the_signed_host_is_the_one_that_httpx_sends(url):
    """The host in the signature is httpx's Host header, letter for letter."""
    lines = _signing.canonical_request(asset_request(url=url), ["host"]).split("\n")

    assert f"host:{httpx.Request('POST', url).headers['host']}" == lines[3]


def test_a_second_signature_replaces_the_first():
    """Signing again, as at each attempt, leaves no trace of the older signature."""
    later = NOW + timedelta(seconds=7)
    again = signed(signed(asset_request(), session_token=Secret("token")), now=later)

    assert signed(asset_request(), now=later) == again
    assert "X-Security-Token" not in again.headers


def test_a_body_without_content_type_is_not_signed():
    """The vendor's client would call such a body a form, so it is an error here."""
    with pytest.raises(ValueError, match="Content-Type"):
        signed(asset_request(headers={}))


def test_no_text_form_shows_a_key():
    """Neither the signed request nor the key cache has a secret in its repr."""
    shown = repr(signed(asset_request())) + repr(KEYS) + repr(_signing._signing_key)

    assert "ExampleSecret" not in shown
    assert "Signature=" not in shown


def test_the_derived_key_is_kept_for_the_day():
    """A second signature of the same day derives no key."""
    _signing._signing_key.cache_clear()
    for second in range(5):
        signed(asset_request(), now=NOW + timedelta(seconds=second))

    assert (4, 1) == _signing._signing_key.cache_info()[:2]


@pytest.mark.parametrize("skew_s", [-901, -900, 900, 901])
def test_a_clock_within_fifteen_minutes_is_accepted(skew_s):
    """A signature is good for 900 seconds, to either side; then it is InvalidTimestamp."""
    request, now = signed(asset_request()), NOW + timedelta(seconds=skew_s)

    if abs(skew_s) <= 900:
        assert "AKLTEXAMPLE" == verified(request, now=now)
    else:
        assert "InvalidTimestamp" == refusal(request, now=now)


def unsigned(name: str) -> Request:
    request = signed(asset_request())
    text = request.headers["Authorization"]
    listed = text.partition("SignedHeaders=")[2].partition(",")[0]
    fewer = ";".join(word for word in listed.split(";") if word != name)
    return request.with_headers({"Authorization": text.replace(listed, fewer)})


@pytest.mark.parametrize("name", ["host", "x-date", "x-content-sha256"])
def test_a_signature_that_leaves_a_needed_header_out_is_refused(name):
    """The host, the date and the body's digest have to be signed."""
    assert "InvalidAuthorization" == refusal(unsigned(name))


def test_a_dropped_optional_header_breaks_the_signature():
    """The verifier rebuilds from the list it is given, so a shortened list does not match."""
    assert "SignatureDoesNotMatch" == refusal(unsigned("content-type"))


@pytest.mark.parametrize(
    ("expected", "change"),
    [
        ("SignatureDoesNotMatch", {"content": b'{"Id":"asset-2"}'}),
        ("SignatureDoesNotMatch", {"query": {"Action": "DeleteAsset", "Version": "2024-01-01"}}),
        ("SignatureDoesNotMatch", {"url": "https://elsewhere.example/"}),
        ("SignatureDoesNotMatch", {"method": "PUT"}),
        ("InvalidAuthorization", {"headers": {}}),
    ],
)
def test_a_changed_request_is_refused(expected, change):
    """No part of a signed request can be changed."""
    assert expected == refusal(evolve(signed(asset_request()), **change))


@pytest.mark.parametrize(
    ("expected", "change"),
    [
        ("InvalidAccessKey", {"access_key": Secret("AKLTOTHER")}),
        ("SignatureDoesNotMatch", {"secret_key": Secret("wrong")}),
        ("InvalidCredential", {"region": "ap-southeast-1"}),
        ("InvalidCredential", {"service": "iam"}),
        ("InvalidSecretToken", {"session_token": Secret("not ours")}),
    ],
)
def test_foreign_credentials_are_refused(expected, change):
    """Each wrong part of the credentials has the vendor's own code."""
    assert expected == refusal(signed(asset_request(), **change))


def test_the_query_may_come_inside_the_url():
    """A request whose query stands in its URL verifies like one with pairs."""
    request = signed(asset_request(query={"Action": "GetAsset", "Name": "a b/c"}))
    moved = evolve(request, url=request.target, query=())

    assert dict(request.query) == dict(parse_qsl(moved.url.partition("?")[2]))
    assert "AKLTEXAMPLE" == verified(moved)


@pytest.mark.parametrize(
    ("expected", "headers", "days"),
    [
        ("InvalidTimestamp", {"X-Date": "yesterday"}, 0),
        ("InvalidCredential", {"X-Date": "20260103T030405Z"}, 1),
        ("SignatureDoesNotMatch", {"X-Content-Sha256": "0" * 64}, 0),
        ("SignatureDoesNotMatch", {"X-Date": "20260102T030406Z"}, 0),
    ],
)
def test_a_changed_header_is_refused(expected, headers, days):
    """Date and digest cannot be changed after signing."""
    request = signed(asset_request()).with_headers(headers)

    assert expected == refusal(request, now=NOW + timedelta(days=days))


def test_unsorted_header_names_are_refused():
    """The list of signed headers has one order."""
    request = signed(asset_request())
    text = request.headers["Authorization"].replace("content-type;host", "host;content-type")

    assert "InvalidAuthorization" == refusal(request.with_headers({"Authorization": text}))
