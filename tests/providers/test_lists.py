"""Long lists at every vendor that has one: nothing is taken for absent that was not seen."""

from __future__ import annotations

import json

import pytest
from attrs import define, evolve, field

import portraitkit as pk
from portraitkit.client.client import Client
from portraitkit.engine.response_body import TransportError
from portraitkit.testing import VirtualTime, answer
from portraitkit.values.errors import (
    NotFoundError,
    OutcomeUnknownError,
    UnexpectedResponseError,
    WaitTimeoutError,
)
from portraitkit.values.models import Asset
from portraitkit.values.remarks import Outcome
from portraitkit.values.statuses import AssetStatus
from vendors import provider_of

BY_PAGES = ("alltoken", "apiyi", "byteplus", "token360", "volcengine")
PROVIDERS = {way: provider_of(way) for way in (*BY_PAGES, "icover")}
UNREADABLE = (
    {"code": 0, "msg": "ok"},
    {},
    {"data": None},
    {"Result": {}},
    {"Result": {"Rows": []}},
)
CAP = 20


@define
class Server:
    """
    A transport to a vendor that gives 20 rows a page, whatever size is asked for.

    Attributes:
        rows: What it has, each `{id, name}` or unreadable.
        total: What it calls their number.
        later: What it says on the pages after the first, where that is something else.
        losing: Whether the answers to creates are lost.
        instead: What it answers to everything.
        creates: The names it was asked to create.
    """

    rows: list = field(factory=lambda: [{"id": f"g-{n}", "name": "Leo"} for n in range(250)])
    total: object = 250
    later: object = "the same"
    losing: bool = True
    instead: object = None
    creates: list = field(factory=list)

    def send(self, request):
        body = json.loads(request.content or b"{}")
        query = dict(request.query)
        if not request.repeatable:
            self.creates.append(body.get("Name") or body["name"])
            self.rows.insert(170, {"id": "g-new", "name": self.creates[-1]})
            if self.losing and self.instead is None:
                raise TransportError(Outcome.UNKNOWN, "lost")
        if self.instead is not None:
            return answer(self.instead)
        number = int(body.get("PageNumber") or query.get("current") or query.get("pageNumber", 1))
        rows, total = self.rows[(number - 1) * CAP : number * CAP], self.total
        total = self.later if number > 1 and self.later != "the same" else total
        if "LivenessFace" == body.get("Filter", {}).get("GroupType"):
            rows, total = [], 0
        if "current" in query:
            return answer({"code": 0, "data": {"list": rows, "total": total}})
        items = [
            {"Id": row["id"], "Name": row["name"]} if isinstance(row, dict) else row for row in rows
        ]
        return answer({"Result": {"Items": items, "TotalCount": total}})

    def close(self):
        pass


def client_of(vendor, server):
    provider = evolve(PROVIDERS[vendor], name_tokens=True)
    budget = pk.Budget(attempts=2)
    return Client(provider, transport=server, clock=VirtualTime().clock, budget=budget)


each_vendor = pytest.mark.parametrize("vendor", PROVIDERS)
each_by_pages = pytest.mark.parametrize("vendor", BY_PAGES)


def collected(listing):
    """What an iteration gives before it ends in the error."""
    found = []
    with pytest.raises(UnexpectedResponseError) as caught:
        found.extend(listing)  # which keeps what came before the error
    return found, caught.value


def created(vendor, server):
    """The group that a lost create comes to, or its error."""
    try:
        return client_of(vendor, server).create_group("Mia")
    except OutcomeUnknownError as error:
        return error


@each_by_pages
@pytest.mark.parametrize("total", [250, "250", None])
def test_all_rows_of_capped_pages_come(vendor, total):
    """The rows that came are counted, not those that were asked for; a total may be missing."""
    found = list(client_of(vendor, Server(total=total)).list_groups())

    assert [f"g-{n}" for n in range(250)] == [each.id for each in found]


def test_all_assets_of_capped_pages_come_from_a_list_whose_form_is_a_guess():
    """Icover pages assets alone."""
    found = list(client_of("icover", Server()).list_assets("group-1"))

    assert [f"g-{n}" for n in range(250)] == [each.id for each in found]


