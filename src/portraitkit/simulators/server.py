"""
Simulated vendors over real HTTP, on this machine only.

    with serve(AllTokenSimulator()) as server:
        print(server.url)                       # http://127.0.0.1:49731

Anything that speaks HTTP can then be tried without an account: this library, a vendor's own client,
curl. The simulator under it stays pure; here are only the socket, files, ranges and the wall clock.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import mimetypes
import re
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self
from urllib.parse import parse_qsl

from attrs import evolve

from ..values.origins import is_loopback
from ..wire.steps import Request, Response
from .admin import PATH as ADMIN_PATH
from .admin import Admin
from .faults import Answered, Faults
from .notices import NoticeSender
from .simulator import Simulator

try:
    import uvicorn
except ImportError as missing:
    raise ImportError(
        "a served simulator needs: pip install 'portraitkit[simulators]'"
    ) from missing

BODY_LIMIT_BYTES: Final = 64 * 1024 * 1024
"""The largest request body that is read."""

_START_LIMIT_S: Final = 10.0
_STOP_LIMIT_S: Final = 10.0
_FILE_PATHS: Final = ("/media/", "/files/")
# Simulators are plain values and two servers may share one, so one request is answered at a time.
_ONE_AT_A_TIME: Final = threading.Lock()

_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Served(Protocol):
    """What can be served: a `Simulator`, or something that wraps one."""

    base_url: str

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        ...


class WallClock:
    """
    A simulated clock that runs by itself, *speed* times as fast as the real one.

    A signature carries the real time. At a vendor that checks it, a fast clock is soon too far
    ahead: there, shorten `World.review_s`, `queue_s` and `render_s` instead.
    """

    def __init__(
        self, speed: float = 1.0, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        if not 0 < speed < float("inf"):
            raise ValueError("a clock's speed is a number above 0")
        self._speed = speed
        self._start = datetime.now(UTC)
        self._monotonic = monotonic
        self._start_s = monotonic()

    def __call__(self) -> datetime:
        """Tell the simulated time."""
        return self._start + timedelta(seconds=(self._monotonic() - self._start_s) * self._speed)

    @property
    def speed(self) -> float:
        """How many times as fast as the real one it runs from now on."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        now = self()
        self._start, self._start_s, self._speed = now, self._monotonic(), speed

    def advance(self, seconds: float) -> None:
        """Let *seconds* pass at once."""
        self._start += timedelta(seconds=seconds)


def serve(
    simulator: Served,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    folder: Path | str | None = None,
    is_public: bool = False,
    admin: bool = False,
    deliver: Mapping[str, str] | None = None,
) -> Server:
    """
    Make a server for one simulator; `with` starts and stops it.

    Args:
        simulator: Its `base_url` becomes the server's, so that links in its answers work.
        host: A loopback address, unless *is_public*.
        port: 0 takes a free one.
        folder: Its files are handed out under /files/, as a media host would: pictures to add by
            URL. Folders are not listed, and names that begin with a dot are not served.
        is_public: Whether other machines may reach it. Whoever does is answered.
        admin: Whether it can be driven at `/__admin/`, and sends its vendor's notices.
        deliver: Where notices may go besides this machine: an origin, and what stands for it.

    Raises:
        ValueError: *host* is not a loopback address, and it is not public.
    """
    server = Server(simulator, host, port, None if folder is None else Path(folder), is_public)
    if admin and isinstance(simulator, Simulator):
        server.open_admin(simulator, deliver or {})
    return server


