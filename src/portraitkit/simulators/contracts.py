"""
A simulator made from a contract.yaml, for a vendor whose simulator nobody wrote.

It answers every operation of the contract: a request is known by method, path and query, a thing
by its id in the request, a status by the contract's `status_words` and the clock. Answers are made
from the schemas: what is constant, an example, said in the thing's create, or what a member's name
tells (an id, a status, a time, a link). It knows one account and none of a vendor's rules, so that
it serves to try an application, and is no proof of an adapter. A vendor whose assets are known by a
review task, as in the avatar dialect, is beyond it.

    class NovaSimulator(ContractSimulator):
        name = "nova"
        contract = Path(__file__).with_name("contract.yaml")

Needs the extra `testing`, for YAML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.etree import ElementTree as ET

from attrs import Factory, define

from ..wire.codec import is_array, is_object
from ..wire.steps import Request, Response
from .dialects.face_page import PASSED
from .simulator import Simulator, form_of, header, json_of, query_of
from .state import SimAccount, SimAsset, SimCheck, SimVideo

Schema = Mapping[str, Any]
_KINDS: Final[Mapping[str, str]] = {
    "create_group": "group", "get_group": "group", "list_groups": "group",
    "rename_group": "group", "delete_group": "group",
    "add_asset": "asset", "get_asset": "asset", "list_assets": "asset",
    "rename_asset": "asset", "delete_asset": "asset",
    "start_verification": "verification", "check_verification": "verification",
    "create_video": "video", "get_video": "video", "list_videos": "video",
    "cancel_video": "video", "download_video": "video",
}  # fmt: skip
"""What each operation in a contract's `does` is about."""
_NEW: Final = ("create_group", "add_asset", "start_verification", "create_video")
_HOMES: Final = {"group": "groups", "asset": "assets", "verification": "checks", "video": "videos"}
_ID: Final = re.compile(r"id|urn|.*(_id|Id|ID|[tT]oken)")
_TIME: Final = re.compile(r".*(_at|time|created|updated|until|made)", re.IGNORECASE)
_LINK: Final = re.compile(r".*(url|link|film|page|href)", re.IGNORECASE)
_STATUS: Final = re.compile(r"(status|state)", re.IGNORECASE)
_PENDING: Final = "VerificationPendingError"
_FAILURE: Final = re.compile(r".*(error|fail|reason|why).*", re.IGNORECASE)


