"""
What a video should be, in neutral words: the request, its media, and labels in its prompt.

A prompt names media by label. `{mia}` becomes "Image 1" where it is sent, counted for each kind of
media in the order sent; `{{` and `}}` are literal braces. Media without a name of their own are
`{image_1}`, `{video_1}`, `{audio_1}` and so on, and may be left unmentioned.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias, get_type_hints

from attrs import field, frozen

from .argument_types import check_values
from .choices import Model, Ratio, Resolution
from .errors import InvalidInputError, PromptError
from .masking import masked_repr
from .models import Asset
from .portraits import MediaRef, OneOf, Portrait
from .remarks import Adaptation, Finding
from .sources import as_source, is_local

Policy: TypeAlias = Literal["raise", "warn", "drop"]
OnUnsupported: TypeAlias = Policy | Mapping[str, Policy]
"""One policy for all fields, or one for each; a field that is not named raises."""


def _medium(given: MediaRef) -> MediaRef:
    """A file's bytes have no place in a text form."""
    return as_source(given) if is_local(given) else given


def _optional_medium(given: MediaRef | None) -> MediaRef | None:
    return None if given is None else _medium(given)


@frozen(kw_only=True)
class Reference:
    """One reference: an asset, its handle, id or address, a URL, a `Portrait` or a file."""

    source: MediaRef = field(repr=masked_repr, converter=_medium)
    name: str | None = None


def _references(
    given: Mapping[str, MediaRef] | Sequence[MediaRef | Reference],
) -> tuple[Reference, ...]:
    if isinstance(given, Mapping):
        return tuple(Reference(source=source, name=name) for name, source in given.items())
    several = isinstance(given, list | tuple)  # as most are: whether it is a file need not be asked
    if not several and (isinstance(given, str | Asset | Portrait | OneOf) or is_local(given)):
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

    first: MediaRef = field(repr=masked_repr, converter=_medium)
    last: MediaRef | None = field(default=None, repr=masked_repr, converter=_optional_medium)


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
        end_user: Who of your users asks, as a text that says nothing of the person, such as a
            hash; vendors document up to 64 characters.
        expires_after_s: Seconds after which a task that is not done is given up; vendors document
            3,600 to 259,200.
        web_search: Whether the model may look things up on the web for the prompt.
        extra: For each provider, or each dialect that several share (`ark`, `avatar`), members that
            go into its body as they are. Only the active provider's blocks are sent.
    """

    prompt: str
    model: Model = "seedance-2.0"
    media: Media | None = None
    duration_s: int | None = field(default=None, validator=_seconds)
    ratio: Ratio | None = None
    resolution: Resolution | None = None
    generate_audio: bool | None = None
    seed: int | None = None
    watermark: bool | None = None
    return_last_frame: bool | None = None
    callback_url: str | None = field(default=None, repr=masked_repr)
    end_user: str | None = field(default=None, repr=masked_repr)
    expires_after_s: int | None = None
    web_search: bool | None = None
    extra: Mapping[str, Mapping[str, Any]] = field(
        factory=dict[str, Mapping[str, Any]], repr=masked_repr
    )

    def __attrs_post_init__(self) -> None:
        hints = _request_hints()
        check_values({name: getattr(self, name) for name in hints}, hints)


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
    "end_user",
    "expires_after_s",
    "web_search",
)
"""The fields of a request that a dialect carries under one key each."""


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


_NAME: Final = re.compile(r"[^\W\d]\w*")
