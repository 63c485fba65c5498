"""Short videos for tests, made with PyAV from pictures."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np

AUDIO_RATE = 48_000


def write_clip(path, pictures, *, rate=24, loudness_db=None, tags=None, codec="libx264"):
    """
    Write pictures of one size as a video; with a loudness, a tone of 1 kHz of this peak in dB.

    Without pictures, the tone alone. The file's tables come first, as vendors deliver it, so that
    a part of the file is a part of the video.
    """
    options = {"movflags": "faststart+use_metadata_tags"}
    with av.open(path, "w", options=options) as container:
        container.metadata.update(tags or {})
        quality = {"crf": "12"} if codec == "libx264" else {}
        video = container.add_stream(codec, rate=rate, options=quality) if pictures else None
        audio = None if loudness_db is None else container.add_stream("aac", rate=AUDIO_RATE)
        if video is not None:
            video.width, video.height = pictures[0].size
            video.pix_fmt = "rgb24" if codec == "png" else "yuv420p"
            for frame in _frames(pictures, rate):
                container.mux(video.encode(frame))
            container.mux(video.encode())
        if audio is not None:
            for frame in _tone(Fraction(len(pictures) or rate) / rate, loudness_db):
                container.mux(audio.encode(frame))
            container.mux(audio.encode())
    return path


def _frames(pictures, rate):
    for index, picture in enumerate(pictures):
        frame = av.VideoFrame.from_image(picture)
        frame.pts, frame.time_base = index, 1 / Fraction(rate)
        yield frame


def _tone(seconds, peak_db):
    at = np.arange(int(seconds * AUDIO_RATE)) / AUDIO_RATE
    wave = (10 ** (peak_db / 20) * np.sin(2 * np.pi * 997 * at)).astype(np.float32)
    for start in range(0, len(wave), 1024):
        frame = av.AudioFrame.from_ndarray(wave[None, start : start + 1024].copy(), "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = AUDIO_RATE, start, Fraction(1, AUDIO_RATE)
        yield frame
