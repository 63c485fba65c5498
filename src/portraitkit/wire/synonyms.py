"""
Words for a status that are no one vendor's: what any of them may say, beside its own table.

A relay hands on, or makes up, words that its upstream never documented. An adapter's table comes
first; these stand behind it.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from typing import Final, TypeVar

from ..values.statuses import AssetStatus, VerificationStatus, VideoStatus

E = TypeVar("E", bound=enum.Enum)


def meant_by(enum_type: type[E], word: object) -> E | None:
    """What a word means of a status, without case, spaces and signs; None if nobody knows it."""
    plain = _SIGNS.sub("", word.casefold()) if isinstance(word, str) else ""
    found = _MEANINGS.get(enum_type, {}).get(plain)
    return found if isinstance(found, enum_type) else None


def spelled(rows: Mapping[E, str]) -> dict[str, E]:
    """Turn a table of meanings, each with its words, into one of words."""
    return {word: meaning for meaning, words in rows.items() for word in words.split()}


_SIGNS: Final = re.compile(r"[\s_-]")
_UNDER_WAY: Final = "processing inprogress running pending queued submitted created waiting started"
_DONE: Final = "succeeded succeed success successful completed complete finished done"
_BROKEN: Final = "failed failure fail error errored rejected refused denied blocked aborted"
_CANCELLED: Final = "cancelled canceled cancel revoked"
_LATE: Final = "expired timeout timedout"

_MEANINGS: Final[Mapping[type, Mapping[str, enum.Enum]]] = {
    VideoStatus: spelled(
        {
            VideoStatus.QUEUED: "queued queueing inqueue pending submitted created notstart "
            "notstarted waiting scheduled accepted",
            VideoStatus.RUNNING: "running processing inprogress started generating retrying",
            VideoStatus.SUCCEEDED: _DONE,
            VideoStatus.FAILED: f"{_BROKEN} moderated",
            VideoStatus.CANCELLED: f"{_CANCELLED} terminated stopped",
            VideoStatus.EXPIRED: _LATE,
        }
    ),
    AssetStatus: spelled(
        {
            AssetStatus.PROCESSING: f"{_UNDER_WAY} uploading reviewing inreview",
            AssetStatus.ACTIVE: f"active ready available approved passed {_DONE}",
            AssetStatus.FAILED: f"{_BROKEN} {_CANCELLED} {_LATE} inactive disabled banned invalid",
        }
    ),
    # A face check is passed only where that very word says so.
    VerificationStatus: spelled(
        {
            VerificationStatus.WAITING: f"{_UNDER_WAY} pendingvalidation",
            VerificationStatus.VERIFIED: "verified passed approved",
            VerificationStatus.EXPIRED: _LATE,
            VerificationStatus.FAILED: f"{_BROKEN} {_CANCELLED} inactive disabled",
        }
    ),
}
