"""
How a request's body leaves: a large one piece by piece, as the layers below copy what they get.

A small one is bytes, which any client, hook and recorder can look at.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import closing

import anyio.to_thread

from ..values.body import WHOLE_BYTES, Body, pieces_of


def is_streamed(body: bytes | Body) -> bool:
    """Whether it is handed on in pieces; its length is told beforehand all the same."""
    return isinstance(body, Body) or len(body) > WHOLE_BYTES


async def pieces_of_async(body: bytes | Body) -> AsyncGenerator[bytes]:
    """Give the pieces of a body; a file is read off the event loop, as a disk may be slow."""
    pieces = pieces_of(body)
    if isinstance(body, bytes):
        for piece in pieces:
            yield piece
        return
    with closing(pieces):
        while piece := await anyio.to_thread.run_sync(next, pieces, b""):
            yield piece
            del piece
