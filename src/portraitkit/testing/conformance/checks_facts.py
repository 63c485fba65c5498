"""Checks of facts: what an answer says of a thing is in the result, and nothing else is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, cast

import attrs
from attrs import evolve

from ...operations.paging import every
from ...values.errors import PortraitError
from ...values.models import Asset, Failure, Group, Usage, Verification, VideoTask
from ...values.secret import Secret
from ...values.statuses import GroupKind, MediaType
from ...wire.codec import is_array, is_object
from .journey import CALLBACK_URL, sources
from .leaves import Leaf, leaves, moment_of
from .looking import nothing, require
from .runner import Trial
from .suite import Suite

_AGE_S: Final = 4321
"""How long the simulator's clock runs before, so that no time is that of its beginning."""
_READ: Final = "read it with the codec, where the vendor writes it"
KEYS: Final[Mapping[str, str]] = {
    "created_at": r"created_at|create_?time|created|made",
    "updated_at": r"updated_at|update_?time|updated",
    "link_expires_at": r"(video_url_|link_)?expires_at",
    "seed": "seed",
    "ratio": "ratio|aspect_ratio",
    "resolution": "resolution",
    "duration_s": "duration",
    "model": "model|engine",
    "progress": "progress",
    "last_frame_link": "last_frame_url",
    "video_link": "video_url|url",
    "expires_at": "expires_at|until",
    "link": "url",
    "description": "description|note",
}
"""Under which names vendors tell an attribute."""


class FactsChecks(Suite):
    """Facts."""

    def test_times_are_aware_and_right(self) -> None:
        """Every time is in UTC, and one that the vendor's answer holds."""
        for operation, found, answer in self._results():
            said = {moment_of(leaf.value) for leaf in leaves(answer)} - {None}
            for name, moment in _times(found):
                require(
                    moment.tzinfo is not None and moment.utcoffset() == timedelta(0),
                    f"{operation} returned {name}={moment!r}, which is not in UTC",
                    "read times with the codec, which makes them aware",
                )
                right = moment.replace(microsecond=0) in said
                known = operation.startswith(("get_", "list_"))
                require(
                    right or not (said and known),
                    f"{operation} returned {name}={moment!r}, which the answer does not hold",
                    _READ,
                )

    def test_answers_are_told_whole(self) -> None:
        """What an answer says of a thing is in the result: times, name, sizes, model, seed."""
        for operation, found, answer in self._results():
            failed = getattr(getattr(found, "status", None), "has_failed", True)
            require(
                failed or not found.failure,
                f"{operation} gives {found!r} a failure, and it has not failed",
                _READ,
            )
            for name, keys in KEYS.items():
                leaf = _only(answer, keys)
                if leaf is None or not hasattr(found, name):
                    continue
                self._tells(operation, name, leaf, getattr(found, name))

    def test_results_are_what_the_simulator_holds(self) -> None:
        """Name, description, group, medium and kind read as they are; a list's rows likewise."""
        for operation, found, record in self._held():
            require(
                getattr(found, "active", True),
                f"{operation} tells {found!r}, which can be used, as not active",
                _READ,
            )
            facts = {} if record is None else _facts(record)
            for name, value in facts.items():
                told = getattr(found, name, value)
                require(
                    told in (value, "", None) or (name == "media" and told.name == "UNKNOWN"),
                    f"{operation} tells {name}={told!r}, and at the simulator it is {value!r}",
                    _READ,
                )
                said = found.raw and any(leaf.value == value for leaf in leaves(found.raw.body))
                require(
                    told or not value or not said or not isinstance(value, str),
                    f"{operation} leaves out {name}, and the vendor's answer says it",
                    _READ,
                )

    def test_lists_tell_what_reads_tell(self) -> None:
        """A row of a list says of a thing what reading it alone says."""
        records = self._held()
        if not any("list" in operation for operation, _, _ in records):
            nothing("the adapter lists nothing")
        single = {found.handle: found for operation, found, _ in records if "get" in operation}
        for operation, row, _ in records:
            alone = single.get(row.handle)
            if "list" not in operation or alone is None:
                continue
            for each in _fields(row):
                one, two = getattr(row, each.name), getattr(alone, each.name)
                plain = isinstance(two, _COMPARED) or hasattr(two, "name")
                said = row.raw is None or _holds(row.raw.body, two)
                require(
                    one == two or not plain or (not said and not one) or not each.eq,
                    f"{operation} tells {each.name}={one!r}, and {_GET[type(row)]} {two!r}",
                    "read rows and single things with the same codec",
                )

    # -- what they share -------------------------------------------------------------------------

    def _results(self) -> Iterator[tuple[str, Any, Any]]:
        """Every result of one thing, with what the vendor's answer says of that thing."""
        told = [
            (step.operation, found)
            for step in self._whole_journey().steps
            for found in (step.result if is_array(step.result) else [step.result])
        ]
        told += [(operation, found) for operation, found, _ in self._held()]
        for operation, found in told:
            if isinstance(found, _THINGS) and found.raw is not None:
                yield operation, found, _row_of(found)

    def _tells(self, operation: str, name: str, leaf: Leaf, found: Any) -> None:
        value = leaf.value
        if name.endswith("_at"):
            wanted = moment_of(value)
            right = found is not None and found.replace(microsecond=0) == wanted
            right = right or wanted is None
        elif isinstance(found, Secret):
            right = found.reveal() == value
        else:
            right = found == value
        require(
            right or value in (None, "", []),
            f"{operation} tells {name}={found!r}, and the answer says {leaf.key}={value!r}",
            _READ,
        )

    def _held(self) -> list[tuple[str, Any, Any]]:
        """Make one of each thing, read it in every way, and find the simulator's record."""
        trial = self._trial()
        trial.clock.sleep(_AGE_S)
        client, offers = trial.client, trial.provider.supports
        found: list[tuple[str, Any, Any]] = []
        if offers("create_group") and offers("add_asset") and offers("get_asset"):
            found += self._library(trial)
        if offers("create_video") and offers("get_video"):
            task = self._whole_video(trial)
            found.append(("get_video", client.get_video(task), trial.record("videos", task.id)))
            if offers("list_videos"):
                found += [
                    ("list_videos", each, trial.record("videos", each.id))
                    for each in client.list_videos()
                ]
        return found

    def _whole_video(self, trial: Trial) -> VideoTask:
        """Make a video for which everything is asked that the vendor can express."""
        plain = self.video(None)
        known, models = trial.provider.dialect.fields, trial.provider.video_models
        asked = {"seed": 7, "return_last_frame": True}
        fields: dict[str, Any] = {name: asked[name] for name in asked if name in known}
        if len(models) > 1:
            fields["model"] = models[1].name
        try:
            task = trial.client.create_video(evolve(plain, **fields))
        except PortraitError as error:
            self.passed_over(f"a video with a seed and its last frame was refused: {error}")
            task = trial.client.create_video(plain)
        return trial.client.wait_for_video(task)

    def _library(self, trial: Trial) -> Iterator[tuple[str, Any, Any]]:
        client, offers = trial.client, trial.provider.supports
        group: Any = client.create_group("Mia and Zoë")
        if offers("rename_group"):
            try:
                _ = client.rename_group(group, "Mia", description="Of ours")
            except PortraitError:
                self.passed_over("groups have no description")
        for number, source in enumerate(sources(trial.provider)):
            trial.clock.sleep(7)
            asset = client.wait_until_active(client.add_asset(group, source, name=f"n-{number}"))
            group = asset.group_id or group
            yield "get_asset", client.get_asset(asset), trial.record("assets", asset.id)
        group_id: str = group if isinstance(group, str) else group.id
        if offers("get_group"):
            for each in [group_id, *self._person(trial)]:
                yield "get_group", client.get_group(each), trial.record("groups", each)
        for operation, things in (("list_groups", "groups"), ("list_assets", "assets")):
            if offers(operation):
                flow = self._every(trial, operation, group_id)
                yield from ((operation, e, trial.record(things, e.id)) for e in flow)

    def _person(self, trial: Trial) -> list[str]:
        """Let a person pass a face check; the group's id."""
        offers = trial.provider.supports
        if not (offers("start_verification") and offers("check_verification")):
            return []
        check = trial.client.start_verification("Ann", callback_url=CALLBACK_URL)
        _ = self.pass_check(check)
        return [str(trial.client.wait_until_verified(check).id)]

    def _every(self, trial: Trial, operation: str, group_id: str) -> list[Any]:
        arguments = (group_id,) if operation == "list_assets" else ()
        call = getattr(trial.provider, operation)
        pages = every(lambda cursor: call(cursor, *arguments))
        return trial.client.run(pages, operation)


