"""
Ark's video tasks: create and read; and for those who are let further, list and cancel.

Volcengine's own. A gateway passes them on below a prefix of its own.

Source: docs/vendors/volcengine.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from attrs import evolve, frozen

from ...limits.rates import family_of
from ...operations.provider import PortraitProvider
from ...values.errors import (
    ConflictError,
    OutcomeUnknownError,
    UnexpectedResponseError,
)
from ...values.models import Page, Usage, VideoRef, VideoTask
from ...values.statuses import VideoStatus
from ...wire.codec import Fields, Words, count, first, listed
from ...wire.error_mapping import VendorError, unknown_after
from ...wire.steps import Auth, Flow, Request, Response, segment
from .paging import PAGE_SIZE, Position, read_rows
from .tables import alike

TASKS_PATH: Final = "/contents/generations/tasks"
CANCEL_S: Final = 10.0
"""A cancellation is given up after that long: sent late, it could remove a finished record."""

# Ark's own is `id`. Source: new-api's code, which APIYI runs on, for `task_id`; clients' for the
# third.
TASK_ID: Final = ("id", "task_id", "video_id")
TASK_FIELDS: Final[Fields] = {
    VideoTask: {
        "id": TASK_ID,
        **alike("status model ratio resolution seed usage created_at updated_at"),
        # Unverified: relays before it write the others.
        "video_link": ("content.video_url", "content.url", "video_url", "url"),
        "last_frame_link": "content.last_frame_url",
        "duration_s": "duration",
        "failure": "error",
    },
    Usage: alike("total_tokens completion_tokens"),
}
# Source: docs/vendors/volcengine.md: the task's body and its answers.
TASK_SECRETS: Final = frozenset({"callback_url", "safety_identifier", "text", "prompt"})
TASK_WORDS: Final[Words] = {
    VideoStatus: {each.value: each for each in VideoStatus if each is not VideoStatus.UNKNOWN}
}


@frozen(kw_only=True, slots=False, eq=False, repr=False)
class ArkVideo(PortraitProvider):
    """
    Videos as Ark's tasks: create and read.

    Attributes:
        video_url: The origin of the task interface.
    """

    task_prefix: ClassVar[str]
    """What stands between the origin and the tasks' path."""
    task_headers: ClassVar[Mapping[str, str]] = {}
    secret_fields: ClassVar[frozenset[str]] = TASK_SECRETS

    video_url: str

    def video_request(self, body: Mapping[str, Any]) -> Request:
        """Create a task; answered with nothing but its id."""
        return self.task_request("POST", body=body)

    def get_video(self, task: VideoRef) -> Flow[VideoTask]:
        """Read a task. It is kept for 7 days, its links for 24 hours."""
        video_id = self.id_of("video", task)
        return self.read(
            VideoTask, (yield from self.ask(self.task_request("GET", f"/{segment(video_id)}")))
        )

    @property
    def task_base(self) -> str:
        """What the paths of tasks begin with."""
        return self.task_prefix

    def task_request(
        self, method: str, path: str = "", *, body: Mapping[str, Any] | None = None
    ) -> Request:
        """Put together a request to the task interface."""
        return Request.json(
            method,
            f"{self.video_url}{self.task_base}{TASKS_PATH}{path}",
            body,
            headers=self.task_headers,
            auth=Auth.BEARER,
            repeatable=method == "GET",
            silent=method == "DELETE",
            family=family_of(method, f"{TASKS_PATH}{path}"),
        )

    def task_fault(self, data: Any, response: Response) -> VendorError | None:
        """Read `error`, unless it tells how a task failed that was read with success."""
        if response.ok and first(data, TASK_ID) is not None:
            return None
        if (error := _error_in(data)) is None:
            return None
        code = error.get("code") or error.get("type")
        return VendorError(code=code, message=error.get("message"))


class ArkTasks(ArkVideo):
    """Videos as Ark's tasks: also list and cancel."""

    def list_videos(self, cursor: str | None) -> Flow[Page[VideoTask]]:
        """List tasks. Source: Volcengine docs 82379/1521675; one list a second is allowed."""
        position = Position.parse(cursor)
        query = {"page_num": str(position.number), "page_size": str(PAGE_SIZE)}
        answer = yield from self.ask(evolve(self.task_request("GET"), query=query))
        found = read_rows(listed(answer.data, "items", "total"), self.reader(VideoTask, answer))
        return position.page(found, total=count(answer.data, "total"))

    def cancel_video(self, task: VideoRef) -> Flow[VideoTask]:
        """
        Cancel a queued task.

        The same call removes the record of a task that has ended, so the state is read first.

        Raises:
            ConflictError: It is not queued. No deletion was sent, or the vendor refused it.
            OutcomeUnknownError: No answer says whether it was cancelled. Read the task.
        """
        video_id = self.id_of("video", task)
        found = yield from self.get_video(video_id)
        if found.status is not VideoStatus.QUEUED:
            word = found.status.value if found.status_word else "of no known status"
            raise ConflictError(
                f"the video is {word}: only a queued one can be cancelled",
                provider=self.name,
                handle=found.handle,
                next_step="leave it, or wait_for_video(task) until it ends",
                result=found,
            )
        request = evolve(self.task_request("DELETE", f"/{segment(video_id)}"), timeout_s=CANCEL_S)
        try:
            answer = yield from self.ask(request)
        except (OutcomeUnknownError, UnexpectedResponseError) as error:
            raise unknown_after(
                error.fill(handle=found.handle),
                f"the video may be cancelled or not: {error.message}",
                "read it with get_video(task)",
            ) from None
        return evolve(found, status=VideoStatus.CANCELLED, status_word="cancelled", raw=answer.raw)


def _error_in(data: Any) -> dict[str, Any] | None:
    error = first(data, "error")
    if isinstance(error, str):
        return {"message": error}
    return {**error} if isinstance(error, Mapping) else None
