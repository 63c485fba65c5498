"""What is read from a delivered file, and files that are no videos."""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portraitkit.compare import MeasureError, videofile
from portraitkit.compare.delivered import measure
from portraitkit.values.errors import ConfigError

pytest.importorskip("av", reason="needs: pip install 'portraitkit[compare]'")

from PIL import Image, ImageFilter

from clips import write_clip

FACE = Path(__file__).parents[2] / "src/portraitkit/simulators/data/face.jpg"
RATES = [
    Fraction(12),
    Fraction(24000, 1001),
    Fraction(24),
    Fraction(25),
    Fraction(30),
    Fraction(60),
]


def moving(number, size=(160, 96)):
    """Pictures of a camera that moves, as soft as frames are."""
    with Image.open(FACE) as face:
        wide = face.convert("RGB").resize((size[0] * 2, size[1] * 2))
    wide = wide.filter(ImageFilter.GaussianBlur(2))
    return [wide.crop((at, at, at + size[0], at + size[1])) for at in range(number)]


@pytest.fixture
def clip(tmp_path):
    def make(pictures=None, *, name="clip.mp4", **options):
        return write_clip(tmp_path / name, pictures or moving(12), **options)

    return make


@given(
    width=st.integers(16, 120).map(lambda half: 2 * half),
    height=st.integers(16, 120).map(lambda half: 2 * half),
    rate=st.sampled_from(RATES),
    moves=st.integers(5, 20),
    black=st.integers(0, 8),
    still=st.integers(0, 8),
    loudness_db=st.none() | st.integers(-40, -6),
)
def test_a_video_comes_out_as_it_was_made(
    tmp_path_factory, width, height, rate, moves, black, still, loudness_db
):
    """Any size, rate and length: exact where the file is, and shares within one frame."""
    pictures = moving(moves, (width, height))
    pictures += [pictures[-1]] * still + [Image.new("RGB", (width, height))] * black
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    write_clip(path, pictures, rate=rate, loudness_db=loudness_db)
    count = len(pictures)

    found = measure(path)

    assert (width, height, "h264") == (found.width, found.height, found.codec)
    assert pytest.approx(float(rate), abs=0.01) == found.frame_rate
    assert pytest.approx(float(count / rate), abs=0.01) == found.duration_s
    assert pytest.approx(path.stat().st_size * 8 / float(count / rate), rel=0.02) == found.bit_rate
    assert pytest.approx(black / count, abs=1.01 / count) == found.black_share
    repeats = still + max(0, black - 1)
    assert pytest.approx(repeats / (count - 1), abs=1.01 / (count - 1)) == found.frozen_share
    assert (loudness_db is not None) == found.audio
    if loudness_db is None or found.duration_s < 0.5:
        assert found.audio or found.loudness_db is None
    else:
        assert pytest.approx(loudness_db - 3, abs=1) == found.loudness_db
    assert () == found.problems
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["origin"]["encoder"]


def test_a_mouth_that_speaks_is_no_frozen_video(clip):
    """All else stands still: a hundredth of the picture is enough to tell it from a repeat."""
    with Image.open(FACE) as face:
        still = face.convert("RGB").resize((384, 480))
    pictures = [still.copy() for _ in range(12)]
    for at, picture in enumerate(pictures):
        up = 240 + 3 * (at % 3)
        picture.paste(still.crop((170, up, 220, up + 36)), (170, 240))

    assert 0 == measure(clip(pictures)).frozen_share
    assert 1 == measure(clip([still] * 12)).frozen_share


def test_silence_is_told_from_no_audio(clip):
    """A track without a sound is a track, at the bottom of the scale, and told."""
    found = measure(clip(moving(24), loudness_db=-200))

    assert (True, -70.0, ("the audio track is silent",)) == (
        found.audio,
        found.loudness_db,
        found.problems,
    )


def test_the_first_frame_is_compared_with_its_picture(clip, tmp_path):
    """Near 1 for the picture at another size, well below for another picture."""
    pictures = moving(6)
    pictures[0].resize((640, 384)).save(tmp_path / "given.png")
    Image.open(FACE).transpose(Image.Transpose.ROTATE_180).resize((640, 384)).save(
        tmp_path / "other.png"
    )
    path = clip(pictures)

    assert 0.95 < measure(path, first_frame=tmp_path / "given.png").first_frame_ssim <= 1
    assert measure(path, first_frame=tmp_path / "other.png").first_frame_ssim < 0.6
    assert measure(path).first_frame_ssim is None


