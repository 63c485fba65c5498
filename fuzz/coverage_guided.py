"""Runs a subject of tests/fuzz under atheris, for a while, and counts what it reached."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import atheris

SUBJECTS: Final = Path(__file__).parents[1] / "tests" / "fuzz"
LONGEST_BYTES: Final = 2048


@contextmanager
def instrumented() -> Iterator[None]:
    """Import the library so that the fuzzer sees which branches are taken."""
    sys.path.insert(0, str(SUBJECTS))
    with atheris.instrument_imports(include=["portraitkit"]):
        yield


def run(name: str, subject: Callable[[bytes], object], seeds: list[bytes]) -> None:
    """Fuzz *subject* for FUZZ_SECONDS; what it returns is counted and printed at the end."""
    logging.disable(logging.CRITICAL)
    seconds = int(os.environ.get("FUZZ_SECONDS", "60"))
    folder = Path(os.environ.get("FUZZ_FOLDER") or tempfile.mkdtemp(prefix="portraitkit-fuzz-"))
    corpus = folder / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        _ = (corpus / f"seed-{number:04}").write_bytes(seed)
    reached: Counter[object] = Counter()
    started_s = time.monotonic()

    def one(data: bytes) -> None:
        reached[subject(data)] += 1
        if time.monotonic() - started_s > seconds and not told:
            # The fuzzer ends the process by itself, so this is the last moment.
            told.append(_summary(name, reached))
            print(told[0], flush=True)

    told: list[str] = []
    given = sys.argv[1:]
    limits = [f"-max_total_time={seconds + 1}", f"-max_len={LONGEST_BYTES}", "-timeout=20"]
    places = [f"-artifact_prefix={folder}{os.sep}", "-print_final_stats=1", "-verbosity=0"]
    arguments = given or [*limits, *places, str(corpus)]
    _ = atheris.Setup([sys.argv[0], *arguments], one)
    print(f"fuzzing {name} for {seconds} s; findings go to {folder}", flush=True)
    atheris.Fuzz()


def _summary(name: str, reached: Counter[object]) -> str:
    rarest = min(reached, key=lambda each: reached[each])
    return (
        f"{name}: {reached.total()} runs, nothing found; {len(reached)} subjects reached, "
        f"the rarest {reached[rarest]} times: {rarest}"
    )