class Server:
    """
    One simulator behind one port.

    Attributes:
        simulator: What answers.
        url: The origin, without a slash at its end; empty before the server runs.
        failures: What the simulator raised; each was answered with HTTP 500. Leaving the `with`
            block raises the first, so that a defect here is not taken for a vendor's mood.
    """

    def __init__(
        self,
        simulator: Served,
        host: str,
        port: int,
        folder: Path | None,
        is_public: bool = False,  # noqa: FBT001, FBT002  (serve names it)
    ) -> None:
        literal = f"[{host}]" if ":" in host else host
        if not is_public and not is_loopback(f"http://{literal}"):
            raise ValueError(f"a simulator is served on a loopback address only, not on {host!r}")
        self.simulator = simulator
        self.failures: list[Exception] = []
        self._address = (host, port)
        self._literal = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(literal, literal)  # noqa: S104
        self._folder = folder
        self._is_public = is_public
        self._admin: Admin | None = None
        self.url = ""
        self._uvicorn: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def open_admin(self, simulator: Simulator, deliver: Mapping[str, str]) -> None:
        """Let it be driven at `/__admin/`, and send its notices while it runs."""
        sender = NoticeSender(simulator, _ONE_AT_A_TIME, deliver)
        self._admin = Admin(simulator, Faults(), sender)

    def file_url(self, name: str) -> str:
        """Where a file of the served folder is found."""
        return f"{self.url}/files/{name}"

    def __enter__(self) -> Self:
        family = socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET
        listener = socket.create_server(self._address, family=family)
        # Inherited by what it accepts: head and body go out apart, and would wait 40 ms for an ack.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.url = f"http://{self._literal}:{listener.getsockname()[1]}"
        self.simulator.base_url = self.url
        config = uvicorn.Config(
            self._app, interface="asgi3", http="h11", ws="none", loop="asyncio", lifespan="off",
            proxy_headers=False, server_header=False, date_header=False, access_log=False,
            log_config=None, log_level="error", timeout_graceful_shutdown=1,
        )  # fmt: skip
        self._uvicorn = server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=server.run, args=([listener],), name=f"simulator {self.url}", daemon=True
        )
        self._thread.start()
        give_up_s = time.monotonic() + _START_LIMIT_S
        while not server.started:
            if not self._thread.is_alive() or time.monotonic() > give_up_s:
                listener.close()
                raise RuntimeError(f"the server at {self.url} did not start")
            time.sleep(0.002)
        if self._admin and self._admin.notices:
            self._admin.notices.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._admin and self._admin.notices:
            self._admin.notices.stop()
        if self._uvicorn is not None and self._thread is not None:
            self._uvicorn.should_exit = True
            self._thread.join(_STOP_LIMIT_S)
            if self._thread.is_alive() and error is None:
                raise RuntimeError(f"the server at {self.url} did not stop in {_STOP_LIMIT_S} s")
        if error is not None:
            for failure in self.failures:
                error.add_note(f"the simulator itself failed: {failure!r}")
        elif self.failures:
            raise self.failures[0]

    async def _app(self, scope: MutableMapping[str, Any], receive: _Receive, send: _Send) -> None:
        headers = _headers_of(scope)
        host = headers.get("host", "")
        body = await _body_of(receive)
        response: Response | None
        if host and not self._is_public and not is_loopback(f"http://{host}"):
            # A page in a browser could otherwise reach this port under its own host's name.
            response = _plain(421, "this server answers to loopback names only")
        elif body is None:
            response = _plain(413, f"a body has at most {BODY_LIMIT_BYTES} bytes")
        else:
            base_url = f"http://{host}" if host else self.url
            query = scope["query_string"].decode("latin-1")
            request = Request(
                method=scope["method"],
                url=base_url + scope["raw_path"].decode("latin-1"),
                query=tuple(parse_qsl(query, keep_blank_values=True)),
                headers=headers,
                content=body,
            )
            answered = self._answer(request, scope["path"], base_url)
            await asyncio.sleep(answered.delay_s)
            response = answered.response
            if response is None:
                await _hang_up(receive, send)
                return
        await _send_response(response, send, head=scope["method"] == "HEAD")

    def _answer(self, request: Request, path: str, base_url: str) -> Answered:
        if self._admin and path.startswith(ADMIN_PATH):
            with _ONE_AT_A_TIME:
                return Answered(response=self._admin.answer(request))
        is_file = path.startswith(_FILE_PATHS) and request.method in ("GET", "HEAD")
        if is_file:
            request = evolve(request, method="GET")
        if is_file and path.startswith("/files/"):
            answered = Answered(response=_file_in(self._folder, path.removeprefix("/files/")))
        else:
            try:
                with _ONE_AT_A_TIME:
                    answered = self._asked(request, base_url)
            except Exception as failure:  # noqa: BLE001  (reported when the server stops)
                self.failures.append(failure)
                text = f"the simulator itself failed: {type(failure).__name__}"
                return Answered(response=_plain(500, text))
        if is_file and answered.response:
            return evolve(answered, response=_part_of(answered.response, request.headers))
        return answered

    def _asked(self, request: Request, base_url: str) -> Answered:
        if self._is_public:  # links lead back by the name that this client knows it by
            self.simulator.base_url = base_url
        if self._admin:
            return self._admin.faults.answer(self._admin.simulator, request)
        return Answered(response=self.simulator.handle(request))


