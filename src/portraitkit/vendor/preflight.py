"""
What is known before anything is sent: documented limits, and what can never work.

Limits come back as findings, because vendors move them without notice. What can never work is an
error.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NoReturn

from attrs import evolve, frozen

from ..values.errors import HandleError, InvalidInputError, PromptError
from ..values.handles import is_handle
from ..values.prompts import Role, Slot, unread_labels
from ..values.remarks import Finding
from ..values.statuses import MediaType
from ..values.video import VideoRequest


@frozen(kw_only=True)
class Difference:
    """
    Where the main job goes otherwise at one vendor than at the others; see docs/differences.md.

    Attributes:
        trace: What is seen instead; empty where the trace is the same and the limit shows later.
        why: The vendor's way, in a sentence.
        source: Where that is documented.
    """

    trace: str = ""
    why: str
    source: str


@frozen(kw_only=True)
class VideoModel:
    """
    One model at one vendor, as documented.

    Attributes:
        name: Our neutral name.
        id: The vendor's name for it.
        other_ids: Further vendor names that mean the same to a caller.
        takes_assets: Whether `asset://` may be used with it.
        duration_s: Shortest and longest video.
        chooses_duration: Whether -1, the model's own choice, is documented.
        most: Most references of each kind.
        together: Most references of all kinds together.
        lacks: Neutral fields that it is documented not to take, such as `seed`.
        audio_alone: Whether audio may be given without a picture or a video beside it.
        source: Where this is documented.
    """

    name: str
    id: str
    other_ids: tuple[str, ...] = ()
    takes_assets: bool = True
    duration_s: tuple[int, int] | None = None
    chooses_duration: bool = True
    resolutions: tuple[str, ...] = ()
    ratios: tuple[str, ...] = ()
    most: Mapping[MediaType, int] | None = None
    together: int | None = None
    lacks: tuple[str, ...] = ()
    audio_alone: bool = True
    prompt_length: int | None = None
    source: str

    def spelled(self, request: VideoRequest) -> VideoRequest:
        """Write the resolution as this model's page does: `4k` is `4K` elsewhere."""
        for known in self.resolutions:
            if request.resolution and request.resolution.lower() == known.lower():
                return evolve(request, resolution=known)
        return request

    def check(
        self, request: VideoRequest, slots: tuple[Slot, ...], *, provider: str
    ) -> Iterator[Finding]:
        """Compare a request with the model's limits at *provider*."""
        seen = (
            *self._check_fields(request),
            *self._check_media([slot for slot in slots if slot.role is Role.REFERENCE]),
        )
        for name, found, limit, then in seen:
            said = f"{name} {found!r} is outside what {provider} documents for {self.id}: {then}"
            yield Finding(field=name, found=found, limit=limit, message=said, source=self.source)

    def _check_fields(self, request: VideoRequest) -> Iterator[tuple[str, Any, Any, str]]:
        """What is wrong: its field, what was found, the limit, and what to do."""
        seconds = request.duration_s
        chosen = seconds is None or (seconds == -1 and self.chooses_duration)
        if self.duration_s and not chosen and not _between(seconds, self.duration_s):
            then = "take {} to {}".format(*self.duration_s)
            yield "duration_s", seconds, self.duration_s, then
        for name, allowed in (("resolution", self.resolutions), ("ratio", self.ratios)):
            value = getattr(request, name)
            if allowed and value is not None and value not in allowed:
                yield name, value, allowed, f"take one of {', '.join(allowed)}"
        if self.prompt_length and len(request.prompt) > self.prompt_length:
            then = f"cut it to {self.prompt_length} characters"
            yield "prompt", len(request.prompt), self.prompt_length, then
        for name in self.lacks:
            if (value := getattr(request, name)) is not None:
                yield name, value, None, "leave it out"

    def _check_media(self, slots: Sequence[Slot]) -> Iterator[tuple[str, Any, Any, str]]:
        counts = Counter(slot.media for slot in slots)
        for media, limit in (self.most or {}).items():
            if counts[media] > limit:
                yield f"media.{media.value}s", counts[media], limit, f"give {limit} at most"
        if self.together and len(slots) > self.together:
            yield "media", len(slots), self.together, f"give {self.together} at most in all"
        if not self.audio_alone and [*counts] == [MediaType.AUDIO]:
            then = "give a picture or a video beside it"
            yield "media.audios", "audio alone", None, then


def check_spoken(request: VideoRequest, slots: tuple[Slot, ...]) -> Iterator[Finding]:
    """Compare the media that a prompt names by position with those that are given."""
    given = Counter(slot.media for slot in slots)
    for match in re.finditer(_POSITION, request.prompt if slots else ""):
        media = next(
            kind for word, kind in _SPOKEN.items() if match["kind"].capitalize().startswith(word)
        )
        if int(match["position"]) > given[media]:
            message = (
                f"the prompt names {match[0]!r}, and {given[media]} {media.value}(s) are given"
            )
            source = "portraitkit: media are named by their position"
            yield Finding(
                field="prompt", found=match[0], limit=given[media], message=message, source=source
            )
    for word in unread_labels(request.prompt, request.media):
        yield Finding(
            field="prompt",
            found=word,
            limit="no label",
            message=f"the prompt says {word}, which is no label of the media, and is sent as it is",
            source="portraitkit: labels are the names that References give",
        )


