"""Everything that can be seen from outside while a scenario runs, kept as text."""

from __future__ import annotations

import copy
import linecache
import logging
import pickle
import pprint
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import attrs

from portraitkit.values.errors import PortraitError
from portraitkit.values.models import Event, Page, Result
from portraitkit.values.remarks import Raw

OURS = str(Path(__file__).parent)
LOUD = ("portraitkit", "httpx", "httpcore", "stamina", "asyncio", "anyio", "app")
_USUAL = {*vars(logging.makeLogRecord({})), "message"}
_PLAIN = (str, bytes, int, float, bool, type(None), Path)


class Watch(logging.Handler):
    """Collects log records, warnings and the text forms of objects. `texts` is what was seen."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[tuple[str, str]] = []
        self.errors: list[BaseException] = []

    # -- logs and warnings -----------------------------------------------------------------------

    def emit(self, record: logging.LogRecord) -> None:
        where = f"log of {record.name}"
        self.texts.append((where, record.getMessage()))
        more = {name: value for name, value in vars(record).items() if name not in _USUAL}
        self.texts.append((f"{where}, record", f"{record.msg!r} {record.args!r} {more!r}"))
        if record.exc_info and record.exc_info[1]:
            self.texts.append((f"{where}, exc_info", logging.Formatter().format(record)))

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear all loggers at DEBUG, and all warnings."""
        names = {*LOUD, *(n for n in logging.root.manager.loggerDict if n.startswith(LOUD))}
        loggers = [logging.root, *map(logging.getLogger, names)]
        levels = [(each, each.level) for each in loggers]
        for each in loggers:
            each.setLevel(logging.DEBUG)
        others, logging.root.handlers = logging.root.handlers, [self]
        try:
            # Nothing here changes its source: looking again and again takes most of the time.
            quick = patch.object(linecache, "checkcache")
            with warnings.catch_warnings(record=True) as caught, quick:
                warnings.simplefilter("always")
                yield
            self.texts += [("warning", f"{each.message} {each!r}") for each in caught]
        finally:
            logging.root.handlers = others
            for each, level in levels:
                each.setLevel(level)

    # -- objects ---------------------------------------------------------------------------------

    def see(self, value: Any, place: str = "") -> None:
        """Turn an object into every text and byte form that a program may print or store."""
        place = place or type(value).__name__
        if isinstance(value, BaseException):
            self.error(value)
            return
        if isinstance(value, list | tuple):
            for each in value:
                self.see(each, place)
            return
        self.show(value, place)
        self.texts.append((f"{place}, in a list", f"{[value]} { {'it': value} }"))
        self.texts.append((f"{place}, pprint", pprint.pformat(value)))
        if isinstance(value, Result | Event | Raw | Page):
            self.texts.append((f"{place}, asdict", repr(attrs.asdict(value))))
            self._store(value, place)
        if isinstance(value, Result):
            self.texts.append((f"{place}, handle", f"{getattr(value, 'handle', '')} {value.ref}"))
            self.see(value.raw, f"{place}.raw")
            failure = getattr(value, "failure", None)
            self.see(failure, f"{place}.failure")
            if failure and failure.error:
                self.error(failure.error)
            if group := getattr(value, "group", None):
                self.see(group, f"{place}.group")

    def show(self, value: Any, place: str) -> None:
        """Turn an object into the plain text forms."""
        for form in (str, repr, ascii, format):
            self.texts.append((f"{place}, {form.__name__}", form(value)))

    def _store(self, value: Any, place: str) -> None:
        stored = pickle.dumps(value)
        self.texts.append((f"{place}, pickle", stored.decode("latin-1")))
        self.show(pickle.loads(stored), f"{place}, read from a pickle")
        self.show(copy.copy(value), f"{place}, copied")
        self.show(copy.deepcopy(value), f"{place}, copied deeply")

    # -- errors ----------------------------------------------------------------------------------

    def error(self, error: BaseException) -> None:
        """Print an error and all that led to it, as tools do that also print local variables."""
        self.errors.append(error)
        for each in _chain(error):
            place = type(each).__name__
            self.show(each, place)
            self.texts.append((f"{place}, members", f"{vars(each)!r} {each.args!r}"))
            self.texts.append((f"{place}, frames", "\n".join(_frames(each))))
            if isinstance(each, PortraitError):
                self._store(each, place)
                if each.result is not None and not isinstance(each.result, _PLAIN):
                    self.see(each.result, f"{place}.result")
        logging.getLogger("app").error("it failed: %s", error, exc_info=error)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and every cause and context, also those that Python's own printing suppresses."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [each.__cause__, each.__context__, *getattr(each, "exceptions", ())]


def _frames(error: BaseException) -> Iterator[str]:
    """The frames of one error with their local variables, save for those of this test."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    for frame in told.stack:
        if not frame.filename.startswith(OURS):
            names = ", ".join(f"{name} = {shown}" for name, shown in (frame.locals or {}).items())
            yield f"{frame.filename}:{frame.lineno} in {frame.name}: {frame.line}: {names}"


def files_in(folder: Path) -> Iterator[tuple[str, str]]:
    """Names and contents of all files below *folder*."""
    for path in sorted(folder.rglob("*")):
        place = str(path.relative_to(folder))
        yield f"a file's name, {place}", place
        if path.is_file():
            yield f"the file {place}", path.read_bytes().decode("latin-1")
