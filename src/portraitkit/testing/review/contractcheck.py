"""Hold a cassette to the vendor's contract, as the tests hold adapters and simulators to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import attrs
from attrs import evolve

from ...operations.provider import PortraitProvider
from ...providers.registry import provider_classes
from ...values.errors import UnexpectedResponseError
from ...values.origins import is_loopback
from ...values.secret import Secret
from ...wire.codec import is_array
from ...wire.steps import Auth, Request, Response
from ..cassettes.cassettefile import NO_ANSWER, answer_body
from ..conformance.judging import Contract
from ..doubles.replaying import NOW
from ..sanitising.plainwords import SIMULATED_PATHS

_ORIGINS: Final = ("base_url", "assets_url", "video_url")
_OUTSIDE: Final = tuple(f"/{each}/" for each in sorted(SIMULATED_PATHS))
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
        answer = response_of(each["response"])
        found = [_judged(contract, asked, answer) for asked in requests_of(each["request"], vendor)]
        if found and all(found):
            yield number, found[0]


def _judged(contract: Contract, request: Request, answer: Response) -> str:
    try:
        judged = contract.judge_request(request)
        if answer.status != NO_ANSWER:
            contract.judge_answer(judged, answer)
    except AssertionError as error:
        return str(error)
    return ""


@cache
def _contract(path: Path) -> Contract:
    return Contract.load(path)


def sample_provider(cls: type[PortraitProvider], origin: str = "") -> PortraitProvider:
    """Make a provider whose credentials are nobody's; at *origin*, where that is loopback."""
    given: dict[str, Any] = {"callback_url": "https://app.example/verified"}
    for each in attrs.fields(cls):
        if each.default is attrs.NOTHING:
            given[each.name] = Secret("none-of-anybody") if "Secret" in str(each.type) else "none"
        if origin and each.name in _ORIGINS:
            given[each.name] = origin
    return cls(**given)


def requests_of(recorded: Mapping[str, Any], vendor: str) -> Iterator[Request]:
    """
    Read a request, with each credential that it may have had, which is not recorded.

    None if it goes to a host that gets none.
    """
    request = request_of(recorded)
    local = request.origin if is_loopback(request.origin) else ""
    if local and urlsplit(request.url).path.startswith(_OUTSIDE):
        return
    for cls in provider_classes(vendor):
        provider = sample_provider(cls, local)
        if request.origin not in provider.origins:
            continue
        signed = (
            "Action" in dict(request.query) and getattr(cls, "action_auth", None) is Auth.SIGNATURE
        )
        for auth in (Auth.SIGNATURE,) if signed else (Auth.BEARER, Auth.LIBRARY):
            with suppress(UnexpectedResponseError):  # a key that is meant for another place
                yield provider.authorize(evolve(request, auth=auth), now=NOW)


def request_of(recorded: Mapping[str, Any]) -> Request:
    """Read a request as it was recorded, without a credential."""
    parts = urlsplit(str(recorded["uri"]))
    return Request(
        method=str(recorded["method"]),
        url=f"{parts.scheme}://{parts.netloc}{parts.path}",
        query=tuple(parse_qsl(parts.query, keep_blank_values=True)),
        headers=_first(recorded.get("headers")),
        content=_bytes(recorded.get("body")),
    )


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