def check_length(name: str, text: str, limit: int | None, source: str) -> Iterator[Finding]:
    """Compare a text's length in characters with a documented limit."""
    if limit is not None and len(text) > limit:
        message = f"{name} has {len(text)} characters, more than the documented {limit}"
        yield Finding(field=name, found=len(text), limit=limit, message=message, source=source)


def enforce(findings: tuple[Finding, ...], *, provider: str) -> None:
    """
    Treat findings as errors.

    Raises:
        InvalidInputError: There is one.
    """
    if findings:
        first = findings[0]
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        raise InvalidInputError(
            f"{first.message}{more}",
            provider=provider,
            field=first.field,
            next_step="change it, or turn strict_limits off to let the vendor decide",
        )


def check_asset_id(asset_id: str, *, provider: str, prefix: str, name: str) -> None:
    """
    Refuse an id that is certainly no asset's.

    Raises:
        HandleError: It names an upload, a group, a task or a database record.
    """
    for pattern, what, then in _NOT_ASSETS:
        if re.match(pattern, asset_id):
            raise HandleError(
                f"{asset_id!r} is {what}, not an asset's id",
                provider=provider,
                field=name,
                next_step=then,
            )
    if not asset_id.startswith(prefix):
        raise HandleError(
            f"{asset_id!r} does not begin with {prefix!r}, as every asset's id at {provider} does",
            provider=provider,
            field=name,
            next_step="pass the asset, its handle, or the id the vendor gave for asset://",
        )


def check_no_file(source: str, *, provider: str, name: str) -> None:
    """
    Refuse what reads as the name of one, where an asset is wanted.

    Raises:
        InvalidInputError: It is one.
    """
    bare = source.removeprefix("asset://")
    # Every vendor's ids have digits.
    if not is_handle(bare) and (re.search(_FILE, bare) or bare.isalpha()):
        refuse_file(f"{bare!r} is a name, of a file perhaps", provider=provider, name=name)


def refuse_file(said: str, *, provider: str, name: str) -> NoReturn:
    """Say that a video takes no file, and what to do with it."""
    raise InvalidInputError(
        f"{said}; a video takes assets and https addresses",
        provider=provider,
        field=name,
        next_step="register it with client.ensure_portrait(name, file) and pass what that "
        "returns; create_video of a client registers a pathlib.Path, bytes or an open file",
    )


def check_kind(bare: str, *, kind: str, provider: str) -> None:
    """
    Refuse an id whose form says that it names another kind of thing.

    Raises:
        HandleError: It does.
    """
    for other, pattern in _FORMS.items():
        if other != kind and re.match(pattern, bare):
            raise HandleError(
                f"{bare!r} is an id of the form of {other}s, not of {kind}s",
                provider=provider,
                field=kind,
                next_step=f"pass the {kind}, its handle, or its own id",
            )


def check_prompt(prompt: str, *, provider: str) -> None:
    """
    Refuse a prompt that holds an asset's address: the model reads it as words.

    Raises:
        PromptError: It does.
    """
    if match := re.search(_RAW_ID, prompt):
        raise PromptError(
            f"the prompt holds {match[0]!r}, which the model would read as words",
            provider=provider,
            field="prompt",
            next_step='give the asset a label in References(images={"mia": asset}) and write {mia}',
        )


def _between(value: int | None, limits: tuple[int, int]) -> bool:
    return value is not None and limits[0] <= value <= limits[1]


# Patterns are texts, which are compiled when they are first used: a client that opens uses none.
_NOT_ASSETS: Final = (
    (
        r"ua_",
        "a generic upload's id",
        "upload the file again with add_asset into a portrait group",
    ),
    (r"(asset)?group[-_]", "a group's id", "pass one of the group's assets"),
    (r"(cgt-|vgen_)", "a video task's id", "pass an asset"),
    (r"task_", "a task's id", "pass the asset that wait_until_active returned"),
    (r"\d+$", "a record number", "use the id the vendor gives for asset://"),
)
_FILE: Final = r"[/\\\s]|\.\w{2,5}$"
_FORMS: Final = {
    "asset": r"asset-\d{14}-|ta_\w{16,}|ua_",
    "group": r"(asset)?group-\d{14}-",
    "video": r"cgt-\d{14}-|vgen_",
}
_SPOKEN: Final = {
    "Image": MediaType.IMAGE,
    "\u56fe": MediaType.IMAGE,
    "Video": MediaType.VIDEO,
    "\u89c6\u9891": MediaType.VIDEO,
    "Audio": MediaType.AUDIO,
    "\u97f3\u9891": MediaType.AUDIO,
}
"""How prompts name media, in English and in Chinese."""
_POSITION: Final = (
    r"(?i)(?P<kind>(?<![a-z])(?:Image|Video|Audio)|(?<!\u5730)\u56fe\u7247?|\u89c6\u9891|\u97f3\u9891)"
    r" ?(?P<position>[1-9]\d?)(?!\d)"
)
_RAW_ID: Final = r"(?a)asset://\S+|\basset-\d{14}-\w+|\bta_\w{16,}"
