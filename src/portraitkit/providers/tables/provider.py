"""
An adapter made from a vendor's table: every call is a template, every answer is read by tables.

What the table does not offer is not there, so that `supports` says the truth. What is no matter of
names and places, such as a signature or a queue, is an adapter written by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from attrs import evolve, frozen

from ...operations.repeating import cancelled
from ...values.errors import VerificationExpiredError, VerificationPendingError
from ...values.models import Page, Verification, VideoRef, VideoTask
from ...values.secret import Secret
from ...values.statuses import VerificationStatus, VideoStatus
from ...vendor.answers import Answer
from ...wire.codec import first
from ...wire.steps import Flow, Request
from ..dialects.face_checks import callback_for, read_return
from ..dialects.notices import read_notice
from ..dialects.sessions import SessionVerification
from .calls import TableCalls
from .library import TableLibrary
from .template import filled


@frozen(kw_only=True, slots=False)
class TableVerification(SessionVerification, TableCalls):
    """The face check of a real person, by a session."""

    def open_session(self, name: str, callback_url: str | None) -> Flow[Answer]:
        """Open a session."""
        callback = None
        if self._takes("start_verification", "callback_url"):
            callback = callback_for(self, callback_url)
        secrets = (Secret(callback),) if callback else ()
        answer = yield from self.call(
            "start_verification", secrets=secrets, name=name or None, callback_url=callback
        )
        return evolve(answer, data=self.inside(answer.data))

    def read_session(self, token: Secret) -> Flow[Answer]:
        """
        Ask for the person's group.

        Raises:
            VerificationPendingError: The vendor's word says that the check is not done.
            VerificationExpiredError: It says that it ran out.
        """
        answer = yield from self.call("check_verification", secrets=(token,), token=token.reveal())
        data = self.inside(answer.data)
        keys = self.table.members.get("verification", {}).get("status", ())
        word = first(data, keys)
        status = self.codec.word(VerificationStatus, word) if word is not None else None
        unfinished = {
            VerificationStatus.WAITING: VerificationPendingError,
            VerificationStatus.EXPIRED: VerificationExpiredError,
        }
        if status in unfinished:
            raise unfinished[status](
                f"the vendor says {word}",
                provider=self.name,
                code=str(word),
                received_at=answer.response.received_at,
            )
        return evolve(answer, data=data)

    def read_callback(self, received: str | Mapping[str, Any]) -> Verification:
        """Read the page's return: token and result code in the query."""
        return read_return(self, received)


@frozen(kw_only=True, slots=False)
class TableVideos(TableCalls):
    """Video tasks."""

    def video_request(self, body: Mapping[str, Any]) -> Request:
        """Create a task; the model may stand in the path."""
        template = self.table.calls["create_video"]
        values = {"model": body["model"]}
        request = self.call_request("create_video", values)
        kept = {k: v for k, v in body.items() if k != "model" or not self._takes("create_video", k)}
        whole: dict[str, Any] = {**(filled(template.body, values) or {}), **kept}
        return request.with_json(whole)

    def read_video_callback(self, received: str | bytes | Mapping[str, Any]) -> VideoTask:
        """Read a notice."""
        return read_notice(self, received)

    def created_video(self, answer: Answer) -> VideoTask:
        """Read the answer to a create."""
        return self.read(VideoTask, answer, self.inside(answer.data))

    def get_video(self, task: VideoRef) -> Flow[VideoTask]:
        """Read a task."""
        answer = yield from self.call("get_video", video=self.id_of("video", task))
        return self.read(VideoTask, answer, self.inside(answer.data))

    def list_videos(self, cursor: str | None) -> Flow[Page[VideoTask]]:
        """List tasks."""
        reader = partial(self.reader, VideoTask)
        return self._page("list_videos", cursor, reader, lambda _: True)

    def cancel_video(self, task: VideoRef) -> Flow[VideoTask]:
        """Cancel a task, then read it."""
        video_id = self.id_of("video", task)
        return (yield from cancelled(self._cancel(video_id), lambda: self.get_video(video_id)))

    def _cancel(self, video_id: str) -> Flow[VideoTask]:
        answer = yield from self.call("cancel_video", video=video_id)
        given = {"id": video_id, "status": VideoStatus.CANCELLED}
        return self.read(VideoTask, answer, self.inside(answer.data), **given)

    def video_link(self, task: VideoTask) -> Flow[Secret | None]:
        """Ask for a finished video's link where the task does not carry it."""
        if task.video_link or "video_link" not in self.table.calls:
            return task.video_link
        answer = yield from self.call("video_link", video=self.id_of("video", task))
        found = self.read(VideoTask, answer, self.inside(answer.data), id=task.id)
        return found.video_link


@frozen(kw_only=True, slots=False)
class TableProvider(TableLibrary, TableVerification, TableVideos):
    """A vendor that is a table."""
