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

from attrs import define, field

from ...wire.bodies import multipart
from ...wire.codec import is_array
from ..cassettes.cassettefile import json_in, pretty_json
from .links import UnreadableError
from .texts import Scrubber

BODY_RULES: Final = frozenset({"packed", "json", "forms", "parts", "files", "texts"})

_MOST_BYTES: Final = 64 * 1024 * 1024
_BOUNDARY: Final = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_PART_NAME: Final = re.compile(r'(?<![\w*])name="((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_PART_FILE: Final = re.compile(r'filename="((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_PART_TYPE: Final = re.compile(r"^content-type:\s*(\S.*?)\s*$", re.IGNORECASE | re.MULTILINE)
_TEXT_TYPES: Final = (
    "text/",
    "application/xml",
    "application/xhtml+xml",
    "application/problem+xml",
)
_GZIP: Final = b"\x1f\x8b"


@define(eq=False)
class Bodies:
    """
    Cleans one body.

    Attributes:
        unpacked: Whether it came packed.
    """

    scrubber: Scrubber
    rules: frozenset[str]
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
        if "files" in self.rules and (new := self._medium(content)) is not None:
            return new, {}
        return self._written(content, kind.partition(";")[0].strip().lower()), {}

    def _medium(self, content: bytes) -> bytes | None:
        return self.scrubber.pseudonyms.medium(content)

    def _unpack(self, content: bytes, encoding: str) -> bytes:
        word = encoding.strip().lower()
        if word in ("gzip", "x-gzip", "deflate") or content.startswith(_GZIP):
            # Some gateways say gzip and send plain text, which is then left as it is.
            if "packed" in self.rules and (plain := _unpacked(content)) is not None:
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
            return self.scrubber.query(text) if "forms" in self.rules else text
        found = json_in(text)
        if found is not None:
            if "json" not in self.rules:
                return text
            new = self.scrubber.value(found)
            return text if new == found else _laid_out(new)
        if kind.endswith("json") and text.strip() not in ("", "null"):
            if not re.fullmatch(r'\s*(?:"(?:[^"\\]|\\.)*"|[\w.+-]+)\s*', text):
                raise UnreadableError("it is said to be JSON, and cannot be parsed")
        elif not (kind == "" or kind.startswith(_TEXT_TYPES)):
            raise UnreadableError(f"a body of type {kind[:40]!r} cannot be read")
        return self.scrubber.free(text) if "texts" in self.rules else text

    def _parts(self, content: bytes, kind: str) -> tuple[bytes, str]:
        found = _BOUNDARY.search(kind)
        if not found:
            raise UnreadableError("it has parts, and its type names no boundary")
        if "parts" not in self.rules:
            return content, kind
        mark = b"--" + found[1].encode()
        pieces = content.split(mark)
        if len(pieces) < 3 or pieces[0].strip() or pieces[-1].strip() not in (b"--", b""):  # noqa: PLR2004  (before, one part, after)
            raise UnreadableError("its parts do not end where its type says")
        parts = [self._part(each) for each in pieces[1:-1]]
        return _joined(parts)

    def _part(self, piece: bytes) -> tuple[str, str | None, str, bytes]:
        """Clean one part: its name, its file's name if it has one, its type, its content."""
        head, blank, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        try:
            lines = head.decode()
        except UnicodeDecodeError:
            raise UnreadableError("a part's head is no text") from None
        if not blank or not content.endswith(b"\r\n") or not (name := _PART_NAME.search(lines)):
            raise UnreadableError("a part has no name, or no end")
        content = content.removesuffix(b"\r\n")
        file = _PART_FILE.search(lines)
        if "filename*" in lines.lower():
            raise UnreadableError("a part's file name is written in a form that cannot be read")
        said = _PART_TYPE.search(lines)
        kind = said[1] if said else ""
        if file is None and not kind.startswith(("image/", "video/", "audio/")):
            text = self._written_part(content, name[1], kind)
            return name[1], None, kind, text
        new = self._medium(content)
        if new is None:
            raise UnreadableError("a part holds a file of an unknown type")
        filename = self.scrubber.text(file[1], "filename") if file else None
        return name[1], filename, kind, new

    def _written_part(self, content: bytes, name: str, kind: str) -> bytes:
        try:
            text = content.decode()
        except UnicodeDecodeError:
            raise UnreadableError("a part is neither text nor a file") from None
        del kind
        return str(self.scrubber.value(text, name)).encode()


def _joined(parts: list[tuple[str, str | None, str, bytes]]) -> tuple[bytes, str]:
    """Write parts as `wire.multipart` does: the boundary depends on nothing but what is left."""
    files = [each for each in parts if each[1] is not None]
    if len(files) == 1 and parts[-1][1] is not None and not any(p[2] for p in parts[:-1]):
        name, filename, kind, content = parts[-1]
        fields = {each[0]: each[3].decode() for each in parts[:-1]}
        if len(fields) == len(parts) - 1:
            return multipart(
                fields, name=name, filename=filename or "", content=content, content_type=kind
            )
    boundary = f"portraitkit-{zlib.crc32(repr(parts).encode()):08x}"
    lines: list[bytes] = []
    for name, filename, kind, content in parts:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'
        head += "" if filename is None else f'; filename="{filename}"'
        head += f"\r\nContent-Type: {kind}" if kind else ""
        lines.append(head.encode() + b"\r\n\r\n" + content + b"\r\n")
    return b"".join(lines) + f"--{boundary}--\r\n".encode(), (
        f"multipart/form-data; boundary={boundary}"
    )


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
