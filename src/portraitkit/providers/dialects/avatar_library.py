"""
The avatar dialect's groups and assets.

An asset has no id until its review ends, so that it is known by task and place (`reviews`). A
virtual figure's group is made by its first submission, so that `create_group` sends nothing.

Source: docs/vendors/apimart.md, docs/vendors/xcompute.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from attrs import evolve, frozen

from ...operations.adding import failed_asset, take_in
from ...operations.guarding import advised, guarded
from ...operations.publishing import kept_if_made, publish
from ...values.errors import (
    AssetNotReadyError,
    InvalidRequestError,
    PortraitError,
    UnexpectedResponseError,
    UnsupportedError,
)
from ...values.handles import is_handle
from ...values.media import Link, Upload
from ...values.models import Asset, AssetRef, Group, GroupRef
from ...values.portraits import MediaRef
from ...values.remarks import Adaptation, Finding
from ...values.secret import Secret
from ...values.sources import MediaSources, Source, as_sources
from ...values.statuses import AssetStatus, GroupKind, MediaType
from ...values.video import Frames, OnUnsupported, Reference, References, VideoRequest
from ...vendor.answers import Answer, logged, under_review
from ...wire.codec import first
from ...wire.steps import Flow, parts, segment
from . import avatar_tables as _avatars
from .action_tables import TYPE_OF_MEDIA
from .bearer import BearerProvider
from .reviews import Review, batches

MOST_ASSETS: Final = 20
"""Source: private-avatar page. Unverified for real-avatar."""


@frozen(kw_only=True, slots=False)
class AvatarLibrary(BearerProvider):
    """
    Groups and assets, and the tasks that everything is.

    Attributes:
        project_name: The project that groups belong to.
    """

    secret_fields: ClassVar[frozenset[str]] = _avatars.SECRET_MEMBERS

    project_name: str = "default"

    # -- the wire --------------------------------------------------------------------------------

    def post(
        self,
        path: str,
        body: Mapping[str, Any],
        secrets: tuple[Secret, ...] = (),
        *,
        repeatable: bool = False,
    ) -> Flow[Answer]:
        """Post a body; the answer's data is what is in its envelope."""
        request = self.request("POST", path, body, repeatable=repeatable)
        answer = yield from self.ask(evolve(request, secrets=secrets))
        return evolve(answer, data=_avatars.inner(answer.data))

    def task(self, task_id: str) -> Flow[Answer]:
        """Read a task, wrapped or flat."""
        answer = yield from self.ask(self.request("GET", f"/v1/tasks/{segment(task_id)}"))
        return evolve(answer, data=_avatars.inner(answer.data))

    def task_id(self, answer: Answer) -> str:
        """
        Get the id of the task that a call made.

        Raises:
            UnexpectedResponseError: It is not there, or cannot be one.
        """
        found = first(answer.data, ("id", "task_id"))
        if not isinstance(found, str) or not _TASK_ID.fullmatch(found):
            raise UnexpectedResponseError(
                "the answer names no task",
                status=answer.response.status,
                request_id=answer.request_id,
                next_step="look for the task in the vendor's console",
            )
        return found

    # -- groups and assets -----------------------------------------------------------------------

    def make_group(
        self, name: str, *, kind: GroupKind, description: str, on_unsupported: OnUnsupported
    ) -> Flow[Group]:
        """
        Name a virtual figure's group. Sends nothing: its first submission makes it.

        The group's id comes with the reviewed asset, as `group_id`: add further assets to that, as
        another submission to this group would make another one. `add_assets` submits together.
        """
        yield from ()
        return Group(
            provider=self.name,
            account=self.account,
            id=None,
            ref=_avatars.draft_ref(name, description),
            name=name,
            description=description,
            kind=kind,
        )

    def add_link(self, group: GroupRef, link: Link, *, name: str) -> Flow[Asset]:
        """Submit one public URL for review."""
        (asset,) = yield from self._submit(group, [(name, link)])
        return asset

    def add_assets(self, group: GroupRef, sources: MediaSources) -> Flow[list[Asset]]:
        """Submit up to 20 of a kind at once; each asset's own status decides, not the task's."""
        named = as_sources(sources)
        assets: dict[int, Asset] = {}
        taken: dict[int, tuple[Link, tuple[Finding, ...]]] = {}
        for index, source in enumerate(named):
            try:
                taken[index] = yield from guarded(self._take(source), self, "add_assets")
            except PortraitError as error:
                assets[index] = failed_asset(self, error)
        kinds = [(index, link.media) for index, (link, _) in taken.items()]
        made_a_group = False
        for batch in batches(kinds, MOST_ASSETS):
            yield from parts(*batch)
            try:
                links = [
                    (named[index].name or named[index].stem, taken[index][0]) for index in batch
                ]
                part = kept_if_made(self._submit(group, links), self, [each for _, each in links])
                added = yield from guarded(part, self, "add_assets")
            except PortraitError as error:
                added = [failed_asset(self, error) for _ in batch]
            for index, asset in zip(batch, added, strict=True):
                link, findings = taken[index]
                found = evolve(
                    asset,
                    findings=(*asset.findings, *findings),
                    published=link.published if asset.handle else None,
                )
                apart = made_a_group and asset.ref
                assets[index] = evolve(found, adaptations=(_APART,)) if apart else found
            yield from parts(*batch, made=[assets[index] for index in batch])
            made_a_group = made_a_group or any(a.ref and a.group_id is None for a in added)
        return [assets[index] for index in range(len(named))]

    def _take(self, source: Source) -> Flow[tuple[Link, tuple[Finding, ...]]]:
        name = source.name or source.stem
        named = self.check_name(name) if name else ()
        item = yield from take_in(self, source)
        if isinstance(item, Link):
            return item, logged(named, self)
        rules = self.media_rules.get(item.media)
        findings = named + self.limits(tuple(rules.check(item)), None) if rules else ()
        return (yield from self.link_to(item)), logged(findings, self)

    def link_to(self, upload: Upload) -> Flow[Link]:
        """Make a file reachable."""
        return publish(self, upload)

    def _submit(self, group: GroupRef, named: Sequence[tuple[str, Link]]) -> Flow[list[Asset]]:
        links = [link for _, link in named]
        ref = self.id_of("group", group)
        target = _avatars.submit_path(ref, group)
        media = links[0].media
        if target.kind is GroupKind.REAL_PERSON and media is MediaType.AUDIO:
            raise UnsupportedError(
                f"{self.name} reviews pictures and videos of real people, and no audio",
                provider=self.name,
                field="media",
            )
        body = {
            **target.members,
            "project_name": self.project_name,
            "asset_type": TYPE_OF_MEDIA[media],
            "assets": [
                {"url": link.url.reveal(), **({"name": name} if name else {})}
                for name, link in named
            ],
        }
        try:
            sent = self.post(target.path, body, tuple(link.url for link in links))
            answer = yield from advised(sent, self, _IN_THE_CONSOLE)
        except InvalidRequestError as error:
            if target.kind is GroupKind.VIRTUAL and ref == target.group_id:
                error.next_step = f"{error.advice}; {_WHOSE}"
            raise
        found = self.task_id(answer)
        given = {"id": None, "group_id": target.group_id, "name": "", "media": media}
        made = under_review(self.read(Asset, answer, group_kind=target.kind, **given))
        return [
            evolve(made, name=name, ref=str(Review(found, index, len(links))))
            for index, (name, _) in enumerate(named)
        ]

    def get_asset(self, asset: AssetRef) -> Flow[Asset]:
        """Read an asset's place in its review task; there is no other way to read one."""
        ref = self.id_of("asset", asset)
        review = Review.parse(ref)
        if review is None:
            raise UnsupportedError(
                f"{self.name} tells of an asset only in its review task, and a bare id has none",
                provider=self.name,
                field="asset",
                next_step="pass the asset or its handle; asset://… can be used as it is",
            )
        answer = yield from self.task(review.task_id)
        members = review.members(answer)
        known = asset if isinstance(asset, Asset) else None
        given: dict[str, Any] = {"media": MediaType.UNKNOWN, "name": "", "group_id": None}
        if known:
            given = {key: getattr(known, key) for key in (*given, "adaptations", "findings")}
        found = self.read(Asset, answer, members, id=None, **given)
        # Only a usable asset's id goes into the handle: videos take it from there without a look.
        usable = found.id if found.status is AssetStatus.ACTIVE else None
        return evolve(found, ref=str(evolve(review, asset_id=usable or "")))

    def asset_address(self, asset: AssetRef) -> str:
        """Address an asset whose id is in its handle, as it is once reviewed."""
        is_named = isinstance(asset, str) and is_handle(asset)
        review = Review.parse(self.id_of("asset", asset)) if is_named else None
        if review is None:
            return super().asset_address(asset)
        if review.asset_id:
            return f"asset://{review.asset_id}"
        raise AssetNotReadyError(
            "this handle was made before the asset's review ended",
            provider=self.name,
            next_step="get_asset(handle), and use what it returns",
        )

    def settle_media(self, request: VideoRequest) -> Flow[VideoRequest]:
        """Look up assets whose handles were made before their review ended."""
        media = request.media
        if isinstance(media, Frames):
            start = yield from self._settled(media.first)
            end = None if media.last is None else (yield from self._settled(media.last))
            return evolve(request, media=Frames(first=start, last=end))
        if media is None:
            return request
        lists: dict[str, list[Reference]] = {"images": [], "videos": [], "audios": []}
        for key, settled in lists.items():
            for each in getattr(media, key):
                source = yield from self._settled(each.source)
                settled.append(evolve(each, source=source))
        return evolve(request, media=References(**lists))

    def _settled(self, source: MediaRef) -> Flow[MediaRef]:
        if not isinstance(source, str) or not is_handle(source):
            return source
        review = Review.parse(self.id_of("asset", source))
        waiting = review is not None and not review.asset_id
        return (yield from self.get_asset(source)) if waiting else source


_IN_THE_CONSOLE: Final = (
    "this vendor lists no submissions: look in its console before you submit the same again, as "
    "each submission is reviewed, and one to a new group makes the group"
)
_TASK_ID: Final = re.compile(r"[\w.~-]{1,200}")
_WHOSE: Final = (
    "a bare group id is taken for a virtual figure's: for a real person's group pass what "
    "wait_until_verified returned, or its handle"
)
_APART: Final = Adaptation(
    field="group",
    asked="one group",
    sent="another new group of that name",
    why="a group takes 20 assets of one kind at once, and its id is told only after their review",
)
