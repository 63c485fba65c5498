"""
For tests: flows without I/O, and clients on simulators with virtual time.

    replay(flow, [answer({"Result": {"Id": "group-1"}})])
        what a flow sends, and what it makes of the answers
    simulated(provider, simulator)
        a Client whose vendor lives in this process
    ProviderContract
        the conformance suite, for a test class of an adapter's author
    TableContract
        the same for a vendor that is a table
    Simulator, World, VirtualClock, SimAccount, SimCheck
        what a simulated vendor is made of
    Contract
        a contract.yaml that judges requests and answers (extra `testing`)
    cassette(path)
        recorded answers, for a `setUpClass`, a fixture of a session or a script (extra `testing`)

What needs more than the package itself is loaded when it is first used.

For an application's own tests there are pytest fixtures; see `portraitkit.testing.plugin`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..simulators.simulator import Simulator
    from ..simulators.state import SimAccount, SimCheck, VirtualClock, World
    from .conformance.contract import ProviderContract
    from .conformance.judging import Contract
    from .conformance.tables import TableContract
    from .doubles.replaying import Replay, answer, replay
    from .doubles.simulating import (
        SimulatedVendor,
        SimulatorTransport,
        VirtualTime,
        simulated,
        simulated_async,
    )
    from .recording import cassette

__all__ = [
    "Contract", "ProviderContract", "Replay", "SimAccount", "SimCheck", "SimulatedVendor",
    "Simulator", "SimulatorTransport", "TableContract", "VirtualClock", "VirtualTime", "World",
    "answer", "cassette", "replay", "simulated", "simulated_async",
]  # fmt: skip

# pytest imports this package in every run where portraitkit is installed: names load when used.
_HOMES = {
    "..simulators.simulator": ("Simulator",),
    "..simulators.state": ("SimAccount", "SimCheck", "VirtualClock", "World"),
    ".conformance.contract": ("ProviderContract",),
    ".conformance.judging": ("Contract",),
    ".conformance.tables": ("TableContract",),
    ".doubles.replaying": ("Replay", "answer", "replay"),
    ".doubles.simulating": (
        "SimulatedVendor", "SimulatorTransport", "VirtualTime", "simulated", "simulated_async",
    ),
    ".recording": ("cassette",),
}  # fmt: skip
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  (only when a name is first used)

    value: object = getattr(import_module(home, __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
