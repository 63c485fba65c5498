"""One process of several: threads reserve turns in a shared queue and print when they went."""

from __future__ import annotations

import sys
import threading
import time

from portraitkit.limits.limiter import QueueFullError
from portraitkit.limits.rates import Rate
from portraitkit.limits.redis_limiter import RedisLimiter
from portraitkit.values.secret import Secret


def main(url: str, name: str, most: int, threads: int, until: float) -> None:
    limiter, rate, times = RedisLimiter(Secret(url)), Rate(most=most), []

    def work() -> None:
        while time.time() < until:
            now_s = time.monotonic()
            left_s = until - time.time()
            try:
                key = ("vendor", "account", name)
                reservation = limiter.reserve(key, rate, now_s=now_s, within_s=left_s)
                while wait_s := limiter.wait_s(reservation, now_s=now_s, within_s=left_s):
                    time.sleep(wait_s)
                    now_s = time.monotonic()
            except QueueFullError:
                return
            assert reservation.shared
            times.append(time.time())

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print(*times)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))
