"""A program is killed at every step, and started again: one portrait, one paid video, one file."""

from __future__ import annotations

from collections import Counter

import pytest
from kill_harness import Harness, start_zygote

from portraitkit.simulators.__main__ import ACCOUNT, load
from portraitkit.simulators.server import serve

VENDOR = "token360"
EACH = 6
"""At every step programs are killed in tests/worlds; here a file and a socket are real."""
WHOLE = {"groups": 1, "assets": 1, "videos": 1, "file": True, "unfinished": 0}


@pytest.fixture(scope="module")
def zygote():
    process = start_zygote()
    yield process
    process.stdin.close()
    assert process.wait(10) == 0
    process.stdout.close()


@pytest.fixture
def harness(zygote, tmp_path):
    simulator = load(VENDOR)()
    simulator.add_account(ACCOUNT)
    with serve(simulator) as server:
        yield Harness(VENDOR, server, zygote, tmp_path / "run")


def test_a_killed_program_ends_with_one_of_each(harness):
    """Wherever it is killed, and killed again while it resumes: one of each is left in the end."""
    harness.fresh()
    whole = harness.run(fork=False)
    steps, requests = whole["boundaries"], harness.watched.requests
    left = harness.left()
    points = [{"kill_at": each + 1} for each in range(steps)]
    points += [{"kill_at_request": each + 1} for each in range(requests)]
    points = points[::EACH]
    results: Counter[str] = Counter()
    wrong = []
    for place, point in enumerate(points):
        harness.fresh()
        first = harness.run(**point)
        second = harness.run(kill_at=1 + place * 7 % 12)
        last = harness.run()
        results["killed"] += first["status"] == -9
        results["killed again"] += second["status"] == -9
        if last["error"] or harness.left() != left:
            wrong.append((point, harness.left(), last["error"][-1500:]))

    assert "" == whole["error"]
    assert WHOLE == {key: left[key] for key in WHOLE}
    assert [] == wrong
    assert results["killed"] >= len(points) - 3
    assert results["killed again"] >= len(points) / 2
