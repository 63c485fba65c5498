"""What simulators share, as the dialects of the adapters are shared."""
