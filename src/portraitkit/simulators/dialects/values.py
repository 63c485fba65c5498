"""Typed looks into JSON that somebody sent."""

from __future__ import annotations

from typing import Any, cast


def object_of(value: Any) -> dict[str, Any] | None:
    """Return *value* if it is an object."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def list_of(value: Any) -> list[object] | None:
    """Return *value* if it is a list."""
    return cast("list[object]", value) if isinstance(value, list) else None


def texts_of(value: Any) -> list[str] | None:
    """Return *value* if it is a list of texts."""
    listed = list_of(value)
    if listed is None or not all(isinstance(word, str) for word in listed):
        return None
    return cast("list[str]", listed)
