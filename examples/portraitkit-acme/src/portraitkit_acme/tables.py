"""
Acme's words, keys, errors and documents.

Source: contract.yaml beside this package.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import portraitkit as pk
from portraitkit.adapter import (
    Answer,
    Asset,
    AssetStatus,
    Codec,
    Difference,
    Failure,
    Group,
    GroupKind,
    MediaRead,
    MediaType,
    ProviderError,
    Response,
    Role,
    Slot,
    Verification,
    VerificationStatus,
    VideoDialect,
    VideoModel,
    VideoStatus,
    VideoTask,
    Words,
    first,
    rows,
)

_COMMON: Final = {"id": "urn", "created_at": "made"}
WORDS: Final[Words] = {
    GroupKind: {"1": GroupKind.VIRTUAL, "2": GroupKind.REAL_PERSON},
    MediaType: {"1": MediaType.IMAGE, "2": MediaType.VIDEO, "3": MediaType.AUDIO},
    AssetStatus: {
        "10": AssetStatus.PROCESSING,
        "20": AssetStatus.ACTIVE,
        "30": AssetStatus.FAILED,
    },
    VerificationStatus: {
        "40": VerificationStatus.WAITING,
        "41": VerificationStatus.VERIFIED,
        "42": VerificationStatus.EXPIRED,
        "43": VerificationStatus.FAILED,
    },
    VideoStatus: {
        "50": VideoStatus.QUEUED,
        "51": VideoStatus.RUNNING,
        "52": VideoStatus.SUCCEEDED,
        "53": VideoStatus.FAILED,
        "54": VideoStatus.CANCELLED,
    },
}
_ROOTS: Final = frozenset(
    {"cast", "casts", "face", "faces", "check", "job", "jobs", "done", "fault"}
)
_NEXT: Final = re.compile(r'<([^<>]*)>\s*;\s*rel="?next"?')
NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_KINDS: Final = {MediaType.IMAGE: "image", MediaType.VIDEO: "video", MediaType.AUDIO: "audio"}


def _write(prompt: str, slots: tuple[Slot, ...]) -> dict[str, Any]:
    """Media are registered by alias: the prompt's own words for them, or their role."""
    counts: dict[MediaType, int] = {}
    media: list[dict[str, str]] = []
    for slot in slots:
        counts[slot.media] = counts.get(slot.media, 0) + 1
        word = f"{_KINDS[slot.media].capitalize()} {counts[slot.media]}"
        alias = word if slot.role is Role.REFERENCE else slot.role.value
        media.append({"alias": alias, "kind": _KINDS[slot.media], "from": slot.url})
    return {"script": prompt, "media": media}


def _read(body: Mapping[str, Any]) -> MediaRead:
    roles = {role.value: role for role in Role}
    slots = tuple(
        Slot(
            MediaType(str(first(item, "kind"))),
            roles.get(str(first(item, "alias")), Role.REFERENCE),
            str(first(item, "from")),
        )
        for item in rows(body, "media")
        if first(item, "kind") in _KINDS.values()
    )
    script = str(body.get("script") or "")
    return MediaRead(prompt=script, slots=slots, used=frozenset({"script", "media"}))


CODEC: Final = Codec(
    fields={
        Group: {**_COMMON, "name": "title", "description": "note", "kind": "kind"},
        Asset: {
            **_COMMON,
            "name": "label",
            "group_id": "cast",
            "media": "media",
            "status": "state",
            "failure": "why.0",
        },
        Verification: {
            **_COMMON,
            "status": "state",
            "link": "page",
            "code": "code",
            "expires_at": "until",
            "failure": "why.0",
        },
        VideoTask: {
            **_COMMON,
            "status": "state",
            "model": "engine",
            "video_link": "film",
            "failure": "why.0",
        },
        Failure: {"code": "code", "message": "text"},
    },
    words=WORDS,
)
DIALECT: Final = VideoDialect(
    fields={
        "duration_s": "seconds",
        "ratio": "frame",
        "resolution": "lines",
        "generate_audio": "sound",
    },
    write=_write,
    read=_read,
)
MODELS: Final = (
    VideoModel(name="seedance-2.0", id="sd2", duration_s=(4, 12), source="contract.yaml"),
)
SECRET_FIELDS: Final = frozenset(
    {"page", "code", "film", "source", "data", "from", "who", "label", "note", "script"}
)
DIFFERENCES: Final = {
    "face check started": Difference(
        trace="WAITING, with a code",
        why="the person types a code on Acme's page",
        source="contract.yaml",
    ),
}
ERRORS: Final[Mapping[str, type[ProviderError]]] = {
    "1401": pk.AuthenticationError,
    "1402": pk.InsufficientBalanceError,
    "1404": pk.NotFoundError,
    "1409": pk.ConflictError,
    "1422": pk.InvalidRequestError,
    "1429": pk.QuotaExceededError,
    "1451": pk.ContentRejectedError,
}


def document(response: Response) -> Any:
    """Read one of Acme's own documents; None for anything else."""
    if b"<!" in response.content:
        return None  # Acme declares nothing, and an entity could be a bomb
    try:
        root = ET.fromstring(response.content)  # noqa: S314  (nothing is declared in it)
    except (ET.ParseError, ValueError, LookupError):
        return None
    return members(root) if root.tag in _ROOTS else None


def members(element: ET.Element) -> dict[str, Any]:
    """Lay an element out: attributes, children in lists, text."""
    found: dict[str, Any] = {"tag": element.tag, "text": (element.text or "").strip()}
    for child in element:
        found.setdefault(child.tag, []).append(members(child))
    return {**found, **element.attrib}


def number(kind: type[Any], wanted: object) -> str | None:
    """Acme's number for a kind or status; None for any."""
    return next((word for word, member in WORDS[kind].items() if member is wanted), None)


def after(answer: Answer) -> str | None:
    """The cursor in `Link: <…?after=…>; rel="next"`."""
    found = _NEXT.search(answer.response.headers.get("link", ""))
    return parse_qs(urlsplit(found[1]).query).get("after", [None])[0] if found else None
