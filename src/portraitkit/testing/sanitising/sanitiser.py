"""
Make a recording fit to be shown: no key, no link, no token, no face, no name, no account.

A `Sanitiser` fails closed. It knows what may stay, and replaces the rest: credentials are dropped,
ids and names become pseudonyms that are the same throughout a folder, media become empty files of
the same type and size in pixels. What it cannot parse it refuses with `UnsafeCassetteError`.

One thing no machine finds: a person's name in a free text, where it stands in no member that the
cassette holds elsewhere. Give such names as *known_secrets*, and read what you publish.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, ParamSpec, TypeVar

from attrs import frozen

from ...values.errors import PortraitError
from ...wire.codec import is_array, is_object
from ..cassettes.cassettefile import headers_of, json_in, pretty_json
from .bodies import Bodies
from .plainwords import is_word
from .pseudonyms import Pseudonyms, is_false
from .secretmembers import forms_of
from .texts import Scrubber, UnreadableError

P = ParamSpec("P")
T = TypeVar("T")

_OPEN_HEADERS: Final = frozenset(
    {
        "accept", "accept-encoding", "accept-ranges", "content-length", "content-range",
        "range", "retry-after", "x-ratelimit-limit", "x-ratelimit-remaining",
        "x-ratelimit-reset",
    }
)  # fmt: skip
"""Headers that stay. Of their texts, what looks like a secret is replaced all the same."""
_REQUEST_IDS: Final = frozenset({"x-request-id", "x-client-request-id", "x-tt-logid"})
_ADDRESSES: Final = frozenset({"location", "content-location"})
_ORIGIN: Final = "origin"
_REASON: Final = "why"
"""Where a reviewer says why an answer is read again."""
_SHORTEST_KNOWN: Final = 2
"""A name may be as short as that."""
_SHORTEST_SECRET: Final = 4
_SHORTEST_NOTED: Final = 8
_MOST_ROUNDS: Final = 4
_NEXT: Final = (
    "leave this interaction out, or record it again without what cannot be cleaned; "
    "nothing was written"
)


class UnsafeCassetteError(PortraitError):
    """
    A cassette cannot be made safe, so it was not written.

    The message names the interaction and the position, such as `interaction 3, response body`;
    never the value.
    """

    advice = _NEXT


class Sanitiser:
    """
    Cleans one cassette.

    Args:
        secret_fields: Members whose numbers, and all of whose links, are secret at this vendor:
            `Vendor.secret_fields`. Texts stay only in members that a contract marks as open.
        known_secrets: Values that must not appear in any form: the recording profile's keys, and
            names that a free text may hold. They are never written.
        pseudonyms: False values for real ones, `Pseudonyms.named(name)`.
        hosts: Hosts that may stay beside the vendors' own, such as a staging gateway's.
        plain: Members whose texts stay, unless they look like a secret, as `prompt`.
    """

    def __init__(
        self,
        secret_fields: Iterable[str],
        known_secrets: Iterable[str],
        pseudonyms: Pseudonyms,
        *,
        hosts: Iterable[str] = (),
        plain: Iterable[str] = (),
    ) -> None:
        self._fields = frozenset(_folded(each) for each in secret_fields)
        self._known = tuple(each for each in known_secrets if len(each) >= _SHORTEST_KNOWN)
        self._pseudonyms = pseudonyms
        self._hosts = frozenset(hosts)
        self._plain = frozenset(plain)

    def clean(self, cassette: Mapping[str, Any]) -> dict[str, Any]:
        """
        Return a copy without secrets. Cleaning it again changes nothing.

        Raises:
            UnsafeCassetteError: Something in it cannot be parsed, or a secret remains.
        """
        scrubber = self._scrubber(self._pseudonyms)
        for each in self._known:
            scrubber.secrets[each] = self._pseudonyms.token(each, "secret")
        given = list(cassette.get("interactions", []))
        # What is found secret late may have been echoed early, so all is read before it is written;
        # and what is put together of false pieces is read once more.
        for _ in range(_MOST_ROUNDS):
            cleaned = Cleaner(scrubber).interactions(given)
            if cleaned == Cleaner(self._scrubber(self._pseudonyms)).interactions(cleaned):
                break
            given = cleaned
        else:
            raise UnsafeCassetteError("it cannot be cleaned once and for all")
        whole = {**cassette, "interactions": cleaned}
        self._check(whole, scrubber)
        return whole

    def veil(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """
        Return one request of a cassette as a matcher compares it.

        A live request and its cleaned recording are alike once veiled, if what they ask is. With
        the cassette's salt each value that `clean` replaces is told by its digest; without one it
        is a fixed word, and only ids tell requests apart. A replayed flow takes ids from the
        cassette's own answers.

        Raises:
            UnsafeCassetteError: The request cannot be parsed.
        """
        veiled = Cleaner(self._scrubber(self._pseudonyms.veil())).request("this request", request)
        if isinstance(veiled["body"], str):
            veiled["body"] = pretty_json(veiled["body"]) or veiled["body"]
        return veiled

    def _scrubber(self, pseudonyms: Pseudonyms) -> Scrubber:
        return Scrubber(
            pseudonyms=pseudonyms,
            secret_fields=self._fields,
            hosts=self._hosts,
            plain=self._plain,
        )

    def _check(self, cassette: Mapping[str, Any], scrubber: Scrubber) -> None:
        """Look for what the rules have missed, in every form that a text can have."""
        known = {form for each in self._known for form in forms_of(each)}
        told = {
            each for each in scrubber.secrets if len(each) >= _SHORTEST_NOTED and not is_word(each)
        }
        known |= {form for each in told for form in forms_of(each)}
        known = {each for each in known if len(each) >= _SHORTEST_SECRET and not is_false(each)}
        for number, each in enumerate(cassette["interactions"], 1):
            for part in ("request", "response"):
                _look(known, _flat(each[part]), f"interaction {number}, {part}")
        _look(known, _flat(cassette.get(_ORIGIN)), "the origin's texts")


@frozen
class Cleaner:
    """Cleans interactions with what one scrubber knows."""

    scrubber: Scrubber

    def interactions(self, given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Clean them twice: what is found secret in a later one may stand in an earlier one."""
        _ = [self._interaction(number, each) for number, each in enumerate(given, 1)]
        return [self._interaction(number, each) for number, each in enumerate(given, 1)]

    def request(self, where: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Clean a request: what is first found here was sent by the application."""
        with self.scrubber.pseudonyms.asking():
            return self._request(where, given)

    def _request(self, where: str, given: Mapping[str, Any]) -> dict[str, Any]:
        real = str(given["uri"])
        # An answer may have given it in a secret member, all of whose path goes.
        uri = self.scrubber.secrets.get(real) or _at(f"{where} address", self.scrubber.link, real)
        headers, body = self._content(where, given, given.get("body"))
        asked = {"method": str(given["method"]), "uri": uri, "headers": headers, "body": body}
        return self._with_others(where, given, asked)

    def _response(self, where: str, given: Mapping[str, Any]) -> dict[str, Any]:
        found: Any = given.get("body") or {}
        if not is_object(found) or found.keys() - {"string"}:
            raise UnsafeCassetteError(f"{where} body is not of vcrpy's form")
        headers, body = self._content(where, given, found.get("string"))
        status = dict(given.get("status") or {})
        if isinstance(status.get("message"), str):
            status["message"] = _at(f"{where} status", self.scrubber.free, status["message"])
        cleaned = {"status": status, "headers": headers, "body": {"string": body}}
        return self._with_others(where, given, cleaned)

    def _interaction(self, number: int, given: Mapping[str, Any]) -> dict[str, Any]:
        where = f"interaction {number},"
        if not is_object(given.get("request")) or not isinstance(given.get("response"), Mapping):
            raise UnsafeCassetteError(f"interaction {number} has no request or no response")
        request = self.request(f"{where} request", given["request"])
        response = self._response(f"{where} response", given["response"])
        return self._with_others(where, given, {"request": request, "response": response})

    def _content(
        self, where: str, given: Mapping[str, Any], body: object
    ) -> tuple[dict[str, list[str]], str | bytes]:
        """Clean headers and body; a length would tell of the original, and be wrong."""
        bodies = Bodies(self.scrubber)
        headers = headers_of(given)
        content, changed = _at(f"{where} body", bodies.clean, body, headers)
        kept = {**self._headers(where, headers), **changed}
        if bodies.unpacked:
            kept = {name: texts for name, texts in kept.items() if name != "Content-Encoding"}
        size = str(len(content.encode() if isinstance(content, str) else content))
        lengths = {name: [size] for name in kept if name.lower() == "content-length"}
        return {**kept, **lengths}, content

    def _with_others(
        self, where: str, given: Mapping[str, Any], cleaned: dict[str, Any]
    ) -> dict[str, Any]:
        """Clean what a newer vcrpy adds."""
        for key in given.keys() - cleaned.keys():
            cleaned[key] = self._other(f"{where} {key}", given[key], key)
        return cleaned

    def _other(self, where: str, given: Any, key: str) -> Any:
        if not isinstance(given, str | int | float | bool | list | dict | None):
            raise UnsafeCassetteError(f"{where} is of an unknown kind")
        if key == _REASON and isinstance(given, str):
            return _at(where, self.scrubber.free, given)
        return _at(where, self.scrubber.value, given, key)

    def _headers(self, where: str, given: Mapping[str, Any]) -> dict[str, list[str]]:
        cleaned: dict[str, list[str]] = {}
        for name, values in given.items():
            texts = values if is_array(values) else [values]
            clean = self._header_rule(str(name).lower())
            if clean is not None:
                place = f"{where} header {name}"
                cleaned[str(name)] = [_at(place, clean, _text(each)) for each in texts]
        return cleaned

    def _header_rule(self, name: str) -> Callable[[str], str] | None:
        if name == "content-encoding":  # the content's type is cleaned with the content
            return str
        if name in _ADDRESSES:
            return self.scrubber.link
        if name in _REQUEST_IDS:
            return self.scrubber.pseudonyms.token
        return self.scrubber.free if name in _OPEN_HEADERS else None


def _look(known: Iterable[str], text: str, where: str) -> None:
    views = (text, html.unescape(text))
    if any(each in view for view in views for each in known):
        raise UnsafeCassetteError(f"{where}: a value that was found secret remains in another form")


def _flat(part: Any) -> str:
    """All texts of a part, in one."""
    if is_object(part):
        return "\n".join(f"{key}\n{_flat(each)}" for key, each in part.items())
    if is_array(part):
        return "\n".join(map(_flat, part))
    if isinstance(part, bytes):
        return part.decode("latin-1")
    inner = json_in(part)
    return str(part) if inner is None else f"{part}\n{_flat(inner)}"


def _at(where: str, clean: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Say where a text could not be read."""
    try:
        return clean(*args, **kwargs)
    except UnreadableError as error:
        raise UnsafeCassetteError(f"{where}: {error}") from None


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _folded(member: str) -> str:
    return member.replace("_", "").replace("-", "").lower()
