"""Vendors: a simulator each, furnished with what two accounts have, and what was made since."""

from __future__ import annotations

import itertools
import pickle
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final

from attrs import define, field, frozen

import portraitkit as pk
from portraitkit.operations.provider import PortraitProvider
from portraitkit.portraits.bindings import Binding, Consent
from portraitkit.providers.apiyi import APIYIWithIcover
from portraitkit.providers.registry import provider_class
from portraitkit.simulators.finding import load
from portraitkit.simulators.simulator import Simulator
from portraitkit.simulators.state import SimAccount, VirtualClock, World, scans_after
from portraitkit.testing import simulated
from portraitkit.values.name_tokens import new_token, tagged
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import GroupKind
from portraitkit.vendor.pacing import Pacing
from portraitkit.wire.steps import Request, Response

VENDORS: Final = (
    "alltoken",
    "token360",
    "volcengine",
    "byteplus",
    "apiyi",
    "icover",  # APIYI's other asset library
    "apimart",
    "xcompute",
)
AVATARS: Final = ("apimart", "xcompute")
SIGNED: Final = ("volcengine", "byteplus", "apiyi")
FACE: Final = files("portraitkit.simulators").joinpath("data", "face.jpg").read_bytes()
OWN, FOREIGN = (
    SimAccount(
        name=name,
        api_key=f"sk-World{name}Bearer0001",
        access_key=f"AKLTWorld{name}Access0002",
        secret_key=f"World{name}Signing0003==",
        library_key=f"sk-World{name}Library0006",
    )
    for name in ("Own", "Foreign")
)
SOURCE_MARK: Final = "WorldSource0004"
HOST_MARK: Final = "WorldPublished0005"
CALLBACK_MARK: Final = "WorldCallback0007"
MARKS: Final = (
    *(getattr(a, f"{k}_key") for a in (OWN, FOREIGN) for k in ("api", "secret", "library")),
    SOURCE_MARK,
    HOST_MARK,
    CALLBACK_MARK,
    "X-Tos-Signature=simulated",
)
ECHO: Final = f"{OWN.api_key} cannot open https://a.example/b.png?Signature={SOURCE_MARK}"
"""What a careless vendor tells of what it was sent."""
DEADLINE_S: Final = 40.0
UNSEEN_S: Final = 8.0
REPLICA_S: Final = UNSEEN_S - 2
"""By how much a vendor's lists, or its replicas, lag behind at most."""
PACING: Final = Pacing(first_s=1, step_s=3, deadline_s=DEADLINE_S, unseen_s=UNSEEN_S)
_STORES: Final = ("groups", "assets", "checks", "videos", "jobs", "billed")


@frozen
class MediaHost:
    """Stands for a bucket of the caller's own."""

    origin: str

    def publish(self, content: bytes, *, filename: str, content_type: str) -> str:
        """Tell where it would be found."""
        return f"{self.origin}/media/frame.png?Signature={HOST_MARK}"


@define(kw_only=True)
class Things:
    """What a caller holds of an account: groups, assets, checks, tasks; `person` is a real one."""

    group: Any = None
    asset: Any = None
    early: str = ""
    """The asset's handle from before its review ended."""
    fresh: Any = None
    queued: Any = None
    done: Any = None
    passed: Any = None
    open: Any = None
    person: Any = None
    consented: Binding | None = None
    """The portrait `ann`: a real person who consented, at this account."""
    source_url: str = ""


@frozen
class Furnished:
    """One vendor as it was furnished, to be had as often as wanted."""

    vendor: str
    provider: PortraitProvider
    things: Things
    foreign: Things
    now: datetime
    stores: bytes = field(repr=False)
    uploads: dict[str, Any] = field(repr=False)

    def simulator(self, clock: VirtualClock) -> Simulator:
        """The vendor, in a memory of its own."""
        made = _simulator(self.vendor, clock)
        for name, store in pickle.loads(self.stores).items():
            getattr(made.world, name).update(store)
        if self.uploads:
            made._uploads = dict(self.uploads)
        made.world._count = itertools.count(1000 + _first_id(self.vendor))
        return made


