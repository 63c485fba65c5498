"""
Fuzz what vendors answer, guided by coverage: `make fuzz`, or `python fuzz/fuzz_answers.py`.

FUZZ_SECONDS is the time to run (60). A finding ends the run with a traceback and leaves its bytes
in a file `crash-…` in FUZZ_FOLDER (a temporary folder); `python fuzz/fuzz_answers.py FILE` runs it
again. Seeds come from the simulated vendors.
"""

from __future__ import annotations

import coverage_guided

with coverage_guided.instrumented():
    from fuzz_answers_subject import PROVIDERS, fuzz_answer, operations, templates


def seeds() -> list[bytes]:
    """Inputs that reach each operation with each of the vendor's own answers."""
    names = sorted(PROVIDERS)
    found: list[bytes] = []
    for place, name in enumerate(names):
        for number in range(len(operations(name))):
            # Vendor, operation, kind of answer, status, content type, three headers, template.
            found += [
                bytes([place, number, 2, 0, 0, 0, 0, 0, told])
                for told in range(len(templates(name)))
            ]
            found.append(bytes([place, number, 0, 0, 0, 0, 0, 0]) + b'{"Result": {"Id": "a"}}')
    return found


if __name__ == "__main__":
    coverage_guided.run("answers", lambda data: fuzz_answer(data)[:2], seeds())
