"""Finding adapters and simulators: built-in ones and a stranger's, all through entry points."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from typing import Any, Final

from ..operations.provider import PortraitProvider
from ..values.errors import ConfigError

GROUP: Final = "portraitkit.providers"
TABLE: Final = "(table)"
"""The entry point that makes the simulator of any vendor that is a table."""
SIMULATORS: Final = "portraitkit.simulators"
"""What names an adapter's simulator, a `portraitkit.simulators.simulator.Simulator`."""


@cache
def _installed(group: str = GROUP) -> tuple[EntryPoint, ...]:
    """Every adapter or simulator. To look through all installed packages is slow, and done once."""
    return tuple(entry_points(group=group))


@cache
def _tables() -> tuple[str, ...]:
    """Vendors that are tables of this package, one file each."""
    found = files("portraitkit.providers").joinpath("tables").iterdir()
    return tuple(each.name.removesuffix(".toml") for each in found if each.name.endswith(".toml"))


def provider_names() -> tuple[str, ...]:
    """Names of all adapters, installed ones and tables, sorted. Loads none of them."""
    return tuple(sorted({*(each.name for each in _installed()), *_tables()}))


def provider_class(name: str, table: Mapping[str, Any] | None = None) -> type[PortraitProvider]:
    """
    Load one adapter.

    Args:
        name: The vendor's.
        table: What describes it, where that is a configuration.

    Raises:
        ConfigError: No adapter has that name, two have it, or it cannot be loaded.
    """
    if table is not None:
        return _described(name, table)
    if name in _tables():
        return _of_table(name)
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


def _described(name: str, table: Mapping[str, Any]) -> type[PortraitProvider]:
    from .tables.building import vendor_class  # noqa: PLC0415  (only for those that are tables)

    if name in provider_names():
        raise ConfigError(
            f"[vendors.{name}] describes a vendor that has an adapter already",
            provider=name,
            field=f"vendors.{name}",
            next_step="give it another name",
        )
    return vendor_class(name, table)


@cache
def _of_table(name: str) -> type[PortraitProvider]:
    import tomllib  # noqa: PLC0415  (as below)

    from .tables.building import vendor_class  # noqa: PLC0415  (only for those that are tables)

    text = files("portraitkit.providers.tables").joinpath(f"{name}.toml").read_text("utf-8")
    return vendor_class(name, tomllib.loads(text))


def simulator_class(name: str, cls: type[PortraitProvider] | None = None) -> Any:
    """
    Load the simulator of an adapter; one that is a table has its simulator made of it.

    Raises:
        ConfigError: No package brings one of that name.
    """
    cls = cls or (provider_class(name) if name in _tables() else None)
    if (table := getattr(cls, "table", None)) is not None:
        (maker,) = (each for each in _installed(SIMULATORS) if each.name == TABLE)
        return maker.load()(table)
    found = [each for each in _installed(SIMULATORS) if each.name == name]
    if not found:
        names = sorted({each.name for each in _installed(SIMULATORS)} - {TABLE})
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
        import difflib  # noqa: PLC0415  (only for who mistypes)

        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ConfigError(
            f"no adapter is named {name!r}",
            field="provider",
            next_step=f"{hint}installed: {', '.join(names) or 'none'}",
        )
    return next(iter(matches.values()))
