"""The film and the pictures that simulators, tests and the demo use."""

from __future__ import annotations

import importlib.util
from importlib.resources import files
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageChops, ImageStat

DATA = files("portraitkit.simulators") / "data"
EXAMPLES = Path(__file__).parents[2] / "examples"


def _script(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _difference(one, other):
    """The mean difference of two pictures, per channel and from 0 to 255."""
    return max(ImageStat.Stat(ImageChops.difference(one, other)).mean)


def test_the_film_plays_while_it_loads():
    """clip.mp4 is H.264 with its index before the frames, and small."""
    film = (DATA / "clip.mp4").read_bytes()

    assert b"ftyp" == film[4:8]
    assert b"avc1" in film
    assert film.index(b"moov") < film.index(b"mdat")
    assert len(film) < 60_000


def test_the_frame_is_one_of_the_film():
    """clip.png is the frame that the script draws in the middle of the film."""
    script = _script("draw_clip")
    frame = Image.open(BytesIO((DATA / "clip.png").read_bytes())).convert("RGB")

    assert (640, 360) == frame.size
    assert _difference(script.draw_frame(script.FRAMES // 2), frame) < 3


def test_the_face_is_drawn():
    """face.jpg is what the script draws, so it shows nobody; it is within every vendor's limits."""
    content = (DATA / "face.jpg").read_bytes()
    face = Image.open(BytesIO(content))

    assert (768, 960) == face.size
    assert len(content) < 150_000
    assert _difference(_script("draw_face").draw_face(), face) < 2
