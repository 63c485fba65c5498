"""What everybody holds: models, handles, errors, media. Knows no vendor and does no I/O."""
