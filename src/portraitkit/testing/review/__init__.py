"""Commands that look at cassettes: lint them, read them again, tell what drifted."""
