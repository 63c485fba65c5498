"""
What flows and drivers say to each other.

A flow is a generator that does no I/O. It yields steps and receives their results:

    Request   the driver authorises and sends it, again where that is safe; back comes a Response
    Pause     the driver sleeps that many seconds, maybe 0; back comes the monotonic clock
    Work      the driver calls a blocking function off the event loop; back comes its result
    At        a Request that is authorised and read by another provider than the driver's own
    Parts     a Pause of no time, that tells whoever wraps the flow which part of a call it is at
    AskTime   a Pause of no time, that the driver answers with the time of day

`send`, `pause`, `now` and `work` yield one step each and give the result its type. Flows compose
with `yield from`, so paging and waiting are ordinary functions.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Generator, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar
from urllib.parse import quote

from attrs import field, frozen

from ..values.assembling import replaced
from ..values.body import Body
from ..values.origins import origin_of
from ..values.remarks import Attempt, Raw
from ..values.secret import MASK, Secret
from .bodies import json_body

if TYPE_CHECKING:
    from .partial_file import PartialFile

T = TypeVar("T")

JSON_LIMIT_BYTES: Final = 8 * 1024 * 1024
"""The largest answer that is read into memory."""


class Auth(enum.Enum):
    """Which credential a request needs. Without one it is sent bare, to any host."""

    NONE = "none"
    BEARER = "bearer"
    SIGNATURE = "signature"
    LIBRARY = "library"
    """The key of an asset library that is another house's than the videos."""


def _pairs(query: Mapping[str, str] | tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple(query.items()) if isinstance(query, Mapping) else query


@frozen(kw_only=True, slots=False)
class Request:
    """
    One HTTP request, as a value: it compares, and its `repr` shows no secret.

    Attributes:
        url: Absolute, without a query, save for a vendor's signed link.
        query: Pairs in the order sent; a mapping is accepted.
        body: The exact body, given as `content`: bytes, or what is read at each attempt.
        auth: The credential that `authorize` adds at each attempt.
        repeatable: Whether it may be sent again when its outcome is unknown.
        silent: Whether a success may come without a body, as a deletion's.
        secrets: Values in it that no text may show, such as a token in the body.
        save_to: Where a successful answer's body is streamed; `Response.content` is then empty.
            It goes on from attempt to attempt, and belongs to whoever made it.
        public_only: Whether it is sent to addresses of the public internet only, as a link is that
            a stranger may have made.
        limit_bytes: The largest body accepted.
        timeout_s: Cuts the configured timeouts down.
        until_s: When its attempts have to have ended, by the driver's monotonic clock.
        family: What the vendor counts it as where it limits rates, such as `GetAsset`.
        token: What is behind the name that it gives, for a lost create to be found again by.
    """

    method: str
    url: str
    query: tuple[tuple[str, str], ...] = field(default=(), converter=_pairs)
    headers: Mapping[str, str] = field(factory=dict[str, str], repr=False)
    body: bytes | Body = field(default=b"", alias="content", repr=False)
    auth: Auth = Auth.NONE
    repeatable: bool = False
    silent: bool = field(default=False, eq=False)
    secrets: tuple[Secret, ...] = field(default=(), repr=False, eq=False)
    save_to: PartialFile | None = field(default=None, eq=False)
    public_only: bool = field(default=False, eq=False)
    limit_bytes: int = JSON_LIMIT_BYTES
    timeout_s: float | None = field(default=None, eq=False)
    until_s: float | None = field(default=None, eq=False)
    family: str = field(default="", eq=False)
    token: str = field(default="", eq=False, repr=False)

    @classmethod
    def json(
        cls, method: str, url: str, body: Mapping[str, Any] | None = None, **members: Any
    ) -> Request:
        """
        Put together a request with a JSON body, and the headers that go with one.

        Args:
            method: The method.
            url: Absolute, without a query.
            body: What becomes JSON; None for a request without a body.
            members: The attributes, such as `auth` and `repeatable`; `headers` are added.

        Raises:
            InvalidInputError: The body has no form in JSON.
        """
        headers = {"Accept": "application/json", **members.pop("headers", {})}
        if body is not None:
            headers["Content-Type"] = "application/json"
            members["content"] = json_body(body)
        return cls(method=method, url=url, headers=headers, **members)

    def with_json(self, body: Mapping[str, Any]) -> Request:
        """Return a copy with a JSON body and its Content-Type."""
        headers = {**self.headers, "Content-Type": "application/json"}
        return replaced(self, headers=headers, body=json_body(body))

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.shown_url}, {len(self.body)} bytes>"

    @property
    def content(self) -> bytes:
        """The whole body. One that is not bytes is read into memory, which may block."""
        return bytes(self.body)

    @property
    def shown_url(self) -> str:
        """The URL fit to be shown: a link loses its query, and a path what is secret in it."""
        base = self.url.partition("?")[0]
        shown = self.target if base == self.url else f"{base}?{MASK}"
        for secret in self.secrets:
            if text := _escaped(secret.reveal()):
                shown = shown.replace(text, MASK)
        return shown

    @property
    def target(self) -> str:
        """The full URL as it is sent."""
        if not self.query:
            return self.url
        pairs = (f"{_escaped(k)}={_escaped(v)}" for k, v in self.query)
        return f"{self.url}?{'&'.join(pairs)}"

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return origin_of(self.url)

    def with_headers(self, headers: Mapping[str, str]) -> Request:
        """Return a copy with more headers."""
        return replaced(self, headers={**self.headers, **headers})


