"""
Draw the face that the simulators, the tests and the demo use in place of a person's photograph.

    python examples/draw_face.py face.jpg

It is drawn from ellipses and curves by Pillow alone, so it shows nobody and anyone may use it. The
same Pillow draws the same bytes each time.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final, TypeAlias

from PIL import Image, ImageDraw

Point: TypeAlias = tuple[float, float]
Colour: TypeAlias = tuple[int, int, int]

WIDTH: Final = 768
HEIGHT: Final = 960
SCALE: Final = 3
"""Drawn this much larger, then shrunk: Pillow's shapes have hard edges."""

WALL: Final = (219, 233, 236)
DISC: Final = (188, 216, 221)
HAIR: Final = (61, 43, 49)
HAIR_LIGHT: Final = (88, 63, 68)
SKIN: Final = (242, 199, 169)
SKIN_SHADE: Final = (223, 170, 139)
BLUSH: Final = (238, 168, 147)
LIPS: Final = (190, 84, 84)
TEETH: Final = (255, 250, 245)
INK: Final = (54, 38, 42)
IRIS: Final = (86, 122, 106)
KNIT: Final = (214, 108, 84)
KNIT_SHADE: Final = (191, 90, 70)


class Canvas:
    """A picture under construction, in the finished picture's coordinates."""

    def __init__(self) -> None:
        self.image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), WALL)
        self._draw = ImageDraw.Draw(self.image)

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        """Fill an ellipse around a centre."""
        box = [(x - rx) * SCALE, (y - ry) * SCALE, (x + rx) * SCALE, (y + ry) * SCALE]
        self._draw.ellipse(box, fill=colour)

    def shape(self, knots: list[Point], colour: Colour) -> None:
        """Fill the smooth closed curve through some points."""
        self._draw.polygon(_scaled(_smooth(knots, closed=True)), fill=colour)

    def stroke(self, knots: list[Point], width: float, colour: Colour) -> None:
        """Draw the smooth open curve through some points, with round ends."""
        points = _smooth(knots, closed=False)
        for x, y in points:
            self.ellipse(x, y, width / 2, width / 2, colour)

    def finished(self) -> Image.Image:
        """Shrink the picture to its final size."""
        return self.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def _scaled(points: list[Point]) -> list[Point]:
    return [(x * SCALE, y * SCALE) for x, y in points]


def _smooth(knots: list[Point], *, closed: bool, steps: int = 48) -> list[Point]:
    """Follow a Catmull-Rom spline through the knots."""
    count = len(knots)
    last = count if closed else count - 1

    def knot(index: int) -> Point:
        return knots[index % count] if closed else knots[min(max(index, 0), count - 1)]

    points: list[Point] = []
    for index in range(last):
        around = [knot(index + offset) for offset in (-1, 0, 1, 2)]
        for step in range(steps + 1):
            t = step / steps
            points.append((_spline([p[0] for p in around], t), _spline([p[1] for p in around], t)))
    return points


def _spline(values: list[float], t: float) -> float:
    before, start, end, after = values
    bend = 2 * before - 5 * start + 4 * end - after
    twist = 3 * start - 3 * end + after - before
    return start + 0.5 * t * (end - before + t * (bend + t * twist))


def _mirror(points: list[Point]) -> list[Point]:
    return [(WIDTH - x, y) for x, y in points]


def draw_face() -> Image.Image:
    """Draw the whole picture, back to front."""
    canvas = Canvas()
    canvas.ellipse(384, 430, 340, 340, DISC)
    _draw_back_hair(canvas)
    _draw_shoulders(canvas)
    _draw_head(canvas)
    for side in (-1, 1):
        _draw_eye(canvas, side)
    _draw_nose_and_mouth(canvas)
    _draw_front_hair(canvas)
    return canvas.finished()


def _draw_back_hair(canvas: Canvas) -> None:
    left = [(384.0, 150.0), (262, 178), (196, 270), (176, 400), (170, 530), (186, 640), (250, 694)]
    canvas.shape([*left, (384, 700), *reversed(_mirror(left[1:]))], HAIR)


