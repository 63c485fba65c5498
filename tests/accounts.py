"""Several vendors on one clock, each of which may be given faults; and clients with failover."""

from __future__ import annotations

import json
from collections import deque

from portraitkit.client.client import AsyncClient, Client
from portraitkit.engine.response_body import TransportError
from portraitkit.failover.router import Failover, FailoverRules
from portraitkit.failover.routes import Route
from portraitkit.limits.breakers import BreakerLimits
from portraitkit.portraits.ledger import MemoryLedger
from portraitkit.providers.registry import provider_class
from portraitkit.simulators.__main__ import load
from portraitkit.simulators.state import SimAccount, VirtualClock, World
from portraitkit.testing import SimulatorTransport, VirtualTime
from portraitkit.values.remarks import Outcome
from portraitkit.values.secret import Secret
from portraitkit.wire.steps import Budget, Response

KEY = "sk-not-a-real-key-0123456789"
ACCOUNT = SimAccount(name="main", api_key=KEY, access_key="AKLT-not-real", secret_key="secret==")
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 30
SIGNED = ("volcengine", "byteplus", "apiyi")


def answer(status, code="", **headers):
    """A refusal in a form that every vendor's adapter reads."""
    body = {"error": {"code": code, "type": code, "message": "no"}} if code else {}
    return Response(
        status=status,
        headers={"content-type": "application/json", **headers},
        content=json.dumps(body).encode(),
        received_at=VirtualClock()(),
    )


FAULTS = {
    "unreachable": TransportError(Outcome.NOT_SENT, "connect timeout"),
    "no certificate": TransportError(Outcome.NOT_SENT, "bad certificate", passing=False),
    "busy": answer(429, "TooManyRequests"),
    # Longer than what the process itself would wait for, so that each call asks the vendor.
    "busy for long": answer(429, "TooManyRequests", **{"retry-after": "150"}),
    "overloaded": answer(429, "ServerOverloaded"),
    "503 in form": answer(503, "ServerOverloaded"),
    "gateway": answer(502),
    "failing": answer(500, "InternalError"),
    "bare 503": answer(503),
    "plain": answer(400, "InvalidParameter"),
    "rejected": answer(400, "InputTextSensitiveContentDetected"),
    "bad key": answer(401, "AuthenticationError"),
    "denied": answer(403, "AccessDenied"),
    "no money": answer(402, "InsufficientBalance"),
    "quota": answer(400, "QuotaExceeded"),
    "not found": answer(404, "NotFound"),
    "page": Response(status=200, content=b"<html>", received_at=VirtualClock()()),
    "lost before": TransportError(Outcome.UNKNOWN, "read timeout"),
    "lost after": None,
}
CAPACITY = ("unreachable", "busy", "busy for long", "overloaded")
"""What proves that nothing was done, and that another account may do it."""
UNCLEAR = ("gateway", "failing", "503 in form", "bare 503", "page", "lost before", "lost after")


class Accounts:
    """Vendors, the first of which is the client's own."""

    def __init__(self, *vendors, driver="blocking", **profiles):
        self.time = VirtualTime()
        self.clock = self.time.clock
        self.driver = driver
        self.ledger = MemoryLedger()
        self.faults = {}
        self.lasting = {}
        self.simulators = {}
        self.places = []
        self._of_origin = {}
        for vendor in vendors:
            self._found(vendor, profiles.get(vendor, {}))

    def _found(self, vendor, settings):
        origin = f"https://{vendor}.invalid"
        simulator = load(vendor)(world=World(clock=self.time._clock))
        simulator.base_url = origin
        simulator.add_account(ACCOUNT)
        keys = {"api_key": Secret(KEY), "base_url": origin}
        if vendor in SIGNED:
            keys = {"api_key": Secret(KEY), "assets_url": origin, "video_url": origin}
            keys["access_key"] = Secret(ACCOUNT.access_key)
            keys["secret_key"] = Secret(ACCOUNT.secret_key)
        made = provider_class(vendor)(account_name=f"{vendor}-1", **keys, **settings)
        self.places.append(Route(profile=f"my-{vendor}", provider=made))
        self.simulators[vendor] = simulator
        self.faults[vendor] = deque()
        self._of_origin[origin] = vendor

    def provider(self, vendor):
        return next(each.provider for each in self.places if each.provider.name == vendor)

    def own(self, vendor):
        """A blocking client of one vendor, without failover."""
        provider = self.provider(vendor)
        return Client(provider, transport=self, clock=self.clock, ledger=self.ledger)

    def client(self, *, fallbacks=None, breakers=None, budget=None, **rules):
        """A client of the first vendor, with failover to the others in order."""
        primary, *others = self.places
        if fallbacks is not None:
            others = [each for each in others if each.provider.name in fallbacks]
        limits = {key: rules.pop(key) for key in ("failures", "rest_s") if key in rules}
        failover = Failover(
            fallbacks=tuple(others),
            rules=FailoverRules(breaker=BreakerLimits(**limits), **rules),
            breakers=breakers,
        )
        make = Client if self.driver == "blocking" else AsyncClient
        return make(
            primary.provider,
            profile=primary.profile,
            transport=self if self.driver == "blocking" else _Awaited(self),
            clock=self.clock,
            budget=budget or Budget(),
            failover=failover if others else None,
            ledger=self.ledger,
        )

    def send(self, request):
        if request.origin not in self._of_origin:
            return Response(status=200, content=PNG, received_at=self.time.now())
        vendor = self._of_origin[request.origin]
        transport = SimulatorTransport(self.simulators[vendor])
        fault = self.lasting.get(vendor)
        if fault is None and self.faults[vendor] and not request.repeatable:
            fault = self.faults[vendor].popleft()
        if fault is None:
            return transport.send(request)
        given = FAULTS[fault]
        if fault == "lost after":
            transport.send(request)
            given = FAULTS["lost before"]
        elif not isinstance(given, TransportError) or given.outcome is not Outcome.NOT_SENT:
            self.simulators[vendor].seen.append(request)
        if isinstance(given, TransportError):
            raise given
        return given

    def close(self):
        """Nothing is open."""

    def billed(self):
        """How many videos were paid for, at all vendors."""
        return sum(len(each.world.videos) for each in self.simulators.values())

    def sent(self):
        """How many requests each vendor saw."""
        return {name: len(each.seen) for name, each in self.simulators.items()}

    def set_out(self):
        """Forget the requests so far."""
        for each in self.simulators.values():
            each.seen.clear()


class _Awaited:
    def __init__(self, accounts):
        self._town = accounts

    async def send(self, request):
        return self._town.send(request)

    async def close(self):
        """Nothing is open."""