@cache
def furnished(vendor: str) -> Furnished:
    """Furnish a vendor, once."""
    simulator = _simulator(vendor, VirtualClock())
    own, other = _provider(vendor, OWN), _provider(vendor, FOREIGN)
    things, foreign = _furnish(simulator, own), _furnish(simulator, other)
    stores = pickle.dumps({name: getattr(simulator.world, name) for name in _STORES})
    uploads = getattr(simulator, "_uploads", {})  # Token360's files
    now = simulator.world.now()
    return Furnished(vendor, own, things, foreign, now, stores, uploads)


def origin_of(vendor: str) -> str:
    """Where a vendor is reached."""
    return f"https://{vendor}.invalid"


def _provider(vendor: str, account: SimAccount) -> PortraitProvider:
    origin = origin_of(vendor)
    keys = {"api_key": Secret(account.api_key)}
    places = {"base_url": origin}
    more: dict[str, Any] = {"account_name": f"{vendor}-{account.name}"}
    if vendor in SIGNED:
        keys["access_key"] = Secret(account.access_key)
        keys["secret_key"] = Secret(account.secret_key)
    if vendor == "icover":
        keys["library_key"] = Secret(account.library_key)
    if vendor in (*SIGNED, "icover"):
        places = {"assets_url": origin, "video_url": origin}
    if vendor != "token360":
        more["media_host"] = MediaHost(origin)
    if vendor not in ("token360", "apiyi", "icover"):
        more["callback_url"] = f"https://app.example/verified?state={CALLBACK_MARK}"
    pacing = dict.fromkeys(("asset", "verification", "video"), PACING)
    cls = APIYIWithIcover if vendor == "icover" else provider_class(vendor)
    return cls(**keys, **places, **more, pacing=pacing)


def _simulator(vendor: str, clock: VirtualClock) -> Simulator:
    world = World(clock=clock, person=scans_after(5), review_s=8, queue_s=5, render_s=3)
    made = _simulator_class("apiyi" if vendor == "icover" else vendor)(world=world)
    made.base_url = origin_of(vendor)
    made.world._count = itertools.count(_first_id(vendor))
    for account in (OWN, FOREIGN):
        made.add_account(account)
    return made


_simulator_class: Final = cache(load)


def _first_id(vendor: str) -> int:
    """Ids that tell the vendors apart."""
    return (1 + VENDORS.index(vendor)) * 0x10000


def film(asset: str) -> pk.VideoRequest:
    """A request for a video with one asset."""
    return pk.VideoRequest(
        prompt="{mia} smiles",
        model="seedance-2.0",
        media=pk.References(images={"mia": asset}),
        duration_s=5,
        resolution="720p",
    )


def _furnish(simulator: Simulator, provider: PortraitProvider) -> Things:
    clock = simulator.world.clock
    things = Things(source_url=f"{simulator.base_url}/media/frame.png?Signature={SOURCE_MARK}")
    with simulated(provider, simulator) as client:
        # Other names than those of the calls: what looks like a lost create is one for all we know.
        group = client.create_group("Leo")
        added = client.add_asset(group, FACE, name="early")
        things.asset = client.wait_until_active(added)
        things.early = added.handle
        known = client.supports("get_group")
        things.group = client.get_group(group) if known else things.asset.group_id
        things.done = client.wait_for_video(client.create_video(film(added.handle)))
        if client.supports("start_verification"):
            things.passed = client.start_verification("Ann")
            clock.advance(6)
            person = client.wait_until_verified(things.passed)
            things.person = client.wait_until_active(client.add_asset(person, FACE, name="ann"))
            things.consented = Binding(
                portrait="ann",
                provider=provider.name,
                account=provider.account,
                kind=GroupKind.REAL_PERSON,
                group=person.handle,
                consent=Consent(person="Ann", purpose="worlds", given_on=date(2026, 1, 1)),
            )
            things.open = client.start_verification("Ben")
        things.fresh = client.add_asset(things.group, FACE, name="new")
        things.queued = client.create_video(film(added.handle))
    return things


