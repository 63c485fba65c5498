"""Requests, responses, steps and bodies: plain values with exact bytes."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portraitkit.simulators.simulator import form_of
from portraitkit.testing import answer, replay
from portraitkit.values.errors import InvalidInputError, RateLimitedError
from portraitkit.values.origins import is_loopback, origin_of
from portraitkit.values.secret import Secret
from portraitkit.wire.bodies import json_body, multipart
from portraitkit.wire.steps import (
    Auth,
    Request,
    Response,
    now,
    pause,
    request_id_of,
    send,
    within,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SIGNED = "https://tos.example/mia.mp4?X-Tos-Signature=abcdef"
# Anything a file may be called, save for the escapes' own sign.
NAMES = st.text(st.characters(exclude_characters="%", codec="utf-8"))


def form(fields=None, *, filename="mia.png", content=b"\x89PNG", content_type="image/png"):
    return multipart(
        fields or {}, name="file", filename=filename, content=content, content_type=content_type
    )


def parsed(body, content_type):
    """Read a form with Python's own parser of mail: name -> (filename, type, bytes)."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    found = {}
    for part in message_from_bytes(head + body).get_payload():
        raw = dict(part.raw_items())["Content-Disposition"]
        mail = Message()
        mail["Content-Disposition"] = raw.encode("ascii", "surrogateescape").decode()
        name, filename = (
            mail.get_param(key, header="Content-Disposition") for key in ("name", "filename")
        )
        found[name] = (filename, part.get_content_type(), part.get_payload(decode=True))
    return found


def plain(text):
    """Undo the form's escapes."""
    for character in '"\\\r\n':
        text = text.replace(f"%{ord(character):02X}", character)
    return text


# -- requests ------------------------------------------------------------------------------------


def test_requests_compare_by_what_is_sent():
    """Two requests for the same thing are equal, whatever their time limit and known secrets."""
    one = Request(method="GET", url="https://a.example/x", query={"a": "1"})
    other = attrs.evolve(one, query=(("a", "1"),), timeout_s=1.0, secrets=(Secret("k"),))

    assert one == other
    assert one != attrs.evolve(one, content=b"{}")


def test_the_query_is_sent_in_order_and_escaped():
    """Every reserved character in a query is escaped, so that a signer sees what is sent."""
    query = {"b": "x y+z", "a": "ü/&=~-_."}
    request = Request(method="GET", url="https://a.example/x", query=query)

    assert request.target == "https://a.example/x?b=x%20y%2Bz&a=%C3%BC%2F%26%3D~-_."


def test_a_request_shows_neither_headers_nor_body_nor_a_links_query():
    """The text form has method, address and size; a signed link loses its query."""
    request = Request(
        method="GET",
        url=SIGNED,
        headers={"Authorization": "Bearer abcdef"},
        content=b"abcdef",
        secrets=(Secret("abcdef"),),
    )

    assert repr(request) == "<Request GET https://tos.example/mia.mp4?<secret>, 6 bytes>"


def test_a_request_shows_its_own_query():
    """The Action in a query of ours is no secret."""
    request = Request(method="POST", url="https://a.example/", query={"Action": "GetAsset"})

    assert request.shown_url == "https://a.example/?Action=GetAsset"


@pytest.mark.parametrize(
    ("token", "path", "shown"),
    [
        ("abcd", "sessions/abcd", "sessions/<secret>"),
        ("a/b+c", "sessions/a%2Fb%2Bc/x", "sessions/<secret>/x"),
        ("", "sessions", "sessions"),
    ],
)
def test_what_is_secret_in_a_path_is_not_shown(token, path, shown):
    """A token that is a part of an address is masked as it is sent; no token masks nothing."""
    request = Request(method="POST", url=f"https://a.example/{path}", secrets=(Secret(token),))

    assert request.shown_url == f"https://a.example/{shown}"


