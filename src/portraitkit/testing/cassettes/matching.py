"""
When a request is one that was recorded: what it asks, whatever it looks like on the wire.

Compared are the method, whose origin it goes to, the path, the query that matters, and the body by
its values. Left out are hosts, credentials, signatures, dates, the boundary of a form, the order of
a JSON object's keys, and the random token at the end of a name. Both sides are veiled first, so
that a cassette without secrets still answers the request that has them: each secret is told by its
digest on both.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, TypeAlias, cast
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import attrs
from attrs import field, frozen

from ...operations.provider import PortraitProvider
from ...providers.registry import provider_class
from ...simulators.simulator import FormPart, parts_of
from ...values.origins import origin_of
from ...wire.codec import is_array, is_object
from .cassettefile import headers_of

Recorded: TypeAlias = Mapping[str, Any]
"""A request as a cassette holds it: `method`, `uri`, `headers`, `body`."""

_FORM: Final = "form"

_ROLE_OF_FIELD: Final = {"base_url": "api", "assets_url": "assets", "video_url": "video"}
_TOKEN: Final = re.compile(r" pk-[0-9a-z]{10}(?![0-9a-z])")
UNTOLD: Final = re.compile(
    r"(?i)x-(tos|amz|oss|cos|bce|goog|date|expires|security|signature|credential|algorithm)[^&=]*|"
    r"(q-)?(sign|signature|sign-[^&=]*|auth_key|expires|ossaccesskeyid|awsaccesskeyid|policy|"
    r"key-pair-id|security-token|ak|date|timestamp|ts|nonce)"
)
"""Query members that say who asks and when, not what for."""
SIGNED: Final = re.compile(
    rf"([?&](?:{UNTOLD.pattern.removeprefix('(?i)')})=)[^&\"\s#]*", re.IGNORECASE
)
"""Such a member, in any text that holds a link."""


class Roles:
    """
    Whose an origin is, and in which role. An origin nobody owns is a media host.

    A profile's `base_url` moves and its role stays: `alltoken api` in a cassette is wherever the
    profile leads today.
    """

    def __init__(self) -> None:
        self._of: dict[str, set[tuple[str, str]]] = {}

    @property
    def known(self) -> int:
        """How many owners are known."""
        return sum(len(owners) for owners in self._of.values())

    def learn(self, provider: PortraitProvider) -> None:
        """Take a provider's origins."""
        for name, role in _ROLE_OF_FIELD.items():
            self.add(getattr(provider, name, None), provider.name, role)

    def learn_defaults(self, vendor: str) -> None:
        """Take the origins that an adapter has where its profile names none."""
        for each in attrs.fields(provider_class(vendor)):
            if each.name in _ROLE_OF_FIELD:
                self.add(each.default, vendor, _ROLE_OF_FIELD[each.name])

    def add(self, url: object, vendor: str, role: str) -> None:
        """Note one origin."""
        if isinstance(url, str) and (origin := origin_of(url)):
            self._of.setdefault(origin, set()).add((vendor, role))

    def table(self) -> dict[str, list[str]]:
        """What is known, as plain text: origin to `vendor role`."""
        return {
            origin: sorted(f"{vendor} {role}" for vendor, role in owners)
            for origin, owners in sorted(self._of.items())
        }

    def of(self, url: str) -> frozenset[tuple[str, str]]:
        """Whose it is: vendors and roles; empty for a media host."""
        return frozenset(self._of.get(origin_of(url), ()))


