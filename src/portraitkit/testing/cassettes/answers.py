"""What a recorded answer says, in portraitkit's words: how a thing stands, what its members are."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ...providers.registry import provider_classes
from ...values.statuses import AssetStatus, Status, VerificationStatus, VideoStatus
from ...wire.codec import is_array, is_object
from ..conformance.bodies import json_value
from .cassettefile import answer_body

STATUS_MEMBERS: Final = ("status", "Status", "UpstreamStatus", "state", "task_status")


class TaskState(enum.Enum):
    """How a thing stands that is waited for."""

    WAITING = "waiting"
    ENDED = "ended"
    UNKNOWN = "unknown"


def body_of(interaction: Mapping[str, Any]) -> Any:
    """The answer's JSON; None for anything else."""
    return json_value(answer_body(interaction["response"]))


def standing_of(interaction: Mapping[str, Any], vendor: str) -> TaskState:
    """Read an answer's status words by the vendor's table: still waiting, or ended."""
    found = [meant(word, vendor) for word in words_in(body_of(interaction))]
    known = [each for group in found for each in group]
    if any(each.is_pending for each in known):
        return TaskState.WAITING
    return TaskState.ENDED if known else TaskState.UNKNOWN


def words_in(body: Any) -> Iterator[str]:
    """The status words in an answer, in order."""
    if is_object(body):
        for key, value in body.items():
            if key in STATUS_MEMBERS and isinstance(value, str):
                yield value
            yield from words_in(value)
    elif is_array(body):
        for each in body:
            yield from words_in(each)


def meant(word: str, vendor: str) -> list[Status]:
    """What a vendor's word means to portraitkit; empty if no table knows it."""
    if not vendor:
        return []
    found: list[Status] = []
    for codec in (each.codec for each in provider_classes(vendor)):
        for cls in (AssetStatus, VideoStatus, VerificationStatus):
            words = {key.casefold(): value for key, value in codec.words.get(cls, {}).items()}
            if isinstance(meaning := words.get(word.casefold()), Status):
                found.append(meaning)
    return list(dict.fromkeys(found))


def member_of(path: str, vendor: str) -> str:
    """Name what portraitkit reads in a member, such as `asset status`; empty if nothing."""
    if not vendor:
        return ""
    names: list[str] = []
    tables = (item for cls in provider_classes(vendor) for item in cls.codec.fields.items())
    for model, members in tables:
        for name, keys in members.items():
            known = (keys,) if isinstance(keys, str) else keys
            if any(path == key or path.endswith(f".{key}") for key in known):
                names.append(f"{_MODEL_NAMES.get(model.__name__, model.__name__)} {name}")
    return " or ".join(dict.fromkeys(names))


_MODEL_NAMES: Final = {
    "Asset": "asset",
    "Group": "group",
    "VideoTask": "video",
    "Verification": "face check",
    "Failure": "failure",
    "Usage": "usage",
}