@define(kw_only=True)
class ContractSimulator(Simulator):
    """
    A vendor as its contract tells it. A subclass gives `name` and `contract`.

    Attributes:
        contract: Where the contract.yaml is.
    """

    contract: ClassVar[Path]

    _said: dict[str, dict[str, str]] = Factory(dict[str, dict[str, str]])
    """What the create of each thing said, by its id."""

    def answer(self, request: Request) -> Response:
        """Do what the operation does that the request is."""
        document = document_of(self.contract)
        found = self._operation(document, request)
        if found is None:
            return self._refusal(document, "NotFoundError", 404)
        operation, ids = found
        need = document["auth"].get(operation["auth"], {}).get("header", "")
        if need and not header(request, need):
            return self._refusal(document, "AuthenticationError", 401)
        said = {**_said_in(request), **ids}
        does = [each for each in operation["does"] if each in _KINDS]
        if "start_verification" in does and any("real" in text.lower() for text in said.values()):
            does.sort(key="start_verification".__ne__)  # one call makes both kinds of group
        first = does[0] if does else ""
        thing: Any = self._new(first, said) if first in _NEW else self._named(does, said)
        if thing is None and first and not first.startswith("list_"):
            return self._refusal(document, "NotFoundError", 404)
        self._act(does, thing, said)
        kinds = tuple(_KINDS[each] for each in does)
        if (
            thing
            and _is_pending(thing, first)
            and not any(kind in document.get("status_words", {}) for kind in kinds)
        ):
            if any(row["means"] == _PENDING for row in document["errors"]):
                return self._refusal(document, _PENDING, 400)
            check: SimCheck = thing  # the contract has no way to say that it is not passed
            check.result_code = PASSED
            self._act(does, thing, said)
        return self._written(_Answer(self, document, kinds, thing), operation, first)

    # -- finding ---------------------------------------------------------------------------------

    def _operation(
        self, document: Schema, request: Request
    ) -> tuple[Schema, dict[str, str]] | None:
        """The operation that fits best: fixed queries count, then literal paths."""
        path, query = urlsplit(request.url).path, query_of(request)
        fitting: list[tuple[tuple[int, int], Schema, dict[str, str]]] = []
        for operation in document["operations"].values():
            form = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(operation["path"]))
            match = re.fullmatch(form, path)
            fixed: Mapping[str, str] = operation.get("query", {})
            if (
                match
                and request.method == operation["method"]
                and {*fixed.items()} <= {*query.items()}
                and _is_case(operation.get("when", {}), request)
            ):
                named = {key: unquote(text) for key, text in match.groupdict().items()}
                rank = (len(fixed) + ("when" in operation), -len(named))
                fitting.append((rank, operation, named))
        best = max(fitting, key=lambda each: each[0], default=None)
        return best and best[1:]

    def _named(self, does: Sequence[str], said: Mapping[str, str]) -> Any:
        """The thing that one of the request's values names."""
        things: dict[str, Any] = {}
        for each in does:
            things = {**getattr(self.world, _HOMES[_KINDS[each]]), **things}
        return next((things[text] for text in said.values() if text in things), None)

    def _new(self, does: str, said: dict[str, str]) -> Any:
        account = next(iter(self.world.accounts.values()), None) or self.add_account(
            SimAccount(name="contract", api_key="")
        )
        made = self._made(does, said, account)
        if made is not None:
            self._said[_id_of(made)] = said
        return made

    def _made(self, does: str, said: dict[str, str], account: SimAccount) -> Any:
        kind = _KINDS[does]
        new_id = self._prefix(kind) + self.world.new_id(kind)
        if does == "create_group":
            return self.world.add_group(account, new_id, _name_in(said))
        if does == "start_verification":
            link = next((text for key, text in said.items() if "callback" in key.lower()), "")
            return self.world.add_check(account.name, new_id, link)
        if does == "create_video":
            return self.world.add_video(account, new_id, dict(said))
        group = next((self.world.groups[t] for t in said.values() if t in self.world.groups), None)
        if group is None:
            return None  # it is named, and is none
        url = next((text for text in said.values() if "://" in text), self.media_url("frame.png"))
        return self.world.add_asset(group, new_id, name=_name_in(said), media="Image", url=url)

    def _prefix(self, kind: str) -> str:
        """What the contract's patterns want before such an id: `ta_`, or `urn:acme:asset:`."""
        text = Path(self.contract).read_text(encoding="utf-8")
        own = re.search(rf'{kind}_?id: [^\n]*pattern: "\^\(?(\w+)[|\w]*\)?_', text, re.IGNORECASE)
        if own:
            return f"{own[1]}_"
        any_kind = re.search(r'pattern: "\^([\w:]+:)\[a-z\]\+:"', text)
        return f"{any_kind[1]}{kind}:" if any_kind else ""

    # -- acting ----------------------------------------------------------------------------------

    def _act(self, does: Sequence[str], thing: Any, said: Mapping[str, str]) -> None:
        if isinstance(thing, SimCheck):
            same = len({*map(_KINDS.get, does)}) > 1  # the check is the person's group
            _ = self.world.settle_check(thing, (lambda: thing.token) if same else None)
            return
        self._do(does[0] if does else "", thing, said)

    def _do(self, does: str, thing: Any, said: Mapping[str, str]) -> None:
        if does.startswith("rename_"):
            thing.name = _name_in(said) or thing.name
            self._said.setdefault(thing.id, {}).update(said)
        elif does == "delete_group":
            self.world.delete_group(thing.id)
        elif does == "delete_asset":
            del self.world.assets[thing.id]
        elif does == "cancel_video":
            thing.cancelled_at = self.world.now()

    # -- answering -------------------------------------------------------------------------------

    def _written(self, answer: _Answer, operation: Schema, does: str) -> Response:
        form = operation["answers"][0]
        if does.startswith("list_"):
            answer.rows = [*getattr(self.world, _HOMES[_KINDS[does]]).values()]
        body = answer.value(form.get("schema", {}), "")
        kind = form.get("content_type") or _usual_form(document_of(self.contract))
        return self._document(body, form["status"], kind)

    def _refusal(self, document: Schema, means: str, status: int) -> Response:
        rows: list[Schema] = [each for each in document["errors"] if each["means"] == means]
        row: Schema = rows[0] if rows else {}
        answer = _Answer(self, document, (), None)
        answer.failure = (str(row.get("code", means)), "The simulated vendor refuses it.")
        body = answer.value(document["error_schemas"][0], "")
        return self._document(body, row.get("status", status), _usual_form(document))

    def _document(self, body: Any, status: int, kind: str) -> Response:
        if "xml" not in kind:
            return self.json(body, status)
        (root,) = body.items()
        return self.send(ET.tostring(_element(*root), encoding="utf-8"), kind, status)

    def said_of(self, thing: Any) -> Mapping[str, str]:
        """What the create of a thing said."""
        return self._said.get(_id_of(thing), {}) if thing is not None else {}


