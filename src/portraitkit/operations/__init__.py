"""What a caller can ask: operations that are the same everywhere, written on an adapter's calls."""

from typing import TYPE_CHECKING

from ..values.loading import lazily

if TYPE_CHECKING:
    from . import adding, downloading, making, reconciling, searching, waiting
else:
    __getattr__ = lazily(__name__)

__all__ = ["adding", "downloading", "making", "reconciling", "searching", "waiting"]
