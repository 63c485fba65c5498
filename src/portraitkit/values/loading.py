"""Modules that are loaded when they are first named, so that a call pays for what it uses."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


def lazily(package: str, **homes: str) -> Callable[[str], Any]:
    """
    Make a package's `__getattr__`: its modules are its attributes, as if all were imported.

    Args:
        package: Its name.
        homes: For each further name that it has, the module where that is.
    """

    def __getattr__(name: str) -> Any:  # noqa: N807  (a module's)
        home = homes.get(name, name)
        try:
            module = import_module(f"{package}.{home}")
        except ModuleNotFoundError as error:
            if error.name != f"{package}.{home}":
                raise
            raise AttributeError(f"module {package!r} has no attribute {name!r}") from None
        return getattr(module, name) if name in homes else module

    return __getattr__
