"""
The judge: holds requests and answers to what a vendor's contract promises.

`Contract.load(path)` reads a contract.yaml: every operation with method, path, credentials, schemas
and documented errors. A verdict against something is an AssertionError that says what differs.
Needs the `testing` extra.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import unquote, urlsplit

import yaml
from attrs import field, frozen
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from ...simulators.simulator import header, query_of
from ...values.origins import is_loopback
from ...wire.steps import Request, Response
from .bodies import answer_of, body_of, codes_in, sent_type

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INVENTED: Final = (".example", ".invalid", ".test")
"""Ends of host names that stand for a vendor's in tests."""

_NOTHING: Final = {"additionalProperties": False}

_SHOWN: Final = 5
_LONGEST: Final = 300


@frozen
class Contract:
    """What a vendor promises on its wire."""

    vendor: str
    document: Mapping[str, Any] = field(repr=False)
    _validators: dict[int, Draft202012Validator] = field(
        factory=dict[int, Draft202012Validator], repr=False, eq=False
    )

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a contract.yaml."""
        text = Path(path).read_text(encoding="utf-8")
        document: Any = yaml.load(text, Loader=_LOADER)  # noqa: S506  (a safe loader)
        return cls(str(document["vendor"]), document)

    def judge_request(self, request: Request) -> str:
        """
        Name the operation that an authorised request is.

        Raises:
            AssertionError: It is none, or not as documented.
        """
        name = self._operation_of(request)
        operation = self.document["operations"][name]
        problems = [
            *self._query_problems(operation, request),
            *self._header_problems(operation, request),
            *self._body_problems(operation, request),
        ]
        self._rule(f"{name}: the request {_shown(request)} is not as documented", problems)
        return name

    def judge_answer(self, name: str, response: Response) -> None:
        """
        Hold an answer to an operation's documented answers and refusals.

        Raises:
            AssertionError: It is none of them.
        """
        operation = self.document["operations"][name]
        body = answer_of(response)
        problems: list[str] = []
        for answer in operation["answers"]:
            if answer["status"] == response.status:
                found = list(self._answer_problems(answer, response, body))
                if not found:
                    return
                problems += found
        found = list(self._refusal_problems(operation, response.status, body))
        if found:
            text = f"{name}: the answer HTTP {response.status} {_cut(body)} is not as documented"
            self._rule(text, [*problems, *found])

    def _rule(self, verdict: str, problems: list[str]) -> None:
        if problems:
            shown = "".join(f"\n  - {problem}" for problem in problems)
            raise AssertionError(f"{self.vendor} {verdict}:{shown}")

    def _operation_of(self, request: Request) -> str:
        operations: Mapping[str, Any] = self.document["operations"]
        fitting = [
            name
            for name, operation in operations.items()
            if operation["method"] == request.method
            and not any(True for _ in self._differences(operation, request))
        ]
        if not fitting:
            differences = {
                name: list(self._differences(operation, request))
                for name, operation in operations.items()
            }
            nearest = sorted(differences, key=lambda name: len(differences[name]))[:3]
            near = [f"not {name}: {'; '.join(differences[name])}" for name in nearest]
            self._rule(f"the request {_shown(request)} fits no operation", near)
        ranks = {name: _closeness(operations[name]) for name in fitting}
        best = [name for name in fitting if ranks[name] == max(ranks.values())]
        if len(best) > 1:
            self._rule(f"the request {_shown(request)} fits several operations", best)
        return best[0]

    def _differences(self, operation: Mapping[str, Any], request: Request) -> Iterator[str]:
        """Say what tells a request from an operation, the weightiest first."""
        parts = urlsplit(request.url)
        if not _path_fits(operation["path"], parts.path):
            yield f"its path is {operation['path']}"
            yield from ("", "")  # another path is further away than another method
        if request.method != operation["method"]:
            yield f"its method is {operation['method']}"
        if request.origin not in self._origins_of(operation, request):
            yield f"its origin is {self.document['origins'][operation['origin']]}"
        query = query_of(request)
        for key, value in operation.get("query", {}).items():
            if query.get(key) != value:
                yield f"its query has {key}={value}"
        if "when" in operation:
            body = body_of(request, sent_type(request))
            for problem in self._problems(operation["when"], {} if body is None else body, "body"):
                yield f"its body is another: {problem}"

    def _origins_of(self, operation: Mapping[str, Any], request: Request) -> tuple[str, ...]:
        own: str = self.document["origins"][operation["origin"]]
        host = urlsplit(request.url).hostname or ""
        stand_in = is_loopback(request.url) or host.endswith(_INVENTED)
        return (own, request.origin) if stand_in else (own,)

    def _query_problems(self, operation: Mapping[str, Any], request: Request) -> Iterator[str]:
        keys = [key for key, _ in request.query]
        for key in sorted({key for key in keys if keys.count(key) > 1}):
            yield f"query: {key} is there more than once"
        exact = operation.get("query", {})
        rest = {key: text for key, text in query_of(request).items() if key not in exact}
        yield from self._problems(operation.get("query_schema", _NOTHING), rest, "query")

    def _header_problems(self, operation: Mapping[str, Any], request: Request) -> Iterator[str]:
        for name, wanted in operation.get("headers", {}).items():
            if header(request, name) != wanted:
                yield f"headers: {name} must be {wanted!r}, not {header(request, name)!r}"
        if operation["auth"] == "none":
            if header(request, "authorization"):
                yield "headers: a credential is sent where none is wanted"
            return
        auth = self.document["auth"][operation["auth"]]
        pieces = re.split(r"<[^<>]+>", auth["form"])
        form = r"[^\s,]+".join(re.escape(piece) for piece in pieces)
        if not re.fullmatch(form, header(request, auth["header"])):
            yield f"headers: {auth['header']} is not of the form {auth['form']!r}"
        for name in auth.get("also", []):
            if not header(request, name):
                yield f"headers: {name} is missing"

    def _body_problems(self, operation: Mapping[str, Any], request: Request) -> Iterator[str]:
        if "request" not in operation:
            if request.content:
                yield f"body: {len(request.content)} bytes are sent where none are wanted"
            return
        wanted = operation["request"]["content_type"]
        sent = sent_type(request)
        if sent != wanted:
            yield f"headers: Content-Type must be {wanted}, not {sent or 'absent'}"
            return
        body = body_of(request, wanted)
        if body is None:
            yield f"body: it is not {wanted}"
            return
        yield from self._problems(operation["request"]["schema"], body, "body")

    def _answer_problems(
        self, answer: Mapping[str, Any], response: Response, body: object
    ) -> Iterator[str]:
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if answer.get("content_type", kind) != kind:
            yield f"content type: {answer['content_type']} is documented, not {kind or 'none'}"
        elif "schema" in answer:
            yield from self._problems(answer["schema"], body, "body")

    def _refusal_problems(
        self, operation: Mapping[str, Any], status: int, body: object
    ) -> Iterator[str]:
        rows = [
            row
            for row in [*operation.get("errors", []), *self.document["errors"]]
            if row["status"] == status
        ]
        if not rows:
            yield f"refusals: none is documented with HTTP {status}"
            return
        schemas = self.document["error_schemas"]
        if not any(self._fits(schema, body) for schema in schemas):
            yield "refusals: the body is of no documented form"
        else:
            given = set(codes_in(body))
            known = {str(row["code"]) for row in rows if "code" in row}
            free = any("code" not in row for row in rows)
            # A form without a code, such as a gateway's page, is told by its status alone.
            silent = not given and status >= 300  # noqa: PLR2004  (where successes end)
            if not (free or silent or any(_code_fits(code, given) for code in known)):
                yield f"refusals: {sorted(given)} is none of {sorted(known)} (HTTP {status})"

    def _fits(self, schema: Any, value: object) -> bool:
        return not any(self._problems(schema, value, "body"))

    def _problems(self, schema: Any, value: object, where: str) -> Iterator[str]:
        validator = self._validators.get(id(schema))
        if validator is None:
            whole = {"allOf": [schema], "schemas": self.document.get("schemas", {})}
            # The schema stays in `whole`, so its id is not given to another one.
            validator = self._validators[id(schema)] = Draft202012Validator(whole)
        judge: Any = validator
        found: list[ValidationError] = sorted(judge.iter_errors(value), key=_path_of)
        for error in found[:_SHOWN]:
            yield from (f"{where}{path[1:]}: {text}" for path, text in _explained(error))


def _path_of(error: ValidationError) -> str:
    return error.json_path


def _explained(error: ValidationError) -> Iterator[tuple[str, str]]:
    """Follow a failed choice to the branch that came nearest."""
    yield error.json_path, _cut(error.message)
    if error.context:
        nearest = min(error.context, key=lambda inner: (-len(inner.absolute_path), inner.json_path))
        yield nearest.json_path, f"nearest choice: {_cut(nearest.message)}"


def _closeness(operation: Mapping[str, Any]) -> tuple[int, int, int]:
    segments = operation["path"].split("/")
    literal = sum(1 for segment in segments if not segment.startswith("{"))
    return literal, len(operation.get("query", {})), "when" in operation


def _path_fits(template: str, path: str) -> bool:
    wanted, given = template.split("/"), path.split("/")
    return len(wanted) == len(given) and all(
        _segment_fits(a, unquote(b)) for a, b in zip(wanted, given, strict=True)
    )


def _segment_fits(wanted: str, given: str) -> bool:
    return _form_of(wanted).fullmatch(given) is not None


@cache
def _form_of(segment: str) -> re.Pattern[str]:
    pieces = [re.escape(piece) for piece in re.split(r"\{[^{}]+\}", segment)]
    return re.compile(".+".join(pieces), re.DOTALL)


def _code_fits(wanted: str, given: set[str]) -> bool:
    pieces = [re.escape(piece) for piece in re.split(r"<[^<>]+>|\*", wanted)]
    return any(re.fullmatch(".*".join(pieces), code, re.DOTALL) for code in given)


def _shown(request: Request) -> str:
    query = "&".join(f"{key}={text}" for key, text in query_of(request).items())
    return f"{request.method} {request.url.partition('?')[0]}{'?' if query else ''}{query}"


def _cut(text: object) -> str:
    shown = str(text)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
