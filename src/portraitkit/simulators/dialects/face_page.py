"""
The page that a person opens on the phone, for the vendors with a session and a token.

Documented: one use, a redirect to the callback address with `bytedToken`, `resultCode`,
`algorithmBaseRespCode`, `reqMeasureInfoValue` and `verify_type`. Assumed: how the page itself looks
and what it answers once it is used up or too old, and that the fields join a query that is there.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

from ...wire.steps import Request, Response
from ..simulator import Simulator
from ..state import SimCheck

PASSED: Final = 10000
DONE: Final = "/h5/done"
"""A page to return to, in the place of an application's own."""

_FRAME: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Face check (simulated)</title>
<style>
  body {{ font: 1rem/1.5 system-ui, sans-serif; color: #223; background: #f4f5f8; margin: 0 }}
  main {{ max-width: 22rem; margin: 3rem auto; padding: 2rem; background: #fff;
         border-radius: 1rem }}
  h1 {{ font-size: 1.3rem; margin: 0 0 .5rem }}
  button {{ font: inherit; width: 100%; padding: .8rem; margin-top: .8rem; border-radius: .6rem;
           border: 1px solid #35497a; background: #35497a; color: #fff }}
  button.no {{ background: #fff; color: #35497a }}
</style>
<main><h1>Face check (simulated)</h1>{}</main>
</html>
"""
_ASK: Final = """<p>A vendor's page would film the person's face here. Nothing is filmed: say what
came of it.</p>
<form method="post"><button name="result" value="10000">The person passes</button>
<button class="no" name="result" value="10001">The person fails</button></form>
"""


def face_page(simulator: Simulator, request: Request) -> Response | None:
    """Answer a request to a face check's page; None if it is for something else."""
    path = urlsplit(request.url).path
    if not path.startswith("/h5/"):
        return None
    if path == DONE:
        return _page(simulator, "Done. You can close this page.")
    world = simulator.world
    check = world.checks.get(path.removeprefix("/h5/"))
    if check is None:
        return _page(simulator, "This link does not exist.", 404)
    if check.result_code is not None or world.now() >= check.expires_at:
        return _page(simulator, "This link is used up or too old.", 410)
    if request.method != "POST":
        return _page(simulator, _ASK)
    return _finish(simulator, check, request)


def _finish(simulator: Simulator, check: SimCheck, request: Request) -> Response:
    result = parse_qs(request.content.decode(errors="replace")).get("result", [str(PASSED)])[0]
    check.result_code, check.in_browser = int(result) if result.isdecimal() else 0, True
    _ = simulator.world.settle_check(check)
    if not check.callback_url:
        return _page(simulator, f"Done: {check.result_code}.")
    return _page(simulator, "", 302, location=_callback(check))


def returned(check: SimCheck) -> Request | None:
    """Make what the person's browser asks of the callback address, unless a real one did."""
    return None if check.in_browser else Request(method="GET", url=_callback(check))


def _callback(check: SimCheck) -> str:
    passed = check.result_code == PASSED
    fields = {
        "bytedToken": check.token,
        "resultCode": str(check.result_code),
        "algorithmBaseRespCode": "0" if passed else "1",
        "reqMeasureInfoValue": "1",
        "verify_type": "real_time",
    }
    joint = "&" if urlsplit(check.callback_url).query else "?"
    return f"{check.callback_url}{joint}{urlencode(fields)}"


def _page(simulator: Simulator, text: str, status: int = 200, **headers: str) -> Response:
    return simulator.text(_FRAME.format(text), "html", status, **headers)
