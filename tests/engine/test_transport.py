"""What becomes of one request on a real socket, under all three drivers, and over aiohttp."""

from __future__ import annotations

import gzip
import logging
import os
import resource
import socket
import ssl
import sys
import threading
import time
import types
import zlib
from pathlib import Path

import anyio
import httpx
import pytest
from attrs import evolve

from peers import http
from portraitkit.engine.transport import HttpxTransport, Timeouts, TransportError
from portraitkit.operations.downloading import follow
from portraitkit.providers.alltoken import AllToken
from portraitkit.values import addresses, errors
from portraitkit.values.models import VideoTask
from portraitkit.values.remarks import Outcome
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import VideoStatus
from portraitkit.wire.partial_file import PartialFile
from portraitkit.wire.steps import Auth, Budget, Request, send

# httpx leaves its own generators to the collector when a stream ends early, and trio says so.
pytestmark = pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")

KEY = "sk-not-a-real-key-0123456789"
QUICK = Timeouts(connect_s=2, read_s=0.15, write_s=0.15, pool_s=0.1, total_s=2)
FILM = bytes(range(256)) * 1024


@pytest.fixture(params=["blocking", "asyncio", "trio", "aiohttp"])
def driver(request):
    return request.param


def get(url, **options):
    return Request(method="GET", url=url, repeatable=True, **options)


def post(url, content=b'{"Name":"Mia"}'):
    return Request(method="POST", url=url, content=content)


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


# -- answers ---------------------------------------------------------------------------------------


def test_an_answer_arrives_whole(raw_server, transmit):
    """Status, lower-case headers and body come back as a value."""
    server = raw_server(http({"ok": True}, "201 Created", X_Request_Id="req-1"))

    response = transmit(get(server.url, query={"a": "1 & 2"}))

    assert (201, b'{"ok": true}') == (response.status, response.content)
    assert "req-1" == response.headers["x-request-id"]
    assert response.received_at.tzinfo is not None


def test_a_request_is_sent_as_it_is(raw_server, transmit):
    """Method, query, headers and body go out unchanged, and answers are asked for uncompressed."""
    server = raw_server(http())
    request = Request(
        method="POST",
        url=f"{server.url}/v1/portrait/",
        query={"Action": "CreateAssetGroup", "Name": "ü & é"},
        headers={"Content-Type": "application/json"},
        content=b'{"Name":"Mia"}',
    )

    transmit(request)

    head, _, body = server.seen[0].partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert head.startswith(
        b"POST /v1/portrait/?Action=CreateAssetGroup&Name=%C3%BC%20%26%20%C3%A9 HTTP/1.1"
    )
    assert {b"accept-encoding: identity", b"content-type: application/json"} <= set(lines)
    assert b'{"Name":"Mia"}' == body


def test_a_chunked_answer_has_no_length_to_compare(raw_server, transmit):
    """Bodies in pieces are put together."""
    content = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    server = raw_server(http(content, Transfer_Encoding="chunked"))

    assert b"abcde" == transmit(get(server.url)).content


def test_head_has_a_length_and_no_body(raw_server, transmit):
    """The length then tells of another answer."""
    server = raw_server(http(b"", Content_Length="1000"))

    response = transmit(Request(method="HEAD", url=server.url))

    assert (200, b"") == (response.status, response.content)


# -- no answer -------------------------------------------------------------------------------------


def reset_inside_request(server, peer):
    peer.connection.recv(1)
    peer.reset()


def reset_after_request(server, peer):
    server.seen.append(peer.read())
    peer.reset()


def closed_after_request(server, peer):
    server.seen.append(peer.read())


def reset_inside_answer(server, peer):
    server.seen.append(peer.read())
    peer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    peer.reset()


def garbage(server, peer):
    server.seen.append(peer.read())
    peer.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")


def silent(server, peer):
    server.seen.append(peer.read())
    server.release.wait(5)


def silent_inside_answer(server, peer):
    server.seen.append(peer.read())
    peer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    server.release.wait(5)


def test_a_refused_connection_was_not_sent(free_url, transmit):
    """Nobody listens: nothing left this machine."""
    with pytest.raises(TransportError) as caught:
        transmit(post(free_url))

    assert Outcome.NOT_SENT is caught.value.outcome
    assert "cannot connect: Connection refused" == caught.value.reason
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)


def test_an_unknown_host_is_told_from_a_refused_port(transmit, monkeypatch):
    """The system's own words are in the reason."""
    monkeypatch.setattr(socket, "getaddrinfo", _unknown_name)

    with pytest.raises(TransportError, match="Name or service not known") as caught:
        transmit(post("http://vendor.example/"))

    assert Outcome.NOT_SENT is caught.value.outcome
    assert isinstance(caught.value.__cause__, socket.gaierror)


