"""
What a video should be, in neutral words: the request, its media, and labels in its prompt.

A prompt names media by label. `{mia}` becomes "Image 1" where it is sent, counted for each kind of
media in the order sent; `{{` and `}}` are literal braces. Media without a name of their own are
`{image_1}`, `{video_1}`, `{audio_1}` and so on, and may be left unmentioned.
"""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias, get_type_hints

from attrs import field, frozen

from .argument_types import check_value
from .errors import InvalidInputError, PromptError, masked_repr
from .models import Adaptation, Asset, Finding, MediaType
from .oneof import MediaRef, OneOf

Policy: TypeAlias = Literal["raise", "warn", "drop"]
OnUnsupported: TypeAlias = Policy | Mapping[str, Policy]
"""One policy for all fields, or one for each; a field that is not named raises."""


@frozen(kw_only=True)
class Reference:
    """One reference: an asset, its handle, id or `asset://` address, a https URL, or `OneOf`."""

    source: MediaRef = field(repr=masked_repr)
    name: str | None = None


def _references(
    given: Mapping[str, MediaRef] | Sequence[MediaRef | Reference],
) -> tuple[Reference, ...]:
    if isinstance(given, Mapping):
        return tuple(Reference(source=source, name=name) for name, source in given.items())
    if isinstance(given, str | Asset | OneOf):
        raise InvalidInputError(
            "one reference is no list of references: put brackets around it",
            field="media",
            next_step='pass a list such as [asset], or names such as {"mia": asset}',
        )
    return tuple(each if isinstance(each, Reference) else Reference(source=each) for each in given)


@frozen(kw_only=True)
class References:
    """
    Media that the video should take after.

    A mapping gives names, each of which the prompt must use; a sequence gives none.
    """

    images: tuple[Reference, ...] = field(default=(), converter=_references)
    videos: tuple[Reference, ...] = field(default=(), converter=_references)
    audios: tuple[Reference, ...] = field(default=(), converter=_references)

    def __attrs_post_init__(self) -> None:
        every = (*self.images, *self.videos, *self.audios)
        names = [each.name for each in every if each.name is not None]
        for name in names:
            if not _NAME.fullmatch(name):
                raise PromptError(
                    f"{name!r} cannot be a label",
                    field="media",
                    next_step="use letters, digits and underscores, beginning with a letter",
                )
            if names.count(name) > 1:
                raise PromptError(
                    f"the label {name!r} is given to two references",
                    field="media",
                    next_step="give each reference a name of its own",
                )


@frozen(kw_only=True)
class Frames:
    """The video's first frame, and its last one where that is wanted. No references beside them."""

    first: MediaRef = field(repr=masked_repr)
    last: MediaRef | None = field(default=None, repr=masked_repr)


Media: TypeAlias = Frames | References


def _seconds(request: VideoRequest, attribute: object, value: Any) -> None:
    del request, attribute  # attrs' form of a validator
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise InvalidInputError(
            f"duration_s is whole seconds, not {value!r}",
            field="duration_s",
            next_step="pass an int, -1 to let the model choose, or None for the vendor's default",
        )


@frozen(kw_only=True)
class VideoRequest:
    """
    One video. None leaves a choice to the vendor, whose default may differ from the next one's.

    Attributes:
        prompt: What happens, with labels for media.
        model: A neutral name such as `seedance-2.0` or `seedance-2.0-fast`; any other string is
            passed on as it is.
        media: `Frames`, `References`, or None for text alone.
        duration_s: Whole seconds; -1 lets the model choose.
        ratio: Width to height, such as `16:9`; `adaptive` follows the first frame.
        resolution: Such as `720p`.
        generate_audio: Whether the video has sound.
        seed: For repeatable results, where the model takes one.
        watermark: Whether the vendor may mark the video.
        return_last_frame: Ask for the last frame as a picture, to go on from.
        callback_url: Where the vendor should tell of the task's changes.
        extra: For each provider, members that go into its body as they are. Only the active
            provider's block is sent.
    """

    prompt: str
    model: str = "seedance-2.0"
    media: Media | None = None
    duration_s: int | None = field(default=None, validator=_seconds)
    ratio: str | None = None
    resolution: str | None = None
    generate_audio: bool | None = None
    seed: int | None = None
    watermark: bool | None = None
    return_last_frame: bool | None = None
    callback_url: str | None = field(default=None, repr=masked_repr)
    extra: Mapping[str, Mapping[str, Any]] = field(
        factory=dict[str, Mapping[str, Any]], repr=masked_repr
    )

    def __attrs_post_init__(self) -> None:
        for name, hint in _request_hints().items():
            check_value(name, getattr(self, name), hint)


@functools.cache
def _request_hints() -> dict[str, Any]:
    return get_type_hints(VideoRequest)


SCALARS: Final = (
    "duration_s",
    "ratio",
    "resolution",
    "generate_audio",
    "seed",
    "watermark",
    "return_last_frame",
    "callback_url",
)
"""The fields of a request that a dialect carries under one key each."""


class Role(enum.Enum):
    """What a piece of media is to the video."""

    FIRST_FRAME = "first_frame"
    LAST_FRAME = "last_frame"
    REFERENCE = "reference"


@frozen
class Slot:
    """One piece of media as it is sent, in order."""

    media: MediaType
    role: Role
    url: str = field(repr=masked_repr)


