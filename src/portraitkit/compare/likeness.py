"""
Whether a face stayed the same: each sampled face of a video against the registered picture.

The extra `likeness` brings one offline scorer. Another is a class with the members of
`LikenessScorer`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final, Protocol

import attrs
from attrs import frozen

from .videofile import MeasureError, missing, opened, pictures, read_picture

if TYPE_CHECKING:
    from PIL import Image

_SEARCHED_AT: Final = 800
"""Pixels of the longer side, for every vendor's frames alike."""


class LikenessScorer(Protocol):
    """
    Finds faces in pictures and tells how far apart two are.

    Attributes:
        scale: What a distance means and where it misleads. It is shown beside the number.
    """

    scale: str

    def faces(self, picture: Image.Image) -> Sequence[Any]:
        """Find the faces in an RGB picture, the largest first, in a form that `distance` takes."""
        ...

    def distance(self, one: Any, other: Any) -> float:
        """Tell how far apart two faces are: 0 for equal, more for less alike."""
        ...


class DlibScorer:
    """
    dlib's face recognition, offline, about half a second for a frame.

    The weights come with the package face-recognition-models. Its landmarks of 68 points, which may
    not be used commercially, are not used.

    Raises:
        ConfigError: The extra `likeness` is not installed.
    """

    scale: str = (
        "Distance of the face in the video from the face in the registered picture, by dlib: 0 for "
        "the same picture, 0.1 to 0.3 for the same face turned, smaller or darker; below 0.6 dlib "
        "takes two photographs for one person. A hint, not a proof: it was trained on photographs "
        "of adults, and is less sure with children, some ethnic groups and drawn faces. Profiles, "
        "covered faces and faces below a tenth of the frame's longer side count as no face."
    )

    def __init__(self) -> None:
        try:
            dlib: Any = import_module("dlib")  # it has no types
            _ = import_module("numpy")
        except ImportError:
            raise missing("likeness") from None
        package = find_spec("face_recognition_models")
        if package is None or not package.submodule_search_locations:
            raise missing("likeness")
        # By path: to import this package takes a setuptools of before 2025.
        weights = Path(package.submodule_search_locations[0]) / "models"
        self._find = dlib.get_frontal_face_detector()
        self._landmarks = dlib.shape_predictor(
            str(weights / "shape_predictor_5_face_landmarks.dat")
        )
        self._describe = dlib.face_recognition_model_v1(
            str(weights / "dlib_face_recognition_resnet_model_v1.dat")
        )

    def faces(self, picture: Image.Image) -> Sequence[Any]:
        """Find the faces, the largest first, as 128 numbers each."""
        import numpy as np  # noqa: PLC0415  (an extra)

        scale = _SEARCHED_AT / max(picture.size)
        size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
        pixels = np.asarray(picture.resize(size))
        found = sorted(self._find(pixels), key=lambda face: face.area(), reverse=True)
        shapes = [self._landmarks(pixels, face) for face in found]
        return [tuple(self._describe.compute_face_descriptor(pixels, each)) for each in shapes]

    def distance(self, one: Any, other: Any) -> float:
        """The Euclidean distance."""
        return math.dist(one, other)


@frozen
class Score:
    """One sampled frame: when it is shown, and how far its face is; None without a face."""

    at_s: float
    distance: float | None


@frozen(kw_only=True)
class Likeness:
    """
    How far the faces in a video are from a picture.

    Attributes:
        scale: What a distance means and where it misleads.
        scores: One for each sampled frame, in order.
        median: Of the frames with a face; None without one.
        worst: The largest distance of them.
        faceless_share: How many of the sampled frames have no face: 0 to 1.
    """

    scale: str
    scores: tuple[Score, ...]
    median: float | None
    worst: float | None
    faceless_share: float

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold of it."""
        return attrs.asdict(self)


def score(
    path: str | os.PathLike[str],
    picture: str | os.PathLike[str],
    scorer: LikenessScorer | None = None,
    frames: int = 12,
) -> Likeness:
    """
    Compare the face in a registered picture with the nearest face in each sampled frame.

    Args:
        path: The video.
        picture: The picture, of which the largest face counts.
        scorer: What tells how far apart two faces are; dlib by default.
        frames: How many frames are looked at, evenly over the video.

    Raises:
        MeasureError: One of the files is not what it has to be, or the picture has no face.
        ConfigError: The extra `likeness` is not installed.
    """
    scorer = scorer or _dlib_scorer()
    known = scorer.faces(read_picture(Path(picture)))
    if not known:
        raise MeasureError(
            f"no face is found in {Path(picture).name}",
            next_step="compare with a picture that shows the face large and from the front",
        )
    scores: list[Score] = []
    for at_s, image in _sampled(Path(path), frames):
        distances = [scorer.distance(known[0], each) for each in scorer.faces(image)]
        scores.append(Score(at_s, round(min(distances), 4) if distances else None))
    if not scores:
        raise MeasureError(f"{Path(path).name} has a video without a frame")
    seen = [each.distance for each in scores if each.distance is not None]
    return Likeness(
        scale=scorer.scale,
        scores=tuple(scores),
        median=round(median(seen), 4) if seen else None,
        worst=max(seen, default=None),
        faceless_share=round(1 - len(seen) / len(scores), 4),
    )


@cache
def _dlib_scorer() -> DlibScorer:
    return DlibScorer()


def _sampled(path: Path, frames: int) -> Iterator[tuple[float, Image.Image]]:
    """What is shown in the middle of each of so many parts; every second if no length is told."""
    from PIL import Image  # noqa: PLC0415  (an extra)

    with opened(path) as container:
        part_s = (container.duration or frames * 1_000_000) / 1_000_000 / frames
        shown_s = 1 / (container.streams.video[0].average_rate or 24)
        taken, wanted_s = 0, part_s / 2
        for frame in pictures(container):
            at_s = frame.time or 0.0
            if taken < frames and at_s + shown_s > wanted_s:
                taken += 1
                wanted_s += part_s * (1 + math.floor(max(0, at_s - wanted_s) / part_s))
                yield round(at_s, 3), Image.fromarray(frame.to_ndarray(format="rgb24"))
