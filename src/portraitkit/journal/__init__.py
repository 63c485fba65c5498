"""What was started, and how to finish it."""