@each_by_pages
@pytest.mark.parametrize("total", [251, "251", None])
def test_what_lies_on_the_ninth_page_is_found(vendor, total):
    """It is not created a second time, however short the vendor's pages are."""
    server = Server(total=total)

    found = created(vendor, server)

    assert ("g-new", "Mia") == (found.id, found.name)
    assert 1 == len(server.creates)


@each_vendor
def test_a_list_that_ends_before_its_total_is_incomplete(vendor):
    """What came is given, then the error says how much did not; one page by design as well."""
    found, error = collected(client_of(vendor, Server(total=300)).list_groups())

    came = CAP if vendor == "icover" else 250
    assert came == len(found)
    assert f"incomplete: {300 - came} " in error.message
    assert PROVIDERS[vendor].name == error.provider


@each_by_pages
@pytest.mark.parametrize("later", [None, 250])
def test_a_total_that_one_page_told_counts_for_those_after_it(vendor, later):
    """A gateway that cuts a list may cut its count; and what is deleted moves rows past a page."""
    found, error = collected(client_of(vendor, Server(total=300, later=later)).list_groups())

    assert 250 == len(found)
    assert "incomplete: 50 " in error.message


@each_vendor
def test_in_an_incomplete_list_nothing_is_absent(vendor):
    """A create that was lost is not sent again, as the list may hold it where nobody saw."""
    server = Server(rows=[], total=300)
    server.rows = _Forgetting()

    error = created(vendor, server)

    assert isinstance(error, OutcomeUnknownError)
    assert "incomplete" in error.message
    assert 1 == len(server.creates)


class _Forgetting(list):
    """Rows to which nothing is added that would be listed."""

    def insert(self, index, row):
        pass


@each_vendor
@pytest.mark.parametrize("odd", [None, {"id": None, "name": "Ida"}, 7])
def test_a_row_that_cannot_be_read_hides_no_other(vendor, odd, caplog):
    """The others come, the log warns of the one that is missing, and nothing counts as absent."""
    rows = [{"id": "g-1", "name": "Leo"}, odd, {"id": "g-2", "name": "Leo"}]
    found = list(client_of(vendor, Server(rows=rows, total=3)).list_groups())
    server = Server(rows=_Forgetting(rows), total=3)

    assert ["g-1", "g-2"] == [each.id for each in found]
    assert "1 rows of a list cannot be read" in caplog.text
    assert isinstance(created(vendor, server), OutcomeUnknownError)
    assert 1 == len(server.creates)


@each_vendor
def test_what_is_found_beside_an_unreadable_row_is_ours(vendor):
    """Its token proves it, whatever the other row is."""
    server = Server(rows=[None], total=2)

    assert "g-new" == created(vendor, server).id
    assert 1 == len(server.creates)


@each_vendor
@pytest.mark.parametrize("body", UNREADABLE, ids=str)
def test_an_answer_without_a_list_is_no_empty_list(vendor, body):
    """An error to who lists; and a create that was carried out is sent once, and is unknown."""
    server = Server(instead=body)
    with pytest.raises(UnexpectedResponseError):
        list(client_of(vendor, server).list_groups())

    assert isinstance(created(vendor, server), OutcomeUnknownError)
    assert 1 == len(server.creates)


@each_by_pages
@pytest.mark.parametrize("total", [0, "0"])
def test_a_total_of_none_proves_an_empty_list(vendor, total):
    """Its rows may be left out or null."""
    for empty in ({}, {"list": None, "Items": None}):
        shown = {"code": 0, "data": {**empty, "total": total}}
        body = shown if vendor == "token360" else {"Result": {**empty, "TotalCount": total}}

        assert [] == list(client_of(vendor, Server(instead=body)).list_groups())


@pytest.mark.parametrize("vendor", ["alltoken", "volcengine"])
def test_videos_that_the_total_promises_and_no_page_gives_are_told(vendor):
    """One page by design or many: the list says that it is not all."""
    body = {"items": [{"id": "v-1", "status": "queued"}], "total": 101}
    found, error = collected(client_of(vendor, Server(instead=body)).list_videos())

    assert ["v-1"] == [each.id for each in found]
    assert "incomplete" in error.message


