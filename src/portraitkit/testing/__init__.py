"""
For tests: flows without I/O, and clients on simulators with virtual time.

    replay(flow, [answer({"Result": {"Id": "group-1"}})])
        what a flow sends, and what it makes of the answers
    simulated(provider, simulator)
        a Client whose vendor lives in this process
    ProviderContract
        the conformance suite, for a test class of an adapter's author
    Simulator, World, VirtualClock, SimAccount
        what a simulated vendor is made of
    Contract
        a contract.yaml that judges requests and answers (extra `testing`)

What needs more than the package itself is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .replaying import Replay, answer, replay
from .simulated import (
    SimulatedVendor,
    SimulatorTransport,
    VirtualTime,
    simulated,
    simulated_async,
)

if TYPE_CHECKING:
    from ..simulators.simulator import Simulator
    from ..simulators.state import SimAccount, VirtualClock, World
    from .contract import ProviderContract
    from .judging import Contract

__all__ = [
    "Contract",
    "ProviderContract",
    "Replay",
    "SimAccount",
    "SimulatedVendor",
    "Simulator",
    "SimulatorTransport",
    "VirtualClock",
    "VirtualTime",
    "World",
    "answer",
    "replay",
    "simulated",
    "simulated_async",
]

_HOMES = {
    "Contract": ".judging",
    "ProviderContract": ".contract",
    "SimAccount": "..simulators.state",
    "Simulator": "..simulators.simulator",
    "VirtualClock": "..simulators.state",
    "World": "..simulators.state",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  (only when a name is first used)

    value: object = getattr(import_module(_HOMES[name], __name__), name)
    globals()[name] = value
    return value
