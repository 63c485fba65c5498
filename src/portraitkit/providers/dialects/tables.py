"""Short forms of what vendors' tables say over and over."""

from __future__ import annotations


def alike(names: str) -> dict[str, str]:
    """Fields that the vendor calls as we do."""
    return {name: name for name in names.split()}