BY_VIDEOS = ("alltoken", "byteplus", "token360", "volcengine")
ROW = {"id": "cgt-20260318035710-abcde", "status": "queued", "created_at": 946684800}
SHORT = {
    "a row that cannot be read": lambda n: [[ROW, "?"], 2, False],
    "nothing but rows that cannot be read": lambda n: [["?"] * 3, 3, False],
    "fewer rows than the total": lambda n: [[ROW], 5, True],
    "pages without end": lambda n: [
        [{**ROW, "id": f"{ROW['id']}{n}-{i}"} for i in range(100)],
        900,
        True,
    ],
}


def videos_told(vendor, page_of):
    """What a lost create of a video says, where the vendor lists pages as *page_of* gives them."""
    pages = 0

    class Pages(Server):
        def send(self, request):
            nonlocal pages
            if not request.repeatable:
                raise TransportError(Outcome.UNKNOWN, "lost")
            pages += 1
            rows, total, more = page_of(pages)
            named = {"has_more": more, "last_id": f"{pages}", "total": total}
            return answer({"items": rows, "data": rows, **named})

    with pytest.raises(OutcomeUnknownError) as caught:
        request = pk.VideoRequest(prompt="A street", model="seedance-2.0", duration_s=5)
        client_of(vendor, Pages()).create_video(request)
    return caught.value.message


@pytest.mark.parametrize("short", SHORT)
@pytest.mark.parametrize("vendor", BY_VIDEOS)
def test_of_an_incomplete_list_of_videos_nothing_is_called_absent(vendor, short):
    """A row that did not come may be the task that is looked for."""
    told = videos_told(vendor, SHORT[short])

    assert "looking for it failed" in told
    assert "no new task" not in told


@pytest.mark.parametrize("vendor", BY_VIDEOS)
def test_of_a_whole_list_of_videos_it_is_said(vendor):
    """Old tasks alone."""
    assert "no new task is listed" in videos_told(vendor, lambda _: [[ROW], 1, False])


def test_a_full_page_without_a_total_may_not_be_all():
    """AllToken's list has one page: where that is full, more may be there."""
    rows = [{**ROW, "id": f"{ROW['id']}{n}"} for n in range(100)]

    assert "looking for it failed" in videos_told("alltoken", lambda _: [rows, None, False])


class WithoutIt(Server):
    """Every asset reads as not found, and the list lacks it."""

    def send(self, request):
        query = dict(request.query)
        if "groupId" in query and "pageNumber" not in query:
            return answer({"code": 0, "data": {"list": self.rows, "total": self.total}})
        is_list = query.get("Action") == "ListAssets" or "pageNumber" in query
        if not (is_list or request.url.endswith("/ListAssets")):
            return answer({"error": {"code": "NotFound", "message": "no"}}, status=404)
        return super().send(request)


@pytest.mark.parametrize("several", [False, True], ids=["one", "several"])
@pytest.mark.parametrize("rows", [["?"], []], ids=["incomplete", "whole"])
@each_vendor
def test_an_asset_is_gone_only_if_all_of_its_group_was_listed(vendor, rows, several):
    """It may stand in a row that cannot be read: then it is waited for until the deadline."""
    client = client_of(vendor, WithoutIt(rows=rows, total=len(rows)))
    provider = client.provider
    named = {"provider": provider.name, "account": provider.account, "group_id": "group-1"}
    ids = [f"{provider.asset_prefix}asset-20260318035710-{each}" for each in ("abcde", "fghij")]
    assets = [Asset(**named, id=each, status=AssetStatus.PROCESSING) for each in ids]

    if rows:
        with pytest.raises(WaitTimeoutError):
            client.wait_until_active(assets if several else assets[0], deadline_s=90)
    elif several:
        found = client.wait_until_active(assets, deadline_s=90)
        assert [AssetStatus.FAILED] * 2 == [each.status for each in found]
    else:
        with pytest.raises(NotFoundError):
            client.wait_until_active(assets[0], deadline_s=90)
