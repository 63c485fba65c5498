"""Broken downloads: gone on with where the server can, begun again where it can't."""

from __future__ import annotations

import gzip
import os
import secrets
from types import SimpleNamespace

import pytest

from peers import http
from portraitkit.client.client import Client
from portraitkit.engine import response_body
from portraitkit.engine.response_body import ResponseBody
from portraitkit.engine.transport import TransportError
from portraitkit.testing import VirtualTime, answer
from portraitkit.values.errors import InvalidInputError, WaitTimeoutError
from portraitkit.values.remarks import Outcome
from portraitkit.wire.partial_file import PartialFile
from portraitkit.wire.steps import Request, send

FILM = bytes(range(256)) * 1024
WHOLE = len(FILM)
HALF = 100_000
VERSION = {"ETag": '"v1"', "Accept_Ranges": "bytes"}
FIRST_HALF = http(FILM, **VERSION)[: -(len(FILM) - HALF)]


def rest(start=HALF, total=WHOLE, tag='"v1"', body=None):
    span = f"bytes {start}-{total - 1}/{total}"
    content = FILM[start:] if body is None else body
    return http(content, "206 Partial Content", Content_Range=span, ETag=tag)


@pytest.fixture
def target(tmp_path):
    return tmp_path / "mia.mp4"


@pytest.fixture
def part(target):
    made = PartialFile(target)
    yield made
    made.leave()


def get(url, part, **changes):
    return Request(method="GET", url=url, save_to=part, **changes)


def left_in(folder):
    return sorted(each.name for each in folder.iterdir())


def lose_half(raw_server, transmit, part, first=FIRST_HALF):
    """A download whose connection ends half-way."""
    with pytest.raises(TransportError):
        transmit(get(raw_server(first).url, part))


def test_a_broken_download_is_gone_on_with(raw_server, transmit, part, target, tmp_path):
    """The second try asks for the missing bytes only, of the version that the first one saw."""
    lose_half(raw_server, transmit, part)
    server = raw_server(rest())

    transmit(get(server.url, part))

    assert FILM == target.read_bytes()
    assert b"range: bytes=100000-\r\n" in server.seen[0].lower()
    assert b'if-range: "v1"\r\n' in server.seen[0].lower()
    assert ["mia.mp4"] == left_in(tmp_path)


def test_a_client_goes_on_within_one_call(raw_server, provider, part, target):
    """An attempt that breaks off costs only what had not come yet."""
    server = raw_server(FIRST_HALF, rest())
    request = get(server.url, part, repeatable=True)

    with Client(provider, clock=VirtualTime().clock) as client:
        response = client.run(send(request))

    assert FILM == target.read_bytes()
    assert ["connection ended without a whole answer"] == [a.reason for a in response.attempts]


def test_a_file_that_changed_is_taken_from_its_start(raw_server, transmit, part, target, tmp_path):
    """A server that has another version by now sends the whole, and nothing is mixed."""
    lose_half(raw_server, transmit, part)
    newer = FILM[::-1]

    transmit(get(raw_server(http(newer, ETag='"v2"', Accept_Ranges="bytes")).url, part))

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
def test_what_is_not_the_rest_is_not_appended(raw_server, transmit, part, target, tmp_path, wrong):
    """The part is forgotten then, so that the next try takes the whole."""
    lose_half(raw_server, transmit, part)

    with pytest.raises(TransportError, match="rest"):
        transmit(get(raw_server(wrong).url, part))
    server = raw_server(http(FILM))
    transmit(get(server.url, part))

    assert b"range:" not in server.seen[0].lower()
    assert FILM == target.read_bytes()


@pytest.mark.parametrize(
    "missing", [{"ETag": None}, {"ETag": 'W/"v1"'}, {"Accept_Ranges": "none"}], ids=str
)
def test_without_a_name_for_the_version_nothing_is_kept(
    raw_server, transmit, part, target, tmp_path, missing
):
    """Bytes of two versions could be mixed otherwise."""
    headers = {"ETag": '"v1"', "Accept_Ranges": "bytes", **missing}
    first = http(FILM, **headers)[: -(len(FILM) - HALF)]

    lose_half(raw_server, transmit, part, first)

    assert [] == left_in(tmp_path)


def test_a_refusal_on_the_way_keeps_the_part(raw_server, transmit, part, target, tmp_path):
    """A link that ran out is read afresh, and its file gone on with."""
    lose_half(raw_server, transmit, part)

    refused = transmit(get(raw_server(http(b"expired", "403 Forbidden")).url, part))
    transmit(get(raw_server(rest()).url, part))

    assert 403 == refused.status
    assert FILM == target.read_bytes()


# httpx leaves its inner generators to trio's collector when an answer is not read to its end.
@pytest.mark.filterwarnings("ignore:Async generator 'http:ResourceWarning")
def test_a_part_that_grows_too_large_is_not_kept(raw_server, transmit, part, target, tmp_path):
    """The limit holds for the whole file, also over several tries."""
    lose_half(raw_server, transmit, part)

    with pytest.raises(TransportError, match="larger than 150000"):
        transmit(get(raw_server(rest()).url, part, limit_bytes=150_000))

    assert [] == left_in(tmp_path)