@frozen(kw_only=True)
class CanonicalRequest:
    """
    What a request asks.

    Attributes:
        owners: Vendor and role of where it goes; empty for a media host.
        body: JSON by value, a form by its parts, else text or a digest.
        tokens: The random tokens in it, in the order they stand.
    """

    method: str
    owners: frozenset[tuple[str, str]]
    path: str
    query: tuple[tuple[str, str], ...]
    body: Any
    tokens: tuple[str, ...]
    _asked: tuple[object, ...] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Work out once what is compared with each of the recorded ones."""
        asked = (self.method, self.path, self.query, _key(self.body))
        object.__setattr__(self, "_asked", asked)

    @property
    def reads(self) -> bool:
        """Tell whether it changes nothing, by method or by the name of its Action."""
        action = dict(self.query).get("Action", "")
        return self.method in ("GET", "HEAD") or action.startswith(("Get", "List"))

    def is_like(self, other: CanonicalRequest) -> bool:
        """Tell whether both ask the same."""
        return self._asked == other._asked and self._is_at(other)

    def likeness(self, other: CanonicalRequest) -> float:
        """How near the other is, 0 to 1: to find the recording that was meant."""
        same = (self.method == other.method, self._is_at(other), self.path == other.path)
        lines = difflib.SequenceMatcher(None, self.lines(), other.lines(), autojunk=False)
        return (sum(same) / len(same) + lines.ratio()) / 2

    def changed(self, other: CanonicalRequest) -> list[str]:
        """Name the fields in which the other differs: `prompt`, `content[1].image_url.url`."""
        mine, its = dict(self._fields()), dict(other._fields())
        places = [] if self._is_at(other) else ["where it goes to"]
        return places + [name for name in {**mine, **its} if mine.get(name) != its.get(name)]

    def _fields(self) -> Iterator[tuple[str, str]]:
        yield "method", self.method
        yield "path", self.path
        for name, value in self.query:
            yield f"?{name}", value
        body = self.body
        if is_object(body) and list(body) == [_FORM]:
            body = {part["name"]: part for part in body[_FORM]}
        yield from _leaves(body, "")

    def lines(self) -> list[str]:
        """It, fit to be read and compared line by line."""
        roles = sorted({f"{vendor} {role}" for vendor, role in self.owners})
        head = [f"{self.method} {self.path}", f"at {' or '.join(roles) or 'a media host'}"]
        head += [f"?{name}={value}" for name, value in self.query]
        if self.body is None:
            return head
        text = self.body
        if not isinstance(text, str):
            text = json.dumps(text, ensure_ascii=False, indent=2, sort_keys=True)
        return [*head, *text.splitlines()]

    def __str__(self) -> str:
        query = "&".join(f"{name}={value}" for name, value in self.query)
        return f"{self.method} {self.path}{'?' if query else ''}{query}"

    def _is_at(self, other: CanonicalRequest) -> bool:
        # One origin may serve several roles, as a simulator's does: one in common is enough.
        if not (self.owners and other.owners):
            return self.owners == other.owners
        return bool(self.owners & other.owners)


def canon(
    request: Recorded, roles: Roles, veil: Callable[[Recorded], Recorded]
) -> CanonicalRequest:
    """Read what a request asks."""
    tokens = tuple(_TOKEN.findall(unquote(_text_of(request.get("body")))))
    owners = roles.of(str(request["uri"]))
    veiled = veil(request)
    parts = urlsplit(str(veiled["uri"]))
    query = [
        (name, _untokened(value))
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if not UNTOLD.fullmatch(name)
    ]
    return CanonicalRequest(
        method=str(veiled["method"]).upper(),
        owners=owners,
        path=quote(unquote(parts.path), safe="/:@!$&'()*+,;=-._~") or "/",
        query=tuple(sorted(query)),
        body=_body(veiled),
        tokens=tokens,
    )


def difference(recorded: CanonicalRequest, asked: CanonicalRequest) -> str:
    """Both as a unified diff; nothing secret is in it, as both are veiled."""
    lines = difflib.unified_diff(
        recorded.lines(), asked.lines(), "recorded", "asked", lineterm="", n=2
    )
    return "\n".join(lines)


def replace_tokens(body: bytes, tokens: Mapping[str, str]) -> bytes:
    """Put today's tokens in place of the recorded ones, so that a name is found again."""
    for old, new in tokens.items():
        body = body.replace(old.encode(), new.encode())
    return body


def _body(request: Recorded) -> Any:
    content = request.get("body")
    raw = content.encode(errors="surrogatepass") if isinstance(content, str) else content or b""
    with suppress(ValueError):
        return {_FORM: [_part(each) for each in parts_of(bytes(raw), _type_of(request))]}
    text = _text_of(content)
    if not text:
        return None
    try:
        return _value(json.loads(text))
    except (ValueError, RecursionError):
        return _untokened(text)


def _text_of(content: object) -> str:
    if isinstance(content, bytes | bytearray):
        try:
            return bytes(content).decode()
        except UnicodeDecodeError:
            return _digest(bytes(content))
    return content if isinstance(content, str) else ""


def _value(found: Any) -> Any:
    """Numbers by what they count, texts without their tokens."""
    if isinstance(found, dict):
        table = cast("dict[str, Any]", found)
        return {name: _value(each) for name, each in table.items()}
    if isinstance(found, list):
        entries: list[Any] = found  # pyright: ignore[reportUnknownVariableType]  (JSON is Any)
        return [_value(each) for each in entries]
    if isinstance(found, float) and found.is_integer():
        return int(found)
    return _untokened(found) if isinstance(found, str) else found


def _untokened(text: str) -> str:
    """A text without tokens and signatures, which are others each time."""
    return _TOKEN.sub("", SIGNED.sub(r"\1", text))


def _key(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False, sort_keys=True)


def _leaves(found: Any, where: str) -> Iterator[tuple[str, str]]:
    """Each value of a body, by where it stands."""
    if is_object(found):
        for name, each in found.items():
            yield from _leaves(each, f"{where}.{name}" if where else name)
    elif is_array(found):
        for number, each in enumerate(found):
            yield from _leaves(each, f"{where}[{number}]")
    else:
        yield where or "body", _key(found)


def _digest(content: bytes) -> str:
    return f"{len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()[:16]}"


def _type_of(request: Recorded) -> str:
    found = {name.lower(): value for name, value in headers_of(request).items()}
    value: Any = found.get("content-type", "")
    return value if isinstance(value, str) else "".join(map(str, value))


def _part(part: FormPart) -> dict[str, str]:
    """A field by its text, a file by name, type and digest."""
    file = part.filename
    text = _untokened(part.text) if file is None else _digest(part.content)
    named = {} if file is None else {"filename": file}
    return {"name": part.name, **named, "content-type": part.content_type, "value": text}
