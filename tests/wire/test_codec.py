"""Reading vendor JSON by tables: tolerant where vendors differ, strict where a guess would hurt."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from json_cases import json_values, key_names
from portraitkit.testing import answer
from portraitkit.values.errors import PortraitError, UnexpectedResponseError
from portraitkit.values.models import Asset, Failure, Group, Usage, VideoTask
from portraitkit.values.remarks import Attempt, Outcome
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import AssetStatus, GroupKind, MediaType, VideoStatus
from portraitkit.wire.codec import (
    Codec,
    decode,
    first,
    is_array,
    is_object,
    listed,
    rows,
    try_decode,
)
from portraitkit.wire.steps import Response

CODEC = Codec(
    fields={
        Group: {"id": ("Id", "GroupId"), "name": "Name", "kind": "GroupType", "active": "Active"},
        Asset: {
            "id": ("Id", "AssetId"),
            "name": "Name",
            "media": "AssetType",
            "status": ("UpstreamStatus", "Status"),
            "link": ("URL", "Link"),
            "failure": "Error",
            "created_at": "CreateTime",
        },
        VideoTask: {
            "id": "id",
            "status": "status",
            "progress": "progress",
            "video_link": "result.videos.0.url",
            "duration_s": "duration",
            "seed": "seed",
            "usage": "usage",
        },
        Failure: {"code": "Code", "message": "Message"},
        Usage: {"total_tokens": "total"},
    },
    words={
        AssetStatus: {"Active": AssetStatus.ACTIVE, "Processing": AssetStatus.PROCESSING},
        GroupKind: {"AIGC": GroupKind.VIRTUAL},
        MediaType: {"Image": MediaType.IMAGE},
    },
)
GIVEN = {"provider": "p", "account": "a"}
NOON = datetime(2026, 3, 18, 12, tzinfo=UTC)


def asset(members, **given):
    return CODEC.read(Asset, {"Id": "asset-1", **members}, **GIVEN, **given)


def video(members):
    return CODEC.read(VideoTask, {"id": "vgen_1", **members}, **GIVEN)


# -- what is found ---------------------------------------------------------------------------------


@pytest.mark.parametrize("members", [{"Id": "asset-1"}, {"AssetId": "asset-1"}])
def test_alternative_keys_are_tried_in_order(members):
    """An attribute is found under any of its keys."""
    assert CODEC.read(Asset, members, **GIVEN).id == "asset-1"


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_key_without_a_value_leaves_the_next_one_its_turn(nothing):
    """Null and an empty text are no value: the alternative key is read."""
    found = asset({"Id": nothing, "AssetId": "asset-2", "URL": nothing, "Link": "https://a/x"})

    assert (found.id, found.link) == ("asset-2", Secret("https://a/x"))


@pytest.mark.parametrize("videos", [[{"url": "https://a/x"}], [{"url": ["https://a/x", "y"]}]])
def test_a_path_leads_through_objects_and_lists(videos):
    """A dotted path finds a member of a list's item, and a link in an array of links."""
    assert video({"result": {"videos": videos}}).video_url == "https://a/x"


@pytest.mark.parametrize("result", [None, [], {}, {"videos": []}, {"videos": [7]}, {"videos": {}}])
def test_a_path_that_leads_nowhere_finds_nothing(result):
    """Whatever stands in the way of a path, the attribute is absent."""
    assert video({"result": result}).video_link is None


def test_given_values_stand_for_what_the_json_leaves_out():
    """JSON wins over what is given, and what is given over nothing."""
    members = {"Name": "", "AssetType": "Image"}

    assert asset(members, name="front", media=MediaType.VIDEO).name == "front"
    assert asset(members, name="front", media=MediaType.VIDEO).media is MediaType.IMAGE


def test_a_word_is_compared_without_case():
    """ACTIVE, Active and active are one word, and the vendor's spelling is kept."""
    found = [asset({"Status": word}) for word in ("ACTIVE", "Active", "active")]

    assert {each.status for each in found} == {AssetStatus.ACTIVE}
    assert [each.status_word for each in found] == ["ACTIVE", "Active", "active"]


@pytest.mark.parametrize("word", ["Unheard", 3, True, ["Active"], {"a": 1}])
def test_an_unknown_word_is_unknown_and_kept(word):
    """A status that is in no table is UNKNOWN, never a missing member."""
    found = asset({"Status": word})

    assert (found.status, found.status_word) == (AssetStatus.UNKNOWN, str(word))