def _unknown_name(*args, **options):
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_a_certificate_that_is_not_trusted_is_told(raw_server, transmit):
    """And why not, in OpenSSL's words; nothing was sent."""
    server = raw_server(_masked)

    with pytest.raises(TransportError, match="certificate is not trusted: self-signed") as caught:
        transmit(post(server.url.replace("http://", "https://")))

    assert Outcome.NOT_SENT is caught.value.outcome
    assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)


def _masked(server, peer):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).parents[1] / "data" / "another-name-test-key.pem")
    with pytest.raises(ssl.SSLError):
        context.wrap_socket(peer.connection, server_side=True)


def test_a_search_for_a_name_that_never_ends_was_not_sent(monkeypatch):
    """The system knows no limit for it, so that a blocking client sets one."""
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: release.wait(5) and [])

    with pytest.raises(TransportError, match="timeout while connecting") as caught:
        HttpxTransport(timeouts=Timeouts(connect_s=0.05)).send(post("http://vendor.example/"))
    release.set()

    assert Outcome.NOT_SENT is caught.value.outcome


def test_a_name_that_resolves_to_nothing_was_not_sent(transmit, monkeypatch):
    """A host that is not there is as good as a refused connection."""
    monkeypatch.setenv("RES_OPTIONS", "timeout:1 attempts:1")

    with pytest.raises(TransportError) as caught:
        transmit(post("unix://nowhere.invalid"))

    assert Outcome.NOT_SENT is caught.value.outcome
    assert "not an http address" == caught.value.reason


@pytest.mark.parametrize(
    "act",
    [reset_inside_request, reset_after_request, closed_after_request, reset_inside_answer, garbage],
)
def test_a_connection_that_breaks_leaves_the_outcome_unknown(raw_server, transmit, act):
    """Once bytes may have left, nobody here knows whether they were read."""
    server = raw_server(act)

    with pytest.raises(TransportError) as caught:
        transmit(post(server.url))

    assert Outcome.UNKNOWN is caught.value.outcome
    assert "connection" in caught.value.reason


@pytest.mark.parametrize("act", [silent, silent_inside_answer])
def test_a_stall_ends_by_timeout(raw_server, transmit, act):
    """A vendor that takes the request and says nothing, or stops, does not hold the caller."""
    server = raw_server(act)

    with pytest.raises(TransportError) as caught:
        transmit(post(server.url), timeouts=QUICK)

    assert (Outcome.UNKNOWN, "timeout while receiving") == (
        caught.value.outcome,
        caught.value.reason,
    )


def test_a_request_may_have_less_time_than_the_profile_gives(raw_server, transmit):
    """In a wait's last seconds, the request's own limit cuts the timeouts down."""
    server = raw_server(silent)

    with pytest.raises(TransportError, match="timeout while receiving"):
        transmit(get(server.url, timeout_s=0.1))


