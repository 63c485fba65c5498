"""Vendors that are tables: one TOML file each, read, checked and made into an adapter."""

from typing import Final

DIALECTS: Final = ("ark-actions", "asset-groups", "ark-video", "router-video")
"""What a table may begin with, each a file in `dialects`."""
