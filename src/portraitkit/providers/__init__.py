"""One file for each vendor; shared dialects begin with an underscore."""
