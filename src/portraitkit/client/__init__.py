"""Where a caller begins: connecting, both clients, and translating between vendors."""
