"""Vendors by what they offer: those without a library have no assets to hold a promise with."""

from __future__ import annotations

from portraitkit.cli.setting_up import credentials_of
from portraitkit.providers.registry import provider_class, provider_names
from portraitkit.values.secret import Secret


def offering(*operations):
    """Names of the vendors that offer all of these."""
    return [name for name in provider_names() if all(map(_made(name).supports, operations))]


def _made(name):
    cls = provider_class(name)
    return cls(**{each: Secret("sk-test") for each in credentials_of(cls)})