@pytest.mark.matrix
@pytest.mark.parametrize("injected", [False, True], ids=["own", "injected"])
@pytest.mark.parametrize(
    ("start", "again"),
    [
        (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n", b"a"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"a"),
    ],
    ids=["102", "100", "103", "header", "body", "chunk"],
)
def test_an_answer_that_goes_on_and_on_ends(raw_server, transmit, driver, injected, start, again):
    """Each byte resets the read timeout, so that the whole has a limit as well."""

    def act(server, peer):
        server.seen.append(peer.read())
        peer.write(start)
        while not server.release.wait(0.02):
            peer.write(again)

    server = raw_server(act)
    kind = httpx.Client if driver == "blocking" else httpx.AsyncClient
    client = kind() if injected else None
    with pytest.raises(TransportError, match=r"answer not complete in 0\.2 s|timeout") as caught:
        transmit(post(server.url), client=client, timeouts=Timeouts(total_s=0.2))
    if client:
        _close(client)

    assert Outcome.UNKNOWN is caught.value.outcome


def test_a_file_that_has_begun_has_all_its_time(raw_server, transmit, tmp_path):
    """A large film takes long: the limit for answers in memory is not for it."""

    def act(server, peer):
        server.seen.append(peer.read())
        peer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 262144\r\n\r\n")
        for start in range(0, len(FILM), 65536):
            peer.write(FILM[start : start + 65536])
            server.release.wait(0.08)

    server = raw_server(act)

    part = PartialFile(tmp_path / "mia.mp4")
    transmit(get(server.url, save_to=part), timeouts=Timeouts(total_s=0.2))

    assert FILM == (tmp_path / "mia.mp4").read_bytes()


# -- sizes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("announced", [True, False])
def test_an_answer_larger_than_allowed_is_refused(raw_server, transmit, announced):
    """Nothing fills the memory, whether the size was announced or not."""
    body = b"x" * 5000
    chunked = b"1388\r\n" + body + b"\r\n0\r\n\r\n"
    act = http(body) if announced else http(chunked, Transfer_Encoding="chunked")
    server = raw_server(act)

    with pytest.raises(TransportError, match="answer larger than 4999 bytes") as caught:
        transmit(get(server.url, limit_bytes=4999))

    assert Outcome.UNKNOWN is caught.value.outcome


def test_an_answer_as_large_as_allowed_is_taken(raw_server, transmit):
    """The limit itself is inside."""
    server = raw_server(http(b"x" * 5000))

    assert 5000 == len(transmit(get(server.url, limit_bytes=5000)).content)


@pytest.mark.parametrize("label", ["gzip", "GZIP", "x-gzip", " gzip "])
def test_gzip_is_unpacked(raw_server, transmit, label):
    """A gateway that compresses unasked is understood."""
    server = raw_server(http(gzip.compress(b'{"ok": true}'), Content_Encoding=label))

    assert b'{"ok": true}' == transmit(get(server.url)).content


def test_gzip_in_small_pieces_is_unpacked(raw_server, transmit):
    """However the pieces fall, even one byte first."""

    def act(server, peer):
        server.seen.append(peer.read())
        peer.write(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"
            b"Connection: close\r\n\r\n"
        )
        for byte in gzip.compress(b'{"ok": true}'):
            peer.write(b"1\r\n" + bytes([byte]) + b"\r\n")
            server.release.wait(0.002)
        peer.write(b"0\r\n\r\n")

    server = raw_server(act)

    assert b'{"ok": true}' == transmit(get(server.url)).content


@pytest.mark.parametrize("label", ["gzip", "deflate", "br"])
@pytest.mark.parametrize("body", [b'{"ok": true}', b"7", b""])
def test_a_plain_body_with_another_label_is_plain(raw_server, transmit, body, label):
    """APIYI labels plain answers as gzip: the bytes decide."""
    server = raw_server(http(body, Content_Encoding=label))

    assert body == transmit(get(server.url)).content


@pytest.mark.parametrize("wbits", [15, -15], ids=["zlib", "raw"])
def test_deflate_is_unpacked(raw_server, transmit, wbits):
    """In both forms that go by this name."""
    packer = zlib.compressobj(wbits=wbits)
    content = packer.compress(b'{"ok": true}') + packer.flush()
    server = raw_server(http(content, Content_Encoding="deflate"))

    assert b'{"ok": true}' == transmit(get(server.url)).content


@pytest.mark.parametrize("label", ["br", "zstd", "gzip, br", "made-up"])
def test_an_answer_that_cannot_be_unpacked_says_so(raw_server, transmit, label):
    """It is named, and not read as if it were plain."""
    server = raw_server(http(b"\x8b\x05\x80{}\x03", Content_Encoding=label))

    with pytest.raises(TransportError, match=f"packed as '{label}'") as caught:
        transmit(get(server.url))

    assert (Outcome.UNKNOWN, False) == (caught.value.outcome, caught.value.passing)


@pytest.mark.parametrize(
    "content",
    [gzip.compress(b"{}" * 50)[:10] + b"\xff" * 40, gzip.compress(b"{}" * 50)[:-9]],
    ids=["garbled", "cut"],
)
def test_damaged_gzip_is_no_answer(raw_server, transmit, content):
    """What cannot be unpacked to its end was not received."""
    server = raw_server(http(content, Content_Encoding="gzip"))

    with pytest.raises(TransportError, match="damaged gzip") as caught:
        transmit(get(server.url))

    assert Outcome.UNKNOWN is caught.value.outcome


@pytest.mark.parametrize(("label", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_bomb_is_refused(raw_server, transmit, label, pack):
    """The limit is on what it unpacks to, and no more than that is ever unpacked."""
    server = raw_server(http(pack(bytes(50_000_000)), Content_Encoding=label))

    with pytest.raises(TransportError, match="answer larger than 100000 bytes"):
        transmit(get(server.url, limit_bytes=100_000))


# -- redirects and credentials ---------------------------------------------------------------------


def test_a_redirect_is_not_followed_with_credentials(raw_server, play):
    """The API's redirect is an error; the key is never shown to where it points."""
    elsewhere = raw_server(http({"Result": {}}))
    server = raw_server(http(b"", "307 Moved", Location=f"{elsewhere.url}/v1"))
    provider = AllToken(api_key=Secret(KEY), base_url=server.url)

    with pytest.raises(errors.UnexpectedResponseError, match="redirects"):
        play(provider, lambda p: p.get_group("group-20260318035710-abcde"))

    assert [] == elsewhere.seen
    assert f"bearer {KEY}".encode() in server.seen[0].replace(b"Bearer", b"bearer")


def test_even_a_client_that_follows_redirects_does_not_here(raw_server, transmit, driver):
    """An injected client's own setting cannot carry a credential away."""
    elsewhere = raw_server(http())
    server = raw_server(http(b"", "302 Found", Location=elsewhere.url))
    kind = httpx.Client if driver == "blocking" else httpx.AsyncClient
    client = kind(follow_redirects=True)

    response = transmit(post(server.url), client=client)
    _close(client)

    assert (302, []) == (response.status, elsewhere.seen)


@pytest.mark.parametrize("auth", [Auth.NONE, Auth.BEARER])
def test_a_redirect_is_followed_without_credentials(raw_server, play, auth):
    """A media link may move, on this machine or over https, and nothing secret goes along."""
    last = raw_server(http(b"film"))
    first = raw_server(http(b"", "302 Found", Location=f"{last.url}/film.mp4"))
    provider = AllToken(api_key=Secret(KEY), base_url=first.url)
    request = get(f"{first.url}/film?sig=1", auth=auth)

    response = play(provider, lambda _: follow(request))

    assert b"film" == response.content
    assert (auth is Auth.BEARER) == (b"authorization" in first.seen[0].lower())
    assert b"authorization" not in last.seen[0].lower()
    assert b"sig=1" not in last.seen[0]


# -- addresses -------------------------------------------------------------------------------------


def leads_to(monkeypatch, *addresses):
    """Let every name lead to these addresses, and keep which were asked for."""
    asked, truly = [], socket.getaddrinfo

    def look_up(host, port, *args, **options):
        asked.append(host)
        if host in addresses:
            return truly(host, port, *args, **options)
        kinds = [socket.AF_INET6 if ":" in each else socket.AF_INET for each in addresses]
        pairs = zip(kinds, addresses, strict=True)
        return [(kind, socket.SOCK_STREAM, 6, "", (each, port)) for kind, each in pairs]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.mark.parametrize("other", ["10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("is_open", [True, False])
def test_a_name_that_leads_to_a_private_address_is_not_connected_to(
    raw_server, free_url, transmit, monkeypatch, other, is_open
):
    """One such address among public ones is enough; nothing tells whether anybody listens."""
    server = raw_server(http(b"a secret of this network"))
    port = (server.url if is_open else free_url).rpartition(":")[2]
    _ = leads_to(monkeypatch, "127.0.0.1" if is_open else "8.8.8.8", other)

    with pytest.raises(errors.MediaError, match="not on the public internet") as caught:
        transmit(get(f"http://media.example:{port}/mia.mp4", public_only=True))

    assert ("source", []) == (caught.value.field, server.seen)


def test_what_is_connected_to_is_what_was_checked(raw_server, transmit, monkeypatch):
    """The name is looked up once, each of its addresses is tried, and the host is told the name."""
    server = raw_server(http(b"film"))
    asked = leads_to(monkeypatch, "::1", "127.0.0.1")
    monkeypatch.setattr(addresses, "is_public", lambda address: True)
    port = server.url.rpartition(":")[2]

    response = transmit(get(f"http://media.example:{port}/mia.mp4", public_only=True))

    assert (b"film", 1) == (response.content, asked.count("media.example"))
    assert f"host: media.example:{port}".encode() in server.seen[0].lower()


def test_a_name_that_leads_nowhere_was_not_asked(transmit, monkeypatch):
    """Nothing was sent, and the system says why."""

    def look_up(*args, **options):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)

    with pytest.raises(TransportError, match="cannot connect: Name or service") as caught:
        transmit(get("https://media.example/mia.mp4", public_only=True))

    assert Outcome.NOT_SENT is caught.value.outcome


def test_a_proxy_looks_the_name_up(raw_server, transmit, monkeypatch):
    """It may be on this machine; what it connects to is its own affair."""
    proxy = raw_server(http(b"film"))
    monkeypatch.setenv("HTTP_PROXY", proxy.url)

    response = transmit(get("http://media.example/mia.mp4", public_only=True))

    assert b"film" == response.content
    assert proxy.seen[0].startswith(b"GET http://media.example/mia.mp4 ")


# -- downloads -------------------------------------------------------------------------------------


def test_a_download_is_streamed_and_renamed_at_its_end(raw_server, transmit, tmp_path):
    """Under its own name the file is never seen half written."""
    seen = []

    def act(server, peer):
        server.seen.append(peer.read())
        peer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 262144\r\n\r\n" + FILM[:100_000])
        server.release.wait(0.05)
        seen.extend(left_in(tmp_path))
        peer.write(FILM[100_000:])

    server = raw_server(act)
    target = tmp_path / "mia.mp4"

    response = transmit(get(server.url, save_to=PartialFile(target)))

    assert FILM == target.read_bytes()
    assert (b"", 200) == (response.content, response.status)
    assert ["mia.mp4"] == left_in(tmp_path)
    assert 1 == len(seen)
    assert seen[0].startswith(".mia.mp4.")
    assert seen[0].endswith(".part")


def test_a_download_replaces_an_older_file(raw_server, transmit, tmp_path):
    """Asked for again, the new file takes the old one's place in one step."""
    target = tmp_path / "mia.mp4"
    target.write_bytes(b"older")
    server = raw_server(http(FILM))

    transmit(get(server.url, save_to=PartialFile(target)))

    assert FILM == target.read_bytes()


def test_a_download_can_be_read_by_whom_other_files_can(raw_server, transmit, tmp_path):
    """The file's rights are those of any file that this process writes."""
    (tmp_path / "plain").write_bytes(b"")
    server = raw_server(http(FILM))

    transmit(get(server.url, save_to=PartialFile(tmp_path / "mia.mp4")))

    expected = (tmp_path / "plain").stat().st_mode
    assert expected == (tmp_path / "mia.mp4").stat().st_mode


@pytest.mark.parametrize("act", [reset_inside_answer, silent_inside_answer])
def test_a_broken_download_leaves_nothing_behind(raw_server, transmit, tmp_path, act):
    """Neither a part nor a short file: an older one stays as it was."""
    (tmp_path / "mia.mp4").write_bytes(b"older")
    server = raw_server(act)

    with pytest.raises(TransportError):
        transmit(get(server.url, save_to=PartialFile(tmp_path / "mia.mp4")), timeouts=QUICK)

    assert ["mia.mp4"] == left_in(tmp_path)
    assert b"older" == (tmp_path / "mia.mp4").read_bytes()


def test_a_download_larger_than_allowed_leaves_nothing_behind(raw_server, transmit, tmp_path):
    """The limit holds on disk as in memory."""
    server = raw_server(http(FILM))

    with pytest.raises(TransportError, match="larger"):
        transmit(get(server.url, save_to=PartialFile(tmp_path / "mia.mp4"), limit_bytes=1000))

    assert [] == left_in(tmp_path)


def test_a_refused_download_writes_no_file(raw_server, transmit, tmp_path):
    """An error page is an answer, not a film."""
    server = raw_server(http(b"<Error>expired</Error>", "403 Forbidden"))

    response = transmit(get(server.url, save_to=PartialFile(tmp_path / "mia.mp4")))

    assert (403, b"<Error>expired</Error>") == (response.status, response.content)
    assert [] == left_in(tmp_path)


def clip(start: bytes) -> bool:
    return start[4:8] == b"ftyp"


MP4 = b"\0\0\0\x18ftypmp42" + bytes(200)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (http(b"<html>sorry", Content_Type="text/html; charset=utf-8"), "in place of the file"),
        (http(b"<?xml version='1.0'?><Error/>"), "in place of the file"),
        (http(b'{"error": "expired"}', Content_Type="video/mp4"), "in place of the file"),
        (http(MP4, Content_Encoding="br"), "packed as 'br', which was not asked for"),
        (http(MP4, Content_Encoding="zstd"), "packed as 'zstd', which was not"),
        (http(gzip.compress(MP4) * 2, Content_Encoding="gzip"), "damaged gzip"),
        (http(b"", Content_Type="video/mp4"), "the file came empty"),
    ],
)
def test_what_is_no_file_is_not_saved(raw_server, transmit, tmp_path, act, said):
    """A gateway's page, packed bytes or nothing at all, with HTTP 200, is not taken for a film."""
    server = raw_server(act)

    with pytest.raises(TransportError, match=said):
        transmit(get(server.url, save_to=PartialFile(tmp_path / "mia.mp4", accepts=clip)))

    assert [] == left_in(tmp_path)


def test_a_missing_folder_is_the_callers_mistake(raw_server, transmit, tmp_path):
    """The error names the folder and what to do."""
    server = raw_server(http(FILM))

    with pytest.raises(errors.InvalidInputError, match="cannot write to") as caught:
        transmit(get(server.url, save_to=PartialFile(tmp_path / "nowhere" / "mia.mp4")))

    assert "path" == caught.value.field


def test_a_folder_in_the_files_place_is_the_callers_mistake(raw_server, transmit, tmp_path):
    """A target that cannot be replaced is said to be so, and nothing is left behind."""
    (tmp_path / "mia.mp4").mkdir()
    server = raw_server(http(FILM))

    with pytest.raises(errors.InvalidInputError, match=r"mia\.mp4") as caught:
        transmit(get(server.url, save_to=PartialFile(tmp_path / "mia.mp4")))

    assert "path" == caught.value.field
    assert ["mia.mp4"] == left_in(tmp_path)


def test_a_folder_that_appears_meanwhile_is_told_too(raw_server, transmit, tmp_path, monkeypatch):
    """The last step may fail where the first could not know it."""
    server = raw_server(http(FILM))
    target = tmp_path / "mia.mp4"
    monkeypatch.setattr(os, "fsync", lambda handle: target.mkdir())

    with pytest.raises(errors.InvalidInputError, match=r"mia\.mp4"):
        transmit(get(server.url, save_to=PartialFile(target)))

    assert ["mia.mp4"] == left_in(tmp_path)


def test_a_full_disk_is_told_and_leaves_nothing_behind(raw_server, transmit, tmp_path, monkeypatch):
    """An error of the file system leaves as one of the library's."""

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    server = raw_server(http(FILM))

    with pytest.raises(errors.InvalidInputError, match="No space left on device"):
        transmit(get(server.url, save_to=PartialFile(tmp_path / "mia.mp4")))

    assert [] == left_in(tmp_path)


def test_a_disk_that_fills_up_on_the_way_is_told_too(raw_server, transmit, tmp_path):
    """Not only the end of a download can fail."""
    most = resource.getrlimit(resource.RLIMIT_FSIZE)
    server = raw_server(http(FILM))

    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, most[1]))
    try:
        with pytest.raises(errors.InvalidInputError, match="File too large"):
            transmit(get(server.url, save_to=PartialFile(tmp_path / "mia.mp4")))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, most)

    assert [] == left_in(tmp_path)


