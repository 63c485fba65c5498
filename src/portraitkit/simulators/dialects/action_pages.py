"""Sorting and paging of the two lists: by page number, or by token where a vendor has that."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias, TypeVar

from ..state import SimAsset, SimGroup
from .actions import AssetActions
from .reading import Json

Thing = TypeVar("Thing", "SimGroup", "SimAsset")
Place: TypeAlias = tuple[str, str]

PAGE_LIMIT: Final = 100
PAGE_DEFAULT: Final = 10


def page(
    on: AssetActions,
    body: Json,
    found: Sequence[Thing],
    view: Callable[[Thing], Json],
    *,
    sorts: tuple[str, ...],
    reach: int,
) -> Json:
    """
    Answer with the page of *found* that *body* asks for.

    Args:
        on: The vendor, whose words refuse a wrong page.
        body: The request.
        found: All that the filter lets through.
        view: Shows one of them.
        sorts: Members it can be sorted by; the first is the default.
        reach: Page numbers end at this many things.
    """
    key = on.one_of("SortBy", on.text_in(body, "SortBy") or sorts[0], sorts)
    order = on.one_of("SortOrder", on.text_in(body, "SortOrder") or "Desc", ("Desc", "Asc"))
    things = sorted(found, key=lambda thing: _place(thing, key), reverse=order == "Desc")
    if on.pages_by_token and ("MaxResults" in body or "NextToken" in body):
        return _page_by_token(on, body, things, view, key)
    number = on.number_in(body, "PageNumber", 1, reach)
    size = on.number_in(body, "PageSize", PAGE_DEFAULT, PAGE_LIMIT)
    if (number - 1) * size >= reach:
        raise on.invalid("PageNumber", f"reaches past {reach}; use NextToken")
    return {
        "Items": [view(thing) for thing in things[(number - 1) * size : number * size]],
        "TotalCount": len(things),
        "PageNumber": number,
        "PageSize": size,
    }


def _page_by_token(
    on: AssetActions, body: Json, things: Sequence[Thing], view: Callable[[Thing], Json], key: str
) -> Json:
    if "PageNumber" in body or "PageSize" in body:
        raise on.invalid("NextToken", "excludes PageNumber and PageSize")
    size = on.number_in(body, "MaxResults", PAGE_DEFAULT, PAGE_LIMIT)
    token = on.text_in(body, "NextToken")
    if token:
        last = _read_token(on, token)
        backwards = on.text_in(body, "SortOrder") != "Asc"
        places = [(_place(thing, key), thing) for thing in things]
        things = [thing for place, thing in places if place != last and (place < last) is backwards]
    answer: Json = {"Items": [view(thing) for thing in things[:size]]}
    if len(things) > size:
        answer["NextToken"] = _token(_place(things[size - 1], key))
    return answer


def _place(thing: SimGroup | SimAsset, key: str) -> Place:
    value = {
        "CreateTime": thing.created_at.isoformat(),
        "UpdateTime": thing.updated_at.isoformat(),
        "GroupId": getattr(thing, "group_id", ""),
    }[key]
    return (value, thing.id)


def _token(place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _read_token(on: AssetActions, token: str) -> Place:
    try:
        value, last = json.loads(base64.urlsafe_b64decode(token))
    except (binascii.Error, ValueError, TypeError):
        raise on.invalid("NextToken", "cannot be read") from None
    return (str(value), str(last))
