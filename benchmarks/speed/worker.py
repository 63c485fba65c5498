"""
One subject of one figure, in a process and an environment of its own.

    python worker.py subjects:name PORT FLAKY_PORT

Reads how often to do it, a number a line; answers with CPU and wall time in seconds and what the
process's memory grew by, as JSON. What a subject needs before it is not counted.
"""

from __future__ import annotations

import gc
import importlib
import json
import resource
import sys
import time


def peak_mb() -> float:
    """The most memory that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Make the subject ready, then do it as often as asked."""
    name, *ports = sys.argv[1:]
    module, _, subject = name.partition(":")
    subject, *numbers = subject.split()
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    run = getattr(importlib.import_module(module), subject)(*urls, *map(int, numbers))
    for line in sys.stdin:
        times = int(line)
        _ = gc.collect()
        before_mb = peak_mb()
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        run(times)
        cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
        found = {"cpu": cpu_s / times, "wall": wall_s / times, "mb": peak_mb() - before_mb}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
