"""
What every simulated vendor remembers, whatever its dialect.

Nothing here moves by itself: a state is a function of when a thing was made, what was decided about
it, and the clock. So an hour of waiting is one step of a virtual clock.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol, TypeVar

from attrs import Factory, define, field

from ..values.name_tokens import untagged

Clock = Callable[[], datetime]

EPOCH: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class VirtualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: datetime = EPOCH) -> None:
        self._now = start

    def __call__(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        """Let *seconds* pass."""
        self._now += timedelta(seconds=seconds)


@define
class SimAccount:
    """One customer of the vendor."""

    name: str
    api_key: str
    access_key: str = ""
    secret_key: str = ""
    session_token: str = ""
    library_key: str = ""
    """Opens an asset library that is another vendor's than the videos."""
    project_name: str = "default"


@define(kw_only=True)
class _Owned:
    """What an account has."""

    id: str
    account: str
    created_at: datetime
    project_name: str = "default"


@define(kw_only=True)
class _Named(_Owned):
    name: str
    updated_at: datetime = Factory(lambda self: self.created_at, takes_self=True)


@define(kw_only=True)
class SimGroup(_Named):
    """A group. `pending` is a real person's group before the face check."""

    real_person: bool
    description: str = ""
    pending: bool = False


@define(kw_only=True)
class SimAsset(_Named):
    """An asset, under review until `ready_at`."""

    group_id: str
    media: str
    """`Image`, `Video` or `Audio`."""
    url: str
    ready_at: datetime
    failure: tuple[str, str] | None = None
    """Code and message, if the review refuses it."""

    def status(self, now: datetime) -> str:
        """`Processing`, `Active` or `Failed`."""
        if now < self.ready_at:
            return "Processing"
        return "Failed" if self.failure else "Active"


@define
class SimCheck:
    """A real person's face check."""

    token: str
    account: str
    created_at: datetime
    expires_at: datetime
    callback_url: str = ""
    group_id: str | None = None
    """Set when the person has passed."""
    result_code: int | None = None
    """What the page reported; 10000 is passed."""
    project_name: str = "default"
    settled_at: datetime | None = None
    in_browser: bool = False
    """Whether it ended on its page, whose browser then goes on to the callback URL by itself."""


@define(kw_only=True)
class SimVideo(_Owned):
    """A video task, of a body that was accepted."""

    body: dict[str, object]
    started_at: datetime
    ended_at: datetime
    failure: tuple[str, str] | None = None
    cancelled_at: datetime | None = None
    deleted: bool = False

    def state(self, now: datetime) -> str:
        """`queued`, `running`, `succeeded`, `failed` or `cancelled`."""
        if self.cancelled_at is not None:
            return "cancelled"
        if now < self.started_at:
            return "queued"
        if now < self.ended_at:
            return "running"
        return "failed" if self.failure else "succeeded"

    def changes(self) -> list[tuple[str, datetime]]:
        """Each state that it comes to, and when."""
        if self.cancelled_at is not None:
            return [("queued", self.created_at), ("cancelled", self.cancelled_at)]
        ended = "failed" if self.failure else "succeeded"
        times = (self.created_at, self.started_at, self.ended_at)
        return list(zip(("queued", "running", ended), times, strict=True))

    def error(self, now: datetime) -> dict[str, str] | None:
        """What a failed one says."""
        if self.failure is None or self.state(now) != "failed":
            return None
        return {"code": self.failure[0], "message": self.failure[1]}


@define(kw_only=True)
class SimJob(_Owned):
    """A task that stands for something else: a face check, or assets submitted together."""

    kind: str
    check_token: str = ""
    group_id: str = ""
    asset_ids: tuple[str, ...] = ()


Owned = TypeVar("Owned", SimGroup, SimAsset, SimCheck, SimVideo, SimJob)
Thing = TypeVar("Thing", SimGroup, SimAsset, SimVideo)


class Person(Protocol):
    """Decides what happens to a face check's page; see `World.person`."""

    def __call__(self, check: SimCheck, now: datetime) -> int | None: ...


def never(check: SimCheck, now: datetime) -> int | None:  # noqa: ARG001  (the shape of a Person)
    """A person who never opens the page."""
    return None


def scans_after(seconds: float, result_code: int = 10000) -> Person:
    """Make a person who finishes the check so many seconds after it was opened."""

    def person(check: SimCheck, now: datetime) -> int | None:
        return result_code if now >= check.created_at + timedelta(seconds=seconds) else None

    return person


