"""Acme Studio for portraitkit: an invented vendor, as a stranger would bring a real one."""