def test_a_finished_video_is_downloaded_without_credentials(raw_server, play, tmp_path):
    """The whole operation over a socket: the link's host sees no key."""
    server = raw_server(http(MP4))
    provider = AllToken(api_key=Secret(KEY), base_url="http://127.0.0.1:8360")
    task = VideoTask(
        provider="alltoken",
        account=provider.account,
        id="vgen_1",
        status=VideoStatus.SUCCEEDED,
        video_link=Secret(f"{server.url}/mia.mp4?X-Tos-Signature=abc"),
    )

    path = play(provider, lambda p: p.download_video(task, str(tmp_path / "mia.mp4")))

    assert tmp_path / "mia.mp4" == path
    assert MP4 == path.read_bytes()
    assert b"authorization" not in server.seen[0].lower()


# -- clients of one's own --------------------------------------------------------------------------


def _close(client):
    if isinstance(client, httpx.Client):
        client.close()
    else:
        anyio.run(client.aclose)


def test_an_injected_client_is_used_and_not_closed(raw_server, transmit, driver):
    """Its settings apply, and it stays open for its owner."""
    server = raw_server(http(), http())
    kind = httpx.Client if driver == "blocking" else httpx.AsyncClient
    client = kind(headers={"X-Mine": "yes"})

    transmit(get(server.url), client=client)

    assert not client.is_closed
    assert b"x-mine: yes" in server.seen[0].lower()
    _close(client)


