"""A tape under httpx: what answers, what is recorded, what passes."""

from __future__ import annotations

import threading

import httpx
import pytest

from portraitkit.client.client import Client
from portraitkit.engine.transport import HttpxTransport
from portraitkit.providers.alltoken import AllToken
from portraitkit.testing.cassettes.matching import Roles
from portraitkit.testing.cassettes.tape import CassetteMissError, Mode, Tape, running
from portraitkit.values.secret import Secret
from portraitkit.wire.bodies import json_body
from portraitkit.wire.steps import Request

URL = "https://api.alltoken.ai/v1/thing"


def interaction(name, answer, *, url=URL, method="POST"):
    return {
        "request": {
            "method": method,
            "uri": url,
            "headers": {},
            "body": json_body({"Name": name}).decode() if name else "",
        },
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": {"content-type": "application/json", "x-list": ["a", "b"]},
            "body": {"string": answer},
        },
    }


@pytest.fixture
def send():
    transport = HttpxTransport()

    def send(name, url=URL, method="POST"):
        content = json_body({"Name": name}) if name else b""
        return transport.send(Request(method=method, url=url, content=content)).content.decode()

    yield send
    transport.close()


def test_the_same_request_takes_the_next_answer(send):
    """Polling replays its course; other requests may come in between, in any order."""
    taped = [interaction("a", "1"), interaction("b", "2"), interaction("a", "3")]

    with running(Tape("t", taped)) as tape:
        told = [send("b"), send("a"), send("a")]

    assert ["2", "1", "3"] == told
    assert (3, []) == (tape.played, tape.unplayed)


def test_a_request_too_many_is_a_miss(send):
    """It says which interactions were recorded, and that all are used."""
    with running(Tape("t.yaml", [interaction("a", "1")])) as tape:
        send("a")
        with pytest.raises(CassetteMissError, match=r"t\.yaml has no answer for POST /v1/thing"):
            send("a")

    assert 1 == len(tape.misses)


def test_an_empty_cassette_says_so(send):
    """There is no nearest request to show."""
    with running(Tape("t", [])), pytest.raises(CassetteMissError, match="no interaction at all"):
        send("a")


def test_a_nearest_request_that_was_played_is_named_as_such(send):
    """It may be the one that was meant."""
    with running(Tape("t", [interaction("a", "1")])):
        send("a")
        with pytest.raises(CassetteMissError, match="interaction 1, which was already played"):
            send("b")


def test_what_portraitkit_did_not_send_passes():
    """An application's own HTTP, such as calls to itself, is neither answered nor recorded."""
    app = httpx.MockTransport(lambda _: httpx.Response(200, text="own"))

    with running(Tape("t", [], mode=Mode.RECORD)) as tape, httpx.Client(transport=app) as client:
        told = client.post(URL, json={"Name": "a"}).text
        with running(Tape("t", [])):
            again = client.get(URL).text

    assert ("own", "own", []) == (told, again, tape.taken)


def test_binary_answers_and_plain_headers_are_played(send):
    """As a cassette may hold them."""
    taped = interaction("a", b"\x31")
    taped["response"]["headers"] = {"content-type": "text/plain"}

    with running(Tape("t", [taped])) as tape:
        assert "1" == send("a")
        assert tape.filter_request(object()) is None


def test_threads_share_a_tape(send):
    """Each interaction is handed out once."""
    told = []
    with running(Tape("t", [interaction("a", str(n)) for n in range(8)])):
        threads = [threading.Thread(target=lambda: told.append(send("a"))) for _ in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()

    assert [str(n) for n in range(8)] == sorted(told)


def test_roles_may_be_learned_while_it_runs(send):
    """A client that sends from a moved address is known by its provider."""
    roles = Roles()
    roles.learn_defaults("alltoken")
    tape = Tape("t", [interaction("a", "1")], roles=roles)

    with running(tape):
        with pytest.raises(CassetteMissError, match="a media host"):
            send("a", "https://moved.example/v1/thing")
        roles.learn(AllToken(api_key=Secret("k"), base_url="https://moved.example"))
        assert "1" == send("a", "https://moved.example/v1/thing")


def test_a_client_of_ones_own_is_recorded_too():
    """An HTTP client that was handed in is below the tape as well."""
    answer = '{"ResponseMetadata": {}, "Result": {"Id": "group-20260102030405-aaaaa"}}'
    url = "https://api.alltoken.ai/v1/portrait/?Action=CreateAssetGroup&Version=2024-01-01"
    taped = interaction("Mia", answer, url=url)
    taped["request"]["body"] = '{"Name": "Mia", "GroupType": "AIGC", "ProjectName": "default"}'
    provider = AllToken(api_key=Secret("k"))

    with (
        running(Tape("t", [taped])),
        httpx.Client() as own,
        Client(provider, http_client=own) as client,
    ):
        group = client.run(provider.create_group("Mia"))

    assert "group-20260102030405-aaaaa" == group.id
