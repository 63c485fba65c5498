"""Every vendor that is a table passes the conformance suite, at the simulator made of it."""

from __future__ import annotations

import tomllib
from importlib.resources import files

from portraitkit.testing import TableContract

for _file in files("portraitkit.providers.tables").iterdir():
    if _file.name.endswith(".toml"):
        _name = _file.name.removesuffix(".toml")
        _more = {"name": _name, "document": tomllib.loads(_file.read_text("utf-8"))}
        globals()[f"Test{_name.title()}"] = type(f"Test{_name.title()}", (TableContract,), _more)
