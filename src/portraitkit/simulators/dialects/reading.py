"""Reading what somebody sent, and refusing it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Final, TypeAlias, TypeVar, cast
from urllib.parse import urlsplit

from ...wire.steps import Request
from ..simulator import header, json_of

Json: TypeAlias = dict[str, Any]

MISSING: Final = "is missing"

T = TypeVar("T")


class Refusal(Exception):  # noqa: N818  (a way out of a handler, not an error of the library)
    """
    The vendor says no; how that looks on the wire is its envelope's business.

    Attributes:
        status: Of HTTP.
        code, message: In the vendor's words.
        param: The member at fault, where the vendor names it.
        data: What else the envelope tells.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        param: str = "",
        *,
        data: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message = status, code, message
        self.param, self.data = param, data


class Reader(ABC):
    """Reads members of bodies and queries, and refuses them in a vendor's words."""

    @abstractmethod
    def invalid(self, member: str, why: str) -> Refusal:
        """Make the refusal of a *member* that, say, `is missing`; an empty one is the body."""

    def json_body(self, request: Request) -> Json:
        """Read a body that has to be labelled as JSON."""
        if header(request, "content-type").partition(";")[0].strip() != "application/json":
            raise self.invalid("", "is not JSON")
        return need(json_of(request), self.invalid("", "cannot be read"))

    def text_in(
        self, body: Mapping[str, Any], member: str, *, required: bool = False, limit: int = 0
    ) -> str:
        """Read a text; empty if it is absent."""
        value = body.get(member)
        if value is None or value == "":
            if required:
                raise self.invalid(member, MISSING)
            return ""
        if not isinstance(value, str):
            raise self.invalid(member, "is not a string")
        if limit and len(value) > limit:
            raise self.invalid(member, f"is longer than {limit} characters")
        return value

    def number_in(
        self, body: Mapping[str, Any], member: str, default: int, most: int, least: int = 1
    ) -> int:
        """Read a whole number from *least* to *most*."""
        value = body.get(member)
        value = default if value is None else value
        if type(value) is not int or not least <= value <= most:
            raise self.invalid(member, f"is not a whole number from {least} to {most}")
        return value

    def asked_number(self, query: Mapping[str, str], member: str, default: int, most: int) -> int:
        """Read a number from 1 to *most* in a query."""
        text = query.get(member)
        value = int(text) if text and text.isdecimal() else text
        return self.number_in({member: value}, member, default, most)

    def one_of(self, member: str, value: Any, allowed: tuple[str, ...]) -> str:
        """Insist on one of the *allowed* words."""
        if value not in allowed:
            raise self.invalid(member, f"is not one of {', '.join(filter(None, allowed))}")
        return str(value)


def need(found: T | None, no: Refusal) -> T:
    """Hand on what was found, or refuse."""
    if found is None:
        raise no
    return found


def object_of(value: Any) -> Json | None:
    """Return *value* if it is an object."""
    return cast("Json", value) if isinstance(value, dict) else None


def list_of(value: Any) -> list[object] | None:
    """Return *value* if it is a list."""
    return cast("list[object]", value) if isinstance(value, list) else None


def texts_of(value: Any) -> list[str] | None:
    """Return *value* if it is a list of texts."""
    listed = list_of(value)
    if listed is None or not all(isinstance(word, str) for word in listed):
        return None
    return cast("list[str]", listed)


def is_web_address(value: object) -> bool:
    """Tell whether *value* could be fetched from the internet."""
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        return False
    return parts is not None and parts.scheme in ("http", "https") and bool(parts.hostname)
