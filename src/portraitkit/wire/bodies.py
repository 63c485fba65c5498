"""Bodies of requests, with exact bytes; a file in one is read when it is sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Mapping
from typing import Any, Final

from attrs import frozen

from ..values.body import WHOLE_BYTES, Body, pieces_of
from ..values.errors import InvalidInputError


def json_body(value: Mapping[str, Any]) -> bytes:
    """
    Encode a JSON body: compact, raw UTF-8, keys in the order given.

    Raises:
        InvalidInputError: A value has no form in JSON, such as NaN or half a character.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInputError(
            f"the request cannot be written as JSON: {error}",
            next_step="pass texts, finite numbers, booleans, lists and mappings only",
        ) from None


def multipart(
    fields: Mapping[str, str], *, name: str, filename: str, content: bytes | Body, content_type: str
) -> tuple[bytes | Body, str]:
    """
    Encode a form with one file.

    The boundary is derived from the content, so that equal forms are equal bytes and a recorded
    request can be found again; for a file that is not in memory it is a random one. No file can
    hold its own.

    Returns:
        The body, bytes if it is small, and its `Content-Type`.
    """
    digest = hashlib.sha256(content.token if isinstance(content, Body) else content)
    digest.update(repr(sorted(fields.items())).encode())
    boundary = f"portraitkit-{digest.hexdigest()[:32]}"
    parts: list[bytes | Body] = []
    for key, text in fields.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(key)}"\r\n\r\n'
        parts.append((head + text).encode(errors="replace") + b"\r\n")
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"; '
        f'filename="{_quoted(filename)}"\r\nContent-Type: {content_type}\r\n\r\n'
    )
    # A file's name need not be text; it says nothing to the vendor, so the odd character goes.
    parts += [head.encode(errors="replace"), content, f"\r\n--{boundary}--\r\n".encode()]
    form = JoinedBody(tuple(parts))
    body = bytes(form) if len(form) <= WHOLE_BYTES else form
    return body, f"multipart/form-data; boundary={boundary}"


@frozen(repr=False)
class JoinedBody(Body):
    """Several bodies, one after another, such as a form around a file."""

    parts: tuple[bytes | Body, ...]

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def pieces(self) -> Generator[bytes]:
        """Read one after another."""
        for part in self.parts:
            yield from pieces_of(part)


def _quoted(text: str) -> str:
    # HTML's form rules escape quotes and line breaks; the rest travels as UTF-8. The backslash is
    # ours, because mail parsers take it for an escape.
    return "".join(_ESCAPES.get(character, character) for character in text)


_ESCAPES: Final = {'"': "%22", "\r": "%0D", "\n": "%0A", "\\": "%5C"}
