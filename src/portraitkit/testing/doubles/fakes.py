"""Portraits and videos in memory: for tests of an application that care about no vendor."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any, Final, TypeVar, cast

from attrs import Factory, define, evolve

from ...operations.provider import PortraitProvider
from ...values.errors import InvalidInputError, NotFoundError
from ...values.models import Asset, Failure, Group, Result, Verification, VideoTask
from ...values.secret import Secret
from ...values.statuses import AssetStatus, GroupKind, MediaType, VerificationStatus, VideoStatus
from ...values.video import VideoRequest
from ..cassettes.tasktime import TaskTime

R = TypeVar("R", bound=Result)
T = TypeVar("T")

URL: Final = "https://portraits.invalid"
ASKED: Final = Failure(code="Fake", message="the test asked for a failure")


@define(eq=False)
class _Course:
    """Which status each look at one thing sees; the last one stays."""

    statuses: Iterator[Any]
    now: Any = None

    def look(self) -> Any:
        """See the next status."""
        self.now = next(self.statuses, self.now)
        return self.now


@define(eq=False)
class FakePortraits:
    """
    The memory of one test, and what its things go through.

    Attributes:
        asset_statuses, verification_statuses, video_statuses: What a new thing shows: the first
            when it is made, the next at each look, and the last for good.
        requests: Every video request, in order.
        groups, assets, verifications, videos: What exists, by id.
        video: The bytes of every finished video.
        time: Passes only where somebody waits.
    """

    asset_statuses: Sequence[AssetStatus] = (AssetStatus.ACTIVE,)
    verification_statuses: Sequence[VerificationStatus] = (
        VerificationStatus.WAITING,
        VerificationStatus.VERIFIED,
    )
    video_statuses: Sequence[VideoStatus] = (VideoStatus.QUEUED, VideoStatus.SUCCEEDED)
    requests: list[VideoRequest] = Factory(list[VideoRequest])
    groups: dict[str, Group] = Factory(dict[str, Group])
    assets: dict[str, Asset] = Factory(dict[str, Asset])
    verifications: dict[str, Verification] = Factory(dict[str, Verification])
    videos: dict[str, VideoTask] = Factory(dict[str, VideoTask])
    video: bytes = Factory(
        lambda: files("portraitkit.simulators").joinpath("data", "clip.mp4").read_bytes()
    )
    time: TaskTime = Factory(TaskTime)
    _courses: dict[str, _Course] = Factory(dict[str, _Course])
    _count: itertools.count[int] = Factory(lambda: itertools.count(1))

    # -- making ----------------------------------------------------------------------------------

    def add_group(
        self, owner: PortraitProvider, name: str, kind: GroupKind, description: str = ""
    ) -> Group:
        """Remember a group."""
        made = Group(**self._new(owner, "group", ()), name=name, kind=kind, description=description)
        return self._keep(self.groups, made)

    def add_asset(
        self, owner: PortraitProvider, group: Group, name: str, media: MediaType
    ) -> Asset:
        """Remember an asset."""
        made = Asset(
            **self._new(owner, "asset", self.asset_statuses),
            name=name,
            media=media,
            group_id=group.id,
        )
        return self._keep(self.assets, _shown(made))

    def add_verification(self, owner: PortraitProvider, name: str) -> Verification:
        """Remember a face check."""
        values = self._new(owner, "verification", self.verification_statuses)
        link = Secret(f"{URL}/check/{values['id']}")
        return self._keep(self.verifications, Verification(**values, name=name, link=link))

    def add_video(self, owner: PortraitProvider, request: VideoRequest) -> VideoTask:
        """Remember a video task."""
        self.requests.append(request)
        values = self._new(owner, "video", self.video_statuses)
        made = VideoTask(**values, model=request.model or "")
        return self._keep(self.videos, _shown(made))

    # -- finding ---------------------------------------------------------------------------------

    def find(self, things: dict[str, R], id: str) -> R:
        """
        Recall a thing.

        Raises:
            NotFoundError: There is none of that id.
        """
        if id not in things:
            raise NotFoundError(
                f"the fake holds no {id}", provider="fake", next_step="make it in the test first"
            )
        return things[id]

    def look(self, things: dict[str, R], id: str) -> R:
        """Recall a thing whose course moves on by one status."""
        found: Any = self.find(things, id)
        found = _shown(evolve(found, status=self._courses[id].look()))
        return self._keep(things, cast("R", found))

    def set_status(self, thing: Result, *statuses: object) -> None:
        """Give one thing that exists another course, from its next look on."""
        if thing.id is None or not statuses:
            raise InvalidInputError("say which thing, and which statuses", field="statuses")
        self._courses[thing.id] = _Course(iter(statuses))

    def rename(self, things: dict[str, R], id: str, name: str, **others: str) -> R:
        """Give a thing another name, and what else it is told by."""
        found: Any = self.find(things, id)
        return self._keep(things, cast("R", evolve(found, name=name, **others)))

    def forget(self, things: dict[str, R], id: str) -> None:
        """Forget a thing, and what is in it."""
        del things[str(self.find(things, id).id)]
        for asset in [each for each in self.assets.values() if each.group_id == id]:
            del self.assets[str(asset.id)]

    def _new(
        self, owner: PortraitProvider, kind: str, statuses: Sequence[object]
    ) -> dict[str, Any]:
        values: dict[str, Any] = {
            "provider": owner.name,
            "account": owner.account,
            "id": f"{kind}-fake-{next(self._count):04}",
            "created_at": self.time.now(),
        }
        if statuses:
            self._courses[values["id"]] = course = _Course(iter(statuses))
            values["status"] = course.look()
        return values

    def _keep(self, things: dict[str, R], thing: R) -> R:
        things[str(thing.id)] = thing
        return thing


def _shown(thing: T) -> T:
    """Add what a status brings with it: a link, or a reason."""
    known: Any = thing
    if known.status is VideoStatus.SUCCEEDED:
        link = Secret(f"{URL}/{known.id}.mp4")
        return cast("T", evolve(known, video_link=link, failure=None))
    failed = known.status.name == "FAILED"
    return cast("T", evolve(known, failure=ASKED if failed else None))
