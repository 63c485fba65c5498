"""Checks of changes: what was asked for is so at the simulator afterwards, and nothing else is."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, Final

from ...providers.dialects.link_library import LinkLibrary
from ...simulators.simulator import form_of
from ...values.errors import (
    MediaError,
    PortraitError,
    ProviderError,
    UnsupportedError,
)
from ...values.models import Asset, Group
from ...values.statuses import (
    AssetStatus,
    GroupKind,
    MediaType,
)
from ...wire.steps import Auth, Request
from .journey import PICTURE, PICTURE_URL, sources
from .leaves import said_by, says
from .looking import nothing, require
from .runner import Trial
from .suite import Suite

_NAME: Final = " Zoë & 李's 2nd look, with a Name as long as it may be"
_LONGEST: Final = 40
_DESCRIPTION: Final = 'A figure of ours: "Zoë & 李", <tall>'
CLIP: Final = files("portraitkit.simulators").joinpath("data", "clip.mp4").read_bytes()
SOURCES: Final[tuple[tuple[MediaType, Any], ...]] = (
    (MediaType.IMAGE, PICTURE),
    (MediaType.IMAGE, PICTURE_URL),
    (MediaType.VIDEO, CLIP),
    (MediaType.VIDEO, "https://media.example/Walk.mp4?X-Signature=8b7a6c5d4e3f2a1b0c9d"),
    (MediaType.AUDIO, "https://media.example/Voice.mp3?X-Signature=1a2b3c4d5e6f7a8b9c0d"),
)
_ARRIVES: Final = "send the argument as it was given: not cut, not changed, not left out"


class ChangesChecks(Suite):
    """Changes."""

    def test_groups_are_made_as_asked(self) -> None:
        """A new group has the name and the description that were asked for, whole."""
        trial = self._trial()
        for description in ("", _DESCRIPTION) if self._offers("create_group") else ():
            name = long_name(trial, "g")
            try:
                group = trial.client.create_group(name, description=description)
            except UnsupportedError as error:
                require(
                    description and error.field,
                    f"create_group with a plain name came to {error!r}",
                    "refuse with UnsupportedError(field=…) what the vendor has no place for alone",
                )
                continue
            asked = {"name": name, "description": description}
            self._is_so(trial, "create_group", "groups", _group_id(trial, group), asked, group)
            require(
                group.kind is GroupKind.VIRTUAL,
                f"create_group returned a group of the kind {group.kind}",
                "read the kind in the codec, or give the one that was asked for",
            )
        if self._offers("create_group"):
            _ = self._refused(
                lambda: trial.provider.create_group("Ann", kind=GroupKind.REAL_PERSON),
                UnsupportedError,
                "create_group of a real person, who was asked for nothing,",
                "override make_group, and leave check_group to the base",
            )

    def test_assets_are_registered_as_asked(self) -> None:
        """The medium, its bytes or address, and its name arrive, in the group that was named."""
        if not self._offers("create_group", "add_asset", "get_asset"):
            nothing("without groups, assets and a look at them nothing can be registered")
        trial = self._trial()
        groups = [trial.client.create_group(f"group {mark}") for mark in "ab"]
        known: dict[str, str] = {}
        for number, (media, source) in enumerate(SOURCES * 2):
            group = groups[number % 2]
            asked = self._registered(trial, known.get(group.handle, group), source, media, number)
            if asked is not None:
                _ = known.setdefault(group.handle, asked)
        require(
            len(known) == len(groups) and len({*known.values()}) == len(groups),
            f"assets that were added to {len(groups)} groups are in {sorted({*known.values()})}",
            'send the group that was named: self.id_of("group", group)',
        )

    def test_several_assets_keep_their_order(self) -> None:
        """`add_assets` returns an asset for each source, in order, each under its own name."""
        if not self._offers("create_group", "add_assets", "get_asset"):
            nothing("the adapter registers no assets")
        trial = self._trial()
        source = sources(trial.provider)[-1]
        named = {f"look {mark}": source for mark in "cab"}
        added = trial.client.add_assets(trial.client.create_group("Mia"), named)
        done = [trial.client.wait_until_active(each) for each in added]
        for name, asset in zip(named, done, strict=True):
            require(
                name in (asset.name, getattr(trial.record("assets", asset.id), "name", name)),
                f"add_assets was given {[*named]}, and returned {name!r} as {asset!r}",
                "keep the order of the sources",
            )
            told = asset if isinstance(trial.provider, LinkLibrary) else None
            self._is_so(trial, "add_assets", "assets", asset.id, {"name": name}, told)

    def test_renames_are_done(self) -> None:
        """What is renamed has the new name, a description only if one was given; the rest stays."""
        trial = self._trial()
        if self._offers("rename_group", "create_group"):
            self._renames_groups(trial)
        if self._offers("rename_asset", "create_group", "add_asset"):
            first, second = self._assets(trial, "first", "second")
            name = long_name(trial, "r")
            found = trial.client.rename_asset(first, name)
            self._is_so(trial, "rename_asset", "assets", first.id, {"name": name}, found)
            self._is_so(trial, "rename_asset", "assets", second.id, {"name": "second"})

    def test_deletions_take_that_thing_alone(self) -> None:
        """What is deleted is gone at the simulator, with what is in it, and nothing else."""
        trial = self._trial()
        if not self._offers("create_group", "add_asset"):
            nothing("the adapter makes nothing that could be deleted")
        one, other = (self._assets(trial, "a", "b", "c") for _ in range(2))
        gone: list[tuple[str, str]] = []
        if self._offers("delete_asset"):
            trial.client.delete_asset(one[1])  # neither the oldest nor the newest
            gone.append(("assets", str(one[1].id)))
            self._holds(trial, gone, [*one, *other], "delete_asset")
        if self._offers("delete_group") and one[1].group_id:
            trial.client.delete_group(one[1].group_id)
            gone += [("groups", one[1].group_id), *(("assets", str(each.id)) for each in one)]
            self._holds(trial, gone, [*one, *other], "delete_group")

    def test_full_accounts_are_told(self) -> None:
        """A create that is refused raises, and leaves nothing behind."""
        trial = self._trial()
        world = trial.world
        if isinstance(trial.provider, LinkLibrary):
            nothing("groups are local, and no account is full of them")
        if world is None or not self._offers("create_group"):
            nothing("the simulator's quota cannot be set, or no groups are made")
        world.group_quota = world.asset_quota = 0
        before = (len(world.groups), len(world.assets))
        found: object
        try:
            found = group = trial.client.create_group("Mia")
            if group.id is None:
                found = trial.client.add_asset(group, sources(trial.provider)[-1])
        except PortraitError as error:
            found = error
        after = (len(world.groups), len(world.assets))
        if after == (before[0] + 1, before[1]):
            nothing("the simulator knows no quota")
        require(
            isinstance(found, ProviderError) and before == after,
            f"a create at a full account came to {found!r}",
            "let refusals pass: ask with self.ask(request)",
        )

    # -- what they share -------------------------------------------------------------------------

    def _registered(
        self, trial: Trial, group: Any, source: Any, media: MediaType, number: int
    ) -> str | None:
        name, before = long_name(trial, str(number)), trial.count
        try:
            added = trial.client.add_asset(group, source, name=name, media=media)
        except (UnsupportedError, MediaError, ProviderError) as error:
            listed = media in trial.provider.media_rules and not isinstance(error, MediaError)
            require(
                media is not MediaType.IMAGE or isinstance(error, MediaError) or not listed,
                f"add_asset of {media.value} number {number} came to {error!r}",
                "let the simulator take what the adapter offers",
            )
            return None
        asset = trial.client.wait_until_active(added)
        sent = trial.sent(before)
        if isinstance(trial.provider, LinkLibrary):
            linked = {
                "name": name,
                "media": media,
                "group_id": trial.provider.id_of("group", group),
            }
            for each in (added, asset):
                self._is_linked(trial, each, source, sent)
                self._is_so(trial, "add_asset", "assets", None, linked, each)
            return asset.group_id
        lost = {each.field for each in added.adaptations}
        asked: dict[str, Any] = {} if "name" in lost else {"name": name}
        if isinstance(source, str) and any(says(leaf.value, source) for leaf in _all(sent)):
            asked["url"] = source
        self._is_so(trial, "add_asset", "assets", asset.id, asked, added)
        self._arrives_whole(sent, source)
        return self._is_reviewed(trial, added, asset, media)

    def _is_reviewed(self, trial: Trial, added: Asset, asset: Asset, media: MediaType) -> str:
        """Insist on a review, a medium and a group; the group's id."""
        record = trial.record("assets", asset.id)
        told = {*_media_told(record), asset.media, added.media}
        require(
            told <= {media, MediaType.UNKNOWN} and asset.media is added.media,
            f"add_asset of {media.value} is {sorted(each.value for each in told)} afterwards",
            "send the vendor's word for the medium, and read it back",
        )
        require(
            added.status is AssetStatus.PROCESSING,
            f"add_asset returned an asset that is {added.status.value}, and its review takes time",
            "read the status where the vendor writes it",
        )
        group_id = getattr(record, "group_id", None) or asset.group_id
        require(
            {asset.group_id, added.group_id} <= {None, group_id},
            f"the asset is in group {group_id}, and is told to be in {asset.group_id} and "
            f"{added.group_id}",
            "read the group where the vendor writes it",
        )
        return str(group_id)

    def _is_linked(
        self, trial: Trial, asset: Asset, source: str | bytes, sent: list[Request]
    ) -> None:
        """Insist on the link that the vendor gave for a file; of an address, on that itself."""
        address = trial.provider.asset_address(asset)
        is_given = address == source if isinstance(source, str) else address in trial.answers
        require(
            (is_given or not (sent or isinstance(source, str)))  # a media host's is not seen here
            and address not in [each.target for each in sent],
            f"an asset of {str(source)[:40]!r} leads elsewhere",
            "store() returns the public link that the storage gives, not where the file was put",
        )
        require(
            asset.status is AssetStatus.ACTIVE,
            f"a link is {asset.status.value}, and nobody reviews it",
            "leave add_link to LinkLibrary",
        )
        if sent and isinstance(source, bytes):
            self._arrives_whole(sent, source)

    def _arrives_whole(self, sent: list[Request], source: str | bytes) -> None:
        said = list(_all(sent))
        if isinstance(source, str):
            found = any(says(leaf.value, source) for leaf in said)
            fetched = any(each.auth is Auth.NONE and each.target == source for each in sent)
            require(found or fetched, "add_asset sends another address than was given", _ARRIVES)
            return
        coded = base64.b64encode(source).decode()
        texts = [leaf.value for leaf in said if isinstance(leaf.value, str)]
        whole = [each for each in sent if source in _files(each)]
        require(
            whole or any(text.endswith(coded) for text in texts),
            "add_asset does not send the file's bytes as they are",
            "hand upload.content on as it is: encoded, if the vendor wants it so, and never cut",
        )
        kind = "video/mp4" if source == CLIP else "image/jpeg"
        heads = [*texts, *(_head(each) for each in whole)]
        require(
            any(kind in text for text in heads) or not any(map(_names_a_type, heads)),
            f"a file of {kind} is sent as something else",
            "name upload.content_type",
        )

    def _renames_groups(self, trial: Trial) -> None:
        first, other = (
            str(_group_id(trial, trial.client.create_group(f"{mark} group"))) for mark in "ab"
        )
        name = long_name(trial, "R")
        for description in (None, _DESCRIPTION, None):
            name += "" if description is None else "!"
            name = name[-(trial.provider.name_limit[0] or _LONGEST) :]
            asked = {"name": name} if description is None else {"description": description}
            try:
                found = trial.client.rename_group(first, name, description=description)
            except UnsupportedError as error:
                require(
                    description is not None and error.field,
                    f"rename_group with a plain name came to {error!r}",
                    "refuse with UnsupportedError(field=…) what the vendor has no place for alone",
                )
                break
            if description is None and trial.record("groups", first) is not None:
                kept = trial.record("groups", first).description
                asked["description"] = _DESCRIPTION if kept else kept
            self._is_so(trial, "rename_group", "groups", first, {"name": name, **asked}, found)
        else:
            record = trial.record("groups", first)
            require(
                record is None or record.description == _DESCRIPTION,
                "a rename without a description changes the one that is there",
                "leave out what is None: only an empty text removes it",
            )
        self._is_so(trial, "rename_group", "groups", other, {"name": "b group"})

    def _assets(self, trial: Trial, *names: str) -> list[Asset]:
        group: Any = trial.client.create_group("Mia")
        made: list[Asset] = []
        for name in names:
            added = trial.client.add_asset(group, sources(trial.provider)[-1], name=name)
            made.append(trial.client.wait_until_active(added))
            group = made[-1].group_id or group
        return made

    def _holds(
        self, trial: Trial, gone: list[tuple[str, str]], made: list[Asset], operation: str
    ) -> None:
        if trial.world is None:
            self.passed_over("the simulator's memory cannot be seen")
            return
        kept = {("assets", str(each.id)) for each in made} - {*gone}
        groups = {("groups", each.group_id) for each in made if each.group_id} - {*gone}
        left = {each for each in {*kept, *groups, *gone} if trial.record(*each) is not None}
        require(
            left == kept | groups,
            f"after {operation} the simulator holds {sorted(map(str, left))}, and should hold "
            f"{sorted(map(str, kept | groups))}",
            "send the vendor's deletion, of the thing that was named",
        )

    def _is_so(  # noqa: PLR0917  (what was asked, where, and what came of it)
        self,
        trial: Trial,
        operation: str,
        kind: str,
        id: str | None,
        asked: dict[str, Any],
        told: Any = None,
    ) -> None:
        """Insist on what was asked, at the simulator and in what was returned."""
        record = trial.record(kind, id)
        is_local = isinstance(trial.provider, LinkLibrary)
        require(
            is_local or trial.world is None or record is not None,
            f"{operation}: the simulator knows nothing under the id {id!r}",
            "read the vendor's own id into id",
        )
        for name, value in asked.items():
            found = value if record is None else getattr(record, name)
            if record is None and value and not is_local:
                said = [leaf.value for leaf in _all(trial.sent())]
                found = value if any(says(each, value) for each in said) else "not sent"
            require(
                found == value,
                f"{operation} with {name}={value!r} makes it {found!r} at the simulator",
                _ARRIVES,
            )
            shown = getattr(told, name, value)
            require(
                shown == value,
                f"{operation} with {name}={value!r} returned {shown!r}",
                "read it where the vendor writes it, or give what was asked for",
            )


def long_name(trial: Trial, mark: str) -> str:
    """A name as long as the vendor takes, with what is often lost on the way."""
    return (mark + _NAME)[: min(trial.provider.name_limit[0] or _LONGEST, _LONGEST)].strip()


def _group_id(trial: Trial, group: Group) -> str | None:
    """The group's id; of a group that its first asset makes, after that."""
    if group.id is not None or not trial.provider.supports("add_asset"):
        return group.id
    added = trial.client.add_asset(group, sources(trial.provider)[-1])
    return trial.client.wait_until_active(added).group_id


def _all(sent: list[Request]) -> Iterator[Any]:
    for request in sent:
        yield from said_by(request)


def _files(request: Request) -> list[bytes]:
    """The files that a request carries: its body, or parts of it."""
    return [request.content, *(part.content for part in form_of(request).values())]


def _head(request: Request) -> str:
    return f"{dict(request.headers)} {request.content[:2000]!r}".lower()


def _names_a_type(text: str) -> bool:
    return any(f"{word}/" in text for word in ("image", "video", "application/octet-stream"))


def _media_told(record: Any) -> set[MediaType]:
    word = str(getattr(record, "media", "")).upper()
    return {MediaType[word]} if word in MediaType.__members__ else set()
