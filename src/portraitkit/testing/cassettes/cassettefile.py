"""
The one form in which cassettes are kept: `load`, `dump`, `save`.

It is vcrpy's own form (version 1), written so that a diff reads well: the origin first, keys in a
fixed order, headers sorted, one line for each member of a JSON body, in which every number and
text stays as it was. vcrpy 8 replays it, as it compares JSON bodies by value.

What portraitkit records is version 2: a form is a list of its parts, and what was asked is told by
digests with the salt that the origin names.

Needs the extra `testing`.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from ...values.errors import InvalidInputError
from ...wire.codec import is_array, is_object
from ..conformance.bodies import json_value
from .forms import listed, unlisted

VERSION: Final = 1
"""vcrpy's version of the format."""
DIGESTS: Final = 2
"""The version in which what was asked is told by digests."""
SUFFIX: Final = ".portrait.yaml"
NO_ANSWER: Final = 0
"""In place of a status: the connection broke before an answer came."""

_TOKENS: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_BREAKS: Final = frozenset("\r\x85\u2028\u2029")
_COLON: Final = (":",)
_WIDEST: Final = 1_000_000
_KEYS: Final = ("origin", "interactions", "version")
_ORIGIN_KEYS: Final = ("about", "evidence", "provider", "recorded_at", "sources", "assumed", "salt")
_REQUEST_KEYS: Final = ("method", "uri", "headers", "body")
_RESPONSE_KEYS: Final = ("status", "headers", "body")
_STATUS_KEYS: Final = ("code", "message")


def load(path: str | os.PathLike[str]) -> dict[str, Any]:
    """
    Read a cassette. A comment at the file's head becomes `origin.about`.

    Raises:
        InvalidInputError: It is no YAML, or no cassette.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
        found: Any = yaml.load(text, Loader=_LOADER)  # noqa: S506  (a safe loader, the fast one)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        kind = type(error).__name__
        raise InvalidInputError(
            f"{file.name} cannot be read as YAML ({kind})", field=str(file)
        ) from None
    if not is_object(found) or not is_array(found.get("interactions")):
        raise InvalidInputError(
            f"{file.name} is no cassette: it has no list of interactions",
            field=str(file),
            next_step="record it again",
        )
    interactions = [
        {**each, "request": unlisted(each["request"])}
        if is_object(each) and is_object(each.get("request"))
        else each
        for each in found["interactions"]
    ]
    cassette: dict[str, Any] = {**found, "interactions": interactions}
    about = " ".join(_comments(text))
    if about and isinstance(cassette.get("origin"), dict):
        cassette["origin"].setdefault("about", about)
    return cassette


def dump(cassette: Mapping[str, Any]) -> str:
    """Write a cassette as text. The same cassette always gives the same text."""
    whole: dict[str, Any] = {"version": VERSION, **cassette}
    interactions = [_interaction(each) for each in cassette.get("interactions", [])]
    if whole["version"] != VERSION:
        interactions = [{**each, "request": listed(each["request"])} for each in interactions]
    whole["interactions"] = interactions
    if is_object(whole.get("origin")):
        whole["origin"] = _ordered(whole["origin"], _ORIGIN_KEYS)
    return yaml.dump(  # pyright: ignore[reportUnknownMemberType]  (its stubs leave one open)
        _ordered(whole, _KEYS),
        Dumper=_Dumper,
        allow_unicode=True,
        default_flow_style=False,
        sort_keys=False,
        width=_WIDEST,
    )


def save(path: str | os.PathLike[str], cassette: Mapping[str, Any]) -> None:
    """Write a cassette to a file: whole, or not at all."""
    file = Path(path)
    text = dump(cassette)
    file.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.", suffix=".part")
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="\n") as part:
            _ = part.write(text)
        Path(name).chmod(0o644)
        _ = Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def located(path: str | os.PathLike[str]) -> Path:
    """Complete a cassette's path; one of an earlier name, `.yaml`, is taken as it is."""
    given = Path(path)
    bare = given.name.removesuffix(SUFFIX).removesuffix(".yaml")
    file, earlier = given.with_name(f"{bare}{SUFFIX}"), given.with_name(f"{bare}.yaml")
    return earlier if earlier.is_file() and not file.is_file() else file


