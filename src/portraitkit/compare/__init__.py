"""Comparing vendors: the same scenes at several profiles, measured and reported."""
