"""Vendors that are tables: what a table may say, what is refused, and what comes of it."""

from __future__ import annotations

import copy
import pickle
import tomllib
from datetime import date
from functools import reduce
from importlib.resources import files

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

import portraitkit as pk
from json_cases import json_values
from portraitkit.providers.tables.building import vendor_class
from portraitkit.providers.tables.table import FORMS
from portraitkit.providers.tables.template import (
    filled,
    filled_path,
    taken_from_path,
    taken_out_of,
)
from portraitkit.simulators.table import simulator_of
from portraitkit.testing import answer, replay, simulated
from portraitkit.testing.doubles.replaying import drive
from portraitkit.values.prices import estimate, listed_price
from portraitkit.wire.steps import Auth, Request

ACTIONS = {
    "dialect": "ark-actions",
    "base_url": "https://api.house.example",
    "action": {"call": "POST /open/{action}"},
    "models": [{"name": "seedance-2.0", "id": "seedance-2.0"}],
}
PRICE = {"amount": 9.2, "currency": "USD", "unit": "token", "per": 1_000_000}

TABLES = files("portraitkit.providers.tables")
HOUSES = [
    tomllib.loads(each.read_text()) for each in TABLES.iterdir() if each.name.endswith(".toml")
]


def made(document=ACTIONS, **more):
    return vendor_class("house", {**document, **more})(api_key=pk.Secret("key"))


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"base_url": 3}, "base_url"),
        ({"base_url": "api.house.example"}, "base_url"),
        ({"base_url": "http://api.house.example"}, "base_url"),
        ({"cals": {}}, "cals"),
        ({"dialect": "soap"}, "dialect"),
        ({"action": {"call": "/open"}}, "action.call"),
        ({"calls": {"create_grup": {}}}, "calls.create_grup"),
        ({"calls": {"create_group": {"bdy": {}}}}, "calls.create_group.bdy"),
        ({"calls": {"get_video": {"call": "FETCH /x"}}}, "calls.get_video.call"),
        ({"calls": {"get_video": {"call": "GET /{vidio}"}}}, "calls.get_video.vidio"),
        ({"members": {"asset": {"colour": "c"}}}, "members.asset.colour"),
        ({"words": {"asset": {"ready": "ok"}}}, "words.asset.ready"),
        ({"words": {"asset": {"active": [True]}}}, "words.asset.active"),
        ({"fields": {"length": "duration"}}, "fields.length"),
        (
            {"fields": {"seed": {"member": "seed", "form": "roman"}}},
            "fields.seed.form.roman",
        ),
        ({"models": [{"id": "m"}]}, "models.0.name"),
        ({"models": [{"id": "m", "name": "n", "duration_s": [4]}]}, "models.0.duration_s"),
        ({"answers": {"success": {"member": "code"}}}, "answers.success.values"),
        ({"errors": {"FULL": "FullError"}}, "errors.FULL"),
        ({"limits": {"name": "64"}}, "limits.name"),
        ({"assumed": ["calls.nothing"]}, "assumed"),
        ({"media": "pictures"}, "media.pictures"),
        ({"name": "other"}, "name"),
        ({"action": {"call": "POST //elsewhere.example/{action}"}}, "action.call"),
        ({"action": {"call": "POST /../{action}"}}, "action.call"),
        ({"header": {"name": "X\r\nHost"}}, "header.name"),
        ({"header": {"name": "Host"}}, "header.name"),
        ({"header": {"scheme": "a\nb"}}, "header.scheme"),
        ({"settings": {"two words": "x"}}, "settings.two words"),
        ({"settings": {"class": "x"}}, "settings.class"),
        *(
            ({"settings": {key: "x"}}, f"settings.{key}")
            for key in ("base_url", "api_key", "group", "table", "get_video")
        ),
        ({"calls": {"get_asset": {"call": "GET /x", "action": "X"}}}, "calls.get_asset"),
        ({"calls": {"get_asset": {"call": "GET /x"}}}, "calls.get_asset"),
        ({"calls": {"get_asset": {"call": "GET /{asset}", "body": {"a": "b"}}}}, "calls.get_asset"),
        ({"calls": {"get_asset": "GET /{asset}"}}, "calls.get_asset"),
        ({"words": {"asset": {"active": "x", "failed": "x"}}}, "words.asset.failed"),
        ({"models": [{"id": "m", "name": "n"}] * 2}, "models"),
        ({"models": [{"id": "", "name": "n"}]}, "models.0.id"),
        ({"models": [{"id": "m", "name": "n", "duration_s": [9, 4]}]}, "models.0.duration_s"),
        ({"models": [{"id": "m", "name": "n", "ratios": "16x9"}]}, "models.0.ratios"),
        ({"models": [{"id": "m", "name": "n", "most": {"film": 1}}]}, "models.0.most.film"),
        ({"fields": {"seed": ""}}, "fields.seed"),
        ({"files": {"image": {"max_bytes": 0}}}, "files.image.max_bytes"),
        ({"rates": {"create_group": -1}}, "rates.create_group"),
        ({"verification_life_s": 0}, "verification_life_s"),
        ({"pacing": {"asset": {"step": 1}}}, "pacing.asset.step"),
        ({"pacing": {"asset": {"step_s": float("inf")}}}, "pacing.asset.step_s"),
        ({"models": [{"name": "n", "id": "m", "lacks": ["sed"]}]}, "models.0.lacks.sed"),
        ({"prices": [{**PRICE, "amount": 0}]}, "prices.0.amount"),
        ({"prices": [{**PRICE, "amount": "1"}]}, "prices.0.amount"),
        ({"prices": [{**PRICE, "currency": "dollars"}]}, "prices.0.currency"),
        ({"prices": [{**PRICE, "unit": "frame"}]}, "prices.0.unit.frame"),
        ({"prices": [{**PRICE, "model": "nothing"}]}, "prices.0.model.nothing"),
        ({"prices": [PRICE]}, "prices.0.read"),
    ],
)
def test_what_cannot_be_used_is_named(said, field):
    """Each error has the field, the vendor and where to read on."""
    with pytest.raises(pk.ConfigError) as caught:
        made(**said)

    assert f"vendors.house.{field}" == caught.value.field
    assert "house" in str(caught.value)
    assert "docs/vendor-tables.md" in caught.value.next_step


