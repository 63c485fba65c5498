"""Bytes as a row of choices: a fuzzer mutates the bytes, and other values are built from them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeVar

T = TypeVar("T")

WORDS = (
    "",
    "Active",
    "Processing",
    "processing",
    "Failed",
    "failed",
    "completed",
    "succeeded",
    "queued",
    "running",
    "in_progress",
    "expired",
    "pending_validation",
    "AIGC",
    "LivenessFace",
    "REAL_FACE",
    "VIRTUAL_PORTRAIT",
    "Image",
    "Video",
    "image_url",
    "first_frame",
    "last_frame",
    "reference_image",
    "asset",
    "group",
    "NotFound.x",
    "NotFound",
    "ValidatePending",
    "TokenExpired",
    "InvalidParameter",
    "QuotaExceeded",
    "FlowLimitExceeded",
    "server_error",
    "0",
    "10000",
    "2026-03-18T03:57:10Z",
    "0001-01-01T00:00:00+14:00",
    "Wed, 21 Oct 2026 07:28:00 GMT",
    "https://tos.example/mia.mp4?sig=abcdef0123456789",
    "https://h5.example/face/0123456789abcdef0123456789",
    "http://[",
    "asset://asset-20260318035710-abcde",
    "asset-20260318035710-abcde",
    "group-20260318035710-abcde",
    "ta_0123456789abcdef",
    "ua_1",
    "task_1",
    "task_1#0#asset-1",
    "task_1#2of5",
    "draft:[]",
    "real:group-1",
    "group-1@99999999999",
    "pk1:alltoken:0:asset:asset-1:aaaaa",
    "20260102030405ABCDEF0123456789ABCDEF",
    "{mia}",
    "{{",
    "}",
    "{image_1}",
    "Image 1",
    "seedance-2.0",
    "env:KEY",
    "file:key",
    "\ud800",
    "\x00",
    "é笑😀",
    "²",
    "1" * 5000,
)
NUMBERS: tuple[Any, ...] = (
    0,
    1,
    -1,
    2,
    100,
    200,
    400,
    404,
    429,
    503,
    1_773_800_000,
    1_773_800_000_000,
    10**400,
    -(10**18),
    0.5,
    float("inf"),
    float("nan"),
    1e308,
)


class Choices:
    """What the bytes decide. When they are used up, every choice is the first one."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def byte(self) -> int:
        """The next byte."""
        if self._place >= len(self._data):
            return 0
        self._place += 1
        return self._data[self._place - 1]

    def below(self, limit: int) -> int:
        """A number from 0 to *limit* - 1."""
        number = self.byte() if limit <= 256 else (self.byte() << 8) + self.byte()
        return number % limit

    def pick(self, options: Sequence[T]) -> T:
        """One of *options*."""
        return options[self.below(len(options))]

    def chance(self, of: int) -> bool:
        """True once in *of* times; False when the bytes are used up."""
        return self.below(of) == of - 1

    def rest(self) -> bytes:
        """All bytes that are left."""
        rest, self._place = self._data[self._place :], len(self._data)
        return rest

    def raw(self, limit: int = 64) -> bytes:
        """Some bytes."""
        length = self.below(limit)
        start, self._place = self._place, min(self._place + length, len(self._data))
        return self._data[start : self._place]

    def text(self) -> str:
        """A word that means something somewhere, any characters, or both."""
        kind = self.below(4)
        if kind < 2:
            return self.pick(WORDS)
        plain = self.raw(24).decode("utf-8", "surrogateescape")
        return plain if kind == 2 else self.pick(WORDS) + plain

    def json(self, keys: Sequence[str], depth: int = 4) -> Any:
        """Any JSON value, the names of its members mostly from *keys*."""
        kind = self.below(10)
        if depth and kind in (6, 7, 8):
            return {self.key(keys): self.json(keys, depth - 1) for _ in range(self.below(6))}
        if depth and kind == 9:
            return [self.json(keys, depth - 1) for _ in range(self.below(4))]
        if kind == 0:
            return self.pick((None, True, False))
        return self.pick(NUMBERS) if kind == 1 else self.text()

    def key(self, keys: Sequence[str]) -> str:
        """The name of a member."""
        return self.text() if self.chance(8) else self.pick(keys)

    def spoil(self, value: Any, keys: Sequence[str]) -> Any:
        """Change some of a JSON value's parts."""
        if self.chance(12):
            return self.json(keys, 2)
        if isinstance(value, dict):
            kept = {name: self.spoil(each, keys) for name, each in value.items()}
            if kept and self.chance(8):
                del kept[self.pick(list(kept))]
            return kept
        if isinstance(value, list):
            kept_items = [self.spoil(each, keys) for each in value]
            return kept_items * self.pick((1, 1, 1, 2, 0))
        return value


def dumped(value: Any) -> bytes:
    """A JSON value as a vendor may send it; NaN, huge numbers and half characters included."""
    try:
        return json.dumps(value).encode()
    except (ValueError, RecursionError):
        return repr(value).encode("utf-8", "surrogatepass")
