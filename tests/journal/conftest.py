"""A vendor in this process, clients that keep a journal at it, and what the journal says."""

from __future__ import annotations

import gc
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from attrs import evolve

from portraitkit.client.client import AsyncClient, Client
from portraitkit.journal.jobs import resume
from portraitkit.journal.journal import Journal
from portraitkit.providers.registry import provider_class
from portraitkit.simulators.__main__ import ACCOUNT, load
from portraitkit.testing import SimulatorTransport, VirtualTime
from portraitkit.values.secret import Secret

FACE = files("portraitkit.simulators").joinpath("data", "face.jpg").read_bytes()


class AsyncTransport(SimulatorTransport):
    async def send(self, request):
        return super().send(request)

    async def close(self):
        super().close()


class Desk:
    """One vendor, one journal, and as many clients as wanted, on a machine with a clock."""

    ahead_s = 0.0

    def __init__(self, vendor: str, folder: Path, journal: Path | str) -> None:
        gc.freeze()  # so that `unfinished` need not look through what other tests left
        self.simulator = load(vendor)()
        _ = self.simulator.add_account(ACCOUNT)
        cls = provider_class(vendor)
        keys = {"api_key": Secret(ACCOUNT.api_key)}
        if vendor in ("volcengine", "apiyi"):
            keys["access_key"] = Secret(ACCOUNT.access_key)
            keys["secret_key"] = Secret(ACCOUNT.secret_key)
        if vendor not in ("apiyi", "token360"):
            keys["callback_url"] = "https://app.example/back?state=1"
        self.provider = cls(**keys)
        self.folder = folder
        self.path = journal
        self.picture = folder / "mia.jpg"
        _ = self.picture.write_bytes(FACE)

    @property
    def world(self):
        return self.simulator.world

    def client(self, **options):
        return self._open(Client, SimulatorTransport(self.simulator), options)

    def async_client(self, **options):
        return self._open(AsyncClient, AsyncTransport(self.simulator), options)

    def _open(self, kind, transport, options):
        ahead = timedelta(seconds=self.ahead_s)
        clock = VirtualTime(self.world.clock).clock
        clock = evolve(clock, now=lambda: self.world.clock() + ahead)
        options = {"transport": transport, "clock": clock, "journal": self.path, **options}
        provider = options.pop("provider", self.provider)
        return kind(provider, **options)

    def elsewhere(self, **changes):
        """The same vendor with other settings, such as another key."""
        return evolve(self.provider, **changes)

    def unfinished(self):
        _ = gc.collect()  # what nobody holds any more is free
        return resume(self.path)

    def entries(self):
        return Journal(self.path).entries()

    def kinds(self, operation=None):
        """The entries' kinds, of one operation's jobs or of all."""
        jobs = {each.id: each.operation for each in Journal(self.path).jobs()}
        return [e.kind for e in self.entries() if operation in (None, jobs[e.job])]

    def text(self):
        """Everything that the journal holds."""
        found = [each.read_bytes() for each in self.folder.glob("jobs.db*")]
        return b"".join(found).decode("latin-1") or repr(self.entries())


@pytest.fixture
def place(request, tmp_path):
    """Where a new journal is; see `both`."""
    if getattr(request, "param", "file") == "postgresql":
        return request.getfixturevalue("new_database")()
    return tmp_path / "jobs.db"


@pytest.fixture
def desk_at(tmp_path, place):
    return lambda vendor: Desk(vendor, tmp_path, place)


@pytest.fixture
def desk(desk_at):
    return desk_at("alltoken")
