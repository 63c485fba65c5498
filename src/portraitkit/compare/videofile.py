"""
Reading a video or a picture from a file that may be anything, within bounds.

FFmpeg reads far more than videos. A delivered file may make it open no other file and no address,
and may cost no more memory and time than a video of a size that is sold.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..values.errors import ConfigError, PortraitError

if TYPE_CHECKING:
    from av import Packet, VideoFrame
    from av.container import InputContainer
    from PIL import Image
LARGEST_PIXELS: Final = 8192 * 4096
"""Of a frame or a picture: four times as many as any video that is sold."""
DECODED_PIXELS: Final = 4 * 1000**3
"""Of all frames that are looked at: 20 s in 4K at 24 frames a second, some minutes in 720p."""
_SMALLEST_COST: Final = 1000**2
"""What a frame counts at least, in pixels, so that tiny frames come to an end, too."""
_OPTIONS: Final = {
    "format_whitelist": "mov,mp4,matroska,webm",
    "protocol_whitelist": "file",
    "max_pixels": str(LARGEST_PIXELS),
}


class MeasureError(PortraitError):
    """A file is no video or picture that can be measured: something else, damaged, or cut off."""

    advice = "look into the file; if it was downloaded, download it again"


def check_installed() -> None:
    """
    Refuse to begin what could not be measured or reported.

    Raises:
        ConfigError: The extra `compare` is not installed.
    """
    if not all(find_spec(each) for each in ("av", "numpy", "PIL", "scipy")):
        raise missing("compare")


def missing(extra: str) -> ConfigError:
    """Say which extra to install."""
    return ConfigError(
        "measuring videos and writing a report need packages that are not installed",
        next_step=f"pip install 'portraitkit[{extra}]'",
    )


@contextmanager
def opened(path: Path) -> Generator[InputContainer]:
    """
    Open a file that has a video in it. What FFmpeg complains of inside is a MeasureError, too.

    Raises:
        MeasureError: It has none that can be read.
        ConfigError: PyAV or numpy is not installed.
    """
    try:
        import av  # noqa: PLC0415  (an extra)
        from av.error import FFmpegError  # noqa: PLC0415  (as above)

        _ = import_module("numpy")  # frames come in its arrays
    except ImportError:
        raise missing("compare") from None
    try:
        with (
            path.open("rb") as file,
            av.open(file, "r", options=_OPTIONS, metadata_errors="replace") as container,
        ):
            if not container.streams.video:
                raise MeasureError(f"{path.name} has no video in it")
            video = container.streams.video[0]
            if not getattr(video, "width", 0):  # PyAV leaves it out where the codec is unknown
                raise MeasureError(f"{path.name} has a video of an unknown codec")
            if video.width * video.height > LARGEST_PIXELS:
                raise MeasureError(f"{path.name} claims {video.width}x{video.height} pixels")
            yield container
    except (OSError, FFmpegError) as error:
        raise MeasureError(
            f"{path.name} cannot be read as a video, or not to its end: {error.strerror}"
        ) from None


def pictures(container: InputContainer) -> Iterator[VideoFrame]:
    """Decode the video of a container, frame by frame, until `DECODED_PIXELS` are passed."""
    video = container.streams.video[0]
    video.thread_type = "AUTO"
    video.codec_context.options = {"max_pixels": str(LARGEST_PIXELS)}
    left = DECODED_PIXELS
    for packet in container.demux(video):
        check_whole(packet, container)
        for frame in packet.decode():
            yield frame
            left -= max(frame.width * frame.height, _SMALLEST_COST)
        if left < 0:
            return


def check_whole(packet: Packet[Any], container: InputContainer) -> None:
    """Refuse a packet in which the file ends: some decoders take the rest for all of it."""
    if packet.is_corrupt:
        raise MeasureError(f"{Path(container.name).name} is cut off")


def read_picture(path: Path) -> Image.Image:
    """
    Read a picture file as RGB, turned the way it is looked at.

    Raises:
        MeasureError: It cannot be read as a picture.
        ConfigError: Pillow is not installed.
    """
    try:
        from PIL import Image, ImageOps  # noqa: PLC0415  (an extra)
    except ImportError:
        raise missing("compare") from None
    try:
        with Image.open(path) as picture:
            if picture.width * picture.height <= LARGEST_PIXELS:
                return ImageOps.exif_transpose(picture).convert("RGB")
            why = f"{picture.width}x{picture.height} pixels are too many"
    except Exception as error:  # noqa: BLE001  (Pillow raises many kinds for a damaged file)
        why = getattr(error, "strerror", None) or type(error).__name__
    raise MeasureError(
        f"{path.name} cannot be read as a picture: {why}", next_step="use a PNG or JPEG picture"
    )
