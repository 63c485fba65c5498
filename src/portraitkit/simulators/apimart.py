"""
A simulated APIMart: the avatar dialect at its origin.

Documented on APIMart's own pages: `real-avatar`, `private-avatar`, tasks, the video body, the error
bodies, uploads of pictures, and in a newer copy of the page 4k for the standard model. Known from
clients' code alone, and left out: the library. What is assumed is said in `dialects.avatars`.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import define, field

from .dialects.avatar_rules import RESOLUTIONS
from .dialects.avatars import AvatarSimulator, Variants

__all__ = ["APIMartSimulator", "Variants"]


@define(kw_only=True)
class APIMartSimulator(AvatarSimulator):
    """The vendor behind https://api.apimart.ai."""

    name: ClassVar[str] = "apimart"
    resolutions: ClassVar[tuple[str, ...]] = (*RESOLUTIONS, "4k")

    variants: Variants = field(factory=lambda: Variants(uploads=True))
