"""When a request is the recorded one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portraitkit.providers.alltoken import AllToken
from portraitkit.providers.volcengine import Volcengine
from portraitkit.testing.cassettes.matching import Roles, canon, replace_tokens
from portraitkit.values.secret import Secret
from portraitkit.wire.bodies import multipart

URL = "https://api.alltoken.ai/v1/portrait/?Action=CreateAssetGroup&Version=2024-01-01"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def roles():
    found = Roles()
    found.learn_defaults("alltoken")
    found.learn_defaults("volcengine")
    return found


def read(roles, uri=URL, body=b"", method="POST", headers=None):
    request = {"method": method, "uri": uri, "headers": headers or {}, "body": body}
    return canon(request, roles, lambda each: each)


def body(**members):
    return json.dumps(members).encode()


def test_the_order_of_keys_and_the_kind_of_number_say_nothing(roles):
    """JSON is compared by value."""
    one = read(roles, body=b'{"a": 5, "b": [1.0, true]}')
    other = read(roles, body='{\n  "b": [1, true],\n  "a": 5.0\n}')

    assert one.is_like(other)
    assert not one.is_like(read(roles, body=b'{"a": 5, "b": [true, 1]}'))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"a": 1}', b'{"a": 2}'),
        (b'{"a": 1}', b'{"a": true}'),
        (b'{"a": 1}', b'{"a": "1"}'),
        (b'{"a": null}', b"{}"),
        (b"[1, 2]", b"[2, 1]"),
        (b"plain", b"other"),
        (b"", b"{}"),
        (b"\xff\xfe", b"\xff\xfd"),
    ],
)
def test_another_value_is_another_request(roles, one, other):
    """What differs in meaning never matches."""
    assert not read(roles, body=one).is_like(read(roles, body=other))


def test_a_link_is_told_by_what_it_leads_to(roles):
    """Signatures differ each time, also of a link that an answer gave; files and queries count."""
    link = "https://cdn.example/files/mia.jpg?X-Amz-Signature={}&size={}"
    one, again, other = (
        read(roles, body=body(image_urls=[link.format(*each)]))
        for each in (("1f2e", 1), ("3d4c", 1), ("1f2e", 2))
    )

    assert one.is_like(again)
    assert not one.is_like(other)


@given(JSON)
def test_a_body_is_like_itself_however_it_is_written(value):
    """Indented or not, escaped or not."""
    roles = Roles()
    plain = json.dumps({"x": value}, ensure_ascii=False).encode(errors="surrogatepass")
    tidy = json.dumps({"x": value}, indent=2)

    assert read(roles, body=plain).is_like(read(roles, body=tidy))


def test_a_moved_base_url_is_the_same_endpoint(roles):
    """The role counts, and a media host is no vendor's own."""
    moved = Roles()
    moved.learn(AllToken(api_key=Secret("k"), base_url="http://127.0.0.1:8360"))
    uri = URL.replace("https://api.alltoken.ai", "http://127.0.0.1:8360")

    assert read(roles).is_like(read(moved, uri=uri))
    assert not read(roles).is_like(read(roles, uri=uri))


def test_one_origin_may_serve_several_roles(roles):
    """A simulator serves assets and videos at one address."""
    both = Roles()
    keys = {"access_key": Secret("a"), "secret_key": Secret("s"), "api_key": Secret("k")}
    one = "http://127.0.0.1:8360"
    both.learn(Volcengine(**keys, assets_url=one, video_url=one))
    path = "/api/v3/contents/generations/tasks"

    video = read(roles, uri=f"https://ark.cn-beijing.volces.com{path}")
    assets = read(roles, uri=f"https://open.volcengineapi.com{path}")
    assert video.is_like(read(both, uri=one + path))
    assert not video.is_like(assets)


