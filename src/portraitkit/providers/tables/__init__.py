"""Vendors that are tables: one TOML file each, read, checked and made into an adapter."""
