"""Hold a cassette to the vendor's contract, as the tests hold adapters and simulators to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import attrs

from ..codec import is_array
from ..provider import PortraitProvider
from ..registry import provider_class
from ..secret import Secret
from ..wire import Auth, Request, Response, is_loopback, origin_of
from .cassettefile import answer_body
from .judging import Contract

NOW: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
_ORIGINS: Final = ("base_url", "assets_url", "video_url")
_OUTSIDE: Final = ("/media/", "/h5/", "/files/")
"""Paths of a simulator that are not the vendor's interface."""


def contracts_folder(start: Path) -> Path | None:
    """Find the nearest `providers/` with contracts in it, upwards from a file."""
    for folder in start.resolve().parents:
        if any((folder / "providers").glob("*/contract.yaml")):
            return folder / "providers"
    return None


def problems(cassette: Mapping[str, Any], vendor: str, folder: Path) -> Iterator[tuple[int, str]]:
    """Say what is not as documented: number of the interaction, and why."""
    path = folder / vendor / "contract.yaml"
    if not path.is_file():
        yield 0, f"there is no contract for {vendor} in {folder.name}/"
        return
    contract = _contract(path)
    for number, each in enumerate(cassette["interactions"], 1):
        try:
            request = request_of(each["request"], vendor)
            if request is None:
                continue
            name = contract.judge_request(request)
            contract.judge_answer(name, response_of(each["response"]))
        except AssertionError as error:
            yield number, str(error)


@cache
def _contract(path: Path) -> Contract:
    return Contract.load(path)


def sample_provider(vendor: str, origin: str = "") -> PortraitProvider:
    """Make a provider whose credentials are nobody's; at *origin*, where that is loopback."""
    cls = provider_class(vendor)
    given: dict[str, Any] = {}
    for each in attrs.fields(cls):
        if each.default is attrs.NOTHING:
            given[each.name] = Secret("none-of-anybody") if "Secret" in str(each.type) else "none"
        if origin and each.name in _ORIGINS:
            given[each.name] = origin
    return cls(**given)


def request_of(recorded: Mapping[str, Any], vendor: str) -> Request | None:
    """Read a request, with its credential; None if it goes to a host that gets none."""
    parts = urlsplit(str(recorded["uri"]))
    origin = origin_of(recorded["uri"])
    local = origin if is_loopback(origin) else ""
    if local and parts.path.startswith(_OUTSIDE):
        return None
    provider = sample_provider(vendor, local)
    query = tuple(parse_qsl(parts.query, keep_blank_values=True))
    signed = dict(query).get("Action") and getattr(provider, "action_auth", None) is Auth.SIGNATURE
    request = Request(
        method=str(recorded["method"]),
        url=f"{parts.scheme}://{parts.netloc}{parts.path}",
        query=query,
        headers=_first(recorded.get("headers")),
        content=_bytes(recorded.get("body")),
        auth=Auth.SIGNATURE if signed else Auth.BEARER,
    )
    if request.origin not in provider.origins:
        return None
    return provider.authorize(request, now=NOW)


def response_of(recorded: Mapping[str, Any]) -> Response:
    """Read an answer."""
    return Response(
        status=int(recorded["status"]["code"]),
        headers={name.lower(): text for name, text in _first(recorded.get("headers")).items()},
        content=_bytes(answer_body(recorded)),
        received_at=NOW,
    )


def _first(headers: Mapping[str, Any] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, values in (headers or {}).items():
        found[str(name)] = str(values[0]) if is_array(values) and values else str(values)
    return found


def _bytes(body: object) -> bytes:
    return body if isinstance(body, bytes) else str(body or "").encode(errors="surrogatepass")
