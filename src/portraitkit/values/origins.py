"""Base URLs: an origin, and nothing that a credential could leak to or through."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Final
from urllib.parse import SplitResult, urlsplit

from .errors import ConfigError

ORIGIN_KEYS: Final = frozenset({"base_url", "assets_url", "video_url"})
"""The configuration keys that hold one."""
_HOST: Final = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\]")
_PORTS: Final = {"http": 80, "https": 443}


def check_origin(url: str, *, field: str) -> str:
    """
    Read a base URL: scheme, host and port alone. The library adds the paths.

    Returns:
        The origin in lower case, without a usual port and without a slash at its end.

    Raises:
        ConfigError: It is no origin, or plain http to another machine.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host = f"[{ipaddress.IPv6Address(host)}]" if ":" in host else host
        problem = _problem(parts, host)
    except ValueError:
        parts, host, port, problem = urlsplit(""), "", None, "is not a URL"
    if problem or port == 0 or re.search(r"\s", url):
        raise ConfigError(
            f"{field} {problem or 'is not a URL'}",
            field=field,
            next_step='write an origin, like "https://api.example.com"',
        )
    return f"{parts.scheme}://{host}" + ("" if port in (None, _PORTS[parts.scheme]) else f":{port}")


def _problem(parts: SplitResult, host: str) -> str:  # noqa: PLR0911  (one return for each problem)
    """Say what is wrong, without showing a URL that may hold a password or a token."""
    if parts.scheme not in _PORTS:
        return "must begin with https://"
    if "@" in parts.netloc:
        return "must not hold a user or a password"
    if not _HOST.fullmatch(host):
        return "must name a host"
    if version := re.match(r"(/api)?/v\d+", parts.path):
        return f"must leave out {version.group()}: the library adds it"
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        return "must have nothing after the host and its port"
    if parts.scheme == "http" and not is_loopback(f"http://{host}"):
        return "must begin with https://: plain http is for this machine alone"
    return ""


def origin_of(url: str) -> str:
    """Scheme, host and port of *url*, in lower case; empty if it has none."""
    return _origin_of(url)


@lru_cache(maxsize=256)  # a request's is asked for several times
def _origin_of(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}".lower() if parts.scheme and host else ""


def is_loopback(url: str) -> bool:
    """Tell whether *url* stays on this machine."""
    try:
        host = (urlsplit(url).hostname or "").lower()
    except ValueError:
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
