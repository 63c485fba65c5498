"""
Bodies, cleaned by what they are: JSON, a form, parts of a form, text, or media.

Packed ones are unpacked, and stay so. What is none of these is refused.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Mapping
from typing import Any, Final

from attrs import define, evolve, field

from ...simulators.simulator import FormPart, parts_of
from ...wire.codec import is_array
from ..cassettes.cassettefile import json_in, pretty_json
from ..cassettes.forms import joined
from .texts import Scrubber, UnreadableError

_MOST_BYTES: Final = 64 * 1024 * 1024
_TEXT_TYPES: Final = (
    "text/",
    "application/xml",
    "application/xhtml+xml",
    "application/problem+xml",
)
_MEDIA_TYPES: Final = ("image/", "video/", "audio/")
_GZIP: Final = b"\x1f\x8b"


@define(eq=False)
class Bodies:
    """
    Cleans one body.

    Attributes:
        unpacked: Whether it came packed.
    """

    scrubber: Scrubber
    unpacked: bool = field(default=False, init=False)

    def clean(
        self, body: object, headers: Mapping[str, Any]
    ) -> tuple[str | bytes, dict[str, list[str]]]:
        """
        Clean a body as its headers and its first bytes say.

        Returns:
            The body, and the headers that change with it.

        Raises:
            UnreadableError: It is not what it has to be.
        """
        if body is None or body in ("", b""):
            return "", {}
        if not isinstance(body, str | bytes | bytearray):
            raise UnreadableError("it was not recorded as a text or bytes")
        content = body.encode(errors="surrogatepass") if isinstance(body, str) else bytes(body)
        kind_name, kind = _header(headers, "content-type")
        content = self._unpack(content, _header(headers, "content-encoding")[1])
        if kind.lower().startswith("multipart/"):
            content, new_kind = self._parts(content, kind)
            return _as_text(content), {kind_name: [new_kind]}
        if (new := self._medium(content)) is not None:
            return new, {}
        return self._written(content, kind.partition(";")[0].strip().lower()), {}

    def _medium(self, content: bytes) -> bytes | None:
        return self.scrubber.pseudonyms.medium(content)

    def _unpack(self, content: bytes, encoding: str) -> bytes:
        word = encoding.strip().lower()
        if word in ("gzip", "x-gzip", "deflate") or content.startswith(_GZIP):
            # Some gateways say gzip and send plain text, which is then left as it is.
            if (plain := _unpacked(content)) is not None:
                self.unpacked = True
                return plain
        elif word not in ("", "identity"):
            raise UnreadableError(f"its content encoding {word[:12]!r} cannot be read")
        return content

    def _written(self, content: bytes, kind: str) -> str:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise UnreadableError("it is neither text nor a medium of a known type") from None
        if kind == "application/x-www-form-urlencoded":
            return self.scrubber.query(text)
        found = json_in(text)
        if found is not None:
            new = self.scrubber.value(found)
            return text if new == found else _laid_out(new)
        if kind.endswith("json") and text.strip() not in ("", "null"):
            if not re.fullmatch(r'\s*(?:"(?:[^"\\]|\\.)*"|[\w.+-]+)\s*', text):
                raise UnreadableError("it is said to be JSON, and cannot be parsed")
        elif not (kind == "" or kind.startswith(_TEXT_TYPES)):
            raise UnreadableError(f"a body of type {kind[:40]!r} cannot be read")
        return self.scrubber.free(text)

    def _parts(self, content: bytes, kind: str) -> tuple[bytes, str]:
        try:
            parts = parts_of(content, kind)
        except ValueError as error:
            raise UnreadableError(str(error)) from None
        return joined([self._part(each) for each in parts])

    def _part(self, part: FormPart) -> FormPart:
        if part.filename is None and not part.content_type.startswith(_MEDIA_TYPES):
            try:
                text = part.content.decode()
            except UnicodeDecodeError:
                raise UnreadableError("a part is neither text nor a file") from None
            return evolve(part, content=str(self.scrubber.value(text, part.name)).encode())
        new = self._medium(part.content)
        if new is None:
            raise UnreadableError("a part holds a file of an unknown type")
        file = part.filename
        name = None if file is None else self.scrubber.text(file, "filename")
        return evolve(part, content=new, filename=name)


def _header(headers: Mapping[str, Any], wanted: str) -> tuple[str, str]:
    for name, values in headers.items():
        if str(name).lower() == wanted:
            first = values[0] if is_array(values) and values else values
            text = first.decode("latin-1") if isinstance(first, bytes) else str(first or "")
            return str(name), text
    return wanted, ""


def _unpacked(content: bytes) -> bytes | None:
    try:
        if content.startswith(_GZIP):
            plain = gzip.decompress(content)
        else:
            plain = zlib.decompress(content, wbits=-15 if content[:1] not in b"\x78" else 15)
    except (OSError, EOFError, zlib.error):
        if content.startswith(_GZIP):
            raise UnreadableError("it is packed, and cannot be unpacked") from None
        return None
    if len(plain) > _MOST_BYTES:
        raise UnreadableError("it is too large once unpacked")
    return plain


def _laid_out(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return pretty_json(text) or text


def _as_text(content: bytes) -> str | bytes:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content
