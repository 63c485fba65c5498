"""Which proxy the environment names for an address. Requests to this machine take none."""

from __future__ import annotations

import ipaddress
import os
from typing import NamedTuple
from urllib.parse import urlsplit

from ..values.origins import is_loopback


class Proxy(NamedTuple):
    """
    A proxy, as it is named.

    Attributes:
        variable: The environment variable that names it.
        url: Its address, which may hold a password.
    """

    variable: str
    url: str

    def __repr__(self) -> str:
        return f"<Proxy of {self.variable}>"


def proxy_for(url: str) -> Proxy | None:
    """
    Find the proxy for an address: its scheme's, or ALL_PROXY, unless NO_PROXY names the host.

    NO_PROXY holds names, which stand for what is below them too, addresses and networks, of
    IPv4 or IPv6, each with or without a port; or `*`.
    """
    if is_loopback(url):
        return None
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return None
    from urllib.request import getproxies  # noqa: PLC0415  (loads another HTTP client)

    named = getproxies()
    kind = next((each for each in (parts.scheme, "all") if named.get(each)), "")
    rules = [rule.strip().lower() for rule in named.get("no", "").split(",")]
    if not kind or any(_covers(rule, host, port) for rule in rules if rule):
        return None
    variable = f"{kind}_proxy"
    # Desktops write socks:// for what is called socks5:// elsewhere.
    address = named[kind].strip().replace("socks://", "socks5://", 1)
    return Proxy(
        next((name for name in os.environ if name.lower() == variable), variable.upper()),
        address if "://" in address else f"http://{address}",
    )


def _covers(rule: str, host: str, port: int | None) -> bool:
    if rule == "*":
        return True
    rule = rule.rpartition("://")[2]
    if port is not None:
        rule = rule.removesuffix(f":{port}")
    rule = rule.removeprefix("*").lstrip(".").replace("[", "").replace("]", "")
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(rule, strict=False)
    except ValueError:
        return host == rule or host.endswith(f".{rule}")
