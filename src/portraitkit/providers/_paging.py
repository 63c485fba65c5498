"""Pages by number: whether another one follows."""

from __future__ import annotations

from typing import Final

PAGE_SIZE: Final = 100
"""The most that Ark's lists and icover's give at once."""


def following(number: int, here: int, *, size: object, total: object) -> str | None:
    """
    Name the page after this one; None if it is the last.

    Args:
        number: This page's, from 1.
        here: How many rows it holds.
        size: How many a page holds, if the vendor says so.
        total: How many there are, if the vendor says so.
    """
    size = size if isinstance(size, int) and size > 0 else PAGE_SIZE
    seen = (number - 1) * size + here
    more = seen < total if isinstance(total, int) else here >= size
    return str(number + 1) if here and more else None
