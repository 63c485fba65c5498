"""Many processes and one journal: nothing is lost, and nothing is done twice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from portraitkit.journal.jobs import resume
from portraitkit.journal.journal import Journal

PROCESSES, JOBS = 8, 50
WRITER = """
import sys
from portraitkit.client.client import Client
from portraitkit.providers.alltoken import AllToken
from portraitkit.values.secret import Secret
from portraitkit.simulators.__main__ import ACCOUNT, load
from portraitkit.testing import SimulatorTransport

simulator = load("alltoken")()
simulator.add_account(ACCOUNT)
provider = AllToken(api_key=Secret(ACCOUNT.api_key), account_name=sys.argv[2])
client = Client(provider, transport=SimulatorTransport(simulator), journal=sys.argv[1])
group = client.create_group("Mia")
for number in range(int(sys.argv[3])):
    client.add_asset(group, "https://cdn.example/mia.jpg", name=str(number))
"""
CLAIMER = """
import json, sys
from portraitkit.journal.jobs import resume
print("ready", flush=True)
sys.stdin.readline()
jobs = resume(sys.argv[1])
print(json.dumps([job.record.id for job in jobs]), flush=True)
sys.stdin.readline()
"""


def started(code, *args):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, args)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    """A journal that eight processes wrote into at once, made by whoever came first."""
    made = tmp_path_factory.mktemp("journal") / "jobs.db"
    writers = [started(WRITER, made, f"account-{n}", JOBS) for n in range(PROCESSES)]
    for each in writers:
        _ = each.communicate(timeout=120)
    assert [0] * PROCESSES == [each.returncode for each in writers]
    return made


def test_eight_processes_lose_nothing(path):
    """Each job of each process is there, with all of its entries."""
    jobs = Journal(path).jobs()

    added = Counter(each.account for each in jobs if each.operation == "add_asset")
    assert {f"account-{n}": JOBS for n in range(PROCESSES)} == added
    assert {"known", "ended"} == {each.state for each in jobs}
    assert PROCESSES == sum(each.operation == "create_group" for each in jobs)
    assert all(each.handle for each in jobs)
    numbers = [each.id for each in Journal(path).entries()]
    assert list(range(1, 3 * (JOBS + 1) * PROCESSES + 1)) == numbers


def test_two_processes_that_resume_at_once_share_the_jobs(path):
    """None is in two hands, and what a dead process had is free again."""
    claimers = [started(CLAIMER, path) for _ in range(3)]
    for each in claimers:
        assert "ready\n" == each.stdout.readline()
    for each in claimers:
        print(file=each.stdin, flush=True)
    shares = [json.loads(each.stdout.readline()) for each in claimers]
    left = resume(path)
    for each in claimers:
        each.kill()
        _ = each.communicate()
    freed = resume(path)

    claimed = [job for share in shares for job in share]
    assert JOBS * PROCESSES == len(claimed) == len(set(claimed))
    assert [] == left
    assert sorted(claimed) == sorted(each.record.id for each in freed)
