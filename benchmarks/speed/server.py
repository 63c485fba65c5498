"""
A vendor on loopback that costs next to nothing: canned answers to whatever is asked.

    python server.py          prints two ports: of a vendor, and of one whose uploads fail once each
"""

from __future__ import annotations

import asyncio
import json
from itertools import count
from typing import Any, Final

ASSET: Final = "asset-20260318035710-abcde"
GROUP: Final = "group-20260318035710-abcde"
POLLS: Final = 10
FILE_BYTES: Final = 64 * 1024**2
_PIECE: Final = bytes(1024**2)
_START: Final = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2"


def asset(number: int) -> dict[str, Any]:
    """One row, with all that the documentation shows."""
    return {
        "Id": f"asset-20260318035710-{number:05d}",
        "Name": f"front {number}",
        "URL": f"https://cdn.example/{number}.jpg?X-Tos-Signature=0123456789abcdef{number}",
        "AssetType": "Image",
        "GroupId": GROUP,
        "Status": "Active",
        "ProjectName": "default",
        "CreateTime": "2026-03-18T03:57:10Z",
        "UpdateTime": "2026-03-18T03:57:24Z",
    }


def envelope(result: object) -> bytes:
    """An Action's answer."""
    metadata = {
        "RequestId": "202603180357100123456789ABCDEF01",
        "Action": "GetAsset",
        "Version": "2024-01-01",
        "Service": "ark",
        "Region": "cn-beijing",
    }
    return json.dumps({"ResponseMetadata": metadata, "Result": result}).encode()


LIST: Final = envelope(
    {"Items": [asset(each) for each in range(100)], "TotalCount": 100, "PageNumber": 1}
)
ACTIONS: Final = {
    b"GetAsset": envelope(asset(1)),
    b"ListAssets": LIST,
    b"CreateAsset": envelope({"Id": ASSET}),
    b"UpdateAsset": envelope({"Id": ASSET}),
}


def task(status: str) -> bytes:
    """A video task's answer."""
    found: dict[str, Any] = {
        "id": "cgt-20260318035710-abcde",
        "model": "doubao-seedance-2-0-260128",
        "status": status,
        "created_at": 1773777430,
        "updated_at": 1773777500,
        "resolution": "720p",
        "ratio": "16:9",
        "duration": 5,
    }
    if status == "succeeded":
        found["content"] = {"video_url": "https://cdn.example/1.mp4?X-Tos-Signature=0123456789"}
        found["usage"] = {"completion_tokens": 246840, "total_tokens": 246840}
    return json.dumps(found).encode()


class Vendor(asyncio.Protocol):
    """One connection."""

    looks = count(1)
    uploads = count()

    def __init__(self, *, flaky: bool) -> None:
        self._flaky = flaky
        self._buffer = b""
        self._rest = 0
        self._head = b""

    def connection_made(self, transport: Any) -> None:
        """Begin."""
        self._transport = transport
        self._room = asyncio.Event()
        self._room.set()

    def pause_writing(self) -> None:
        """Hold a file."""
        self._room.clear()

    def resume_writing(self) -> None:
        """Go on with a file."""
        self._room.set()

    def data_received(self, data: bytes) -> None:
        """Take what comes; bodies are counted, not kept."""
        while data:
            if self._rest:
                taken = min(self._rest, len(data))
                self._rest, data = self._rest - taken, data[taken:]
            else:
                self._head, found, data = (self._buffer + data).partition(b"\r\n\r\n")
                if not found:
                    self._buffer, data = self._head, b""
                    return
                self._buffer = b""
                self._rest = _length(self._head)
            if not self._rest:
                self._answer(self._head)

    def _answer(self, head: bytes) -> None:
        line, _, _ = head.partition(b"\r\n")
        _, target, _ = line.split(b" ", 2)
        if target.startswith(b"/file"):
            self._file = asyncio.ensure_future(self._send_file())
        elif b"upload" in target:
            if self._flaky and next(self.uploads) % 2 == 0:
                self._write(b'{"error": {"message": "too many requests"}}', b"429 Busy")
            else:
                self._write(ACTIONS[b"CreateAsset"])
        elif b"Action=" in target:
            action = target.partition(b"Action=")[2].partition(b"&")[0]
            self._write(ACTIONS[action])
        elif line.startswith(b"POST"):
            self._write(b'{"id": "cgt-20260318035710-abcde"}')
        else:
            done = next(self.looks) % POLLS == 0
            self._write(task("succeeded" if done else "running"))

    def _write(self, content: bytes, status: bytes = b"200 OK") -> None:
        self._transport.write(
            b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
            % (status, len(content), content)
        )

    async def _send_file(self) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: video/mp4\r\ncontent-length: %d\r\n\r\n%b"
        self._transport.write(head % (FILE_BYTES, _START))
        left = FILE_BYTES - len(_START)
        while left:
            piece = _PIECE[:left]
            self._transport.write(piece)
            left -= len(piece)
            await self._room.wait()


def _length(head: bytes) -> int:
    found = head.lower().partition(b"content-length:")[2]
    return int(found.partition(b"\r\n")[0] or 0)


async def main() -> None:
    """Serve until killed."""
    loop = asyncio.get_running_loop()
    ports: list[int] = []
    for flaky in (False, True):
        server = await loop.create_server(lambda f=flaky: Vendor(flaky=f), "127.0.0.1", 0)
        ports.append(server.sockets[0].getsockname()[1])
    print(*ports, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
