"""What the environment says of proxies and certificates, and what nobody needs of it."""

from __future__ import annotations

import pytest

from peers import http
from portraitkit.engine.connections import Clients, taped
from portraitkit.engine.plain_clients import PlainClient
from portraitkit.engine.proxies import proxy_for
from portraitkit.engine.transport import HttpxTransport
from portraitkit.values.errors import ConfigError
from portraitkit.wire.steps import Request

PROXY = "http://user:word@127.0.0.1:7890"


@pytest.mark.parametrize(
    ("url", "no_proxy", "is_direct"),
    [
        ("https://api.vendor.example", "", False),
        ("https://api.vendor.example", "vendor.example", True),
        ("https://api.vendor.example", ".vendor.example", True),
        ("https://api.vendor.example", "*.vendor.example", True),
        ("https://api.vendor.example", "endor.example", False),
        ("https://api.vendor.example", "*", True),
        ("https://api.vendor.example:8443", "api.vendor.example:8443", True),
        ("https://api.vendor.example:8443", "api.vendor.example:443", False),
        ("https://10.1.2.3", "10.0.0.0/8", True),
        ("https://[fd00::1]", "::1, [fd00::1]", True),
        ("https://[fd00::1]", "fd00::/8", True),
        ("https://[fd00::1]:8443", "[fd00::1]:8443", True),
        ("https://api.vendor.example", "::1,[::1],::1/128,fe80::/10,,%", False),
        ("https://[half", "", True),
    ],
)
def test_no_proxy_is_read_in_all_its_forms(monkeypatch, url, no_proxy, is_direct):
    """Names, addresses and networks, IPv6 with brackets and without; none of them is an error."""
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", no_proxy)

    assert is_direct is (proxy_for(url) is None)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2:80", "localhost", "[::1]:8360"])
def test_requests_to_this_machine_take_no_proxy(monkeypatch, host):
    """A simulator's requests, keys and all, are nobody else's."""
    monkeypatch.setenv("HTTP_PROXY", PROXY)
    monkeypatch.setenv("ALL_PROXY", PROXY)

    assert proxy_for(f"http://{host}") is None
    assert (PROXY, "HTTP_PROXY") == (proxy_for("http://a.example").url, "HTTP_PROXY")


def test_a_proxy_is_asked_and_not_shown(monkeypatch, raw_server, transmit):
    """A request goes through it; its password is in no text."""
    server = raw_server(http({"ok": True}))
    monkeypatch.setenv("HTTP_PROXY", server.url.replace("//", "//user:word@"))

    _ = transmit(Request(method="GET", url="http://vendor.example/v1"))

    assert server.seen[0].startswith(b"GET http://vendor.example/v1 HTTP/1.1")
    assert "<Proxy of HTTP_PROXY>" == repr(proxy_for("http://vendor.example/v1"))


@pytest.mark.parametrize("is_offline", [False, True])
def test_a_recording_goes_through_the_proxy_and_a_replay_does_not(monkeypatch, is_offline):
    """Who records behind a proxy has no other way out."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:8080")
    routes = []
    clients = Clients(lambda route: routes.append(route) or object(), None)
    with taped(offline=is_offline):
        _ = clients.several("https://vendor.example", clients).lend()

    assert is_offline is (routes[0].proxy is None)
    assert (is_offline, "") == (routes[0].is_offline, routes[0].place)


BAD = {
    "ALL_PROXY": ["socks5://127.0.0.1:1080", "socks://127.0.0.1:7890/", "htp://a", "http://[half"],
    "HTTPS_PROXY": ["http://a.example:port", "gopher://a:1"],
    "SSL_CERT_FILE": ["/nowhere/ca.pem", __file__],
    "SSL_CERT_DIR": ["/nowhere", __file__],
}


@pytest.mark.parametrize(
    ("variable", "value"), [(name, value) for name, values in BAD.items() for value in values]
)
def test_what_cannot_be_used_is_named_when_it_is_needed(
    monkeypatch, raw_server, transmit, variable, value
):
    """Nothing is sent past it; who stays on this machine, or replays, does not mind."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, value)
    server = raw_server(http({"ok": True}))

    with pytest.raises(ConfigError) as caught:
        transmit(Request(method="POST", url="https://vendor.example/v1"))
    assert 200 == transmit(Request(method="GET", url=server.url)).status
    with taped(offline=True):
        made = HttpxTransport()._clients.several("https://vendor.example", transmit).lend().client

    assert variable == caught.value.field
    assert variable in str(caught.value)
    assert value not in str(caught.value)
    assert isinstance(made, PlainClient)
