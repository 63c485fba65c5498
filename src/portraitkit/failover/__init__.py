"""Which profile a call belongs to, and where it may move to."""