def test_a_picture_of_another_shape_is_told(clip, tmp_path):
    """It is cut to the video's shape, as most vendors do, and both shapes are said."""
    pictures = moving(6)
    tall = Image.new("RGB", (160, 240))
    tall.paste(pictures[0], (0, 72))
    tall.save(tmp_path / "tall.png")

    found = measure(clip(pictures), first_frame=tmp_path / "tall.png")

    assert found.first_frame_ssim > 0.95
    (told,) = found.problems
    assert "160x240" in told
    assert "160x96" in told


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<!doctype html><html><body>Sign in</body></html>",
        b'{"code": "InvalidUrl"}',
        b"#EXTM3U\n#EXTINF:10,\nfile:///etc/hostname\n",
        b"ffconcat version 1.0\nfile /etc/hostname\n",
        b"\x00" * 100_000,
        b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom",
        FACE.read_bytes(),
    ],
    ids=["empty", "html", "json", "hls", "concat", "zeros", "head alone", "jpeg"],
)
def test_what_is_no_video_is_one_error(tmp_path, content):
    """It names the file and what to do; a list of other files is not followed."""
    path = tmp_path / "fox.mp4"
    path.write_bytes(content)

    with pytest.raises(MeasureError, match=r"fox\.mp4") as caught:
        measure(path)

    assert caught.value.next_step


@pytest.mark.parametrize("name", ["gone.mp4", "."])
def test_a_path_that_is_no_file_is_the_same_error(tmp_path, name):
    """Nothing there, or a folder."""
    with pytest.raises(MeasureError):
        measure(tmp_path / name)


def test_sound_alone_is_no_video(tmp_path):
    """As a music file would be."""
    write_clip(tmp_path / "song.mp4", [], loudness_db=-20)

    with pytest.raises(MeasureError, match=r"song\.mp4 has no video"):
        measure(tmp_path / "song.mp4")


def test_a_frame_of_an_absurd_size_is_not_decoded(clip):
    """900 million pixels are claimed in few bytes: an error, and no memory."""
    path = clip([Image.new("RGB", (64, 64))] * 2, name="big.mov", codec="png")
    content = path.read_bytes()
    at = content.index(b"IHDR") + 4
    side = (30_000).to_bytes(4, "big")
    path.write_bytes(content[:at] + side + side + content[at + 8 :])

    with pytest.raises(MeasureError, match=r"big\.mov"):
        measure(path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Two seconds with sound."""
    return write_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", moving(48), loudness_db=-20)


@given(data=st.data())
def test_a_cut_file_does_not_pass(whole, data):
    """Wherever a download broke off: an error, or a problem that is told."""
    path, content = whole.with_name("cut.mp4"), whole.read_bytes()
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])

    try:
        problems = measure(path).problems
    except MeasureError:
        return
    assert problems


@given(data=st.data())
def test_a_damaged_file_raises_nothing_else(whole, data):
    """Bytes turned over anywhere: a measure, or a MeasureError."""
    path, content = whole.with_name("damaged.mp4"), bytearray(whole.read_bytes())
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=20)):
        content[at] = data.draw(st.integers(0, 255))
    path.write_bytes(content)

    try:
        found = measure(path)
    except MeasureError:
        return
    assert 0 <= found.black_share <= 1
    json.dumps(found.to_dict(), allow_nan=False)


def test_a_long_video_is_looked_at_in_part(clip, monkeypatch):
    """The work is bounded, and it is said where it ended."""
    monkeypatch.setattr(videofile, "DECODED_PIXELS", 20 * 1000**2)

    found = measure(clip(moving(48)))

    assert 2.0 == found.duration_s
    assert ("the file claims 2.0 s, and the frames seen end at 0.9 s",) == found.problems


def test_a_picture_that_is_none_is_the_same_error(clip, tmp_path):
    """The file at fault is named: the picture, not the video."""
    (tmp_path / "given.png").write_text("<html>")

    with pytest.raises(MeasureError, match=r"given\.png"):
        measure(clip(), first_frame=tmp_path / "given.png")


@pytest.mark.parametrize("package", ["av", "numpy", "PIL"])
def test_a_missing_package_says_what_to_install(clip, monkeypatch, package):
    """Not an ImportError from inside."""
    path = clip()
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(ConfigError, match=r"pip install 'portraitkit\[compare\]'"):
        measure(path, first_frame=FACE)
