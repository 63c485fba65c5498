"""The flows that are the same at every vendor, written on a provider's own operations."""
