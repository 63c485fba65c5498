"""Portraits by name: which asset stands for each at every account, and what registers it there."""

from typing import TYPE_CHECKING, Final

from ..values.loading import lazily

FILE_NAME: Final = "portraits.lock"
"""The ledger, where nothing else is said."""

if TYPE_CHECKING:
    from . import ledger, operations, registering, resolving
else:
    __getattr__ = lazily(__name__)

__all__ = ["FILE_NAME", "ledger", "operations", "registering", "resolving"]
