"""The judge itself: what it lets pass, and what it says when it does not."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import httpx
import pytest
import yaml
from attrs import define, evolve

import contract_judge
from portraitkit.simulators.server import serve
from portraitkit.simulators.simulator import Simulator, json_of
from portraitkit.wire.bodies import multipart
from portraitkit.wire.steps import Request, Response

CONTRACT = contract_judge.Contract(
    "acme",
    yaml.safe_load("""
origins: {api: "https://api.acme.com", films: "https://films.acme.com"}
auth:
  bearer: {header: Authorization, form: "Bearer <key>"}
  signature:
    header: Authorization
    form: "HMAC Credential=<key>/<date>, Signature=<hex>"
    also: [X-Date]
schemas:
  Thing: {type: object, required: [id], properties: {id: {type: string, minLength: 1}}}
  File:
    type: object
    required: [filename, content_type]
    properties:
      filename: {type: string}
      content_type: {const: image/jpeg}
      size_bytes: {minimum: 3}
operations:
  MakeThing:
    origin: api
    method: POST
    path: /v1/
    query: {Action: MakeThing}
    auth: signature
    request:
      content_type: application/json
      schema:
        type: object
        additionalProperties: false
        required: [name]
        properties:
          name: {type: string, maxLength: 5}
          kind: {anyOf: [{type: integer}, {const: a}]}
    answers:
      - {status: 200, schema: {$ref: "#/schemas/Thing"}}
      - {status: 202}
    errors:
      - {status: 400, code: NameTaken.<name>}
  DropThing:
    origin: api
    method: POST
    path: /v1/
    query: {Action: DropThing}
    auth: signature
    request: {content_type: application/json, schema: {$ref: "#/schemas/Thing"}}
    answers: [{status: 200}]
  OpenDoor: &door
    origin: api
    method: POST
    path: /v1/doors
    when: {not: {required: [token]}}
    auth: bearer
    request: {content_type: application/json, schema: {type: object}}
    answers: [{status: 200}]
  ReadDoor:
    <<: *door
    when: {required: [token]}
  ListFilms:
    origin: films
    method: GET
    path: /films
    query_schema: {additionalProperties: false, properties: {page: {pattern: "^[0-9]+$"}}}
    auth: bearer
    headers: {Accept-Encoding: identity}
    answers: [{status: 200}]
  GetFilm:
    origin: films
    method: GET
    path: /films/{id}
    auth: none
    answers: [{status: 200, content_type: video/mp4}, {status: 302}]
  GetBestFilm:
    origin: films
    method: GET
    path: /films/best
    auth: none
    answers: [{status: 200}]
  Upload:
    origin: api
    method: POST
    path: /v1/files
    auth: bearer
    request:
      content_type: multipart/form-data
      schema:
        type: object
        additionalProperties: false
        required: [group, file]
        properties: {group: {type: string}, file: {$ref: "#/schemas/File"}}
    answers: [{status: 201}]
  TwinOne: &twin {origin: api, method: PUT, path: /twin, auth: none, answers: [{status: 200}]}
  TwinTwo: *twin
errors:
  - {status: 401, code: BadKey}
  - {status: 200, code: 7}
  - {status: 503}
error_schemas:
  - {type: object, required: [error]}
  - {type: object, required: [code, msg], properties: {code: {type: integer, not: {const: 0}}}}
  - {type: string}
