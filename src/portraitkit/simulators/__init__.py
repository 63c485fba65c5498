"""
Simulated vendors: pure, stateful, on virtual time.

`portraitkit.simulators.<vendor>` holds one each; `.server` puts one behind a port of this machine.
"""
