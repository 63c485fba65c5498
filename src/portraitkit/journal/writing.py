"""Writes that come at once, done together: each by itself, and all with one flush."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, Generic, TypeVar, cast

from ..values.errors import PortraitError

T = TypeVar("T")
R = TypeVar("R")


class Write(Generic[R]):
    """One write, and what became of it."""

    def __init__(self, do: Callable[[R], Any], *, flushed: bool) -> None:
        self.flushed: Final = flushed
        self.is_over = False
        self._do = do
        self._result: Any = None
        self._error: Exception | None = None

    def done(self, rows: R) -> bool:
        """Do it. False if it was refused, so that nothing of it must stay."""
        try:
            self._result, self._error = self._do(rows), None
        except PortraitError as error:  # any other spoils the transaction, and so all of it
            self._error = error
        return self._error is None

    def failed(self, error: Exception) -> None:
        """Say that the transaction failed that it was done in."""
        self._error = error

    def result(self) -> Any:
        """What it came to, once all that it was done with is kept."""
        if self._error is not None:
            raise self._error
        return self._result


class GroupedWrites(Generic[R]):
    """
    Whoever gets the lock does all writes that wait for it.

    Args:
        lock: Held while some are done.
        do_all: Does several in one transaction. What it raises, all of them failed for.
    """

    def __init__(
        self,
        lock: AbstractContextManager[Any] | threading.Lock,
        do_all: Callable[[Sequence[Write[R]]], None],
    ) -> None:
        self._lock = lock
        self._do_all = do_all
        self._waiting: deque[Write[R]] = deque()
        self._process = os.getpid()

    def write(self, do: Callable[[R], T], *, flushed: bool) -> T:
        """Do something in a transaction; return once that is kept."""
        if self._process != os.getpid():  # what others waited for is theirs, in the parent
            self._waiting, self._process = deque(), os.getpid()
        mine = Write[R](do, flushed=flushed)
        self._waiting.append(mine)
        with self._lock:
            if not mine.is_over:
                self._do_waiting()
        return cast("T", mine.result())

    def _do_waiting(self) -> None:
        writes = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            self._do_all(writes)
        except Exception as error:  # noqa: BLE001  (raised to each)
            for each in writes:
                each.failed(error)
        finally:
            for each in writes:
                each.is_over = True