"""),
)
SIGNED = {"Authorization": "HMAC Credential=ak/2026, Signature=00ff", "X-Date": "2026"}
BEARER = {"Authorization": "Bearer k"}


def _json_request(url, body, headers, query=(), method="POST"):
    return Request(
        method=method,
        url=url,
        query=query,
        headers={"Content-Type": "application/json", **headers},
        content=json.dumps(body).encode(),
    )


def _make(body, **changes):
    return _json_request(
        **{
            "url": "https://api.acme.com/v1/",
            "query": (("Action", "MakeThing"),),
            "headers": SIGNED,
            "body": body,
            **changes,
        }
    )


def _get(path, headers=BEARER, query=(), origin="https://films.acme.com", content=b""):
    return Request(method="GET", url=origin + path, query=query, headers=headers, content=content)


def _answer(body, status=200, kind="application/json"):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(
        status=status,
        headers={"content-type": kind},
        content=content,
        received_at=datetime.now(UTC),
    )


IDENTITY = {**BEARER, "accept-encoding": "identity"}
FILE, FILE_TYPE = multipart(
    {"group": "g"}, name="file", filename="mia.jpg", content=b"jpeg", content_type="image/jpeg"
)


def _upload(content=FILE, kind=FILE_TYPE):
    return Request(
        method="POST",
        url="https://api.acme.com/v1/files",
        headers={**BEARER, "Content-Type": kind},
        content=content,
    )


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("MakeThing", _make({"name": "mia"})),
        ("MakeThing", _make({"name": "mia"}, url="http://127.0.0.1:9/v1/")),
        ("MakeThing", _make({"name": "mia"}, url="https://simulator.invalid/v1/")),
        (
            "MakeThing",
            _make({"name": "mia"}, url="https://api.acme.com/v1/?Action=MakeThing", query=()),
        ),
        ("DropThing", _make({"id": "1"}, query=(("Action", "DropThing"),))),
        ("OpenDoor", _json_request("https://api.acme.com/v1/doors", {}, BEARER)),
        ("ReadDoor", _json_request("https://api.acme.com/v1/doors", {"token": "t"}, BEARER)),
        ("ListFilms", _get("/films", IDENTITY, (("page", "2"),))),
        ("GetFilm", _get("/films/a%2Fb", {})),
        ("GetBestFilm", _get("/films/best", {})),
        ("Upload", _upload()),
    ],
)
def test_a_documented_request_is_named(name, request_):
    """A request that is as documented is told by method, path, query, origin and body."""
    assert name == CONTRACT.judge_request(request_)


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (_make({"name": "mia"}, url="https://api.acme.com/v2/"), "its path is /v1/"),
        (_make({"name": "mia"}, method="PATCH"), "its method is POST"),
        (_make({"name": "mia"}, url="https://other.com/v1/"), "its origin is https://api.acme.com"),
        (_make({"name": "mia"}, query=(("Action", "No"),)), "its query has Action=MakeThing"),
        (_make({"name": "mia"}, query=(("Action", "MakeThing"), ("X", "1"))), "query: Additional"),
        (
            _make({"name": "mia"}, query=(("Action", "MakeThing"), ("Action", "MakeThing"))),
            "Action is there more than once",
        ),
        (_make({"name": "far too long"}), "body.name: 'far too long' is too long"),
        (_make({"name": "mia", "kind": "b"}), "body.kind: nearest choice"),
        (_make({"name": "mia", "extra": 1}), "'extra' was unexpected"),
        (_make({}), "'name' is a required property"),
        (evolve(_make({"name": "mia"}), content=b"{"), "it is not application/json"),
        (_make({"name": "mia"}, headers={}), "Authorization is not of the form"),
        (
            _make({"name": "mia"}, headers={"Authorization": SIGNED["Authorization"]}),
            "X-Date is missing",
        ),
        (
            _make({"name": "mia"}, headers={**SIGNED, "Content-Type": "text/plain"}),
            "not text/plain",
        ),
        (_get("/films", {**BEARER, "Accept-Encoding": "gzip"}), "must be 'identity', not 'gzip'"),
        (_get("/films", IDENTITY, (("page", "x"),)), "query.page: 'x' does not match"),
        (_get("/films", IDENTITY, content=b"x"), "1 bytes are sent where none are wanted"),
        (_get("/films/1"), "a credential is sent where none is wanted"),
        (_upload(b"--x--", "multipart/form-data; boundary=x"), "it is not multipart/form-data"),
        (_upload(FILE.replace(b"image/jpeg", b"image/webp")), "body.file.content_type"),
        (_upload(FILE.replace(b'"group"', b'"other"')), "'group' is a required property"),
        (Request(method="PUT", url="https://api.acme.com/twin"), "fits several operations"),
    ],
)
def test_an_undocumented_request_is_refused_with_what_differs(request_, said):
    """The verdict names what is not as documented."""
    with pytest.raises(AssertionError) as verdict:
        CONTRACT.judge_request(request_)

    assert said in str(verdict.value)
    assert str(verdict.value).startswith("acme ")


@pytest.mark.parametrize(
    ("name", "response"),
    [
        ("MakeThing", _answer({"id": "1", "more": True})),
        ("MakeThing", _answer(b"", 202)),
        ("MakeThing", _answer({"error": {"Code": "NameTaken.mia"}}, 400)),
        ("MakeThing", _answer({"code": 7, "msg": "no"})),
        ("MakeThing", _answer({"error": [{"type": "BadKey"}]}, 401)),
        ("MakeThing", _answer(b"<html>", 401, "text/html")),
        ("MakeThing", _answer({"error": {}}, 401)),
        ("MakeThing", _answer({"error": {}}, 503)),
        ("GetFilm", _answer(b"film", kind="video/mp4")),
        ("GetFilm", _answer(b"", 302)),
    ],
)
def test_a_documented_answer_passes(name, response):
    """Successes, refusals of the operation and of the vendor, and refusals with HTTP 200 pass."""
    CONTRACT.judge_answer(name, response)


@pytest.mark.parametrize(
    ("name", "response", "said"),
    [
        ("MakeThing", _answer({"id": ""}), "body.id: '' should be non-empty"),
        ("MakeThing", _answer({"code": 8, "msg": "no"}), "['8'] is none of ['7'] (HTTP 200)"),
        ("MakeThing", _answer({}, 201), "none is documented with HTTP 201"),
        ("MakeThing", _answer({}, 401), "of no documented form"),
        ("MakeThing", _answer({"error": {"code": "Other"}}, 400), "NameTaken.<name>"),
        ("GetFilm", _answer(b"film", kind="text/html"), "video/mp4 is documented, not text/html"),
        ("MakeThing", _answer({"error": {"code": "x" * 999}}, 400), "…"),
    ],
)
def test_an_undocumented_answer_is_refused_with_what_differs(name, response, said):
    """The verdict on an answer names what is not as documented, and is short."""
    with pytest.raises(AssertionError) as verdict:
        CONTRACT.judge_answer(name, response)

    assert said in str(verdict.value)
    assert len(str(verdict.value)) < 2000


@define(kw_only=True)
class Acme(Simulator):
    name = "acme"

    def answer(self, request):
        made = json_of(request) or {}
        return self.json({"id": made.get("name", "page")})


def test_a_judged_simulator_answers_as_itself():
    """What is as documented passes unchanged, and the operations are remembered."""
    judged = contract_judge.Judged(Acme(), CONTRACT)

    assert b'{"id": "mia"}' == judged.handle(_make({"name": "mia"})).content
    assert ["MakeThing"] == judged.operations
    assert 1 == len(judged.seen)


def test_a_judged_simulator_refuses_an_undocumented_request():
    """A request that fits nothing never reaches the simulator."""
    judged = contract_judge.Judged(Acme(), CONTRACT)

    with pytest.raises(AssertionError, match="fits no operation"):
        judged.handle(_get("/nowhere"))
    assert [] == judged.seen


def test_a_judged_simulator_refuses_an_undocumented_answer():
    """A simulator that strays from the contract is caught."""
    judged = contract_judge.Judged(Acme(), CONTRACT)

    with pytest.raises(AssertionError, match="video/mp4 is documented"):
        judged.handle(_get("/films/1", {}))


def test_a_queued_answer_is_not_judged():
    """A test may queue any answer, documented or not; the request is judged all the same."""
    judged = contract_judge.Judged(Acme(), CONTRACT)
    judged.answer_next(_answer(b"<html>", 418))

    assert 418 == judged.handle(_make({"name": "mia"})).status


@pytest.mark.parametrize("path", ["/media/clip.mp4", "/h5/token"])
def test_media_and_pages_are_outside_the_contract(path):
    """Films and face check pages are served unjudged."""
    judged = contract_judge.Judged(Acme(), CONTRACT)

    assert 200 == judged.handle(_get(path)).status
    assert [] == judged.operations


def test_a_judged_simulator_can_be_served():
    """A verdict over HTTP fails the test when the server stops."""
    judged = contract_judge.Judged(Acme(), CONTRACT)
    server = serve(judged).__enter__()
    answer = httpx.get(f"{server.url}/nowhere", trust_env=False)
    with pytest.raises(AssertionError, match="fits no operation"):
        server.__exit__(None, None, None)

    assert 500 == answer.status_code
    assert server.url == judged.simulator.base_url


def test_a_contract_is_loaded_by_the_vendors_name():
    """`load` reads the vendor's file once."""
    contract = contract_judge.load("token360")

    assert "token360" == contract.vendor
    assert contract is contract_judge.load("token360")
