"""Runs a flow: attempts, time and HTTP. The only room that does network I/O."""