def segment(text: str) -> str:
    """An id as one part of a path, whatever characters it has."""
    return quote(text, safe="-_.~:", errors="surrogatepass")


def _escaped(text: str) -> str:
    # A vendor's cursor comes out of JSON, which can hold half a character.
    return quote(text, safe="-_.~", errors="surrogatepass")


@frozen(kw_only=True, slots=False)
class Response:
    """One HTTP answer, as a value. Header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(factory=dict[str, str], repr=False)
    content: bytes = field(default=b"", repr=False)
    received_at: datetime
    attempts: tuple[Attempt, ...] = ()
    """The failed tries before this answer."""
    limited_s: float = field(default=0.0, eq=False)
    """Seconds that the request waited for the account's rate."""
    _found: dict[str, Any] = field(factory=dict[str, Any], init=False, eq=False, repr=False)

    def once(self, name: str, read: Callable[[Response], T]) -> T:
        """Read this answer in one way, such as its body, the first time it is asked for."""
        if name not in self._found:
            self._found[name] = read(self)
        found: T = self._found[name]
        return found

    @property
    def ok(self) -> bool:
        """Whether the HTTP status says success."""
        return 200 <= self.status < 300  # noqa: PLR2004  (the range of success)

    def raw(self, body: Any, request_id: str = "") -> Raw:
        """Keep what may be kept of this answer on a result."""
        kept = {name: text for name, text in self.headers.items() if name in _KEPT_HEADERS}
        return Raw(
            status=self.status,
            headers=kept,
            request_id=request_id or request_id_of(self.headers),
            attempts=self.attempts,
            received_at=self.received_at,
            limited_s=self.limited_s,
            body=body,
        )


@frozen
class Pause:
    """Let time pass. The driver answers with its monotonic clock, in seconds."""

    seconds: float


@frozen(kw_only=True)
class BatchItems(Pause):
    """Which parts of a call come next; or what these have come to, if *made* is there."""

    seconds: float = field(default=0.0, init=False)
    indexes: tuple[int, ...]
    made: tuple[Any, ...] = field(default=(), repr=False)


@frozen
class AskTime(Pause):
    """Ask for the time of day, as an aware UTC datetime."""

    seconds: float = field(default=0.0, init=False)


@frozen
class Work(Generic[T]):
    """Call something that blocks, such as reading a file. Async drivers use a thread."""

    call: Callable[[], T]


@frozen
class At:
    """A request of another provider than the one whose driver runs the flow."""

    provider: Any
    request: Request
    budget: Any = None
    """The budget for it, in place of the driver's own."""


Step: TypeAlias = Request | Pause | Work[Any] | At
Flow: TypeAlias = Generator[Step, Any, T]
"""Yields steps, receives what each came to, returns a *T*."""


def send(request: Request) -> Flow[Response]:
    """Send one request."""
    reply = yield request
    if not isinstance(reply, Response):
        raise TypeError("a driver answers a Request with a Response")
    return reply


def pause(seconds: float = 0.0) -> Flow[float]:
    """Let time pass and read the monotonic clock, in seconds."""
    reply = yield Pause(seconds)
    return float(reply)


def now() -> Flow[datetime]:
    """Read the time of day, in UTC."""
    reply = yield AskTime()
    if not isinstance(reply, datetime):
        raise TypeError("a driver answers AskTime with a datetime")
    return reply


def work(call: Callable[[], T]) -> Flow[T]:
    """Call something that blocks."""
    result: T = yield Work(call)
    return result


def parts(*indexes: int, made: Iterable[Any] = ()) -> Flow[None]:
    """Tell which parts of a call come next, or what they have come to."""
    yield BatchItems(indexes=indexes, made=tuple(made))


def through(flow: Flow[T], do: Callable[[Step], Flow[Any]]) -> Flow[T]:
    """
    Run *flow*, each of its steps carried out by the flow that *do* makes of it.

    If this is closed before its end, as after an interruption, so is *flow*, at once.
    """
    reply: object = None
    error: Exception | None = None
    try:
        while True:
            try:
                step = flow.send(reply) if error is None else flow.throw(error)
            except StopIteration as stop:
                result: T = stop.value
                return result
            reply, error = None, None
            try:
                reply = yield from do(step)
            except Exception as caught:  # noqa: BLE001  (the flow inside may want to catch it)
                error = caught
    finally:
        flow.close()


def within(flow: Flow[T], until_s: float) -> Flow[T]:
    """Run *flow*, each of its requests until the clock says *until_s* at the most."""

    def do(step: Step) -> Flow[Any]:
        if isinstance(step, Request) and (step.until_s is None or step.until_s > until_s):
            step = replaced(step, until_s=until_s)
        return (yield step)

    return through(flow, do)


_REQUEST_ID_HEADERS: Final = ("x-request-id", "x-tt-logid", "x-client-request-id")
_KEPT_HEADERS: Final = frozenset(
    {
        *_REQUEST_ID_HEADERS,
        "content-type",
        "date",
        "retry-after",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
    }
)


def request_id_of(headers: Mapping[str, str]) -> str:
    """The id that a vendor's support asks for, or an empty string."""
    for name in _REQUEST_ID_HEADERS:
        if name in headers:
            return headers[name]
    return ""


@frozen(kw_only=True)
class Budget:
    """How often one request may be tried, and how long is waited in between."""

    attempts: int = 5
    first_wait_s: float = 0.5
    longest_wait_s: float = 20.0
    patience_s: float = 120.0
    """A `Retry-After` that is longer ends the attempts; it is told in the error instead."""