def test_each_call_has_a_file_of_its_own(tmp_path, target):
    """Two calls for one target both end with a whole file, and the later one wins."""
    first, second = PartialFile(target), PartialFile(target)
    for part, content in ((first, b"first"), (second, b"second")):
        part.begin({})
        part.write(content)
    (seen, _) = tmp_path.glob(".*.part")

    assert 0o600 == seen.stat().st_mode & 0o777
    first.finish()
    second.finish()

    assert b"second" == target.read_bytes()
    assert ["mia.mp4"] == left_in(tmp_path)


def test_nothing_that_was_planted_is_written_through(tmp_path, target, monkeypatch):
    """A link or a part under the name of the next part is left alone, and nothing is trusted."""
    monkeypatch.setattr(secrets, "token_hex", lambda _: "guessed")
    theirs = tmp_path / "theirs"
    theirs.write_bytes(b"kept")
    (tmp_path / ".mia.mp4.guessed.part").symlink_to(theirs)

    with pytest.raises(FileExistsError):
        PartialFile(target).begin({})

    assert b"kept" == theirs.read_bytes()


@pytest.mark.parametrize("kind", ["file", "folder", "pipe", "link"])
def test_what_may_not_be_replaced_is_refused_before_anything_is_sent(
    provider, tmp_path, target, kind
):
    """A file wants overwrite=True; a folder, a device or a pipe is never replaced."""
    (tmp_path / "other").write_bytes(b"older")
    {
        "file": lambda: target.write_bytes(b"older"),
        "folder": target.mkdir,
        "pipe": lambda: os.mkfifo(target),
        "link": lambda: target.symlink_to(tmp_path / "other"),
    }[kind]()
    replaceable = kind in ("file", "link")

    with pytest.raises(InvalidInputError) as caught, Client(provider) as client:
        client.download_video("vgen_1", target, overwrite=not replaceable)

    assert ("overwrite" if replaceable else "path") == caught.value.field
    assert ("overwrite=True" in caught.value.next_step) == replaceable


# -- streams that do not end -----------------------------------------------------------------------


def test_a_file_that_trickles_is_given_up(part, monkeypatch):
    """A byte a second keeps every read alive; after a minute it is too slow to be waited for."""
    seconds = iter(range(10**6))
    monkeypatch.setattr(response_body, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    sink = ResponseBody(Request(method="GET", url="https://media.example/", save_to=part), 600)
    sink.asks()
    sink.begin(200, {})

    with pytest.raises(TransportError, match="less than 1024 bytes a second") as caught:
        for _ in range(1000):
            sink.take(b"x")
    sink.leave()

    assert (60 < next(seconds) < 200, True) == (True, caught.value.passing)
    assert [] == list(part.target.parent.iterdir())


def test_an_answer_that_trickles_is_given_up(monkeypatch):
    """What is held in memory has a limit in all, however alive the connection is."""
    seconds = iter(range(10**6))
    monkeypatch.setattr(response_body, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    sink = ResponseBody(Request(method="GET", url="https://media.example/"), 30)
    sink.begin(200, {})

    with pytest.raises(TransportError, match="answer not complete in 30 s"):
        for _ in range(1000):
            sink.take(b" ")


@pytest.mark.parametrize(
    ("start", "block"),
    [(gzip.compress(b"")[:10], b"\0\0\0\xff\xff"), (b"", gzip.compress(b""))],
    ids=["blocks", "members"],
)
def test_a_packed_answer_that_unpacks_to_nothing_ends(start, block):
    """Endless empty blocks never reach the limit of what they hold; they have one of their own."""
    sink = ResponseBody(Request(method="GET", url="https://media.example/", limit_bytes=1000), 600)
    sink.begin(200, {"Content-Encoding": "gzip"})
    sink.take(start)

    with pytest.raises(TransportError, match="answer larger than 1000 bytes"):
        for _ in range(600):
            sink.take(block * 1000)


def test_a_deadline_ends_a_download_and_keeps_the_handle(script, target):
    """The error is a wait's: what was waited for can be asked again, and nothing is left behind."""
    body = {"id": "vgen_1", "status": "completed", "video_url": "https://media.example/mia.mp4"}

    def stalls(request):
        vendor.time.sleep(request.timeout_s)
        raise TransportError(Outcome.UNKNOWN, f"answer not complete in {request.timeout_s:g} s")

    vendor = script(answer(body), stalls)

    with pytest.raises(WaitTimeoutError, match="not here after 20 s") as caught:
        vendor.run(lambda p: p.download_video("vgen_1", target, deadline_s=20))

    assert caught.value.handle.startswith("pk1:alltoken:")
    assert (20, []) == (vendor.time.monotonic() - vendor.times_s[0], list(target.parent.iterdir()))