@define
class World:
    """
    A vendor's memory.

    Attributes:
        person: What the person being filmed does with each face check.
        review_s: Seconds from submission to a reviewed asset.
        queue_s, render_s: Seconds a video waits and runs.
        token_life_s: Seconds a face check can be taken.
        group_quota, asset_quota: Most groups per account, most assets per group.
        reject_assets: Name of an asset to (code, message): its review will refuse it.
        fail_videos: Text in a prompt to (code, message): the task will fail.
        fail_every: Each so many-th video fails; 0 for none.
        film, picture: What is handed out as a video and as a stored picture, in place of the film
            that is built in and a frame of it.
        list_lag_s: Seconds during which a new group, asset or video is in no list.
        name_length: Characters that are kept of a name, if not all.
        billed: Paid calls that were carried out, per account and kind.
        client_clock: What time it is for clients, where that is another: signatures carry it.
    """

    clock: Clock = field(factory=VirtualClock)
    client_clock: Clock | None = None
    person: Person = field(factory=lambda: scans_after(5))
    review_s: float = 13
    queue_s: float = 5
    render_s: float = 40
    token_life_s: float = 120
    group_quota: int = 50
    asset_quota: int = 50
    list_lag_s: float = 0
    name_length: int | None = None
    reject_assets: dict[str, tuple[str, str]] = Factory(dict[str, tuple[str, str]])
    fail_videos: dict[str, tuple[str, str]] = Factory(dict[str, tuple[str, str]])
    fail_every: int = 0
    film: bytes | None = None
    picture: bytes | None = None
    accounts: dict[str, SimAccount] = Factory(dict[str, SimAccount])
    groups: dict[str, SimGroup] = Factory(dict[str, SimGroup])
    assets: dict[str, SimAsset] = Factory(dict[str, SimAsset])
    checks: dict[str, SimCheck] = Factory(dict[str, SimCheck])
    videos: dict[str, SimVideo] = Factory(dict[str, SimVideo])
    jobs: dict[str, SimJob] = Factory(dict[str, SimJob])
    billed: Counter[tuple[str, str]] = Factory(Counter[tuple[str, str]])
    _count: itertools.count[int] = Factory(lambda: itertools.count(1))

    def now(self) -> datetime:
        """The vendor's time."""
        return self.clock()

    def client_time(self) -> datetime:
        """What time a client has that signs a request now."""
        return (self.client_clock or self.clock)()

    @contextmanager
    def at(self, moment: datetime) -> Generator[None]:
        """Look at the vendor as it is at another moment."""
        clock, self.clock = self.clock, lambda: moment
        try:
            yield
        finally:
            self.clock = clock

    # -- what happens ----------------------------------------------------------------------------

    def approve_scan(self, after_s: float = 0.0) -> None:
        """Let the person pass each face check so long after it was opened."""
        self.person = scans_after(after_s)

    def refuse_scan(self, result_code: int = 10001, after_s: float = 0.0) -> None:
        """Let each face check end with a code that is not 10000."""
        self.person = scans_after(after_s, result_code=result_code)

    def ignore_scan(self) -> None:
        """Let nobody open the page of a face check."""
        self.person = never

    def reject_asset(
        self, name: str, code: str = "FaceMismatch", message: str = "not the same face"
    ) -> None:
        """Let the review refuse assets of that name."""
        self.reject_assets[name] = (code, message)

    def fail_video(
        self, word: str, code: str = "OutputVideoSensitiveContentDetected", message: str = "refused"
    ) -> None:
        """Let videos fail whose request has that word in it."""
        self.fail_videos[word] = (code, message)

    def fill_quota(self, *, groups: bool = True, assets: bool = True) -> None:
        """Let no further group or asset be created."""
        if groups:
            self.group_quota = 0
        if assets:
            self.asset_quota = 0

    def slow_down(self, times: float = 10.0) -> None:
        """Let reviews and videos take so many times as long."""
        self.review_s *= times
        self.queue_s *= times
        self.render_s *= times

    # -- what there is ---------------------------------------------------------------------------

    def new_id(self, prefix: str) -> str:
        """Make an id of the upstream's shape: prefix, 14 digits of time, five characters."""
        return f"{prefix}-{self.now():%Y%m%d%H%M%S}-{next(self._count):05x}"

    def account_of_key(self, api_key: str) -> SimAccount | None:
        """Find who owns a bearer key."""
        return next((a for a in self.accounts.values() if a.api_key == api_key), None)

    def account_of_access_key(self, access_key: str) -> SimAccount | None:
        """Find who owns an access key."""
        return next((a for a in self.accounts.values() if a.access_key == access_key), None)

    def add_group(
        self,
        account: SimAccount,
        group_id: str,
        name: str,
        *,
        real_person: bool = False,
        description: str = "",
        project_name: str = "default",
    ) -> SimGroup:
        """Remember a new group."""
        self.groups[group_id] = group = SimGroup(
            id=group_id,
            account=account.name,
            created_at=self.now(),
            name=name[: self.name_length],
            real_person=real_person,
            description=description,
            project_name=project_name,
        )
        return group

    def add_asset(
        self, group: SimGroup, asset_id: str, *, name: str, media: str, url: str
    ) -> SimAsset:
        """Take an asset into review."""
        now = self.now()
        self.assets[asset_id] = asset = SimAsset(
            id=asset_id,
            account=group.account,
            created_at=now,
            project_name=group.project_name,
            name=name[: self.name_length],
            group_id=group.id,
            media=media,
            url=url,
            ready_at=now + timedelta(seconds=self.review_s),
            failure=self.reject_assets.get(untagged(name)[0]),
        )
        self.billed[group.account, "asset"] += 1
        return asset

    def seed_asset(self, group: SimGroup, asset_id: str, name: str, url: str) -> SimAsset:
        """Remember a picture that is reviewed and was never charged for."""
        asset = self.add_asset(group, asset_id, name=name, media="Image", url=url)
        asset.ready_at, asset.failure = self.now(), None
        self.billed[group.account, "asset"] -= 1
        return asset

    def add_video(self, account: SimAccount, video_id: str, body: dict[str, object]) -> SimVideo:
        """Charge for a video and queue it."""
        now = self.now()
        text = str(body)
        started_at = now + timedelta(seconds=self.queue_s)
        self.videos[video_id] = video = SimVideo(
            id=video_id,
            account=account.name,
            body=body,
            created_at=now,
            started_at=started_at,
            ended_at=started_at + timedelta(seconds=self.render_s),
            failure=next((why for word, why in self.fail_videos.items() if word in text), None),
        )
        if self.fail_every and len(self.videos) % self.fail_every == 0:
            video.failure = ("InternalServiceError", "The service was not able to make it.")
        self.billed[account.name, "video"] += 1
        return video

    def add_check(
        self,
        account: str,
        token: str,
        callback_url: str = "",
        *,
        project_name: str = "default",
        group_id: str | None = None,
    ) -> SimCheck:
        """Open a face check."""
        now = self.now()
        self.checks[token] = check = SimCheck(
            token=token,
            account=account,
            created_at=now,
            expires_at=now + timedelta(seconds=self.token_life_s),
            callback_url=callback_url,
            group_id=group_id,
            project_name=project_name,
        )
        return check

    def settle_check(
        self, check: SimCheck, make_group_id: Callable[[], str] | None = None
    ) -> SimCheck:
        """Let the person act on a check: on success its group comes into being."""
        if check.result_code is None:
            check.result_code = self.person(check, min(self.now(), check.expires_at))
        if check.result_code is not None and check.settled_at is None:
            check.settled_at = self.now()
        if check.result_code == 10000 and check.group_id is None:
            account, project = self.accounts[check.account], check.project_name
            check.group_id = make_group_id() if make_group_id else self.new_id("group")
            _ = self.add_group(account, check.group_id, "", real_person=True, project_name=project)
        return check

    def groups_of(self, account: SimAccount) -> list[SimGroup]:
        """An account's groups, newest first."""
        return _newest_first(self.groups, account)

    def assets_of(self, account: SimAccount, group_id: str | None = None) -> list[SimAsset]:
        """An account's assets, newest first."""
        mine = _newest_first(self.assets, account)
        return [each for each in mine if group_id in (None, each.group_id)]

    def videos_of(self, account: SimAccount) -> list[SimVideo]:
        """An account's videos, newest first."""
        return _newest_first(self.videos, account)

    def listed(self, things: Iterable[Thing]) -> list[Thing]:
        """Those that are in lists by now."""
        latest = self.now() - timedelta(seconds=self.list_lag_s)
        return [each for each in things if each.created_at <= latest]

    def delete_group(self, group_id: str) -> None:
        """Forget a group and what is in it."""
        del self.groups[group_id]
        for asset_id in [a.id for a in self.assets.values() if a.group_id == group_id]:
            del self.assets[asset_id]


def own(things: Mapping[str, Owned], account: SimAccount, id: str) -> Owned | None:
    """Find what the account has under an id, as if others had nothing."""
    found = things.get(id)
    return found if found is not None and found.account == account.name else None


def _newest_first(things: Mapping[str, Thing], account: SimAccount) -> list[Thing]:
    mine = [each for each in things.values() if each.account == account.name]
    return sorted(mine, key=lambda each: (each.created_at, each.id), reverse=True)
