"""
The ledger: which asset stands for each portrait at every account.

`portraits.lock` is a text file: sorted, one entry after another with its members on lines of their
own, so that a version control system shows and merges what changed. It holds no secret. A change
replaces the whole file at once, so that a kill leaves the old one or the new one.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from ..journal import liveness
from ..journal.liveness import byte_of
from ..journal.store import is_url, place_of, without_sql
from ..values.errors import LedgerError
from ..values.secret import Secret
from ..wire.codec import is_object
from .bindings import Binding, Key, read_binding

VERSION: Final = 1
Change: TypeAlias = Callable[[Binding | None], Binding | None]
"""Makes an entry out of the one that is there; None removes it."""
_BUSY_S: Final = 15.0
_HEADER: Final = "portraitkit ledger"


class Ledger(Protocol):
    """Where bindings are kept. Shared by threads, by processes and, with SQL, by machines."""

    def bindings(
        self,
        portrait: str | None = None,
        *,
        owner: tuple[str, str] | None = None,
        content: str = "",
    ) -> list[Binding]:
        """
        Read entries, sorted by portrait, provider and account.

        Args:
            portrait: Of this one only.
            owner: At this account only: provider and account.
            content: With a look of this SHA-256 only.
        """
        ...

    def change(self, key: Key, change: Change) -> Binding | None:
        """Change one entry, all or nothing, and return what it is now."""
        ...

    def acquire(self, name: str) -> bool:
        """Take what is called *name* for oneself, until `release` or this process's end."""
        ...

    def release(self, name: str) -> None:
        """Leave it to others."""
        ...

    def close(self) -> None:
        """Close what is open; it opens again when it is used."""
        ...


class MemoryLedger:
    """A ledger that ends with the process: for tests, and for simulated vendors inside it."""

    def __init__(self) -> None:
        self._entries: dict[Key, Binding] = {}
        self._lock = threading.RLock()
        self._held: set[str] = set()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def bindings(
        self,
        portrait: str | None = None,
        *,
        owner: tuple[str, str] | None = None,
        content: str = "",
    ) -> list[Binding]:
        """Read entries; see `Ledger`."""
        with self._lock:
            every = self._read()
        return [
            each
            for _, each in sorted(every.items())
            if portrait in (None, each.portrait)
            and owner in (None, each.key[1:])
            and (not content or any(look.content == content for look in each.looks.values()))
        ]

    def change(self, key: Key, change: Change) -> Binding | None:
        """Change one entry; see `Ledger`."""
        with self._lock, self._alone():
            every = self._read()
            now = change(every.get(key))
            if now != every.get(key):
                kept = {name: each for name, each in every.items() if name != key}
                self._write(kept if now is None else {**kept, key: now})
            return now

    def acquire(self, name: str) -> bool:
        """Take a name; see `Ledger`."""
        with self._lock:
            free = name not in self._held
            self._held.add(name)
            return free

    def release(self, name: str) -> None:
        """Leave a name to others; see `Ledger`."""
        with self._lock:
            self._held.discard(name)

    def close(self) -> None:
        """Nothing is open."""

    @contextmanager
    def _alone(self) -> Generator[None]:
        yield

    def _read(self) -> dict[Key, Binding]:
        return self._entries

    def _write(self, entries: dict[Key, Binding]) -> None:
        self._entries = entries


