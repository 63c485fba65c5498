"""Portraits by name: which asset stands for each at every account, and what registers it there."""