def test_further_headers_leave_the_first_request_alone():
    """Authorising makes a copy."""
    request = Request(method="GET", url="https://A.example:8443/x", headers={"Accept": "*"})
    other = request.with_headers({"X-Date": "1"})

    assert (request.headers, other.headers) == ({"Accept": "*"}, {"Accept": "*", "X-Date": "1"})
    assert request.auth is Auth.NONE


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://api.example/v1/x?y#z", "https://api.example"),
        ("HTTPS://API.Example:8443/x", "https://api.example:8443"),
        ("https://user:pass@api.example/x", "https://api.example"),
        ("http://[::1]:8360/x", "http://[::1]:8360"),
        ("https://api.example@evil.example/x", "https://evil.example"),
    ],
)
def test_the_origin_is_scheme_host_and_port(url, origin):
    """An origin is compared in lower case, and never with a user name."""
    assert origin_of(url) == origin
    assert Request(method="GET", url=url).origin == origin


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8360/x", "http://127.1.2.3", "http://[::1]:80/", "http://LOCALHOST/x"],
)
def test_this_machine_is_loopback(url):
    """Addresses of this machine are told from others."""
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1.evil.com/",
        "http://localhost.evil.com/",
        "http://127.0.0.1@evil.com/",
        "http://evil.com#@127.0.0.1/",
        "http://evil.com/127.0.0.1",
        "http://0.0.0.0/",
        "http://10.0.0.1/",
        "http://[::2]/",
        "http://2130706433/",
        "http:///x",
        "http://[::1/",
        "http://[evil]/",
        "127.0.0.1",
        "",
    ],
)
def test_no_other_machine_passes_for_loopback(url):
    """Names that only look like this machine, and addresses that are none, are not it."""
    assert not is_loopback(url)


# -- responses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "ok"), [(199, False), (200, True), (202, True), (299, True), (300, False)]
)
def test_success_is_the_two_hundreds(status, ok):
    """`ok` is said by the HTTP status alone."""
    assert Response(status=status, received_at=NOW).ok is ok


def test_only_harmless_headers_are_kept():
    """What stays on a result has the request id and limits, and no cookie."""
    headers = {
        "content-type": "application/json",
        "x-tt-logid": "log-1",
        "retry-after": "3",
        "set-cookie": "session=abcdef",
        "location": SIGNED,
    }
    raw = Response(status=200, headers=headers, received_at=NOW).raw({"a": 1})

    assert set(raw.headers) == {"content-type", "x-tt-logid", "retry-after"}
    assert (raw.status, raw.request_id, raw.body) == (200, "log-1", {"a": 1})


def test_the_bodys_request_id_wins_over_the_headers():
    """A vendor's support asks for the id in its own envelope."""
    response = Response(status=200, headers={"x-request-id": "of-header"}, received_at=NOW)

    assert response.raw(None, "of-body").request_id == "of-body"
    assert response.raw(None).request_id == "of-header"
    assert request_id_of({}) == ""


def test_a_response_shows_no_body():
    """The text form leaves out headers and body, which may hold links."""
    shown = repr(answer({"url": SIGNED}, headers={"set-cookie": "session=abcdef"}))

    assert "abcdef" not in shown


# -- steps ---------------------------------------------------------------------------------------


def test_a_driver_that_answers_wrongly_is_found_out():
    """Anything but a response to a request is an error at once."""
    flow = send(Request(method="GET", url="https://a.example/x"))
    next(flow)

    with pytest.raises(TypeError, match="with a Response"):
        flow.send("text")

    clock = now()
    next(clock)

    with pytest.raises(TypeError, match="with a datetime"):
        clock.send(0.0)


def ask():
    return send(Request(method="GET", url="https://a.example/x"))


@pytest.mark.parametrize("limits", [(5, 100), (100, 5), (5, math.inf)])
def test_the_nearest_limit_holds(limits):
    """A longer limit around a shorter one, or inside it, does not lengthen it."""
    flow = ask()
    for each in limits:
        flow = within(flow, each)

    assert [5] == [request.until_s for request in replay(flow, [answer({})]).requests]