def places_in(part, at=()):
    """Name every place in a table, on the way down."""
    for key, inner in part.items() if isinstance(part, dict) else enumerate(part):
        yield (*at, key)
        if isinstance(inner, dict | list):
            yield from places_in(inner, (*at, key))


@given(st.data())
def test_nothing_that_a_table_says_fails_unnamed(data):
    """Any value and any name anywhere in a house's table make an adapter, or a named error."""
    document = copy.deepcopy(data.draw(st.sampled_from(HOUSES)))
    *way, last = data.draw(st.sampled_from(list(places_in(document))))
    part = reduce(lambda part, key: part[key], way, document)
    value = data.draw(json_values())
    if isinstance(part, dict) and isinstance(value, str) and data.draw(st.booleans()):
        part[value] = part.pop(last)
    else:
        part[last] = value
    try:
        vendor_class("house", document)
    except pk.ConfigError as error:
        assert error.field.startswith("vendors.house.")


def test_a_call_that_is_taken_out_is_not_offered():
    """`supports` says so, and the call is refused before any request."""
    house = made(calls={"delete_asset": False, "get_asset": False})

    assert not house.supports("delete_asset")
    assert house.supports("get_asset"), "it is found in the list"
    with pytest.raises(pk.UnsupportedError):
        replay(house.delete_asset("asset-1"), [])


@pytest.mark.parametrize(
    ("call", "target"),
    [
        ("POST /volc/asset/{action}", "/volc/asset/GetAsset"),
        (
            "POST /private/?Action={action}&Version=2024-01-01",
            "/private/?Action=GetAsset&Version=2024-01-01",
        ),
    ],
)
def test_an_action_goes_where_the_table_says(call, target):
    """In the path, or in the query; with the members that all of them have."""
    house = made(action={"call": call, "body": {"model": "assets"}})
    asset = {"Id": "asset-1", "Status": "Active"}
    done = replay(house.get_asset("asset-1"), [answer({"Result": asset})])

    assert f"https://api.house.example{target}" == done.requests[0].target
    assert [{"model": "assets", "Id": "asset-1"}] == done.bodies
    assert "asset://asset-1" == done.result.uri


def test_a_success_is_one_where_the_table_says_so():
    """A refusal with HTTP 200 is found by the marker; a bare `code` beside none is not one."""
    marked = made(answers={"success": {"member": "code", "values": [0, "ok"]}})
    with pytest.raises(pk.QuotaExceededError):
        replay(marked.get_group("group-1"), [answer({"code": "QuotaExceeded", "message": "full"})])

    group = {"Id": "group-1", "Name": "Mia"}
    assert (
        "Mia"
        == replay(marked.get_group("group-1"), [answer({"code": "0", "data": group})]).result.name
    )
    assert (
        "Mia"
        == replay(made().get_group("group-1"), [answer({"code": 1, "data": group})]).result.name
    )


