"""Media on its way out: without credentials, in a stream, renamed when complete."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from attrs import evolve

from ..errors import (
    NotFoundError,
    PermissionDeniedError,
    ProviderError,
    UnexpectedResponseError,
    VideoFailedError,
    VideoNotReadyError,
)
from ..handles import fingerprint
from ..models import Failure, VideoRef, VideoStatus, VideoTask
from ..refusals import advice_for, bare
from ..wire import Auth, Flow, Request, Response, is_loopback, origin_of, send

if TYPE_CHECKING:
    from ..provider import PortraitProvider

VIDEO_LIMIT_BYTES: Final = 4 * 1024**3
_REDIRECTS: Final = 5


def download_video(provider: PortraitProvider, task: VideoRef, path: str | Path) -> Flow[Path]:
    """Copy a finished video into a file; a link that has run out is read afresh, once."""
    target = Path(path)
    fresh = not isinstance(task, VideoTask) or not task.video_link  # a pickle keeps no link
    found = (yield from provider.get_video(task)) if fresh or isinstance(task, str) else task
    if found.status in (VideoStatus.QUEUED, VideoStatus.RUNNING):
        raise VideoNotReadyError(
            f"the video is {found.status.value}",
            provider=provider.name,
            handle=found.handle,
            next_step="wait_for_video(task), then download what it returns",
        )
    if found.status not in (VideoStatus.SUCCEEDED, VideoStatus.UNKNOWN):
        raise video_failed(provider, found)
    response = yield from _copy(provider, found, target)
    if not (response.ok or fresh or bare(response)):
        found = yield from provider.get_video(found.handle)
        response = yield from _copy(provider, found, target)
    if not response.ok:
        raise _no_file(provider, found, response)
    return target


def _no_file(provider: PortraitProvider, task: VideoTask, response: Response) -> ProviderError:
    passing = bare(response)
    gone = NotFoundError if response.status in (404, 410) else PermissionDeniedError
    why = "links run out: read the video again; vendors keep files for a limited time"
    kind = type(passing) if passing else gone
    return kind(
        f"the video's link answered HTTP {response.status}",
        provider=provider.name,
        status=response.status,
        handle=task.handle,
        attempts=response.attempts,
        next_step=passing.advice if passing else why,
    )


def _copy(provider: PortraitProvider, task: VideoTask, target: Path) -> Flow[Response]:
    link = task.video_link or (yield from provider.video_link(task))
    if not link:
        raise UnexpectedResponseError(
            "the video is finished, but the vendor gave no link to it",
            provider=provider.name,
            handle=task.handle,
            next_step="read the video again, or look in the vendor's console",
        )
    if not origin_of(link.reveal()).startswith(("https://", "http://")):
        raise UnexpectedResponseError(
            "the video is finished, but what the vendor gave as its link is no web address",
            provider=provider.name,
            handle=task.handle,
            next_step="look in the vendor's console",
        )
    request = Request(
        method="GET",
        url=link.reveal(),
        repeatable=True,
        save_to=target,
        save_key=fingerprint(task.handle),
        limit_bytes=VIDEO_LIMIT_BYTES,
        secrets=(link,),
    )
    return (yield from follow(request))


def video_failed(provider: PortraitProvider, task: VideoTask) -> VideoFailedError:
    """Say how a video ended."""
    failure = task.failure or Failure()
    reason = failure.message or failure.code or "no reason given"
    return VideoFailedError(
        f"the video is {task.status.value}: {reason}",
        provider=provider.name,
        code=failure.code,
        handle=task.handle,
        result=task,
        next_step=advice_for(provider, failure.code)
        or "read .result.failure, then change the request or try again",
    )


def follow(request: Request) -> Flow[Response]:
    """Send a bare request and follow its redirects; never with a credential."""
    for _ in range(_REDIRECTS + 1):
        response = yield from send(evolve(request, auth=Auth.NONE))
        where = response.headers.get("location")
        if not (300 <= response.status < 400 and where):  # noqa: PLR2004  (the range of redirects)
            return response
        try:
            target = urljoin(request.url, where)
        except ValueError:
            target = ""
        if not target.startswith("https://") and not (
            is_loopback(target) and is_loopback(request.url)
        ):
            raise UnexpectedResponseError(
                "a media link redirects away from https",
                status=response.status,
                next_step="report it to the vendor",
            )
        request = evolve(request, url=target, query=())
    raise UnexpectedResponseError(f"a media link redirects more than {_REDIRECTS} times")
