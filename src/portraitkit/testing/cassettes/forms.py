"""Forms of several parts: written so that equal parts give equal bytes, and as lists in a file."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from ...simulators.simulator import FormPart, parts_of
from ...wire.bodies import multipart
from ...wire.codec import is_object

_KIND = "multipart/form-data"


def joined(parts: Sequence[FormPart]) -> tuple[bytes, str]:
    """
    Write parts as `wire.multipart` does: the boundary depends on nothing but what is in them.

    Returns:
        The body, and its content type.
    """
    *others, last = parts
    fields = {each.name: each.content.decode() for each in others if each.filename is None}
    plain = not any(each.content_type for each in others)
    if last.filename is not None and plain and len(fields) == len(others):
        body, kind = multipart(
            fields,
            name=last.name,
            filename=last.filename,
            content=last.content,
            content_type=last.content_type,
        )
        return bytes(body), kind
    boundary = f"portraitkit-{zlib.crc32(repr(parts).encode()):08x}"
    lines: list[bytes] = []
    for each in parts:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{each.name}"'
        head += "" if each.filename is None else f'; filename="{each.filename}"'
        head += f"\r\nContent-Type: {each.content_type}" if each.content_type else ""
        lines.append(head.encode() + b"\r\n\r\n" + each.content + b"\r\n")
    kind = f"{_KIND}; boundary={boundary}"
    return b"".join(lines) + f"--{boundary}--\r\n".encode(), kind


def listed(request: Mapping[str, Any]) -> dict[str, Any]:
    """Write a form in a request as a list of its parts; any other body stays as it is."""
    kind_name, kind = _type_of(request)
    body = request.get("body")
    raw = body.encode() if isinstance(body, str) else body
    if not kind.startswith(_KIND) or not isinstance(raw, bytes):
        return dict(request)
    try:
        parts = parts_of(raw, kind)
        if joined(parts) != (raw, kind):
            return dict(request)
    except ValueError:
        return dict(request)
    headers = {**request["headers"], kind_name: [_KIND]}
    return {**request, "headers": headers, "body": {"form": [_row(each) for each in parts]}}


def unlisted(request: Mapping[str, Any]) -> dict[str, Any]:
    """Write a form that is a list of parts as the bytes that it was sent as."""
    body = request.get("body")
    if not is_object(body):
        return dict(request)
    content, kind = joined([_part(each) for each in body["form"]])
    headers = {**request["headers"], _type_of(request)[0]: [kind]}
    return {**request, "headers": headers, "body": content}


def _row(part: FormPart) -> dict[str, Any]:
    row = {"name": part.name, "filename": part.filename, "type": part.content_type}
    try:
        value: str | bytes = part.content.decode()
    except UnicodeDecodeError:
        value = part.content
    return {**{key: each for key, each in row.items() if each}, "value": value}


def _part(row: Mapping[str, Any]) -> FormPart:
    value: Any = row["value"]
    return FormPart(
        name=row["name"],
        filename=row.get("filename"),
        content_type=row.get("type", ""),
        content=value.encode() if isinstance(value, str) else value,
    )


def _type_of(request: Mapping[str, Any]) -> tuple[str, str]:
    headers: Mapping[str, Any] = request.get("headers") or {}
    for name, values in headers.items():
        if name.lower() == "content-type" and values:
            return name, str(values if isinstance(values, str) else values[0])
    return "Content-Type", ""
