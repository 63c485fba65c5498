"""What callers do: every public operation, at every vendor, from the same starting point."""

from __future__ import annotations

import itertools
import pickle
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from attrs import define, evolve, field, frozen

import portraitkit as pk
from portraitkit.operations.provider import PortraitProvider
from portraitkit.providers.apiyi import APIYIWithIcover
from portraitkit.providers.registry import provider_class
from portraitkit.simulators.finding import load
from portraitkit.simulators.simulator import Simulator
from portraitkit.simulators.state import SimAccount, VirtualClock, World, scans_after
from portraitkit.testing import simulated
from portraitkit.values.secret import Secret
from portraitkit.vendor.pacing import Pacing
from portraitkit.wire.steps import Auth, Request

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
ACCOUNT: Final = SimAccount(
    name="main",
    api_key="sk-FaultMatrixBearer0001",
    access_key="AKLTFaultMatrixAccess0002",
    secret_key="FaultMatrixSigning0003==",
    library_key="sk-FaultMatrixLibrary0006",
)
SOURCE_MARK: Final = "FaultMatrixSource0004"
HOST_MARK: Final = "FaultMatrixPublished0005"
MARKS: Final = (
    ACCOUNT.api_key,
    ACCOUNT.access_key,
    ACCOUNT.secret_key,
    ACCOUNT.library_key,
    SOURCE_MARK,
    HOST_MARK,
    "X-Tos-Signature=simulated",
)
FACE: Final = files("portraitkit.simulators").joinpath("data", "face.jpg").read_bytes()
CLIP: Final = files("portraitkit.simulators").joinpath("data", "clip.mp4").read_bytes()
DEADLINE_S: Final = 15.0
PACING: Final = Pacing(first_s=1, step_s=10, deadline_s=DEADLINE_S, unseen_s=5)
_STORES: Final = ("groups", "assets", "checks", "videos", "jobs", "billed")


@frozen
class MediaHost:
    """Stands for a bucket of the caller's own."""

    origin: str

    def publish(self, content: bytes, *, filename: str, content_type: str) -> str:
        """Tell where it would be found."""
        del content, filename, content_type
        return f"{self.origin}/media/frame.png?Signature={HOST_MARK}"


@define(kw_only=True)
class Stuff:
    """What a call needs, as a caller would hold it."""

    path: Path = Path()
    source_url: str
    group: Any
    asset: Any
    early: str
    """The asset's handle from before its review ended."""
    fresh: Any
    queued: Any
    done: Any
    passed: Any
    open: Any


@frozen(kw_only=True)
class Job:
    """
    One public operation.

    Attributes:
        call: Calls it on a client of either kind.
        does: `read`, `wait`, `download`, `create`, `paid create` or `change`.
        named: By a client that looks for lost creates, as those of `connect` do.
    """

    name: str
    operation: str
    does: str
    call: Callable[[Any, Stuff], Any]
    named: bool = False

    def kind_of(self, request: Request) -> str:
        """A request's kind: `read`, `media`, `storage`, `create`, `paid create` or `change`."""
        if request.auth is Auth.NONE:
            return "media" if request.method == "GET" else "storage"
        if not request.repeatable:
            return "change, once" if self.does == "change" else self.does
        reads = request.method == "GET" or _action_of(request).startswith(("Get", "List"))
        return "change" if self.does == "change" and not reads else "read"


def _action_of(request: Request) -> str:
    return dict(request.query).get("Action", "")


def _job(does: str, name: str, call: Callable[[Any, Stuff], Any], operation: str = "") -> Job:
    return Job(name=name, operation=operation or name, does=does, call=call)


def _film(stuff: Stuff) -> pk.VideoRequest:
    return pk.VideoRequest(
        prompt="{mia} smiles",
        model="seedance-2.0",
        media=pk.References(images={"mia": stuff.early}),
        duration_s=5,
        resolution="720p",
    )


_PLAIN: Final = (
    _job("create", "create_group", lambda c, s: c.create_group("Mia")),
    _job("read", "get_group", lambda c, s: c.get_group(s.group)),
    _job("read", "list_groups", lambda c, s: c.list_groups()),
    _job("change", "rename_group", lambda c, s: c.rename_group(s.group, "Maya")),
    _job("change", "delete_group", lambda c, s: c.delete_group(s.group)),
    _job("paid create", "add_asset, bytes", lambda c, s: c.add_asset(s.group, FACE), "add_asset"),
    _job(
        "paid create",
        "add_asset, bytes with a name",
        lambda c, s: c.add_asset(s.group, FACE, name="front"),
        "add_asset",
    ),
    _job(
        "paid create",
        "add_asset, URL",
        lambda c, s: c.add_asset(s.group, s.source_url, name="front"),
        "add_asset",
    ),
    _job("paid create", "add_assets", lambda c, s: c.add_assets(s.group, [FACE, s.source_url])),
    _job("read", "get_asset", lambda c, s: c.get_asset(s.asset)),
    _job("read", "list_assets", lambda c, s: c.list_assets(s.group)),
    _job("change", "rename_asset", lambda c, s: c.rename_asset(s.asset, "side")),
    _job("change", "delete_asset", lambda c, s: c.delete_asset(s.asset)),
    _job("wait", "wait_until_active", lambda c, s: c.wait_until_active(s.fresh)),
    _job("create", "start_verification", lambda c, s: c.start_verification("Ann")),
    _job("read", "check_verification", lambda c, s: c.check_verification(s.passed)),
    _job("wait", "wait_until_verified", lambda c, s: c.wait_until_verified(s.open)),
    _job("paid create", "create_video", lambda c, s: c.create_video(_film(s))),
    _job("read", "get_video", lambda c, s: c.get_video(s.done)),
    _job("read", "list_videos", lambda c, s: c.list_videos()),
    _job("change", "cancel_video", lambda c, s: c.cancel_video(s.queued)),
    _job("wait", "wait_for_video", lambda c, s: c.wait_for_video(s.queued)),
    _job(
        "download", "download_video", lambda c, s: c.download_video(s.done, s.path, overwrite=True)
    ),
    _job(
        "download",
        "download_video, by handle",
        lambda c, s: c.download_video(s.done.handle, s.path, overwrite=True),
        "download_video",
    ),
)


