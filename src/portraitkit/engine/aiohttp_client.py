"""
API calls of an asyncio loop over aiohttp, an extra, which costs a fraction of httpx's CPU time.

The only module that knows aiohttp. What it raises becomes an `httpx.HTTPError` that came from it;
`transport_errors` says which of them mean that nothing was sent. Its own second try is off.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import aiohttp
import httpx
from yarl import URL

from .direct_clients import Headers
from .plain_clients import tell


class _Answer:
    """What the engine reads of an `httpx.Response`."""

    is_stream_consumed: Final = False

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.status_code: Final = answer.status
        self.headers: Final = Headers(answer.raw_headers)
        self._content = answer.content

    async def aiter_raw(self) -> AsyncGenerator[bytes]:
        """Give the body as it comes."""
        with _as_httpx():
            async for piece in self._content.iter_any():
                yield piece


class AiohttpClient:
    """In place of `httpx.AsyncClient`, to one place directly, for small bodies held in memory."""

    at_once: Final = 8

    def __init__(self, *, verify: Any, idle_s: float) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=verify, keepalive_timeout=idle_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("Content-Type",),
        )
        self._session._retry_connection = False  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  (no other way)

    @asynccontextmanager
    async def stream(
        self,
        *,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        timeout: tuple[float, float, float, float],  # noqa: ASYNC109  (as httpx has it)
        **_others: object,
    ) -> AsyncGenerator[_Answer]:
        """Send a request and hand out its answer, whose body is still to come."""
        connect_s, read_s, _write_s, _pool_s = timeout
        for text in headers.values():
            _ = text.encode("ascii")  # as httpx has it; this would send another encoding
        try:
            address = URL(url, encoded=True)  # a signed address is sent as it was signed
            _ = address.port  # read only now
        except ValueError as error:
            raise httpx.InvalidURL("") from error
        with _as_httpx():
            answer = await self._session.request(
                method,
                address,
                headers=headers,
                data=content,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(connect=connect_s, sock_read=read_s),
            )
        try:
            tell(method, url, answer.status, answer.reason or "")
            yield _Answer(answer)
        finally:
            answer.release()

    async def aclose(self) -> None:
        """Close its connections."""
        await self._session.close()


@contextmanager
def _as_httpx() -> Generator[None]:
    try:
        yield
    except (aiohttp.ClientError, TimeoutError) as error:
        raise httpx.ReadError("") from error
    except ValueError as error:
        raise httpx.LocalProtocolError("") from error
