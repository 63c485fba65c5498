"""The blockade: this machine may be reached, and nothing else, by whatever means."""

from __future__ import annotations

import _socket
import asyncio
import socket
import threading
from contextlib import suppress

import pytest

from portraitkit.testing.cassettes.network import (
    NetworkBlockedError,
    NetworkGuard,
    blockaded,
    host_of,
)


@pytest.fixture
def blockade():
    with blockaded(NetworkGuard()) as held:
        yield held


@pytest.mark.parametrize("host", ["api.alltoken.ai", "203.0.113.7", "2001:db8::1", "8.8.8.8"])
def test_a_host_beyond_this_machine_is_refused(blockade, host):
    """The error names the host; the attempt is remembered."""
    with pytest.raises(NetworkBlockedError, match="tried to reach") as caught:
        socket.getaddrinfo(host, 443)

    assert host == caught.value.host
    assert [caught.value] == blockade.tried


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.8.8", "localhost", "::1", "app.localhost", "::ffff:127.0.0.1", ""]
)
def test_this_machine_may_be_reached(blockade, host):
    """Local servers of a test stay reachable."""
    blockade.check(host)

    assert [] == blockade.tried


def test_plain_sockets_are_stopped(blockade):
    """Connecting and sending by address, without a name to look up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        with pytest.raises(NetworkBlockedError):
            datagrams.sendto(b"x", ("203.0.113.7", 53))
        with pytest.raises(NetworkBlockedError):
            _socket.socket.connect(datagrams, ("203.0.113.7", 53))
    with pytest.raises(NetworkBlockedError):
        socket.gethostbyname("api.alltoken.ai")


def test_an_event_loop_is_stopped(blockade):
    """Whatever library opens the connection."""
    with pytest.raises(NetworkBlockedError):
        asyncio.run(asyncio.open_connection("api.alltoken.ai", 443))


def test_other_threads_are_stopped(blockade):
    """An application's worker is part of the test."""
    thread = threading.Thread(target=_look_up)
    thread.start()
    thread.join()

    assert ["api.alltoken.ai"] == [each.host for each in blockade.tried]


def _look_up():
    with suppress(NetworkBlockedError):
        socket.getaddrinfo("api.alltoken.ai", 443)


def test_unix_sockets_and_passive_lookups_pass(blockade, tmp_path):
    """They do not leave the machine."""
    with socket.socket(socket.AF_UNIX) as plain, pytest.raises(OSError, match="No such file"):
        plain.connect(str(tmp_path / "none"))
    socket.getaddrinfo(None, 0)

    assert [] == blockade.tried


def test_bytes_are_names_too(blockade):
    """A name may come as bytes."""
    with pytest.raises(NetworkBlockedError):
        socket.getaddrinfo(b"api.alltoken.ai", 443)


def test_exceptions_are_the_callers(blockade):
    """While recording, the vendor may be reached, by name and by what the name led to."""
    asked = []

    def allows(host):
        asked.append(host)
        return host in (None, "api.alltoken.ai")

    inner = NetworkGuard(allows)
    with blockaded(inner):
        inner.check("api.alltoken.ai")
        inner.check("203.0.113.7")
        with pytest.raises(NetworkBlockedError):
            inner.check("api.elsewhere.ai")

    assert ["api.alltoken.ai", None, "api.elsewhere.ai"] == asked


def test_it_ends(monkeypatch):
    """Afterwards names are looked up as ever."""
    with blockaded(NetworkGuard()) as held:
        pass

    with pytest.raises(Exception, match=r"socket|resolution|not known") as caught:
        socket.getaddrinfo("portraitkit.invalid", 443)
    assert not isinstance(caught.value, NetworkBlockedError)
    assert [] == held.tried


@pytest.mark.parametrize(
    ("event", "arguments", "host"),
    [
        ("socket.connect", (None, ("a.example", 443)), "a.example"),
        ("socket.connect", (None, ("2001:db8::1", 443, 0, 0)), "2001:db8::1"),
        ("socket.connect", (None, "/run/a.sock"), None),
        ("socket.connect", (None, ()), None),
        ("socket.sendto", (None, (b"a.example", 53)), "a.example"),
        ("socket.getaddrinfo", ("a.example", 443, 0, 0, 0), "a.example"),
        ("socket.getaddrinfo", (bytearray(b"a.example"), 443), "a.example"),
        ("socket.getaddrinfo", (None, 443), None),
        ("open", ("a.example", "r", 0), None),
    ],
)
def test_where_an_event_leads(event, arguments, host):
    """By name, address or path, in each form that Python reports."""
    assert host == host_of(event, arguments)