_NAMED: Final = ("create", "paid create")
JOBS: Final = (
    *_PLAIN,
    *(evolve(job, name=f"{job.name}, named", named=True) for job in _PLAIN if job.does in _NAMED),
)


@define
class Bench:
    """One vendor with an account, a group, an asset, videos and face checks; as often as wanted."""

    vendor: str
    provider: PortraitProvider
    stuff: Stuff
    _origin: str
    _now: datetime
    _stores: bytes = field(repr=False)
    _uploads: dict[str, Any] = field(repr=False)

    @classmethod
    def at(cls, vendor: str, origin: str) -> Bench:
        """Furnish a vendor whose front is at *origin*."""
        provider = _provider(vendor, origin)
        simulator = _simulator(vendor, origin, VirtualClock())
        stuff = _furnish(simulator, provider, origin)
        world = simulator.world
        stores = pickle.dumps({name: getattr(world, name) for name in _STORES})
        uploads = getattr(simulator, "_uploads", {})  # Token360's files
        return cls(vendor, provider, stuff, origin, world.now(), stores, uploads)

    def jobs(self) -> list[Job]:
        """What this vendor offers, and what sends anything."""
        offered = [job for job in JOBS if self.provider.supports(job.operation)]
        silent = self.vendor in AVATARS  # its groups are made by their first asset
        return [job for job in offered if not (silent and job.operation == "create_group")]

    def simulator(self) -> Simulator:
        """The vendor as it was furnished, in a world of its own."""
        made = _simulator(self.vendor, self._origin, VirtualClock(self._now))
        for name, store in pickle.loads(self._stores).items():
            getattr(made.world, name).update(store)
        if self._uploads:
            made._uploads = dict(self._uploads)
        made.world._count = itertools.count(1000)
        return made


def counts(world: World) -> Counter[str]:
    """What was made, and what was paid for."""
    made = Counter({f"{name}": len(getattr(world, name)) for name in _STORES[1:-1]})
    # A real person's group comes of the person, whenever the vendor looks.
    made["groups"] = sum(not each.real_person or each.pending for each in world.groups.values())
    made.update({f"paid {kind}": number for (_, kind), number in world.billed.items()})
    return made


def _provider(vendor: str, origin: str) -> PortraitProvider:
    keys = {"api_key": Secret(ACCOUNT.api_key)}
    places = {"base_url": origin}
    more: dict[str, Any] = {}
    if vendor in SIGNED:
        keys["access_key"] = Secret(ACCOUNT.access_key)
        keys["secret_key"] = Secret(ACCOUNT.secret_key)
        places = {"assets_url": origin, "video_url": origin}
    if vendor == "icover":
        keys["library_key"] = Secret(ACCOUNT.library_key)
        places = {"assets_url": origin, "video_url": origin}
    if vendor != "token360":
        more["media_host"] = MediaHost(origin)
    if vendor not in ("token360", "apiyi", "icover"):
        more["callback_url"] = "https://app.example/verified"
    pacing = dict.fromkeys(("asset", "verification", "video"), PACING)
    cls = APIYIWithIcover if vendor == "icover" else provider_class(vendor)
    return cls(**keys, **places, **more, pacing=pacing)


def _simulator(vendor: str, origin: str, clock: VirtualClock) -> Simulator:
    world = World(clock=clock, person=scans_after(5), review_s=8, queue_s=5, render_s=3)
    made = load("apiyi" if vendor == "icover" else vendor)(world=world)
    made.base_url = origin
    _ = made.add_account(ACCOUNT)
    return made


def _furnish(simulator: Simulator, provider: PortraitProvider, origin: str) -> Stuff:
    clock = simulator.world.clock
    assert isinstance(clock, VirtualClock)
    source_url = f"{origin}/media/frame.png?Signature={SOURCE_MARK}"
    with simulated(provider, simulator) as client:
        # Other names than those of the calls: what looks like a lost create is one for all we know.
        group = client.create_group("Leo")
        added = client.add_asset(group, FACE, name="early")
        asset = client.wait_until_active(added)
        group = client.get_group(group) if client.supports("get_group") else asset.group_id
        stuff = Stuff(
            source_url=source_url,
            group=group,
            asset=asset,
            early=added.handle,
            fresh=None,
            queued=None,
            done=None,
            passed=None,
            open=None,
        )
        stuff.done = client.wait_for_video(client.create_video(_film(stuff)))
        if client.supports("start_verification"):
            stuff.passed = client.start_verification("Ann")
            clock.advance(6)
            _ = client.check_verification(stuff.passed)
            stuff.open = client.start_verification("Ben")
        stuff.fresh = client.add_asset(group, FACE, name="new")
        stuff.queued = client.create_video(_film(stuff))
    return stuff