_GET: Final = {Group: "get_group", Asset: "get_asset", VideoTask: "get_video"}


def _fields(found: Any) -> Iterator[Any]:
    yield from attrs.fields(cast("Any", type(found)))  # pyright: ignore[reportUnknownArgumentType]


def _times(found: Any) -> Iterator[tuple[str, datetime]]:
    for each in _fields(found):
        value = getattr(found, each.name)
        if isinstance(value, datetime):
            yield each.name, value


def _row_of(found: Any) -> Any:
    """The part of the answer that tells of this thing: the smallest object that holds its id."""
    body = found.raw.body
    holding = [node for node in _objects(body) if found.id and found.id in node.values()]
    return min(holding, key=lambda node: len(json.dumps(node, default=str)), default=body)


def _objects(node: Any) -> Iterator[Mapping[str, Any]]:
    if is_object(node):
        yield node
    children = node.values() if is_object(node) else node if is_array(node) else ()
    for each in children:
        yield from _objects(each)


def _only(answer: Any, keys: str) -> Leaf | None:
    """The one value under such a name; None where there is none, or several differ."""
    found = [leaf for leaf in leaves(answer) if re.fullmatch(keys, leaf.key)]
    return found[0] if len({str(leaf.value) for leaf in found}) == 1 else None


def _facts(record: Any) -> dict[str, Any]:
    """What a simulator's record says in portraitkit's words."""
    names = ("name", "description", "group_id", "created_at")
    facts = {name: getattr(record, name) for name in names if hasattr(record, name)}
    if hasattr(record, "media"):
        facts["media"] = MediaType[record.media.upper()]
    if hasattr(record, "real_person"):
        facts["kind"] = GroupKind.REAL_PERSON if record.real_person else GroupKind.VIRTUAL
    return facts


_THINGS: Final = (Group, Asset, Verification, VideoTask)
_COMPARED: Final = (str, float, datetime, Usage, Secret, Failure)


def _holds(row: Any, value: Any) -> bool:
    if isinstance(value, Usage):
        return any(leaf.value == value.total_tokens for leaf in leaves(row))
    if isinstance(value, Secret):
        return any(leaf.value == value.reveal() for leaf in leaves(row))
    if isinstance(value, datetime):
        return any(moment_of(leaf.value) == value for leaf in leaves(row))
    return not isinstance(value, str) or any(leaf.value == value for leaf in leaves(row))