class _Answer:
    """Makes one answer from its schema."""

    def __init__(
        self, simulator: ContractSimulator, document: Schema, kinds: tuple[str, ...], thing: Any
    ) -> None:
        self._on, self._document, self._kinds, self._thing = simulator, document, kinds, thing
        self.rows: list[Any] | None = None
        self.failure = _failure_of(thing, simulator.world.now())

    def value(self, given: Schema, key: str) -> Any:
        """A value for a member of that name."""
        schema = self._whole(given)
        kind = schema.get("type", "object" if "properties" in schema else "string")
        kind = next((each for each in kind if each != "null"), "null") if is_array(kind) else kind
        for fixed in ("const", "example", "default"):
            if fixed in schema:
                return schema[fixed]
        if schema.get("examples"):
            return schema["examples"][0]
        if kind == "object":
            return self._object(schema)
        if kind == "array":
            return self._array(schema, key)
        return self._plain(schema, str(kind), key.lstrip("@"))

    def _whole(self, schema: Schema) -> dict[str, Any]:
        """A schema with what it refers to and the first of its choices."""
        found: dict[str, Any] = {}
        properties: dict[str, Any] = {}
        parts = [*schema.get("allOf", []), *[each[0] for each in self._choices(schema)]]
        if "$ref" in schema:
            parts.append(self._document["schemas"][schema["$ref"].rpartition("/")[2]])
        for part in [*map(self._whole, parts), schema]:
            properties |= part.get("properties", {})
            found |= part
        return {**found, **({"properties": properties} if properties else {})}

    @staticmethod
    def _choices(schema: Schema) -> Iterator[list[Schema]]:
        return (schema[word] for word in ("anyOf", "oneOf") if schema.get(word))

    def _object(self, schema: Schema) -> dict[str, Any]:
        required = schema.get("required", [])
        members: Mapping[str, Schema] = schema.get("properties", {})
        names = [*members, *(each for each in required if each not in members)]
        found: dict[str, Any] = {}
        for name in names:
            if _FAILURE.fullmatch(name) and name not in required and not self.failure:
                continue
            value = self.value(members.get(name, {}), name)
            if value is not None or name in required:
                found[name] = value
        return found

    def _array(self, schema: Schema, key: str) -> list[Any]:
        if self.rows is None:
            return [] if _FAILURE.fullmatch(key) else [self.value(schema.get("items", {}), key)]
        rows, on = self.rows, self._on
        inner = (_Answer(on, self._document, self._kinds, each) for each in rows)
        return [each.value(schema.get("items", {}), key) for each in inner]

    def _plain(self, schema: Schema, kind: str, key: str) -> Any:  # noqa: PLR0911  (by the name)
        if self.failure and key.lower().endswith(("code", "type")):
            return self.failure[0]
        if self.failure and key.lower().endswith(("message", "msg", "reason")):
            return self.failure[1]
        if kind == "boolean":
            return False
        if _STATUS.fullmatch(key) and self._kinds and self._thing is not None:
            return self._word()
        if _TIME.fullmatch(key):
            return self._time(kind, key)
        if kind in ("integer", "number"):
            return len(self.rows) if self.rows is not None else 0
        return self._text(schema, key)

    def _text(self, schema: Schema, key: str) -> str | None:
        said = self._on.said_of(self._thing)
        if _ID.fullmatch(key) and self._thing is not None:
            return self._id(key, said)
        if _LINK.fullmatch(key) and "callback" not in key.lower():
            return self._link(key)
        if key not in said and schema.get("enum"):
            return str(schema["enum"][0])
        return said.get(key)

    def _id(self, key: str, said: Mapping[str, str]) -> str | None:
        thing = self._thing
        of_group = "group" in key.lower() and "group" not in self._kinds
        if of_group and isinstance(thing, SimAsset | SimCheck):
            return thing.group_id
        others = [word for word in ("user", "tenant", "request") if word in key.lower()]
        return said.get(key) if others else _id_of(thing)

    def _link(self, key: str) -> str | None:
        thing, now = self._thing, self._on.world.now()
        if isinstance(thing, SimCheck):
            return f"{self._on.base_url}/h5/{thing.token}"
        if isinstance(thing, SimVideo):
            done = thing.state(now) == "succeeded"
            name = "frame.png" if "frame" in key else "clip.mp4"
            return self._on.media_url(name) if done else None
        return thing.url if isinstance(thing, SimAsset) else None

    def _time(self, kind: str, key: str) -> str | int:
        moment = getattr(self._thing, "created_at", self._on.world.now())
        if "expire" in key.lower() or "until" in key.lower():
            moment = getattr(self._thing, "expires_at", moment)
        return int(moment.timestamp()) if kind in ("integer", "number") else moment.isoformat()

    def _word(self) -> str:
        """The contract's word for where the thing stands."""
        means = _meaning(self._thing, self._on.world.now())
        table: Mapping[str, list[Schema]] = self._document.get("status_words", {})
        rows = [row for kind in self._kinds for row in table.get(kind, [])]
        words = [row["word"] for row in rows if row["means"] in means]
        return str(words[0]) if words else means[0].lower()