@frozen(kw_only=True)
class Preview:
    """
    A video request as it would be sent.

    Attributes:
        headers: With credentials masked.
        body: What is sent, as a mapping: the exact JSON, or what the vendor's own form is made of.
            The preview's own text form leaves out the queries of addresses.
        content: The exact bytes of the body.
        adaptations: What differs from what was asked.
        findings: Documented limits that it exceeds.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: Mapping[str, Any] = field(repr=masked_repr)
    content: bytes = field(default=b"", repr=False)
    adaptations: tuple[Adaptation, ...]
    findings: tuple[Finding, ...]


def slots_of(media: Media | None, url_of: Callable[[MediaRef, str], str]) -> tuple[Slot, ...]:
    """
    Put media in the order sent.

    Args:
        media: The request's media.
        url_of: Turns a source and the field it stands in into a URL.
    """
    if media is None:
        return ()
    if isinstance(media, Frames):
        frames = [(Role.FIRST_FRAME, media.first, "media.first")]
        if media.last is not None:
            frames.append((Role.LAST_FRAME, media.last, "media.last"))
        for _, source, name in frames:
            _check_media(source, MediaType.IMAGE, name)
        return tuple(
            Slot(MediaType.IMAGE, role, url_of(source, name)) for role, source, name in frames
        )
    for kind, label, each in _labelled(media):
        _check_media(each.source, kind, f"media.{kind.value}s.{label}")
    return tuple(
        Slot(kind, Role.REFERENCE, url_of(each.source, f"media.{kind.value}s.{label}"))
        for kind, label, each in _labelled(media)
    )


def _check_media(source: MediaRef, kind: MediaType, name: str) -> None:
    """Refuse a video or an audio in another kind's place."""
    known = (MediaType.VIDEO, MediaType.AUDIO)
    if isinstance(source, Asset) and source.media in known and source.media is not kind:
        raise InvalidInputError(
            f"the asset is of the kind {source.media.value}, and {name} takes {kind.value}s",
            field=name,
            handle=source.handle,
            next_step=f"give it in References({source.media.value}s=[...])",
        )


def write_prompt(prompt: str, media: Media | None) -> str:
    """
    Replace labels by the words that are sent.

    Raises:
        PromptError: A label has no reference, a named reference is unused, or a brace stands alone.
    """
    texts: dict[str, str] = {}
    named: dict[str, str] = {}
    for kind, label, each in _labelled(media if isinstance(media, References) else References()):
        texts[label] = f"{kind.value.capitalize()} {label.rpartition('_')[2]}"
        if each.name:
            named[each.name] = texts[label]
    for name, text in named.items():
        if texts.setdefault(name, text) != text:
            raise PromptError(
                f"the label {name!r} also names {texts[name]} by its position",
                field="media",
                next_step="choose a label that is not image_N, video_N or audio_N",
            )

    def replace(match: re.Match[str]) -> str:
        token = match[0]
        if token in ("{{", "}}"):
            return token[0]
        label = match[1]
        if label is None:
            raise PromptError(
                f"a lone {token} stands at position {match.start()} of the prompt",
                field="prompt",
                next_step="write {{ or }} for a literal brace",
            )
        if label not in texts:
            raise PromptError(
                f"the prompt names {{{label}}}, and no reference has that label",
                field="prompt",
                next_step=f"known labels: {', '.join(sorted(texts)) or 'none'}",
            )
        _ = named.pop(label, None)
        return texts[label]

    text = _TOKEN.sub(replace, prompt)
    if named:
        raise PromptError(
            f"the prompt never names {', '.join(f'{{{name}}}' for name in sorted(named))}",
            field="prompt",
            next_step="name each labelled reference in the prompt, or give references as a list",
        )
    return text


def read_prompt(text: str, slots: tuple[Slot, ...]) -> str:
    """Turn the words that were sent back into labels."""
    counts = {
        kind: sum(slot.media is kind and slot.role is Role.REFERENCE for slot in slots)
        for kind in (MediaType.IMAGE, MediaType.VIDEO, MediaType.AUDIO)
    }
    escaped = text.replace("{", "{{").replace("}", "}}")

    def label(match: re.Match[str]) -> str:
        kind, number = MediaType(match[1].lower()), int(match[2])
        return f"{{{kind.value}_{number}}}" if 1 <= number <= counts[kind] else match[0]

    return _SPOKEN.sub(label, escaped)


def read_slots(slots: tuple[Slot, ...]) -> Media | None:
    """Turn media as sent back into neutral media."""
    frames = {slot.role: slot.url for slot in slots if slot.role is not Role.REFERENCE}
    if Role.FIRST_FRAME in frames:
        return Frames(first=frames[Role.FIRST_FRAME], last=frames.get(Role.LAST_FRAME))
    of = {
        kind: [slot.url for slot in slots if slot.media is kind and slot.role is Role.REFERENCE]
        for kind in MediaType
    }
    if not any(of.values()):
        return None
    return References(
        images=of[MediaType.IMAGE], videos=of[MediaType.VIDEO], audios=of[MediaType.AUDIO]
    )


def _labelled(media: References) -> Iterator[tuple[MediaType, str, Reference]]:
    for kind, group in (
        (MediaType.IMAGE, media.images),
        (MediaType.VIDEO, media.videos),
        (MediaType.AUDIO, media.audios),
    ):
        for number, each in enumerate(group, 1):
            yield kind, f"{kind.value}_{number}", each


_NAME: Final = re.compile(r"[^\W\d]\w*")
_TOKEN: Final = re.compile(r"\{\{|\}\}|\{([^\W\d]\w*)\}|[{}]")
_SPOKEN: Final = re.compile(r"\b(Image|Video|Audio) ([1-9]\d?)\b", re.ASCII)  # 让Image 1微笑
