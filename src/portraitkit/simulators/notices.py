"""Delivers what a simulated vendor sends to callback URLs, also late, twice or out of order."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from attrs import asdict, define, evolve, field, frozen

from ..engine.transport import HttpxTransport, TransportError
from ..values.errors import PortraitError
from ..values.masking import mask_links
from ..values.origins import is_loopback, origin_of
from ..wire.steps import Request
from .simulator import Notice, NoticeRules, Simulator

_LOOK_S: Final = 0.05
_ONCE: Final = NoticeRules(states=frozenset())
"""For a face check: a browser, which tries once."""


@define(kw_only=True)
class Disorder:
    """
    How notices go astray.

    Attributes:
        late_s: Seconds of the vendor's time by which each comes late.
        copies: How often each is sent; 0 loses it.
        backwards: Whether those of one thing come in reverse, all when the last is due.
    """

    late_s: float = 0.0
    copies: int = 1
    backwards: bool = False

    def ordered(self, notices: list[Notice]) -> list[Notice]:
        """The notices as they are sent, with the times at which they are."""
        if self.backwards:
            last = {each.subject: each.due_at for each in notices}
            notices = [evolve(each, due_at=last[each.subject]) for each in reversed(notices)]
        late = timedelta(seconds=self.late_s)
        return [evolve(each, due_at=each.due_at + late) for each in notices]


@frozen(kw_only=True)
class Delivery:
    """One try to deliver a notice, at the vendor's time, and what came of it."""

    subject: str
    event: str
    sent_at: str
    method: str
    url: str
    outcome: str


@define
class NoticeSender:
    """
    Sends a simulator's notices over HTTP as they fall due, while it is started.

    Attributes:
        lock: Held while the simulator is looked at.
        origins: Where notices may go besides this machine: an origin in callback URLs, and the one
            that stands for it here, such as `https://app.example` and `http://app:8000`.
    """

    simulator: Simulator
    lock: threading.Lock
    origins: Mapping[str, str] = field(factory=dict[str, str])
    disorder: Disorder = field(factory=Disorder)
    deliveries: list[Delivery] = field(factory=list[Delivery])
    _known: set[tuple[str, str]] = field(factory=set[tuple[str, str]], init=False)
    _stop: threading.Event = field(factory=threading.Event, init=False)
    _transport: HttpxTransport = field(factory=HttpxTransport, init=False)

    def start(self) -> None:
        """Begin to look for what is due."""
        threading.Thread(target=self._run, name="notices", daemon=True).start()

    def stop(self) -> None:
        """Send nothing more."""
        self._stop.set()

    def clear(self) -> None:
        """Forget what was sent, and how it goes astray."""
        self.disorder = Disorder()
        self.deliveries.clear()
        self._known.clear()

    def to_list(self) -> list[dict[str, Any]]:
        """The deliveries as JSON."""
        return [asdict(each) for each in self.deliveries]

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_S):
            for notice in self._due():
                # Each has a thread, as a receiver may be slow, and a start before the next one's.
                threading.Thread(target=self._deliver, args=(notice,), daemon=True).start()
                _ = self._stop.wait(_LOOK_S)

    def _due(self) -> list[Notice]:
        """What is to be sent now, in order; each is given once, or as often as there are copies."""
        with self.lock:
            now = self.simulator.world.now()
            found = self.disorder.ordered(list(self.simulator.notices(self._known)))
            due = [each for each in found if each.due_at <= now]
            self._known |= {(each.subject, each.event) for each in due}
        return [each for each in due for _ in range(self.disorder.copies)]

    def _deliver(self, notice: Notice) -> None:
        """Try as often as the vendor does."""
        is_video = not notice.event.startswith("result ")
        rules = (self.simulator.notice_rules if is_video else None) or _ONCE
        address = self._address(notice.request.url)
        if not address:
            self._note(notice, "not sent: neither this machine nor an origin of --deliver")
            return
        request = evolve(notice.request, url=address, timeout_s=rules.timeout_s)
        for wait_s in (0.0, *rules.waits_s):
            if self._stop.wait(wait_s):
                return
            status = self._send(notice, request)
            if 200 <= status < 400:
                return

    def _address(self, url: str) -> str:
        """Where a callback URL leads to from here; empty if nowhere."""
        origin = origin_of(url)
        there = self.origins.get(origin, origin if is_loopback(url) else "")
        return there and there + url[len(origin) :]

    def _send(self, notice: Notice, request: Request) -> int:
        try:
            status = self._transport.send(request).status
        except (TransportError, PortraitError) as fault:
            self._note(notice, f"not delivered: {fault}")
            return 0
        self._note(notice, f"HTTP {status}")
        return status

    def _note(self, notice: Notice, outcome: str) -> None:
        self.deliveries.append(
            Delivery(
                subject=_named(notice),
                event=notice.event,
                sent_at=_shown(self.simulator.world.now()),
                method=notice.request.method,
                url=mask_links(notice.request.url),
                outcome=outcome,
            )
        )


def _named(notice: Notice) -> str:
    """The video's id; a face check's token is nobody's to read."""
    return "a face check" if notice.event.startswith("result ") else notice.subject


def _shown(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
