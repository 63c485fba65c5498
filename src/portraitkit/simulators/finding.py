"""Find a vendor's simulator by its name."""

from __future__ import annotations

import inspect
from importlib import import_module

from .simulator import Simulator


def load(name: str) -> type[Simulator]:
    """
    Find a vendor's simulator.

    Raises:
        LookupError: This version has none of that name.
    """
    module_name = f"{__package__}.{name}"
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as missing:
        if missing.name != module_name:
            raise
        raise LookupError(f"there is no simulator of {name!r}") from None
    for _, found in inspect.getmembers(module, inspect.isclass):
        if found.__module__ == module_name and issubclass(found, Simulator):
            return found
    raise LookupError(f"{module_name} holds no simulator")
