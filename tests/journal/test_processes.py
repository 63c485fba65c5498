"""Many processes and one journal: nothing is lost, and nothing is done twice."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter

import pytest

from portraitkit.journal.jobs import resume
from portraitkit.journal.journal import Journal

STORES = {"file": (8, 25), "postgresql": (3, 10)}
"""How many processes write how many jobs each."""
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


@pytest.fixture(scope="module", params=STORES)
def written(request, tmp_path_factory):
    """A journal that several processes wrote into at once, made by whoever came first."""
    made = tmp_path_factory.mktemp("journal") / "jobs.db"
    if request.param == "postgresql":
        made = request.getfixturevalue("new_database")()
    processes, jobs = STORES[request.param]
    writers = [started(WRITER, made, f"account-{n}", jobs) for n in range(processes)]
    for each in writers:
        _ = each.communicate(timeout=120)
    assert [0] * processes == [each.returncode for each in writers]
    return made, processes, jobs


def test_many_processes_lose_nothing(written):
    """Each job of each process is there, with all of its entries."""
    path, processes, number = written
    jobs = Journal(path).jobs()

    added = Counter(each.account for each in jobs if each.operation == "add_asset")
    assert {f"account-{n}": number for n in range(processes)} == added
    assert {"known", "ended"} == {each.state for each in jobs}
    assert processes == sum(each.operation == "create_group" for each in jobs)
    assert all(each.handle for each in jobs)
    numbers = [each.id for each in Journal(path).entries()]
    assert list(range(1, 3 * (number + 1) * processes + 1)) == numbers


def test_two_processes_that_resume_at_once_share_the_jobs(written):
    """None is in two hands, and what a dead process had is free again."""
    path, processes, number = written
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
    while len(freed) < number * processes:  # until the server has seen that they are gone
        time.sleep(0.01)
        freed += resume(path)

    claimed = [job for share in shares for job in share]
    assert number * processes == len(claimed) == len(set(claimed))
    assert [] == left
    assert sorted(claimed) == sorted(each.record.id for each in freed)
