"""
Receives what vendors call back: an ASGI application, to be run or mounted by any web framework.

    from portraitkit.callbacks import Callbacks

    callbacks = Callbacks(client, secret=os.environ["CALLBACK_SECRET"], on_video=save)
    app.mount("/vendors", callbacks)                      # FastAPI, Starlette
    callbacks.url("https://app.example/vendors", "video")   # the request's callback_url

No vendor signs what it posts. So the path cannot be guessed, and what arrives only says where to
look: the vendor is asked, and the handler gets its answer.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import parse_qsl

import anyio

from .client.client import AsyncClient
from .values.errors import (
    ConfigError,
    InvalidInputError,
    NotFoundError,
    PortraitError,
    UnsupportedError,
)
from .values.models import Verification, VideoTask
from .wire.codec import is_object

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BODY_LIMIT_BYTES: Final = 64 * 1024
"""The largest body that is read; a task is some hundred bytes."""
BODY_LIMIT_S: Final = 10.0
"""How long a body may take to arrive."""
_DONE: Final = 204
_SHORTEST_SECRET: Final = 16
_REMEMBERED: Final = 1000
_PAGE: Final = (
    "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<meta name=color-scheme content='light dark'><title>portraitkit</title>"
    "<body style='font:1.2em system-ui;margin:3em'>"
    "<p>You may close this page.</p><p lang=zh>您可以关闭此页面。</p>"
)


class Callbacks:
    """
    The application. Its two addresses are `url(base, "verification")` and `url(base, "video")`.

    Args:
        client: Asks the vendor what is true.
        secret: The part of the path that nobody can guess, of at least 16 characters, such as
            `secrets.token_urlsafe(32)` made once. Whoever has it can make the client look.
        on_verification: Gets a face check as the vendor tells of it, once for each status.
        on_video: Gets a video likewise.

    Raises:
        ConfigError: The secret is too short.
    """

    def __init__(
        self,
        client: AsyncClient,
        *,
        secret: str,
        on_verification: Callable[[Verification], Awaitable[object]] | None = None,
        on_video: Callable[[VideoTask], Awaitable[object]] | None = None,
    ) -> None:
        if len(secret) < _SHORTEST_SECRET or not secret.isascii() or "/" in secret:
            raise ConfigError(
                f"the secret of a path has to have at least {_SHORTEST_SECRET} plain characters",
                field="secret",
                next_step="make one with secrets.token_urlsafe(32), and keep it with the keys",
            )
        self._client = client
        self._secret = secret
        self._on_verification = on_verification
        self._on_video = on_video
        self._handled: OrderedDict[tuple[str, str], None] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Callbacks of {self._client!r}>"

    def url(self, base_url: str, kind: Literal["verification", "video"]) -> str:
        """The address to give to the vendor, where this is reached under *base_url*."""
        return f"{base_url.rstrip('/')}/{self._secret}/{kind}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        if scope["type"] != "http":
            return
        path = str(scope["path"]).removeprefix(str(scope.get("root_path") or ""))
        given, _, kind = path.strip("/").partition("/")
        is_ours = compare_digest(given.encode(), self._secret.encode())
        look = {"verification": self._look_at_check, "video": self._look_at_video}.get(kind)
        if not is_ours or look is None:
            status = 404
        elif scope["method"] not in ("GET", "POST") or (kind, scope["method"]) == ("video", "GET"):
            status = 405
        else:
            status = await self._received(look, scope, receive)
        is_seen = scope["method"] == "GET" and status == _DONE
        await _answer(send, 200 if is_seen else status, _PAGE if is_seen else "")

    async def _received(
        self, look: Callable[[bytes, str], Awaitable[None]], scope: Scope, receive: Receive
    ) -> int:
        """Look at what a notice names; give the status to answer with."""
        try:
            with anyio.fail_after(BODY_LIMIT_S):
                body = await _body(receive)
        except TimeoutError:
            return 408
        if body is None:
            return 413
        try:
            await look(body, scope["query_string"].decode("latin-1"))
        except (InvalidInputError, NotFoundError, UnsupportedError):
            return 400  # forged, of another account, or nothing that this vendor sends
        except PortraitError:
            return 503  # the vendor posts it again
        return _DONE

    async def _look_at_video(self, body: bytes, query: str) -> None:
        del query
        hint = self._client.read_video_callback(body)
        task = await self._client.get_video(hint)
        if self._on_video and self._is_new(task.handle, task.status.value):
            _ = await self._on_video(task)

    async def _look_at_check(self, body: bytes, query: str) -> None:
        hint = self._client.read_callback(query or _fields(body))
        check = await self._client.check_verification(hint)
        # A handle is sealed afresh each time, so that it does not tell whether it is the same.
        name = sha256(hint.token.reveal().encode()).hexdigest() if hint.token else hint.handle
        if self._on_verification and self._is_new(name, check.status.value):
            _ = await self._on_verification(check)

    def _is_new(self, name: str, status: str) -> bool:
        """Whether a status is the first of its kind: notices are repeated and come disordered."""
        if (name, status) in self._handled:
            return False
        self._handled[name, status] = None
        if len(self._handled) > _REMEMBERED:
            _ = self._handled.popitem(last=False)
        return True


def _fields(body: bytes) -> Mapping[str, Any]:
    """The members of a JSON body, or of a form."""
    read: Any
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        read = dict(parse_qsl(body.decode("latin-1")))
    return read if is_object(read) else {}


async def _body(receive: Receive) -> bytes | None:
    """Read a body; None if it is too large."""
    body = b""
    while True:
        message = await receive()
        chunk: bytes = message.get("body", b"")
        body += chunk
        if len(body) > BODY_LIMIT_BYTES or message["type"] == "http.disconnect":
            return None
        if not message.get("more_body", False):
            return body


async def _answer(send: Send, status: int, page: str) -> None:
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"referrer-policy", b"no-referrer")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": page.encode()})


async def _live(receive: Receive, send: Send) -> None:
    """Say that nothing has to be started or stopped; the client is the caller's."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