def simulator_of(name: str, contract: Path) -> type[ContractSimulator]:
    """Make a simulator class from a contract."""
    members = {"name": name, "contract": contract, "__module__": __name__}
    return type(f"{name.capitalize()}Simulator", (ContractSimulator,), members)


@cache
def document_of(contract: Path) -> dict[str, Any]:
    """Read a contract.yaml."""
    import yaml  # noqa: PLC0415  (an extra)

    document: dict[str, Any] = yaml.safe_load(contract.read_text(encoding="utf-8"))
    return document


def _is_pending(thing: Any, does: str) -> bool:
    return isinstance(thing, SimCheck) and not (thing.group_id or does in _NEW)


def _usual_form(document: Schema) -> str:
    """The content type that most answers name; JSON where they name none."""
    answers = (each["answers"][0] for each in document["operations"].values())
    named = [each["content_type"] for each in answers if "content_type" in each]
    return max(named, key=named.count, default="application/json")


def _meaning(thing: Any, now: Any) -> tuple[str, ...]:
    if isinstance(thing, SimVideo):
        return (thing.state(now).upper(),)
    if isinstance(thing, SimAsset):
        return (thing.status(now).upper(),)
    if isinstance(thing, SimCheck):
        ended = "EXPIRED" if now > thing.expires_at else "WAITING"
        return ("VERIFIED", "ACTIVE") if thing.group_id else (ended,)
    return ("ACTIVE",)


def _failure_of(thing: Any, now: Any) -> tuple[str, str] | None:
    failed = "FAILED" in _meaning(thing, now)
    failure: tuple[str, str] | None = getattr(thing, "failure", None)
    return failure if failed else None


def _id_of(thing: Any) -> str:
    return str(thing.token if isinstance(thing, SimCheck) else thing.id)


def _name_in(said: Mapping[str, str]) -> str:
    names = ("name", "title", "label")
    return next((text for key, text in said.items() if key.lower() in names), "")


def _said_in(request: Request) -> dict[str, str]:
    """The texts that a request says, by their members' names."""
    kind = header(request, "content-type")
    body: Any = json_of(request)
    if "multipart" in kind:
        parts = form_of(request).values()
        body = {each.name: each.text for each in parts if each.filename is None}
    elif "urlencoded" in kind:
        body = dict(parse_qsl(request.content.decode()))
    elif "xml" in kind:
        root = ET.fromstring(request.content)  # noqa: S314  (an application of one's own)
        body = {each.tag: each.text or "" for each in root}
    return {**query_of(request), **dict(_texts(body))}


def _texts(node: Any, key: str = "") -> Iterator[tuple[str, str]]:
    if is_object(node):
        for name, each in node.items():
            yield from _texts(each, name)
    elif is_array(node):
        for each in node:
            yield from _texts(each, key)
    elif isinstance(node, str | int | float):
        yield key, str(node)


def _is_case(when: Schema, request: Request) -> bool:
    """Tell whether a body has what an operation's `when` requires."""
    body = json_of(request) or {}
    members: Mapping[str, Any] = when.get("properties", {})
    fixed = {name: each["const"] for name, each in members.items() if "const" in each}
    return {*when.get("required", [])} <= {*body} and all(
        body.get(name) == value for name, value in fixed.items()
    )


def _element(tag: str, value: Any) -> ET.Element:
    element = ET.Element(tag)
    for key, each in value.items() if is_object(value) else ():
        if key.startswith("@"):
            element.set(key[1:], str(each))
        else:
            element.extend(_element(key, one) for one in (each if is_array(each) else [each]))
    if not is_object(value):
        element.text = str(value or "")
    return element
