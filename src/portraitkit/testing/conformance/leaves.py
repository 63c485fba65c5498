"""What requests and answers say, value by value, whatever form they have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import unquote

from attrs import frozen

from ...simulators.simulator import query_of
from ...wire.codec import is_array, is_object
from ...wire.steps import Request
from .bodies import XML_TYPES, body_of, sent_type

_EARLIEST_S: Final = 1_000_000_000
"""A smaller number is no time."""
_IN_MS: Final = 100_000_000_000
Path = tuple[str | int, ...]


@frozen
class Leaf:
    """
    One value in a body.

    Attributes:
        path: Members' names and places in lists, from the root.
        value: A text, number, truth value or None.
        beside: The plain values that stand in the same object, by name.
    """

    path: Path
    value: Any
    beside: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The name of the member, in lower case with underscores."""
        name = next((str(each) for each in reversed(self.path) if isinstance(each, str)), "")
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.lstrip("@")).lower()

    @property
    def about(self) -> str:
        """What the body says of this value: names on its path, and texts beside it."""
        names = [str(each) for each in self.path if isinstance(each, str)]
        texts = [str(each) for each in self.beside.values() if each != self.value]
        return " ".join([*names, *texts]).lower()


def leaves(body: Any, path: Path = (), beside: Mapping[str, Any] | None = None) -> Iterator[Leaf]:
    """Walk a decoded body. What stands beside a value counts below the root and within an item."""
    if is_object(body):
        plain = {key: each for key, each in body.items() if isinstance(each, str | int | float)}
        near = {**(beside or {}), **plain} if path else {}
        for key, each in body.items():
            yield from leaves(each, (*path, key), near)
    elif is_array(body):
        for place, each in enumerate(body):
            yield from leaves(each, (*path, place), {})
    else:
        yield Leaf(path, body, beside or {})


def said_by(request: Request) -> list[Leaf]:
    """Every value that a request says in its path, query and body."""
    names = [Leaf(("path",), unquote(each), {}) for each in request.url.split("/")]
    query = [Leaf((key,), text, {}) for key, text in query_of(request).items()]
    body = body_of(request, sent_type(request))
    if sent_type(request) in XML_TYPES and is_object(body):
        (body,) = body.values()  # the root has a name, and is the root
    return [*names, *query, *leaves(body)]


def says(found: object, value: object) -> bool:
    """Tell whether a value on the wire is the one that was asked: as it is, or as a text."""
    if isinstance(value, datetime):
        return moment_of(found) == value
    if type(found) is type(value):
        return found == value
    if isinstance(found, str):
        whole = str(int(value)) if isinstance(value, int | float) else ""
        return found.lower() in {str(value).lower(), whole}
    number = not isinstance(found, bool) and not isinstance(value, bool)
    return number and isinstance(found, int | float) and found == value


def moment_of(found: object) -> datetime | None:
    """Read a time: seconds or milliseconds since 1970, or ISO 8601; None if it is none."""
    if isinstance(found, str) and found.isdecimal():
        found = int(found)
    if isinstance(found, int | float) and not isinstance(found, bool):
        seconds = found / 1000 if found >= _IN_MS else found
        is_time = _EARLIEST_S <= seconds < _IN_MS
        return datetime.fromtimestamp(int(seconds), UTC) if is_time else None
    try:
        moment = datetime.fromisoformat(found) if isinstance(found, str) else None
    except ValueError:
        return None
    if moment is None:
        return None
    aware = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.replace(microsecond=0)
