"""Checks of how answers are read: refusals, unknown words, garbage."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from attrs import evolve

from ...values.errors import (
    OutcomeUnknownError,
    PortraitError,
    ProviderError,
    UnexpectedResponseError,
)
from ...wire.codec import is_array, is_object
from ...wire.steps import Auth, Request, Response
from ..doubles.replaying import NOW
from .checks_wire import CREATES
from .journey import StepResult
from .looking import nothing, require
from .suite import Suite, run_flow

GARBAGE: Final = (
    b"",
    b"<html><body>502 Bad Gateway</body></html>",
    b"{",
    b"[]",
    b"null",
    b"7",
    b'"ok"',
    b"{}",
    b"\xff\xfe\x00",
    b"[" * 2000,
    b"<?xml version='1.0'?><a><b/></a>",
    b'{"id": null, "data": 7, "error": "x", "Result": [], "status": {}}',
)
WRONG: Final[tuple[Any, ...]] = (None, [], {}, -1, "", 10**30, True)
_WORD: Final = "sparkling"
_NUMBER: Final = "97531"
_MOST_LEAVES: Final = 40


class AnswersChecks(Suite):
    """Reading."""

    def test_documented_errors_have_their_class(self) -> None:
        """Each documented code becomes the class that it means, with the vendor's own words."""
        provider = self._provider()
        for status, code, kind in self.documented_errors():
            concrete = concrete_code(code)
            found = [
                provider.refusal(each) for each in self.refusals(status, concrete, "no such luck")
            ]
            read = [each for each in found if each is not None and each.code == concrete]
            require(
                read,
                f"no form of refusals({status}, {concrete!r}, …) is read as a refusal with that "
                f"code: {[str(each) for each in found]}",
                "let fault() find the code where the vendor writes it, or let refusals() write it "
                "as the vendor does",
            )
            for error in read:
                require(
                    type(error) is kind,
                    f"HTTP {status} with code {concrete!r} means {kind.__name__}, and became "
                    f"{type(error).__name__}",
                    "put the code into error_codes, or leave it out where the HTTP status decides",
                )
                require(
                    (error.provider, error.status) == (provider.name, status)
                    and "no such luck" in error.vendor_message,
                    f"{error!r} lacks the provider, the status or the vendor's message",
                    "return Fault(code=…, message=…) from fault(), and let the base do the rest",
                )

    def test_operations_raise_the_documented_class(self) -> None:
        """A refusal comes out of every operation as its class, with its operation."""
        table = [row for row in self.documented_errors() if row[1]]
        if not table:
            nothing("no error is documented with a code")
        status, code, kind = next((row for row in table if row[0] < 429), table[0])  # noqa: PLR2004  (no load)
        concrete = concrete_code(code)
        for step in self._whole_journey().steps:
            if not any(request.auth is not Auth.NONE for request in step.asked):
                continue
            error = None
            for refusal in self.refusals(status, concrete, "no such luck"):
                error = self._answered(step, refusal)
                if isinstance(error, ProviderError) and error.code == concrete:
                    break
            require(
                isinstance(error, PortraitError) and error.operation == step.operation,
                f"{step.operation}, refused with {concrete!r}, came to {error!r}",
                f"let {kind.__name__} pass through the operation",
            )

    def test_unknown_status_words_are_kept(self) -> None:
        """A status that nobody documented becomes UNKNOWN, with the vendor's word kept."""
        for step in self._asked("get_asset", "get_video", "check_verification"):
            word = step.result.status_word
            if not word and step.operation == "check_verification":
                continue  # some vendors tell by an error, or by a group, and have no word
            require(
                word,
                f"{step.operation} keeps no word of the vendor's in status_word",
                'list the key under "status" in the codec\'s fields, and let it read the word',
            )
            new = _NUMBER if word.isdigit() else _WORD
            found: list[Any] = []
            for content in replaced(step.exchanged[-1][1].content, word, new):
                odd = evolve(step.exchanged[-1][1], content=content)
                result, error = self._rerun(step, len(step.exchanged) - 1, odd)
                require(
                    error is None or isinstance(error, PortraitError),
                    f"{step.operation}: a status {new!r} raised {error!r}",
                    "read words with the codec, whose tables need not be complete",
                )
                found.append(result)
            require(
                any(
                    getattr(each, "status_word", "") == new and each.status.name == "UNKNOWN"
                    for each in found
                ),
                f"{step.operation}: a status {new!r} became {found!r}",
                "read words with the codec: what is not in its table is UNKNOWN, word kept",
            )

    def test_garbage_gives_only_portrait_errors(self) -> None:
        """HTML, nothing, other JSON: an operation raises PortraitErrors and nothing else."""
        for step in self._own_steps():
            for place in range(len(step.asked)):
                for content in GARBAGE:
                    for status in (200, 202, 418, 500):
                        self._survives(step, place, _answer(content, status))

    def test_wrong_types_give_only_portrait_errors(self) -> None:
        """A member of another type, or none at all, is read over or raises a PortraitError."""
        for step in self._own_steps():
            for place, (sent, response) in enumerate(step.exchanged):
                if sent.auth is not Auth.NONE:
                    for content in _mutated(response.content):
                        self._survives(step, place, evolve(response, content=content))

    def test_a_create_answered_with_garbage_is_an_unknown_outcome(self) -> None:
        """After a success that cannot be read, the caller is told to look before repeating."""
        for step in self._whole_journey().of(*CREATES):
            if not step.asked or step.asked[0].repeatable:
                continue
            error = self._answered(step, _answer(GARBAGE[1], 200))
            require(
                isinstance(error, OutcomeUnknownError),
                f"{step.operation}, answered with a page of HTML, came to {error!r}",
                "let UnexpectedResponseError pass: the driver makes the unknown outcome of it",
            )

    def test_reads_of_garbage_are_unexpected_responses(self) -> None:
        """A page of HTML is never taken for an empty list or an empty thing."""
        for step in self._asked(
            "get_group", "get_asset", "get_video", "list_groups", "list_assets", "list_videos"
        ):
            error = self._answered(step, _answer(GARBAGE[1], 200))
            require(
                isinstance(error, UnexpectedResponseError),
                f"{step.operation}, answered with a page of HTML, came to {error!r}",
                "ask with self.ask(request), which refuses what cannot be read",
            )

    def _own_steps(self) -> list[StepResult]:
        """One step of each operation that an adapter writes itself; waits are the base's."""
        found = {
            each.operation: each
            for each in self._whole_journey().steps
            if each.error is None
            and len(each.exchanged) == len(each.asked)
            and not each.operation.startswith(("wait_", "download_"))
        }
        return list(found.values())

    def _survives(self, step: StepResult, place: int, odd: Response) -> None:
        error = self._rerun(step, place, odd)[1]
        require(
            error is None or isinstance(error, PortraitError),
            f"{step.operation}: HTTP {odd.status} with {odd.content[:80]!r} raised {error!r}",
            "read with self.read(…), first(…) and rows(…), which take what comes; check types "
            "before using a value",
        )

    def _rerun(self, step: StepResult, place: int, odd: Response) -> tuple[Any, Exception | None]:
        """Answer as before, and from *place* on with something odd."""
        answers = [response for _, response in step.exchanged][:place]

        def answer(number: int, request: Request) -> Response:
            del request
            return answers[number] if number < len(answers) else odd

        return run_flow(partial(step.begin, self._journey().provider), answer)[1:]


