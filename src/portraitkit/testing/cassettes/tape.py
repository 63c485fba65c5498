"""
A cassette that plays: vcrpy intercepts, and what answers what is decided here.

vcrpy puts itself below httpx's clients. Only what portraitkit's own clients send is taken; all
other requests pass as if there were no tape. Nothing here writes a file.
"""

# vcrpy has no types:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import itertools
import logging
import re
import threading
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import ExitStack, contextmanager
from enum import Enum
from typing import Any, Final, TypeAlias, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from attrs import define
from vcr.filters import decode_response

from ... import rehearsal
from ...engine.connections import taped
from ...engine.response_body import TransportError
from ...engine.transport import is_sending
from ...values.remarks import Outcome
from ...vendor.likely import ids_in
from ...wire.codec import texts_in
from ...wire.steps import Request
from ..conformance.bodies import json_value
from . import cassettefile
from .matching import CanonicalRequest, Recorded, Roles, canon, difference, replace_tokens

try:
    from vcr import patch as vcr_patch
    from vcr.cassette import Cassette
except ImportError as missing:  # pragma: no cover  (tried in an environment without it)
    raise ImportError("cassettes need: pip install 'portraitkit[testing]'") from missing

Interaction: TypeAlias = Mapping[str, Any]
Veil: TypeAlias = Callable[[Recorded], Recorded]

_OURS: Final = ("httpx", "httpx2")
"""What portraitkit's clients are made of. vcrpy knows the fork, too."""
_LIBRARIES: Final[tuple[str, ...]] = getattr(vcr_patch, "PATCHER_NAMES", ())
"""
What vcrpy can leave alone, by name. Older versions put themselves below every library; what is not
ours passes in any case.
"""
_LEFT_ALONE: Final[Mapping[str, Any]] = (
    {"skip_patchers": tuple(name for name in _LIBRARIES if name not in _OURS)} if _LIBRARIES else {}
)
_LOGGERS: Final = ("vcr", "vcr.cassette", "vcr.patch", "vcr.request", "vcr.stubs.httpx_stubs")


class Mode(Enum):
    """What becomes of a request."""

    REPLAY = "replay"
    """A recorded answer, or a miss."""
    NEW = "new"
    """A recorded answer; without one it is sent and recorded."""
    RECORD = "record"
    """It is sent and recorded."""


class CassetteMissError(rehearsal.Halt, AssertionError):
    """A request that the cassette has no answer for. Shows the nearest recorded one, masked."""


@define(eq=False)
class _Track:
    """One recorded interaction while it plays."""

    number: int
    interaction: Interaction
    played: int = 0
    canon: CanonicalRequest | None = None
    read_with: tuple[int, Veil] | None = None
    """What was known of roles and secrets when `canon` was read."""


