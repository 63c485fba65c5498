"""One file for each vendor, a registry that finds them, and the dialects that several share."""
