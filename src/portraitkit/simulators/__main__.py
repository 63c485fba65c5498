"""
Run simulated vendors from the command line.

    python -m portraitkit.simulators alltoken --port 8360

It prints the configuration to use and serves until it is interrupted.
"""

# What argparse and write return is of no use here:
# pyright: reportUnusedCallResult=false

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ..config.building import build_provider
from ..providers.registry import provider_names
from ..values.origins import is_loopback, origin_of
from .admin import PATH as ADMIN_PATH
from .dialects.face_page import DONE
from .finding import addresses_of, credentials_of, load
from .server import Server, WallClock, serve
from .state import SimAccount, World, never, scans_after

ACCOUNT: Final = SimAccount(
    name="demo",
    api_key="simulated-api-key",
    access_key="AKSIMULATED",
    secret_key="simulated-secret-key",  # noqa: S106  (it opens nothing)
    library_key="simulated-library-key",
)
"""The one account of a simulator that was started here."""

_SCAN_S: Final = 5.0
"""How long the person takes for the face check."""


_BEARER: Final = (("api_key",), ("base_url",))
_SIGNED: Final = (("access_key", "secret_key", "api_key"), ("assets_url", "video_url"))
WAYS: Final = {
    "alltoken": _BEARER,
    "apimart": _BEARER,
    "apiyi": _SIGNED,
    "apiyi-icover": (("library_key", "api_key"), ("assets_url", "video_url")),
    "byteplus": _SIGNED,
    "token360": _BEARER,
    "volcengine": _SIGNED,
    "xcompute": _BEARER,
}
"""Which credentials and addresses a profile has; after a dash, which library of the vendor's."""


def profile_of(way: str, url: str, prefix: str = "") -> str:
    """The profile that leads to a simulator in one of `WAYS`."""
    vendor, _, library = way.partition("-")
    credentials, addresses = _fields_of(way)
    lines = [f"[profiles.{prefix}{way}]", f'provider = "{vendor}"']
    lines += [f'assets = "{library}"'] if library else []
    lines += [f'{key} = "env:{variable_of(key)}"' for key in credentials]
    lines += [f'{key} = "{url}"' for key in addresses]
    lines += [f'callback_url = "{url}{DONE}"']
    return "\n".join(lines)


def variable_of(key: str) -> str:
    """The variable that a profile reads a credential from."""
    return f"SIMULATED_{key.upper()}"


def _fields_of(way: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Credentials and addresses of a way; of another package's adapter, by its fields."""
    return WAYS.get(way) or (tuple(credentials_of(way)), addresses_of(way))


def _ways_to(vendor: str) -> list[str]:
    return [way for way in WAYS if way.partition("-")[0] == vendor] or [vendor]


def main(arguments: Sequence[str] | None = None, *, until: threading.Event | None = None) -> int:
    """Serve until *until* is set, or until the user interrupts."""
    parser = _parser()
    options = parser.parse_args(arguments)
    names: list[str] = list(dict.fromkeys(options.names))
    with ExitStack() as stack, suppress(KeyboardInterrupt):
        blocks: list[str] = []
        for index, name in enumerate(names):
            port = options.port + index if options.port else 0
            try:
                server = stack.enter_context(_server(name, port, options))
            except (LookupError, OSError, ValueError) as error:
                parser.error(f"{name}: {error}")
            ways = _ways_to(name)
            blocks += [profile_of(way, server.url, "simulated-") for way in ways]
        text = f'profile = "simulated-{names[0]}"\n\n' + "\n\n".join(blocks)
        if options.write:
            try:
                with options.write.open("x", encoding="utf-8") as file:
                    file.write(text + "\n")
            except OSError as error:
                parser.error(f"{options.write}: {error.strerror}")
        if warning := _warning(options):
            sys.stderr.write(warning + "\n")
        sys.stdout.write(_instructions(names, text) + "\n")
        sys.stdout.flush()
        (until or threading.Event()).wait()
    return 0


def _server(name: str, port: int, options: argparse.Namespace) -> Server:
    world = World(
        clock=WallClock(), client_clock=_real_time, person=scans_after(_SCAN_S / options.speed)
    )
    world.review_s /= options.speed
    world.queue_s /= options.speed
    world.render_s /= options.speed
    if options.by_hand:
        world.person = never
    simulator = load(name)(world=world)
    simulator.add_account(ACCOUNT)
    if name not in _vendors():
        simulator.admit(build_provider(name, credentials_of(name))[1])
    return serve(
        simulator,
        options.host,
        port,
        folder=options.folder,
        is_public=True,
        admin=True,
        deliver=dict(options.deliver),
    )


def _real_time() -> datetime:
    """The time in clients' signatures, wherever the vendor's own clock was moved to."""
    return datetime.now(UTC)


def _warning(options: argparse.Namespace) -> str:
    host: str = options.host
    if is_loopback(f"http://[{host}]" if ":" in host else f"http://{host}"):
        return ""
    return (
        f"warning: on {host}, anyone on that network can reach these simulators, "
        f"and drive them at {ADMIN_PATH}"
    )


def _origins(text: str) -> tuple[str, str]:
    asked, _, there = text.partition("=")
    for each in (asked, there or asked):
        if origin_of(each) != each.lower():
            raise argparse.ArgumentTypeError(f"{each!r} is not an origin such as http://app:8000")
    return asked.lower(), there or asked


def _instructions(names: Sequence[str], text: str) -> str:
    credentials = {
        key: getattr(ACCOUNT, key) if way in WAYS else credentials_of(way)[key]
        for name in names
        for way in _ways_to(name)
        for key in _fields_of(way)[0]
    }
    exports = [f"export {variable_of(key)}={value}" for key, value in credentials.items()]
    shell = "# shell (these open nothing but a simulator)"
    lines = ["# portraitkit.toml", text, "", shell, *exports, "", "# Serving; interrupt to stop."]
    return "\n".join(lines)


def _vendors() -> set[str]:
    """The vendors whose simulators are portraitkit's own."""
    return {way.partition("-")[0] for way in WAYS}


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError("not a number above 0")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m portraitkit.simulators",
        description="Serve simulated vendors on this machine. Nothing leaves it, nothing costs.",
    )
    vendors = sorted({*_vendors(), *provider_names()})
    parser.add_argument(
        "names", nargs="+", choices=vendors, metavar="vendor", help=", ".join(vendors)
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="0.0.0.0 opens it to the network",
    )
    parser.add_argument(
        "--port", type=int, default=8360, help="of the first; the next ones follow; 0: any free"
    )
    parser.add_argument(
        "--speed", type=_positive, default=1.0, help="reviews and films are done so much faster"
    )
    parser.add_argument("--write", type=Path, help="write the configuration there")
    parser.add_argument("--folder", type=Path, help="hand out its files under /files/")
    parser.add_argument(
        "--deliver",
        type=_origins,
        action="append",
        default=[],
        metavar="ORIGIN[=ORIGIN]",
        help="callbacks for this origin are delivered, to the second one if given; "
        "else only to this machine",
    )
    parser.add_argument(
        "--by-hand", action="store_true", help="nobody passes a face check but by its page's button"
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
