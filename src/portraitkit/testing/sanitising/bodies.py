"""
Bodies, cleaned by what they are: JSON, a form, parts of a form, text, or media.

Packed ones are unpacked, and stay so. What is none of these is refused.
"""

from __future__ import annotations

import codecs
import gzip
import html
import json
import re
import zlib
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from attrs import define, evolve, field

from ...simulators.simulator import FormPart, parts_of
from ...wire.codec import is_array
from ..cassettes.cassettefile import json_in, pretty_json
from ..cassettes.forms import joined
from .plainwords import is_word
from .texts import Scrubber, UnreadableError

_MOST_BYTES: Final = 64 * 1024 * 1024
_MARKUP: Final = re.compile(
    r"(?P<aside><!--.*?-->|<[!?][^\[>]*>)|<!\[CDATA\[(?P<plain>.*?)\]\]>"
    r"|<(?P<tag>/?[\w:.-]+)(?P<rest>(?:\"[^\"]*\"|'[^']*'|[^>\"'])*)>|(?P<text>[^<]+)",
    re.DOTALL,
)
_ATTRIBUTE: Final = re.compile(r"""([\w:.-]+)(\s*=\s*)("[^"]*"|'[^']*'|[^\s"'/>]+)""")
_PARAMETER: Final = re.compile(r"""([\w*-]+)=("[^"]*"|[^;\s]+)""")
_OWN_BOUNDARY: Final = re.compile(r"portraitkit-[0-9a-f]+")
_EVENT_LINE: Final = re.compile(r"(\w*: ?)(.*)")
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
        kind_name, kind = _header(headers, "content-type")
        told = {kind_name: [self.content_type(kind)]} if kind else {}
        if body is None or body in ("", b""):
            return "", told
        if not isinstance(body, str | bytes | bytearray):
            raise UnreadableError("it was not recorded as a text or bytes")
        content = body.encode(errors="surrogatepass") if isinstance(body, str) else bytes(body)
        content = self._unpack(content, _header(headers, "content-encoding")[1])
        if kind.lower().startswith("multipart/"):
            content, new_kind = self._parts(content, kind)
            return _as_text(content), {kind_name: [new_kind]}
        if (new := self._medium(content)) is not None:
            return new, told
        return self._written(content, _kind_of(kind)), told

    def content_type(self, text: str) -> str:
        """Clean a type: what it is stays, and how its letters are written."""
        kind, semicolon, rest = text.partition(";")

        def parameter(found: re.Match[str]) -> str:
            name, value = found[1], found[2].strip('"')
            is_made = name.lower() == "boundary" and _OWN_BOUNDARY.fullmatch(value)
            if is_made or (name.lower() == "charset" and _is_charset(value)):
                return found[0]
            return f'{name}="{self.scrubber.text(unquote(value), name)}"'

        kind = kind if is_word(kind) else self.scrubber.free(kind)
        return kind + semicolon + _PARAMETER.sub(parameter, rest)

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
        if kind.endswith(("xml", "html")):
            return self._marked_up(text, is_page=kind.endswith("html"))
        if kind == "text/event-stream":
            return "\n".join(map(self._event_line, text.split("\n")))
        found = json_in(text)
        if found is not None:
            new = self.scrubber.value(found)
            return text if new == found else _laid_out(new)
        lines = text.splitlines(keepends=True)
        if len(lines) > 1 and all(json_in(each) is not None for each in lines if each.strip()):
            return "".join(map(self._json_line, lines))
        if kind.endswith("json") and text.strip() not in ("", "null"):
            if not re.fullmatch(r'\s*(?:"(?:[^"\\]|\\.)*"|[\w.+-]+)\s*', text):
                raise UnreadableError("it is said to be JSON, and cannot be parsed")
        elif not (kind == "" or kind.startswith("text/")):
            raise UnreadableError(f"a body of type {kind[:40]!r} cannot be read")
        return self.scrubber.free(text)

    def _json_line(self, line: str) -> str:
        found = json_in(line)
        new = self.scrubber.value(found)
        return line if new == found else json.dumps(new, ensure_ascii=False) + "\n"

    def _event_line(self, line: str) -> str:
        """One line of an event stream: `data:` and a value, or another field."""
        found = _EVENT_LINE.fullmatch(line.rstrip("\r"))
        if found is None:
            return self.scrubber.free(line)
        member = {"data: ": "message", "event: ": "type"}.get(found[1], found[1].strip(": "))
        return found[1] + self.scrubber.text(found[2], member or "message")

    def _marked_up(self, text: str, *, is_page: bool) -> str:
        """XML by its elements' names; of a page the texts, as no contract knows its elements."""
        element = ""

        def clean(found: re.Match[str]) -> str:
            nonlocal element
            if found["tag"] is not None:
                element = found["tag"].lstrip("/").rpartition(":")[2]
                named = found["tag"].replace(element, self.scrubber.member(element))
                return f"<{named}{_ATTRIBUTE.sub(self._attribute, found['rest'])}>"
            if found["aside"] is not None:
                return self.scrubber.free(found[0])
            written = found["text"] is not None
            plain = html.unescape(found["text"]) if written else found["plain"]
            member = "message" if is_page else element
            inner = plain.strip()
            new = self.scrubber.text(inner, member) if inner else inner
            told = plain.replace(inner, new) if inner else plain
            return found[0] if told == plain else html.escape(told, quote=False)

        return _MARKUP.sub(clean, text)

    def _attribute(self, found: re.Match[str]) -> str:
        plain = html.unescape(found[3].strip("\"'"))
        new = self.scrubber.text(plain, found[1])
        return found[0] if new == plain else f'{found[1]}{found[2]}"{html.escape(new)}"'

    def _parts(self, content: bytes, kind: str) -> tuple[bytes, str]:
        try:
            parts = parts_of(content, kind)
        except ValueError as error:
            raise UnreadableError(str(error)) from None
        return joined([self._part(each) for each in parts])

    def _part(self, part: FormPart) -> FormPart:
        kind = self.content_type(_kind_of(part.content_type))
        name = self.scrubber.member(part.name)
        part = evolve(part, name=name, content_type=kind)
        if (new := self._medium(part.content)) is None:
            if part.content_type.startswith(_MEDIA_TYPES) or (part.filename and not kind):
                raise UnreadableError("a part holds a file of an unknown type")
            new = self._part_text(part).encode()
        file = part.filename
        filename = None if file is None else self.scrubber.text(file, "filename")
        return evolve(part, content=new, filename=filename)

    def _part_text(self, part: FormPart) -> str:
        if part.content_type and _kind_of(part.content_type) != "text/plain":
            return self._written(part.content, _kind_of(part.content_type))
        try:
            return str(self.scrubber.value(part.content.decode(), part.name))
        except UnicodeDecodeError:
            raise UnreadableError("a part is neither text nor a file") from None


def _is_charset(name: str) -> bool:
    try:
        return bool(codecs.lookup(name))
    except LookupError:
        return False


def _kind_of(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


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