@pytest.mark.parametrize("kind", ["httpx", "fork", "unknown"])
def test_a_client_of_a_fork_is_understood(transmit, driver, monkeypatch, kind):
    """A library that looks like httpx has its own errors; they mean the same."""
    module = types.ModuleType("httpy")
    error = type("HTTPError", (Exception,), {"__module__": "httpy.core"})
    names = (
        "ConnectError",
        "ConnectTimeout",
        "PoolTimeout",
        "UnsupportedProtocol",
        "ProxyError",
        "ReadError",
    )
    for name in names:
        setattr(module, name, type(name, (error,), {}))
    module.HTTPError = error
    monkeypatch.setitem(sys.modules, "httpy", module)
    library = module if kind == "fork" else httpx

    def fail(*args, **options):
        raise library.ConnectError("no route")

    homes = {"httpx": "httpx._client", "fork": "httpy.client", "unknown": "nowhere"}
    client = type("Client", (), {"__module__": homes[kind], "stream": fail})()

    with pytest.raises(TransportError) as caught:
        transmit(get("http://127.0.0.1:1"), client=client)

    assert (Outcome.NOT_SENT, "cannot connect") == (caught.value.outcome, caught.value.reason)


@pytest.mark.parametrize(
    ("name", "outcome", "reason"),
    [
        ("ConnectTimeout", Outcome.NOT_SENT, "timeout while connecting"),
        ("PoolTimeout", Outcome.NOT_SENT, "timeout while waiting for a free connection"),
        ("ProxyError", Outcome.NOT_SENT, "the proxy refused"),
        ("LocalProtocolError", Outcome.UNKNOWN, "the request cannot be put on the wire"),
        ("WriteError", Outcome.UNKNOWN, "connection lost while sending"),
        ("WriteTimeout", Outcome.UNKNOWN, "timeout while sending"),
        ("DecodingError", Outcome.UNKNOWN, "connection failed"),
    ],
)
def test_every_fault_of_the_library_has_an_outcome(transmit, driver, name, outcome, reason):
    """Only what certainly happened before the first byte counts as not sent."""

    def fail(request):
        raise getattr(httpx, name)("never shown")

    with pytest.raises(TransportError) as caught:
        _through(fail, transmit, driver, get("https://vendor.example/"))

    assert (outcome, reason) == (caught.value.outcome, caught.value.reason)