def concrete_code(code: str) -> str:
    """A code as it arrives: words for the table's placeholders."""
    text = re.sub(r"<[^<>]+>|(?<=[._])\*", "Contract", code)
    return text.replace("*", ".Contract")


def _answer(content: bytes, status: int) -> Response:
    kind = "text/html" if content.startswith(b"<") else "application/json"
    return Response(status=status, headers={"content-type": kind}, content=content, received_at=NOW)


def replaced(content: bytes, word: str, new: str) -> Iterator[bytes]:
    """The word replaced at each place, alone and everywhere."""
    text = content.decode("utf-8", errors="surrogateescape")
    form = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])")
    spots = [match.span() for match in form.finditer(text)]
    for start, end in spots:
        yield (text[:start] + new + text[end:]).encode("utf-8", errors="surrogateescape")
    yield form.sub(new, text).encode("utf-8", errors="surrogateescape")


def _mutated(content: bytes) -> Iterator[bytes]:
    """JSON with one member of another type at a time; of any text, pieces."""
    try:
        document = json.loads(content)
    except ValueError:
        for part in (3, 2):
            yield content[: len(content) // part]
        yield re.sub(rb">[^<>]+<", b"><", content)
        yield re.sub(rb">[^<>]+<", b">-1<", content)
        yield re.sub(rb'="[^"]*"', b'=""', content)
        return
    for path in list(_paths(document))[:_MOST_LEAVES]:
        for wrong in WRONG:
            copy = json.loads(content)
            if path:
                _put(copy, path, wrong)
                yield json.dumps(copy).encode()


def _paths(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if is_object(node):
        for key, value in node.items():
            yield from _paths(value, (*path, key))
    elif is_array(node):
        for place, value in enumerate(node[:2]):
            yield from _paths(value, (*path, place))


def _put(node: Any, path: tuple[Any, ...], value: Any) -> None:
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
