"""Comparing vendors: the same scenes at several profiles, measured and reported."""

from .videofile import MeasureError

__all__ = ["MeasureError"]