def test_an_enum_without_a_table_is_unknown():
    """A vendor whose words nobody listed gives UNKNOWN, save for those that need no vendor."""
    assert video({"status": "dreaming"}).status is VideoStatus.UNKNOWN
    assert video({"status": "IN PROGRESS"}).status is VideoStatus.RUNNING


def test_a_groups_kind_keeps_its_word():
    """The vendor's word for a kind stays beside ours; other enums keep none."""
    group = CODEC.read(Group, {"Id": "group-1", "GroupType": "Robot"}, **GIVEN)

    assert (group.kind, group.kind_word) == (GroupKind.UNKNOWN, "Robot")
    assert asset({"AssetType": "Hologram"}).media is MediaType.UNKNOWN


def test_a_nested_object_becomes_its_model():
    """A failure and a usage are read by their own tables."""
    found = asset({"Error": {"Code": "TooDark", "Message": "no face"}})

    assert found.failure == Failure(code="TooDark", message="no face")
    assert video({"usage": {"total": 108_900}}).usage == Usage(total_tokens=108_900)


# -- basic types, which cattrs alone would bend ----------------------------------------------------


NO_TIMES = (
    *("soon", True, ["2026-03-18"], 1e400, float("nan"), 10**400, 1_773_835_200_000_000),
    *("2026-13-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
)
DROPPED = {
    "name": (None, 7, 7.5, True, ["front"], {"text": "front"}),
    "seed": ("7", 7.0, True, [7]),
    "duration_s": ("5", True, [5], 10**400),
    "created_at": NO_TIMES,
    "link": ("", [], [""], [None], 7, {"url": "https://a/x"}),
    "failure": ("too dark", 7, ["too dark"], True),
}
KEY_OF = {"name": "Name", "seed": "seed", "duration_s": "duration"}
KEY_OF |= {"created_at": "CreateTime", "link": "URL", "failure": "Error"}


@pytest.mark.parametrize(
    ("attribute", "odd"), [(name, odd) for name, values in DROPPED.items() for odd in values]
)
def test_a_value_of_another_type_is_dropped(attribute, odd):
    """Nothing is forced into a text, a number, a time or a link, and the rest is read."""
    found = (video if attribute in ("seed", "duration_s") else asset)({KEY_OF[attribute]: odd})

    assert ("" if attribute == "name" else None) == getattr(found, attribute)


@pytest.mark.parametrize("number", [5, 5.0])
def test_a_number_may_be_whole(number):
    """Vendors write durations and progress with and without a point."""
    assert video({"duration": number, "progress": number}).progress == 5.0


@pytest.mark.parametrize(("odd", "active"), [(False, False), (0, True), ("false", True)])
def test_only_a_boolean_is_a_boolean(odd, active):
    """A flag that is no boolean is dropped, so that the default holds."""
    assert CODEC.read(Group, {"Id": "group-1", "Active": odd}, **GIVEN).active is active


@pytest.mark.parametrize(
    "written",
    [
        1773835200,
        1773835200.0,
        "2026-03-18T12:00:00Z",
        "2026-03-18T12:00:00+00:00",
        "2026-03-18T20:00:00+08:00",
        "2026-03-18 12:00:00",
        "20260318T120000Z",
    ],
)
def test_times_are_unix_seconds_or_iso_and_become_utc(written):
    """Every form of a time becomes an aware datetime in UTC; one without a zone is UTC."""
    found = asset({"CreateTime": written}).created_at

    assert (found, found.tzinfo) == (NOON, UTC)


def test_an_odd_member_of_a_nested_object_is_dropped_alone():
    """What can be read of a failure is."""
    found = asset({"Error": {"Code": 1001, "Message": "no face"}})

    assert found.failure == Failure(message="no face")


# -- what is required ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "members", [{}, {"Id": None}, {"id": "asset-1"}, {"Id": "", "AssetId": ""}]
)
def test_a_lacking_id_is_named_by_the_vendors_keys(members):
    """An id is never made up: the error says under which keys it was looked for."""
    with pytest.raises(UnexpectedResponseError, match=r"lacks Id or AssetId \(Asset\.id\)"):
        CODEC.read(Asset, members, **GIVEN)


