"""Fixtures of the fault matrix: one set of sockets, and what all cells came to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fault_cells import Ground, Judged
from fault_places import open_places


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Vendors behind faulty fronts."""
    with open_places() as places:
        yield Ground(places, tmp_path_factory.mktemp("faults"))


@pytest.fixture(scope="session")
def outcomes() -> dict[str, list[Judged]]:
    """What the cells came to so far, by client."""
    return {"blocking": [], "asyncio": [], "trio": []}