class Tape(Cassette):  # type: ignore[misc]  # (vcrpy has no types)
    """
    The recorded interactions of one test, while it runs.

    The same request asked again takes the next recorded answer, so polling replays its course.
    Different requests may come in any order, unless that is the point.

    Args:
        label: Names the cassette in messages.
        interactions: What was recorded.
        mode: What becomes of requests.
        roles: Whose the origins are; clients may add to it while the tape runs.
        veil: Hides in a request what a recording does not hold; may be replaced while it runs.
        repeat_reads: Let the last recorded answer of a read serve for further ones.
        ordered: Let requests come only in the order in which they were recorded.
    """

    def __init__(
        self,
        label: str,
        interactions: Iterable[Interaction],
        *,
        mode: Mode = Mode.REPLAY,
        roles: Roles | None = None,
        veil: Veil = lambda request: request,
        repeat_reads: bool = False,
        ordered: bool = False,
    ) -> None:
        super().__init__(path=label, **_LEFT_ALONE)
        self.label = label
        self.mode = mode
        self.roles = roles or Roles()
        self.taken: list[dict[str, Any]] = []
        """What was recorded now, in the order asked: full of secrets."""
        self.hosts: set[str] = set()
        """Hosts that requests were let through to."""
        self.misses: list[CassetteMissError] = []
        self.veil = veil
        self._repeat_reads = repeat_reads
        self._ordered = ordered
        self._tracks = [_Track(n, each) for n, each in enumerate(interactions, 1)]
        self._tokens: dict[str, str] = {}
        self._lock = threading.Lock()

    @property
    def interactions(self) -> list[Interaction]:
        """What was recorded before."""
        return [each.interaction for each in self._tracks]

    @property
    def unplayed(self) -> list[str]:
        """The recorded requests that nobody made, as `3-7: METHOD path?query`."""
        left = [each for each in self._tracks if not each.played]
        lines: list[str] = []
        for text, same in itertools.groupby(left, key=lambda each: str(self._canon(each))):
            numbers = [each.number for each in same]
            ends = dict.fromkeys((numbers[0], numbers[-1]))
            lines.append(f"{'-'.join(map(str, ends))}: {text}")
        return lines

    @property
    def played(self) -> int:
        """How many recorded interactions were used."""
        return sum(bool(each.played) for each in self._tracks)

    # -- what vcrpy calls ------------------------------------------------------------------------

    @property
    def write_protected(self) -> bool:
        """Never: what is not ours passes, and what is ours and missing has raised before."""
        return False

    def filter_request(self, request: Any) -> Any:
        """Leave alone what portraitkit's clients did not send."""
        return request if self._is_asked else None

    def can_play_response_for(self, request: Any) -> bool:
        """
        Find the answer, and keep it on the request.

        Raises:
            CassetteMissError: There is none, and nothing may be sent.
            TransportError: None came when it was recorded, either.
        """
        if not self._is_asked:
            return False
        with self._lock:
            request.portraitkit_answer = None
            if self.mode is not Mode.RECORD:
                request.portraitkit_answer = self._find(request)
            if request.portraitkit_answer is None:
                request.portraitkit_taken = taken = {"request": _recorded(request)}
                self.taken.append(taken)
                self.hosts.add(urlsplit(str(request.uri)).hostname or "")
                request.portraitkit_began = time.monotonic()
            return request.portraitkit_answer is not None

    def play_response(self, request: Any) -> dict[str, Any]:
        """Hand out the answer that was found."""
        found: dict[str, Any] = request.portraitkit_answer
        return found

    def append(self, request: Any, response: Mapping[str, Any]) -> None:
        """Take an answer that just came."""
        if self._is_asked:
            with self._lock:
                taken = request.portraitkit_taken
                taken["response"] = decode_response(dict(response))
                taken["elapsed_s"] = _about(time.monotonic() - request.portraitkit_began)

    def failed(self, request: Request, fault: TransportError) -> None:
        """Note why no answer came to a request of ours."""
        with self._lock:
            for each in reversed(self.taken):
                if "response" not in each and _is_sent(request, each["request"]):
                    each["response"] = _unanswered(fault.outcome)
                    return

    @property
    def recorded(self) -> list[dict[str, Any]]:
        """
        What was recorded now, without what was asked again because no answer came.

        A create that was lost stays: what followed is what the application made of that.
        """
        for each in self.taken:  # one without a word was cancelled
            _ = each.setdefault("response", _unanswered(Outcome.UNKNOWN))
        answered = [each["request"] for each in self.taken if not is_unanswered(each)]
        return [
            each
            for each in self.taken
            if not is_unanswered(each) or each["request"] not in answered
        ]

    @property
    def _is_asked(self) -> bool:
        """Whether one of our clients sends, and no other tape runs within this one."""
        return is_sending() and (not _RUNNING or _RUNNING[-1] is self)

    # -- finding ---------------------------------------------------------------------------------

    def _find(self, request: Any) -> dict[str, Any] | None:
        asked = canon(_recorded(request), self.roles, self.veil)
        same = [each for each in self._tracks if self._canon(each).is_like(asked)]
        track = next((each for each in same if not each.played), None)
        if track is None and same and self._repeat_reads and asked.reads:
            track = same[-1]
        if track and self._ordered and (left := self._left_before(track)):
            raise self._missed(self._explain_order(asked, track, left))
        if track is None:
            false = self._stand_ins(request) if self.mode is Mode.NEW else []
            if self.mode is Mode.NEW and not false:
                return None
            why = _FALSE.format(label=self.label, value=false[0]) if false else ""
            raise self._missed(why or self._explain(asked, same))
        track.played += 1
        self._tokens.update(zip(self._canon(track).tokens, asked.tokens, strict=False))
        return self._answer(track)

    def _left_before(self, track: _Track) -> _Track | None:
        """The first interaction before one that nobody has asked for yet."""
        earlier = self._tracks[: track.number - 1]
        return next((each for each in earlier if not each.played), None)

    def _missed(self, why: str) -> CassetteMissError:
        miss = CassetteMissError(why)
        self.misses.append(miss)
        return miss

    def _stand_ins(self, request: Any) -> list[str]:
        """Find what a request got from this cassette, and the vendor has never heard of."""
        body = request.body or b""
        text = body.decode(errors="replace") if isinstance(body, bytes) else str(body)
        address = urlsplit(str(request.uri))
        named = {unquote(each) for each in address.path.split("/")} | set(ids_in(json_value(text)))
        named |= {value for key, value in parse_qsl(address.query) if key.lower().endswith("id")}
        sent = f"{unquote(str(request.uri))} {unquote(text)} {text}"
        played = (each.interaction["response"] for each in self._tracks if each.played)
        given = [json_value(cassettefile.answer_body(told)) for told in played]
        ids = [each for data in given for each in ids_in(data)]
        longer = [each for data in given for each in texts_in(data) if _LONG.fullmatch(each)]
        longer += [each for each in ids if len(each) >= _SHORTEST_ID]
        whole = [each for each in longer if re.search(rf"(?<!\w){re.escape(each)}(?!\w)", sent)]
        return [*(each for each in ids if each in named), *whole]

    def _canon(self, track: _Track) -> CanonicalRequest:
        # Roles and secrets are known only once a client has sent something.
        known = (self.roles.known, self.veil)
        if track.canon is None or track.read_with != known:
            track.canon = canon(track.interaction["request"], self.roles, self.veil)
            track.read_with = known
        return track.canon

    def _answer(self, track: _Track) -> dict[str, Any]:
        told = track.interaction["response"]
        if is_unanswered(track.interaction):
            raise TransportError(Outcome(told["status"]["message"]), _UNANSWERED)
        text = cast("bytes | str", (told.get("body") or {}).get("string") or b"")
        content = text.encode(errors="surrogatepass") if isinstance(text, str) else text
        given: dict[str, Any] = told.get("headers") or {}
        headers = {
            name: [value] if isinstance(value, str) else list(value)
            for name, value in given.items()
        }
        status = told["status"]
        return {
            "status": {"code": status["code"], "message": status.get("message") or ""},
            "headers": headers,
            "body": {"string": replace_tokens(content, self._tokens)},
        }

    def _explain_order(self, asked: CanonicalRequest, track: _Track, left: _Track) -> str:
        return (
            f"{self.label}: {asked} comes out of order. It was recorded as interaction "
            f"{track.number}, and interaction {left.number} was not asked for before it: "
            f"{self._canon(left)}\n  {_RECORD}"
        )

    def _explain(self, asked: CanonicalRequest, same: list[_Track]) -> str:
        head = f"{self.label} has no answer for {asked}"
        count = f"{len(self._tracks)} recorded, {self.played} played"
        if same:
            numbers = ", ".join(str(each.number) for each in same)
            return (
                f"{head}\n  It was recorded as interaction {numbers}, and the test asks once more "
                f"({count}).\n  {_AGAIN}"
            )
        if not self._tracks:
            return f"{head}\n  It holds no interaction at all.\n  {_RECORD}"
        nearest = max(
            self._tracks, key=lambda each: (self._canon(each).likeness(asked), not each.played)
        )
        used = ", which was already played" if nearest.played else ""
        shown = "\n".join(
            f"    {line}" for line in difference(self._canon(nearest), asked).splitlines()
        )
        changed = ", ".join(self._canon(nearest).changed(asked))
        return (
            f"{head} ({count}).\n  Nearest is interaction {nearest.number}{used}. Changed: "
            f"{changed}. Secret values are told by digests on both sides:\n{shown}\n  {_RECORD}"
        )


