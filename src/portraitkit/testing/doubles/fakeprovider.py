"""The provider that remembers everything and sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from attrs import Factory, evolve, field, frozen

from ...operations import making
from ...operations.downloading import checked
from ...operations.paging import one_or_more
from ...operations.provider import PortraitProvider
from ...rehearsal import Rehearsal
from ...values.errors import ConflictError, VideoNotReadyError
from ...values.handles import HandleKind
from ...values.media import Link, Upload
from ...values.models import (
    Asset,
    AssetRef,
    Group,
    GroupRef,
    Page,
    Verification,
    VerificationRef,
    VideoRef,
    VideoTask,
)
from ...values.prompts import Slot
from ...values.secret import Secret
from ...values.statuses import AssetStatus, GroupKind, VerificationStatus, VideoStatus
from ...values.video import SCALARS, OnUnsupported, VideoRequest
from ...vendor.answers import with_findings
from ...vendor.dialect import MediaRead, VideoDialect
from ...wire.codec import Codec
from ...wire.error_mapping import VendorError
from ...wire.partial_file import PartialFile
from ...wire.steps import Flow, Request, Response, work
from .fakes import URL, FakePortraits

T = TypeVar("T")


def _write(prompt: str, slots: tuple[Slot, ...]) -> dict[str, Any]:
    return {"prompt": prompt, "media": [{slot.role.value: slot.url} for slot in slots]}


def _read(body: Mapping[str, Any]) -> MediaRead:
    return MediaRead(
        prompt=str(body.get("prompt", "")), slots=(), used=frozenset({"prompt", "media"})
    )


def _done(call: Callable[[], T]) -> Flow[T]:
    """Do it when the flow is run, and without a step."""
    yield from ()
    return call()


@frozen(kw_only=True, slots=False)
class FakeProvider(PortraitProvider):
    """Every operation, without a vendor: no request is ever made."""

    name: ClassVar[str] = "fake"
    codec: ClassVar[Codec] = Codec(fields={}, words={})
    dialect: ClassVar[VideoDialect] = VideoDialect(
        fields={name: name for name in SCALARS}, write=_write, read=_read
    )
    video_models = ()

    memory: FakePortraits = field(eq=False, repr=False)
    api_key: Secret = Factory(lambda: Secret("false-key"))

    @property
    def identity(self) -> str:
        """There is one account."""
        return self.name

    @property
    def origins(self) -> frozenset[str]:
        """None: nothing is sent."""
        return frozenset()

    def authorize(self, request: Request, *, now: datetime) -> Request:
        """Nothing is sent, so nothing is signed."""
        del now
        return request

    def fault(self, data: Any, response: Response) -> VendorError | None:
        """Nothing is answered, so nothing is refused."""
        del data, response
        return None

    def make_group(
        self, name: str, *, kind: GroupKind, description: str, on_unsupported: OnUnsupported
    ) -> Flow[Group]:
        """Create a group."""
        del on_unsupported
        return _done(partial(self.memory.add_group, self, name, kind, description))

    def get_group(self, group: GroupRef) -> Flow[Group]:
        """Recall a group."""
        return _done(partial(self.memory.find, *self._at("group", group)))

    def list_groups(
        self, cursor: str | None, *, kind: GroupKind | None = None
    ) -> Flow[Page[Group]]:
        """Recall the groups."""
        del cursor
        every = self.memory.groups
        return _done(lambda: Page(items=tuple(g for g in every.values() if kind in (None, g.kind))))

    def rename_group(
        self,
        group: GroupRef,
        name: str,
        *,
        description: str | None = None,
        on_unsupported: OnUnsupported = "raise",
    ) -> Flow[Group]:
        """Give a group another name, and another description."""
        del on_unsupported
        told: dict[str, Any] = {} if description is None else {"description": description}
        return _done(partial(self.memory.rename, *self._at("group", group), name, **told))

    def delete_group(self, group: GroupRef) -> Flow[None]:
        """Forget a group and what is in it."""
        return _done(partial(self.memory.forget, *self._at("group", group)))

    def add_upload(self, group: GroupRef, upload: Upload, *, name: str) -> Flow[Asset]:
        """Remember an asset."""
        home = yield from self.get_group(group)
        return self.memory.add_asset(self, home, name or upload.filename, upload.media)

    def add_link(self, group: GroupRef, link: Link, *, name: str) -> Flow[Asset]:
        """Remember an asset."""
        home = yield from self.get_group(group)
        return self.memory.add_asset(self, home, name, link.media)

    def get_asset(self, asset: AssetRef) -> Flow[Asset]:
        """Look at an asset: its course moves on."""
        return _done(partial(self.memory.look, *self._at("asset", asset)))

    def list_assets(
        self,
        cursor: str | None,
        group: GroupRef | Sequence[GroupRef],
        *,
        status: AssetStatus | Sequence[AssetStatus] | None = None,
    ) -> Flow[Page[Asset]]:
        """Look at all of the groups' assets."""
        del cursor
        groups: list[GroupRef] = one_or_more(group, "group")
        homes: set[str | None] = set()
        for each in groups:
            homes.add((yield from self.get_group(each)).id)
        asked = list(AssetStatus) if status is None else one_or_more(status, "status")
        memory = self.memory
        inside = [each for each in memory.assets.values() if each.group_id in homes]
        seen = [memory.look(memory.assets, str(each.id)) for each in inside]
        return Page(items=tuple(each for each in seen if each.status in asked))

    def rename_asset(self, asset: AssetRef, name: str) -> Flow[Asset]:
        """Give an asset another name."""
        return _done(partial(self.memory.rename, *self._at("asset", asset), name))

    def delete_asset(self, asset: AssetRef) -> Flow[None]:
        """Forget an asset."""
        return _done(partial(self.memory.forget, *self._at("asset", asset)))

    def start_verification(
        self, name: str, *, callback_url: str | None = None
    ) -> Flow[Verification]:
        """Remember a face check."""
        del callback_url
        return _done(partial(self.memory.add_verification, self, name))

    def read_callback(self, received: str | Mapping[str, Any]) -> Verification:
        """Recall the only face check: the fake's page sends no token."""
        del received
        last = next(reversed(self.memory.verifications), "")
        return self.memory.find(self.memory.verifications, last)

    def check_verification(self, verification: VerificationRef) -> Flow[Verification]:
        """Look at a face check; once it is passed its group exists."""
        memory, (_, its_id) = self.memory, self._at("verification", verification)

        def look() -> Verification:
            seen = memory.look(memory.verifications, its_id)
            if seen.status is VerificationStatus.VERIFIED and seen.group is None:
                group = memory.add_group(self, seen.name, GroupKind.REAL_PERSON)
                seen = memory.verifications[its_id] = evolve(seen, group=group)
            return seen

        return _done(look)

    def create_video(
        self,
        request: VideoRequest,
        *,
        on_unsupported: OnUnsupported = "raise",
        strict_limits: bool | None = None,
        patience_s: float | None = None,
    ) -> Flow[VideoTask]:
        """Remember a video task, of a request that every vendor's checks would let pass."""
        del patience_s
        draft = making.draft_video(self, request, on_unsupported, strict_limits)
        created = _done(partial(self.memory.add_video, self, request))
        return (yield from with_findings(created, draft.findings, self))

    def video_request(self, body: Mapping[str, Any]) -> Request:
        """What a preview shows."""
        del body
        return Request(method="POST", url=f"{URL}/videos")

    def get_video(self, task: VideoRef) -> Flow[VideoTask]:
        """Look at a video: its course moves on."""
        return _done(partial(self.memory.look, *self._at("video", task)))

    def list_videos(self, cursor: str | None) -> Flow[Page[VideoTask]]:
        """Recall the videos, newest first."""
        del cursor
        return _done(lambda: Page(items=tuple(reversed(self.memory.videos.values()))))

    def cancel_video(self, task: VideoRef) -> Flow[VideoTask]:
        """Cancel a video that is still queued."""
        memory, (_, its_id) = self.memory, self._at("video", task)

        def cancel() -> VideoTask:
            found = memory.find(memory.videos, its_id)
            if found.status is not VideoStatus.QUEUED:
                raise ConflictError(f"the video is {found.status.value}", provider=self.name)
            memory.set_status(found, VideoStatus.CANCELLED)
            return memory.look(memory.videos, its_id)

        return _done(cancel)

    def download_video(
        self,
        task: VideoRef,
        path: str | Path,
        *,
        deadline_s: float | None = None,
        overwrite: bool = False,
    ) -> Flow[Path]:
        """Write the bytes of a finished video."""
        del deadline_s
        found: VideoTask = self.memory.find(*self._at("video", task))
        if found.status is not VideoStatus.SUCCEEDED:
            raise VideoNotReadyError(
                f"the video is {found.status.value}",
                provider=self.name,
                handle=found.handle,
                next_step="wait_for_video(task), then download what it returns",
            )
        part = PartialFile(Path(path), overwrite=overwrite)
        yield from work(partial(checked, part))
        yield from work(partial(part.save, self.memory.video))
        return part.target

    def _at(self, kind: HandleKind, thing: Any) -> tuple[dict[str, Any], str]:
        """Where a thing is kept, and under which id."""
        return getattr(self.memory, f"{kind}s"), self.id_of(kind, thing)


def fake_rehearsal(memory: FakePortraits) -> Rehearsal:
    """What leads the application to *memory*, whatever its profile says."""
    provider = FakeProvider(memory=memory)
    return Rehearsal(time=memory.time, provider=lambda: provider)