class FileLedger(MemoryLedger):
    """A ledger in a text file, such as `portraits.lock`, that can be kept with the code."""

    def __init__(self, path: Path | str) -> None:
        super().__init__()
        self.path: Final = Path(path).absolute()
        self._alive: Final = self.path.with_name(f".{self.path.name}-alive")

    def __repr__(self) -> str:
        return f"<FileLedger {str(self.path)!r}>"

    def acquire(self, name: str) -> bool:
        """Take a name; see `Ledger`."""
        return self._locking(liveness.acquire, byte_of(name))

    def release(self, name: str) -> None:
        """Leave a name to others; see `Ledger`."""
        liveness.release(self._alive, byte_of(name))

    @contextmanager
    def _alone(self) -> Generator[None]:
        give_up_s = time.monotonic() + _BUSY_S
        while not self._locking(liveness.acquire, 0):
            if time.monotonic() > give_up_s:
                raise self._failed("changed", f"it was in use for {_BUSY_S:g} s")
            time.sleep(0.005)
        try:
            yield
        finally:
            liveness.release(self._alive, 0)

    def _locking(self, lock: Callable[[Path, int], bool], byte: int) -> bool:
        try:
            return lock(self._alive, byte)
        except OSError as error:
            raise self._failed("changed", error.strerror or "no lock beside it") from None

    def _read(self) -> dict[Key, Binding]:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise self._failed("read", getattr(error, "strerror", None) or "no UTF-8") from None
        if any(line.startswith(_CONFLICT) for line in text.splitlines()):
            raise self._failed(
                "read",
                "it holds a merge conflict",
                "keep the entries of both sides and take the marks out; where both have one entry "
                "otherwise, keep either, then run `portraitkit portraits status`",
            )
        return read_entries(text, self._failed)

    def _write(self, entries: dict[Key, Binding]) -> None:
        try:
            file, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}-")
        except OSError as error:
            raise self._failed("written", error.strerror or "") from None
        try:
            with os.fdopen(file, "w", encoding="utf-8") as out:
                _ = out.write(written(entries.values()))
                out.flush()
                os.fsync(out.fileno())
            Path(name).chmod(self.path.stat().st_mode & 0o777 if self.path.exists() else 0o644)
            _ = Path(name).replace(self.path)
        except OSError as error:
            with suppress(OSError):
                Path(name).unlink()
            raise self._failed("written", error.strerror or "") from None

    def _failed(self, what: str, why: str, next_step: str = "") -> LedgerError:
        return LedgerError(
            f"the ledger {str(self.path)!r} cannot be {what}: {why}",
            field="ledger",
            next_step=next_step or "see to the file, its folder and the disk, then call again",
        )


def written(entries: Iterable[Binding]) -> str:
    """A ledger's text: the same for the same entries."""
    texts = [{_HEADER: VERSION}, *(each.to_dict() for each in sorted(entries, key=_key))]
    return "\n".join(f"{json.dumps(each, ensure_ascii=False, indent=1)}\n" for each in texts)


def read_entries(text: str, failed: Callable[[str, str, str], LedgerError]) -> dict[Key, Binding]:
    """
    Read a ledger's text.

    Raises:
        LedgerError: It is none, of a later version, damaged, or has two entries for one thing.
    """
    decoder, at = json.JSONDecoder(), 0
    found: list[object] = []
    text = text.strip()
    while at < len(text):
        try:
            entry, end = decoder.raw_decode(text, at)
        except ValueError:
            line = text.count("\n", 0, at) + 1
            raise failed(
                "read", f"what begins in line {line} is cut or damaged", _RESTORE
            ) from None
        found.append(entry)
        at = end + len(text[end:]) - len(text[end:].lstrip())
    head = found.pop(0) if found else {_HEADER: VERSION}
    version = head.get(_HEADER) if is_object(head) else None
    if not isinstance(version, int):
        raise failed("read", "the file is no ledger", "name another file, or delete this one")
    if version > VERSION:
        raise failed("read", f"it has version {version}, not {VERSION}", "upgrade portraitkit")
    every: dict[Key, Binding] = {}
    for each in map(read_binding, found):
        if each.key in every:
            named = " ".join(each.key)
            raise failed("read", f"it has two entries for {named}", "keep one of them")
        every[each.key] = each
    return every


def _key(entry: Binding) -> Key:
    return entry.key


_CONFLICT: Final = ("<<<<<<<", "=======", ">>>>>>>")
_RESTORE: Final = "take the file's last whole version out of your version control"


def open_ledger(given: Path | str | Secret) -> Ledger:
    """
    Open a ledger: a file's path, or a database's URL.

    Raises:
        ConfigError: It is a URL of no such database, or SQLAlchemy is not installed.
    """
    place = place_of(given)
    if not is_url(place):
        return FileLedger(place)
    try:
        from .sql_ledger import SqlLedger  # noqa: PLC0415  (an extra)
    except ImportError:
        raise without_sql("ledger") from None
    return SqlLedger(str(place))
