"""A face check's page for this machine: QR code, seconds that are left, and how it went."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any, Final, Literal

import segno

from ..values.models import Verification
from ..values.origins import is_loopback

CALLBACK: Final = "/callback"
"""Where a person's browser may return to, through a tunnel. What arrives there proves nothing and
is not read: the vendor is asked all the time."""
_DONE: Final = (
    "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<p>Done. You can close this page. · <span lang=zh>已完成 · 可以关闭此页面</span></p>"
)
State = Literal["waiting", "verified", "expired", "failed"]
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'",
}


class VerifyPage:
    """
    What the page shows now. Its address holds a secret, as the page holds the check's link.

    Attributes:
        url: Where it is, on loopback.
    """

    def __init__(self, name: str) -> None:
        self.url = ""
        self._name = name
        self._secret = secrets.token_urlsafe(16)
        self._state: State = "waiting"
        self._check: Verification | None = None
        self._again = threading.Event()

    def show(self, check: Verification) -> None:
        """Show a check that was just opened."""
        self._check, self._state = check, "waiting"

    def end(self, state: State) -> None:
        """Show how it ended."""
        self._state = state

    def wait_for_again(self) -> None:
        """Wait until the person asks for a new link."""
        while not self._again.wait(0.2):  # an interrupt gets through between two looks
            pass
        self._again.clear()

    @contextmanager
    def served(self, port: int = 0) -> Generator[None]:
        """Serve it on this machine, until the block ends."""
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page.answer(self, posted=False)

            def do_POST(self) -> None:
                page.answer(self, posted=True)

            def log_message(self, format: str, *args: Any) -> None:
                del format, args  # the path is a secret

        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{server.server_port}/{self._secret}/"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join(5)

    def answer(self, request: BaseHTTPRequestHandler, *, posted: bool) -> None:
        """Answer one request of a browser."""
        if request.path.partition("?")[0] == CALLBACK:  # by whatever name a tunnel has
            return _send(request, 200, "text/html; charset=utf-8", _DONE)
        # Another page could otherwise reach this one under its own host's name.
        is_ours = is_loopback(f"http://{request.headers.get('Host', '')}")
        base, _, rest = request.path.lstrip("/").partition("/")
        if not is_ours or not secrets.compare_digest(base.encode(), self._secret.encode()):
            return _send(request, 404, "text/plain", "not here")
        if posted and rest == "again":
            self._again.set()
            return _send(request, 303, "text/plain", "", Location=f"/{self._secret}/")
        if rest == "state":
            return _send(request, 200, "application/json", json.dumps(self._now()))
        if rest == "" and not posted:
            return _send(request, 200, "text/html; charset=utf-8", self._html())
        return _send(request, 404, "text/plain", "not here")

    def _now(self) -> dict[str, Any]:
        check = self._check
        until: datetime | None = check.expires_at if check else None
        return {"state": self._state, "until": until and until.timestamp()}

    def _html(self) -> str:
        check, link = self._check, ""
        if check and check.url and self._state == "waiting":
            qr = segno.make(check.url, error="l").svg_inline(omitsize=True, border=4, light="white")
            words = "Open the page · <span lang=zh>打开页面</span>"
            link = f'{qr}<p><a href="{escape(check.url)}" rel="noreferrer">{words}</a></p>'
        if check and check.person_code:
            link += f"<p class=code>{escape(check.person_code)}</p>"
        template = files("portraitkit.cli").joinpath("verify_page.html").read_text(encoding="utf-8")
        parts = {"NAME": escape(self._name), "LINK": link, "STATE": self._state}
        for key, text in parts.items():
            template = template.replace(f"<!--{key}-->", text)
        return template


def _send(
    request: BaseHTTPRequestHandler, status: int, kind: str, text: str, **headers: str
) -> None:
    body = text.encode()
    request.send_response(status)
    whole = {"Content-Type": kind, "Content-Length": str(len(body)), **_HEADERS, **headers}
    for name, value in whole.items():
        request.send_header(name, value)
    request.end_headers()
    _ = request.wfile.write(body)
