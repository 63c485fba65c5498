"""
The one interface that every vendor's adapter implements.

Operations are flows (see `portraitkit.wire`). An adapter overrides the operations that its vendor
offers; the base refuses the others before any request. What is the same everywhere, such as waiting
and downloading, is written once in `portraitkit.flows`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from attrs import frozen

from .errors import ManualStepError, UnsupportedError
from .flows import adding, downloading, making, reconciling, waits
from .media import Link, MediaSource, Upload
from .models import (
    Asset,
    AssetRef,
    AssetStatus,
    Finding,
    Group,
    GroupKind,
    GroupRef,
    MediaType,
    Page,
    Verification,
    VerificationRef,
    VideoRef,
    VideoTask,
)
from .preflight import VideoModel
from .secret import Secret
from .vendor import Answer, Vendor
from .video import OnUnsupported, Preview, Slot, VideoRequest
from .waiting import OnEvent
from .wire import Flow, Request


@frozen(kw_only=True, slots=False)
class PortraitProvider(Vendor):
    """One vendor's portraits and videos, for one account. Holds no connection: share it freely."""

    # -- groups ----------------------------------------------------------------------------------

    def create_group(
        self,
        name: str,
        *,
        kind: GroupKind = GroupKind.VIRTUAL,
        description: str = "",
        on_unsupported: OnUnsupported = "raise",
    ) -> Flow[Group]:
        """
        Create a group for a virtual figure. A real person's group comes from `start_verification`.

        Raises:
            QuotaExceededError: The account has as many groups as it may. Delete one.
            OutcomeUnknownError: It may have been created, and could not be found for certain. What
                may be it is in `candidates`.
        """
        if not self.supports("create_group"):
            self.refuse("create_group")
        return reconciling.create_group(
            self, name, kind=kind, description=description, on_unsupported=on_unsupported
        )

    def make_group(
        self, name: str, *, kind: GroupKind, description: str, on_unsupported: OnUnsupported
    ) -> Flow[Group]:
        """Send the create of a group, whose name and kind are checked. An adapter overrides it."""
        del name, kind, description, on_unsupported
        self.refuse("create_group")

    def get_group(self, group: GroupRef) -> Flow[Group]:
        """Read a group."""
        del group
        self.refuse("get_group")

    def list_groups(
        self, cursor: str | None, *, kind: GroupKind | None = None
    ) -> Flow[Page[Group]]:
        """List groups; of one kind, or of both."""
        del cursor, kind
        self.refuse("list_groups")

    def search_groups(self, cursor: str | None, text: str, *, kind: GroupKind) -> Flow[Page[Group]]:
        """
        List the groups whose name may hold *text*, for a quick look; more of them do no harm.

        An adapter overrides it where the vendor documents such a filter.
        """
        del text
        return self.list_groups(cursor, kind=kind)

    def rename_group(self, group: GroupRef, name: str) -> Flow[Group]:
        """Give a group another name."""
        del group, name
        self.refuse("rename_group")

    def delete_group(self, group: GroupRef) -> Flow[None]:
        """Delete a group and everything in it."""
        del group
        self.refuse("delete_group")

    # -- assets ----------------------------------------------------------------------------------

    def add_asset(
        self,
        group: GroupRef,
        source: MediaSource,
        *,
        name: str = "",
        media: MediaType | None = None,
        strict_limits: bool | None = None,
    ) -> Flow[Asset]:
        """
        Register a picture, video or audio in a group. It is reviewed before it can be used.

        Args:
            group: Where it belongs.
            source: A path, the bytes, or a public https URL.
            name: To find it again by.
            media: What it is; found out from the content, or from a URL's ending, if not given.
            strict_limits: Treat exceeded limits as errors, whatever the profile says.

        Raises:
            MediaError: The source is missing, empty or of an unknown type; or this vendor takes
                only URLs and no media host is configured. Nothing was created.
            QuotaExceededError: The group is full.
            OutcomeUnknownError: It may have been registered, and could not be found for certain.
                What may be it is in `candidates`.
        """
        return adding.add_asset(
            self, group, source, name=name, media=media, strict_limits=strict_limits
        )

    def add_assets(self, group: GroupRef, sources: Sequence[MediaSource]) -> Flow[list[Asset]]:
        """
        Register several files.

        Returns:
            One asset for each source, in the order given. A part that could not be added is an
            asset with status FAILED, whose `failure.error` says why; it never raises for a part.
        """
        return adding.add_assets(self, group, sources)

    def add_upload(self, group: GroupRef, upload: Upload, *, name: str) -> Flow[Asset]:
        """Register a file's bytes. An adapter overrides it where the vendor takes bytes."""
        del group, upload, name
        self.refuse("add_upload")

    def add_link(self, group: GroupRef, link: Link, *, name: str) -> Flow[Asset]:
        """Register a public URL. An adapter overrides it where the vendor takes URLs."""
        del group, link, name
        self.refuse("add_link")

    def takes_upload(self, upload: Upload) -> bool:
        """Tell whether `add_upload` is this vendor's documented way for such a file."""
        del upload
        return self.supports("add_upload")

    def get_asset(self, asset: AssetRef) -> Flow[Asset]:
        """Read an asset and where its review stands."""
        del asset
        self.refuse("get_asset")

    def list_assets(
        self, cursor: str | None, group: GroupRef, *, status: AssetStatus | None = None
    ) -> Flow[Page[Asset]]:
        """List a group's assets; with one status, or with any."""
        del cursor, group, status
        self.refuse("list_assets")

    def rename_asset(self, asset: AssetRef, name: str) -> Flow[Asset]:
        """Give an asset another name."""
        del asset, name
        self.refuse("rename_asset")

    def delete_asset(self, asset: AssetRef) -> Flow[None]:
        """Delete an asset."""
        del asset
        self.refuse("delete_asset")

    def wait_until_active(
        self,
        asset: AssetRef,
        *,
        deadline_s: float | None = None,
        on_event: OnEvent | None = None,
    ) -> Flow[Asset]:
        """
        Wait for an asset's review.

        Args:
            asset: What `add_asset` returned, its handle or its id.
            deadline_s: Seconds until waiting ends; the profile's or the adapter's if not given.
            on_event: Called with an `Event` at each look.

        Raises:
            AssetFailedError: The review refused it.
            WaitTimeoutError: The deadline passed. The handle is in the error: wait again.
        """
        return waits.wait_until_active(self, asset, deadline_s, on_event)

    def wait_until_all_active(
        self,
        assets: Sequence[AssetRef],
        *,
        deadline_s: float | None = None,
        on_event: OnEvent | None = None,
    ) -> Flow[list[Asset]]:
        """
        Wait for several assets at once, by listing where the vendor can list.

        Returns:
            The assets in the order given, each ACTIVE or FAILED; it does not raise for a part.
        """
        return waits.wait_until_all_active(self, assets, deadline_s, on_event)

    # -- real people -----------------------------------------------------------------------------

    def start_verification(
        self, name: str, *, callback_url: str | None = None
    ) -> Flow[Verification]:
        """
        Start a real person's face check. Open `.url` on the person's phone before `.expires_at`.

        Args:
            name: The person's name for your own use; sent only where the vendor has a place for it.
            callback_url: Where the person's browser returns to. What arrives there is a hint:
                believe only `check_verification`.

        Raises:
            ManualStepError: This vendor offers the check only in its console; says what to do.
        """
        del name, callback_url
        self.refuse("start_verification")

    def read_callback(self, received: str | Mapping[str, Any]) -> Verification:
        """
        Read what arrived at the callback URL. Sends nothing, and proves nothing.

        Args:
            received: The whole URL, its query, or the fields of a form or JSON body.

        Returns:
            A check whose status is still WAITING, whatever `.claimed` says: anyone can call the
            page. Pass it to `check_verification`, and believe only that.
        """
        del received
        self.refuse("read_callback")

    def check_verification(self, verification: VerificationRef) -> Flow[Verification]:
        """Ask the vendor whether the person has passed. `.group` is set once VERIFIED."""
        del verification
        self.refuse("check_verification")

    def wait_until_verified(
        self,
        verification: VerificationRef,
        *,
        deadline_s: float | None = None,
        on_event: OnEvent | None = None,
    ) -> Flow[Group]:
        """
        Wait for the face check and return the person's group.

        Raises:
            VerificationFailedError: It failed, or its link ran out. Start another.
            WaitTimeoutError: The deadline passed.
        """
        return waits.wait_until_verified(self, verification, deadline_s, on_event)

    # -- videos ----------------------------------------------------------------------------------

    def video_request(self, body: Mapping[str, Any]) -> Request:
        """Put a compiled video body into a request."""
        del body
        self.refuse("create_video")

    def created_video(self, answer: Answer) -> VideoTask:
        """Read the answer to a create; the task as `get_video` reads it, unless overridden."""
        return self.read(VideoTask, answer)

    @classmethod
    def model_id(cls, model: VideoModel, *, with_assets: bool) -> str:
        """Choose the vendor's name for a model."""
        del with_assets
        return model.id

    def video_findings(self, request: VideoRequest, slots: tuple[Slot, ...]) -> tuple[Finding, ...]:
        """Find more to say of a request than its model's limits."""
        del request, slots
        return ()

    def asset_uri(self, ref: str) -> str:
        """Turn what a handle holds into an `asset://` address."""
        return f"asset://{ref}"

    def settle_media(self, request: VideoRequest) -> Flow[VideoRequest]:
        """Look up assets that are known by something else than their id."""
        yield from ()
        return request

    def preview_video(
        self,
        request: VideoRequest,
        *,
        on_unsupported: OnUnsupported = "raise",
        strict_limits: bool | None = None,
    ) -> Preview:
        """Show what `create_video` would send. Sends nothing."""
        return making.preview_video(self, request, on_unsupported, strict_limits)

    def create_video(
        self,
        request: VideoRequest,
        *,
        on_unsupported: OnUnsupported = "raise",
        strict_limits: bool | None = None,
    ) -> Flow[VideoTask]:
        """
        Start a video. This is the paid call: it is never sent twice.

        Args:
            request: The video.
            on_unsupported: What to do with fields this vendor cannot express: `raise`, `warn` or
                `drop`, for all or by field. What is left out is listed in `.adaptations`.
            strict_limits: Treat exceeded limits as errors, whatever the profile says.

        Returns:
            The task, whose `handle` can be stored before any waiting.

        Raises:
            UnsupportedError: The vendor cannot express a field.
            AssetNotReadyError: An asset is not active.
            OutcomeUnknownError: The task may have been created: look before trying again. The
                tasks that may be it are in `candidates`, where the vendor lists tasks.
        """
        return making.create_video(self, request, on_unsupported, strict_limits)

    def get_video(self, task: VideoRef) -> Flow[VideoTask]:
        """Read a video task."""
        del task
        self.refuse("get_video")

    def list_videos(self, cursor: str | None) -> Flow[Page[VideoTask]]:
        """List the account's video tasks, as far back as the vendor keeps them."""
        del cursor
        self.refuse("list_videos")

    def cancel_video(self, task: VideoRef) -> Flow[VideoTask]:
        """
        Cancel a video task.

        Raises:
            ConflictError: It is too late: it runs or has ended.
        """
        del task
        self.refuse("cancel_video")

    def wait_for_video(
        self,
        task: VideoRef,
        *,
        deadline_s: float | None = None,
        on_event: OnEvent | None = None,
    ) -> Flow[VideoTask]:
        """
        Wait until a video is finished.

        Raises:
            VideoFailedError: It failed, was cancelled or expired.
            WaitTimeoutError: The deadline passed. The handle is in the error: wait again.
        """
        return waits.wait_for_video(self, task, deadline_s, on_event)

    def download_video(
        self,
        task: VideoRef,
        path: str | Path,
        *,
        deadline_s: float | None = None,
        overwrite: bool = False,
    ) -> Flow[Path]:
        """
        Copy a finished video into a file: streamed, without credentials, renamed when complete.

        Args:
            task: The video.
            path: The file. What is there is kept, and nothing is sent, unless *overwrite* says so.
            deadline_s: Seconds after which it ends; an hour if not given.
            overwrite: Whether to replace a file that is there.

        Raises:
            VideoNotReadyError: It is not finished. Wait with `wait_for_video`.
            InvalidInputError: The file is there already, or cannot be written.
            WaitTimeoutError: The deadline passed. Nothing is left behind.
        """
        return downloading.download_video(
            self, task, path, deadline_s=deadline_s, overwrite=overwrite
        )

    def video_link(self, task: VideoTask) -> Flow[Secret | None]:
        """Get a finished video's link where the task does not carry it."""
        yield from ()
        return task.video_link

    # -- what is offered ------------------------------------------------------------------------

    @classmethod
    def chosen_by(cls, settings: Mapping[str, Any]) -> type[PortraitProvider]:
        """
        Choose the class that serves a profile's settings.

        An adapter whose vendor has two interfaces for one thing overrides it, so that each is a
        class of its own: its fields are the profile's keys, and `supports` stays derived.

        Raises:
            ConfigError: A setting names none.
        """
        del settings
        return cls

    @classmethod
    def interfaces(cls) -> tuple[type[PortraitProvider], ...]:
        """Name all classes that `chosen_by` may choose."""
        return (cls,)

    def supports(self, operation: str) -> bool:
        """Tell whether this vendor offers an operation. Derived from what the adapter overrides."""
        needed = _RESTS_ON.get(operation, (operation,))
        return any(
            getattr(type(self), each) is not getattr(PortraitProvider, each) for each in needed
        )

    def refuse(self, operation: str) -> NoReturn:
        """Say that the vendor does not offer an operation, or only by hand."""
        if step := self.manual_steps.get(operation):
            raise ManualStepError(
                "this vendor has no API for it: a person has to do it",
                provider=self.name,
                operation=operation,
                next_step=step,
            )
        raise UnsupportedError(
            f"{self.name} offers no {operation}",
            provider=self.name,
            operation=operation,
            next_step=f'ask provider.supports("{operation}") first, or choose another profile',
        )


_RESTS_ON: Final[Mapping[str, tuple[str, ...]]] = {
    "create_group": ("make_group",),
    "add_asset": ("add_upload", "add_link"),
    "add_assets": ("add_upload", "add_link"),
    "create_video": ("video_request",),
    "preview_video": ("video_request",),
    "wait_until_active": ("get_asset",),
    "wait_until_all_active": ("get_asset",),
    "wait_until_verified": ("check_verification",),
    "wait_for_video": ("get_video",),
    "download_video": ("get_video",),
}
