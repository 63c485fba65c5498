"""What `portraitkit doctor` looks at: configuration, keys, the way to the vendor, the account."""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import entry_points, version
from typing import TYPE_CHECKING, Any, Final

from ..config.building import Setup, build
from ..config.profiles import load_profile
from ..engine.transport import AsyncHttpxTransport, HttpxTransport, TransportError, tls_context
from ..operations.provider import PortraitProvider
from ..providers.registry import GROUP
from ..values.errors import (
    AuthenticationError,
    ConfigError,
    InvalidInputError,
    NotFoundError,
    PortraitError,
)
from ..values.models import Result
from ..wire.codec import is_array, is_object
from ..wire.steps import Request
from .output import Terminal

if TYPE_CHECKING:
    from ..client.client import Client
    from ..values.models import Group

_PROXIES: Final = (
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "NO_PROXY",
)
_LARGEST_SKEW_S: Final = 60.0
_SHORTEST_KEY: Final = 12
_NOBODYS_VIDEO: Final = "00000000"
"""An id that no video has: to ask for it is free, and tells whether the key is accepted."""


def examine(on: Terminal, *, offline: bool) -> Iterator[dict[str, Any]]:
    """Look at one thing after another; what cannot go on without the last ends it."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("portraitkit", "httpx", "attrs"))
    yield _row("versions", "ok", f"Python {platform.python_version()}, {packages}")
    check = "configuration"
    try:
        with suppress(ConfigError):
            profile = load_profile(on.profile, config=on.config)
            chosen = profile.origins.get("profile", "")
            yield _row(check, "ok", f"profile {profile.name}, chosen by {chosen}")
            check = "profile"
        given = {"simulated": True} if on.simulated else {}
        setup = build(on.profile, given, config_file=on.config)
    except ConfigError as error:
        yield _failure(check, error)
        return
    name, provider = setup.profile, setup.provider
    yield _row("adapter", "ok", f"{provider.name}, {_package_of(provider.name)}")
    yield from _credentials(provider, name)
    yield _carrier(setup)
    yield from _surroundings()
    if provider.simulation is not None:
        yield _row("vendor", "skipped", "simulated inside this process: nothing is sent")
    elif offline:
        yield _row("vendor", "skipped", "nothing was sent, as --offline says")
    else:
        yield from _way_there(provider)
        yield from _account(provider, name)


def _credentials(provider: PortraitProvider, profile: str) -> Iterator[dict[str, str]]:
    short = [each for each in provider.secrets if len(each.reveal()) < _SHORTEST_KEY]
    if short and provider.simulation is None:
        yield _row(
            "keys",
            "warning",
            f"{len(short)} of {len(provider.secrets)} is shorter than {_SHORTEST_KEY} characters",
            f"look whether it was copied whole: portraitkit --profile {profile} config",
        )
    else:
        yield _row("keys", "ok", f"{len(provider.secrets)} read, account {provider.account}")


def _carrier(setup: Setup) -> dict[str, str]:
    """Name what sends requests."""
    if setup.transport == "httpx":
        return _row("transport", "ok", "httpx")
    try:
        _ = AsyncHttpxTransport(over=setup.transport)
    except ConfigError as error:
        return _failure("transport", error)
    carrier = f"{setup.transport} {version(setup.transport)}"
    return _row("transport", "ok", f"{carrier} for direct calls of connect_async, otherwise httpx")


def _surroundings() -> Iterator[dict[str, str]]:
    proxies = [name for name in _PROXIES if os.environ.get(name)]
    yield _row("proxy", "ok", f"{', '.join(proxies)} set" if proxies else "none")
    try:
        _ = tls_context()
    except ConfigError as error:
        yield _failure("certificates", error)
    else:
        yield _row("certificates", "ok", os.environ.get("SSL_CERT_FILE", "those of httpx"))


def _way_there(provider: PortraitProvider) -> Iterator[dict[str, str]]:
    """Ask each origin for its first page, without a credential: name, route, TLS and clock."""
    transport = HttpxTransport()
    try:
        for origin in sorted(provider.origins):
            try:
                answer = transport.send(Request(method="HEAD", url=f"{origin}/", timeout_s=15.0))
            except TransportError as fault:
                cure = "look at the network, the proxy and the address in the profile"
                yield _row("way", "failure", f"{origin}: {fault}", cure)
                continue
            skew_s = _skew_s(answer.headers, answer.received_at)
            yield _row("way", "ok", f"{origin} answers (HTTP {answer.status})")
            if skew_s is not None and abs(skew_s) > _LARGEST_SKEW_S:
                found = f"this machine is {-skew_s:+.0f} s off {origin}"
                yield _row("clock", "failure", found, "set the clock: signatures carry the time")
            elif skew_s is not None:
                yield _row("clock", "ok", f"within {abs(skew_s):.0f} s of {origin}")
    finally:
        transport.close()


def _skew_s(headers: Any, received_at: datetime) -> float | None:
    date = next((text for name, text in headers.items() if name.lower() == "date"), "")
    try:
        return (parsedate_to_datetime(date) - received_at).total_seconds()
    except (TypeError, ValueError):
        return None


def _account(provider: PortraitProvider, profile: str) -> Iterator[dict[str, Any]]:
    """Read what costs nothing, with each credential, and hold the answers to the contract."""
    from ..client.client import Client  # noqa: PLC0415  (nothing is sent before)

    try:
        from .evidence import WatchedTransport, contract_of, evidence  # noqa: PLC0415  (an extra)
    except ImportError:
        with Client(provider, profile=profile) as client:
            yield from _reads(provider, client)
        yield _row("contract", "skipped", "needs: pip install 'portraitkit[testing]'")
        return
    watched = WatchedTransport()
    with Client(provider, profile=profile, transport=watched) as client:
        yield from _reads(provider, client)
    watched.close()
    if contract := contract_of(provider.name):
        yield _borne_out(evidence(contract, watched.exchanges))
    else:
        yield _row("contract", "skipped", f"{provider.name} has none in this package")


def _borne_out(facts: list[dict[str, str]]) -> dict[str, Any]:
    """Count the assumed facts of a contract by what the answers said of them."""
    counts = Counter(each["state"] for each in facts)
    states = ("confirmed", "contradicted", "not seen")
    found = f"assumed facts: {', '.join(f'{counts[state]} {state}' for state in states)}"
    broken = bool(counts["contradicted"])
    cure = "send the report in: the vendor answers otherwise than is assumed" if broken else ""
    return {**_row("contract", "warning" if broken else "ok", found, cure), "facts": facts}


def _reads(provider: PortraitProvider, client: Client) -> Iterator[dict[str, Any]]:
    if provider.supports("list_groups"):
        groups: list[Group] = []

        def read() -> list[Group]:
            groups[:] = client.list_groups()
            return groups

        yield _asked("assets", read, "{} groups")
        if groups and provider.supports("list_assets"):
            listed = client.list_assets(groups[0])
            yield _asked("pictures", lambda: [*filter(None, [listed.first()])], "the list is read")
    if provider.supports("list_videos"):
        yield _asked("videos", lambda: [*filter(None, [client.list_videos().first()])])
    else:
        yield _asked("videos", lambda: [client.get_video(_NOBODYS_VIDEO)])


def _asked(
    check: str, ask: Callable[[], Sequence[Result]], found: str = "accepted"
) -> dict[str, Any]:
    """Ask, and keep the form of the answer: the first evidence of what nobody has recorded yet."""
    try:
        results = ask()
        forms = [_form(each.raw.body) for each in results[:1] if each.raw]
        return {**_row(check, "ok", found.format(len(results))), "answer": forms}
    except NotFoundError:
        return _row(check, "ok", "the key is accepted")
    except AuthenticationError as error:
        return _failure(check, error)
    except InvalidInputError:
        return _row(check, "skipped", "no free read tells whether the key is accepted")
    except PortraitError as error:
        return _failure(check, error)


def _form(body: object) -> Any:
    """The members of an answer and their types, without any value."""
    if is_object(body):
        return {str(name): _form(value) for name, value in body.items()}
    if is_array(body):
        return [_form(each) for each in body[:1]]
    return type(body).__name__


def _package_of(adapter: str) -> str:
    for entry in entry_points(group=GROUP, name=adapter):
        if entry.dist is not None:
            return f"from {entry.dist.name} {entry.dist.version}"
    return "from nowhere"


def _failure(check: str, error: PortraitError) -> dict[str, str]:
    return _row(check, "failure", error.message, error.next_step)


def _row(check: str, state: str, found: str, cure: str = "") -> dict[str, str]:
    return {"check": check, "state": state, "found": found, "cure": cure}
