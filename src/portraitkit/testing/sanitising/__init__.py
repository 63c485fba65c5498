"""Takes secrets, names and faces out of what was recorded."""
