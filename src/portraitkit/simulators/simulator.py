"""The frame of a vendor simulator: one pure function from request to response, and helpers."""

from __future__ import annotations

import json
import mimetypes
import re
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Container, Iterator, Mapping
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar, Final, Self, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from attrs import Factory, define, field, frozen

from ..operations.provider import PortraitProvider
from ..values.secret import Secret
from ..wire.codec import is_object
from ..wire.steps import Request, Response
from .state import Clock, SimAccount, SimAsset, SimCheck, SimGroup, SimVideo, World

_KEYS: Final = ("api_key", "access_key", "secret_key", "session_token", "library_key")
"""What credentials are called, on providers and on accounts."""

T = TypeVar("T")


@frozen(kw_only=True)
class Notice:
    """
    What a vendor sends to a callback URL by itself.

    Attributes:
        subject: The video's id, or the token of a face check.
        event: What has happened to it, in this library's words.
        due_at: When.
        request: What is sent then.
    """

    subject: str
    event: str
    due_at: datetime
    request: Request


@frozen(kw_only=True)
class NoticeRules:
    """
    How a vendor tells of videos.

    Attributes:
        states: Of which of `SimVideo.changes`.
        timeout_s: How long a receiver may take.
        waits_s: Seconds before each further try.
    """

    states: frozenset[str]
    timeout_s: float = 5.0
    waits_s: tuple[float, ...] = ()


ENDED: Final = frozenset({"succeeded", "failed", "cancelled"})


NOWHERE: Final = "https://simulator.invalid"
"""Where a simulator is that no server stands for."""


