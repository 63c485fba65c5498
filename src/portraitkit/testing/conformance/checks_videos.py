"""Checks of videos: previews, what cannot be expressed, bodies read back, and cancelling."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from attrs import evolve

from ...operations.making import draft_video
from ...values.errors import AssetNotReadyError, ConflictError, PortraitError, UnsupportedError
from ...values.models import Asset, VideoTask
from ...values.secret import MASK
from ...values.statuses import AssetStatus, VideoStatus
from ...values.video import SCALARS, Frames, References
from .looking import nothing, require
from .runner import Trial
from .suite import Suite

VALUES: Final[Mapping[str, Any]] = {
    "duration_s": 5,
    "ratio": "16:9",
    "resolution": "720p",
    "generate_audio": False,
    "seed": 7,
    "watermark": False,
    "return_last_frame": True,
    "callback_url": "https://app.example/done",
    "end_user": "5a69788796b5a4c3",
    "expires_after_s": 86_400,
    "web_search": True,
}
"""A plain value for each field of a request."""


class VideosChecks(Suite):
    """Video requests, and cancelling."""

    def test_preview_is_what_is_sent(self) -> None:
        """`preview_video` shows method, URL, headers and the exact bytes of the paid request."""
        journey = self._whole_journey()
        for step in journey.of("create_video"):
            paid, sent = step.asked[-1], step.exchanged[-1][0]
            preview = journey.provider.preview_video(*step.arguments)
            require(
                (preview.method, preview.url, preview.content)
                == (paid.method, paid.target, paid.content),
                f"the preview shows {preview.method} {preview.url} with {len(preview.content)} "
                f"bytes, and {paid!r} is sent",
                "build the whole request in video_request(body), and do not override create_video",
            )
            require(
                {name.lower() for name in preview.headers}
                == {each.lower() for each in sent.headers},
                f"the preview shows the headers {sorted(preview.headers)}, and "
                f"{sorted(sent.headers)} are sent",
                "add credentials in authorize() alone",
            )
            hidden = [name for name in sent.headers if name not in paid.headers]
            require(
                all(MASK in preview.headers[name] for name in hidden),
                "the preview shows what authorising adds",
                "leave preview_video to the base",
            )

    def test_a_video_is_paid_for_once(self) -> None:
        """One create, one request that makes the task."""
        for step in self._whole_journey().of("create_video"):
            making = [request for request in step.asked if not request.repeatable]
            require(
                len(making) == 1,
                f"create_video sends {len(making)} requests that may not be repeated",
                "let video_request() be the only one; whatever is looked up before is repeatable",
            )

    def test_the_task_has_a_handle_before_any_waiting(self) -> None:
        """A created task names itself and has a status."""
        for step in self._whole_journey().of("create_video"):
            require(
                step.result.handle and step.result.id,
                f"create_video returned {step.result!r}, without an id",
                "read the id in created_video(answer); a task that cannot be found again is lost "
                "money",
            )

    def test_fields_it_cannot_express_are_refused_or_declared(self) -> None:
        """An unknown field raises UnsupportedError naming it; dropped, it is an adaptation."""
        provider = self._provider()
        if not self._offers("create_video"):
            return
        plain = self.video(None)
        self.passed_over("the dialect has every field")
        for name in SCALARS:
            request = evolve(plain, **{name: VALUES[name]})
            if name in provider.dialect.fields:
                _ = provider.preview_video(request)
                continue
            create = partial(provider.create_video, request)
            what = f"the dialect has no {name}, and create_video with it"
            then = "list in VideoDialect.fields what the vendor documents, and nothing else"
            error = self._refused(create, UnsupportedError, what, then)
            require(error.field == name, f"{what} came to {error!r}", then)
            preview = provider.preview_video(request, on_unsupported={name: "drop"})
            require(
                [each.field for each in preview.adaptations] == [name],
                f"{name} was dropped, and the adaptations are {preview.adaptations!r}",
                "leave compiling to VideoDialect",
            )

    def test_bodies_are_read_as_they_are_written(self) -> None:
        """The dialect reads back the prompt and the media that it wrote."""
        journey = self._whole_journey()
        provider, asset = journey.provider, journey.active
        if asset is None or not self._offers("create_video"):
            nothing("there is no asset, or no video to put it into")
        plain, address = self.video(None), provider.asset_address(asset)
        for media in (None, References(images=[asset]), Frames(first=asset)):
            request = evolve(plain, prompt="Image 1 smiles", media=media)
            try:
                body = draft_video(provider, request, "raise", None).body
            except UnsupportedError:
                continue
            found = provider.dialect.read(body)
            urls = [slot.url for slot in found.slots]
            require(
                "smiles" in found.prompt and urls == ([] if media is None else [address]),
                f"written from {request!r}, the body is read as {found!r}",
                "let VideoDialect.read undo what VideoDialect.write did",
            )

    def test_assets_that_are_not_ready_are_refused_before_any_request(self) -> None:
        """A video of an asset under review, or refused, costs nothing."""
        journey = self._whole_journey()
        asset = journey.active
        if asset is None or not self._offers("create_video"):
            nothing("there is no asset, or no video to put it into")
        for status in (AssetStatus.PROCESSING, AssetStatus.FAILED):
            waiting: Asset = evolve(asset, status=status)
            request = evolve(self.video(asset), media=Frames(first=waiting), prompt="a smile")
            _ = self._refused(
                partial(journey.provider.create_video, request),
                AssetNotReadyError,
                f"a video of an asset that is {status.value}",
                "do not override create_video; settle_media looks up handles alone",
            )

    def test_cancels_are_done(self) -> None:
        """A cancelled video is cancelled at the simulator, it alone; a finished one is refused."""
        if not self._offers("cancel_video", "create_video", "get_video"):
            nothing("the adapter cancels no videos")
        trial = self._trial()
        kept, task = (trial.client.create_video(self.video(None)) for _ in range(2))
        task, kept = kept, task  # the older one, so that the newest is not cancelled by luck
        found = trial.client.cancel_video(task)
        for each in (found, trial.client.get_video(task)):
            require(
                each.status is VideoStatus.CANCELLED,
                f"after cancel_video the task is {each!r}",
                "send the vendor's cancel, and return the task as the vendor tells it then",
            )
        now = trial.clock.now()
        states = [
            record.state(now)
            for record in (trial.record("videos", task.id), trial.record("videos", kept.id))
            if record is not None
        ]
        require(
            states in ([], ["cancelled", "queued"], ["cancelled", "running"]),
            f"after one of two videos was cancelled they are {states} at the simulator",
            'send the vendor\'s cancel, of the task that was named: self.id_of("video", task)',
        )
        self._still_listed(trial, task)
        done = trial.client.wait_for_video(kept)
        try:
            late: object = trial.client.cancel_video(done)
        except ConflictError:
            return
        except PortraitError as error:
            late = error
        require(fact=False, problem=f"cancelling a finished video came to {late!r}", then=_LATE)

    def _still_listed(self, trial: Trial, task: VideoTask) -> None:
        if not self._offers("list_videos"):
            return
        before = trial.count
        listed = {each.handle for each in trial.client.list_videos()}
        answers = [response.content for _, response in trial.vendor.exchanged[before:]]
        said = any(str(task.id).encode() in content for content in answers)
        require(
            task.handle in listed or not said,
            f"list_videos leaves out {task!r}, which is in the vendor's list",
            "read every row, whatever its status",
        )


_LATE: Final = "map the vendor's refusal to ConflictError in error_codes"
