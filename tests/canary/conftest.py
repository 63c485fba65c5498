"""One server for each vendor, and stages to play on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from canary_stage import Stage
from canary_vendors import VENDORS, marked
from canary_watch import Watch

from portraitkit.simulators.server import Server, serve


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Server]]:
    """One server for each vendor; each test puts a fresh simulator into it."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(serve(marked(vendor))) for name, vendor in VENDORS.items()}


@pytest.fixture
def stage_at(servers, tmp_path, monkeypatch):
    """Make a stage, with the profile's secrets in the environment."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)

    def make(name: str, driver: str) -> Stage:
        vendor, server = VENDORS[name], servers[name]
        for key, secret in vendor.secrets.items():
            monkeypatch.setenv(f"CANARY_{key.upper()}", secret)
        server.simulator = marked(vendor)
        server.simulator.base_url = server.url
        return Stage(vendor, driver, server.simulator, Watch(), tmp_path, server.url)

    return make
