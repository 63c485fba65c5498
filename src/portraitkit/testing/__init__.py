"""
For tests: flows without I/O, and clients on simulators with virtual time.

    replay(flow, [answer({"Result": {"Id": "group-1"}})])
        what a flow sends, and what it makes of the answers
    simulated(provider, simulator)
        a Client whose vendor lives in this process
"""

from __future__ import annotations

from .replaying import Replay, answer, replay
from .simulated import SimulatorTransport, VirtualTime, simulated, simulated_async

__all__ = [
    "Replay",
    "SimulatorTransport",
    "VirtualTime",
    "answer",
    "replay",
    "simulated",
    "simulated_async",
]
