"""Bodies as plain values, whatever their form, so that a contract's schemas can judge them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET

from ...simulators.simulator import form_of, header
from ...wire.codec import is_array, is_object
from ...wire.steps import Request, Response

XML_TYPES = ("application/xml", "text/xml")


def body_of(request: Request, content_type: str) -> object:
    """
    Read a request's body as *content_type*; None if it is not one.

    A multipart file is an object of filename, content_type and size_bytes. XML is an object with
    the root's name; attributes begin with `@`, a repeated child is a list, text beside others is
    `#text`.
    """
    if content_type == "multipart/form-data":
        return form_values(request)
    if content_type == "application/x-www-form-urlencoded":
        return form_pairs(request.content)
    if content_type in XML_TYPES:
        return xml_value(request.content)
    return json_value(request.content)


def answer_of(response: Response) -> object:
    """Read an answer's body: JSON, else XML where it says so, else its text."""
    found = json_value(response.content)
    if found is not None:
        return found
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in XML_TYPES and (document := xml_value(response.content)) is not None:
        return document
    return response.content.decode(errors="replace")


def json_value(content: object) -> Any:
    """Read the JSON that a text or bytes are; None if they are none."""
    try:
        return json.loads(content) if isinstance(content, str | bytes) else None
    except (ValueError, RecursionError):
        return None


def form_pairs(content: bytes) -> dict[str, object] | None:
    """Read an urlencoded form; a repeated key is a list."""
    try:
        pairs = parse_qsl(content.decode(), keep_blank_values=True, strict_parsing=bool(content))
    except ValueError:
        return None
    return _gathered(iter(pairs))


def form_values(request: Request) -> dict[str, object] | None:
    """Read a multipart form; None if it is none."""
    parts: dict[str, object] = {
        name: part.text
        if part.filename is None
        else {
            "filename": part.filename,
            "content_type": part.content_type,
            "size_bytes": len(part.content),
        }
        for name, part in form_of(request).items()
    }
    return parts or None


def xml_value(content: bytes) -> dict[str, object] | None:
    """Read an XML document; None if it is none, or brings definitions of its own."""
    if b"<!" in content:
        return None
    try:
        root = ET.fromstring(content)  # noqa: S314  (without definitions there is nothing to expand)
    except (ET.ParseError, ValueError):
        return None
    return {root.tag: _element(root)}


def codes_in(body: object) -> Iterator[str]:
    """Whatever in an error body may be its code: members named code, errorCode, type and so on."""
    if is_object(body):
        for key, value in body.items():
            word = str(key).lower()
            if isinstance(value, str | int) and (
                word.endswith("code") or word in ("type", "coden")
            ):
                yield str(value)
            yield from codes_in(value)
    elif is_array(body):
        for item in body:
            yield from codes_in(item)


def sent_type(request: Request) -> str:
    """The content type of a request, without its parameters."""
    return header(request, "content-type").partition(";")[0].strip().lower()


def _element(element: ET.Element) -> object:
    text = (element.text or "").strip()
    if not element.attrib and not len(element):
        return text
    found: dict[str, object] = {f"@{name}": value for name, value in element.attrib.items()}
    found |= _gathered((child.tag, _element(child)) for child in element)
    return {**found, "#text": text} if text else found


def _gathered(pairs: Iterator[tuple[str, Any]]) -> dict[str, object]:
    found: dict[str, list[object]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return {key: each[0] if len(each) == 1 else each for key, each in found.items()}
