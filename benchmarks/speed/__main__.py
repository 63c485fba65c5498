"""
Measure what the library costs, side by side with its peers.

    python benchmarks/speed                  every figure; medians of 15 rounds
    python benchmarks/speed --quick          fewer and smaller, in under two minutes on two cores
    python benchmarks/speed --before PATH    also another checkout of the project, in the same run

Subjects take turns, round by round, so that a noisy machine is noisy for all alike: what counts is
a ratio within one run. Each has a process of its own, in an environment of a user's packages alone.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from figures import FIGURES, LEFT_OUT, Figure

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parent.parent
ENVIRONMENT: Final = ROOT / "build" / "bench"
COMPILED: Final = ENVIRONMENT / "compiled"
"""Modules of all versions, kept from one run to the next."""
NEEDED: Final = (
    "aiohttp",
    "httpx",
    "httpx-aiohttp",
    "msgspec",
    "openai",
    "pydantic",
    "volcengine-ark-runtime",
    "volcenginesdk-core",
)
SCRIPTS: Final = {"waits": False, "growth": True}
"""What is told in virtual time, by a script of its own beside this folder; and whether it also
measures, so that no two versions must run at once."""
BARE: Final = "bare Python"
BEFORE: Final = "portraitkit before"
Rounds = dict[str, list[dict[str, float]]]


def environment() -> str:
    """The Python of an environment as a user's is: the package, and its peers; made when needed."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", ENVIRONMENT], check=True)
        pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, *NEEDED, "-e", ROOT], check=True)
    return str(python)


@contextmanager
def served() -> Generator[list[str]]:
    """Run the vendor on loopback, in a process of its own."""
    with subprocess.Popen([sys.executable, HERE / "server.py"], stdout=subprocess.PIPE) as server:
        assert server.stdout
        try:
            yield server.stdout.readline().decode().split()
        finally:
            server.kill()