def _draw_shoulders(canvas: Canvas) -> None:
    left = [(384.0, 716.0), (300, 736), (196, 774), (112, 838), (76, 980), (76, 1100)]
    canvas.shape([*left, *reversed(_mirror(left[1:]))], KNIT)
    canvas.shape([(318, 600), (450, 600), (456, 720), (384, 790), (312, 720)], SKIN)
    canvas.shape([(318, 610), (450, 610), (452, 668), (384, 712), (316, 668)], SKIN_SHADE)
    canvas.stroke([(304, 722), (330, 772), (384, 794), (438, 772), (464, 722)], 26, KNIT_SHADE)
    for sleeve in ([(186.0, 900.0), (196, 930), (198, 980)],):
        canvas.stroke(sleeve, 7, KNIT_SHADE)
        canvas.stroke(_mirror(sleeve), 7, KNIT_SHADE)


def _draw_head(canvas: Canvas) -> None:
    left = [(384.0, 214.0), (276, 244), (216, 336), (208, 440), (228, 548), (288, 640)]
    canvas.shape([*left, (384, 676), *reversed(_mirror(left[1:]))], SKIN)
    for side in (-1, 1):
        canvas.ellipse(384 + side * 108, 540, 36, 24, BLUSH)


def _draw_eye(canvas: Canvas, side: int) -> None:
    x, y = 384 + side * 82, 446
    canvas.shape([(x - 44, y + 4), (x, y - 29), (x + 44, y + 4), (x, y + 24)], TEETH)
    canvas.ellipse(x, y - 2, 23, 25, IRIS)
    canvas.ellipse(x, y - 2, 12, 13, INK)
    canvas.ellipse(x + 8, y - 11, 6, 6, TEETH)
    lid = [(-45.0, 6.0), (-26, -18), (0, -29), (26, -21), (54, -4)]
    canvas.stroke([(x + side * dx, y + dy) for dx, dy in lid], 8, INK)
    brow = [(-46.0, -60.0), (-18, -74), (16, -76), (50, -62)]
    canvas.stroke([(x + side * dx, y + dy) for dx, dy in brow], 12, HAIR)


def _draw_nose_and_mouth(canvas: Canvas) -> None:
    canvas.stroke([(378, 474), (370, 506), (366, 530), (382, 542), (402, 535)], 7, SKIN_SHADE)
    canvas.shape(
        [
            (312, 578),
            (346, 586),
            (384, 590),
            (422, 586),
            (456, 578),
            (430, 618),
            (384, 634),
            (338, 618),
        ],
        LIPS,
    )
    canvas.shape([(330, 586), (384, 596), (438, 586), (416, 604), (384, 610), (352, 604)], TEETH)


def _draw_front_hair(canvas: Canvas) -> None:
    fringe = [
        (430.0, 158), (318, 160), (228, 226), (190, 340), (188, 470), (200, 500),
        (224, 440), (240, 370), (300, 330), (372, 280), (430, 220), (470, 280),
        (520, 330), (542, 400), (552, 460), (570, 500), (582, 460), (580, 340), (540, 226),
    ]  # fmt: skip
    canvas.shape(fringe, HAIR)
    canvas.stroke([(268, 262), (322, 222), (388, 200)], 9, HAIR_LIGHT)
    canvas.stroke([(252, 306), (318, 264), (376, 226)], 6, HAIR_LIGHT)
    canvas.stroke([(470, 226), (514, 268), (536, 314)], 7, HAIR_LIGHT)


def main() -> None:
    """Draw into the file that the command line names."""
    parser = argparse.ArgumentParser(description="Draw a portrait of nobody.")
    parser.add_argument("path", type=Path, help="where to put the JPEG")
    path: Path = parser.parse_args().path
    draw_face().save(path, "JPEG", quality=90, optimize=True, subsampling=0)


if __name__ == "__main__":
    main()
