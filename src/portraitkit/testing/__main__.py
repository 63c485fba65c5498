"""
Look after cassettes: `python -m portraitkit.testing lint|drift|read`.

Exit codes: 0 nothing found, 1 something found, 2 it could not be looked for.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Final

_OK, _FOUND, _USAGE = 0, 1, 2
_EXTRA: Final = {"yaml": "PyYAML", "jsonschema": "jsonschema", "zxcvbn": "zxcvbn"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command."""
    try:
        from .review import commands  # noqa: PLC0415  (without the extra there is nothing to import)
    except ModuleNotFoundError as error:
        needed = _EXTRA.get((error.name or "").partition(".")[0])
        if needed is None:
            raise
        _complain(f"{needed} is missing: pip install 'portraitkit[testing]'")
        return _USAGE
    parser = _parser()
    chosen = parser.parse_args(arguments)
    try:
        found = getattr(commands, chosen.command)(chosen)
    except commands.PROBLEMS as error:
        _complain(str(error))
        return _USAGE
    return _FOUND if found else _OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m portraitkit.testing",
        description="Look after cassettes. Exit code 0: nothing found; 1: findings; 2: not run.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    lint = commands.add_parser("lint", help="origin, secrets, idle answers, contract, form, size")
    _ = lint.add_argument("paths", nargs="+", metavar="PATH", help="cassettes, or folders of them")
    _ = lint.add_argument("--fix", action="store_true", help="lay files out anew; change no value")
    _ = lint.add_argument("--contracts", metavar="DIR", help="default: the nearest providers/")
    _ = lint.add_argument("--tests", metavar="DIR", help="also: some test here names the cassette")
    _ = lint.add_argument("--budget-kb", type=_positive, metavar="N", help="default: 64")
    drift = commands.add_parser("drift", help="how a vendor's answers differ in form from before")
    _ = drift.add_argument("old", metavar="OLD", help="cassettes recorded before")
    _ = drift.add_argument("new", metavar="NEW", help="cassettes recorded now")
    read = commands.add_parser("read", help="what cassettes mean, as text that diff can compare")
    _ = read.add_argument("paths", nargs="+", metavar="PATH", help="cassettes, or folders of them")
    _ = read.add_argument(
        "--as", dest="adapter", default="", metavar="ADAPTER", help="default: each one's own"
    )
    for each in (lint, drift):
        _ = each.add_argument("--json", action="store_true", help="for machines")
        _ = each.add_argument("--junit", metavar="FILE", help="also write a JUnit report")
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def _complain(text: str) -> None:
    print(f"portraitkit.testing: {text}", file=sys.stderr)  # noqa: T201  (a command line speaks)


if __name__ == "__main__":
    raise SystemExit(main())
