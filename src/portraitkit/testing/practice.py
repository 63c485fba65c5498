"""Recording for practice: the same recorder, with a simulator where the vendor would be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl

import httpx
from attrs import evolve

from ..engine.transport import HttpxTransport
from ..operations.provider import PortraitProvider
from ..rehearsal import Rehearsal
from ..wire.steps import Request, Response
from .doubles.vendors import PortraitSimulator


def practice(
    sees: Callable[[PortraitProvider, Request], None], vendor: str, scratch: Path | None
) -> Rehearsal:
    """Make a rehearsal whose answers come from a simulator; the recorder *sees* what is asked."""
    simulator = PortraitSimulator()

    def answer(provider: PortraitProvider, request: Request) -> Response:
        sees(provider, request)
        handler = _handler(lambda received: simulator.answer(provider, received))
        with httpx.Client(transport=httpx.MockTransport(handler)) as client:
            return HttpxTransport(client).send(request)

    return evolve(simulator.rehearsal(vendor, scratch), answer=answer)


def _handler(handle: Callable[[Request], Response]) -> Callable[[httpx.Request], httpx.Response]:
    def handler(sent: httpx.Request) -> httpx.Response:
        response = handle(
            Request(
                method=sent.method,
                url=str(sent.url.copy_with(query=None)),
                query=tuple(parse_qsl(sent.url.query.decode(), keep_blank_values=True)),
                headers=dict(sent.headers),
                content=sent.content,
            )
        )
        headers = {k: v for k, v in response.headers.items() if k.lower() != "content-length"}
        return httpx.Response(response.status, headers=headers, content=response.content)

    return handler
