"""What vendors post to a video's `callback_url`: unsigned, so that it is a hint and no more."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ...values.errors import InvalidInputError
from ...values.models import VideoTask
from ...vendor.answers import VendorAnswers
from ...wire.codec import is_object

_IDS: Final = ("id", "task_id", "video_id")
_INNER: Final = ("data", "task", "video")
_ID: Final = re.compile(r"[\w.~|/-]{1,200}")


def read_notice(
    vendor: VendorAnswers,
    received: str | bytes | Mapping[str, Any],
    *,
    keys: tuple[str, ...] = _IDS,
) -> VideoTask:
    """
    Read whose video a notice speaks of, from the task itself or an envelope around it.

    Args:
        vendor: Whose notice it is.
        received: The body as it came, or its fields.
        keys: The members that the video's id may be in.

    Raises:
        InvalidInputError: It is no JSON object, or names no video of this vendor's.
    """
    try:
        body: Any = json.loads(received) if isinstance(received, str | bytes) else dict(received)
    except (ValueError, RecursionError):
        body = None
    for row in _rows(body):
        found = next((row[key] for key in keys if isinstance(row.get(key), str)), "")
        if _ID.fullmatch(found):
            word = row.get("status")
            return VideoTask(
                provider=vendor.name,
                account=vendor.account,
                id=vendor.id_of("video", found),
                status_word=word[:40] if isinstance(word, str) else "",
            )
    raise InvalidInputError(
        "the notice names no video",
        provider=vendor.name,
        field="received",
        next_step="pass the body as it came, and answer its sender with an error",
    )


def _rows(body: Any) -> Iterator[Mapping[str, Any]]:
    """The object itself, then what it may wrap."""
    if is_object(body):
        yield body
        for key in _INNER:
            if is_object(body.get(key)):
                yield body[key]
