"""Checks of results: usage, links, failures, words, waits and notices, as the vendor gives them."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from datetime import timedelta
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from attrs import evolve

from ...operations.paging import every
from ...operations.provider import PortraitProvider
from ...providers.dialects.link_library import LinkLibrary
from ...values.errors import AssetFailedError, JobFailedError, PortraitError, VideoFailedError
from ...values.models import Asset, Usage, VideoTask
from ...values.secret import Secret
from ...values.statuses import (
    AssetStatus,
    VerificationStatus,
    VideoStatus,
)
from ...wire.steps import Flow, Request, Response
from .checks_answers import replaced
from .checks_facts import FactsChecks
from .journey import StepResult, sources
from .leaves import leaves
from .looking import nothing, require
from .runner import Trial
from .suite import run_flow

_USED: Final = {"total_tokens": 120_345, "completion_tokens": 110_346}
_FAILURE: Final = ("OddReason", "Nobody knows “why” & when")
_STATUSES: Final[Mapping[str, tuple[type[Any], str]]] = {
    "asset": (AssetStatus, "get_asset"),
    "verification": (VerificationStatus, "check_verification"),
    "video": (VideoStatus, "get_video"),
}
_SLOW_S: Final = 17


class ResultsChecks(FactsChecks):
    """Results."""

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


def _changed(answer: Response, values: Mapping[str, Any]) -> Response | None:
    """An answer with other numbers under some names; None where there is none of them."""
    text = answer.content.decode("utf-8", errors="replace")
    found = text
    for name, value in values.items():
        found = re.sub(rf'("{name}"\s*:\s*)\d+', rf"\g<1>{value}", found)
    return None if found == text else evolve(answer, content=found.encode())


def _decoded(trial: Trial, place: int) -> Any:
    return trial.provider.decode(trial.vendor.exchanged[place][1])