@pytest.mark.parametrize("odd", [7, True, ["asset-1"], {"a": "asset-1"}])
def test_an_id_of_another_type_is_named_by_the_vendors_keys(odd):
    """A number is no id, as its leading zeros would be lost."""
    with pytest.raises(UnexpectedResponseError, match=r"Asset\.id \(Id or AssetId\).*expected str"):
        CODEC.read(Asset, {"Id": odd}, **GIVEN)


def test_a_required_member_with_one_key_is_named_by_it():
    """One key is named as it stands in the vendor's JSON."""
    with pytest.raises(UnexpectedResponseError, match=r"lacks id \(VideoTask\.id\)"):
        CODEC.read(VideoTask, {}, **GIVEN)
    with pytest.raises(UnexpectedResponseError, match=r"VideoTask\.id \(id\)"):
        CODEC.read(VideoTask, {"id": [7]}, **GIVEN)


def test_a_video_may_be_known_by_a_whole_number():
    """A relay counts its tasks; it is asked for them by the same digits."""
    assert CODEC.read(VideoTask, {"id": 7777}, **GIVEN).id == "7777"


@pytest.mark.parametrize("wrapped", [{"data": {"id": "v-1"}}, {"code": 0, "data": [{"id": "v-1"}]}])
def test_what_a_relay_wraps_is_read_inside(wrapped):
    """An answer without an id, whose `data` has one, is that data."""
    assert CODEC.read(VideoTask, wrapped, **GIVEN).id == "v-1"


def test_an_error_without_words_is_no_failure():
    """Some vendors write an absent error as an object of empty members."""
    empty = {"id": "v-1", "error": {"code": "", "message": ""}}
    assert CODEC.read(VideoTask, empty, **GIVEN).failure is None


def test_an_odd_id_leaves_the_given_one():
    """A caller who knows the id does not lose it to an odd answer."""
    assert CODEC.read(Asset, {"Id": 7}, id="asset-1", **GIVEN).id == "asset-1"


def test_an_attribute_that_no_table_names_is_named_itself():
    """Where the tables have no key for it, the error names the attribute."""
    with pytest.raises(UnexpectedResponseError, match=r"lacks account \(Asset\.account\)"):
        CODEC.read(Asset, {"Id": "asset-1"}, provider="p")


@pytest.mark.parametrize("data", [None, [], "text", 7, True])
def test_what_is_no_object_is_refused(data):
    """A list where an object belongs names the model that was wanted."""
    with pytest.raises(UnexpectedResponseError, match="an object with Asset's members"):
        CODEC.read(Asset, data, **GIVEN)


def test_an_unreadable_answer_keeps_its_status_and_request_id():
    """The error has what the vendor's support asks for, and the failed tries before."""
    tries = (Attempt(number=1, outcome=Outcome.NOT_SENT, reason="connect timeout"),)
    response = Response(
        status=201, headers={"x-request-id": "req-1"}, received_at=NOON, attempts=tries
    )

    with pytest.raises(UnexpectedResponseError) as caught:
        CODEC.read(Asset, {}, response=response, **GIVEN)
    assert (caught.value.status, caught.value.request_id) == (201, "req-1")
    assert caught.value.attempts == tries


# -- bodies ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [{}, [], 0, False, "", {"a": [1, "笑"]}])
def test_a_json_body_is_decoded(value):
    """Every JSON value but null is an answer."""
    assert decode(answer(json.dumps(value))) == value


DEEP = b"[" * 100_000 + b"]" * 100_000


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        (b"", "is empty"),
        (b"<html><title>502 Bad Gateway</title>", "begins '<html><title>502"),
        (b"upstream connect error", "begins 'upstream"),
        (b'{"Result": {"Id": "asset-', "cut off or damaged"),
        (DEEP, "cut off or damaged"),
        (b"\x1f\x8b\x08\x00", "begins"),
        (b"\xff\xfe\x00", "begins"),
        (b"null", "begins 'null'"),
    ],
    ids=["empty", "html", "text", "cut", "deep", "gzip", "utf-16", "null"],
)
def test_a_body_that_is_no_json_is_described(body, seen):
    """HTML, a cut or a deeply nested body is an UnexpectedResponseError that says what it is."""
    with pytest.raises(UnexpectedResponseError, match=seen) as caught:
        decode(answer(body, 200))
    assert "text/html" in str(caught.value)


