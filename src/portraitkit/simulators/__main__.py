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
from pathlib import Path
from typing import Final

from attrs import frozen

from .dialects.face_page import DONE
from .finding import load
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


@frozen
class _Way:
    """One way to a vendor: what a profile says to take it."""

    credentials: tuple[str, ...]
    addresses: tuple[str, ...] = ("assets_url", "video_url")
    suffix: str = ""
    more: tuple[str, ...] = ()


_BEARER: Final = (_Way(("api_key",), ("base_url",)),)
_SIGNED: Final = (_Way(("access_key", "secret_key", "api_key")),)
_ICOVER: Final = _Way(("library_key", "api_key"), suffix="-icover", more=('assets = "icover"',))
_WAYS: Final = {
    "alltoken": _BEARER,
    "apimart": _BEARER,
    "apiyi": (*_SIGNED, _ICOVER),
    "byteplus": _SIGNED,
    "token360": _BEARER,
    "volcengine": _SIGNED,
    "xcompute": _BEARER,
}


def profile_block(name: str, url: str) -> str:
    """The part of portraitkit.toml that leads to a simulator: a profile for each way to it."""
    return "\n\n".join(_profile(name, url, way) for way in _WAYS[name])


def _profile(name: str, url: str, way: _Way) -> str:
    lines = [f"[profiles.simulated-{name}{way.suffix}]", f'provider = "{name}"', *way.more]
    lines += [f'{key} = "env:{_variable(key)}"' for key in way.credentials]
    lines += [f'{key} = "{url}"' for key in way.addresses]
    lines += [f'callback_url = "{url}{DONE}"']
    return "\n".join(lines)


def _variable(key: str) -> str:
    return f"SIMULATED_{key.upper()}"


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
            blocks.append(profile_block(name, server.url))
        text = f'profile = "simulated-{names[0]}"\n\n' + "\n\n".join(blocks)
        if options.write:
            try:
                with options.write.open("x", encoding="utf-8") as file:
                    file.write(text + "\n")
            except OSError as error:
                parser.error(f"{options.write}: {error.strerror}")
        sys.stdout.write(_instructions(names, text) + "\n")
        sys.stdout.flush()
        (until or threading.Event()).wait()
    return 0


def _server(name: str, port: int, options: argparse.Namespace) -> Server:
    # The clock itself stays right: a signature carries the time, and is refused when that is off.
    world = World(clock=WallClock(), person=scans_after(_SCAN_S / options.speed))
    world.review_s /= options.speed
    world.queue_s /= options.speed
    world.render_s /= options.speed
    if options.by_hand:
        world.person = never
    simulator = load(name)(world=world)
    simulator.add_account(ACCOUNT)
    return serve(simulator, options.host, port, folder=options.folder)


def _instructions(names: Sequence[str], text: str) -> str:
    credentials = dict.fromkeys(
        key for name in names for way in _WAYS[name] for key in way.credentials
    )
    exports = [f"export {_variable(key)}={getattr(ACCOUNT, key)}" for key in credentials]
    return "\n".join(
        [
            "# portraitkit.toml",
            text,
            "",
            "# shell (these open nothing but a simulator)",
            *exports,
            "",
            "# Serving; interrupt to stop.",
        ]
    )


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
    parser.add_argument(
        "names", nargs="+", choices=sorted(_WAYS), metavar="vendor", help=", ".join(_WAYS)
    )
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument(
        "--port", type=int, default=8360, help="of the first; the next ones follow; 0: any free"
    )
    parser.add_argument(
        "--speed", type=_positive, default=1.0, help="reviews and films are done so much faster"
    )
    parser.add_argument("--write", type=Path, help="write the configuration there")
    parser.add_argument("--folder", type=Path, help="hand out its files under /files/")
    parser.add_argument(
        "--by-hand", action="store_true", help="nobody passes a face check but by its page's button"
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
