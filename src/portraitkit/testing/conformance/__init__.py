"""The suite that every adapter has to pass, and the judges of its requests."""
