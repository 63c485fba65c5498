"""
One call of a table: a method and a path with places to fill, and likewise a query and a body.

`{name}` alone is filled with the value as it is, and the member is left out where there is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from attrs import field, frozen

from ...wire.codec import is_array, is_object
from ...wire.steps import segment

Values = Mapping[str, Any]


@frozen(kw_only=True)
class CallTemplate:
    """
    One call.

    Attributes:
        call: Method and path, maybe with a query: `GET /v1/assets/{asset}`.
        action: In its place, the name of an Action, which goes where the table's `action` says.
        query: Members of the query.
        body: Members of a JSON body.
        form: Members of a multipart form; a file goes with it.
        file: What the form calls the file.
        rows: Where the rows of a list are, to try in order.
        total: Where it says how many rows there are in all.
        next: Where the cursor of the next page is.
        repeatable: Whether it may be sent again when its outcome is unknown; all but a POST may be
            if not given.
    """

    call: str = ""
    action: str = ""
    query: Mapping[str, Any] = field(factory=dict[str, Any])
    body: Mapping[str, Any] = field(factory=dict[str, Any])
    form: Mapping[str, Any] = field(factory=dict[str, Any])
    file: str = "file"
    rows: tuple[str, ...] = ()
    total: tuple[str, ...] = ()
    next: tuple[str, ...] = ()
    repeatable: bool | None = None

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.call.partition(" ")[0]

    @property
    def path(self) -> str:
        """The path, with places to fill."""
        return self.call.partition(" ")[2].partition("?")[0]

    @property
    def fixed_query(self) -> dict[str, str]:
        """What stands behind the path's question mark."""
        return dict(parse_qsl(self.call.partition("?")[2], keep_blank_values=True))


def placeholders_in(template: CallTemplate) -> set[str]:
    """Name every place that a call has to be filled at."""
    return set(_places([template.call, template.query, template.body, template.form]))


def _places(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield from _PLACE.findall(part)
    elif is_object(part):
        for each in part.values():
            yield from _places(each)
    elif is_array(part):
        for each in part:
            yield from _places(each)


def filled_path(path: str, values: Values) -> str:
    """Fill a path; each value is one part of it, whatever characters it has."""
    return _PLACE.sub(lambda place: segment(str(values[place[1]])), path)


def filled(part: Any, values: Values) -> Any:
    """Fill a query or a body; members without a value are left out, and so are empty tables."""
    if isinstance(part, str):
        if whole := _PLACE.fullmatch(part):
            return values.get(whole[1])
        return _PLACE.sub(lambda place: str(values.get(place[1], "")), part)
    if is_object(part):
        made = {key: filled(value, values) for key, value in part.items()}
        kept = {key: value for key, value in made.items() if value is not None}
        return kept if kept or not part else None
    if is_array(part):
        made_items = [filled(each, values) for each in part]
        return [each for each in made_items if each is not None]
    return part


def taken_from_path(form: str, path: str) -> dict[str, Any] | None:
    """Read back what a path was filled with; None if it is another's."""
    pattern = _PLACE.sub(r"(?P<\1>[^/]+)", re.escape(form).replace(r"\{", "{").replace(r"\}", "}"))
    found = re.fullmatch(pattern, path)
    return found and {key: unquote(value) for key, value in found.groupdict().items()}


def taken_out_of(part: Any, sent: Any) -> dict[str, Any]:
    """Read back what a query or a body was filled with."""
    if isinstance(part, str):
        whole = _PLACE.fullmatch(part)
        return {whole[1]: sent} if whole and sent is not None else {}
    if is_object(part) and is_object(sent):
        found = (taken_out_of(value, sent.get(key)) for key, value in part.items())
        return {key: value for each in found for key, value in each.items()}
    return {}


_PLACE: Final = re.compile(r"\{(\w+)\}")
