"""Where a caller begins: connecting, and both clients."""
