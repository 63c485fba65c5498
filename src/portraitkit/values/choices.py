"""
Words that editors complete: what the adapters' tables list, and any other string besides.

A vendor may take more than its page lists, and a new model needs no release of this package.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

KnownModel: TypeAlias = Literal[
    "seedance-2.0", "seedance-2.0-fast", "seedance-2.0-mini", "seedance-2.5", "seedance-1.5-pro"
]
KnownRatio: TypeAlias = Literal["adaptive", "16:9", "9:16", "1:1", "4:3", "3:4", "21:9", "9:21"]
KnownResolution: TypeAlias = Literal["360p", "480p", "540p", "720p", "1080p", "1K", "2K", "4K"]
Model: TypeAlias = KnownModel | str
Ratio: TypeAlias = KnownRatio | str
Resolution: TypeAlias = KnownResolution | str