def _through(handler, transmit, driver, request):
    kind = httpx.Client if driver == "blocking" else httpx.AsyncClient
    client = kind(transport=httpx.MockTransport(handler))
    try:
        return transmit(request, client=client)
    finally:
        _close(client)


def test_a_body_shorter_than_announced_is_cut(transmit, driver):
    """Even where the HTTP library does not count, an answer has to have its length."""

    def cut(request):
        return httpx.Response(200, headers={"content-length": "100"}, stream=_Pieces([b"{", b"}"]))

    with pytest.raises(TransportError, match="answer cut at 2 of 100 bytes") as caught:
        _through(cut, transmit, driver, get("https://vendor.example/"))

    assert Outcome.UNKNOWN is caught.value.outcome


class _Pieces(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self, pieces):
        self._pieces = pieces

    def __iter__(self):
        return iter(self._pieces)

    async def __aiter__(self):
        for piece in self._pieces:
            yield piece


@pytest.mark.parametrize(
    "url", ["https://", "https://vendor.example:port/", "https://[::/", "ftp://vendor.example"]
)
def test_an_impossible_address_was_not_sent(transmit, url):
    """Whatever a vendor calls a link, no foreign exception comes out."""
    with pytest.raises(TransportError) as caught:
        transmit(get(url))

    assert Outcome.NOT_SENT is caught.value.outcome