def test_the_description_of_a_body_is_short():
    """A whole page does not land in a log."""
    with pytest.raises(UnexpectedResponseError) as caught:
        decode(answer("<html>" + "x" * 10_000))
    assert len(caught.value.message) < 200


@pytest.mark.parametrize(
    "body",
    [
        '{"Result":{"BytedToken":"20260318TOKEN',
        ' {"h5Link":"https://h5.example/20260318TOKEN"',
        '["https://h5.example/20260318TOKEN"',
        '\ufeff{"t":"20260318TOKEN"',
        '"20260318TOKEN',
    ],
)
def test_a_cut_body_does_not_show_the_token_in_it(body):
    """The beginning of damaged JSON may hold a token or a link, so that it is not shown."""
    with pytest.raises(UnexpectedResponseError) as caught:
        decode(answer(body))
    assert "20260318TOKEN" not in str(caught.value)


def test_a_body_without_a_content_type_is_described_too():
    """A gateway that labels nothing is described as such."""
    with pytest.raises(UnexpectedResponseError, match="it is without a content type and is empty"):
        decode(Response(status=200, received_at=NOON))


@given(st.binary() | json_values().map(lambda value: json.dumps(value).encode()))
@example(b'{"a": ' + b"9" * 5000 + b"}")
@example(b'"\\ud800"')
def test_any_bytes_are_json_or_an_unexpected_response(body):
    """No body whatever raises anything but a PortraitError."""
    try:
        decoded = decode(answer(body))
    except UnexpectedResponseError:
        decoded = None

    assert try_decode(answer(body)) is decoded or decoded is not None


# -- pieces ----------------------------------------------------------------------------------------


def test_first_finds_the_first_that_is_not_null():
    """Falsy values count as there; null does not."""
    assert first({"a": None, "b": 0}, ("a", "b")) == 0
    assert first({"a": {"b": [{"c": ""}]}}, "a.b.0.c") == ""
    assert first({"a": [1]}, ("a.1", "a.x", "a.0.b", "b")) is None


def test_rows_are_the_objects_of_a_list():
    """Odd items are passed over, and an absent or odd list is empty."""
    assert list(rows({"items": [{"a": 1}, None, 7, [], {"b": 2}]}, "items")) == [{"a": 1}, {"b": 2}]
    assert list(rows({"items": {"a": 1}}, "items")) == []
    assert list(rows(None, ("items", "data"))) == []


def test_objects_and_arrays_are_told_apart():
    """A text is neither, though it can be indexed."""
    assert [is_object({}), is_object([]), is_object("")] == [True, False, False]
    assert [is_array([]), is_array({}), is_array("")] == [True, False, False]


KEYS = st.sampled_from(sorted(key_names(CODEC.fields)))


@given(json_values(KEYS), st.sampled_from([Asset, Group, VideoTask, Failure, Usage]))
@example({"id": "x", "duration": 10**400}, VideoTask)
@example({"Id": "x", "CreateTime": "0001-01-01T00:00:00+14:00"}, Asset)
@example({"Id": "\ud800", "URL": "\ud800", "Error": "x"}, Asset)
def test_any_json_is_a_model_or_an_unexpected_response(data, cls):
    """Whatever a vendor answers, reading it raises nothing but a PortraitError."""
    given = {} if cls in (Failure, Usage) else GIVEN
    try:
        found = CODEC.read(cls, data, **given)
    except PortraitError as error:
        found = error

    assert isinstance(found, cls | UnexpectedResponseError)
    assert str(found)
    assert isinstance(getattr(found, "handle", ""), str)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": 0, "msg": "ok"},
        {"data": None},
        {"data": {"rows": []}},
        {"data": {"list": None}},
        {"data": {"list": {}}},
        {"data": {"list": "[]"}},
        {"data": {"total": False}},
        {"data": {"total": 1}},
        {"data": {"total": "00x"}},
    ],
)
def test_a_list_that_is_not_there_is_not_empty(body):
    """Only rows, or a total of 0 beside them, say what is listed."""
    with pytest.raises(UnexpectedResponseError, match=r"data\.list"):
        listed(body, "data.list", "data.total")
    for empty in ({"total": 0}, {"total": "0"}, {"total": 0, "list": None}):
        assert [] == listed({"data": empty}, ("data.list", "data"), "data.total")