def _headers_of(scope: MutableMapping[str, Any]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


async def _body_of(receive: _Receive) -> bytes | None:
    """Read the body; None if it is too large."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > BODY_LIMIT_BYTES:
            return None
        if not message.get("more_body", False):
            return bytes(body)


async def _send_response(response: Response, send: _Send, *, head: bool) -> None:
    framing = ("content-length", "transfer-encoding")
    headers = {k.lower(): v for k, v in response.headers.items() if k.lower() not in framing}
    if response.status not in (204, 304):
        headers["content-length"] = str(len(response.content))
    pairs = [(name.encode("latin-1"), text.encode("latin-1")) for name, text in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": pairs})
    await send({"type": "http.response.body", "body": b"" if head else response.content})


async def _hang_up(receive: _Receive, send: _Send) -> None:
    """Break the connection off without a byte, which ASGI has no message for."""
    cycle: Any = getattr(send, "__self__")  # noqa: B009  (uvicorn's, which has the transport)
    cycle.transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


def _plain(status: int, message: str, **headers: str) -> Response:
    content = json.dumps({"error": {"message": message}}).encode()
    headers["content-type"] = "application/json"
    return Response(status=status, headers=headers, content=content, received_at=datetime.now(UTC))


def _file_in(folder: Path | None, name: str) -> Response:
    try:
        root = Path() if folder is None else folder.resolve(strict=True)
        path = (root / name).resolve(strict=True)
        hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
        content = None if folder is None or hidden else path.read_bytes()
    except (OSError, ValueError):
        content = None
    if content is None:
        return _plain(404, "no such file")
    headers = {"content-type": mimetypes.guess_type(name)[0] or "application/octet-stream"}
    return Response(status=200, headers=headers, content=content, received_at=datetime.now(UTC))


def _part_of(response: Response, wanted: Mapping[str, str]) -> Response:
    """Cut the asked range out of a whole file, so that a broken download can go on."""
    if response.status != 200:
        return response
    size = len(response.content)
    etag = f'"{hashlib.sha256(response.content).hexdigest()[:16]}"'
    headers = {**response.headers, "accept-ranges": "bytes", "etag": etag}
    whole = evolve(response, headers=headers)
    asked = re.fullmatch(r"bytes=(\d*)-(\d*)", wanted.get("range", ""))
    if not asked or not any(asked.groups()) or wanted.get("if-range", etag) != etag:
        return whole
    first, last = asked.groups()
    start = int(first) if first else max(size - int(last), 0)
    end = min(int(last), size - 1) if first and last else size - 1
    if start > end:
        if first and last and int(last) < start:
            return whole
        return _plain(416, "no such range", **{"content-range": f"bytes */{size}"})
    headers["content-range"] = f"bytes {start}-{end}/{size}"
    return evolve(response, status=206, headers=headers, content=response.content[start : end + 1])
