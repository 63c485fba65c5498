"""Finding adapters and simulators: built-in ones and a stranger's, all through entry points."""

from __future__ import annotations

import difflib
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from ..operations.provider import PortraitProvider
from ..values.errors import ConfigError

GROUP: Final = "portraitkit.providers"
SIMULATORS: Final = "portraitkit.simulators"
"""What names an adapter's simulator, a `portraitkit.simulators.simulator.Simulator`."""


@cache
def _installed(group: str = GROUP) -> tuple[EntryPoint, ...]:
    """Every adapter or simulator. To look through all installed packages is slow, and done once."""
    return tuple(entry_points(group=group))


def provider_names() -> tuple[str, ...]:
    """Names of all installed adapters, sorted. Loads none of them."""
    return tuple(sorted({each.name for each in _installed()}))


def provider_class(name: str) -> type[PortraitProvider]:
    """
    Load one adapter.

    Raises:
        ConfigError: No adapter has that name, two have it, or it cannot be loaded.
    """
    found = _found(name)
    try:
        cls = found.load()
    except Exception as error:
        raise ConfigError(
            f"the adapter {name!r} ({found.value}) cannot be loaded: {error}",
            next_step="mend or reinstall the package that provides it",
        ) from error
    if not (isinstance(cls, type) and issubclass(cls, PortraitProvider)):
        raise ConfigError(
            f"the adapter {name!r} ({found.value}) is no PortraitProvider",
            next_step="point the entry point at a subclass of portraitkit.PortraitProvider",
        )
    return cls


def simulator_class(name: str) -> Any:
    """
    Load the simulator of an adapter.

    Raises:
        ConfigError: No package brings one of that name.
    """
    found = [each for each in _installed(SIMULATORS) if each.name == name]
    if not found:
        names = sorted({each.name for each in _installed(SIMULATORS)})
        raise ConfigError(
            f"no installed package simulates {name!r}",
            provider=name,
            field="simulated",
            next_step=f"take simulated out, or use one of {', '.join(names)}",
        )
    return found[0].load()


def provider_classes(name: str) -> tuple[type[PortraitProvider], ...]:
    """
    Load all classes of one adapter: several where the vendor has two interfaces for one thing.

    Raises:
        ConfigError: As of `provider_class`.
    """
    return provider_class(name).interfaces()


def _found(name: str) -> EntryPoint:
    # An editable install and its metadata may list one adapter twice; only different ones clash.
    matches = {each.value: each for each in _installed() if each.name == name}
    if len(matches) > 1:
        raise ConfigError(
            f"two packages provide an adapter named {name!r}: {', '.join(sorted(matches))}",
            next_step="uninstall one of them",
        )
    if not matches:
        names = provider_names()
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ConfigError(
            f"no adapter is named {name!r}",
            field="provider",
            next_step=f"{hint}installed: {', '.join(names) or 'none'}",
        )
    return next(iter(matches.values()))
