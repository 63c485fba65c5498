"""Where requests can be led: a vendor's front, and everything that is not one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from attrs import frozen
from fault_front import Front, Masked, dead_url, deaf_url


@frozen
class Places:
    """
    Every place.

    Attributes:
        front: The vendor's.
        narrow: The same with a small window, where a large body takes its time.
        elsewhere: The other host of redirects.
        masked: A TLS server under another name.
        dead: Where connections are refused.
        deaf: Where they are neither taken nor refused.
    """

    front: Front
    narrow: Front
    elsewhere: Front
    masked: Masked
    dead: str
    deaf: str

    @property
    def fronts(self) -> tuple[Front, Front, Front]:
        """All that talk."""
        return self.front, self.narrow, self.elsewhere

    def origin(self, route: str) -> str:
        """The origin of a route."""
        urls = {
            "dead": self.dead,
            "deaf": self.deaf,
            "masked": self.masked.url,
            "narrow": self.narrow.url,
        }
        return urls.get(route, self.front.url)


@contextmanager
def open_places() -> Iterator[Places]:
    """Open every place."""
    with ExitStack() as stack:
        enter = stack.enter_context
        front, narrow, elsewhere = (
            enter(each.running()) for each in (Front(), Front(narrow=True), Front())
        )
        front.elsewhere = elsewhere.url
        masked = enter(Masked().running())
        yield Places(front, narrow, elsewhere, masked, enter(dead_url()), enter(deaf_url()))
