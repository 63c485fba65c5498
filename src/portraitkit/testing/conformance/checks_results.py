"""Checks of what is told of an answer: all that the vendor says, and nothing else."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

import attrs
from attrs import evolve

from ...operations.paging import every
from ...operations.provider import PortraitProvider
from ...providers.dialects.link_library import LinkLibrary
from ...values.errors import AssetFailedError, JobFailedError, PortraitError, VideoFailedError
from ...values.models import Asset, Failure, Group, Usage, Verification, VideoTask
from ...values.secret import Secret
from ...values.statuses import (
    AssetStatus,
    GroupKind,
    MediaType,
    VerificationStatus,
    VideoStatus,
)
from ...wire.codec import is_array, is_object
from ...wire.steps import Flow, Request, Response
from .checks_answers import replaced
from .journey import CALLBACK_URL, StepResult, sources
from .leaves import Leaf, leaves, moment_of
from .looking import nothing, require
from .runner import Trial
from .suite import Suite, run_flow

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
_USED: Final = {"total_tokens": 120_345, "completion_tokens": 110_346}
_FAILURE: Final = ("OddReason", "Nobody knows “why” & when")
_STATUSES: Final[Mapping[str, tuple[type[Any], str]]] = {
    "asset": (AssetStatus, "get_asset"),
    "verification": (VerificationStatus, "check_verification"),
    "video": (VideoStatus, "get_video"),
}
_SLOW_S: Final = 17


class ResultsChecks(Suite):
    """Results."""

    def test_times_are_aware_and_right(self) -> None:
        """Every time is in UTC, and one that the vendor's answer holds."""
        for operation, found, answer in self._told():
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
        for operation, found, answer in self._told():
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

    def test_usage_is_kept(self) -> None:
        """The tokens that a video took are told as the vendor counts them."""
        step, told = self._done_video()
        answer = _changed(told, _USED)
        if answer is None:
            nothing("the simulator tells no usage of a video")
        result, _ = self._read_again(step, answer)
        body = answer.content.decode()
        wanted = {name: count if f'"{name}"' in body else None for name, count in _USED.items()}
        require(
            getattr(result, "usage", None) == Usage(**wanted),
            f"a video that took {wanted} is told as {getattr(result, 'usage', result)!r}",
            "list Usage in the codec's fields, and usage in VideoTask's",
        )

    def test_links_are_the_vendors(self) -> None:
        """A finished video's links are the ones in the answer, each its own; nothing is cut."""
        if not self._offers("create_video", "get_video", "download_video"):
            nothing("the adapter makes no videos")
        trial = self._trial()
        done = self._whole_video(trial)
        with tempfile.TemporaryDirectory() as folder:
            path = trial.client.download_video(done, Path(folder) / "whole.mp4")
            content = Path(path).read_bytes()
        require(
            content == trial.vendor.exchanged[-1][1].content,
            f"download_video saved {len(content)} bytes of "
            f"{len(trial.vendor.exchanged[-1][1].content)}",
            "leave downloading to the base",
        )
        links = {name: getattr(done, name) for name in ("video_link", "last_frame_link")}
        given = [link.reveal() for link in links.values() if isinstance(link, Secret)]
        require(
            len(given) == len({*given}),
            "a video and its last frame have one link",
            "read each link under its own key",
        )

    def test_failures_keep_their_reason(self) -> None:
        """A video and an asset that fail say why, in the vendor's code and words; waits raise."""
        trial = self._trial()
        if trial.world is None:
            nothing("the simulator cannot be told to let something fail")
        if self._offers("create_video", "get_video"):
            trial.world.fail_videos["pushed"] = _FAILURE
            begun = trial.client.create_video(evolve(self.video(None), prompt="pushed"))
            failed = self._fails(trial, begun, VideoFailedError, VideoStatus.FAILED)
            self._lists_failed(trial, "list_videos", failed)
        if isinstance(trial.provider, LinkLibrary):
            self.passed_over("no review refuses a link")
        elif self._offers("create_group", "add_asset", "get_asset"):
            for name in ("odd one", "face.jpg"):
                trial.world.reject_assets[name] = _FAILURE
            group = trial.client.create_group("Mia")
            added = trial.client.add_asset(group, sources(trial.provider)[-1], name="odd one")
            failed = self._fails(trial, added, AssetFailedError, AssetStatus.FAILED)
            self._lists_failed(trial, "list_assets", failed, failed.group_id or group)

    def test_status_words_mean_what_the_contract_says(self) -> None:
        """Each word in the contract's `status_words` is read as what it means there."""
        if (path := self.contract()) is None:
            nothing("there is no contract")
        from .judging import Contract  # noqa: PLC0415  (an extra)

        words = Contract.load(path).document.get("status_words", {})
        for kind, (enum, operation) in _STATUSES.items():
            steps = self._whole_journey().of(operation)
            for row in words.get(kind, []):
                wanted = enum[row["means"]]
                found = self._provider().codec.word(enum, row["word"])
                require(
                    found is wanted,
                    f"the codec takes {kind} {row['word']!r} for {found}, and it means {wanted}",
                    "write it into the codec's words",
                )
                if steps and steps[0].result.status_word:
                    self._reads_word(steps[0], str(row["word"]), wanted)

    def test_retry_after_is_obeyed(self) -> None:
        """After HTTP 429 with Retry-After the next try comes no sooner, in either form."""
        for step in self._asked("get_video", "get_asset", "get_group"):
            for form in (str(_SLOW_S), ""):
                self._waits(step, form)

    def test_notices_are_hints(self) -> None:
        """What arrives at a video's callback names the task, and is never believed."""
        if not self._offers("read_video_callback", "get_video"):
            nothing("the adapter reads no notices of videos")
        step, told = self._done_video()
        provider = self._journey().provider
        try:
            task = provider.read_video_callback(told.content)
        except PortraitError:
            nothing("the vendor's notice has another form than its task")
        require(
            task.handle == step.result.handle and task.status is VideoStatus.UNKNOWN,
            f"a notice of {step.result.handle} is read as {task!r}",
            "read the id alone, and leave the status UNKNOWN: anyone can send a notice",
        )

    # -- what they share -------------------------------------------------------------------------

    def _told(self) -> Iterator[tuple[str, Any, Any]]:
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

    def _done_video(self) -> tuple[StepResult, Response]:
        """The read of a finished video, and its answer."""
        waited = self._whole_journey().of("wait_for_video")
        if not waited:
            nothing("the adapter makes no videos")
        handle = waited[0].result.handle

        def begin(provider: PortraitProvider) -> Flow[VideoTask]:
            return provider.get_video(handle)

        step = evolve(waited[0], operation="get_video", begin=begin)
        return step, step.exchanged[-1][1]

    def _read_again(self, step: StepResult, answer: Response) -> tuple[Any, Exception | None]:
        """Read once more, answered with *answer*."""

        def again(number: int, request: Request) -> Response:
            del number, request
            return answer

        return run_flow(partial(step.begin, self._journey().provider), again)[1:]

    def _fails(
        self,
        trial: Trial,
        begun: Asset | VideoTask,
        kind: type[JobFailedError],
        status: AssetStatus | VideoStatus,
    ) -> Any:
        code, message = _FAILURE
        error: Any = None
        client = trial.client
        try:
            found: Any = (
                client.wait_until_active(begun)
                if isinstance(begun, Asset)
                else client.wait_for_video(begun)
            )
        except PortraitError as raised:
            found, error = raised, raised
        require(
            isinstance(error, kind) and getattr(error.result, "status", None) is status,
            f"a wait for something that the vendor refuses came to {found!r}",
            f"read the vendor's word for it as {status}",
        )
        told = trial.vendor.exchanged[-1][1].content.decode("utf-8", errors="replace")
        said = {str(leaf.value) for leaf in leaves(_decoded(trial, -1))}
        failure = error.result.failure
        for name, value in (("code", code), ("message", message)):
            seen = value in said or value in told
            shown = getattr(failure, name, "")
            require(
                not seen or shown == value,
                f"the vendor's answer gives the {name} {value!r}, and the failure's is {shown!r}",
                'list "failure" in the codec\'s fields, and Failure with its code and message',
            )

        mixed = [
            leaf.key
            for leaf in leaves(_decoded(trial, -1))
            if (leaf.value == failure.code and "message" in leaf.key)
            or (leaf.value == failure.message and leaf.key == "code")
        ]
        require(
            not (failure.code and failure.message and mixed),
            f"a failure's code is {failure.code!r}, and its message {failure.message!r}",
            "read the code as code, and the message as message",
        )
        return error.result

    def _lists_failed(self, trial: Trial, operation: str, failed: Any, *of: Any) -> None:
        """Insist on a row for what failed, with its reason."""
        if not self._offers(operation):
            return
        pages = every(lambda cursor: getattr(trial.provider, operation)(cursor, *of))
        rows: list[Any] = trial.client.run(pages, operation)
        row = next((each for each in rows if each.handle == failed.handle), None)
        require(
            row is not None and (row.status, row.failure) == (failed.status, failed.failure),
            f"{operation} tells what failed as {row!r}, and it is {failed!r}",
            "read every row with the codec, whatever its status",
        )

    def _reads_word(self, step: StepResult, word: str, wanted: Any) -> None:
        shown = [
            self._rerun_last(step, content)
            for content in replaced(step.exchanged[-1][1].content, step.result.status_word, word)
        ]
        read = [each for each in shown if getattr(each, "status_word", "") == word]
        require(
            not read or any(each.status is wanted for each in read),
            f"{step.operation}: the status {word!r} is read as {[e.status for e in read]}, and it "
            f"means {wanted}",
            "read words with the codec",
        )

    def _rerun_last(self, step: StepResult, content: bytes) -> Any:
        answers = [response for _, response in step.exchanged]
        answers[-1] = evolve(answers[-1], content=content)
        flow = partial(step.begin, self._journey().provider)
        return run_flow(flow, lambda number, _: answers[min(number, len(answers) - 1)])[1]

    def _waits(self, step: StepResult, form: str) -> None:
        provider, left = self._provider(), [response for _, response in step.exchanged]
        trial = Trial.of(provider, self.simulator())
        start = trial.clock.now()
        header = form or format_datetime(start + timedelta(seconds=_SLOW_S), usegmt=True)
        refusal = self.refusals(429, "", "too fast")[0]
        headers = {**refusal.headers, "retry-after": header}
        queue = [evolve(refusal, headers=headers, received_at=start), *left]
        trial.vendor.instead = lambda _: queue.pop(0) if queue else left[-1]
        try:
            found: Any = trial.client.run(step.begin(provider), step.operation)
        except PortraitError as error:
            found = error
        shown = self._answered(step, evolve(refusal, headers=headers, received_at=start))
        require(
            getattr(shown, "retry_after_s", None) is not None,
            f"{step.operation}, told to come again after {_SLOW_S} s, raised {shown!r} without it",
            "let the base make errors of refusals: refusal() reads Retry-After",
        )
        passed_s = (trial.clock.now() - start).total_seconds()
        require(
            not isinstance(found, PortraitError) and passed_s >= _SLOW_S - 1,
            f"{step.operation}, told to come again after {_SLOW_S} s, did so after {passed_s:g} s "
            f"and came to {found!r}",
            "let the base make errors of refusals: refusal() reads Retry-After",
        )


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


def _changed(answer: Response, values: Mapping[str, Any]) -> Response | None:
    """An answer with other numbers under some names; None where there is none of them."""
    text = answer.content.decode("utf-8", errors="replace")
    found = text
    for name, value in values.items():
        found = re.sub(rf'("{name}"\s*:\s*)\d+', rf"\g<1>{value}", found)
    return None if found == text else evolve(answer, content=found.encode())


def _decoded(trial: Trial, place: int) -> Any:
    return trial.provider.decode(trial.vendor.exchanged[place][1])
