"""Bodies of requests, with exact bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

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
    fields: Mapping[str, str], *, name: str, filename: str, content: bytes, content_type: str
) -> tuple[bytes, str]:
    """
    Encode a form with one file.

    The boundary is derived from the content, so that equal forms are equal bytes and a recorded
    request can be found again.

    Returns:
        The body and its `Content-Type`.
    """
    digest = hashlib.sha256(content)
    digest.update(repr(sorted(fields.items())).encode())
    boundary = f"portraitkit-{digest.hexdigest()[:32]}"
    parts: list[bytes] = []
    for key, text in fields.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(key)}"\r\n\r\n'
        parts.append((head + text).encode(errors="replace") + b"\r\n")
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"; '
        f'filename="{_quoted(filename)}"\r\nContent-Type: {content_type}\r\n\r\n'
    )
    # A file's name need not be text; it says nothing to the vendor, so the odd character goes.
    parts += [head.encode(errors="replace"), content, f"\r\n--{boundary}--\r\n".encode()]
    return b"".join(parts), f"multipart/form-data; boundary={boundary}"


def _quoted(text: str) -> str:
    # HTML's form rules escape quotes and line breaks; the rest travels as UTF-8. The backslash is
    # ours, because mail parsers take it for an escape.
    return "".join(_ESCAPES.get(character, character) for character in text)


_ESCAPES: Final = {'"': "%22", "\r": "%0D", "\n": "%0A", "\\": "%5C"}
