"""Media on its way out: in a stream, renamed when complete; bare, but where a link needs a key."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from attrs import evolve

from ..values.addresses import is_private_literal, not_public
from ..values.errors import (
    ConflictError,
    ConnectionFailedError,
    InvalidRequestError,
    MediaError,
    NotFoundError,
    PermissionDeniedError,
    PortraitError,
    ProviderError,
    RateLimitedError,
    ServiceUnavailableError,
    UnexpectedResponseError,
    VideoFailedError,
    VideoNotReadyError,
    WaitTimeoutError,
)
from ..values.media import sniff
from ..values.models import Failure, VideoRef, VideoTask
from ..values.origins import is_loopback, origin_of
from ..values.statuses import MediaType
from ..vendor.answers import advice_for
from ..wire.error_mapping import bare
from ..wire.partial_file import PartialFile, unwritable
from ..wire.steps import Auth, Flow, Request, Response, pause, send, within, work

if TYPE_CHECKING:
    from ..vendor.calls import VendorCalls

VIDEO_LIMIT_BYTES: Final = 4 * 1024**3
DOWNLOAD_S: Final = 3600.0
"""After so long a download ends, where the caller names no deadline."""
_SETTLING_S: Final = 30.0
"""For how long a file may be missing after its task has ended."""
_TICK_S: Final = 0.05
_WORDS_BYTES: Final = 2048
_NOT_YET: Final = re.compile(r"(?i)not[ _-]?(ready|yet)")
_REDIRECTS: Final = 5


def download_video(
    provider: VendorCalls,
    task: VideoRef,
    path: str | Path,
    *,
    deadline_s: float | None = None,
    overwrite: bool = False,
) -> Flow[Path]:
    """Copy a finished video into a file; a link that has run out is read afresh, once."""
    limit_s = DOWNLOAD_S if deadline_s is None else deadline_s
    part = PartialFile(Path(path), overwrite=overwrite, accepts=_is_video)
    yield from work(partial(checked, part))
    until_s = (yield from pause()) + limit_s
    known: list[VideoTask] = []
    try:
        yield from within(_download(provider, task, part, until_s, known), until_s)
    except (ConnectionFailedError, RateLimitedError, ServiceUnavailableError) as error:
        if (yield from pause()) < until_s - _TICK_S:
            raise
        raise WaitTimeoutError(
            f"the video was not here after {limit_s:g} s: {error.message}",
            provider=provider.name,
            handle=known[0].handle if known else "",
            attempts=error.attempts,
            next_step="download it again, for longer with deadline_s=",
        ) from error
    finally:
        part.leave()  # closes and unlinks what did not get its name; an interrupt waits for no step
    return part.target


def checked(part: PartialFile) -> None:
    """Make sure that the target can get its name, before anything is sent."""
    try:
        part.check()
    except (OSError, ValueError) as error:
        raise unwritable(part, error) from None


def _is_video(start: bytes) -> bool:
    found = sniff(start)
    return found is not None and found[1] is MediaType.VIDEO


def _download(
    provider: VendorCalls, task: VideoRef, part: PartialFile, until_s: float, known: list[VideoTask]
) -> Flow[None]:
    fresh = not isinstance(task, VideoTask) or not task.video_link  # a pickle keeps no link
    found = (yield from provider.get_video(task)) if fresh or isinstance(task, str) else task
    known.append(found)
    if found.status.is_pending:
        raise VideoNotReadyError(
            f"the video is {found.status.value}",
            provider=provider.name,
            handle=found.handle,
            next_step="wait_for_video(task), then download what it returns",
        )
    if found.status.has_failed:
        raise video_failed(provider, found)
    response = None if fresh else (yield from _copy(provider, found, part))
    if response is None or not (response.ok or bare(response)):
        if response is not None:
            found = yield from provider.get_video(found.handle)
        response = yield from _when_there(provider, found, part, until_s)
    if not response.ok:
        raise _no_file(provider, found, response)


def _when_there(
    provider: VendorCalls, task: VideoTask, part: PartialFile, until_s: float
) -> Flow[Response]:
    """Copy the file; look again for one that is not there yet just after the task has ended."""
    until_s = min(until_s, (yield from pause()) + _SETTLING_S)
    while True:
        refused, response = None, None
        try:
            response = yield from _copy(provider, task, part)
        except (InvalidRequestError, NotFoundError, ConflictError) as error:
            refused = error
        now_s = yield from pause()
        rest_s = min(provider.pace("video").step_s, until_s - now_s)
        if rest_s < _TICK_S or not _is_early(refused, response):
            break
        _ = yield from pause(rest_s)
    if response is None:
        raise refused or AssertionError
    return response


def _is_early(refused: ProviderError | None, response: Response | None) -> bool:
    """
    Tell an answer of a store that does not have the file yet.

    Unverified: reported of relays as 400 `video_not_ready`, and of stores as 404 for a while.
    """
    if response is None:
        return isinstance(refused, NotFoundError) or _says_not_yet(refused)
    return response.status in (404, 425) or (not response.ok and _says_not_yet(response))


def _says_not_yet(answer: Response | ProviderError | None) -> bool:
    if isinstance(answer, Response):
        words = answer.content[:_WORDS_BYTES].decode(errors="replace")
    else:
        words = f"{answer.code} {answer.vendor_message}" if answer else ""
    return _NOT_YET.search(words) is not None


def _no_file(provider: VendorCalls, task: VideoTask, response: Response) -> PortraitError:
    if _says_not_yet(response):
        return VideoNotReadyError(
            "the video has ended, and its file is not there yet",
            provider=provider.name,
            status=response.status,
            handle=task.handle,
            next_step="download it again in a minute",
        )
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


def _copy(provider: VendorCalls, task: VideoTask, part: PartialFile) -> Flow[Response]:
    link = task.video_link or (yield from provider.video_link(task))
    if not link:
        raise UnexpectedResponseError(
            "the video is finished, but the vendor gave no link to it",
            provider=provider.name,
            handle=task.handle,
            next_step="read the video again, or look in the vendor's console",
        )
    public_only = provider.public_only
    if not (_is_secure(link.reveal()) or (not public_only and is_loopback(link.reveal()))):
        raise _no_link(provider, task, "what the vendor gave as its link is no https address")
    own = provider.links_need_key and origin_of(link.reveal()) in provider.origins
    request = Request(
        method="GET",
        url=link.reveal(),
        auth=Auth.BEARER if own else Auth.NONE,
        repeatable=True,
        save_to=part,
        public_only=public_only,
        limit_bytes=VIDEO_LIMIT_BYTES,
        secrets=(link,),
    )
    try:
        return (yield from follow(request))
    except MediaError:
        raise _no_link(provider, task, "its link is not on the public internet") from None


def _is_secure(url: str) -> bool:
    """Tell an https address from others."""
    return origin_of(url).startswith("https://")


def _no_link(provider: VendorCalls, task: VideoTask, why: str) -> UnexpectedResponseError:
    return UnexpectedResponseError(
        f"the video is finished, but {why}",
        provider=provider.name,
        handle=task.handle,
        next_step="look in the vendor's console",
    )


def video_failed(provider: VendorCalls, task: VideoTask) -> VideoFailedError:
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
    """
    Send a request and follow its redirects; a credential stays at the origin that it is for.

    Raises:
        MediaError: It or a redirect leads elsewhere than to the public internet, and may not.
        UnexpectedResponseError: A redirect leads away from https, or one follows upon another.
    """
    for _ in range(_REDIRECTS + 1):
        if request.public_only and is_private_literal(request.url):
            raise not_public()
        response = yield from send(request)
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
        auth = request.auth if origin_of(target) == request.origin else Auth.NONE
        request = evolve(request, url=target, query=(), auth=auth)
    raise UnexpectedResponseError(f"a media link redirects more than {_REDIRECTS} times")
