"""What a caller can ask: operations that are the same everywhere, written on an adapter's calls."""
