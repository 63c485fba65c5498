"""How alike the faces in a video are: the sampling with a scorer of our own, and dlib on a face."""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portraitkit.compare import MeasureError, likeness
from portraitkit.values.errors import ConfigError

pytest.importorskip("av", reason="needs: pip install 'portraitkit[likeness]'")
pytest.importorskip("numpy", reason="needs: pip install 'portraitkit[likeness]'")
from PIL import Image, ImageEnhance

from clips import write_clip

DRAWN = Path(__file__).parents[2] / "src/portraitkit/simulators/data/face.jpg"
SIZE = (32, 32)


class Brightness:
    """Each picture has one face, and its middle's brightness is it; black has none."""

    scale = "brightness"

    def faces(self, picture):
        value = picture.convert("L").getpixel((picture.width // 2, picture.height // 2))
        return [value, 1000] if value > 20 else []

    def distance(self, one, other):
        return abs(one - other) / 255


def grey(value):
    return Image.new("RGB", SIZE, (value, value, value))


@pytest.fixture
def registered(tmp_path):
    grey(200).save(tmp_path / "registered.png")
    return tmp_path / "registered.png"


def test_every_sampled_face_is_compared(tmp_path, registered):
    """The nearest face of each frame; the median, the worst, and who was not to be seen."""
    pictures = [grey(value) for value in (200, 200, 149, 149, 0, 0, 98, 98)]

    found = likeness.score(
        write_clip(tmp_path / "clip.mp4", pictures), registered, Brightness(), frames=4
    )

    one, two, nobody, three = (each.distance for each in found.scores)
    assert pytest.approx([0, 0.2, 0.4], abs=0.03) == [one, two, three]
    assert nobody is None
    assert pytest.approx(0.2, abs=0.03) == found.median
    assert pytest.approx(0.4, abs=0.03) == found.worst
    assert (0.25, "brightness") == (found.faceless_share, found.scale)


@given(
    count=st.integers(2, 40),
    rate=st.sampled_from([Fraction(12), Fraction(24000, 1001), Fraction(30)]),
    frames=st.integers(1, 15),
)
def test_samples_are_even(tmp_path_factory, count, rate, frames):
    """Each is shown in the middle of its part; a video of fewer frames gives them all."""
    folder = tmp_path_factory.mktemp("clips")
    grey(200).save(folder / "registered.png")
    clip = write_clip(folder / "clip.mp4", [grey(200)] * count, rate=rate)

    found = likeness.score(clip, folder / "registered.png", Brightness(), frames=frames)

    times = [each.at_s for each in found.scores]
    assert min(frames, count) == len(set(times))
    if frames <= count:
        part = float(count / rate / frames)
        for index, at in enumerate(times):
            assert abs(at - (index + 0.5) * part) <= float(1 / rate) + 0.001
    assert 0 == found.faceless_share


def test_a_video_without_a_face_has_no_distance(tmp_path, registered):
    """None, and not a number that could be ranked; as JSON, too."""
    clip = write_clip(tmp_path / "clip.mp4", [grey(0)] * 6)

    found = likeness.score(clip, registered, Brightness(), frames=3).to_dict()

    assert (None, None, 1) == (found["median"], found["worst"], found["faceless_share"])
    assert {"at_s": 0.042, "distance": None} == json.loads(json.dumps(found))["scores"][0]


def test_a_picture_without_a_face_is_an_error(tmp_path):
    """It names the picture; no video is looked at."""
    grey(0).save(tmp_path / "night.png")

    with pytest.raises(MeasureError, match=r"no face is found in night\.png"):
        likeness.score(tmp_path / "none.mp4", tmp_path / "night.png", Brightness())


def test_what_is_no_video_is_the_same_error(tmp_path, registered):
    """As `measure` has it."""
    (tmp_path / "page.mp4").write_text("<html>")

    with pytest.raises(MeasureError, match=r"page\.mp4"):
        likeness.score(tmp_path / "page.mp4", registered, Brightness())


@pytest.mark.parametrize("package", ["dlib", "face_recognition_models", "numpy"])
def test_a_missing_extra_says_what_to_install(tmp_path, registered, monkeypatch, package):
    """Where no scorer is given and the shipped one cannot be had."""
    monkeypatch.setitem(sys.modules, package, None)
    likeness._dlib_scorer.cache_clear()

    with pytest.raises(ConfigError, match=r"pip install 'portraitkit\[likeness\]'"):
        likeness.score(tmp_path / "clip.mp4", registered)


needs_a_face = pytest.mark.skipif(
    not all(find_spec(each) for each in ("dlib", "face_recognition_models", "skimage")),
    reason="needs: pip install 'portraitkit[likeness]' scikit-image",
)


@pytest.fixture(scope="module")
def photograph(tmp_path_factory):
    """The astronaut Eileen Collins, by NASA, head and shoulders."""
    (package,) = find_spec("skimage").submodule_search_locations
    path = tmp_path_factory.mktemp("faces") / "photograph.png"
    with Image.open(Path(package) / "data" / "astronaut.png") as picture:
        picture.convert("RGB").crop((64, 0, 384, 320)).save(path)
    return path


MADE = {
    "moved": lambda face, at: face.transform(
        face.size, Image.Transform.AFFINE, (1, 0, 8 * at, 0, 1, -3 * at)
    ),
    "rescaled": lambda face, at: face.resize((320 - 24 * at, 320 - 24 * at)).resize((320, 320)),
    "turned": lambda face, at: face.rotate(3 * at),
    "darkened": lambda face, at: ImageEnhance.Brightness(face).enhance(1 - at / 6),
}


def clip_of(face, change, path):
    """Four pictures, further and further from the one that was registered."""
    pictures = [change(face, at).resize((320, 320)) for at in range(4)]
    return write_clip(path, [each for each in pictures for _ in range(3)])


@needs_a_face
@pytest.mark.parametrize("name", MADE)
def test_the_same_face_stays_near(photograph, tmp_path, name):
    """Moved, rescaled, turned or darkened: far below the 0.6 of another person."""
    with Image.open(photograph) as face:
        clip = clip_of(face, MADE[name], tmp_path / "clip.mp4")

    found = likeness.score(clip, photograph, frames=4)

    assert 0 == found.faceless_share
    assert found.worst < 0.4
    assert "0.6" in found.scale


@needs_a_face
def test_another_face_is_seen_from_where_it_changes(photograph, tmp_path):
    """A photograph that becomes a drawing, and then nobody."""
    with Image.open(photograph) as face, Image.open(DRAWN) as drawn:
        pictures = [face.copy(), drawn.resize((320, 400)).crop((0, 40, 320, 360)).convert("RGB")]
    pictures.append(Image.new("RGB", (320, 320)))
    clip = write_clip(tmp_path / "clip.mp4", [each for each in pictures for _ in range(6)])

    same, other, nobody = likeness.score(clip, photograph, frames=3).scores

    assert same.distance < 0.2
    assert other.distance > 0.5
    assert nobody.distance is None


@needs_a_face
def test_a_drawn_face_is_compared_with_itself(tmp_path):
    """Simulators deliver the portrait that they were given, and it is found in it."""
    with Image.open(DRAWN) as drawn:
        clip = clip_of(drawn.convert("RGB"), MADE["darkened"], tmp_path / "clip.mp4")

    assert likeness.score(clip, DRAWN, frames=2).worst < 0.5
