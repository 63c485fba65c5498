"""
A simulated xcompute: the avatar dialect, resold.

Documented on xcompute's own guide: the three steps of `real-avatar`, the session task with its
link and token, the review task whose result stays filled when it failed, and `asset://` addresses
with the `-face` models. Documented on public pages: `private-avatar`, the video body, the error
bodies (these by APIMart, whose interface xcompute resells). What is assumed is said in
`dialects.avatars`.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import define

from .dialects.avatars import AvatarSimulator, Variants

__all__ = ["Variants", "XComputeSimulator"]


@define(kw_only=True)
class XComputeSimulator(AvatarSimulator):
    """The vendor behind https://xcompute.us."""

    name: ClassVar[str] = "xcompute"
