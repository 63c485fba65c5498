"""What is in a video file that a vendor delivered, measured by FFmpeg through PyAV."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
from attrs import define, frozen

from .origin import Origin, read_origin
from .videofile import MeasureError, check_whole, opened, pictures, read_picture

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from PIL import Image

_SEEN_AT: Final = 160
"""Frames are looked at with a longer side of so many pixels, in which single ones do not count."""
_COMPARED_AT: Final = 320
"""The first frame is compared at this size, at which grain and encoding count for little."""
_BLACK: Final = 32
"""Brightness, of 255. A frame with nine tenths of its pixels below is black."""
_REPEATED: Final = 4
"""Change of brightness, of 255, which no pixel of a repeated frame exceeds. Encoding a picture that
stands still changes up to 3; a mouth that speaks, 30; a zoom by a hundredth a second, 5."""
_SILENT: Final = -70.0
"""The absolute gate of EBU R 128, in LUFS: what is below is silence."""
_LEAST_SOUND_S: Final = 0.4
"""EBU R 128 has no value for less."""
_MOST_SOUND_S: Final = 900
"""No more audio is listened to."""
_NEARLY_ALL: Final = 0.9
_SPARE_S: Final = 0.5
_OTHER_SHAPE: Final = 0.02
_LEAST_SIDE: Final = 16


@frozen(kw_only=True)
class Delivered:
    """
    A video as it was delivered.

    Attributes:
        duration_s: Of the video track, by the file.
        width: Of a frame, in pixels.
        height: As width.
        frame_rate: Frames in a second, on average.
        codec: Such as `h264`.
        bit_rate: Of the whole file, in bits a second.
        audio: Whether there is an audio track.
        loudness_db: Integrated loudness of the audio track by EBU R 128, in LUFS; None without
            audio and of 0.4 s or less, -70 of silence.
        black_share: How many of the frames are black: 0 to 1.
        frozen_share: How many of the frames after the first repeat the one before: 0 to 1.
        first_frame_ssim: Structural similarity, in brightness, of the first frame and the picture
            that was given for it, both at 320 pixels: 1 for equal; None without a picture.
        origin: What the file says of where it comes from.
        problems: What else a person should know, as texts.
    """

    duration_s: float
    width: int
    height: int
    frame_rate: float
    codec: str
    bit_rate: int
    audio: bool
    loudness_db: float | None
    black_share: float
    frozen_share: float
    first_frame_ssim: float | None
    origin: Origin
    problems: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold of it."""
        return attrs.asdict(self)


def measure(
    path: str | os.PathLike[str], *, first_frame: str | os.PathLike[str] | None = None
) -> Delivered:
    """
    Measure a video file.

    Args:
        path: The video.
        first_frame: The picture that was given as its first frame.

    Raises:
        MeasureError: One of the files is not what it has to be.
        ConfigError: The extra `compare` is not installed.
    """
    path = Path(path)
    given = None if first_frame is None else read_picture(Path(first_frame))
    with opened(path) as container:
        video = container.streams.video[0]
        seen = _see(container)
        if seen is None:
            raise MeasureError(f"{path.name} has a video without a frame")
        loudness_db = _loudness_db(container)
        length = video.duration * video.time_base if video.duration and video.time_base else None
        duration_s = float(length or seen.until_s)
        return Delivered(
            duration_s=round(duration_s, 3),
            width=seen.first.width,
            height=seen.first.height,
            frame_rate=round(float(video.average_rate or 0), 3),
            codec=video.codec.canonical_name,
            bit_rate=round(container.size * 8 / duration_s) if duration_s else 0,
            audio=bool(container.streams.audio),
            loudness_db=loudness_db,
            black_share=round(seen.black / seen.frames, 4),
            frozen_share=round(seen.frozen / max(1, seen.frames - 1), 4),
            first_frame_ssim=_ssim(seen.first, given) if given else None,
            origin=read_origin(path, container),
            problems=tuple(_problems(seen, duration_s, loudness_db, given)),
        )