@pytest.mark.parametrize(
    ("value", "outcome"),
    [("Bearer a\r\nX-Evil: 1", Outcome.UNKNOWN), ("Bearer ключ", Outcome.NOT_SENT)],
)
def test_a_header_that_cannot_be_sent_stops_here(raw_server, transmit, value, outcome):
    """A line break or a letter outside ASCII in a header is told without showing it."""
    server = raw_server(http())

    request = get(server.url, headers={"Authorization": value})
    with pytest.raises(TransportError, match="cannot be put on the wire") as caught:
        transmit(request)

    assert outcome is caught.value.outcome
    assert [] == server.seen


def test_no_cookie_is_kept(raw_server, transmit):
    """A vendor's cookie comes back to no host: each request is what its flow made it."""
    server = raw_server(http(b"", Set_Cookie="session=abc; Path=/"), http())
    transport = HttpxTransport()

    transport.send(get(server.url))
    transport.send(get(server.url))
    transport.close()

    assert b"session=abc" not in server.seen[1]


def test_nothing_signed_is_logged(raw_server, transmit, caplog):
    """At INFO the HTTP library logs whole addresses; a signed link's query is masked there."""
    caplog.set_level("INFO")
    server = raw_server(http(FILM))

    transmit(get(f"{server.url}/mia.mp4?X-Tos-Signature=abc"))

    assert f'GET {server.url}/mia.mp4?<secret> "HTTP/1.1 200 OK"' in caplog.text
    assert "X-Tos-Signature" not in caplog.text


def test_what_lies_below_logs_no_headers(raw_server, transmit, caplog, driver):
    """At DEBUG the lower layers log headers and faults; of ours only the event is left."""
    caplog.set_level("DEBUG")
    link = "https://media.example/mia.mp4?X-Tos-Signature=abc"
    server = raw_server(http(b"", "302 Found", Location=link), reset_inside_answer)

    transmit(get(server.url, headers={"Authorization": f"Bearer {KEY}"}))
    with pytest.raises(TransportError):
        transmit(get(f"{server.url}/?X-Tos-Signature=abc"))

    assert driver == "aiohttp" or "receive_response_headers.complete" in caplog.text
    assert not [secret for secret in (KEY, "X-Tos", link) if secret in caplog.text]


def test_what_others_log_is_left_alone(raw_server, caplog):
    """The mask is for our own requests: an application's use of httpx is its own affair."""
    caplog.set_level("DEBUG")
    server = raw_server(http(X_Mine="yes"))
    HttpxTransport().close()

    with httpx.Client() as client:
        client.get(f"{server.url}/?page=2")
    logging.getLogger("hpack.hpack").debug("theirs")

    assert f"{server.url}/?page=2" in caplog.text
    assert "X-Mine" in caplog.text
    assert "theirs" in caplog.text


# -- through the driver ----------------------------------------------------------------------------


def test_a_read_survives_a_broken_connection(raw_server, play):
    """The driver tries again on a new connection, and the answer tells of it."""
    body = {"Result": {"Id": "group-20260318035710-abcde", "Name": "Mia"}}
    server = raw_server(reset_after_request, closed_after_request, http(body))
    provider = AllToken(api_key=Secret(KEY), base_url=server.url)

    group = play(provider, lambda p: p.get_group("group-20260318035710-abcde"))

    assert "Mia" == group.name
    assert 3 == len(server.seen)


@pytest.mark.parametrize("act", [reset_after_request, silent, reset_inside_answer])
def test_a_create_is_put_on_the_wire_once(raw_server, play, act):
    """A second server act would be a second charge."""
    server = raw_server(act, http({"Result": {"Id": "group-20260318035710-abcde"}}))
    provider = AllToken(api_key=Secret(KEY), base_url=server.url)

    with pytest.raises(errors.OutcomeUnknownError) as caught:
        play(provider, lambda p: p.create_group("Mia"), timeouts=QUICK)

    assert 1 == len(server.seen)
    assert KEY not in str(caught.value) + repr(vars(caught.value))


def on_and_on(start, again):
    """Answer as fast as it is read, without an end."""

    def act(server, peer):
        server.seen.append(peer.read())
        peer.write(start)
        while not server.release.is_set():
            peer.write(again)

    return act


def bad_length(server, peer):
    server.seen.append(peer.read())
    peer.write(http({"Result": {"Id": "group-1"}}, Content_Length="9000"))


