"""What several simulated vendors share, as the dialects of the adapters are shared."""