def test_a_price_is_the_most_exact_one_of_the_page():
    """By model, resolution and a video among the references; each has its page and day."""
    dear, other = PRICE | {"amount": 46}, PRICE | {"model": "seedance-2.0", "with_video": True}
    house = made(prices=[PRICE, dear | {"resolution": "4k"}, other], read=date(2026, 11, 27))
    asked = pk.VideoRequest(prompt="x", duration_s=5, resolution="720p", ratio="16:9")
    video = pk.References(videos=["https://x.example/v.mp4"])

    plain = listed_price(house.prices, asked)
    assert "0.0092 USD a 1000 tokens" == str(plain)
    assert "house's table, 2026-11-27" == plain.source
    assert "1.00188" == f"{estimate(plain, asked).amount:f}"
    assert house.prices[1] is listed_price(house.prices, evolve(asked, resolution="4k"))
    assert house.prices[2] is listed_price(house.prices, evolve(asked, media=video))
    assert estimate(house.prices[2], evolve(asked, media=video)) is None


def test_a_word_may_be_a_number_and_stand_deep():
    """It is written as it stands in the table, and read from a dotted path."""
    house = made(
        words={"kind": {"virtual": [2], "real_person": [1]}},
        members={"group": {"kind": "more.group_type"}},
    )
    done = replay(house.create_group("Mia"), [answer({"Id": "group-1", "more": {"group_type": 1}})])

    assert 2 == done.bodies[0]["GroupType"]
    assert pk.GroupKind.REAL_PERSON is done.result.kind


def test_a_video_is_spelled_by_the_table():
    """Fields by name and form, media by the table's way, the model in the path."""
    house = made(
        media="frames",
        calls={"create_video": {"call": "POST /queue/{model}"}},
        fields={
            "duration_s": {"member": "seconds", "form": "text"},
            "resolution": {"member": "res", "form": "upper"},
        },
    )
    asked = pk.VideoRequest(prompt="Mia waves", duration_s=5, resolution="4k")
    done = replay(house.create_video(asked), [answer({"id": "task-1"})])

    assert "https://api.house.example/queue/seedance-2.0" == done.requests[0].target
    assert [{"prompt": "Mia waves", "seconds": "5", "res": "4K"}] == done.bodies


def test_an_adapter_of_a_table_can_be_pickled():
    """Its class has no module of its own, and comes back as the same class."""
    house = made()
    back = pickle.loads(pickle.dumps(house))

    assert type(back) is type(house)
    assert back.base_url == house.base_url


@pytest.mark.parametrize(
    ("form", "value"),
    [("", 5), ("text", 5), ("text", -1), ("auto", -1), ("auto", 7), ("upper", "4k")],
)
def test_a_form_is_read_as_it_is_written(form, value):
    """So that a body can be translated."""
    write, read = FORMS[form]
    assert value == read(write(value))


PLAIN = st.text("abc/ ?%{}ü", min_size=1, max_size=8)


@given(asset=PLAIN, group=PLAIN)
def test_a_path_is_read_as_it_is_filled(asset, group):
    """Whatever an id has in it."""
    form = "/v1.0/{group}/assets/{asset}"
    assert {"asset": asset, "group": group} == taken_from_path(
        form, filled_path(form, {"asset": asset, "group": group})
    )


@given(
    st.dictionaries(
        st.sampled_from(["name", "page", "ids"]),
        PLAIN | st.integers() | st.lists(PLAIN, min_size=1),
    )
)
def test_a_body_is_read_as_it_is_filled(values):
    """What has no value leaves no member, and no empty table."""
    form = {"Name": "{name}", "Filter": {"Ids": "{ids}"}, "Page": "{page}", "Sort": "Asc"}
    body = filled(form, values)

    assert values == taken_out_of(form, body)
    assert ("Filter" in body) is ("ids" in values)
    assert "Asc" == body["Sort"]


DESCRIBED = """
profile = "mine"

[profiles.mine]
provider = "myhouse"
{more}

[vendors.myhouse]
dialect = ["asset-groups", "router-video"]
base_url = "https://api.myhouse.example"
models = [{{ name = "seedance-2.0", id = "bytedance/seedance-2.0" }}]
"""


