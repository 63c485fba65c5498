"""The command `portraitkit`: what the library does, from a terminal (extra `cli`)."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; the exit code says what kind of thing went wrong."""
    try:
        from .app import app  # noqa: PLC0415  (an extra)
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] == "portraitkit":
            raise
        _ = sys.stderr.write("The command needs: pip install 'portraitkit[cli]'\n")
        return 2
    app()
    return 0
