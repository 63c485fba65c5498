"""Which addresses are of the public internet: what a stranger's link may lead to, and no other."""

from __future__ import annotations

import ipaddress
import socket
from typing import Final
from unicodedata import normalize
from urllib.parse import unquote, urlsplit

from .errors import MediaError


def is_private_literal(url: str) -> bool:
    """Tell, without asking anybody, whether a URL names a host that is not public, or none."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return True
    # The forms that clients and proxies read as the same host: %2e, full-width digits, a last dot.
    host = normalize("NFKC", unquote(host)).replace("\u3002", ".").lower().rstrip(".")
    if not host or host.rpartition(".")[2] in _PRIVATE_NAMES:
        return True
    try:
        return not is_public(host)
    except ValueError:
        pass
    try:
        return not is_public(socket.inet_ntoa(socket.inet_aton(host)))  # 2130706433, 0x7f.1
    except (OSError, ValueError):
        return False


def is_public(address: str) -> bool:
    """
    Tell whether an IP address is one of the public internet, and of one host.

    Raises:
        ValueError: It is no IP address.
    """
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv4Address):
        return found.is_global and not found.is_multicast
    inner = found.ipv4_mapped or found.sixtofour
    if found in _TRANSLATED:  # how networks without IPv4 reach it
        inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    return is_public(str(inner)) if inner else found.is_global and found in _UNICAST


def public_addresses(host: str, port: int) -> list[str]:
    """
    Look a name up. Blocks.

    Raises:
        MediaError: One of its addresses is not public.
        OSError: It has none, or cannot be looked up.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    if not all(map(is_public, addresses)):
        raise not_public()
    return addresses


def not_public() -> MediaError:
    """Make the error, which tells nothing of what may be there."""
    return MediaError(
        "the link leads to an address that is not on the public internet",
        field="source",
        next_step="pass the file itself, or set allow_private_addresses if such links are yours",
    )


_PRIVATE_NAMES: Final = ("localhost", "local", "internal")
_TRANSLATED: Final = ipaddress.IPv6Network("64:ff9b::/96")
_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
