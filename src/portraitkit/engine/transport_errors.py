"""What became of a request whose answer did not come: told from what the HTTP library raised."""

from __future__ import annotations

import os
import re
from typing import Final

from ..values.remarks import Outcome
from .response_body import TransportError


def fault_of(error: Exception) -> TransportError:
    """Say what became of a request whose answer did not come, and why, as far as it is known."""
    cause = error.__cause__
    if isinstance(cause, Exception) and type(cause).__module__.partition(".")[0] == "aiohttp":
        error = cause  # httpx-aiohttp 0.2 takes a reset for a ConnectTimeout
    names = [cls.__name__ for cls in type(error).__mro__]
    if reason := next((_NOT_SENT[name] for name in names if name in _NOT_SENT), ""):
        outcome = Outcome.NOT_SENT
    else:
        known = next((_UNKNOWN[name] for name in names if name in _UNKNOWN), "connection failed")
        outcome, reason = Outcome.UNKNOWN, known
    status = re.match(r"\d{3}\b", str(error)) if "proxy" in reason else None
    root = root_of(error)
    detail = status[0] if status else why(root) if root else ""
    return TransportError(outcome, f"{reason}: {detail}" if detail else reason)


def root_of(error: BaseException) -> OSError | None:
    """What the operating system or TLS said, below all that the libraries made of it."""
    # httpcore wraps what it caught, and drops it as a cause; a group has the first of several.
    for each in (error.__cause__, *error.args[:1], *getattr(error, "exceptions", ())[:1]):
        if isinstance(each, BaseException) and (root := root_of(each)):
            return root
    return error if isinstance(error, OSError) else None


def why(error: OSError) -> str:
    """A system's own words, which hold neither address nor key; empty if there are none."""
    if untrusted := getattr(error, "verify_message", ""):
        return f"the certificate is not trusted: {untrusted}"
    if error.errno and type(error).__module__ == "builtins":
        return os.strerror(error.errno)
    return (error.strerror or "").partition(" (_ssl")[0]


_NOT_SENT: Final = {
    "ConnectError": "cannot connect",
    "ConnectTimeout": "timeout while connecting",
    "PoolTimeout": "timeout while waiting for a free connection",
    "ProxyError": "the proxy refused",
    "UnsupportedProtocol": "not an http address",
    "InvalidURL": "not an http address",
    "UnicodeEncodeError": "the request cannot be put on the wire",
    # of aiohttp
    "NonHttpUrlClientError": "not an http address",
    "ClientProxyConnectionError": "the proxy refused",
    "ClientHttpProxyError": "the proxy refused",
    "ClientConnectorError": "cannot connect",
    "ConnectionTimeoutError": "timeout while connecting",
}
"""Names that httpx and its forks share, for what happens before the first byte is sent."""
_UNKNOWN: Final = {
    "WriteError": "connection lost while sending",
    "WriteTimeout": "timeout while sending",
    "ReadError": "connection lost while receiving",
    "ReadTimeout": "timeout while receiving",
    "RemoteProtocolError": "connection ended without a whole answer",
    "LocalProtocolError": "the request cannot be put on the wire",
    # of aiohttp
    "ServerTimeoutError": "timeout while receiving",
    "ServerDisconnectedError": "connection ended without a whole answer",
    "ClientResponseError": "connection ended without a whole answer",
    "ClientError": "connection lost while receiving",
}