def _problems(
    seen: _Seen, duration_s: float, loudness_db: float | None, given: Image.Image | None
) -> Iterator[str]:
    first = seen.first
    if seen.until_s < duration_s - max(_SPARE_S, duration_s / 20):
        yield f"the file claims {duration_s:.1f} s, and the frames seen end at {seen.until_s:.1f} s"
    if loudness_db == _SILENT:
        yield "the audio track is silent"
    if given and abs(given.width * first.height / (given.height * first.width) - 1) > _OTHER_SHAPE:
        yield (
            f"the picture given as first frame is {given.width}x{given.height}, the video "
            f"{first.width}x{first.height}: the middle of the picture was compared"
        )


@define
class _Seen:
    """What was seen of the frames."""

    first: VideoFrame
    frames: int = 0
    black: int = 0
    frozen: int = 0
    until_s: float = 0.0


def _see(container: InputContainer) -> _Seen | None:
    import numpy as np  # noqa: PLC0415  (an extra)
    from av.video.reformatter import VideoReformatter  # noqa: PLC0415  (as above)

    video = container.streams.video[0]
    width, height = _fitted(video.width, video.height, _SEEN_AT)
    shrink = VideoReformatter().reformat
    seen, before = None, None
    for frame in pictures(container):
        seen = seen or _Seen(frame)
        grey = shrink(frame, width, height, "gray", interpolation="AREA").to_ndarray().astype(int)
        seen.frames += 1
        seen.black += bool(np.mean(grey < _BLACK) > _NEARLY_ALL)
        seen.frozen += before is not None and int(np.abs(grey - before).max()) <= _REPEATED
        seen.until_s = (frame.time or 0.0) + 1 / (video.average_rate or 24)
        before = grey
    return seen


def _ssim(first: VideoFrame, given: Image.Image) -> float:
    from av import VideoFormat, VideoFrame  # noqa: PLC0415  (an extra)
    from av.filter import Graph  # noqa: PLC0415  (as above)
    from PIL import ImageOps  # noqa: PLC0415  (as above)

    middle = ImageOps.fit(given, (first.width, first.height)).convert("RGBA")
    pair = first, VideoFrame.from_bytes(middle.tobytes(), *middle.size)
    width, height = _fitted(first.width, first.height, _COMPARED_AT)
    graph = Graph()
    ssim, grey = graph.add("ssim"), VideoFormat("gray")
    for index in range(len(pair)):
        source = graph.add_buffer(width=width, height=height, format=grey, time_base=Fraction(1))
        source.link_to(ssim, 0, index)
    ssim.link_to(graph.add("buffersink"))
    graph.configure()
    for index, frame in enumerate(pair):
        small = frame.reformat(width, height, "gray")
        small.pts, small.time_base = 0, Fraction(1)
        graph.vpush(small, index)
    return round(float(graph.vpull().metadata["lavfi.ssim.All"]), 4)


def _fitted(width: int, height: int, longer: int) -> tuple[int, int]:
    scale = min(1.0, longer / max(width, height))
    return max(_LEAST_SIDE, round(width * scale)), max(_LEAST_SIDE, round(height * scale))


def _loudness_db(container: InputContainer) -> float | None:
    from av.error import BlockingIOError, EOFError  # noqa: A004, PLC0415  (an extra)
    from av.filter import Graph  # noqa: PLC0415  (as above)

    sound = next(iter(container.streams.audio), None)
    if sound is None or not getattr(sound, "sample_rate", 0):  # its codec is unknown
        return None
    graph = Graph()
    graph.link_nodes(
        graph.add_abuffer(template=sound),
        graph.add("ebur128", metadata="1"),
        graph.add("abuffersink"),
    ).configure()
    container.seek(0)
    value, heard_s = _SILENT, 0.0
    for packet in container.demux(sound):
        check_whole(packet, container)
        for frame in packet.decode():
            heard_s += frame.samples / frame.sample_rate
            graph.push(frame)
            with suppress(BlockingIOError, EOFError):
                while True:
                    value = float(graph.pull().metadata.get("lavfi.r128.I", value))
        if heard_s > _MOST_SOUND_S:
            break
    return max(_SILENT, round(value, 1)) if heard_s > _LEAST_SOUND_S else None