class Bench:
    """One run: where its vendor is, and which versions of the library take part."""

    def __init__(self, python: str, ports: list[str], before: Path | None, *, quick: bool) -> None:
        self._python = python
        self._ports = ports
        self._quick = quick
        self._before = before
        # A fresh process would read a configuration of the folder that it is started in.
        self._folder = tempfile.mkdtemp()

    def measured(self, figure: Figure) -> dict[str, Any]:
        """Let the subjects take turns; medians and quartiles of each, and of each ratio."""
        subjects = dict(figure.subjects)
        if self._before:
            subjects[BEFORE] = subjects[figure.ours]
        found = self._fresh(figure, subjects) if figure.fresh else self._worked(figure, subjects)
        units = ("mb",) if figure.unit == "mb" else ("cpu", "wall")
        bare = found.pop(BARE, None)
        if bare:
            for rounds in found.values():
                for each, its in zip(rounds, bare, strict=True):
                    for unit in units:
                        each[unit] -= its[unit]
        values = {
            name: {unit: _spread([each[unit] for each in rounds]) for unit in units}
            for name, rounds in found.items()
        }
        ratios = {
            name: {
                unit: _spread(
                    [
                        each[unit] / base[unit]
                        for each, base in zip(rounds, found[figure.base], strict=True)
                    ]
                )
                for unit in units
            }
            for name, rounds in found.items()
            if figure.base
        }
        return {"title": figure.title, "base": figure.base, "values": values, "ratios": ratios}

    def _worked(self, figure: Figure, subjects: dict[str, str]) -> Rounds:
        times = figure.times[self._quick]
        found: Rounds = {name: [] for name in subjects}
        with self._workers(subjects) as workers:
            for worker in workers.values():
                _ = _turn(worker, max(1, times // 5))
            for number in range(figure.rounds[self._quick]):
                for name in _turned(list(workers), number):
                    found[name].append(_turn(workers[name], times))
        return found

    def _fresh(self, figure: Figure, subjects: dict[str, str]) -> Rounds:
        found: Rounds = {name: [] for name in subjects}
        if figure.unit == "mb":
            for number in range(figure.rounds[self._quick]):
                with self._workers(subjects) as workers:
                    for name in _turned(list(workers), number):
                        found[name].append(_turn(workers[name], 1))
            return found
        subjects = {BARE: "pass", **subjects}
        found[BARE] = []
        for number in range(-1, figure.rounds[self._quick]):
            for name in _turned(list(subjects), number):
                code = subjects[name].format(url=f"http://127.0.0.1:{self._ports[0]}")
                taken = self._timed(name, code)
                if number >= 0:
                    found[name].append(taken)
        return found

    def _timed(self, name: str, code: str) -> dict[str, float]:
        command = [self._python, "-c", code]
        wall_s, cpu_s = time.perf_counter(), _children_s()
        subprocess.run(command, check=True, env=self._env(name), cwd=self._folder)
        return {"cpu": _children_s() - cpu_s, "wall": time.perf_counter() - wall_s}

    @contextmanager
    def _workers(self, subjects: dict[str, str]) -> Generator[dict[str, subprocess.Popen[str]]]:
        """A process for each subject. They make ready side by side, and wait for their turns."""
        with ExitStack() as stack:
            yield {
                name: stack.enter_context(self._worker(name, what))
                for name, what in subjects.items()
            }

    @contextmanager
    def _worker(self, name: str, what: str) -> Generator[subprocess.Popen[str]]:
        command = [self._python, HERE / "worker.py", what, *self._ports]
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self._env(name),
            cwd=self._folder,
        ) as worker:
            yield worker

    def _env(self, name: str) -> dict[str, str]:
        """No proxy, and compiled modules, as installed ones are."""
        unwanted = ("proxy", "python")
        clean = {k: v for k, v in os.environ.items() if not any(u in k.lower() for u in unwanted)}
        path = {"PYTHONPATH": str(self._before / "src")} if name == BEFORE and self._before else {}
        return {**clean, **path, "PYTHONPYCACHEPREFIX": str(COMPILED)}


def counted(script: str, before: Path | None, *, quick: bool) -> dict[str, dict[str, Any]]:
    """What waits cost or what grows, in virtual time: a row of each version for each figure."""
    found: dict[str, dict[str, Any]] = {}
    sources = {"portraitkit": ROOT, **({BEFORE: before} if before else {})}
    with ThreadPoolExecutor(1 if SCRIPTS[script] else len(sources)) as pool:
        every = pool.map(lambda source: _rows(script, source, quick=quick), sources.values())
        for version, rows in zip(sources, every, strict=True):
            for row in rows:
                name = ", ".join(filter(None, (row.pop("figure"), row.pop("vendor", ""))))
                found.setdefault(name, {})[version] = row
                print(f"{name + ':':<48} {version} {json.dumps(row)}", flush=True)
    return found


def _rows(script: str, source: Path, *, quick: bool) -> list[dict[str, Any]]:
    command = [sys.executable, HERE.parent / f"{script}.py", *(["--quick"] if quick else [])]
    env = {**os.environ, "PYTHONPATH": str(source / "src"), "PYTHONPYCACHEPREFIX": str(COMPILED)}
    told = subprocess.run(command, check=True, env=env, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in told.splitlines()]


def _turn(worker: subprocess.Popen[str], times: int) -> dict[str, float]:
    assert worker.stdin
    assert worker.stdout
    print(times, file=worker.stdin, flush=True)
    found: dict[str, float] = json.loads(worker.stdout.readline())
    return found


def _children_s() -> float:
    """CPU time of all processes that have ended, which `os.times` tells in hundredths alone."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _turned(names: list[str], number: int) -> list[str]:
    """Let each begin in turn: what follows a heavy one has a warmer or a fuller machine."""
    start = number % len(names)
    return names[start:] + names[:start]


def _spread(values: list[float]) -> dict[str, float]:
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": _short(middle), "low": _short(low), "high": _short(high)}


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def show(name: str, found: dict[str, Any]) -> None:
    """Print one figure's medians."""
    parts: list[str] = []
    for subject, values in found["values"].items():
        if "mb" in values:
            parts.append(f"{subject} {_range(values['mb'], '.1f')} MB")
        elif subject == found["base"] or not found["base"]:
            ms = {name: seconds * 1000 for name, seconds in values["cpu"].items()}
            parts.append(f"{subject} {_range(ms, '.3f')} ms")
        else:
            of = found["ratios"][subject]
            wall = f"wall {of['wall']['median']:.2f}"
            parts.append(f"{subject} {_range(of['cpu'], '.2f')}, {wall}")
    print(f"{name + ':':<22} {'; '.join(parts)}", flush=True)


def _range(found: dict[str, float], form: str) -> str:
    return f"{found['median']:{form}} ({found['low']:{form}}-{found['high']:{form}})"


def _lines(rows: dict[str, Any]) -> str:
    """JSON with a line for each row."""
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(each)}" for name, each in rows.items())
    return f"{{\n{lines}\n}}"


def main() -> None:
    """Run, print, and keep."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    every = (*FIGURES, *SCRIPTS)
    _ = options.add_argument("figures", nargs="*", help=f"some of: {', '.join(every)}")
    _ = options.add_argument("--quick", action="store_true")
    _ = options.add_argument("--before", type=Path, help="another checkout to compare with")
    _ = options.add_argument("--out", type=Path, help="a JSON file whose figures are replaced")
    given = options.parse_args()
    usual = [name for name in every if name not in LEFT_OUT[given.quick]]
    names: list[str] = given.figures or usual
    if unknown := set(names) - set(every):
        options.error(f"none of them is called {', '.join(sorted(unknown))}")
    found: dict[str, dict[str, Any]] = {"machine": {}, "figures": {}, "counts": {}}
    if given.out and given.out.exists():
        found.update(json.loads(given.out.read_text(encoding="utf-8")))
    python, began_s = environment(), time.monotonic()
    with served() as ports:
        bench = Bench(python, ports, given.before, quick=given.quick)
        for name in names:
            if name in SCRIPTS:
                found["counts"].update(counted(name, given.before, quick=given.quick))
                continue
            found["figures"][name] = bench.measured(FIGURES[name])
            show(name, found["figures"][name])
    used_s = _children_s() + time.process_time()
    print(f"took {time.monotonic() - began_s:.0f} s, and {used_s:.0f} s of CPU")
    measured = found["figures"]
    found["figures"] = {name: measured[name] for name in FIGURES if name in measured}
    found["machine"] = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
    }
    if given.out:
        parts = ",\n".join(f"{json.dumps(part)}: {_lines(rows)}" for part, rows in found.items())
        _ = given.out.write_text(f"{{\n{parts}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
