"""
Fuzz every parser and codec, guided by coverage: `make fuzz`, or `python fuzz/fuzz_inputs.py`.

FUZZ_SECONDS is the time to run (60). A finding ends the run with a traceback and leaves its bytes
in a file `crash-…` in FUZZ_FOLDER (a temporary folder); `python fuzz/fuzz_inputs.py FILE` runs it
again.
"""

from __future__ import annotations

import coverage_guided

with coverage_guided.instrumented():
    from fuzz_inputs_subject import SUBJECTS, fuzz_input


def seeds() -> list[bytes]:
    """Inputs that reach each subject with each of its first choices."""
    return [
        bytes([place, first, second, 1, 2, 3]) + b"0123456789" * 4
        for place in range(len(SUBJECTS))
        for first in range(8)
        for second in range(4)
    ]


if __name__ == "__main__":
    coverage_guided.run("inputs", fuzz_input, seeds())