def dripping(server, peer):
    server.seen.append(peer.read())
    peer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n")
    while not server.release.wait(0.05):
        peer.write(b"{")


def closed_between(server, peer):
    """Keep the connection after the first answer, and close it inside of the second request."""
    for _ in range(2):
        server.seen.append(peer.read())
        if len(server.seen) == 1:
            body = b'{"Result": {"Id": "group-20260318035710-abcde"}}'
            peer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


HOSTILE = {
    "1xx for ever": on_and_on(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100),
    "headers for ever": on_and_on(b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"a" * 900 + b"\r\n"),
    "one huge header": on_and_on(b"HTTP/1.1 200 OK\r\nX-More: ", b"a" * 9000),
    "chunks for ever": on_and_on(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"400\r\n" + b" " * 1024 + b"\r\n"
    ),
    "trailers for ever": on_and_on(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X-More: a\r\n"
    ),
    "a body for ever": on_and_on(b"HTTP/1.1 200 OK\r\n\r\n", b" " * 9000),
    "a byte now and then": dripping,
    "a length that is too long": bad_length,
    "a length that is no number": http({}, Content_Length="-1"),
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a bomb": http(gzip.compress(bytes(20_000_000)), Content_Encoding="gzip"),
    "redirects": http({}, "307 Temporary Redirect", Location="/again"),
}


@pytest.mark.parametrize("act", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_server_gets_one_create_and_holds_nobody(raw_server, play, act):
    """The error is of the tree, in the time that there is, and says that it may have been made."""
    server = raw_server(act, http({"Result": {"Id": "group-20260318035710-abcde"}}))
    provider = AllToken(api_key=Secret(KEY), base_url=server.url)
    started_s = time.monotonic()

    with pytest.raises(errors.OutcomeUnknownError):
        play(provider, lambda p: p.create_group("Mia"), timeouts=evolve(QUICK, total_s=0.5))

    assert 20 > time.monotonic() - started_s  # on however busy a machine
    assert 1 == len(server.seen)


@pytest.mark.parametrize("act", [dripping, HOSTILE["1xx for ever"], HOSTILE["headers for ever"]])
def test_a_waits_deadline_holds_against_a_hostile_server(raw_server, play, act):
    """Though one request would have ten minutes."""
    server = raw_server(act, act, act)
    provider = AllToken(api_key=Secret(KEY), base_url=server.url)
    started_s = time.monotonic()

    with pytest.raises(errors.WaitTimeoutError):
        play(provider, lambda p: p.wait_for_video("vgen_1", deadline_s=0.5))

    assert 20 > time.monotonic() - started_s  # on however busy a machine


def test_a_connection_that_closes_under_a_create_is_no_reason_to_repeat_it(raw_server, play):
    """The kept connection ended after the request: it may have been carried out."""
    server = raw_server(closed_between, http({"Result": {"Id": "group-20260318035710-abcde"}}))
    provider = AllToken(api_key=Secret(KEY), base_url=server.url)

    def two(provider):
        yield from provider.create_group("Mia")
        yield from provider.create_group("Leo")

    with pytest.raises(errors.OutcomeUnknownError):
        play(provider, two)

    assert 2 == len(server.seen)


def test_an_answer_that_is_too_large_is_not_asked_for_again(raw_server, play):
    """It would be as large again: a read is unreadable, and a create of unknown outcome."""
    server = raw_server(http(FILM), http(FILM), http())
    request = get(server.url, limit_bytes=1000)

    for repeatable, error in (
        (True, errors.UnexpectedResponseError),
        (False, errors.OutcomeUnknownError),
    ):
        asked = evolve(request, repeatable=repeatable)
        with pytest.raises(error, match="answer larger than 1000 bytes") as caught:
            play(AllToken(api_key=Secret(KEY)), lambda _, asked=asked: send(asked))
        assert 1 == len(caught.value.attempts)

    assert 2 == len(server.seen)


def test_a_create_waits_for_a_vendor_to_come_up(free_url, play):
    """Not sent is safe to repeat, and in the end a plain connection failure."""
    provider = AllToken(api_key=Secret(KEY), base_url=free_url)

    with pytest.raises(errors.ConnectionFailedError) as caught:
        play(provider, lambda p: p.create_group("Mia"), budget=Budget(attempts=3))

    assert 3 == len(caught.value.attempts)
    assert all(each.outcome is Outcome.NOT_SENT for each in caught.value.attempts)
    assert free_url in str(caught.value)


def test_a_flows_own_request_is_sent_the_same_way(raw_server, play):
    """`client.run` takes any flow: here a single authorised request."""
    server = raw_server(http({"ok": True}))
    provider = AllToken(api_key=Secret(KEY), base_url=server.url)
    request = get(f"{server.url}/v1/models", auth=Auth.BEARER)

    assert 200 == play(provider, lambda _: send(request)).status
    assert f"Authorization: Bearer {KEY}".encode() in server.seen[0]