def test_signatures_and_dates_in_a_query_say_nothing(roles):
    """A signed link is the same file tomorrow; another file is not."""
    link = "https://media.example/clip.mp4?x=1&X-Tos-Date={}&X-Tos-Signature={}&Expires={}"
    one = read(roles, uri=link.format("20260101", "aaa", 1), method="GET")

    assert one.is_like(read(roles, uri=link.format("20270101", "bbb", 2), method="GET"))
    assert not one.is_like(read(roles, uri=link.replace("x=1", "x=2"), method="GET"))
    assert one.is_like(read(roles, uri="https://cdn.example/clip.mp4?x=1", method="GET"))


def test_the_order_of_a_query_says_nothing(roles):
    """But each member counts."""
    turned = URL.replace(
        "Action=CreateAssetGroup&Version=2024-01-01", "Version=2024-01-01&Action=CreateAssetGroup"
    )

    assert read(roles).is_like(read(roles, uri=turned))
    assert not read(roles).is_like(read(roles, uri=URL.replace("Create", "Delete")))


def test_the_token_at_the_end_of_a_name_says_nothing(roles):
    """It is random; the name before it counts."""
    one = read(roles, body=body(Name="Mia pk-0123456789"))

    assert one.is_like(read(roles, body=body(Name="Mia pk-abcdefghij")))
    assert one.is_like(read(roles, body=body(Name="Mia")))
    assert not one.is_like(read(roles, body=body(Name="Leo pk-0123456789")))
    assert (" pk-0123456789",) == one.tokens


def test_todays_token_takes_the_place_of_the_recorded_one():
    """So that a listing holds the name that the application looks for."""
    told = replace_tokens(b'{"Name": "Mia pk-0123456789"}', {" pk-0123456789": " pk-abcdefghij"})

    assert b'{"Name": "Mia pk-abcdefghij"}' == told


def form(content=b"\x89PNG", boundary=None, **fields):
    made, kind = multipart(
        fields, name="file", filename="a.png", content=content, content_type="image/png"
    )
    old = kind.partition("boundary=")[2]
    if boundary:
        made, kind = made.replace(old.encode(), boundary.encode()), kind.replace(old, boundary)
    return {"body": made, "headers": {"Content-Type": [kind]}}


def test_a_form_is_compared_by_its_parts(roles):
    """Fields by text, files by digest, and not by the boundary."""
    one = read(roles, **form(GroupId="g-1"))

    assert one.is_like(read(roles, **form(GroupId="g-1", boundary="another")))
    assert not one.is_like(read(roles, **form(GroupId="g-2")))
    assert not one.is_like(read(roles, **form(content=b"\x89PNH", GroupId="g-1")))
    assert any("sha256" in line for line in one.lines())


def test_a_form_kept_as_text_is_still_a_form(roles):
    """A cassette holds a body that is all text as text."""
    given = form(content=b"plain", GroupId="g-1")
    as_text = {**given, "body": given["body"].decode()}

    assert read(roles, **given).is_like(read(roles, **as_text))


def test_a_body_that_is_no_json_is_shown_as_it_is(roles):
    """Line by line, without its token."""
    one = read(roles, body=b"first pk-0123456789\nsecond")

    assert ["first", "second"] == one.lines()[-2:]


def test_reads_are_told_by_method_or_action(roles):
    """Only they may have their last answer repeated."""
    assert read(roles, uri=URL.replace("CreateAssetGroup", "ListAssetGroups")).reads
    assert read(roles, method="GET", uri="https://api.alltoken.ai/v1/videos/x").reads
    assert not read(roles).reads


def test_a_request_is_veiled_before_it_is_compared(roles):
    """What the veil hides is in no line, and does not decide."""

    def veil(request):
        return {**request, "body": '{"Name": "veiled"}'}

    one, other = (
        canon({"method": "POST", "uri": URL, "body": body(Name=name)}, roles, veil)
        for name in ("Mia", "Leo")
    )

    assert one.is_like(other)
    assert not any("Mia" in line for line in one.lines())
