"""A program is killed at every step, and started again: one portrait, one paid video, one file."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from kill_stage import VENDORS, Stage, start_zygote

from portraitkit.simulators.__main__ import ACCOUNT, load
from portraitkit.simulators.server import serve

WHOLE = {"groups": 1, "assets": 1, "videos": 1, "file": True, "unfinished": 0}


@pytest.fixture(scope="module")
def zygote():
    process = start_zygote()
    yield process
    process.stdin.close()
    assert process.wait(10) == 0
    process.stdout.close()


@pytest.fixture(params=VENDORS)
def stage(request, zygote, tmp_path):
    simulator = load(request.param)()
    simulator.add_account(ACCOUNT)
    published = tmp_path / "published"
    published.mkdir()
    with serve(simulator, folder=published) as server:
        yield Stage(request.param, server, zygote, tmp_path / "run", published)


def test_a_killed_program_ends_with_one_of_each(stage, capsys):
    """Wherever it is killed; and the same once more while it resumes."""
    started_s = time.monotonic()
    stage.fresh()
    whole = stage.run(fork=False)
    requests = stage.watched.requests
    left = stage.left()
    results: Counter[str] = Counter()
    wrong = []
    points = [("step", number) for number in range(1, whole["boundaries"] + 1)]
    points += [("request", number) for number in range(1, requests + 1)]
    for kind, number in points:
        stage.fresh()
        at = {"kill_at": number} if kind == "step" else {"kill_at_request": number}
        first = stage.run(**at)
        results["killed" if first["status"] == -9 else "not reached"] += 1
        second = stage.run()
        if second["error"] or stage.left() != left:
            wrong.append((kind, number, first, stage.left(), second["error"][-1500:]))
        else:
            results["whole in the end"] += 1
    with capsys.disabled():
        took = f"{stage.runs} runs in {time.monotonic() - started_s:.1f} s"
        print(f"\n{stage.vendor}: {len(points)} kill points, {dict(results)}, {took}")

    assert "" == whole["error"]
    assert WHOLE == {key: left[key] for key in WHOLE}
    assert [] == wrong
    assert results["killed"] >= len(points) - 4
