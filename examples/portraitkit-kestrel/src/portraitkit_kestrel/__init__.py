"""Kestrel for portraitkit: an invented vendor without an asset library."""
