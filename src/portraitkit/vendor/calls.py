"""What an adapter writes: raw calls, each a flow of one or a few requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final, NoReturn

from ..values.errors import InvalidInputError, ManualStepError, UnsupportedError
from ..values.media import Link, Upload
from ..values.models import (
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
from ..values.prompts import Slot
from ..values.remarks import Finding
from ..values.secret import Secret
from ..values.statuses import AssetStatus, GroupKind
from ..values.video import OnUnsupported, VideoRequest
from ..wire.steps import Flow, Request
from .answers import Answer, VendorAnswers
from .preflight import VideoModel

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
    "wait_for_videos": ("get_video",),
    "download_video": ("get_video",),
    "quota": ("list_groups",),
}


class VendorCalls(VendorAnswers):
    """What an adapter writes: one method for each call that its vendor offers."""

    def make_group(
        self, name: str, *, kind: GroupKind, description: str, on_unsupported: OnUnsupported
    ) -> Flow[Group]:
        """Send the create of a group, whose name and kind are checked. An adapter overrides it."""
        self.refuse("create_group")

    def get_group(self, group: GroupRef) -> Flow[Group]:
        """
        Read a group.

        Raises:
            NotFoundError: The account has no such group, or no longer.
        """
        self.refuse("get_group")

    def list_groups(
        self, cursor: str | None, *, kind: GroupKind | None = None
    ) -> Flow[Page[Group]]:
        """
        List groups; of one kind, or of both.

        Raises:
            UnsupportedError: This vendor lists no groups. Store the handles of your own.
        """
        self.refuse("list_groups")

    def search_groups(self, cursor: str | None, text: str, *, kind: GroupKind) -> Flow[Page[Group]]:
        """
        List the groups whose name may hold *text*, for a quick look; more of them do no harm.

        An adapter overrides it where the vendor documents such a filter.
        """
        return self.list_groups(cursor, kind=kind)

    def rename_group(
        self,
        group: GroupRef,
        name: str,
        *,
        description: str | None = None,
        on_unsupported: OnUnsupported = "raise",
    ) -> Flow[Group]:
        """
        Give a group another name, and another description if one is given; empty removes it.

        Raises:
            NotFoundError: The account has no such group, or no longer.
            UnsupportedError: This vendor renames none, or has no place for a description.
        """
        self.refuse("rename_group")

    def delete_group(self, group: GroupRef) -> Flow[None]:
        """
        Delete a group and everything in it.

        Raises:
            UnsupportedError: This vendor deletes none.
        """
        self.refuse("delete_group")

    def add_upload(self, group: GroupRef, upload: Upload, *, name: str) -> Flow[Asset]:
        """Register a file's bytes. An adapter overrides it where the vendor takes bytes."""
        self.refuse("add_upload")

    def add_link(self, group: GroupRef, link: Link, *, name: str) -> Flow[Asset]:
        """Register a public URL. An adapter overrides it where the vendor takes URLs."""
        self.refuse("add_link")

    def takes_upload(self, upload: Upload) -> bool:
        """Tell whether `add_upload` is this vendor's documented way for such a file."""
        return self.supports("add_upload")

    def get_asset(self, asset: AssetRef) -> Flow[Asset]:
        """
        Read an asset and where its review stands.

        Raises:
            NotFoundError: The account has no such asset, or no longer.
        """
        self.refuse("get_asset")

    def list_assets(
        self,
        cursor: str | None,
        group: GroupRef | Sequence[GroupRef],
        *,
        status: AssetStatus | Sequence[AssetStatus] | None = None,
    ) -> Flow[Page[Asset]]:
        """
        List the assets of a group, or of several; with one status, with any of several, or all.

        Raises:
            InvalidInputError: The list of groups or of statuses is empty.
            NotFoundError: The account has no such group, or no longer.
            UnsupportedError: This vendor lists no assets. Store the handles of your own.
        """
        self.refuse("list_assets")

    def rename_asset(self, asset: AssetRef, name: str) -> Flow[Asset]:
        """
        Give an asset another name.

        Raises:
            NotFoundError: The account has no such asset, or no longer.
            UnsupportedError: This vendor renames none.
        """
        self.refuse("rename_asset")

    def delete_asset(self, asset: AssetRef) -> Flow[None]:
        """
        Delete an asset.

        Raises:
            UnsupportedError: This vendor deletes none.
        """
        self.refuse("delete_asset")

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
        self.refuse("start_verification")

    def read_callback(self, received: str | Mapping[str, Any]) -> Verification:
        """
        Read what arrived at the callback URL. Sends nothing, and proves nothing.

        Args:
            received: The whole URL, its query, or the fields of a form or JSON body.

        Returns:
            A check whose status is still WAITING, whatever `.claimed` says: anyone can call the
            page. Pass it to `check_verification`, and believe only that.

        Raises:
            InvalidInputError: It is no callback of this vendor. Answer its sender with an error.
        """
        self.refuse("read_callback")

    def read_video_callback(self, received: str | bytes | Mapping[str, Any]) -> VideoTask:
        """
        Read what arrived at a video's `callback_url`. Sends nothing, and proves nothing.

        Args:
            received: The body as it came, or its fields.

        Returns:
            A task whose status is UNKNOWN, whatever the notice says: no vendor signs it. Pass it to
            `get_video`, and believe only that.

        Raises:
            InvalidInputError: It names no video. Answer its sender with an error.
            UnsupportedError: The vendor documents no notice.
        """
        self.refuse("read_video_callback")

    def check_verification(self, verification: VerificationRef) -> Flow[Verification]:
        """
        Ask the vendor whether the person has passed. `.group` is set once VERIFIED.

        Raises:
            NotFoundError: The vendor knows no such check, or no longer. Start another.
        """
        self.refuse("check_verification")

    def video_request(self, body: Mapping[str, Any]) -> Request:
        """Put a compiled video body into a request."""
        self.refuse("create_video")

    def created_video(self, answer: Answer) -> VideoTask:
        """Read the answer to a create; the task as `get_video` reads it, unless overridden."""
        return self.read(VideoTask, answer)

    @classmethod
    def model_id(cls, model: VideoModel, *, with_assets: bool) -> str:
        """Choose the vendor's name for a model."""
        return model.id

    def video_findings(self, request: VideoRequest, slots: tuple[Slot, ...]) -> tuple[Finding, ...]:
        """Find more to say of a request than its model's limits."""
        return ()

    def asset_address(self, asset: AssetRef) -> str:
        """
        Say what a video's body carries of an asset: `asset://…`, unless an adapter overrides it.

        Raises:
            AssetNotReadyError: The asset is not active.
        """
        return asset.uri if isinstance(asset, Asset) else f"asset://{self.id_of('asset', asset)}"

    def settle_media(self, request: VideoRequest) -> Flow[VideoRequest]:
        """Look up assets that are known by something else than their id."""
        yield from ()
        return request

    def get_video(self, task: VideoRef) -> Flow[VideoTask]:
        """
        Read a video task.

        Raises:
            NotFoundError: The account has no such task, or no longer.
        """
        self.refuse("get_video")

    def list_videos(self, cursor: str | None) -> Flow[Page[VideoTask]]:
        """
        List the account's video tasks, as far back as the vendor keeps them.

        Raises:
            UnsupportedError: This vendor lists no tasks. Store the handles of your own.
        """
        self.refuse("list_videos")

    def cancel_video(self, task: VideoRef) -> Flow[VideoTask]:
        """
        Cancel a video task.

        Raises:
            ConflictError: It is too late: it runs or has ended.
            UnsupportedError: This vendor cancels none.
        """
        self.refuse("cancel_video")

    def video_link(self, task: VideoTask) -> Flow[Secret | None]:
        """Get a finished video's link where the task does not carry it."""
        yield from ()
        return task.video_link

    def supports(self, operation: str) -> bool:
        """
        Tell whether this vendor offers an operation. Derived from what the adapter overrides.

        Raises:
            InvalidInputError: There is no such operation.
        """
        offered = _offered(type(self))
        if not isinstance(operation, str) or operation not in offered:  # pyright: ignore[reportUnnecessaryIsInstance]  (callers pass anything)
            from difflib import get_close_matches  # noqa: PLC0415  (only for who mistypes)

            near = get_close_matches(str(operation), offered, n=1)
            raise InvalidInputError(
                f"no operation is called {operation!r}",
                provider=self.name,
                field="operation",
                next_step=f"did you mean {near[0]!r}?" if near else "name a client's method",
            )
        return offered[operation]

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


@cache
def _offered(adapter: type[VendorCalls]) -> dict[str, bool]:
    """Whether an adapter overrides a call, or one that an operation rests on; by name."""
    calls = {name: (name,) for name in vars(VendorCalls) if not name.startswith("_")}
    return {
        name: any(getattr(adapter, call) is not getattr(VendorCalls, call) for call in needed)
        for name, needed in {**calls, **_RESTS_ON}.items()
    }
