"""Checks of requests: what they say, who may see them, how often they may be sent."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any, Final

from attrs import evolve

from ...client.client import Client
from ...engine.response_body import TransportError
from ...operations.provider import PortraitProvider
from ...providers.dialects.link_library import LinkLibrary
from ...values.errors import OutcomeUnknownError, PortraitError
from ...values.handles import Handle
from ...values.origins import is_loopback
from ...values.remarks import Outcome
from ...wire.steps import Auth, Budget, Request, Response
from ..doubles.replaying import NOW
from ..doubles.simulating import clock_of
from .journey import StepResult
from .looking import nothing, require
from .runner import SpyVendor
from .suite import Suite

CREATES: Final = ("create_group", "add_asset", "start_verification", "create_video")
READS: Final = (
    "get_group",
    "list_groups",
    "get_asset",
    "list_assets",
    "check_verification",
    "get_video",
    "list_videos",
)
_SHORTEST_ID: Final = 3


class WireChecks(Suite):
    """Requests."""

    def test_creates_are_not_repeatable(self) -> None:
        """The request that makes something may not be sent again when its fate is unknown."""
        for step in self._whole_journey().of(*CREATES):
            if (made := _making(step, self._provider())) is not None:
                require(
                    not step.asked[made].repeatable,
                    f"{step.operation}: {step.asked[made]!r} makes something and is repeatable",
                    "build it with repeatable=False, the default: it would be made, and paid, "
                    "twice",
                )

    def test_a_lost_create_is_not_sent_again(self) -> None:
        """Where a create's answer is lost, the client raises OutcomeUnknownError after one try."""
        for step in self._whole_journey().of(*CREATES):
            made = _making(step, self._provider())
            if made is None:
                continue
            provider, simulator = self._provider(), self.simulator()
            vendor = _LosesAnswers([answer for _, answer in step.exchanged], made)
            client = Client(
                provider, transport=vendor, clock=clock_of(simulator), budget=Budget(attempts=3)
            )
            try:
                result: Any = client.run(step.begin(provider), step.operation)
            except PortraitError as error:
                result = error
            require(
                isinstance(result, OutcomeUnknownError) and vendor.lost == 1,
                f"{step.operation}: its answer was lost, it was sent {vendor.lost} times and came "
                f"to {result!r}",
                "let OutcomeUnknownError pass, and keep repeatable=False",
            )

    def test_reads_are_repeatable(self) -> None:
        """Requests that only read may be sent again after a passing fault."""
        for step in self._whole_journey().of(*READS):
            for request in step.asked:
                require(
                    request.repeatable,
                    f"{step.operation}: {request!r} only reads and is not repeatable",
                    "build it with repeatable=True, whatever its method: a fault that passes would "
                    "end a wait",
                )

    def test_the_same_call_makes_the_same_requests(self) -> None:
        """Two runs on two fresh simulators ask for the same, to the byte."""
        journey = self._whole_journey()
        other = self._runner().run()
        for one, two in zip(journey.steps, other.steps, strict=False):
            for first, second in zip(one.asked, two.asked, strict=False):
                require(
                    _plain(first) == _plain(second),
                    f"{one.operation} asked for {first!r} and then, called alike, {second!r} with "
                    "other headers or another body",
                    "take no clock, no random number and no set's order into a request; a nonce "
                    "belongs to authorize()",
                )
        require(
            [each.operation for each in journey.steps] == [each.operation for each in other.steps],
            f"the second run ended elsewhere: {other.broken}",
            "let simulator() be a fresh one at each call, and keep no state in the adapter",
        )

    def test_a_json_body_says_that_it_is_one(self) -> None:
        """A body of JSON goes with a Content-Type that says so."""
        for step in self._whole_journey().steps:
            for request in step.asked:
                kinds = [v for k, v in request.headers.items() if k.lower() == "content-type"]
                require(
                    not _is_json(request.content) or any("json" in each.lower() for each in kinds),
                    f"{step.operation}: {request!r} has a JSON body, and its Content-Type is "
                    f"{', '.join(kinds) or 'missing'}",
                    "build it with Request.json(method, url, body), or request.with_json(body)",
                )

    def test_authorizing_adds_and_changes_nothing_else(self) -> None:
        """Authorising writes the same headers each time, and leaves the request as it is."""
        provider = self._whole_journey().provider
        for step in self._journey().steps:
            for request in step.asked:
                if request.auth is Auth.NONE:
                    continue
                once = provider.authorize(request, now=NOW)
                require(
                    (once.method, once.url, once.content, once.repeatable)
                    == (request.method, request.url, request.content, request.repeatable),
                    f"{step.operation}: authorising changes more than headers and query",
                    "return request.with_headers({…}), or evolve(request, query=…)",
                )
                require(
                    (once.headers, once.query) != (request.headers, request.query),
                    f"{step.operation}: {request!r} asks for {request.auth.name} and gets none",
                    "add the credential in authorize(), or say auth=Auth.NONE",
                )
                later = provider.authorize(request, now=NOW + timedelta(hours=1))
                require(
                    {*later.headers} == {*once.headers},
                    f"{step.operation}: an hour later authorising writes other headers",
                    "let the time change values, not which headers there are",
                )

    def test_credentials_go_only_to_its_origins(self) -> None:
        """Every request with a credential is meant for one of provider.origins."""
        provider = self._whole_journey().provider
        for origin in provider.origins:
            require(
                origin.startswith("https://") or is_loopback(origin),
                f"provider.origins holds {origin!r}",
                "origins are https://host; take them with origin_of(self.base_url)",
            )
        known = [each.reveal() for each in provider.secrets]
        require(
            known,
            "the adapter holds no Secret",
            "let credentials be fields of type Secret: nothing else is masked",
        )
        for sent, _ in self._journey().exchanged:
            whole = f"{sent.target} {dict(sent.headers)} {sent.content!r}"
            carries = sent.auth is not Auth.NONE or any(each in whole for each in known)
            require(
                not carries or sent.origin in provider.origins,
                f"{sent!r} carries a credential to {sent.origin}",
                "send what goes elsewhere with auth=Auth.NONE, and list the vendor's own hosts in "
                "origins",
            )

    def test_media_are_fetched_without_credentials(self) -> None:
        """A finished video is copied by a bare request, save where its own link needs the key."""
        provider = self._whole_journey().provider
        own = {"authorization", *_credential_headers(self._journey().steps, provider)}
        for step in self._journey().of("download_video"):
            bare, _ = step.exchanged[-1]
            needed = provider.links_need_key and bare.origin in provider.origins
            plain = bare.auth is Auth.NONE and not own & {name.lower() for name in bare.headers}
            require(
                plain or needed,
                f"{bare!r} fetches the video with a credential",
                "leave downloading to the base: override video_link where the task has no link, "
                "and say links_need_key where the vendor's own wants it",
            )

    def test_requests_and_answers_fit_the_contract(self) -> None:
        """With a contract.yaml, every request and every answer of the simulator is judged by it."""
        if (path := self.contract()) is None:
            nothing("there is no contract")
        from .judging import Contract  # noqa: PLC0415  (an extra)

        judge = Contract.load(path)
        require(
            judge.vendor == self._provider().name,
            f"{path} is {judge.vendor}'s contract",
            "write the adapter's name into `vendor`",
        )
        for sent, response in self._whole_journey().exchanged:
            if sent.auth is not Auth.NONE:
                judge.judge_answer(judge.judge_request(sent), response)

    def test_sync_equals_async(self) -> None:
        """Client and AsyncClient send the same and return the same."""
        journey = self._whole_journey()
        other = self._runner().run(awaited=True)
        require(
            not other.broken,
            f"awaited, {other.broken}",
            "do no I/O, sleep or event loop of your own in an operation: yield instead",
        )
        for one, two in zip(journey.steps, other.steps, strict=True):
            sent_alike = [_unsigned(sent) for sent, _ in one.exchanged] == [
                _unsigned(sent) for sent, _ in two.exchanged
            ]
            alike = one.operation == "download_video" or _text(one.result) == _text(two.result)
            require(
                sent_alike and alike,
                f"{one.operation} differs between Client and AsyncClient",
                "keep state out of the adapter, and time out of operations",
            )


