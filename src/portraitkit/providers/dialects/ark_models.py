"""
Ark's models: one row for each family, whatever the vendor that sells it puts before its name.

Source: Volcengine docs 82379/1520757; docs/vendors/volcengine.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ...values.statuses import MediaType
from ...vendor.preflight import VideoModel

RATIOS: Final = ("16:9", "4:3", "1:1", "3:4", "9:16", "21:9", "adaptive")
TO_720P: Final = ("480p", "720p")
TO_1080P: Final = (*TO_720P, "1080p")
TO_4K: Final = (*TO_1080P, "4k")

_SOURCE: Final = "Volcengine docs 82379/1520757"
_RULES_2_0: Final[Mapping[str, Any]] = {
    "duration_s": (4, 15),
    "ratios": RATIOS,
    "most": {MediaType.IMAGE: 9, MediaType.VIDEO: 3, MediaType.AUDIO: 3},
    "lacks": ("seed",),
    "audio_alone": False,
    "source": _SOURCE,
}
_RULES_2_5: Final[Mapping[str, Any]] = {
    "duration_s": (4, 30),
    "ratios": RATIOS,
    "most": {MediaType.IMAGE: 30, MediaType.VIDEO: 10, MediaType.AUDIO: 10},
    "source": _SOURCE,
}


def second_generation(
    prefix: str,
    *,
    also: str = "",
    standard: tuple[str, ...] = TO_4K,
    newest: tuple[str, ...] = (),
) -> tuple[VideoModel, ...]:
    """
    List the models that take portraits.

    Args:
        prefix: What this vendor puts before a family's name.
        also: What another vendor puts there, to read its bodies.
        standard: Resolutions of the standard 2.0 model.
        newest: Resolutions of 2.5.
    """
    rows: tuple[tuple[str, str, tuple[str, ...], Mapping[str, Any]], ...] = (
        ("seedance-2.0", "seedance-2-0-260128", standard, _RULES_2_0),
        ("seedance-2.0-fast", "seedance-2-0-fast-260128", TO_720P, _RULES_2_0),
        ("seedance-2.0-mini", "seedance-2-0-mini-260615", TO_720P, _RULES_2_0),
        ("seedance-2.5", "seedance-2-5-260628", newest, _RULES_2_5),
    )
    return tuple(
        VideoModel(
            name=name,
            id=prefix + family,
            other_ids=(also + family,) if also else (),
            resolutions=resolutions,
            **rules,
        )
        for name, family, resolutions, rules in rows
    )


def first_generation(prefix: str, *, also: str) -> VideoModel:
    """Describe 1.5, which takes no portraits."""
    return VideoModel(
        name="seedance-1.5-pro",
        id=f"{prefix}seedance-1-5-pro-251215",
        other_ids=(f"{also}seedance-1-5-pro-251215",),
        takes_assets=False,
        source="AllToken portrait guide: upstream refuses asset:// for it",
    )
