"""Broken downloads: gone on with where the server can, begun again where it can't."""

from __future__ import annotations

import os

import pytest
from peers import http

from portraitkit.client import Client
from portraitkit.parts import Part
from portraitkit.testing import VirtualTime
from portraitkit.transport import TransportError
from portraitkit.wire import Request, send

FILM = bytes(range(256)) * 1024
WHOLE = len(FILM)
HALF = 100_000
VERSION = {"ETag": '"v1"', "Accept_Ranges": "bytes"}
FIRST_HALF = http(FILM, **VERSION)[: -(len(FILM) - HALF)]


def rest(start=HALF, total=WHOLE, tag='"v1"', body=None):
    span = f"bytes {start}-{total - 1}/{total}"
    content = FILM[start:] if body is None else body
    return http(content, "206 Partial Content", Content_Range=span, ETag=tag)


def get(url, target, **changes):
    return Request(method="GET", url=url, save_to=target, save_key="film", **changes)


def left_in(folder):
    return sorted(each.name for each in folder.iterdir())


def lose_half(raw_server, transmit, target, first=FIRST_HALF):
    """A download whose connection ends half-way."""
    with pytest.raises(TransportError):
        transmit(get(raw_server(first).url, target))


def test_a_broken_download_is_gone_on_with(raw_server, transmit, tmp_path):
    """The second try asks for the missing bytes only, of the version that the first one saw."""
    target = tmp_path / "mia.mp4"
    lose_half(raw_server, transmit, target)
    server = raw_server(rest())

    transmit(get(server.url, target))

    assert FILM == target.read_bytes()
    assert b"range: bytes=100000-\r\n" in server.seen[0].lower()
    assert b'if-range: "v1"\r\n' in server.seen[0].lower()
    assert ["mia.mp4"] == left_in(tmp_path)


def test_a_client_goes_on_within_one_call(raw_server, provider, tmp_path):
    """An attempt that breaks off costs only what had not come yet."""
    server = raw_server(FIRST_HALF, rest())
    request = get(server.url, tmp_path / "mia.mp4", repeatable=True)

    with Client(provider, clock=VirtualTime().clock) as client:
        response = client.run(send(request))

    assert FILM == (tmp_path / "mia.mp4").read_bytes()
    assert ["connection ended without a whole answer"] == [a.reason for a in response.attempts]


def test_a_file_that_changed_is_taken_from_its_start(raw_server, transmit, tmp_path):
    """A server that has another version by now sends the whole, and nothing is mixed."""
    target = tmp_path / "mia.mp4"
    lose_half(raw_server, transmit, target)
    newer = FILM[::-1]

    transmit(get(raw_server(http(newer, ETag='"v2"', Accept_Ranges="bytes")).url, target))

    assert newer == target.read_bytes()


@pytest.mark.parametrize(
    "wrong",
    [
        rest(start=HALF - 1),
        rest(total=len(FILM) + 1, body=FILM[HALF:] + b"x"),
        rest(tag='"v2"'),
        http(FILM[HALF:], "206 Partial Content"),
        http(b"", "416 Range Not Satisfiable"),
    ],
    ids=["another start", "another length", "another version", "no range", "no such range"],
)
def test_what_is_not_the_rest_is_not_appended(raw_server, transmit, tmp_path, wrong):
    """The part is forgotten then, so that the next try takes the whole."""
    target = tmp_path / "mia.mp4"
    lose_half(raw_server, transmit, target)

    with pytest.raises(TransportError, match="rest"):
        transmit(get(raw_server(wrong).url, target))
    server = raw_server(http(FILM))
    transmit(get(server.url, target))

    assert b"range:" not in server.seen[0].lower()
    assert FILM == target.read_bytes()


@pytest.mark.parametrize(
    "missing", [{"ETag": None}, {"ETag": 'W/"v1"'}, {"Accept_Ranges": "none"}], ids=str
)
def test_without_a_name_for_the_version_nothing_is_kept(raw_server, transmit, tmp_path, missing):
    """Bytes of two versions could be mixed otherwise."""
    headers = {"ETag": '"v1"', "Accept_Ranges": "bytes", **missing}
    first = http(FILM, **headers)[: -(len(FILM) - HALF)]

    lose_half(raw_server, transmit, tmp_path / "mia.mp4", first)

    assert [] == left_in(tmp_path)


def test_a_refusal_on_the_way_keeps_the_part(raw_server, transmit, tmp_path):
    """A link that ran out is read afresh, and its file gone on with."""
    target = tmp_path / "mia.mp4"
    lose_half(raw_server, transmit, target)

    refused = transmit(get(raw_server(http(b"expired", "403 Forbidden")).url, target))
    transmit(get(raw_server(rest()).url, target))

    assert 403 == refused.status
    assert FILM == target.read_bytes()


# httpx leaves its inner generators to trio's collector when an answer is not read to its end.
@pytest.mark.filterwarnings("ignore:Async generator 'http:ResourceWarning")
def test_a_part_that_grows_too_large_is_not_kept(raw_server, transmit, tmp_path):
    """The limit holds for the whole file, also over several tries."""
    target = tmp_path / "mia.mp4"
    lose_half(raw_server, transmit, target)

    with pytest.raises(TransportError, match="larger than 150000"):
        transmit(get(raw_server(rest()).url, target, limit_bytes=150_000))

    assert [] == left_in(tmp_path)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # of forks beside threads
def test_a_killed_process_leaves_its_part_to_the_next(tmp_path):
    """Nothing of it has to be tidied up: the lock goes with the process."""
    target = tmp_path / "mia.mp4"
    if (child := os.fork()) == 0:
        part = Part(target, "film")
        part.begin({"etag": '"v1"', "accept-ranges": "bytes", "content-length": "10"})
        part.write(b"01234")
        part._file.flush()
        os.kill(os.getpid(), 9)
    _ = os.waitpid(child, 0)

    part = Part(target, "film")

    assert {"Range": "bytes=5-", "If-Range": '"v1"'} == part.continuing()
    part.leave()


def test_two_writers_do_not_share_a_part(tmp_path):
    """The second one takes a part of its own; both end with a whole file."""
    target = tmp_path / "mia.mp4"
    first, second = Part(target, "film"), Part(target, "film")
    for part, content in ((first, b"first"), (second, b"second")):
        part.begin({})
        part.write(content)

    first.finish()
    second.finish()

    assert b"second" == target.read_bytes()
    assert ["mia.mp4"] == left_in(tmp_path)


def test_a_part_that_has_just_got_its_name_is_not_taken(tmp_path, monkeypatch):
    """Between opening and locking it, another writer may have finished."""
    target = tmp_path / "mia.mp4"
    opened = os.open

    def open_late(path, *rest):
        file = opened(path, *rest)
        path.replace(target)
        return file

    with monkeypatch.context() as late:
        late.setattr(os, "open", open_late)
        part = Part(target, "film")
    part.begin({})
    part.write(b"mine")
    part.finish()

    assert b"mine" == target.read_bytes()
    assert ["mia.mp4"] == left_in(tmp_path)


def test_a_damaged_note_is_no_note(tmp_path):
    """A part without a readable note is begun again."""
    target = tmp_path / "mia.mp4"
    part = Part(target, "film")
    part.begin({"etag": '"v1"', "accept-ranges": "bytes", "content-length": "10"})
    part.write(b"01234")
    part.leave()
    (note,) = tmp_path.glob(".*.note")
    note.write_text("{")

    again = Part(target, "film")

    assert {} == again.continuing()
    again.leave()
    assert [] == [each for each in left_in(tmp_path) if each.endswith(".part")]
