"""Fixtures for all tests: stories under every driver, and cassettes that must be used up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
import vcr

from portraitkit.client import AsyncClient, Client
from portraitkit.driver import Budget
from portraitkit.provider import PortraitProvider
from portraitkit.testing import VirtualTime
from portraitkit.wire import Flow

ROOT = Path(__file__).parent.parent

Story = Callable[[PortraitProvider], Flow[Any]]


@pytest.fixture(params=["blocking", "asyncio", "trio"])
def driver(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def play(driver: str) -> Callable[..., Any]:
    """Run a story, which is a flow, through real httpx under one of the three drivers."""

    def play(provider: PortraitProvider, story: Story, **options: Any) -> Any:
        options = {"clock": VirtualTime().clock, "budget": Budget(), **options}
        if driver == "blocking":
            with Client(provider, **options) as client:
                return client.run(story(provider), "story")

        async def run() -> Any:
            async with AsyncClient(provider, **options) as client:
                return await client.run(story(provider), "story")

        return anyio.run(run, backend=driver)

    return play


@pytest.fixture
def replay_cassette(play: Callable[..., Any]) -> Callable[..., Any]:
    """Play a story against a cassette, all of whose interactions must be used."""

    def run(path: str, provider: PortraitProvider, story: Story) -> Any:
        with _cassette(ROOT / "cassettes" / path) as tape:
            result = play(provider, story)
        assert tape.all_played, f"{path}: {tape.play_count} of {len(tape)} interactions were used"
        return result

    return run


@contextmanager
def _cassette(path: Path) -> Iterator[Any]:
    assert path.exists(), path
    recorder = vcr.VCR(
        record_mode="none",
        match_on=("method", "scheme", "host", "port", "path", "query", "body"),
    )
    with recorder.use_cassette(str(path)) as tape:
        yield tape
