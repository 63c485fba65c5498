"""
Make README's pictures of the command: it is run in a pseudo-terminal, and drawn as SVG.

    python tools/pictures.py        needs `pip install --group docs`, and Linux or macOS

What is shown is what the command wrote: at simulated vendors on this machine, in an empty folder.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Final

import pyte

ROOT: Final = Path(__file__).parent.parent
PICTURES: Final = ROOT / "docs" / "pictures"
COLUMNS: Final = 92
ROWS: Final = 60
CELL: Final = 8.5
LINE: Final = 17
MARGIN: Final = 14
WIDTH: Final = COLUMNS * CELL + 2 * MARGIN
PAPER, INK, COMMAND = "#1e2227", "#d6dae0", "#ffffff"
FONT: Final = (
    'font-family="ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace" '
    f'font-size="{0.82 * LINE:g}"'
)
COLOURS: Final = {"brown": "#e5c07b", "yellow": "#e5c07b", "green": "#98c379", "red": "#e06c75"}
BLOCKS: Final = {"█": (0, 2), "▀": (0, 1), "▄": (0.5, 1)}
"""Where a block begins in its line, and how many half lines it is high."""
KEYS: Final = {"SIMULATED_API_KEY": "simulated-api-key"}
SIMULATE: Final = "portraitkit simulate alltoken --write portraitkit.toml"
ADD: Final = "portraitkit asset add mia.jpg --group Mia --wait"
VERIFY: Final = "portraitkit verify Ann --callback-url https://app.example/verified"


class Terminal:
    """A command in a terminal of its own, and what stands on the screen."""

    def __init__(self, command: str, folder: Path) -> None:
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self._end, theirs = pty.openpty()
        size = struct.pack("HHHH", ROWS, COLUMNS, 0, 0)
        _ = fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
        given = {"PATH", "HOME", "LANG"} & os.environ.keys()
        self._process = subprocess.Popen(  # noqa: S603  (a command of this file)
            [sys.executable, "-m", *shlex.split(command)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=folder,
            env={**{name: os.environ[name] for name in given}, **KEYS, "TERM": "xterm-256color"},
            start_new_session=True,
        )
        os.close(theirs)

    def read(self, until: str = "", within_s: float = 30) -> None:
        """Let it write, until it has written a text, or has ended."""
        ends = time.monotonic() + within_s
        while time.monotonic() < ends and not (until and until in self.text):
            ready, _, _ = select.select([self._end], [], [], 0.1)
            if not ready:
                continue
            try:
                written = os.read(self._end, 65536)
            except OSError:  # Linux says so at the end
                return
            if not written:
                return
            self._stream.feed(written)

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()

    def close(self) -> None:
        """End it, as Ctrl-C does."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            _ = self._process.wait(10)
        os.close(self._end)

    def draw(self, command: str, name: str) -> None:
        """Save the screen as a picture, under the command."""
        lines = self.text.splitlines()
        height = (len(lines) + 1) * LINE + 2 * MARGIN
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height}" {FONT}>',
            f'<rect width="{WIDTH:g}" height="{height}" rx="8" fill="{PAPER}"/>',
            written(f"$ {command}", row=0, column=0, colour=COMMAND),
        ]
        for row in range(len(lines)):
            parts += self._line(row)
        svg = "\n".join([*parts, "</svg>", ""])
        _ = (PICTURES / name).write_text(svg, encoding="utf-8")

    def _line(self, row: int) -> Iterator[str]:
        """The runs of one colour in a line."""
        cells = self._screen.buffer[row]
        width = len(self._screen.display[row].rstrip())
        column = 0
        for (colour, is_block), run in groupby(
            (cells[each] for each in range(width)), lambda it: (it.fg, it.data in BLOCKS)
        ):
            text = "".join(cell.data for cell in run)
            shown = COLOURS.get(colour, INK)
            if is_block:
                yield blocks(text, row=row + 1, column=column, colour=shown)
            elif text.strip():
                yield written(text, row=row + 1, column=column, colour=shown)
            column += len(text)


def written(text: str, *, row: int, column: int, colour: str) -> str:
    """A piece of text, each letter as wide as any other whatever the font."""
    indent = len(text) - len(text.lstrip())
    text, column = text.strip(), column + indent
    x, y = MARGIN + column * CELL, MARGIN + (row + 0.76) * LINE
    return (
        f'<text x="{x:g}" y="{y:g}" fill="{colour}" textLength="{len(text) * CELL:g}" '
        f'xml:space="preserve">{escape(text)}</text>'
    )


def blocks(text: str, *, row: int, column: int, colour: str) -> str:
    """The squares of a QR code, without gaps between the lines."""
    half = LINE / 2
    path = "".join(
        f"M{MARGIN + (column + at) * CELL:g} {MARGIN + (row + top) * LINE:g}"
        f"h{CELL:g}v{halves * half:g}h-{CELL:g}z"
        for at, letter in enumerate(text)
        for top, halves in [BLOCKS[letter]]
    )
    return f'<path fill="{colour}" shape-rendering="crispEdges" d="{path}"/>'


def run(command: str, folder: Path, name: str = "", until: str = "") -> None:
    """Run a command, and draw what it wrote when it has ended or written a text."""
    terminal = Terminal(command, folder)
    terminal.read(until)
    if name:
        terminal.draw(command, name)
    terminal.close()


def main() -> None:
    """Make the pictures."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as given:
        folder = Path(given)
        _ = shutil.copy(ROOT / "examples" / "mia.jpg", folder)
        server = Terminal(SIMULATE, folder)
        server.read("to stop")
        server.draw(SIMULATE, "simulate.svg")
        run("portraitkit group create Mia", folder)
        run(ADD, folder, "asset-add.svg")
        run(VERIFY, folder, "verify.svg", until="left")
        server.close()


if __name__ == "__main__":
    main()
