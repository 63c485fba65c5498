"""Cassettes: the file, how requests are matched, and playing them."""
