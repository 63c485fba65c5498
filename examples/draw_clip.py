"""
Draw the short film that every simulated vendor hands out as its finished video, and a frame of it.

    python examples/draw_clip.py folder

The frames come from Pillow; ffmpeg makes `clip.mp4` of them: H.264, 640 by 360, two seconds, its
index in front so that it plays while it loads. `clip.png` is one frame.
"""

from __future__ import annotations

import argparse
import math
import shutil
import subprocess
from pathlib import Path
from typing import Final, TypeAlias

from PIL import Image, ImageDraw, ImageFont

Colour: TypeAlias = tuple[int, int, int]

WIDTH: Final = 640
HEIGHT: Final = 360
SCALE: Final = 2
"""Drawn this much larger, then shrunk: Pillow's shapes have hard edges."""
FRAMES_PER_S: Final = 24
FRAMES: Final = 48

DUSK: Final = (54, 62, 110)
DAWN: Final = (250, 190, 140)
SUN: Final = (255, 226, 150)
HILLS: Final = (
    # colour, height of the ridge, its waves, pixels that it slides in the film
    ((142, 108, 132), 230, (22, 190, 12), 10),
    ((96, 82, 118), 262, (18, 130, 7), 26),
    ((52, 52, 86), 300, (14, 90, 5), 54),
)


def draw_frame(number: int) -> Image.Image:
    """Draw one frame: a sun that rises behind three sliding ridges."""
    part = number / (FRAMES - 1)
    image = _sky()
    draw = ImageDraw.Draw(image)
    _disc(draw, 430, 236 - 116 * (0.5 - 0.5 * math.cos(math.pi * part)), 46, SUN)
    for colour, top, waves, slide in HILLS:
        _ridge(draw, colour, top, waves, slide * part)
    for index in range(3):
        _bird(draw, 110 + 44 * index + 90 * part, 92 + 18 * (index % 2), number + 4 * index)
    font = ImageFont.load_default(15 * SCALE)
    draw.text((20 * SCALE, 328 * SCALE), "SIMULATED", font=font, fill=(214, 200, 214))
    return image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def _sky() -> Image.Image:
    column = Image.new("RGB", (1, HEIGHT * SCALE))
    for y in range(HEIGHT * SCALE):
        part = min(y / (260 * SCALE), 1.0)
        mixed = [round(a + (b - a) * part) for a, b in zip(DUSK, DAWN, strict=True)]
        column.putpixel((0, y), (mixed[0], mixed[1], mixed[2]))
    return column.resize((WIDTH * SCALE, HEIGHT * SCALE))


def _disc(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, colour: Colour) -> None:
    box = [(x - radius) * SCALE, (y - radius) * SCALE, (x + radius) * SCALE, (y + radius) * SCALE]
    draw.ellipse(box, fill=colour)


def _ridge(
    draw: ImageDraw.ImageDraw, colour: Colour, top: float, waves: tuple[int, int, int], slide: float
) -> None:
    high, long, small = waves
    line = [
        (x * SCALE, (top - high * math.sin((x + slide) / long * math.tau)
                     - small * math.sin((x + slide) / long * 2.3 * math.tau)) * SCALE)
        for x in range(WIDTH + 1)
    ]  # fmt: skip
    corners = [(WIDTH * SCALE, HEIGHT * SCALE), (0, HEIGHT * SCALE)]
    draw.polygon([*line, *corners], fill=colour)


def _bird(draw: ImageDraw.ImageDraw, x: float, y: float, beat: int) -> None:
    lift = 5 + 5 * math.sin(beat * math.tau / 16)
    wings = [(x - 11, y - lift), (x, y), (x + 11, y - lift)]
    points = [(px * SCALE, py * SCALE) for px, py in wings]
    draw.line(points, fill=(40, 38, 66), width=3 * SCALE, joint="curve")


def main() -> None:
    """Draw into the folder that the command line names."""
    parser = argparse.ArgumentParser(description="Draw a two-second film.")
    parser.add_argument("folder", type=Path, help="where to put clip.mp4 and clip.png")
    folder: Path = parser.parse_args().folder
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        parser.error("ffmpeg is not installed")
    frames = [draw_frame(number) for number in range(FRAMES)]
    shown = frames[FRAMES // 2].quantize(128, dither=Image.Dither.NONE)
    shown.save(folder / "clip.png", optimize=True)
    size = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}"]
    film = ["-c:v", "libx264", "-preset", "veryslow", "-crf", "24", "-pix_fmt", "yuv420p"]
    plain = ["-threads", "1", "-fflags", "+bitexact", "-flags:v", "+bitexact"]
    subprocess.run(  # noqa: S603  (our own arguments, and no shell)
        [ffmpeg, "-v", "error", "-y", *size, "-r", str(FRAMES_PER_S), "-i", "-",
         *film, *plain, "-movflags", "+faststart", str(folder / "clip.mp4")],
        input=b"".join(frame.tobytes() for frame in frames),
        check=True,
    )  # fmt: skip


if __name__ == "__main__":
    main()