def _is_json(content: bytes) -> bool:
    """Whether a body is a JSON object or list."""
    try:
        return isinstance(json.loads(content), dict | list)
    except ValueError:
        return False


def _text(result: object) -> str:
    """A result's text without what is sealed afresh each time."""
    return _SEALED.sub("", repr(result))


_SEALED: Final = re.compile(r"pk1:[^:]+:[^:]+:(verification:[^']+|asset:[\w-]{60,}:\w+)")


class _LosesAnswers(SpyVendor):
    """A vendor that does what the request asks, and whose answer gets lost on its way."""

    def __init__(self, answers: list[Response], place: int) -> None:
        self.lost = 0
        self._answers = answers
        self._place = place
        self._seen = 0

    def send(self, request: Request) -> Response:
        del request
        place = self._seen
        if place >= self._place:
            self.lost += 1
            raise TransportError(Outcome.UNKNOWN, "connection lost while receiving")
        self._seen += 1
        return self._answers[place]


def _making(step: StepResult, provider: PortraitProvider) -> int | None:
    """Which of a step's requests makes the thing: the first whose answer names it."""
    if step.operation == "add_asset" and isinstance(provider, LinkLibrary):
        # What stores a file makes nothing that is paid or listed, and may say so.
        return next((at for at, each in enumerate(step.asked) if not each.repeatable), None)
    if not step.exchanged or len(step.exchanged) != len(step.asked):
        return None
    ref = Handle.parse(step.result.handle).ref
    names = [each for each in (step.result.id or "", *ref.split("#")) if len(each) >= _SHORTEST_ID]
    for place, (_, response) in enumerate(step.exchanged):
        if any(name.encode() in response.content for name in names):
            return place
    return 0


def _credential_headers(steps: list[StepResult], provider: Any) -> set[str]:
    for step in steps:
        for request in step.asked:
            if request.auth is not Auth.NONE:
                once = provider.authorize(request, now=NOW)
                return {name.lower() for name in once.headers.keys() - request.headers.keys()}
    return set()


def _plain(request: Request) -> Request:
    return evolve(request, save_to=None)


def _unsigned(request: Request) -> Request:
    # A signature may hold a nonce, which differs each time.
    return evolve(request, save_to=None, headers=dict.fromkeys(sorted(request.headers), ""))
