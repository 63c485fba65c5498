"""
Profiles: which vendor, with which account, read from `portraitkit.toml` or `pyproject.toml`.

    profile = "alltoken"                      # PORTRAITKIT_PROFILE overrides

    [profiles.alltoken]
    api_key = "env:ALLTOKEN_API_KEY"          # or file:PATH, or keyring:SERVICE/USER

There is never a default vendor, and no text from here shows a secret.
"""

from __future__ import annotations

import difflib
import os
import re
import sys
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar
from urllib.parse import urlsplit

from attrs import field, frozen

from .errors import ConfigError, masker
from .references import SCHEMES, is_reference, read_reference
from .secret import MASK, Secret
from .wire import is_loopback

V = TypeVar("V", str, bool, float)
Environ: TypeAlias = Mapping[str, str]

FILE_NAME: Final = "portraitkit.toml"
_DEEPEST: Final = 4
"""Tables within tables in a profile."""
