"""Print what the limiter costs each request, measured side by side with none."""

from __future__ import annotations

import os
import statistics
import time
from typing import TYPE_CHECKING, Final

from portraitkit.client.client import Client
from portraitkit.limits.limiter import Key, Limiter, ProcessLimiter, Reservation
from portraitkit.limits.rates import Rate
from portraitkit.providers.volcengine import Volcengine
from portraitkit.testing import answer
from portraitkit.values.secret import Secret

if TYPE_CHECKING:
    from portraitkit.wire.steps import Request, Response

ROUNDS: Final = 60
CALLS: Final = 100
ASSET: Final = "asset-20260318035710-abcde"
FAST: Final = Rate(most=10**9, source="this benchmark")
"""A queue that does all its sums and lets everybody go."""
PROVIDER: Final = Volcengine(
    access_key=Secret("AKLTexample"),
    secret_key=Secret("not-a-secret"),
    api_key=Secret("not-a-key"),
    rates={"GetAsset": FAST},
)


class Nothing:
    """A limiter that does nothing."""

    blocks = False

    def reserve(self, key: Key, rate: Rate, *, now_s: float, within_s: float) -> Reservation:
        """Give out one that is due."""
        del within_s
        return Reservation(key=key, rate=rate, due_s=now_s)

    def wait_s(self, reservation: Reservation, *, now_s: float, within_s: float) -> float:
        """Let it go."""
        del reservation, now_s, within_s
        return 0.0

    def hold(self, reservation: Reservation, *, now_s: float, hold_s: float) -> None:
        """Hold nobody."""


class Instant:
    """A network that takes no time."""

    def send(self, request: Request) -> Response:
        """Answer at once."""
        del request
        return _ANSWER

    def close(self) -> None:
        """Nothing is open."""


_ANSWER: Final = answer({"Result": {"Id": ASSET, "Status": "Active"}})


def main() -> None:
    """Take medians of interleaved rounds, so that a noisy machine is noisy for all alike."""
    limiters: dict[str, Limiter] = {"none": Nothing(), "process": ProcessLimiter()}
    if url := os.environ.get("REDIS_URL"):
        from portraitkit.limits.redis_limiter import RedisLimiter  # noqa: PLC0415  (an extra)

        limiters["Redis"] = RedisLimiter(Secret(url))
    clients = {
        name: Client(PROVIDER, transport=Instant(), limiter=limiter)
        for name, limiter in limiters.items()
    }
    times: dict[str, list[float]] = {name: [] for name in clients}
    for _ in range(ROUNDS):
        for name, client in clients.items():
            started = time.perf_counter()
            for _ in range(CALLS):
                _ = client.get_asset(ASSET)
            times[name].append((time.perf_counter() - started) / CALLS * 1e6)
    base = statistics.median(times["none"])
    for name, found in times.items():
        median = statistics.median(found)
        print(f"{name:<10}{median:>9.1f} us a request{median - base:>9.1f} us more")


if __name__ == "__main__":
    main()