def test_within_lets_the_flow_catch_an_error():
    """An error of the driver arrives inside, where it can be caught, and the flow goes on."""

    def flow():
        try:
            yield from ask()
        except RateLimitedError as error:
            yield from pause(1)
            response = yield from ask()
            return error.message, response.status

    done = replay(within(flow(), 9), [RateLimitedError("slowly"), answer({}, 201)])

    assert done.result == ("slowly", 201)


def test_within_lets_an_error_out():
    """An error that the flow does not catch reaches the caller."""
    with pytest.raises(RateLimitedError):
        replay(within(ask(), 9), [RateLimitedError("slowly")])


def test_within_cleans_up_when_it_is_given_up():
    """Closing the outer flow runs what the inner one must do at its end."""
    ended = []

    def flow():
        try:
            yield from ask()
        finally:
            ended.append(True)

    outer = within(flow(), 9)
    next(outer)
    outer.close()

    assert ended == [True]


# -- bodies --------------------------------------------------------------------------------------


def test_json_is_compact_in_order_and_not_escaped():
    """A body has its keys in the order given, no blanks, and raw UTF-8."""
    assert json_body({"b": [1, True, None], "a": "笑"}) == '{"b":[1,true,null],"a":"笑"}'.encode()


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), object(), {1, 2}, b"bytes", "half \ud83d a character"]
)
def test_what_is_no_json_is_the_callers_mistake(value):
    """A member of `extra` that JSON has no form for is refused, by name of the trouble."""
    with pytest.raises(InvalidInputError, match="JSON"):
        json_body({"extra": value})


def test_equal_forms_are_equal_bytes():
    """A recorded upload is found again, as its boundary comes from its content."""
    assert form({"GroupId": "group-1"}) == form({"GroupId": "group-1"})
    assert form({"GroupId": "group-1"})[1] != form({"GroupId": "group-2"})[1]
    assert form(content=b"1")[1] != form(content=b"2")[1]


def test_a_form_is_spelled_as_browsers_do():
    """The bytes of a form, once in full."""
    body, kind = form({"GroupId": "group-1"})
    line = "--" + kind.partition("boundary=")[2]

    assert body.decode("latin-1").split("\r\n") == [
        line,
        'Content-Disposition: form-data; name="GroupId"',
        "",
        "group-1",
        line,
        'Content-Disposition: form-data; name="file"; filename="mia.png"',
        "Content-Type: image/png",
        "",
        "\x89PNG",
        f"{line}--",
        "",
    ]


@given(NAMES, st.binary(), st.text(st.characters(codec="utf-8")))
@example('a"b.png', b"", "")
@example("a;b=c.png", b"\r\n--", "\r\n")
@example("line\r\nX-Injected: 1.png", b"\r\n\r\n", "--portraitkit-")
@example("back\\slash\\", b"\r", "\n")
@example("米娅 é.png", bytes(range(256)), "米娅")
@example("\u2028\x85\x0b.png", b"\0", "\x1c")
def test_a_form_reads_back_with_any_filename_and_content(filename, content, text):
    """Two independent readers find the same name, type and bytes, and no header more."""
    body, kind = form({"name": text}, filename=filename, content=content)
    request = Request(
        method="POST", url="https://a.example/", headers={"Content-Type": kind}, content=body
    )
    mine, theirs = form_of(request), parsed(body, kind)

    assert set(mine) == set(theirs) == {"name", "file"}
    assert theirs["file"][1:] == ("image/png", content)
    assert theirs["name"][2] == mine["name"].content == text.encode()
    assert (mine["file"].content, mine["file"].content_type) == (content, "image/png")
    assert plain(mine["file"].filename) == filename


def test_a_filename_that_is_no_text_is_still_sent():
    """A name that the file system holds in another encoding loses only the odd character."""
    found = parsed(*form({"name": "\ud83d"}, filename="mi\udcffa.png"))

    assert (found["file"][0], found["name"][2]) == ("mi?a.png", b"?")
