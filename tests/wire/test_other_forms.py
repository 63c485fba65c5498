"""Vendors that speak another form than JSON, and lists that come back again."""

from __future__ import annotations

from typing import ClassVar

import pytest
from attrs import evolve, frozen

import portraitkit as pk
from portraitkit.operations.paging import every
from portraitkit.providers.alltoken import AllToken
from portraitkit.simulators.alltoken import AllTokenSimulator
from portraitkit.testing import answer, replay, simulated
from portraitkit.values.errors import UnexpectedResponseError
from portraitkit.values.models import Group, Page
from portraitkit.wire.steps import Auth


@frozen(kw_only=True, slots=False)
class Lines(AllToken):
    """Speaks in lines of `key=value`."""

    wire_form: ClassVar[str] = "lines"

    def decode(self, response):
        text = response.content.decode(errors="replace")
        return dict(line.split("=", 1) for line in text.split()) if "=" in text else None

    def video_request(self, body):
        content = "\n".join(f"{key}={value}" for key, value in body.items())
        return evolve(super().video_request({}), content=content.encode(), auth=Auth.NONE)


LINES = Lines(api_key=pk.Secret("sk-simulated-0123"))


def test_an_answer_is_read_in_the_vendors_form():
    """`decode` decides what an answer says."""
    done = replay(LINES.get_video("v-1"), [answer("id=v-1 status=queued")])

    assert pk.VideoStatus.QUEUED is done.result.status


def test_what_is_not_of_the_form_is_named_by_it():
    """The message says which form was expected, and shows no more than the beginning."""
    with pytest.raises(UnexpectedResponseError, match="not readable lines: it is text/html"):
        replay(LINES.get_video("v-1"), [answer("<p>Bad Gateway</p>")])


def test_a_preview_of_another_form_shows_the_members_and_the_bytes():
    """Where the bytes are no JSON object, the members are shown that they are made of."""
    preview = LINES.preview_video(pk.VideoRequest(prompt="a slow push-in", duration_s=5))

    assert "seedance-2.0" == preview.body["model"]
    assert preview.content.startswith(b"model=seedance-2.0\n")


def test_a_preview_of_another_json_shows_the_members():
    """A body that is JSON and no object is shown by its members, too."""

    @frozen(kw_only=True, slots=False)
    class Listed(AllToken):
        def video_request(self, body):
            return evolve(super().video_request(body), content=b"[1]")

    preview = Listed(api_key=pk.Secret("sk-simulated-0123")).preview_video(
        pk.VideoRequest(prompt="a slow push-in")
    )

    assert "seedance-2.0" == preview.body["model"]
    assert b"[1]" == preview.content


def _page(number):
    group = Group(provider="alltoken", account="a", id=f"g-{number}")
    return Page(items=(group,), next=str(number + 1))


def test_a_list_of_nothing_but_empty_pages_is_said_to_have_no_end():
    """Each with another cursor: neither is it walked for ever, nor does it count as an end."""
    asked = []

    def page_of(cursor):
        asked.append(cursor)
        yield from ()
        return Page(items=(), next=str(len(asked)))

    with pytest.raises(UnexpectedResponseError, match="1000 empty pages"):
        replay(every(page_of), [])

    assert 1000 == len(asked)


def test_an_iteration_without_an_end_names_vendor_and_operation():
    """What a client iterates over ends in an error, too, that says whose list it is."""

    class Endless(AllToken):
        def list_groups(self, cursor, *, kind=None):
            yield from ()
            return Page(items=(), next=str(int(cursor or 0) + 1))

    client = simulated(Endless(api_key=pk.Secret("sk-x")), AllTokenSimulator())

    with pytest.raises(UnexpectedResponseError) as caught:
        list(client.list_groups())

    assert ("alltoken", "list_groups") == (caught.value.provider, caught.value.operation)


def test_collecting_ends_where_a_vendor_repeats_a_page():
    """Another cursor with the same rows is the end, and more may be there than came."""
    asked, found = [], []

    def page_of(cursor):
        asked.append(cursor)
        yield from ()
        return evolve(_page(1), next=str(len(asked)))

    with pytest.raises(UnexpectedResponseError, match="incomplete"):
        replay(every(page_of, found), [])

    assert [None, "1"] == asked
    assert ["g-1", "g-1"] == [each.id for each in found]


def test_iterating_ends_where_a_vendor_repeats_a_page():
    """A client's list gives each row once and stops."""
    from portraitkit.simulators.alltoken import AllTokenSimulator

    @frozen(kw_only=True, slots=False)
    class Repeating(AllToken):
        def list_groups(self, cursor, *, kind=None):
            yield from ()
            return evolve(_page(1), next=str(int(cursor or 0) + 1))

    client = simulated(Repeating(api_key=pk.Secret("sk-simulated-0123")), AllTokenSimulator())

    assert ["g-1"] == [each.id for each in client.list_groups()]


def test_a_face_check_may_have_a_code():
    """The code is handed out only when asked."""
    check = pk.Verification(provider="acme", account="a", id="c-1", code=pk.Secret("KX7-2PQ4"))

    assert "KX7-2PQ4" == check.person_code
    assert "KX7" not in repr(check)
    assert evolve(check, code=None).person_code is None
