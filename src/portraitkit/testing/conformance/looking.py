"""A check looks at something, or says why there is nothing to look at: none passes by silence."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final, NoReturn

import pytest

NOTHING: Final = "nothing to check, because "
"""How the reason of every such check begins, in pytest's summary."""
_looked: Final = [0]


def require(fact: object, problem: str, then: str) -> None:
    """
    Let a check fail unless *fact* holds.

    Raises:
        AssertionError: Says what is wrong, and what an adapter's author does about it.
    """
    __tracebackhide__ = True
    _looked[0] += 1
    if not fact:
        raise AssertionError(f"{problem}\n  -> {then}")


def nothing(because: str) -> NoReturn:
    """End a check that has nothing to look at: pytest counts it as skipped, and says why."""
    __tracebackhide__ = True
    pytest.skip(NOTHING + because)


def looking(check: Callable[..., None]) -> Callable[..., None]:
    """Let a check that came to its end without having looked at anything say so."""

    @functools.wraps(check)
    def call(self: Any, *args: Any, **kwargs: Any) -> None:
        __tracebackhide__ = True
        before = _looked[0]
        passed_over: list[str] = []
        self.passed_over = passed_over.append
        check(self, *args, **kwargs)
        if _looked[0] == before:
            nothing("; ".join(dict.fromkeys(passed_over)) or "the adapter offers nothing of it")

    return call