# -- what was made since ---------------------------------------------------------------------------


@frozen(eq=False)
class Make:
    """Something that a request made at a vendor, and the call that sent it."""

    kind: str
    id: str
    by: Any


@define(eq=False)
class Site:
    """One vendor in one world."""

    furnished: Furnished
    simulator: Simulator
    makes: list[Make] = field(factory=list)
    outage: tuple[float, tuple[Any, ...]] = (0.0, ())
    """Until when every exchange meets these faults."""
    has_replicas: bool = False
    """Whether some of its answers come from one that lags behind."""
    past: list[tuple[datetime, bytes]] = field(init=False)
    """What there was, and since when."""

    def __attrs_post_init__(self) -> None:
        self.past = [(self.furnished.now, self.furnished.stores)]

    @property
    def memory(self) -> World:
        """What the vendor remembers."""
        return self.simulator.world

    def answer(self, request: Request, by: Any) -> Response:
        """Let the vendor answer, and note what was made."""
        if is_read(request):
            settled = self._settled()
            response = self.simulator.handle(request)
            if self._settled() != settled:  # whoever looks at a face check lets the person act
                self.remember()
            return response
        before = {kind: {*self.store(kind)} for kind in KINDS}
        response = self.simulator.handle(request)
        for kind in KINDS:
            new = [each for each in self.store(kind) if each not in before[kind]]
            self.makes += [Make(kind, each, by) for each in new]
        self.remember()
        return response

    def _settled(self) -> int:
        return sum(each.settled_at is not None for each in self.memory.checks.values())

    def remember(self) -> None:
        """Keep what there is now, for replicas that lag behind."""
        if not self.has_replicas:
            return
        stores = {name: getattr(self.memory, name) for name in _STORES}
        self.past.append((self.memory.now(), pickle.dumps(stores)))

    def answer_late(self, request: Request, lag_s: float) -> Response | None:
        """Answer as things were so many seconds ago; None if that cannot be told by looking."""
        memory = self.memory
        moment = memory.now() - timedelta(seconds=lag_s)
        then = next(stores for since, stores in reversed(self.past) if since <= moment)
        now = {name: getattr(memory, name) for name in _STORES}
        try:
            for name, store in pickle.loads(then).items():
                setattr(memory, name, store)
            settled = self._settled()
            with memory.at(moment):
                response = self.simulator.handle(request)
            return response if settled == self._settled() else None
        finally:
            for name, store in now.items():
                setattr(memory, name, store)

    def store(self, kind: str) -> dict[str, Any]:
        """What there is of a kind; of groups, those that a request makes."""
        things = getattr(self.memory, kind)
        if kind != "groups":
            return things
        # A real person's comes of the person, whenever the vendor looks.
        return {i: g for i, g in things.items() if not g.real_person or g.pending}


KINDS: Final = ("groups", "assets", "checks", "videos")


def is_read(request: Request) -> bool:
    """Tell whether a request asks for what is there."""
    action = dict(request.query).get("Action", "")
    return request.method == "GET" or action.startswith(("Get", "List"))


def make_alike(site: Site) -> None:
    """Let somebody else make a group, an asset and a video of the same names."""
    memory, things = site.memory, site.furnished.things
    account = memory.accounts[OWN.name]
    group = memory.add_group(account, memory.new_id("group"), tagged("Mia", new_token()))
    own = memory.groups.get(getattr(things.group, "id", things.group), group)
    name = tagged("front", new_token())
    asset = memory.new_id("asset")
    memory.add_asset(own, asset, name=name, media="Image", url="https://a.example/b.png")
    if uploads := getattr(site.simulator, "_uploads", None):  # Token360's files
        uploads[asset] = next(iter(uploads.values()))
    body = next(iter(memory.videos.values())).body
    memory.add_video(account, memory.new_id("cgt"), body)
    site.remember()