def test_a_vendor_in_the_configuration_does_the_main_job(tmp_path):
    """From a group to a video, at the simulator made of the same table."""
    file = tmp_path / "portraitkit.toml"
    file.write_text(DESCRIBED.format(more="simulated = 1000"))
    with pk.connect(config=file) as client:
        group = client.create_group("Mia")
        face = client.wait_until_active(client.add_asset(group, "https://example.com/mia.jpg"))
        asked = pk.VideoRequest(prompt="Mia waves", media=pk.References(images=[face]))
        video = client.wait_for_video(client.create_video(asked))

    assert pk.VideoStatus.SUCCEEDED is video.status
    assert "myhouse" == video.provider


def test_a_described_vendor_is_not_trusted_with_a_key_unless_the_file_is(tmp_path, monkeypatch):
    """A file that was only found cannot make up a vendor to send the user's key to."""
    (tmp_path / "portraitkit.toml").write_text(DESCRIBED.format(more='api_key = "env:KEY"'))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEY", "secret-key")
    monkeypatch.setenv("HOME", str(tmp_path.parent))

    with pytest.raises(pk.ConfigError, match="a vendor that the file describes itself"):
        pk.connect()


def test_a_described_vendor_does_not_replace_an_adapter(tmp_path):
    """Its name would mean two vendors in handles."""
    text = DESCRIBED.format(more='api_key = "key"').replace("myhouse", "alltoken")
    file = tmp_path / "portraitkit.toml"
    file.write_text(text)

    with pytest.raises(pk.ConfigError, match="has an adapter already"):
        pk.connect(config=file)


def test_the_dialects_are_tables_themselves():
    """Each can be read alone, with an origin beside it."""
    for dialect in ("asset-groups", "router-video"):
        document = tomllib.loads(f'dialect = "{dialect}"\nbase_url = "https://x.example"')
        assert vendor_class("x", document).table.calls


KEYED = {
    "dialect": "router-video",
    "base_url": "https://api.house.example",
    "links_need_key": True,
    "models": [{"name": "seedance-2.0", "id": "seedance-2.0"}],
}


def test_a_link_that_needs_the_key_is_fetched_with_it(tmp_path):
    """At the simulator, which hands the file to nobody else."""
    house = vendor_class("house", KEYED)(api_key=pk.Secret("sk-simulated-0123"))
    simulator = simulator_of(house.table)()
    simulator.admit(house)
    simulator.base_url = house.base_url
    with simulated(house, simulator) as client:
        video = client.wait_for_video(client.create_video(pk.VideoRequest(prompt="x")))
        assert client.download_video(video, tmp_path / "x.mp4").stat().st_size

    assert 401 == simulator.handle(Request(method="GET", url=video.video_link.reveal())).status


@pytest.mark.parametrize(
    ("needs_key", "link", "over", "keyed"),
    [
        (True, "https://api.house.example/v", [], [True]),
        (False, "https://api.house.example/v", [], [False]),
        (True, "https://store.example/v", [], [False]),
        (True, "https://api.house.example.evil.example/v", [], [False]),
        (True, "https://api.house.example:8443/v", [], [False]),
        (True, "https://api.house.example/v", ["/w"], [True, True]),
        (True, "https://api.house.example/v", ["https://store.example/v"], [True, False]),
        (
            True,
            "https://api.house.example/v",
            ["https://store.example/v", "https://api.house.example/w"],
            [True, False, False],
        ),
        (True, "https://store.example/v", ["https://api.house.example/w"], [False, False]),
    ],
)
def test_the_key_goes_to_the_vendors_own_links_alone(tmp_path, needs_key, link, over, keyed):
    """To no other origin, and not over a redirect to one, nor back from there."""
    document = {**KEYED, "links_need_key": needs_key}
    house = vendor_class("house", document)(api_key=pk.Secret("sk-simulated-0123"))
    done = answer({"id": "v", "status": "completed", "url": link})
    moved = [answer("", 302, headers={"location": each}) for each in over]
    answers, asked = iter([done, *moved, answer("", 403)]), []

    def answered(request):
        asked.append(request)
        return next(answers)

    with pytest.raises(pk.PermissionDeniedError):
        drive(house.download_video("v", tmp_path / "x.mp4"), answered, [])

    assert keyed == [each.auth is not Auth.NONE for each in asked[1:]]