@define(kw_only=True)
class Simulator(ABC):
    """
    One vendor, as far as its documents tell.

    Attributes:
        world: Its memory, clock and knobs.
        base_url: Where it is reached; links in its answers start with it.
        seen: Every request so far, oldest first.
    """

    name: ClassVar[str]
    notice_rules: ClassVar[NoticeRules | None] = None
    """None where no page of the vendor's tells of notices about videos."""

    world: World = field(factory=World)
    base_url: str = NOWHERE
    seen: list[Request] = Factory(list[Request])
    _instead: deque[tuple[Callable[[Request], bool], Response]] = Factory(
        deque[tuple[Callable[[Request], bool], Response]]
    )

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        self.seen.append(request)
        for entry in self._instead:
            if entry[0](request):
                self._instead.remove(entry)
                return entry[1]
        path = urlsplit(request.url).path
        if request.method == "GET" and path.startswith("/media/"):
            return self._media(path) if self.opens(request) else self.json({}, 401)
        return self.answer(request)

    def opens(self, request: Request) -> bool:
        """Tell whether a file is handed out; links are signed, and need nothing else."""
        del request
        return True

    @classmethod
    def on(cls, clock: Clock) -> Self:
        """Make one whose time is *clock*, where each face check is passed after 5 s."""
        return cls(world=World(clock=clock))

    def admit(self, provider: PortraitProvider) -> None:
        """Give a provider's credentials an account, so that whatever they are they are good."""
        if provider.account in self.world.accounts:
            return
        project = getattr(provider, "project_name", None) or "default"
        account = SimAccount(name=provider.account, api_key="", project_name=project)
        for key in _KEYS:
            if isinstance(secret := getattr(provider, key, None), Secret):
                setattr(account, key, secret.reveal())
        _ = self.add_account(account)

    def seed_asset(self, group: SimGroup, name: str) -> SimAsset:
        """Put a picture into a group that is reviewed and was never charged for."""
        return self.world.seed_asset(
            group, self.world.new_id("asset"), name, self.media_url("frame.png")
        )

    def stand_in(self, url: str, content: bytes | None = None) -> Response:
        """Answer for a file elsewhere on the web, by the ending of its name: else a picture."""
        ending = Path(urlsplit(url).path).suffix.lower()
        name = "clip.mp4" if ending == ".mp4" else "face.jpg"
        return self.send(content or _data(name), str(mimetypes.guess_type(name)[0]))

    def notices(self, known: Container[tuple[str, str]] = ()) -> Iterator[Notice]:
        """
        What is sent to callback URLs by itself, also what is not due yet.

        Args:
            known: Subjects and events that are left out.
        """
        for check in [each for each in self.world.checks.values() if each.callback_url]:
            _ = self.world.settle_check(check)
            event = f"result {check.result_code}"
            if check.settled_at and (check.token, event) not in known:
                yield from self._check_notices(check, event, check.settled_at)
        for video in self.world.videos.values():
            yield from self._video_notices(video, known)

    def _check_notices(self, check: SimCheck, event: str, due_at: datetime) -> Iterator[Notice]:
        if sent := self.check_notice(check):
            yield Notice(subject=check.token, event=event, due_at=due_at, request=sent)

    def check_notice(self, check: SimCheck) -> Request | None:
        """Make what the callback URL of a face check that is over gets; None if nothing."""
        del check
        return None

    def video_notice(self, video: SimVideo) -> object:
        """Make the JSON body that tells of a video as it is now."""
        raise NotImplementedError

    def _video_notices(
        self, video: SimVideo, known: Container[tuple[str, str]]
    ) -> Iterator[Notice]:
        url = video.body.get("callback_url")
        if not self.notice_rules or not isinstance(url, str) or not url:
            return
        for state, moment in video.changes():
            if state in self.notice_rules.states and (video.id, state) not in known:
                with self.world.at(moment):
                    content = self.json(self.video_notice(video)).content
                kind = {"content-type": "application/json"}
                sent = Request(method="POST", url=url, headers=kind, content=content)
                yield Notice(subject=video.id, event=state, due_at=moment, request=sent)

    @abstractmethod
    def answer(self, request: Request) -> Response:
        """Answer one request to the vendor's own interface."""

    def answer_next(
        self, response: Response, when: Callable[[Request], bool] = lambda _: True
    ) -> None:
        """Give *response* to the next request that *when* accepts, in place of the vendor's own."""
        self._instead.append((when, response))

    def add_account(self, account: SimAccount) -> SimAccount:
        """Open an account."""
        self.world.accounts[account.name] = account
        return account

    def json(
        self, body: object, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Make a JSON answer."""
        content = json.dumps(body, ensure_ascii=False).encode()
        return self.send(content, "application/json", status, headers)

    def text(self, text: str, kind: str = "plain", status: int = 200, **headers: str) -> Response:
        """Make an answer of text, or of *kind* `html`."""
        return self.send(text.encode(), f"text/{kind}; charset=utf-8", status, headers)

    def send(
        self, content: bytes, kind: str, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Make an answer of any content type."""
        return Response(
            status=status,
            headers={"content-type": kind, **(headers or {})},
            content=content,
            received_at=self.world.now(),
        )

    def media_url(self, name: str) -> str:
        """A signed link to a file that this simulator serves: `clip.mp4` or `frame.png`."""
        return f"{self.base_url}/media/{name}?X-Tos-Signature=simulated&X-Tos-Expires=86400"

    def _media(self, path: str) -> Response:
        name = path.rpartition("/")[2]
        kind = {"mp4": "video/mp4", "png": "image/png"}.get(name.rpartition(".")[2], "")
        if not kind:
            return self.json({"error": {"message": "no such file"}}, 404)
        own = self.world.film if kind == "video/mp4" else self.world.picture
        content = own or _data(f"clip.{name[-3:]}")
        return self.send(content, kind, headers={"content-length": str(len(content))})


def _data(name: str) -> bytes:
    return files("portraitkit.simulators").joinpath("data", name).read_bytes()


def bearer_of(request: Request) -> str:
    """The bearer key of a request, or an empty string."""
    scheme, _, key = header(request, "authorization").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def header(request: Request, name: str) -> str:
    """A request header, whatever its spelling."""
    wanted = name.lower()
    return next((text for each, text in request.headers.items() if each.lower() == wanted), "")


def query_of(request: Request) -> dict[str, str]:
    """The query of a request, from its pairs and its URL; the last of a repeated key."""
    return dict([*parse_qsl(urlsplit(request.url).query, keep_blank_values=True), *request.query])


def route_of(request: Request, routes: Mapping[str, Callable[..., T]]) -> Callable[..., T] | None:
    """
    Find what answers a request among *routes*, such as `GET /v1/assets/{id}`.

    Returns:
        It, with what stands for the braces as its last arguments; None if there is nothing.
    """
    asked = f"{request.method} {urlsplit(request.url).path}"
    for form, answer in routes.items():
        if match := re.fullmatch(re.sub(r"{\w+}", "([^/]+)", form), asked):
            named = [unquote(each) for each in match.groups()]
            return lambda *given: answer(*given, *named)
    return None


def json_of(request: Request) -> dict[str, Any] | None:
    """The JSON object in a request's body; empty for no body, None if it is not one."""
    if not request.content:
        return {}
    try:
        body = json.loads(request.content)
    except ValueError:
        return None
    return dict(body) if is_object(body) else None


@frozen(kw_only=True)
class FormPart:
    """One part of a multipart body; its type is empty where it says none."""

    name: str
    content: bytes
    filename: str | None
    content_type: str

    @property
    def text(self) -> str:
        """What it says."""
        return self.content.decode(errors="replace")


def form_of(request: Request) -> dict[str, FormPart]:
    """The parts of a multipart body by name; empty if it is not one."""
    try:
        parts = parts_of(request.content, header(request, "content-type"))
    except ValueError:
        return {}
    return {each.name: each for each in parts}


def parts_of(content: bytes, content_type: str) -> list[FormPart]:
    """
    Read a multipart body.

    Raises:
        ValueError: Says what is wrong with it, and none of what it holds.
    """
    boundary = _BOUNDARY.search(content_type)
    if not boundary or not content_type.lower().startswith("multipart/"):
        raise ValueError("it has parts, and its type names no boundary")
    pieces = content.split(b"--" + boundary[1].encode())
    if len(pieces) < 3 or pieces[0].strip() or pieces[-1].strip() not in (b"--", b""):
        raise ValueError("its parts do not end where its type says")
    return [_part(each) for each in pieces[1:-1]]


def _part(piece: bytes) -> FormPart:
    head, blank, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    lines = head.decode(errors="replace")
    name = _PART_NAME.search(lines)
    if "\N{REPLACEMENT CHARACTER}" in lines:
        raise ValueError("a part's head is no text")
    if not blank or not content.endswith(b"\r\n") or not name:
        raise ValueError("a part has no name, or no end")
    if "filename*" in lines.lower():
        raise ValueError("a part's file name is written in a form that cannot be read")
    file, kind = _PART_FILE.search(lines), _PART_TYPE.search(lines)
    return FormPart(
        name=name[1],
        content=content.removesuffix(b"\r\n"),
        filename=file[1] if file else None,
        content_type=kind[1].lower() if kind else "",
    )


_BOUNDARY: Final = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_PART_NAME: Final = re.compile(r'(?<![\w*])name="((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_PART_FILE: Final = re.compile(r'filename="((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_PART_TYPE: Final = re.compile(r"^content-type:\s*(\S.*?)\s*$", re.IGNORECASE | re.MULTILINE)
