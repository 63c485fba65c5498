"""
Take secrets out of texts, addresses and JSON. Every rule has a name, and a test that misses it.

A value is replaced because of the member it stands in (`fields`, `ids`, `persons` …), or because of
what it looks like (`links`, `emails`, `tokens` …), or because it was found secret elsewhere in the
same cassette (`echoes`) or given (`known`).
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from attrs import define, field

from .plainwords import PATH_WORDS, is_open_host, is_open_number, is_word, vocabulary
from .pseudonyms import Pseudonyms, is_false, is_stamp
from .standins import stand_in

TEXT_RULES: Final = frozenset(
    {
        "fields", "ids", "secrets", "persons", "endings", "below", "links", "paths", "queries", "hosts", "users",
        "fragments", "data addresses", "resource names", "emails", "ips", "phones", "base64",
        "tokens", "numbers", "nested", "members", "encoded", "echoes", "known",
    }
)  # fmt: skip

SECRET_MEMBERS: Final = frozenset(
    """
    apikey accesskey accesskeyid secretkey secretaccesskey secret clientsecret authorization auth
    token bytedtoken accesstoken refreshtoken sessiontoken securitytoken signature sign sig
    credential credentials password passwd pwd cookie setcookie session nonce policy h5link
    algorithm nexttoken cursor ticket jwt
    """.split()
)
"""Members that are secret at any vendor, in lower case without `_` and `-`."""

PERSONAL_MEMBERS: Final = frozenset(
    """
    name username nickname realname fullname displayname firstname lastname groupname assetname
    title description owner ownername creator createdby contact company organization department
    phone phonenumber mobile mobilephone tel telephone email mail emailaddress idcard idnumber
    idno identity birthday birthdate address city ip clientip remoteaddr remoteip useragent
    project projectname account accountname user userinfo customer tenant filename prompt text
    negativeprompt revisedprompt caption remark comment memo tags
    """.split()
)
"""Members that tell of a person or an account."""

_ID_MEMBER: Final = re.compile(
    r"(?:^|[_-])(?:id|ids|ID|IDs|uid|uuid)$|(?<=[a-z0-9])(?:Id|ID|Ids|IDs)$|^I[dD]s?$"
)
_SECRET_ENDINGS: Final = (
    "apikey", "accesskey", "secretkey", "signature", "credential", "password", "secret",
    "token", "cookie", "accesskeyid",
)  # fmt: skip
_ENCODED: Final = re.compile(r"%[0-9A-Fa-f]{2}|&(?:#\w+|[a-z]+);")
_SHORTEST_ECHO: Final = 3
_SHORT_NUMBER: Final = 9
_SHORT: Final = 8
_WHOLE: Final = ("link", "data")
_STAMPED: Final = re.compile(r"((?:Name|mail|host)-[a-z0-9]{8}(?![a-z0-9]))")
_DEEPEST: Final = 40

_FOUND: Final = re.compile(
    r"""
      (?P<data>data:[\w.+/-]*(?:;[\w=.+-]+)*,[^\s"'<>)]*)
    | (?P<link>(?:(?:https?|wss?|ftps?)|[A-Za-z][A-Za-z0-9+-]{0,20}):(?:\\?/){2}[^\s"'<>`{}|，。；！？（）“”、》《]+)
    | (?P<resource>\b(?:trn|arn|urn):[\w:/.*@+=,-]+)
    | (?P<email>[\w.+%-]+@[\w-]+(?:\.[\w-]+)+)
    | (?P<date>(?<![\w-])(?:19|20)\d\d-[01]\d-[0-3]\d(?:[T ][0-2]\d:[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)?
        (?:Z|\ ?[+-]\d\d:?\d\d)?)?(?![\w-]))
    | (?P<ip>(?<![\d_])(?<!\d\.)(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\d)
        |(?<![\w:])(?:[0-9a-fA-F]{1,4}:){3,7}(?::?[0-9a-fA-F]{1,4}){1,5}(?![\w:])
        |(?<![\w:])[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{1,4}){0,5}::(?:[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{1,4})*)?(?![\w:]))
    | (?P<phone>(?<![\w-])\+\d[\d ()./-]{6,18}\d(?![\w-])
        |(?<![\w-])(?<!\d\.)(?:\(0?\d{2,4}\)|0?\d{2,4})[ -]\d{3,4}[ -]\d{4}(?![\w-])
        |(?<!\w)1[3-9]\d{9}(?!\w))
    | (?P<base64>(?<![A-Za-z0-9+/_=-])(?:[A-Za-z0-9+/]{40,}|[A-Za-z0-9_-]{40,})={0,2}(?![A-Za-z0-9+/_=-]))
    | (?P<token>[\w~-]{8,}(?:[+/=][\w+/=~-]*\d[\w+/=~-]*)?={0,2})
    """,
    re.VERBOSE,
)


class UnreadableError(Exception):
    """A text cannot be parsed as what it has to be. Says what, never the text."""


@define(eq=False)
class Scrubber:
    """
    Cleans the texts of one cassette.

    Attributes:
        told: Values that were found secret, and their pseudonyms: replaced wherever they appear.
        places: What was replaced, by which rule.
    """

    pseudonyms: Pseudonyms
    secret_fields: frozenset[str]
    rules: frozenset[str] = TEXT_RULES
    hosts: frozenset[str] = frozenset()
    told: dict[str, str] = field(factory=dict[str, str], repr=False)
    _echo: re.Pattern[str] | None = field(default=None, repr=False)

    # -- JSON ------------------------------------------------------------------------------------

    def value(self, found: Any, member: str = "", depth: int = 0) -> Any:
        """Clean a JSON value that stands in *member*."""
        if depth > _DEEPEST:
            raise UnreadableError("it is nested too deeply")
        if isinstance(found, Mapping):
            return {
                self._member(str(key)): self.value(each, self._below(member, str(key)), depth + 1)
                for key, each in found.items()
            }
        if isinstance(found, list | tuple):
            return [self.value(each, member, depth + 1) for each in found]
        if isinstance(found, bool) or found is None:
            return found
        if isinstance(found, int | float):
            return self._number(found, member)
        return self.text(str(found), member, depth)

    def _member(self, name: str) -> str:
        if "members" not in self.rules:
            return name
        return self.told.get(name) or _FOUND.sub(self._replace, name)

    def _below(self, member: str, key: str) -> str:
        """What lies below a secret member is secret, whatever it is called."""
        inherits = "below" in self.rules and self._rule_of(member) in (
            "fields",
            "secrets",
            "persons",
        )
        return member if inherits and not self._rule_of(key) else key

    def _rule_of(self, member: str) -> str:
        folded = re.sub(r"[_-]", "", member).lower()
        if folded in self.secret_fields:
            rule = "persons" if folded in PERSONAL_MEMBERS else "fields"
        elif folded in SECRET_MEMBERS:
            rule = "secrets"
        elif folded in PERSONAL_MEMBERS:
            rule = "persons"
        elif folded.endswith(_SECRET_ENDINGS):
            rule = "endings"
        else:
            rule = "ids" if _ID_MEMBER.search(member) else ""
        return rule if rule in self.rules else ""

    def _number(self, found: float, member: str) -> float:
        if self._rule_of(member) and isinstance(found, int):
            return self.pseudonyms.number(found)
        if "numbers" in self.rules and not is_open_number(found):
            return self.pseudonyms.number(int(found))
        return found

    def text(self, found: str, member: str = "", depth: int = 0) -> str:
        """Clean a text that stands in *member*."""
        if not found or found in vocabulary():
            return found
        if found in self.told:
            return self.told[found]
        if "nested" in self.rules and (inner := self._nested(found, member, depth)) is not None:
            return inner
        rule = self._rule_of(member)
        if not rule:
            return self.free(found)
        if rule == "ids":
            return self._tell(found, self._id(found))
        if rule == "persons":
            return self._tell(found, self._person(found))
        return self._tell(found, self._secret(found))

    def _nested(self, found: str, member: str, depth: int) -> str | None:
        if found.lstrip()[:1] not in ("{", "["):
            return None
        try:
            inner = json.loads(found)
        except (ValueError, RecursionError):
            return None
        new = self.value(inner, member, depth + 1)
        return found if new == inner else json.dumps(new, ensure_ascii=False)

    def _id(self, found: str) -> str:
        if "://" in found or " " in found:
            return self.free(found)
        return found if is_model(found) else self.pseudonyms.token(found)

    def _person(self, found: str) -> str:
        whole = _FOUND.fullmatch(found)
        if whole and whole.lastgroup in ("email", "phone", "ip", "link", "data"):
            return self._replace(whole)
        stem, dot, ending = found.rpartition(".")
        if dot and re.fullmatch(r"[a-z0-9]{2,4}", ending):  # a file's name keeps its type
            return f"{self.pseudonyms.name(stem)}.{ending}"
        return self.pseudonyms.name(found)

    def _secret(self, found: str) -> str:
        if _FOUND.fullmatch(found) and "://" in found:
            return self.pseudonyms.link(self.link(found, whole=True))
        kind, blank, rest = found.partition(" ")
        if blank and kind.lower() in ("bearer", "basic"):
            return f"{kind} {self.pseudonyms.token(rest, 'secret')}"
        return self.pseudonyms.token(found, "secret")

    def _tell(self, real: str, false: str) -> str:
        """Remember a value that was found secret, so that its echoes are replaced too."""
        if (
            "echoes" in self.rules
            and real != false
            and len(real) >= _SHORTEST_ECHO
            and real not in vocabulary()
        ):
            if real not in self.told:
                self._echo = None
            _ = self.told.setdefault(real, false)
        return false

    # -- free text -------------------------------------------------------------------------------

    def free(self, found: str) -> str:
        """Clean a text that may hold anything."""
        if "encoded" in self.rules and _ENCODED.search(found) and "://" not in found:
            plain = html.unescape(unquote(found))
            new = plain if _ENCODED.search(plain) else self.free(plain)
            return found if new == plain else html.escape(new)
        return self._scan(found)

    def _scan(self, found: str) -> str:
        """Replace echoes, and in between them what looks like a secret."""
        echo = self._echoes()
        if echo is None:
            return _FOUND.sub(self._replace, found)
        # An address is read as one, and its pieces come back here.
        spans = [each.span() for each in _FOUND.finditer(found) if each.lastgroup in _WHOLE]
        pieces: list[str] = []
        place = 0
        for each in echo.finditer(found):
            first, last = each.span()
            if any(a <= first and last <= b and (a, b) != (first, last) for a, b in spans):
                continue
            pieces += (_FOUND.sub(self._replace, found[place:first]), self._echoed(each[0]))
            place = last
        return "".join((*pieces, _FOUND.sub(self._replace, found[place:])))

    def _echoes(self) -> re.Pattern[str] | None:
        if self.told and self._echo is None:
            values = sorted(self.told, key=len, reverse=True)
            self._echo = re.compile("|".join(map(_as_pattern, values)), re.IGNORECASE)
        return self._echo

    def _echoed(self, text: str) -> str:
        if text in self.told:
            return self.told[text]
        folded = text.casefold()
        return next(v for k, v in self.told.items() if k.casefold() == folded)

    def _replace(self, found: re.Match[str]) -> str:
        if found[0] in self.told:
            return self.told[found[0]]
        kind, text = found.lastgroup or "", found[0]
        return _HANDLERS[kind](self, text)

    def _data(self, text: str) -> str:
        head, _, body = text.partition(",")
        if "data addresses" not in self.rules:
            return text
        if not head.endswith(";base64"):
            return f"{head},{quote(self.free(unquote(body)))}"
        content = _decoded(body)
        new = None if content is None else stand_in(content)
        if new is None:
            raise UnreadableError("a data: address holds a file of an unknown type")
        return f"{head},{base64.b64encode(new).decode()}"

    def _resource(self, text: str) -> str:
        if "resource names" not in self.rules:
            return text
        kind, _, rest = text.partition(":")
        return text if is_stamp(rest, "") else self.pseudonyms.stamp(f"{kind}:", rest, "resource")

    def _email(self, text: str) -> str:
        if "emails" not in self.rules or text.endswith("@mail.example"):
            return text
        return self._tell(text, self.pseudonyms.email(text))

    def _ip(self, text: str) -> str:
        reserved = text.startswith(("203.0.113.", "127.", "0.0.0.0", "2001:db8:")) or text == "::1"
        if "ips" not in self.rules or reserved:
            return text
        return self.pseudonyms.address(text)

    def _phone(self, text: str) -> str:
        return self.pseudonyms.phone(text) if "phones" in self.rules else text

    def _base64(self, text: str) -> str:
        if "base64" not in self.rules:
            return text
        content = _decoded(text)
        new = None if content is None else stand_in(content)
        if new is not None:
            return base64.b64encode(new).decode()
        return self._token(text)

    def _token(self, text: str) -> str:
        timed = text.isdigit() and len(text) > _SHORT_NUMBER and is_open_number(int(text))
        if "tokens" not in self.rules or timed or is_false(text) or is_word(text):
            return text
        pieces = _STAMPED.split(text)
        if len(pieces) > 1:
            return "".join(each if is_false(each) else self._scan(each) for each in pieces)
        found = re.fullmatch(r"([A-Za-z][A-Za-z0-9_-]*)=(.+)", text)
        if found:  # `signature=…` and the like
            return f"{found[1]}={self._tell(found[2], self.pseudonyms.token(found[2]))}"
        return self._tell(text, self.pseudonyms.token(text))

    # -- addresses -------------------------------------------------------------------------------

    def _link(self, text: str) -> str:
        return self.pseudonyms.link(self.link(text))

    def link(self, text: str, *, whole: bool = False) -> str:
        """
        Clean an address, piece by piece, so that an echo of a part of it stays equal.

        Args:
            text: It.
            whole: Whether all of its path is secret, as an H5 link's.
        """
        if "links" not in self.rules:
            return text
        if "\\/" in text:
            return self.link(text.replace("\\/", "/"), whole=whole).replace("/", "\\/")
        bare = text.rstrip(".,;:!?)")
        after = text[len(bare) :]
        try:
            parts = urlsplit(bare)
            host = parts.netloc.rpartition("@")[2]
        except ValueError:
            raise UnreadableError("an address in it cannot be parsed") from None
        if parts.scheme not in ("http", "https", "ws", "wss"):
            rest = bare.partition("://")[2]
            return f"{parts.scheme}://{self._other(rest)}{after}"
        opened = not host or is_open_host(host) or host in self.hosts
        closed = whole or not opened
        if not opened and "hosts" in self.rules:
            host = self.pseudonyms.host(host)
        user = parts.netloc.rpartition("@")[0]
        if user and "users" not in self.rules:
            host = f"{user}@{host}"
        pieces = [f"{parts.scheme}://{host}{self._path(parts.path, closed=closed)}"]
        if parts.query:
            pieces.append(f"?{self.query(parts.query, closed=closed)}")
        if parts.fragment:
            pieces.append(f"#{self._fragment(parts.fragment)}")
        return "".join(pieces) + after

    def _other(self, rest: str) -> str:
        """What comes after `asset://` and its like."""
        return rest if is_word(rest) else self.pseudonyms.token(rest)

    def _fragment(self, text: str) -> str:
        return self.pseudonyms.token(text) if "fragments" in self.rules else text

    def _path(self, path: str, *, closed: bool) -> str:
        if "paths" not in self.rules:
            return path
        return "/".join(self._segment(each, closed=closed) for each in path.split("/"))

    def _segment(self, text: str, *, closed: bool) -> str:
        if not text:
            return text
        plain = unquote(text)
        if not closed:
            new = plain if plain in PATH_WORDS else self.free(plain)
        else:
            stem, dot, ending = plain.rpartition(".")
            typed = bool(dot) and re.fullmatch(r"[a-z0-9]{2,4}", ending) is not None
            name = stem if typed else plain
            new = self.told.get(name) or self.pseudonyms.token(name)
            new = f"{new}.{ending}" if typed else new
        return text if new == plain else quote(new, safe="-_.~:@!$&'()*+,;=")

    def query(self, query: str, *, closed: bool = False) -> str:
        """Clean a query or form, pair by pair, in the order given."""
        if "queries" not in self.rules:
            return query
        return "&".join(self._pair(each, closed=closed) for each in query.split("&"))

    def _pair(self, pair: str, *, closed: bool) -> str:
        key, sign, text = pair.partition("=")
        plain = unquote(text.replace("+", " "))
        if closed and plain:
            new = self._tell(plain, self.pseudonyms.token(plain))
        else:
            new = str(self.value(plain, unquote(key)))
        return f"{self._member(key)}{sign}{text if new == plain else quote(new, safe='-_.~')}"


_HANDLERS: Final[Mapping[str, Callable[[Scrubber, str], str]]] = {
    "data": Scrubber._data,
    "link": Scrubber._link,
    "resource": Scrubber._resource,
    "email": Scrubber._email,
    "date": lambda _, text: text,
    "ip": Scrubber._ip,
    "phone": Scrubber._phone,
    "base64": Scrubber._base64,
    "token": Scrubber._token,
}


def _as_pattern(value: str) -> str:
    """A short value is found between other characters than letters only."""
    return rf"(?<!\w){re.escape(value)}(?!\w)" if len(value) < _SHORT else re.escape(value)


def is_model(text: str) -> bool:
    """Tell whether an id names a model, which is the same for everybody."""
    return "see" in text.lower() and is_word(text)


def forms_of(secret: str) -> Iterable[str]:
    """The forms in which a text may hold a secret."""
    raw = secret.encode(errors="surrogatepass")
    yield secret
    yield quote(secret, safe="", errors="surrogatepass")
    yield json.dumps(secret)[1:-1]
    yield secret.replace("/", "\\/")
    yield html.escape(secret)
    yield raw.hex()
    for skip in range(3):  # within a longer text, base64 begins at one of three places
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"\0" * skip + raw).decode().rstrip("=")
            yield text[-(-skip * 8 // 6) : len(text) - (1 if (skip + len(raw)) % 3 else 0)]


def _decoded(text: str) -> bytes | None:
    try:
        padded = text.rstrip("=").replace("-", "+").replace("_", "/")
        return base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