def pretty_json(text: str) -> str | None:
    """
    Lay out a JSON object or list, one member a line; None if it is neither.

    Numbers keep their digits and doubled keys stay: only the space between tokens changes, and
    escaped letters become letters.
    """
    if json_in(text) is None:
        return None
    pieces: list[str] = []
    depth = 0
    before = ""
    for token in _TOKENS.findall(text):
        shut = token in ("}", "]")
        depth += (token in ("{", "[")) - shut
        if shut and before not in ("{", "["):
            pieces.append("\n" + "  " * depth)
        elif not shut and before in ("{", "[", ","):
            own = depth - (token in ("{", "["))
            pieces.append("\n" + "  " * own)
        pieces.append(_plain(token) if token[0] == '"' else token + " " * (token in _COLON))
        before = token
    return "".join(pieces)


def _plain(token: str) -> str:
    if "\\" not in token and token.isprintable():
        return token
    text = json.loads(token)
    odd = _SURROGATE.search(text) or not text.replace("\n", "").replace("\t", "").isprintable()
    return json.dumps(text, ensure_ascii=bool(odd))


def _comments(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if not line.startswith("#"):
            return
        yield line.lstrip("# ").rstrip()


def _ordered(given: Mapping[str, Any], first: tuple[str, ...]) -> dict[str, Any]:
    rest = sorted(str(key) for key in given if key not in first)
    return {key: given[key] for key in (*first, *rest) if key in given}


def _interaction(given: Mapping[str, Any]) -> dict[str, Any]:
    request, response = dict(given["request"]), dict(given["response"])
    request["headers"] = _headers(request.get("headers"))
    response["headers"] = _headers(response.get("headers"))
    if is_object(response.get("status")):
        response["status"] = _ordered(response["status"], _STATUS_KEYS)
    old = request.get("body")
    request["body"] = new = _body(old)
    _mend_length(request["headers"], old, new)
    if is_object(response.get("body")):
        old = response["body"].get("string")
        new = _body(old)
        response["body"] = {**response["body"], "string": new}
        _mend_length(response["headers"], old, new)
    others = {key: given[key] for key in given if key not in ("request", "response")}
    why = {"why": others.pop("why")} if "why" in others else {}
    return {
        **why,
        "request": _ordered(request, _REQUEST_KEYS),
        "response": _ordered(response, _RESPONSE_KEYS),
        **_ordered(others, ()),
    }


def _headers(given: Mapping[str, Any] | None) -> dict[str, list[str]]:
    found = {
        str(name): [str(each) for each in (value if is_array(value) else [value])]
        for name, value in (given or {}).items()
    }
    return dict(sorted(found.items(), key=lambda item: (item[0].lower(), item[0])))


def _body(given: object) -> object:
    """Bytes that are text become text, and JSON is laid out."""
    if isinstance(given, bytes | bytearray):
        raw = bytes(given)
        try:
            given = raw.decode()
        except UnicodeDecodeError:
            return raw
        if not given.replace("\r", "").replace("\n", "").replace("\t", "").isprintable():
            return raw
    if isinstance(given, str):
        return pretty_json(given) or given
    return "" if given is None else given


def _mend_length(headers: dict[str, list[str]], old: object, new: object) -> None:
    """A length that was true stays true."""
    for name, values in headers.items():
        if name.lower() == "content-length" and values == [str(_size(old))]:
            headers[name] = [str(_size(new))]


def _size(body: object) -> int:
    if isinstance(body, str):
        return len(body.encode(errors="surrogatepass"))
    return len(body) if isinstance(body, bytes | bytearray) else 0


_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Dumper(yaml.SafeDumper):
    """Block style throughout: texts of several lines as literal blocks, nothing shared."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _text(dumper: _Dumper, data: str) -> Any:
    # YAML knows more line breaks than one, and would make one of them all.
    style = '"' if _BREAKS & set(data) else "|" if "\n" in data else None
    write: Any = getattr(dumper, "represent_scalar")  # noqa: B009  (PyYAML's is typed in part)
    return write("tag:yaml.org,2002:str", data, style=style)


_Dumper.add_representer(str, _text)


def headers_of(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """The headers of a request or answer."""
    found: Any = part.get("headers")
    return found if is_object(found) else {}


def answer_body(response: Mapping[str, Any]) -> Any:
    """An answer's body, text or bytes; None where there is none."""
    found: Any = response.get("body")
    return found.get("string") if is_object(found) else None


def json_in(text: object) -> Any:
    """The JSON object or list that a text is; None for anything else."""
    begins = isinstance(text, str) and text.lstrip()[:1] in ("{", "[")
    return json_value(text) if begins else None
