"""
The one interface that every vendor's adapter implements.

Operations are flows (see `portraitkit.wire.steps`). An adapter overrides the calls that its
vendor offers (`portraitkit.vendor.calls`); the base refuses the others before any request. What is
the same everywhere, such as waiting and downloading, is written once in `portraitkit.operations`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from .. import operations
from ..values.models import (
    Asset,
    AssetRef,
    Group,
    GroupRef,
    Page,
    Quota,
    VerificationRef,
    VideoRef,
    VideoTask,
)
from ..values.sources import MediaSource, MediaSources
from ..values.statuses import GroupKind, MediaType
from ..values.video import OnUnsupported, Preview, VideoRequest
from ..vendor.calls import VendorCalls
from ..vendor.pacing import OnEvent
from ..wire.steps import Flow


class PortraitProvider(VendorCalls):
    """One vendor's portraits and videos, for one account. Holds no connection: share it freely."""

    most_groups_listed: ClassVar[int] = 1
    """How many groups one request of `latest_assets` may name."""

    def latest_assets(self, cursor: str | None, groups: Sequence[Group]) -> Flow[Page[Asset]]:
        """
        List groups' assets for whoever waits for them, the newest first where the vendor sorts.

        An adapter overrides it where the vendor can; it says of what kind each asset's group is.
        """
        return self.list_assets(cursor, groups)

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
        return operations.reconciling.create_group(
            self, name, kind=kind, description=description, on_unsupported=on_unsupported
        )

    def quota(self) -> Flow[Quota]:
        """
        Count the account's groups by the vendor's own list, beside what is documented as the most.

        Raises:
            UnsupportedError: The vendor lists no groups.
        """
        return operations.searching.quota(self)

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
            source: A path, the bytes, an open binary file, a web framework's upload, a picture of
                Pillow, a `data:` URI, a public https URL, or a `Source`.
            name: To find it again by; the name of the file without its ending, if not given.
            media: What it is; found out from the content, or from a URL's ending, if not given.
            strict_limits: Treat exceeded limits as errors, whatever the profile says.

        Raises:
            MediaError: The source is missing, empty or of an unknown type; or this vendor takes
                only URLs and no media host is configured. Nothing was created.
            QuotaExceededError: The group is full.
            OutcomeUnknownError: It may have been registered, and could not be found for certain.
                What may be it is in `candidates`.
        """
        return operations.adding.add_asset(
            self, group, source, name=name, media=media, strict_limits=strict_limits
        )

    def add_assets(self, group: GroupRef, sources: MediaSources) -> Flow[list[Asset]]:
        """
        Register several files: a list, or a mapping from names.

        Returns:
            One asset for each source, in the order given. A part that could not be added is an
            asset with status FAILED, whose `failure.error` says why; it never raises for a part.

        Raises:
            InvalidInputError: It is one source instead of several. Nothing was sent.
        """
        return operations.adding.add_assets(self, group, sources)

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
        return operations.waiting.wait_until_active(self, asset, deadline_s, on_event)

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

        Raises:
            WaitTimeoutError: The deadline passed. Wait again for those that are not settled.
        """
        return operations.waiting.wait_until_all_active(self, assets, deadline_s, on_event)

    # -- real people -----------------------------------------------------------------------------

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
        return operations.waiting.wait_until_verified(self, verification, deadline_s, on_event)

    # -- videos ----------------------------------------------------------------------------------

    def preview_video(
        self,
        request: VideoRequest,
        *,
        on_unsupported: OnUnsupported = "raise",
        strict_limits: bool | None = None,
    ) -> Preview:
        """
        Show what `create_video` would send. Sends nothing.

        Raises:
            UnsupportedError: The vendor cannot express a field.
        """
        return operations.making.preview_video(self, request, on_unsupported, strict_limits)

    def create_video(
        self,
        request: VideoRequest,
        *,
        on_unsupported: OnUnsupported = "raise",
        strict_limits: bool | None = None,
        patience_s: float | None = None,
    ) -> Flow[VideoTask]:
        """
        Start a video. This is the paid call: it is never sent twice.

        Args:
            request: The video.
            on_unsupported: What to do with fields this vendor cannot express: `raise`, `warn` or
                `drop`, for all or by field. What is left out is listed in `.adaptations`.
            strict_limits: Treat exceeded limits as errors, whatever the profile says.
            patience_s: Seconds that it may wait for its turn where the account's own rate is used
                up; an hour if not given. With failover another account takes it sooner.

        Returns:
            The task, whose `handle` can be stored before any waiting.

        Raises:
            UnsupportedError: The vendor cannot express a field.
            AssetNotReadyError: An asset is not active.
            OutcomeUnknownError: The task may have been created: look before trying again. The
                tasks that may be it are in `candidates`, where the vendor lists tasks.
            RateLimitedError: Its turn would come too late, and nothing was sent.
        """
        make = operations.making.create_video
        return make(self, request, on_unsupported, strict_limits, patience_s)

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
        return operations.waiting.wait_for_video(self, task, deadline_s, on_event)

    def wait_for_videos(
        self,
        tasks: Sequence[VideoRef],
        *,
        deadline_s: float | None = None,
        on_event: OnEvent | None = None,
    ) -> Flow[list[VideoTask]]:
        """
        Wait until several videos have ended, until one deadline.

        Returns:
            The tasks in the order given, each ended, well or badly; it does not raise for a part.
            One that the vendor no longer knows has failed, with the reason in `failure`.

        Raises:
            WaitTimeoutError: The deadline passed. Wait again for those that have not ended.
        """
        return operations.waiting.wait_for_videos(self, tasks, deadline_s, on_event)

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
        return operations.downloading.download_video(
            self, task, path, deadline_s=deadline_s, overwrite=overwrite
        )

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