_RECORD: Final = (
    "If the change is meant, record it: pytest --portrait-record=all --portrait-profile=NAME"
)
_FALSE: Final = (
    "{label} gave {value!r}, which is a stand-in, and the next request would send it to the live "
    "vendor.\n  Record all anew: pytest --portrait-record=all --portrait-profile=NAME"
)
_STEPS_S: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_UNANSWERED: Final = "no answer came when this was recorded"
_SHORTEST_ID: Final = 6
"""A shorter one is looked for only where an id stands."""
_LONG: Final = re.compile(r"\S{16,}")
"""A link or a token."""
_AGAIN: Final = (
    "If that is meant, record it again, or let a read's last answer serve for all further ones: "
    "@pytest.mark.portrait_cassette(repeat_reads=True)"
)


_RUNNING: Final[list[Tape]] = []


@contextmanager
def running(tape: Tape) -> Generator[Tape]:
    """Let a tape answer and record for a while. What vcrpy logs of it goes nowhere."""
    with ExitStack() as stack:
        stack.enter_context(taped(offline=tape.mode is Mode.REPLAY))
        for name in _LOGGERS:
            logger = logging.getLogger(name)
            logger.addFilter(_unlogged)  # vcrpy logs whole answers, links and tokens included
            _ = stack.callback(logger.removeFilter, _unlogged)
        for patch in cast("Iterable[Any]", vcr_patch.CassettePatcherBuilder(tape).build()):
            _ = stack.enter_context(patch)
        _RUNNING.append(tape)
        _ = stack.callback(_RUNNING.remove, tape)
        yield tape


def _unlogged(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


def _about(seconds: float) -> int:
    """Round up to a step, so that two recordings are alike unless an answer got much slower."""
    return next((step for step in _STEPS_S if seconds <= step), _STEPS_S[-1])


def is_unanswered(interaction: Interaction) -> bool:
    """Tell whether no answer came: the connection broke before."""
    code: object = interaction["response"]["status"]["code"]
    return code == cassettefile.NO_ANSWER


def _unanswered(outcome: Outcome) -> dict[str, Any]:
    status = {"code": cassettefile.NO_ANSWER, "message": outcome.value}
    return {"status": status, "headers": {}, "body": {"string": ""}}


def _is_sent(request: Request, recorded: Recorded) -> bool:
    """Tell whether a request is the recorded one, by what no signing changes."""
    sent = request.method, urlsplit(request.url)[1:3], request.content
    address = urlsplit(str(recorded["uri"]))[1:3]
    return sent == (recorded["method"], address, recorded["body"])


def _recorded(request: Any) -> dict[str, Any]:
    return {
        "method": request.method,
        "uri": request.uri,
        "headers": {name: [value] for name, value in request.headers.items()},
        "body": request.body or b"",
    }
