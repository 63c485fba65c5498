"""
BytePlus ModelArk, simulated: Volcengine's planes in another region, with other model names.

What is documented, assumed and left out is said in `volcengine`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from attrs import define, field

from .dialects.ark_rules import models_of
from .dialects.seedance import Family
from .volcengine import Variants, VolcengineSimulator

__all__ = ["BytePlusSimulator", "Variants"]


@define(kw_only=True)
class BytePlusSimulator(VolcengineSimulator):
    """The vendor behind ark.ap-southeast-1.byteplusapi.com and ark.ap-southeast.bytepluses.com."""

    name: ClassVar[str] = "byteplus"
    models: ClassVar[Mapping[str, Family]] = models_of("dreamina-", "")

    variants: Variants = field(factory=lambda: Variants(region="ap-southeast-1"))
